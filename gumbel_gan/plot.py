"""`python -m gumbel_gan.plot DIR`: draw the heatmap of a finished run again."""

from collections.abc import Sequence

from .cli import Parser, fail
from .results import load


def parser() -> Parser:
    """The options of the command."""
    options = Parser(prog="python -m gumbel_gan.plot", description="Draw the heatmap of a finished run.")
    options.add_argument("directory", help="output directory of a training")
    options.add_argument("--format", choices=("png", "svg"), default="png", help="of the picture")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Load, draw, write."""
    given = parser().parse_args(arguments)
    try:
        run = load(given.directory)
    except ValueError as error:
        fail(str(error), status=2)
    from .plotting import error_heatmap, save_figure

    print(save_figure(error_heatmap(run), given.directory, f"error_heatmap.{given.format}"))


if __name__ == "__main__":
    main()

"""`python -m gumbel_gan.plot DIR`: draw the pictures of a finished run again."""

from collections.abc import Sequence

from .results.storing import load
from .terminal.messages import fail, show_warnings
from .terminal.parser import Parser
from .terminal.streams import say, steady


def parser() -> Parser:
    """The options of the command."""
    options = Parser(
        prog="python -m gumbel_gan.plot", description="Draw the pictures of a finished run again."
    )
    options.add_argument("directory", help="output directory of a training")
    options.add_argument("--format", choices=("png", "svg"), default="png", help="of the pictures")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Load, draw, write."""
    steady()
    show_warnings()
    given = parser().parse_args(arguments)
    try:
        result = load(given.directory)
    except ValueError as error:
        fail(str(error), status=2)
    from .figures.training import pictures

    for write in pictures(result, given.format).values():
        say(write(given.directory))


if __name__ == "__main__":
    main()

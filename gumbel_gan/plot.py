"""`python -m gumbel_gan.plot DIR`: draw the pictures of a finished run again, or a page that shows it."""

import os
from collections.abc import Sequence

from .results.storing import load
from .terminal.messages import fail, show_warnings
from .terminal.parser import Parser
from .terminal.progress import shown
from .terminal.streams import say, steady


def parser() -> Parser:
    """The options of the command."""
    options = Parser(
        prog="python -m gumbel_gan.plot",
        description="Draw the pictures of a finished run again; or write a page that shows it, or a study.",
    )
    options.add_argument("directory", help="output directory of a training; for a page also of a study")
    options.add_argument(
        "--format", choices=("png", "svg", "html"), default="png", help="of the pictures; html is the page"
    )
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Load, draw, write."""
    steady()
    show_warnings()
    given = parser().parse_args(arguments)
    try:
        if given.format == "html":
            from .live.writing import check_installed, write_page

            check_installed("format")
            with shown("epoch") as progress:
                path = write_page(given.directory, progress)
            say(f"{path}: {os.path.getsize(path) / 1e6:.2f} MB")
            return
        result = load(given.directory)
    except ValueError as error:
        fail(str(error), status=2)
    except KeyboardInterrupt:
        fail("interrupted; nothing was written", status=130)
    except OSError as error:
        fail(f"directory: cannot write to {given.directory} ({error.strerror or error})", status=1)
    from .figures.training import pictures

    for write in pictures(result, given.format).values():
        say(write(given.directory))


if __name__ == "__main__":
    main()

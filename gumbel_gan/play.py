"""`python -m gumbel_gan.play`: play with the game, live, in a browser."""

import webbrowser
from collections.abc import Callable, Sequence

from .live.controls import Controls
from .live.writing import check_installed
from .terminal.messages import fail, show_warnings
from .terminal.parser import Parser
from .terminal.signals import heard
from .terminal.streams import say, steady


def parser() -> Parser:
    """The options of the command."""
    options = Parser(
        prog="python -m gumbel_gan.play",
        description="Play with the game in a browser. The page is served to this machine only, and only at "
        "the address that is printed.",
    )
    options.add_argument("--port", type=int, default=0, help="to serve at; 0 takes a free one")
    options.add_argument("--no-browser", action="store_true", help="open no browser, but print the address")
    options.add_argument("--settings", default="", help="what the page's `copy settings` gave")
    options.add_argument(
        "--idle", type=float, default=10.0, help="minutes after which a page that nobody touches pauses"
    )
    options.add_argument("--parent", type=int, help="number of a process with which it ends")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    steady()
    show_warnings()
    given = parser().parse_args(arguments)
    try:
        check_installed("play")
        if not 0 <= given.port < 65_536:
            raise ValueError(f"port: received {given.port}: give 0 to 65535")
        if not given.idle > 0:
            raise ValueError(f"idle: received {given.idle}: give a number of minutes above zero")
        controls = Controls.from_query(given.settings.removeprefix("?"))
    except ValueError as error:
        fail(str(error), status=2)
    from .live.server import serve

    try:
        with heard() as signals:

            def opened(address: str, stop: Callable[[], None]) -> None:
                signals.on_signal = stop
                say(f"Play at {address} (Ctrl-C ends it)")
                if not given.no_browser:
                    webbrowser.open(address)

            serve(given.port, controls, opened, 60 * given.idle, given.parent)
    except OSError as error:
        fail(f"port: cannot serve at {given.port} ({error.strerror or error}): give another one", status=1)


if __name__ == "__main__":
    main()

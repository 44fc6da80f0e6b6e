"""`gumbel-gan COMMAND ...`, or `python -m gumbel_gan COMMAND ...`: any command; without one, their list."""

import sys
from importlib import import_module

from .terminal.streams import say, steady

COMMANDS = ("train", "sample", "plot", "animate", "play", "study", "gradients", "benchmark")


def main() -> None:
    """Hand the arguments to a command, or list the commands."""
    steady()
    if sys.argv[1:] and sys.argv[1] in COMMANDS:
        import_module(f"{__package__}.{sys.argv[1]}").main(sys.argv[2:])
        return
    if sys.argv[1:] and sys.argv[1] not in ("-h", "--help"):
        from .terminal.messages import fail

        fail(f"received {sys.argv[1]!r}: give one of {', '.join(COMMANDS)}", 2)
    for command in COMMANDS:
        first = (import_module(f"{__package__}.{command}").__doc__ or "").partition("\n")[0]
        say(first.replace("`", ""))


if __name__ == "__main__":
    main()

"""`python -m gumbel_gan.animate FILE`: train a small GAN, and write the game as an animated picture."""

import os
import sys
from collections.abc import Sequence

import numpy as np

from .laboratory.game import play
from .quiet import loading
from .terminal.messages import fail, show_warnings
from .terminal.parser import ConfigFile, Parser, check_named, load_own
from .terminal.progress import shown
from .terminal.signals import heard
from .terminal.streams import say, steady
from .training.progress import CutShort


def parser() -> Parser:
    """The options of the command."""
    options = Parser(
        prog="python -m gumbel_gan.animate",
        description="Train a small GAN, and write the game as an animated picture: what the generator gives, "
        "and the discriminator's verdict on each category.",
    )
    options.add_argument("file", help="the picture, as game.gif")
    options.add_argument("--frames", type=int, default=60, help="of the picture")
    options.add_argument("--config", action=ConfigFile, help="YAML file with any of these settings")
    options.add_settings(skip={"output", "overwrite", "runs", "devices", "diagnostics"})
    options.arrange()
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, draw, write."""
    steady()
    show_warnings()
    options, arguments = parser(), list(sys.argv[1:] if arguments is None else arguments)
    given = options.parse_args(arguments)
    try:
        if given.frames < 2:
            raise ValueError(f"frames: received {given.frames}: give 2 or more")
        if not given.file.endswith(".gif"):
            raise ValueError(f"file: received {given.file}: give a name that ends in .gif")
        if not os.path.isdir(os.path.dirname(given.file) or "."):
            raise ValueError(f"file: received {given.file}, whose directory is missing: create it first")
        config = options.config(given)
        check_named(config, arguments)
        load_own(config.own_parts(), 1, 1)
        with heard() as signals, shown() as progress, loading(1):
            game = play(config, progress, signals.stopping)
    except ValueError as error:
        fail(str(error), 2)
    except CutShort:
        fail("interrupted; nothing was written", signals.status)
    from .figures.style import save_animation
    from .figures.teaching import game_animation

    # More of the frames at the beginning, where more happens.
    last = len(game.learned) - 1
    epochs = np.unique((last * np.linspace(0, 1, given.frames) ** 2).round().astype(int))
    path = save_animation(game_animation(*game[:2], game.target, game.labels, epochs), given.file)
    say(f"{path}: {len(epochs)} frames, {os.path.getsize(path) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()

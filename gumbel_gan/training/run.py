"""A training from its settings, in one program or in several."""

from collections.abc import Sequence
from threading import Event
from typing import Any

import keras

from ..config.config import Config
from ..data.opening import open_source
from ..data.source import Source, check_source
from ..gan.game import CategoricalGAN
from ..results.result import Result
from . import devices, program
from .memory import check_fits
from .progress import Told

RECIPES = {
    "categories": "settings without data.length and data.columns",
    "sequences": "data.length, as configs/grammar.yaml has it",
    "rows": 'gumbel_gan.recipe("table")',
}
"""Settings for each kind of stream."""


def check_stream(config: Config, source: Source) -> None:
    """Check that the settings are for a source's kind of stream.

    Raises:
        ValueError: they are not.
    """
    stream = "rows" if source.sizes else "categories" if source.codes is None else "sequences"
    if stream != config.data.stream:
        raise ValueError(
            f"source: received one of {stream} with settings for {config.data.stream}: give {RECIPES[stream]}"
        )


def run(
    config: Config,
    source: Source | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpoints: str | None = None,
    progress: Told | None = None,
    stopping: Event | None = None,
) -> tuple[Result, CategoricalGAN]:
    """Train, and return what was learned with the trained GAN.

    Args:
        config: the settings.
        source: the stream's source; by default the one that `config.data` describes.
        callbacks: more Keras callbacks; they see `max_abs_error` among the logs.
        checkpoints: directory of the run, to write checkpoints to and to go on from one that is there.
        progress: is told of every epoch: `progress(done, planned, "max_abs_error 0.0123")`.
        stopping: a flag that ends the training with the epoch in which it is set.

    Raises:
        ValueError: the source cannot be read, is too short for one batch, or does not fit the memory; or a
            part of the user's own cannot be imported or constructed.
        NotFinite: a loss or a logit is no finite number; holds what was learned before.
        Interrupted: by the keyboard; holds what was learned before.

    Example:
        >>> import gumbel_gan as gg
        >>> result, gan = gg.run(gg.Config(epochs=2))
        >>> result.learned.shape
        (1, 5)
    """
    if not isinstance(config, Config):
        raise ValueError(
            f"config: received {type(config).__name__}: give a gumbel_gan.Config, then the source"
        )
    if source is not None:
        check_source(source)
    source = source or open_source(config.data)
    check_stream(config, source)
    check_fits(config, len(source.labels), source.sizes)
    wishes = program.Wishes(callbacks, checkpoints, progress, stopping)
    train: Any = program.train if config.devices == 1 else devices.train
    result, gan = train(config, source, wishes)
    return result, gan

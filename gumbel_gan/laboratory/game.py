"""A game watched: what the generator gives and what the discriminator says, epoch by epoch."""

from dataclasses import replace
from threading import Event
from typing import Any, NamedTuple

import numpy as np

from ..config.config import Config
from ..data.opening import open_source
from ..training.progress import CutShort, Told

MOST = 30
"""Categories that a picture has room for."""


class Game(NamedTuple):
    """A game of E epochs over K categories.

    Attributes:
        learned: [E, K], the generator's probabilities.
        verdicts: [E, K], the discriminator's probability that a category is real.
        target: [K], the true probabilities.
        labels: K names.
    """

    learned: np.ndarray
    verdicts: np.ndarray
    target: np.ndarray
    labels: tuple[str, ...]


def play(config: Config, progress: Told | None = None, stopping: Event | None = None) -> Game:
    """Train one run, and watch it.

    Args:
        config: the settings; of several runs the first one's.
        progress: is told of every epoch.
        stopping: a flag that ends it early.

    Raises:
        ValueError: the stream is of sequences, or has more categories than a picture has room for.
        CutShort: the flag was set before it was done.
    """
    import keras
    import tensorflow as tf

    from ..training.run import run

    source = open_source(config.data)
    if source.codes is not None or len(source.labels) > MOST:
        raise ValueError(
            f"data: received {len(source.labels):,} categories or strings: give single categories, "
            f"{MOST} or fewer"
        )
    verdicts: list[np.ndarray] = []
    every = tf.range(len(source.labels))[None]  # [1, K]

    def ask(epoch: int, logs: Any) -> None:
        verdicts.append(tf.sigmoid(asking.model.discriminator(every)).numpy()[0])

    asking = keras.callbacks.LambdaCallback(on_epoch_end=ask)
    result, _ = run(
        replace(config, runs=1, devices=1), source, [asking], progress=progress, stopping=stopping
    )
    if stopping is not None and stopping.is_set():
        raise CutShort
    learned = result.probabilities[:, 0]
    return Game(learned, np.array(verdicts)[result.epochs - 1], result.target, tuple(result.labels))

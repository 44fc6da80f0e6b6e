"""A training trained again, for what it did not keep: the discriminator's verdicts after every epoch."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from ..data.opening import open_source
from ..results.result import Result
from ..training.program import Interrupted, Stopped
from ..training.progress import Told
from ..training.run import run

LONGEST = 60.0
"""Seconds that a training may have taken to be trained again."""
MOST = 30
"""Categories of which there are verdicts."""


def verdicts(result: Result, progress: Told | None = None) -> np.ndarray | None:
    """The discriminator's probability that a category is real, float [E', R, K].

    A training that was short, and is the same again, is trained again. Of another one the verdicts are those
    of the network that was kept, after the last epoch, [1, R, K]; None of sequences and of many categories.

    Args:
        result: of the training.
        progress: is told of every epoch.
    """
    if result.source.stream != "categories" or len(result.labels) > MOST:
        return None
    config = result.config
    own = config.data.given or any(config.own_parts())  # which would run the user's code
    short = result.train_seconds <= LONGEST and result.trained_epochs == config.epochs
    found = _again(result, progress) if short and not own else None
    return _of(result.discriminator, result.runs, len(result.labels))[None] if found is None else found


def _again(result: Result, progress: Told | None) -> np.ndarray | None:
    """The verdicts of the same training; None if it cannot be had, or turned out to be another one."""
    asking = _Asking(result.runs, len(result.labels), set(result.epochs.tolist()))
    try:
        source = open_source(result.config.data)
        if not source.replayable:
            return None
        again, _ = run(replace(result.config, output=None), source, [asking], progress=progress)
    except Interrupted as error:
        raise KeyboardInterrupt from error
    except (ValueError, Stopped):
        return None
    same = again.probabilities.shape == result.probabilities.shape and np.allclose(
        again.probabilities, result.probabilities, rtol=1e-5, atol=1e-7
    )
    return np.array(asking.verdicts) if same else None


class _Asking(keras.callbacks.Callback):
    """Asks the discriminator after the epochs that were recorded."""

    def __init__(self, runs: int, categories: int, epochs: set[int]) -> None:
        super().__init__()
        self.runs, self.categories, self.epochs = runs, categories, epochs
        self.verdicts: list[np.ndarray] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Ask."""
        if epoch + 1 in self.epochs:
            self.verdicts.append(_of(self.model.discriminator, self.runs, self.categories))


def _of(discriminator: Any, runs: int, categories: int) -> np.ndarray:
    """Verdicts on each category, [R, K]."""
    every = np.tile(np.arange(categories, dtype=np.int32), (runs, 1))
    found: np.ndarray = 1 / (1 + np.exp(-np.asarray(discriminator(every), np.float64)))
    return found

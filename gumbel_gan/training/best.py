"""The weights that every run keeps, told by examples that are not trained on; and when to stop."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from ..gan.generators import read
from ..gan.optimizers import moving_average, set_average


class Best:
    """The generator's weights after the last epoch of each run that is not clearly worse than its best one.

    Clearly worse is what the standard error of the paired difference does not explain: the best of many
    epochs by few examples is often so by luck, and later epochs, with smaller learning rates, are smoother.
    An overfitted generator is clearly worse, and is not kept.

    Args:
        patience: epochs without weights to keep, in any run, after which the training ends.
        runs: R.
    """

    def __init__(self, patience: int, runs: int) -> None:
        self.patience = patience
        self.epochs = np.zeros(runs, np.int64)  # whose weights are kept
        self.logs = np.full((runs, 0), np.nan)  # of the examples, in each run's best epoch
        self.weights: list[np.ndarray] = []

    def take(
        self,
        generator: Any,
        optimizer: keras.optimizers.Optimizer,
        logs: np.ndarray,
        examples: np.ndarray,
        epoch: int,
    ) -> bool:
        """Look at an epoch (1, 2, ...); whether to stop, since no run has had weights to keep for long.

        Args:
            generator: with a runs axis.
            optimizer: of the generator; a moving average that it keeps is what is judged.
            logs: log-probabilities of different examples, [R, n].
            examples: how often each occurs, [n].
            epoch: its number.
        """
        first = not self.weights
        difference, error = _paired(logs, logs if first else self.logs, examples)
        better = np.full(len(logs), True) if first else difference > 0
        kept = better | (difference >= -error)
        self.logs = np.where(better[:, None], logs, logs if first else self.logs)
        if kept.any():
            with moving_average(optimizer, generator):
                now = [read(weight) for weight in generator.trainable_weights]
            axis = generator.runs_axis
            self.weights = [
                np.where(_along(kept, axis, new.ndim), new, old)
                for new, old in zip(now, self.weights or now, strict=True)
            ]
            self.epochs = np.where(kept, epoch, self.epochs)
        return bool(epoch - self.epochs.max() >= self.patience)

    def put_back(self, generator: Any, optimizer: keras.optimizers.Optimizer) -> None:
        """Give the generator, and its moving average, the weights that every run keeps."""
        if not self.weights:
            return
        for weight, best in zip(generator.trainable_weights, self.weights, strict=True):
            weight.assign(best)
        set_average(optimizer, generator.trainable_weights)

    def state(self) -> dict[str, np.ndarray]:
        """What must be known to go on later."""
        weights = {f"best/{number}": weight for number, weight in enumerate(self.weights)}
        return {"best/epochs": self.epochs, "best/logs": self.logs, **weights}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on with a `state`."""
        self.epochs, self.logs = state["best/epochs"].copy(), state["best/logs"].copy()
        numbers = range(sum(name.startswith("best/") for name in state) - 2)
        self.weights = [state[f"best/{number}"].copy() for number in numbers]


def _paired(logs: np.ndarray, others: np.ndarray, examples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean difference of log-probabilities of the same examples, and its standard error, [R] each."""
    total = examples.sum()
    differences = logs - others
    mean = differences @ examples / total
    variance = (differences - mean[:, None]) ** 2 @ examples / total
    return mean, np.sqrt(variance / total)


def _along(runs: np.ndarray, axis: int, dimensions: int) -> np.ndarray:
    """One value a run, [R], shaped to meet weights."""
    shape = [1] * dimensions
    shape[axis] = len(runs)
    return runs.reshape(shape)

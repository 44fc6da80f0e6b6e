"""The best weights of every run, by a score of rows that are not trained on."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from ..gan.generators import read
from ..gan.optimizers import moving_average, set_average


class Best:
    """The generator's weights after each run's best epoch, and when to stop looking for better ones.

    Args:
        patience: epochs without a better score, in any run, after which the training ends.
        runs: R.
    """

    def __init__(self, patience: int, runs: int) -> None:
        self.patience = patience
        self.scores = np.full(runs, -np.inf)
        self.epochs = np.zeros(runs, np.int64)
        self.weights: list[np.ndarray] = []

    def take(
        self,
        generator: Any,
        optimizer: keras.optimizers.Optimizer,
        scores: np.ndarray,
        epoch: int,
    ) -> bool:
        """Look at an epoch (1, 2, ...); whether to stop, since no run has become better for long.

        Args:
            generator: with a runs axis.
            optimizer: of the generator; a moving average that it keeps is what is judged.
            scores: [R].
            epoch: its number.
        """
        better = scores > self.scores
        if better.any():
            weights = generator.trainable_weights
            with moving_average(optimizer, weights):
                now = [read(weight) for weight in weights]
            axis = generator.runs_axis
            self.weights = [
                np.where(_along(better, axis, new.ndim), new, old)
                for new, old in zip(now, self.weights or now, strict=True)
            ]
            self.scores = np.where(better, scores, self.scores)
            self.epochs = np.where(better, epoch, self.epochs)
        return bool(epoch - self.epochs.max() >= self.patience)

    def put_back(self, generator: Any, optimizer: keras.optimizers.Optimizer) -> None:
        """Give the generator, and its moving average, every run's best weights."""
        if not self.weights:
            return
        for weight, best in zip(generator.trainable_weights, self.weights, strict=True):
            weight.assign(best)
        set_average(optimizer, generator.trainable_weights)

    def state(self) -> dict[str, np.ndarray]:
        """What must be known to go on later."""
        weights = {f"best/{number}": weight for number, weight in enumerate(self.weights)}
        return {"best/scores": self.scores, "best/epochs": self.epochs, **weights}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on with a `state`."""
        self.scores, self.epochs = state["best/scores"].copy(), state["best/epochs"].copy()
        numbers = range(sum(name.startswith("best/") for name in state) - 2)
        self.weights = [state[f"best/{number}"].copy() for number in numbers]


def _along(runs: np.ndarray, axis: int, dimensions: int) -> np.ndarray:
    """One value a run, [R], shaped to meet weights."""
    shape = [1] * dimensions
    shape[axis] = len(runs)
    return runs.reshape(shape)

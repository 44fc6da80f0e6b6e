"""Temperatures and learning rates against training progress: Keras' schedules, in the compiled program.

Each falls from `start` to `end`, both above zero, over a number of steps, and stays there.
"""

from typing import Any, TypeAlias

import keras

from .estimators import register

Schedule: TypeAlias = Any
"""A Keras schedule, from a step to a number."""


@register
class Geometric(keras.optimizers.schedules.LearningRateSchedule):
    """start (end / start)^t, t the part of the steps that is done: the logarithm falls linearly.

    The exponential annealing of Jang et al. 2016. In terms of the inverse temperature it is one that
    grows exponentially from 1 / start to 1 / end, as RelGAN has it (Nie et al. 2019): the same curve.
    """

    def __init__(self, start: float, steps: int, end: float) -> None:
        super().__init__()
        self.start, self.steps, self.end = start, steps, end

    def __call__(self, step: int) -> float:
        """The value at a step."""
        done = keras.ops.minimum(keras.ops.cast(step, "float32") / self.steps, 1.0)
        return self.start * (self.end / self.start) ** done

    def get_config(self) -> dict[str, float]:
        """For Keras' serialization."""
        return {"start": self.start, "steps": self.steps, "end": self.end}


def schedule(name: str, start: float, end: float, steps: int) -> Schedule | float:
    """A schedule by name.

    Args:
        name: constant, linear, exponential, cosine (Loshchilov and Hutter 2017, without restarts) or inverse
            (exponential in the inverse temperature, which is the same as exponential).
        start: the value at first.
        end: the value after the last step.
        steps: how many it takes.

    Returns:
        A Keras schedule; for `constant`, the number itself.
    """
    schedules = keras.optimizers.schedules
    if name == "constant":
        return start
    if name == "linear":
        return schedules.PolynomialDecay(start, steps, end)
    if name == "cosine":
        return schedules.CosineDecay(start, steps, alpha=end / start)
    if name in ("exponential", "inverse"):
        return Geometric(start, steps, end)
    raise ValueError(f"schedule: received {name!r}: give constant, linear, exponential, cosine or inverse")

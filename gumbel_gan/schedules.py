"""Temperatures and learning rates against training progress: Keras' schedules, in the compiled program.

Each falls from `start` to `end`, both above zero, over a number of steps, and stays there.
"""

from typing import Any, TypeAlias

import keras

from .estimators import register

Schedule: TypeAlias = Any
"""A Keras schedule, from a step to a number."""


class Falling(keras.optimizers.schedules.LearningRateSchedule):
    """What the two below share: a fall from `start` to `end` in so many `steps`."""

    def __init__(self, start: float, steps: int, end: float) -> None:
        super().__init__()
        self.start, self.steps, self.end = start, steps, end

    def done(self, step: int) -> float:
        """The part of the steps that is done, up to 1."""
        return keras.ops.minimum(keras.ops.cast(step, "float32") / self.steps, 1.0)

    def get_config(self) -> dict[str, float]:
        """For Keras' serialization."""
        return {"start": self.start, "steps": self.steps, "end": self.end}


@register
class Geometric(Falling):
    """start (end / start)^t, t the part of the steps that is done: the logarithm falls linearly.

    The exponential annealing of Jang et al. 2016. In terms of the inverse temperature it is one that
    grows exponentially from 1 / start to 1 / end, as RelGAN has it (Nie et al. 2019): the same curve.
    """

    def __call__(self, step: int) -> float:
        """The value at a step."""
        return self.start * (self.end / self.start) ** self.done(step)


@register
class InverseTime(Falling):
    """1 / (1 / start + t (1 / end - 1 / start)): the inverse grows linearly, as that of 1 / t does."""

    def __call__(self, step: int) -> float:
        """The value at a step."""
        return self.start / (1 + self.done(step) * (self.start / self.end - 1))


@register
class Late(Falling):
    """Constant for the first half, then linear."""

    def __call__(self, step: int) -> float:
        """The value at a step."""
        done = keras.ops.maximum(2 * self.done(step) - 1, 0.0)
        return self.start + done * (self.end - self.start)


def schedule(name: str, start: float, end: float, steps: int) -> Schedule | float:
    """A schedule by name.

    Args:
        name: constant; linear; exponential; cosine (Loshchilov and Hutter 2017, without restarts); inverse
            (exponential in the inverse temperature, which is the same as exponential); inverse_time (the
            inverse grows linearly, as the step of a running mean does); late (constant for half of the
            steps, then linear).
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
    if name == "late":
        return Late(start, steps, end)
    if name == "inverse_time":
        return InverseTime(start, steps, end)
    names = "constant, linear, exponential, cosine, inverse, inverse_time or late"
    raise ValueError(f"schedule: received {name!r}: give {names}")

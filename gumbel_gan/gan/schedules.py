"""Temperatures and learning rates against training progress: Keras' schedules, in the compiled program.

Each falls from `start` to `end`, both above zero, over a number of steps, and stays there.
"""

from typing import Any

import keras
import tensorflow as tf

from ..config.catalogue import SCHEDULES
from ..config.checks import check_count, check_positive
from .serialization import register


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """A fall from one value to another; the base class of a schedule of your own.

    A subclass says in `__call__` what the value is at a step; it may use only tensor operations.

    Args:
        start: the value at first.
        steps: how many steps the fall takes.
        end: the value after them.

    Example:
        >>> import gumbel_gan as gg
        >>> class Quadratic(gg.Schedule):
        ...     def __call__(self, step):
        ...         return self.end + (self.start - self.end) * (1 - self.done(step)) ** 2
        >>> falling = Quadratic(1.0, steps=100, end=0.2)
        >>> [round(float(falling(step)), 2) for step in (0, 50, 100, 200)]
        [1.0, 0.4, 0.2, 0.2]
    """

    def __init__(self, start: float, steps: int, end: float) -> None:
        super().__init__()
        self.start, self.steps, self.end = start, steps, end

    def done(self, step: tf.Tensor) -> tf.Tensor:
        """The part of the steps that is done, from 0 to 1."""
        return keras.ops.minimum(keras.ops.cast(step, "float32") / self.steps, 1.0)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        return {"start": self.start, "steps": self.steps, "end": self.end}


@register
class Geometric(Schedule):
    """start (end / start)^t, t the part of the steps that is done: the logarithm falls linearly.

    The exponential annealing of Jang et al. 2016. In terms of the inverse temperature it is one that
    grows exponentially from 1 / start to 1 / end, as RelGAN has it (Nie et al. 2019): the same curve.
    """

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """The value at a step."""
        return self.start * (self.end / self.start) ** self.done(step)


@register
class InverseTime(Schedule):
    """1 / (1 / start + t (1 / end - 1 / start)): the inverse grows linearly, as that of 1 / t does."""

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """The value at a step."""
        return self.start / (1 + self.done(step) * (self.start / self.end - 1))


@register
class Late(Schedule):
    """Constant for the first half of the steps, then linear."""

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """The value at a step."""
        done = keras.ops.maximum(2 * self.done(step) - 1, 0.0)
        return self.start + done * (self.end - self.start)


def constant(start: float, steps: int, end: float) -> float:
    """The same throughout: the number itself."""
    return start


def linear(start: float, steps: int, end: float) -> Any:
    """Keras' schedule that falls linearly."""
    return keras.optimizers.schedules.PolynomialDecay(start, steps, end)


def cosine(start: float, steps: int, end: float) -> Any:
    """Keras' schedule along half a cosine (Loshchilov and Hutter 2017, without restarts)."""
    return keras.optimizers.schedules.CosineDecay(start, steps, alpha=end / start)


def schedule(name: str, start: float, end: float, steps: int, key: str = "schedule", **options: Any) -> Any:
    """A schedule by name.

    Args:
        name: of the catalogue: constant, linear, exponential, cosine, inverse, inverse_time or late; or
            module:Class of your own, derived from `Schedule`.
        start: the value at first.
        end: the value after the last step.
        steps: how many it takes.
        key: of the setting, for messages.
        options: more arguments of a schedule of your own.

    Returns:
        A Keras schedule, from a step to a value; for `constant` the number itself.

    Raises:
        ValueError: the name is not known, or the options will not do.

    Example:
        >>> import gumbel_gan as gg
        >>> falling = gg.schedule("exponential", 1.0, 0.01, steps=100)
        >>> [round(float(falling(step)), 2) for step in (0, 50, 100, 200)]
        [1.0, 0.1, 0.01, 0.01]
    """
    SCHEDULES.check(key, name)
    check_positive(f"{key}: start", start)
    check_positive(f"{key}: end", end)
    check_count(f"{key}: steps", steps)
    return SCHEDULES.make(name, key, start, steps, end, options=options)

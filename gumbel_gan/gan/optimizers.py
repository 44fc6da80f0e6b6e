"""The optimizers by name: Keras' Adam, and the natural gradient."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from .layout import runs_first, runs_last, softmax
from .serialization import register


@register
class NaturalGradient(keras.optimizers.Optimizer):
    """The natural gradient of a categorical distribution, in its logits.

    The Fisher matrix of softmax(logits) = q is diag(q) - q q^T (Amari 1998); as a gradient in the logits
    sums to zero, g / q solves for it, but for a constant in all logits, which changes no probability. The
    step is -learning_rate g / (q + 1e-6).

    Example:
        One step down the first of two probabilities; one of plain gradient descent would end at 0.88:

        >>> import numpy as np
        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> generator = gg.CategoricalGenerator(2)
        >>> generator.assign(np.log([[0.9, 0.1]]))
        >>> gradient = tf.constant([[0.09], [-0.09]])  # [K, R]
        >>> gg.NaturalGradient(1.0).apply([gradient], generator.trainable_variables)
        >>> print(generator.probabilities().round(2))
        [[0.77 0.23]]
    """

    def update_step(self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor) -> None:
        """Move logits [K, R]."""
        q = runs_last(softmax(runs_first(tf.convert_to_tensor(variable))))
        rate = tf.cast(learning_rate, gradient.dtype)
        self.assign_sub(variable, rate * gradient / (q + 1e-6))


class BothOptimizers:
    """The generator's optimizer and the discriminator's, as Keras' callbacks see one.

    All is as the generator's has it, but for two things: a learning rate that is set moves the
    discriminator's by the same factor, so that their ratio stays; and the weights of which a moving average
    is kept are those of both.

    Args:
        generator: its optimizer.
        discriminator: its optimizer.
    """

    def __init__(
        self, generator: keras.optimizers.Optimizer, discriminator: keras.optimizers.Optimizer
    ) -> None:
        self._generator, self._discriminator = generator, discriminator
        self._ratio = 1.0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "_generator" not in self.__dict__:  # as a copy asks before it is made
            raise AttributeError(name)
        return getattr(self._generator, name)

    @property
    def learning_rate(self) -> Any:
        """The generator's; a variable, or what its schedule says now."""
        return self._generator.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        before = float(self._generator.learning_rate)
        if before > 0:  # from zero the ratio is the one that was
            self._ratio = float(self._discriminator.learning_rate) / before
        self._discriminator.learning_rate = self._ratio * float(rate)
        self._generator.learning_rate = rate

    @property
    def variables(self) -> list[Any]:
        """Those of both."""
        return [*self._generator.variables, *self._discriminator.variables]

    @property
    def _averaging(self) -> list[keras.optimizers.Optimizer]:
        """Those that keep a moving average of their weights."""
        return [one for one in (self._generator, self._discriminator) if one.use_ema]

    @property
    def use_ema(self) -> bool:
        """Whether either keeps a moving average."""
        return bool(self._averaging)

    @property
    def _trainable_variables(self) -> list[Any]:
        return [weight for one in self._averaging for weight in one._trainable_variables]

    @property
    def _model_variables_moving_average(self) -> list[Any]:
        if not self._averaging:
            raise AttributeError("neither optimizer keeps a moving average: give one use_ema=True")
        return [mean for one in self._averaging for mean in one._model_variables_moving_average]


def adam(
    rate: Any, beta_1: float, beta_2: float, epsilon: float, **options: Any
) -> keras.optimizers.Optimizer:
    """Keras' Adam, with a learning rate or a schedule of it."""
    return keras.optimizers.Adam(rate, beta_1, beta_2, epsilon, **options)


def natural(rate: Any, beta_1: float, beta_2: float, epsilon: float, **options: Any) -> NaturalGradient:
    """The natural gradient, which has no use for Adam's betas and epsilon."""
    return NaturalGradient(rate, **options)


@contextmanager
def moving_average(optimizer: keras.optimizers.Optimizer, model: keras.Model) -> Iterator[None]:
    """In this context a model's weights are their moving averages, if the optimizer keeps any."""
    if not optimizer.use_ema:
        yield
        return
    weights = model.trainable_weights
    last = [weight.numpy() for weight in weights]
    optimizer.finalize_variable_values(weights)
    try:
        yield
    finally:
        for weight, value in zip(weights, last, strict=True):
            weight.assign(value)


def set_average(optimizer: keras.optimizers.Optimizer, weights: list[keras.Variable]) -> None:
    """Make weights their own moving averages, if the optimizer keeps any."""
    if optimizer.use_ema:
        for average, weight in zip(optimizer._model_variables_moving_average, weights, strict=True):
            average.assign(weight)

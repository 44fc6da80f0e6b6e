"""The optimizers by name: Keras' Adam, and the natural gradient."""

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
        self.assign_sub(variable, learning_rate * gradient / (q + 1e-6))


def adam(
    rate: Any, beta_1: float, beta_2: float, epsilon: float, **options: Any
) -> keras.optimizers.Optimizer:
    """Keras' Adam, with a learning rate or a schedule of it."""
    return keras.optimizers.Adam(rate, beta_1, beta_2, epsilon, **options)


def natural(rate: Any, beta_1: float, beta_2: float, epsilon: float, **options: Any) -> NaturalGradient:
    """The natural gradient, which has no use for Adam's betas and epsilon."""
    return NaturalGradient(rate, **options)

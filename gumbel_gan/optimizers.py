"""Optimizers that Keras has not."""

import keras
import tensorflow as tf

from .estimators import register
from .layout import softmax, turn


@register
class NaturalGradient(keras.optimizers.Optimizer):
    """The natural gradient of a categorical distribution, in its logits.

    The Fisher matrix of softmax(logits) = q is diag(q) - q q^T (Amari 1998); as a gradient in the logits
    sums to zero, g / q solves for it, but for a constant in all logits, which changes no probability. The
    step is -learning_rate g / (q + 1e-6).
    """

    def update_step(self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor) -> None:
        """Move logits [K, R]."""
        q = turn(softmax(turn(tf.convert_to_tensor(variable))))
        self.assign_sub(variable, learning_rate * gradient / (q + 1e-6))

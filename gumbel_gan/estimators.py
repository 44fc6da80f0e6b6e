"""Gradient estimators for a categorical sample, one signature for all.

    estimator.sample(logits, temperature, batch, seed) -> [R, B, K]
    estimator.surrogate(loss, logits, temperature, batch, seed) -> [R]

`sample` is what the discriminator sees. `loss` maps samples [R, B, K] to losses [R, B]; the gradient of
the surrogate in the logits [R, K] is the estimate of the gradient of the expected loss.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from .gumbel import RelaxedOneHotCategorical, Seed

register = keras.saving.register_keras_serializable("gumbel_gan")
Loss = Callable[[tf.Tensor], tf.Tensor]


class Estimator:
    """What all estimators share: Keras can save and load them."""

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Estimator":
        """The inverse of `get_config`."""
        return cls(**config)


@register
class GumbelSoftmax(Estimator):
    """The post's: differentiate through softmax((logits + noise) / temperature).

    Jang et al. 2016, equation 2; Maddison et al. 2016, section 3. Biased by an amount that vanishes with
    the temperature, while the standard deviation grows as temperature to the power -1/2. One evaluation
    of the loss a step.
    """

    def sample(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Relaxed samples, [R, K] to [R, B, K]."""
        samples = RelaxedOneHotCategorical(temperature, logits=logits).sample(batch, seed=seed)  # [B, R, K]
        return tf.transpose(samples, (1, 0, 2))

    def surrogate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss of relaxed samples, [R]."""
        return tf.reduce_mean(loss(self.sample(logits, temperature, batch, seed)), axis=1)

"""What the discriminator sees of generated examples, and the mean of its loss over them."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .gumbel import hardest
from .losses import Pair
from .serialization import register


@register
class View:
    """Soft: samples as the estimator makes them. The base class of the other views.

    Example:
        One of your own, which rounds samples to tenths:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> class Tenths(gg.View):
        ...     def generated(self, samples):
        ...         return tf.round(10 * samples) / 10
        >>> print(Tenths().generated(tf.constant([[[0.84, 0.16]]])).numpy())
        [[[0.8 0.2]]]
    """

    def generated(self, samples: tf.Tensor) -> tf.Tensor:
        """What is seen of samples [R, B, K]: vectors [R, B', K], or integers [R, B'] for one-hot vectors."""
        return samples

    def mean_loss(
        self, pair: Pair, of_real: tf.Tensor, of_generated: tf.Tensor, distribution: Callable[[], tf.Tensor]
    ) -> tf.Tensor:
        """The discriminator's mean loss, [R]; each real example stands beside its own samples.

        Args:
            pair: of losses.
            of_real: the discriminator's outputs on real examples, [R, B].
            of_generated: its outputs on what is seen of samples, [R, B'].
            distribution: gives the generator's distribution, [R, K].
        """
        runs, batch = of_real.shape
        losses = pair.discriminator(of_real[:, None], tf.reshape(of_generated, (runs, -1, batch)))
        return tf.reduce_mean(losses, axis=(1, 2))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save: none."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "View":
        """The view that was saved."""
        return cls(**config)


@register
class HardView(View):
    """The hard counterparts of the samples, as hard as real examples."""

    def generated(self, samples: tf.Tensor) -> tf.Tensor:
        """One-hot vectors at the largest components, [R, B, K]."""
        return hardest(samples)


@register
class ExactView(View):
    """Every category, weighted by its probability: the expectation over hard samples."""

    def generated(self, samples: tf.Tensor) -> tf.Tensor:
        """All categories, int32 [R, K]: integers stand for one-hot vectors without taking their place."""
        return tf.tile(tf.range(samples.shape[2])[None], (samples.shape[0], 1))

    def mean_loss(
        self, pair: Pair, of_real: tf.Tensor, of_generated: tf.Tensor, distribution: Callable[[], tf.Tensor]
    ) -> tf.Tensor:
        """The discriminator's expected loss, [R], from its outputs on all categories, [R, K]."""
        loss = pair.discriminator
        if pair.separable:
            # l(r, g) = l(r, 0) + l(0, g) - l(0, 0): B + K losses, not B times K.
            real_part = tf.reduce_mean(loss(of_real, tf.zeros(())), axis=1)
            generated_part = loss(tf.zeros(()), of_generated)  # [R, K]
            expected = tf.reduce_sum(distribution() * generated_part, axis=1)
            return real_part + expected - loss(tf.zeros(()), tf.zeros(()))
        losses = loss(of_real[:, :, None], of_generated[:, None, :])  # [R, B, K]
        expected = tf.reduce_sum(distribution()[:, None] * losses, axis=2)
        return tf.reduce_mean(expected, axis=1)

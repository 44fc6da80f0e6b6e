"""What the discriminator sees of real and generated examples.

A generated sample is soft, a real example is hard, and a smart discriminator needs no more than that to
tell them apart. Each of these makes the two alike in its own way.
"""

from typing import Any

import tensorflow as tf

from ..config.checks import check_positive
from .gumbel import Seed, condition, fixed, fold_in, normal, relax, vectors
from .serialization import register


@register
class Smoothing:
    """No smoothing: real examples are one-hot, and generated ones as their estimator makes them.

    Args:
        amount: how much.

    Example:
        One of your own, which mixes real examples with what the generator has learned:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> class Mixed(gg.Smoothing):
        ...     def real(self, real, generator, temperature, seed):
        ...         hard, learned = tf.one_hot(real, generator.categories), generator.distribution()[:, None]
        ...         return (1 - self.amount) * hard + self.amount * learned
        >>> real, generator = tf.constant([[0, 1]]), gg.CategoricalGenerator(2)
        >>> print(Mixed(amount=0.2).real(real, generator, 1.0, seed=(0, 1)).numpy().round(1))
        [[[0.9 0.1]
          [0.1 0.9]]]
    """

    def __init__(self, amount: float = 0.1) -> None:
        check_positive("amount", amount)
        self.amount = amount

    def real(self, real: tf.Tensor, generator: Any, temperature: tf.Tensor, seed: Seed) -> tf.Tensor:
        """What is seen of real integers.

        Args:
            real: int32 [R, B].
            generator: in training.
            temperature: the samples'.
            seed: int [2].

        Returns:
            Integers [R, B] or vectors [R, B, K].
        """
        return real

    def generated(self, samples: tf.Tensor, generator: Any, seed: Seed) -> tf.Tensor:
        """What is seen of samples, vectors [R, B, K] or integers [R, B]: the same again."""
        return samples

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        return {"amount": self.amount}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Smoothing":
        """The smoothing that was saved."""
        return cls(**config)


@register
class LabelSmoothing(Smoothing):
    """Real examples are one-hot vectors mixed with `amount` of the uniform distribution."""

    def real(self, real: tf.Tensor, generator: Any, temperature: tf.Tensor, seed: Seed) -> tf.Tensor:
        """Vectors [R, B, K], still summing to 1."""
        categories = generator.categories
        return (1 - self.amount) * tf.one_hot(real, categories) + self.amount / categories


@register
class NoiseSmoothing(Smoothing):
    """Gaussian noise of standard deviation `amount` on both, real and generated.

    Instance noise: Sønderby et al. 2016; Arjovsky and Bottou 2017.
    """

    def real(self, real: tf.Tensor, generator: Any, temperature: tf.Tensor, seed: Seed) -> tf.Tensor:
        """Vectors [R, B, K], one-hot and noise."""
        return self._noisy(tf.one_hot(real, generator.categories), seed)

    def generated(self, samples: tf.Tensor, generator: Any, seed: Seed) -> tf.Tensor:
        """Vectors [R, B, K], the samples and noise."""
        return self._noisy(vectors(samples, generator.categories), fold_in(seed, 1))

    def _noisy(self, x: tf.Tensor, seed: Seed) -> tf.Tensor:
        return x + self.amount * normal(tuple(x.shape), seed)


@register
class RelaxedSmoothing(Smoothing):
    """Real integers pass through the same relaxation at the same temperature, and end as soft as samples.

    The noise is drawn given that the real integer is the argmax, under the generator's logits, through
    which no gradient flows. If the generator is right, real and generated vectors have one distribution.
    """

    def real(self, real: tf.Tensor, generator: Any, temperature: tf.Tensor, seed: Seed) -> tf.Tensor:
        """Vectors [R, B, K] of the simplex, largest at the real integer."""
        hard = tf.one_hot(real, generator.categories)
        logits = fixed(generator.logits)
        return relax(condition(hard, logits, seed), temperature)

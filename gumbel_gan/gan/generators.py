"""The generator of categories: a Keras model with a runs axis.

R independent runs lie side by side in every parameter and sample.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..config.checks import check_count
from .estimators import Estimator, Loss
from .gumbel import Seed, drawn_once, gumbel_max
from .layout import runs_first, softmax
from .parts import Examples
from .serialization import in_float32, register


def read(variable: keras.Variable) -> np.ndarray:
    """The value of a variable; quicker than its `numpy`, and several are read after every epoch."""
    value = variable.value
    return tf.raw_ops.ReadVariableOp(resource=value.handle, dtype=value.dtype).numpy()


@register
class CategoricalGenerator(keras.Model):
    """A generator that is nothing but a vector of logits, all ones at first, as in the post.

    Args:
        categories: K.
        runs: R.

    Example:
        >>> import numpy as np
        >>> import gumbel_gan as gg
        >>> generator = gg.CategoricalGenerator(3)
        >>> generator.assign(np.log([[0.2, 0.3, 0.5]]))
        >>> print(generator.probabilities().round(2))
        [[0.2 0.3 0.5]]
        >>> print(generator.sample(8, seed=(0, 1)).numpy())
        [[1 1 2 2 2 2 0 1]]
    """

    runs_axis = -1
    """Axis of every weight along which the runs lie."""
    example_shape = ()
    """The shape of one example."""

    def __init__(self, categories: int, runs: int = 1, **kwargs: Any) -> None:
        check_count("categories", categories, least=2)
        check_count("runs", runs)
        super().__init__(**in_float32(kwargs))
        self.categories, self.runs = categories, runs
        # [K, R], as a step meets them.
        self.logits_runs_last = self.add_weight(shape=(categories, runs), initializer="ones", name="logits")
        self.built = True

    def call(self, categories: tf.Tensor) -> tf.Tensor:
        """The log-probability of each category, int32 [R, B] to [R, B]."""
        return tf.gather(tf.nn.log_softmax(self.logits), categories, batch_dims=1)

    @classmethod
    def made(cls, examples: Examples, runs: int, seed: int, **options: Any) -> "CategoricalGenerator":
        """The generator for a stream of categories; its logits begin alike, whatever the seed."""
        return cls(examples.categories, runs, **options)

    def check_estimator(self, estimator: Estimator) -> None:
        """Check that the estimator can be used: a vector of logits goes with all of them."""

    @property
    def logits(self) -> tf.Tensor:
        """The logits, [R, K]; `assign` sets them."""
        return runs_first(self.logits_runs_last.value)

    def assign(self, logits: np.ndarray) -> None:
        """Set the logits, [R, K]."""
        self.logits_runs_last.assign(np.transpose(logits))

    @property
    def logits_shape(self) -> tuple[int, ...]:
        """The shape of the logits that an estimator meets, (R, K)."""
        return (self.runs, self.categories)

    def probabilities(
        self, codes: np.ndarray | None = None, weights: Sequence[np.ndarray] | None = None
    ) -> np.ndarray:
        """The learned probabilities, [R, K].

        Args:
            codes: nothing; generators of sequences need them.
            weights: in place of its own, in their order.
        """
        logits = (read(self.logits_runs_last) if weights is None else weights[0]).T
        odds = np.exp(logits - logits.max(-1, keepdims=True))
        return odds / odds.sum(-1, keepdims=True)

    def distribution(self) -> tf.Tensor:
        """The learned probabilities as a tensor, [R, K]: what a training averages over its steps."""
        return softmax(self.logits)

    def relaxed(self, estimator: Estimator, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Samples as the estimator makes them, [R, batch, K]."""
        return estimator.sample(self.logits, temperature, batch, seed)

    def surrogate(
        self, estimator: Estimator, loss: Loss, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss, [R], whose gradient in the weights is the estimator's."""
        return estimator.surrogate(loss, self.logits, temperature, batch, seed)

    def sample(self, samples: int, seed: Seed | None = None) -> tf.Tensor:
        """Hard samples, int32 [R, samples], by Gumbel-max; `seed` is int [2], by default drawn once."""
        return gumbel_max(self.logits, samples, drawn_once(seed))

    def names(self, samples: np.ndarray, labels: Sequence[str]) -> list[str]:
        """Samples [n] by their labels."""
        return [labels[category] for category in samples]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        return {**super().get_config(), "categories": self.categories, "runs": self.runs}

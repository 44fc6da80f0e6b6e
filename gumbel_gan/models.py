"""The generator and the discriminator: Keras models with a runs axis.

R independent runs lie side by side along the first axis of every parameter and sample. Categories come
as integers or as vectors of K numbers (one-hot, or relaxed).
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from .gumbel import Seed, gumbel_max

register = keras.saving.register_keras_serializable("gumbel_gan")


@register
class CategoricalGenerator(keras.Model):
    """A generator that is nothing but a vector of logits, all ones at first, as in the post.

    Args:
        categories: K.
        runs: R.
    """

    def __init__(self, categories: int, runs: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.categories, self.runs = categories, runs
        self.logits = self.add_weight(shape=(runs, categories), initializer="ones", name="logits")  # [R, K]
        self.built = True

    def call(self, categories: tf.Tensor) -> tf.Tensor:
        """The log-probability of each category, int32 [R, B] to [R, B]."""
        return tf.gather(tf.nn.log_softmax(self.logits), categories, batch_dims=1)

    def probabilities(self) -> np.ndarray:
        """The learned probabilities, [R, K]."""
        logits = self.logits.numpy()
        odds = np.exp(logits - logits.max(-1, keepdims=True))
        return odds / odds.sum(-1, keepdims=True)

    def sample(self, samples: int, seed: Seed) -> tf.Tensor:
        """Hard samples, int32 [R, samples], by Gumbel-max; `seed` is int [2]."""
        return gumbel_max(tf.convert_to_tensor(self.logits), samples, seed)

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        return {**super().get_config(), "categories": self.categories, "runs": self.runs}


@register
class LogisticDiscriminator(keras.Model):
    """Logistic regression, the post's discriminator; its output is the log-odds of real.

    Args:
        categories: K.
        runs: R.
        seed: of the initial kernel.
    """

    def __init__(self, categories: int, runs: int = 1, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.categories, self.runs, self.seed = categories, runs, seed
        # Glorot-uniform by the fans of one run, K in and 1 out; Keras would take the runs for fans too.
        limit = np.sqrt(6 / (categories + 1))
        uniform = keras.initializers.RandomUniform(-limit, limit, seed)
        self.kernel = self.add_weight(shape=(runs, categories), initializer=uniform, name="kernel")  # [R, K]
        self.bias = self.add_weight(shape=(runs,), initializer="zeros", name="bias")  # [R]
        self.built = True

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The log-odds of real, of integers [R, B] or vectors [R, B, K], as [R, B]."""
        kernel, bias = tf.convert_to_tensor(self.kernel), tf.convert_to_tensor(self.bias)
        if x.dtype.is_integer:
            return tf.gather(kernel, x, batch_dims=1) + bias[:, None]
        return tf.reduce_sum(kernel[:, None, :] * x, axis=-1) + bias[:, None]

    def of_run(self, run: int) -> "LogisticDiscriminator":
        """One run's discriminator, alone."""
        alone = type(self).from_config({**self.get_config(), "runs": 1})
        for weight, all_runs in zip(alone.weights, self.weights, strict=True):
            weight.assign(all_runs.value[run : run + 1])
        return alone

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        config = {"categories": self.categories, "runs": self.runs, "seed": self.seed}
        return {**super().get_config(), **config}

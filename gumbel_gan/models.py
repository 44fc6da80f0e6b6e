"""The generator and the discriminator: Keras models with a runs axis.

R independent runs lie side by side along the first axis of every parameter and sample. Categories come
as integers or as vectors of K numbers (one-hot, or relaxed).
"""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from .estimators import Estimator, Loss
from .gumbel import Seed, gumbel_max, vectors
from .layout import softmax, turn
from .regularisers import SpectralNorm

register = keras.saving.register_keras_serializable("gumbel_gan")

FEW = 16
"""Categories up to which one-hot vectors are faster than a gather, whose gradient is a scatter."""


def read(variable: keras.Variable) -> np.ndarray:
    """The value of a variable, in 30 µs; its `numpy` takes 80, and three are read after every epoch."""
    value = variable.value
    return tf.raw_ops.ReadVariableOp(resource=value.handle, dtype=value.dtype).numpy()


@register
class CategoricalGenerator(keras.Model):
    """A generator that is nothing but a vector of logits, all ones at first, as in the post.

    Args:
        categories: K.
        runs: R.
    """

    runs_axis = -1
    """Of the weights."""

    def __init__(self, categories: int, runs: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.categories, self.runs = categories, runs
        # [K, R], as a step meets them: at 64 runs it takes 0.31 µs a run, from [R, K] 0.44.
        self.turned_logits = self.add_weight(shape=(categories, runs), initializer="ones", name="logits")
        self.built = True

    def call(self, categories: tf.Tensor) -> tf.Tensor:
        """The log-probability of each category, int32 [R, B] to [R, B]."""
        return tf.gather(tf.nn.log_softmax(self.logits), categories, batch_dims=1)

    @property
    def logits(self) -> tf.Tensor:
        """[R, K]; to be set with `assign`."""
        return turn(self.turned_logits.value)

    def assign(self, logits: np.ndarray) -> None:
        """Set the logits, [R, K]."""
        self.turned_logits.assign(np.transpose(logits))

    @property
    def logits_shape(self) -> tuple[int, ...]:
        """Of the logits that an estimator meets."""
        return (self.runs, self.categories)

    def probabilities(self, codes: np.ndarray | None = None) -> np.ndarray:
        """The learned probabilities, [R, K]; `codes` are what generators of sequences need."""
        logits = read(self.turned_logits).T
        odds = np.exp(logits - logits.max(-1, keepdims=True))
        return odds / odds.sum(-1, keepdims=True)

    def distribution(self) -> tf.Tensor:
        """The same as a tensor: what a training averages over its steps."""
        return softmax(self.logits)

    def relaxed(self, estimator: Estimator, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """What the discriminator sees, [R, batch, K]: samples as the estimator makes them."""
        return estimator.sample(self.logits, temperature, batch, seed)

    def surrogate(
        self, estimator: Estimator, loss: Loss, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss, [R], whose gradient in the weights is the estimator's."""
        return estimator.surrogate(loss, self.logits, temperature, batch, seed)

    def sample(self, samples: int, seed: Seed) -> tf.Tensor:
        """Hard samples, int32 [R, samples], by Gumbel-max; `seed` is int [2]."""
        return gumbel_max(self.logits, samples, seed)

    def names(self, samples: np.ndarray, labels: Sequence[str]) -> list[str]:
        """Samples [n] by their labels."""
        return [labels[category] for category in samples]

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        return {**super().get_config(), "categories": self.categories, "runs": self.runs}


class Discriminator(keras.Model):
    """What the discriminators share: R runs, each initialised by the fans of its own.

    Args:
        categories: K.
        runs: R.
        seed: of the initial kernels.
        spectral_norm: whether to keep the kernels' spectral norms at 1 or below.
    """

    runs_axis = 0
    """Of the weights."""

    def __init__(
        self, categories: int, runs: int = 1, seed: int = 0, spectral_norm: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.categories, self.runs, self.seed, self.spectral_norm = categories, runs, seed, spectral_norm

    def uniform(self, fans: int) -> keras.initializers.Initializer:
        """Of Glorot's, U(+-sqrt(6 / fans)); Keras' own would take the runs for fans, too."""
        limit = np.sqrt(6 / fans)
        return keras.initializers.RandomUniform(-limit, limit, self.seed + len(self.trainable_weights))

    def glorot(self, shape: tuple[int, int], fans: int, name: str) -> keras.Variable:
        """A kernel for each run, [R, in, out], uniform at first."""
        constraint = None
        if self.spectral_norm:
            direction = self.add_weight(
                shape=(self.runs, shape[1]), initializer="ones", trainable=False, name=f"{name}_direction"
            )
            constraint = SpectralNorm(direction)
        return self.add_weight(
            shape=(self.runs, *shape), initializer=self.uniform(fans), constraint=constraint, name=name
        )

    def of_run(self, run: int) -> "Discriminator":
        """One run's discriminator, alone."""
        alone = type(self).from_config({**self.get_config(), "runs": 1})
        for weight, all_runs in zip(alone.weights, self.weights, strict=True):
            weight.assign(tf.gather(all_runs.value, [run], axis=self.runs_axis))
        return alone

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        names = ("categories", "runs", "seed", "spectral_norm")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register
class LogisticDiscriminator(Discriminator):
    """Logistic regression, the post's discriminator; its output is the log-odds of real."""

    runs_axis = -1

    def __init__(
        self, categories: int, runs: int = 1, seed: int = 0, spectral_norm: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(categories, runs, seed, spectral_norm, **kwargs)
        uniform = self.uniform(categories + 1)
        # [K, R], as the logits: at 64 runs a step takes 0.28 µs a run, from [R, K] 0.30.
        self.turned_kernel = self.add_weight(
            shape=(categories, runs),
            initializer=lambda shape, dtype: turn(uniform(shape[::-1], dtype)),
            # A matrix of one column, whose spectral norm is its length.
            constraint=keras.constraints.MaxNorm(1, axis=0) if spectral_norm else None,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(runs,), initializer="zeros", name="bias")  # [R]
        self.built = True

    @property
    def kernel(self) -> tf.Tensor:
        """[R, K]; to be set with `assign`."""
        return turn(self.turned_kernel.value)

    def assign(self, kernel: np.ndarray) -> None:
        """Set the kernel, [R, K]."""
        self.turned_kernel.assign(np.transpose(kernel))

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The log-odds of real, of integers [R, B] or vectors [R, B, K], as [R, B]."""
        kernel, bias = tf.convert_to_tensor(self.turned_kernel), tf.convert_to_tensor(self.bias)
        if x.dtype.is_integer and self.categories > FEW:
            return tf.gather(turn(kernel), x, batch_dims=1) + bias[:, None]
        x = vectors(x, self.categories)
        return tf.transpose(tf.reduce_sum(turn(x) * kernel[:, None], axis=0) + bias)


@register
class MlpDiscriminator(Discriminator):
    """A multi-layer perceptron with leaky rectifiers: smart enough to tell soft vectors from hard ones.

    Args:
        categories: K.
        runs: R.
        seed: of the initial kernels.
        spectral_norm: whether to keep the kernels' spectral norms at 1 or below.
        units: of the hidden layers.
    """

    def __init__(
        self,
        categories: int,
        runs: int = 1,
        seed: int = 0,
        spectral_norm: bool = False,
        units: Sequence[int] = (64, 64),
        **kwargs: Any,
    ) -> None:
        super().__init__(categories, runs, seed, spectral_norm, **kwargs)
        self.units = list(units)
        sizes = [categories, *self.units, 1]
        self.kernels, self.biases = [], []
        for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
            self.kernels.append(self.glorot((fan_in, fan_out), fan_in + fan_out, f"kernel_{layer}"))
            bias = self.add_weight(shape=(runs, fan_out), initializer="zeros", name=f"bias_{layer}")
            self.biases.append(bias)
        self.built = True

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The log-odds of real, of integers [R, B] or vectors [R, B, K], as [R, B]."""
        for layer, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True)):
            kernel = tf.convert_to_tensor(kernel)  # [R, in, out]
            x = tf.gather(kernel, x, batch_dims=1) if x.dtype.is_integer else x @ kernel
            x = x + tf.convert_to_tensor(bias)[:, None, :]  # [R, B, out]
            if layer < len(self.units):
                x = tf.nn.leaky_relu(x)
        return x[..., 0]

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        return {**super().get_config(), "units": self.units}

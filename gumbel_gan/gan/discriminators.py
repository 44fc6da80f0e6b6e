"""Discriminators of categories: Keras models with a runs axis.

R independent runs lie side by side in every parameter and sample. Categories come as integers [R, B] or as
vectors [R, B, K], one-hot or relaxed; sequences have an axis of T steps more.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..config.checks import check_count, seed_of
from .gumbel import vectors
from .initial import glorot
from .layout import runs_first, runs_last
from .regularisers import SpectralNorm
from .serialization import in_float32, register

FEW_CATEGORIES = 16
"""Categories up to which one-hot vectors are faster than a gather, whose gradient is a scatter."""


class Discriminator(keras.Model):
    """What the discriminators share; the base class of one of your own.

    A subclass makes its weights with `glorot` and `add_weight`, an axis of runs first, and maps examples to
    log-odds of real in `call`.

    Args:
        categories: K.
        runs: R.
        seed: of the initial kernels; by default one draw of Python's `random`.
        spectral_norm: whether to keep the kernels' spectral norms at 1 or below.

    Example:
        One of your own, linear:

        >>> import tensorflow as tf
        >>> from gumbel_gan.gan.gumbel import vectors
        >>> from gumbel_gan.models import Discriminator
        >>> class Linear(Discriminator):
        ...     def __init__(self, categories, *arguments, **options):
        ...         super().__init__(categories, *arguments, **options)
        ...         self.kernel = self.glorot((categories, 1), categories + 1, "kernel")
        ...
        ...     def call(self, x):
        ...         return (vectors(x, self.categories) @ self.kernel.value)[..., 0]
        >>> Linear(3, runs=2, seed=0)(tf.constant([[0, 1], [2, 2]])).shape.as_list()
        [2, 2]
    """

    runs_axis = 0
    """Axis of every weight along which the runs lie."""

    def __init__(
        self,
        categories: int,
        runs: int = 1,
        seed: int | None = None,
        spectral_norm: bool = False,
        **kwargs: Any,
    ) -> None:
        check_count("categories", categories, least=2)
        check_count("runs", runs)
        super().__init__(**in_float32(kwargs))
        self.categories, self.runs, self.spectral_norm = categories, runs, spectral_norm
        self.seed = seed_of(seed)

    def glorot(self, shape: tuple[int, int], fans: int, name: str) -> keras.Variable:
        """A kernel for each run, [R, in, out], uniform at first.

        Args:
            shape: in, out.
            fans: in + out.
            name: of the kernel, unlike those of the others.
        """
        seed = self.seed + len(self.trainable_weights)
        constraint = None
        if self.spectral_norm:
            direction = self.add_weight(
                shape=(self.runs, shape[1]), initializer="ones", trainable=False, name=f"{name}_direction"
            )
            constraint = SpectralNorm(direction)
        return self.add_weight(
            shape=(self.runs, *shape), initializer=glorot(fans, seed), constraint=constraint, name=name
        )

    def zeros(self, size: int, name: str) -> keras.Variable:
        """A bias for each run, [R, size], zero at first."""
        return self.add_weight(shape=(self.runs, size), initializer="zeros", name=name)

    def of_run(self, run: int) -> "Discriminator":
        """The discriminator of one run (0, 1, ...), by itself."""
        alone = type(self).from_config({**self.get_config(), "runs": 1})
        for weight, all_runs in zip(alone.weights, self.weights, strict=True):
            weight.assign(tf.gather(all_runs.value, [run], axis=self.runs_axis))
        return alone

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        names = ("categories", "runs", "seed", "spectral_norm")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@register
class LogisticDiscriminator(Discriminator):
    """Logistic regression, the post's discriminator; its output is the log-odds of real.

    Example:
        The kernel holds a weight for every category, and a soft vector mixes them:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> discriminator = gg.LogisticDiscriminator(3, seed=0)
        >>> discriminator.assign([[1.0, 0.0, -1.0]])
        >>> print(discriminator(tf.constant([[0, 2]])).numpy())
        [[ 1. -1.]]
        >>> print(discriminator(tf.constant([[[0.75, 0.25, 0.0]]])).numpy())
        [[0.75]]
    """

    runs_axis = -1

    def __init__(
        self,
        categories: int,
        runs: int = 1,
        seed: int | None = None,
        spectral_norm: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(categories, runs, seed, spectral_norm, **kwargs)
        uniform = glorot(categories + 1, self.seed)
        # [K, R], as the logits lie.
        self.kernel_runs_last = self.add_weight(
            shape=(categories, runs),
            initializer=lambda shape, dtype: runs_last(uniform(shape[::-1], dtype)),
            # A matrix of one column, whose spectral norm is its length.
            constraint=keras.constraints.MaxNorm(1, axis=0) if spectral_norm else None,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(runs,), initializer="zeros", name="bias")  # [R]
        self.built = True

    @property
    def kernel(self) -> tf.Tensor:
        """The weights of the categories, [R, K]; `assign` sets them."""
        return runs_first(self.kernel_runs_last.value)

    def assign(self, kernel: np.ndarray) -> None:
        """Set the kernel, [R, K]."""
        self.kernel_runs_last.assign(np.transpose(kernel))

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The log-odds of real, of integers [R, B] or vectors [R, B, K], as [R, B]."""
        kernel, bias = tf.convert_to_tensor(self.kernel_runs_last), tf.convert_to_tensor(self.bias)
        if x.dtype.is_integer and self.categories > FEW_CATEGORIES:
            return tf.gather(runs_first(kernel), x, batch_dims=1) + bias[:, None]
        x = vectors(x, self.categories)
        return tf.transpose(tf.reduce_sum(runs_last(x) * kernel[:, None], axis=0) + bias)


@register
class MlpDiscriminator(Discriminator):
    """A multi-layer perceptron with leaky rectifiers: smart enough to tell soft vectors from hard ones.

    Args:
        categories: K.
        runs: R.
        seed: of the initial kernels; by default one draw of Python's `random`.
        spectral_norm: whether to keep the kernels' spectral norms at 1 or below.
        units: of the hidden layers.
        length: T, of sequences, which it sees flattened; None for single categories.

    Example:
        >>> import numpy as np
        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> discriminator = gg.MlpDiscriminator(3, runs=2, units=(16,), seed=0)
        >>> integers = tf.constant([[0, 1, 2, 2], [1, 1, 0, 2]])
        >>> discriminator(integers).shape.as_list()
        [2, 4]
        >>> np.allclose(discriminator(integers), discriminator(tf.one_hot(integers, 3)))
        True
    """

    def __init__(
        self,
        categories: int,
        runs: int = 1,
        seed: int | None = None,
        spectral_norm: bool = False,
        units: Sequence[int] = (64, 64),
        length: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(categories, runs, seed, spectral_norm, **kwargs)
        for number in (*units, *([] if length is None else [length])):
            check_count("units, length", number)
        self.units, self.length = list(units), length
        sizes = [categories * (length or 1), *self.units, 1]
        self.kernels, self.biases = [], []
        for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
            self.kernels.append(self.glorot((fan_in, fan_out), fan_in + fan_out, f"kernel_{layer}"))
            self.biases.append(self.zeros(fan_out, f"bias_{layer}"))
        self.built = True

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The log-odds of real [R, B], of integers [R, B] or vectors [R, B, K], with T steps of sequences."""
        if self.length is not None:
            x = vectors(x, self.categories)
            x = tf.reshape(x, (*x.shape[:2], self.length * self.categories))
        for layer, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True)):
            kernel = tf.convert_to_tensor(kernel)  # [R, in, out]
            x = tf.gather(kernel, x, batch_dims=1) if x.dtype.is_integer else x @ kernel
            x = x + tf.convert_to_tensor(bias)[:, None, :]  # [R, B, out]
            if layer < len(self.units):
                x = tf.nn.leaky_relu(x)
        return x[..., 0]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        return {**super().get_config(), "units": self.units, "length": self.length}

"""A generator of rows: each column a small perceptron of all columns before it.

A row is a sequence whose positions have vocabularies of their own. Samples are [R, B, T, K] as those of other
sequences, K the largest vocabulary; a symbol that a column does not have is a masked category.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..config.checks import check_count, seed_of
from .autoregressive import AutoregressiveGenerator
from .initial import glorot
from .serialization import register

Before = tuple[tf.Tensor, ...]
"""The columns that are there, [R, B, their sizes] each."""


@register
class ColumnGenerator(AutoregressiveGenerator):
    """A perceptron for each column, with a hidden layer of rectifiers, fed all columns before it.

    The probability of a row is exact, the product of each column's given those before it.

    Args:
        sizes: of the columns' vocabularies, T numbers of 2 or more.
        units: of each hidden layer.
        seed: of the initial weights; by default one draw of Python's `random`.
        runs: R.

    Raises:
        ValueError: there are no two columns, or a number would not do.

    Example:
        >>> import itertools
        >>> from gumbel_gan.gan.columns import ColumnGenerator
        >>> generator = ColumnGenerator([2, 3], units=8, seed=0)
        >>> generator.sample(5, seed=(0, 1)).shape.as_list()
        [1, 5, 2]
        >>> rows = list(itertools.product(range(2), range(3)))
        >>> print(generator.probabilities(rows).sum().round(3))
        1.0
    """

    def __init__(
        self,
        sizes: Sequence[int],
        units: int = 64,
        seed: int | None = None,
        runs: int = 1,
        **kwargs: Any,
    ) -> None:
        check_count("sizes: columns", len(sizes), least=2)
        for size in sizes:
            check_count("sizes", size, least=2)
        for name, number in (("units", units), ("runs", runs)):
            check_count(name, number)
        super().__init__(max(sizes), len(sizes), runs, **kwargs)
        self.sizes, self.units = [int(size) for size in sizes], units
        self.seed = seed_of(seed)
        self.hidden: list[tuple[keras.Variable, keras.Variable] | None] = []
        self.heads: list[tuple[keras.Variable | None, keras.Variable]] = []
        for column, size in enumerate(self.sizes):
            inputs = sum(self.sizes[:column])
            self.hidden.append(self._layer(inputs, units, f"column_{column}_hidden") if column else None)
            self.heads.append(self._layer(units if column else 0, size, f"column_{column}"))
        self.built = True

    def _layer(self, fan_in: int, fan_out: int, name: str) -> tuple[Any, keras.Variable]:
        """A kernel [R, in, out], None without inputs, and a bias [R, out]."""
        kernel = None
        if fan_in:
            kernel = self.add_weight(
                shape=(self.runs, fan_in, fan_out),
                initializer=glorot(fan_in + fan_out, self.seed + len(self.weights)),
                name=f"{name}_kernel",
            )
        return kernel, self.add_weight(shape=(self.runs, fan_out), initializer="zeros", name=f"{name}_bias")

    def start(self, batch: int) -> tuple[tf.Tensor, Before]:
        """No column yet."""
        return tf.zeros((self.runs, batch, self.categories)), ()

    def step(self, number: int, symbol: tf.Tensor, state: Before) -> tuple[tf.Tensor, Before]:
        """A column's logits, [R, B, K], minus infinity beyond its own categories; and the columns before."""
        if number:
            state = (*state, symbol[..., : self.sizes[number - 1]])
        own = self._logits(number, state, symbol.shape[1])
        beyond = self.categories - self.sizes[number]
        return tf.pad(own, [[0, 0], [0, 0], [0, beyond]], constant_values=-np.inf), state

    def _logits(self, column: int, before: Before, batch: int) -> tf.Tensor:
        """The logits of a column's own categories, [R, B, K_t], given those before it."""
        kernel, bias = self.heads[column]
        bias = tf.convert_to_tensor(bias)[:, None]
        if kernel is None:
            return tf.tile(bias, (1, batch, 1))
        hidden_kernel, hidden_bias = (tf.convert_to_tensor(weight) for weight in self.hidden[column] or ())
        hidden = tf.nn.relu(tf.concat(before, axis=-1) @ hidden_kernel + hidden_bias[:, None])
        return hidden @ tf.convert_to_tensor(kernel) + bias

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        names = ("sizes", "units", "seed", "runs")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

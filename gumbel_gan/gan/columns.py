"""A generator of rows: each column a small perceptron of all columns before it.

A row is a sequence whose positions have vocabularies of their own. Samples are [R, B, T, K] as those of other
sequences, K the largest vocabulary; a symbol that a column does not have is a masked category.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..config.checks import check_count, seed_of
from .autoregressive import APART, AutoregressiveGenerator
from .gumbel import Seed, finite, fold_in
from .initial import glorot
from .parts import Examples
from .serialization import register

Before = tuple[tf.Tensor, ...]
"""The columns that are there, [R, B, their sizes] each."""


@register
class ColumnGenerator(AutoregressiveGenerator):
    """A perceptron for each column, with a hidden layer of rectifiers, fed all columns before it.

    The probability of a row is exact, the product of each column's given those before it.

    Args:
        sizes: of the columns' vocabularies, T numbers, the largest 2 or more.
        units: of each hidden layer.
        seed: of the initial weights; by default one draw of Python's `random`.
        runs: R.

    Raises:
        ValueError: there are no two columns, or a number would not do.

    Example:
        >>> import itertools
        >>> import gumbel_gan as gg
        >>> generator = gg.ColumnGenerator([2, 3], units=8, seed=0)
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
            check_count("sizes", size)
        check_count("sizes: the largest", max(sizes), least=2)
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

    @classmethod
    def made(cls, examples: Examples, runs: int, seed: int, **options: Any) -> "ColumnGenerator":
        """The generator for a stream of rows."""
        # Another seed than the discriminator's: weights of equal shapes would begin equal.
        return cls(examples.sizes, seed=seed + 1_000, runs=runs, **options)

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
        own = self.logits_given(number, state, symbol.shape[1])
        beyond = self.categories - self.sizes[number]
        return tf.pad(own, [[0, 0], [0, 0], [0, beyond]], constant_values=-np.inf), state

    def logits_given(
        self, column: int, before: Before, batch: int, part: Callable[[Any], tf.Tensor] = tf.convert_to_tensor
    ) -> tf.Tensor:
        """The logits of a column's own categories, [R, B, K_t], given those before it.

        Args:
            column: its number.
            before: the columns before it.
            batch: B.
            part: takes of a weight, [R, ...], those of some runs; by default of all.
        """
        kernel, bias = self.heads[column]
        if kernel is None:
            return tf.tile(part(bias)[:, None], (1, batch, 1))
        below, below_bias = (part(weight) for weight in self.hidden[column] or ())
        hidden = tf.nn.relu(tf.concat(before, axis=-1) @ below + below_bias[:, None])
        return hidden @ part(kernel) + part(bias)[:, None]

    def fill(self, codes: np.ndarray, known: Any, seed: Seed, run: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Draw the columns that are not known, in order, each given those before it.

        Args:
            codes: int32 [n, T]; what stands in unknown columns does not matter.
            known: bool [T].
            seed: int [2].
            run: whose weights.

        Returns:
            Whole rows int32 [n, T], and float64 [n], the logarithm of the probability of the known columns'
            codes, each given the columns before it.
        """
        codes = np.asarray(codes, np.int32)
        size = min(
            self.at_once, max(256, 1 << max(len(codes) - 1, 0).bit_length())
        )  # few programs do for all
        rows, weights = [], []
        for number, start in enumerate(range(0, len(codes), size)):
            part = codes[start : start + size]
            whole = np.concatenate([part, np.zeros((size - len(part), self.length), np.int32)])
            filled, weight = _filled(
                self, tf.constant(whole), tf.constant(known), fold_in(seed, APART * number), tf.constant(run)
            )
            rows.append(filled.numpy()[: len(part)])
            weights.append(weight.numpy()[: len(part)].astype(np.float64))
        if not rows:
            return codes, np.zeros(0)
        return np.concatenate(rows), np.concatenate(weights)

    def rows(self, n: int, seed: Seed, run: int = 0) -> np.ndarray:
        """Draw rows of a run, int32 [n, T]; `seed` is int [2]."""
        return self.fill(np.zeros((n, self.length), np.int32), np.zeros(self.length, bool), seed, run)[0]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        names = ("sizes", "units", "seed", "runs")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@tf.function(jit_compile=True)
def _filled(
    generator: ColumnGenerator, codes: tf.Tensor, known: tf.Tensor, seed: tf.Tensor, run: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    def of_run(weight: Any) -> tf.Tensor:
        return tf.convert_to_tensor(weight)[run][None]

    # By inverting cumulative distributions: a number for each symbol, where Gumbel-max needs K.
    uniform = tf.random.stateless_uniform(codes.shape[::-1], seed)  # [T, n]
    before: Before = ()
    rows, weights = [], tf.zeros(codes.shape[0])
    for column, size in enumerate(generator.sizes):
        logits = generator.logits_given(column, before, codes.shape[0], of_run)[0]
        logs = tf.nn.log_softmax(finite(logits))
        ends = tf.cumsum(tf.exp(logs), axis=-1)
        # Over its own last value, so that no number falls beyond it.
        drawn = tf.reduce_sum(tf.cast(uniform[column][:, None] * ends[:, -1:] >= ends[:, :-1], tf.int32), -1)
        code = tf.where(known[column], codes[:, column], drawn)
        one_hot = tf.one_hot(code, size)
        weights += tf.where(known[column], tf.reduce_sum(one_hot * logs, axis=-1), 0.0)
        before = (*before, one_hot[None])
        rows.append(code)
    return tf.stack(rows, axis=1), weights

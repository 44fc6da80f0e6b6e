"""Generators that emit one symbol after the other, and are fed what they have emitted."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from .estimators import Estimator, Loss, Pathwise
from .gumbel import Seed, drawn_once, finite, fold_in, gumbel_max
from .serialization import in_float32

Emit = Callable[[Any, tf.Tensor, Any], tuple[tf.Tensor, Any]]
"""Number of a step, the symbol before it and the state, to its symbol and the next state."""
APART = 7919
"""How far apart the seeds of the steps lie."""

AT_ONCE = 1 << 14
"""Sequences whose probabilities are computed at once, or that are drawn at once; fewer of many symbols."""
SYMBOLS_AT_ONCE = 1 << 22
"""Sequences times symbols, of which some vectors are in memory then."""


class AutoregressiveGenerator(keras.Model):
    """What these generators share: the loops over T steps. A subclass says what a step is.

    Args:
        categories: K, of each symbol; of fewer the logits of the others are minus infinity.
        length: T.
        runs: R.
    """

    runs_axis = 0
    """Axis of every weight along which the runs lie."""

    def __init__(self, categories: int, length: int, runs: int, **kwargs: Any) -> None:
        super().__init__(**in_float32(kwargs))
        self.categories, self.length, self.runs = categories, length, runs
        self.example_shape = (length,)

    def start(self, batch: int) -> tuple[tf.Tensor, Any]:
        """What the first step is given, [R, batch, K] and a state."""
        raise NotImplementedError

    def step(self, number: int, symbol: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
        """The logits of symbol `number` (0, 1, ...), [R, B, K], and the next state.

        Args:
            number: of the step.
            symbol: the one before, [R, B, K].
            state: whatever a step hands to the next one.
        """
        raise NotImplementedError

    def check_estimator(self, estimator: Estimator) -> None:
        """Check that the estimator can be used.

        Raises:
            ValueError: it does not differentiate through its samples, which are fed back.
        """
        if not isinstance(estimator, Pathwise):
            raise ValueError(
                f"generator.estimator: received {type(estimator).__name__} with a generator of sequences, "
                "whose samples are fed back: give one derived from gumbel_gan.Pathwise"
            )

    @property
    def at_once(self) -> int:
        """How many sequences are computed at once, so that the memory does not grow with the symbols."""
        return max(1, min(AT_ONCE, SYMBOLS_AT_ONCE // (self.runs * self.categories)))

    @property
    def logits_shape(self) -> tuple[int, ...]:
        """The shape of the logits that an estimator meets, but for the number of samples."""
        return (self.runs, self.categories)

    def relaxed(self, estimator: Estimator, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Samples, every symbol as the estimator makes it, [R, batch, T, K]."""
        assert isinstance(estimator, Pathwise)

        def emit(number: Any, symbol: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
            logits, state = self.step(number, symbol, state)
            flat = tf.reshape(logits, (-1, self.categories))  # an estimator sees R B runs of one sample
            path = estimator.path(flat, temperature, 1, fold_in(seed, APART * number))
            return tf.reshape(path, logits.shape), state

        return self.emitted(emit, *self.start(batch))

    def emitted(self, emit: Emit, symbol: tf.Tensor, state: Any) -> tf.Tensor:
        """The symbols of all steps, each fed to the next, [R, B, T, K].

        Args:
            emit: gives the symbol of step `number`, and the state after it.
            symbol: what the first step is given.
            state: likewise.
        """
        symbols = []
        for number in range(self.length):
            symbol, state = emit(number, symbol, state)
            symbols.append(symbol)
        return tf.stack(symbols, axis=2)

    def surrogate(
        self, estimator: Estimator, loss: Loss, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss, [R], whose gradient in the weights goes through the samples."""
        return tf.reduce_mean(loss(self.relaxed(estimator, temperature, batch, seed)), axis=1)

    def distribution(self) -> tf.Tensor:
        """Nothing that could be averaged over the steps, [R, 0]; the weights can, by the optimizer."""
        return tf.zeros((self.runs, 0))

    def call(self, codes: tf.Tensor) -> tf.Tensor:
        """The exact log-probability of each sequence, int32 [R, B, T] to [R, B]."""
        symbol, state = self.start(codes.shape[1])
        total = tf.zeros(codes.shape[:2])
        for number in range(self.length):
            logits, state = self.step(number, symbol, state)
            symbol = tf.one_hot(codes[..., number], self.categories)
            total += tf.reduce_sum(symbol * tf.nn.log_softmax(finite(logits)), axis=-1)
        return total

    def probabilities(self, codes: np.ndarray) -> np.ndarray:
        """The probability of each sequence of symbols, int32 [S, T] to float64 [R, S]."""
        return np.exp(self.log_probabilities(codes))

    def log_probabilities(self, codes: np.ndarray) -> np.ndarray:
        """The logarithms of the probabilities of sequences of symbols, int32 [S, T] to float64 [R, S]."""
        codes, size = np.asarray(codes, np.int32), self.at_once
        if len(codes) <= size:
            return _log_probabilities(self, tf.constant(codes)).numpy().astype(np.float64)
        parts = []
        for start in range(0, len(codes), size):  # of one size, so that one program does for all
            part = codes[start : start + size]
            whole = np.concatenate([part, np.zeros((size - len(part), self.length), np.int32)])
            found = _log_probabilities(self, tf.constant(whole)).numpy()
            parts.append(found[:, : len(part)].astype(np.float64))
        return np.concatenate(parts, axis=1)

    def sample(self, samples: int, seed: Seed | None = None) -> tf.Tensor:
        """Hard samples, each fed back, int32 [R, samples, T]; `seed` is int [2], by default drawn once."""
        seed = drawn_once(seed)
        symbol, state = self.start(samples)
        codes = []
        for number in range(self.length):
            logits, state = self.step(number, symbol, state)
            flat = tf.reshape(logits, (-1, self.categories))
            code = gumbel_max(flat, 1, fold_in(seed, APART * number))
            codes.append(tf.reshape(code, (self.runs, samples)))
            symbol = tf.one_hot(codes[-1], self.categories)
        return tf.stack(codes, axis=2)


@tf.function(jit_compile=True)
def _log_probabilities(generator: AutoregressiveGenerator, codes: tf.Tensor) -> tf.Tensor:
    return generator(tf.tile(codes[None], (generator.runs, 1, 1)))

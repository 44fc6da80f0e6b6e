"""Sequences of categories: a generator that feeds its own samples back, and three discriminators.

Kusner and Hernández-Lobato 2016. Samples gain an axis of T steps, [R, B, T, K], real examples are int32
[R, B, T]. These models keep one run, R = 1, so that their layers are Keras' own; a study trains its runs one
after the other.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from .estimators import Estimator, Loss, Pathwise, register
from .gumbel import Seed, gumbel_max
from .language import decode

APART = 7919
"""What tells the noise of a sequence's steps apart, in the first number of its seed."""


@register
class SequenceGenerator(keras.Model):
    """An LSTM that emits one symbol at a time and is fed what it emitted; the noise is all its randomness.

    Args:
        symbols: K of them; the last one pads.
        length: T.
        units: of the LSTM.
        seed: of the initial weights.
    """

    runs = 1

    def __init__(self, symbols: str, length: int, units: int = 64, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.symbols, self.length, self.units, self.seed = symbols, length, units, seed
        self.categories = len(symbols)
        glorot, orthogonal = keras.initializers.GlorotUniform, keras.initializers.Orthogonal
        self.cell = keras.layers.LSTMCell(
            units, kernel_initializer=glorot(seed), recurrent_initializer=orthogonal(seed=seed)
        )
        self.head = keras.layers.Dense(self.categories, kernel_initializer=glorot(seed + 1))
        self.cell.build((None, self.categories))
        self.head.build((None, units))
        self.built = True

    @property
    def logits_shape(self) -> tuple[int, ...]:
        """Of the logits that an estimator meets, but for the number of samples."""
        return (1, self.categories)

    def start(self, samples: int) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Nothing yet: a symbol [samples, K] and a state of zeros."""
        zeros = tf.zeros((samples, self.units))
        return tf.zeros((samples, self.categories)), [zeros, zeros]

    def step(self, symbol: tf.Tensor, state: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The next symbol's logits [B, K], and state, after a symbol [B, K]."""
        output, state = self.cell(symbol, state)
        return self.head(output), state

    def relaxed(self, estimator: Estimator, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """What the discriminator sees, [1, batch, T, K]: every symbol as the estimator makes it."""
        assert isinstance(estimator, Pathwise)
        symbol, state = self.start(batch)
        symbols = []
        for number in range(self.length):
            logits, state = self.step(symbol, state)
            noise = tf.stack([seed[0] + APART * number, seed[1]])
            symbol = estimator.path(logits, temperature, 1, noise)[:, 0]  # [B, K]: B "runs" of one sample
            symbols.append(symbol)
        return tf.stack(symbols, axis=1)[None]

    def surrogate(
        self, estimator: Estimator, loss: Loss, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss, [1], whose gradient in the weights goes through the samples."""
        return tf.reduce_mean(loss(self.relaxed(estimator, temperature, batch, seed)), axis=1)

    def distribution(self) -> tf.Tensor:
        """Nothing that could be averaged over the steps, [1, 0]; the weights can, by the optimizer."""
        return tf.zeros((1, 0))

    def call(self, codes: tf.Tensor) -> tf.Tensor:
        """The log-probability of each sequence, int32 [B, T] to [B]: a product of softmax rows, exactly."""
        symbol, state = self.start(codes.shape[0])
        total = tf.zeros(codes.shape[0])
        for number in range(self.length):
            logits, state = self.step(symbol, state)
            symbol = tf.one_hot(codes[:, number], self.categories)
            total += tf.reduce_sum(symbol * tf.nn.log_softmax(logits), axis=-1)
        return total

    def probabilities(self, codes: np.ndarray) -> np.ndarray:
        """The probability of each sequence of symbols, int32 [S, T] to float64 [1, S]."""
        return np.exp(_log_probabilities(self, tf.constant(codes)).numpy().astype(np.float64))[None]

    def sample(self, samples: int, seed: Seed) -> tf.Tensor:
        """Hard samples, each fed back, int32 [1, samples, T]; `seed` is int [2]."""
        symbol, state = self.start(samples)
        codes = []
        for number in range(self.length):
            logits, state = self.step(symbol, state)
            code = gumbel_max(logits, 1, (seed[0] + APART * number, seed[1]))[:, 0]
            codes.append(code)
            symbol = tf.one_hot(code, self.categories)
        return tf.stack(codes, axis=1)[None]

    def names(self, samples: np.ndarray, labels: Any) -> list[str]:
        """Samples [n, T] as strings."""
        return decode(samples, self.symbols)

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        names = ("symbols", "length", "units", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@tf.function(jit_compile=True)
def _log_probabilities(generator: SequenceGenerator, codes: tf.Tensor) -> tf.Tensor:
    return generator(codes)


@register
class Windows(keras.layers.Layer):
    """Every symbol with its two neighbours, [B, T, C] to [B, T, 3 C]; a dense layer on top is a convolution.

    Keras' own convolution, differentiated twice for a penalty, took 72 ms a batch in XLA on a CPU, this 9.
    """

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Zeros beyond both ends."""
        padded = tf.pad(x, [[0, 0], [1, 1], [0, 0]])
        return tf.concat([padded[:, :-2], x, padded[:, 2:]], axis=-1)


@register
class SequenceDiscriminator(keras.Model):
    """A discriminator of whole sequences.

    Args:
        symbols: K.
        length: T.
        kind: "mlp" over the flattened sequence; "convolution", windows of three symbols, twice; "lstm", the
            paper's, which judges by its last state.
        units: of each hidden layer.
        seed: of the initial weights.
    """

    def __init__(
        self, symbols: int, length: int, kind: str, units: list[int], seed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.symbols, self.length, self.kind, self.units, self.seed = symbols, length, kind, units, seed
        self.categories = symbols
        layers = keras.layers
        hidden: list[keras.layers.Layer] = []
        for number, size in enumerate(units):
            glorot = keras.initializers.GlorotUniform(seed + number)
            if kind == "mlp":
                hidden.append(layers.Dense(size, kernel_initializer=glorot))
            elif kind == "convolution":
                hidden += [Windows(), layers.Dense(size, kernel_initializer=glorot)]
            else:
                last = number == len(units) - 1
                orthogonal = keras.initializers.Orthogonal(seed=seed + number)
                hidden.append(
                    layers.LSTM(
                        size,
                        return_sequences=not last,
                        unroll=True,  # a penalty differentiates twice, which a loop would not allow
                        kernel_initializer=glorot,
                        recurrent_initializer=orthogonal,
                    )
                )
                continue
            hidden.append(layers.LeakyReLU(0.2))
        flat = layers.Flatten()
        head = layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed + len(units)))
        body = {"mlp": [flat, *hidden], "convolution": [*hidden, flat], "lstm": hidden}[kind]
        self.network = keras.Sequential([layers.Input((length, symbols)), *body, head])
        self.built = True

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The log-odds of real, of integers [1, B, T] or vectors [1, B, T, K], as [1, B]."""
        if x.dtype.is_integer:
            x = tf.one_hot(x, self.symbols)
        return self.network(x[0])[None, :, 0]

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        names = ("symbols", "length", "kind", "units", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

"""Sequences of categories: a generator that feeds its own samples back, and two discriminators.

Kusner and Hernández-Lobato 2016. Samples have an axis of T steps, [R, B, T, K], and real examples are int32
[R, B, T]. Everything has a runs axis, as with single categories. (`MlpDiscriminator` judges sequences, too.)
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..config.checks import check_count, seed_of
from .autoregressive import AutoregressiveGenerator, Emit
from .discriminators import Discriminator
from .gumbel import vectors
from .initial import glorot, orthogonal
from .parts import Examples
from .serialization import register

State = tuple[tf.Tensor, tf.Tensor]
"""An LSTM's output and memory, [R, B, units] each."""


class Lstm:
    """LSTM cells of R runs (Hochreiter and Schmidhuber 1997, with Keras' order of the gates).

    Args:
        model: whose weights they become.
        inputs: size of an input.
        units: size of an output.
        seed: of the initial weights; by default one draw of Python's `random`.
        name: a part of the weights' names.
    """

    def __init__(self, model: Any, inputs: int, units: int, seed: int, name: str) -> None:
        self.units, runs, gates = units, model.runs, 4 * units
        self.kernel = model.add_weight(
            shape=(runs, inputs, gates), initializer=glorot(inputs + gates, seed), name=f"{name}_kernel"
        )
        self.recurrent_kernel = model.add_weight(
            shape=(runs, units, gates), initializer=orthogonal(seed), name=f"{name}_recurrent_kernel"
        )
        self.bias = model.add_weight(shape=(runs, gates), initializer=_forgetting, name=f"{name}_bias")

    def start(self, runs: int, batch: int) -> State:
        """A state of zeros."""
        zeros = tf.zeros((runs, batch, self.units))
        return zeros, zeros

    def step(self, x: tf.Tensor, state: State) -> State:
        """The next state, after an input [R, B, inputs]."""
        output, memory = state
        kernel, recurrent, bias = (
            tf.convert_to_tensor(weight) for weight in (self.kernel, self.recurrent_kernel, self.bias)
        )
        gates = x @ kernel + output @ recurrent + bias[:, None]
        write, keep, candidate, read = tf.split(gates, 4, axis=-1)
        memory = tf.sigmoid(keep) * memory + tf.sigmoid(write) * tf.tanh(candidate)
        return tf.sigmoid(read) * tf.tanh(memory), memory


def _forgetting(shape: tuple[int, ...], dtype: Any = None) -> tf.Tensor:
    """Zeros, but ones for the gate that keeps the memory (Jozefowicz et al. 2015), [R, 4 units]."""
    units = shape[-1] // 4
    return tf.tile(tf.repeat(tf.constant([[0.0, 1.0, 0.0, 0.0]]), units, axis=1), (shape[0], 1))


@register
class SequenceGenerator(AutoregressiveGenerator):
    """An LSTM that emits one symbol at a time and is fed what it emitted; the noise is all its randomness.

    Args:
        symbols: the alphabet, K of them; the last one pads.
        length: T.
        units: of the LSTM.
        seed: of the initial weights; by default one draw of Python's `random`.
        runs: R.

    Example:
        The probabilities are exact: those of all 81 sequences sum to 1.

        >>> import itertools
        >>> import gumbel_gan as gg
        >>> generator = gg.SequenceGenerator("ab ", length=4, units=8, seed=0)
        >>> generator.sample(5, seed=(0, 1)).shape.as_list()
        [1, 5, 4]
        >>> codes = list(itertools.product(range(3), repeat=4))
        >>> print(generator.probabilities(codes).sum().round(3))
        1.0
    """

    def __init__(
        self,
        symbols: str,
        length: int,
        units: int = 64,
        seed: int | None = None,
        runs: int = 1,
        **kwargs: Any,
    ) -> None:
        check_count("symbols", len(symbols), least=2)
        for name, number in (("length", length), ("units", units), ("runs", runs)):
            check_count(name, number)
        categories = len(symbols)
        super().__init__(categories, length, runs, **kwargs)
        self.symbols, self.units = symbols, units
        self.seed = seed = seed_of(seed)
        self.lstm = Lstm(self, categories, units, seed, "lstm")
        self.head_kernel = self.add_weight(
            shape=(runs, units, categories),
            initializer=glorot(units + categories, seed + 1),
            name="head_kernel",
        )
        self.head_bias = self.add_weight(shape=(runs, categories), initializer="zeros", name="head_bias")
        self.built = True

    @classmethod
    def made(cls, examples: Examples, runs: int, seed: int, **options: Any) -> "SequenceGenerator":
        """The generator for a stream of sequences."""
        assert examples.length is not None
        # Another seed than the discriminator's: weights of equal shapes would begin equal.
        return cls(examples.alphabet, examples.length, seed=seed + 1_000, runs=runs, **options)

    def start(self, batch: int) -> tuple[tf.Tensor, State]:
        """No symbol yet, zeros [R, batch, K], and a state of zeros."""
        return tf.zeros((self.runs, batch, self.categories)), self.lstm.start(self.runs, batch)

    def step(self, number: int, symbol: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        """The next symbol's logits [R, B, K], and state, after a symbol [R, B, K]."""
        state = self.lstm.step(symbol, state)
        kernel, bias = tf.convert_to_tensor(self.head_kernel), tf.convert_to_tensor(self.head_bias)
        return state[0] @ kernel + bias[:, None], state

    def emitted(self, emit: Emit, symbol: tf.Tensor, state: State) -> tf.Tensor:
        """The symbols of all steps, [R, B, T, K], in a loop: steps are alike, so one of them is compiled."""

        def step(number: tf.Tensor, symbol: tf.Tensor, state: State, symbols: Any) -> tuple[Any, ...]:
            symbol, state = emit(number, symbol, state)
            return number + 1, symbol, state, symbols.write(number, symbol)

        symbols = tf.TensorArray(symbol.dtype, self.length, element_shape=symbol.shape)
        # Of known length, or XLA could not keep what the gradient needs of every step.
        *_, symbols = tf.while_loop(
            lambda number, *_: number < self.length,
            step,
            (tf.constant(0), symbol, state, symbols),
            maximum_iterations=self.length,
        )
        return tf.transpose(symbols.stack(), (1, 2, 0, 3))

    def names(self, samples: np.ndarray, labels: Any) -> list[str]:
        """Samples [n, T] as strings, without the padding at their end."""
        return ["".join(self.symbols[code] for code in row).rstrip(self.symbols[-1]) for row in samples]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        names = ("symbols", "length", "units", "seed", "runs")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class SequenceDiscriminator(Discriminator):
    """What the discriminators of sequences share.

    Args:
        categories: K, symbols.
        length: T.
        runs: R.
        seed: of the initial weights; by default one draw of Python's `random`.
        units: of each hidden layer.
    """

    def __init__(
        self,
        categories: int,
        length: int,
        runs: int = 1,
        seed: int | None = None,
        units: Sequence[int] = (64, 64),
        **kwargs: Any,
    ) -> None:
        super().__init__(categories, runs, seed, **kwargs)
        check_count("length", length)
        for number in units:
            check_count("units", number)
        self.length, self.units = length, list(units)
        inputs = self.add_layers()
        self.head = self.glorot((inputs, 1), inputs + 1, "head_kernel")
        self.head_bias = self.zeros(1, "head_bias")
        self.built = True

    def add_layers(self) -> int:
        """Make the hidden layers; the size of what they give."""
        raise NotImplementedError

    def hidden(self, x: tf.Tensor) -> tf.Tensor:
        """What the hidden layers give, of vectors [R, B, T, K], as [R, B, size]."""
        raise NotImplementedError

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The log-odds of real [R, B], of integers [R, B, T] or vectors [R, B, T, K]."""
        hidden = self.hidden(vectors(x, self.categories))
        output = hidden @ tf.convert_to_tensor(self.head) + tf.convert_to_tensor(self.head_bias)[:, None]
        return output[..., 0]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        config = {**super().get_config(), "length": self.length, "units": self.units}
        del config["spectral_norm"]
        return config


@register
class ConvolutionDiscriminator(SequenceDiscriminator):
    """Convolutions over windows of three symbols, with leaky rectifiers.

    Each is a dense layer over every symbol beside its two neighbours: a convolution of Keras' own,
    differentiated twice for a penalty, is several times slower in XLA on a CPU.

    Example:
        >>> import gumbel_gan as gg
        >>> strings = gg.grammar(length=7)
        >>> discriminator = gg.ConvolutionDiscriminator(len(strings.alphabet), length=7, units=(8, 8), seed=0)
        >>> discriminator(strings.codes[None, :10]).shape.as_list()
        [1, 10]
    """

    def add_layers(self) -> int:
        """A kernel [R, 3 in, out] and a bias for each layer."""
        self.layers_, inputs = [], self.categories
        for layer, units in enumerate(self.units):
            kernel = self.glorot((3 * inputs, units), 3 * inputs + units, f"kernel_{layer}")
            self.layers_.append((kernel, self.zeros(units, f"bias_{layer}")))
            inputs = units
        return self.length * inputs

    def hidden(self, x: tf.Tensor) -> tf.Tensor:
        """The last layer, flattened, [R, B, T units]."""
        runs, batch = x.shape[:2]
        for kernel, bias in self.layers_:
            x = tf.reshape(windows(x), (runs, batch * self.length, -1))
            x = tf.nn.leaky_relu(x @ tf.convert_to_tensor(kernel) + tf.convert_to_tensor(bias)[:, None])
            x = tf.reshape(x, (runs, batch, self.length, -1))
        return tf.reshape(x, (runs, batch, -1))


def windows(x: tf.Tensor) -> tf.Tensor:
    """Every step beside its two neighbours, with zeros beyond both ends, [R, B, T, C] to [R, B, T, 3 C]."""
    padded = tf.pad(x, [[0, 0], [0, 0], [1, 1], [0, 0]])
    return tf.concat([padded[:, :, :-2], x, padded[:, :, 2:]], axis=-1)


@register
class LstmDiscriminator(SequenceDiscriminator):
    """LSTMs on top of each other; the last one judges by its last state, as the paper's.

    Example:
        >>> import gumbel_gan as gg
        >>> strings = gg.grammar(length=7)
        >>> discriminator = gg.LstmDiscriminator(len(strings.alphabet), length=7, units=(8,), seed=0)
        >>> discriminator(strings.codes[None, :10]).shape.as_list()
        [1, 10]
    """

    def add_layers(self) -> int:
        """The cells of each layer."""
        sizes = [self.categories, *self.units]
        self.cells = [
            Lstm(self, inputs, units, self.seed + layer, f"lstm_{layer}")
            for layer, (inputs, units) in enumerate(itertools.pairwise(sizes))
        ]
        return sizes[-1]

    def hidden(self, x: tf.Tensor) -> tf.Tensor:
        """The last state of the last layer, [R, B, units].

        Unrolled: a loop compiles sooner, but with a penalty, whose gradient is differentiated again, a step
        takes six times as long.
        """
        states = [cell.start(*x.shape[:2]) for cell in self.cells]
        for number in range(self.length):
            symbol = x[:, :, number]
            for layer, cell in enumerate(self.cells):
                states[layer] = cell.step(symbol, states[layer])
                symbol = states[layer][0]
        return states[-1][0]

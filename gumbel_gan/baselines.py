"""What else can learn a distribution over strings: maximum likelihood, n-grams, counting.

Each takes the settings of a GAN, and learns from the same strings. What comes back are the probabilities of
all strings of the source, [1, S].
"""

from typing import Any

import numpy as np
import tensorflow as tf

from . import experiment
from .config import Config
from .data import Stream
from .language import Strings
from .sources import Frequencies, open_source


def maximum_likelihood(config: Config) -> np.ndarray:
    """The GAN's own generator, optimizer and number of batches, but its loss is -log p of real strings."""
    source = _source(config)
    training = config.training
    stream = Stream(source, batches=training.batches, batch_size=training.batch_size, seed=config.seed)
    generator = experiment.generator(config, stream.categories, source.symbols)
    optimizer = experiment.generator_optimizer(
        config.generator, training.epsilon, config.epochs * training.batches
    )
    weights = generator.trainable_weights
    optimizer.build(weights)

    @tf.function(jit_compile=True)
    def epoch(batches: tf.Tensor) -> None:
        for batch in tf.range(tf.shape(batches)[0]):
            with tf.GradientTape() as tape:
                loss = -tf.reduce_mean(generator(batches[batch, 0]))
            optimizer.apply(tape.gradient(loss, [w.value for w in weights]), weights)

    for number in range(config.epochs):
        epoch(tf.constant(stream.examples(number)))
    optimizer.finalize_variable_values(weights)
    return generator.probabilities(source.codes)


def ngram(config: Config, context: int = 3, smoothing: float = 0.1) -> np.ndarray:
    """Each symbol given the three before it; `smoothing` is added to every count (Lidstone)."""
    source = _source(config)
    counts = _seen(config, source)
    symbols = len(source.symbols)
    padded = np.pad(source.codes, ((0, 0), (context, 0)), constant_values=symbols)  # the start is a symbol
    windows = np.lib.stride_tricks.sliding_window_view(padded, context + 1, axis=1)  # [S, T, context + 1]
    place = np.ravel_multi_index(
        tuple(np.moveaxis(windows, -1, 0)), (symbols + 1,) * (context + 1)
    )  # [S, T], of the context and the symbol
    seen = np.bincount(
        place.ravel(), np.repeat(counts, source.length), minlength=(symbols + 1) ** (context + 1)
    )
    table = seen.reshape(-1, symbols + 1)[:, :symbols] + smoothing
    table = table / table.sum(1, keepdims=True)
    followed = table[place // (symbols + 1), place % (symbols + 1)]  # [S, T]
    return followed.prod(1)[None]


def empirical(config: Config) -> np.ndarray:
    """The frequencies of the strings themselves."""
    counts = _seen(config, _source(config))
    return (counts / counts.sum())[None]


def _source(config: Config) -> Strings:
    source = open_source(config.data)
    if not isinstance(source, Strings):
        raise ValueError("data.length: required for the baselines, which learn strings: give 12")
    return source


def _seen(config: Config, source: Strings) -> np.ndarray:
    """How often each string was seen, [S]: in the file, or in as many as a GAN consumes."""
    if isinstance(source.source, Frequencies):
        return source.source.counts
    training = config.training
    size = config.epochs * training.batches * training.batch_size
    return np.random.default_rng(config.seed).multinomial(size, source.target)


BASELINES: dict[str, Any] = {
    "maximum_likelihood": maximum_likelihood,
    "ngram": ngram,
    "empirical": empirical,
}

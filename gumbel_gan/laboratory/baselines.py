"""What else can learn a distribution over strings or rows: maximum likelihood, n-grams, trees, counting.

Each takes the settings of a GAN and learns, in every run, from the same strings or rows as the GAN's run. It
gives the probabilities of all strings or rows of the source, [R, S].
"""

from threading import Event
from typing import Any

import numpy as np

from ..config.catalogue import SOURCES
from ..config.config import Config
from ..data.counting import Counted, SpreadRows, chow_liu, independent
from ..data.opening import open_source
from ..data.source import Source
from ..data.stream import Stream
from ..results.metrics import total_variation
from ..training.progress import CutShort, Told
from .tasks import Columns, Gan


class Baseline(Gan):
    """What the baselines share: strings or rows, and the scores of what was learned."""

    streams: tuple[str, ...] = ("sequences",)
    """What it can learn."""

    def learn(
        self, config: Config, source: Source, progress: Told | None = None, stopping: Event | None = None
    ) -> np.ndarray:
        """The probabilities that are learned of all strings of the source, [R, S].

        Args:
            config: of a GAN.
            source: of strings.
            progress: is told of every epoch.
            stopping: a flag that ends it early.

        Raises:
            CutShort: the flag was set before it was done.
        """
        raise NotImplementedError

    def train(
        self, settings: Config, progress: Told | None = None, stopping: Event | None = None
    ) -> tuple[np.ndarray, Columns]:
        """The total variation, the same in every epoch, [E, R], and the scores."""
        source = open_source(settings.data)
        if (stream := SOURCES[source.kind].stream) not in self.streams:
            key, example = ("length", "12") if "sequences" in self.streams else ("columns", "all")
            raise ValueError(
                f"data.{key}: required for this baseline, which learns {' or '.join(self.streams)}, not "
                f"{stream}: give {example}"
            )
        learned = self.learn(settings, source, progress, stopping)
        distance = total_variation(learned, source.target)
        scores = source.scores(learned, learned, learned, 0)
        first = {name: scores.pop(name) for name in ("validity",) if name in scores}
        columns = {**first, "total_variation": distance, **scores}
        return np.tile(distance, (settings.epochs, 1)), columns


class MaximumLikelihood(Baseline):
    """The GAN's own generator, optimizer and number of batches, but its loss is -log p of real examples.

    Where the GAN stops by rows that are not trained on, so does this.
    """

    streams = ("sequences", "rows")

    def learn(
        self, config: Config, source: Source, progress: Told | None = None, stopping: Event | None = None
    ) -> np.ndarray:
        """By gradient descent on the strings of the GAN's stream."""
        assert source.codes is not None
        learned: np.ndarray = fitted(config, source, progress, stopping).probabilities(source.codes)
        return learned


class CountedRows(Baseline):
    """What counting makes of a table's rows; the same in every run."""

    streams = ("rows",)

    def fit(self, source: Any) -> Counted:
        """A distribution over rows, of those to train on."""
        raise NotImplementedError

    def learn(
        self, config: Config, source: Source, progress: Told | None = None, stopping: Event | None = None
    ) -> np.ndarray:
        """By counting."""
        assert source.codes is not None
        logs = self.fit(source).log_probabilities(source.codes)
        return np.tile(np.exp(logs), (config.runs, 1))


class Independent(CountedRows):
    """Every column by itself."""

    def fit(self, source: Any) -> Counted:
        """The shares of each column's categories."""
        return independent(source.codes, source.weights[0], source.sizes)


class ChowLiu(CountedRows):
    """The tree of pairs of columns with the largest mutual information."""

    def fit(self, source: Any) -> Counted:
        """The tree, and each column given its parent."""
        return chow_liu(source.codes, source.weights[0], source.sizes)


class Spread(CountedRows):
    """The rows themselves, with a part of the probability spread over all cells."""

    def fit(self, source: Any) -> Counted:
        """The part is chosen by the rows that tell when to stop."""
        return SpreadRows(source.codes, source.weights[:2], source.sizes)


class Ngram(Baseline):
    """Each symbol given the three before it, from counts with a little added to each (Lidstone)."""

    context = 3
    smoothing = 0.1

    def learn(
        self, config: Config, source: Source, progress: Told | None = None, stopping: Event | None = None
    ) -> np.ndarray:
        """By counting."""
        assert source.codes is not None
        symbols = len(source.alphabet)
        # The start is a symbol of its own.
        padded = np.pad(source.codes, ((0, 0), (self.context, 0)), constant_values=symbols)
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.context + 1, axis=1)
        shape = (symbols + 1,) * (self.context + 1)
        place = np.ravel_multi_index(tuple(np.moveaxis(windows, -1, 0)), shape)  # [S, T], context and symbol
        return np.stack([self._of_run(counts, place, symbols) for counts in seen(config, source)])

    def _of_run(self, counts: np.ndarray, place: np.ndarray, symbols: int) -> np.ndarray:
        repeated = np.repeat(counts, place.shape[1])
        occurrences = np.bincount(place.ravel(), repeated, minlength=(symbols + 1) ** (self.context + 1))
        table = occurrences.reshape(-1, symbols + 1)[:, :symbols] + self.smoothing
        table = table / table.sum(1, keepdims=True)
        probabilities: np.ndarray = table[place // (symbols + 1), place % (symbols + 1)].prod(1)  # [S]
        return probabilities


class Empirical(Baseline):
    """The frequencies of the strings seen."""

    def learn(
        self, config: Config, source: Source, progress: Told | None = None, stopping: Event | None = None
    ) -> np.ndarray:
        """By counting."""
        counts = seen(config, source)
        frequencies: np.ndarray = counts / counts.sum(-1, keepdims=True)
        return frequencies


def seen(config: Config, source: Source) -> np.ndarray:
    """How often each run saw each string, [R, S]: in what was drawn once, or in as many as a GAN consumes."""
    return np.stack([_seen(config, source.of_run(run), run) for run in range(config.runs)])


def _seen(config: Config, source: Source, run: int) -> np.ndarray:
    if source.counts is not None:
        return source.counts
    training = config.training
    size = config.epochs * training.batches * training.batch_size
    return np.random.default_rng((config.seed, run)).multinomial(size, source.target)


def fitted(
    config: Config, source: Source, progress: Told | None = None, stopping: Event | None = None
) -> Any:
    """The generator of a GAN's settings, trained by likelihood on the examples that the GAN would see.

    It is trained where the GAN would be.

    Args:
        config: of a GAN; with `training.patience` each run keeps its best epoch.
        source: of strings or rows.
        progress: is told of every epoch.
        stopping: a flag that ends it early.

    Raises:
        CutShort: the flag was set before it was done.
    """
    import tensorflow as tf

    from ..training.place import place_of

    with tf.device(place_of(config, source).device):
        return _fitted(config, source, progress, stopping)


def _fitted(config: Config, source: Source, progress: Told | None, stopping: Event | None) -> Any:
    import tensorflow as tf

    from ..gan.optimizers import moving_average
    from ..training.best import Best
    from ..training.build import generator, generator_optimizer

    training = config.training
    stream = Stream(
        source,
        runs=config.runs,
        batches=training.batches,
        batch_size=training.batch_size,
        seed=config.seed,
    )
    network = generator(config, source.symbols, source.alphabet, source.sizes)
    steps = config.epochs * training.batches
    optimizer = generator_optimizer(config.generator, training.epsilon, steps)
    weights = network.trainable_weights
    optimizer.build(weights)

    @tf.function(jit_compile=True)
    def epoch(batches: "tf.Tensor") -> None:
        for batch in tf.range(tf.shape(batches)[0]):
            with tf.GradientTape() as tape:
                # Summed over runs, so that each run steps as if it were alone.
                loss = -tf.reduce_sum(tf.reduce_mean(network(batches[batch]), axis=1))
            optimizer.apply(tape.gradient(loss, [w.value for w in weights]), weights)

    best = None if training.patience is None else Best(training.patience, config.runs)
    for number in range(config.epochs):
        if stopping is not None and stopping.is_set():
            raise CutShort
        epoch(tf.constant(stream.examples(number)))
        if progress is not None:
            progress(number + 1, config.epochs, "")
        if best is not None:
            with moving_average(optimizer, network):
                learned = network.probabilities(source.codes)
            if best.take(network, optimizer, *source.stopping(learned), number + 1):
                break
    optimizer.finalize_variable_values(weights)
    if best is not None:
        best.put_back(network, optimizer)
    return network

"""The stream of categorical integers, a whole epoch of batches at a time, as `tf.data`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from .sources import Feed, Source

if TYPE_CHECKING:
    import tensorflow as tf

_KEPT = 8  # epochs: what `tf.data` prefetches and a callback may still ask for


class Stream:
    """Epochs of batches of categories, for R independent runs.

    A drawn source gives each run numbers of its own, from (seed, epoch, run), so any epoch can be
    produced again; a feed gives all runs the same, once.

    Args:
        source: where the categories come from.
        runs: R.
        batches: N, batches in an epoch.
        batch_size: B.
        seed: of the drawn numbers.
        first_run: the number of the first of the runs, where they are a part of more.
    """

    def __init__(
        self,
        source: Source,
        *,
        runs: int = 1,
        batches: int = 100,
        batch_size: int = 10,
        seed: int = 0,
        first_run: int = 0,
    ) -> None:
        self.source, self.first_run = source, first_run
        self.runs, self.batches, self.batch_size, self.seed = runs, batches, batch_size, seed
        self._recent: dict[int, np.ndarray] = {}

    @property
    def categories(self) -> int:
        """K; of strings, how many symbols there are."""
        return len(getattr(self.source, "symbols", self.source.labels))

    @property
    def outcomes(self) -> int:
        """How many different things may come: K; of strings S, how many there are."""
        return len(self.source.labels)

    def epoch(self, epoch: int) -> np.ndarray:
        """The integers of an epoch (0, 1, ...), int32 [N, R, B]; where a feed ends, with fewer batches."""
        if epoch not in self._recent:
            self._recent[epoch] = self._read() if isinstance(self.source, Feed) else self._draw(epoch)
            self._recent.pop(epoch - _KEPT, None)
        return self._recent[epoch]

    def examples(self, epoch: int) -> np.ndarray:
        """What the GAN sees of an epoch: its integers; or the symbols of its strings, int32 [N, R, B, T]."""
        integers = self.epoch(epoch)
        return integers if self.codes is None else self.codes[integers]

    @property
    def codes(self) -> np.ndarray | None:
        """The symbols of every category that is a string, int32 [S, T]; None where categories are all."""
        return getattr(self.source, "codes", None)

    def _draw(self, epoch: int) -> np.ndarray:
        size = self.batches * self.batch_size
        source = self.source.at(epoch)  # type: ignore[union-attr]
        # In the order in which it is read: at 64 runs an epoch of `fit` takes a millisecond less.
        integers = np.empty((self.batches, self.runs, self.batch_size), np.int32)
        for run in range(self.runs):
            random = np.random.default_rng((self.seed, epoch, self.first_run + run))
            integers[:, run] = source.draw(random, size).reshape(self.batches, self.batch_size)
        return integers

    def _read(self) -> np.ndarray:
        integers = self.source.take(self.batches * self.batch_size)  # type: ignore[union-attr]
        full = len(integers) // self.batch_size
        batches = integers[: full * self.batch_size].reshape(full, 1, self.batch_size)
        return np.broadcast_to(batches, (full, self.runs, self.batch_size))


def dataset(stream: Stream, first_epoch: int = 0) -> "tf.data.Dataset":
    """The stream as a dataset, whose every element is an epoch, int32 [N, R, B] or [N, R, B, T].

    An epoch at a time, since `from_generator` costs some 100 µs an element, many times an optimizer step.
    """
    import tensorflow as tf

    def epochs() -> Iterator[np.ndarray]:
        epoch = first_epoch
        while len(examples := stream.examples(epoch)):
            yield examples
            epoch += 1

    inner = () if stream.codes is None else stream.codes.shape[1:]
    signature = tf.TensorSpec((None, stream.runs, stream.batch_size, *inner), tf.int32)
    options = tf.data.Options()
    # Nothing is to be tuned, and half of the trainings of 10 s waited 3 to 10 s more for the tuner's thread.
    options.autotune.enabled = False
    drawn = tf.data.Dataset.from_generator(epochs, output_signature=signature)
    return drawn.prefetch(2).with_options(options)

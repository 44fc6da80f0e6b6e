"""The stream of categorical integers, a whole epoch of batches at a time."""

import functools
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..config.checks import check_count, seed_of
from .source import Source

KEPT = 8
"""Epochs that are kept: what `tf.data` prefetches and a callback may still ask for."""


class Stream:
    """Epochs of batches of categories, for R independent runs.

    A source that can be replayed gives each run numbers of its own, from (seed, epoch, run), so any epoch
    can be drawn again; one that passes once gives all runs the same.

    Args:
        source: where the categories come from.
        runs: R.
        batches: N, batches in an epoch.
        batch_size: B.
        seed: of the drawn numbers; by default one draw of Python's `random`.
        first_run: the number of the first of the runs, where they are a part of more.
        block: runs that draw from one generator. Many runs are drawn sooner in blocks, by a thread on every
            core. The numbers are others then. Where runs draw from different sources, a block is one run.

    Raises:
        ValueError: one of the numbers would not do.

    Example:
        >>> import gumbel_gan as gg
        >>> stream = gg.Stream(gg.Distribution([0.2, 0.8]), runs=4, batches=50, seed=0)
        >>> stream.categories, stream.epoch(0).shape
        (2, (50, 4, 10))
        >>> print(stream.epoch(0).mean().round(1))
        0.8
    """

    def __init__(
        self,
        source: Source,
        *,
        runs: int = 1,
        batches: int = 100,
        batch_size: int = 10,
        seed: int | None = None,
        first_run: int = 0,
        block: int = 1,
    ) -> None:
        for name, number in (
            ("runs", runs), ("batches", batches), ("batch_size", batch_size), ("block", block)
        ):  # fmt: skip
            check_count(name, number)
        self.source, self.first_run, self.seed = source, first_run, seed_of(seed)
        self.runs, self.batches, self.batch_size = runs, batches, batch_size
        self.block = block if type(source).of_run is Source.of_run else 1
        self._recent: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # integers and their counts

    @property
    def categories(self) -> int:
        """K; of sequences, how many symbols there are; of rows, the most that a column has."""
        return self.source.symbols

    @property
    def outcomes(self) -> int:
        """How many different things may come: K; of sequences S, how many there are."""
        return len(self.source.labels)

    @property
    def example_shape(self) -> tuple[int, ...]:
        """The shape of one example: () of a category, (T,) of a sequence."""
        return () if self.source.codes is None else self.source.codes.shape[1:]

    def epoch(self, epoch: int) -> np.ndarray:
        """The integers of an epoch (0, 1, ...), int32 [N, R, B]; where a feed ends, with fewer batches.

        Example:
            The same seed gives the same epoch, in whatever order epochs are drawn:

            >>> import gumbel_gan as gg
            >>> source = gg.Distribution([0.2, 0.8])
            >>> stream, again = gg.Stream(source, seed=0), gg.Stream(source, seed=0)
            >>> first = stream.epoch(0)
            >>> bool((stream.epoch(7) == again.epoch(7)).all())
            True
        """
        return self._drawn(epoch)[0]

    def counts(self, epoch: int) -> np.ndarray:
        """How often each run meets each outcome in an epoch, int64 [R, K].

        Example:
            >>> import gumbel_gan as gg
            >>> stream = gg.Stream(gg.Distribution([0.2, 0.8]), runs=2, batches=3, batch_size=4, seed=0)
            >>> stream.counts(0).sum(axis=1).tolist()
            [12, 12]
        """
        return self._drawn(epoch)[1]

    def _drawn(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """An epoch's integers and their counts: where they are drawn ahead, they are counted ahead."""
        if epoch not in self._recent:
            self._recent[epoch] = self._draw(epoch) if self.source.replayable else self._read()
            self._recent.pop(epoch - KEPT, None)
        return self._recent[epoch]

    def examples(self, epoch: int) -> np.ndarray:
        """What the GAN sees of an epoch: its integers, or its sequences' symbols, int32 [N, R, B, T].

        Example:
            >>> import gumbel_gan as gg
            >>> stream = gg.Stream(gg.grammar(length=12), seed=0)
            >>> stream.epoch(0).shape, stream.examples(0).shape
            ((100, 1, 10), (100, 1, 10, 12))
        """
        integers = self.epoch(epoch)
        return integers if self.source.codes is None else self.source.codes[integers]

    def _draw(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        # In the order in which it is read, which spares `fit` a copy.
        integers = np.empty((self.batches, self.runs, self.batch_size), np.int32)
        counts = np.empty((self.runs, self.outcomes), np.int64)
        source = self.source.at(epoch)
        of_epoch, of_block = words(self.seed, epoch), [] if self.block == 1 else [self.block]

        def draw(begin: int) -> None:
            here = slice(begin, min(begin + self.block, self.runs))
            runs, first = here.stop - here.start, self.first_run + begin
            # A generator for (seed, epoch, first), or of blocks (seed, epoch, first, block).
            random = np.random.default_rng(np.array([*of_epoch, first, *of_block], np.uint32))
            drawn = source.of_run(first).draw(random, runs * self.batches * self.batch_size)
            integers[:, here] = drawn.reshape(runs, self.batches, self.batch_size).swapaxes(0, 1)
            counts[here] = count(drawn.reshape(1, runs, -1), self.outcomes)

        # Of single runs NumPy's calls are so short that threads would wait for each other.
        each = map if self.block == 1 else _threads().map
        for _ in each(draw, range(0, self.runs, self.block)):
            pass
        return integers, counts

    def _read(self) -> tuple[np.ndarray, np.ndarray]:
        integers = self.source.take(self.batches * self.batch_size)
        full = len(integers) // self.batch_size
        batches = integers[: full * self.batch_size].reshape(full, 1, self.batch_size)
        integers = np.broadcast_to(batches, (full, self.runs, self.batch_size))
        return integers, count(integers, self.outcomes)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="drawing")


def words(*numbers: int) -> list[int]:
    """Seeds as the words of 32 bits that NumPy makes of them: given these, it makes generators sooner."""
    return [
        number >> shift & 0xFFFFFFFF
        for number in numbers
        for shift in range(0, max(number.bit_length(), 1), 32)
    ]


def count(integers: np.ndarray, categories: int) -> np.ndarray:
    """How often each run met each category, int32 [N, R, B] to int64 [R, K]."""
    runs = integers.shape[1]
    if runs == 1:
        return np.bincount(integers.ravel(), minlength=categories)[None]
    offsets = categories * np.arange(runs)[:, None]  # [R, 1]: each run counts in bins of its own
    return np.bincount((integers + offsets).ravel(), minlength=runs * categories).reshape(runs, categories)

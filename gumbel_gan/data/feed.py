"""Labels that come one after the other and pass once: standard input, or any iterable in Python."""

import logging
import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..config.catalogue import UNITS
from ..config.data import Data
from .files import as_text
from .reading import MARK
from .source import Source, TargetIs, listed, names, shown, target
from .values import label_of

LOGGER = logging.getLogger(__name__)
PATIENCE = 5.0
"""Seconds without anything on standard input, after which it is said."""


class Feed(Source):
    """A source that passes once.

    Args:
        values: the labels, or integers.
        vocabulary: the K labels there are, in order.
        probabilities: [K], the true target; by default what was counted so far.
        where: says where the label just read stands, for error messages.

    Raises:
        ValueError: the vocabulary has fewer than two labels, or `probabilities` do not fit it.

    Example:
        >>> import gumbel_gan as gg
        >>> feed = gg.Feed(iter(["ok", "warn", "ok"]), vocabulary=["ok", "warn", "error"])
        >>> feed.take(2).tolist()
        [0, 1]
        >>> feed.take(2).tolist(), feed.ended
        ([0], True)
    """

    replayable = False

    def __init__(
        self,
        values: Iterable[Any],
        vocabulary: Sequence[Any],
        probabilities: Sequence[float] | None = None,
        where: Callable[[], str] | None = None,
    ) -> None:
        if len(vocabulary) < 2:
            raise ValueError(f"data.vocabulary: received {len(vocabulary)} labels: give at least two")
        self.labels = names(vocabulary, len(vocabulary))
        self.target_is: TargetIs = "counted" if probabilities is None else "given"
        self.target = target(probabilities, self.labels, np.full(len(vocabulary), np.nan))
        self._category = {label: category for category, label in enumerate(self.labels)}
        self._values = iter(values)
        self._read = 0
        self._where = where or (lambda: f"item {self._read}")

    def close(self) -> None:
        """Say that no more is wanted; a read that waits for the next label ends."""
        self.ended = True

    def target_at(self, epoch: int, counted: np.ndarray) -> np.ndarray:
        """The target that was given, or what was counted so far, [K]."""
        return self.target if self.target_is == "given" else counted[0]

    def take(self, size: int) -> np.ndarray:
        """Read the next `size` categories, int32 [size]; fewer where the feed ends or turns bad.

        A bad label ends the feed and is kept in `error`, so that what came before it is not lost.
        """
        categories: list[int] = []
        while len(categories) < size and not self.ended:
            try:
                value = next(self._values)
                self._read += 1
                categories.append(self._category[label_of(value)])
            except StopIteration:
                self.ended = True
            except KeyError:
                self.error = ValueError(
                    f"data.vocabulary: received {shown(label_of(value))} at {self._where()}, which is not in "
                    f"the vocabulary {listed(self.labels)}: add it, or leave it out of the stream"
                )
            except ValueError as error:
                self.error = error
            self.ended = self.ended or self.error is not None
        return np.array(categories, np.int32)


def standard_input(data: Data) -> Feed:
    """Standard input, cut into the settings' units."""
    split = UNITS[data.unit or "lines"].load()
    at = 0

    def values() -> Iterator[str]:
        nonlocal at
        for at, raw in enumerate(_arriving(lambda: feed.ended), start=1):
            raw = raw.removeprefix(MARK) if at == 1 else raw
            yield from split(as_text(raw, at, "standard input"))

    assert data.vocabulary is not None  # Data sees to it
    feed = Feed(values(), data.vocabulary, data.true_probabilities, lambda: f"line {at} of standard input")
    return feed


def _arriving(over: Callable[[], bool]) -> Iterator[bytes]:
    """The lines of standard input as they come, until it ends, or nobody wants more."""
    descriptor, rest, waited = sys.stdin.fileno(), bytearray(), 0
    while not over():
        if not select.select([descriptor], [], [], PATIENCE / 25)[0]:
            waited += 1
            if waited == 25:
                LOGGER.warning("waiting for standard input")
            continue
        waited = 0
        block = os.read(descriptor, 1 << 16)
        rest += block
        if not block or b"\n" in block:
            *lines, last = bytes(rest).split(b"\n")
            yield from lines
            rest = bytearray(last)
        if not block:
            if rest:
                yield bytes(rest)
            return

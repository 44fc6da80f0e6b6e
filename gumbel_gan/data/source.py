"""Sources of categories: what they share, a fixed distribution, and the frequencies of a file.

A source turns labels into integers 0 to K - 1. Most sources can draw any epoch again from a seed; a feed
passes once.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ..config.checks import check_probabilities
from ..config.data import POST_PROBABILITIES, Data

Drawing = Callable[[int, int], np.ndarray]
"""Draws so many rows in a run, int32 [n, T]."""
Verdicts = Callable[[np.ndarray, int], np.ndarray]
"""The discriminator's log-odds of rows [n, T] in a run, [n]."""
TargetIs = Literal["given", "frequencies", "counted"]


class Source:
    """What a training asks of a source; all but labels, target and `draw` has a default.

    Attributes:
        kind: its name in the catalogue, whose row says what scores and figures it has.
        labels: K names of the categories; of strings the strings.
        target: float64 [K], what should be learned.
        target_is: where the target comes from: it was given, it is the data's frequencies, or it is what was
            counted so far.
        alphabet: the symbols of sequences, the last of which pads; empty for single categories.
        sizes: how many categories each column of a table's rows has; empty for all else.
        codes: int32 [K, T], the symbols of every sequence; None for single categories.
        classes: K names of the groups that tables show in place of the categories; None shows categories.
        counts: int64 [K], how often each category occurs in a finite source; None if it has no end.
        replayable: whether any epoch can be drawn again.
        ended: whether a source that passes once has nothing more.
        error: why it ended early, if it did.
        warning: one line about what can hardly be learned from it; None if there is nothing to say.
        described: whether settings describe it, so that it can be opened again.
        wrap: makes a container of labels, like that of the values it was made from; None gives an array.

    Example:
        One of your own, a fair die:

        >>> import numpy as np
        >>> import gumbel_gan as gg
        >>> class Die(gg.Source):
        ...     labels = ("1", "2", "3", "4", "5", "6")
        ...     target = np.full(6, 1 / 6)
        ...
        ...     def draw(self, random, size):
        ...         return random.integers(6, size=size, dtype=np.int32)
        >>> result, gan = gg.run(gg.Config(epochs=2, seed=0), Die())
        >>> result.learned.shape
        (1, 6)
    """

    kind = "distribution"
    labels: Sequence[str]
    target: np.ndarray
    target_is: TargetIs = "given"
    alphabet: str = ""
    sizes: tuple[int, ...] = ()
    codes: np.ndarray | None = None
    classes: tuple[str, ...] | None = None
    counts: np.ndarray | None = None
    replayable = True
    ended = False
    error: ValueError | None = None
    warning: str | None = None
    described = False
    wrap: Callable[[Sequence[str]], Any] | None = None

    @property
    def symbols(self) -> int:
        """K; of sequences, how many symbols there are; of rows, the most that a column has."""
        return max(self.sizes, default=0) or len(self.alphabet or self.labels)

    def draw(self, random: np.random.Generator, size: int) -> np.ndarray:
        """Draw `size` categories, int32 [size], by `random` alone: several threads may call it."""
        raise NotImplementedError

    def take(self, size: int) -> np.ndarray:
        """The next `size` categories, int32 [size], of a source that passes once; fewer where it ends."""
        raise NotImplementedError

    def at(self, epoch: int) -> "Source":
        """What is drawn from in an epoch (0, 1, ...); by default the same in all."""
        return self

    def of_run(self, run: int) -> "Source":
        """What a run (0, 1, ...) draws from; by default the same for all."""
        return self

    @property
    def digest(self) -> str:
        """What tells this source from another: of its labels, and of their counts or target."""
        told = hashlib.sha256()
        for label in self.labels:
            told.update(f"{len(label)}:{label}".encode("utf-8", "surrogatepass"))
        told.update(np.ascontiguousarray(self.target if self.counts is None else self.counts).tobytes())
        return told.hexdigest()

    def close(self) -> None:
        """Say that no more is wanted; a read that waits for more ends."""

    def target_at(self, epoch: int, counted: np.ndarray) -> np.ndarray:
        """What should have been learned after an epoch, [K].

        Args:
            epoch: 0, 1, ...
            counted: [R, K], the frequencies of what each run has consumed.
        """
        return self.target

    def scores(
        self, learned: np.ndarray, counted: np.ndarray, forgetting: np.ndarray, epoch: int
    ) -> dict[str, np.ndarray]:
        """More columns of metrics.csv, [R] each; the catalogue names them.

        Args:
            learned: [R, K], probabilities.
            counted: [R, K], the frequencies of what each run has consumed.
            forgetting: [R, K], the same with a memory that fades.
            epoch: 0, 1, ...
        """
        return {}

    def sampled(self, runs: int, draw: Drawing, epoch: int) -> dict[str, np.ndarray]:
        """More columns of metrics.csv, [R] each, of what is drawn; not a number in epochs without.

        Args:
            runs: R.
            draw: draws so many rows in a run.
            epoch: 0, 1, ...
        """
        return {}

    def stopping(self, learned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-probabilities [R, n] of the examples that tell when to stop, and how often each occurs, [n].

        Args:
            learned: [R, K], probabilities.
        """
        raise NotImplementedError

    def judged(self, runs: int, draw: Drawing, verdicts: Verdicts) -> dict[str, Any]:
        """More attributes of a result, of what a trained generator draws.

        Args:
            runs: R.
            draw: draws so many rows in a run.
            verdicts: the discriminator's of rows, in a run.
        """
        return {}


def check_source(source: Any) -> None:
    """Check that something is a source.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(source, Source):
        raise ValueError(
            f"source: received {type(source).__name__}: give gumbel_gan.from_values of it, or from_table"
        )


class Distribution(Source):
    """A fixed distribution, drawn from without end.

    Args:
        probabilities: [K], summing to 1; or a dictionary of them by label.
        labels: K names; by default the numbers 0 to K - 1, or the dictionary's.

    Raises:
        ValueError: `probabilities` are none, or there is not a label for each.

    Example:
        >>> import numpy as np
        >>> import gumbel_gan as gg
        >>> source = gg.Distribution({"sun": 0.7, "rain": 0.3})
        >>> drawn = source.draw(np.random.default_rng(0), 5)
        >>> [source.labels[category] for category in drawn]
        ['sun', 'sun', 'sun', 'sun', 'rain']
    """

    def __init__(
        self,
        probabilities: Sequence[float] | np.ndarray | Mapping[Any, float],
        labels: Sequence[Any] | None = None,
    ) -> None:
        if isinstance(probabilities, Mapping):
            labels = list(probabilities) if labels is None else labels
            probabilities = list(probabilities.values())
        if (axes := np.ndim(probabilities)) != 1:
            raise ValueError(f"probabilities: received {axes} axes: give one, of numbers that sum to 1")
        check_probabilities("probabilities", probabilities)
        self.labels = names(labels, len(probabilities))
        self.target = np.asarray(probabilities, np.float64)
        # Divided by its own last value, so that no uniform number falls beyond it, and none on a zero.
        self._cumulative = np.cumsum(self.target) / np.cumsum(self.target)[-1]

    def draw(self, random: np.random.Generator, size: int) -> np.ndarray:
        """Draw `size` categories, int32 [size], by inverting the cumulative distribution."""
        uniform = random.random(size)
        if len(self.target) <= 8:  # comparing with each is faster than a search
            drawn = np.zeros(size, np.int8)
            for bound in self._cumulative[:-1]:
                drawn += uniform >= bound
            return drawn.astype(np.int32)
        return np.searchsorted(self._cumulative, uniform, side="right").astype(np.int32)


def open_distribution(data: Data) -> Distribution:
    """The distribution of the settings' `probabilities`, or the post's."""
    return Distribution(data.true_probabilities or POST_PROBABILITIES, data.labels)


class Frequencies(Source):
    """A finite file or array, whose positions are drawn with replacement, without end.

    A draw with replacement does not depend on the order of the file, so the file is taken as sorted: then
    the counts alone say which category stands at a position, and a file of any length costs K numbers.

    Args:
        counts: [K], how often each category occurs.
        labels: K names; by default the numbers 0 to K - 1.
        probabilities: [K], the true target; by default the frequencies themselves.

    Raises:
        ValueError: there are fewer than two categories, nothing to draw, or the lengths do not agree.

    Example:
        >>> import gumbel_gan as gg
        >>> source = gg.Frequencies([30, 10], labels=["sun", "rain"])
        >>> source.target.tolist(), source.target_is
        ([0.75, 0.25], 'frequencies')
    """

    def __init__(
        self,
        counts: Sequence[int] | np.ndarray,
        labels: Sequence[Any] | None = None,
        probabilities: Sequence[float] | None = None,
    ) -> None:
        self.counts: np.ndarray = np.asarray(counts, np.int64)
        counts = self.counts
        if len(counts) < 2:
            raise ValueError(f"data: received {len(counts)} categories: give a stream with at least two")
        self.labels = names(labels, len(counts))
        self._ends = np.cumsum(counts)  # of each category, in the sorted file
        if self._ends[-1] < 1:
            raise ValueError("data: received nothing to draw from: give at least one integer or label")
        self.target_is: TargetIs = "frequencies" if probabilities is None else "given"
        self.target = target(probabilities, self.labels, counts / self._ends[-1])

    def draw(self, random: np.random.Generator, size: int) -> np.ndarray:
        """Draw `size` categories, int32 [size], each at a random position of the sorted file."""
        positions = random.integers(self._ends[-1], size=size)
        return np.searchsorted(self._ends, positions, side="right").astype(np.int32)


def target(probabilities: Sequence[float] | None, labels: Sequence[str], otherwise: np.ndarray) -> np.ndarray:
    """The true probabilities, float64 [K], if they are given; else the others.

    Raises:
        ValueError: they are no probabilities, or there is not one for each label.
    """
    if probabilities is None:
        return otherwise
    check_probabilities("data.probabilities", probabilities)
    if len(probabilities) != len(labels):
        raise ValueError(
            f"data.probabilities: received {len(probabilities)} for {len(labels)} categories "
            f"{listed(labels)}: give one for each, or none for the data's own frequencies"
        )
    return np.asarray(probabilities, np.float64)


def names(labels: Sequence[Any] | None, categories: int) -> tuple[str, ...]:
    """K labels as text; by default the numbers 0 to K - 1.

    Raises:
        ValueError: there is not one for each category, or two print alike.
    """
    found = tuple(str(label) for label in (range(categories) if labels is None else labels))
    if len(found) != categories:
        raise ValueError(f"data.labels: received {len(found)} for {categories} categories: give one for each")
    if len(set(found)) < categories:
        twice = next(label for position, label in enumerate(found) if label in found[:position])
        raise ValueError(f"data.labels: received {shown(twice)} twice: give each label once")
    return found


def shown(label: str) -> str:
    """A label as a message shows it: quoted, and cut after 40 characters."""
    return repr(label if len(label) <= 40 else label[:40] + "…")


def listed(labels: Sequence[str]) -> str:
    """Labels as a message lists them: at most ten, in brackets."""
    return "(" + ", ".join(labels[:10]) + (f", … {len(labels) - 10} more)" if len(labels) > 10 else ")")

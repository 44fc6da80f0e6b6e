"""Sources from settings, and from values held in Python."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..config.catalogue import SOURCES, UNITS, construct
from ..config.checks import one_line
from ..config.data import MAX_CATEGORIES, Data
from .feed import Feed
from .files import column_of, columns, load_npy, numbered_lines, tallied, tally
from .source import Frequencies, Source, listed, shown
from .strings import Strings

Symbols = Callable[[], Iterator[tuple[int, Sequence[str]]]]
"""The categories of a file, each group of them with the number of its line."""


def open_source(data: Data) -> Source:
    """The source that the settings describe.

    Raises:
        ValueError: one line, naming the setting, what was received and what would do.
    """
    made_of = SOURCES.load(data.kind, "data.source")
    if isinstance(made_of, type):  # a class is constructed with its options, of the user's own or not
        source: Source = construct(data.kind, "data.source", made_of, options=data.options)
        return source
    opened: Source = made_of(data)
    return opened


def from_values(
    values: Iterable[Any],
    vocabulary: Sequence[Any] | None = None,
    probabilities: Sequence[float] | None = None,
) -> Source:
    """A source of integers or labels held in Python.

    An array, list or anything else that has a length is drawn from with replacement; any other iterable
    is a feed, read once, in order.

    Args:
        values: integers or labels.
        vocabulary: the labels there are; by default those that occur, sorted (0 to the largest for
            integers). A feed needs it.
        probabilities: the true target; by default the frequencies.

    Raises:
        ValueError: an integer is negative, a label is not in the vocabulary, or a feed has none.
    """
    if not hasattr(values, "__len__"):
        if vocabulary is None:
            raise ValueError("data.vocabulary: required for an iterable without a length: give its labels")
        return Feed(values, vocabulary, probabilities)
    array = np.asarray(values).ravel()
    if array.size == 0:
        raise ValueError("data: received nothing: give at least one integer or label")
    if vocabulary is None and np.issubdtype(array.dtype, np.integer):
        return _from_integers(Counter(tally(array)), None, None, probabilities, "the array")
    counts = Counter(array.tolist())
    return _from_labels(
        Counter({str(k): n for k, n in counts.items()}), vocabulary, probabilities, lambda _: ""
    )


def text(data: Data) -> Frequencies:
    """The characters, words, lines or integers of a text file."""
    assert data.path is not None  # Data sees to it
    path, unit = data.path, data.unit or "characters"
    _check_labels(data, unit)
    split = UNITS[unit].load()

    def symbols() -> Iterator[tuple[int, Sequence[str]]]:
        return ((number, split(line)) for number, line in numbered_lines(path))

    with _readable(path):
        counts = None if unit == "integers" else tallied(path, unit)
        return _counted(data, unit, symbols, _count(symbols) if counts is None else counts)


def table(data: Data) -> Frequencies:
    """A column of a CSV file with a header."""
    assert data.path is not None  # Data sees to it
    path, column, unit = data.path, data.column, data.unit or "lines"
    with _readable(path):
        if column is None:
            raise ValueError(f"data.column: required for a CSV file: give one of {', '.join(columns(path))}")
        _check_labels(data, unit)

        def symbols() -> Iterator[tuple[int, Sequence[str]]]:
            return column_of(path, column)

        return _counted(data, unit, symbols, _count(symbols))


def array(data: Data) -> Frequencies:
    """A .npy file of integers."""
    assert data.path is not None  # Data sees to it
    if data.unit not in (None, "integers"):
        raise ValueError(f"data.unit: received {data.unit!r} for a .npy file: give integers, or leave it out")
    _check_labels(data, "integers")
    with _readable(data.path):
        counts = Counter(tally(load_npy(data.path)))
    return _from_integers(counts, data.labels, data.vocabulary, data.true_probabilities, data.path)


def strings(data: Data) -> Strings:
    """The lines of a text as sequences of characters, a tenth of them held out for a test."""
    assert data.path is not None  # Data sees to it
    assert data.length is not None
    with _readable(data.path):
        counts = Counter(line for _, line in numbered_lines(data.path))
    found = sorted(counts)
    if len(found) < 20:
        raise ValueError(
            f"data.path: {data.path} holds {len(found)} different lines: give 20 or more, since a tenth of "
            "them is held out"
        )
    symbols = [str(symbol) for symbol in data.vocabulary or sorted(set().union(*found))]
    alphabet = "".join(symbol for symbol in symbols if symbol != " ") + " "
    order = np.random.default_rng(data.law_seed).permutation(len(found))
    held_out = order < len(found) // 10
    drawn = [0 if out else counts[string] for string, out in zip(found, held_out, strict=True)]
    return Strings(Frequencies(drawn, found), alphabet, data.length, held_out)


@contextmanager
def _readable(path: str) -> Iterator[None]:
    """Turn an error of the system, while a file is read, into one line."""
    try:
        yield
    except OSError as error:
        raise ValueError(
            f"data.path: cannot read {path} ({one_line(error)}): give a text, CSV or .npy file"
        ) from None


def _check_labels(data: Data, unit: str) -> None:
    if data.labels is None:
        return
    if unit != "integers":
        raise ValueError(f"data.labels: names integers, and the unit is {unit}: give data.vocabulary instead")
    if data.vocabulary is not None:
        raise ValueError("data.labels: received with data.vocabulary: give one of the two")


def _count(symbols: Symbols) -> Counter[str]:
    counts: Counter[str] = Counter()
    for _, found in symbols():
        counts.update(found)
    return counts


def _counted(data: Data, unit: str, symbols: Symbols, counts: Counter[str]) -> Frequencies:
    """The source of what was counted; `symbols` reads it again, to say where a bad label stands."""
    if not counts:
        raise ValueError(f"data.path: {data.path} has no {unit}: give a file that is not empty")
    if len(counts) == 1 and data.vocabulary is None and unit != "integers":
        raise ValueError(
            f"data.path: {data.path} holds one category only, {shown(*counts)}: give two or more"
        )

    def line_of(label: str) -> str:
        return next((f" in line {number}" for number, found in symbols() if label in found), "")

    if unit != "integers":
        return _from_labels(counts, data.vocabulary, data.true_probabilities, line_of)
    integers: Counter[int] = Counter()
    for label, count in counts.items():
        try:
            integers[int(label)] += count
        except ValueError:
            raise ValueError(
                f"data.unit: received {shown(label)}{line_of(label)} of {data.path}, no integer: "
                "give integers, or another unit"
            ) from None
    return _from_integers(integers, data.labels, data.vocabulary, data.true_probabilities, str(data.path))


def _from_labels(
    counts: Counter[str],
    vocabulary: Sequence[Any] | str | None,
    probabilities: Sequence[float] | None,
    line_of: Callable[[str], str],
) -> Frequencies:
    labels = sorted(counts) if vocabulary is None else [str(label) for label in vocabulary]
    if unknown := sorted(set(counts) - set(labels)):
        raise ValueError(
            f"data.vocabulary: received {shown(unknown[0])}{line_of(unknown[0])}, which is not in the "
            f"vocabulary {listed(labels)}: add it, or leave it out of the data"
        )
    return Frequencies([counts[label] for label in labels], labels, probabilities)


def _from_integers(
    counts: Counter[int],
    labels: Sequence[Any] | None,
    vocabulary: Sequence[Any] | None,
    probabilities: Sequence[float] | None,
    where: str,
) -> Frequencies:
    if vocabulary is not None:
        by_label = Counter({str(k): n for k, n in counts.items()})
        return _from_labels(by_label, vocabulary, probabilities, lambda _: f" in {where}")
    lowest, highest = min(counts), max(counts)
    names = labels if labels is not None else probabilities
    categories = len(names) if names is not None else highest + 1
    if labels is not None and lowest >= 0 and categories <= highest < MAX_CATEGORIES:
        raise ValueError(
            f"data.labels: received {categories} labels for integers from {lowest} to {highest} in {where}: "
            f"give {highest + 1}"
        )
    if lowest < 0 or highest >= categories or categories > MAX_CATEGORIES:
        would_do = f"0 to {categories - 1}" if names is not None else f"0 to {MAX_CATEGORIES - 1}"
        raise ValueError(
            f"data.path: received integers from {lowest} to {highest} in {where}: give integers from "
            f"{would_do}, or list those there are in data.vocabulary"
        )
    return Frequencies([counts[k] for k in range(categories)], labels, probabilities)

"""Sources from settings, and from values held in Python."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..config.catalogue import MISSING, SOURCES, UNITS, construct
from ..config.checks import labels, numbers, spelled
from ..config.data import MAX_CATEGORIES, Data
from .feed import Feed
from .files import load_npy, numbered, tallied, tally
from .reading import opened, readable
from .source import Distribution, Frequencies, Source, listed, shown
from .strings import Strings
from .tables import column_lines, count_column
from .values import Counted, counted, is_dataset, parts_of

LOGGER = logging.getLogger(__name__)
FEW = 10
"""Values from which on it is said that most of them are different."""
Symbols = Callable[[], Iterator[tuple[int, Sequence[str]]]]
"""The categories of a file, each group of them with the number of its line."""


def open_source(data: Data) -> Source:
    """The source that the settings describe.

    Raises:
        ValueError: one line, naming the setting, what was received and what would do.

    Example:
        >>> import gumbel_gan as gg
        >>> source = gg.open_source(gg.Data(law="zipf", categories=4))
        >>> source.target.round(2).tolist()
        [0.48, 0.24, 0.16, 0.12]
    """
    if data.given:
        raise ValueError(
            "data.given: these settings are of a training on data held in Python, which they do not "
            "describe: give data.path and data.given false, or hand the source to gumbel_gan.run"
        )
    made_of = SOURCES.load(data.kind, "data.source")
    if isinstance(made_of, type):  # a class is constructed with its options, of the user's own or not
        source: Source = construct(data.kind, "data.source", made_of, options=data.options)
    else:
        with _refused_in_one_line():
            source = made_of(data)
    source.described = True
    return source


@contextmanager
def _refused_in_one_line() -> Iterator[None]:
    """In this context every refusal is one line, whatever the labels and names in it hold."""
    try:
        yield
    except ValueError as error:
        message = spelled(str(error))
        raise ValueError(message if message.startswith("data") else f"data: {message}") from None
    except (TypeError, OverflowError) as error:
        raise ValueError(f"data: received a value that will not do ({spelled(str(error))})") from None


def from_values(
    values: Any,
    vocabulary: Sequence[Any] | None = None,
    probabilities: Sequence[float] | None = None,
    missing: str = "refuse",
) -> Source:
    """A source of integers or labels held in Python.

    What has a length is counted, and drawn from with replacement: a list, an array, a Series of pandas or
    Polars (categories keep their order, those that do not occur, too), a finite `tf.data.Dataset`, a text,
    whose characters are the labels. A dictionary, a `Counter` or what `Series.value_counts()` returns holds
    labels with their counts or their probabilities. Any other iterable is a feed, read once, in order.

    Args:
        values: integers or labels, along one axis.
        vocabulary: the labels there are; by default those that occur, sorted (0 to the largest for
            integers). A feed needs it.
        probabilities: the true target; by default the frequencies.
        missing: what becomes of None, NaN and their like: refuse, skip or category.

    Raises:
        ValueError: an integer is negative, a label is not in the vocabulary, a value is missing or compound,
            there is more than one axis, or a feed has no vocabulary.

    Example:
        >>> import gumbel_gan as gg
        >>> gg.from_values({"sun": 3, "rain": 1}).target.tolist()
        [0.75, 0.25]
    """
    MISSING.check("data.missing", missing)
    with _refused_in_one_line():
        names = None if vocabulary is None else labels("data.vocabulary", list(vocabulary))
        probabilities = numbers("data.probabilities", probabilities)
    if not any(hasattr(values, name) for name in ("__iter__", "__len__")):
        raise ValueError(
            f"data: received {type(values).__name__} {spelled(repr(values))}: give a list of values"
        )
    if not hasattr(values, "__len__") or (is_dataset(values) and not values.cardinality() >= 0):
        if names is None:
            raise ValueError("data.vocabulary: required for an iterable without a length: give its labels")
        if is_dataset(values):
            values = (value for part in parts_of(values) for value in part.tolist())
        return Feed(values, names, probabilities)
    with _refused_in_one_line():
        return _from_values(values, names, probabilities, missing)


def _from_values(
    values: Any, names: list[str] | None, probabilities: Sequence[float] | None, missing: str
) -> Source:
    """Of values that have a length."""
    try:
        found = counted(values)
    except ValueError:
        raise
    except Exception as error:  # containers raise what they like
        kind = type(values).__name__
        raise ValueError(
            f"received a {kind}, which cannot be counted ({error}): give single values"
        ) from None
    if not found.counts and not found.missing:
        raise ValueError("data: received nothing: give at least one integer or label")
    if found.probabilities:
        return _given(found, names, probabilities)
    if found.integers and names is None and not (found.missing and missing == "category"):
        whole = MISSING.load(missing)(found.counts, found.missing, lambda: "received")
        source = _from_integers(Counter(whole), None, None, probabilities, "the values")
    else:
        by_label = Counter({str(label): count for label, count in found.counts.items()})
        whole = MISSING.load(missing)(by_label, found.missing, lambda: "received")
        source = _from_labels(whole, _in_order(found, whole, names), probabilities, lambda _: "")
    source.wrap = found.wrap
    return source


def _in_order(found: Counted, whole: Counter[str], names: list[str] | None) -> list[str] | None:
    """The labels in the order that was asked for, that of the values' own categories, or of integers."""
    if names is not None:
        return names
    own = found.labels
    if own is None and found.integers:
        given = sorted(found.counts)
        own = [str(number) for number in (range(given[-1] + 1) if given[0] >= 0 else given)]
    return None if own is None else [*own, *(label for label in whole if label not in set(own))]


def _given(found: Counted, names: list[str] | None, probabilities: Any) -> Distribution:
    if names is not None or probabilities is not None:
        key = "data.vocabulary" if names is not None else "data.probabilities"
        raise ValueError(f"{key}: received with labels that have probabilities: leave it out")
    return Distribution(list(found.counts.values()), list(found.counts))


def text(data: Data) -> Frequencies:
    """The characters, words, lines or integers of a text file."""
    assert data.path is not None  # Data sees to it
    path, unit = data.path, data.unit or "characters"
    _check_labels(data, unit)
    split = UNITS[unit].load()
    with readable(path), opened(path, data.encoding) as file:

        def symbols() -> Iterator[tuple[int, Sequence[str]]]:
            file.seek(0)
            return ((number, split(line)) for number, line in numbered(file, path))

        counts = None if unit == "integers" else tallied(file, unit)
        return _counted(data, unit, symbols, _count(symbols) if counts is None else counts)


def table(data: Data) -> Frequencies:
    """A column of a table: CSV and its kin, Parquet, Arrow, JSON lines."""
    assert data.path is not None  # Data sees to it
    path, unit = data.path, data.unit or "lines"
    _check_labels(data, unit)

    def symbols() -> Iterator[tuple[int, Sequence[str]]]:
        return column_lines(path, data.column, data.separator, data.encoding)

    def where() -> str:
        first = next((f", the first in line {line}," for line, (value,) in symbols() if not value), "")
        return f"in column {data.column!r} of {path}{first}"

    with readable(path):
        found = count_column(path, data.column, data.separator, data.encoding)
        counts = MISSING.load(data.missing)(found.counts, found.missing, where)
        return _counted(data, unit, symbols, counts)


def array(data: Data) -> Frequencies:
    """A .npy file of integers."""
    assert data.path is not None  # Data sees to it
    if data.unit not in (None, "integers"):
        raise ValueError(f"data.unit: received {data.unit!r} for a .npy file: give integers, or leave it out")
    _check_labels(data, "integers")
    with readable(data.path):
        counts = Counter(tally(load_npy(data.path)))
    return _from_integers(counts, data.labels, data.vocabulary, data.true_probabilities, data.path)


def strings(data: Data) -> Strings:
    """The lines of a text as sequences of characters, a tenth of them held out for a test."""
    assert data.path is not None  # Data sees to it
    assert data.length is not None
    with readable(data.path), opened(data.path, data.encoding) as file:
        # Blanks pad: strings that differ in them at the end only are one.
        counts = Counter(line.rstrip(" ") for _, line in numbered(file, data.path))
    del counts[""]
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
        return _from_labels(
            counts, labels("data.vocabulary", data.vocabulary), data.true_probabilities, line_of
        )
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
    vocabulary: Sequence[str] | None,
    probabilities: Sequence[float] | None,
    line_of: Callable[[str], str],
) -> Frequencies:
    names = sorted(counts) if vocabulary is None else list(vocabulary)
    if unknown := sorted(set(counts) - set(names)):
        raise ValueError(
            f"data.vocabulary: received {shown(unknown[0])}{line_of(unknown[0])}, which is not in the "
            f"vocabulary {listed(names)}: add it, or leave it out of the data"
        )
    return _checked(Frequencies([counts[label] for label in names], names, probabilities))


def _from_integers(
    counts: Counter[int],
    names: Sequence[Any] | None,
    vocabulary: Sequence[Any] | str | None,
    probabilities: Sequence[float] | None,
    where: str,
) -> Frequencies:
    if vocabulary is not None:
        by_label = Counter({str(k): n for k, n in counts.items()})
        known = labels("data.vocabulary", list(vocabulary))
        return _from_labels(by_label, known, probabilities, lambda _: f" in {where}")
    lowest, highest = min(counts), max(counts)
    given = names if names is not None else probabilities
    categories = len(given) if given is not None else highest + 1
    if names is not None and lowest >= 0 and categories <= highest < MAX_CATEGORIES:
        raise ValueError(
            f"data.labels: received {categories} labels for integers from {lowest} to {highest} in {where}: "
            f"give {highest + 1}"
        )
    if lowest < 0 or highest >= categories or categories > MAX_CATEGORIES:
        would_do = f"0 to {categories - 1}" if given is not None else f"0 to {MAX_CATEGORIES - 1}"
        raise ValueError(
            f"data.path: received integers from {lowest} to {highest} in {where}: give integers from "
            f"{would_do}, or list those there are in data.vocabulary"
        )
    source = _checked(Frequencies([counts[k] for k in range(categories)], names, probabilities))
    if given is None and lowest > 0 and source.warning is None:
        first = "0" if lowest == 1 else f"0 to {lowest - 1}"
        source.warning = (
            f"integers in {where} begin at {lowest}, and are taken to begin at 0, so {first} will be learned "
            "to be impossible: list those there are in data.vocabulary"
        )
        LOGGER.warning(source.warning)
    return source


def _checked(source: Frequencies) -> Frequencies:
    """The source, with a warning if its values are almost all different."""
    counts = source.counts
    once, total = int((counts == 1).sum()), int(counts.sum())
    if 2 * once > total >= FEW:
        source.warning = (
            f"{once:,} of {total:,} values occur only once, so their probabilities cannot be learned: take "
            "another column, or put numbers into bins first"
        )
        LOGGER.warning(source.warning)
    return source

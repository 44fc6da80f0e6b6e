"""Sources of categories: a distribution, a file, an array, a feed that is read as it comes.

A source turns labels into integers 0 to K - 1. Drawn sources (``Distribution``, ``Frequencies``) can
produce any epoch again from a seed; a ``Feed`` passes once. Only NumPy here: a bad file is reported
before TensorFlow is loaded.
"""

import codecs
import csv
import os
import re
import select
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, cast

import numpy as np

from .config import POST_PROBABILITIES, Data, check_probabilities
from .language import SYMBOLS, Strings, sentence_law, sentences

MAX_CATEGORIES = 10_000_000
_MARK = b"\xef\xbb\xbf"  # UTF-8's byte-order mark
_BLOCK = 1 << 20  # bytes of a file that are read at once
_PATIENCE = 5  # seconds without anything on standard input, before it is said
TargetIs = Literal["given", "frequencies", "counted"]


class Distribution:
    """A fixed distribution, drawn from without end.

    Args:
        probabilities: [K], summing to 1.
        labels: K names; by default the numbers 0 to K - 1.

    Raises:
        ValueError: `probabilities` are none, or there is not a label for each.
    """

    target_is: TargetIs = "given"

    def __init__(
        self, probabilities: Sequence[float] | np.ndarray, labels: Sequence[Any] | None = None
    ) -> None:
        check_probabilities("probabilities", probabilities)
        self.labels = _names(labels, len(probabilities))
        self.target = np.asarray(probabilities, np.float64)
        # Normalised by its own last value, so that no uniform number falls beyond it, and none on a zero.
        self._cumulative = np.cumsum(self.target) / np.cumsum(self.target)[-1]

    def draw(self, random: np.random.Generator, size: int) -> np.ndarray:
        """Draw `size` categories, int32 [size], by inverting the cumulative distribution."""
        uniform = random.random(size)
        if len(self.target) <= 8:  # to compare with each takes 11 µs for a thousand, to search 20
            return (uniform >= self._cumulative[:-1, None]).sum(0, np.int32)
        return np.searchsorted(self._cumulative, uniform, side="right").astype(np.int32)

    def at(self, epoch: int) -> "Distribution":
        """What is drawn from in an epoch (0, 1, ...): the same in all."""
        return self


class Drift(Distribution):
    """A distribution that becomes another one, at once or linearly.

    Args:
        before: [K], at first.
        after: [K], in the end; it is the `target`.
        first: the number of epochs before anything changes.
        last: the number of epochs after which nothing changes any more; not below `first`.
        labels: K names.
    """

    def __init__(
        self,
        before: Sequence[float] | np.ndarray,
        after: Sequence[float],
        first: int,
        last: int,
        labels: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(after, labels)
        self.before, self.first, self.last = np.asarray(before, np.float64), first, last

    def at(self, epoch: int) -> Distribution:
        """The distribution of an epoch (0, 1, ...)."""
        part = min(max((epoch + 1 - self.first) / max(self.last - self.first, 1), 0.0), 1.0)
        return Distribution((1 - part) * self.before + part * self.target, self.labels)


def law(name: str, categories: int, seed: int = 0) -> np.ndarray:
    """Probabilities by name, float64 [K].

    Args:
        name: uniform, dirichlet (a draw from Dirichlet(1): uniform over all distributions), zipf (p_k as
            1/k), one (all on the first category), half (uniform on the first half, rounded up).
        categories: K.
        seed: of dirichlet.
    """
    weights = np.ones(categories)
    if name == "dirichlet":
        weights = np.random.default_rng(seed).exponential(size=categories)
    elif name == "zipf":
        weights = 1 / np.arange(1, categories + 1)
    elif name == "one":
        weights[1:] = 0
    elif name == "half":
        weights[(categories + 1) // 2 :] = 0
    return weights / weights.sum()


class Frequencies:
    """A finite file or array, whose positions are drawn with replacement, without end.

    A draw with replacement does not depend on the order of the file, so it is sorted: then the counts
    alone say which category stands at a position, and a file of any length costs K numbers.

    Args:
        counts: [K], how often each category occurs.
        labels: K names; by default the numbers 0 to K - 1.
        probabilities: [K], the true target; by default the frequencies themselves.

    Raises:
        ValueError: there are fewer than two categories, nothing to draw, or the lengths do not agree.
    """

    def __init__(
        self,
        counts: Sequence[int] | np.ndarray,
        labels: Sequence[Any] | None = None,
        probabilities: Sequence[float] | None = None,
    ) -> None:
        self.counts = counts = np.asarray(counts, np.int64)
        if len(counts) < 2:
            raise ValueError(f"data: received {len(counts)} categories: give a stream with at least two")
        self.labels = _names(labels, len(counts))
        self._ends = np.cumsum(counts)  # of each category, in the sorted file
        if self._ends[-1] < 1:
            raise ValueError("data: received nothing to draw from: give at least one integer or label")
        self.target_is: TargetIs = "frequencies" if probabilities is None else "given"
        self.target = _target(probabilities, self.labels, counts / self._ends[-1])

    def draw(self, random: np.random.Generator, size: int) -> np.ndarray:
        """Draw `size` categories, int32 [size], each at a random position of the sorted file."""
        positions = random.integers(self._ends[-1], size=size)
        return np.searchsorted(self._ends, positions, side="right").astype(np.int32)

    def at(self, epoch: int) -> "Frequencies":
        """What is drawn from in an epoch (0, 1, ...): the same in all."""
        return self


class Feed:
    """Labels that come one after the other and pass once: standard input, or any iterable in Python.

    Args:
        values: the labels, or integers.
        vocabulary: the K labels there are, in order.
        probabilities: [K], the true target; by default what was counted so far.
        where: says where the label just read stands, for error messages.

    Raises:
        ValueError: the vocabulary has fewer than two labels, or `probabilities` do not fit it.
    """

    def __init__(
        self,
        values: Iterable[Any],
        vocabulary: Sequence[Any],
        probabilities: Sequence[float] | None = None,
        where: Callable[[], str] | None = None,
    ) -> None:
        if len(vocabulary) < 2:
            raise ValueError(f"data.vocabulary: received {len(vocabulary)} labels: give at least two")
        self.labels = tuple(str(label) for label in vocabulary)
        self.target_is: TargetIs = "counted" if probabilities is None else "given"
        self.target = _target(probabilities, self.labels, np.full(len(vocabulary), np.nan))
        self.ended = False
        self.error: ValueError | None = None
        self._category = {label: category for category, label in enumerate(self.labels)}
        self._values = iter(values)
        self._read = 0
        self._where = where or (lambda: f"item {self._read}")

    def close(self) -> None:
        """No more is wanted; a read that waits for the next category ends."""
        self.ended = True

    def take(self, size: int) -> np.ndarray:
        """Read the next `size` categories, int32 [size]; fewer where the feed ends or turns bad.

        A bad label ends the feed and is kept in `error`, so that what came before it is not lost.
        """
        categories: list[int] = []
        while len(categories) < size and not self.ended:
            try:
                value = next(self._values)
                self._read += 1
                categories.append(self._category[str(value)])
            except StopIteration:
                self.ended = True
            except KeyError:
                self.error = ValueError(
                    f"data.vocabulary: received {_shown(str(value))} at {self._where()}, which is not in "
                    f"the vocabulary {_listed(self.labels)}: add it, or leave it out of the stream"
                )
            except ValueError as error:
                self.error = error
            self.ended = self.ended or self.error is not None
        return np.array(categories, np.int32)


Source = Distribution | Frequencies | Feed | Strings


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
        return _from_integers(Counter(_tally(array)), Data(), probabilities, "the array")
    counts = Counter(array.tolist())
    return _from_labels(
        Counter({str(k): n for k, n in counts.items()}), vocabulary, probabilities, lambda _: ""
    )


def open_source(data: Data) -> Source:
    """The source that the settings describe.

    Raises:
        ValueError: one line, naming the setting, what was received and what would do.
    """
    probabilities = cast("list[float] | None", data.probabilities)  # Data has parsed it
    if data.length is not None:
        return _strings(data, data.length)
    if data.path is None:
        return _distribution(data, probabilities or POST_PROBABILITIES)
    if data.path == "-":
        return _standard_input(data, probabilities)
    suffix = os.path.splitext(data.path)[1].lower()
    unit = data.unit or ("integers" if suffix == ".npy" else "lines" if data.column else "characters")
    if data.labels is not None and unit != "integers":
        raise ValueError(f"data.labels: names integers, and the unit is {unit}: give data.vocabulary instead")
    if data.labels is not None and data.vocabulary is not None:
        raise ValueError("data.labels: received with data.vocabulary: give one of the two")
    try:
        if suffix == ".npy":
            if unit != "integers":
                raise ValueError(
                    f"data.unit: received {unit!r} for a .npy file: give integers, or leave it out"
                )
            return _from_integers(Counter(_tally(_load_npy(data.path))), data, probabilities, data.path)
        if suffix == ".csv" and data.column is None and data.unit is None:
            names = _columns(data.path)
            raise ValueError(f"data.column: required for a CSV file: give one of {', '.join(names)}")

        def symbols() -> Iterator[tuple[int, Sequence[str]]]:
            if data.column is not None:
                return _column(data.path, data.column)  # type: ignore[arg-type]
            return ((n, _split(line, unit)) for n, line in _lines(data.path))  # type: ignore[arg-type]

        counts = None if data.column is not None or unit == "integers" else _tallied(data.path, unit)
        if counts is None:
            counts = Counter()
            for _, found in symbols():
                counts.update(found)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(
            f"data.path: cannot read {data.path} ({reason}): give a text, CSV or .npy file"
        ) from None
    if not counts:
        raise ValueError(f"data.path: {data.path} has no {unit}: give a file that is not empty")
    if len(counts) == 1 and data.vocabulary is None and unit != "integers":
        raise ValueError(
            f"data.path: {data.path} holds one category only, {_shown(*counts)}: give two or more"
        )

    def line_of(label: str) -> str:
        return next((f" in line {n}" for n, found in symbols() if label in found), "")

    if unit == "integers":
        integers: Counter[int] = Counter()
        for label, count in counts.items():
            try:
                integers[int(label)] += count
            except ValueError:
                raise ValueError(
                    f"data.unit: received {_shown(label)}{line_of(label)} of {data.path}, no integer: "
                    "give integers, or another unit"
                ) from None
        return _from_integers(integers, data, probabilities, data.path)
    return _from_labels(counts, data.vocabulary, probabilities, line_of)


def _distribution(data: Data, probabilities: Sequence[float] | np.ndarray) -> Distribution:
    if data.law is not None:
        assert data.categories is not None  # Data sees to it
        probabilities = law(data.law, data.categories, data.law_seed)
    if data.drift is None:
        return Distribution(probabilities, data.labels)
    last = data.drift_from if data.drift_until is None else data.drift_until
    return Drift(probabilities, cast("list[float]", data.drift), data.drift_from, last, data.labels)


def grammar(law: str = "uniform", strings: int | None = 5_000, length: int = 12, seed: int = 0) -> Strings:
    """The grammar of Kusner and Hernández-Lobato 2016 as a source.

    Args:
        law: of its strings, as `sentence_law` has it.
        strings: how many are drawn once, to be drawn from; None for a stream without end.
        length: T.
        seed: of the strings that are drawn.
    """
    labels = sentences(length)
    probabilities = sentence_law(law, labels)
    if strings is None:
        return Strings(Distribution(probabilities, labels), SYMBOLS, length)
    counts = np.random.default_rng(seed).multinomial(strings, probabilities)
    return Strings(Frequencies(counts, labels, probabilities.tolist()), SYMBOLS, length)


def _strings(data: Data, length: int) -> Strings:
    if data.path is None:
        drawn_once = None if data.strings == "endless" else data.strings or 5_000
        return grammar(data.law or "uniform", drawn_once, length, data.law_seed)
    try:
        counts = Counter(line for _, line in _lines(data.path))
    except OSError as error:
        raise ValueError(
            f"data.path: cannot read {data.path} ({error.strerror or error}): give a text file"
        ) from None
    strings = sorted(counts)
    if len(strings) < 20:
        raise ValueError(
            f"data.path: {data.path} holds {len(strings)} different lines: give 20 or more, since a tenth of "
            "them is held out"
        )
    symbols = [str(symbol) for symbol in data.vocabulary or sorted(set().union(*strings))]
    alphabet = "".join(symbol for symbol in symbols if symbol != " ") + " "
    order = np.random.default_rng(data.law_seed).permutation(len(strings))
    held_out = order < len(strings) // 10
    drawn = [0 if out else counts[string] for string, out in zip(strings, held_out, strict=True)]
    return Strings(Frequencies(drawn, strings), alphabet, length, held_out)


def _from_labels(
    counts: Counter[str],
    vocabulary: Sequence[Any] | None,
    probabilities: Sequence[float] | None,
    line_of: Callable[[str], str],
) -> Frequencies:
    labels = sorted(counts) if vocabulary is None else [str(label) for label in vocabulary]
    if unknown := sorted(set(counts) - set(labels)):
        raise ValueError(
            f"data.vocabulary: received {_shown(unknown[0])}{line_of(unknown[0])}, which is not in the "
            f"vocabulary {_listed(labels)}: add it, or leave it out of the data"
        )
    return Frequencies([counts[label] for label in labels], labels, probabilities)


def _from_integers(
    counts: Counter[int], data: Data, probabilities: Sequence[float] | None, where: str
) -> Frequencies:
    if data.vocabulary is not None:
        return _from_labels(
            Counter({str(k): n for k, n in counts.items()}),
            data.vocabulary,
            probabilities,
            lambda _: f" in {where}",
        )
    lowest, highest = min(counts), max(counts)
    names = data.labels if data.labels is not None else probabilities
    categories = len(names) if names is not None else highest + 1
    if data.labels is not None and lowest >= 0 and categories <= highest < MAX_CATEGORIES:
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
    return Frequencies([counts[k] for k in range(categories)], data.labels, probabilities)


def _standard_input(data: Data, probabilities: Sequence[float] | None) -> Feed:
    unit = data.unit or "lines"
    at = 0

    def values() -> Iterator[str]:
        nonlocal at
        for at, raw in enumerate(_arriving(lambda: feed.ended), start=1):
            raw = raw.removeprefix(_MARK) if at == 1 else raw
            yield from _split(_text(raw, at, "standard input"), unit)

    assert data.vocabulary is not None  # Data sees to it
    feed = Feed(values(), data.vocabulary, probabilities, lambda: f"line {at} of standard input")
    return feed


def _arriving(over: Callable[[], bool]) -> Iterator[bytes]:
    """The lines of standard input as they come, until it ends, or nobody wants more."""
    descriptor, rest, waited = sys.stdin.fileno(), bytearray(), 0
    while not over():
        if not select.select([descriptor], [], [], _PATIENCE / 25)[0]:
            waited += 1
            if waited == 25:
                print("gumbel_gan: waiting for standard input", file=sys.stderr, flush=True)
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


def _lines(path: str) -> Iterator[tuple[int, str]]:
    with open(path, "rb") as file:
        for number, raw in enumerate(file, start=1):
            yield number, _text(raw.removeprefix(_MARK) if number == 1 else raw, number, path)


def _tallied(path: str, unit: str) -> Counter[str] | None:
    """How often each category of a text occurs, block by block; None if it is not UTF-8 text.

    Line by line, to say where it is not, it would be a third as fast or less. Memory does not grow with the
    file, only with a line of it.
    """
    counts: Counter[str] = Counter()
    try:
        if unit == "characters":
            counts = _character_counts(path)
        else:
            # Bytes, of which only the different ones are decoded; then words end at Unicode's spaces, too.
            for raw, number in _byte_counts(path, unit).items():
                label = raw.decode()
                for part in label.split() if unit == "words" else [label]:
                    counts[part] += number
    except UnicodeDecodeError:
        return None
    return None if any("\0" in label for label in counts) else counts


def _byte_counts(path: str, unit: str) -> Counter[bytes]:
    counts: Counter[bytes] = Counter()
    rest = b""
    with open(path, "rb") as file:
        if file.read(len(_MARK)) != _MARK:
            file.seek(0)
        while block := file.read(_BLOCK):
            rest += block
            end = rest.rfind(b"\n") + 1
            if unit == "words":
                end = max(end, rest.rfind(b" ") + 1)
            whole, rest = rest[:end], rest[end:]
            counts.update(whole.split() if unit == "words" else whole.split(b"\n"))
    counts.update(rest.split() if unit == "words" else [rest])
    if unit == "lines":
        for raw in [raw for raw in counts if raw.endswith(b"\r")]:
            counts[raw.rstrip(b"\r")] += counts.pop(raw)
        del counts[b""]
    return counts


def _character_counts(path: str) -> Counter[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    counts, rest = np.zeros(0x110000, np.int64), ""
    with open(path, "rb") as file:
        block = b" "
        while block:
            block = file.read(_BLOCK)
            text = rest + decoder.decode(block, final=not block)
            end = len(text.rstrip("\r")) if block else len(text)  # a line end may go on in the next block
            text, rest = text[:end], text[end:]
            if "\r" in text:
                text = re.sub(r"\r+(\n|\Z)", "\n", text)
            found = np.bincount(np.frombuffer(text.encode("utf-32-le"), np.uint32))
            counts[: len(found)] += found
    counts[ord("\n")] = 0
    return Counter({chr(code): int(counts[code]) for code in np.flatnonzero(counts)})


def _text(raw: bytes, number: int, where: str) -> str:
    """One line without its end."""
    try:
        line = raw.decode()
    except UnicodeDecodeError:
        line = "\0"
    if "\0" in line:
        raise ValueError(
            f"data.path: line {number} of {where} is not UTF-8 text: give a text, CSV or .npy file"
        )
    return line.rstrip("\r\n")


def _split(line: str, unit: str) -> Sequence[str]:
    """The categories in a line; an empty line has none."""
    if unit == "characters":
        return line
    if unit == "lines":
        return [line] if line else []
    return line.split()


def _columns(path: str) -> list[str]:
    return next(csv.reader(text for _, text in _lines(path)), [])


def _column(path: str, column: str) -> Iterator[tuple[int, Sequence[str]]]:
    # Line ends are kept for the reader, since a quoted field may hold some.
    rows = csv.reader(line + "\n" for _, line in _lines(path))
    header = next(rows, [])
    if column not in header:
        raise ValueError(
            f"data.column: received {column!r}, which {path} lacks: give one of {', '.join(header)}"
            + (" (commas separate columns)" if len(header) == 1 else "")
        )
    place = header.index(column)
    for row in rows:
        if not row:
            continue
        if len(row) <= place or not row[place]:
            raise ValueError(
                f"data.column: line {rows.line_num} of {path} has no value in column {column!r}: "
                "fill it in, or leave the line out"
            )
        yield rows.line_num, [row[place]]


def _load_npy(path: str) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"data.path: {path} is no .npy array ({error}): give one of integers") from None
    if not np.issubdtype(array.dtype, np.integer) or array.size == 0:
        raise ValueError(
            f"data.path: {path} holds {array.size} numbers of type {array.dtype}: give an array of integers"
        )
    return array.reshape(-1)


def _tally(array: np.ndarray, chunk: int = 1 << 20) -> dict[int, int]:
    """How often each integer occurs, counted in chunks so that a large file is never held whole."""
    counts: Counter[int] = Counter()
    for start in range(0, len(array), chunk):
        values, occurrences = np.unique(array[start : start + chunk], return_counts=True)
        counts.update(dict(zip(values.tolist(), occurrences.tolist(), strict=True)))
    return counts


def _target(
    probabilities: Sequence[float] | None, labels: tuple[str, ...], otherwise: np.ndarray
) -> np.ndarray:
    if probabilities is None:
        return otherwise
    check_probabilities("data.probabilities", probabilities)
    if len(probabilities) != len(labels):
        raise ValueError(
            f"data.probabilities: received {len(probabilities)} for {len(labels)} categories "
            f"{_listed(labels)}: give one for each, or none for the data's own frequencies"
        )
    return np.asarray(probabilities, np.float64)


def _names(labels: Sequence[Any] | None, categories: int) -> tuple[str, ...]:
    names = tuple(str(label) for label in (range(categories) if labels is None else labels))
    if len(names) != categories:
        raise ValueError(f"data.labels: received {len(names)} for {categories} categories: give one for each")
    return names


def _shown(label: str) -> str:
    return repr(label if len(label) <= 40 else label[:40] + "…")


def _listed(labels: Sequence[str]) -> str:
    return "(" + ", ".join(labels[:10]) + (f", … {len(labels) - 10} more)" if len(labels) > 10 else ")")

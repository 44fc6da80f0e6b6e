"""Two thousand odd inputs at the doors: counted as an independent count has it, or refused in one line.

The independent count is Python's csv and a Counter.
"""

import array
import csv
import datetime
import decimal
import enum
import gzip
import io
import json
import math
import re
import string
from collections import Counter, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from gumbel_gan import train
from gumbel_gan.config.data import MAX_CATEGORIES, Data
from gumbel_gan.data.opening import from_values, open_source
from gumbel_gan.terminal.parser import Parser

OFTEN = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
Counts = dict[str, int]


def check_refusal(error: ValueError) -> str:
    """The message: one line that begins with the name of a setting."""
    message = str(error)
    assert re.match(r"data(\.[a-z_]+)?: ", message), message
    assert message.splitlines() == [message], message
    return message


def counts_of(open_it: Callable[[], Any]) -> Counts | str:
    """What is counted, in order; or why it is refused."""
    try:
        source = open_it()
    except ValueError as error:
        return check_refusal(error)
    assert source.counts is not None
    assert math.isclose(source.target.sum(), 1)
    return dict(zip(source.labels, source.counts.tolist(), strict=True))


@dataclass(frozen=True)
class Table:
    """A file, the settings that go with it, and its text.

    Attributes:
        name: of the file.
        content: its bytes.
        options: settings of the data, but for the path.
        text: what the bytes say; None if they say nothing in that encoding.
        separator: between its columns.
    """

    name: str
    content: bytes
    options: dict[str, Any]
    text: str | None
    separator: str

    def written(self, directory: Path) -> str:
        """Its path, once it is written."""
        path = directory / self.name
        path.write_bytes(self.content)
        return str(path)

    def counted(self) -> Counts | None:
        """The independent count; None if there is a reason to refuse it."""
        if self.text is None:
            return None
        csv.field_size_limit(1 << 30)
        rows = [
            row for row in csv.reader(io.StringIO(self.text, newline=""), delimiter=self.separator) if row
        ]
        names = [name.strip() for name in rows[0]] if rows else []
        column = str(self.options.get("column"))
        if any(len(row) != len(names) for row in rows) or names.count(column) != 1:
            return None
        place = names.index(column)
        return counted([row[place] for row in rows[1:]], **self.options)


def counted(
    cells: Sequence[str],
    missing: str = "refuse",
    unit: str = "lines",
    vocabulary: Sequence[str] | None = None,
    **others: Any,
) -> Counts | None:
    """Cells, counted; None if there is a reason to refuse them."""
    counts = Counter(cells)
    empty = counts.pop("", 0)
    if empty and (missing == "refuse" or (missing == "category" and "(missing)" in counts)):
        return None
    if empty and missing == "category":
        counts["(missing)"] = empty
    if unit == "integers":
        return integers(counts, vocabulary)
    labels = sorted(counts) if vocabulary is None else vocabulary
    if len(labels) < 2 or not counts or set(counts) - set(labels):
        return None
    return {label: counts[label] for label in labels}


def integers(counts: Counter[str], vocabulary: Sequence[str] | None) -> Counts | None:
    try:
        numbers = Counter([int(cell) for cell in counts.elements()])
    except ValueError:
        return None
    if vocabulary is not None:
        return counted([str(number) for number in numbers.elements()], vocabulary=vocabulary)
    if not numbers or min(numbers) < 0 or not 1 <= max(numbers) < MAX_CATEGORIES:
        return None
    return {str(number): numbers[number] for number in range(max(numbers) + 1)}


SEPARATORS = (",", ";", "\t", "|", ":", " ", "^", "a", "\x1f")
FOUND = SEPARATORS[:4]
"""Separators that need not be named."""
ENCODINGS = (
    "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "ascii", "shift_jis",
    "gb18030", "utf-7", "koi8-r", "cp037",
)  # fmt: skip
NAMES = ("kind", "id", "Größe", "a b", "no", "1", "1.0", "true", "[a]", "{a: b}", "-x", "日本")
ODD = (
    "", "", " ", "a", "b", '"', '""', "'", ",", ";", "\t", "|", "\n", "\r", "\r\n", "\0", "é", "日", "😀",
    "NULL", "NaN", "nan", "null", "N/A", "None", "true", "1", "01", "1.0", "-1", "1e3", "2024-01-01",
    "(missing)", "\ufeff", "\x85", "\u2028", "\x1a", "\\", "\\n", "$", "x" * 300,
)  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(ODD),
    st.lists(st.sampled_from(ODD), max_size=4).map("".join),
    st.text(max_size=5),
    st.integers(-2, 12).map(str),
)
GZIP = st.sampled_from([False, False, True])


def quoted(cell: str, always: bool, separator: str) -> str:
    """A field, in quotes if it needs them."""
    if always or cell == "" or any(character in cell for character in f'{separator}"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


@st.composite
def tables(draw: st.DrawFn, good: bool = False) -> Table:
    """Tables as people have them; good ones can be learned from."""
    separator = draw(st.sampled_from(SEPARATORS))
    encoding = draw(st.sampled_from(ENCODINGS))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    width, column = len(names), draw(st.sampled_from(names))
    cells = st.sampled_from(draw(st.lists(CELLS, min_size=2, max_size=6))) if good else CELLS
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=3 * good, max_size=12))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    always = draw(st.booleans())
    written = [[quoted(name, always, separator) for name in names]]
    written += [[quoted(cell, always, separator) for cell in row] for row in rows]
    lines = [separator.join(row) + end * draw(st.sampled_from([1, 1, 1, 2])) for row in written]
    text = "".join(lines)
    text = text.removesuffix(end) if draw(st.booleans()) else text
    content = text.encode(encoding, "ignore")
    text = content.decode(encoding)
    options: dict[str, Any] = {
        "column": column,
        "missing": draw(st.sampled_from(["refuse", "skip", "category"])),
    }
    if separator not in FOUND or width == 1 or draw(st.booleans()):
        options["separator"] = "tab" if separator == "\t" and draw(st.booleans()) else separator
    if encoding not in ("utf-8", "utf-8-sig", "ascii") or draw(st.booleans()):
        options["encoding"] = encoding
    if draw(st.integers(0, 4)) == 0:
        options["unit"] = draw(st.sampled_from(["lines", "integers"]))
    elif draw(st.integers(0, 3)) == 0:
        place = names.index(column)
        found = list(dict.fromkeys(row[place] for row in rows if row[place]))
        more = draw(st.lists(st.text(min_size=1, max_size=3), max_size=3))
        vocabulary = list(dict.fromkeys([*draw(st.permutations(found)), *more]))
        options["vocabulary"] = vocabulary[1:] if draw(st.integers(0, 4)) == 0 else vocabulary
        assume(len(options["vocabulary"]) > 1)
    name = draw(st.sampled_from(["t.csv", "t.tsv", "t", "t.txt", "T.CSV", "t.csv.gz", "t.data"]))
    return Table(name, gzip.compress(content) if draw(GZIP) else content, options, text, separator)


def check_table(table: Table, directory: Path) -> None:
    path = table.written(directory)
    found = counts_of(lambda: open_source(Data(path=path, **table.options)))
    expected = table.counted()
    if expected is None:
        assert isinstance(found, str), f"{found} of what should be refused"
    else:
        assert found == expected
        assert list(found) == list(expected)


@pytest.mark.slow
@settings(OFTEN, max_examples=600)
@given(tables())
def test_tables(tmp_path: Path, table: Table) -> None:
    """All that is refused has a reason, and all that has one is refused."""
    check_table(table, tmp_path)


@st.composite
def damaged(draw: st.DrawFn) -> Table:
    """Tables that somebody has cut, or put bytes into, or named wrongly."""
    table = draw(tables())
    content = table.content
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(content)))
        more = draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b",", b"\n", b"\r", b"\0", b"PK"]))
        )
        content = content[:place] + more + content[place + draw(st.integers(0, 2)) :]
    if draw(st.integers(0, 5)) == 0:
        content = content[draw(st.integers(0, len(content))) :]
    options = dict(table.options)
    for key, values in (
        ("column", [None, "kind", "", "no such", "a\nb"]),
        ("separator", [None, ",", ";", " ", '"', "", "::", "\n", "é"]),
        (
            "encoding",
            [None, "utf-8", "utf-16", "latin-1", "utf-9", "rot13", "base64", "idna", "", "undefined"],
        ),
        ("missing", ["refuse", "skip", "category", "drop"]),
        ("unit", [None, "lines", "words", "characters", "integers", "letters"]),
    ):
        if draw(st.integers(0, 4)) == 0:
            options[key] = draw(st.sampled_from(values))
    return Table(table.name, content, options, None, table.separator)


@pytest.mark.slow
@settings(OFTEN, max_examples=500)
@given(damaged())
@example(Table("t.csv", b'"a\nb",c\n1,2\n', {}, None, ","))
@example(Table("t.csv", b'"a\nb",c\n1,2\n', {"column": "b"}, None, ","))
@example(Table("t.csv", gzip.compress(b"kind\n1\n2\n" * 9)[:20], {"column": "kind"}, None, ","))
@example(Table("t.csv", gzip.compress(b"kind\n1\n2\n" * 9)[:-6] + b"abcdef", {"column": "kind"}, None, ","))
@example(Table("t.csv", b"\x1f\x8b\x08\0\0\0\0\0\2\xff\xff\xff", {"column": "kind"}, None, ","))
def test_damaged_tables(tmp_path: Path, table: Table) -> None:
    """Refused, or counted as csv counts them by the settings that were given."""
    path = table.written(tmp_path)
    found = counts_of(lambda: open_source(Data(path=path, **table.options)))
    if isinstance(found, str) or table.options.get("unit") in ("words", "characters"):
        return
    separator = table.options.get("separator") or table.separator
    content = gzip.decompress(table.content) if table.content[:2] == b"\x1f\x8b" else table.content
    encoding = table.options.get("encoding") or "utf-8"
    text = content.decode(encoding, "surrogateescape" if encoding in ("utf-8", "utf-8-sig") else "strict")
    text = text.removeprefix("\ufeff")
    assert not re.search("[\udc80-\udcff]", "".join(found)), "of what is no text in other columns only"
    if content[:2] == b'{"':
        return
    options = {key: value for key, value in table.options.items() if value is not None}
    assume("separator" in options)
    separator = "\t" if separator == "tab" else separator
    assert found == Table(table.name, content, options, text, separator).counted()


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 0


COMPOUND: tuple[Any, ...] = (
    (), (1, 2), [], ["a"], {}, {"a": 1}, {1}, frozenset("ab"), range(2), np.zeros(2), np.zeros((2, 2)),
    (np.zeros((2, 2)),), bytearray(b"a"), deque([1]), ["a\nb"], pd.Series([1, 2], name="s"),
    pl.Series([1, 2]),
)  # fmt: skip
SINGLE: tuple[Any, ...] = (
    True, 0, 1, 2, 12, 10**30, 0.0, -0.0, 1.0, 1e300, math.inf, "", "a", "1", "1.0", "nan", "None", "a\nb",
    "\0", "(missing)", "a\0", "\ud800", b"", b"a", b"1", np.int8(3), np.uint64(2**63), np.float32(0.1), 1j,
    np.float64(1), np.bool_(True), np.str_("a"), np.bytes_(b"a"), np.array(3), np.datetime64("2024-01-01"),
    np.timedelta64(3, "D"), np.complex64(1j), decimal.Decimal("1.0"), Fraction(1, 3), Colour.RED, Level.LOW,
    datetime.date(2024, 1, 1), datetime.timedelta(1), pd.Timestamp(2024, 1, 1), pd.Interval(0, 1), int, ...,
)  # fmt: skip
MISSING: tuple[Any, ...] = (None, math.nan, np.float32("nan"), np.datetime64("NaT"), pd.NaT, pd.NA)
VALUES = st.one_of(
    st.sampled_from(SINGLE),
    st.sampled_from(SINGLE),
    st.sampled_from(MISSING),
    st.integers(-2, 12),
    st.text(st.characters(), max_size=4),
    st.floats(),
    st.binary(max_size=2),
    st.dates(),
)


def is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, Hashable) and value != value)


def printed(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def is_compound(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Mapping | Sequence | set | frozenset) and not isinstance(value, str | bytes)


def reasons(values: list[Any], options: Mapping[str, Any]) -> bool:
    """Whether a list may be refused."""
    if any(map(is_compound, values)):
        return True
    present = [value for value in values if not is_missing(value)]
    try:
        labels = Counter(map(printed, present))
    except UnicodeDecodeError:
        return True
    if len(present) < len(values):
        if options["missing"] == "refuse" or (options["missing"] == "category" and "(missing)" in labels):
            return True
        labels["(missing)"] += options["missing"] == "category"
    if (known := options.get("vocabulary")) is not None:
        return bool(set(+labels) - set(map(str, known))) or not present
    whole = [value for value in present if isinstance(value, int | np.integer)]
    numbers = [int(value) for value in whole if not isinstance(value, np.timedelta64)]
    if numbers and len(numbers) == len(present):
        return len(+labels) < 2 or not 0 <= min(numbers) <= max(numbers) < MAX_CATEGORIES
    return len(+labels) < 2


@settings(OFTEN, max_examples=500)
@given(
    st.one_of(
        st.lists(VALUES, max_size=20),
        st.lists(st.integers(-1, 30), max_size=20),
        st.lists(st.one_of(VALUES, st.sampled_from(COMPOUND)), max_size=6),
    ),
    st.sampled_from(["refuse", "skip", "category"]),
    st.sampled_from([None, None, None, ["a", "b", "1", "(missing)"], ["a\nb", "a"]]),
)
@example([1, "1", True, 1.0, b"1"], "refuse", None)
@example([np.timedelta64(3, "D"), np.timedelta64(4, "D")], "refuse", None)
@example([(np.zeros((2, 2)),)], "refuse", None)
def test_lists_of_anything(values: list[Any], missing: str, vocabulary: list[str] | None) -> None:
    """Nothing is lost, nothing is counted twice; what is refused has a reason."""
    options: dict[str, Any] = {"missing": missing, "vocabulary": vocabulary}
    found = counts_of(lambda: from_values(values, **options))
    if isinstance(found, str):
        assert reasons(values, options), found
        return
    expected = Counter(printed(value) for value in values if not is_missing(value))
    if missing == "category":
        expected["(missing)"] += sum(map(is_missing, values))
    assert {label: count for label, count in found.items() if count} == +expected
    if all(type(value) is int for value in values) and vocabulary is None:
        assert list(found) == [str(number) for number in range(max(values) + 1)]


NUMBERS = st.one_of(
    st.integers(0, 9),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.sampled_from([None, "3", 10**30, 10**400, Fraction(1, 2), decimal.Decimal(2), np.int8(3), [1], 1j]),
)
KEYS = st.one_of(st.sampled_from([key for key in SINGLE if isinstance(key, Hashable)]), st.text(max_size=2))


@settings(OFTEN, max_examples=200)
@given(
    st.one_of(
        st.dictionaries(st.text(max_size=3), st.integers(0, 100), max_size=6),
        st.dictionaries(st.one_of(KEYS, st.sampled_from(MISSING)), NUMBERS, max_size=6),
    )
)
@example({"a": 10**30, "b": 1})
@example({"a": 10**400, "b": 1})
@example({None: "x", "a": 1, "b": 1})
@example({None: math.inf, "a": 1, "b": 1})
@example({None: [1], "a": 1, "b": 1})
def test_counts_by_label(values: dict[Any, Any]) -> None:
    """A dictionary of counts is taken as it is; whatever else stands in one is refused in one line."""
    try:
        source = from_values(values)
    except ValueError as error:
        check_refusal(error)
        plain = all(type(key) is str and type(count) is int for key, count in values.items())
        numbers = values.values()
        assert not plain or len(values) < 2 or min(numbers) < 0 or not 0 < sum(numbers) < 2**60
        return
    labels = [printed(key) for key in values if not is_missing(key)]
    assert list(source.labels) == labels
    counts = np.array([float(values[key]) for key in values if not is_missing(key)])
    np.testing.assert_allclose(source.target, counts / counts.sum(), rtol=1e-5)


CONTAINERS: dict[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple,
    "deque": deque,
    "array of NumPy": np.array,
    "array of objects": lambda values: np.array([*values, None], object)[:-1],
    "Series": pd.Series,
    "Series of objects": lambda values: pd.Series(values, dtype=object),
    "Index": pd.Index,
    "categories": pd.Categorical,
    "Series of categories": lambda values: pd.Series(values, dtype="category"),
    "Series of Polars": pl.Series,
    "masked array": lambda values: np.ma.masked_array([*values, values[0]], [False] * len(values) + [True]),
    "Counter": Counter,
}


@settings(OFTEN, max_examples=200)
@given(
    st.sampled_from(sorted(CONTAINERS)),
    st.one_of(
        st.lists(st.text(max_size=3).filter(lambda text: "\0" not in text), min_size=1, max_size=20),
        st.lists(st.integers(0, 20), min_size=1, max_size=20),
        st.lists(st.floats(allow_nan=False).map(lambda number: number + 0.0), min_size=1, max_size=20),
        st.lists(st.booleans(), min_size=1, max_size=20),
        st.lists(st.dates(datetime.date(1950, 1, 1), datetime.date(2100, 1, 1)), min_size=1, max_size=20),
    ),
)
def test_containers(name: str, values: list[Any]) -> None:
    """Each is counted as the list is; a container may print its values in another way."""
    made = CONTAINERS[name](values)
    found = counts_of(lambda: from_values(made, missing="skip"))
    if isinstance(found, str):
        assert len(set(values)) < 2, found
        return
    assert sorted(count for count in found.values() if count) == sorted(Counter(values).values())
    if isinstance(values[0], str | bool) or type(values[0]) is int:
        assert {label: count for label, count in found.items() if count} == Counter(map(str, values))


@pytest.mark.parametrize(
    "values",
    [
        5, None, 1.5, object(), int, ..., np.int64(3), np.array(3), b"", "", [], {}, set(), b"aab",
        array.array("i", [1, 2, 2]), memoryview(b"aab"), {"a": 1}.keys(), {"a": 1}.values(), {"a": 1}.items(),
        range(0), range(3), range(-1, 3), np.zeros((2, 0)), np.array([]), np.zeros(3, "V4"),
        np.zeros(3, [("a", "i4"), ("b\n", "f4")]), pd.DataFrame(), pd.DataFrame({"a\nb": [1], "c": [2]}),
        pd.MultiIndex.from_tuples([(1, 2), (1, 3)]), pd.Series([], dtype=object), pl.DataFrame(),
        pl.DataFrame({"a\nb": [1], "c": [2], "d": [2]}), pl.Series([]), pl.Series([object(), object()]),
        pl.Series([[1], [2]]), pl.Series([{"a": 1}, {"a": 2}]), pl.DataFrame({"a": [1]}).lazy(),
        Path("x"), Data(),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
@pytest.mark.parametrize("vocabulary", [None, ["a", "b"]])
def test_what_is_no_list(values: Any, vocabulary: list[str] | None) -> None:
    """Counted, or refused in one line."""
    try:
        from_values(values, vocabulary=vocabulary)
    except ValueError as error:
        check_refusal(error)


VOCABULARIES: tuple[Any, ...] = (
    5, "", [], ["a"], ["a", ""], ["a", "a"], [["a"], ["b"]], {"a": 1, "b": 2}, ["a", "c\nd"],
)  # fmt: skip
PROBABILITIES: tuple[Any, ...] = (
    5, [], "0.5,0.5", ["x", "y"], [0.5, 0.6], [0.5], [math.nan, 1.0], [-1, 2], [None, 1], np.eye(2), [1, 0],
)  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        *({"vocabulary": one} for one in VOCABULARIES),
        *({"probabilities": one} for one in PROBABILITIES),
        *({"missing": one} for one in (None, "drop", ["skip"], 3)),
    ],
    ids=repr,
)
def test_odd_options(options: dict[str, Any]) -> None:
    try:
        from_values(["a", "b", "a"], **options)
    except ValueError as error:
        check_refusal(error)


LABELS = st.lists(st.text(st.characters(), min_size=1, max_size=5), min_size=2, max_size=6, unique=True)


@st.composite
def listed(draw: st.DrawFn) -> tuple[list[str], str]:
    """Labels, and a text that lists them."""
    labels = [label for label in draw(LABELS) if not ('"' in label and "'" in label)]
    assume(len(labels) > 1)
    parts = []
    for label in labels:
        quote = draw(st.sampled_from([q for q in "\"'" if q not in label]))
        plain = label == label.strip() and not set(label) & set("\"',[]")
        bare = plain and draw(st.booleans())
        blanks = [draw(st.sampled_from(["", " ", "\t", "  "])) for _ in range(2)]
        parts.append((label if bare else f"{quote}{label}{quote}").join(blanks))
    text = ",".join(parts)
    return labels, draw(st.sampled_from([text, f"[{text}]", f" [ {text} ] "]))


@settings(OFTEN, max_examples=200)
@given(listed(), st.sampled_from(["labels", "vocabulary"]))
def test_labels_as_text(pair: tuple[list[str], str], setting: str) -> None:
    labels, text = pair
    path = "x.npy" if setting == "labels" else "x.txt"
    settings_given: dict[str, Any] = {"path": path, setting: text}
    assert getattr(Data(**settings_given), setting) == labels


@settings(OFTEN, max_examples=200)
@given(
    st.one_of(
        st.text(st.characters(), max_size=12), st.text(st.sampled_from("ab ,'\"[]~/\0\n\ud800"), max_size=12)
    )
)
@example("~\0,b")
@example("~\ud800,b")
@example("/\0,/")
def test_any_text_for_labels(text: str) -> None:
    """Labels, none of them empty or twice; or one line."""
    try:
        found = Data(path="x", vocabulary=text).vocabulary
    except ValueError as error:
        check_refusal(error)
        return
    assert isinstance(found, list)
    assert len(found) == len(set(found)) >= 2
    assert "" not in found
    assert all(str(label) in text for label in found)


@pytest.mark.parametrize(
    "path", ["a\nb.csv", "a\rb.csv", "\0", "a\0b.csv", "\ud800.csv", "", "~\0/x.csv", "x" * 300]
)
@pytest.mark.parametrize("there", [True, False])
def test_odd_paths(path: str, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of such a name is read, if there can be one; else one line says why not."""
    monkeypatch.chdir(tmp_path)
    if there and path in ("a\nb.csv", "a\rb.csv"):
        (tmp_path / path).write_text("kind,id\na,1\nb,2\n")
        assert counts_of(lambda: open_source(Data(path=path, column="kind"))) == {"a": 1, "b": 1}
    assert isinstance(counts_of(lambda: open_source(Data(path=path, column="none"))), str)


TEXTS: dict[str, list[str]] = {
    "column": [*NAMES, *("1e3", "null", "~", "#", "# a", "", "--x", "a=b", "a,b", "'a'", '"a"', "a: b", "é")],
    "separator": [*string.punctuation.replace('"', ""), " ", "\t", "a", "1"],
}


@pytest.fixture(scope="module")
def options() -> Parser:
    return train.parser()


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in TEXTS.items() for value in values]
)
def test_settings_that_are_text(key: str, value: str, tmp_path: Path, options: Parser) -> None:
    """They are what was written, on the command line and in a file of settings."""
    given = {"path": "t.csv", "column": "kind", key: value}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"data": given}))
    for arguments in (
        [f"--data.{name}={text}" for name, text in given.items()],
        ["--config", str(tmp_path / "c.yaml")],
    ):
        assert getattr(options.config(options.parse_args(arguments)).data, key) == value


def check_training(table: Table, directory: Path, by_file: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """A whole training: its summary holds the independent count."""
    expected = table.counted()
    assume(expected is not None and len(expected) < 100)
    assert expected is not None
    path = table.written(directory)
    arguments = ["--epochs", "1", "--training.batches", "2", "--quiet", "--output", str(directory / "out")]
    if by_file or "vocabulary" in table.options:
        (directory / "c.yaml").write_text(yaml.safe_dump({"data": {"path": path, **table.options}}))
        arguments += ["--config", str(directory / "c.yaml")]
    else:
        arguments += [f"--data.{key}={value}" for key, value in {"path": path, **table.options}.items()]
    capsys.readouterr()
    try:
        train.main([*arguments, "--overwrite"])
    except SystemExit:
        pytest.fail(capsys.readouterr().err)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert all(line.startswith("gumbel_gan: ") for line in printed.err.splitlines())
    told = json.loads((directory / "out" / "summary.json").read_text(encoding="utf-8"))
    assert told["labels"] == list(expected)
    total = sum(expected.values())
    np.testing.assert_allclose(told["target"], [count / total for count in expected.values()], atol=1e-9)
    assert len(told["learned"][0]) == len(expected)


LATER = settings(OFTEN, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@settings(LATER, max_examples=2)
@given(tables(good=True), st.booleans())
def test_a_few_trainings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: Table, by_file: bool
) -> None:
    check_training(table, tmp_path, by_file, capsys)


@pytest.mark.slow
@settings(LATER, max_examples=50)
@given(tables(good=True), st.booleans())
def test_fifty_trainings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: Table, by_file: bool
) -> None:
    check_training(table, tmp_path, by_file, capsys)

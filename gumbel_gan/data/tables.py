"""Columns of tables: CSV and its kin, Parquet, Arrow, JSON lines.

One column is counted in blocks, in constant memory; several are read whole.

Arrow reads them. It takes whatever can be read once from beginning to end, and agrees with Python's `csv` on
quotes, where a faster reader does not.
"""

import csv
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

from ..config.checks import one_line, suggestion
from .files import numbered
from .reading import ARROW, MARK, PARQUET, beginning, fields_of_any_length, opened
from .values import is_missing, label_of

SEPARATORS = (",", ";", "\t", "|")
"""What may separate columns, the most usual one first."""
Taken = TypeVar("Taken")
BLOCKS = (1 << 22, 1 << 26, 1 << 30)
"""Bytes that Arrow reads at once, until a block holds the longest row."""


@dataclass(frozen=True)
class Column:
    """How often each value of a column occurs.

    Attributes:
        counts: by label.
        missing: how many are missing.
    """

    counts: Counter[str]
    missing: int


def count_column(
    path: str, column: str | None, separator: str | None = None, encoding: str | None = None
) -> Column:
    """Count the values of a column.

    Args:
        path: of a CSV file or the like with a header, of Parquet, Arrow or JSON lines.
        column: its name.
        separator: between columns, of CSV; found by default.
        encoding: of the text; UTF-8 by default.

    Raises:
        OSError: the file cannot be read.
        ValueError: there is no such column, or the file is broken; names the line.
    """
    with opened(path, encoding) as file:
        first = beginning(file)
        if first.startswith((PARQUET, ARROW)):
            batches = (batch.column(0) for batch in _arrow_batches(file, first, [column], path))
            return _count_batches(batches, column, path)
        if first.removeprefix(MARK).lstrip().startswith(b'{"'):
            return _json_lines(file, column, path)

        def count(batches: Iterator[Any]) -> Column:
            return _count_batches((batch.column(0) for batch in batches), column, path)

        return _csv(file, [column], separator, path, count)


def read_columns(
    path: str, columns: Sequence[str] | None, separator: str | None = None, encoding: str | None = None
) -> Any:
    """Read columns whole, as a table of Arrow's: of CSV as text, of others in their types.

    Args:
        path: as for `count_column`.
        columns: their names; None reads all.
        separator: between columns, of CSV; found by default.
        encoding: of the text; UTF-8 by default.

    Raises:
        OSError: the file cannot be read.
        ValueError: there is no such column, or the file is broken; names the line.
    """
    import pyarrow as pa

    with opened(path, encoding) as file:
        first = beginning(file)
        if first.startswith((PARQUET, ARROW)):
            return pa.Table.from_batches(_arrow_batches(file, first, columns, path))
        if first.removeprefix(MARK).lstrip().startswith(b'{"'):
            return _table_of_objects(file, columns, path)
        return _csv(file, columns, separator, path, lambda batches: pa.Table.from_batches(batches))


def column_lines(
    path: str, column: str | None, separator: str | None = None, encoding: str | None = None
) -> Iterator[tuple[int, Sequence[str]]]:
    """The values of a CSV file's column with the numbers of their lines; nothing of other tables."""
    with opened(path, encoding) as file:
        first = beginning(file).removeprefix(MARK)
        if first.startswith((PARQUET, ARROW)) or first.lstrip().startswith(b'{"'):
            return
        separator, names = header(file, column, separator, path)
        index = names.index(needed(column, names, path))
        for line, row in rows(file, separator, path):
            yield line, row[index : index + 1]


def needed(
    column: str | None, names: Sequence[str], path: str, hint: str = "", key: str = "data.column"
) -> str:
    """The column, which must be one of those there are, and only one of them.

    Raises:
        ValueError: it is not.
    """
    listed = ", ".join(name if len(name) <= 30 else name[:30] + "…" for name in names[:20])
    if column is None:
        raise ValueError(
            f"{key}: required for a table: give one of {listed}; or several, or all, as data.columns"
        )
    if (twice := names.count(column)) > 1:
        raise ValueError(
            f"{key}: the header in line 1 of {path} has {column!r} {twice} times: rename the others"
        )
    if not twice:
        near = suggestion(column, names) or f": give one of {listed}"
        raise ValueError(f"{key}: {path} has no column {column!r}{near}{hint}")
    return column


def _all_needed(
    columns: Sequence[str | None] | None, names: Sequence[str], path: str, hint: str = ""
) -> list[str]:
    """Several columns, one of which may have been asked for alone; None are all."""
    key = "data.columns" if columns is None or len(columns) > 1 else "data.column"
    return [needed(column, names, path, hint, key) for column in (names if columns is None else columns)]


def _count_batches(batches: Iterable[Any], column: str | None, path: str) -> Column:
    """Count Arrow's arrays, and make labels of the different values only."""
    import pyarrow as pa

    pending: list[Any] = []
    values = 0
    for array in batches:
        if isinstance(array, pa.DictionaryArray):
            array = array.dictionary_decode()
        if pa.types.is_nested(array.type):
            raise ValueError(
                f"data.column: column {column!r} of {path} holds values of type {array.type}: "
                "give one of single values"
            )
        found = array.value_counts()
        pending.append(pa.table([found.field("values"), found.field("counts")], names=["value", "count"]))
        values += len(found)
        if values > 1 << 20:
            pending, values = [_merged(pending)], 0
    counts: Counter[str] = Counter()
    missing = 0
    if pending:
        merged = _merged(pending)
        for value, count in zip(merged["value"].to_pylist(), merged["count"].to_pylist(), strict=True):
            if is_missing(value) or value == "":
                missing += count
            else:
                counts[label_of(value)] += count
    return Column(counts, missing)


def _merged(tables: list[Any]) -> Any:
    import pyarrow as pa

    merged = pa.concat_tables(tables).group_by("value").aggregate([("count", "sum")])
    return merged.rename_columns({"count_sum": "count"}).select(["value", "count"])


def _arrow_batches(
    file: BinaryIO, first: bytes, columns: Sequence[str | None] | None, path: str
) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        if first.startswith(PARQUET):
            table = parquet.ParquetFile(file)
            names = _all_needed(columns, table.schema_arrow.names, path)
            for batch in table.iter_batches(columns=names):
                yield batch.select(names)
            return
        reader = pa.ipc.open_file(file)
        names = _all_needed(columns, reader.schema.names, path)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number).select(names)
    except pa.ArrowInvalid as error:
        raise ValueError(f"data.path: cannot read {path} ({one_line(error)}): write it again") from None


def _objects(file: BinaryIO, path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of JSON lines, each with the number of its line."""
    for number, raw in enumerate(file, start=1):
        if not raw.strip():
            continue
        try:
            row = json.loads(raw.removeprefix(MARK) if number == 1 else raw)
        except ValueError as error:
            raise ValueError(f"data.path: line {number} of {path} is no JSON ({one_line(error)})") from None
        if not isinstance(row, dict):
            raise ValueError(f"data.path: line {number} of {path} is no object: give one for each row")
        yield number, row


def _single(value: Any, number: int, column: str | None, path: str, key: str) -> Any:
    """A value, which must not be compound."""
    if isinstance(value, dict | list):
        raise ValueError(
            f"{key}: line {number} of {path} has a {type(value).__name__} in {column!r}: "
            "give a column of single values"
        )
    return value


def _json_lines(file: BinaryIO, column: str | None, path: str) -> Column:
    counts: Counter[str] = Counter()
    missing = 0
    names: dict[str, None] = {}
    for number, row in _objects(file, path):
        names.update(dict.fromkeys(row))
        if column is None:
            break
        value = _single(row.get(column), number, column, path, "data.column")
        if is_missing(value) or value == "":
            missing += 1
        else:
            counts[label_of(value)] += 1
    if column is None or column not in names:
        needed(column, list(names), path)
    return Column(counts, missing)


def _table_of_objects(file: BinaryIO, columns: Sequence[str] | None, path: str) -> Any:
    """JSON lines as a table of Arrow's; a row that lacks a column has nothing there."""
    import pyarrow as pa

    values: dict[str, list[Any]] = {}
    rows = 0
    for number, row in _objects(file, path):
        for name, value in row.items():
            held = values.setdefault(name, [])
            held.extend([None] * (rows - len(held)))
            held.append(_single(value, number, name, path, "data.columns"))
        rows += 1
    names = _all_needed(columns, list(values), path)
    whole = {name: values[name] + [None] * (rows - len(values[name])) for name in names}
    return pa.table({name: as_array(column) for name, column in whole.items()})


def as_array(values: Any) -> Any:
    """Values as an array of Arrow's; of several types as they print."""
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if is_missing(value) else label_of(value) for value in values])


def _csv(
    file: BinaryIO,
    columns: Sequence[str | None] | None,
    separator: str | None,
    path: str,
    take: Callable[[Iterator[Any]], Taken],
) -> Taken:
    """What `take` makes of the batches of some columns of a CSV file; it is called again for longer rows."""
    separator, names = header(file, (columns or [None])[0], separator, path)
    hint = "" if len(names) > 1 else " (if something else separates columns, give --data.separator)"
    wanted = _all_needed(columns, names, path, hint)
    indices = [names.index(name) for name in wanted]
    for block in BLOCKS:
        file.seek(0)
        counted = _Counted(file)
        try:
            found = take(_csv_batches(counted, len(names), indices, wanted, separator, block))
        except _Straddling:
            if block < BLOCKS[-1] and _unclosed(file, separator, path) is None:
                continue
            raise _explained(file, separator, len(names), path) from None
        except _Invalid:
            raise _explained(file, separator, len(names), path) from None
        if counted.quotes % 2 and _unclosed(file, separator, path) is not None:
            raise _explained(file, separator, len(names), path)
        return found
    raise AssertionError("the last block returns or raises")


class _Invalid(Exception):
    """Arrow could not read a row."""


class _Straddling(Exception):
    """A row does not fit into a block, or a quote never closes."""


class _Counted:
    """A file that Arrow does not close, and that counts quotes.

    Arrow takes a quote that never closes for one that closes with the file. Their number is odd then.
    """

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.quotes = file, 0

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.quotes += block.count(b'"')
        return block

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        pass


def _csv_batches(
    file: _Counted, width: int, indices: Sequence[int], wanted: list[str], separator: str, block: int
) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import csv as arrow

    names = [str(number) for number in range(width)]
    read = [names[index] for index in indices]
    try:
        reader = arrow.open_csv(
            file,
            read_options=arrow.ReadOptions(column_names=names, block_size=block),
            parse_options=arrow.ParseOptions(delimiter=separator, newlines_in_values=True),
            convert_options=arrow.ConvertOptions(
                include_columns=read, column_types=dict.fromkeys(read, pa.string())
            ),
        )
        rows = 0
        for batch in reader:
            yield batch.rename_columns(wanted)[0 if rows else 1 :]  # the first row is the header
            rows += len(batch)
    except pa.ArrowInvalid as error:
        raise (_Straddling if "straddl" in str(error) else _Invalid)(one_line(error)) from None


def header(file: BinaryIO, column: str | None, separator: str | None, path: str) -> tuple[str, list[str]]:
    """The separator of a CSV file and the names in its header, without blanks around them.

    Without a separator, it is the one that yields the column that is asked for, and most columns beside it.
    """

    def names_by(one: str) -> list[str]:
        return [name.strip(" ") for name in next(rows(file, one, path), (0, []))[1]]

    found = {one: names_by(one) for one in ([separator] if separator else SEPARATORS)}
    one = max(found, key=lambda one: (column in found[one], len(found[one])))
    if not found[one]:
        raise ValueError(f"data.path: {path} is empty: give a table with a header")
    return one, found[one]


def rows(file: BinaryIO, separator: str, path: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file one by one, each with the number of its first line; blank lines are none.

    Raises:
        ValueError: a line is not UTF-8 text.
    """
    file.seek(0)
    line = 0
    with fields_of_any_length():
        reader = csv.reader((text + "\n" for _, text in numbered(file, path)), delimiter=separator)
        for row in reader:
            if row:
                yield line + 1, row
            line = reader.line_num


def _unclosed(file: BinaryIO, separator: str, path: str) -> int | None:
    """The line in which a quote opens that never closes; None if all close."""
    file.seek(0)
    end = "\0"  # in a row of its own, if no field is open
    line = before = 0
    row: list[str] = []
    with fields_of_any_length():
        lines = itertools.chain((text + "\n" for _, text in numbered(file, path)), [end])
        reader = csv.reader(lines, delimiter=separator)
        for row in reader:  # noqa: B007  (the last one is looked at)
            before, line = line, reader.line_num
    return None if row == [end] else before + 1


def _explained(file: BinaryIO, separator: str, width: int, path: str) -> ValueError:
    """Why a table cannot be read, by the line that is to blame."""
    if (line := _unclosed(file, separator, path)) is not None:
        return ValueError(f"data.path: line {line} of {path} has a quote that never closes: close it")
    for line, row in rows(file, separator, path):
        if len(row) != width:
            fields = "1 field" if len(row) == 1 else f"{len(row)} fields"
            return ValueError(
                f"data.path: line {line} of {path} has {fields}, and the header {width}: "
                f"quote fields that hold {separator!r}, or give another --data.separator"
            )
    return ValueError(f"data.path: {path} has a row that is too long: give a table with shorter ones")

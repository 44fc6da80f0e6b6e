"""From a table, in a file or held in Python, to rows: its columns' categories, their order, and the split."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..config.catalogue import ORDERS
from ..config.checks import suggestion
from ..config.data import Data
from .columns import FEW_NUMBERS, Column, as_number, bin_labels, kind_of_values, quantiles
from .counting import mutual_information
from .missing import MISSING
from .reading import readable
from .rows import Rows
from .source import listed, shown
from .tables import as_array, read_columns
from .values import is_missing, kind_of, label_of

FEW_ROWS = 20
"""Rows from which on a column is refused whose values are nearly all different."""


def from_table(
    table: Any,
    columns: Sequence[str] | str = "all",
    *,
    order: str = "given",
    bins: int | None = None,
    weights: str | None = None,
    missing: str = "refuse",
    stopping: float = 0.1,
    held_out: float = 0.1,
    seed: int = 0,
) -> Rows:
    """A source of the rows of a table held in Python.

    Args:
        table: a DataFrame (pandas, Polars), a table of Arrow's, or a dictionary of columns.
        columns: their names, in order; or all.
        order: in which columns are learned, each given those before it: given or information.
        bins: of columns with many different numbers, by quantiles.
        weights: the column that holds the rows' weights; whole numbers count rows.
        missing: what becomes of missing values: refuse, skip the row, or category.
        stopping: the part of the rows that tells when to stop.
        held_out: the part of the rows that scores.
        seed: of the split.

    Raises:
        ValueError: there is no such column, its values will not do as categories, or columns differ in
            length.

    Example:
        >>> import gumbel_gan as gg
        >>> ages = {"age": [18, 25, 31, 44, 52, 67] * 10, "smokes": [True, False, False] * 20}
        >>> rows = gg.from_table(ages)
        >>> [column.kind for column in rows.columns], rows.weights.sum(axis=1).tolist()
        (['integer', 'boolean'], [48, 6, 6])
    """
    data = Data(
        source="rows", path="table", columns=columns if isinstance(columns, str) else list(columns),
        order=order, bins=bins, weights=weights, missing=missing, stopping=stopping, held_out=held_out,
        law_seed=seed,
    )  # fmt: skip
    rows = _rows(_arrow(table), data, "the table")
    rows.wrap = _wrap(table)
    if kind_of(table) == "pandas":
        dtypes = {
            str(name): "ordered" if getattr(dtype, "ordered", False) else str(dtype)
            for name, dtype in table.dtypes.items()
        }
        rows.columns = tuple(replace(column, dtype=dtypes[column.name]) for column in rows.columns)
    return rows


def open_rows(data: Data) -> Rows:
    """The rows of the file that the settings name."""
    import pyarrow as pa

    if data.path is None:
        raise ValueError(
            "data.path: required with data.columns: give a table, or gumbel_gan.from_table's rows"
        )
    wanted = None if data.columns == "all" else [str(name) for name in data.columns or ()]
    if wanted is not None and data.weights is not None:
        wanted.append(data.weights)
    with readable(data.path):
        table = read_columns(data.path, wanted, data.separator, data.encoding)
    rows = _rows(table, data, data.path)
    del table
    pa.default_memory_pool().release_unused()  # it would keep what the file took
    return rows


def _arrow(table: Any) -> Any:
    """Any table as one of Arrow's."""
    import pyarrow as pa

    library = kind_of(table)
    if not isinstance(table, Mapping) and not hasattr(table, "columns"):
        raise ValueError(
            f"data: received {type(table).__name__}: give a DataFrame, or a dictionary of columns; one "
            "column alone is for gumbel_gan.from_values"
        )
    if library == "pandas":
        return pa.table({str(name): as_array(table[name]) for name in table.columns})
    if library == "polars":
        return table.to_arrow()
    if library == "pyarrow":
        return table
    lengths = {str(name): len(values) for name, values in table.items()}
    if len(set(lengths.values())) > 1:
        short, long = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
        raise ValueError(
            f"data: received {lengths[short]} values in {short!r} and {lengths[long]} in {long!r}: "
            "give as many"
        )
    return pa.table({str(name): _of_values(str(name), values) for name, values in table.items()})


def _of_values(name: str, values: Any) -> Any:
    import pyarrow as pa

    if np.ndim(values) != 1:
        raise ValueError(f"data: column {name!r} has {np.ndim(values)} axes: give single values")
    if kind_of(values) in ("pandas", "polars"):
        return pa.array(values) if kind_of(values) == "pandas" else values.to_arrow()
    return as_array(values if isinstance(values, np.ndarray) else list(values))


def _wrap(table: Any) -> Callable[[Any], Any] | None:
    """What makes a table of the same library, of a dictionary of columns; None: pandas, if it is there."""
    if kind_of(table) == "polars":
        import polars

        return polars.DataFrame
    return None


def _rows(table: Any, data: Data, where: str) -> Rows:
    """The different rows of Arrow's table, split into parts."""
    names = list(table.column_names)
    weights = _weights(table, data, names, where)
    wanted = [name for name in names if name != data.weights] if data.columns == "all" else data.columns
    wanted = [str(name) for name in wanted or ()]
    for name in wanted:
        if name not in names:
            near = suggestion(name, names) or f": give some of {listed(names)}"
            raise ValueError(f"data.columns: {where} has no column {name!r}{near}")
    if table.num_rows == 0:
        raise ValueError(f"data.path: {where} has no rows: give a table that is not empty")
    whole = np.ones(table.num_rows, bool)
    coded = []
    for name in wanted:
        found = _different(table[name], name, where)
        coded.append((name, found))
        whole &= found.codes >= 0
    lost = int((~whole).sum())
    if lost and data.missing == "refuse":
        name, found = next(one for one in coded if (one[1].codes < 0).any())
        raise ValueError(
            f"data.missing: {lost:,} of {len(whole):,} rows of {where} have missing values, the first in "
            f"column {name!r}, row {int(np.flatnonzero(found.codes < 0)[0]) + 1} (without the header): "
            f"give skip to leave these rows out, or category to count them as one, {MISSING}"
        )
    if data.missing == "skip":
        coded = [(name, replace(found, codes=found.codes[whole])) for name, found in coded]
        weights = weights[whole]
        if not len(weights):
            raise ValueError(f"data.missing: every row of {where} has missing values: give category")
    columns, codes = [], np.empty((len(weights), len(wanted)), np.int32)
    for place, (name, found) in enumerate(coded):
        column, codes[:, place] = _column(name, found, weights, data, where)
        columns.append(replace(column, place=place))
    return ordered(columns, codes, weights, data)


def ordered(columns: Sequence[Column], codes: np.ndarray, weights: np.ndarray, data: Data) -> Rows:
    """Rows [n, T] with their weights [n] as a source: split into parts, columns in the order of learning."""
    different, parts = split(codes, weights, data)
    order = ORDERS.load(data.order)(different, parts[0], [len(column.labels) for column in columns])
    return Rows([columns[place] for place in order], different[:, order], parts)


def as_given(codes: np.ndarray, weights: np.ndarray, sizes: Sequence[int]) -> list[int]:
    """The order in which columns were asked for."""
    return list(range(len(sizes)))


def by_information(codes: np.ndarray, weights: np.ndarray, sizes: Sequence[int]) -> list[int]:
    """First the column that tells most about others; then always the one of which most is told.

    Args:
        codes: int32 [S, T], rows to train on.
        weights: [S].
        sizes: how many categories each column has.
    """
    information = mutual_information(codes, weights, sizes)
    order = [int(information.sum(1).argmax())]
    while len(order) < len(sizes):
        told = information[order].sum(0)
        told[order] = -1
        order.append(int(told.argmax()))
    return order


def _weights(table: Any, data: Data, names: list[str], where: str) -> np.ndarray:
    """The rows' weights: whole numbers where they all are."""
    if data.weights is None:
        return np.ones(table.num_rows, np.int64)
    if data.weights not in names:
        raise ValueError(
            f"data.weights: {where} has no column {data.weights!r}{suggestion(data.weights, names)}: "
            "give the name of one with numbers"
        )
    numbers = []
    for row, value in enumerate(table[data.weights].to_pylist(), start=1):
        number = None if is_missing(value) or isinstance(value, bool) else as_number(str(value))
        if number is None or number < 0:
            raise ValueError(f"data.weights: received {value!r} in row {row} of {where}: give 0 or more")
        numbers.append(number)
    found = np.array(numbers)
    return found.astype(np.int64) if (found == found.round()).all() else found


@dataclass(frozen=True)
class Different:
    """The different values of a column.

    Attributes:
        codes: int64 [n], which of them every row has, -1 where it is missing.
        values: in the order in which they occur, or in the table's own.
        ordered: whether the order is the table's own; then some may not occur.
    """

    codes: np.ndarray
    values: list[Any]
    ordered: bool


def _different(column: Any, name: str, where: str) -> Different:
    """The different values of a column of Arrow's; its dictionaries have their own order."""
    import pyarrow as pa

    if pa.types.is_nested(column.type):
        raise ValueError(
            f"data.columns: column {name!r} of {where} holds values of type {column.type}: leave it out"
        )
    ordered = pa.types.is_dictionary(column.type)
    encoded = (column.unify_dictionaries() if ordered else column.dictionary_encode()).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.string()).dictionary_encode()
    values = encoded.dictionary.to_pylist()
    indices = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    missing = np.array([is_missing(value) or value == "" for value in values] + [True])
    kept = np.cumsum(~missing) - 1
    kept[missing] = -1
    present = [value for value, is_none in zip(values, missing[:-1], strict=True) if not is_none]
    return Different(kept[indices], present, ordered)


def _column(
    name: str, found: Different, weights: np.ndarray, data: Data, where: str
) -> tuple[Column, np.ndarray]:
    """A column with its categories, and the code of every row."""
    indices, values, ordered = found.codes, found.values, found.ordered
    kind = kind_of_values(values)
    rows = len(indices)
    if not ordered and kind in ("integer", "number") and len(values) > (data.bins or FEW_NUMBERS):
        if data.bins is None:
            raise ValueError(
                f"data.columns: column {name!r} of {where} holds {len(values):,} different numbers, which "
                "are no categories: put them into bins (data.bins, as 10), or leave it out"
            )
        column, code = _binned(name, kind, indices, values, weights, data.bins)
    else:
        once = int((np.bincount(indices[indices >= 0], minlength=len(values)) == 1).sum())
        if kind == "text" and rows >= FEW_ROWS and 2 * once > rows:
            raise ValueError(
                f"data.columns: {once:,} of {rows:,} values in column {name!r} of {where} occur only once, "
                "so nothing can be learned of them: leave it out"
            )
        labels = [label_of(value) for value in values]
        if len(set(labels)) < len(labels):
            twice = next(label for place, label in enumerate(labels) if label in labels[:place])
            raise ValueError(
                f"data.columns: two values of column {name!r} of {where} print as {shown(twice)}: rename one"
            )
        order = (
            list(range(len(values)))
            if ordered
            else sorted(range(len(values)), key=lambda k: float(labels[k]))
            if kind in ("integer", "number")
            else sorted(range(len(values)), key=labels.__getitem__)
        )
        code = np.empty(len(values), np.int64)
        code[order] = np.arange(len(order))
        column = Column(name, tuple(labels[k] for k in order), kind)
    if not (indices < 0).any():
        return column, code[indices]
    if MISSING in column.labels:
        raise ValueError(
            f"data.missing: received category, and a label in column {name!r} of {where} is {MISSING} "
            "itself: give skip, or rename it"
        )
    column = Column(name, (*column.labels, MISSING), column.kind, column.edges)
    return column, np.append(code, len(column.labels) - 1)[indices]


def _binned(
    name: str, kind: str, indices: np.ndarray, values: list[Any], weights: np.ndarray, bins: int
) -> tuple[Column, np.ndarray]:
    numbers = np.array([float(value) for value in values])
    present = indices >= 0
    weight = np.bincount(indices[present], weights[present], minlength=len(values))
    order = np.argsort(numbers)
    edges = quantiles(numbers[order], weight[order], bins)
    code = np.searchsorted(edges[1:-1], numbers, side="right")
    return Column(name, tuple(bin_labels(edges, kind == "integer")), kind, tuple(edges)), code


def split(codes: np.ndarray, weights: np.ndarray, data: Data) -> tuple[np.ndarray, np.ndarray]:
    """The different rows [S, T], and their weights in the three parts [3, S].

    Counted rows are split one by one, whatever their order in the file; weighted ones as they stand.
    """
    different, which = np.unique(codes, axis=0, return_inverse=True)
    which = which.reshape(-1)
    random = np.random.default_rng(data.law_seed)
    shares = (data.stopping, data.held_out)
    if weights.dtype.kind == "i":
        left = np.bincount(which, weights, minlength=len(different)).astype(np.int64)
        total = int(left.sum())
        parts = []
        for share in shares:
            taken = random.multivariate_hypergeometric(left, round(share * total), method="marginals")
            parts.append(taken)
            left = left - taken
        return different, np.stack([left, *parts])
    order = random.permutation(len(weights))
    ends = np.cumsum([round(share * len(weights)) for share in shares])
    pieces = np.split(order, ends)
    in_parts = [np.bincount(which[piece], weights[piece], minlength=len(different)) for piece in pieces]
    return different, np.stack([in_parts[2], in_parts[0], in_parts[1]])

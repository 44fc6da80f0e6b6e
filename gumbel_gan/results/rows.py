"""Rows from a trained generator of a table: drawn, also with some columns given; and exact probabilities."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from ..config.checks import suggestion
from ..data.columns import Column, in_table
from ..data.missing import MISSING
from ..data.source import listed

ENUMERATED = 1 << 16
"""Combinations of the columns before a given one that are enumerated; of more, draws are weighted."""
WEIGHTED = 1 << 15
"""Draws that are weighted, or four times as many as are wanted, if that is more."""
UNLIKELY = 1e-9
"""The probability below which what is given cannot happen, as far as has been learned."""


@dataclass(frozen=True)
class Drawn:
    """Rows that were drawn.

    Attributes:
        codes: int32 [n, T].
        effective: the effective number of weighted draws (Kish 1965), of which the rows are; None where the
            rows are exact.
    """

    codes: np.ndarray
    effective: float | None = None


def given_codes(columns: Sequence[Column], given: Mapping[str, Any]) -> dict[int, int]:
    """What is given, as codes by the numbers of columns.

    Raises:
        ValueError: there is no such column, or no such category.
    """
    names = [column.name for column in columns]
    found = {}
    for name, value in given.items():
        if name not in names:
            near = suggestion(name, names) or f": give some of {listed(names)}"
            raise ValueError(f"given: received {name!r}, which is no column{near}")
        place = names.index(name)
        found[place] = columns[place].code(value, "given")
    return found


def draw(
    generator: Any, columns: Sequence[Column], n: int, given: Mapping[str, Any], seed: int, run: int
) -> Drawn:
    """Draw rows, with some columns given.

    Where few combinations of columns stand before the last given one, they are enumerated, and the draws are
    exact. Where there are too many, draws of them are weighted by the probability of what is given, and drawn
    from by these weights.

    Args:
        generator: a `ColumnGenerator`.
        columns: T of them.
        n: how many.
        given: categories by the names of columns.
        seed: of the draws.
        run: whose weights.

    Raises:
        ValueError: what is given is no category, or cannot happen.
    """
    fixed = given_codes(columns, given)
    random = np.random.default_rng(seed)
    seeds = [(seed % 2**31, number) for number in range(2)]
    if not fixed:
        return Drawn(generator.rows(n, seeds[0], run))
    last = max(fixed)
    head = np.arange(len(columns)) <= last
    free = [column for column in range(last) if column not in fixed]
    sizes = [generator.sizes[column] for column in free]
    if np.prod(sizes, dtype=float) <= ENUMERATED:
        heads = np.zeros((int(np.prod(sizes)), len(columns)), np.int32)
        heads[:, free] = np.array(list(product(*map(range, sizes))), np.int32).reshape(len(heads), len(free))
        for column, code in fixed.items():
            heads[:, column] = code
        logs = generator.fill(heads, head, seeds[0], run)[1]
        _check_possible(np.exp(logs).sum(), given)
        weights = np.exp(logs - logs.max())
        effective = None
    else:
        known = np.zeros(len(columns), bool)
        heads = np.zeros((max(WEIGHTED, 4 * n), len(columns)), np.int32)
        for column, code in fixed.items():
            known[column], heads[:, column] = True, code
        heads, logs = generator.fill(heads, known, seeds[0], run)
        _check_possible(np.exp(logs).mean(), given)
        weights = np.exp(logs - logs.max())
        effective = float(weights.sum() ** 2 / (weights**2).sum())
    picked = random.choice(len(heads), size=n, p=weights / weights.sum())
    return Drawn(generator.fill(heads[picked], head, seeds[1], run)[0], effective)


def _check_possible(probability: float, given: Mapping[str, Any]) -> None:
    if not probability > UNLIKELY:
        told = ", ".join(f"{name}={value}" for name, value in given.items())
        raise ValueError(
            f"given: received {told}, which cannot happen, as far as was learned (probability "
            f"{probability:.1g}): give something else"
        )


def marginal(
    generator: Any, columns: Sequence[Column], names: Sequence[str], run: int
) -> tuple[dict[str, list[Any]], bool]:
    """The probabilities of all combinations of some columns' categories.

    Args:
        generator: a `ColumnGenerator`.
        columns: T of them.
        names: of some.
        run: whose weights.

    Returns:
        Columns of a table, those of the names and `probability`; and whether they are exact, by enumerating
        all columns up to the last one named, or the shares of drawn rows.

    Raises:
        ValueError: there is no such column.
    """
    known = [column.name for column in columns]
    for name in names:
        if name not in known:
            near = suggestion(name, known) or f": give some of {listed(known)}"
            raise ValueError(f"marginal: received {name!r}, which is no column{near}")
    if not names:
        raise ValueError(f"marginal: received no column: give some of {listed(known)}")
    if len(set(names)) < len(names):
        raise ValueError(f"marginal: received {listed(names)}: give each column once")
    places = [known.index(name) for name in names]
    last = max(places)
    sizes = list(generator.sizes)
    exact = np.prod(sizes[: last + 1], dtype=float) <= ENUMERATED
    if exact:
        codes = np.zeros((int(np.prod(sizes[: last + 1])), len(columns)), np.int32)
        codes[:, : last + 1] = list(product(*map(range, sizes[: last + 1])))
        weights = np.exp(generator.fill(codes, np.arange(len(columns)) <= last, (0, 0), run)[1])
    else:
        start = np.zeros((WEIGHTED, len(columns)), np.int32)
        codes = generator.fill(start, np.zeros(len(columns), bool), (0, 0), run)[0]
        weights = np.full(len(codes), 1 / len(codes))
    shape = [sizes[place] for place in places]
    which = np.ravel_multi_index(tuple(codes[:, place] for place in places), shape)
    probabilities = np.bincount(which, weights, minlength=int(np.prod(shape)))
    combinations = list(product(*(columns[place].values for place in places)))
    table: dict[str, list[Any]] = {
        name: [values[number] for values in combinations] for number, name in enumerate(names)
    }
    return {**table, "probability": probabilities.tolist()}, bool(exact)


def as_table(columns: Sequence[Column], codes: np.ndarray, wrap: Callable[[Any], Any] | None = None) -> Any:
    """Rows as a table: like the one that was learned, or a DataFrame of pandas, or a dictionary without it.

    Args:
        columns: T of them.
        codes: int32 [n, T].
        wrap: makes such a table of a dictionary of columns.
    """
    table = {
        column.name: np.array([*column.values, None], object)[codes[:, place]].tolist()
        for place, column in in_table(columns)
    }
    return wrap(table) if wrap else framed(table, columns)


def framed(table: dict[str, list[Any]], columns: Sequence[Column] = ()) -> Any:
    """A DataFrame of pandas, with the types of the one that was learned; without pandas the dictionary."""
    try:
        import pandas
    except ImportError:
        return table
    frame = pandas.DataFrame(table)
    for column in columns:
        if column.dtype in ("category", "ordered"):
            known = [value for value in column.values if value is not None]
            frame[column.name] = pandas.Categorical(
                frame[column.name], known, ordered=column.dtype == "ordered"
            )
        elif column.dtype:
            with contextlib.suppress(TypeError, ValueError):  # bins are no numbers
                frame[column.name] = frame[column.name].astype(column.dtype)
    return frame


def csv_cells(columns: Sequence[Column], codes: np.ndarray) -> tuple[list[str], Iterator[tuple[str, ...]]]:
    """Rows as a CSV file holds them: the header and the cells of every row; what is missing is empty."""
    ordered = in_table(columns)
    cells = (
        np.array(["" if label == MISSING else label for label in column.labels], object)[codes[:, place]]
        for place, column in ordered
    )
    rows = zip(*(column.tolist() for column in cells), strict=True)
    return [column.name for _, column in ordered], rows

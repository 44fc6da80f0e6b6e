"""Columns of a table: their categories, in order, and how values become codes and codes values again.

A column holds text, booleans, few different numbers, or numbers in bins.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..config.checks import suggestion
from .missing import MISSING
from .source import listed, shown
from .values import is_missing, label_of

FEW_NUMBERS = 20
"""Different numbers up to which each is a category."""
INTEGER = re.compile(r"[+-]?(0|[1-9]\d*)")
"""Whole numbers; what begins with a zero, as a post code may, is text."""


@dataclass(frozen=True)
class Column:
    """A column and its categories.

    Attributes:
        name: in the header.
        labels: of the categories, in order.
        kind: of its values: text, boolean, integer or number.
        edges: of bins, one more than there are bins; empty where values are categories themselves.
        dtype: of pandas, if the table was a DataFrame of it; ordered, of ordered categories.
        place: in the table, among the columns that are learned; these stand in the order of learning.
    """

    name: str
    labels: tuple[str, ...]
    kind: str = "text"
    edges: tuple[float, ...] = ()
    place: int = 0
    dtype: str = ""

    @property
    def values(self) -> list[Any]:
        """The categories as values: numbers, truth values or text; None of what is missing."""
        return [None if label == MISSING else self._value(label) for label in self.labels]

    def _value(self, label: str) -> Any:
        if self.edges or self.kind == "text":
            return label
        if self.kind == "boolean":
            return label == "True"
        return int(label) if self.kind == "integer" else float(label)

    def code(self, value: Any, key: str) -> int:
        """The number of a value's category.

        Args:
            value: of the column, or the label of a category.
            key: what gave it, for messages.

        Raises:
            ValueError: it is none of the categories.
        """
        label = MISSING if is_missing(value) or value == "" else label_of(value)
        if label in self.labels:
            return self.labels.index(label)
        number = as_number(label)
        if number is not None and self.edges:
            if not self.edges[0] <= number <= self.edges[-1]:
                raise ValueError(
                    f"{key}: received {shown(label)} for {self.name}, whose numbers go from "
                    f"{self.edges[0]:g} to {self.edges[-1]:g}: give one of these"
                )
            inner = np.searchsorted(self.edges[1:-1], number, side="right")
            return int(inner)
        if number is not None and not self.edges and self.kind in ("integer", "number"):
            for place, value_of in enumerate(self.values):
                if value_of == number:
                    return place
        if label == MISSING:
            raise ValueError(f"{key}: received a missing value for {self.name}, where none was ever missing")
        near = suggestion(label, self.labels)
        would_do = near or f": give one of {listed(self.labels)}"
        raise ValueError(
            f"{key}: received {shown(label)} for {self.name}, which was never seen there{would_do}"
        )

    def to_json(self) -> dict[str, Any]:
        """What summary.json holds of it."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Column":
        """The column that summary.json tells of."""
        return cls(
            told["name"],
            tuple(told["labels"]),
            told["kind"],
            tuple(told["edges"]),
            told["place"],
            told["dtype"],
        )


def in_table(columns: Sequence[Column]) -> list[tuple[int, Column]]:
    """The columns with their numbers, in the order in which the table has them."""
    return sorted(enumerate(columns), key=lambda one: one[1].place)


def as_number(label: str) -> float | None:
    """The number that a label is, or None."""
    try:
        number = float(label)
    except ValueError:
        return None
    return number if np.isfinite(number) and not label.strip().startswith("_") else None


def kind_of_values(values: Sequence[Any]) -> str:
    """The kind of a column's different values, of a file's text, too."""
    if values and all(isinstance(value, bool | np.bool_) for value in values):
        return "boolean"
    if all(isinstance(value, int | np.integer) and not isinstance(value, bool) for value in values):
        return "integer"
    if all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in values):
        return "number"
    if not all(isinstance(value, str) for value in values):
        return "text"
    if set(values) <= {"True", "False"}:
        return "boolean"
    if all(INTEGER.fullmatch(value) for value in values):
        return "integer"
    numbers = all(as_number(value) is not None and not _padded(value) for value in values)
    return "number" if numbers else "text"


def _padded(value: str) -> bool:
    digits = value.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()


def quantiles(numbers: np.ndarray, weights: np.ndarray, bins: int) -> list[float]:
    """Edges of at most so many bins that hold about as much weight each.

    Args:
        numbers: different ones, in order.
        weights: of each.
        bins: how many.
    """
    reached = np.cumsum(weights) / weights.sum()
    # A bin begins with a number; equal shares may lie on one number, which is one edge then.
    inner = [numbers[np.searchsorted(reached, share, side="right")] for share in np.arange(1, bins) / bins]
    edges = sorted({float(numbers[0]), *(float(edge) for edge in inner), float(numbers[-1])})
    return edges if len(edges) > 1 else [edges[0], edges[0]]


def bin_labels(edges: Sequence[float], whole: bool) -> list[str]:
    """Names of bins: 18-24 of whole numbers, 1.5 to <2.25 of others; the last one holds its end.

    Args:
        edges: one more than there are bins.
        whole: whether the numbers are whole.
    """
    found = []
    for place, (low, high) in enumerate(pairwise(edges)):
        last = place == len(edges) - 2
        if not whole:
            found.append(f"{low:.6g} to {'' if last else '<'}{high:.6g}")
            continue
        first, end = int(low), int(high) - (not last)
        between = "-" if first >= 0 else " to "
        found.append(f"{first}{between}{end}" if end > first else f"{first}")
    return found

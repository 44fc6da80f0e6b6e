"""Values held in Python, counted: lists, arrays, Series, counts by label, datasets; and their labels."""

import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from numbers import Real
from typing import Any

import numpy as np

from .missing import MISSING

Wrap = Callable[[Sequence[str]], Any]
"""Makes a container of labels."""


@dataclass
class Counted:
    """How often each label occurs.

    Attributes:
        counts: by label; or probabilities.
        missing: how many values are missing.
        labels: all there are, in order, if the values say so.
        integers: whether they are integers, which name categories 0, 1, ...
        probabilities: whether `counts` are probabilities.
        wrap: makes a container like the values' own of labels; None where that is not known.
    """

    counts: Mapping[Any, float]
    missing: int = 0
    labels: list[str] | None = None
    integers: bool = False
    probabilities: bool = False
    wrap: Wrap | None = None


def label_of(value: Any) -> str:
    """A value as a label: text as it is, bytes decoded, all else as it prints.

    Raises:
        ValueError: bytes are not UTF-8 text.
    """
    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ValueError(
            f"data: received the bytes {value!r}, which are not UTF-8 text: decode them"
        ) from None


def is_missing(value: Any) -> bool:
    """Whether a value is none: None, NaN, NaT, pandas' NA."""
    if value is None:
        return True
    if isinstance(value, float | np.floating | np.datetime64 | np.timedelta64):
        return bool(value != value)
    return type(value).__name__ in ("NAType", "NaTType")


def kind_of(values: Any) -> str:
    """Which library a container comes from: pandas, polars, tensorflow, or another; none is imported."""
    return type(values).__module__.partition(".")[0]


def is_dataset(values: Any) -> bool:
    """Whether values are a `tf.data.Dataset`."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(values, tensorflow.data.Dataset)


def counted(values: Any) -> Counted:
    """Count values that have a length.

    Raises:
        ValueError: there are none, they have more than one axis, or one of them is compound.
    """
    if isinstance(values, str):
        return Counted(Counter(values))
    if isinstance(values, Mapping):
        return _by_label(list(values), list(values.values()))
    if is_dataset(values):
        return _of_dataset(values)
    if kind_of(values) == "pandas":
        return _of_pandas(values)
    if kind_of(values) == "polars":
        return _of_polars(values)
    if isinstance(values, np.ma.MaskedArray):
        found = counted(values.compressed())
        found.missing += int(np.ma.getmaskarray(values).sum())
        return found
    if not isinstance(values, np.ndarray) and isinstance(values, Sequence | set | frozenset):
        return _of_objects(list(values))
    return _of_array(np.asarray(values))


def _of_array(array: np.ndarray) -> Counted:
    if array.ndim != 1:
        raise ValueError(
            f"data: received an array of shape {array.shape}: give one axis, that of the values"
            + (" (of one-hot rows, array.argmax(-1))" if array.ndim == 2 else "")
        )
    if array.dtype.kind == "O":
        return _of_objects(array.tolist())
    if array.dtype.names:
        raise ValueError(f"data: received records of {', '.join(array.dtype.names)}: give one field")
    found, numbers = np.unique(array, return_counts=True)  # NaNs are one
    if array.dtype.kind in "iu":
        return Counted(Counter(dict(zip(found.tolist(), numbers.tolist(), strict=True))), integers=True)
    return _of_pairs(found, numbers)


def _of_objects(values: list[Any]) -> Counted:
    """Objects, by what they print: 1 and "1" are one label, True and 1 are two."""
    missing = sum(map(is_missing, values))
    present = [value for value in values if not is_missing(value)] if missing else values
    kinds = set(map(type, present))
    if all(
        kind is int or (issubclass(kind, np.integer) and not issubclass(kind, np.timedelta64))
        for kind in kinds
    ):
        return Counted(Counter(map(int, present)), missing, integers=bool(kinds))
    if kinds == {str}:
        return Counted(Counter(present), missing)
    for value in present:
        if isinstance(value, Mapping | Sequence | set | frozenset) and not isinstance(value, str | bytes):
            raise ValueError(
                f"data: received the value {value!r}, a {type(value).__name__}: give single values"
            )
        if isinstance(value, np.ndarray) and value.ndim:
            raise ValueError(
                f"data: received an array of shape {value.shape} for a value: give single values"
            )
    return Counted(Counter(label_of(value) for value in present), missing)


def _of_pairs(values: Iterable[Any], numbers: Iterable[Any]) -> Counted:
    """Different values, and how often each occurs."""
    counts: Counter[str] = Counter()
    missing = 0
    for value, number in zip(values, numbers, strict=True):
        if is_missing(value):
            missing += int(number)
        else:
            counts[label_of(value)] += int(number)
    return Counted(counts, missing)


def _by_label(labels: list[Any], numbers: list[Any]) -> Counted:
    """Labels with counts, or with probabilities.

    Raises:
        ValueError: a number is neither, or two labels print alike.
    """
    missing = sum(int(number) for label, number in zip(labels, numbers, strict=True) if is_missing(label))
    pairs = [(label_of(k), n) for k, n in zip(labels, numbers, strict=True) if not is_missing(k)]
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(label for label, n in Counter(label for label, _ in pairs).items() if n > 1)
        raise ValueError(f"data: received two labels that print as {twice!r}: rename one")
    for label, number in found.items():
        if isinstance(number, bool) or not isinstance(number, Real) or not 0 <= float(number) < math.inf:
            raise ValueError(
                f"data: received {number!r} for the label {label!r}: give a count or probability"
            )
    whole = all(float(number).is_integer() for number in found.values())
    if whole:
        counts = Counter({label: int(number) for label, number in found.items()})
        return Counted(counts, missing, labels=list(found))
    if len(pairs) < len(labels):
        raise ValueError("data: received a probability for a missing label: give it a name")
    total = sum(float(number) for number in found.values())
    if abs(total - 1) > 1e-6:
        raise ValueError(f"data: received probabilities that sum to {total:.6g}: give some that sum to 1")
    probabilities = {label: float(number) for label, number in found.items()}
    return Counted(probabilities, labels=list(found), probabilities=True)


def _of_pandas(values: Any) -> Counted:
    """A Series or an Index; categories keep their order, those that do not occur, too."""
    if values.ndim != 1:
        columns = ", ".join(map(str, values.columns[:10]))
        raise ValueError(f"data: received a DataFrame of the columns {columns}: give one, as frame['NAME']")
    if getattr(values, "name", None) in ("count", "proportion") and hasattr(values, "index"):
        if type(values.index).__name__ == "MultiIndex":
            raise ValueError("data: received counts by several columns: give those of one column")
        if type(values.index).__name__ != "RangeIndex":  # what Series.value_counts() returns
            return _by_label(values.index.tolist(), values.tolist())
    missing = int(values.isna().sum())
    present = values[~values.isna()]
    originals = {label_of(value): value for value in present.unique().tolist()}
    wrap = partial(_to_pandas, values.dtype, getattr(values, "name", None), originals)
    if str(values.dtype) == "category":
        categories = values.cat.categories if hasattr(values, "cat") else values.categories
        labels = [label_of(category) for category in categories]
        originals |= dict(zip(labels, categories.tolist(), strict=True))
        found = Counter(map(label_of, present.tolist()))
        return Counted(found, missing, labels=labels, wrap=wrap)
    numbers = present.dtype.kind in "iufb"
    of_present = _of_array(present.to_numpy()) if numbers else _of_objects(present.tolist())
    return replace(of_present, missing=of_present.missing + missing, wrap=wrap)


def _to_pandas(dtype: Any, name: Any, originals: Mapping[str, Any], labels: Sequence[str]) -> Any:
    import pandas

    found = [_original(label, originals, dtype) for label in labels]
    if str(dtype) == "category" and set(found) - {None, *dtype.categories}:
        dtype = None  # a vocabulary may have more
    return pandas.Series(found, dtype=dtype, name=name)


def _of_polars(values: Any) -> Counted:
    if hasattr(values, "columns"):
        names = list(values.columns)
        if len(names) == 2 and names[1] in ("count", "proportion"):  # what Series.value_counts() returns
            return _by_label(values[names[0]].to_list(), values[names[1]].to_list())
        raise ValueError(
            f"data: received a DataFrame of the columns {', '.join(names[:10])}: give one, as frame['NAME']"
        )
    missing = int(values.null_count())
    present = values.drop_nulls()
    originals = {label_of(value): value for value in present.unique().to_list()}
    wrap = partial(_to_polars, values.dtype, values.name, originals)
    if str(values.dtype).startswith("Enum"):
        labels = values.dtype.categories.to_list()
        return Counted(Counter(present.to_list()), missing, labels=labels, wrap=wrap)
    numbers = present.dtype.is_integer()
    of_present = _of_array(present.to_numpy()) if numbers else _of_objects(present.to_list())
    return replace(of_present, missing=of_present.missing + missing, wrap=wrap)


def _to_polars(dtype: Any, name: Any, originals: Mapping[str, Any], labels: Sequence[str]) -> Any:
    import polars

    found = [_original(label, originals, dtype) for label in labels]
    if str(dtype).startswith("Enum") and set(found) - {None, *dtype.categories}:
        dtype = polars.String
    return polars.Series(name, found, dtype=dtype)


def _original(label: str, originals: Mapping[str, Any], dtype: Any) -> Any:
    """The value that has the label; one that never occurred is made of it."""
    if label in originals:
        return originals[label]
    if label == MISSING:
        return None
    return int(label) if str(dtype).lower().startswith(("int", "uint")) else label


def _of_dataset(values: Any) -> Counted:
    """A finite dataset of single values, batched or not."""
    counts: Counter[Any] = Counter()
    integers, missing = True, 0
    for part in parts_of(values):
        found = _of_array(part)
        integers, missing = integers and found.integers, missing + found.missing
        counts.update(found.counts)
    return Counted(counts, missing, integers=integers)


def parts_of(dataset: Any) -> Iterable[np.ndarray]:
    """The elements of a dataset of single values or of batches of them, [n] each.

    Raises:
        ValueError: its elements are compound, or have more than one axis.
    """
    spec = dataset.element_spec
    shape = getattr(spec, "shape", None)
    if shape is None or shape.rank is None or shape.rank > 1:
        raise ValueError(
            f"data: received a dataset of {spec}: give one of single values, or of batches [n] of them"
        )
    return (np.atleast_1d(part) for part in dataset.as_numpy_iterator())

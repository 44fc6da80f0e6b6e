"""Values held in Python: every kind of container, counted as an independent count has it."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gumbel_gan.data.opening import from_values
from gumbel_gan.data.source import Distribution


def counts(values: Any, **options: Any) -> dict[str, int]:
    source = from_values(values, **options)
    assert source.counts is not None
    return dict(zip(source.labels, source.counts.tolist(), strict=True))


NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([1, "1", "1", "a", 1], object), {"1": 4, "a": 1}),
        ([True, 1, "1", 1.0], {"1": 2, "1.0": 1, "True": 1}),
        ("hello", {"e": 1, "h": 1, "l": 2, "o": 1}),
        ({"b": 3, "a": 0, "c": 1}, {"b": 3, "a": 0, "c": 1}),
        (Counter("abba!"), {"a": 2, "b": 2, "!": 1}),
        ([b"on", "on", b"off"], {"off": 1, "on": 2}),
        (np.array([b"x", b"y", b"x"]), {"x": 2, "y": 1}),
        (np.array([True, False, True]), {"False": 1, "True": 2}),
        (np.array([0.5, 1.0, 0.5]), {"0.5": 2, "1.0": 1}),
        (np.array(["2024-01-01", "2024-01-02", "2024-01-01"], "M8[D]"), {"2024-01-01": 2, "2024-01-02": 1}),
        ([np.int64(2), np.int32(0)], {"0": 1, "1": 0, "2": 1}),
        ([0, np.int64(3), 1], {"0": 1, "1": 1, "2": 0, "3": 1}),
        (range(3), {"0": 1, "1": 1, "2": 1}),
        (pd.Series(["b", "a", "b"]).value_counts(), {"b": 2, "a": 1}),
        (pd.Series([3, 1, 3]).value_counts(), {"3": 2, "1": 1}),
        (pd.Series([3, 1, 3]), {"0": 0, "1": 1, "2": 0, "3": 2}),
        (pd.Series([1, 2, 2], name="count"), {"0": 0, "1": 1, "2": 2}),
        (
            pd.Series(pd.Categorical(["lo", "hi", "hi"], ["lo", "mid", "hi"], ordered=True)),
            {"lo": 1, "mid": 0, "hi": 2},
        ),
        (pd.Categorical(["lo", "hi"], ["lo", "mid", "hi"]), {"lo": 1, "mid": 0, "hi": 1}),
        (pd.Index(["x", "y", "x"]), {"x": 2, "y": 1}),
        (pl.Series(["b", "a", "b"]).value_counts(sort=True), {"b": 2, "a": 1}),
        (pl.Series(["x", "y", "x"]), {"x": 2, "y": 1}),
        (pl.Series([0, 2, 2]), {"0": 1, "1": 0, "2": 2}),
        (pl.Series(["lo", "hi"], dtype=pl.Enum(["lo", "mid", "hi"])), {"lo": 1, "mid": 0, "hi": 1}),
    ],
    ids=str,
)
def test_counts(values: Any, expected: dict[str, int]) -> None:
    assert counts(values) == expected
    assert list(counts(values)) == list(expected)


MISSING: list[Any] = [
    [1.0, NAN, NAN, 2.0, 2.0, 2.0],
    ["a", None, "b", "b", None],
    np.array(["2024-01-01", "NaT", "2024-01-02"], "M8[D]"),
    pd.Series(["a", None, "b"]),
    pd.Series([1, 2, None], dtype="Int64"),
    pd.Series(pd.Categorical(["a", None, "b"])),
    pl.Series([1, None, 2]),
    pl.Series(["a", "b", None]),
    np.ma.masked_array([1, 2, 3], [False, True, False]),
]


def missing_in(values: Any) -> int:
    if isinstance(values, np.ma.MaskedArray):
        return int(values.mask.sum())
    return int(sum(pd.isna(value) for value in values))


@pytest.mark.parametrize("values", MISSING, ids=lambda values: str(type(values)) + str(list(values)))
def test_missing(values: Any) -> None:
    """Refused with their number; left out; or a category that all containers name alike."""
    empty = missing_in(values)
    with pytest.raises(
        ValueError, match=rf"data.missing: {empty} of {len(values)} values received are missing: "
    ):
        from_values(values)
    left = counts(values, missing="skip")
    assert sum(left.values()) == len(values) - empty
    assert counts(values, missing="category") == left | {"(missing)": empty}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.eye(3, dtype=int), r"an array of shape \(3, 3\): give one axis, that of the values \(of one-hot"),
        (np.array(1), r"an array of shape \(\)"),
        ([(1, 2), (3, 4)], r"the value \(1, 2\), a tuple: give single values"),
        ([["a"], ["b"]], r"the value \['a'\], a list"),
        (pd.DataFrame({"a": [1], "b": [2]}), r"DataFrame of the columns a, b: give one, as frame\['NAME'\]"),
        (pl.DataFrame({"a": [1], "b": [2]}), r"DataFrame of the columns a, b: give one"),
        (pd.DataFrame({"a": [1], "b": [2]}).value_counts(), "counts by several columns"),
        ({"a": 0.2, "b": 0.3}, "probabilities that sum to 0.5"),
        ({"a": -1, "b": 2}, "-1 for the label 'a': give a count or probability"),
        ({1: 1, "1": 2}, "two labels that print as '1'"),
        ({None: 0.5, "a": 0.25, "b": 0.25}, "a probability for a missing label"),
        ([b"\xff", b"a"], "are not UTF-8 text: decode them"),
    ],
    ids=str,
)
def test_what_is_no_list_of_labels(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^data: received .*{message}") as refused:
        from_values(values)
    assert "\n" not in str(refused.value)


def test_a_label_twice_in_a_vocabulary() -> None:
    for values in (["a", "b"], iter("ab")):
        with pytest.raises(ValueError, match="data.vocabulary: received 'a' twice: give each label once"):
            from_values(values, vocabulary=["a", "b", "a"])
    with pytest.raises(ValueError, match="data.labels: received 'a' twice"):
        Distribution([0.5, 0.5], ["a", "a"])


def test_probabilities_by_label() -> None:
    for source in (from_values({"a": 0.25, "b": 0.75}), Distribution({"a": 0.25, "b": 0.75})):
        assert source.labels == ("a", "b")
        assert source.target.tolist() == [0.25, 0.75]
        assert source.target_is == "given"
    shares = pd.Series(["b", "a", "b", "b"]).value_counts(normalize=True)
    assert from_values(shares).labels == ("b", "a")
    with pytest.raises(ValueError, match="data.vocabulary: received with labels that have probabilities"):
        from_values(shares, vocabulary=["a", "b"])


def test_almost_all_different(caplog: pytest.LogCaptureFixture) -> None:
    numbers = np.random.default_rng(0).normal(size=3_000)
    source = from_values(numbers)
    assert source.warning in caplog.messages
    assert str(source.warning).endswith("take another column, or put numbers into bins first")
    caplog.clear()
    assert from_values(numbers.round(1)).warning is None
    assert not caplog.messages


VALUES = st.one_of(
    st.text(max_size=3),
    st.integers(-3, 30),
    st.booleans(),
    st.floats(),
    st.none(),
    st.binary(max_size=1).filter(bytes.isascii),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=30))
def test_an_independent_count(values: list[Any]) -> None:
    """Of any list: nothing is lost, nothing is counted twice."""
    labels = [
        value.decode() if isinstance(value, bytes) else str(value)
        for value in values
        if value is not None and value == value
    ]
    try:
        found = counts(values, missing="skip")
    except ValueError as error:
        message = str(error)
        assert "\n" not in message
        assert len(set(labels)) < 2 or min(value for value in values if type(value) is int) < 0
        return
    assert {label: number for label, number in found.items() if number} == Counter(labels)

"""Rows from a generator: conditional draws against enumeration and rejection, marginals, tables."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gumbel_gan.data.columns import Column
from gumbel_gan.data.missing import MISSING
from gumbel_gan.results import rows
from gumbel_gan.results.rows import as_table, csv_cells, draw, given_codes, marginal

from ..gan.test_columns import ROWS, SIZES, shaken
from ..statistics import check_frequencies

COLUMNS = [
    Column("a", ("0", "1"), "integer"),
    Column("b", ("w", "x", "y", "z")),
    Column("c", ("0.5", "1.5", MISSING), "number"),
]


def conditional(given: dict[int, int], run: int = 0) -> np.ndarray:
    """The probabilities of all rows, given some of their columns, by enumeration."""
    fits = np.all([ROWS[:, column] == code for column, code in given.items()], axis=0)
    joint = shaken().probabilities(ROWS)[run] * fits
    found: np.ndarray = joint / joint.sum()
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "given", [{"a": 1}, {"c": 1.5}, {"b": "y"}, {"b": "x", "c": None}, {"a": 0, "c": "0.5"}]
)
@pytest.mark.parametrize("run", [0, 1])
def test_given_columns_by_enumeration(given: dict[str, Any], run: int) -> None:
    drawn = draw(shaken(), COLUMNS, 20_000, given, 3, run)
    assert drawn.effective is None
    cells = np.ravel_multi_index(tuple(drawn.codes.T), SIZES)
    check_frequencies(cells, conditional(given_codes(COLUMNS, given), run), detect=0.05)


def test_given_columns_by_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too much would be enumerated: the same shares, within the band of the effective draws."""
    monkeypatch.setattr(rows, "ENUMERATED", 1)
    drawn = draw(shaken(), COLUMNS, 20_000, {"c": 1.5}, 3, 0)
    assert drawn.effective is not None
    assert 1_000 < drawn.effective < 80_000
    cells = np.ravel_multi_index(tuple(drawn.codes.T), SIZES)
    shares, expected = np.bincount(cells, minlength=24) / 20_000, conditional({2: 1})
    # Five standard errors, of the effective draws and of the drawing from them.
    band = 5 * np.sqrt(expected * (1 - expected) * (1 / drawn.effective + 1 / 20_000)) + 1e-9
    assert (np.abs(shares - expected) <= band).all()


@pytest.mark.slow
def test_weights_against_rejection_at_20_columns() -> None:
    """The marginals of the columns before a given one, at 20 columns, within five standard errors."""
    sizes = [2] * 20
    generator = shaken(sizes, runs=1)
    columns = [Column(f"c{number}", ("0", "1"), "integer") for number in range(20)]
    n = 40_000
    drawn = draw(generator, columns, n, {"c18": 1, "c19": 0}, 5, 0)
    assert drawn.effective is not None
    start = np.zeros((400_000, 20), np.int32)
    free = generator.fill(start, np.zeros(20, bool), (7, 7))[0]
    kept = free[(free[:, 18] == 1) & (free[:, 19] == 0)]
    assert len(kept) > 1_000
    expected, found = kept.mean(0), drawn.codes.mean(0)
    spread = expected * (1 - expected)
    band = 5 * np.sqrt(spread * (1 / len(kept) + 1 / drawn.effective + 1 / n)) + 1e-6
    assert (np.abs(found - expected) <= band).all()
    assert (drawn.codes[:, 18:] == [1, 0]).all()


def test_equal_seeds_give_equal_rows() -> None:
    one, again, other = (draw(shaken(), COLUMNS, 50, {"b": "x"}, seed, 0).codes for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"d": 1}, r"given: received 'd', which is no column: give some of \(a, b, c\)"),
        ({"b": "v"}, "given: received 'v' for b, which was never seen there"),
        ({"a": 7}, "given: received '7' for a, which was never seen there"),
    ],
)
def test_refusals(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw(shaken(), COLUMNS, 5, given, 0, 0)


def test_what_cannot_happen() -> None:
    generator = shaken(runs=1)
    kernel, bias = generator.heads[1]
    assert kernel is not None
    kernel.assign(np.zeros((1, 8, 4)))
    bias.assign([[0.0, -100.0, 0.0, 0.0]])
    with pytest.raises(ValueError, match=r"given: received b=x, which cannot happen, as far as was learned"):
        draw(generator, COLUMNS, 5, {"b": "x"}, 0, 0)


def test_marginals(monkeypatch: pytest.MonkeyPatch) -> None:
    joint = shaken().probabilities(ROWS)[1].reshape(SIZES)
    table, exact = marginal(shaken(), COLUMNS, ["c", "a"], 1)
    assert exact
    np.testing.assert_allclose(table["probability"], joint.sum(1).T.ravel(), rtol=1e-4)
    assert table["c"] == [0.5, 0.5, 1.5, 1.5, None, None]
    assert table["a"] == [0, 1] * 3
    monkeypatch.setattr(rows, "ENUMERATED", 1)
    table, exact = marginal(shaken(), COLUMNS, ["b"], 1)
    assert not exact
    np.testing.assert_allclose(table["probability"], joint.sum((0, 2)), atol=0.015)
    with pytest.raises(ValueError, match="marginal: received 'd', which is no column"):
        marginal(shaken(), COLUMNS, ["d"], 0)
    with pytest.raises(ValueError, match="marginal: received no column"):
        marginal(shaken(), COLUMNS, [], 0)


def test_tables() -> None:
    codes = np.array([[1, 0, 2], [0, 3, 1]], np.int32)
    frame = as_table(COLUMNS, codes)
    assert isinstance(frame, pd.DataFrame)
    assert frame.to_dict("list")["a"] == [1, 0]
    assert frame["c"].isna().tolist() == [True, False]
    assert as_table(COLUMNS, codes, dict) == {"a": [1, 0], "b": ["w", "z"], "c": [None, 1.5]}
    names, cells = csv_cells(COLUMNS, codes)
    assert names == ["a", "b", "c"]
    assert list(cells) == [("1", "w", ""), ("0", "z", "1.5")]
    moved = [replace(column, place=2 - number) for number, column in enumerate(COLUMNS)]
    assert list(as_table(moved, codes)) == ["c", "b", "a"]
    assert list(csv_cells(moved, codes)[1]) == [("", "w", "1"), ("1.5", "z", "0")]

"""The scores of drawn rows, by hand."""

import json

import numpy as np
import pytest

from gumbel_gan.data.fidelity import (
    auc,
    averages,
    category_coverage,
    contingency_similarity,
    distances,
    fidelity,
    new_rows,
    tv_complement,
)

from .sdmetrics.remake import HERE, SIZES, made_up

REAL = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.int32)
DRAWN = np.array([[0, 0], [0, 0], [0, 0], [2, 1]], np.int32)


def test_by_hand() -> None:
    assert tv_complement(REAL[:, 0], DRAWN[:, 0], 3) == pytest.approx(0.5)
    assert contingency_similarity(REAL, DRAWN, [3, 2]) == pytest.approx(0.25)
    assert category_coverage(REAL[:, 0], DRAWN[:, 0]) == 0.5
    np.testing.assert_array_equal(distances(DRAWN, REAL), [0, 0, 0, 1])
    assert auc(np.array([1.0, 2.0]), np.array([0.0, 1.0])) == pytest.approx(0.875)
    assert auc(np.ones(3), np.ones(4)) == 0.5


def test_fidelity() -> None:
    found = fidelity(REAL, REAL, DRAWN, [3, 2])
    np.testing.assert_allclose(found["tv_complement"], [0.5, 0.75])
    np.testing.assert_allclose(found["contingency_similarity"], [[1, 0.25], [0.25, 1]])
    assert found["new_rows"] == 0.25
    assert (found["closest"], found["real_closest"]) == (0.25, 0)
    np.testing.assert_allclose(found["marginals"][0], [[0.75, 0, 0.25], [0.5, 0.5, 0]])


def test_averages() -> None:
    """Over columns; over pairs, each once; the share of new rows as it is."""
    scores = {
        "tv_complement": np.array([0.2, 0.4, 0.9]),
        "category_coverage": np.array([1, 1, 0.4]),
        "contingency_similarity": np.array([[1, 0.1, 0.2], [0.1, 1, 0.6], [0.2, 0.6, 1]]),
        "new_rows": 0.3,
    }
    assert averages(scores) == pytest.approx(
        {"tv_complement": 0.5, "category_coverage": 0.8, "contingency_similarity": 0.3, "new_rows": 0.3}
    )


def test_new_rows_against_a_loop() -> None:
    random = np.random.default_rng(0)
    known, drawn = (random.integers(3, size=(n, 4)).astype(np.int32) for n in (30, 50))
    rows = {tuple(row) for row in known.tolist()}
    expected = np.mean([tuple(row) not in rows for row in drawn.tolist()])
    assert 0 < new_rows(known, drawn) == expected < 1


def test_auc_against_pairs() -> None:
    random = np.random.default_rng(0)
    real, drawn = random.integers(5, size=30) / 2, random.integers(4, size=40) / 2
    pairs = (real[:, None] > drawn).mean() + 0.5 * (real[:, None] == drawn).mean()
    assert auc(real, drawn) == pytest.approx(pairs)


def test_against_sdmetrics() -> None:
    """The values that SDMetrics gave for the same rows; `sdmetrics/remake.py` asks it again."""
    told = json.loads((HERE / "values.json").read_text())
    real, drawn = made_up()
    found = fidelity(real, real, drawn, SIZES)
    np.testing.assert_allclose(found["tv_complement"], told["tv_complement"])
    np.testing.assert_allclose(found["category_coverage"], told["category_coverage"])
    for pair, value in told["contingency_similarity"].items():
        one, other = ("abc".index(name) for name in pair)
        assert found["contingency_similarity"][one, other] == pytest.approx(value), pair

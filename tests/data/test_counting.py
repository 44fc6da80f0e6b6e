"""What counting makes of tables, against enumeration and against data whose tree is known."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from gumbel_gan.data.counting import SpreadRows, Tree, chow_liu, independent, mutual_information

from ..statistics import check_frequencies

SIZES = [2, 3, 2]
CELLS = np.array(list(itertools.product(*map(range, SIZES))), np.int32)


def chain(rows: int = 4000) -> np.ndarray:
    """The last column depends on the first one, and the second on nothing."""
    random = np.random.default_rng(0)
    first = random.integers(2, size=rows)
    last = np.where(random.random(rows) < 0.9, first, 1 - first)
    return np.stack([first, random.integers(3, size=rows), last], axis=1).astype(np.int32)


@pytest.mark.parametrize("fit", [independent, chow_liu])
def test_probabilities_sum_to_one_and_draws_follow_them(fit: Callable[..., Tree]) -> None:
    codes = chain()
    tree = fit(codes, np.ones(len(codes)), SIZES)
    probabilities = np.exp(tree.log_probabilities(CELLS))
    assert probabilities.sum() == pytest.approx(1)
    drawn = tree.draw(20_000, np.random.default_rng(1))
    check_frequencies(np.ravel_multi_index(tuple(drawn.T), SIZES), probabilities, detect=0.05)


def test_chow_liu_finds_the_tree() -> None:
    codes = chain()
    tree = chow_liu(codes, np.ones(len(codes)), SIZES)
    assert tree.parents[2] == 0
    joint = np.bincount(codes[:, 0] * 2 + codes[:, 2], minlength=4) + 0.1
    joint = joint.reshape(2, 2) / joint.reshape(2, 2).sum(1, keepdims=True)
    np.testing.assert_allclose(tree.tables[2], joint)


def test_mutual_information_by_hand() -> None:
    codes = np.array([[0, 0, 0], [1, 0, 1], [0, 1, 0], [1, 1, 1]], np.int32)
    found = mutual_information(codes, np.ones(4), [2, 2, 2])
    np.testing.assert_allclose(found, [[0, 0, np.log(2)], [0, 0, 0], [np.log(2), 0, 0]], atol=1e-12)


def test_rows_are_spread() -> None:
    """A row that was never seen has its share of the part that is spread; rows to stop choose the part."""
    codes = CELLS[:6]
    weights = np.array([[10, 5, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]])
    spread = SpreadRows(codes, weights, SIZES)
    probabilities = np.exp(spread.log_probabilities(CELLS))
    assert probabilities.sum() == pytest.approx(1)
    assert probabilities[-1] == pytest.approx(spread.part / 12)
    drawn = spread.draw(20_000, np.random.default_rng(1))
    check_frequencies(np.ravel_multi_index(tuple(drawn.T), SIZES), probabilities, detect=0.05)
    sure = SpreadRows(codes, np.array([weights[0], weights[0]]), SIZES)
    assert sure.part < spread.part

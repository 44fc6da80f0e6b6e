import numpy as np
import pytest

from gumbel_gan.data.source import Distribution
from gumbel_gan.data.stream import Stream, count
from gumbel_gan.results.metrics import max_abs_error, ratio_of_means, total_variation

POST = np.array([0.0, 0.0, 0.1, 0.3, 0.6])


def test_distances() -> None:
    """By hand: |.1 - .3|, |.6 - .3|, |.3 - .4|."""
    learned = np.array([[0.1, 0.6, 0.3], [0.3, 0.3, 0.4]])
    target = np.array([0.3, 0.3, 0.4])
    np.testing.assert_allclose(max_abs_error(learned, target), [0.3, 0])
    np.testing.assert_allclose(total_variation(learned, target), [0.3, 0])


def test_what_is_missing_counts_as_a_category_more() -> None:
    """Of strings, all that are none of them: half of .1 + .1 + the .2 that are elsewhere."""
    np.testing.assert_allclose(total_variation(np.array([0.4, 0.4]), np.array([0.5, 0.5])), 0.2)
    np.testing.assert_allclose(total_variation(np.zeros(2), np.array([0.5, 0.5])), 1)


def test_count() -> None:
    integers = np.array([[[0, 1], [2, 2]], [[1, 1], [0, 2]]])  # [N, R, B]
    np.testing.assert_array_equal(count(integers, 4), [[1, 3, 0, 0], [1, 0, 3, 0]])
    stream = Stream(Distribution(POST), runs=3)
    counts = count(stream.epoch(0), 5)
    assert counts.sum(-1).tolist() == [1000] * 3
    assert counts[1, 4] == pytest.approx((stream.epoch(0)[:, 1] == 4).sum())


def test_ratio_of_means() -> None:
    """Against the spread of the ratio over many samples of the same size; and where there is none."""
    random = np.random.default_rng(0)
    base = random.exponential(size=(4_000, 50)) + 1
    values = 3 * base + random.normal(size=base.shape)
    found = np.array([ratio_of_means(*pair) for pair in zip(values, base, strict=True)])
    assert found[:, 0].mean() == pytest.approx(3, abs=0.01)
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(), rel=0.05)
    ratio, error = ratio_of_means(np.array([3.0]), np.array([2.0]))
    assert ratio == 1.5
    assert np.isnan(error)
    assert np.isnan(ratio_of_means(np.ones(3), np.zeros(3))).all()

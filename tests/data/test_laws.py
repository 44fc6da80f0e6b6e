import numpy as np
import pytest

from gumbel_gan.config.data import Data
from gumbel_gan.data.laws import law
from gumbel_gan.data.opening import open_source


def test_laws() -> None:
    np.testing.assert_allclose(law("uniform", 4), [0.25] * 4)
    np.testing.assert_allclose(law("zipf", 3), np.array([6, 3, 2]) / 11)
    np.testing.assert_allclose(law("one", 3), [1, 0, 0])
    np.testing.assert_allclose(law("half", 5), [1 / 3, 1 / 3, 1 / 3, 0, 0])
    first, again, other = law("dirichlet", 100), law("dirichlet", 100), law("dirichlet", 100, seed=1)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01
    # Under Dirichlet(1) the mean of p_k is 1/K and its standard deviation about the same.
    many = np.stack([law("dirichlet", 10, seed) for seed in range(2_000)])
    np.testing.assert_allclose(many.mean(0), 0.1, atol=0.012)  # five standard errors
    np.testing.assert_allclose(many.std(0), np.sqrt(0.9 / 11 / 10), atol=0.012)


def test_unknown_law() -> None:
    with pytest.raises(ValueError, match="law: received 'gauss': give one of uniform, dirichlet, zipf"):
        law("gauss", 3)


def test_law_from_settings() -> None:
    source = open_source(Data(law="dirichlet", categories=6, law_seed=3))
    np.testing.assert_array_equal(source.target, law("dirichlet", 6, 3))
    assert source.target_is == "given"
    assert source.labels == tuple("012345")
    assert open_source(Data(law="uniform", categories=2, labels="a,b")).labels == ("a", "b")

from threading import Event

import numpy as np
import pytest

from gumbel_gan.config.networks import Generator
from gumbel_gan.laboratory.polynomial import Polynomial, PolynomialTask, minimise
from gumbel_gan.training.progress import CutShort


@pytest.mark.parametrize(
    ("power", "optimum", "start"), [(1.5, 0.30187, 0.35488), (2, 0.2025, 0.2525), (3, 0.09112, 0.12875)]
)
def test_optimum_and_start(power: float, optimum: float, start: float) -> None:
    """Computed by hand from 0.45 and 0.55."""
    settings = Polynomial(power=power, epochs=1, batches=1, runs=2, generator=Generator(learning_rate=1e-9))
    assert settings.optimum == pytest.approx(optimum, abs=1e-5)
    np.testing.assert_allclose(minimise(settings), start, atol=1e-4)


def test_exact_gradient_reaches_the_optimum() -> None:
    settings = Polynomial(
        variables=8, epochs=8, batches=100, runs=2, generator=Generator(learning_rate=0.05, estimator="exact")
    )
    losses = minimise(settings)
    assert losses.shape == (8, 2)
    assert (np.diff(losses, axis=0) < 0).all()
    np.testing.assert_allclose(losses[-1], settings.optimum, atol=1e-4)


@pytest.mark.parametrize("estimator", ["rloo", "reinmax", "rebar"])
def test_estimators_go_down(estimator: str) -> None:
    generator = Generator(learning_rate=0.02, estimator=estimator)
    settings = Polynomial(variables=4, epochs=8, batches=100, runs=2, generator=generator)
    losses = minimise(settings)
    assert (losses[-1] < 0.2525 - 0.01).all()


def test_straight_through_stops_at_the_target() -> None:
    """Its gradient vanishes where x = 1 has the probability 0.45: a loss of .45 .55^2 + .55 .45^2 = .2475."""
    generator = Generator(learning_rate=0.02, estimator="straight_through")
    losses = minimise(
        Polynomial(variables=4, epochs=8, batches=100, batch_size=256, runs=2, generator=generator)
    )
    np.testing.assert_allclose(losses[-1], 0.2475, atol=0.001)


def test_bad_settings() -> None:
    with pytest.raises(ValueError, match="target: received 2"):
        Polynomial(target=2)
    with pytest.raises(ValueError, match="power: received 0"):
        Polynomial(power=0)


SMALL = Polynomial(variables=2, epochs=3, batches=2, batch_size=4, runs=2)


def test_columns() -> None:
    curves, columns = PolynomialTask().train(SMALL)
    assert curves.shape == (3, 2)
    np.testing.assert_array_equal(columns["expected_loss"], curves[-1])
    np.testing.assert_allclose(columns["above_optimum"], curves[-1] - 0.2025)


def test_stop() -> None:
    stopping, told = Event(), []

    def progress(done: float, planned: float, shown: str) -> None:
        told.append((done, planned))
        stopping.set()

    with pytest.raises(CutShort):
        minimise(SMALL, progress, stopping)
    assert told == [(1, 3)]

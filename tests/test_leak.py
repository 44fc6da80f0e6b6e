"""What a discriminator finds where the generator is exactly right.

The standard error of an accuracy over 20,000 examples is 0.0035; with four runs a bound of 0.52 at chance is
five of them away.
"""

import numpy as np
import pytest

from gumbel_gan import leak as module
from gumbel_gan.config import Config, Data, Discriminator, Generator
from gumbel_gan.leak import leak

MLP = Discriminator(kind="mlp", units=[16])


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCHES", 600)


def test_perceptron_tells_soft_from_hard() -> None:
    losses, accuracy = leak(Config(runs=4, temperature=1.0, discriminator=MLP))
    assert losses.shape == (50, 4)
    assert accuracy.min() > 0.8  # in so short a training
    assert losses[-1].max() < 0.8 * losses[0].min()


@pytest.mark.parametrize(
    "parts",
    [
        {"discriminator": MLP, "data": Data(smoothing="relaxed")},
        pytest.param(
            {"discriminator": MLP, "generator": Generator(estimator="straight_through")},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"discriminator": Discriminator(kind="mlp", units=[16], view="hard")}, marks=pytest.mark.slow
        ),
    ],
)
def test_nothing_to_find(parts: dict[str, object]) -> None:
    _, accuracy = leak(Config(runs=4, temperature=1.0, **parts))  # type: ignore[arg-type]
    np.testing.assert_allclose(accuracy, 0.5, atol=0.02)


def test_logistic_finds_the_mean_of_warm_samples() -> None:
    """The mean of a soft sample is not p, and this is all that a linear discriminator sees."""
    _, warm = leak(Config(runs=4, temperature=1.0))
    _, cold = leak(Config(runs=4, temperature=0.01))
    assert (warm > 0.52).all()
    assert (warm < 0.75).all()
    np.testing.assert_allclose(cold, 0.5, atol=0.02)

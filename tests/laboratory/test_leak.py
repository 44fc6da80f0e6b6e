"""What a discriminator finds where the generator is exactly right.

The standard error of an accuracy over 20,000 examples is 0.0035; with four runs a bound of 0.52 at chance is
five of them away.
"""

from threading import Event

import numpy as np
import pytest

from gumbel_gan.config.config import Config
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.laboratory import leak as module
from gumbel_gan.laboratory.leak import leak
from gumbel_gan.training.progress import CutShort

from ..conftest import TEXT

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


@pytest.mark.slow
def test_logistic_finds_the_mean_of_warm_samples() -> None:
    """The mean of a soft sample is not p, and this is all that a linear discriminator sees."""
    _, warm = leak(Config(runs=4, temperature=1.0))
    _, cold = leak(Config(runs=4, temperature=0.01))
    assert (warm > 0.52).all()
    assert (warm < 0.75).all()
    np.testing.assert_allclose(cold, 0.5, atol=0.02)


def test_progress_and_stop() -> None:
    """Fifty epochs, whatever the settings say; the flag ends it with the epoch in which it is set."""
    stopping, told = Event(), []

    def progress(done: float, planned: float, shown: str) -> None:
        told.append((done, planned))
        if done == 2:
            stopping.set()

    with pytest.raises(CutShort):
        leak(Config(epochs=3), progress, stopping)
    assert told == [(1, 50), (2, 50)]


@pytest.mark.parametrize(
    "config",
    [
        Config(
            data=Data(length=3),
            generator=Generator(kind="lstm"),
            discriminator=Discriminator(kind="mlp"),
        ),
        Config(data=Data(path=str(TEXT))),
        Config(data=Data(path="-", vocabulary="a,b")),
    ],
)
def test_leak_needs_true_probabilities(config: Config) -> None:
    with pytest.raises(ValueError, match="which needs the true probabilities: give data.probabilities"):
        leak(config)

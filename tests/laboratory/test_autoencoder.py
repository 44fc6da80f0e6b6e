"""The variational autoencoder: its bound against enumeration, and that it learns."""

import itertools
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

from gumbel_gan.config.networks import Generator
from gumbel_gan.laboratory import autoencoder
from gumbel_gan.laboratory.autoencoder import (
    Autoencoder,
    AutoencoderTask,
    Digits,
    autoencode,
    chosen,
    digits,
)
from gumbel_gan.laboratory.cells import Cell
from gumbel_gan.laboratory.networks import Networks, divergence
from gumbel_gan.training.progress import CutShort

SMALL = Autoencoder(runs=2, epochs=2, measured_every=1, batch_size=50, variables=2, categories=3, units=[8])


def made_up() -> Digits:
    """Four pictures of six dots with noise, which three categories cannot tell apart."""
    random = np.random.default_rng(0)
    pictures = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], [1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1]])
    drawn = pictures[random.integers(4, size=400)] ^ (random.uniform(size=(400, 6)) < 0.05)
    return Digits(*np.split(drawn.astype(np.float32), [200, 300]))


@pytest.mark.slow
def test_bound_by_enumeration() -> None:
    """The mean over all nine pairs of latent values, weighted by q, less the divergence.

    The estimate is a mean of 20 samples for each of 100 digits and 2 runs; a z-test at 5 standard errors,
    which fails by chance once in two million.
    """
    data = made_up()
    networks = Networks(SMALL, data, 10)
    bounds, kl = networks.bound(data.test, 1)
    assert bounds.shape == kl.shape == (100, 2)
    x = tf.tile(data.test[None], (2, 1, 1))
    logits = networks.logits(x)  # [2, 100, 2, 3]
    q = tf.nn.softmax(logits).numpy()
    expected = np.zeros((2, 100))
    for pair in itertools.product(range(3), repeat=2):
        z = np.tile(np.eye(3, dtype=np.float32)[list(pair)], (200, 1, 1))
        losses = networks.reconstruction(tf.constant(z), tf.reshape(x, (200, 6))).numpy().reshape(2, 100)
        expected -= losses * q[:, :, 0, pair[0]] * q[:, :, 1, pair[1]]
    exact_kl = (q * (np.log(q) + np.log(3))).sum((2, 3))
    np.testing.assert_allclose(kl, exact_kl.T, rtol=1e-3, atol=1e-5)
    error = (bounds - (expected - exact_kl).T).ravel()
    assert abs(error.mean()) < 5 * error.std() / np.sqrt(error.size)
    np.testing.assert_allclose(divergence(tf.constant([[[0.0, -np.inf]]])), np.log(2), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator", ["reinmax", *(pytest.param(name, marks=pytest.mark.slow) for name in ("rloo", "rebar"))]
)
def test_it_learns(monkeypatch: pytest.MonkeyPatch, estimator: str) -> None:
    """Without latent variables the bound is -6 log 2 at best; pictures told apart give far more."""
    monkeypatch.setattr(autoencoder, "digits", lambda data: made_up())
    settings = replace(
        SMALL, epochs=60, measured_every=20, generator=Generator(learning_rate=0.02, estimator=estimator)
    )
    curves, columns = autoencode(settings)
    assert curves.shape == (3, 2)
    assert (columns["elbo"] > -6 * np.log(2) + 0.8).all()
    assert (columns["kl"] > 0.5).all()
    assert (columns["kl"] < 2 * np.log(3)).all()
    assert set(columns["best_epoch"]) <= {20.0, 40.0, 60.0}
    assert (columns["elbo_error"] < 0.5).all()


@pytest.mark.slow
def test_it_repeats() -> None:
    """The same seed the same numbers, another one others; each run its own."""
    (curves, _), (again, _) = autoencode(SMALL), autoencode(SMALL)
    np.testing.assert_array_equal(curves, again)
    assert (curves[:, 0] != curves[:, 1]).all()
    assert (autoencode(replace(SMALL, seed=1))[0] != curves).all()


def test_digits_of_scikit_learn() -> None:
    data = digits("digits")
    assert [part.shape for part in data] == [(1257, 64), (270, 64), (270, 64)]
    assert set(np.unique(data.train)) == {0.0, 1.0}
    assert 0.2 < data.train.mean() < 0.5
    assert sum(part.sum() for part in data) == (load_digits().images >= 8).sum()  # all of them, once each


def test_digits_of_a_file(tmp_path: Path) -> None:
    """As Keras' mnist.npz: bytes from 0 to 255."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (12, 4, 4), np.uint8)
    np.savez(tmp_path / "mnist.npz", x_train=images, y_train=np.zeros(12), x_test=images[:5])
    data = digits(str(tmp_path / "mnist.npz"))
    assert [part.shape for part in data] == [(10, 16), (2, 16), (5, 16)]
    np.testing.assert_array_equal(data.test, images[:5].reshape(5, 16) >= images[:10].max() / 2)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"runs": 0}, "runs: received 0: give a whole number of 1 or more"),
    ({"categories": 1}, "categories: received 1: give a whole number of 2 or more"),
    ({"temperature": 0}, "temperature: received 0"),
    ({"seconds": -1}, "seconds: received -1"),
    ({"generator": Generator(estimator="exact")}, "received exact for 2 variables"),
    ({"data": "nowhere.npz"}, "data: received nowhere.npz: give digits, or the path of an .npz file"),
    ({"batch_size": 2000}, "batch_size: received 2000 for 1257 digits: give a smaller one"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        autoencode(replace(SMALL, **settings))
    assert "\n" not in str(refused.value)


@pytest.mark.slow
def test_it_stops() -> None:
    flag = Event()
    flag.set()
    with pytest.raises(CutShort):
        autoencode(SMALL, stopping=flag)
    _, columns = autoencode(replace(SMALL, epochs=50, seconds=1e-6))
    assert set(columns["epochs"]) == {2.0}  # the first epoch, which is compiled, has no time


def test_chosen_by_held_out_digits() -> None:
    """Never by the scores on test digits."""

    def cell(estimator: str, rate: float, held_out: float, elbo: float) -> Cell:
        settings = replace(SMALL, generator=Generator(estimator=estimator, learning_rate=rate))
        columns = {name: np.full(2, value) for name, value in (("held_out_elbo", held_out), ("elbo", elbo))}
        return Cell({"rate": rate}, settings, "autoencoder", curves=np.zeros((3, 2)), columns=columns)

    cells = [cell("rloo", 0.1, -3, -1), cell("rloo", 0.2, -2, -5), cell("reinmax", 0.1, -1, -9)]
    assert [(one.settings.generator.estimator, one.varied["rate"]) for one in chosen(cells)] == [
        ("reinmax", 0.1),
        ("rloo", 0.2),
    ]
    assert AutoencoderTask().figure(cells).axes[0].get_yticklabels()[0].get_text().startswith("reinmax")

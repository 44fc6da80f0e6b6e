"""Each view against a computation in NumPy; the exact one against enumeration."""

from typing import Any

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from gumbel_gan.config.catalogue import LOSSES, VIEWS
from gumbel_gan.gan.losses import Pair
from gumbel_gan.gan.views import ExactView, HardView, View

from ..statistics import check_mean

RUNS, BATCH, K = 3, 4, 5
RANDOM = np.random.default_rng(0)
SAMPLES = RANDOM.dirichlet(np.ones(K), size=(RUNS, 2 * BATCH)).astype(np.float32)
OF_REAL = RANDOM.normal(size=(RUNS, BATCH)).astype(np.float32)
VERDICTS = RANDOM.normal(size=(RUNS, K)).astype(np.float32)
"""Of all categories."""
P = scipy.special.softmax(RANDOM.normal(size=(RUNS, K)), -1).astype(np.float32)


def softplus(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(x))


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


DISCRIMINATOR_LOSSES: dict[str, Any] = {
    "non_saturating": lambda real, generated: softplus(-real) + softplus(generated),
    "minimax": lambda real, generated: softplus(-real) + softplus(generated),
    "least_squares": lambda real, generated: ((real - 1) ** 2 + generated**2) / 2,
    "hinge": lambda real, generated: relu(1 - real) + relu(1 + generated),
    "wasserstein": lambda real, generated: generated - real,
    "relativistic": lambda real, generated: softplus(generated - real),
}


def forbidden() -> tf.Tensor:
    raise AssertionError("this view has no use for the distribution")


def test_names() -> None:
    assert {name: VIEWS.load(name) for name in VIEWS} == {"soft": View, "hard": HardView, "exact": ExactView}


def test_soft_sees_the_samples_as_they_are() -> None:
    samples = tf.constant(SAMPLES)
    assert View().generated(samples) is samples


def test_hard_sees_one_hot_vectors() -> None:
    seen = HardView().generated(tf.constant(SAMPLES))
    np.testing.assert_array_equal(seen, np.eye(K)[SAMPLES.argmax(-1)])
    assert seen.dtype == tf.float32


def test_hard_sees_one_hot_vectors_of_sequences() -> None:
    samples = SAMPLES.reshape(RUNS, BATCH, 2, K)
    np.testing.assert_array_equal(HardView().generated(tf.constant(samples)), np.eye(K)[samples.argmax(-1)])


def test_exact_sees_every_category_once_as_an_integer() -> None:
    seen = ExactView().generated(tf.constant(SAMPLES))
    assert seen.dtype == tf.int32
    np.testing.assert_array_equal(seen, np.tile(np.arange(K), (RUNS, 1)))


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("view", [View, HardView])
@pytest.mark.parametrize("name", LOSSES)
def test_mean_loss_of_samples(name: str, view: type[View], repeats: int) -> None:
    """Each real example stands beside its own samples, every BATCH-th one."""
    of_generated = np.random.default_rng(1).normal(size=(RUNS, repeats * BATCH)).astype(np.float32)
    found = view().mean_loss(LOSSES.load(name), tf.constant(OF_REAL), tf.constant(of_generated), forbidden)
    loss = DISCRIMINATOR_LOSSES[name]
    expected = [
        np.mean([loss(real[place % BATCH], output) for place, output in enumerate(generated)])
        for real, generated in zip(OF_REAL, of_generated, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_exact_mean_loss_is_the_enumerated_expectation(name: str) -> None:
    """Over all pairs of a real example and a category, of losses that are separable and of one that isn't."""
    found = ExactView().mean_loss(LOSSES.load(name), tf.constant(OF_REAL), tf.constant(VERDICTS), lambda: P)
    loss = DISCRIMINATOR_LOSSES[name]
    expected = [
        sum(P[run, k] * loss(real, VERDICTS[run, k]) for real in OF_REAL[run] for k in range(K)) / BATCH
        for run in range(RUNS)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_exact_mean_loss_is_the_same_for_a_pair_that_is_called_inseparable(name: str) -> None:
    """The short way of a separable loss and the long way agree; a wrong word would be found out."""
    pair: Pair = LOSSES.load(name)
    outputs = tf.constant(OF_REAL), tf.constant(VERDICTS)
    long, short = (
        ExactView().mean_loss(pair._replace(separable=called), outputs[0], outputs[1], lambda: P)
        for called in (False, True)
    )
    assert np.allclose(long, short, atol=1e-5) == pair.separable


@pytest.mark.parametrize("name", ["non_saturating", "relativistic"])
def test_gradient_of_the_exact_mean_loss(name: str) -> None:
    """In the outputs, against finite differences: what the discriminator learns from."""
    pair = LOSSES.load(name)
    of_real, verdicts = tf.constant(OF_REAL), tf.constant(VERDICTS)
    with tf.GradientTape() as tape:
        tape.watch([of_real, verdicts])
        value = tf.reduce_sum(ExactView().mean_loss(pair, of_real, verdicts, lambda: P))
    gradients = tape.gradient(value, [of_real, verdicts])
    loss = DISCRIMINATOR_LOSSES[name]

    def expectation(real: np.ndarray, generated: np.ndarray) -> float:
        losses = loss(real[:, :, None], generated[:, None, :])  # [R, B, K]
        return float((P[:, None] * losses).sum(-1).mean(1).sum())

    step = 1e-5
    for number, (x, gradient) in enumerate(zip((OF_REAL, VERDICTS), gradients, strict=True)):
        for place in np.ndindex(x.shape):
            sides = []
            for sign in (1, -1):
                moved = [OF_REAL.astype(np.float64), VERDICTS.astype(np.float64)]
                moved[number][place] += sign * step
                sides.append(expectation(*moved))
            assert gradient.numpy()[place] == pytest.approx((sides[0] - sides[1]) / (2 * step), abs=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_exact_mean_loss_is_that_of_many_hard_samples(name: str) -> None:
    """Of 100,000 draws for each run, within five standard errors."""
    exact = ExactView().mean_loss(LOSSES.load(name), tf.constant(OF_REAL), tf.constant(VERDICTS), lambda: P)
    loss, random = DISCRIMINATOR_LOSSES[name], np.random.default_rng(1)
    for run in range(RUNS):
        drawn = random.choice(K, 100_000, p=P[run] / P[run].sum(dtype=np.float64))
        beside = np.resize(OF_REAL[run], drawn.shape)
        check_mean(loss(beside, VERDICTS[run, drawn]), float(exact[run]))


@pytest.mark.parametrize("name", VIEWS)
def test_serialized(name: str) -> None:
    view = VIEWS.load(name)()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(view))
    assert type(again) is type(view)

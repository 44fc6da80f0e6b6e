"""Numbers stay finite, however extreme temperatures and logits are."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from gumbel_gan.config.catalogue import ESTIMATORS, LOSSES
from gumbel_gan.gan.distribution import RelaxedOneHotCategorical
from gumbel_gan.gan.gumbel import gumbel_max

TEMPERATURES = st.floats(-6, 6).map(lambda power: 10**power)
ODDS = st.sampled_from([-1e4, -100.0, -1.0, 0.0, 1.0, 100.0, 1e4])
COMPILED: dict[tuple[str, int], object] = {}


def compiled(name: str, categories: int):  # type: ignore[no-untyped-def]
    """Samples, surrogate and gradient of an estimator at batch 1 (or the smallest it takes)."""
    if (name, categories) not in COMPILED:
        estimator = ESTIMATORS.make(name, "estimator")
        estimator.build((1, categories))
        kernel = tf.constant(np.random.default_rng(0).normal(size=categories), tf.float32)

        def loss(x: tf.Tensor) -> tf.Tensor:
            value = tf.gather(kernel, x) if x.dtype.is_integer else tf.reduce_sum(x * kernel, -1)
            return tf.nn.softplus(-value)

        @tf.function(jit_compile=True)
        def gradient(logits: tf.Tensor, temperature: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
            batch = estimator.smallest_batch
            with tf.GradientTape() as tape:
                tape.watch(logits)
                surrogate = estimator.estimate(loss, logits, temperature, batch, seed)
            return (
                estimator.sample(logits, temperature, batch, seed),
                surrogate,
                tape.gradient(surrogate, logits),
            )

        COMPILED[name, categories] = gradient
    return COMPILED[name, categories]


def check(name: str, logits: np.ndarray, temperature: float, seed: int) -> None:
    values = compiled(name, len(logits))(
        tf.constant(logits[None], tf.float32), tf.constant(temperature, tf.float32), tf.constant([seed, 1])
    )
    for value in values:
        assert np.isfinite(value.numpy()).all(), (name, logits[:5], temperature, seed)
    samples = values[0].numpy()
    np.testing.assert_allclose(samples.sum(-1), 1, rtol=1e-4)


@pytest.mark.parametrize("categories", [pytest.param(2, marks=pytest.mark.slow), 5])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators(name: str, categories: int) -> None:
    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(st.lists(ODDS, min_size=categories, max_size=categories), TEMPERATURES, st.integers(0, 10**6))
    def finite(logits: list[float], temperature: float, seed: int) -> None:
        check(name, np.array(logits), temperature, seed)

    finite()


@pytest.mark.slow
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_hundred_thousand_categories(name: str) -> None:
    random = np.random.default_rng(0)
    for temperature in (1e-6, 1e-3, 1.0, 1e6):
        check(name, random.choice([-1e4, -1.0, 0.0, 1.0, 1e4], 100_000), temperature, 1)
    del COMPILED[name, 100_000]  # hundreds of megabytes each


def test_sampler() -> None:
    logits = tf.constant([[1e4, -1e4, 0.0, -np.inf, 0.0]])
    for temperature in (1e-6, 1.0, 1e6):
        drawn = (
            RelaxedOneHotCategorical(tf.constant(temperature), logits=logits)
            .sample(1_000, seed=(1, 2))
            .numpy()
        )
        assert np.isfinite(drawn).all()
        np.testing.assert_allclose(drawn.sum(-1), 1, rtol=1e-5)
        assert (drawn[..., 3] == 0).all()  # a category with probability 0
    assert (gumbel_max(logits, 1_000, (1, 2)).numpy() == 0).all()  # one with probability 1


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    scores = tf.constant([-1e4, -100.0, -1.0, 0.0, 1.0, 100.0, 1e4])
    real, generated = scores[:, None], scores[None, :]
    pair = LOSSES.load(name)
    for loss in (pair.discriminator, pair.generator):
        with tf.GradientTape() as tape:
            tape.watch([real, generated])
            values = loss(real, generated)
        gradients = tape.gradient(values, [real, generated], unconnected_gradients="zero")
        for value in (values, *gradients):
            assert np.isfinite(value.numpy()).all()

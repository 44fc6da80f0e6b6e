"""A category whose logit is minus infinity: as if it were not there, in every estimator."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gumbel_gan as gg
from gumbel_gan.config.catalogue import ESTIMATORS, LOSSES, SMOOTHINGS, VIEWS
from gumbel_gan.gan import gumbel

K, BATCH = 4, 6
LOGITS = np.array([0.5, -1.0, 1.0, -np.inf])
KERNEL = np.array([1.0, -0.5, 0.3, 2.0], np.float32)
TEMPERATURES = [0.001, 0.5, 5.0]
PATHWISE = ESTIMATORS.names(pathwise=True)


def loss(samples: tf.Tensor) -> tf.Tensor:
    """Neither linear nor quadratic, [..., K] to [...]."""
    size = samples.shape[-1]
    return tf.nn.softplus(2 * tf.reduce_sum(samples * KERNEL[:size], axis=-1)) ** 2


def estimates(
    name: str, logits: np.ndarray, temperature: float, runs: int, seed: int
) -> tuple[np.ndarray, ...]:
    """Samples, mean losses and gradients of so many estimates."""
    estimator = ESTIMATORS.make(name, "estimator")
    tiled = tf.tile(tf.constant(logits[None], tf.float32), (runs, 1))
    with tf.GradientTape() as tape:
        tape.watch(tiled)
        mean = gg.surrogate_loss(
            loss, tiled, estimator=estimator, temperature=temperature, samples=BATCH, seed=(seed, 7)
        )
    samples = estimator.sample(tiled, temperature, 2, (seed, 7))
    return samples.numpy(), mean.numpy(), tape.gradient(mean, tiled).numpy()


def check_masked(found: tuple[np.ndarray, ...], categories: Any) -> None:
    """All finite, and of the categories given nothing at all."""
    samples, _, gradients = found
    for numbers in found:
        assert np.isfinite(numbers).all()
    assert (samples[..., categories] == 0).all()
    assert (gradients[..., categories] == 0).all()


def same_noise(shape: Any, seed: Any, dtype: Any = tf.float32) -> tf.Tensor:
    """Noise of which three categories have as much as the first three of four."""
    axis = next(axis for axis, size in enumerate(shape) if size in (K - 1, K))
    of_four = [K if place == axis else int(size) for place, size in enumerate(shape)]
    noise = np.random.default_rng([int(number) for number in seed]).gumbel(size=of_four)
    return tf.constant(np.take(noise, range(shape[axis]), axis), dtype)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_with_the_same_noise_all_is_as_without_it(
    name: str, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samples, values and gradients, in few and in many runs, to rounding."""
    monkeypatch.setattr(gumbel, "gumbel_noise", same_noise)
    for runs in (5, 300):
        found = estimates(name, LOGITS, temperature, runs, seed=1)
        check_masked(found, 3)
        without = estimates(name, LOGITS[:3], temperature, runs, seed=1)
        for one, other in zip(found, without, strict=True):
            one = one[..., :3] if one.shape != other.shape else one
            np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-4 / min(temperature, 1))


@pytest.mark.parametrize(
    "temperature", [0.5, *(pytest.param(t, marks=pytest.mark.slow) for t in (0.001, 5.0))]
)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_in_law_all_is_as_without_it(name: str, temperature: float) -> None:
    """The means of values and gradients of 10,000 estimates lie within 5 standard errors.

    By the normal law, which a difference of two means of one law is near, for four numbers a false alarm
    once in 400,000.
    """
    _, *found = masked = estimates(name, LOGITS, temperature, 10_000, seed=2)
    check_masked(masked, 3)
    _, *without = estimates(name, LOGITS[:3], temperature, 10_000, seed=3)
    for one, other in zip(found, without, strict=True):
        one = one[..., :3] if one.ndim == 2 else one
        error = np.sqrt((one.var(0) + other.var(0)) / len(one))
        assert (np.abs(one.mean(0) - other.mean(0)) <= 5 * error + 1e-5).all()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_one_category_is_left(name: str) -> None:
    """It is drawn always, and nothing has a gradient; at every temperature, in few runs and in many."""
    logits = np.array([-np.inf, -np.inf, 0.7, -np.inf])
    for temperature in TEMPERATURES:
        for runs in (2, 20):
            found = estimates(name, logits, temperature, runs, seed=1)
            check_masked(found, [0, 1, 3])
            samples, values, gradients = found
            np.testing.assert_allclose(samples[..., 2], 1, rtol=1e-6)
            np.testing.assert_allclose(values, loss(tf.eye(K))[2], rtol=1e-5)
            np.testing.assert_allclose(gradients, 0, atol=1e-5 / temperature)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_masks_that_differ_by_row_and_variable(name: str) -> None:
    """Under XLA, every vector [B, V, K] with a mask of its own (exact: [B, K])."""
    shape = (6, K) if name == "exact" else (3, 2, K)
    logits = np.zeros((6, K), np.float32)
    logits[range(5), [0, 1, 2, 3, 0]] = -np.inf
    logits[4, 2] = -np.inf
    logits = logits.reshape(shape)
    estimator = ESTIMATORS.make(name, "estimator")

    def gradient(logits: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(logits)
            mean = gg.surrogate_loss(
                lambda z: tf.reduce_sum(tf.reshape(loss(z), (len(z), -1)), axis=1),
                logits,
                estimator=estimator,
                temperature=0.5,
                seed=(1, 2),
                samples=2,
            )
        return tape.gradient(mean, logits)

    found = gradient(tf.constant(logits)).numpy()
    assert np.isfinite(found).all()
    assert (found[np.isinf(logits)] == 0).all()
    assert (found[~np.isinf(logits)] != 0).any()
    np.testing.assert_allclose(found.sum(-1), 0, atol=1e-4)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("name", PATHWISE)
def test_layer(name: str, temperature: float) -> None:
    """In training and out of it, [2, 3, K]."""
    node = gg.layers.CategoricalSample(name, temperature=temperature, seed=0)
    logits = tf.tile(tf.constant(LOGITS[None, None], tf.float32), (2, 3, 1))
    for training in (True, False):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            samples = node(logits, training=training)
            mean = loss(samples)
        gradient = tape.gradient(mean, logits, unconnected_gradients="zero")
        check_masked((samples.numpy(), mean.numpy(), gradient.numpy()), 3)


@pytest.mark.parametrize(
    ("name", "temperature"),
    [
        *((n, 0.5) for n in PATHWISE),
        ("gumbel_rao", 1e-5),
        ("gapped_straight_through", 1e-5),
    ],
)
def test_a_temperature_that_learns(name: str, temperature: float) -> None:
    variable = keras.Variable(temperature, trainable=True)
    node = gg.layers.CategoricalSample(name, temperature=variable, seed=0)
    with tf.GradientTape() as tape:
        mean = tf.reduce_mean(loss(node(tf.constant([LOGITS] * 50, tf.float32))))
    slope = tape.gradient(mean, variable.value, unconnected_gradients="zero")
    assert np.isfinite(slope)
    assert (slope != 0) == (name not in ("straight_through", "reinmax") and temperature > 0.1)


@pytest.mark.parametrize("temperature", [0.001, 1e-5])
@pytest.mark.parametrize("name", ESTIMATORS.names(score_function=True, pathwise=False))
def test_what_learns_stays_finite(name: str, temperature: float) -> None:
    """Rebar and Relax learn from the slope in their temperature, too; 5 steps of those that learn."""
    estimator = ESTIMATORS.make(name, "estimator")
    if not estimator.learns and temperature == 1e-5:
        pytest.skip("it learns nothing")
    logits = tf.constant([LOGITS] * 3, tf.float32)
    for step in range(5):
        gg.surrogate_loss(
            loss, logits, estimator=estimator, temperature=temperature, seed=(0, step), samples=2
        )
    assert all(np.isfinite(weight.numpy()).all() for weight in estimator.weights)


# In the GAN.


def masked_gan(
    estimator: str, view: str, smoothing: str, pair: str, *, generator_steps: int = 1
) -> gg.CategoricalGAN:
    """Two runs, of one logit at minus infinity each, with diagnostics."""
    gan = gg.CategoricalGAN(
        gg.CategoricalGenerator(K, 2),
        gg.LogisticDiscriminator(K, 2, seed=1),
        estimator=estimator,
        view=view,
        smoothing=SMOOTHINGS.load(smoothing)(),
        pair=pair,
        temperature=0.5,
        generator_steps=generator_steps,
        probe=gg.Diagnostics(),
        seed=1,
    )
    gan.generator.assign(np.array([[0.0, 1.0, -np.inf, 0.5], [-np.inf, 0.0, 1.0, 0.5]]))
    return gan


def check_epoch(gan: gg.CategoricalGAN, batches: int, **options: Any) -> None:
    """Real examples of all categories, the masked ones too: all stays finite, they at zero, others learn."""
    gan.compile(keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01), **options)
    before = gan.learned()
    examples = np.random.default_rng(0).integers(0, K, (batches, 2, 6)).astype(np.int32)
    gan.fit(tf.data.Dataset.from_tensors(examples), verbose=0)
    for name, numbers in gan.run_metrics.items():
        assert name == "step_ratio" or np.isfinite(numbers).all(), name
    weights = [*gan.discriminator.weights, *gan.estimator.weights, gan.averaged]
    assert all(np.isfinite(weight.numpy()).all() for weight in weights)
    learned = gan.learned()
    for probabilities in (learned, gan.averaged.numpy()):
        assert np.isfinite(probabilities).all()
        assert (probabilities[[0, 1], [2, 0]] == 0).all()
        np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-5)
    assert (np.abs(learned - before).max(-1) > 1e-4).all()
    assert np.isneginf(gan.generator.logits.numpy()[[0, 1], [2, 0]]).all()


def turns(number: int) -> list[str]:
    """A view, a smoothing and a pair of losses: all of each in twelve numbers."""
    return [list(family)[number % len(family)] for family in (VIEWS, SMOOTHINGS, LOSSES)]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "name"), list(enumerate(ESTIMATORS)))
def test_gan(number: int, name: str) -> None:
    """Every estimator, and with them every view, smoothing and pair of losses, step by step."""
    check_epoch(masked_gan(name, *turns(number)), batches=1, run_eagerly=True, jit_compile=False)


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("number", "name"), list(enumerate(ESTIMATORS)))
def test_gan_compiled(number: int, name: str, view: str) -> None:
    _, smoothing, pair = turns(number + list(VIEWS).index(view) + 1)
    check_epoch(masked_gan(name, view, smoothing, pair, generator_steps=2), batches=5)


def test_step_ratio() -> None:
    gan = masked_gan("straight_through", "soft", "none", "non_saturating")
    check_epoch(gan, batches=1, run_eagerly=True, jit_compile=False)
    assert np.isfinite(gan.run_metrics["step_ratio"]).all()

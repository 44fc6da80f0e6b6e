"""Every estimator against exact enumeration, in NumPy."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from gumbel_gan.config.catalogue import ESTIMATORS
from gumbel_gan.config.config import Config, Training
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.gan.estimators import Estimator, Pathwise
from gumbel_gan.gan.gumbel import vectors
from gumbel_gan.training.build import build
from gumbel_gan.training.build import estimator as from_settings

K, BATCH, DRAWS = 5, 10, 400_000
POINTS = np.random.default_rng(0).normal(size=(3, K))
KERNEL = np.random.default_rng(1).normal(size=K)
HARD = ESTIMATORS.names(soft=False)
Losses = Callable[[Any], Any]


def made(name: str, **options: Any) -> Estimator:
    estimator: Estimator = ESTIMATORS.make(name, "estimator", **options)
    return estimator


def nonlinear(samples: Any) -> Any:
    return tf.nn.softplus(linear(samples)) ** 2


def linear(samples: Any) -> Any:
    return tf.reduce_sum(vectors(samples, K) * tf.constant(KERNEL, tf.float32), -1)


def quadratic(samples: Any) -> Any:
    return linear(samples) ** 2 + tf.reduce_sum(vectors(samples, K)[..., :2], -1) ** 2


def exact(loss: Losses, logits: np.ndarray) -> np.ndarray:
    """p * (F - p.F), by enumeration."""
    losses = loss(tf.eye(K)[None]).numpy()[0].astype(np.float64)
    p = scipy.special.softmax(logits)
    return p * (losses - p @ losses)


def estimates(
    estimator: Estimator,
    loss: Losses,
    logits: np.ndarray,
    temperature: float = 0.5,
    draws: int = DRAWS,
    seed: int = 1,
    compiled: bool = True,
) -> np.ndarray:
    """Independent estimates, each from a batch of ten, [draws / 10, K]."""
    groups = draws // BATCH
    if not estimator.built:
        estimator.build((1, K))

    def gradient() -> tf.Tensor:
        tiled = tf.tile(tf.constant(logits[None], tf.float32), (groups, 1))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(tiled)
            surrogate = estimator.estimate(loss, tiled, tf.constant(temperature), BATCH, (seed, 0))
        return tape.gradient(surrogate, tiled)

    run = tf.function(gradient, jit_compile=True) if compiled else gradient
    found: np.ndarray = run().numpy().astype(np.float64)
    return found


def standard_errors_off(values: np.ndarray, expected: np.ndarray) -> float:
    """The length of the mean's deviation, in root mean squares of it."""
    error = np.sqrt(values.var(0).sum() / len(values))
    return float(np.linalg.norm(values.mean(0) - expected) / max(error, 1e-6))


@pytest.mark.parametrize("point", range(3))
@pytest.mark.parametrize("name", ["exact", "reinforce", "rloo", "rebar", "relax"])
def test_unbiased(name: str, point: int) -> None:
    """Within 3 standard errors; the length of a deviation in four dimensions is beyond 3 once in 10,000."""
    values = estimates(made(name), nonlinear, POINTS[point])
    assert standard_errors_off(values, exact(nonlinear, POINTS[point])) < 3


@pytest.mark.parametrize("name", ["gumbel_softmax", "straight_through", "st_gumbel_softmax", "reinmax"])
def test_power_of_the_test_of_bias(name: str) -> None:
    values = estimates(made(name), nonlinear, POINTS[0])
    assert standard_errors_off(values, exact(nonlinear, POINTS[0])) > 10


def test_straight_through_is_exact_for_a_linear_loss() -> None:
    values = estimates(made("straight_through"), linear, POINTS[1])
    np.testing.assert_allclose(values, np.tile(exact(linear, POINTS[1]), (len(values), 1)), atol=1e-5)


def test_reinmax_is_exact_for_a_quadratic_loss() -> None:
    for point in POINTS:
        values = estimates(made("reinmax"), quadratic, point, temperature=1.0)
        assert standard_errors_off(values, exact(quadratic, point)) < 3
    values = estimates(made("straight_through"), quadratic, POINTS[0])
    assert standard_errors_off(values, exact(quadratic, POINTS[0])) > 10


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_gumbel_rao_has_the_mean_of_st_gumbel_softmax_and_less_variance(temperature: float) -> None:
    straight = estimates(made("st_gumbel_softmax"), nonlinear, POINTS[0], temperature)
    rao = estimates(
        made("gumbel_rao", conditional_draws=10), nonlinear, POINTS[0], temperature, DRAWS // 4, seed=9
    )
    error = np.sqrt(straight.var(0).sum() / len(straight) + rao.var(0).sum() / len(rao))
    assert np.linalg.norm(straight.mean(0) - rao.mean(0)) < 3 * error
    assert rao.var(0).sum() < 0.7 * straight.var(0).sum()


def test_noise_of_gumbel_softmax_grows_as_the_temperature_to_the_power_of_minus_a_half() -> None:
    noise = [
        np.sqrt(estimates(made("gumbel_softmax"), nonlinear, POINTS[0], t).var(0).sum())
        for t in (0.1, 0.01, 0.001)
    ]
    np.testing.assert_allclose(np.array(noise[1:]) / noise[:-1], np.sqrt(10), rtol=0.15)


def test_backward_temperature_is_that_of_the_jacobian() -> None:
    decoupled = estimates(made("st_gumbel_softmax", backward_temperature=2.0), nonlinear, POINTS[0], 0.1)
    warm = estimates(made("st_gumbel_softmax"), nonlinear, POINTS[0], 2.0)
    np.testing.assert_allclose(decoupled, warm, atol=1e-5)


def test_gap_of_gapped_straight_through() -> None:
    """By hand for two categories: the moved logits lie `gap` apart, so the Jacobian is p (1 - p) / t."""
    values = estimates_of_two(made("gapped_straight_through", gap=1.0), temperature=0.5)
    p = scipy.special.expit(1.0 / 0.5)
    np.testing.assert_allclose(np.abs(values), p * (1 - p) / 0.5, rtol=1e-5)


def estimates_of_two(estimator: Estimator, temperature: float) -> np.ndarray:
    logits = tf.zeros((1000, 2))
    with tf.GradientTape() as tape:
        tape.watch(logits)
        surrogate = estimator.estimate(lambda x: x[..., 0], logits, tf.constant(temperature), 1, (1, 2))
    return tape.gradient(surrogate, logits).numpy()


@pytest.mark.parametrize("name", HARD)
def test_the_discriminator_sees_hard_samples(name: str) -> None:
    samples = made(name).sample(tf.constant(POINTS, tf.float32), tf.constant(0.5), 100, (1, 2)).numpy()
    assert samples.shape == (3, 100, K)
    np.testing.assert_allclose(np.sort(samples, -1), np.tile([0, 0, 0, 0, 1.0], (3, 100, 1)), atol=1e-6)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_value_of_the_surrogate_is_the_mean_loss(name: str) -> None:
    """Unbiased for all but the soft samples: the expected loss within 5 standard errors."""
    estimator = made(name)
    estimator.build((1, K))
    logits = tf.tile(tf.constant(POINTS[:1], tf.float32), (4000, 1))
    values = estimator.estimate(nonlinear, logits, tf.constant(0.05), BATCH, (3, 4)).numpy()
    losses = nonlinear(tf.eye(K)[None]).numpy()[0]
    expected = scipy.special.softmax(POINTS[0]) @ losses
    allowed = 0.02 if name == "gumbel_softmax" else 1e-5
    assert abs(values.mean() - expected) < 5 * values.std() / np.sqrt(4000) + allowed


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow) if n not in ("gumbel_softmax", "reinforce") else n
        for n in ESTIMATORS
    ],
)
def test_trains_in_the_compiled_epoch(name: str) -> None:
    """Two runs, diagnostics on, against a discriminator that likes the later categories and stands still."""
    config = Config(
        runs=2,
        temperature=0.5,
        diagnostics=True,
        generator=Generator(estimator=name, learning_rate=0.003),
        discriminator=Discriminator(learning_rate=1e-12),
        training=Training(batches=20),
    )
    gan = build(config, K)
    gan.discriminator.assign(np.tile(np.arange(K) - 2.0, (2, 1)))
    for epoch in range(2):
        gan.fit(
            tf.data.Dataset.from_tensors(tf.ones((20, 2, BATCH), tf.int32) * epoch), shuffle=False, verbose=0
        )
    learned = gan.generator.probabilities()
    assert (learned.argmax(-1) == 4).all()  # the best liked is the most probable
    assert (learned[:, :2] < 0.2).all()
    assert name == "exact" or (learned[0] != learned[1]).all()
    assert gan.traces == 1
    sharpness = gan.run_metrics["sharpness"]
    assert (sharpness > 0.999).all() == (name != "gumbel_softmax")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rebar", pytest.param("relax", marks=pytest.mark.slow)])
def test_control_variates_learn_to_lower_the_variance(name: str) -> None:
    estimator = made(name, learning_rate=0.02)
    logits = tf.constant(POINTS[:1], tf.float32)
    estimator.build((1, K))
    before = estimates(estimator, nonlinear, POINTS[0], temperature=0.05, draws=100_000).var(0).sum()

    @tf.function(jit_compile=True)
    def learn(step: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            tape.watch(logits)
            surrogate = estimator.surrogate(nonlinear, logits, tf.constant(0.05), 100, tf.stack([7, step]))
        assert tape.gradient(surrogate, logits) is not None

    for step in range(1000):
        learn(tf.constant(step))
    values = estimates(estimator, nonlinear, POINTS[0], temperature=0.05, draws=100_000)
    assert values.var(0).sum() < 0.6 * before
    assert standard_errors_off(values, exact(nonlinear, POINTS[0])) < 3  # and stays unbiased


def test_gradient_of_surrogate_is_that_of_the_estimate_while_it_learns() -> None:
    gradients = []
    for learn in (True, False):
        estimator = made("rebar")
        estimator.build((3, K))
        logits = tf.constant(POINTS, tf.float32)
        method = estimator.surrogate if learn else estimator.estimate
        with tf.GradientTape() as tape:
            tape.watch(logits)
            surrogate = method(nonlinear, logits, tf.constant(0.5), BATCH, (1, 2))
        gradients.append(tape.gradient(surrogate, logits).numpy())
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-5)


def test_several_variables() -> None:
    """Three variables at once, the loss a sum: as each for itself; and RLOO agrees within 4 errors."""
    logits = tf.constant(POINTS[None], tf.float32)  # [1, V, K]

    def loss(samples: tf.Tensor) -> tf.Tensor:  # [R, B, V, K]
        return tf.reduce_sum(nonlinear(samples), axis=-1)

    with tf.GradientTape() as tape:
        tape.watch(logits)
        surrogate = made("exact").estimate(loss, logits, tf.constant(1.0), BATCH, (1, 2))
    expected = np.stack([exact(nonlinear, point) for point in POINTS])
    np.testing.assert_allclose(tape.gradient(surrogate, logits).numpy()[0], expected, rtol=1e-4, atol=1e-6)
    losses = nonlinear(tf.eye(K)[None]).numpy()[0]
    assert float(surrogate[0]) == pytest.approx(
        sum(scipy.special.softmax(p) @ losses for p in POINTS), rel=1e-5
    )
    for name in ("rloo", "rebar", "relax"):
        estimator = made(name)
        estimator.build((1, 3, K))
        tiled = tf.tile(logits, (20_000, 1, 1))
        with tf.GradientTape() as tape:
            tape.watch(tiled)
            surrogate = estimator.estimate(loss, tiled, tf.constant(0.5), BATCH, (1, 2))
        values = tape.gradient(surrogate, tiled).numpy().reshape(-1, 3 * K)
        assert standard_errors_off(values, expected.ravel()) < 4


@pytest.mark.parametrize("name", ESTIMATORS)
def test_row_of_the_catalogue_tells_the_truth(name: str) -> None:
    """What it learns from, what its samples are, and whether the temperature matters to it."""

    def flat(samples: Any) -> Any:
        return tf.stop_gradient(nonlinear(samples)) + 0.0 * linear(samples)

    row, estimator = ESTIMATORS[name], made(name)
    assert row.smallest_batch == estimator.smallest_batch
    assert row.pathwise == isinstance(estimator, Pathwise)
    of_losses = (estimates(estimator, flat, POINTS[0], draws=1000, compiled=False) != 0).any()
    assert of_losses == (not row.pathwise) == (row.score_function or name == "exact")
    samples = estimator.sample(tf.constant(POINTS[:1], tf.float32), tf.constant(0.5), 100, (1, 2)).numpy()
    assert row.soft == (samples.max(-1) < 0.999).any()
    cold, warm = (
        estimates(estimator, nonlinear, POINTS[0], t, draws=1000, compiled=False) for t in (0.5, 1.5)
    )
    assert row.uses_temperature == (np.abs(cold - warm).max() > 1e-6)
    assert row.load().uses_temperature == row.uses_temperature


def test_options_reach_the_estimator() -> None:
    for name, row in ESTIMATORS.rows.items():
        for number, option in enumerate(row.options, start=2):
            # Some are settings by themselves, all can be given among the options.
            ways: list[dict[str, Any]] = [{"options": {option: number}}]
            ways += [{option: number}] if option in Generator().estimator_settings else []
            for way in ways:
                settings = Generator(estimator=name, **way)
                assert getattr(from_settings(settings), option) == number
    options = {option for row in ESTIMATORS.rows.values() for option in row.options}
    assert options >= set(Generator().estimator_settings)  # none is left out


@pytest.mark.parametrize("name", ESTIMATORS)
def test_serialized(name: str) -> None:
    estimator = made(name)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(estimator))
    assert type(again) is type(estimator)
    assert again.get_config() == estimator.get_config()


def test_evaluations() -> None:
    counts = {name: made(name).evaluations(10, 5) for name in ESTIMATORS}
    assert counts.pop("exact") == 5
    assert (counts.pop("rebar"), counts.pop("relax")) == (30, 30)
    assert set(counts.values()) == {10}

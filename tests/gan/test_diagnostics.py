"""What is measured from inside the compiled epoch, against the same in NumPy."""

from typing import Any

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from gumbel_gan.config.config import Config, Training
from gumbel_gan.config.networks import Generator
from gumbel_gan.gan.diagnostics import NAMES, SUMS, Diagnostics, Probe, means, sums
from gumbel_gan.gan.discriminators import LogisticDiscriminator
from gumbel_gan.gan.game import CategoricalGAN
from gumbel_gan.gan.generators import CategoricalGenerator
from gumbel_gan.training.build import build
from gumbel_gan.training.run import run


def test_columns() -> None:
    config = Config(epochs=3, diagnostics=True, training=Training(batches=8))
    metrics = run(config)[0].metrics
    assert list(metrics)[:5] == [
        "discriminator_loss", "generator_loss", "max_abs_error", "total_variation", "temperature"
    ]  # fmt: skip
    assert set(metrics) - set(list(metrics)[:5]) == set(NAMES)
    assert all(values.shape == (3, 1) for values in metrics.values())
    # No component of a step of Adam is longer than the rate times (1 - .9) / sqrt(1 - .999).
    assert (metrics["step_ratio"] > 0).all()
    assert (metrics["step_ratio"] < 3.17 * np.sqrt(5)).all()


@pytest.mark.parametrize(("runs", "epochs"), [(16, 4), pytest.param(1, 40, marks=pytest.mark.slow)])
def test_cold_samples_have_no_gradient(runs: int, epochs: int) -> None:
    """At temperature 0.001 and uniform logits 99 % of the samples have no gradient but for rounding.

    The second component of a sample is exp(-gap / temperature), and the gap of K equal logits is below a
    small x with probability (K - 1) / K x. With a slope of 0.05 a gradient is above the rounding error
    where the gap is below 0.001 log(0.05 / 2.4e-7) = 0.012. Whether the others are exactly 0.0 is XLA's
    affair: of many runs it is so where the exponential underflows, of one run never.
    """
    frozen = Generator(learning_rate=1e-12)
    metrics = run(Config(runs=runs, epochs=epochs, diagnostics=True, generator=frozen))[0].metrics
    assert metrics["dead_fraction"].mean() == pytest.approx(0.99, abs=0.005)
    assert metrics["sharpness"].mean() > 0.99


@pytest.mark.slow
def test_signal_to_noise_of_the_exact_gradient_and_of_a_sampled_one() -> None:
    found = {}
    for name in ("exact", "reinforce"):
        generator = Generator(estimator=name, learning_rate=1e-12)
        metrics = run(Config(runs=4, epochs=3, diagnostics=True, generator=generator))[0].metrics
        found[name] = np.median(metrics["signal_to_noise"])
    assert found["exact"] > 1e4
    assert found["reinforce"] < 1


def test_accuracies_of_a_discriminator_that_is_known() -> None:
    """Frozen networks: how many samples it rejects is a sum of probabilities."""
    config = Config(
        runs=8,
        epochs=10,
        temperature=0.001,
        diagnostics=True,
        generator=Generator(learning_rate=1e-12),
    )
    result, gan = run(config)
    # The last epoch's discriminator has hardly moved within it.
    verdict = gan.discriminator.kernel.numpy() + gan.discriminator.bias.numpy()[:, None]  # [R, K]
    p = scipy.special.softmax(gan.generator.logits.numpy(), -1)
    expected = (p * (verdict < 0)).sum(-1)
    sure = np.abs(verdict).min(-1) > 0.1
    assert sure.any()
    np.testing.assert_allclose(result.metrics["accuracy_hard"][-1][sure], expected[sure], atol=0.15)
    np.testing.assert_allclose(
        result.metrics["accuracy_soft"][-1], result.metrics["accuracy_hard"][-1], atol=0.02
    )


@pytest.mark.parametrize("name", ["gumbel_softmax", "rloo"])
def test_what_a_batch_adds_is_that_of_numpy(name: str) -> None:
    """Signal, sharpness and accuracies, from closed forms; whatever the estimator in training."""
    gan = build(Config(runs=3, temperature=0.5, generator=Generator(estimator=name)), 5)
    random = np.random.default_rng(0)
    logits, samples = random.normal(size=(3, 5)), random.dirichlet(np.ones(5), size=(3, 20))
    gan.generator.assign(logits)
    added = sums(gan, tf.ones((3, 20), tf.int32), tf.constant(samples, tf.float32), gan.probe_seed())
    kernel, bias = gan.discriminator.kernel.numpy(), gan.discriminator.bias.numpy()[:, None]
    losses, p = np.log1p(np.exp(-kernel - bias)), scipy.special.softmax(logits, -1)  # [R, K]
    gradient = p * (losses - (p * losses).sum(-1, keepdims=True))
    hard = np.eye(5)[samples.argmax(-1)]
    rejected = [((x * kernel[:, None]).sum(-1) + bias < 0).mean(1) for x in (samples, hard)]
    np.testing.assert_allclose(added["signal"], (gradient**2).sum(-1), rtol=1e-4)
    np.testing.assert_allclose(added["sharpness"], samples.max(-1).mean(1), rtol=1e-5)
    np.testing.assert_allclose(added["accuracy_soft"], rejected[0], rtol=1e-5)
    np.testing.assert_allclose(added["accuracy_hard"], rejected[1], rtol=1e-5)
    assert (rejected[0] != rejected[1]).any()


def test_means_over_an_epoch() -> None:
    """Sums over batches over their number; lengths from mean squares, and their ratio."""
    totals = {name: tf.constant([float(number)]) for number, name in enumerate(SUMS, start=2)}
    assert list(totals) == [
        "batches",
        "dead",
        "signal",
        "noise",
        "sharpness",
        "accuracy_soft",
        "accuracy_hard",
    ]
    columns = {name: float(value[0]) for name, value in means(totals).items()}
    assert columns == pytest.approx(
        {
            "dead_fraction": 3 / 2,
            "gradient_length": np.sqrt(4 / 2),
            "signal_to_noise": np.sqrt(4 / 5),
            "sharpness": 6 / 2,
            "accuracy_soft": 7 / 2,
            "accuracy_hard": 8 / 2,
        }
    )


def test_a_probe_that_measures_nothing_adds_no_columns() -> None:
    """Nor anything to what is added up in an epoch."""
    result, gan = run(Config(epochs=2, training=Training(batches=5)))
    assert type(gan.probe) is Probe
    assert set(gan.run_metrics) == {"discriminator_loss", "generator_loss", "temperature"}
    assert not set(result.metrics) & set(NAMES)
    zeros = tf.zeros(3)
    assert Probe().begin(zeros) == {}
    assert Probe().at_batch(gan, tf.constant(0), zeros, zeros, {}) == {}
    assert Probe().at_step(zeros, zeros + 1) is zeros
    assert Probe().columns(gan, {}, zeros, tf.constant(1.0)) == {}


@pytest.mark.parametrize("kind", [Probe, Diagnostics])
def test_serialized(kind: type) -> None:
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(kind()))
    assert type(again) is kind


def test_a_probe_of_ones_own() -> None:
    """It sees every batch between the discriminator's steps and the generator's, and every step's length."""

    class Counter(Probe):
        def begin(self, zeros: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"seen": zeros}

        def at_batch(
            self, gan: Any, batch: Any, real: tf.Tensor, generated: tf.Tensor, totals: dict[str, tf.Tensor]
        ) -> dict[str, tf.Tensor]:
            seen = tf.reduce_sum(tf.cast(real, tf.float32), axis=1) + 0 * tf.reduce_sum(generated, (1, 2))
            return {"seen": totals["seen"] + seen}

        def at_step(self, total: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
            return total + 1

        def columns(self, gan: Any, totals: Any, step_length: Any, batches: Any) -> dict[str, tf.Tensor]:
            return {"mean": totals["seen"] / batches, "steps": step_length}

    gan = CategoricalGAN(
        CategoricalGenerator(5, 2), LogisticDiscriminator(5, 2), probe=Counter(), generator_steps=3
    )
    gan.compile(keras.optimizers.Adam(), keras.optimizers.Adam())
    data = np.random.default_rng(0).integers(5, size=(4, 2, 10)).astype(np.int32)
    gan.fit(tf.data.Dataset.from_tensors(data), shuffle=False, verbose=0)
    np.testing.assert_allclose(gan.run_metrics["mean"], data.sum((0, 2)) / 4)
    np.testing.assert_allclose(gan.run_metrics["steps"], 12)

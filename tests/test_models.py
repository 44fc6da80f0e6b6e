from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan.models import CategoricalGenerator, LogisticDiscriminator, MlpDiscriminator

from .statistics import check_frequencies


def test_generator_starts_from_ones() -> None:
    generator = CategoricalGenerator(5, runs=3)
    np.testing.assert_array_equal(generator.logits.numpy(), np.ones((3, 5)))
    np.testing.assert_allclose(generator.probabilities(), 0.2)


def test_generator_log_probabilities_and_samples() -> None:
    generator = CategoricalGenerator(3, runs=2)
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    generator.assign(np.log(probabilities))
    np.testing.assert_allclose(
        generator(tf.constant([[0, 2], [2, 1]])), np.log([[0.5, 0.2], [0.8, 0.1]]), rtol=1e-5
    )
    samples = generator.sample(400_000, seed=(1, 2)).numpy()
    assert samples.shape == (2, 400_000)
    for run in range(2):
        check_frequencies(samples[run], probabilities[run], detect=0.01)


@pytest.mark.parametrize("runs", [1, 64])
def test_kernel_is_glorot_uniform_for_each_run(runs: int) -> None:
    """U(-1, 1) for five categories, whatever the number of runs."""
    kernels = np.concatenate(
        [LogisticDiscriminator(5, runs, seed).kernel.numpy().ravel() for seed in range(64)]
    )
    assert np.abs(kernels).max() <= 1
    assert np.abs(kernels).max() > 0.95
    assert kernels.std() == pytest.approx(1 / np.sqrt(3), abs=0.06)


def test_discriminator_reads_integers_as_one_hot_vectors() -> None:
    discriminator = LogisticDiscriminator(4, runs=3, seed=1)
    discriminator.bias.assign([0.1, -0.2, 0.3])
    integers = np.random.default_rng(0).integers(4, size=(3, 10)).astype(np.int32)
    vectors = tf.one_hot(integers, 4)
    expected = (
        discriminator.kernel.numpy()[np.arange(3)[:, None], integers] + discriminator.bias.numpy()[:, None]
    )
    np.testing.assert_allclose(discriminator(tf.constant(integers)), expected, rtol=1e-6)
    np.testing.assert_allclose(discriminator(vectors), expected, rtol=1e-6)


def test_models_are_saved_and_loaded(tmp_path: Path) -> None:
    models = (
        CategoricalGenerator(4, runs=3),
        LogisticDiscriminator(4, runs=3, seed=5),
        MlpDiscriminator(4, runs=3, units=[5]),
    )
    for model in models:
        weight = model.weights[0]
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert type(loaded) is type(model)
        for ours, theirs in zip(model.weights, loaded.weights, strict=True):
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_mlp_is_that_of_numpy_for_each_run() -> None:
    discriminator = MlpDiscriminator(4, runs=3, seed=1, units=[6, 5])
    random = np.random.default_rng(0)
    for weight in discriminator.weights:
        weight.assign(random.normal(size=weight.shape))
    x = random.dirichlet(np.ones(4), size=(3, 10))
    for run in range(3):
        hidden = x[run]
        for layer, (kernel, bias) in enumerate(zip(discriminator.kernels, discriminator.biases, strict=True)):
            hidden = hidden @ kernel.numpy()[run] + bias.numpy()[run]
            if layer < 2:
                hidden = np.where(hidden > 0, hidden, 0.2 * hidden)  # TensorFlow's slope
        np.testing.assert_allclose(discriminator(tf.constant(x, tf.float32))[run], hidden[:, 0], rtol=1e-4)
        alone = discriminator.of_run(run)
        np.testing.assert_allclose(
            alone(tf.constant(x[run : run + 1], tf.float32))[0], hidden[:, 0], rtol=1e-4
        )
    integers = random.integers(4, size=(3, 7)).astype(np.int32)
    np.testing.assert_allclose(
        discriminator(tf.constant(integers)), discriminator(tf.one_hot(integers, 4)), rtol=1e-4, atol=1e-5
    )


def test_kernels_of_the_mlp_are_glorot_uniform_for_each_run() -> None:
    discriminator = MlpDiscriminator(5, runs=64, units=[64])
    limit = np.sqrt(6 / 69)
    kernel = discriminator.kernels[0].numpy()
    assert np.abs(kernel).max() == pytest.approx(limit, rel=0.01)
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)

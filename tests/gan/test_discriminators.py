from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan.config.catalogue import DISCRIMINATORS
from gumbel_gan.gan.discriminators import FEW_CATEGORIES, LogisticDiscriminator, MlpDiscriminator


@pytest.mark.parametrize("runs", [1, 64])
def test_kernel_is_glorot_uniform_for_each_run(runs: int) -> None:
    """U(-1, 1) for five categories, whatever the number of runs."""
    kernels = np.concatenate(
        [LogisticDiscriminator(5, runs, seed).kernel.numpy().ravel() for seed in range(64)]
    )
    assert np.abs(kernels).max() <= 1
    assert np.abs(kernels).max() > 0.95
    assert kernels.std() == pytest.approx(1 / np.sqrt(3), abs=0.06)


@pytest.mark.parametrize("categories", [4, FEW_CATEGORIES + 1])
def test_discriminator_reads_integers_as_one_hot_vectors(categories: int) -> None:
    discriminator = LogisticDiscriminator(categories, runs=3, seed=1)
    discriminator.bias.assign([0.1, -0.2, 0.3])
    integers = np.random.default_rng(0).integers(categories, size=(3, 10)).astype(np.int32)
    vectors = tf.one_hot(integers, categories)
    expected = (
        discriminator.kernel.numpy()[np.arange(3)[:, None], integers] + discriminator.bias.numpy()[:, None]
    )
    np.testing.assert_allclose(discriminator(tf.constant(integers)), expected, rtol=1e-6)
    np.testing.assert_allclose(discriminator(vectors), expected, rtol=1e-6)


def test_they_are_saved_and_loaded(tmp_path: Path) -> None:
    models = (
        LogisticDiscriminator(4, runs=3, seed=5),
        MlpDiscriminator(4, runs=3, units=[5]),
        MlpDiscriminator(4, runs=3, units=[5], length=2, spectral_norm=True),
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


def test_names() -> None:
    for name, kind in (("logistic", LogisticDiscriminator), ("mlp", MlpDiscriminator)):
        discriminator = DISCRIMINATORS.make(name, "discriminator.kind", 4, runs=3, seed=1, spectral_norm=True)
        assert type(discriminator) is kind
        for weight in discriminator.weights:
            assert weight.shape[discriminator.runs_axis] == 3

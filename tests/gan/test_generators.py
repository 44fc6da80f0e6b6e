from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan.config.catalogue import ESTIMATORS, GENERATORS
from gumbel_gan.gan.generators import CategoricalGenerator, read
from gumbel_gan.gan.layout import RUNS_LAST_FROM
from gumbel_gan.gan.parts import Examples

from ..statistics import check_frequencies


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


def test_read_is_the_value() -> None:
    generator = CategoricalGenerator(3, runs=2)
    generator.assign(np.random.default_rng(0).normal(size=(2, 3)))
    np.testing.assert_array_equal(read(generator.logits_runs_last), generator.logits_runs_last.numpy())


@pytest.mark.parametrize("runs", [2, RUNS_LAST_FROM])
def test_logits_lie_with_the_runs_last(runs: int) -> None:
    generator = CategoricalGenerator(3, runs)
    logits = np.random.default_rng(0).normal(size=(runs, 3)).astype(np.float32)
    generator.assign(logits)
    np.testing.assert_array_equal(generator.logits, logits)
    np.testing.assert_array_equal(generator.logits_runs_last.numpy(), logits.T)
    np.testing.assert_allclose(generator.distribution(), generator.probabilities(), rtol=1e-5)
    assert generator.logits_shape == (runs, 3)
    assert generator.weights[0].shape[generator.runs_axis] == runs


def test_it_is_made_and_goes_with_all_estimators() -> None:
    generator = GENERATORS.load("logits").made(Examples(4), 3, 7)
    assert type(generator) is CategoricalGenerator
    assert generator.logits_shape == (3, 4)
    for name in ESTIMATORS:
        generator.check_estimator(ESTIMATORS.make(name, "estimator"))


def test_samples_by_name() -> None:
    assert CategoricalGenerator(3).names(np.array([2, 0]), ["a", "b", "c"]) == ["c", "a"]


def test_it_is_saved_and_loaded(tmp_path: Path) -> None:
    generator = CategoricalGenerator(4, runs=3)
    generator.assign(np.random.default_rng(0).normal(size=(3, 4)))
    generator.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded) is CategoricalGenerator
    np.testing.assert_array_equal(generator.logits, loaded.logits)
    for ours, theirs in zip(generator.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.drawn
def test_a_seed_that_is_left_open_is_drawn() -> None:
    """It follows `keras.utils.set_random_seed`, and differs from call to call."""
    generator = CategoricalGenerator(100)
    samples = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        samples.append([generator.sample(20).numpy() for _ in range(2)])
    np.testing.assert_array_equal(samples[0], samples[1])
    assert (samples[0][0] != samples[0][1]).any()

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from gumbel_gan.config.catalogue import OPTIMIZERS
from gumbel_gan.gan.layout import RUNS_LAST_FROM
from gumbel_gan.gan.optimizers import NaturalGradient


def test_step_by_hand() -> None:
    logits = keras.Variable(np.log([[0.5], [0.3], [0.2]]).astype(np.float32))
    optimizer = NaturalGradient(0.1)
    optimizer.build([logits])
    gradient = np.array([[0.05], [-0.03], [-0.02]], np.float32)
    optimizer.apply([tf.constant(gradient)], [logits])
    expected = np.log([[0.5], [0.3], [0.2]]) - 0.1 * gradient / np.array([[0.5], [0.3], [0.2]])
    np.testing.assert_allclose(logits.numpy(), expected, rtol=1e-4)
    assert int(optimizer.iterations.numpy()) == 1


@pytest.mark.parametrize("runs", [3, RUNS_LAST_FROM])
def test_solves_for_the_fisher_matrix(runs: int) -> None:
    """The step s of each run solves F s = -rate g, F = diag(q) - q q^T, but for a constant in all logits."""
    random, rate = np.random.default_rng(0), 0.3
    start = random.normal(size=(5, runs)).astype(np.float32)
    gradient = random.normal(size=(5, runs))
    gradient -= gradient.mean(0)  # as that of any loss of the probabilities
    logits = keras.Variable(start)
    optimizer = NaturalGradient(rate)
    optimizer.build([logits])
    optimizer.update_step(tf.constant(gradient, tf.float32), logits, tf.constant(rate))
    steps = logits.numpy() - start
    probabilities = scipy.special.softmax(start.astype(np.float64), 0)
    for q, g, step in zip(probabilities.T, gradient.T, steps.T, strict=True):
        fisher = np.diag(q) - np.outer(q, q)
        # F has no inverse, as it is blind to a constant; of all solutions `lstsq` gives that of mean zero.
        solution = np.linalg.lstsq(fisher, -rate * g)[0]
        np.testing.assert_allclose(step - step.mean(), solution, rtol=1e-3, atol=1e-4)
        assert np.abs(solution + rate * g).max() > 0.1  # the plain gradient is another step


def test_names() -> None:
    adam = OPTIMIZERS.make("adam", "generator.optimizer", 0.1, 0.5, 0.6, 1e-8, use_ema=True, ema_momentum=0.7)
    natural = OPTIMIZERS.make("natural", "generator.optimizer", 0.1, 0.5, 0.6, 1e-8, use_ema=True)
    assert type(adam) is keras.optimizers.Adam
    assert (adam.beta_1, adam.beta_2, adam.epsilon, adam.ema_momentum) == (0.5, 0.6, 1e-8, 0.7)
    assert type(natural) is NaturalGradient
    for optimizer in (adam, natural):
        assert float(optimizer.learning_rate.numpy()) == pytest.approx(0.1)
        assert optimizer.use_ema
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
        assert type(again) is type(optimizer)
        assert again.get_config() == optimizer.get_config()

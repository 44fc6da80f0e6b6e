import keras
import numpy as np
import tensorflow as tf

from gumbel_gan.optimizers import NaturalGradient


def test_step_by_hand() -> None:
    logits = keras.Variable(np.log([[0.5], [0.3], [0.2]]).astype(np.float32))
    optimizer = NaturalGradient(0.1)
    optimizer.build([logits])
    gradient = np.array([[0.05], [-0.03], [-0.02]], np.float32)
    optimizer.apply([tf.constant(gradient)], [logits])
    expected = np.log([[0.5], [0.3], [0.2]]) - 0.1 * gradient / np.array([[0.5], [0.3], [0.2]])
    np.testing.assert_allclose(logits.numpy(), expected, rtol=1e-4)
    assert int(optimizer.iterations.numpy()) == 1


def test_solves_for_the_fisher_matrix() -> None:
    """F (g / q) = g, F = diag(q) - q q^T, for every gradient that sums to zero."""
    q = np.array([0.5, 0.3, 0.2])
    gradient = np.array([0.4, -0.3, -0.1])
    fisher = np.diag(q) - np.outer(q, q)
    np.testing.assert_allclose(fisher @ (gradient / q), gradient, atol=1e-12)

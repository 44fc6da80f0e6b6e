"""What keeps a discriminator from being too sharp.

Penalties are added to the discriminator's loss; each maps the discriminator and what it saw, real
examples (integers or vectors) and generated vectors, to a number for each run. The spectral norm is a
constraint on its kernels; weight decay is the Keras optimizer's.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from .gumbel import Seed, uniform, vectors

Penalty = Callable[[Any, tf.Tensor, tf.Tensor, Seed], tf.Tensor]


def r1(discriminator: Any, real: tf.Tensor, generated: tf.Tensor, seed: Seed) -> tf.Tensor:
    """Half the mean squared slope at real examples, [R] (Mescheder et al. 2018, equation 9)."""
    slopes = _slopes(discriminator, vectors(real, discriminator.categories))
    return tf.reduce_mean(slopes**2, axis=1) / 2


def gradient_penalty(discriminator: Any, real: tf.Tensor, generated: tf.Tensor, seed: Seed) -> tf.Tensor:
    """Mean of (slope - 1)^2 somewhere between a real and a generated example, [R].

    Gulrajani et al. 2017, equation 3. With more generated than real examples, each real one is used again.
    """
    real, generated = (vectors(x, discriminator.categories) for x in (real, generated))
    repeats = generated.shape[1] // real.shape[1]
    real = tf.tile(real, (1, repeats, *[1] * (real.shape.rank - 2)))
    part = uniform((*generated.shape[:2], *[1] * (generated.shape.rank - 2)), seed)
    slopes = _slopes(discriminator, part * real + (1 - part) * generated)
    return tf.reduce_mean((slopes - 1) ** 2, axis=1)


def label_smoothing(discriminator: Any, real: tf.Tensor, generated: tf.Tensor, seed: Seed) -> tf.Tensor:
    """The mean output on real examples, [R]: one-sided label smoothing (Salimans et al. 2016, section 3.4).

    To call a real example real with probability 1 - s only adds s D(real) to the loss, but for a constant:
    (1 - s) softplus(-D) + s softplus(D) = softplus(-D) + s D; and ((D - 1 + s)^2 - (D - 1)^2) / 2 the same.
    """
    return tf.reduce_mean(discriminator(real), axis=1)


def _slopes(discriminator: Any, x: tf.Tensor) -> tf.Tensor:
    """The length of the output's gradient in each example, [R, B, ...] to [R, B]."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        output = discriminator(x)
    gradient = tape.gradient(output, x)
    # Where the gradient is zero the square root would have none.
    return tf.sqrt(tf.reduce_sum(gradient**2, axis=range(2, gradient.shape.rank)) + 1e-12)


class SpectralNorm(keras.constraints.Constraint):
    """Scales each run's matrix down to a largest singular value of 1, if it is larger.

    The bound of Miyato et al. 2018, kept by projection after every step (Gouk et al. 2021, algorithm 2), for
    which Keras has a place. The singular value is found by one step of power iteration, as in the former's
    algorithm 1: it goes on from the step before, while the matrix has hardly changed.

    Args:
        direction: variable [R, out], where the iteration stands.
    """

    def __init__(self, direction: keras.Variable) -> None:
        self.direction = direction

    def __call__(self, kernel: Any) -> tf.Tensor:
        """[R, in, out] to the same."""
        kernel = tf.convert_to_tensor(kernel)
        left = tf.math.l2_normalize(tf.linalg.matvec(kernel, self.direction.value), axis=-1)  # [R, in]
        right = tf.linalg.matvec(kernel, left, transpose_a=True)  # [R, out]
        self.direction.assign(tf.math.l2_normalize(right, axis=-1))
        return kernel / tf.maximum(tf.norm(right, axis=-1), 1.0)[:, None, None]

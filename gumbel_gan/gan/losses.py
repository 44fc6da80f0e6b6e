"""Pairs of GAN losses, per example, from the discriminator's outputs on real and generated examples.

Both of a pair take `real` and `generated`, of shapes that broadcast, and are to be minimised; most of the
generator's ignore `real`. Outputs of `non_saturating`, `minimax` and `relativistic` are log-odds of real,
those of the others are critic's scores.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

PairLoss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def non_saturating_discriminator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """-log sigmoid(real) - log(1 - sigmoid(generated)), above 0 (Goodfellow et al. 2014, equation 1)."""
    return tf.nn.softplus(-real) + tf.nn.softplus(generated)


def non_saturating_generator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """-log sigmoid(generated), above 0 (Goodfellow et al. 2014, section 3)."""
    return tf.nn.softplus(-generated)


minimax_discriminator_loss = non_saturating_discriminator_loss


def minimax_generator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """log(1 - sigmoid(generated)), below 0 (Goodfellow et al. 2014, equation 1)."""
    return -tf.nn.softplus(generated)


def least_squares_discriminator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """((real - 1)^2 + generated^2) / 2, 0 or more (Mao et al. 2017, equation 9)."""
    return ((real - 1) ** 2 + generated**2) / 2


def least_squares_generator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """(generated - 1)^2 / 2, 0 or more (Mao et al. 2017, equation 9)."""
    return (generated - 1) ** 2 / 2


def hinge_discriminator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """max(0, 1 - real) + max(0, 1 + generated), 0 or more (Lim and Ye 2017)."""
    return tf.nn.relu(1 - real) + tf.nn.relu(1 + generated)


def hinge_generator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """-generated, any number (Lim and Ye 2017)."""
    return -generated


def wasserstein_discriminator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """Generated - real, any number (Arjovsky et al. 2017, algorithm 1); falls as the critic separates."""
    return generated - real


wasserstein_generator_loss = hinge_generator_loss


def relativistic_discriminator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """-log sigmoid(real - generated), above 0 (Jolicoeur-Martineau 2018, equation 6)."""
    return tf.nn.softplus(generated - real)


def relativistic_generator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """-log sigmoid(generated - real), above 0 (Jolicoeur-Martineau 2018, equation 7)."""
    return tf.nn.softplus(real - generated)


class Pair(NamedTuple):
    """The two losses of a game.

    Attributes:
        discriminator: its loss of each example.
        generator: its loss of each sample.
        separable: whether the discriminator's is a part of real plus a part of generated examples.
    """

    discriminator: PairLoss
    generator: PairLoss
    separable: bool = True


NON_SATURATING = Pair(non_saturating_discriminator_loss, non_saturating_generator_loss)
MINIMAX = Pair(minimax_discriminator_loss, minimax_generator_loss)
LEAST_SQUARES = Pair(least_squares_discriminator_loss, least_squares_generator_loss)
HINGE = Pair(hinge_discriminator_loss, hinge_generator_loss)
WASSERSTEIN = Pair(wasserstein_discriminator_loss, wasserstein_generator_loss)
RELATIVISTIC = Pair(relativistic_discriminator_loss, relativistic_generator_loss, separable=False)

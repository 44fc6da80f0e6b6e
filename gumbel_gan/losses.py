"""Pairs of GAN losses, per example, from the discriminator's logits (its log-odds of real).

`real` and `generated` have any shape, [R, B] in training; the result has the same.
"""

import tensorflow as tf


def non_saturating_discriminator_loss(real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    """-log sigmoid(real) - log(1 - sigmoid(generated)), above 0 (Goodfellow et al. 2014, equation 1)."""
    return tf.nn.softplus(-real) + tf.nn.softplus(generated)


def non_saturating_generator_loss(generated: tf.Tensor) -> tf.Tensor:
    """-log sigmoid(generated), above 0 (Goodfellow et al. 2014, section 3)."""
    return tf.nn.softplus(-generated)

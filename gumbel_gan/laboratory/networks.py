"""The two networks of the autoencoders: R of each side by side, an epoch of training as one XLA program."""

import itertools
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from ..gan.gumbel import Seed, finite, gumbel_max
from ..gan.initial import glorot
from ..gan.layers import surrogate_loss
from ..training.build import estimator, generator_optimizer

if TYPE_CHECKING:
    from .autoencoder import Autoencoder, Digits

SCORED = 20
"""Samples of each digit by which a bound is estimated."""
SCORED_AT_ONCE = 500
"""Digits whose bound is estimated at a time."""


class Networks:
    """Encoders and decoders with their optimizer.

    Args:
        settings: of the autoencoders.
        data: which they learn.
        steps: of the whole training, over which a schedule of the learning rate falls.
    """

    def __init__(self, settings: "Autoencoder", data: "Digits", steps: int) -> None:
        self.settings = settings
        self.train = tf.constant(data.train)  # [n, D]
        self.shape = (settings.runs, settings.variables, settings.categories)
        latent = settings.variables * settings.categories
        dots = data.train.shape[1]
        seeds = itertools.count(settings.seed)
        self.encoder = _layers(settings.runs, (dots, *settings.units, latent), seeds)
        self.decoder = _layers(settings.runs, (latent, *settings.units[::-1], dots), seeds)
        # A decoder begins with the mean picture.
        mean = np.clip(data.train.mean(0), 0.01, 0.99)
        self.decoder[-1][1].assign(np.tile(np.log(mean / (1 - mean)), (settings.runs, 1)))
        self.weights = [weight for layer in (*self.encoder, *self.decoder) for weight in layer]
        self.estimator = estimator(settings.generator)
        self.estimator.build(self.shape)
        self.optimizer = generator_optimizer(settings.generator, 1e-8, steps)
        self.optimizer.build(self.weights)
        self.purpose = int(np.random.SeedSequence(settings.seed).generate_state(1).astype(np.int32)[0])

    def logits(self, x: tf.Tensor) -> tf.Tensor:
        """The logits of the latent variables, [R, B, D] to [R, B, V, K]."""
        runs, *each = self.shape
        return tf.reshape(_through(self.encoder, x), (runs, x.shape[1], *each))

    def reconstruction(self, z: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """-log p(x | z) of latent vectors [R B, V, K] and digits [R B, D], nats [R B]."""
        by_run = (self.shape[0], z.shape[0] // self.shape[0], -1)
        dots = _through(self.decoder, tf.reshape(z, (*by_run[:2], self.shape[1] * self.shape[2])))
        losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.reshape(x, dots.shape), dots)
        return tf.reshape(tf.reduce_sum(losses, axis=-1), (-1,))

    @tf.function(jit_compile=True)
    def epoch(self, orders: tf.Tensor) -> None:
        """Train on batches of digits by their numbers, [N, R, B]."""
        for batch in tf.range(tf.shape(orders)[0]):
            self._step(tf.gather(self.train, orders[batch]))

    @tf.autograph.experimental.do_not_convert
    def _step(self, x: tf.Tensor) -> None:
        """One step on digits [R, B, D]."""
        runs, batch, dots = x.shape
        seed = tf.stack([self.purpose, tf.cast(self.optimizer.iterations.value, tf.int32)])
        with tf.GradientTape() as tape:
            logits = self.logits(x)
            losses = surrogate_loss(
                self.reconstruction,
                tf.reshape(logits, (runs * batch, *self.shape[1:])),
                [tf.reshape(x, (runs * batch, dots))],
                estimator=self.estimator,
                temperature=self.settings.temperature,
                seed=seed,
            )  # [R B]
            # The mean over the batch, the sum over runs: each steps as if it were alone.
            objective = (tf.reduce_sum(losses) + tf.reduce_sum(divergence(logits))) / batch
        values = [weight.value for weight in self.weights]
        self.optimizer.apply(tape.gradient(objective, values), self.weights)

    def bound(self, x: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """The evidence lower bound of each digit [n, D] and its part KL(q || uniform), nats [n, R] each."""
        parts = [
            self._bound(tf.constant(part), tf.constant([self.purpose + 1, seed]))
            for part in np.split(x, range(SCORED_AT_ONCE, len(x), SCORED_AT_ONCE))
        ]
        bounds, kl = zip(*parts, strict=True)
        return np.concatenate(bounds), np.concatenate(kl)

    @tf.function(jit_compile=True)
    def _bound(self, x: tf.Tensor, seed: Seed) -> tuple[tf.Tensor, tf.Tensor]:
        runs, variables, categories = self.shape
        size = x.shape[0]
        x = tf.tile(x[None], (runs, 1, 1))  # [R, n, D]
        logits = self.logits(x)
        kl = divergence(logits)  # [R, n]
        flat = tf.reshape(logits, (runs * size, variables, categories))
        total = tf.zeros(runs * size)
        x = tf.reshape(x, (runs * size, -1))
        for number in range(SCORED):
            drawn = gumbel_max(flat, 1, tf.stack([seed[0], SCORED * seed[1] + number]))[:, 0]
            z = tf.one_hot(drawn, categories)
            total += self.reconstruction(z, x)
        return tf.transpose(-tf.reshape(total, (runs, size)) / SCORED - kl), tf.transpose(kl)


def divergence(logits: tf.Tensor) -> tf.Tensor:
    """KL(softmax(logits) || uniform) of all variables together, [..., V, K] to nats [...]."""
    log_q = tf.nn.log_softmax(finite(logits))
    return tf.reduce_sum(tf.exp(log_q) * (log_q + np.log(logits.shape[-1])), axis=(-2, -1))


def _layers(
    runs: int, sizes: tuple[int, ...], seeds: "itertools.count[int]"
) -> list[tuple[keras.Variable, keras.Variable]]:
    """Kernels [R, in, out] and biases [R, out]."""
    return [
        (
            keras.Variable(
                glorot(fan_in + fan_out, next(seeds)), shape=(runs, fan_in, fan_out), dtype="float32"
            ),
            keras.Variable("zeros", shape=(runs, fan_out), dtype="float32"),
        )
        for fan_in, fan_out in itertools.pairwise(sizes)
    ]


def _through(layers: list[tuple[keras.Variable, keras.Variable]], x: tf.Tensor) -> tf.Tensor:
    """Leaky rectifiers between the layers, [R, B, in] to [R, B, out]."""
    for number, (kernel, bias) in enumerate(layers):
        x = tf.nn.leaky_relu(x) if number else x
        x = x @ kernel.value + bias.value[:, None]
    return x

"""The GAN: one epoch of adversarial training as one compiled program."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from .estimators import GumbelSoftmax, register
from .gumbel import Seed
from .losses import non_saturating_discriminator_loss, non_saturating_generator_loss

# AutoGraph has only the loops of `_epoch` to convert; all that they call would add 0.2 s to the start.
_plain = tf.autograph.experimental.do_not_convert


@register
class CategoricalGAN(keras.Model):
    """A generator of categories against a discriminator, R runs side by side.

    An element of the data that `fit` receives is a whole epoch of batches, int32 [N, R, B], so that a
    `train_step` is one XLA program that loops over them: each batch trains the discriminator once, then
    the generator `generator_steps` times.

    Args:
        generator: has `logits` [R, K].
        discriminator: maps integers [R, B] or vectors [R, B, K] to log-odds of real [R, B].
        estimator: of the generator's gradient.
        temperature: of the samples, above zero.
        generator_steps: for each discriminator step.
        seed: of the noise.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        estimator: Any = None,
        temperature: float = 0.001,
        generator_steps: int = 10,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if keras.backend.backend() != "tensorflow":
            raise RuntimeError(
                f"gumbel_gan needs Keras' TensorFlow backend, received {keras.backend.backend()!r}: "
                "set the environment variable KERAS_BACKEND=tensorflow before Keras is imported"
            )
        self.generator, self.discriminator = generator, discriminator
        self.estimator = estimator or GumbelSoftmax()
        self.generator_steps, self.seed = generator_steps, seed
        # A variable: a Python number would be baked into the compiled program and could never change.
        self.temperature = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(temperature),
            trainable=False,
            name="temperature",
        )
        self.run_losses = {
            name: self.add_weight(shape=(generator.runs,), initializer="zeros", trainable=False, name=name)
            for name in ("discriminator_loss", "generator_loss")
        }
        """The last epoch's mean losses of each run, [R]; `fit` logs their mean over runs."""
        purposes = np.random.SeedSequence(seed).generate_state(2)
        self._discriminator_noise, self._generator_noise = purposes.astype(np.int32).tolist()
        self.built = True

    def compile(
        self,
        generator_optimizer: keras.optimizers.Optimizer,
        discriminator_optimizer: keras.optimizers.Optimizer,
        **kwargs: Any,
    ) -> None:
        """Give each network an optimizer of its own; the epoch is compiled by XLA unless told otherwise."""
        super().compile(**{"jit_compile": True, **kwargs})  # Keras' "auto" would leave XLA off on a CPU
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        generator_optimizer.build(self.generator.trainable_variables)
        discriminator_optimizer.build(self.discriminator.trainable_variables)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The discriminator's verdict, log-odds of real [R, B], on integers [R, B] or vectors [R, B, K]."""
        return self.discriminator(x)

    def train_step(self, data: tf.Tensor) -> dict[str, tf.Tensor]:
        """One epoch: int32 [N, R, B] in, the mean losses over batches and runs out."""
        losses = self._epoch(data)
        for name, loss in losses.items():
            self.run_losses[name].assign(loss)
        return {name: tf.reduce_mean(loss) for name, loss in losses.items()}

    @tf.function  # Keras calls `train_step` without AutoGraph, which turns these loops into the graph's
    def _epoch(self, data: tf.Tensor) -> dict[str, tf.Tensor]:
        discriminator_loss = generator_loss = tf.zeros(data.shape[1])  # [R], sums over the batches
        for real in data:
            discriminator_loss += self.discriminator_step(real)
            for _ in tf.range(self.generator_steps):
                loss = self.generator_step(real.shape[1])
                generator_loss += loss
        batches = tf.cast(tf.shape(data)[0], tf.float32)
        return {
            "discriminator_loss": discriminator_loss / batches,
            "generator_loss": generator_loss / batches / self.generator_steps,
        }

    @_plain
    def discriminator_step(self, real: tf.Tensor) -> tf.Tensor:
        """One step of the discriminator on real integers [R, B] and as many samples; its loss, [R]."""
        seed = self._noise(self._discriminator_noise, self.discriminator_optimizer)
        generated = self.estimator.sample(
            tf.convert_to_tensor(self.generator.logits), self.temperature.value, real.shape[1], seed
        )  # [R, B, K]
        with tf.GradientTape() as tape:
            losses = non_saturating_discriminator_loss(
                self.discriminator(real), self.discriminator(generated)
            )  # [R, B]
            loss = tf.reduce_mean(losses, axis=1)  # [R]
        self._apply(self.discriminator_optimizer, tape, loss, self.discriminator)
        return loss

    @_plain
    def generator_step(self, batch: int) -> tf.Tensor:
        """One step of the generator on `batch` samples; its loss, [R]."""
        seed = self._noise(self._generator_noise, self.generator_optimizer)

        def loss(samples: tf.Tensor) -> tf.Tensor:
            return non_saturating_generator_loss(self.discriminator(samples))  # [R, B, K] to [R, B]

        with tf.GradientTape() as tape:
            logits = tf.convert_to_tensor(self.generator.logits)
            surrogate = self.estimator.surrogate(loss, logits, self.temperature.value, batch, seed)  # [R]
        self._apply(self.generator_optimizer, tape, surrogate, self.generator)
        return surrogate

    def _apply(
        self,
        optimizer: keras.optimizers.Optimizer,
        tape: tf.GradientTape,
        loss: tf.Tensor,
        model: keras.Model,
    ) -> None:
        # The tape sums the losses over runs, so that each run steps as if it were alone.
        weights = model.trainable_weights
        optimizer.apply(tape.gradient(loss, [w.value for w in weights]), weights)

    def _noise(self, purpose: int, optimizer: keras.optimizers.Optimizer) -> Seed:
        """A seed of its own for every step: a constant one would repeat the noise."""
        return tf.stack([purpose, tf.cast(optimizer.iterations.value, tf.int32)])

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            "estimator": serialize(self.estimator),
            "temperature": float(self.temperature.numpy()),
            "generator_steps": self.generator_steps,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CategoricalGAN":
        """For Keras' serialization."""
        parts = ("generator", "discriminator", "estimator")
        return cls(**{**config, **{k: keras.saving.deserialize_keras_object(config[k]) for k in parts}})

    def get_compile_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        serialize = keras.saving.serialize_keras_object
        return {
            "generator_optimizer": serialize(self.generator_optimizer),
            "discriminator_optimizer": serialize(self.discriminator_optimizer),
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """For Keras' serialization."""
        self.compile(**{k: keras.saving.deserialize_keras_object(v) for k, v in config.items()})

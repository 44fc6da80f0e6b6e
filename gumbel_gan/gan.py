"""The GAN: one epoch of adversarial training as one compiled program."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from . import diagnostics as measured
from .estimators import Estimator, GumbelSoftmax, Loss, hardest, register
from .gumbel import Seed
from .losses import LOSSES, SEPARABLE
from .regularisers import PENALTIES
from .schedules import Schedule
from .smoothing import Smoothing

# AutoGraph has only the loops of `train_step` to convert; all that they call would add 0.2 s to the start.
_plain = tf.autograph.experimental.do_not_convert


@register
class CategoricalGAN(keras.Model):
    """A generator of categories against a discriminator, R runs side by side.

    An element of the data that `fit` receives is a whole epoch of batches, int32 [N, R, B], so that a
    `train_step` is one XLA program that loops over them: each batch trains the discriminator, then the
    generator. Sequences have one axis more, in the data [N, R, B, T] and in the samples [R, B, T, K].

    Args:
        generator: of categories, or of sequences of them.
        discriminator: maps integers [R, B] or vectors [R, B, K] to log-odds of real [R, B].
        estimator: of the generator's gradient.
        loss: the name of a pair of losses, of `losses.LOSSES`.
        temperature: of the samples, above zero; a number, or a Keras schedule over the discriminator's steps.
        generator_steps: for each batch.
        discriminator_steps: for each batch.
        generated_per_real: samples for each real example.
        view: what the discriminator sees of generated examples: "soft", samples as the estimator makes them;
            "hard", their hard counterparts; "exact", every category with its probability for a weight, the
            expectation over hard samples.
        smoothing: what the discriminator sees of real and generated examples.
        penalties: weights of terms of the discriminator's loss, by name (`regularisers.PENALTIES`).
        average_after: generator steps after which `averaged` begins.
        diagnostics: whether to measure the generator's gradient on the way (`diagnostics.NAMES`).
        seed: of the noise.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        estimator: Estimator | None = None,
        loss: str = "non_saturating",
        temperature: float | Schedule = 0.001,
        generator_steps: int = 10,
        discriminator_steps: int = 1,
        generated_per_real: int = 1,
        view: str = "soft",
        smoothing: Smoothing | None = None,
        penalties: dict[str, float] | None = None,
        average_after: int = 0,
        diagnostics: bool = False,
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
        if not self.estimator.built:
            self.estimator.build(generator.logits_shape)
        self.pair, self.discriminator_steps = loss, discriminator_steps
        self.generator_steps, self.diagnostics, self.seed = generator_steps, diagnostics, seed
        self.generated_per_real, self.view = generated_per_real, view
        self.smoothing, self.penalties = smoothing or Smoothing(), dict(penalties or {})
        self.average_after = average_after
        self.schedule = temperature
        # A variable: a Python number would be baked into the compiled program and could never change.
        self.temperature = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(temperature(0) if callable(temperature) else temperature),
            trainable=False,
            name="temperature",
        )
        self.run_metrics: dict[str, tf.Tensor] = {}
        """What `train_step` returned for the last epoch; `fit` logs the losses' means over runs."""
        self.averaged = self.add_weight(
            shape=generator.distribution().shape, initializer="zeros", trainable=False, name="averaged"
        )
        """The mean of the generator's distribution over every step after `average_after`, [R, K]."""
        self._purposes = np.random.SeedSequence(seed).generate_state(5).astype(np.int32).tolist()
        self.built = True

    @property
    def metrics(self) -> list[Any]:
        """None: `train_step` returns an epoch's means; to reset Keras' own takes 0.6 ms an epoch."""
        return []

    def compile(
        self,
        generator_optimizer: keras.optimizers.Optimizer,
        discriminator_optimizer: keras.optimizers.Optimizer,
        **kwargs: Any,
    ) -> None:
        """Give each network an optimizer of its own; the epoch is compiled by XLA unless told otherwise."""
        super().compile(**{"jit_compile": True, **kwargs})  # Keras' "auto" would leave XLA off on a CPU
        self._epoch: Any = self.train_step
        if not self.run_eagerly:
            self._epoch = tf.function(self.train_step, jit_compile=self.jit_compile)
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        generator_optimizer.build(self.generator.trainable_variables)
        discriminator_optimizer.build(self.discriminator.trainable_variables)

    def make_train_function(self, force: bool = False) -> None:
        """What `fit` calls for an epoch, whatever `steps_per_execution` says.

        Keras' own has two more functions around the compiled one, which take 1 ms.
        """

        def train(epochs: Iterator[tf.Tensor]) -> dict[str, float]:
            self.run_metrics = metrics = self._epoch(next(epochs))
            losses = ("discriminator_loss", "generator_loss")
            return {name: metrics[name].numpy().mean() for name in losses}

        self.train_function = train

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The discriminator's verdict, log-odds of real [R, B], on integers [R, B] or vectors [R, B, K]."""
        return self.discriminator(x)

    def train_step(self, data: tf.Tensor) -> dict[str, tf.Tensor]:
        """One epoch: int32 [N, R, B] in; means over batches, and the temperature at the end, [R] each."""
        zeros = tf.zeros(self.generator.runs)
        discriminator_loss, generator_loss, step_length = zeros, zeros, zeros  # [R], sums over the batches
        diagnosed = dict.fromkeys(measured.SUMS, zeros) if self.diagnostics else {}
        batches = tf.shape(data)[0]
        for batch in tf.range(batches):
            real = data[batch]
            for _ in range(self.discriminator_steps):
                loss, generated = self.discriminator_step(real)
                discriminator_loss += loss
            if self.diagnostics:
                diagnosed = self._diagnose(batch, real, generated, diagnosed)
            for _ in tf.range(self.generator_steps):
                loss, length = self.generator_step(real)
                generator_loss += loss
                if self.diagnostics:  # a sum that is kept in a loop is computed, wanted or not
                    step_length += length
        batches = tf.cast(batches, tf.float32)
        metrics = {
            "discriminator_loss": discriminator_loss / batches / self.discriminator_steps,
            "generator_loss": generator_loss / batches / max(self.generator_steps, 1),
            "temperature": tf.fill((self.generator.runs,), self.temperature.value),
        }
        if self.diagnostics:
            metrics |= measured.means(diagnosed)
            metrics["step_ratio"] = step_length / batches / self.generator_steps
        return metrics

    @_plain
    def discriminator_step(self, real: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One step of the discriminator, on real integers [R, B] and on samples; loss [R] and samples."""
        if callable(self.schedule):
            self.temperature.assign(self.schedule(self.discriminator_optimizer.iterations.value))
        real_seen, generated = self.examples(real)
        with tf.GradientTape() as tape:
            loss = self.discriminator_loss(real_seen, generated)
            seed = self._noise(4, self.discriminator_optimizer)
            penalty = sum(
                weight * PENALTIES[name](self.discriminator, real_seen, generated, seed)
                for name, weight in self.penalties.items()
            )
            objective = loss + penalty
        self._apply(self.discriminator_optimizer, tape, objective, self.discriminator)
        return loss, generated

    def examples(self, real: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What the discriminator sees at its next step: of real integers [R, B], and generated vectors."""
        generated = self.generator.relaxed(
            self.estimator,
            self.temperature.value,
            self.samples(real),
            self._noise(0, self.discriminator_optimizer),
        )  # [R, B', K]
        if self.view == "hard":
            generated = hardest(generated)
        elif self.view == "exact":
            # As integers, which are one-hot vectors of K numbers each without taking their place.
            generated = tf.tile(tf.range(generated.shape[2])[None], (generated.shape[0], 1))
        seed = self._noise(3, self.discriminator_optimizer)
        return (
            self.smoothing.real(real, self.generator, self.temperature.value, seed),
            self.smoothing.generated(generated, self.generator, seed),
        )

    def samples(self, real: tf.Tensor) -> int:
        """B', the samples beside real integers [R, B]."""
        return self.generated_per_real * real.shape[1]

    def discriminator_loss(self, real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
        """The discriminator's mean loss on what it sees, [R]."""
        discriminator_loss, _ = LOSSES[self.pair]
        of_real, of_generated = self.discriminator(real), self.discriminator(generated)  # [R, B], [R, B']
        if self.view == "exact" and self.pair in SEPARABLE:
            # l(r, g) = l(r, 0) + l(0, g) - l(0, 0): B + K losses, not B times K.
            real_part = tf.reduce_mean(discriminator_loss(of_real, tf.zeros(())), axis=1)
            generated_part = discriminator_loss(tf.zeros(()), of_generated)  # [R, K]
            expected = tf.reduce_sum(self.generator.distribution() * generated_part, axis=1)
            return real_part + expected - discriminator_loss(tf.zeros(()), tf.zeros(()))
        if self.view == "exact":
            losses = discriminator_loss(of_real[:, :, None], of_generated[:, None, :])  # [R, B, K]
            expected = tf.reduce_sum(self.generator.distribution()[:, None] * losses, axis=2)
            return tf.reduce_mean(expected, axis=1)
        runs, batch = of_real.shape
        # Each real example beside its own samples.
        losses = discriminator_loss(of_real[:, None], tf.reshape(of_generated, (runs, -1, batch)))
        return tf.reduce_mean(losses, axis=(1, 2))

    def generator_losses(self, real: tf.Tensor, seed: Seed) -> Loss:
        """The generator's loss of each sample, [R, B', K] to [R, B'], beside real integers [R, B]."""
        _, generator_loss = LOSSES[self.pair]

        def losses(samples: tf.Tensor) -> tf.Tensor:
            # Every sample against every real example: most losses ignore these, and cost nothing more.
            of_real = self.discriminator(real)[:, None, :]  # [R, 1, B]
            seen = self.smoothing.generated(samples, self.generator, seed)
            of_samples = self.discriminator(seen)[:, :, None]
            return tf.reduce_mean(generator_loss(of_real, of_samples), axis=2)

        return losses

    @_plain
    def generator_step(self, real: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One step of the generator beside real integers [R, B]; its loss and length, [R] each.

        The length is that of the step over the learning rate.
        """
        seed = self._noise(1, self.generator_optimizer)
        before = [tf.convert_to_tensor(weight) for weight in self.generator.trainable_weights]
        with tf.GradientTape() as tape:
            loss = self.generator.surrogate(
                self.estimator,
                self.generator_losses(real, seed),
                self.temperature.value,
                self.samples(real),
                seed,
            )  # [R]
        self._apply(self.generator_optimizer, tape, loss, self.generator)
        self._average()
        # The runs are innermost.
        steps = [
            tf.reshape(tf.convert_to_tensor(weight) - old, (-1, self.generator.runs))
            for weight, old in zip(self.generator.trainable_weights, before, strict=True)
        ]
        return loss, tf.norm(tf.concat(steps, 0), axis=0) / self.generator_optimizer.learning_rate

    def _average(self) -> None:
        """A running mean over all steps; one epoch in two hundred misses how far the last iterate swings."""
        averaged = self.generator_optimizer.iterations.value - self.average_after
        part = tf.where(averaged > 0, 1 / tf.cast(averaged, tf.float32), 0.0)
        self.averaged.assign_add(part * (self.generator.distribution() - self.averaged))

    @_plain
    def _diagnose(
        self, batch: tf.Tensor, real: tf.Tensor, generated: tf.Tensor, totals: dict[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        def look() -> dict[str, tf.Tensor]:
            sums = measured.sums(self, real, generated, self._noise(2, self.discriminator_optimizer))
            return {name: total + sums[name] for name, total in totals.items()}

        # At one batch in four: at every one an epoch of 64 runs takes 27 % longer.
        return tf.cond(batch % 4 == 0, look, lambda: totals)

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
        """A seed of its own for every purpose and step: a constant one would repeat the noise."""
        step = tf.cast(optimizer.iterations.value, tf.int32)
        return tf.stack([self._purposes[purpose], step])

    def learned(self, codes: np.ndarray | None = None) -> np.ndarray:
        """What the generator has learned, [R, K]: of its moving average, if its optimizer keeps one.

        A generator of sequences gives the probabilities of those in `codes`, int32 [S, T], as [R, S].
        """
        with self.moving_average():
            return self.generator.probabilities(codes)

    @contextmanager
    def moving_average(self) -> Iterator[None]:
        """The generator with the moving average of its weights, if its optimizer keeps one; for a while."""
        weights = self.generator.trainable_variables
        last = [weight.numpy() for weight in weights] if self.generator_optimizer.use_ema else []
        self.finalize()
        try:
            yield
        finally:
            for weight, value in zip(weights, last, strict=False):
                weight.assign(value)

    def finalize(self) -> None:
        """The same for good, when training is over."""
        self.generator_optimizer.finalize_variable_values(self.generator.trainable_variables)

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            "estimator": serialize(self.estimator),
            "loss": self.pair,
            "temperature": serialize(self.schedule),
            "generator_steps": self.generator_steps,
            "discriminator_steps": self.discriminator_steps,
            "generated_per_real": self.generated_per_real,
            "view": self.view,
            "smoothing": serialize(self.smoothing),
            "penalties": self.penalties,
            "average_after": self.average_after,
            "diagnostics": self.diagnostics,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CategoricalGAN":
        """For Keras' serialization."""
        parts = ("generator", "discriminator", "estimator", "temperature", "smoothing")
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

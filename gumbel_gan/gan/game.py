"""The GAN: one epoch of adversarial training as one compiled program."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..config.catalogue import ESTIMATORS, LOSSES, PENALTIES, VIEWS
from ..config.checks import (
    check_backend,
    check_count,
    check_not_negative,
    check_positive,
    seed_of,
)
from .diagnostics import Probe
from .estimators import Estimator, GumbelSoftmax, Loss
from .fitting import EpochModel
from .gumbel import Seed, fold_in
from .losses import Pair
from .optimizers import moving_average
from .parts import check_kind, check_own, named
from .serialization import register, unpickled
from .smoothing import Smoothing
from .views import View

# AutoGraph has only the loops of `train_step` to convert; to convert what they call delays the start.
_plain = tf.autograph.experimental.do_not_convert


class Noise(IntEnum):
    """What noise is for: each purpose has a stream of its own."""

    SAMPLES = 0
    GENERATOR = 1
    PROBE = 2
    SMOOTHING = 3
    PENALTIES = 4
    EVALUATION = 5


@register
class CategoricalGAN(EpochModel):
    """A generator of categories against a discriminator, R runs side by side.

    A `train_step` is a whole epoch of batches, int32 [N, R, B], one XLA program that loops over them: each
    batch trains the discriminator, then the generator. Sequences have one axis more, in the data
    [N, R, B, T] and in the samples [R, B, T, K].

    Args:
        generator: of categories, or of sequences of them.
        discriminator: maps integers [R, B] or vectors [R, B, K] to log-odds of real [R, B].
        estimator: of the generator's gradient, or its name.
        pair: of losses, or its name.
        temperature: of the samples, above zero; a number, or a Keras schedule over the discriminator's steps.
        generator_steps: for each batch.
        discriminator_steps: for each batch.
        generated_per_real: samples for each real example.
        view: what the discriminator sees of generated examples, or its name: soft, hard or exact.
        smoothing: what the discriminator sees of real and generated examples.
        penalties: weights of terms of the discriminator's loss, by name: r1, gradient_penalty,
            label_smoothing.
        average_after: generator steps after which `averaged` begins.
        probe: what is measured on the way, as `Diagnostics()`; by default nothing.
        seed: of the noise; by default one draw of Python's `random`, as Keras draws its seeds.

    Raises:
        ValueError: a name is not known, a number would not do, the networks differ in categories or runs, or
            the estimator does not go with the generator.
        RuntimeError: Keras runs on another backend than TensorFlow.

    Example:
        >>> import keras
        >>> import gumbel_gan as gg
        >>> networks = gg.CategoricalGenerator(2, runs=4), gg.LogisticDiscriminator(2, runs=4, seed=0)
        >>> gan = gg.CategoricalGAN(*networks, estimator="exact", generator_steps=1, seed=0)
        >>> gan.compile(keras.optimizers.Adam(0.01, beta_1=0.0), keras.optimizers.Adam(0.01, beta_1=0.0))
        >>> stream = gg.Stream(gg.Distribution([0.2, 0.8]), runs=4, seed=0)
        >>> history = gan.fit(stream, epochs=20, verbose=0)
        >>> print(gan.learned().mean(0).round(1))
        [0.2 0.8]
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        estimator: str | Estimator | None = None,
        pair: str | Pair = "non_saturating",
        temperature: Any = 0.001,
        generator_steps: int = 10,
        discriminator_steps: int = 1,
        generated_per_real: int = 1,
        view: str | View = "soft",
        smoothing: Smoothing | None = None,
        penalties: dict[str, float] | None = None,
        average_after: int = 0,
        probe: Probe | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_backend(keras.backend.backend())
        for name, number in (
            ("generator_steps", generator_steps),
            ("discriminator_steps", discriminator_steps),
            ("generated_per_real", generated_per_real),
        ):
            check_count(name, number)
        check_count("average_after", average_after, least=0)
        if not callable(temperature):
            check_positive("temperature", temperature)
        for name in ("categories", "runs"):
            of_both = [getattr(network, name, None) for network in (generator, discriminator)]
            if None not in of_both and of_both[0] != of_both[1]:
                raise ValueError(
                    f"discriminator: received one of {of_both[1]} {name} for a generator of {of_both[0]}: "
                    "give two of the same"
                )
        self.generator, self.discriminator = generator, discriminator
        if not discriminator.built:  # one of the user's own makes its weights when it is first called
            discriminator(tf.zeros((generator.runs, 1, *generator.example_shape), tf.int32))
        self.estimator: Estimator = (
            named(ESTIMATORS, "estimator", estimator)()
            if isinstance(estimator, str)
            else estimator or GumbelSoftmax()
        )
        check_kind("estimator", self.estimator, Estimator)
        self.estimator.make_for(generator.logits_shape)
        generator.check_estimator(self.estimator)
        check_own(self.estimator, generator, max(2, generated_per_real))
        self.pair: Pair = named(LOSSES, "pair", pair)
        check_kind("pair", self.pair, Pair)
        self.view: View = named(VIEWS, "view", view)() if isinstance(view, str) else view
        check_kind("view", self.view, View)
        self.generator_steps, self.discriminator_steps = generator_steps, discriminator_steps
        self.generated_per_real, self.average_after = generated_per_real, average_after
        self.seed = seed_of(seed)
        self.smoothing, self.probe = smoothing or Smoothing(), probe or Probe()
        self.penalties = dict(penalties or {})
        for name, weight in self.penalties.items():
            check_not_negative(f"penalties: {name}", weight)
        self._penalties = [(named(PENALTIES, "penalties", name), w) for name, w in self.penalties.items()]
        self.schedule = temperature
        # A variable: a Python number would be baked into the compiled program and could never change.
        self.temperature = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(temperature(0) if callable(temperature) else temperature),
            trainable=False,
            name="temperature",
        )
        self.averaged = self.add_weight(
            shape=generator.distribution().shape, initializer="zeros", trainable=False, name="averaged"
        )
        """The mean of the generator's distribution over every step after `average_after`, [R, K]."""
        self._purposes = (
            np.random.SeedSequence(self.seed).generate_state(len(Noise)).astype(np.int32).tolist()
        )
        self.built = True

    def __reduce__(self) -> Any:
        """For pickle, which another process reads: there the classes of the parts are not yet known."""
        parts = (
            self.generator, self.discriminator, self.estimator, self.view, self.smoothing, self.probe,
            self.schedule, getattr(self, "generator_optimizer", None),
            getattr(self, "discriminator_optimizer", None),
        )  # fmt: skip
        modules = sorted({type(part).__module__ for part in parts} - {"builtins"})
        return (unpickled, (modules, *super().__reduce__()))

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The discriminator's verdict, log-odds of real [R, B], on integers [R, B] or vectors [R, B, K]."""
        return tf.cast(self.discriminator(x), tf.float32)  # one of your own may have another type

    @tf.autograph.experimental.do_not_convert
    def _evaluated(self, batch: tf.Tensor, real: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Both losses and the log-likelihood on real examples [R, B], [R] each."""
        step = tf.cast(self.discriminator_optimizer.iterations.value, tf.int32)
        seed = tf.stack([self._purposes[Noise.EVALUATION] + 1_000 * self.evaluated + batch, step])
        real_seen, generated = self._seen(real, seed, fold_in(seed, 2**20))
        losses = self.generator_losses(real, fold_in(seed, 2**21))(generated)
        return (
            self.discriminator_loss(real_seen, generated),
            tf.reduce_mean(losses, axis=1),
            tf.reduce_mean(self.generator(real), axis=1),
        )

    def test_step(self, data: tf.Tensor) -> dict[str, tf.Tensor]:
        """One epoch evaluated: int32 [N, R, B] in; means over batches, [R] each."""
        zeros = tf.zeros(self.generator.runs)
        discriminator_loss, generator_loss, log_likelihood = zeros, zeros, zeros
        for batch in tf.range(tf.shape(data)[0]):
            of_discriminator, of_generator, of_examples = self._evaluated(batch, data[batch])
            discriminator_loss += of_discriminator
            generator_loss += of_generator
            log_likelihood += of_examples
        batches = tf.cast(tf.shape(data)[0], tf.float32)
        return {
            "discriminator_loss": discriminator_loss / batches,
            "generator_loss": generator_loss / batches,
            "log_likelihood": log_likelihood / batches,
        }

    def train_step(self, data: tf.Tensor) -> dict[str, tf.Tensor]:
        """One epoch: int32 [N, R, B] in; means over batches, and the temperature at the end, [R] each."""
        zeros = tf.zeros(self.generator.runs)
        discriminator_loss, generator_loss, step_length = zeros, zeros, zeros  # [R], sums over the batches
        diagnosed = self.probe.begin(zeros)
        batches = tf.shape(data)[0]
        for batch in tf.range(batches):
            real = data[batch]
            loss, diagnosed = self._discriminator_steps(batch, real, diagnosed)
            discriminator_loss += loss
            for _ in tf.range(self.generator_steps):
                loss, length = self.generator_step(real)
                generator_loss += loss
                step_length = self.probe.at_step(step_length, length)
        batches = tf.cast(batches, tf.float32)
        return {
            "discriminator_loss": discriminator_loss / batches / self.discriminator_steps,
            "generator_loss": generator_loss / batches / max(self.generator_steps, 1),
            "temperature": tf.fill((self.generator.runs,), self.temperature.value),
            **self.probe.columns(self, diagnosed, step_length, batches),
        }

    @_plain
    def _discriminator_steps(
        self, batch: tf.Tensor, real: tf.Tensor, diagnosed: dict[str, tf.Tensor]
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The discriminator's steps on a batch: the sum of its losses [R], and what the probe adds up."""
        total = tf.zeros(self.generator.runs)
        for _ in range(self.discriminator_steps):
            loss, generated = self.discriminator_step(real)
            total += loss
        return total, self.probe.at_batch(self, batch, real, generated, diagnosed)

    @_plain
    def discriminator_step(self, real: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One step of the discriminator, on real integers [R, B] and on samples; loss [R] and samples."""
        if callable(self.schedule):
            self.temperature.assign(self.schedule(self.discriminator_optimizer.iterations.value))
        real_seen, generated = self.examples(real)
        with tf.GradientTape() as tape:
            loss = self.discriminator_loss(real_seen, generated)
            seed = self._noise(Noise.PENALTIES, self.discriminator_optimizer)
            penalty = sum(
                weight * tf.cast(term(self.discriminator, real_seen, generated, seed), tf.float32)
                for term, weight in self._penalties
            )
            objective = loss + penalty
        self._apply(self.discriminator_optimizer, tape, objective, self.discriminator)
        return loss, generated

    def examples(self, real: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What the discriminator sees at its next step: of real integers [R, B], and generated vectors."""
        seeds = (
            self._noise(purpose, self.discriminator_optimizer) for purpose in (Noise.SAMPLES, Noise.SMOOTHING)
        )
        return self._seen(real, *seeds)

    def _seen(self, real: tf.Tensor, seed: Seed, smoothing_seed: Seed) -> tuple[tf.Tensor, tf.Tensor]:
        """What the discriminator sees of real integers [R, B], and of samples drawn beside them."""
        generated = self.generator.relaxed(
            self.estimator, self.temperature.value, self.samples(real), seed
        )  # [R, B', K]
        generated = self.view.generated(generated)
        return (
            self.smoothing.real(real, self.generator, self.temperature.value, smoothing_seed),
            self.smoothing.generated(generated, self.generator, smoothing_seed),
        )

    def samples(self, real: tf.Tensor) -> int:
        """B', the samples beside real integers [R, B]."""
        return self.generated_per_real * real.shape[1]

    def discriminator_loss(self, real: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
        """The discriminator's mean loss on what it sees, [R]."""
        of_real, of_generated = self.call(real), self.call(generated)  # [R, B], [R, B']
        return self.view.mean_loss(self.pair, of_real, of_generated, self.generator.distribution)

    def generator_losses(self, real: tf.Tensor, seed: Seed) -> Loss:
        """The generator's loss of each sample, [R, B', K] to [R, B'], beside real integers [R, B]."""

        def losses(samples: tf.Tensor) -> tf.Tensor:
            # Every sample against every real example: most losses ignore these, and cost nothing more.
            of_real = self.call(real)[:, None, :]  # [R, 1, B]
            seen = self.smoothing.generated(samples, self.generator, seed)
            of_samples = self.call(seen)[:, :, None]
            return tf.reduce_mean(self.pair.generator(of_real, of_samples), axis=2)

        return losses

    @_plain
    def generator_step(self, real: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One step of the generator beside real integers [R, B]: loss and length over the rate, [R] each."""
        seed = self._noise(Noise.GENERATOR, self.generator_optimizer)
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
        steps = [
            self._by_run(_difference(tf.convert_to_tensor(weight), old))
            for weight, old in zip(self.generator.trainable_weights, before, strict=True)
        ]
        return loss, tf.norm(tf.concat(steps, 0), axis=0) / tf.cast(
            self.generator_optimizer.learning_rate, tf.float32
        )

    def _average(self) -> None:
        """Take this step into `averaged`, a mean over every step: the last iterate swings within an epoch."""
        averaged = self.generator_optimizer.iterations.value - self.average_after
        part = tf.where(averaged > 0, 1 / tf.cast(averaged, tf.float32), 0.0)
        self.averaged.assign_add(part * (self.generator.distribution() - self.averaged))

    def _by_run(self, weight: tf.Tensor) -> tf.Tensor:
        """The numbers of each run of a generator's weight in a column of its own, [n, R]."""
        if self.generator.runs_axis == 0:
            return tf.transpose(tf.reshape(weight, (self.generator.runs, -1)))
        return tf.reshape(weight, (-1, self.generator.runs))

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

    def probe_seed(self) -> Seed:
        """The seed of a probe's noise, int [2]; another one at every batch."""
        return self._noise(Noise.PROBE, self.discriminator_optimizer)

    def _noise(self, purpose: Noise, optimizer: keras.optimizers.Optimizer) -> Seed:
        """A seed of its own for every purpose and step: a constant one would repeat the noise."""
        step = tf.cast(optimizer.iterations.value, tf.int32)
        return tf.stack([self._purposes[purpose], step])

    def learned(
        self, codes: np.ndarray | None = None, weights: Sequence[np.ndarray] | None = None
    ) -> np.ndarray:
        """What the generator has learned, [R, K]; of the moving average of its weights, if there is one.

        Args:
            codes: int32 [S, T], the sequences whose probabilities [R, S] a generator of sequences gives.
            weights: the generator's, where they have been fetched already.
        """
        if weights is not None and codes is None and not self.generator_optimizer.use_ema:
            return self.generator.probabilities(weights=weights)
        with self.moving_average():
            return self.generator.probabilities(codes)

    @contextmanager
    def moving_average(self) -> Iterator[None]:
        """In this context the generator has the moving average of its weights, if its optimizer keeps one."""
        with moving_average(self.generator_optimizer, self.generator):
            yield

    @_plain
    def to_record(self) -> list[tf.Tensor]:
        """The averaged distribution, then a generator's logits.

        Not the weights of other generators: to compile their transfer takes XLA a quarter of a gigabyte.
        """
        logits = self.generator.weights if not self.generator.example_shape else ()
        return [variable.value for variable in (self.averaged, *logits)]

    def finalize(self) -> None:
        """Replace the generator's weights by their moving average, after training."""
        self.generator_optimizer.finalize_variable_values(self.generator.trainable_variables)

    def get_config(self) -> dict[str, Any]:
        """For Keras to save."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
            "estimator": serialize(self.estimator),
            "pair": self._pair_name(),
            "temperature": serialize(self.schedule),
            "generator_steps": self.generator_steps,
            "discriminator_steps": self.discriminator_steps,
            "generated_per_real": self.generated_per_real,
            "view": serialize(self.view),
            "smoothing": serialize(self.smoothing),
            "penalties": self.penalties,
            "average_after": self.average_after,
            "probe": serialize(self.probe),
            "seed": self.seed,
        }

    def _pair_name(self) -> str:
        for name, row in LOSSES.rows.items():
            if row.load() == self.pair:
                return name
        raise ValueError(
            "pair: received losses of your own, which cannot be saved: add them to the catalogue"
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CategoricalGAN":
        """For Keras to save."""
        parts = ("generator", "discriminator", "estimator", "temperature", "view", "smoothing", "probe")
        return cls(**{**config, **{k: keras.saving.deserialize_keras_object(config[k]) for k in parts}})

    def get_compile_config(self) -> dict[str, Any]:
        """For Keras to save."""
        serialize = keras.saving.serialize_keras_object
        return {
            "generator_optimizer": serialize(self.generator_optimizer),
            "discriminator_optimizer": serialize(self.discriminator_optimizer),
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """For Keras to save."""
        self.compile(**{k: keras.saving.deserialize_keras_object(v) for k, v in config.items()})


def _difference(new: tf.Tensor, old: tf.Tensor) -> tf.Tensor:
    """How far a weight has moved; a masked logit, minus infinity, has not."""
    return tf.where(new == old, 0.0, new - old)

"""A training from its settings: build the GAN, fit it, keep what it learned."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras

from .callbacks import Recorder
from .checkpoint import Checkpoint
from .config import END, Config, Data, Discriminator, Generator, Rate
from .data import Stream, dataset
from .estimators import ESTIMATORS, Estimator
from .gan import CategoricalGAN
from .memory import check_fits
from .models import CategoricalGenerator, LogisticDiscriminator, MlpDiscriminator
from .optimizers import NaturalGradient
from .regularisers import PENALTIES
from .results import Run
from .schedules import Schedule, schedule
from .sequences import SequenceDiscriminator, SequenceGenerator
from .smoothing import SMOOTHINGS, Smoothing
from .sources import Source, open_source

SAMPLES = 1_000
"""Strings that are drawn from a generator of them when it is trained."""


class Stopped(Exception):
    """A training ended before its time; holds what was learned until then.

    Attributes:
        run: what was learned; None if no epoch was finished.
        gan: the GAN.
    """

    def __init__(self, message: str, run: Run | None, gan: CategoricalGAN) -> None:
        super().__init__(message)
        self.run, self.gan = run, gan


class NotFinite(Stopped, ArithmeticError):
    """A loss or a logit is no finite number; the message names epoch and run."""


class Interrupted(Stopped):
    """The user has had enough."""


def build(config: Config, categories: int, symbols: str = "") -> CategoricalGAN:
    """The GAN that the settings describe, compiled and ready to fit.

    Args:
        config: the settings.
        categories: K.
        symbols: K of them, for sequences.
    """
    training, annealing = config.training, config.annealing
    batches = config.epochs * training.batches
    generator_steps = batches * training.generator_steps
    discriminator_steps = batches * training.discriminator_steps
    annealed = max(1, round(annealing.until * discriminator_steps))
    gan = CategoricalGAN(
        generator(config, categories, symbols),
        discriminator(config, categories),
        estimator=estimator(config.generator),
        loss=training.loss,
        temperature=schedule(annealing.schedule, config.temperature, annealing.end or END, annealed),
        generator_steps=training.generator_steps,
        discriminator_steps=training.discriminator_steps,
        generated_per_real=training.generated_per_real,
        view=config.discriminator.view,
        smoothing=smoothing(config.data),
        penalties={name: weight for name in PENALTIES if (weight := getattr(config.discriminator, name)) > 0},
        average_after=int(training.average_from * generator_steps),
        diagnostics=config.diagnostics,
        seed=config.seed,
    )
    gan.compile(
        generator_optimizer=generator_optimizer(config.generator, training.epsilon, generator_steps),
        discriminator_optimizer=discriminator_optimizer(
            config.discriminator, training.epsilon, discriminator_steps
        ),
    )
    return gan


def generator(config: Config, categories: int, symbols: str = "") -> Any:
    """The generator that the settings describe."""
    if config.data.length is not None:
        return SequenceGenerator(symbols, config.data.length, config.generator.units, config.seed)
    return CategoricalGenerator(categories, config.runs)


def discriminator(config: Config, categories: int) -> Any:
    """The discriminator that the settings describe."""
    settings = config.discriminator
    units = settings.units or [64, 64]
    if config.data.length is not None:
        # Another seed than the generator's: equal shapes would begin equal.
        return SequenceDiscriminator(
            categories, config.data.length, settings.kind, units, config.seed + 1_000
        )
    if settings.kind == "mlp":
        return MlpDiscriminator(categories, config.runs, config.seed, settings.spectral_norm, units)
    return LogisticDiscriminator(categories, config.runs, config.seed, settings.spectral_norm)


def estimator(settings: Generator) -> Estimator:
    """The gradient estimator that the settings describe."""
    options = {
        "backward_temperature": settings.backward_temperature,
        "draws": settings.conditional_draws,
        "gap": settings.gap,
    }
    return ESTIMATORS[settings.estimator](
        **{name: value for name, value in options.items() if value is not None}
    )


def smoothing(settings: Data) -> Smoothing:
    """What the discriminator sees, as the settings describe it."""
    amount = 0.1 if settings.smoothing_amount is None else settings.smoothing_amount
    return SMOOTHINGS[settings.smoothing](amount)


def generator_optimizer(settings: Generator, epsilon: float, steps: int) -> keras.optimizers.Optimizer:
    """The generator's optimizer, with a rate that falls over so many steps as the settings say."""
    average: dict[str, Any] = {}
    if settings.ema is not None:
        average = {"use_ema": True, "ema_momentum": settings.ema}
    if settings.optimizer == "natural":
        return NaturalGradient(learning_rate(settings, steps), **average)
    return keras.optimizers.Adam(
        learning_rate(settings, steps), settings.beta_1, settings.beta_2, epsilon, **average
    )


def discriminator_optimizer(
    settings: Discriminator, epsilon: float, steps: int
) -> keras.optimizers.Optimizer:
    """The discriminator's."""
    return keras.optimizers.Adam(
        learning_rate(settings, steps),
        settings.beta_1,
        settings.beta_2,
        epsilon,
        weight_decay=settings.weight_decay or None,
    )


def learning_rate(rate: Rate, steps: int) -> Schedule | float:
    """A learning rate, or its schedule over so many steps."""
    final = rate.final_learning_rate or rate.learning_rate / 100
    return schedule(rate.schedule, rate.learning_rate, final, steps)


def run(
    config: Config,
    source: Source | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpoints: str | None = None,
    part: range | None = None,
) -> tuple[Run, CategoricalGAN]:
    """Train, and return what was learned with the trained GAN.

    Args:
        config: the settings.
        source: the stream's source; by default the one that `config.data` describes.
        callbacks: more Keras callbacks; they see `max_abs_error` among the logs.
        checkpoints: directory of the run, to write checkpoints to and to go on from one that is there.
        part: of the runs, those to train (default: all).

    Raises:
        ValueError: the source cannot be read, or is too short for one batch.
        NotFinite: a loss or a logit is no finite number; holds what was learned before.
        Interrupted: by the keyboard; holds what was learned before.
    """
    config.check_one_run()
    source = source or open_source(config.data)
    check_fits(config, len(source.labels))
    if config.devices > 1:
        from .devices import run as run_on_devices

        return run_on_devices(config, source, callbacks, checkpoints)
    training, seed = config.training, config.seed
    if part is not None:  # with noise of its own
        config = replace(config, runs=len(part), seed=seed + part.start)
    stream = Stream(
        source,
        runs=config.runs,
        batches=training.batches,
        batch_size=training.batch_size,
        seed=seed,
        first_run=0 if part is None else part.start,
    )
    gan = build(config, stream.categories, getattr(source, "symbols", ""))
    recorder = Recorder(stream, config.epochs, config.data.memory)
    keepers = [] if checkpoints is None else [Checkpoint(checkpoints, recorder)]
    done = max((keeper.restore(gan) for keeper in keepers), default=0)
    if done < config.epochs and len(stream.epoch(done)) == 0:
        raise getattr(source, "error", None) or ValueError(
            f"data.path: the stream ended before the first batch of {training.batch_size}: give more, "
            "or a smaller training.batch_size"
        )
    interrupted: KeyboardInterrupt | None = None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input ran out of data")  # a feed may end
        try:
            gan.fit(
                dataset(stream, done),
                initial_epoch=done,
                epochs=config.epochs,
                steps_per_epoch=1,
                shuffle=False,
                verbose=0,
                callbacks=[recorder, *callbacks, *keepers],
            )
        except KeyboardInterrupt as error:
            interrupted = error
            recorder.on_train_end()
    result = _result(config, recorder, gan) if recorder.done else None
    if interrupted:
        raise Interrupted(f"interrupted after {recorder.done} epochs", result, gan) from interrupted
    if recorder.failure or result is None:
        raise NotFinite(recorder.failure or "no epoch was finished", result, gan)
    return result, gan


def _result(config: Config, recorder: Recorder, gan: CategoricalGAN) -> Run:
    return Run(
        config=config,
        labels=recorder.stream.source.labels,
        target_is=recorder.stream.source.target_is,
        epochs=recorder.kept["epoch"].copy(),
        probabilities=recorder.kept["probabilities"].copy(),
        targets=recorder.kept["target"].copy(),
        metrics=recorder.metrics.arrays(),
        learned=recorder.learned,
        averaged=recorder.averaged,
        counted=recorder.counted,
        target=recorder.target,
        optimizer_steps=_steps(gan),
        compile_seconds=recorder.compile_seconds,
        train_seconds=recorder.train_seconds,
        samples=_samples(gan) if config.data.length else (),
    )


def _samples(gan: CategoricalGAN) -> tuple[str, ...]:
    samples = gan.generator.sample(SAMPLES, seed=(gan.seed % 2**31, 1)).numpy()[0]
    return tuple(gan.generator.names(samples, ()))


def _steps(gan: Any) -> int:
    optimizers = (gan.generator_optimizer, gan.discriminator_optimizer)
    return sum(int(optimizer.iterations.numpy()) for optimizer in optimizers)

"""A training from its settings: build the GAN, fit it, keep what it learned."""

import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from .callbacks import Recorder
from .config import END, Config, Discriminator, Generator, Rate
from .data import Stream, dataset
from .estimators import ESTIMATORS, Estimator
from .gan import CategoricalGAN
from .models import CategoricalGenerator, LogisticDiscriminator, MlpDiscriminator
from .results import Run
from .schedules import schedule
from .sources import Source, open_source


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


def build(config: Config, categories: int) -> CategoricalGAN:
    """The GAN that the settings describe, compiled and ready to fit.

    Args:
        config: the settings.
        categories: K.
    """
    training, annealing = config.training, config.annealing
    batches = config.epochs * training.batches
    discriminator_steps = batches * training.discriminator_steps
    annealed = max(1, round(annealing.until * discriminator_steps))
    gan = CategoricalGAN(
        CategoricalGenerator(categories, config.runs),
        discriminator(config.discriminator, categories, config.runs, config.seed),
        estimator=estimator(config.generator),
        loss=training.loss,
        temperature=schedule(annealing.schedule, config.temperature, annealing.end or END, annealed),
        generator_steps=training.generator_steps,
        discriminator_steps=training.discriminator_steps,
        diagnostics=config.diagnostics,
        seed=config.seed,
    )
    gan.compile(
        generator_optimizer=adam(config.generator, training.epsilon, batches * training.generator_steps),
        discriminator_optimizer=adam(config.discriminator, training.epsilon, discriminator_steps),
    )
    return gan


def discriminator(settings: Discriminator, categories: int, runs: int, seed: int) -> keras.Model:
    """The discriminator that the settings describe."""
    if settings.kind == "mlp":
        return MlpDiscriminator(categories, runs, seed, units=settings.units or (64, 64))
    return LogisticDiscriminator(categories, runs, seed)


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


def adam(rate: Rate, epsilon: float, steps: int) -> keras.optimizers.Optimizer:
    """Adam, with a learning rate that falls over so many steps as the settings say."""
    final = rate.final_learning_rate or rate.learning_rate / 100
    learning_rate = schedule(rate.schedule, rate.learning_rate, final, steps)
    return keras.optimizers.Adam(learning_rate, rate.beta_1, rate.beta_2, epsilon)


def run(
    config: Config, source: Source | None = None, callbacks: Sequence[keras.callbacks.Callback] = ()
) -> tuple[Run, CategoricalGAN]:
    """Train, and return what was learned with the trained GAN.

    Args:
        config: the settings.
        source: the stream's source; by default the one that `config.data` describes.
        callbacks: more Keras callbacks; they see `max_abs_error` among the logs.

    Raises:
        ValueError: the source cannot be read, or is too short for one batch.
        NotFinite: a loss or a logit is no finite number; holds what was learned before.
        Interrupted: by the keyboard; holds what was learned before.
    """
    source = source or open_source(config.data)
    training = config.training
    stream = Stream(
        source, runs=config.runs, batches=training.batches, batch_size=training.batch_size, seed=config.seed
    )
    if len(stream.epoch(0)) == 0:
        raise getattr(source, "error", None) or ValueError(
            f"data.path: the stream ended before the first batch of {training.batch_size}: give more, "
            "or a smaller training.batch_size"
        )
    gan = build(config, stream.categories)
    recorder = Recorder(stream, config.epochs, training.average_from)
    interrupted = False
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input ran out of data")  # a feed may end
        try:
            gan.fit(
                dataset(stream),
                epochs=config.epochs,
                steps_per_epoch=1,
                shuffle=False,
                verbose=0,
                callbacks=[recorder, *callbacks],
            )
        except KeyboardInterrupt:
            interrupted = True
            recorder.on_train_end()
    result = _result(config, recorder, gan) if recorder.done else None
    if interrupted:
        raise Interrupted(f"interrupted after {recorder.done} epochs", result, gan)
    if recorder.failure or result is None:
        raise NotFinite(recorder.failure or "no epoch was finished", result, gan)
    return result, gan


def _result(config: Config, recorder: Recorder, gan: CategoricalGAN) -> Run:
    return Run(
        config=config,
        labels=recorder.stream.source.labels,
        target_is=recorder.stream.source.target_is,
        epochs=np.array(recorder.epochs),
        probabilities=np.array(recorder.probabilities),
        targets=np.array(recorder.targets),
        metrics={name: np.array(values) for name, values in recorder.metrics.items()},
        learned=recorder.learned,
        averaged=recorder.averaged,
        counted=recorder.counted,
        target=recorder.target,
        optimizer_steps=_steps(gan),
        compile_seconds=recorder.compile_seconds,
        train_seconds=recorder.train_seconds,
    )


def _steps(gan: Any) -> int:
    optimizers = (gan.generator_optimizer, gan.discriminator_optimizer)
    return sum(int(optimizer.iterations.numpy()) for optimizer in optimizers)

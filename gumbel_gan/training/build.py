"""The GAN that the settings describe."""

from collections.abc import Sequence
from typing import Any

import keras

from ..config.catalogue import (
    DISCRIMINATORS,
    ESTIMATORS,
    GENERATORS,
    OPTIMIZERS,
    SMOOTHINGS,
)
from ..config.config import END, Config
from ..config.data import Data
from ..config.networks import Discriminator, Generator, Rate
from ..data.source import Source
from ..gan.diagnostics import Diagnostics
from ..gan.estimators import Estimator
from ..gan.game import CategoricalGAN
from ..gan.parts import Examples
from ..gan.schedules import schedule
from ..gan.smoothing import Smoothing


def build(config: Config, categories: int, alphabet: str = "", sizes: Sequence[int] = ()) -> CategoricalGAN:
    """The GAN that the settings describe, compiled and ready to fit.

    Args:
        config: the settings.
        categories: K.
        alphabet: K symbols, of sequences.
        sizes: how many categories each column has, of rows; K is the largest.

    Raises:
        ValueError: a part of the user's own cannot be imported or constructed.

    Example:
        >>> import gumbel_gan as gg
        >>> gan = gg.build(gg.Config(runs=2, seed=0), categories=4)
        >>> print(gan.learned())
        [[0.25 0.25 0.25 0.25]
         [0.25 0.25 0.25 0.25]]
    """
    training = config.training
    batches = config.epochs * training.batches
    generator_steps = batches * training.generator_steps
    discriminator_steps = batches * training.discriminator_steps
    gan = CategoricalGAN(
        generator(config, categories, alphabet, sizes),
        discriminator(config, categories, sizes),
        estimator=estimator(config.generator),
        pair=training.loss,
        temperature=temperature(config, discriminator_steps),
        generator_steps=training.generator_steps,
        discriminator_steps=training.discriminator_steps,
        generated_per_real=training.generated_per_real,
        view=config.discriminator.view,
        smoothing=smoothing(config.data),
        penalties=config.discriminator.penalties,
        average_after=int(training.average_from * generator_steps),
        probe=Diagnostics() if config.diagnostics else None,
        seed=config.seed,
    )
    gan.compile(
        generator_optimizer=generator_optimizer(config.generator, training.epsilon, generator_steps),
        discriminator_optimizer=discriminator_optimizer(
            config.discriminator, training.epsilon, discriminator_steps
        ),
    )
    return gan


def build_for(config: Config, source: Source) -> CategoricalGAN:
    """The GAN that the settings describe, for the categories of a source."""
    return build(config, source.symbols, source.alphabet, source.sizes)


def generator(config: Config, categories: int, alphabet: str = "", sizes: Sequence[int] = ()) -> Any:
    """The generator that the settings describe: of categories, of sequences of symbols, or of rows."""
    kind, settings = config.generator.kind, config.generator
    options = {name: getattr(settings, name) for name in GENERATORS[kind].options}
    examples = Examples(categories, alphabet, sizes, config.data.length)
    return GENERATORS.load(kind).made(examples, config.runs, config.seed, **options)


def discriminator(config: Config, categories: int, sizes: Sequence[int] = ()) -> Any:
    """The discriminator that the settings describe."""
    settings = config.discriminator
    length = len(sizes) or config.data.length
    sequences = {} if length is None else {"length": length}
    return DISCRIMINATORS.make(
        settings.kind,
        "discriminator.kind",
        categories,
        runs=config.runs,
        seed=config.seed,
        options=settings.network_options,
        **sequences,
    )


def estimator(settings: Generator) -> Estimator:
    """The gradient estimator that the settings describe."""
    made: Estimator = ESTIMATORS.make(
        settings.estimator, "generator.estimator", options=settings.estimator_options
    )
    return made


def temperature(config: Config, steps: int) -> Any:
    """The temperature, or its schedule over the discriminator's steps."""
    annealing = config.annealing
    annealed = max(1, round(annealing.until * steps))
    end = annealing.end or END
    key = "annealing.schedule"
    return schedule(annealing.schedule, config.temperature, end, annealed, key, **annealing.options)


def smoothing(settings: Data) -> Smoothing:
    """What the discriminator sees of real examples, as the settings describe it."""
    amount = 0.1 if settings.smoothing_amount is None else settings.smoothing_amount
    made: Smoothing = SMOOTHINGS.make(settings.smoothing, "data.smoothing", amount)
    return made


def generator_optimizer(settings: Generator, epsilon: float, steps: int) -> keras.optimizers.Optimizer:
    """The generator's optimizer, with a rate that falls over so many steps as the settings say."""
    average: dict[str, Any] = {}
    if settings.ema is not None:
        average = {"use_ema": True, "ema_momentum": settings.ema}
    return OPTIMIZERS.make(
        settings.optimizer,
        "generator.optimizer",
        learning_rate(settings, steps),
        settings.beta_1,
        settings.beta_2,
        epsilon,
        **average,
    )


def discriminator_optimizer(
    settings: Discriminator, epsilon: float, steps: int
) -> keras.optimizers.Optimizer:
    """The discriminator's optimizer, with a rate that falls over so many steps as the settings say."""
    return keras.optimizers.Adam(
        learning_rate(settings, steps),
        settings.beta_1,
        settings.beta_2,
        epsilon,
        weight_decay=settings.weight_decay or None,
    )


def learning_rate(rate: Rate, steps: int) -> Any:
    """A learning rate, or its schedule over so many steps."""
    final = rate.final_learning_rate or rate.learning_rate / 100
    key = f"{type(rate).__name__.lower()}.schedule"
    return schedule(rate.schedule, rate.learning_rate, final, steps, key, **rate.schedule_options)

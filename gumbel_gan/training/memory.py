"""What a training takes of the memory, estimated before any of it is taken."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psutil

from ..config.catalogue import DISCRIMINATORS
from ..config.config import Config
from ..data.opening import open_source

WORTH_SAYING = 1e9
"""Bytes from which on a training says beforehand what it takes."""
MOST_RUNS = 4_096
"""Beyond them a run costs no less time."""
FLOAT = 4  # bytes


def training_bytes(config: Config, categories: int, sizes: Sequence[int] = ()) -> int:
    """The memory that a training takes beside TensorFlow itself, in bytes, right within a factor of two.

    Args:
        config: its settings.
        categories: K; of sequences and rows, how many different ones there are.
        sizes: how many categories each column has, of rows.
    """
    training, discriminator = config.training, config.discriminator
    samples = training.batch_size * training.generated_per_real * (config.generator.conditional_draws or 1)
    weights = 12 * categories * (1 + (discriminator.units or [64])[0] * (_hidden(config) > 0))
    if sizes:  # every column as wide as the widest; a perceptron for each, fed those before it
        fed = sum((len(sizes) - place) * size_of for place, size_of in enumerate(sizes))
        of_first = len(sizes) * max(sizes) * (discriminator.units or [64])[0]
        weights = 12 * (of_first + config.generator.units * fed) + 16 * categories  # recorded of each row
    # Of each sample in XLA: its noise, itself, its logarithm, their gradients.
    vectors = 6 * samples * numbers_of_a_sample(config, categories, sizes)
    recorded = 2 * 2 * config.epochs * min(categories, 1_000)  # in double precision, at most
    labels = (100 + 20 * len(sizes)) * categories
    integers = 8 * training.batches * training.batch_size  # a few epochs of them
    return FLOAT * config.runs * (vectors + weights + recorded + integers) + labels


def numbers_of_a_sample(config: Config, categories: int, sizes: Sequence[int] = ()) -> int:
    """How many numbers a step makes of a sample, in both networks: its categories, and the activations.

    Args:
        config: the settings.
        categories: as for `training_bytes`.
        sizes: as for `training_bytes`.
    """
    units, hidden = config.generator.units, _hidden(config)
    if sizes:
        return 3 * len(sizes) * max(sizes) + len(sizes) * units + hidden
    if config.data.length is not None:  # the gates of every step, too
        return config.data.length * 6 * units + hidden
    return categories + hidden


def _hidden(config: Config) -> int:
    """The discriminator's units, if it has any."""
    if "units" not in DISCRIMINATORS[config.discriminator.kind].options:
        return 0
    return sum(config.discriminator.units or [64, 64])


def runs_that_fit(config: Any) -> int:
    """How many runs of a training fit half of the memory that is free: from 1 to 4,096.

    Raises:
        ValueError: the settings are not a GAN's, or its source cannot be read.
    """
    if not isinstance(config, Config):
        raise ValueError("runs: received auto, which only a training of a GAN has: give a number")
    source = open_source(config.data)
    categories = len(source.labels)
    one = training_bytes(replace(config, runs=1), categories, source.sizes) - 100 * categories
    free = int(psutil.virtual_memory().available)
    return max(1, min(MOST_RUNS, (free // 2 - 100 * categories) // one))


def check_fits(config: Config, categories: int, sizes: Sequence[int] = ()) -> int:
    """Check that a training fits the memory that is free; what it takes, in bytes.

    Args:
        config: its settings.
        categories: as for `training_bytes`.
        sizes: as for `training_bytes`.

    Raises:
        ValueError: it does not; the message says what it would take.
    """
    takes, free = training_bytes(config, categories, sizes), psutil.virtual_memory().available
    if takes > free and sizes:
        raise ValueError(
            f"data.columns: received {len(sizes)} columns, the widest of {max(sizes):,} categories, and "
            f"{categories:,} different rows, which take about {takes / 1e9:.1f} GB of the "
            f"{free / 1e9:.1f} GB that are free: leave the widest column out, or put rare categories together"
        )
    if takes > free:
        runs = runs_that_fit(config)
        fit = training_bytes(replace(config, runs=runs), categories) <= free
        would_do = f"{runs:,} would fit" if fit else "give a smaller training.batch_size"
        raise ValueError(
            f"runs, training: received {config.runs:,} runs of {categories:,} categories in batches of "
            f"{config.training.batch_size}, which take about {takes / 1e9:.1f} GB of the {free / 1e9:.1f} GB "
            f"that are free: {would_do}"
        )
    return takes

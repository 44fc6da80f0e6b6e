"""A small GAN, what is in it, and one that only keeps what it is given."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gumbel_gan as gg

LAW = [0.1, 0.2, 0.3, 0.4]
RUNS = 2
RATES = (0.02, 0.05)
"""Of the generator and of the discriminator, unlike each other."""


def small(
    *,
    rates: tuple[Any, Any] = RATES,
    runs: int = RUNS,
    eager: bool = False,
    ema: tuple[bool, bool] = (False, False),
    **options: Any,
) -> gg.CategoricalGAN:
    """A compiled GAN of four categories, one generator step a batch."""
    gan = gg.CategoricalGAN(
        gg.CategoricalGenerator(4, runs),
        gg.LogisticDiscriminator(4, runs, seed=1),
        **{"temperature": 0.5, "generator_steps": 1, "seed": 7, **options},
    )
    optimizers = [
        keras.optimizers.Adam(rate, use_ema=average, ema_momentum=0.5)
        for rate, average in zip(rates, ema, strict=True)
    ]
    gan.compile(*optimizers, run_eagerly=eager)
    return gan


def stream(runs: int = RUNS, batches: int = 3, batch_size: int = 4) -> gg.Stream:
    return gg.Stream(gg.Distribution(LAW), runs=runs, batches=batches, batch_size=batch_size, seed=3)


def variables(gan: gg.CategoricalGAN) -> list[Any]:
    """All that a training changes."""
    return [*gan.variables, *gan.generator_optimizer.variables, *gan.discriminator_optimizer.variables]


def state(gan: gg.CategoricalGAN) -> list[np.ndarray]:
    return [variable.numpy() for variable in variables(gan)]


def restore(gan: gg.CategoricalGAN, values: list[np.ndarray]) -> None:
    for variable, value in zip(variables(gan), values, strict=True):
        variable.assign(value)


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    """Bit for bit; NaN is no number, and not itself."""
    assert len(first) == len(second)
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


class Spy(gg.CategoricalGAN):
    """Keeps the epochs that it is given, [N, R, B], and learns nothing."""

    def __init__(self, generator: Any = None, discriminator: Any = None, **options: Any) -> None:
        super().__init__(
            generator or gg.CategoricalGenerator(4, RUNS),
            discriminator or gg.LogisticDiscriminator(4, RUNS, seed=1),
            seed=7,
            **options,
        )
        self.__dict__["trained"], self.__dict__["tested"] = [], []
        self.compile("sgd", "sgd", run_eagerly=True)

    def train_step(self, data: tf.Tensor) -> dict[str, tf.Tensor]:
        self.trained.append(data.numpy())
        zeros = tf.zeros(self.generator.runs)
        return {"discriminator_loss": zeros, "generator_loss": zeros}

    def test_step(self, data: tf.Tensor) -> dict[str, tf.Tensor]:
        self.tested.append(data.numpy())
        zeros = tf.zeros(self.generator.runs)
        return {"discriminator_loss": zeros, "generator_loss": zeros, "log_likelihood": zeros}


def refusal(door: Callable[[], Any], kind: type[Exception] = ValueError) -> str:
    """The one line with which a call is refused."""
    with pytest.raises(kind) as refused:
        door()
    assert "\n" not in str(refused.value), str(refused.value)
    return str(refused.value)

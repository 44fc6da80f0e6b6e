"""A second toy: polynomial programming over independent two-category variables, without a discriminator.

Minimise E mean_v |x_v - target|^power over the probabilities of V independent bits x_v (Tucker et al. 2017
for one bit; Liu et al. 2023, section 5.1, for 128 of them). The optimum is known: every x_v on the side of
the target that is nearer, mean min(target, 1 - target)^power.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config.checks import check_positive
from ..config.networks import Generator
from ..training.progress import CutShort, Told
from .tasks import Columns, Task

if TYPE_CHECKING:
    from ..figures.style import Figure


@dataclass(frozen=True)
class Polynomial:
    """The settings; the defaults are those of Liu et al. 2023, but for the number of runs.

    Attributes:
        seed: of everything random.
        runs: independent optimisations side by side.
        epochs: of training.
        batches: steps in an epoch.
        batch_size: samples in a step.
        temperature: of the relaxed samples.
        variables: V.
        target: from 0 to 1.
        power: of the distance.
        generator: learning rate and estimator.
    """

    seed: int = 0
    runs: int = 4
    epochs: int = 40
    batches: int = 200
    batch_size: int = 64
    temperature: float = 1.0
    variables: int = 128
    target: float = 0.45
    power: float = 2.0
    generator: Generator = field(default_factory=lambda: Generator(learning_rate=0.001))

    def __post_init__(self) -> None:
        for name in ("runs", "epochs", "batches", "batch_size", "temperature", "variables", "power"):
            check_positive(name, getattr(self, name))
        if not 0 <= self.target <= 1:
            raise ValueError(f"target: received {self.target}: give a number from 0 to 1")

    @property
    def optimum(self) -> float:
        """The smallest expected loss."""
        return float(min(self.target, 1 - self.target) ** self.power)


def minimise(settings: Polynomial, progress: Told | None = None, stopping: Event | None = None) -> np.ndarray:
    """The exact expected loss after every epoch, [E, R].

    Args:
        settings: of the toy.
        progress: is told of every epoch.
        stopping: a flag that ends it early.

    Raises:
        CutShort: the flag was set before it was done.
    """
    import keras
    import tensorflow as tf

    from ..training.build import estimator, generator_optimizer

    shape = (settings.runs, settings.variables, 2)
    uniform = keras.initializers.RandomUniform(-0.01, 0.01, seed=settings.seed)
    logits = keras.Variable(uniform, shape=shape, dtype="float32")  # [R, V, 2]
    gradient = estimator(settings.generator)
    gradient.build(shape)
    optimizer = generator_optimizer(settings.generator, 1e-8, settings.epochs * settings.batches)
    optimizer.build([logits])
    purpose = int(np.random.SeedSequence(settings.seed).generate_state(1).astype(np.int32)[0])
    temperature = tf.constant(settings.temperature)
    of_bits = np.abs(np.array([0.0, 1.0]) - settings.target) ** settings.power  # the loss of x = 0 and 1

    def loss(samples: tf.Tensor) -> tf.Tensor:  # [R, B, V, 2] to [R, B]
        # The square root of the square, and a little: a power below 2 has no second derivative at the target,
        # where REBAR and RELAX, which differentiate twice, would find infinity.
        square = (samples[..., 1] - settings.target) ** 2 + 1e-8
        return tf.reduce_mean(square ** (settings.power / 2), axis=-1)

    @tf.function(jit_compile=True)
    def epoch() -> tf.Tensor:
        for _ in tf.range(settings.batches):
            seed = tf.stack([purpose, tf.cast(optimizer.iterations.value, tf.int32)])
            with tf.GradientTape() as tape:
                value = tf.convert_to_tensor(logits)
                surrogate = gradient.surrogate(loss, value, temperature, settings.batch_size, seed)
            optimizer.apply([tape.gradient(surrogate, logits.value)], [logits])
        expected = tf.nn.softmax(logits.value) @ tf.constant(of_bits[:, None], tf.float32)  # [R, V, 1]
        return tf.reduce_mean(expected, axis=(1, 2))

    losses = []
    for number in range(settings.epochs):
        if stopping is not None and stopping.is_set():
            raise CutShort
        losses.append(epoch().numpy())
        if progress is not None:
            progress(number + 1, settings.epochs, "")
    return np.stack(losses)


class PolynomialTask(Task):
    """Train the second toy."""

    settings = Polynomial

    def train(
        self, settings: Polynomial, progress: Told | None = None, stopping: Event | None = None
    ) -> tuple[np.ndarray, Columns]:
        """The expected losses, [E, R], and how far the last is above the optimum."""
        losses = minimise(settings, progress, stopping)
        if not np.isfinite(losses).all():
            raise ArithmeticError("the expected loss is not finite")
        return losses, {"expected_loss": losses[-1], "above_optimum": losses[-1] - settings.optimum}

    def figure(self, cells: Sequence[Any]) -> "Figure":
        """The losses above the optimum, a panel for each power."""
        from ..figures.studies import polynomial_figure

        return polynomial_figure(cells)

"""What the generator's gradient looks like from inside the compiled epoch.

The exact gradient costs K evaluations of the discriminator for a generator of logits, so the noise and the
signal of any estimate can be told apart while it trains.
"""

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from .estimators import Exact, hardest
from .gumbel import vectors

if TYPE_CHECKING:
    from .gan import CategoricalGAN

NAMES = (
    "dead_fraction",
    "gradient_length",
    "signal_to_noise",
    "sharpness",
    "step_ratio",
    "accuracy_soft",
    "accuracy_hard",
)
"""Columns of metrics.csv:

- dead_fraction: samples whose gradient is exactly zero;
- gradient_length: root mean square of the exact gradient's length;
- signal_to_noise: that over the root mean square error of a batch's estimate;
- sharpness: mean largest component of a sample;
- step_ratio: mean length of the generator's step over its learning rate;
- accuracy_soft, accuracy_hard: how many generated samples the discriminator takes for generated, as it sees
  them and as their one-hot counterparts.
"""


SUMS = ("batches", "dead", "signal", "noise", "sharpness", "accuracy_soft", "accuracy_hard")


def sums(gan: "CategoricalGAN", real: tf.Tensor, samples: tf.Tensor, seed: Any) -> dict[str, tf.Tensor]:
    """What is added up over an epoch, each [R].

    Args:
        gan: in training.
        real: int32 [R, B].
        samples: [R, B, K], what the discriminator has just seen.
        seed: of the noise of as many more samples.
    """
    estimator = gan.estimator
    logits = gan.generator.logits  # [R, K]
    samples = vectors(samples, logits.shape[1])
    runs, batch, categories = samples.shape
    exact = _gradient(gan, real, Exact(), logits, batch, seed)  # [R, K]
    # Estimates from as few samples as can be: every run repeated, each a batch of its own.
    groups = batch // estimator.smallest_batch
    single = _gradient(
        gan, real, estimator, tf.repeat(logits, groups, axis=0), estimator.smallest_batch, seed
    )
    single = tf.reshape(single, (runs, groups, categories))  # [R, groups, K]
    if estimator.smallest_batch == 1:
        whole = tf.reduce_mean(single, axis=1)
    else:
        whole = _gradient(gan, real, estimator, logits, batch, seed)
    dead = tf.reduce_all(single == 0, axis=-1)  # [R, groups]
    return {
        "batches": tf.ones(runs),
        "dead": tf.reduce_mean(tf.cast(dead, tf.float32), axis=1),
        "signal": tf.reduce_sum(exact**2, axis=1),
        "noise": tf.reduce_sum((whole - exact) ** 2, axis=1),
        "sharpness": tf.reduce_mean(tf.reduce_max(samples, axis=-1), axis=1),
        "accuracy_soft": _rejected(gan, samples),
        "accuracy_hard": _rejected(gan, hardest(samples)),
    }


def means(totals: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Columns from sums over an epoch, each [R]; `step_ratio` is the GAN's to add."""
    columns = {name: total / totals["batches"] for name, total in totals.items() if name != "batches"}
    columns["dead_fraction"] = columns.pop("dead")
    columns["gradient_length"] = tf.sqrt(columns.pop("signal"))
    # The exact gradient has no noise: its ratio is capped, not infinite.
    columns["signal_to_noise"] = columns["gradient_length"] / tf.sqrt(tf.maximum(columns.pop("noise"), 1e-20))
    return columns


def _gradient(
    gan: "CategoricalGAN", real: tf.Tensor, estimator: Any, logits: tf.Tensor, batch: int, seed: Any
) -> tf.Tensor:
    """An estimate, [R', K], R' a multiple of the discriminator's R."""
    repeats = logits.shape[0] // gan.generator.runs
    losses = gan.generator_losses(real, seed)

    def loss(samples: tf.Tensor) -> tf.Tensor:
        size = samples.shape[1]
        grouped = tf.reshape(samples, (-1, repeats * size, *samples.shape[2:]))  # [R, repeats B, K]
        return tf.reshape(losses(grouped), (-1, size))

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(logits)
        surrogate = estimator.estimate(loss, logits, gan.temperature.value, batch, seed)
    return tape.gradient(surrogate, logits)


def _rejected(gan: "CategoricalGAN", samples: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(gan.discriminator(samples) < 0, tf.float32), axis=1)

"""A probe into the compiled epoch: what the generator's gradient looks like from inside.

The exact gradient costs K evaluations of the discriminator for a generator of logits, so the noise and the
signal of any estimate can be told apart while it trains.
"""

from typing import TYPE_CHECKING, Any

import tensorflow as tf

from .estimators import Exact
from .gumbel import Seed, hardest, vectors
from .serialization import register

if TYPE_CHECKING:
    from .game import CategoricalGAN

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

- dead_fraction: samples whose gradient is zero, but for rounding;
- gradient_length: root mean square of the exact gradient's length;
- signal_to_noise: that over the root mean square error of a batch's estimate;
- sharpness: mean largest component of a sample;
- step_ratio: mean length of the generator's step over its learning rate;
- accuracy_soft, accuracy_hard: how many generated samples the discriminator takes for generated, as it sees
  them and as their one-hot counterparts.
"""

SUMS = ("batches", "dead", "signal", "noise", "sharpness", "accuracy_soft", "accuracy_hard")
ROUNDING = 2 * 2.0**-23
"""Of a slope of 1 in float32; those of a discriminator that learns the toy are smaller."""
EVERY = 4
"""Batches of which one is looked at: to look at all would make an epoch a quarter longer."""


@register
class Probe:
    """A probe that measures nothing, in the place of one that does."""

    def begin(self, zeros: tf.Tensor) -> dict[str, tf.Tensor]:
        """What is added up over an epoch, by name, at first `zeros`, [R] each."""
        return {}

    def at_batch(
        self,
        gan: "CategoricalGAN",
        batch: tf.Tensor,
        real: tf.Tensor,
        generated: tf.Tensor,
        totals: dict[str, tf.Tensor],
    ) -> dict[str, tf.Tensor]:
        """The totals after a batch, between the discriminator's steps and the generator's.

        Args:
            gan: in training.
            batch: its number, 0, 1, ...
            real: int32 [R, B].
            generated: what the discriminator has just seen, [R, B, K].
            totals: so far.
        """
        return totals

    def at_step(self, total: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        """The total length of the generator's steps after one more, [R] each."""
        return total

    def columns(
        self,
        gan: "CategoricalGAN",
        totals: dict[str, tf.Tensor],
        step_length: tf.Tensor,
        batches: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """Columns of metrics.csv, [R] each, after an epoch.

        Args:
            gan: in training.
            totals: of the epoch.
            step_length: the total length of the generator's steps, [R].
            batches: how many there were.
        """
        return {}

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save: none."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Probe":
        """The probe that was saved."""
        return cls(**config)


@register
class Diagnostics(Probe):
    """Measures what `NAMES` lists.

    Example:
        At the post's temperature, a batch's gradient has more noise than signal:

        >>> import keras
        >>> import gumbel_gan as gg
        >>> networks = gg.CategoricalGenerator(5), gg.LogisticDiscriminator(5, seed=0)
        >>> gan = gg.CategoricalGAN(*networks, probe=gg.Diagnostics(), seed=0)
        >>> gan.compile(keras.optimizers.Adam(), keras.optimizers.Adam())
        >>> stream = gg.Stream(gg.Distribution([0, 0, 0.1, 0.3, 0.6]), seed=0)
        >>> history = gan.fit(stream, epochs=1, verbose=0)
        >>> print(gan.run_metrics["signal_to_noise"] < 1)
        [ True]
    """

    def begin(self, zeros: tf.Tensor) -> dict[str, tf.Tensor]:
        """Zeros for each of `SUMS`, [R] each."""
        return dict.fromkeys(SUMS, zeros)

    @tf.autograph.experimental.do_not_convert
    def at_batch(
        self,
        gan: "CategoricalGAN",
        batch: tf.Tensor,
        real: tf.Tensor,
        generated: tf.Tensor,
        totals: dict[str, tf.Tensor],
    ) -> dict[str, tf.Tensor]:
        """The totals, with every fourth batch added."""

        def look() -> dict[str, tf.Tensor]:
            measured = sums(gan, real, generated, gan.probe_seed())
            return {name: total + measured[name] for name, total in totals.items()}

        return tf.cond(batch % EVERY == 0, look, lambda: totals)

    def at_step(self, total: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        """The sum, [R]."""
        return total + length

    def columns(
        self,
        gan: "CategoricalGAN",
        totals: dict[str, tf.Tensor],
        step_length: tf.Tensor,
        batches: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """The columns of `NAMES`, [R] each."""
        return {**means(totals), "step_ratio": step_length / batches / max(gan.generator_steps, 1)}


def sums(gan: "CategoricalGAN", real: tf.Tensor, samples: tf.Tensor, seed: Seed) -> dict[str, tf.Tensor]:
    """What one batch adds to the totals of an epoch, [R] each.

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
    # A slope's rounding error, over the temperature, is all that is left where a sample is one-hot.
    divisor = (
        tf.minimum(tf.cast(gan.temperature.value, tf.float32), 1.0) if estimator.uses_temperature else 1.0
    )
    rounding = ROUNDING / divisor
    dead = tf.reduce_all(tf.abs(single) <= rounding, axis=-1)  # [R, groups]
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
    """Columns from sums over an epoch, [R] each, without `step_ratio`."""
    columns = {name: total / totals["batches"] for name, total in totals.items() if name != "batches"}
    columns["dead_fraction"] = columns.pop("dead")
    columns["gradient_length"] = tf.sqrt(columns.pop("signal"))
    # The exact gradient has no noise: its ratio is capped, not infinite.
    columns["signal_to_noise"] = columns["gradient_length"] / tf.sqrt(tf.maximum(columns.pop("noise"), 1e-20))
    return columns


def _gradient(
    gan: "CategoricalGAN", real: tf.Tensor, estimator: Any, logits: tf.Tensor, batch: int, seed: Seed
) -> tf.Tensor:
    """An estimate of the gradient, [R', K], R' a multiple of the discriminator's R."""
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
    return tf.reduce_mean(tf.cast(gan.call(samples) < 0, tf.float32), axis=1)

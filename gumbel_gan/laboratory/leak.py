"""The leak: how well a discriminator tells real from generated where there is nothing to learn.

With a generator whose probabilities are exactly right, whatever a discriminator finds is not in the
numbers but in how they are shown to it: soft against hard.
"""

from dataclasses import replace
from threading import Event

import keras
import numpy as np
import tensorflow as tf

from ..config.catalogue import VIEWS
from ..config.config import Annealing, Config
from ..data.opening import open_source
from ..data.stream import Stream
from ..gan.game import CategoricalGAN
from ..training.build import build
from ..training.progress import CutShort, Told
from ..training.recorder import Stop

EPOCHS, BATCHES, BATCH_SIZE, RATE, EXAMPLES = 50, 4_000, 50, 0.003, 20_000


def leak(
    config: Config, progress: Told | None = None, stopping: Event | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Train only the discriminator, to convergence, against a generator that is right.

    The discriminator, its regularisers, the estimator, the smoothing and the first temperature are the
    settings'; the loss is non-saturating, with 4,000 batches of 50 and a rate that falls from 0.003. What is
    an expectation in training, the exact view, is sampled here, as hard samples.

    Args:
        config: of a GAN.
        progress: is told of every fiftieth of the training.
        stopping: a flag that ends it early.

    Returns:
        Its loss after every fiftieth of the training, [50, R], and its accuracy on 20,000 fresh examples,
        half of them real, [R]: 0.5 is chance.

    Raises:
        ValueError: the stream's true probabilities are not among the settings.
        CutShort: the flag was set before it was done.
    """
    config = _alone(config)
    source = open_source(config.data)
    if source.target_is != "given" or source.counts is not None or source.codes is not None:
        raise ValueError(
            "data.path, data.length: received with a leak, which needs the true probabilities: "
            "give data.probabilities or data.law"
        )
    gan = build(config, len(source.labels))
    gan.generator_steps = 0
    # Where p is 0 the logit is -69: the category never comes.
    logits = np.log(np.maximum(source.target, 1e-30))
    gan.generator.assign(np.tile(logits, (config.runs, 1)))
    stream = Stream(
        source, runs=config.runs, batches=BATCHES // EPOCHS, batch_size=BATCH_SIZE, seed=config.seed
    )
    losses: list[np.ndarray] = []

    def keep(epoch: int, logs: object) -> None:
        losses.append(gan.run_metrics["discriminator_loss"])
        if progress is not None:
            progress(epoch + 1, EPOCHS, "")

    stops = [] if stopping is None else [Stop(stopping)]
    gan.fit(
        stream,
        epochs=EPOCHS,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=keep), *stops],
    )
    if len(losses) < EPOCHS:
        raise CutShort
    fresh = Stream(source, runs=config.runs, batches=1, batch_size=EXAMPLES // 2, seed=config.seed + 1)
    return np.array(losses), accuracy(gan, tf.constant(fresh.epoch(0)[0])).numpy()


def _alone(config: Config) -> Config:
    """The settings of the discriminator's training."""
    training = replace(
        config.training,
        loss="non_saturating",
        batches=BATCHES // EPOCHS,
        batch_size=BATCH_SIZE,
        discriminator_steps=1,
    )
    discriminator = replace(
        config.discriminator,
        learning_rate=RATE,
        schedule="cosine",
        final_learning_rate=None,
        schedule_options={},
        view="hard" if VIEWS[config.discriminator.view].hides_softness else "soft",
    )
    return replace(
        config,
        epochs=EPOCHS,
        annealing=Annealing(),
        diagnostics=False,
        training=training,
        discriminator=discriminator,
    )


@tf.function(jit_compile=True)
def accuracy(gan: CategoricalGAN, real: tf.Tensor) -> tf.Tensor:
    """How many of real integers [R, B] and of as many samples are told apart, [R]; 0.5 is chance."""
    of_real, of_generated = (gan.discriminator(seen) for seen in gan.examples(real))
    right = tf.concat([of_real, -of_generated], axis=1)  # log-odds of the right answer
    return tf.reduce_mean((tf.sign(right) + 1) / 2, axis=1)

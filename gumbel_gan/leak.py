"""The leak: how well a discriminator tells real from generated where there is nothing to learn.

With a generator whose probabilities are exactly right, whatever a discriminator finds is not in the
numbers but in how they are shown to it: soft against hard.
"""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from . import experiment
from .config import Annealing, Config
from .data import Stream, dataset
from .gan import CategoricalGAN
from .sources import Distribution, open_source

BATCHES, BATCH_SIZE, RATE, EXAMPLES = 4_000, 50, 0.003, 20_000


def leak(config: Config) -> tuple[np.ndarray, np.ndarray]:
    """Train only the discriminator, to convergence, against a generator that is right.

    The discriminator, its regularisers, the estimator, the smoothing and the first temperature are the
    settings'; the loss is non-saturating, with 4,000 batches of 50 and a rate that falls from 0.003. What is
    an expectation in training, the exact view, is sampled here, as hard samples.

    Returns:
        Its loss after every fiftieth of the training, [50, R], and its accuracy on 20,000 fresh examples,
        half of them real, [R]: 0.5 is chance.

    Raises:
        ValueError: the stream's true probabilities are not among the settings.
    """
    epochs = 50
    config = replace(
        config,
        epochs=epochs,
        annealing=Annealing(),
        diagnostics=False,
        training=replace(
            config.training,
            loss="non_saturating",
            batches=BATCHES // epochs,
            batch_size=BATCH_SIZE,
            discriminator_steps=1,
        ),
        discriminator=replace(
            config.discriminator,
            learning_rate=RATE,
            schedule="cosine",
            final_learning_rate=None,
            view="soft" if config.discriminator.view == "soft" else "hard",
        ),
    )
    source = open_source(config.data)
    if not isinstance(source, Distribution):
        raise ValueError(
            "data.path, data.length: received with a leak, which needs the true probabilities: "
            "give data.probabilities or data.law"
        )
    gan = experiment.build(config, len(source.labels))
    gan.generator_steps = 0
    # Where p is 0 the logit is -69: the category never comes.
    logits = np.log(np.maximum(source.target, 1e-30))
    gan.generator.assign(np.tile(logits, (config.runs, 1)))
    stream = Stream(
        source, runs=config.runs, batches=BATCHES // epochs, batch_size=BATCH_SIZE, seed=config.seed
    )
    losses: list[np.ndarray] = []

    def keep(epoch: int, logs: object) -> None:
        losses.append(gan.run_metrics["discriminator_loss"].numpy())

    gan.fit(
        dataset(stream),
        epochs=epochs,
        steps_per_epoch=1,
        shuffle=False,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=keep)],
    )
    fresh = Stream(source, runs=config.runs, batches=1, batch_size=EXAMPLES // 2, seed=config.seed + 1).epoch(
        0
    )[0]
    return np.array(losses), accuracy(gan, tf.constant(fresh)).numpy()


@tf.function(jit_compile=True)
def accuracy(gan: CategoricalGAN, real: tf.Tensor) -> tf.Tensor:
    """How many of real integers [R, B] and of as many samples are told apart, [R]; 0.5 is chance."""
    of_real, of_generated = (gan.discriminator(seen) for seen in gan.examples(real))
    right = tf.concat([of_real, -of_generated], axis=1)  # log-odds of the right answer
    return tf.reduce_mean((tf.sign(right) + 1) / 2, axis=1)

"""Keras' own published patterns, written anew with discrete nodes: a GAN and two ways to write a VAE."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

import gumbel_gan as gg
from gumbel_gan.config.catalogue import ESTIMATORS

PIXELS, V, K = 8, 2, 4
KINDS = np.random.default_rng(0).integers(0, 2, (4, PIXELS)).astype(np.float32)
DATA = KINDS[np.arange(260) % 4]
"""Pictures of four kinds, with eight pixels of 0 or 1."""
ENTROPY = float(scipy.stats.bernoulli(KINDS.mean(0)).entropy().sum())
"""What a decoder loses in nats that knows how often each pixel is 1, and nothing of the picture."""


def nats(pictures: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
    """The cross entropy of a picture, [B, PIXELS] to [B]."""
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(pictures, scores), axis=-1)


def divergence(logits: tf.Tensor) -> tf.Tensor:
    """From the uniform distribution, [B, V, K] to [B]."""
    terms = tf.nn.softmax(logits) * (tf.nn.log_softmax(logits) + np.log(K))
    return tf.reduce_sum(terms, axis=(1, 2))


# A GAN: https://keras.io/examples/generative/dcgan_overriding_train_step


class GAN(keras.Model):
    """Its generator makes a picture of ones and zeros, each a variable of two categories."""

    def __init__(self, estimator: str) -> None:
        super().__init__()
        self.seed_generator = keras.random.SeedGenerator(1)
        self.generator = keras.Sequential(
            [
                keras.Input((4,)),
                keras.layers.Dense(16, activation="relu"),
                keras.layers.Dense(PIXELS * 2),
                keras.layers.Reshape((PIXELS, 2)),
                gg.layers.CategoricalSample(estimator, temperature=0.7, seed=2),
            ]
        )
        self.discriminator = keras.Sequential(
            [
                keras.Input((PIXELS, 2)),
                keras.layers.Flatten(),
                keras.layers.Dense(16),
                keras.layers.LeakyReLU(),
                keras.layers.Dense(1),
            ]
        )

    def compile(self, d_optimizer: Any, g_optimizer: Any, **options: Any) -> None:
        super().compile(**options)
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer

    def train_step(self, real: tf.Tensor) -> dict[str, tf.Tensor]:
        size = tf.shape(real)[0]
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        codes = keras.random.normal((size, 4), seed=self.seed_generator)
        both = tf.concat([self.generator(codes, training=True), real], axis=0)
        labels = tf.concat([tf.zeros((size, 1)), tf.ones((size, 1))], axis=0)
        with tf.GradientTape() as tape:
            d_loss = loss(labels, self.discriminator(both))
        weights = self.discriminator.trainable_weights
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
        codes = keras.random.normal((size, 4), seed=self.seed_generator)
        with tf.GradientTape() as tape:
            generated = self.generator(codes, training=True)
            g_loss = loss(tf.ones((size, 1)), self.discriminator(generated))
        weights = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
        return {"d_loss": d_loss, "g_loss": g_loss}


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator",
    ["straight_through", *(pytest.param(n, marks=pytest.mark.slow) for n in ("gumbel_softmax", "reinmax"))],
)
def test_gan(estimator: str) -> None:
    """It learns one kind of picture or more: most samples are of the four, by chance 1 in 64 is."""
    keras.utils.set_random_seed(0)
    gan = GAN(estimator)
    gan.compile(keras.optimizers.Adam(0.003, beta_1=0.5), keras.optimizers.Adam(0.003, beta_1=0.5))
    one_hot = tf.one_hot(tf.cast(DATA, tf.int32), 2)
    before = _of_the_kinds(gan)
    gan.fit(tf.data.Dataset.from_tensor_slices(one_hot).batch(20).repeat(100), shuffle=False, verbose=0)
    after = _of_the_kinds(gan)
    assert before < 0.1
    assert after > 0.5


def _of_the_kinds(gan: GAN) -> float:
    codes = np.random.default_rng(1).normal(size=(500, 4)).astype(np.float32)
    pictures = gan.generator.predict(codes, verbose=0)
    assert np.isin(pictures, [0, 1]).all()
    return float((pictures[..., 1][:, None] == KINDS).all(-1).any(-1).mean())


# A VAE with a `train_step`: https://keras.io/examples/generative/vae


class VAE(keras.Model):
    """With the node as a layer, or with `surrogate_loss` in its place."""

    def __init__(self, estimator: Any, as_layer: bool) -> None:
        super().__init__()
        self.encoder = keras.Sequential(
            [
                keras.Input((PIXELS,)),
                keras.layers.Dense(16, activation="tanh"),
                keras.layers.Dense(V * K),
                keras.layers.Reshape((V, K)),
            ]
        )
        self.decoder = keras.Sequential(
            [keras.Input((V, K)), keras.layers.Flatten(), keras.layers.Dense(PIXELS)]
        )
        self.estimator = estimator
        self.node = gg.layers.CategoricalSample(estimator, seed=2) if as_layer else None
        self.noise = keras.random.SeedGenerator(1)
        self.nats_tracker, self.kl_tracker = keras.metrics.Mean("nats"), keras.metrics.Mean("kl")

    @property
    def metrics(self) -> list[Any]:
        return [self.nats_tracker, self.kl_tracker]

    def train_step(self, pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            logits = self.encoder(pictures)
            if self.node is not None:
                loss = nats(pictures, self.decoder(self.node(logits, training=True)))
            else:
                loss = gg.surrogate_loss(
                    lambda sample, picture: nats(picture, self.decoder(sample)),
                    logits,
                    [pictures],
                    estimator=self.estimator,
                    samples=2,
                    seed=self.noise,
                )
            kl = divergence(logits)
            total = tf.reduce_mean(loss + 0.1 * kl)
        weights = self.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(total, weights), weights, strict=True))
        self.nats_tracker.update_state(loss)
        self.kl_tracker.update_state(kl)
        return {metric.name: metric.result() for metric in self.metrics}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "as_layer"),
    [
        ("gapped_straight_through", True),
        ("rloo", False),
        *(
            pytest.param(name, as_layer, marks=pytest.mark.slow)
            for as_layer in (True, False)
            for name in ESTIMATORS.names(**{"pathwise": True} if as_layer else {})
            if name != "exact"
            and (name, as_layer) not in (("gapped_straight_through", True), ("rloo", False))
        ),
    ],
)
def test_vae_with_a_train_step(estimator: str, as_layer: bool) -> None:
    """Half of what a decoder loses that learns nothing of the picture; the codes are used, too.

    An encoder without a gradient leaves the divergence near zero, or the codes with little of the picture.
    """
    keras.utils.set_random_seed(0)
    vae = VAE(ESTIMATORS.make(estimator, "estimator") if not as_layer else estimator, as_layer)
    vae.compile(keras.optimizers.Adam(0.02), jit_compile=True)
    dataset = tf.data.Dataset.from_tensor_slices(DATA).batch(20).repeat(8)
    history = vae.fit(dataset, epochs=3, shuffle=False, verbose=0).history
    assert history["nats"][-1] < ENTROPY / 2, history
    assert history["kl"][-1] > 0.3
    assert len(vae.trainable_variables) == 6  # none of an estimator that learns for itself


# A functional VAE: the divergence by a layer with `add_loss`, all else by `fit`.


@keras.saving.register_keras_serializable("tests")
class AddDivergence(keras.layers.Layer):
    """Logits as they are; their divergence becomes a part of the loss."""

    def call(self, logits: tf.Tensor) -> tf.Tensor:
        self.add_loss(0.1 / PIXELS * tf.reduce_mean(divergence(logits)))
        return logits


def functional(estimator: str) -> keras.Model:
    inputs = keras.Input((PIXELS,))
    hidden = keras.layers.Dense(16, activation="tanh")(inputs)
    logits = AddDivergence()(keras.layers.Reshape((V, K))(keras.layers.Dense(V * K)(hidden)))
    schedule = keras.optimizers.schedules.ExponentialDecay(1.0, 50, 0.8)
    samples = gg.layers.CategoricalSample(estimator, temperature=schedule)(logits)
    model = keras.Model(inputs, keras.layers.Dense(PIXELS)(keras.layers.Flatten()(samples)))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss, jit_compile=True)
    return model


def go_on(model: keras.Model, epochs: int, path: str | None = None) -> list[float]:
    """The losses of some epochs; with a path, what the model predicts is written there."""
    pictures = np.tile(DATA, (3, 1))
    history = model.fit(pictures, pictures, batch_size=20, epochs=epochs, shuffle=False, verbose=0)
    if path is not None:
        np.savez(path, predicted=model.predict(DATA[:4], verbose=0), losses=history.history["loss"])
    return history.history["loss"]


CONTINUE = """
import sys
import keras
import gumbel_gan.layers
from tests import test_keras_programs
test_keras_programs.go_on(keras.models.load_model(sys.argv[1]), 1, sys.argv[2])
"""


def functional_vae(estimator: str, directory: Path) -> keras.Model:
    """One that has learned, and is saved: half of what a decoder loses that learns nothing of the picture."""
    keras.utils.set_random_seed(0)
    model = functional(estimator)
    losses = go_on(model, 8)
    assert losses[-1] < ENTROPY / PIXELS / 2 < losses[0]
    model.save(directory / "vae.keras")
    return model


def check_same(one: Path, other: Path) -> None:
    with np.load(one) as here, np.load(other) as there:
        for name in ("predicted", "losses"):
            np.testing.assert_array_equal(here[name], there[name])


@pytest.mark.slow
def test_functional_vae_is_saved_and_goes_on(tmp_path: Path) -> None:
    """The loaded one has the same losses as the one that was saved, bit for bit."""
    model = functional_vae("st_gumbel_softmax", tmp_path)
    go_on(keras.models.load_model(tmp_path / "vae.keras"), 1, str(tmp_path / "loaded.npz"))
    go_on(model, 1, str(tmp_path / "saved.npz"))
    check_same(tmp_path / "loaded.npz", tmp_path / "saved.npz")


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["gumbel_softmax", "reinmax", "gumbel_rao"])
def test_functional_vae_goes_on_in_a_new_process(estimator: str, tmp_path: Path) -> None:
    """There the same losses as here, bit for bit."""
    model = functional_vae(estimator, tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", CONTINUE, tmp_path / "vae.keras", tmp_path / "there.npz"],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    go_on(model, 1, str(tmp_path / "here.npz"))
    check_same(tmp_path / "here.npz", tmp_path / "there.npz")


def test_weights_of_a_model_hold_what_its_estimator_has_learned(tmp_path: Path) -> None:
    """Loaded before the first step, as any model's."""
    vaes = [VAE(gg.Rebar(), as_layer=False) for _ in range(2)]
    for vae in vaes:
        vae.compile(keras.optimizers.Adam(0.02), run_eagerly=True, jit_compile=False)
        vae.built = True
    vaes[0].fit(DATA[:20], batch_size=20, verbose=0)
    vaes[0].save_weights(tmp_path / "vae.weights.h5")
    vaes[1].optimizer.build(vaes[1].trainable_variables)
    vaes[1].load_weights(tmp_path / "vae.weights.h5")
    learned = [vae.estimator.eta.value.numpy() for vae in vaes if vae.estimator.built]
    assert len(learned) == 2
    assert learned[0] == learned[1] != 1.0

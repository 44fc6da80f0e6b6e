from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from gumbel_gan import (
    CategoricalGAN,
    CategoricalGenerator,
    Config,
    Distribution,
    LogisticDiscriminator,
    Stream,
)
from gumbel_gan.config.catalogue import LOSSES
from gumbel_gan.config.config import Training
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.gan.diagnostics import Diagnostics, Probe
from gumbel_gan.gan.epochs import dataset
from gumbel_gan.gan.estimators import GumbelSoftmax
from gumbel_gan.gan.game import Noise
from gumbel_gan.gan.gumbel import Seed
from gumbel_gan.gan.losses import Pair
from gumbel_gan.gan.smoothing import Smoothing
from gumbel_gan.gan.views import HardView, View
from gumbel_gan.training.build import build
from gumbel_gan.training.run import run

POST = (0.0, 0.0, 0.1, 0.3, 0.6)


def fit(
    gan: CategoricalGAN, runs: int = 1, epochs: int = 1, seed: int = 0, batches: int = 20
) -> keras.callbacks.History:
    stream = Stream(Distribution(POST), runs=runs, seed=seed, batches=batches)
    return gan.fit(dataset(stream), epochs=epochs, steps_per_epoch=1, shuffle=False, verbose=0)


class Adam:
    """Adam as Kingma and Ba 2015 write it at the end of section 2, as TensorFlow 1 had it."""

    def __init__(self, rate: float) -> None:
        self.rate, self.t = rate, 0
        self.m: Any = 0.0
        self.v: Any = 0.0

    def __call__(self, weights: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * gradient
        self.v = 0.999 * self.v + 0.001 * gradient**2
        rate = self.rate * np.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)
        return weights - rate * self.m / (np.sqrt(self.v) + 1e-8)


def test_epoch_is_that_of_a_numpy_replica() -> None:
    """The same noise, closed-form gradients and Adam in NumPy: the same weights after an epoch."""
    runs, temperature, rate = 3, 0.5, 0.01
    gan = CategoricalGAN(
        CategoricalGenerator(5, runs),
        LogisticDiscriminator(5, runs, seed=1),
        temperature=temperature,
        generator_steps=3,
        seed=7,
    )
    gan.compile(keras.optimizers.Adam(rate, epsilon=1e-8), keras.optimizers.Adam(rate, epsilon=1e-8))
    logits, kernel, bias = (
        w.numpy().astype(np.float64)
        for w in (gan.generator.logits, gan.discriminator.kernel, gan.discriminator.bias)
    )
    data = Stream(Distribution(POST), runs=runs, batches=4).epoch(0)
    purposes = np.random.SeedSequence(7).generate_state(len(Noise)).astype(np.int32).tolist()
    discriminator_noise, generator_noise = purposes[Noise.SAMPLES], purposes[Noise.GENERATOR]
    adam_logits, adam_kernel, adam_bias = Adam(rate), Adam(rate), Adam(rate)
    sigmoid = scipy.special.expit

    def sample(purpose: int, step: int) -> np.ndarray:
        estimator = GumbelSoftmax()
        return estimator.sample(
            tf.constant(logits, tf.float32), tf.constant(temperature), 10, (purpose, step)
        ).numpy()

    for batch, real in enumerate(data):
        vectors, y = np.eye(5)[real], sample(discriminator_noise, batch)  # [R, B, K]
        of_real = sigmoid((vectors * kernel[:, None]).sum(-1) + bias[:, None]) - 1  # [R, B]
        of_generated = sigmoid((y * kernel[:, None]).sum(-1) + bias[:, None])
        gradient = (of_real[..., None] * vectors + of_generated[..., None] * y).mean(1)
        kernel = adam_kernel(kernel, gradient)
        bias = adam_bias(bias, (of_real + of_generated).mean(1))
        for step in range(3):
            y = sample(generator_noise, 3 * batch + step)
            verdict = (y * kernel[:, None]).sum(-1)
            slope = sigmoid(verdict + bias[:, None]) - 1
            through = y * (kernel[:, None] - verdict[..., None]) / temperature  # the softmax's Jacobian
            logits = adam_logits(logits, (slope[..., None] * through).mean(1))
    gan.fit(tf.data.Dataset.from_tensors(data), epochs=1, shuffle=False, verbose=0)
    np.testing.assert_allclose(gan.generator.logits.numpy(), logits, atol=2e-4)
    np.testing.assert_allclose(gan.discriminator.kernel.numpy(), kernel, atol=2e-4)
    np.testing.assert_allclose(gan.discriminator.bias.numpy(), bias, atol=2e-4)
    assert np.abs(logits - 1).max() > 0.05  # it moved, a hundred times farther than the tolerance


def test_temperature_reaches_the_compiled_step_without_retracing() -> None:
    """A temperature that is baked in when traced is a known failure of others."""
    gan = build(Config(), 5)
    traces = 0

    @tf.function(jit_compile=True)
    def sharpness() -> tf.Tensor:
        nonlocal traces
        traces += 1
        logits = gan.generator.logits
        return tf.reduce_mean(
            tf.reduce_max(gan.estimator.sample(logits, gan.temperature.value, 1000, (1, 2)), -1)
        )

    gan.temperature.assign(0.01)
    cold = float(sharpness())
    gan.temperature.assign(10.0)
    hot = float(sharpness())
    assert traces == 1
    assert cold > 0.95
    assert hot < 0.3


def test_an_epoch_is_one_xla_program_traced_once() -> None:
    gan = build(Config(), 5)
    assert gan.jit_compile is True
    fit(gan, epochs=4)
    assert gan.traces == 1
    assert int(gan.generator_optimizer.iterations.numpy()) == 4 * 20 * 10
    assert int(gan.discriminator_optimizer.iterations.numpy()) == 4 * 20


def test_noise_is_new_at_every_step_and_for_every_purpose() -> None:
    """What the estimator and the probe are given, step by step; a seed that comes again repeats its noise."""
    seeds: list[tuple[int, ...]] = []

    class Spy(GumbelSoftmax):
        def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
            seeds.append(tuple(seed.numpy()))
            return super().path(logits, temperature, batch, seed)

    gan = CategoricalGAN(CategoricalGenerator(5), LogisticDiscriminator(5), estimator=Spy())
    seeds.clear()  # it was tried once
    gan.compile(keras.optimizers.Adam(), keras.optimizers.Adam())
    real = tf.constant([[4, 3]])
    for _ in range(3):
        gan.discriminator_step(real)
        seeds.append(tuple(gan.probe_seed().numpy()))
        for _ in range(2):
            gan.generator_step(real)
    assert len(seeds) == 3 * 4
    assert len(set(seeds)) == len(seeds)


def test_seeds() -> None:
    learned = []
    for seed in (1, 1, 2):
        gan = build(Config(seed=seed), 5)
        fit(gan, seed=seed, batches=2)
        learned.append(gan.generator.logits.numpy())
    np.testing.assert_array_equal(learned[0], learned[1])
    assert (learned[0] != learned[2]).all()


def test_runs_do_not_touch_each_other() -> None:
    """Change one run's discriminator: all others learn the very same numbers."""
    learned = []
    for kernel in (0.0, 5.0):
        gan = build(Config(runs=4), 5)
        weights = gan.discriminator.kernel.numpy()
        weights[2] = kernel
        gan.discriminator.assign(weights)
        fit(gan, runs=4)
        learned.append(gan.generator.logits.numpy())
    others = [0, 1, 3]
    np.testing.assert_array_equal(learned[0][others], learned[1][others])
    assert (learned[0][2] != learned[1][2]).all()


def test_runs_are_different() -> None:
    gan = build(Config(runs=4), 5)
    fit(gan, runs=4)
    assert len(np.unique(gan.generator.logits.numpy(), axis=0)) == 4


def test_ordinary_callbacks_and_history() -> None:
    gan = build(Config(), 5)
    stream = Stream(Distribution(POST), batches=20)
    stop = keras.callbacks.EarlyStopping("discriminator_loss", patience=1, mode="max")
    history = gan.fit(
        dataset(stream), epochs=20, steps_per_epoch=1, shuffle=False, verbose=0, callbacks=[stop]
    ).history
    assert set(history) == {"discriminator_loss", "generator_loss", "loss"}
    assert len(history["generator_loss"]) < 20


def test_verdict() -> None:
    gan = build(Config(), 5)
    integers = tf.constant([[0, 1, 2, 3, 4]])
    np.testing.assert_allclose(gan(integers), gan.discriminator(tf.one_hot(integers, 5)), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Skipping variable loading")
def test_gan_is_saved_and_loaded(tmp_path: Path) -> None:
    gan = build(Config(runs=2, temperature=0.25), 5)
    fit(gan, runs=2)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(gan.generator.logits.numpy(), loaded.generator.logits.numpy())
    assert float(loaded.temperature.numpy()) == 0.25
    fit(gan, runs=2)
    fit(loaded, runs=2)  # with its optimizers and step counters, it goes on just the same
    np.testing.assert_array_equal(gan.generator.logits.numpy(), loaded.generator.logits.numpy())


def test_other_backends_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match="KERAS_BACKEND=tensorflow"):
        build(Config(), 5)


EACH = [pytest.param(name, marks=[] if name == "relativistic" else pytest.mark.slow) for name in LOSSES]


@pytest.mark.parametrize("loss", EACH)
def test_losses_and_smarter_discriminators_in_the_compiled_epoch(loss: str) -> None:
    """Two discriminator steps a batch, exact gradient, diagnostics: finite, counted, and it moves."""
    config = Config(
        runs=2,
        temperature=0.5,
        diagnostics=True,
        training=Training(loss=loss, discriminator_steps=2),
        generator=Generator(estimator="exact", beta_1=0.0),
        discriminator=Discriminator(kind="mlp", units=[8], beta_2=0.9),
    )
    gan = build(config, 5)
    assert (gan.generator_optimizer.beta_1, gan.discriminator_optimizer.beta_2) == (0.0, 0.9)
    fit(gan, runs=2, epochs=2)
    assert int(gan.discriminator_optimizer.iterations.numpy()) == 2 * 20 * 2
    assert int(gan.generator_optimizer.iterations.numpy()) == 2 * 20 * 10
    assert (gan.generator.logits.numpy() != 1).all()
    assert all(np.isfinite(values).all() for values in gan.run_metrics.values())


def test_relativistic_loss_compares_every_sample_with_every_real_example() -> None:
    gan = build(Config(training=Training(loss="relativistic")), 5)
    real, samples = tf.constant([[4, 4, 3]]), tf.one_hot([[0, 1]], 5)
    of_real, of_samples = gan(real).numpy()[0], gan(samples).numpy()[0]
    expected = np.log1p(np.exp(of_real[None, :] - of_samples[:, None])).mean(1)
    np.testing.assert_allclose(gan.generator_losses(real, (1, 2))(samples).numpy()[0], expected, rtol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_of_more_samples_than_real_examples(loss: str) -> None:
    """Each real example stands beside its own samples."""
    training = Training(loss=loss, generated_per_real=3)
    gan = build(Config(runs=2, training=training), 5)
    real = tf.constant([[4, 4], [3, 2]])
    real_seen, generated = gan.examples(real)
    assert generated.shape == (2, 6, 5)
    of_real, of_generated = gan(real_seen).numpy(), gan(generated).numpy()
    expected = np.mean(LOSSES.load(loss).discriminator(np.tile(of_real, 3), of_generated), axis=1)
    np.testing.assert_allclose(gan.discriminator_loss(real_seen, generated), expected, rtol=1e-5)


def test_views() -> None:
    real = tf.constant([[4, 3, 4, 2]])
    gans = {
        view: build(Config(temperature=1.0, discriminator=Discriminator(view=view)), 5)
        for view in ("soft", "hard", "exact")
    }
    soft, hard, exact = (gan.examples(real)[1].numpy() for gan in gans.values())
    assert soft.max() < 1
    np.testing.assert_array_equal(hard, np.eye(5)[soft.argmax(-1)][None][0])
    np.testing.assert_array_equal(exact, np.arange(5)[None])
    # The exact view's loss is the mean over many hard samples.
    gan = gans["exact"]
    gan.generator.assign(np.log([[0.1, 0.1, 0.2, 0.2, 0.4]]))
    gans["hard"].generator.assign(gan.generator.logits)
    exactly = gan.discriminator_loss(*gan.examples(real)).numpy()
    many = tf.tile(real, (1, 50_000))
    sampled = gans["hard"].discriminator_loss(*gans["hard"].examples(many)).numpy()
    np.testing.assert_allclose(sampled, exactly, atol=0.01)
    gan.generator.assign(np.ones((1, 5)))
    assert abs(float(sampled[0] - gan.discriminator_loss(*gan.examples(real))[0])) > 0.015


def test_names_and_what_they_stand_for_are_the_same() -> None:
    """A pair and a view by name, or as they are; a smoothing and a probe that do nothing by default."""
    losses = []
    for pair, view in (("hinge", "hard"), (LOSSES.load("hinge"), HardView()), ("non_saturating", "hard")):
        gan = CategoricalGAN(CategoricalGenerator(5), LogisticDiscriminator(5), pair=pair, view=view)
        gan.compile(keras.optimizers.Adam(), keras.optimizers.Adam())
        assert isinstance(gan.pair, Pair)
        assert (type(gan.view), type(gan.smoothing), type(gan.probe)) == (HardView, Smoothing, Probe)
        losses.append(float(gan.discriminator_loss(*gan.examples(tf.constant([[4, 3]])))[0]))
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pair": "foo"}, "pair: received 'foo': give one of non_saturating, minimax, "),
        ({"view": "foo"}, "view: received 'foo': give one of soft, hard, exact"),
        ({"penalties": {"foo": 1.0}}, "penalties: received 'foo': give one of r1, gradient_penalty, "),
    ],
)
def test_unknown_names(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        CategoricalGAN(CategoricalGenerator(5), LogisticDiscriminator(5), **options)


class Doubled(View):
    """A view of one's own: each sample twice."""

    def generated(self, samples: tf.Tensor) -> tf.Tensor:
        return tf.repeat(samples, 2, axis=1)


def test_a_view_of_ones_own_trains() -> None:
    gan = CategoricalGAN(CategoricalGenerator(5), LogisticDiscriminator(5), view=Doubled())
    gan.compile(keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01))
    assert gan.examples(tf.constant([[4, 3]]))[1].shape == (1, 4, 5)
    fit(gan)
    assert (gan.generator.logits.numpy() != 1).all()


@pytest.mark.slow
def test_the_probe_changes_nothing_that_is_learned() -> None:
    """With it and without, the same networks to the last bit or so; only its columns come on top."""
    gans = [build(Config(runs=2, temperature=0.5, diagnostics=on), 5) for on in (False, True)]
    assert [type(gan.probe) for gan in gans] == [Probe, Diagnostics]
    for gan in gans:
        fit(gan, runs=2)
        assert gan.traces == 1
    plain, diagnosed = (gan.generator.logits.numpy() for gan in gans)
    np.testing.assert_allclose(diagnosed, plain, rtol=1e-3)


PARTS: list[dict[str, Any]] = [
    {"discriminator": Discriminator(kind="mlp", units=[4], r1=1.0, label_smoothing=0.1)},
    {"data": Data(smoothing="label"), "generator": Generator(optimizer="natural", ema=0.9)},
    {"discriminator": Discriminator(gradient_penalty=1.0, spectral_norm=True, weight_decay=0.1)},
    {"data": Data(smoothing="noise"), "training": Training(generated_per_real=2, discriminator_steps=2)},
    {"data": Data(smoothing="relaxed"), "discriminator": Discriminator(kind="mlp", spectral_norm=True)},
    {"discriminator": Discriminator(view="exact", r1=0.1), "generator": Generator(estimator="relax")},
]


@pytest.mark.parametrize("parts", [*PARTS[:2], *(pytest.param(p, marks=pytest.mark.slow) for p in PARTS[2:])])
def test_every_part_trains_and_is_serialized(parts: dict[str, Any]) -> None:
    gan = build(Config(runs=3, temperature=0.5, **parts), 5)
    again = CategoricalGAN.from_config(gan.get_config())
    again.compile_from_config(gan.get_compile_config())
    assert again.get_config() == gan.get_config()
    assert again.get_compile_config() == gan.get_compile_config()
    fit(again, runs=3, batches=4)
    assert all(np.isfinite(values).all() for values in again.run_metrics.values())
    assert (np.abs(again.generator.logits.numpy() - 1) > 0).all()


LAWS = [
    ("one", 10),
    *(pytest.param(*law, marks=pytest.mark.slow) for law in (("uniform", 1000), ("zipf", 100), ("half", 3))),
]


@pytest.mark.parametrize(("name", "categories"), LAWS)
def test_every_law_trains(name: str, categories: int) -> None:
    data = Data(law=name, categories=categories)
    result, _ = run(Config(runs=2, epochs=2, training=Training(batches=5), data=data))
    np.testing.assert_allclose(result.learned.sum(-1), 1, rtol=1e-5)
    assert np.isfinite(result.metrics["discriminator_loss"]).all()

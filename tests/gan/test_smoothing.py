from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan.config.catalogue import SMOOTHINGS
from gumbel_gan.gan.estimators import GumbelSoftmax
from gumbel_gan.gan.smoothing import LabelSmoothing, NoiseSmoothing, RelaxedSmoothing, Smoothing

REAL = tf.constant([[0, 2, 2, 1], [1, 1, 0, 2]])
LOGITS = tf.math.log([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])
GENERATOR = SimpleNamespace(categories=3, logits=LOGITS)
COLD, WARM = tf.constant(0.1), tf.constant(1.0)


def test_names() -> None:
    assert {name: SMOOTHINGS.load(name) for name in SMOOTHINGS} == {
        "none": Smoothing,
        "label": LabelSmoothing,
        "noise": NoiseSmoothing,
        "relaxed": RelaxedSmoothing,
    }
    # One that has a use for the amount is the one that takes it.
    assert {name for name, row in SMOOTHINGS.rows.items() if row.options} == {"label", "noise"}


@pytest.mark.parametrize("name", SMOOTHINGS)
def test_serialized(name: str) -> None:
    smoothing = SMOOTHINGS.make(name, "data.smoothing", 0.3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(smoothing))
    assert type(again) is type(smoothing)
    assert again.amount == 0.3


def test_none_changes_nothing() -> None:
    assert Smoothing().real(REAL, GENERATOR, WARM, (1, 2)) is REAL
    assert Smoothing().generated(LOGITS, None, (1, 2)) is LOGITS


def test_label_smoothing_is_a_mixture() -> None:
    seen = LabelSmoothing(0.3).real(REAL, GENERATOR, WARM, (1, 2)).numpy()
    np.testing.assert_allclose(seen[0, 1], [0.1, 0.1, 0.8], rtol=1e-6)
    np.testing.assert_allclose(seen.sum(-1), 1, rtol=1e-6)


def test_noise_is_gaussian_and_on_both() -> None:
    smoothing = NoiseSmoothing(0.2)
    real = tf.zeros((1, 100_000), tf.int32)
    noise = smoothing.real(real, GENERATOR, WARM, (1, 2)).numpy() - [1, 0, 0]
    # 300,000 numbers: five standard errors of the mean are 0.002, of the standard deviation 0.0013.
    assert noise.mean() == pytest.approx(0, abs=0.002)
    assert noise.std() == pytest.approx(0.2, abs=0.0013)
    samples = tf.one_hot(real, 3)
    other = (smoothing.generated(samples, GENERATOR, (1, 2)) - samples).numpy()
    assert other.std() == pytest.approx(0.2, abs=0.0013)
    assert abs(np.corrcoef(noise.ravel(), other.ravel())[0, 1]) < 0.01  # a noise of its own


@pytest.mark.parametrize("temperature", [COLD, WARM])
def test_relaxed_real_examples_are_distributed_as_samples(temperature: tf.Tensor) -> None:
    """Real integers drawn from the generator's own probabilities become what it makes itself.

    Means of y, log y and y^2 over 200,000 draws agree within five standard errors: a false alarm in some
    10^5 runs of the test. Noise that is not conditioned on the integer fails it (the last lines).
    """
    logits = LOGITS[:1]
    real = tf.random.stateless_categorical(logits, 200_000, (3, 4), dtype=tf.int32)
    seen = (
        RelaxedSmoothing()
        .real(real, SimpleNamespace(categories=3, logits=logits), temperature, (1, 2))
        .numpy()[0]
    )
    assert (seen.argmax(-1) == real.numpy()[0]).all()
    samples = GumbelSoftmax().sample(logits, temperature, 200_000, (5, 6)).numpy()[0]

    def moments(y: np.ndarray) -> np.ndarray:
        return np.concatenate([y, np.log(y + 1e-9), y**2], axis=-1)

    def far(a: np.ndarray, b: np.ndarray) -> float:
        a, b = moments(a), moments(b)
        return float(np.abs((a.mean(0) - b.mean(0)) / np.sqrt((a.var(0) + b.var(0)) / len(a))).max())

    assert far(seen, samples) < 5
    unconditioned = tf.one_hot(real[0], 3).numpy() * 0.9 + 0.1 / 3
    assert far(unconditioned, samples) > 50


def test_relaxed_lets_no_gradient_through() -> None:
    with tf.GradientTape() as tape:
        tape.watch(LOGITS)
        seen = RelaxedSmoothing().real(REAL, GENERATOR, WARM, (1, 2))
    assert tape.gradient(seen[..., 0], LOGITS) is None

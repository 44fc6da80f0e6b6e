import keras
import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan.config.catalogue import LOSSES, PENALTIES
from gumbel_gan.gan.discriminators import LogisticDiscriminator, MlpDiscriminator
from gumbel_gan.gan.regularisers import SpectralNorm, gradient_penalty, label_smoothing, r1

REAL = tf.constant([[0, 2], [1, 1]])
GENERATED = tf.constant(np.random.default_rng(0).dirichlet(np.ones(3), (2, 4)), tf.float32)


def test_of_a_linear_discriminator_by_hand() -> None:
    """Its slope is the kernel everywhere: lengths 5 and 1."""
    discriminator = LogisticDiscriminator(3, runs=2)
    discriminator.assign(np.array([[3.0, 0.0, 4.0], [0.0, 1.0, 0.0]]))
    discriminator.bias.assign([0.5, -0.5])
    np.testing.assert_allclose(r1(discriminator, REAL, GENERATED, (1, 2)), [12.5, 0.5], rtol=1e-5)
    np.testing.assert_allclose(gradient_penalty(discriminator, REAL, GENERATED, (1, 2)), [16, 0], atol=1e-4)
    np.testing.assert_allclose(label_smoothing(discriminator, REAL, GENERATED, (1, 2)), [4.0, 0.5])


@pytest.mark.parametrize("name", PENALTIES)
def test_gradient_is_that_of_finite_differences(name: str) -> None:
    discriminator = MlpDiscriminator(3, runs=2, units=[4])
    kernel = discriminator.kernels[0]

    def penalty() -> tf.Tensor:
        return tf.reduce_sum(PENALTIES.load(name)(discriminator, REAL, GENERATED, (1, 2)))

    with tf.GradientTape() as tape:
        value = penalty()
    gradient = tape.gradient(value, kernel.value).numpy()
    start, step = kernel.numpy(), 1e-2
    for place in [(0, 0, 0), (1, 2, 3)]:
        sides = []
        for sign in (1, -1):
            moved = start.copy()
            moved[place] += sign * step
            kernel.assign(moved)
            sides.append(float(penalty()))
        assert gradient[place] == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=0.02, abs=2e-3)
    assert np.abs(gradient).max() > 0.01


@pytest.mark.parametrize("loss", ["non_saturating", "least_squares"])
def test_label_smoothing_calls_real_examples_real_with_less_than_one(loss: str) -> None:
    """The smoothed loss and the plain one plus 0.1 D(real) differ by a constant."""
    outputs = tf.constant([-2.0, 0.5, 3.0])
    plain = LOSSES.load(loss).discriminator(outputs, 0.0).numpy() + 0.1 * outputs.numpy()
    if loss == "non_saturating":
        expected = 0.9 * np.log1p(np.exp(-outputs)) + 0.1 * np.log1p(np.exp(outputs)) + np.log(2)
    else:
        expected = (outputs.numpy() - 0.9) ** 2 / 2
    np.testing.assert_allclose(np.ptp(plain - expected), 0, atol=1e-5)


def test_spectral_norm() -> None:
    """The power iteration finds the largest singular value; a matrix below 1 stays as it is."""
    matrices = np.random.default_rng(1).normal(size=(3, 6, 4)).astype(np.float32)
    matrices[2] /= 100
    direction = keras.Variable(np.ones((3, 4), np.float32))
    constraint = SpectralNorm(direction)
    for _ in range(50):
        result = constraint(tf.constant(matrices)).numpy()
    norms = np.linalg.norm(result, 2, axis=(1, 2))
    np.testing.assert_allclose(norms[:2], 1, rtol=1e-4)
    np.testing.assert_array_equal(result[2], matrices[2])


@pytest.mark.parametrize("bound", [True, False])
@pytest.mark.parametrize("kind", [LogisticDiscriminator, MlpDiscriminator])
def test_training_keeps_the_spectral_norm(kind: type, bound: bool) -> None:
    """A critic that wants to be steep; without the constraint its norms grow beyond it."""
    discriminator = kind(3, runs=2, spectral_norm=bound)
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(discriminator.trainable_variables)
    weights = discriminator.trainable_weights

    @tf.function
    def step() -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(
                tf.nn.softplus(-4 * discriminator(REAL)) + tf.nn.softplus(4 * discriminator(REAL * 0))
            )
        optimizer.apply(tape.gradient(loss, [w.value for w in weights]), weights)

    for _ in range(200):
        step()
    kernels = [w.numpy() for w in weights if "kernel" in w.name]
    norms = [np.linalg.norm(k if k.ndim == 3 else k.T[..., None], 2, axis=(1, 2)) for k in kernels]
    assert (np.max(norms) < 1.05) == bound
    assert discriminator.of_run(1)(REAL[1:]).numpy() == pytest.approx(discriminator(REAL).numpy()[1:])

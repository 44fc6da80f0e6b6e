import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan.config.catalogue import LOSSES
from gumbel_gan.gan import losses
from gumbel_gan.gan.losses import Pair

REAL, GENERATED = tf.constant([2.0, -1.0]), tf.constant([0.0, 3.0])
# By hand: log(1 + e^-2) = .1269280, log 2 = .6931472, log(1 + e) = 1.3132617, log(1 + e^3) = 3.0485874.
GOLDEN = {
    "non_saturating": ([0.1269280 + 0.6931472, 1.3132617 + 3.0485874], [0.6931472, 0.0485874]),
    "minimax": ([0.1269280 + 0.6931472, 1.3132617 + 3.0485874], [-0.6931472, -3.0485874]),
    "least_squares": ([0.5, (4 + 9) / 2], [0.5, 2.0]),
    "hinge": ([1.0, 2.0 + 4.0], [0.0, -3.0]),
    "wasserstein": ([-2.0, 4.0], [0.0, -3.0]),
    "relativistic": ([0.1269280, 4.0181500], [2.1269280, 0.0181500]),  # log(1 + e^4) = 4.0181500
}


@pytest.mark.parametrize("name", LOSSES)
def test_golden(name: str) -> None:
    discriminator, generator, _ = LOSSES.load(name)
    np.testing.assert_allclose(discriminator(REAL, GENERATED), GOLDEN[name][0], rtol=1e-5)
    np.testing.assert_allclose(generator(REAL, GENERATED), GOLDEN[name][1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_loss_falls_when_it_separates(name: str) -> None:
    """A known reproduction has the critic's sign wrong, so that the two cooperate."""
    discriminator, generator, _ = LOSSES.load(name)
    apart, together, swapped = (
        float(discriminator(tf.constant(x), tf.constant(-x))) for x in (0.4, 0.0, -0.4)
    )
    assert apart < together < swapped
    real = tf.constant(0.0)
    assert float(generator(real, tf.constant(0.4))) < float(generator(real, tf.constant(-0.4)))


@pytest.mark.parametrize("name", LOSSES)
def test_extreme_outputs_stay_finite(name: str) -> None:
    extreme = tf.constant([-1e4, 1e4])
    pair = LOSSES.load(name)
    for loss in (pair.discriminator, pair.generator):
        assert np.isfinite(loss(extreme, extreme)).all()


@pytest.mark.parametrize("name", LOSSES)
def test_separable_is_a_part_of_real_plus_a_part_of_generated(name: str) -> None:
    """l(r, g) = l(r, 0) + l(0, g) - l(0, 0), or not."""
    loss, _, separable = LOSSES.load(name)
    real, generated = np.random.default_rng(0).normal(size=(2, 50)).astype(np.float32)
    parts = loss(real, 0.0) + loss(0.0, generated) - loss(tf.constant(0.0), 0.0)
    assert np.allclose(loss(real, generated), parts, atol=1e-5) == separable


@pytest.mark.parametrize("name", LOSSES)
def test_names(name: str) -> None:
    functions = (getattr(losses, f"{name}_{who}_loss") for who in ("discriminator", "generator"))
    pair = LOSSES.load(name)
    assert isinstance(pair, Pair)
    assert pair[:2] == tuple(functions)

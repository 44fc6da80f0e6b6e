import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan import losses

REAL, GENERATED = tf.constant([2.0, -1.0]), tf.constant([0.0, 3.0])


def test_non_saturating() -> None:
    """log(1 + e^-2) + log 2, and log(1 + e) + log(1 + e^3), by hand."""
    discriminator = losses.non_saturating_discriminator_loss(REAL, GENERATED)
    np.testing.assert_allclose(discriminator, [0.1269280 + 0.6931472, 1.3132617 + 3.0485874], rtol=1e-6)
    np.testing.assert_allclose(
        losses.non_saturating_generator_loss(GENERATED), [0.6931472, 0.0485874], rtol=1e-5
    )


@pytest.mark.parametrize("name", ["non_saturating"])
def test_loss_falls_when_it_separates(name: str) -> None:
    discriminator, generator = (
        getattr(losses, f"{name}_{who}_loss") for who in ("discriminator", "generator")
    )
    apart, together, swapped = (
        float(tf.reduce_mean(discriminator(tf.constant([real]), tf.constant([-real]))))
        for real in (0.5, 0.0, -0.5)
    )
    assert apart < together < swapped
    assert float(generator(tf.constant(0.5))) < float(generator(tf.constant(-0.5)))


def test_extreme_logits_stay_finite() -> None:
    extreme = tf.constant([-1e4, 1e4])
    assert np.isfinite(losses.non_saturating_discriminator_loss(extreme, extreme)).all()
    assert np.isfinite(losses.non_saturating_generator_loss(extreme)).all()

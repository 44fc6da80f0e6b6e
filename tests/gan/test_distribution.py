"""The distribution is TFP's, only faster: TFP's own beside it, over shapes, types and temperatures."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from gumbel_gan.gan.distribution import RelaxedOneHotCategorical
from gumbel_gan.gan.gumbel import gumbel_max, gumbel_noise

from ..statistics import check_frequencies

TFP = tfp.distributions.RelaxedOneHotCategorical
SHAPES = [(5,), (3, 5), (2, 3, 5), (1, 5), (20, 4)]
TYPES = [np.float16, np.float32, np.float64]


def logits_of(shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("sample_shape", [(), 7, (2, 3)], ids=str)
def test_shapes_and_types(shape: tuple[int, ...], dtype: Any, sample_shape: Any) -> None:
    """What TFP takes is taken, with every seed that TFP takes; shapes, types and sums are TFP's."""
    ours, theirs = (
        kind(dtype(0.5), logits=logits_of(shape, dtype)) for kind in (RelaxedOneHotCategorical, TFP)
    )
    for seed in ((1, 2), np.array([1, 2]), 3, None):
        found, expected = ours.sample(sample_shape, seed=seed), theirs.sample(sample_shape, seed=seed)
        assert found.shape == expected.shape
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found.numpy().sum(-1, dtype=np.float64), 1, rtol=1e-2)
    assert ours.batch_shape == theirs.batch_shape
    assert ours.event_shape == theirs.event_shape


@pytest.mark.parametrize("temperature", [0.001, 0.05, 0.5, 5.0])
def test_densities_of_its_own_samples(temperature: float) -> None:
    """Finite where TFP's are; of any other vector they are TFP's, to the last digit."""
    logits = logits_of((3, 5))
    ours, theirs = (kind(temperature, logits=logits) for kind in (RelaxedOneHotCategorical, TFP))
    assert np.isfinite(ours.log_prob(ours.sample(500, seed=(1, 2)))).all()
    assert np.isfinite(theirs.log_prob(theirs.sample(500, seed=(1, 2)))).all()
    given = tf.nn.softmax(logits_of((9, 3, 5)))
    np.testing.assert_array_equal(ours.log_prob(given), theirs.log_prob(given))
    own = ours.sample((2, 4), seed=(1, 2))
    if temperature >= 0.5:  # there the copy loses nothing
        np.testing.assert_allclose(
            ours.log_prob(own), theirs.log_prob(tf.identity(own)), rtol=1e-3, atol=1e-3
        )


def test_the_law_is_the_same() -> None:
    """The largest component has the softmax's probabilities, for what is drawn fast and what is not."""
    logits = logits_of((1, 5))
    expected = np.exp(logits[0]) / np.exp(logits[0]).sum()
    for seed in ((1, 2), 3):
        drawn = RelaxedOneHotCategorical(0.1, logits=logits).sample(100_000, seed=seed)
        check_frequencies(drawn.numpy()[:, 0].argmax(-1), expected, detect=0.02)


@pytest.mark.parametrize("options", [{"probs": [0.2, 0.3, 0.5]}, {"logits": [[0.0, 1.0]] * 3}], ids=str)
def test_temperatures_and_probabilities(options: dict[str, Any]) -> None:
    """A temperature for each of a batch; probabilities; arguments that are variables."""
    temperature = [0.1, 1.0, 10.0] if "logits" in options else 0.5
    ours, theirs = (kind(temperature, **options) for kind in (RelaxedOneHotCategorical, TFP))
    np.testing.assert_array_equal(ours.sample(9, seed=(4, 2)), theirs.sample(9, seed=(4, 2)))
    kept = tf.Variable([[0.0, 1.0, 2.0]])
    with tf.GradientTape() as tape:
        drawn = RelaxedOneHotCategorical(0.5, logits=kept).sample(50, seed=(0, 1))
        loss = tf.reduce_sum(drawn[..., 0])
    gradient = tape.gradient(loss, kept)
    assert gradient is not None
    assert (gradient.numpy() != 0).all()


@pytest.mark.parametrize("dtype", TYPES, ids=lambda dtype: dtype.__name__)
def test_lists_arrays_and_types(dtype: Any) -> None:
    noise = gumbel_noise((3, 1000), (0, 1), dtype)
    assert noise.dtype == tf.as_dtype(dtype)
    assert np.isfinite(noise).all()
    assert abs(float(noise.numpy().astype(np.float64).mean()) - 0.5772) < 0.15  # six standard errors
    logits = logits_of((2, 3), dtype)
    drawn = [
        gumbel_max(given, 4, seed).numpy() for given in (logits, logits.tolist()) for seed in ((0, 1), [0, 1])
    ]
    assert drawn[0].shape == (2, 4)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    for bad in ([0.0, 1.0], [[1, 2]]):
        with pytest.raises(ValueError, match="logits: received .*: give real numbers"):
            gumbel_max(bad, 3, (0, 1))

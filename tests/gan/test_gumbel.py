from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from gumbel_gan.gan.distribution import RelaxedOneHotCategorical
from gumbel_gan.gan.gumbel import (
    condition,
    fixed,
    fold_in,
    gumbel_max,
    gumbel_noise,
    hardest,
    log_prob,
    normal,
    perturb,
    uniform,
    vectors,
    with_gradient_of,
)

from ..statistics import FALSE_ALARM, check_frequencies

PROBABILITIES = np.array([0.02, 0.08, 0.1, 0.3, 0.5])
LOGITS = tf.constant(np.log(PROBABILITIES)[None], tf.float32)  # [1, K]
TEMPERATURES = [0.001, 0.1, 1.0, 10.0, 1000.0]


def relaxed(temperature: float, draws: int, seed: int = 0, logits: tf.Tensor = LOGITS) -> np.ndarray:
    return RelaxedOneHotCategorical(temperature, logits=logits).sample(draws, seed=(seed, 1)).numpy()[:, 0]


def gumbel_pvalue(noise: np.ndarray) -> float:
    return scipy.stats.kstest(noise.ravel(), scipy.stats.gumbel_r.cdf).pvalue


@pytest.mark.parametrize("shape", [(200_000,), (4, 3125, 16), (5, 199, 200), (20_000, 10)], ids=str)
def test_noise_is_gumbel(shape: tuple[int, ...]) -> None:
    """Kolmogorov and Smirnov's test: false alarm at most 1e-6, allowing 0.006 of the cumulative law."""
    assert gumbel_pvalue(gumbel_noise(shape, (0, 0)).numpy()) > FALSE_ALARM


def test_noise_is_independent() -> None:
    """Neighbours along every axis, of 60,000 numbers: at most 5 standard errors, false alarm 2e-6.

    Numbers that are the same in pairs, or halves of a word with a correlation of 0.06, are found out.
    """
    noise = gumbel_noise((30, 40, 50), (1, 2)).numpy()
    assert len(np.unique(noise)) > 0.99 * noise.size  # of 2^23 numbers, 0.4 % come twice
    for axis in range(3):
        first, second = np.delete(noise, -1, axis), np.delete(noise, 0, axis)
        assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 5 / np.sqrt(first.size)
    even, odd = noise[:, ::2], noise[:, 1::2]  # halves of a word
    assert abs(np.corrcoef(even.ravel(), odd.ravel())[0, 1]) < 5 / np.sqrt(even.size)


def test_an_odd_number_of_samples_is_that_many_of_an_even_number() -> None:
    odd, even = (gumbel_noise((4, samples, 16), (1, 2)).numpy() for samples in (7, 8))
    assert odd.shape == (4, 7, 16)
    np.testing.assert_array_equal(odd, even[:, :7])


@pytest.mark.parametrize("epsilon", [0.01, 0.03])
def test_power_of_the_noise_test(epsilon: float) -> None:
    """The same test, wrong by a hundredth of probability or more, finds -log(-log(u + epsilon) + epsilon)."""
    uniform = np.random.default_rng(0).random((1000, 200))
    assert gumbel_pvalue(-np.log(np.maximum(-np.log(uniform + epsilon), 0) + epsilon)) < FALSE_ALARM


@pytest.mark.parametrize("shape", [(10_000_000,), (1000, 10_000)], ids=str)
def test_noise_is_finite(shape: tuple[int, ...]) -> None:
    noise = gumbel_noise(shape, (3, 4)).numpy()  # a uniform of 0 or 1 has a chance of 2^-23 each
    assert np.isfinite(noise).all()


def test_seeds() -> None:
    first, again, other = (gumbel_noise((50,), (7, step)).numpy() for step in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.isin(first, other).any()


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_argmax_is_categorical(temperature: float) -> None:
    samples = relaxed(temperature, 400_000).argmax(-1)
    check_frequencies(samples, PROBABILITIES, detect=0.01)


def test_power_of_the_frequency_test() -> None:
    """A sampler that takes logits for probabilities is found out."""
    wrong = np.random.default_rng(0).choice(5, 400_000, p=scipy.special.softmax(PROBABILITIES))
    with pytest.raises(AssertionError, match="off by"):
        check_frequencies(wrong, PROBABILITIES, detect=0.01)
    slightly = PROBABILITIES + np.array([0.01, -0.01, 0, 0, 0])
    wrong = np.random.default_rng(0).choice(5, 400_000, p=slightly)
    with pytest.raises(AssertionError, match="off by"):
        check_frequencies(wrong, PROBABILITIES, detect=0.01)


def test_gumbel_max() -> None:
    logits = tf.constant(np.log([PROBABILITIES, PROBABILITIES[::-1]]), tf.float32)
    samples = gumbel_max(logits, 400_000, (5, 6)).numpy()
    check_frequencies(samples[0], PROBABILITIES, detect=0.01)
    check_frequencies(samples[1], PROBABILITIES[::-1], detect=0.01)


def test_limits() -> None:
    cold, hot = relaxed(1e-6, 10_000), relaxed(1e6, 10_000)
    assert (np.sort(cold, -1)[:, -1] > 0.999).mean() > 0.999
    np.testing.assert_allclose(hot, 0.2, atol=1e-4)
    np.testing.assert_allclose(relaxed(0.5, 10_000).sum(-1), 1, atol=1e-5)


def test_mean_of_warm_samples_is_not_the_probability() -> None:
    """p = (.6, .3, .1) has mean sample (.523, .327, .150) at temperature 1, by another implementation."""
    logits = tf.constant(np.log([[0.6, 0.3, 0.1]]), tf.float32)
    mean = relaxed(1.0, 400_000, logits=logits).mean(0)
    np.testing.assert_allclose(mean, [0.523, 0.327, 0.150], atol=0.003)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 5.0])
def test_gradient_against_finite_differences(temperature: float) -> None:
    """The noise is fixed by the seed, so the samples are a smooth function of the logits."""
    weights = np.random.default_rng(0).normal(size=(200, 1, 5)).astype(np.float32)
    logits = tf.Variable(LOGITS)

    def value() -> tf.Tensor:
        sample = RelaxedOneHotCategorical(temperature, logits=logits.value()).sample(200, seed=(1, 2))
        return tf.reduce_mean(tf.reduce_sum(weights * sample, -1) ** 2)

    with tf.GradientTape() as tape:
        loss = value()
    gradient = tape.gradient(loss, logits).numpy()[0]
    step = 0.01
    for category in range(5):
        shift = step * np.eye(5, dtype=np.float32)[category]
        logits.assign(LOGITS + shift)
        above = float(value())
        logits.assign(LOGITS - shift)
        below = float(value())
        assert gradient[category] == pytest.approx((above - below) / (2 * step), abs=2e-3, rel=0.01)


@pytest.mark.parametrize("temperature", [0.4, 2.3])
def test_log_prob_is_the_density_of_maddison(temperature: float) -> None:
    """Maddison et al. 2016, equation 10, written out again."""
    x = np.array([0.1, 0.2, 0.05, 0.25, 0.4])
    k = len(x)
    density = (
        scipy.special.gamma(k)
        * temperature ** (k - 1)
        * np.prod(PROBABILITIES * x ** (-temperature - 1))
        / np.sum(PROBABILITIES * x**-temperature) ** k
    )
    log_prob = RelaxedOneHotCategorical(temperature, logits=LOGITS).log_prob(x.astype(np.float32)[None])
    assert float(log_prob[0]) == pytest.approx(np.log(density), rel=1e-4)


def test_compiled_and_eager_numbers_agree() -> None:
    @tf.function(jit_compile=True)
    def compiled(temperature: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return RelaxedOneHotCategorical(temperature, logits=LOGITS).sample(1000, seed=seed)

    eager = RelaxedOneHotCategorical(0.7, logits=LOGITS).sample(1000, seed=(1, 2)).numpy()
    np.testing.assert_allclose(compiled(tf.constant(0.7), tf.constant([1, 2])).numpy(), eager, atol=1e-5)


def test_conditional_noise() -> None:
    """The argmax is the given one, and over all hard samples the noise is Gumbel again."""
    logits = tf.constant(np.log([[0.1, 0.2, 0.7]]), tf.float32)
    hard = hardest(perturb(logits, 100_000, (1, 2)))
    drawn = condition(hard, logits, (3, 4)).numpy()[0]  # [B, K]
    np.testing.assert_array_equal(drawn.argmax(-1), hard.numpy()[0].argmax(-1))
    for category, p in enumerate((0.1, 0.2, 0.7)):
        law = scipy.stats.gumbel_r(loc=np.log(p)).cdf
        assert scipy.stats.kstest(drawn[:, category], law).pvalue > FALSE_ALARM
    never = scipy.stats.kstest(
        drawn[hard.numpy()[0, :, 0] == 0, 0], scipy.stats.gumbel_r(loc=np.log(0.1)).cdf
    )
    assert never.pvalue < FALSE_ALARM  # conditioned, it is another law, and the test sees that


def test_conditional_noise_of_several_draws() -> None:
    """Each draw has the given argmax, and no two are alike."""
    logits = tf.constant(np.log([PROBABILITIES, PROBABILITIES[::-1]]), tf.float32)
    hard = hardest(perturb(logits, 50, (1, 2)))
    drawn = condition(hard, logits, (3, 4), (3,)).numpy()
    assert drawn.shape == (3, 2, 50, 5)
    np.testing.assert_array_equal(drawn.argmax(-1), np.tile(hard.numpy().argmax(-1), (3, 1, 1)))
    assert len(np.unique(drawn)) > 0.99 * drawn.size


def test_fold_in_gives_other_noise_and_the_same_again() -> None:
    """Every number gives noise of its own, of a seed that is a tensor or a pair of integers."""
    seed = (7, 3)
    noise = [gumbel_noise((500,), fold_in(seed, number)).numpy() for number in range(4)]
    np.testing.assert_array_equal(noise[0], gumbel_noise((500,), seed).numpy())
    for number, first in enumerate(noise):
        again = gumbel_noise((500,), fold_in(tf.constant(seed), number)).numpy()
        np.testing.assert_array_equal(first, again)
        for other in noise[:number]:
            assert len(np.intersect1d(first, other)) < 5  # of 2^23 numbers
            # Five standard errors of 500: a false alarm in two million.
            assert abs(np.corrcoef(first, other)[0, 1]) < 5 / np.sqrt(500)


@pytest.mark.parametrize("draw", [uniform, normal, gumbel_noise])
def test_noise_of_a_seed_is_repeatable(draw: Any) -> None:
    first, again, other = (draw((4, 3, 16), (7, step)).numpy() for step in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.99


def test_normal_noise() -> None:
    """Kolmogorov and Smirnov's test: false alarm at most 1e-6."""
    assert scipy.stats.kstest(normal((200_000,), (1, 2)).numpy(), "norm").pvalue > FALSE_ALARM


def test_hardest_is_one_hot_at_the_largest() -> None:
    x = np.random.default_rng(0).normal(size=(2, 7, 5)).astype(np.float32)
    np.testing.assert_array_equal(hardest(tf.constant(x)), np.eye(5)[x.argmax(-1)])


def test_value_and_gradient_of_different_things() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = with_gradient_of(x**2, 5 * x)
        z = fixed(x) * x
    np.testing.assert_allclose(y, [1, 4])
    np.testing.assert_allclose(tape.gradient(y, x), [5, 5])
    np.testing.assert_allclose(tape.gradient(z, x), x)


def test_log_prob() -> None:
    """Of several variables it is the sum over them."""
    logits = np.random.default_rng(0).normal(size=(2, 3, 4))  # [R, V, K]
    codes = np.random.default_rng(1).integers(4, size=(2, 6, 3))  # [R, B, V]
    log_p = scipy.special.log_softmax(logits, -1)
    expected = sum(log_p[[[0], [1]], v, codes[:, :, v]] for v in range(3))
    found = log_prob(tf.one_hot(codes, 4), tf.constant(logits, tf.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_vectors() -> None:
    integers = tf.constant([[0, 2], [1, 1]])
    np.testing.assert_array_equal(vectors(integers, 3), np.eye(3)[integers.numpy()])
    relaxed = tf.constant([[[0.2, 0.8]]])
    assert vectors(relaxed, 2) is relaxed

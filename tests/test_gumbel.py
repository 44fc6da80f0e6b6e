import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from gumbel_gan.gumbel import RelaxedOneHotCategorical, gumbel_max, gumbel_noise

from .statistics import FALSE_ALARM, check_frequencies

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

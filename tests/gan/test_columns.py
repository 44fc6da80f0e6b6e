"""Rows, exactly: masks, probabilities by enumeration, and a GAN that learns a hidden dependency."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import gumbel_gan as gg
from gumbel_gan.gan.columns import ColumnGenerator

from ..statistics import check_frequencies

SIZES = [2, 4, 3]
ROWS = np.array(list(itertools.product(*map(range, SIZES))), np.int32)


def shaken(sizes: list[int] = SIZES, runs: int = 2) -> ColumnGenerator:
    """A generator whose weights are far from their start."""
    generator = ColumnGenerator(sizes, units=8, seed=0, runs=runs)
    random = np.random.default_rng(1)
    for weight in generator.weights:
        weight.assign(random.normal(size=weight.shape))
    return generator


def test_probabilities_sum_to_one() -> None:
    """Those of all rows; rows with symbols that a column does not have are impossible."""
    generator = shaken()
    probabilities = generator.probabilities(ROWS)
    assert probabilities.shape == (2, 24)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert (generator.probabilities(np.array([[0, 3, 3], [2, 0, 0], [3, 3, 2]])) == 0).all()


def test_probabilities_by_hand() -> None:
    """The product of three softmaxes, in NumPy, for every row."""
    generator = shaken(runs=1)
    weights = [weight.numpy()[0] for weight in generator.weights]
    bias_0, kernel_h1, bias_h1, kernel_1, bias_1, kernel_h2, bias_h2, kernel_2, bias_2 = weights

    def softmax(logits: np.ndarray) -> np.ndarray:
        return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()

    def given(before: np.ndarray, *layer: np.ndarray) -> np.ndarray:
        kernel_h, bias_h, kernel, bias = layer
        return softmax(np.maximum(before @ kernel_h + bias_h, 0) @ kernel + bias)

    expected = []
    for a, b, c in ROWS:
        first, second = np.eye(2)[a], np.eye(4)[b]
        of_b = given(first, kernel_h1, bias_h1, kernel_1, bias_1)
        of_c = given(np.concatenate([first, second]), kernel_h2, bias_h2, kernel_2, bias_2)
        expected.append(softmax(bias_0)[a] * of_b[b] * of_c[c])
    np.testing.assert_allclose(generator.probabilities(ROWS)[0], expected, rtol=1e-4)


def test_samples_have_these_probabilities() -> None:
    """A chi-square test of 20,000 rows, in each of two runs; masked symbols never come."""
    generator = shaken()
    samples = generator.sample(20_000, seed=(3, 4)).numpy()
    probabilities = generator.probabilities(ROWS)
    place = samples @ np.array([12, 3, 1])
    assert (samples < np.array(SIZES)).all()
    for run in range(2):
        check_frequencies(place[run], probabilities[run], detect=0.05)


@pytest.mark.parametrize(
    "estimator",
    [
        "gumbel_softmax",
        "straight_through",
        "st_gumbel_softmax",
        "gumbel_rao",
        "gapped_straight_through",
        "reinmax",
    ],
)
def test_masked_symbols(estimator: str) -> None:
    """Exactly zero in every sample, and no gradient is lost in them."""
    generator = shaken()
    made = gg.ESTIMATORS.load(estimator)()
    with tf.GradientTape() as tape:
        samples = generator.relaxed(made, tf.constant(0.5), 50, (1, 2))  # [R, B, T, K]
        loss = tf.reduce_sum(samples * tf.random.stateless_normal(samples.shape, (0, 1)))
    beyond = np.arange(4)[None] >= np.array(SIZES)[:, None]  # [T, K]
    assert (samples.numpy()[:, :, beyond] == 0).all()
    np.testing.assert_allclose(samples.numpy().sum(-1), 1, rtol=1e-5)
    for gradient in tape.gradient(loss, [weight.value for weight in generator.weights]):
        assert np.isfinite(gradient).all()
        assert np.any(gradient)


@pytest.mark.slow
def test_a_hidden_dependency_is_learned() -> None:
    """Two fair columns, a third their exclusive or: no column and no pair tells, the row does."""
    random = np.random.default_rng(0)
    rows = random.integers(2, size=(2_000, 2))
    rows = np.column_stack([rows, rows[:, 0] ^ rows[:, 1]])
    gan = gg.CategoricalGAN(
        ColumnGenerator([2, 2, 2], units=16, seed=0, runs=2),
        gg.MlpDiscriminator(2, runs=2, seed=1, units=(32,), length=3),
        pair="relativistic",
        temperature=0.5,
        estimator="straight_through",
        generator_steps=1,
        penalties={"r1": 0.1},
        seed=0,
    )
    gan.compile(keras.optimizers.Adam(0.01, beta_1=0.5), keras.optimizers.Adam(0.01, beta_1=0.5))
    before = gan.evaluate(rows, verbose=0, return_dict=True)["log_likelihood"]
    gan.fit(rows, batch_size=64, epochs=10, verbose=0)
    after = gan.evaluate(rows, verbose=0, return_dict=True)["log_likelihood"]
    assert before < -1.9  # three bits: -2.08
    assert after > -1.6  # two bits: -1.39


def test_saved_and_loaded() -> None:
    generator = shaken()
    again = ColumnGenerator.from_config(generator.get_config())
    again.set_weights(generator.get_weights())
    np.testing.assert_array_equal(again.probabilities(ROWS), generator.probabilities(ROWS))


def test_refused() -> None:
    for sizes, message in (([3], "sizes: columns: received 1"), ([1, 1], "sizes: the largest: received 1")):
        with pytest.raises(ValueError, match=message):
            ColumnGenerator(sizes)


def test_filled_rows_follow_the_probabilities() -> None:
    """Where nothing is known, the draws are the generator's, in every run."""
    generator = shaken()
    start, unknown = np.zeros((20_000, 3), np.int32), np.zeros(3, bool)
    for run in range(2):
        drawn, weights = generator.fill(start, unknown, (1, 2), run)
        assert (weights == 0).all()
        cells = np.ravel_multi_index(tuple(drawn.T), SIZES)
        check_frequencies(cells, generator.probabilities(ROWS)[run], detect=0.05)


def test_known_columns_stay_and_are_weighted() -> None:
    """The weight of a whole row is its log-probability, and that of a part is the part's."""
    generator = shaken()
    filled, weights = generator.fill(ROWS, np.ones(3, bool), (1, 2), 1)
    np.testing.assert_array_equal(filled, ROWS)
    np.testing.assert_allclose(weights, generator.log_probabilities(ROWS)[1], rtol=1e-4)
    heads, known = ROWS.copy(), np.array([True, True, False])
    filled, weights = generator.fill(heads, known, (1, 2), 0)
    np.testing.assert_array_equal(filled[:, :2], ROWS[:, :2])
    joint = generator.probabilities(ROWS)[0].reshape(SIZES).sum(2)
    np.testing.assert_allclose(np.exp(weights), joint[ROWS[:, 0], ROWS[:, 1]], rtol=1e-4)


def test_long_lists_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows in several parts give what they give at once."""
    generator = shaken()
    expected = generator.log_probabilities(ROWS)
    monkeypatch.setattr("gumbel_gan.gan.autoregressive.AT_ONCE", 7)
    np.testing.assert_allclose(generator.log_probabilities(ROWS), expected, rtol=1e-5)
    monkeypatch.setattr("gumbel_gan.gan.autoregressive.AT_ONCE", 4)
    drawn, weights = generator.fill(ROWS, np.ones(3, bool), (1, 2))
    np.testing.assert_array_equal(drawn, ROWS)
    np.testing.assert_allclose(weights, expected[0], rtol=1e-4)
    free, _ = generator.fill(np.zeros((400, 3), np.int32), np.zeros(3, bool), (1, 2))
    assert len({row.tobytes() for row in free[:4]} | {row.tobytes() for row in free[4:8]}) > 4
    assert generator.fill(ROWS[:0], np.ones(3, bool), (1, 2))[0].shape == (0, 3)


def test_many_symbols_are_computed_in_smaller_parts() -> None:
    """So that a column of 10,000 categories takes no more memory than a few."""
    assert gg.ColumnGenerator([2, 3], runs=2).at_once == 1 << 14
    assert gg.ColumnGenerator([2, 10_000], units=2).at_once * 10_000 <= 1 << 22
    assert gg.ColumnGenerator([2, 10_000], units=2, runs=2).at_once * 20_000 <= 1 << 22

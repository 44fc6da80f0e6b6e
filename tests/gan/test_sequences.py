import itertools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan.config.catalogue import DISCRIMINATORS, ESTIMATORS, GENERATORS
from gumbel_gan.config.config import Config, Training
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.data.grammar import SYMBOLS, grammar
from gumbel_gan.data.stream import Stream
from gumbel_gan.gan.autoregressive import AutoregressiveGenerator
from gumbel_gan.gan.discriminators import LogisticDiscriminator, MlpDiscriminator
from gumbel_gan.gan.epochs import dataset
from gumbel_gan.gan.game import CategoricalGAN
from gumbel_gan.gan.parts import Examples
from gumbel_gan.gan.sequences import (
    ConvolutionDiscriminator,
    Lstm,
    LstmDiscriminator,
    SequenceGenerator,
    windows,
)
from gumbel_gan.training.build import build

from ..statistics import check_frequencies

ALL = np.array(list(itertools.product(range(6), repeat=4)), np.int32)  # the 1,296 sequences of length 4
SMALL: dict[str, Any] = {
    "epochs": 2,
    "temperature": 1.0,
    "data": Data(length=5),
    "training": Training(batch_size=8, batches=3, generator_steps=1),
}
PATHWISE = ESTIMATORS.names(pathwise=True)
KINDS: list[tuple[str, list[int]]] = [("mlp", [8]), ("convolution", [4, 4]), ("lstm", [6, 6])]


def sharp(length: int = 4, symbols: str = SYMBOLS, units: int = 8, runs: int = 1) -> SequenceGenerator:
    """A generator that is far from uniform, in every run in another way."""
    generator = SequenceGenerator(symbols, length, units, seed=1, runs=runs)
    for weight in generator.weights:
        random = np.random.default_rng(weight.shape[1])
        weight.assign(3 * random.normal(size=weight.shape) / units**0.5)
    return generator


def copy_run(run: int, many: Any, one: Any) -> None:
    """Give a network of one run the weights of one of many."""
    for ours, weight in zip(one.weights, many.weights, strict=True):
        ours.assign(weight.numpy()[run : run + 1])


def discriminator(kind: str, units: list[int], runs: int = 1, length: int = 4, seed: int = 3) -> Any:
    return DISCRIMINATORS.make(
        kind, "discriminator.kind", 6, runs=runs, seed=seed, length=length, units=units
    )


@pytest.mark.parametrize("runs", [1, 3])
def test_probabilities_of_all_sequences_sum_to_one(runs: int) -> None:
    probabilities = sharp(runs=runs).probabilities(ALL)
    assert probabilities.shape == (runs, 6**4)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert (probabilities.max(1) > 20 / 6**4).all()


@pytest.mark.parametrize("runs", [1, 3])
def test_probabilities_are_those_of_the_samples_of_each_run(runs: int) -> None:
    """Of hard samples, fed back; a difference of 0.01 in any sequence would be found."""
    generator = sharp(length=2, symbols="ab ", runs=runs)
    pairs = np.array(list(itertools.product(range(3), repeat=2)), np.int32)
    samples = generator.sample(400_000, seed=(1, 2)).numpy()
    assert samples.shape == (runs, 400_000, 2)
    assert samples.dtype == np.int32
    probabilities = generator.probabilities(pairs)
    for run in range(runs):
        check_frequencies(samples[run] @ np.array([3, 1]), probabilities[run], detect=0.01)
        # The runs differ by more than what is found, so that no two are mistaken for each other.
        assert all(np.abs(probabilities[run] - probabilities[other]).max() > 0.05 for other in range(run))


@pytest.mark.parametrize("name", PATHWISE)
def test_samples_of_every_pathwise_estimator(name: str) -> None:
    """Vectors of the simplex whose first symbols are those of the generator, with a gradient in all."""
    generator, estimator = sharp(), ESTIMATORS.make(name, "estimator")
    with tf.GradientTape() as tape:
        samples = generator.relaxed(estimator, tf.constant(0.5), 3_500, (3, 4))
        value = tf.reduce_sum(samples * tf.random.stateless_normal(samples.shape, (5, 6)))
    assert samples.shape == (1, 3_500, 4, 6)
    np.testing.assert_allclose(samples.numpy().sum(-1), 1, rtol=1e-5)
    gradients = tape.gradient(value, [weight.value for weight in generator.trainable_weights])
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)
    first = np.array([generator.probabilities(ALL)[0][ALL[:, 0] == k].sum() for k in range(6)])
    check_frequencies(samples.numpy()[0, :, 0].argmax(-1), first, detect=0.1)


def test_relaxed_samples_of_several_runs() -> None:
    """Each run's first symbols are its own, and its loss has a gradient in its own weights only."""
    generator, estimator = sharp(runs=3), ESTIMATORS.make("gumbel_softmax", "estimator")
    with tf.GradientTape() as tape:
        samples = generator.relaxed(estimator, tf.constant(0.5), 3_500, (3, 4))
        value = tf.reduce_sum(samples[1] * tf.random.stateless_normal(samples.shape[1:], (5, 6)))
    assert samples.shape == (3, 3_500, 4, 6)
    probabilities = generator.probabilities(ALL)
    for run in range(3):
        first = np.array([probabilities[run][ALL[:, 0] == k].sum() for k in range(6)])
        check_frequencies(samples.numpy()[run, :, 0].argmax(-1), first, detect=0.1)
    for gradient in tape.gradient(value, [weight.value for weight in generator.trainable_weights]):
        assert (np.abs(gradient).max(axis=(1, *range(2, gradient.shape.rank))) > 0).tolist() == [
            False,
            True,
            False,
        ]


def test_surrogate_is_the_mean_loss_of_each_run() -> None:
    generator, estimator = sharp(runs=3), ESTIMATORS.make("gumbel_softmax", "estimator")
    arguments = (tf.constant(0.5), 50, (3, 4))
    found = generator.surrogate(estimator, lambda x: tf.reduce_sum(x[..., 0] ** 2, axis=2), *arguments)
    samples = generator.relaxed(estimator, *arguments).numpy()
    np.testing.assert_allclose(found, (samples[..., 0] ** 2).sum(2).mean(1), rtol=1e-5)


def test_noise_differs_between_steps_seeds_and_runs() -> None:
    generator = SequenceGenerator(SYMBOLS, 4, 8, runs=2)
    for weight in generator.weights:
        weight.assign(tf.zeros_like(weight))  # all symbols alike: only the noise tells them apart
    samples = generator.sample(500, (1, 2)).numpy()
    for run in range(2):
        pairs = itertools.combinations(range(4), 2)
        same = [(samples[run, :, a] == samples[run, :, b]).mean() for a, b in pairs]
        assert max(same) < 0.3  # chance is 1/6
    assert (generator.sample(500, (1, 3)).numpy() == samples).mean() < 0.3
    assert (samples[0] == samples[1]).mean() < 0.3
    np.testing.assert_array_equal(generator.sample(500, (1, 2)), samples)


def test_runs_are_those_of_single_generators() -> None:
    """The very numbers that a generator of one run gives with the same weights."""
    generator, single = sharp(runs=3), SequenceGenerator(SYMBOLS, 4, 8)
    codes = np.random.default_rng(0).integers(6, size=(3, 50, 4)).astype(np.int32)
    together, probabilities = generator(tf.constant(codes)).numpy(), generator.probabilities(ALL)
    for run in range(3):
        copy_run(run, generator, single)
        np.testing.assert_allclose(single(tf.constant(codes[run : run + 1]))[0], together[run], rtol=1e-6)
        log_probabilities = np.log(probabilities[run])
        np.testing.assert_allclose(np.log(single.probabilities(ALL)[0]), log_probabilities, rtol=1e-6)
        np.testing.assert_allclose(single(tf.constant(ALL[None]))[0], log_probabilities, rtol=1e-5, atol=1e-5)
    assert np.abs(probabilities[0] - probabilities[1]).max() > 0.001


def test_step_is_that_of_keras() -> None:
    """`keras.layers.LSTMCell` with a dense layer on top, and the same weights."""
    generator = sharp(runs=2)
    random = np.random.default_rng(0)
    symbol, output, memory = (random.normal(size=(2, 7, n)).astype(np.float32) for n in (6, 8, 8))
    logits, state = generator.step(0, tf.constant(symbol), (tf.constant(output), tf.constant(memory)))
    for run in range(2):
        cell, head = keras.layers.LSTMCell(8), keras.layers.Dense(6)
        cell.build((None, 6))
        head.build((None, 8))
        lstm = generator.lstm
        cell.set_weights([w.numpy()[run] for w in (lstm.kernel, lstm.recurrent_kernel, lstm.bias)])
        head.set_weights([w.numpy()[run] for w in (generator.head_kernel, generator.head_bias)])
        expected, expected_state = cell(symbol[run], [output[run], memory[run]])
        np.testing.assert_allclose(logits[run], head(expected), rtol=1e-5, atol=1e-5)
        for ours, theirs in zip(state, expected_state, strict=True):
            np.testing.assert_allclose(ours[run], theirs, rtol=1e-5, atol=1e-6)


def test_sequences_as_strings() -> None:
    generator = SequenceGenerator("ab ", 3)
    assert generator.names(np.array([[0, 1, 2], [2, 1, 2], [2, 2, 2]]), ()) == ["ab", " b", ""]


def test_generator_is_saved_and_loaded(tmp_path: Path) -> None:
    generator = sharp(runs=2)
    generator.save(tmp_path / "g.keras")
    again = keras.models.load_model(tmp_path / "g.keras")
    assert (again.symbols, again.length, again.units, again.runs) == (SYMBOLS, 4, 8, 2)
    np.testing.assert_array_equal(again.probabilities(ALL), generator.probabilities(ALL))


def test_generator_is_made_with_another_seed_than_the_discriminator() -> None:
    made = GENERATORS.load("lstm").made(Examples(6, SYMBOLS, length=4), 2, 7, units=8)
    assert (made.symbols, made.length, made.units, made.runs) == (SYMBOLS, 4, 8, 2)
    kernel = LstmDiscriminator(6, 4, 2, 7, [8]).weights[0]
    assert kernel.shape == made.weights[0].shape
    assert (made.weights[0].numpy() != kernel.numpy()).all()


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name not in PATHWISE])
def test_generator_refuses_an_estimator_that_is_not_pathwise(name: str) -> None:
    estimator = ESTIMATORS.make(name, "estimator")
    with pytest.raises(ValueError, match="^generator.estimator: received ") as refused:
        CategoricalGAN(SequenceGenerator(SYMBOLS, 4, 8), LogisticDiscriminator(6), estimator=estimator)
    message = str(refused.value)
    assert type(estimator).__name__ in message
    assert "give one derived from gumbel_gan.Pathwise" in message
    assert "\n" not in message


def test_generator_takes_every_pathwise_estimator() -> None:
    for name in PATHWISE:
        SequenceGenerator(SYMBOLS, 4, 8).check_estimator(ESTIMATORS.make(name, "estimator"))


@pytest.mark.parametrize("runs", [1, 3])
@pytest.mark.parametrize(("kind", "units"), KINDS)
def test_discriminators(kind: str, units: list[int], runs: int, tmp_path: Path) -> None:
    """Integers and their one-hot vectors are the same; all of the sequence counts."""
    judge = discriminator(kind, units, runs)
    codes = tf.constant(np.tile(ALL[None, ::50], (runs, 1, 1)))
    verdict = judge(codes).numpy()
    assert verdict.shape == codes.shape[:2]
    np.testing.assert_allclose(judge(tf.one_hot(codes, 6)), verdict, rtol=1e-5)
    for place in range(4):
        changed = codes.numpy()
        changed[..., place] = (changed[..., place] + 1) % 6
        assert (np.abs(judge(tf.constant(changed)).numpy() - verdict).max(1) > 1e-4).all()
    judge.save(tmp_path / "d.keras")
    again = keras.models.load_model(tmp_path / "d.keras")
    assert type(again) is type(judge)
    np.testing.assert_allclose(again(codes), verdict, rtol=1e-6)


@pytest.mark.parametrize(("kind", "units"), KINDS)
def test_runs_are_those_of_single_discriminators(kind: str, units: list[int]) -> None:
    """The very numbers that a discriminator of one run gives with the same weights, of hard and soft."""
    judge = discriminator(kind, units, runs=3)
    random = np.random.default_rng(0)
    for weight in judge.weights:  # biases that are not all zero, too
        weight.assign(weight.numpy() + 0.3 * random.normal(size=weight.shape))
    integers = random.integers(6, size=(3, 40, 4)).astype(np.int32)
    soft = random.dirichlet(np.ones(6), size=(3, 40, 4)).astype(np.float32)
    for x in (integers, soft):
        together = judge(tf.constant(x)).numpy()
        for run in range(3):
            single = discriminator(kind, units)
            copy_run(run, judge, single)
            x_run = tf.constant(x[run : run + 1])
            np.testing.assert_allclose(single(x_run)[0], together[run], rtol=1e-5, atol=1e-6)
            np.testing.assert_array_equal(judge.of_run(run)(x_run), single(x_run))
        assert np.abs(together[0] - together[1]).max() > 0.01


def layers_of_keras(kind: str, units: list[int]) -> list[Any]:
    """The discriminators of one run as Keras' own layers."""
    layers = keras.layers
    if kind == "lstm":
        return [layers.LSTM(u, return_sequences=u is not units[-1]) for u in units] + [layers.Dense(1)]
    hidden: list[Any] = []
    for size in units:
        dense = layers.Dense(size) if kind == "mlp" else layers.Conv1D(size, 3, padding="same")
        hidden += [dense, layers.LeakyReLU(0.2)]
    flat = layers.Flatten()
    return [flat, *hidden, layers.Dense(1)] if kind == "mlp" else [*hidden, flat, layers.Dense(1)]


@pytest.mark.parametrize(("kind", "units"), [("mlp", [8, 7]), ("convolution", [4, 5]), ("lstm", [6, 5])])
def test_discriminators_are_those_of_keras(kind: str, units: list[int]) -> None:
    """Keras' own dense layers, convolutions and LSTMs with the same weights."""
    judge = discriminator(kind, units, runs=2)
    random = np.random.default_rng(0)
    for weight in judge.weights:
        weight.assign(0.5 * random.normal(size=weight.shape))
    x = random.dirichlet(np.ones(6), size=(2, 9, 4)).astype(np.float32)
    for run in range(2):
        network = keras.Sequential([keras.layers.Input((4, 6)), *layers_of_keras(kind, units)])
        weights = [weight.numpy()[run] for weight in judge.weights]
        for theirs, ours in zip(network.weights, weights, strict=True):
            theirs.assign(ours.reshape(theirs.shape))
        np.testing.assert_allclose(judge(tf.constant(x))[run], network(x[run])[:, 0], rtol=1e-4, atol=1e-5)


def lstms() -> list[tuple[Lstm, int]]:
    """The cells of a generator and of a discriminator, four runs each, with their inputs."""
    generator = SequenceGenerator(SYMBOLS, 4, units=8, seed=7, runs=4)
    first, second = LstmDiscriminator(6, 4, 4, 1_000, [8, 8]).cells
    return [(generator.lstm, 6), (first, 6), (second, 8)]


def test_recurrent_kernels_begin_orthogonal_in_every_run() -> None:
    """Keras' first argument is the gain: a seed in its place would make kernels of a norm of a thousand."""
    for cell, _ in lstms():
        recurrent = cell.recurrent_kernel.numpy()
        assert recurrent.shape == (4, 8, 32)
        for kernel in recurrent:
            np.testing.assert_allclose(kernel @ kernel.T, np.eye(8), atol=1e-5)
        for one, other in itertools.combinations(recurrent, 2):
            assert np.abs(one - other).max() > 0.1


def test_lstms_begin_by_keeping_their_memory() -> None:
    """Biases are zero but for ones of the gate that keeps the memory, as Keras has them."""
    cell = keras.layers.LSTMCell(8)
    cell.build((None, 6))
    for ours, _ in lstms():
        np.testing.assert_array_equal(ours.bias.numpy(), np.tile(cell.weights[2].numpy(), (4, 1)))


def test_kernels_begin_glorot_uniform_by_the_fans_of_each_run() -> None:
    """Whatever the number of runs, +-sqrt(6 / (in + out)) of a run's own matrix."""
    runs = 64
    generator = SequenceGenerator(SYMBOLS, 4, units=8, seed=7, runs=runs)
    convolution = ConvolutionDiscriminator(6, 4, runs, 3, [5, 5])
    lstm = LstmDiscriminator(6, 4, runs, 3, [8, 8])
    mlp = MlpDiscriminator(6, runs, 3, length=4, units=[16])
    kernels = [
        generator.lstm.kernel, generator.head_kernel, convolution.layers_[0][0], convolution.layers_[1][0],
        convolution.head, *(cell.kernel for cell in lstm.cells), lstm.head, *mlp.kernels,
    ]  # fmt: skip
    for variable in kernels:
        kernel = variable.numpy()
        limit = np.sqrt(6 / sum(kernel.shape[1:]))
        assert kernel.shape[0] == runs
        assert np.abs(kernel).max() <= limit
        assert np.abs(kernel).max() > 0.97 * limit
        assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.05)
        assert len(np.unique(kernel.reshape(runs, -1)[:, 0])) == runs  # no two runs begin alike
    assert [kernel.shape[1:] for kernel in kernels] == [
        (6, 32), (8, 6), (18, 5), (15, 5), (20, 1), (6, 32), (8, 32), (8, 1), (24, 16), (16, 1)
    ]  # fmt: skip


def test_layers_of_equal_shapes_begin_different() -> None:
    """Within a run every matrix is drawn by itself."""
    convolution = ConvolutionDiscriminator(5, 4, 2, 3, [5, 5, 5])
    lstm = LstmDiscriminator(8, 4, 2, 3, [8, 8])
    for one, other in (
        *itertools.combinations([kernel.numpy() for kernel, _ in convolution.layers_], 2),
        [cell.kernel.numpy() for cell in lstm.cells],
        [cell.recurrent_kernel.numpy() for cell in lstm.cells],
    ):
        for run in range(2):
            assert (one[run] != other[run]).mean() > 0.99


def test_convolution_is_one() -> None:
    judge = ConvolutionDiscriminator(6, 4, 2, 3, [5])
    kernel, bias = (weight.numpy() for weight in judge.layers_[0])
    bias = np.random.default_rng(1).normal(size=bias.shape).astype(np.float32)
    judge.layers_[0][1].assign(bias)
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 6)).astype(np.float32)
    hidden = judge.hidden(tf.constant(x)).numpy()
    for run in range(2):
        expected = tf.nn.conv1d(x[run], kernel[run].reshape(3, 6, 5), 1, "SAME") + bias[run]
        expected = tf.nn.leaky_relu(expected).numpy().reshape(3, -1)
        np.testing.assert_allclose(hidden[run], expected, atol=1e-5)


def test_windows() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 0)])
    expected = np.stack([padded[:, :, step : step + 3].reshape(2, 3, 15) for step in range(4)], axis=2)
    np.testing.assert_array_equal(windows(tf.constant(x)), expected)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(
            {"discriminator": Discriminator(kind="convolution", units=[4], r1=1.0)}, marks=pytest.mark.slow
        ),
        pytest.param(
            {"discriminator": Discriminator(kind="lstm", units=[4], gradient_penalty=1.0)},
            marks=pytest.mark.slow,  # half a minute of compiling
        ),
        pytest.param(
            {
                "discriminator": Discriminator(kind="mlp", units=[4]),
                "data": Data(length=5, smoothing="noise"),
            },
            marks=pytest.mark.slow,
        ),
    ],
)
def test_training_of_two_runs_is_one_compiled_program(parts: dict[str, Any]) -> None:
    config = Config(**{**SMALL, "runs": 2, "generator": Generator(kind="lstm", units=6, ema=0.9), **parts})
    source = grammar(strings=50, length=5)
    gan = build(config, 6, source.alphabet)
    before = [weight.numpy() for weight in gan.generator.weights]
    stream = Stream(source, runs=2, batches=3, batch_size=8)
    gan.fit(dataset(stream), epochs=2, steps_per_epoch=1, shuffle=False, verbose=0)
    assert gan.traces == 1
    for old, weight in zip(before, gan.generator.weights, strict=True):
        moved = weight.numpy() - old
        assert all(np.abs(of_run).max() > 0 for of_run in moved)
        assert np.abs(moved[0] - moved[1]).max() > 0
    for losses in gan.run_metrics.values():
        assert losses.shape == (2,)
        assert np.isfinite(losses).all()
    learned = gan.learned(source.codes)
    assert learned.shape == (2, len(source.labels))
    assert np.abs(learned[0] - learned[1]).max() > 1e-6


def test_runs_do_not_touch_each_other() -> None:
    """Change one run's discriminator: all others learn the very same numbers."""
    learned = []
    parts = {"generator": Generator(kind="lstm", units=6), "discriminator": Discriminator(kind="mlp")}
    real = tf.constant(np.random.default_rng(0).integers(6, size=(3, 8, 5)), tf.int32)
    for factor in (1.0, 3.0):
        gan = build(Config(**{**SMALL, "runs": 3, **parts}), 6, SYMBOLS)
        for kernel in gan.discriminator.kernels:
            kernel.assign(kernel.numpy() * np.array([1.0, factor, 1.0])[:, None, None])
        for _ in range(3):
            gan.discriminator_step(real)
            gan.generator_step(real)
        learned.append([weight.numpy() for weight in gan.generator.weights])
    for one, other in zip(*learned, strict=True):
        np.testing.assert_array_equal(one[[0, 2]], other[[0, 2]])
        assert (one[1] != other[1]).any()


@pytest.mark.parametrize("name", ["gumbel_softmax", "st_gumbel_softmax", "reinmax"])
def test_the_loop_does_what_its_steps_do(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples and gradients, up to rounding, compiled and not."""
    generator = SequenceGenerator("ab ", length=5, units=4, seed=0, runs=2)
    estimator, weights = ESTIMATORS.load(name)(), generator.trainable_weights

    def drawn() -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            samples = generator.relaxed(estimator, tf.constant(0.5), 3, (1, 2))
            loss = tf.reduce_sum(samples * tf.range(3.0) * tf.range(5.0)[:, None])
        return samples, tape.gradient(loss, [weight.value for weight in weights])

    looped = drawn(), tf.function(drawn, jit_compile=True)()
    monkeypatch.setattr(SequenceGenerator, "emitted", AutoregressiveGenerator.emitted)
    samples, gradients = drawn()
    for again, others in looped:
        np.testing.assert_allclose(again, samples, atol=1e-5)
        for gradient, other in zip(gradients, others, strict=True):
            assert np.abs(gradient).max() > 1e-3
            np.testing.assert_allclose(other, gradient, atol=1e-4)

import itertools
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan import baselines, plot, sample, train
from gumbel_gan.config import PATHWISE, Config, Data, Discriminator, Generator, Training
from gumbel_gan.data import Stream, dataset
from gumbel_gan.estimators import ESTIMATORS, Pathwise
from gumbel_gan.experiment import build
from gumbel_gan.language import SYMBOLS
from gumbel_gan.results import OTHER, load
from gumbel_gan.sequences import SequenceDiscriminator, SequenceGenerator
from gumbel_gan.sources import grammar

from .statistics import check_frequencies

ALL = np.array(list(itertools.product(range(6), repeat=4)), np.int32)  # the 1,296 sequences of length 4
SMALL: dict[str, Any] = {
    "epochs": 2,
    "temperature": 1.0,
    "data": Data(length=5),
    "training": Training(batch_size=8, batches=3, generator_steps=1),
}


def sharp(length: int = 4, symbols: str = SYMBOLS, units: int = 8) -> SequenceGenerator:
    """A generator that is far from uniform."""
    generator = SequenceGenerator(symbols, length, units, seed=1)
    for weight in generator.weights:
        weight.assign(3 * np.random.default_rng(weight.shape[0]).normal(size=weight.shape) / units**0.5)
    return generator


def test_probabilities_of_all_sequences_sum_to_one() -> None:
    probabilities = sharp().probabilities(ALL)
    assert probabilities.shape == (1, 6**4)
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert probabilities.max() > 20 / 6**4


def test_probabilities_are_those_of_the_samples() -> None:
    """Of hard samples, fed back; a difference of 0.01 in any sequence would be found."""
    generator = sharp(length=2, symbols="ab ")
    pairs = np.array(list(itertools.product(range(3), repeat=2)), np.int32)
    samples = generator.sample(400_000, seed=(1, 2)).numpy()[0]
    assert samples.shape == (400_000, 2)
    check_frequencies(samples @ np.array([3, 1]), generator.probabilities(pairs)[0], detect=0.01)


@pytest.mark.parametrize("name", PATHWISE)
def test_samples_of_every_pathwise_estimator(name: str) -> None:
    """Vectors of the simplex whose first symbols are those of the generator, with a gradient in all."""
    generator, estimator = sharp(), ESTIMATORS[name]()
    with tf.GradientTape() as tape:
        samples = generator.relaxed(estimator, tf.constant(0.5), 3_500, (3, 4))
        value = tf.reduce_sum(samples * tf.random.stateless_normal(samples.shape, (5, 6)))
    assert samples.shape == (1, 3_500, 4, 6)
    np.testing.assert_allclose(samples.numpy().sum(-1), 1, rtol=1e-5)
    gradients = tape.gradient(value, [weight.value for weight in generator.trainable_weights])
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)
    first = np.array([generator.probabilities(ALL)[0][ALL[:, 0] == k].sum() for k in range(6)])
    check_frequencies(samples.numpy()[0, :, 0].argmax(-1), first, detect=0.1)


def test_names_of_the_pathwise_estimators() -> None:
    assert {name for name, estimator in ESTIMATORS.items() if issubclass(estimator, Pathwise)} == set(
        PATHWISE
    )


def test_noise_differs_between_steps_and_seeds() -> None:
    generator = sharp()
    for weight in generator.weights:
        weight.assign(tf.zeros_like(weight))  # all symbols alike: only the noise tells them apart
    samples = generator.sample(500, (1, 2)).numpy()[0]
    same = [(samples[:, a] == samples[:, b]).mean() for a, b in itertools.combinations(range(4), 2)]
    assert max(same) < 0.3  # chance is 1/6
    assert (generator.sample(500, (1, 3)).numpy()[0] == samples).mean() < 0.3


@pytest.mark.parametrize(("kind", "units"), [("mlp", [8]), ("convolution", [4, 4]), ("lstm", [6, 6])])
def test_discriminators(kind: str, units: list[int], tmp_path: Path) -> None:
    """Integers and their one-hot vectors are the same; all of the sequence counts."""
    discriminator = SequenceDiscriminator(6, 4, kind, units, seed=3)
    codes = tf.constant(ALL[None, ::50])
    verdict = discriminator(codes).numpy()
    assert verdict.shape == codes.shape[:2]
    np.testing.assert_allclose(discriminator(tf.one_hot(codes, 6)), verdict, rtol=1e-5)
    for place in range(4):
        changed = codes.numpy()
        changed[..., place] = (changed[..., place] + 1) % 6
        assert np.abs(discriminator(changed).numpy() - verdict).max() > 1e-4
    discriminator.save(tmp_path / "d.keras")
    again = keras.models.load_model(tmp_path / "d.keras")
    np.testing.assert_allclose(again(codes), verdict, rtol=1e-6)


def test_recurrent_kernels_begin_orthogonal() -> None:
    """Keras' first argument is the gain: a seed in its place would make kernels of a norm of a thousand."""
    lstm = SequenceDiscriminator(6, 4, "lstm", [8], seed=1_000).network.layers[0]
    for cell in (lstm, SequenceGenerator(SYMBOLS, 4, units=8, seed=7).cell):
        recurrent = cell.weights[1].numpy()
        np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(8), atol=1e-5)


def test_convolution_is_one() -> None:
    discriminator = SequenceDiscriminator(6, 4, "convolution", [5])
    windows, dense = discriminator.network.layers[:2]
    x = np.random.default_rng(0).normal(size=(2, 4, 6)).astype(np.float32)
    kernel, bias = (weight.numpy() for weight in dense.weights)
    expected = tf.nn.conv1d(x, kernel.reshape(3, 6, 5), 1, "SAME") + bias
    np.testing.assert_allclose(dense(windows(x)), expected, atol=1e-5)


@pytest.mark.parametrize(
    "parts",
    [
        {"discriminator": Discriminator(kind="convolution", units=[4], r1=1.0)},
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
def test_training_is_one_compiled_program(parts: dict[str, Any]) -> None:
    config = Config(**{**SMALL, "generator": Generator(kind="lstm", units=6, ema=0.9), **parts})
    source = grammar(strings=50, length=5)
    gan = build(config, 6, source.symbols)
    before = [weight.numpy() for weight in gan.generator.weights]
    stream = Stream(source, batches=3, batch_size=8)
    gan.fit(dataset(stream), epochs=2, steps_per_epoch=1, shuffle=False, verbose=0)
    assert gan._epoch.experimental_get_tracing_count() == 1
    for old, weight in zip(before, gan.generator.weights, strict=True):
        assert np.abs(weight.numpy() - old).max() > 0
    assert np.isfinite(gan.run_metrics["discriminator_loss"].numpy()).all()


GRAMMAR = (
    "--config", str(Path(__file__).parent.parent / "configs" / "grammar.yaml"), "--epochs", "2",
    "--training.batches", "4", "--training.batch_size", "8", "--generator.units", "8",
    "--discriminator.units", "[8]", "--data.length", "5",
)  # fmt: skip


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    train.main(["--output", str(out), *GRAMMAR])
    printed = capsys.readouterr().out
    assert "validity 0." in printed
    assert "samples: '" in printed
    assert {path.name for path in out.iterdir()} >= {"training.png", "lengths.png", "error_heatmap.png"}
    summary = json.loads((out / "summary.json").read_text())
    assert len(summary["learned"][0]) == len(summary["labels"]) == 21
    assert sum(summary["learned"][0]) == pytest.approx(summary["validity"][0], abs=1e-6)
    lengths = summary["length_probabilities"]
    assert set(lengths) == {"1 symbol", "3 symbols", "5 symbols", OTHER}
    assert sum(lengths.values()) == pytest.approx(1, abs=1e-6)
    learned, target = np.array(summary["learned"][0]), np.array(summary["target"])
    expected = (np.abs(learned - target).sum() + 1 - learned.sum()) / 2
    assert summary["total_variation"][0] == pytest.approx(expected, abs=1e-6)
    assert (out / "metrics.csv").read_text().split("\n")[0].endswith("validity,coverage,kl")
    # What was saved is what was scored: the average of the weights.
    run = load(str(out))
    codes = grammar(length=5).codes
    np.testing.assert_allclose(run.generator.probabilities(codes), run.learned, atol=1e-8)
    assert run.probabilities.shape == (2, 1, 4)
    plot.main([str(out)])
    capsys.readouterr()
    sample.main([str(out), "-n", "7"])
    assert len(capsys.readouterr().out.splitlines()) == 7


@pytest.mark.slow
def test_own_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "names.txt"
    path.write_text("".join(f"{a}{b}\n" for a in "abcdefgh" for b in "xyz"))
    out = tmp_path / "run"
    train.main(["--output", str(out), *GRAMMAR, "--data.path", str(path), "--data.unit", "characters"])
    summary = json.loads((out / "summary.json").read_text())
    assert summary["perplexity"][0] > 1
    assert 0 <= summary["training_overlap"] <= 1
    assert 0 < summary["distinct_share"] <= 1
    assert "perplexity" in capsys.readouterr().out


def test_baselines() -> None:
    """On a law with one string, which each must find."""
    config = Config(
        epochs=60,
        data=Data(length=3, law="derivation", strings=3_000),
        generator=Generator(kind="lstm", units=8, learning_rate=0.03),
        discriminator=Discriminator(kind="mlp"),
        training=Training(batch_size=32, batches=5, generator_steps=1),
    )
    source = grammar("derivation", 3_000, 3)
    for name, learn in baselines.BASELINES.items():
        learned = learn(config)
        assert learned.shape == (1, 5), name
        np.testing.assert_allclose(learned[0], source.target, atol=0.03)
    with pytest.raises(ValueError, match="data.length: required for the baselines"):
        baselines.empirical(Config())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data.length", "12"], "generator.kind: received logits with data.length 12"),
        (["--generator.kind", "lstm"], "generator.kind: received lstm with data.length None"),
        (["--data.strings", "50"], "data.strings: received 50 without data.length"),
        (["--data.law", "derivation"], "data.law: received derivation without data.length"),
        ([*GRAMMAR, "--runs", "2"], "runs: received 2 with an lstm, which trains one"),
        ([*GRAMMAR, "--data.law", "zipf"], "data.law: received zipf for strings: give uniform or derivation"),
        ([*GRAMMAR, "--generator.estimator", "rloo"], "generator.estimator: received rloo with an lstm"),
        (
            ["--data.length", "5", "--generator.kind", "lstm"],
            "discriminator.kind: received logistic beside lstm",
        ),
        (["--discriminator.kind", "lstm"], "discriminator.kind: received lstm beside logits"),
        ([*GRAMMAR, "--data.smoothing", "relaxed"], "data.smoothing: received for sequences"),
        ([*GRAMMAR, "--diagnostics"], "diagnostics: received for sequences"),
        (
            [*GRAMMAR, "--data.path", "x", "--data.unit", "words"],
            "data.length: received with data.path x and",
        ),
        ([*GRAMMAR, "--data.length", "2"], "data.length: received 2: give 3 to 1000"),
        ([*GRAMMAR, "--data.length", "40"], "data.length: received 40 for the grammar: give 3 to 18"),
        ([*GRAMMAR, "--data.strings", "-1"], "data.strings: received -1"),
    ],
)
def test_usage(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        train.main([*arguments, "--output", str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert stopped.value.code == 2
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()

"""What is recorded of a training, how it is told of, how it is stopped."""

import itertools
import re
from pathlib import Path
from threading import Event

import keras
import numpy as np
import pytest

from gumbel_gan.config.config import Config, Training
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.data.feed import Feed
from gumbel_gan.data.grammar import grammar
from gumbel_gan.data.opening import open_source
from gumbel_gan.data.source import Distribution
from gumbel_gan.data.stream import Stream, count
from gumbel_gan.figures.training import error_heatmap
from gumbel_gan.results.storing import load, save
from gumbel_gan.terminal.progress import Progress
from gumbel_gan.training.program import NotFinite
from gumbel_gan.training.run import run

POST = (0.0, 0.0, 0.1, 0.3, 0.6)
SHORT = Training(batches=10, average_from=0.5)


def test_record() -> None:
    config = Config(runs=2, epochs=6, training=SHORT, seed=4)
    result, gan = run(config)
    assert result.probabilities.shape == (6, 2, 5)
    np.testing.assert_array_equal(result.probabilities[-1], gan.generator.probabilities())
    stream = Stream(Distribution(POST), runs=2, batches=10, seed=4)
    counts = sum(count(stream.epoch(epoch), 5) for epoch in range(6))
    np.testing.assert_allclose(result.counted, counts / 600)
    np.testing.assert_allclose(
        result.metrics["max_abs_error"], np.abs(result.probabilities - np.array(POST)).max(-1), rtol=1e-6
    )
    assert result.optimizer_steps == 6 * 10 * 11
    assert result.compile_seconds > result.train_seconds > 0


def test_average_of_every_step() -> None:
    """With one step an epoch the recorded probabilities are those of every step."""
    training = Training(batches=1, generator_steps=1, average_from=0.25)
    result, _ = run(Config(runs=2, epochs=20, training=training, generator=Generator(learning_rate=0.1)))
    np.testing.assert_allclose(result.averaged, result.probabilities[5:].mean(0), rtol=1e-5)
    assert np.abs(result.averaged - result.learned).max() > 0.01


def test_moving_average_of_the_weights() -> None:
    """By hand, from the last iterates of a training without one; the noise and the data are the same."""
    training = Training(batches=1, generator_steps=1)
    plain, _ = run(Config(epochs=10, training=training, generator=Generator(learning_rate=0.1)))
    result, gan = run(Config(epochs=10, training=training, generator=Generator(learning_rate=0.1, ema=0.8)))
    logits = np.log(plain.probabilities[:, 0])
    average = logits[0]
    for step, last in enumerate(logits):
        average = 0.8 * average + 0.2 * last if step else last
        expected = np.exp(average) / np.exp(average).sum()
        np.testing.assert_allclose(result.probabilities[step, 0], expected, rtol=1e-4)
    np.testing.assert_allclose(gan.generator.probabilities(), result.learned)  # so it is saved


def test_drift_is_tracked_and_counted(tmp_path: Path) -> None:
    data = Data(probabilities=[0.9, 0.1], drift=[0.2, 0.8], drift_from=3, drift_until=5, memory=2)
    result, _ = run(Config(runs=2, epochs=8, training=SHORT, data=data))
    np.testing.assert_allclose(result.targets[:, 0], [0.9, 0.9, 0.9, 0.55, 0.2, 0.2, 0.2, 0.2])
    np.testing.assert_allclose(result.target, [0.2, 0.8])
    source = open_source(data)
    stream = Stream(source, runs=2, batches=10)
    faded, counts = np.zeros((2, 2)), np.zeros((2, 2))
    for epoch, target in enumerate(result.targets):
        counted = count(stream.epoch(epoch), 2)
        faded, counts = np.exp(-1 / 2) * faded + counted, counts + counted
        for name, values in (("counted", counts), ("forgetting", faded)):
            error = np.abs(values / values.sum(-1, keepdims=True) - target).max(-1)
            np.testing.assert_allclose(result.metrics[f"{name}_max_abs_error"][epoch], error)
    save(result, str(tmp_path))
    again = load(str(tmp_path))
    np.testing.assert_allclose(again.targets, result.targets)
    lower = error_heatmap(again).axes[1]
    assert len(lower.get_lines()) == 3  # what is learned, counting, counting with forgetting


def test_many_rows_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gumbel_gan.training.recorder.MAX_ROWS", 25)
    result, _ = run(Config(epochs=11, training=SHORT))  # 55 rows: every third epoch, and the last
    assert result.epochs.tolist() == [3, 6, 9, 11]
    assert result.probabilities.shape == (4, 1, 5)
    assert len(result.metrics["generator_loss"]) == 11


def test_feed_that_ends() -> None:
    feed = Feed(itertools.islice(itertools.cycle("aab"), 250), "ab")
    result, _ = run(Config(runs=2, epochs=50, training=SHORT), feed)
    assert len(result.metrics["generator_loss"]) == 3  # two whole epochs and five batches
    assert result.target_is == "counted"
    np.testing.assert_allclose(result.target, [167 / 250, 83 / 250])
    np.testing.assert_allclose(result.counted, [result.target] * 2)
    np.testing.assert_allclose(result.targets[0], [67 / 100, 33 / 100])
    np.testing.assert_array_equal(result.averaged, result.learned)  # it ended before half of 50 epochs


def test_feed_without_a_batch() -> None:
    with pytest.raises(ValueError, match="the stream ended before the first batch of 10"):
        run(Config(training=SHORT), Feed("aab", "ab"))


def test_number_that_is_not_finite_stops_the_training_and_keeps_what_came_before() -> None:
    class Poison(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            if epoch == 2:
                logits = self.model.generator.logits.numpy()
                logits[1, 3] = np.nan
                self.model.generator.assign(logits)

    with pytest.raises(NotFinite, match=r"epoch 4, run 1: \w+ is nan") as error:
        run(Config(runs=3, epochs=9, training=SHORT), callbacks=[Poison()])
    assert error.value.result is not None
    assert error.value.result.trained_epochs == 3
    assert np.isfinite(error.value.result.learned).all()
    assert np.isfinite(error.value.gan.generator.logits.numpy()).all()


def test_first_epoch_that_is_not_finite() -> None:
    """There is nothing that was learned before."""
    config = Config(epochs=3, training=SHORT, generator=Generator(learning_rate=1e38))
    with pytest.raises(NotFinite, match="epoch 1, run 0: .* is nan") as error:
        run(config)
    assert error.value.result is None


def test_flag_that_stops() -> None:
    """The epoch in which it is set is the last one; what was learned until then is the result."""
    stopping, told = Event(), []

    def progress(done: float, planned: float, shown: str) -> None:
        told.append((done, planned))
        if done == 2:
            stopping.set()

    result, _ = run(Config(epochs=9, training=SHORT), progress=progress, stopping=stopping)
    assert result.trained_epochs == 2
    assert told == [(done, 9) for done in range(3)]
    result, _ = run(Config(epochs=9, training=SHORT), stopping=stopping)
    assert result.trained_epochs == 1


@pytest.mark.slow
def test_strings_of_every_run() -> None:
    """Their scores are columns, their lengths are what is kept, and each run has samples of its own."""
    config = Config(
        runs=2,
        epochs=3,
        temperature=1.0,
        data=Data(length=5, strings=50),
        generator=Generator(kind="lstm", units=4, learning_rate=0.01),
        discriminator=Discriminator(kind="mlp", units=[4]),
        training=Training(batches=5, generator_steps=2),
    )
    result, gan = run(config)
    source = grammar(strings=50, length=5)
    np.testing.assert_allclose(result.learned, gan.learned(source.codes))
    assert result.probabilities.shape == (3, 2, 4)
    assert result.shown_labels == ("1 symbol", "3 symbols", "5 symbols", "(anything else)")
    np.testing.assert_allclose(result.probabilities.sum(-1), 1)
    nothing = np.empty((2, 0))
    for name, values in source.scores(result.learned, nothing, nothing, 2).items():
        np.testing.assert_allclose(result.metrics[name][-1], values)
    assert [len(samples) for samples in result.samples] == [1000, 1000]
    assert result.samples[0] != result.samples[1]
    stream = Stream(source, runs=2, batches=5)
    counts = sum(count(stream.epoch(epoch), len(source.labels)) for epoch in range(3))
    np.testing.assert_allclose(result.counted, counts / 150)
    assert (result.counted[0] != result.counted[1]).any()


def test_progress_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    run(Config(epochs=20, training=SHORT), progress=Progress("epoch"))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert re.fullmatch(
        r"epoch 20/20: discriminator_loss \d\.\d+, generator_loss \d\.\d+, max_abs_error \d\.\d+", lines[-1]
    )


@pytest.mark.parametrize("columns", ["80", "120"])
def test_progress_on_a_terminal(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("rich._console", None)  # it looks at the size once
    progress = Progress("epoch")
    run(Config(epochs=20, training=SHORT), progress=progress)
    progress.close()
    assert "20/20" in capsys.readouterr().out

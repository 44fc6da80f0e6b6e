import itertools
import re

import keras
import numpy as np
import pytest

from gumbel_gan.callbacks import Progress
from gumbel_gan.config import Config, Training
from gumbel_gan.data import Stream
from gumbel_gan.experiment import NotFinite, run
from gumbel_gan.metrics import count
from gumbel_gan.sources import Distribution, Feed

POST = (0.0, 0.0, 0.1, 0.3, 0.6)
SHORT = Training(batches=10, average_from=0.5)


def test_record() -> None:
    config = Config(runs=2, epochs=6, training=SHORT, seed=4)
    result, gan = run(config)
    assert result.probabilities.shape == (6, 2, 5)
    np.testing.assert_array_equal(result.probabilities[-1], gan.generator.probabilities())
    np.testing.assert_allclose(result.averaged, result.probabilities[3:].mean(0), rtol=1e-6)
    stream = Stream(Distribution(POST), runs=2, batches=10, seed=4)
    counts = sum(count(stream.epoch(epoch), 5) for epoch in range(6))
    np.testing.assert_allclose(result.counted, counts / 600)
    np.testing.assert_allclose(
        result.metrics["max_abs_error"], np.abs(result.probabilities - np.array(POST)).max(-1), rtol=1e-6
    )
    assert result.optimizer_steps == 6 * 10 * 11
    assert result.compile_seconds > result.train_seconds > 0


def test_many_rows_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gumbel_gan.callbacks.MAX_ROWS", 25)
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
    np.testing.assert_allclose(result.averaged, result.probabilities[1:].mean(0), rtol=1e-6)


def test_feed_without_a_batch() -> None:
    with pytest.raises(ValueError, match="the stream ended before the first batch of 10"):
        run(Config(training=SHORT), Feed("aab", "ab"))


def test_number_that_is_not_finite_stops_the_training_and_keeps_what_came_before() -> None:
    class Poison(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            if epoch == 2:
                logits = self.model.generator.logits.numpy()
                logits[1, 3] = np.nan
                self.model.generator.logits.assign(logits)

    with pytest.raises(NotFinite, match=r"epoch 4, run 1: \w+ is nan") as error:
        run(Config(runs=3, epochs=9, training=SHORT), callbacks=[Poison()])
    assert error.value.run is not None
    assert len(error.value.run.metrics["max_abs_error"]) == 3
    assert np.isfinite(error.value.run.learned).all()
    assert np.isfinite(error.value.gan.generator.logits.numpy()).all()


def test_progress_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    run(Config(epochs=20, training=SHORT), callbacks=[Progress(20)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert re.fullmatch(
        r"epoch 20/20: discriminator_loss \d\.\d+, generator_loss \d\.\d+, max_abs_error \d\.\d+", lines[-1]
    )


def test_progress_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    run(Config(epochs=20, training=SHORT), callbacks=[Progress(20)])
    assert "20/20" in capsys.readouterr().out

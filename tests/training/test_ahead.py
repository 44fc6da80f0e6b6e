"""An epoch that begins before the one before it is recorded. On a CPU this is not done, but it can be."""

from pathlib import Path
from threading import Event
from typing import Any

import keras
import numpy as np
import pytest

from gumbel_gan import Config, run
from gumbel_gan.training import ahead, checkpoint, program
from gumbel_gan.training.program import Interrupted, NotFinite
from gumbel_gan.training.recorder import Recorder

SMALL = Config(epochs=6, runs=3, seed=0)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the next epoch had begun, as each was recorded; the CPU is taken for a GPU."""
    monkeypatch.setattr(program, "GPU", "CPU")
    found: list[bool] = []
    record = Recorder.on_epoch_end

    def spied(self: Recorder, epoch: int, logs: Any = None) -> None:
        found.append(self.model._begun is not None)
        record(self, epoch, logs)

    monkeypatch.setattr(Recorder, "on_epoch_end", spied)
    return found


def check_consistent(result: Any, gan: Any) -> None:
    np.testing.assert_array_equal(gan.learned(), result.learned)
    averaged = gan.averaged.numpy()  # from the middle of the epochs on
    np.testing.assert_allclose(averaged if averaged.any() else result.learned, result.averaged, rtol=1e-5)
    np.testing.assert_array_equal(result.probabilities[-1], result.learned)


@pytest.mark.slow
def test_the_result_is_the_same(begun: list[bool]) -> None:
    result, gan = run(SMALL)
    assert begun == [True] * 5 + [False]
    check_consistent(result, gan)
    begun.clear()
    other, _ = run(SMALL, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)])
    assert not any(begun)
    np.testing.assert_array_equal(result.probabilities, other.probabilities)
    for name, values in other.metrics.items():
        np.testing.assert_array_equal(result.metrics[name], values)


@pytest.mark.slow
def test_a_stop_comes_after_the_epoch_that_has_begun(begun: list[bool]) -> None:
    stopping = Event()
    told: list[float] = []

    def progress(done: float, planned: float, shown: str) -> None:
        told.append(done)
        if done == 2:
            stopping.set()

    result, gan = run(SMALL, progress=progress, stopping=stopping)
    assert told == [0, 1, 2, 3]
    assert result.trained_epochs == 3
    check_consistent(result, gan)


@pytest.mark.slow
def test_an_interrupted_training_goes_back_to_the_last_epoch(begun: list[bool]) -> None:
    def progress(done: float, planned: float, shown: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        run(SMALL, progress=progress)
    assert caught.value.result is not None
    assert caught.value.result.trained_epochs == 2
    check_consistent(caught.value.result, caught.value.gan)


@pytest.mark.slow
def test_numbers_that_are_not_finite(begun: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    found = Recorder._not_finite
    monkeypatch.setattr(
        Recorder,
        "_not_finite",
        lambda self, epoch, values: found(
            self, epoch, {**values, "generator_loss": np.full(3, np.nan if epoch == 3 else 0)}
        ),
    )
    with pytest.raises(NotFinite, match="epoch 4, run 0: generator_loss is nan") as caught:
        run(SMALL)
    assert caught.value.result is not None
    assert caught.value.result.trained_epochs == 3
    check_consistent(caught.value.result, caught.value.gan)


@pytest.mark.slow
def test_checkpoints_are_of_the_epoch_that_was_recorded(
    begun: list[bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = run(SMALL)
    begun.clear()
    monkeypatch.setattr(checkpoint.Checkpoint, "due", lambda self: self.recorder.done == 2)
    stopping = Event()

    def progress(done: float, planned: float, shown: str) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        run(SMALL, checkpoints=str(tmp_path), progress=progress, stopping=stopping)
    assert begun == [True, True, False]
    result, gan = run(SMALL, checkpoints=str(tmp_path))
    np.testing.assert_array_equal(result.probabilities, whole.probabilities)
    check_consistent(result, gan)


@pytest.mark.parametrize(
    ("callback", "does"),
    [
        (keras.callbacks.LambdaCallback(on_train_begin=lambda logs: None), False),
        (keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None), True),
        (keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None), True),
        (keras.callbacks.TerminateOnNaN(), True),
        (keras.callbacks.History(), True),
    ],
)
def test_callbacks_that_look(callback: keras.callbacks.Callback, does: bool) -> None:
    assert ahead.looks(callback) == does

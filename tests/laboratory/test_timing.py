from importlib.util import find_spec
from threading import Event
from typing import Any

import numpy as np
import pytest

from gumbel_gan.laboratory import timing
from gumbel_gan.laboratory.peers import PEERS
from gumbel_gan.training.progress import CutShort


def known(name: str, runs: int) -> Any:
    """A trainer that takes 11 µs a run and batch, and twice that, for all but this package."""
    if name == "torch_eager":
        raise ImportError("No module named 'torch'")
    if PEERS[name].device == "GPU":
        raise ImportError("TensorFlow finds no GPU")

    def train(batches: int) -> tuple[np.ndarray, float]:
        slow = 1 if name == "gumbel_gan" else 2
        return np.random.default_rng(runs).normal(0.2, 0.01, (runs, 5)), slow * 11e-6 * batches * runs

    return train


def wrong(name: str, runs: int) -> Any:
    """A trainer that learns something else in all but this package."""
    found = known("gumbel_gan", runs)
    return found if name == "gumbel_gan" else lambda batches: (found(batches)[0] + 0.1, 1.0)


def test_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "elsewhere", known)
    said: list[str] = []
    told: list[Any] = []
    rows = timing.compare([1, 64], 2, said.append, lambda *now: told.append(now))
    here = {(name, runs) for runs in (1, 64) for name, peer in PEERS.items() if runs in peer.runs}
    left_out = ("gumbel_gan_gpu", "gumbel_gan_fit_gpu", "torch_eager")
    expected = here - {(name, runs) for name in left_out for runs in (1, 64)}
    assert {(row["implementation"], row["runs"]) for row in rows} == expected
    for row in rows:
        ratio = 1 if row["implementation"] == "gumbel_gan" else 2
        assert row["microseconds_per_run_step"] == pytest.approx(ratio)
        assert row["min"] == row["max"] == pytest.approx(ratio)
        assert row["ratio"] == ratio
    assert (
        said
        == [
            "gumbel_gan_gpu: skipped (TensorFlow finds no GPU)",
            "gumbel_gan_fit_gpu: skipped (TensorFlow finds no GPU)",
            "torch_eager: skipped (No module named 'torch')",
        ]
        * 2
    )
    assert {row["device"] for row in rows} == {"CPU"}
    repeats = [shown for _, _, shown in told if shown.startswith("repeat")]
    assert len(repeats) == 2 * len(expected)
    assert repeats[0] == "repeat 1: gumbel_gan, 1 runs"
    assert all(done <= total for done, total, _ in told)


def test_what_learns_something_else_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "elsewhere", wrong)
    first = next(name for name, peer in PEERS.items() if 64 in peer.runs and name != "gumbel_gan")
    with pytest.raises(timing.LearnsElse, match=rf"{first}, 64 runs learns \[0.3.*: not timed"):
        timing.compare([64], 1)


def test_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "elsewhere", known)
    stopping = Event()
    stopping.set()
    with pytest.raises(CutShort):
        timing.compare([1], 1, lambda line: None, stopping=stopping)
    with pytest.raises(CutShort):
        timing.scale(lambda line: None, stopping)


def test_elsewhere() -> None:
    """In a process of its own; what is not installed is said from there."""
    learned, seconds = timing.elsewhere("numpy", 2)(10)
    assert learned.shape == (2, 5)
    assert seconds > 0
    if find_spec("torch") is None:
        with pytest.raises(ImportError, match="torch"):
            timing.elsewhere("torch_eager", 1)


@pytest.mark.slow
def test_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "LADDERS", {"categories": [5, 50_000]})
    said: list[str] = []
    rows = timing.scale(said.append)
    assert [(row["axis"], row["value"]) for row in rows] == [("categories", 5), ("categories", 50_000)]
    few, many = (row["milliseconds_per_batch"] for row in rows)
    assert 0 < few < many
    assert rows[0]["megabytes"] < rows[1]["megabytes"]
    assert said[-1].startswith("categories: time grows as their power ")

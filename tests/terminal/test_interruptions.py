"""Signals, and a standard input on which nothing comes, in processes of their own."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import gumbel_gan

TRAIN = [sys.executable, "-m", "gumbel_gan.train"]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals(number: int, status: int, tmp_path: Path) -> None:
    options = ["--epochs", "100000", "--training.batches", "20", "--output", "out"]
    with subprocess.Popen(
        [*TRAIN, *options], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (tmp_path / "out" / "checkpoint" / "state.npz").exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(number)
        _, error = process.communicate()
    assert process.returncode == status
    assert error.count("\n") == 1
    assert "of 100000 epochs: to go on, python -m gumbel_gan.train --resume --output out" in error
    epochs = gumbel_gan.load(str(tmp_path / "out")).trained_epochs
    assert f"interrupted after {epochs} of" in error


@pytest.mark.slow
def test_stalled_standard_input(tmp_path: Path) -> None:
    """It is said that nothing comes, and SIGINT to the process alone ends it with what was learned."""
    options = ["--data.path", "-", "--data.vocabulary", "a,b", "--training.batches", "5", "--output", "out"]
    with subprocess.Popen(
        [*TRAIN, *options, "--quiet"], cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write("a\nb\n" * 130)  # five epochs, and a part of one
        process.stdin.flush()
        assert process.stderr.readline() == "gumbel_gan: waiting for standard input\n"
        process.send_signal(signal.SIGINT)
        process.stdin.close()
        error = process.stderr.read()
        process.wait()
    assert process.returncode == 130
    assert "interrupted after 6 of 200 epochs" in error
    assert gumbel_gan.load(str(tmp_path / "out")).counted.shape == (1, 2)

"""Trainings that are killed again and again, and one that is long."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import psutil
import pytest

from gumbel_gan.config.config import Config, Training
from gumbel_gan.results.storing import save
from gumbel_gan.training.run import run

TRAIN = [sys.executable, "-m", "gumbel_gan.train"]
KILLER = """
import os, random, signal, sys
from gumbel_gan.quiet import loading
from gumbel_gan.results import files
write, target, skip = files.write, sys.argv[1], int(sys.argv[2])
def killed(directory, name, fill, binary=False):
    global skip
    if target in name:
        skip -= 1
        if skip < 0:
            with open(os.path.join(directory, f".{name}.partial"), "wb") as file:
                file.write(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
    return write(directory, name, fill, binary)
files.write = killed  # before anything else imports it
with loading(1):
    from gumbel_gan.training import checkpoint
checkpoint.SECONDS = 0.2  # many, to be killed in
from gumbel_gan import train
train.main(sys.argv[3:])
"""


@pytest.mark.slow
def test_killed_ten_times(tmp_path: Path) -> None:
    """At random moments, in the middle of checkpoints and of results: the same files, byte for byte."""
    settings = ["--epochs", "5000", "--quiet"]
    subprocess.run([*TRAIN, *settings, "--output", "whole"], cwd=tmp_path, check=True)
    moments = random.Random(0)
    kills = [
        "",
        "state.npz",
        "",
        "history",
        "state.npz",
        "",
        "metrics.csv",
        "probabilities.csv",
        "summary.json",
        "png",
    ]
    for number, target in enumerate(kills):
        options = ["--resume"] if (tmp_path / "killed" / "config.yaml").exists() else settings
        line = [
            sys.executable,
            "-c",
            KILLER,
            target or "none",
            str(moments.randrange(1, 4) if target in ("state.npz", "history") else 0),
        ]
        state = tmp_path / "killed" / "checkpoint" / "state.npz"
        before = state.stat().st_mtime_ns if state.exists() else 0
        process = subprocess.Popen([*line, *options, "--quiet", "--output", "killed"], cwd=tmp_path)
        if not target:  # some time after the first new checkpoint
            while process.poll() is None and not (state.exists() and state.stat().st_mtime_ns > before):
                time.sleep(0.01)
            time.sleep(moments.uniform(0, 0.5))
            process.kill()
        process.wait()
        assert process.returncode == -signal.SIGKILL, (number, target)
    subprocess.run([*TRAIN, "--resume", "--output", "killed", "--quiet"], cwd=tmp_path, check=True)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for name in ("probabilities.csv", "metrics.csv", "config.yaml"):
        assert (whole / name).read_bytes() == (killed / name).read_bytes()
    summaries = [json.loads((path / "summary.json").read_text()) for path in (whole, killed)]
    for summary in summaries:
        del summary["compile_seconds"], summary["train_seconds"]
    assert summaries[0] == summaries[1]


@pytest.mark.slow
def test_long_run(tmp_path: Path) -> None:
    """20,000 epochs: at most 20 MB more than after the first hundred, and no more time for one."""
    process, memory, times = psutil.Process(), [], []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch in (100, 19_999):
                memory.append(process.memory_info().rss)
            times.append(time.perf_counter())

    result, _ = run(
        Config(epochs=20_000, training=Training(batches=20)), callbacks=[Look()], checkpoints=str(tmp_path)
    )
    assert memory[1] - memory[0] < 20e6
    spans = np.diff(times)
    assert np.median(spans[-2_000:]) < 1.5 * np.median(spans[100:2_100])
    save(result, str(tmp_path))
    sizes = {path.name: path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()}
    assert sum(size for name, size in sizes.items() if name.startswith("history")) < 10e6
    assert sum(sizes.values()) < 40e6

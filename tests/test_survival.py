"""A training that is stopped, killed or given a full disk loses nothing, and ends as if it had not been."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import psutil
import pytest

import gumbel_gan
from gumbel_gan import checkpoint, experiment, lock, results, train
from gumbel_gan.callbacks import Stop
from gumbel_gan.config import Annealing, Config, Data, Discriminator, Generator, Training
from gumbel_gan.history import History

SMALL = Training(batches=5, generator_steps=2)
TRAIN = [sys.executable, "-m", "gumbel_gan.train"]
QUICK = ("--training.batches", "5", "--epochs", "3", "--quiet")


class StopAfter(Stop):
    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs = epochs

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.asked = epoch + 1 == self.epochs
        super().on_epoch_end(epoch, logs)


CONFIGS = {
    "the post": Config(runs=2, epochs=6, training=SMALL),
    "annealed, diagnosed, averaged": Config(
        epochs=6,
        temperature=1.0,
        diagnostics=True,
        annealing=Annealing("exponential"),
        generator=Generator(ema=0.9, schedule="linear"),
        training=SMALL,
    ),
    "an estimator that learns": Config(epochs=6, generator=Generator(estimator="rebar"), training=SMALL),
    "a perceptron and a drift": Config(
        epochs=6,
        data=Data(drift=[0.2] * 5, drift_from=2),
        discriminator=Discriminator(kind="mlp", units=[4], spectral_norm=True, weight_decay=0.1),
        training=SMALL,
    ),
    "strings": Config(
        epochs=6,
        temperature=1.0,
        data=Data(length=3, strings=50),
        generator=Generator(kind="lstm", units=4, ema=0.9),
        discriminator=Discriminator(kind="mlp", units=[4]),
        training=SMALL,
    ),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if "the" not in name else []) for name in CONFIGS]
)
def test_resumed_is_as_if_never_stopped(name: str, tmp_path: Path) -> None:
    config = CONFIGS[name]
    whole, _ = experiment.run(config)
    part, _ = experiment.run(config, callbacks=[StopAfter(3)], checkpoints=str(tmp_path))
    assert len(part.metrics["max_abs_error"]) == 3
    resumed, _ = experiment.run(config, checkpoints=str(tmp_path))
    for field in ("probabilities", "targets", "epochs", "learned", "averaged", "counted"):
        np.testing.assert_array_equal(getattr(resumed, field), getattr(whole, field))
    assert resumed.metrics.keys() == whole.metrics.keys()
    for metric, values in whole.metrics.items():
        np.testing.assert_array_equal(resumed.metrics[metric], values)
    # From the end there is nothing left to train; more epochs go on.
    again, _ = experiment.run(config, checkpoints=str(tmp_path))
    np.testing.assert_array_equal(again.learned, whole.learned)
    if name == "the post":
        longer, _ = experiment.run(replace(config, epochs=8), checkpoints=str(tmp_path))
        assert len(longer.metrics["max_abs_error"]) == 8


def test_broken_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS", 1e9)  # none but the last
    config, directory = CONFIGS["the post"], tmp_path / "checkpoint"
    for epochs in (2, 4):
        experiment.run(config, callbacks=[StopAfter(epochs)], checkpoints=str(tmp_path))
    assert {path.name for path in directory.iterdir()} == {
        "state.npz", "previous.npz", "history-0-2.npz", "history-2-4.npz"
    }  # fmt: skip
    state = bytearray((directory / "state.npz").read_bytes())
    for broken in (state[: len(state) // 2], b"", _altered(state)):
        (directory / "state.npz").write_bytes(broken)
        with pytest.raises(ValueError, match="not a zip file|No data left|CRC-32"):
            results.read_arrays(str(directory / "state.npz"))
    whole, _ = experiment.run(config)
    resumed, _ = experiment.run(config, checkpoints=str(tmp_path))
    assert "going on from the checkpoint before it" in capsys.readouterr().err
    np.testing.assert_array_equal(resumed.probabilities, whole.probabilities)
    for name in ("state.npz", "previous.npz"):
        (directory / name).write_bytes(b"PK nonsense")
    with pytest.raises(
        ValueError, match=r"resume: cannot read .*state.npz .* nor .*previous.npz .*: train again"
    ):
        experiment.run(config, checkpoints=str(tmp_path))
    # Of another model.
    (directory / "state.npz").write_bytes(state)
    with pytest.raises(ValueError, match="it is of another model"):
        experiment.run(replace(config, runs=3), checkpoints=str(tmp_path))


def _altered(data: bytearray) -> bytes:
    """One bit, in the middle of an array."""
    altered = bytearray(data)
    altered[300] ^= 1
    return bytes(altered)


def test_history_grows() -> None:
    history = History()
    for row in range(1_000):
        history.append({"a": np.full(2, row), "b": row / 2})
    assert len(history) == 1_000
    np.testing.assert_array_equal(history["a"], np.repeat(np.arange(1_000), 2).reshape(-1, 2))
    np.testing.assert_array_equal(history.since(998)["b"], [499, 499.5])


def test_resume_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    train.main(["--output", out, "--temperature", "0.5", *QUICK])
    before = {path.name: path.read_bytes() for path in Path(out).iterdir() if path.is_file()}
    train.main(["--resume", "--output", out])
    assert "is finished, after 3 epochs: nothing to do" in capsys.readouterr().out
    assert before == {path.name: path.read_bytes() for path in Path(out).iterdir() if path.is_file()}
    train.main(["--resume", "--output", out, "--epochs", "5", "--temperature", "0.5", "--quiet"])
    assert len(gumbel_gan.load(out).metrics["max_abs_error"]) == 5
    os.remove(os.path.join(out, "summary.json"))  # killed as the results were written
    train.main(["--resume", "--output", out, "--quiet"])
    assert len(gumbel_gan.load(out).metrics["max_abs_error"]) == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "resume: received no directory: give --output DIR"),
        (["--output", "none"], "none holds no run: give the output directory of a training"),
        (["--output", "OUT", "--temperature", "2"], "temperature: received 2.0 to resume a run with 0.001"),
        (
            ["--output", "OUT", "--training.batches", "9"],
            "training.batches: received 9 to resume a run with 5",
        ),
        (["--output", "OUT", "--epochs", "2"], "epochs: received 2, below the run's own 3: give more"),
    ],
)
def test_what_cannot_be_resumed(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = replace(Config(epochs=3), training=replace(Training(), batches=5))
    results.write(str(tmp_path), "config.yaml", lambda file: file.write(results.config_yaml(config)))
    with pytest.raises(SystemExit) as stopped:
        train.main(["--resume", *(str(tmp_path) if option == "OUT" else option for option in options)])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_run_that_cannot_be_resumed_yet_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed before the first checkpoint, and resumed with a learning rate that fails: its settings stay."""
    config = Config(epochs=3, generator=Generator(learning_rate=1e38), training=SMALL)
    text = results.config_yaml(config)
    results.write(str(tmp_path), "config.yaml", lambda file: file.write(text))
    with pytest.raises(SystemExit) as stopped:
        train.main(["--resume", "--output", str(tmp_path), "--quiet"])
    assert stopped.value.code == 1
    assert "training stopped: epoch 1, run 0" in capsys.readouterr().err
    assert (tmp_path / "config.yaml").read_text() == text


def test_one_writer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = psutil.Process(os.getppid())
    holder = {"pid": other.pid, "started": other.create_time()}
    (tmp_path / lock.NAME).write_text(json.dumps(holder))
    with pytest.raises(SystemExit) as stopped:
        train.main(["--output", str(tmp_path), *QUICK])
    assert stopped.value.code == 2
    assert f"is being written by process {other.pid}, started " in capsys.readouterr().err
    assert json.loads((tmp_path / lock.NAME).read_text()) == holder
    for dead in (
        json.dumps({**holder, "started": 1.0}),
        json.dumps({**holder, "pid": 2**30}),
        "nonsense",
        "3",
    ):
        (tmp_path / lock.NAME).write_text(dead)
        with lock.locked(str(tmp_path)):
            assert json.loads((tmp_path / lock.NAME).read_text())["pid"] == os.getpid()
        assert not (tmp_path / lock.NAME).exists()


@pytest.mark.parametrize(
    "failing",
    [
        "summary.json",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("state.npz", "metrics.csv", "error_heatmap.png")),
    ],
)
def test_full_disk(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever the disk is full, what was there before stays whole, and resuming ends as it should."""
    out = str(tmp_path)
    train.main(["--output", out, *QUICK])
    before = {path.name: path.read_bytes() for path in Path(out).rglob("*") if path.is_file()}
    replaced = os.replace

    def full(source: str, target: str) -> None:
        if os.path.basename(target) == failing and ".partial" in source:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replaced(source, target)

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(SystemExit) as stopped:
        train.main(["--resume", "--output", out, "--epochs", "4", "--quiet"])
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    reason = f"cannot write to {out} (No space left on device); what is there is whole"
    assert error == f"gumbel_gan: error: output: {reason}\n"
    assert (Path(out) / failing).exists() is (failing != "state.npz")
    if failing != "state.npz":
        assert (Path(out) / failing).read_bytes() == before[failing]
    assert not list(Path(out).rglob("*.partial"))
    monkeypatch.undo()
    train.main(["--resume", "--output", out, "--epochs", "4", "--quiet"])
    assert len(gumbel_gan.load(out).metrics["max_abs_error"]) == 4


@pytest.mark.slow
def test_file_size_limit(tmp_path: Path) -> None:
    """The kernel's own refusal, at 20 kB a file."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "from gumbel_gan import train; train.main(sys.argv[1:])"
    )
    options = ["--epochs", "2", "--training.batches", "2", "--quiet", "--output", "out"]
    done = subprocess.run(
        [sys.executable, "-c", code, *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "output: cannot write to out (File too large)" in done.stderr


HOSTILE = "!!python/object/apply:os.system ['touch HACKED']"


def test_hostile_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing in a run directory is ever executed; each broken file is named in one line."""
    out = str(tmp_path)
    train.main(["--output", out, *QUICK])
    monkeypatch.chdir(tmp_path)
    for name, content in (
        ("config.yaml", HOSTILE), ("config.yaml", "epochs: [1"), ("config.yaml", "3"),
        ("config.yaml", "data: {x: 1}"),
        ("summary.json", "{"), ("summary.json", "[1]"), ("metrics.csv", "epoch"), ("probabilities.csv", ""),
    ):  # fmt: skip
        whole = (tmp_path / name).read_text()
        (tmp_path / name).write_text(content)
        with pytest.raises(ValueError, match=f"{name} cannot be read"):
            gumbel_gan.load(out)
        if name in ("config.yaml", "summary.json"):
            with pytest.raises(SystemExit) as stopped:
                train.main(["--resume", "--output", out])
            assert stopped.value.code == 2
            error = capsys.readouterr().err
            assert name in error
            assert error.count("\n") == 1
        (tmp_path / name).write_text(whole)
    # A layer that runs code when it is loaded; an object array, which only pickle could read.
    layer = keras.layers.Lambda(lambda x: Path("HACKED").touch() or x)  # type: ignore[func-returns-value]
    touch = keras.Sequential([keras.Input((1,)), layer])
    touch.save(tmp_path / "generator.keras")
    Path("HACKED").unlink(missing_ok=True)
    for broken in (None, b"PK", b""):
        if broken is not None:
            (tmp_path / "generator.keras").write_bytes(broken)
        with pytest.raises(ValueError, match=r"generator.keras cannot be read"):
            _ = gumbel_gan.load(out).generator
    objects: Any = {"epochs": np.array([{}], object)}
    np.savez(tmp_path / "checkpoint" / "state.npz", **objects)
    (tmp_path / "checkpoint" / "previous.npz").unlink(missing_ok=True)
    os.remove("summary.json")
    with pytest.raises(SystemExit):
        train.main(["--resume", "--output", out])
    assert "resume: cannot read" in capsys.readouterr().err
    assert not Path("HACKED").exists()


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
    epochs = len(gumbel_gan.load(str(tmp_path / "out")).metrics["max_abs_error"])
    assert f"interrupted after {epochs} of" in error


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


KILLER = """
import os, random, signal, sys
from gumbel_gan import checkpoint, results, train
write, target, skip = results.write, sys.argv[1], int(sys.argv[2])
checkpoint.SECONDS = 0.2  # many, to be killed in
def killed(directory, name, fill, binary=False):
    global skip
    if target in name:
        skip -= 1
        if skip < 0:
            with open(os.path.join(directory, f".{name}.partial"), "wb") as file:
                file.write(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
    return write(directory, name, fill, binary)
results.write = checkpoint.write = killed
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

    run, gan = experiment.run(
        Config(epochs=20_000, training=Training(batches=20)), callbacks=[Look()], checkpoints=str(tmp_path)
    )
    assert memory[1] - memory[0] < 20e6
    spans = np.diff(times)
    assert np.median(spans[-2_000:]) < 1.5 * np.median(spans[100:2_100])
    results.save(run, str(tmp_path), gan)
    sizes = {path.name: path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()}
    assert sum(size for name, size in sizes.items() if name.startswith("history")) < 10e6
    assert sum(sizes.values()) < 40e6

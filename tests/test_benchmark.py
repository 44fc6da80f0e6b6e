import csv
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gumbel_gan import benchmark, quiet
from gumbel_gan.peers import PEERS, vectorised_numpy
from gumbel_gan.plotting import benchmark_figure, scale_figure

from .test_commands import command


def known(name: str, runs: int) -> Any:
    """A trainer that takes 11 µs a run and batch, and twice that, for all but this package."""
    if name == "torch_eager":
        raise ImportError("No module named 'torch'")

    def train(batches: int) -> tuple[np.ndarray, float]:
        slow = 1 if name == "gumbel_gan" else 2
        return np.random.default_rng(runs).normal(0.2, 0.01, (runs, 5)), slow * 11e-6 * batches * runs

    return train


def test_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(benchmark, "_elsewhere", known)
    benchmark.main(["--runs", "1,64", "--output", str(tmp_path), "--repeats", "2"])
    with (tmp_path / "benchmark.csv").open() as file:
        rows = list(csv.DictReader(file))
    here = {name for name, peer in PEERS.items() if 1 in peer.runs or 64 in peer.runs}
    assert {row["implementation"] for row in rows} == here - {"torch_eager"}
    assert float(rows[0]["microseconds_per_run_step"]) == pytest.approx(1)
    assert {row["ratio"] for row in rows[1:] if row["implementation"] != "gumbel_gan"} == {"2.0"}
    printed = capsys.readouterr().out
    assert "torch_eager: skipped (No module named 'torch')" in printed
    assert "fit, callbacks and the stream add 1.10 ms an epoch at 1 runs" in printed
    assert (tmp_path / "benchmark.png").exists()


def test_what_learns_something_else_is_not_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(name: str, runs: int) -> Any:
        found = known("gumbel_gan", runs)
        return found if name == "gumbel_gan" else lambda batches: (found(batches)[0] + 0.1, 1.0)

    monkeypatch.setattr(benchmark, "_elsewhere", wrong)
    with pytest.raises(SystemExit) as stopped:
        benchmark.main(["--runs", "64", "--output", str(tmp_path), "--repeats", "1"])
    assert stopped.value.code == 1
    first = next(name for name, peer in PEERS.items() if 64 in peer.runs and name != "gumbel_gan")
    assert f"{first}, 64 runs learns [0.3" in capsys.readouterr().err


@pytest.mark.slow
def test_benchmark_of_the_real_thing(tmp_path: Path) -> None:
    """It also checks that all that are installed learn the same."""
    done = command("gumbel_gan.benchmark", "--runs", "1", "--repeats", "1", "--output", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    with (tmp_path / "benchmark.csv").open() as file:
        times = {
            (row["implementation"], row["runs"]): float(row["microseconds_per_run_step"])
            for row in csv.DictReader(file)
        }
    assert times["gumbel_gan", "1"] < times["keras_per_batch", "1"] < times["tf1_session_run", "1"]


def test_numpy_learns() -> None:
    """From one half to the target's side, as the benchmark checks against this package."""
    learned, seconds = vectorised_numpy(256)(200)
    assert seconds > 0
    assert learned.mean(0)[4] > 0.2 > learned.mean(0)[0]


def test_figures() -> None:
    rows = [
        {
            "implementation": name,
            "runs": 1,
            "microseconds_per_run_step": time,
            "min": time / 2,
            "max": 2 * time,
        }
        for name, time in (("gumbel_gan", 2.0), ("numpy", 40.0))
    ]
    axis = benchmark_figure(rows).axes[0]
    points = axis.collections[-1].get_offsets()
    np.testing.assert_allclose(points, [(2, 0), (40, 1)])  # type: ignore[arg-type]
    names = ["this package, the compiled epoch", "NumPy, vectorised by hand"]
    assert [label.get_text() for label in axis.get_yticklabels()] == names
    sizes = [
        {"axis": "runs", "value": value, "milliseconds_per_batch": value / 2, "megabytes": 3.0}
        for value in (1, 4)
    ]
    line = scale_figure(sizes).axes[0].get_lines()[0]
    np.testing.assert_allclose(line.get_xydata(), [(1, 0.5), (4, 2)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("runs", "given", "wide", "expected"),
    [
        (1, "", False, "--xla_cpu_use_fusion_emitters=false"),
        (15, "", False, "--xla_cpu_use_fusion_emitters=false"),
        (16, "", False, "--xla_backend_extra_options=-unroll-full-max-count=15,-force-vector-interleave=2"),
        (20, "", False, "--xla_backend_extra_options=-unroll-full-max-count=19"),
        (32, "", False, "--xla_backend_extra_options=-unroll-full-max-count=31,-force-vector-interleave=2"),
        (64, "", False, "--xla_backend_extra_options=-force-vector-interleave=2"),
        (1, "", True, "--xla_cpu_use_fusion_emitters=false --xla_cpu_prefer_vector_width=512"),
        (
            1,
            "--xla_cpu_use_fusion_emitters=true --other",
            False,
            "--xla_cpu_use_fusion_emitters=true --other",
        ),
    ],
)
def test_xla_is_set_up_unless_the_user_has(
    runs: int, given: str, wide: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLA_FLAGS", given)
    monkeypatch.setattr(quiet, "_has_wide_vectors", lambda: wide)
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    with quiet.quiet_import(runs):
        pass
    assert os.environ["XLA_FLAGS"] == expected

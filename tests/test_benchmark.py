"""The command `python -m gumbel_gan.benchmark`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gumbel_gan import benchmark, quiet
from gumbel_gan.laboratory import timing
from gumbel_gan.laboratory.peers import PEERS

from .conftest import Refused, rows
from .laboratory.test_timing import known, wrong


def test_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(timing, "elsewhere", known)
    benchmark.main(["--runs", "1,64", "--output", str(tmp_path), "--repeats", "2"])
    table = rows(tmp_path / "benchmark.csv")
    here = {name for name, peer in PEERS.items() if 1 in peer.runs or 64 in peer.runs}
    assert {row["implementation"] for row in table} == here - {
        "gumbel_gan_gpu", "gumbel_gan_fit_gpu", "torch_eager"
    }  # fmt: skip
    assert float(table[0]["microseconds_per_run_step"]) == pytest.approx(1)
    assert {row["ratio"] for row in table[1:] if row["implementation"] != "gumbel_gan"} == {"2.0"}
    printed = capsys.readouterr().out
    assert "torch_eager: skipped (No module named 'torch')" in printed
    assert "fit, callbacks and the stream add 1.10 ms an epoch at 1 runs, 100%" in printed
    assert "the compiled epoch takes 0.50 times as long as scalar C, at 1 runs" in printed
    assert "the compiled epoch takes 0.50 times as long as vectorised C on one core, at 64 runs" in printed
    assert (tmp_path / "benchmark.png").exists()


def test_what_learns_something_else_is_not_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    monkeypatch.setattr(timing, "elsewhere", wrong)
    line = refused(benchmark.main, "--runs", "64", "--output", str(tmp_path), "--repeats", "1", status=1)
    first = next(name for name, peer in PEERS.items() if 64 in peer.runs and name != "gumbel_gan")
    assert f"{first}, 64 runs learns [0.3" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--runs", "0,64"], "runs, repeats: received '0,64', 7: give whole numbers above zero"),
        (["--runs", "many"], "runs, repeats: received 'many', 7: give whole numbers above zero"),
        (["--repeats", "0"], "runs, repeats: received '1,64,1024', 0: give whole numbers above zero"),
        (["--repeats", "often"], "repeats: received 'often': give a whole number"),
        (["--output", "/proc/nowhere"], "output: cannot write to /proc/nowhere"),
    ],
)
def test_usage_errors(arguments: list[str], message: str, refused: Refused) -> None:
    assert message in refused(benchmark.main, *arguments)


@pytest.mark.slow
def test_benchmark_of_the_real_thing(tmp_path: Path) -> None:
    """It also checks that all that are installed learn the same."""
    line = [sys.executable, "-m", "gumbel_gan.benchmark", "--runs", "1", "--repeats", "1"]
    done = subprocess.run([*line, "--output", str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    times = {
        (row["implementation"], row["runs"]): float(row["microseconds_per_run_step"])
        for row in rows(tmp_path / "benchmark.csv")
    }
    assert times["gumbel_gan", "1"] < times["keras_per_batch", "1"] < times["tf1_session_run", "1"]


@pytest.mark.parametrize(
    ("runs", "given", "wide", "expected"),
    [
        (1, "", False, "--xla_cpu_use_fusion_emitters=false"),
        (15, "", False, "--xla_cpu_use_fusion_emitters=false"),
        (16, "", False, "--xla_backend_extra_options=-unroll-full-max-count=15,-force-vector-interleave=2"),
        (20, "", False, "--xla_backend_extra_options=-unroll-full-max-count=19"),
        (32, "", False, "--xla_backend_extra_options=-unroll-full-max-count=31,-force-vector-interleave=2"),
        (64, "", False, "--xla_backend_extra_options=-force-vector-interleave=2"),
        (None, "--other", True, "--other"),
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
    runs: int | None,
    given: str,
    wide: bool,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor: 0\nflags\t: fpu avx2{' avx512f' * wide}\n")

    def opened(path: str, *arguments: Any, **options: Any) -> Any:
        return open(tmp_path / "cpuinfo" if path == "/proc/cpuinfo" else path, *arguments, **options)

    monkeypatch.setattr(quiet, "open", opened, raising=False)
    monkeypatch.setenv("XLA_FLAGS", given)
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    with quiet.loading(runs):
        pass
    assert os.environ["XLA_FLAGS"] == expected


@pytest.mark.parametrize(
    ("runs", "programs", "categories", "threads"),
    [(1, 1, 5, "1"), (200, 1, 5, "1"), (201, 1, 5, None), (1, 1, 1_001, None), (1, 1, None, None),
     (4_000, 2, 5, "1"), (None, 1, 5, None)],
)  # fmt: skip
def test_few_numbers_need_one_thread(
    runs: int | None,
    programs: int,
    categories: int | None,
    threads: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XLA_FLAGS", "")
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "3")  # so that it is put back
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS")
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    with quiet.loading(runs, programs, categories):
        pass
    assert os.environ.get("TF_NUM_INTRAOP_THREADS") == threads

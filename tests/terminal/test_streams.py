"""Standard input, output and error that are closed, full, narrow, or read by nobody: no result is lost."""

import io
import itertools
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import gumbel_gan
from gumbel_gan import study
from gumbel_gan.results.files import read_arrays
from gumbel_gan.terminal.streams import say, silence, steady

from ..conftest import rows
from ..results.made_up import made_up, saved

CLOSED = [
    " ".join(streams) for n in (1, 2, 3) for streams in itertools.combinations(("<&-", ">&-", "2>&-"), n)
]
"""Every way to start a command with some of the three closed."""
SAME = ("config.yaml", "metrics.csv", "probabilities.csv", "error_heatmap.png")
"""Files that a training writes alike every time."""
FILES = {".lock", "checkpoint", "discriminator.keras", "generator.keras", "summary.json", *SAME}
TRAIN = ("gumbel_gan.train", "--epochs", "20", "--training.batches", "5")


def shell(
    *arguments: str, then: str = "", cwd: Path, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """A command in a shell, with redirections; its own status, wherever it stands in a pipe."""
    line = shlex.join([sys.executable, "-m", *arguments])
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line} {then}"],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the same training with all its streams."""
    directory = tmp_path_factory.mktemp("undisturbed")
    done = shell(*TRAIN, "--output", "out", cwd=directory)
    assert (done.returncode, done.stderr) == (0, b"")
    return directory / "out"


def check_results(directory: Path, undisturbed: Path) -> None:
    """All files are there, whole, and hold what they should; nothing that was printed is in one of them."""
    assert {path.name for path in directory.iterdir()} == FILES
    for name in SAME:
        assert (directory / name).read_bytes() == (undisturbed / name).read_bytes(), name
    told, expected = (
        {k: v for k, v in json.loads((place / "summary.json").read_text()).items() if "seconds" not in k}
        for place in (directory, undisturbed)
    )
    assert told == expected
    assert (directory / ".lock").read_bytes() == b""
    result = gumbel_gan.load(str(directory))
    assert result.trained_epochs == 20
    assert result.generator.runs == result.discriminator.runs == 1
    assert read_arrays(str(directory / "checkpoint" / "state.npz"))["epochs"] == 20


@pytest.mark.slow
@pytest.mark.parametrize("reader", ["head -1", pytest.param("true", marks=pytest.mark.slow)])
def test_reader_that_goes_away(reader: str, tmp_path: Path, undisturbed: Path) -> None:
    done = shell(*TRAIN, "--output", "out", then=f"| {reader}", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"Trains on the ") == (reader == "head -1")
    check_results(tmp_path / "out", undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "closed", [pytest.param(c, marks=() if c == CLOSED[-1] else pytest.mark.slow) for c in CLOSED]
)
def test_training_without_streams(closed: str, tmp_path: Path, undisturbed: Path) -> None:
    done = shell(*TRAIN, "--output", "out", then=closed, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (b"Results in out: " in done.stdout) == (">&-" not in closed.split())
    check_results(tmp_path / "out", undisturbed)


STEADY = """
import os, sys
from gumbel_gan.terminal.streams import say, steady
steady()
with open("file", "w") as file:
    assert file.fileno() > 2
    say("to standard output")
    say("to standard error", sys.stderr)
    assert sys.stdin.read() == ""
    os.write(1, b"directly")
    file.write("ours")
"""


@pytest.mark.parametrize("closed", CLOSED)
def test_no_file_takes_the_place_of_a_closed_stream(closed: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(STEADY)
    done = shell("program", then=closed, cwd=tmp_path)
    assert done.returncode == 0
    open_ones = set(closed.split())
    assert done.stdout == (b"" if ">&-" in open_ones else b"to standard output\ndirectly")
    assert done.stderr == (b"" if "2>&-" in open_ones else b"to standard error\n")
    assert (tmp_path / "file").read_text() == "ours"


@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_commands_that_read_a_result_without_streams(streams: str, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    saved(made_up(), tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    done = shell("gumbel_gan.sample", "run", "-n", "3", then=streams, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.count(b"\n") == (0 if ">&-" in streams.split() else 3)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    assert shell("gumbel_gan.plot", "run", then=streams, cwd=tmp_path).returncode == 0
    assert (tmp_path / "run" / "error_heatmap.png").read_bytes().endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_status_of_a_usage_error_that_nobody_can_read(streams: str, tmp_path: Path) -> None:
    done = shell("gumbel_gan.train", "--epochs", "x", then=streams, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")


def test_closed_standard_input_has_nothing_to_learn_from(tmp_path: Path) -> None:
    arguments = ("--data.path", "-", "--data.column", "kind", "--output", "out")
    done = shell("gumbel_gan.train", *arguments, then="<&-", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"gumbel_gan: error: data.path: - is empty")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.slow
def test_full_disk_on_standard_output_of_a_training(tmp_path: Path, undisturbed: Path) -> None:
    done = shell(*TRAIN, "--output", "out", then=">/dev/full", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    check_results(tmp_path / "out", undisturbed)


@pytest.mark.parametrize("style", ["lines", "csv", "json"])
@pytest.mark.parametrize("samples", ["3", "100000"])
def test_samples_that_cannot_be_written(style: str, samples: str, tmp_path: Path) -> None:
    """They are what was asked for: one line, status 1, whether or not they fit the stream's buffer."""
    (tmp_path / "run").mkdir()
    saved(made_up(), tmp_path / "run")
    done = shell(
        "gumbel_gan.sample", "run", "-n", samples, "--format", style, then=">/dev/full", cwd=tmp_path
    )
    assert done.returncode == 1
    _, line = done.stderr.decode().splitlines()  # after the one that says what they are drawn from
    assert line == "gumbel_gan: error: cannot write the samples (No space left on device)"


NARROW = {"PYTHONIOENCODING": "ascii"}


@pytest.mark.slow
def test_labels_that_the_terminal_lacks(tmp_path: Path) -> None:
    """They are escaped there, and whole in the results."""
    (tmp_path / "letters.txt").write_text("éüéé±" * 10, encoding="utf-8")
    arguments = ("--data.path", "letters.txt", "--epochs", "2", "--training.batches", "5", "--output", "out")
    done = shell("gumbel_gan.train", *arguments, cwd=tmp_path, **NARROW)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\n\\xe9 " in done.stdout
    assert b"\n\\xfc " in done.stdout
    assert gumbel_gan.load(str(tmp_path / "out")).labels == ("±", "é", "ü")
    assert [row["category"] for row in rows(tmp_path / "out" / "probabilities.csv")[:3]] == ["±", "é", "ü"]
    done = shell("gumbel_gan.sample", "out", "-n", "50", cwd=tmp_path, **NARROW)
    assert done.returncode == 0
    assert set(done.stdout.split()) <= {b"\\xe9", b"\\xfc", b"+-"}
    assert b"\\xe9" in done.stdout


def test_usage_error_that_the_terminal_lacks(tmp_path: Path) -> None:
    done = shell("gumbel_gan.train", "--data.path", "né.txt", cwd=tmp_path, **NARROW)
    assert done.returncode == 2
    assert done.stderr.startswith(b"gumbel_gan: error: data.path: cannot read n\\xe9.txt (No such file")


class Ascii(io.TextIOWrapper):
    """A standard output of ASCII."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="ascii")

    def written(self) -> str:
        """What was written to it."""
        self.flush()
        written: bytes = self.buffer.getvalue()  # type: ignore[attr-defined]
        return written.decode("ascii")


@pytest.mark.slow
def test_study_on_a_terminal_of_ascii(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`±` is `+-` there; the cell's name is escaped, and whole in the table that is written."""
    (tmp_path / "study.yaml").write_text(
        "base: {runs: 3, epochs: 2, training: {batches: 5}}\n"
        "cells: [{name: café, temperature: 0.5}, {name: ü ± ü, temperature: 1.0}]",
        encoding="utf-8",
    )
    monkeypatch.setattr("sys.stdout", stream := Ascii())
    study.main([str(tmp_path / "study.yaml"), "--output", str(tmp_path / "out")])
    printed = stream.written()
    assert "ratio of means +- SE" in printed
    assert "caf\\xe9 " in printed
    assert "\\xfc +- \\xfc " in printed
    assert {row["cell"] for row in rows(tmp_path / "out" / "study.csv")} == {"café", "ü ± ü"}


def test_plainer_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", stream := Ascii())
    steady()
    say("1 ± 2 …, é±… \ud800")
    assert stream.written() == "1 +- 2 ..., \\xe9\\xb1\\u2026 \\ud800\n"


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize(
    "make", [io.StringIO, io.BytesIO, partial(open, os.devnull, "w")], ids=["text", "bytes", "file"]
)
def test_closed_files(make: Callable[[], Any]) -> None:
    """Nothing is raised, and nothing is left open, however often it is said."""
    with make() as stream:
        pass
    before = descriptors()
    for _ in range(3):
        say("to nobody", stream)
        silence(stream)
    assert descriptors() == before


def test_full_disk() -> None:
    """What could not be written does not fail again when the stream is closed."""
    with open("/dev/full", "w") as stream:
        say("to nobody", stream)
        stream.write("left in the buffer")
    with pytest.raises(OSError, match="No space left"), open("/dev/full", "w") as stream:
        stream.write("left in the buffer")


def test_pipe_without_a_reader() -> None:
    """It is said once to nobody; then it leads nowhere, and closing it raises nothing."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        before = descriptors()
        say("to somebody", stream)
        assert os.read(reading, 100) == b"to somebody\n"
        os.close(reading)
        say("to nobody", stream)
        assert os.readlink(f"/proc/self/fd/{writing}") == os.devnull
        stream.write("left in the buffer")
        assert descriptors() == before - 1  # the reader's


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_a_stream_that_python_does_not_have(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a program without a console."""
    monkeypatch.setattr(f"sys.{name}", None)
    steady()
    stream: Any = getattr(sys, name)
    assert stream.fileno() == ("stdin", "stdout", "stderr").index(name)
    stream.close()
    os.fstat(("stdin", "stdout", "stderr").index(name))  # the descriptor itself stays open

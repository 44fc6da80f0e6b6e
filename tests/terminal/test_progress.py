"""Lines where there is no terminal, a bar where there is one."""

import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from gumbel_gan.terminal.progress import BETWEEN, Progress, shown

COUNTING = """
import sys, threading, time
from gumbel_gan.terminal.progress import shown

start = time.monotonic()
with shown("epoch") as progress:
    for done in range(301):
        progress(done, 300, f"<<error {done}>>" if done else "")
        time.sleep(0.003)
        if done == 150:
            progress.say("half of it")
    threads = threading.active_count()
seconds = time.monotonic() - start
print("rich" in sys.modules, threads, seconds)
"""


def on_a_terminal(line: Sequence[str], cwd: Path) -> tuple[int, str]:
    """The exit status of a command on a terminal of its own, and the text that it wrote there."""
    here, there = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    with subprocess.Popen(line, stdout=there, stderr=there, stdin=there, cwd=cwd, env=environment) as process:
        os.close(there)
        written = b""
        try:
            while chunk := os.read(here, 65536):
                written += chunk
        except OSError:  # Linux says so when the other side is closed
            pass
    os.close(here)
    return process.returncode, re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", written.decode())


def test_a_line_every_tenth_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with shown("epoch") as progress:
        progress(0, 200, "loading")
        for done in range(1, 201):
            progress(done, 200, f"error {done}")
    assert capsys.readouterr().out.splitlines() == [
        f"epoch {done}/200: error {done}" for done in range(20, 201, 20)
    ]


def test_of_a_few_every_one_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with shown("epoch") as progress:
        for done in range(1, 4):
            progress(done, 3, "x")
    assert capsys.readouterr().out.splitlines() == ["epoch 1/3: x", "epoch 2/3: x", "epoch 3/3: x"]


def test_lines_go_on_where_a_training_is_resumed(capsys: pytest.CaptureFixture[str]) -> None:
    with shown("epoch") as progress:
        progress(0, 100, "loading")
        capsys.readouterr()
        for done in range(51, 101):
            progress(done, 100, "x")
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"epoch {done}/100: x" for done in (51, 60, 70, 80, 90, 100)]


def test_without_a_unit_only_what_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with shown() as progress:
        progress(1, 2, "cell 1/2")
        progress.say("cell 1/2: done")
        progress(2, 2, "cell 2/2")
    assert capsys.readouterr().out == "cell 1/2: done\n"


def test_nothing_at_all_when_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with shown("epoch", quiet=True) as progress:
        progress(1, 1, "x")
        progress.say("a line")
    assert capsys.readouterr().out == ""


def test_no_bar_where_there_is_no_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNTING], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    lines = done.stdout.splitlines()
    assert (lines[0], lines[5], len(lines)) == ("epoch 30/300: <<error 30>>", "half of it", 12)
    assert lines[-1].split()[:2] == ["False", "1"]  # no rich, and the main thread alone
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_a_bar_on_a_terminal(tmp_path: Path) -> None:
    status, written = on_a_terminal([sys.executable, "-c", COUNTING], tmp_path)
    assert status == 0, written
    *_, last = written.splitlines()
    rich, threads, seconds = last.split()
    assert (rich, threads) == ("True", "1")
    drawn = re.findall(r"<<error (\d+)>>", written)
    assert drawn[-1] == "300"
    assert "300/300" in written
    # The first, the last, one more beneath the line that was said, and one when it is closed.
    assert 4 <= len(drawn) <= float(seconds) / BETWEEN + 4
    assert "epoch 30/300:" not in written
    assert written.count("half of it") == 1
    assert written.index("half of it") < written.index("<<error 300>>")


def test_a_bar_is_drawn_when_it_is_told_and_by_nobody_else(tmp_path: Path) -> None:
    code = (
        "import time; from gumbel_gan.terminal.progress import shown\n"
        "with shown('epoch') as progress:\n"
        "    progress(1, 9, '<<one>>'); time.sleep(0.5); print('END')\n"
        "    progress(2, 9, '[bold]two')"
    )
    status, written = on_a_terminal([sys.executable, "-c", code], tmp_path)
    assert status == 0, written
    assert written.partition("END")[0].count("<<one>>") == 1
    assert "[bold]two" in written  # text, not markup


def test_no_thread_and_no_bar_in_this_process(capsys: pytest.CaptureFixture[str]) -> None:
    before, start = threading.active_count(), time.monotonic()
    progress = Progress("epoch")
    for done in range(10_000):
        progress(done, 10_000, "x")
    assert threading.active_count() == before
    assert time.monotonic() - start < 1.0
    progress.close()
    progress.close()
    assert len(capsys.readouterr().out.splitlines()) == 9


@pytest.mark.slow
def test_a_training_on_a_terminal(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "gumbel_gan.train", "--epochs", "50", "--output", "out"]
    status, written = on_a_terminal(line, tmp_path)
    assert status == 0, written
    assert "50/50" in written
    assert "loading TensorFlow" in written
    assert "max_abs_error" in written
    assert "epoch 50/50:" not in written
    assert "Results in out: " in written
    status, written = on_a_terminal([*line, "--overwrite", "--quiet"], tmp_path)
    assert (status, written) == (0, "")

"""One writer a directory."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gumbel_gan import train
from gumbel_gan.results.directory import HOLDER, LOCK
from gumbel_gan.results.lock import locked

from ..conftest import QUICK, Refused

HOLD = """
import sys
from gumbel_gan.results.lock import locked
with locked(sys.argv[1]):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_one_writer(tmp_path: Path, refused: Refused) -> None:
    """While another process writes, nobody else does; what holds the lock stays as it is."""
    line = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "locked\n"
        holder = (tmp_path / HOLDER).read_text()
        assert json.loads(holder)["pid"] == other.pid
        error = refused(train.main, "--output", str(tmp_path), *QUICK)
        assert f"output: {tmp_path} is being written by process {other.pid}, since 20" in error
        assert (tmp_path / HOLDER).read_text() == holder
        assert sorted(path.name for path in tmp_path.iterdir()) == [LOCK, HOLDER]
        for unreadable in ("nonsense", "3", "{}", '{"pid": "x", "since": 1}', None):
            if unreadable is None:
                (tmp_path / HOLDER).unlink()
            else:
                (tmp_path / HOLDER).write_text(unreadable)
            with pytest.raises(ValueError, match="is being written by another process: wait for it"):
                locked(str(tmp_path)).__enter__()
        other.stdin.close()
        other.wait()
    with locked(str(tmp_path)):
        pass


def test_not_twice_in_one_process(tmp_path: Path) -> None:
    with locked(str(tmp_path)):
        with (
            pytest.raises(ValueError, match=f"is being written by process {os.getpid()}, since"),
            locked(str(tmp_path)),
        ):
            pass
        assert json.loads((tmp_path / HOLDER).read_text())["pid"] == os.getpid()
    with locked(str(tmp_path)):
        pass


def test_lock_of_the_dead(tmp_path: Path) -> None:
    """A process that is killed holds nothing any more, whatever stands in the file that it leaves behind."""
    line = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        other.send_signal(signal.SIGKILL)
        other.wait()
    left = (tmp_path / HOLDER).read_text()
    assert json.loads(left)["pid"] == other.pid
    # A number may have gone to another process by now, as to the one that started this.
    living = json.dumps({**json.loads(left), "pid": os.getppid()})
    for told in (left, living, "nonsense", "3"):
        (tmp_path / HOLDER).write_text(told)
        with locked(str(tmp_path)):
            assert json.loads((tmp_path / HOLDER).read_text())["pid"] == os.getpid()
        assert not (tmp_path / HOLDER).exists()
        assert (tmp_path / LOCK).exists()


def test_released_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(str(tmp_path)):
        raise KeyError
    assert not (tmp_path / HOLDER).exists()
    with locked(str(tmp_path)):
        pass

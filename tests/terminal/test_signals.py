"""Signals in this process; `tests/training` sends them to processes of their own."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

import gumbel_gan
from gumbel_gan import train
from gumbel_gan.quiet import loading
from gumbel_gan.terminal.signals import SIGNALS, Signals, heard


def test_none_yet() -> None:
    signals = Signals()
    assert (signals.received, signals.stopping.is_set(), signals.status) == (None, False, 0)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_sets_the_flag_and_is_told(number: int, status: int) -> None:
    told: list[threading.Thread] = []
    with heard() as signals:
        assert (signals.received, signals.status) == (None, 0)
        signals.on_signal = lambda: told.append(threading.current_thread())
        os.kill(os.getpid(), number)
        assert signals.stopping.wait(5)
        for _ in range(500):  # it is told after the flag is set
            if told:
                break
            time.sleep(0.01)
    assert (signals.received, signals.status) == (number, status)
    assert len(told) == 1
    assert told[0] is not threading.main_thread()


def test_it_is_told_while_the_main_thread_waits() -> None:
    here, there = os.pipe()
    with heard() as signals:
        signals.on_signal = lambda: os.close(there)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
        assert os.read(here, 1) == b""  # would wait for ever
    os.close(here)


def test_all_is_as_before_afterwards() -> None:
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    threads = threading.active_count()
    descriptors = len(os.listdir("/proc/self/fd"))

    def fail() -> None:
        with heard():
            assert threading.active_count() == threads + 1
            raise RuntimeError("in between")

    with pytest.raises(RuntimeError, match="in between"):
        fail()
    assert {number: signal.getsignal(number) for number in SIGNALS} == handlers
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor)
    assert descriptor == -1
    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_other_signals_are_not_ours() -> None:
    caught: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: caught.append(number))
    try:
        with heard() as signals:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not signals.stopping.wait(0.2)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert caught == [signal.SIGUSR1]
    assert signals.status == 0


def test_only_the_main_thread_asks_for_signals() -> None:
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    found: list[Signals] = []

    def elsewhere() -> None:
        with heard() as signals:
            found.append(signals)
            assert {number: signal.getsignal(number) for number in SIGNALS} == handlers

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found[0].status == 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_second_one_ends_the_process_at_once(number: int, status: int) -> None:
    code = (
        "import os, sys, time; from gumbel_gan.terminal.signals import heard\n"
        "with heard() as signals:\n"
        "    os.kill(os.getpid(), int(sys.argv[1])); signals.stopping.wait(); print('first', flush=True)\n"
        "    os.kill(os.getpid(), int(sys.argv[1])); time.sleep(60); print('never')"
    )
    line = [sys.executable, "-c", code, str(int(number))]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (status, "first\n", "")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_training_ends_with_its_epoch(
    number: int, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    def send() -> None:
        while not (out / "checkpoint" / "state.npz").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    options = ["--epochs", "100000", "--training.batches", "20", "--output", str(out)]
    with pytest.raises(SystemExit) as stopped:
        train.main(options)
    sender.join()
    assert stopped.value.code == status
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"of 100000 epochs: to go on, python -m gumbel_gan.train --resume --output {out}" in error
    epochs = gumbel_gan.load(str(out)).trained_epochs
    assert 0 < epochs < 100_000
    assert f"interrupted after {epochs} of" in error


def test_a_signal_is_not_lost_while_tensorflow_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: int | None) -> AbstractContextManager[None]:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)
        return loading(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("gumbel_gan.train.loading", interrupted)
    with pytest.raises(SystemExit) as stopped:
        train.main(["--output", str(tmp_path / "out"), "--epochs", "100000", "--quiet"])
    assert stopped.value.code == 130
    assert "interrupted after 1 of 100000 epochs: to go on" in capsys.readouterr().err
    assert gumbel_gan.load(str(tmp_path / "out")).trained_epochs == 1

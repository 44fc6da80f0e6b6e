"""A game in a process of its own: the page sends what was done to the controls, and gets frames."""

import multiprocessing
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from ..quiet import loading
from .controls import Controls

FRAMES = 15
"""A second, at most."""
FASTEST = 1_000.0
"""Epochs a second: more than a game has, so that it goes as fast as it can."""


class Player:
    """A game in a process that belongs to one page.

    Args:
        controls: at first.
    """

    def __init__(self, controls: Controls) -> None:
        self.controls = controls
        self.runs = controls.runs
        self._begin()

    def _begin(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        self.process = spawn.Process(target=play, args=(theirs, self.controls), daemon=True)
        self.process.start()
        theirs.close()

    def change(self, controls: Controls) -> None:
        """Move the controls; another number of runs takes another process, set up for it."""
        self.controls = controls
        if controls.runs == self.runs:
            self._send("change", controls)
            return
        self.runs = controls.runs
        self.close()
        self._begin()

    def tell(self, what: str, value: Any = None) -> None:
        """Say one of: play, pause, step (one epoch), again (from the start), speed (epochs a second)."""
        self._send(what, value)

    def _send(self, what: str, value: Any) -> None:
        with suppress(OSError):  # it has ended, which `frame` tells
            self._ours.send((what, value))

    def frame(self) -> dict[str, Any] | None:
        """The newest frame; None if there is no newer one.

        Raises:
            EOFError: the process has ended.
        """
        newest = None
        try:
            while self._ours.poll():
                newest = self._ours.recv()
        except OSError as error:
            raise EOFError(str(error)) from None
        return newest

    def close(self) -> None:
        """End the process, and free its memory."""
        self._ours.close()
        self.process.terminate()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()


def play(connection: Connection, controls: Controls) -> None:
    """The process: train, send frames, do as it is told, until the other end is closed."""
    with suppress(EOFError, OSError, KeyboardInterrupt):  # the page was closed
        with loading(controls.runs, 1, len(controls.target)):
            from .game import Game

        _Playing(connection, Game(controls)).go()


class _Playing:
    def __init__(self, connection: Connection, game: Any) -> None:
        self.connection, self.game = connection, game
        self.paused, self.speed = False, FASTEST
        self.next_epoch = self.next_frame = 0.0

    def go(self) -> None:
        """Play until the other end is closed."""
        while True:
            wait = None if self.paused else max(0.0, self.next_epoch - time.monotonic())
            while self.connection.poll(wait):
                self.do(*self.connection.recv())
                wait = 0.0
            if not self.paused:
                self.epoch()

    def epoch(self) -> None:
        """Train an epoch, and send a frame if it is time for one."""
        self.game.train()
        now = time.monotonic()
        self.next_epoch = max(self.next_epoch + 1 / self.speed, now - 1 / self.speed)
        if now >= self.next_frame or self.paused:
            self.send()

    def send(self) -> None:
        """Send a frame."""
        self.connection.send(self.game.frame())
        self.next_frame = time.monotonic() + 1 / FRAMES

    def do(self, what: str, value: Any) -> None:
        """Do as told; a change is shown at once, though the game is paused."""
        if what == "change":
            self.game.change(value)
        elif what == "again":
            self.game.again()
        elif what == "speed":
            self.speed, self.next_epoch = value, 0.0
        elif what in ("play", "pause"):
            self.paused = what == "pause"
        if what == "step" or (what in ("change", "again") and self.paused):
            paused, self.paused = self.paused, True
            self.epoch()
            self.paused = paused
        if what == "pause" and self.game.epoch:
            self.send()

"""A game in a process of its own: the page sends what was done to the controls, and gets frames."""

import multiprocessing
import pickle
import time
from contextlib import suppress
from itertools import pairwise
from multiprocessing.connection import Connection
from typing import Any

from ..quiet import loading
from .controls import Controls

FRAMES = 15
"""A second, at most."""
FASTEST = 1_000.0
"""Epochs a second: more than a game has, so that it goes as fast as it can."""

PATIENCE = 1.0
"""Seconds to wait for what another process goes on with."""


class Player:
    """A game in a process that belongs to one page.

    Args:
        controls: at first.
    """

    def __init__(self, controls: Controls) -> None:
        self.controls = controls
        self.paused, self.speed = False, FASTEST
        self._begin()

    def _begin(self, state: bytes | None = None) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._ours, theirs = spawn.Pipe()
        self.process = spawn.Process(target=play, args=(theirs, self.controls, state), daemon=True)
        self.process.start()
        theirs.close()
        self._send("speed", self.speed)
        if self.paused:
            self._send("pause", None)

    def change(self, controls: Controls) -> None:
        """Move the controls.

        Another program takes another process, since TensorFlow keeps some 30 MB of each for good. The game
        goes on there. It begins anew if the number of runs or categories changes, or if this process does
        not answer, as while it compiles.
        """
        before, self.controls = self.controls, controls
        if not controls.compiles_again(before):
            self._send("change", controls)
            return
        state = self._state() if controls.goes_on_from(before) else None
        self.close()
        self._begin(state)

    def _state(self) -> bytes | None:
        """What another process goes on with, which this one need not understand; None without an answer."""
        self._send("leave", None)
        end = time.monotonic() + PATIENCE
        with suppress(EOFError, OSError):
            while self._ours.poll(max(0.0, end - time.monotonic())):
                if isinstance(told := self._ours.recv(), bytes):
                    return told
        return None

    def tell(self, what: str, value: Any = None) -> None:
        """Say one of: play, pause, step (one epoch), again (from the start), speed (epochs a second)."""
        if what in ("play", "pause"):
            self.paused = what == "pause"
        elif what == "speed":
            self.speed = value
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
        self.process.kill()  # there is nothing that it should save
        self.process.join()
        self.process.close()


def play(connection: Connection, controls: Controls, state: bytes | None = None) -> None:
    """The process: train, send frames, do as it is told, until the other end is closed."""
    with suppress(EOFError, OSError, KeyboardInterrupt):  # the page was closed
        with loading(controls.runs, 1, len(controls.target)):
            from .game import Game

        _Playing(connection, Game(controls, None if state is None else pickle.loads(state))).go()


class _Playing:
    def __init__(self, connection: Connection, game: Any) -> None:
        self.connection, self.game = connection, game
        self.paused, self.speed = False, FASTEST
        self.next_epoch = self.next_frame = 0.0

    def go(self) -> None:
        """Play until the other end is closed."""
        while True:
            wait = None if self.paused else max(0.0, self.next_epoch - time.monotonic())
            told = []
            while self.connection.poll(wait):
                told.append(self.connection.recv())
                wait = 0.0
            for (what, value), (following, _) in pairwise([*told, ("", None)]):
                if not what == following == "change":  # of a slider that is dragged the last one counts
                    self.do(what, value)
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
        """Do as told.

        A paused game shows what was changed. If its program has not run yet, it plays an epoch to do so.
        """
        if what == "change":
            self.game.change(value)
        elif what == "again":
            self.game.again()
        elif what == "leave":
            self.connection.send(pickle.dumps(self.game.state()))
            raise EOFError
        elif what == "speed":
            self.speed, self.next_epoch = value, 0.0
        elif what in ("play", "pause"):
            self.paused = what == "pause"
        if what == "step" or (self.paused and (what == "again" or not self.game.gan.traces)):
            self.epoch()
        elif self.paused and what in ("change", "pause"):
            self.send()

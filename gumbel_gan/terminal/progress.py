"""How far it is: a bar on a terminal, lines elsewhere."""

import contextlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .streams import say, silence

BETWEEN = 0.1
"""Seconds between two drawings of the bar."""


class Progress:
    """Shows what it is told: `progress(done, total, "a few words")`.

    On a terminal it is a bar, drawn when it is told something and at most ten times a second, without a
    thread of its own. Elsewhere it is a line every tenth, if there is a `unit`.

    Args:
        unit: what is counted, as "epoch"; without it nothing is shown but on a terminal.
        quiet: show nothing at all.
    """

    def __init__(self, unit: str | None = None, quiet: bool = False) -> None:
        self.unit, self.quiet = unit, quiet
        self._bar: Any = None
        self._task: Any = None
        self._drawn = -BETWEEN
        self._done = 0.0

    def __call__(self, done: float, total: float, shown: str) -> None:
        """Show how much is done."""
        if self.quiet:
            return
        if sys.stdout.isatty():
            try:
                self._draw(done, total, shown)
            except (OSError, ValueError):  # the terminal is gone
                self.close()
                silence(sys.stdout)
        elif self.unit and shown:
            before = self._done
            if done >= total or done * 10 // total > before * 10 // total:
                say(f"{self.unit} {done:g}/{total:g}: {shown}")
        self._done = done

    def say(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        if self.quiet:
            return
        if self._bar is None:
            say(line)
            return
        try:
            self._bar.console.print(line, markup=False, highlight=False)
        except (OSError, ValueError):  # the terminal is gone
            self.close()
            silence(sys.stdout)

    def _draw(self, done: float, total: float, shown: str) -> None:
        if self._bar is None:
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                TaskProgressColumn,
                TextColumn,
                TimeRemainingColumn,
            )
            from rich.progress import Progress as Bar
            from rich.table import Column

            counted = MofNCompleteColumn if self.unit else TaskProgressColumn
            # The words give way where the terminal is narrow, not the count.
            words = Column(ratio=1, no_wrap=True, overflow="ellipsis")
            self._bar = Bar(
                BarColumn(20),
                counted(table_column=Column(no_wrap=True)),
                TimeRemainingColumn(table_column=Column(no_wrap=True)),
                TextColumn("{task.description}", markup=False, table_column=words),
                auto_refresh=False,
                expand=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=total)
        self._bar.update(self._task, completed=done, total=total, description=shown)
        now = time.monotonic()
        if done >= total or now - self._drawn >= BETWEEN:
            self._bar.refresh()
            self._drawn = now

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            with contextlib.suppress(OSError, ValueError):
                self._bar.stop()
            self._bar = None


@contextmanager
def shown(unit: str | None = None, quiet: bool = False) -> Iterator[Progress]:
    """In this context, a progress that is closed at its end."""
    progress = Progress(unit, quiet)
    try:
        yield progress
    finally:
        progress.close()

"""A study's cells: training one, and keeping what came out.

A cell is trained wherever this is imported: in the study's own process, or in a worker's.
"""

import contextlib
import hashlib
import inspect
import json
import os
import time
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from threading import Event
from typing import Any

import numpy as np

from ..config.catalogue import TASKS
from ..config.config import Config
from ..results.files import read_arrays, write_arrays
from ..training.progress import Told
from .tasks import Columns, Task


@dataclass
class Cell:
    """One setting of the study.

    Attributes:
        varied: the settings that tell it from the others, by dotted key.
        settings: all its settings.
        kind: what is done with them, the name of a task.
        name: what the study calls it, if it has a name for it.
        curves: [E, R], what is drawn against the epoch, once it is trained.
        columns: its results, once it is trained.
        failure: why it could not be trained.
    """

    varied: dict[str, Any]
    settings: Any
    kind: str = "gan"
    name: str | None = None
    curves: np.ndarray | None = None
    columns: Columns | None = None
    failure: str | None = None

    @property
    def task(self) -> Task:
        """What is done with it."""
        task: Task = TASKS.load(self.kind)()
        return task

    @property
    def label(self) -> str:
        """Its name; or short: names as they are, numbers with the last part of their key."""
        if self.name:
            return self.name
        parts = (
            value if isinstance(value, str) else f"{key.rsplit('.', 1)[-1].replace('_', ' ')} {value}"
            for key, value in self.varied.items()
        )
        return ", ".join(parts) or "base"

    @property
    def file(self) -> str:
        """Where its results are kept: named by all that they depend on, the code of the user's own, too."""
        told = [self.kind, asdict(self.settings), *self._own_code()]
        text = json.dumps(told, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16] + ".npz"

    def _own_code(self) -> list[str]:
        """The code of the modules that hold parts of the user's own; what these import is not looked at."""
        modules = sorted({name.partition(":")[0] for _, name in self.own_parts})
        found = []
        for module in modules:
            with contextlib.suppress(OSError, TypeError):
                found.append(inspect.getsource(import_module(module)))
        return found

    @property
    def own_parts(self) -> list[tuple[str, str]]:
        """The parts of the user's own that its settings name: setting and module:Class."""
        return list(self.settings.own_parts()) if isinstance(self.settings, Config) else []

    @property
    def side_by_side(self) -> tuple[int | None, int]:
        """The runs side by side for which XLA is to be set up, None of sequences, and their programs."""
        return self.settings.side_by_side if isinstance(self.settings, Config) else (self.settings.runs, 1)


def train(cell: Cell, progress: Told | None = None, stopping: Event | None = None) -> Cell:
    """The same cell, trained here: with its curves and columns, or why it could not be.

    Args:
        cell: of a study.
        progress: is told of every epoch.
        stopping: a flag that ends it early.

    Raises:
        CutShort: the flag was set before the cell was done.
    """
    start = time.perf_counter()
    try:
        curves, columns = cell.task.train(cell.settings, progress, stopping)
    except (ValueError, ArithmeticError) as error:
        return replace(cell, failure=str(error))
    columns["seconds"] = np.full(curves.shape[1], time.perf_counter() - start)
    return replace(cell, curves=curves, columns=columns)


def keep(cell: Cell, directory: str) -> None:
    """Write a trained cell into a directory, in a file named by its settings."""
    assert cell.curves is not None
    assert cell.columns is not None
    arrays: dict[str, Any] = {"curves": cell.curves, **{f"column {k}": v for k, v in cell.columns.items()}}
    write_arrays(directory, cell.file, arrays)


def restore(cell: Cell, directory: str) -> bool:
    """Read a cell that was trained before; whether there is one."""
    try:
        arrays = read_arrays(os.path.join(directory, cell.file))
        cell.curves = arrays.pop("curves")
    except (OSError, ValueError, KeyError):
        return False
    cell.columns = {name.removeprefix("column "): values for name, values in arrays.items()}
    return True

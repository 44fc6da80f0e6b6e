"""Rows of arrays that grow with the training: in memory without copies of the whole, on disk by appending."""

from collections.abc import Mapping

import numpy as np


class History:
    """Rows of named arrays, each name of one shape and type."""

    def __init__(self) -> None:
        self.length = 0
        self._columns: dict[str, np.ndarray] = {}

    def append(self, row: Mapping[str, np.ndarray | float]) -> None:
        """One more row."""
        self.extend({name: np.asarray(value)[None] for name, value in row.items()})

    def extend(self, rows: Mapping[str, np.ndarray]) -> None:
        """More rows, [n, ...] for each name."""
        if not rows:
            return
        end = self.length + len(next(iter(rows.values())))
        for name, values in rows.items():
            column = self._columns.get(name)
            if column is None or len(column) < end:
                # Twice as many each time: a list of small arrays takes several times the memory.
                larger = np.empty((max(2 * end, 64), *values.shape[1:]), values.dtype)
                if column is not None:
                    larger[: self.length] = column[: self.length]
                self._columns[name] = column = larger
            column[self.length : end] = values
        self.length = end

    def __getitem__(self, name: str) -> np.ndarray:
        """All rows of a name."""
        return self._columns[name][: self.length]

    def __len__(self) -> int:
        return self.length

    def since(self, start: int) -> dict[str, np.ndarray]:
        """The rows from `start` on, by name."""
        return {name: column[start : self.length] for name, column in self._columns.items()}

    def arrays(self) -> dict[str, np.ndarray]:
        """All rows, by name; copies."""
        return {name: column.copy() for name, column in self.since(0).items()}

"""What counting makes of a table: columns that are independent, a tree of pairs, the rows themselves.

Each is fitted on the rows to train on; the yardsticks of everything else that learns a table.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

ADDED = 0.1
"""What is added to every count of a column given another (Lidstone)."""
PARTS_ADDED = np.geomspace(1e-4, 0.99, 40)
"""The parts of the probability that may be spread over all cells."""


class Counted(Protocol):
    """A distribution over rows."""

    def log_probabilities(self, codes: np.ndarray) -> np.ndarray:
        """Of rows, int32 [n, T] to [n], in nats."""

    def draw(self, rows: int, random: np.random.Generator) -> np.ndarray:
        """Draw rows, int32 [rows, T]."""


class Tree:
    """Each column given its parent, with probabilities from counts.

    Args:
        codes: int32 [S, T], rows.
        weights: [S], of the rows.
        sizes: how many categories each column has.
        parents: of each column another one, or -1; without a circle.
        added: to every count.

    Example:
        >>> import numpy as np
        >>> from gumbel_gan.data.counting import independent
        >>> codes = np.array([[0, 0], [1, 1]], np.int32)
        >>> print(np.exp(independent(codes, np.array([5, 5]), [2, 2]).log_probabilities(codes)))
        [0.25 0.25]
    """

    def __init__(
        self,
        codes: np.ndarray,
        weights: np.ndarray,
        sizes: Sequence[int],
        parents: Sequence[int],
        added: float = ADDED,
    ) -> None:
        self.sizes, self.parents = list(sizes), list(parents)
        self.order: list[int] = []
        while len(self.order) < len(sizes):  # parents before their children
            self.order += [
                column
                for column, parent in enumerate(self.parents)
                if column not in self.order and (parent < 0 or parent in self.order)
            ]
        self.tables = []  # [parent's size or 1, size]
        for column, parent in enumerate(self.parents):
            above = sizes[parent] if parent >= 0 else 1
            given = codes[:, parent] if parent >= 0 else np.zeros(len(codes), int)
            place = given * sizes[column] + codes[:, column]
            counts = np.bincount(place, weights, above * sizes[column]).reshape(above, -1) + added
            self.tables.append(counts / counts.sum(axis=1, keepdims=True))

    def log_probabilities(self, codes: np.ndarray) -> np.ndarray:
        """Of rows, int32 [n, T] to [n], in nats."""
        total = np.zeros(len(codes))
        for column, parent in enumerate(self.parents):
            given = codes[:, parent] if parent >= 0 else 0
            total += np.log(self.tables[column][given, codes[:, column]])
        return total

    def draw(self, rows: int, random: np.random.Generator) -> np.ndarray:
        """Draw rows, int32 [rows, T]."""
        codes = np.zeros((rows, len(self.sizes)), np.int32)
        for column in self.order:
            parent = self.parents[column]
            given = codes[:, parent] if parent >= 0 else np.zeros(rows, int)
            ends = np.cumsum(self.tables[column], axis=1)[given]
            codes[:, column] = (random.random((rows, 1)) * ends[:, -1:] >= ends[:, :-1]).sum(1)
        return codes


class SpreadRows:
    """The rows themselves, with a part of the probability spread evenly over all cells.

    Args:
        codes: int32 [S, T], rows.
        weights: [2, S], of the rows to train on, and of those by which the part is chosen.
        sizes: how many categories each column has.
    """

    def __init__(self, codes: np.ndarray, weights: np.ndarray, sizes: Sequence[int]) -> None:
        self.sizes = list(sizes)
        self.log_cells = float(np.log(np.asarray(sizes, float)).sum())
        self.codes, self.frequencies = codes, weights[0] / weights[0].sum()
        self._place = {
            row.tobytes(): number for number, row in enumerate(np.ascontiguousarray(codes, np.int32))
        }
        chosen = weights[1] if weights[1].any() else weights[0]
        found = [(chosen * self._logs(self.frequencies, part)).sum() for part in PARTS_ADDED]
        self.part = float(PARTS_ADDED[int(np.argmax(found))])

    def _logs(self, frequencies: np.ndarray, part: float) -> np.ndarray:
        return np.asarray(
            np.logaddexp(np.log(part) - self.log_cells, np.log(np.maximum((1 - part) * frequencies, 1e-300)))
        )

    def log_probabilities(self, codes: np.ndarray) -> np.ndarray:
        """Of rows, int32 [n, T] to [n], in nats."""
        places = [self._place.get(row.tobytes(), -1) for row in np.ascontiguousarray(codes, np.int32)]
        return self._logs(np.append(self.frequencies, 0.0)[places], self.part)

    def draw(self, rows: int, random: np.random.Generator) -> np.ndarray:
        """Draw rows, int32 [rows, T]."""
        anywhere = np.stack([random.integers(size, size=rows) for size in self.sizes], axis=1)
        real = self.codes[random.choice(len(self.codes), size=rows, p=self.frequencies)]
        return np.where(random.random((rows, 1)) < self.part, anywhere, real).astype(np.int32)


def independent(codes: np.ndarray, weights: np.ndarray, sizes: Sequence[int]) -> Tree:
    """Every column by itself.

    Args:
        codes: int32 [S, T], rows.
        weights: [S].
        sizes: how many categories each column has.
    """
    return Tree(codes, weights, sizes, [-1] * len(sizes))


def chow_liu(codes: np.ndarray, weights: np.ndarray, sizes: Sequence[int]) -> Tree:
    """The tree of pairs with the largest mutual information (Chow and Liu 1968).

    Args:
        codes: int32 [S, T], rows.
        weights: [S].
        sizes: how many categories each column has.
    """
    information = mutual_information(codes, weights, sizes)
    parents = [-1] * len(sizes)
    inside, best, nearest = {0}, information[0].copy(), np.zeros(len(sizes), int)
    while len(inside) < len(sizes):  # Prim's algorithm
        column = max(set(range(len(sizes))) - inside, key=lambda one: best[one])
        parents[column] = int(nearest[column])
        inside.add(column)
        nearer = information[column] > best
        best, nearest = np.where(nearer, information[column], best), np.where(nearer, column, nearest)
    return Tree(codes, weights, sizes, parents)


def mutual_information(codes: np.ndarray, weights: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Of every pair of columns, in nats, [T, T]; of rows [S, T] with weights [S]."""
    columns = len(sizes)
    found = np.zeros((columns, columns))
    for one in range(columns):
        for other in range(one):
            place = codes[:, one].astype(np.int64) * sizes[other] + codes[:, other]
            joint = np.bincount(place, weights, sizes[one] * sizes[other]).reshape(sizes[one], -1)
            joint = joint / joint.sum()
            apart = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
            there = joint > 0
            told = (joint[there] * np.log(joint[there] / apart[there])).sum()
            found[one, other] = found[other, one] = told
    return found


COUNTED = {"independent columns": independent, "Chow-Liu tree": chow_liu}
"""What is fitted beside every training of a table: how it is called, and by what."""

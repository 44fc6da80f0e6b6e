"""Rows of a table: a category is a different row, and what the networks see are its columns' codes.

So everything that counts and compares distributions of categories does the same for tables. Rows are in three
parts: to train, to tell when to stop, and to score. `tabular` makes them of tables.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np

from .columns import Column
from .counting import COUNTED
from .fidelity import auc, averages, fidelity, likeness, new_rows
from .source import Drawing, Source, TargetIs, Verdicts, listed
from .values import kind_of

PARTS = ("training", "stopping", "held_out")
"""The three parts of the rows: to train, to tell when to stop, to score."""
DRAWN = 10_000
"""Rows that are drawn for their scores, in every run."""
AT_ONCE = 4_096
"""Rows whose names are made at once."""
SAMPLED_EVERY = 5
"""Epochs after which rows are drawn for their scores, and after the first."""
SAMPLED = ("tv_complement", "contingency_similarity", "category_coverage", "new_rows")
"""Columns of metrics.csv that only these epochs have."""


class Rows(Source):
    """A source of rows.

    Args:
        columns: T of them, with their categories.
        codes: int32 [S, T], every different row.
        weights: [3, S], how often each occurs in the rows to train, to stop and to score, or its weight
            there.

    Attributes:
        columns: the columns.
        sizes: how many categories each has.
        weights: float64 or int64 [3, S].

    Raises:
        ValueError: there are no two columns, or no rows to train on.

    Example:
        >>> import gumbel_gan as gg
        >>> table = {"weather": ["sun", "rain", "sun", "sun"], "picnic": ["yes", "no", "yes", "no"]}
        >>> rows = gg.from_table(table, stopping=0, held_out=0)
        >>> rows.sizes, list(rows.labels)
        ((2, 2), ['rain,no', 'sun,no', 'sun,yes'])
        >>> print(rows.target)
        [0.25 0.25 0.5 ]
    """

    kind = "rows"
    target_is: TargetIs = "frequencies"

    def __init__(self, columns: Sequence[Column], codes: np.ndarray, weights: np.ndarray) -> None:
        if len(columns) < 2:
            raise ValueError(
                f"data.columns: received {len(columns)}, {listed([c.name for c in columns])}: give two or "
                "more; one column is for data.column, or gumbel_gan.from_values"
            )
        self.columns = tuple(columns)
        self.codes: np.ndarray = np.asarray(codes, np.int32)
        self.weights = np.asarray(weights)
        self.labels = RowNames(self.columns, self.codes)
        self.sizes = tuple(len(column.labels) for column in columns)
        if max(self.sizes) < 2:
            raise ValueError("data.columns: received rows that are all the same: give some that differ")
        total = self.weights[0].sum()
        if not total > 0:
            raise ValueError("data: received no rows to train on: give more, or a smaller data.held_out")
        self.target = self.weights[0] / total
        if self.weights.dtype.kind == "i":
            self.counts = self.weights[0]
        self._ends = np.cumsum(self.weights[0])  # of each row, in the sorted table
        if self.counts is None:  # so that no number below 1 falls beyond the last
            self._ends = self._ends / self._ends[-1]

    def draw(self, random: np.random.Generator, size: int) -> np.ndarray:
        """Draw `size` of the rows to train on, with replacement, as categories int32 [size]."""
        whole = self._ends[-1]
        places = random.random(size) if self.counts is None else random.integers(whole, size=size)
        return np.searchsorted(self._ends, places, side="right").astype(np.int32)

    @property
    def digest(self) -> str:
        """What tells this table, and its split, from another."""
        told = hashlib.sha256(repr([column.to_json() for column in self.columns]).encode())
        for array in (self.codes, self.weights):
            told.update(np.ascontiguousarray(array).tobytes())
        return told.hexdigest()

    def part(self, number: int) -> np.ndarray:
        """The rows of a part, 0 to train, 1 to stop, 2 to score, as often as they occur, int32 [n, T]."""
        return np.repeat(self.codes, np.maximum(self.weights[number], 0).round().astype(int), axis=0)

    def scores(
        self, learned: np.ndarray, counted: np.ndarray, forgetting: np.ndarray, epoch: int
    ) -> dict[str, np.ndarray]:
        """How good a distribution over all rows is, exactly.

        Returns:
            By name, [R] each: the mean log-probability of a row of each part, in nats, with the standard
            error of those held out, and `kl`, the divergence of the training rows' frequencies from it.
        """
        logs = np.log(np.maximum(learned, 1e-300))
        scores = {}
        for part, weights in zip(PARTS, self.weights, strict=True):
            if not (total := weights.sum()) > 0:
                continue
            mean = logs @ weights / total
            scores[f"{part}_log_likelihood".removeprefix("training_")] = mean
            if part == "held_out":
                variance = (logs - mean[:, None]) ** 2 @ weights / total
                scores["held_out_standard_error"] = np.sqrt(variance / total)
        seen = self.target > 0
        scores["kl"] = (self.target[seen] * np.log(self.target[seen])).sum() - scores["log_likelihood"]
        return scores

    def sampled(self, runs: int, draw: Drawing, epoch: int) -> dict[str, np.ndarray]:
        """How faithful drawn rows are, every fifth epoch: means over columns and pairs; see `fidelity`."""
        if epoch and (epoch + 1) % SAMPLED_EVERY:
            return dict.fromkeys(SAMPLED, np.full(runs, np.nan))
        known, real = self.codes[self.weights[0] > 0], self._scored
        found = []
        for run in range(runs):
            drawn = draw(DRAWN, run)
            found.append(averages({**likeness(real, drawn, self.sizes), "new_rows": new_rows(known, drawn)}))
        return {name: np.array([of_run[name] for of_run in found]) for name in SAMPLED}

    @property
    def _scored(self) -> np.ndarray:
        """The rows that drawn ones are compared with: those held out, or the training rows without such."""
        return self.part(2 if self.weights[2].any() else 0)

    def stopping(self, learned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log-probabilities [R, n] of the rows that tell when to stop, and how often each occurs, [n]."""
        there = self.weights[1] > 0
        return np.log(np.maximum(learned[:, there], 1e-300)), self.weights[1][there]

    def judged(self, runs: int, draw: Drawing, verdicts: Verdicts) -> dict[str, Any]:
        """The columns, how the rows were split, and how faithful drawn rows are to those held out."""
        train = self.part(0)
        real = self._scored
        found = []
        for run in range(runs):
            drawn = draw(DRAWN, run)
            told = auc(*(verdicts(rows[:DRAWN], run) for rows in (real, drawn)))
            found.append({**fidelity(train, real, drawn, self.sizes), "discriminator_auc": told})
        sizes = self.weights.sum(axis=1).tolist()
        split = {**dict(zip(PARTS, sizes, strict=True)), "digest": self.digest, "counted": self._counted()}
        return {"columns": self.columns, "fidelity": tuple(found), "split": split}

    def _counted(self) -> dict[str, float]:
        """What counting makes of the training rows: the log-likelihood of a held-out row, or of these."""
        scored = self.weights[2] if self.weights[2].any() else self.weights[0]
        return {
            name: float(scored @ fit(self.codes, self.weights[0], self.sizes).log_probabilities(self.codes))
            / float(scored.sum())
            for name, fit in COUNTED.items()
        }

    def encode(self, rows: Any) -> np.ndarray:
        """Rows as codes, int32 [n, T]; see `encode`."""
        return encode(self.columns, rows)


def encode(columns: Sequence[Column], rows: Any, key: str = "rows") -> np.ndarray:
    """Rows as codes, int32 [n, T].

    Args:
        columns: T of them.
        rows: a DataFrame, a dictionary of columns, or a list of dictionaries or of rows.
        key: what gave them, for messages.

    Raises:
        ValueError: a column is missing, rows differ in length, or a category was never seen.
    """
    table = _by_column(columns, rows, key)
    codes = np.empty((len(next(iter(table.values()))), len(columns)), np.int32)
    for place, column in enumerate(columns):
        different: dict[Any, int] = {}
        for value in dict.fromkeys(table[column.name]):
            different[value] = column.code(value, key)
        codes[:, place] = [different[value] for value in table[column.name]]
    return codes


def _by_column(columns: Sequence[Column], rows: Any, key: str) -> dict[str, list[Any]]:
    names = [column.name for column in columns]
    if kind_of(rows) == "pandas" and rows.ndim == 1:
        raise ValueError(f"{key}: received a Series: give rows, as frame[:1], or a list of them")
    if isinstance(rows, Mapping) and any(
        isinstance(v, str) or not hasattr(v, "__len__") for v in rows.values()
    ):
        raise ValueError(f"{key}: received a dictionary of single values: give a list of such rows, [row]")
    if not (isinstance(rows, Mapping) or hasattr(rows, "columns")):
        rows = list(rows)
        if rows and all(isinstance(row, Mapping) for row in rows):
            rows = {
                name: [row.get(name) for row in rows] for name in dict.fromkeys(n for r in rows for n in r)
            }
        else:
            for number, row in enumerate(rows, start=1):
                if isinstance(row, str) or not hasattr(row, "__len__") or len(row) != len(names):
                    raise ValueError(
                        f"{key}: received {row!r} as row {number}: give {len(names)} values, "
                        f"of {listed(names)}"
                    )
            rows = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
    held = {str(name): list(rows[name]) for name in (rows if isinstance(rows, Mapping) else rows.columns)}
    for name in names:
        if name not in held:
            raise ValueError(f"{key}: received no column {name!r}: give {listed(names)}")
    lengths = {len(held[name]) for name in names}
    if len(lengths) > 1:
        raise ValueError(f"{key}: received columns of {min(lengths)} to {max(lengths)} values: give as many")
    return held


class RowNames(Sequence[str]):
    """Every row as a line of CSV, made when it is asked for: names of a million rows take no memory.

    Args:
        columns: T of them.
        codes: int32 [S, T].
    """

    def __init__(self, columns: Sequence[Column], codes: np.ndarray) -> None:
        self.codes = codes
        self._cells = [np.array([_cell(label) for label in column.labels], object) for column in columns]

    def __len__(self) -> int:
        """S."""
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        """One of them, or some."""
        found = tuple(self._lines(self.codes[place] if isinstance(place, slice) else self.codes[[place]]))
        return found if isinstance(place, slice) else found[0]

    def __iter__(self) -> Iterator[str]:
        """All, a few thousand at once."""
        for start in range(0, len(self), AT_ONCE):
            yield from self._lines(self.codes[start : start + AT_ONCE])

    def __eq__(self, other: object) -> bool:
        """Whether they are the same names, as those of a tuple are."""
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __repr__(self) -> str:
        """As a tuple, cut short."""
        return listed(self)

    def _lines(self, codes: np.ndarray) -> Iterator[str]:
        columns = (cells[codes[:, place]].tolist() for place, cells in enumerate(self._cells))
        return map(",".join, zip(*columns, strict=True))


def _cell(label: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([label])
    return text.getvalue()

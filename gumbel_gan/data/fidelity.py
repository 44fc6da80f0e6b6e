"""How faithful drawn rows are to real ones, column by column and pair by pair.

Names and definitions are those of SDMetrics (https://docs.sdv.dev/sdmetrics): TVComplement,
ContingencySimilarity, CategoryCoverage.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

CLOSEST = 1_000
"""Rows whose closest training row is looked for, and training rows that are looked at, times five."""


def shares(codes: np.ndarray, size: int) -> np.ndarray:
    """The share of each category of a column, int [n] to [size]."""
    return np.bincount(codes, minlength=size) / max(len(codes), 1)


def tv_complement(real: np.ndarray, drawn: np.ndarray, size: int) -> float:
    """One minus the total variation of a column, of codes [n] and [m].

    Args:
        real: codes of real rows.
        drawn: codes of drawn rows.
        size: how many categories there are.
    """
    return float(1 - 0.5 * np.abs(shares(real, size) - shares(drawn, size)).sum())


def contingency_similarity(real: np.ndarray, drawn: np.ndarray, sizes: Sequence[int]) -> float:
    """One minus the total variation of a pair of columns, of codes [n, 2] and [m, 2].

    Args:
        real: codes of real rows.
        drawn: codes of drawn rows.
        sizes: how many categories each of the two has.
    """
    first, second = (pair[:, 0].astype(np.int64) * sizes[1] + pair[:, 1] for pair in (real, drawn))
    found, place = np.unique(np.concatenate([first, second]), return_inverse=True)
    return tv_complement(place[: len(first)], place[len(first) :], len(found))


def category_coverage(real: np.ndarray, drawn: np.ndarray) -> float:
    """The share of a column's real categories that are drawn, too, of codes [n] and [m]."""
    there = np.unique(real)
    return float(np.isin(there, drawn).mean())


def distances(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """In how many columns each row differs from the closest of the others, [n, T] and [m, T] to [n]."""
    closest = np.full(len(rows), rows.shape[1])
    for start in range(0, len(others), 256):
        part = others[start : start + 256]
        differ = sum(
            (rows[:, None, column] != part[None, :, column]).astype(np.int16)
            for column in range(rows.shape[1])
        )
        closest = np.minimum(closest, np.asarray(differ).min(axis=1))
    return closest


def fidelity(train: np.ndarray, real: np.ndarray, drawn: np.ndarray, sizes: Sequence[int]) -> dict[str, Any]:
    """The scores of rows that were drawn in one run.

    Args:
        train: int32 [n, T], the rows that were trained on.
        real: int32 [m, T], those to compare with.
        drawn: int32 [l, T].
        sizes: how many categories each column has.

    Returns:
        By name: `tv_complement` and `category_coverage`, [T]; `contingency_similarity`, [T, T], 1 on the
        diagonal; `new_rows`, the share of drawn rows that were not trained on; `closest` and `real_closest`,
        the mean number of columns in which a drawn row, or a real one, differs from the closest training row;
        `marginals`, the shares of each column's categories, drawn and real.
    """
    some = train[np.linspace(0, len(train) - 1, min(len(train), 5 * CLOSEST)).astype(int)]
    return {
        **likeness(real, drawn, sizes),
        "new_rows": new_rows(train, drawn),
        "closest": float(distances(drawn[:CLOSEST], some).mean()),
        "real_closest": float(distances(real[:CLOSEST], some).mean()),
        "marginals": [
            np.stack([shares(drawn[:, t], size), shares(real[:, t], size)]) for t, size in enumerate(sizes)
        ],
    }


def likeness(real: np.ndarray, drawn: np.ndarray, sizes: Sequence[int]) -> dict[str, np.ndarray]:
    """The scores of all columns and pairs.

    Args:
        real: int32 [m, T].
        drawn: int32 [l, T].
        sizes: how many categories each column has.

    Returns:
        By name: `tv_complement` and `category_coverage`, [T], and `contingency_similarity`, [T, T], 1 on the
        diagonal.
    """
    columns = range(len(sizes))
    pairs = np.eye(len(sizes))
    for one, other in combinations(columns, 2):
        both = [one, other]
        pairs[one, other] = pairs[other, one] = contingency_similarity(
            real[:, both], drawn[:, both], [sizes[column] for column in both]
        )
    return {
        "tv_complement": np.array([tv_complement(real[:, t], drawn[:, t], sizes[t]) for t in columns]),
        "category_coverage": np.array([category_coverage(real[:, t], drawn[:, t]) for t in columns]),
        "contingency_similarity": pairs,
    }


def averages(scores: Mapping[str, Any]) -> dict[str, float]:
    """The means over columns, and over pairs, of `likeness`, and the share of new rows."""
    upper = np.triu_indices(len(scores["tv_complement"]), 1)
    return {
        "tv_complement": float(scores["tv_complement"].mean()),
        "contingency_similarity": float(scores["contingency_similarity"][upper].mean()),
        "category_coverage": float(scores["category_coverage"].mean()),
        "new_rows": float(scores["new_rows"]),
    }


def new_rows(known: np.ndarray, drawn: np.ndarray) -> float:
    """The share of drawn rows, int32 [l, T], that are not among the known ones, [n, T]."""
    keys = [row.tobytes() for row in np.ascontiguousarray(drawn, np.int32)]
    wanted = set(keys)  # the smaller set of the two
    seen = {key for row in np.ascontiguousarray(known, np.int32) if (key := row.tobytes()) in wanted}
    return float(np.mean([key not in seen for key in keys]))


def auc(real: np.ndarray, drawn: np.ndarray) -> float:
    """How often a real row scores higher than a drawn one; half where nothing tells them apart.

    Args:
        real: scores [n].
        drawn: scores [m].
    """
    both = np.concatenate([real, drawn])
    _, which, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[which]  # the mean rank of equal scores
    n, m = len(real), len(drawn)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))

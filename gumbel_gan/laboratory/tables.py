"""Evidence on tables: the recipe of `configs/table.yaml`, and what else learns a table, on the same rows."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config.catalogue import ORDERS
from ..config.checks import check_count, seed_of
from ..config.config import Config
from ..data.counting import Counted, SpreadRows, chow_liu, independent
from ..data.fidelity import averages, fidelity
from ..data.rows import PARTS
from ..results.written import recipe
from ..training.progress import CutShort, Told
from .published import TABLES, Published, against_truth, published
from .tasks import MEAN, Columns, Statistic, Task

if TYPE_CHECKING:
    from ..figures.style import Figure

DRAWN = 10_000
"""Rows that are drawn of what was learned, for the scores."""
Learned = tuple[Callable[[int], np.ndarray], Callable[[np.ndarray], np.ndarray] | None]
"""Draws so many rows, and the probabilities of rows [n, T], if there are any."""


@dataclass(frozen=True)
class Table:
    """The settings.

    Attributes:
        seed: of everything random.
        runs: networks side by side, on the same rows; learners that are not random have one.
        epochs: of the networks.
        table: which.
        learner: gan, maximum_likelihood (its best epoch), maximum_likelihood_last, independent, chow_liu,
            spread, ctgan, or rows: the real ones, to compare with.
        rows: drawn, where the truth is known.
        order: in which columns are learned: given or information.
    """

    seed: int = 0
    runs: int = 8
    epochs: int = 40
    table: str = "asia"
    learner: str = "gan"
    rows: int = 12_500
    order: str = "given"

    def __post_init__(self) -> None:
        seed_of(self.seed)
        for name in ("runs", "epochs", "rows"):
            check_count(name, getattr(self, name))
        for name, known in (("table", TABLES), ("learner", LEARNERS), ("order", ORDERS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name}: received {getattr(self, name)!r}: give one of {', '.join(known)}")

    @property
    def config(self) -> Config:
        """The recipe's settings."""
        return replace(recipe("table"), runs=self.runs, seed=self.seed, epochs=self.epochs)


def of_gan(settings: Table, table: Published, progress: Any, stopping: Any) -> list[Learned]:
    """The GAN of the recipe, each run's best epoch."""
    from ..training.run import run

    result, gan = run(settings.config, table.rows, progress=progress, stopping=stopping)
    if stopping is not None and stopping.is_set():
        raise CutShort
    return [_of_generator(gan.generator, number) for number in range(result.runs)]


def of_likelihood(settings: Table, table: Published, progress: Any, stopping: Any) -> list[Learned]:
    """The GAN's generator, trained by likelihood: its best epoch by the stopping rows."""
    from .baselines import fitted

    network = fitted(settings.config, table.rows, progress, stopping)
    return [_of_generator(network, number) for number in range(settings.runs)]


def of_likelihood_last(settings: Table, table: Published, progress: Any, stopping: Any) -> list[Learned]:
    """The same, its last epoch."""
    from .baselines import fitted

    config = settings.config
    config = replace(config, training=replace(config.training, patience=None))
    network = fitted(config, table.rows, progress, stopping)
    return [_of_generator(network, number) for number in range(settings.runs)]


def _of_generator(generator: Any, run: int) -> Learned:
    return lambda n: generator.rows(n, (run, 1), run), lambda codes: np.exp(
        generator.log_probabilities(codes)[run]
    )


def of_counting(settings: Table, table: Published, progress: Any, stopping: Any) -> list[Learned]:
    """What counting makes of the rows."""
    rows = table.rows
    assert rows.codes is not None
    fitted: Counted
    if settings.learner == "spread":
        fitted = SpreadRows(rows.codes, rows.weights[:2], rows.sizes)
    else:
        fit = {"independent": independent, "chow_liu": chow_liu}[settings.learner]
        fitted = fit(rows.codes, rows.weights[0], rows.sizes)
    random = np.random.default_rng(settings.seed)
    return [(lambda n: fitted.draw(n, random), lambda codes: np.exp(fitted.log_probabilities(codes)))]


def of_rows(settings: Table, table: Published, progress: Any, stopping: Any) -> list[Learned]:
    """The training rows themselves: what the scores of real rows are."""
    rows, random = table.rows.part(0), np.random.default_rng(settings.seed)
    return [(lambda n: rows[random.permutation(len(rows))[:n]], None)]


def of_ctgan(settings: Table, table: Published, progress: Any, stopping: Any) -> list[Learned]:
    """CTGAN (Xu et al. 2019) at its defaults, one seed; its licence is the Business Source License 1.1.

    Raises:
        ValueError: it is not installed.
    """
    try:
        import torch
        from ctgan import CTGAN
    except ImportError:
        raise ValueError(
            "learner: received ctgan, which is not installed: pip install 'gumbel_gan[ctgan]'"
        ) from None
    import pandas

    torch.manual_seed(settings.seed)
    np.random.seed(settings.seed)  # noqa: NPY002  (it draws from there)
    names = [column.name for column in table.rows.columns]
    model = CTGAN()
    model.fit(pandas.DataFrame(table.rows.part(0).astype(str), columns=names), names)
    return [(lambda n: model.sample(n)[names].to_numpy().astype(np.int32), None)]


LEARNERS: dict[str, Callable[[Table, Published, Any, Any], list[Learned]]] = {
    "gan": of_gan,
    "maximum_likelihood": of_likelihood,
    "maximum_likelihood_last": of_likelihood_last,
    **dict.fromkeys(("independent", "chow_liu", "spread"), of_counting),
    "ctgan": of_ctgan,
    "rows": of_rows,
}
"""What learns a table: each run, how rows are drawn of it, and their probabilities."""


class TableTask(Task):
    """Learn a published table, and score what was learned: on held-out rows, and against the truth."""

    settings = Table

    def train(
        self, settings: Table, progress: Told | None = None, stopping: Event | None = None
    ) -> tuple[np.ndarray, Columns]:
        """The log-likelihood of a held-out row, [1, R], and all scores."""
        table = published(settings.table, settings.rows, settings.seed, settings.order)
        start = time.perf_counter()
        learned = LEARNERS[settings.learner](settings, table, progress, stopping)
        seconds = time.perf_counter() - start
        scores = [self._scores(table, *one) for one in learned]
        missing = settings.runs - len(scores)  # learners that are not random have one run
        columns = {
            name: np.array([of_run[name] for of_run in scores] + [np.nan] * missing) for name in scores[0]
        }
        columns["fit_seconds"] = np.full(settings.runs, seconds)
        return columns["held_out"][None], columns

    def _scores(
        self,
        table: Published,
        draw: Callable[[int], np.ndarray],
        probabilities: Callable[[np.ndarray], np.ndarray] | None,
    ) -> dict[str, float]:
        rows, drawn = table.rows, draw(DRAWN)
        assert rows.codes is not None
        found: dict[str, float] = dict.fromkeys(PARTS, np.nan)
        if probabilities is not None:
            logs = np.log(np.maximum(probabilities(rows.codes), 1e-300))
            found = {
                part: float(logs @ weights / weights.sum())
                for part, weights in zip(PARTS, rows.weights, strict=True)
            }
        told = fidelity(rows.part(0), rows.part(2), drawn, rows.sizes)
        return {
            **found,
            **averages(told),
            **against_truth(table, drawn, probabilities),
        }

    def figure(self, cells: Sequence[Any]) -> "Figure":
        """The log-likelihoods of held-out rows."""
        from ..figures.studies import learners_figure

        return learners_figure(cells)

    def statistic(self, settings: Any) -> Statistic:
        """The mean and the range."""
        return MEAN

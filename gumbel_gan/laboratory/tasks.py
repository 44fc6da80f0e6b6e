"""What a study does with a cell: a task, with its settings, its training, its figure and its summary.

`train` gives curves [E, R], which are drawn against the epoch, and columns [R], a row a run of study.csv.
Tasks import TensorFlow and matplotlib only when they train and draw: a study is checked without them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config.config import Config
from ..config.reading import from_settings
from ..results.metrics import max_abs_error, total_variation
from ..training.progress import CutShort, Told

if TYPE_CHECKING:
    from ..figures.style import Figure

Columns = dict[str, np.ndarray]
"""Results of a cell by name, [R] each."""


@dataclass(frozen=True)
class Statistic:
    """How the runs of a cell are summarised: a middle, and a range around it.

    Attributes:
        name: in the table's first column.
        low: quantile where the range begins.
        high: quantile where it ends.
        mean: whether the middle is the mean, or the median.
    """

    name: str
    low: float
    high: float
    mean: bool

    def __call__(self, values: np.ndarray) -> tuple[float, float, float]:
        """Low, middle and high of values [R]; a run that never got there (nan) is infinitely late."""
        values = np.where(np.isnan(values), np.inf, values)
        finite = np.isfinite(values).all()  # between a number and never there is nothing
        low, middle, high = np.quantile(
            values, [self.low, 0.5, self.high], method="linear" if finite else "nearest"
        )
        return float(low), float(values.mean() if self.mean else middle), float(high)


MEDIAN = Statistic("median (90 % of the runs)", 0.05, 0.95, mean=False)
MEAN = Statistic("mean (min-max)", 0.0, 1.0, mean=True)


class Task:
    """What a study does with a cell; the base class of all tasks."""

    settings: Any = Config
    """The class of the settings."""

    def read(self, settings: Mapping[str, Any]) -> Any:
        """The settings of a cell from a nested dictionary.

        Raises:
            ValueError: one of them is unknown, or would not do.
        """
        return from_settings(self.settings, settings)

    def train(
        self, settings: Any, progress: Told | None = None, stopping: Event | None = None
    ) -> tuple[np.ndarray, Columns]:
        """Train a cell.

        Args:
            settings: of the cell.
            progress: is told of every epoch.
            stopping: a flag that ends it early.

        Returns:
            Curves [E, R] and columns [R].

        Raises:
            CutShort: the flag was set before it was done.
            ValueError: the settings will not do.
            ArithmeticError: something is not finite.
        """
        raise NotImplementedError

    def figure(self, cells: Sequence[Any]) -> "Figure":
        """The picture of trained cells."""
        from ..figures.studies import error_figure

        return error_figure(
            cells,
            "maximum error",
            {
                "max_abs_error_last50_mean": "learned: mean of the last 50 epochs",
                "averaged_max_abs_error": "averaged over the late steps",
            },
        )

    def statistic(self, settings: Any) -> Statistic:
        """How the runs of a cell are summarised."""
        return MEDIAN

    def ratios(self, settings: Any) -> dict[str, tuple[str, str]]:
        """Ratios of means that the summary shows besides: heading to the two columns."""
        return {}


class Gan(Task):
    """Train a GAN."""

    def train(
        self, settings: Config, progress: Told | None = None, stopping: Event | None = None
    ) -> tuple[np.ndarray, Columns]:
        """The errors after every epoch, [E, R], and what is left of them in the end."""
        from ..training.run import run

        result, _ = run(settings, progress=progress, stopping=stopping)
        if stopping is not None and stopping.is_set() and result.trained_epochs < settings.epochs:
            raise CutShort
        return curves_and_columns(result)

    def figure(self, cells: Sequence[Any]) -> "Figure":
        """The errors; of strings the total variation, since their classes have no maximum error."""
        from ..figures.studies import error_figure

        stream = cells[0].settings.data.stream
        if stream == "categories":
            return super().figure(cells)
        if stream == "rows":
            return error_figure(
                cells, "log-likelihood of a row", {"held_out_log_likelihood": "held-out rows"}
            )
        return error_figure(cells, "total variation", {"total_variation": "after the last epoch"})

    def statistic(self, settings: Config) -> Statistic:
        """The mean and the range of the few runs that strings have; of single categories the median."""
        return MEAN if settings.data.sequences else MEDIAN

    def ratios(self, settings: Config) -> dict[str, tuple[str, str]]:
        """The distance from the target over that of counting; of strings none."""
        if settings.data.sequences:
            return {}
        counted = "counted_total_variation"
        return {
            "last TV / counted, mean ± SE": ("total_variation", counted),
            "averaged TV / counted, mean ± SE": ("averaged_total_variation", counted),
        }


def curves_and_columns(result: Any) -> tuple[np.ndarray, Columns]:
    """What a study keeps of a training's result."""
    if result.source.stream == "rows":
        return _of_rows(result)
    if result.source.stream == "sequences":
        names = ("validity", "total_variation", "coverage", "kl", "perplexity")
        columns = {name: result.metrics[name][-1] for name in names if name in result.metrics}
        return result.metrics["total_variation"], columns
    errors = result.metrics["max_abs_error"]  # [E, R]
    below = errors < 0.05
    first = np.where(below.any(0), below.argmax(0) + 1.0, np.nan)
    return errors, {
        "max_abs_error_last": errors[-1],
        "max_abs_error_last50_mean": errors[-50:].mean(0),
        "max_abs_error_last50_worst": errors[-50:].max(0),
        "first_epoch_below_0.05": first,
        "averaged_max_abs_error": max_abs_error(result.averaged, result.target),
        "total_variation": total_variation(result.learned, result.target),
        "averaged_total_variation": total_variation(result.averaged, result.target),
        "counted_total_variation": total_variation(result.counted, result.target),
    }


def _of_rows(result: Any) -> tuple[np.ndarray, Columns]:
    """What a study keeps of a training on a table: the scores of each run's best epoch."""
    runs = np.arange(result.runs)
    best = np.array([result.kept_epoch(run) - 1 for run in runs])
    kept = ("total_variation", *result.source.scores)
    columns = {name: result.metrics[name][best, runs] for name in kept if name in result.metrics}
    upper = np.triu_indices(len(result.columns), 1)
    of_runs = result.fidelity
    return result.metrics[result.shown_score], {
        **columns,
        "tv_complement": np.array([of_run["tv_complement"].mean() for of_run in of_runs]),
        "contingency_similarity": np.array([o["contingency_similarity"][upper].mean() for o in of_runs]),
        "category_coverage": np.array([of_run["category_coverage"].mean() for of_run in of_runs]),
        **{name: np.array([o[name] for o in of_runs]) for name in ("new_rows", "discriminator_auc")},
        "epoch": best + 1.0,
    }


class GanAndLeak(Gan):
    """Train a GAN, and measure the leak of its discriminator."""

    def train(
        self, settings: Config, progress: Told | None = None, stopping: Event | None = None
    ) -> tuple[np.ndarray, Columns]:
        """As `Gan`, with a column `leak`."""
        from .leak import leak

        curves, columns = super().train(settings, progress, stopping)
        _, accuracy = leak(settings, stopping=stopping)
        return curves, {**columns, "leak": accuracy}

    def figure(self, cells: Sequence[Any]) -> "Figure":
        """The errors, with the leaks in the titles."""
        from ..figures.studies import error_figure

        return error_figure(
            cells,
            "maximum error",
            {"max_abs_error_last": "after the last epoch", "leak": "leak"},
            lambda cell: f"{cell.label} (leak {np.median(cell.columns['leak']):.2f})",
        )


class Leak(Task):
    """Measure the leak alone."""

    def train(
        self, settings: Config, progress: Told | None = None, stopping: Event | None = None
    ) -> tuple[np.ndarray, Columns]:
        """The discriminator's losses, [50, R], and a column `leak`."""
        from .leak import leak

        losses, accuracies = leak(settings, progress, stopping)
        return losses, {"leak": accuracies}

    def figure(self, cells: Sequence[Any]) -> "Figure":
        """The leaks against temperature."""
        from ..figures.studies import leak_figure

        return leak_figure(cells)

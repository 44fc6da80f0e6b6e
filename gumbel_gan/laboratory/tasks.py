"""What a study does with a cell: a task, with its settings, its training, its figure and its summary.

`train` gives curves [E, R], which are drawn against the epoch, and columns [R], a row a run of study.csv.
Tasks import TensorFlow and matplotlib only when they train and draw: a study is checked without them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from ..config.config import Config
from ..config.reading import from_settings
from ..data.fidelity import averages
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

        kept = STREAMS["categories"]
        return error_figure(cells, kept.curve, dict(kept.columns))

    def statistic(self, settings: Any) -> Statistic:
        """How the runs of a cell are summarised."""
        return MEDIAN

    def ratios(self, settings: Any) -> dict[str, tuple[str, str]]:
        """Ratios of means that the summary shows besides: heading to the two columns."""
        return {}

    def legend(self, settings: Any) -> str:
        """What the summary's columns are, in a line; or nothing."""
        return ""


class Gan(Task):
    """Train a GAN."""

    def train(
        self, settings: Config, progress: Told | None = None, stopping: Event | None = None
    ) -> tuple[np.ndarray, Columns]:
        """What is kept of a stream after every epoch, [E, R], and in the end."""
        from ..training.run import run

        result, _ = run(settings, progress=progress, stopping=stopping)
        if stopping is not None and stopping.is_set() and result.trained_epochs < settings.epochs:
            raise CutShort
        return STREAMS[result.source.stream].keep(result)

    def figure(self, cells: Sequence[Any]) -> "Figure":
        """What is kept of the stream against the epoch."""
        from ..figures.studies import error_figure

        kept = STREAMS[cells[0].settings.data.stream]
        return error_figure(cells, kept.curve, dict(kept.columns))

    def statistic(self, settings: Config) -> Statistic:
        """The mean and range of the few runs that strings and rows have; of single categories the median."""
        return STREAMS[settings.data.stream].statistic

    def ratios(self, settings: Config) -> dict[str, tuple[str, str]]:
        """The distance from the target over that of counting, of single categories."""
        return dict(STREAMS[settings.data.stream].ratios)

    def legend(self, settings: Config) -> str:
        """Of single categories and of rows."""
        return STREAMS[settings.data.stream].legend


@dataclass(frozen=True)
class Kept:
    """What a study keeps of a training on a kind of stream.

    Attributes:
        keep: of a result the curves [E, R], and the columns [R].
        curve: what the curves are.
        columns: those of the columns that the figure's legend tells, with their names.
        statistic: how the runs of a cell are summarised.
        ratios: as `Task.ratios`.
        legend: as `Task.legend`.
    """

    keep: Callable[[Any], tuple[np.ndarray, Columns]]
    curve: str
    columns: Mapping[str, str]
    statistic: Statistic = MEAN
    ratios: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    legend: str = ""


def of_categories(result: Any) -> tuple[np.ndarray, Columns]:
    """The maximum error; and what is left of all errors in the end."""
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


def of_strings(result: Any) -> tuple[np.ndarray, Columns]:
    """The total variation; and the scores after the last epoch."""
    names = ("validity", "total_variation", "coverage", "kl", "perplexity")
    columns = {name: result.metrics[name][-1] for name in names if name in result.metrics}
    return result.metrics["total_variation"], columns


def of_rows(result: Any) -> tuple[np.ndarray, Columns]:
    """The log-likelihood of a row; and the scores of the epoch that each run keeps."""
    runs = np.arange(result.runs)
    kept = np.array([result.kept_epoch(run) - 1 for run in runs])
    names = ("total_variation", *result.source.scores)
    columns = {name: result.metrics[name][kept, runs] for name in names if name in result.metrics}
    of_runs = [{**averages(one), "discriminator_auc": one["discriminator_auc"]} for one in result.fidelity]
    return result.metrics[result.shown_score], {
        **columns,
        **{name: np.array([of_run[name] for of_run in of_runs]) for name in of_runs[0]},
        "epoch": kept + 1.0,
    }


STREAMS = {
    "categories": Kept(
        of_categories,
        "maximum error",
        {
            "max_abs_error_last50_mean": "learned: mean of the last 50 epochs",
            "averaged_max_abs_error": "averaged over the late steps",
        },
        MEDIAN,
        {
            "last TV / counted": ("total_variation", "counted_total_variation"),
            "averaged TV / counted": ("averaged_total_variation", "counted_total_variation"),
        },
        "error: a run's maximum error after the last epoch, or the mean or worst of the last 50. averaged: "
        "of the mean over the late steps. TV: total variation. counted: plain counting of the same numbers.",
    ),
    "sequences": Kept(of_strings, "total variation", {"total_variation": "after the last epoch"}),
    "rows": Kept(
        of_rows,
        "log-likelihood of a row",
        {"held_out_log_likelihood": "held-out rows"},
        legend="Of the epoch that each run keeps. log likelihood: of a row, in nats. TV: total variation "
        "from the training rows. The rest: of drawn rows, by the definitions of SDMetrics.",
    ),
}
"""What is kept of each kind of stream."""


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

"""Figures. Each takes arrays or a run and returns a matplotlib `Figure`; nothing global is touched."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import AsinhNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .metrics import max_abs_error
from .results import Run, shown_label, write

MAX_ROWS = 30  # categories that a heatmap shows by name
STYLE: Any = {
    "figure.dpi": 150,
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "svg.hashsalt": "gumbel_gan",  # the same picture is the same file
}
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#555555"  # of Okabe and Ito's colour-blind safe palette


def error_heatmap(run: Run) -> Figure:
    """The post's picture: learned minus true probability, epochs across, categories down.

    Up to 30 categories stand in their own order, of more the 30 most probable, largest first.

    Red is too big, blue too small, white converged. The colour scale is symmetric about zero, linear near
    it and logarithmic beyond, so that late errors of a hundredth show beside early ones of a half. With
    several runs, the mean error, and beneath it the maximum error of the runs against epoch.

    Args:
        run: a training.
    """
    mean = run.errors.mean(1).T  # [K', E']
    shown, title = _most_probable(run)
    several = run.probabilities.shape[1] > 1
    height = 0.9 + 0.22 * max(len(shown), 5) + (2.2 if several else 0)
    with rc_context(STYLE):
        figure = Figure(figsize=(8, height))
        ratios = [0.22 * max(len(shown), 5), 1.8] if several else [1]
        axes = figure.subplots(len(ratios), sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
        labels = [shown_label(run.shown_labels[k]).replace("$", r"\$") for k in shown]
        _draw_heatmap(figure, axes[0], run.epochs, mean[shown], labels)
        runs = run.probabilities.shape[1]
        axes[0].set_title(title + (f", mean of {runs} runs" if several else ""))
        axes[0].set_ylabel("category")
        if several:
            _draw_max_error(axes[1], run)
        axes[-1].set_xlabel("epoch")
    return figure


def save_figure(figure: Figure, directory: str, name: str) -> str:
    """Write a figure, in the format of its name's ending; its path."""
    suffix = os.path.splitext(name)[1][1:]
    # No date and no version of matplotlib: the same run makes the same file.
    metadata = {"Date": None} if suffix == "svg" else {"Software": None}
    with rc_context(STYLE):
        return write(
            directory, name, lambda file: figure.savefig(file, format=suffix, metadata=metadata), binary=True
        )


def _most_probable(run: Run) -> tuple[np.ndarray, str]:
    """Which categories to show, in their own order, and the title that says so."""
    title = "Error of the learned probabilities"
    categories = run.probabilities.shape[-1]
    if categories <= MAX_ROWS:
        return np.arange(categories), title
    shown = np.argsort(-run.targets[-1], kind="stable")[:MAX_ROWS]
    return shown, f"{title}: the {MAX_ROWS} most probable of {len(run.target):,} categories"


def _draw_heatmap(
    figure: Figure, axes: Any, epochs: np.ndarray, errors: np.ndarray, labels: Sequence[str]
) -> None:
    limit = max(float(np.abs(errors).max()), 1e-6)
    # Linear up to the typical late error, so that the end of a training keeps its colours.
    late = float(np.median(np.abs(errors[:, errors.shape[1] // 2 :])))
    norm = AsinhNorm(linear_width=max(late, limit / 100), vmin=-limit, vmax=limit)
    step = epochs[0] if len(epochs) == 1 else epochs[-1] - epochs[-2]
    image = axes.imshow(
        errors,
        aspect="auto",
        cmap="RdBu_r",
        norm=norm,
        interpolation="nearest",
        extent=(epochs[0] - step / 2, epochs[-1] + step / 2, len(labels) - 0.5, -0.5),
    )
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, pad=0.01, aspect=12)
    bar.set_ticks(_ticks(limit), labels=[f"{tick:+g}" if tick else "0" for tick in _ticks(limit)])
    bar.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label("learned minus true")


def _ticks(limit: float) -> list[float]:
    """Zero, and ones on both sides a factor of about three apart, at most three on a side."""
    steps = [m * 10.0**e for e in range(-6, 1) for m in (1, 3) if m * 10.0**e <= limit][-4:]
    return sorted([-step for step in steps[::2]] + [0.0] + steps[::2])


def _draw_max_error(axes: Any, run: Run) -> None:
    errors = run.metrics["max_abs_error"]  # [E, R]
    epochs = np.arange(1, len(errors) + 1)
    low, median, high = np.quantile(errors, [0.05, 0.5, 0.95], axis=1)
    axes.fill_between(epochs, low, high, color=BLUE, alpha=0.25, linewidth=0, label="90 % of the runs")
    axes.plot(epochs, median, color=BLUE, label="median")
    counted = float(np.median(max_abs_error(run.counted, run.target)))
    if counted > 0:
        axes.axhline(
            counted, color=ORANGE, linestyle="--", label=f"plain counting at the end ({counted:.2g})"
        )
    axes.set_yscale("log")
    axes.set_ylabel("maximum error")
    axes.set_xlim(0.5, len(errors) + 0.5)
    # Above the axes, where it covers no curve.
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, fontsize=8, borderaxespad=0.1)

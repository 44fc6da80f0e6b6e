"""Figures of a training on a table: likelihood against epoch, columns and pairs."""

from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.ticker import MaxNLocator

from ..results.readable import shown_label
from ..results.result import Result
from .style import BLUE, GREY, ORANGE, STYLE, Figure, literal

MOST_COLUMNS = 12
"""Columns whose categories are drawn; of more, those that are furthest from the real ones."""
MOST_BARS = 10
"""Categories of a column that are drawn: the most frequent ones."""
DASHES = ("--", ":", "-.", (0, (5, 1)))


def likelihood(result: Result) -> Figure:
    """The log-likelihood of a row against epoch, of training and held-out rows, beside that of counting.

    Of several runs the mean, and the range.

    Args:
        result: of a training on a table.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(7, 4))
        axis = figure.subplots()
        lowest, highest = [], []  # the first epochs are far below
        for name, colour, label in (
            ("log_likelihood", GREY, "training rows"),
            ("held_out_log_likelihood", BLUE, "held-out rows"),
        ):
            if name not in result.metrics:
                continue
            values = result.metrics[name]  # [E, R]
            epochs = np.arange(1, len(values) + 1)
            alone = "o" if len(values) == 1 else None  # one epoch is no line
            axis.plot(epochs, values.mean(1), color=colour, label=label, marker=alone)
            if result.runs > 1:
                axis.fill_between(epochs, values.min(1), values.max(1), color=colour, alpha=0.25, linewidth=0)
            lowest.append(float(values[len(values) // 10].min()))
            highest.append(float(values.max()))
        lines = result.split.get("counted", {})
        for number, (name, value) in enumerate(lines.items()):
            axis.axhline(value, color=ORANGE, linestyle=DASHES[number % len(DASHES)], label=name)
        bottom, top = min([*lowest, *lines.values()]), max([*highest, *lines.values()])
        margin = 0.05 * max(top - bottom, 1e-6)
        axis.set_ylim(bottom - margin, top + margin)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axis.set_xlabel("epoch")
        axis.set_ylabel("nats")
        runs = f", mean and range of {result.runs} runs" if result.runs > 1 else ""
        axis.set_title(f"Log-likelihood of a row{runs}")
        axis.grid(alpha=0.25, axis="y")
        axis.legend(fontsize=8, loc="best")
    return figure


def columns(result: Result) -> Figure:
    """Learned against real shares of each column's categories, and how far off every pair of columns is.

    Real are the held-out rows, learned 10,000 rows that were drawn; means over the runs.

    Args:
        result: of a training on a table.
    """
    pairs = 1 - np.mean([of_run["contingency_similarity"] for of_run in result.fidelity], axis=0)
    single = 1 - np.mean([of_run["tv_complement"] for of_run in result.fidelity], axis=0)
    names = [literal(shown_label(column.name, 14)) for column in result.columns]
    shown = sorted(np.argsort(-single, kind="stable")[:MOST_COLUMNS].tolist())
    across = min(4, len(shown))
    down = -(-len(shown) // across)
    with rc_context(STYLE):
        size = max(3.0, 0.24 * len(names))
        figure = Figure(figsize=(2.1 * across + size + 1.6, max(1.75 * down, size + 0.8)))
        left, right = figure.subfigures(1, 2, width_ratios=[2.1 * across, size + 1.6], squeeze=False)[0]
        grid = left.subplots(down, across, squeeze=False)
        for axis in grid.flat[len(shown) :]:
            axis.set_visible(False)
        for axis, place in zip(grid.flat, shown, strict=False):
            _bars(axis, result, place, names[place], single[place])
        handles, labels = grid.flat[0].get_legend_handles_labels()
        left.legend(
            handles, labels, loc="outside upper left", ncols=2, fontsize=8, frameon=False,
            title="shares of categories (in brackets: total variation)", title_fontsize=8, alignment="left",
        )  # fmt: skip
        axis = right.subplots()
        np.fill_diagonal(pairs, single)
        image = axis.imshow(pairs, cmap="Blues", vmin=0, vmax=max(float(pairs.max()), 0.02))
        axis.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        axis.set_yticks(range(len(names)), names, fontsize=7)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        bar = right.colorbar(image, ax=axis, shrink=0.7)
        bar.outline.set_visible(False)
        bar.set_label("total variation", fontsize=8)
        axis.set_title("Pairs of columns (diagonal: single columns)", fontsize=9)
    return figure


def _bars(axis: Any, result: Result, place: int, name: str, distance: float) -> None:
    shares = np.array([of_run["marginals"][place] for of_run in result.fidelity])  # [R, 2, K]
    drawn, real = shares.mean(0)
    order = np.arange(len(real))
    if len(real) > MOST_BARS:
        order = np.sort(np.argsort(-real, kind="stable")[:MOST_BARS])
    labels = [literal(shown_label(result.columns[place].labels[code], 9)) for code in order]
    positions = np.arange(len(order))
    axis.barh(positions - 0.2, real[order], 0.4, color=GREY, label="held-out rows")
    axis.barh(positions + 0.2, drawn[order], 0.4, color=BLUE, label="learned")
    axis.set_yticks(positions, labels, fontsize=7)
    axis.invert_yaxis()
    axis.tick_params(axis="y", length=0)
    axis.tick_params(axis="x", labelsize=7)
    axis.set_title(f"{name} ({distance:.3f})", fontsize=8)

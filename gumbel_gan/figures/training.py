"""Figures of one training. Each takes a result and returns a `Figure`; nothing global is touched."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import AsinhNorm
from matplotlib.ticker import MaxNLocator

from ..config.catalogue import Row
from ..results.metrics import max_abs_error, total_variation
from ..results.readable import shown_label
from ..results.result import Result
from .style import BLUE, GREY, ORANGE, PALETTE, STYLE, Figure, literal, save_figure

MAX_ROWS = 30
"""Categories that a heatmap shows by name."""
WIDE = 70
"""Letters of a table's row that it shows."""


DISTANCES = {
    "max_abs_error": (max_abs_error, "maximum error"),
    "total_variation": (total_variation, "total variation"),
}
"""Columns of metrics.csv that the heatmap may draw beneath it: how each is computed, and its name."""


def pictures(result: Result, style: str = "png") -> dict[str, Callable[[str], Any]]:
    """What writes each picture of a result into a directory, by file name.

    All results have the heatmap; the catalogue says what a kind of source has besides.

    Args:
        result: of a training.
        style: png or svg.
    """
    figures: dict[str, Callable[[Result], Figure]] = {"error_heatmap": error_heatmap}
    figures |= {name: Row(name, made_of).load() for name, made_of in result.source.figures}
    if result.source.stream == "categories" and len(result.labels) > MAX_ROWS:
        figures["scatter"] = categories_scatter
    named = {f"{name}.{style}": figure for name, figure in figures.items()}
    return {name: partial(_write, figure, result, name) for name, figure in named.items()}


def _write(figure: Callable[[Result], Figure], result: Result, name: str, directory: str) -> str:
    return save_figure(figure(result), directory, name)


def error_heatmap(result: Result) -> Figure:
    """The post's picture: learned minus true probability, epochs across, categories down.

    Red: too much probability. Blue: too little. White: right. The colour scale is symmetric about zero,
    linear near it and logarithmic beyond, so that late errors of a hundredth show beside early ones of a
    half. Up to 30 categories stand in their own order; of more, the 30 most probable, largest first.

    With several runs the heatmap shows the mean of their errors, and beneath it each run's maximum error
    against epoch, as a median and a 90 % band. In the mean the signs of the runs cancel, so it shows less
    error than the curve beneath.

    Args:
        result: of a training.

    Example:
        >>> import gumbel_gan as gg
        >>> source = gg.from_values(["sun", "rain", "sun", "snow", "sun"])
        >>> result, gan = gg.run(gg.Config(epochs=2, seed=0), source)
        >>> figure = gg.error_heatmap(result)
        >>> figure.savefig("weather.png")
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['rain', 'snow', 'sun']
    """
    mean = result.errors.mean(1).T  # [K', E']
    shown, title = _most_probable(result)
    several = result.runs > 1
    rows = result.source.stream == "rows"  # whose distance from the training rows says little
    beneath = (several and not rows) or bool(result.source.curves)
    height = 0.9 + 0.22 * max(len(shown), 5) + (2.2 if beneath else 0)
    with rc_context(STYLE):
        figure = Figure(figsize=(12 if rows else 8, height))
        ratios = [0.22 * max(len(shown), 5), 1.8] if beneath else [1]
        axes = figure.subplots(len(ratios), sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
        width = WIDE if rows else 18
        labels = [literal(shown_label(result.shown_labels[k], width)) for k in shown]
        _draw_heatmap(figure, axes[0], result.epochs, mean[shown], labels)
        axes[0].set_title(title + (f", mean of {result.runs} runs" if several else ""))
        axes[0].set_ylabel("row" if rows else "category")
        if beneath:
            _draw_distance(axes[1], result)
        axes[-1].set_xlabel("epoch")
    return figure


def categories_scatter(result: Result) -> Figure:
    """Learned against true probability of every category, both on logarithmic axes.

    Of several runs the first; of more than 20,000 categories every n-th by rank, which looks the same. A
    category below the axes stands on their edge.
    """
    order = np.argsort(-result.target, kind="stable")
    order = order[:: -(-len(order) // 20_000)]
    positive = result.target[result.target > 0]
    lowest = positive.min() / 30
    with rc_context(STYLE):
        figure = Figure(figsize=(5.5, 5))
        axis = figure.subplots()
        for values, colour, marker, label in (
            (result.counted[0], GREY, "x", "counted"),
            (result.learned[0], ORANGE, ".", "learned, last iterate"),
            (result.averaged[0], BLUE, ".", "learned, average of the steps"),
        ):
            x, y = (np.maximum(array[order], lowest) for array in (result.target, values))
            axis.plot(x, y, marker, color=colour, markersize=3, alpha=0.5, label=label, rasterized=True)
        ends = [lowest, min(3 * positive.max(), 1)]
        axis.plot(ends, ends, color="black", linewidth=0.8)
        axis.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
        axis.set_xlabel("true probability")
        axis.set_ylabel("learned probability")
        axis.set_title(f"{len(result.target):,} categories")
        axis.legend(fontsize=8, loc="upper left", markerscale=2)
    return figure


def sequence_training(result: Result) -> Figure:
    """Validity and total variation of a generator of strings against epoch."""
    epochs = np.arange(1, len(result.metrics["validity"]) + 1)
    counted = float(total_variation(result.counted, result.target).mean())
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 3.5))
        axis = figure.subplots()
        for number, (name, label) in enumerate(
            (("validity", "invalid: 1 - validity"), ("total_variation", "total variation from the law"))
        ):
            values = result.metrics[name].mean(1)
            values = 1 - values if name == "validity" else values
            axis.plot(epochs, values, color=PALETTE[number], linestyle=("-", "--")[number], label=label)
        axis.axhline(
            counted, color=GREY, linewidth=1, linestyle=":", label="total variation of the strings seen"
        )
        axis.set_yscale("log")
        axis.set_xlabel("epoch")
        axis.set_ylabel("probability")
        axis.grid(alpha=0.25)
        axis.legend(fontsize=8)
    return figure


def sequence_lengths(result: Result) -> Figure:
    """The probability of every length of string, learned and true."""
    learned, target = result.probabilities[-1].mean(0), result.targets[-1]
    places = np.arange(len(learned))
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 3.2))
        axis = figure.subplots()
        # No bars, whose length on a logarithmic axis would mean nothing.
        axis.plot(places, target, "s", color=GREY, fillstyle="none", markersize=9, label="true")
        axis.plot(places, learned, "o", color=BLUE, markersize=5, label="learned")
        names = [label.removesuffix("s").removesuffix(" symbol") for label in result.shown_labels]
        axis.set_xticks(places, names)
        axis.set_xlabel("symbols in a string")
        axis.set_ylabel("probability")
        axis.set_yscale("log")
        axis.set_ylim(min(max(learned.min(), 1e-5), target[target > 1e-9].min()) / 2, 1.5)
        axis.grid(alpha=0.25, axis="y")
        axis.legend(fontsize=8, loc="upper left")
    return figure


def _most_probable(result: Result) -> tuple[np.ndarray, str]:
    """Which categories to show, in their own order, and the title that says so."""
    title = "Error of the probabilities learned after each epoch"
    categories = result.probabilities.shape[-1]
    if categories <= MAX_ROWS:
        return np.arange(categories), title
    named = result.targets[-1][: len(result.target)]
    if len(named) < len(result.target):  # the last of them are all others together
        named = named[:-1]
    shown = np.argsort(-named, kind="stable")[:MAX_ROWS]
    noun = "different rows" if result.source.stream == "rows" else "categories"
    most = f"the {MAX_ROWS} most probable of {len(result.target):,} {noun}"
    return shown, f"{title}:\n{most}, {named[shown].sum():.0%} of the probability"


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
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, pad=0.01, aspect=12)
    ticks = _ticks(limit, norm)
    bar.set_ticks(ticks, labels=[f"{tick:+.2g}" if tick else "0" for tick in ticks])
    bar.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label("learned minus true")


def _ticks(limit: float, norm: Any, apart: float = 0.12) -> list[float]:
    """Zero, the ends, and round numbers between them that lie this part of the colour bar apart, or more."""
    kept = [0.0]
    for number in (m * 10.0**e for e in range(-6, 1) for m in (1, 3)):
        if number <= limit and norm(number) - norm(kept[-1]) >= apart:
            kept.append(number)
    # The ends have labels, too: else nobody knows how large the darkest errors are.
    if norm(limit) - norm(kept[-1]) < apart / 2 and len(kept) > 1:
        kept.pop()
    kept.append(limit)
    return [-number for number in reversed(kept[1:])] + kept


def _draw_distance(axes: Any, result: Result) -> None:
    # Of strings, of which each is rare, the largest difference says nothing.
    column = next((name for name in result.source.shown if name in DISTANCES), "total_variation")
    distance, quantity = DISTANCES[column]
    errors = result.metrics[column]  # [E, R]
    epochs = np.arange(1, len(errors) + 1)
    low, median, high = np.quantile(errors, [0.05, 0.5, 0.95], axis=1)
    axes.fill_between(epochs, low, high, color=BLUE, alpha=0.25, linewidth=0, label="90 % of the runs")
    axes.plot(epochs, median, color=BLUE, label="learned, median")
    counted = float(np.median(distance(result.counted, result.target)))
    for number, (name, label) in enumerate(result.source.curves):
        values = np.median(result.metrics[name], axis=1)
        axes.plot(epochs, values, color=ORANGE, linestyle=("--", ":")[number % 2], label=label)
    if not result.source.curves and counted > 0:
        label = f"plain counting at the end (median {counted:.2g})"
        axes.axhline(counted, color=ORANGE, linestyle="--", label=label)
    axes.set_yscale("log")
    axes.set_ylabel(quantity)
    axes.set_xlim(0.5, len(errors) + 0.5)
    # Above the axes, where it covers no curve.
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, fontsize=8, borderaxespad=0.1)

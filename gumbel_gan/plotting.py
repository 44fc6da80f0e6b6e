"""Figures. Each takes arrays or a run and returns a matplotlib `Figure`; nothing global is touched."""

import os
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import AsinhNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .metrics import max_abs_error, total_variation
from .peers import PEERS
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
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Of Okabe and Ito, safe for the colour-blind."""
BLUE, ORANGE, GREY = PALETTE[0], PALETTE[1], "#555555"


def save_figures(run: Run, directory: str) -> None:
    """Write the pictures of a run into its directory."""
    save_figure(error_heatmap(run), directory, "error_heatmap.png")
    if run.samples:
        save_figure(sequence_training(run), directory, "training.png")
        save_figure(sequence_lengths(run), directory, "lengths.png")
    elif len(run.labels) > MAX_ROWS:
        save_figure(categories_scatter(run), directory, "scatter.png")


def error_heatmap(run: Run) -> Figure:
    """The post's picture: learned minus true probability, epochs across, categories down.

    Up to 30 categories stand in their own order, of more the 30 most probable, largest first.

    Red is too big, blue too small, white converged. The colour scale is symmetric about zero, linear near
    it and logarithmic beyond, so that late errors of a hundredth show beside early ones of a half. With
    several runs, the mean error, and beneath it the maximum error of the runs against epoch; beside a
    drift, those of counting, too.

    Args:
        run: a training.
    """
    mean = run.errors.mean(1).T  # [K', E']
    shown, title = _most_probable(run)
    several = run.probabilities.shape[1] > 1
    beneath = several or "counted_max_abs_error" in run.metrics
    height = 0.9 + 0.22 * max(len(shown), 5) + (2.2 if beneath else 0)
    with rc_context(STYLE):
        figure = Figure(figsize=(8, height))
        ratios = [0.22 * max(len(shown), 5), 1.8] if beneath else [1]
        axes = figure.subplots(len(ratios), sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
        labels = [shown_label(run.shown_labels[k]).replace("$", r"\$") for k in shown]
        _draw_heatmap(figure, axes[0], run.epochs, mean[shown], labels)
        runs = run.probabilities.shape[1]
        axes[0].set_title(title + (f", mean of {runs} runs" if several else ""))
        axes[0].set_ylabel("category")
        if beneath:
            _draw_max_error(axes[1], run)
        axes[-1].set_xlabel("epoch")
    return figure


def categories_scatter(run: Run) -> Figure:
    """Learned against true probability of every category, both on logarithmic axes.

    Of several runs the first; of more than 20,000 categories every n-th by rank, which looks the same. A
    category below the axes stands on their edge.
    """
    order = np.argsort(-run.target, kind="stable")
    order = order[:: -(-len(order) // 20_000)]
    positive = run.target[run.target > 0]
    lowest = positive.min() / 30
    with rc_context(STYLE):
        figure = Figure(figsize=(5.5, 5))
        axis = figure.subplots()
        for values, colour, marker, label in (
            (run.counted[0], GREY, "x", "counted"),
            (run.learned[0], ORANGE, ".", "learned, last iterate"),
            (run.averaged[0], BLUE, ".", "learned, average of the steps"),
        ):
            x, y = (np.maximum(array[order], lowest) for array in (run.target, values))
            axis.plot(x, y, marker, color=colour, markersize=3, alpha=0.5, label=label, rasterized=True)
        ends = [lowest, min(3 * positive.max(), 1)]
        axis.plot(ends, ends, color="black", linewidth=0.8)
        axis.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
        axis.set_xlabel("true probability")
        axis.set_ylabel("learned probability")
        axis.set_title(f"{len(run.target):,} categories")
        axis.legend(fontsize=8, loc="upper left", markerscale=2)
    return figure


def sequence_training(run: Run) -> Figure:
    """Validity and total variation of a generator of strings against epoch."""
    epochs = np.arange(1, len(run.metrics["validity"]) + 1)
    counted = float(total_variation(run.counted, run.target).mean())
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 3.5))
        axis = figure.subplots()
        for number, (name, label) in enumerate(
            (("validity", "invalid: 1 - validity"), ("total_variation", "total variation from the law"))
        ):
            values = run.metrics[name].mean(1)
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


def sequence_lengths(run: Run) -> Figure:
    """The probability of every length of string, learned and true."""
    learned, target = run.probabilities[-1].mean(0), run.targets[-1]
    places = np.arange(len(learned))
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 3.2))
        axis = figure.subplots()
        # No bars, whose length on a logarithmic axis would mean nothing.
        axis.plot(places, target, "s", color=GREY, fillstyle="none", markersize=9, label="true")
        axis.plot(places, learned, "o", color=BLUE, markersize=5, label="learned")
        names = [label.removesuffix("s").removesuffix(" symbol") for label in run.shown_labels]
        axis.set_xticks(places, names)
        axis.set_xlabel("symbols in a string")
        axis.set_ylabel("probability")
        axis.set_yscale("log")
        axis.set_ylim(min(max(learned.min(), 1e-5), target[target > 1e-9].min()) / 2, 1.5)
        axis.grid(alpha=0.25, axis="y")
        axis.legend(fontsize=8, loc="upper left")
    return figure


def gradient_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Bias and standard deviation of gradient estimators against temperature, a column of axes a point.

    A bias is left out where it is below twice its own standard error: it cannot be told from none.

    Args:
        rows: with the keys point, estimator, temperature (None: it does not matter), bias, std and draws, as
            `gradients.Measure` makes them.
    """
    points = list(dict.fromkeys(row["point"] for row in rows))
    names = list(dict.fromkeys(row["estimator"] for row in rows))
    temperatures = sorted({row["temperature"] for row in rows} - {None})
    ends = (temperatures[0], temperatures[-1]) if temperatures else (0.1, 1.0)
    with rc_context(STYLE):
        figure = Figure(figsize=(4 + 3.2 * len(points), 6))
        axes = figure.subplots(2, len(points), sharex=True, sharey="row", squeeze=False)
        for column, point in enumerate(points):
            for axis, quantity in zip(axes[:, column], ("bias", "std"), strict=True):
                for number, name in enumerate(names):
                    chosen = [row for row in rows if row["point"] == point and row["estimator"] == name]
                    x = [row["temperature"] for row in chosen]
                    y = [_bias(row) if quantity == "bias" else row[quantity] for row in chosen]
                    if x == [None]:  # a level for all temperatures
                        x, y = list(ends), y * 2
                    axis.plot(x, y, label=name, **_line(number, len(x)))
                axis.set_xscale("log")
                axis.set_yscale("log")
                axis.grid(alpha=0.25)
            axes[0, column].set_ylim(5e-3, 2)
            axes[1, column].set_ylim(2e-2, 30)
            axes[0, column].set_title(f"point {point}")
            axes[1, column].set_xlabel("temperature")
        axes[0, 0].set_ylabel("bias / length of the exact gradient")
        axes[1, 0].set_ylabel("standard deviation of a batch of ten")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right center", fontsize=8)
    return figure


def _bias(row: Mapping[str, Any]) -> float:
    error = row["std"] / np.sqrt(row["draws"] / 10)  # of a mean over its batches of ten
    return float(row["bias"]) if row["bias"] > 2 * error else np.nan


def benchmark_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Microseconds an optimizer step and run of each implementation, a panel for each number of runs.

    Args:
        rows: with the keys implementation, runs, microseconds_per_run_step, min, max, as in benchmark.csv.
    """
    runs = list(dict.fromkeys(row["runs"] for row in rows))
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 0.6 + 0.26 * len(rows)))
        heights = [sum(row["runs"] == number for row in rows) for number in runs]
        axes = figure.subplots(len(runs), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for axis, number in zip(axes, runs, strict=True):
            chosen = [row for row in rows if row["runs"] == number]
            values = [row["microseconds_per_run_step"] for row in chosen]
            spread = [
                [row["microseconds_per_run_step"] - row["min"] for row in chosen],
                [row["max"] - row["microseconds_per_run_step"] for row in chosen],
            ]
            own = [row["implementation"].startswith("gumbel_gan") for row in chosen]
            colours = [BLUE if mine else "#888888" for mine in own]
            # No bars, whose length on a logarithmic axis would mean nothing.
            axis.errorbar(values, range(len(chosen)), xerr=spread, fmt="none", ecolor=colours, elinewidth=2)
            axis.scatter(values, range(len(chosen)), s=36, c=colours, zorder=3)
            axis.grid(axis="x", alpha=0.3)
            for place, (value, row) in enumerate(zip(values, chosen, strict=True)):
                axis.text(1.15 * row["max"], place, f"{value:.3g}", va="center", fontsize=7)
            axis.set_yticks(
                range(len(chosen)), [PEERS[row["implementation"]].label for row in chosen], fontsize=8
            )
            axis.set_ylim(len(chosen) - 0.5, -0.5)
            axis.set_title(f"{number:,} run{'s' if number > 1 else ''} side by side", fontsize=8)
            axis.set_xscale("log")
        axes[-1].set_xlabel("µs an optimizer step and run")
    return figure


def scale_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Time and memory of a batch against categories, runs and batch size, on logarithmic axes.

    Args:
        rows: with the keys axis, value, milliseconds_per_batch, megabytes, as in scale.csv.
    """
    axes_of = list(dict.fromkeys(row["axis"] for row in rows))
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 4.5))
        axes = figure.subplots(2, len(axes_of), sharex="col", sharey="row", squeeze=False)
        for column, name in enumerate(axes_of):
            chosen = [row for row in rows if row["axis"] == name]
            x = np.array([row["value"] for row in chosen], float)
            for axis, quantity in zip(axes[:, column], ("milliseconds_per_batch", "megabytes"), strict=True):
                y = np.maximum([row[quantity] for row in chosen], 0.1 if quantity == "megabytes" else 0)
                axis.plot(x, y, "o-", color=BLUE, markersize=4)
                axis.plot(x, y[-1] * x / x[-1], ":", color=GREY, linewidth=1, label="linear")
                axis.set(xscale="log", yscale="log")
                axis.set_ylim(bottom=max(y.min() / 3, 1e-3))
                axis.grid(alpha=0.25)
            axes[1, column].set_xlabel(name.replace("_", " "))
        axes[0, 0].set_ylabel("ms a batch")
        axes[1, 0].set_ylabel("memory, MB")
        axes[0, 0].legend(fontsize=8)
    return figure


def study_figure(cells: Sequence[Any], kind: str = "gan") -> Figure:
    """What a study found, in the form that shows it best.

    Where one number is varied: the errors against it. For polynomials: the expected loss above the
    optimum, a panel for each power and a line for each cell. For leaks: the discriminator's accuracy
    against temperature. Else the maximum error
    against the epoch, the median and a 90 % band of the runs: up to four cells in one axes; of more, each
    in one of its own, with the first cell's median in grey.

    Args:
        cells: with `varied`, `label`, `curves` [E, R] and `columns`, as `study.Cell`.
        kind: of the study, of `study.KINDS`.
    """
    if kind == "polynomial":
        return _polynomial_figure(cells)
    if kind == "leak":
        return _leak_figure(cells)
    keys = {key for cell in cells for key in cell.varied}
    values: list[Any] = [next(iter(cell.varied.values()), None) for cell in cells]
    if len(keys) == 1 and len(cells) > 3 and all(isinstance(value, int | float) for value in values):
        return _figure_against(next(iter(keys)), values, cells)
    together = len(cells) <= 4
    columns = 1 if together else 4
    rows = 1 if together else -(-len(cells) // columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(7, 3.5) if together else (2.4 * columns + 0.6, 1.7 * rows + 0.5))
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        first = np.median(cells[0].curves, axis=1)
        for number, cell in enumerate(cells):
            axis = axes[0, 0] if together else axes[divmod(number, columns)]
            colour = PALETTE[number % len(PALETTE)] if together else BLUE
            _band(axis, np.arange(1, len(cell.curves) + 1), cell.curves.T, colour, cell.label)
            if not together:
                axis.plot(
                    np.arange(1, len(first) + 1), first, color=GREY, linewidth=0.8, linestyle="--", zorder=1
                )
                leak = cell.columns.get("leak")
                title = cell.label if leak is None else f"{cell.label} (leak {np.median(leak):.2f})"
                axis.set_title(_wrapped(title), fontsize=8)
        for empty in list(axes.flat)[1 if together else len(cells) :]:
            empty.set_visible(False)
        axes[0, 0].set_yscale("log")
        for axis in axes.flat:
            axis.grid(alpha=0.25)
        if together:
            axes[0, 0].legend(loc="upper right", fontsize=8)
        first_cell = "" if together else "; dashed: the first cell"
        figure.supxlabel(f"epoch (line: median of the runs; band: 90 % of them{first_cell})", fontsize=9)
        quantity = "total variation" if "validity" in cells[0].columns else "maximum error"
        figure.supylabel(quantity, fontsize=9)
    return figure


def _band(axis: Any, x: np.ndarray, values: np.ndarray, color: str, label: str, **line: Any) -> None:
    """Median and 90 % band of values [R, len(x)]."""
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
    axis.fill_between(x, low, high, color=color, alpha=0.25, linewidth=0)
    axis.plot(x, median, color=color, label=label, **line)


def _figure_against(key: str, values: Sequence[float], cells: Sequence[Any]) -> Figure:
    shown = {
        "max_abs_error_last50_mean": "learned: mean of the last 50 epochs",
        "averaged_max_abs_error": "averaged over the late steps",
    }
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 3.5))
        axis = figure.subplots()
        for number, (name, label) in enumerate(shown.items()):
            columns = np.stack([cell.columns[name] for cell in cells], axis=1)
            _band(axis, np.array(values), columns, PALETTE[number], label, marker="os"[number], markersize=4)
        if min(values) > 0 and max(values) > 20 * min(values):
            axis.set_xscale("log")
        axis.set_yscale("log")
        axis.grid(alpha=0.25)
        axis.set_xlabel(key.replace("_", " "))
        axis.set_ylabel("maximum error")
        axis.legend(fontsize=8)
    return figure


def _leak_figure(cells: Sequence[Any]) -> Figure:
    lines: dict[str, list[Any]] = {}
    for cell in cells:
        others = [
            f"{key.rpartition('.')[2]} {value}" for key, value in cell.varied.items() if key != "temperature"
        ]
        lines.setdefault(", ".join(others) or cell.label, []).append(cell)
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 3.5))
        axis = figure.subplots()
        for number, (label, group) in enumerate(lines.items()):
            group = sorted(group, key=lambda cell: cell.settings.temperature)
            leaks = np.stack([cell.columns["leak"] for cell in group], axis=1)
            _band(
                axis,
                np.array([cell.settings.temperature for cell in group]),
                leaks,
                label=label,
                **_line(number, len(group)),
            )
        axis.axhline(0.5, color=GREY, linewidth=0.8, zorder=1)
        axis.set_ylim(0.45, 1.02)
        axis.set_xscale("log")
        axis.grid(alpha=0.25)
        axis.set_xlabel("temperature")
        axis.set_ylabel("examples told apart (0.5: chance)")
        axis.legend(fontsize=8)
    return figure


def _polynomial_figure(cells: Sequence[Any]) -> Figure:
    panels: dict[str, list[Any]] = {}
    for cell in cells:
        panels.setdefault(f"power {cell.settings.power:g}", []).append(cell)
    with rc_context(STYLE):
        figure = Figure(figsize=(3 * len(panels) + 2.2, 3.5))
        axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
        for axis, (title, group) in zip(axes, panels.items(), strict=True):
            for number, cell in enumerate(group):
                above = np.median(cell.curves, axis=1) - cell.settings.optimum
                style = {**_line(number, 0), "markevery": max(1, len(above) // 5)}
                axis.plot(
                    np.arange(1, len(above) + 1),
                    np.maximum(above, 1e-7),
                    label=cell.label.rpartition(", power")[0] or cell.label,
                    **style,
                )
            axis.set_title(title)
            axis.set_yscale("log")
            axis.grid(alpha=0.25)
            axis.set_xlabel("epoch")
        axes[0].set_ylabel("expected loss above the optimum")
        most = max((axis.get_legend_handles_labels() for axis in axes), key=lambda entries: len(entries[0]))
        figure.legend(*most, loc="outside right center", fontsize=8)
    return figure


def _wrapped(label: str, width: int = 28) -> str:
    return "\n".join(textwrap.wrap(label, width))


def _line(number: int, points: int) -> dict[str, Any]:
    """A colour, a dash and a marker, so that eleven lines can be told apart, in grey too."""
    return {
        "color": PALETTE[number % len(PALETTE)],
        "linestyle": ("-", "--", ":")[number // len(PALETTE) % 3],
        "marker": "osD^vPX*<>ph"[number % 12],
        "markersize": 4,
        "linewidth": 1.2,
    }


def save_figure(figure: Figure, directory: str, name: str) -> str:
    """Write a figure, in the format of its name's ending; its path."""
    suffix = os.path.splitext(name)[1][1:]
    # No date and no version of matplotlib: the same run makes the same file.
    metadata = {"Date": None} if suffix == "svg" else {"Software": None}
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # labels in scripts that the font has not: boxes
        return write(
            directory, name, lambda file: figure.savefig(file, format=suffix, metadata=metadata), binary=True
        )


def _most_probable(run: Run) -> tuple[np.ndarray, str]:
    """Which categories to show, in their own order, and the title that says so."""
    title = "Error of the learned probabilities"
    categories = run.probabilities.shape[-1]
    if categories <= MAX_ROWS:
        return np.arange(categories), title
    named = run.targets[-1][: len(run.target)]
    if len(named) < len(run.target):  # the last of them are all others together
        named = named[:-1]
    shown = np.argsort(-named, kind="stable")[:MAX_ROWS]
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
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, pad=0.01, aspect=12)
    ticks = _ticks(limit, norm)
    bar.set_ticks(ticks, labels=[f"{tick:+g}" if tick else "0" for tick in ticks])
    bar.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label("learned minus true")


def _ticks(limit: float, norm: Any, apart: float = 0.12) -> list[float]:
    """Zero, and round numbers on both sides of it that lie this part of the colour bar apart, or more."""
    kept = [0.0]
    for number in (m * 10.0**e for e in range(-6, 1) for m in (1, 3)):
        if number <= limit and norm(number) - norm(kept[-1]) >= apart:
            kept.append(number)
    return [-number for number in reversed(kept[1:])] + kept


def _draw_max_error(axes: Any, run: Run) -> None:
    errors = run.metrics["max_abs_error"]  # [E, R]
    epochs = np.arange(1, len(errors) + 1)
    low, median, high = np.quantile(errors, [0.05, 0.5, 0.95], axis=1)
    axes.fill_between(epochs, low, high, color=BLUE, alpha=0.25, linewidth=0, label="90 % of the runs")
    axes.plot(epochs, median, color=BLUE, label="learned, median")
    counted = float(np.median(max_abs_error(run.counted, run.target)))
    if "counted_max_abs_error" in run.metrics:  # the stream drifts
        for name, style in (("counted", "--"), ("forgetting", ":")):
            label = "plain counting" if name == "counted" else "counting with forgetting"
            values = np.median(run.metrics[f"{name}_max_abs_error"], axis=1)
            axes.plot(epochs, values, color=ORANGE, linestyle=style, label=label)
    elif counted > 0:
        axes.axhline(
            counted, color=ORANGE, linestyle="--", label=f"plain counting at the end ({counted:.2g})"
        )
    axes.set_yscale("log")
    axes.set_ylabel("maximum error")
    axes.set_xlim(0.5, len(errors) + 0.5)
    # Above the axes, where it covers no curve.
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, fontsize=8, borderaxespad=0.1)

"""Figures of measurements: gradient estimators, speed, size. Each takes rows and returns a `Figure`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context

from .style import BLUE, GREY, STYLE, Figure, line


def gradient_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Bias and standard deviation of gradient estimators against temperature, a column of axes a point.

    A bias is left out where it is below twice its own standard error: it cannot be told from none.

    Args:
        rows: with the keys point, estimator, temperature (None: it does not matter), bias, std and draws, as
            `laboratory.bias.Measure` makes them.
    """
    points = list(dict.fromkeys(row["point"] for row in rows))
    names = list(dict.fromkeys(row["estimator"] for row in rows))
    temperatures = sorted({row["temperature"] for row in rows} - {None})
    ends = (temperatures[0], temperatures[-1]) if temperatures else (0.1, 1.0)
    with rc_context(STYLE):
        figure = Figure(figsize=(4 + 3.2 * len(points), 6))
        axes = figure.subplots(2, len(points), sharex=True, sharey="row", squeeze=False)
        for column, point in enumerate(points):
            for axis, quantity, limits in zip(
                axes[:, column], ("bias", "std"), ((5e-3, 2), (2e-2, 30)), strict=True
            ):
                axis.set(xscale="log", yscale="log", ylim=limits)
                for number, name in enumerate(names):
                    chosen = [row for row in rows if row["point"] == point and row["estimator"] == name]
                    x = [row["temperature"] for row in chosen]
                    y = [_bias(row) if quantity == "bias" else row[quantity] for row in chosen]
                    if x == [None]:  # a level for all temperatures
                        x, y = list(ends), y * 2
                    axis.plot(x, y, label=name, **line(number, len(x)))
                ticks = temperatures or ends
                axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
                axis.xaxis.minorticks_off()
                axis.grid(alpha=0.25)
            axes[0, column].set_title(f"point {point}")
            axes[1, column].set_xlabel("temperature")
        axes[0, 0].set_ylabel("bias / length of the exact gradient")
        axes[1, 0].set_ylabel("standard deviation of a batch of ten")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right center", fontsize=8)
    return figure


def _bias(row: Mapping[str, Any]) -> float:
    error = row["std"] / np.sqrt(row["draws"] / 10)  # of a mean over its batches of ten
    return float(row["bias"]) if row["bias"] > 2 * error else np.nan


def benchmark_figure(rows: Sequence[dict[str, Any]], labels: Mapping[str, str], own: str) -> Figure:
    """Microseconds an optimizer step and run of each implementation, a panel for each number of runs.

    Args:
        rows: with the keys implementation, runs, microseconds_per_run_step, min, max, as in benchmark.csv.
        labels: of the implementations, by name.
        own: how the names of this package's implementations begin.
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
            ours = [row["implementation"].startswith(own) for row in chosen]
            colours = [BLUE if mine else "#888888" for mine in ours]
            # No bars, whose length on a logarithmic axis would mean nothing.
            axis.errorbar(values, range(len(chosen)), xerr=spread, fmt="none", ecolor=colours, elinewidth=2)
            axis.scatter(values, range(len(chosen)), s=36, c=colours, zorder=3)
            axis.grid(axis="x", alpha=0.3)
            for place, (value, row) in enumerate(zip(values, chosen, strict=True)):
                axis.text(1.15 * row["max"], place, f"{value:.3g}", va="center", fontsize=7)
            axis.set_yticks(range(len(chosen)), [labels[row["implementation"]] for row in chosen], fontsize=8)
            axis.set_ylim(len(chosen) - 0.5, -0.5)
            axis.set_title(f"{number:,} run{'s' if number > 1 else ''} side by side", fontsize=8)
            axis.set_xscale("log")
        axes[-1].set_xlabel("µs per optimizer step and run")
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
        axes[0, 0].set_ylabel("ms per batch")
        axes[1, 0].set_ylabel("memory, MB")
        axes[0, 0].legend(fontsize=8)
    return figure


def products_figure(rows: Sequence[dict[str, Any]]) -> Figure:
    """Seconds an epoch of each recipe takes, and its matrix products alone.

    Args:
        rows: with the keys recipe, epoch_seconds, products_seconds, ratio, as in products.csv.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 0.9 + 0.7 * len(rows)))
        axis = figure.subplots()
        places = np.arange(len(rows))
        for key, label, colour, shift in (
            ("epoch_seconds", "the epoch", BLUE, -0.18),
            ("products_seconds", "its matrix products alone", GREY, 0.18),
        ):
            axis.barh(places + shift, [row[key] for row in rows], 0.34, color=colour, label=label)
        for place, row in zip(places, rows, strict=True):
            axis.annotate(
                f"{row['ratio']:.2f} times", (row["epoch_seconds"], place - 0.18), (4, 0),
                textcoords="offset points", va="center", fontsize=8,
            )  # fmt: skip
        axis.set_yticks(places, [row["recipe"] for row in rows])
        axis.invert_yaxis()
        axis.set_xlim(0, 1.2 * max(row["epoch_seconds"] for row in rows))
        axis.set_xlabel("seconds an epoch")
        figure.legend(loc="outside upper right", ncols=2, fontsize=8)
    return figure

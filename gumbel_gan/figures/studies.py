"""Figures of studies. Each takes trained cells and returns a `Figure`; nothing global is touched."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.ticker import LogLocator, NullFormatter

from ..config.catalogue import ESTIMATORS
from .style import BLUE, GREY, ORANGE, PALETTE, STYLE, Figure, band, line, literal, wrapped


def error_figure(
    cells: Sequence[Any], quantity: str, against: Mapping[str, str], title: Callable[[Any], str] | None = None
) -> Figure:
    """What a study of trainings found, in the form that shows it best.

    Where one number is varied over more than three cells: the errors against it. Else the error against the
    epoch, the median and a 90 % band of the runs: up to four cells in one axes; of more, each in one of its
    own, with the first cell's median in grey.

    Args:
        cells: with `varied`, `label`, `curves` [E, R] and `columns`.
        quantity: what the curves are.
        against: columns to draw against a number that is varied, with their names.
        title: of the axes of a cell; by default its label.
    """
    title = title or (lambda cell: cell.label)
    keys = {key for cell in cells for key in cell.varied}
    values: list[Any] = [next(iter(cell.varied.values()), None) for cell in cells]
    if len(keys) == 1 and len(cells) > 3 and all(isinstance(value, int | float) for value in values):
        return _figure_against(next(iter(keys)), values, cells, quantity, against)
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
            band(axis, np.arange(1, len(cell.curves) + 1), cell.curves.T, colour, cell.label)
            if not together:
                axis.plot(
                    np.arange(1, len(first) + 1), first, color=GREY, linewidth=0.8, linestyle="--", zorder=1
                )
                axis.set_title(wrapped(title(cell)), fontsize=8)
        for empty in list(axes.flat)[1 if together else len(cells) :]:
            empty.set_visible(False)
        if all((cell.curves > 0).all() for cell in cells):  # log-likelihoods are below zero
            axes[0, 0].set_yscale("log")
        for axis in axes.flat:
            axis.grid(alpha=0.25)
        if together:
            axes[0, 0].legend(loc="upper right", fontsize=8)
        first_cell = "" if together else "; dashed: the first cell"
        figure.supxlabel(f"epoch (line: median of the runs; band: 90 % of them{first_cell})", fontsize=9)
        figure.supylabel(quantity, fontsize=9)
    return figure


def _figure_against(
    key: str, values: Sequence[float], cells: Sequence[Any], quantity: str, shown: Mapping[str, str]
) -> Figure:
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 3.5))
        axis = figure.subplots()
        for number, (name, label) in enumerate(shown.items()):
            columns = np.stack([cell.columns[name] for cell in cells], axis=1)
            band(axis, np.array(values), columns, PALETTE[number], label, marker="os"[number], markersize=4)
        if min(values) > 0 and max(values) > 20 * min(values):
            axis.set_xscale("log")
        axis.set_yscale("log")
        axis.grid(alpha=0.25)
        axis.set_xlabel(key.replace("_", " "))
        axis.set_ylabel(quantity)
        axis.legend(fontsize=8)
    return figure


def leak_figure(cells: Sequence[Any]) -> Figure:
    """A discriminator's accuracy against temperature, a line for each setting of everything else."""
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
            band(
                axis,
                np.array([cell.settings.temperature for cell in group]),
                leaks,
                label=label,
                **line(number, len(group)),
            )
        axis.axhline(0.5, color=GREY, linewidth=0.8, zorder=1)
        axis.set_ylim(0.45, 1.02)
        axis.set_xscale("log")
        axis.grid(alpha=0.25)
        axis.set_xlabel("temperature")
        axis.set_ylabel("examples told apart (0.5: chance)")
        axis.legend(fontsize=8)
    return figure


def polynomial_figure(cells: Sequence[Any]) -> Figure:
    """The expected loss above the optimum against epoch, a panel for each power."""
    panels: dict[str, list[Any]] = {}
    for cell in cells:
        panels.setdefault(f"power {cell.settings.power:g}", []).append(cell)
    with rc_context(STYLE):
        figure = Figure(figsize=(3 * len(panels) + 2.2, 3.5))
        axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
        for axis, (title, group) in zip(axes, panels.items(), strict=True):
            for number, cell in enumerate(group):
                above = np.median(cell.curves, axis=1) - cell.settings.optimum
                style = {**line(number, 0), "markevery": max(1, len(above) // 5)}
                axis.plot(
                    np.arange(1, len(above) + 1),
                    np.maximum(above, 1e-7),
                    label=literal(cell.label.rpartition(", power")[0] or cell.label),
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


def learners_figure(cells: Sequence[Any]) -> Figure:
    """What learned a table, by the log-likelihood of a held-out row: a panel for each table, a row a learner.

    Args:
        cells: with `settings` (table, learner) and a column `held_out`; one that has none is left out.
    """
    tables = list(dict.fromkeys(cell.settings.table for cell in cells))
    scored = [cell for cell in cells if not np.isnan(cell.columns["held_out"]).all()]
    learners = list(dict.fromkeys(cell.settings.learner for cell in scored))
    with rc_context(STYLE):
        figure = Figure(figsize=(1.6 + 2.6 * len(tables), 1.1 + 0.3 * max(len(learners), 3)))
        axes = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
        for axis, table in zip(axes, tables, strict=True):
            for cell in (cell for cell in scored if cell.settings.table == table):
                values = cell.columns["held_out"][~np.isnan(cell.columns["held_out"])]
                place, ends = learners.index(cell.settings.learner), [values.min(), values.max()]
                axis.plot(ends, [place, place], color=BLUE, linewidth=5, alpha=0.4, solid_capstyle="butt")
                axis.plot(values.mean(), place, "o", color=BLUE, markersize=4)
            axis.set_title(literal(table.replace("_", " ")), fontsize=9)
            axis.grid(alpha=0.25)
            axis.margins(x=0.1)
            axis.locator_params(axis="x", nbins=3)
        axes[0].set_yticks(range(len(learners)), [literal(name.replace("_", " ")) for name in learners])
        axes[0].set_ylim(max(len(learners), 1) - 0.5, -0.5)
        figure.supxlabel(
            "log-likelihood of a held-out row, nats (dot: mean of the runs; bar: all)", fontsize=8
        )
    return figure


def bound_figure(chosen: Sequence[Any], by_temperature: Sequence[Any]) -> Figure:
    """The evidence lower bound on test digits: every estimator at its best; and against the temperature.

    Args:
        chosen: a cell of each estimator, best first.
        by_temperature: a cell of each estimator and temperature; drawn where one has several.
    """
    of_estimators: dict[str, list[Any]] = {cell.settings.generator.estimator: [] for cell in chosen}
    for cell in sorted(by_temperature, key=lambda cell: cell.settings.temperature):
        of_estimators[cell.settings.generator.estimator].append(cell)
    several = any(len(group) > 1 for group in of_estimators.values())
    with rc_context(STYLE):
        figure = Figure(figsize=(9.5 if several else 6.5, 1.2 + 0.3 * max(len(chosen), 8 if several else 1)))
        ranks, *others = figure.subplots(1, 1 + several, squeeze=False, width_ratios=(1.2, 1)[: 1 + several])[
            0
        ]
        for place, cell in enumerate(chosen):
            bounds = cell.columns["elbo"]
            ranks.plot(
                [bounds.min(), bounds.max()], [place, place], color=BLUE, linewidth=5, alpha=0.4,
                solid_capstyle="butt",
            )  # fmt: skip
            ranks.plot(bounds.mean(), place, "o", color=BLUE, markersize=4)
        ranks.set_yticks(range(len(chosen)), [literal(_at_its_best(cell)) for cell in chosen])
        ranks.set_ylim(len(chosen) - 0.5, -0.5)
        ranks.grid(axis="x", alpha=0.25)
        ranks.set_xlabel("bound on test digits, nats\ndot: mean of the runs; bar: all of them", fontsize=8)
        for axis in others:
            for number, (name, group) in enumerate(of_estimators.items()):
                if len(group) > 1:
                    means = [cell.columns["elbo"].mean() for cell in group]
                    where = [cell.settings.temperature for cell in group]
                    axis.plot(where, means, label=literal(name), **line(number, len(group)))
            axis.set_xscale("log")
            axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axis.xaxis.set_major_formatter(lambda value, place: f"{value:g}")
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.grid(alpha=0.25)
            axis.set_xlabel("temperature\nmean of the runs, at the best rate", fontsize=8)
            axis.set_ylabel("bound on test digits, nats", fontsize=8)
            figure.legend(loc="outside right center", fontsize=8)
    return figure


def _at_its_best(cell: Any) -> str:
    """An estimator with its chosen settings."""
    settings = cell.settings.generator
    row = ESTIMATORS[settings.estimator]
    temperature = f"temperature {cell.settings.temperature:g}, " if row.uses_temperature else ""
    return f"{settings.estimator} ({temperature}rate {settings.learning_rate:g})"


def comparison_figure(
    values: Mapping[str, np.ndarray],
    xlabel: str,
    marked: Sequence[str] = (),
    why: str = "",
) -> Figure:
    """A few settings, a row each: the median of the runs and 90 % of them, on a logarithmic axis.

    Args:
        values: [R] by setting, from above.
        xlabel: what they are.
        marked: settings that stand out.
        why: what is said of these.
    """
    names = list(values)
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 0.8 + 0.3 * len(names)))
        axis = figure.subplots()
        for place, name in enumerate(names):
            low, median, high = np.quantile(values[name], [0.05, 0.5, 0.95])
            colour = ORANGE if name in marked else BLUE
            axis.plot(
                [low, high], [place, place], color=colour, linewidth=4, alpha=0.3, solid_capstyle="butt"
            )
            axis.plot(median, place, "o", color=colour)
        axis.set_yticks(range(len(names)), [literal(name) for name in names])
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.set_xscale("log")
        low, high = axis.get_xlim()
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 50 * low else (1,)))
        axis.xaxis.set_major_formatter(lambda value, place: f"{value:g}")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(axis="x", alpha=0.25)
        meaning = "dot: median of the runs; bar: 90 % of them" + (f"; orange: {why}" if marked else "")
        axis.set_xlabel(f"{xlabel}\n{meaning}", fontsize=8)
    return figure

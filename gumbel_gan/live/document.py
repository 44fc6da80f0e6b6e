"""One file that shows a training or a study: no network is needed, and no program but a browser."""

import os
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.embed import file_html
from bokeh.events import DocumentReady
from bokeh.layouts import column, row
from bokeh.models import (
    CheckboxGroup,
    ColumnDataSource,
    CustomJS,
    Div,
    FixedTicker,
    HoverTool,
    Plot,
    Select,
    Slider,
    Span,
)
from bokeh.resources import INLINE

from ..figures.style import BLUE, ORANGE, PALETTE
from ..figures.training import DISTANCES
from ..results.readable import shown_label
from ..results.result import Result
from ..results.tables import learned_table
from .heat import LINEAR, colour_bar, coloured, colours
from .look import (
    DARK,
    FLOW,
    GREY,
    INPUT,
    NAMED,
    TEMPLATE,
    WIDE,
    count_epochs,
    legend_above,
    over_epochs,
    plot,
    true_bars,
)

MOST_CATEGORIES = 30
"""That are shown, the most probable ones."""
MOST_EPOCHS = 200
"""That the slider stops at."""
NUMBERS = 150_000
"""Of probabilities, and of verdicts, that a file holds: of more, the first runs."""
COLOURS = (*PALETTE[:-1], GREY)  # black is not seen on black
DASHES = ("solid", "dashed", "dotted")
LAST = """
<style>
td, th { padding: 2px 10px; text-align: right; }
td:first-child, th:first-child { text-align: left; }
</style>
"""
"""How the table of a study's last values looks."""
CHOSEN = """
const run = choice ? choice.value : "0"
const epoch = slider ? slider.value : 0
const [p, v, t] = [all.data.probabilities[0], all.data.verdicts[0], all.data.targets[0]]
const [epochs, runs, categories] = all.data.shape[0]
const value = (array, e, r, k) => array[(e * runs + r) * categories + k]
const of = (array, e, k) => {
    if (run != "mean") return value(array, e, Number(run), k)
    let sum = 0
    for (let r = 0; r < runs; r++) sum += value(array, e, r, k)
    return sum / runs
}
const bars = {...now.data, learned: [], target: [], verdict: []}
const errors = new Float32Array(epochs * categories), image = new Float32Array(epochs * categories)
for (let k = 0; k < categories; k++) {
    bars.learned.push(of(p, epoch, k))
    bars.target.push(t[epoch * categories + k])
    bars.verdict.push(v.length ? of(v, v.length == p.length ? epoch : 0, k) : NaN)
    for (let e = 0; e < epochs; e++) {
        const error = of(p, e, k) - t[e * categories + k]
        errors[k * epochs + e] = error
        image[k * epochs + e] = Math.asinh(error / linear)
    }
}
now.data = bars
if (cb_obj !== slider) {
    heat.data.image[0].set(image)
    heat.data.error[0].set(errors)
    heat.change.emit()
}
line.location = at.data.epoch[epoch]
title.text = `after epoch ${at.data.epoch[epoch]}`
"""


def of_training(result: Result, verdicts: np.ndarray | None = None) -> str:
    """The page of a training, as HTML.

    Args:
        result: of it.
        verdicts: float [E', R, K'], the discriminator's probability that a category is real; or, after the
            last epoch only, [1, R, K'].
    """
    parts: list[Any] = []
    if result.source.stream != "rows":
        parts += _categories(result, verdicts)
    else:
        parts += _columns(result)
    parts += _curves(result)
    table = (
        f"<pre style='overflow-x: auto; max-width: calc(100vw - 3rem)'>{escape(learned_table(result))}</pre>"
    )
    name = _named_as(result.directory or "a training")
    return _page([*parts, Div(text=table, **WIDE)], f"gumbel_gan: {name}")


def of_study(labels: Sequence[str], curves: Sequence[np.ndarray], directory: str, quantity: str) -> str:
    """The page of a study, as HTML: a line for each cell, to switch on and off, and a table.

    Args:
        labels: of the cells.
        curves: [E, R] each.
        directory: of the study.
        quantity: what the curves are.
    """
    every = np.concatenate([values.ravel() for values in curves])
    finite = every[np.isfinite(every)]
    least, most = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
    draw = over_epochs("median of the runs, and 90 % of them", least, most, "100%", height=420)
    switches, last = [], []
    for number, (label, values) in enumerate(zip(labels, curves, strict=True)):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
        epochs = np.arange(1, len(values) + 1)
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95), axis=1)
        data = ColumnDataSource({"epoch": epochs, "low": low, "middle": middle, "high": high})
        line = draw.line("epoch", "middle", source=data, line_width=2, line_dash=dash, color=colour)
        band = draw.varea("epoch", "low", "high", source=data, fill_alpha=0.12, color=colour)
        draw.add_tools(HoverTool(renderers=[line], tooltips=[(label, "@middle"), ("epoch", "@epoch")]))
        switch = CheckboxGroup(labels=[label], active=[0], styles={"border-bottom": f"3px {dash} {colour}"})
        shown = "for (const part of parts) part.visible = cb_obj.active.length > 0"
        switch.js_on_change("active", CustomJS(args={"parts": [line, band]}, code=shown))
        switches.append(switch)
        last.append(f"{escape(label)}<td>{middle[-1]:.4g}<td>{low[-1]:.4g}<td>{high[-1]:.4g}")
    draw.yaxis.axis_label = quantity
    head = f"<tr><th>{escape(quantity)}, after the last epoch<th>median<th>5 %<th>95 %"
    table = f"{LAST}<table>{head}{''.join(f'<tr><td>{line}' for line in last)}</table>"
    parts = [
        row(draw, **WIDE),
        row(*switches, styles={**FLOW, "gap": "8px 20px"}, **WIDE),
        Div(text=table, **WIDE),
    ]
    return _page(parts, f"gumbel_gan: {_named_as(directory)}")


def _named_as(directory: str) -> str:
    return os.path.basename(os.path.abspath(directory))


def _page(parts: Sequence[Any], title: str) -> str:
    page = column(*parts, **WIDE)
    document = Document()
    document.add_root(page)
    plots = list(page.select({"type": Plot}))
    document.js_on_event(DocumentReady, CustomJS(args={"plots": plots}, code=DARK + NAMED))
    heading = {"heading": title}
    html: str = file_html(document, INLINE, title, template=TEMPLATE, template_variables=heading)
    return html


def _categories(result: Result, verdicts: np.ndarray | None) -> list[Any]:
    """The heatmap, and the bars and verdicts after the epoch at which a slider stands."""
    categories = result.probabilities.shape[-1]
    shown = np.arange(categories)
    if categories > MOST_CATEGORIES:
        shown = np.sort(np.argsort(-result.targets[-1], kind="stable")[:MOST_CATEGORIES])
    every = -(-len(result.epochs) // MOST_EPOCHS)
    epochs = np.arange(len(result.epochs))[::-every][::-1]  # the last one, too
    runs = max(1, min(result.runs, NUMBERS // (len(epochs) * len(shown))))
    learned = result.probabilities[epochs][:, :runs][..., shown].astype(np.float32)  # [E', R', K']
    targets = result.targets[epochs][:, shown].astype(np.float32)
    judged = np.zeros(0, np.float32)
    if verdicts is not None:
        judged = verdicts[:, :runs][..., shown].astype(np.float32)
        judged = judged[epochs] if len(verdicts) > 1 else judged
    labels = [shown_label(result.shown_labels[k], 18) for k in shown]
    several = result.runs > 1
    numbers = result.epochs[epochs]
    all_of_it = ColumnDataSource(
        {
            "shape": [list(learned.shape)], "probabilities": [learned.ravel()], "verdicts": [judged.ravel()],
            "targets": [targets.ravel()],
        }
    )  # fmt: skip
    places = np.arange(len(shown))
    mean = learned.mean(1)
    at_end = judged[-1].mean(0) if judged.size else np.full(len(shown), np.nan)
    now = ColumnDataSource(
        {"x": places, "label": labels, "learned": mean[-1], "target": targets[-1], "verdict": at_end}
    )
    errors = (mean - targets).T
    heat = ColumnDataSource(
        {
            "image": [coloured(errors)], "error": [errors], "x": [numbers[0] - 0.5 * every], "y": [-0.5],
            "dw": [numbers[-1] - numbers[0] + every], "dh": [len(shown)],
        }
    )  # fmt: skip
    heatmap = _heatmap(heat, labels, numbers, every)
    line = Span(location=numbers[-1], dimension="height", line_color=GREY)
    heatmap.add_layout(line)
    bars = _bars(now, labels, numbers[-1])
    slider = Slider(
        start=0, end=max(1, len(epochs) - 1), value=len(epochs) - 1, step=1, title="epoch", **WIDE
    )
    slider.show_value = False
    slider.disabled = len(epochs) == 1
    names = [("mean", f"mean of {runs} runs"), *[(str(run), f"run {run + 1}") for run in range(runs)]]
    choice = (
        Select(options=names, value="mean", title="run", width=200, stylesheets=[INPUT]) if several else None
    )
    script = CustomJS(
        args={
            "all": all_of_it, "now": now, "heat": heat, "line": line, "title": bars.title, "slider": slider,
            "choice": choice, "linear": LINEAR, "at": ColumnDataSource({"epoch": numbers}),
        },
        code=CHOSEN,
    )  # fmt: skip
    controls: list[Any] = [slider]
    slider.js_on_change("value", script)
    if choice is not None:
        choice.js_on_change("value", script)
        controls.append(choice)
    below = [bars, *([_verdicts(now, labels, len(judged) == 1)] if judged.size else [])]
    return [row(heatmap, **WIDE), row(*controls, **WIDE), row(*below, styles=FLOW, **WIDE)]


def _heatmap(data: ColumnDataSource, labels: Sequence[str], epochs: np.ndarray, every: int) -> Any:
    ends = (epochs[0] - 0.5 * every, epochs[-1] + 0.5 * every)
    title = "learned minus true probability: red is too much"
    draw = plot(
        title, "100%", x_range=ends, y_range=(len(labels) - 0.5, -0.5), height=90 + 22 * max(5, len(labels))
    )
    mapper = colours()
    image = draw.image("image", source=data, x="x", y="y", dw="dw", dh="dh", color_mapper=mapper)
    tips = [("epoch", "$x{0}"), ("category", "$y{0}"), ("learned minus true", "@error{+0.0000}")]
    draw.add_tools(HoverTool(renderers=[image], tooltips=tips))
    draw.add_layout(colour_bar(mapper), "right")
    _named(draw.yaxis, labels, across=False)
    count_epochs(draw)
    return draw


def _bars(data: ColumnDataSource, labels: Sequence[str], epoch: int) -> Any:
    draw = plot(f"after epoch {epoch}", x_range=(-0.6, len(labels) - 0.4), name="bars")
    true = true_bars(draw, "target", data, "true")
    draw.vbar("x", 0.5, "learned", source=data, fill_color=BLUE, line_color=None, legend_label="learned")
    tips = [("category", "@label"), ("learned", "@learned{0.0000}"), ("true", "@target{0.0000}")]
    draw.add_tools(HoverTool(renderers=[true], tooltips=tips, mode="vline"))
    legend_above(draw)
    draw.y_range.start = 0
    draw.yaxis.axis_label = "probability"
    _named(draw.xaxis, labels)
    return draw


def _verdicts(data: ColumnDataSource, labels: Sequence[str], at_end: bool) -> Any:
    when = ", after the last epoch" if at_end else ""
    draw = plot(
        f"the discriminator: is it real?{when}", x_range=(-0.6, len(labels) - 0.4), y_range=(-0.06, 1.06)
    )
    draw.add_layout(Span(location=0.5, dimension="width", line_color=GREY, line_dash="dotted"))
    draw.segment("x", 0.5, "x", "verdict", source=data, line_color=ORANGE, line_width=2)
    dots = draw.scatter("x", "verdict", source=data, size=11, fill_color=ORANGE, line_color="white")
    draw.add_tools(
        HoverTool(renderers=[dots], tooltips=[("category", "@label"), ("real", "@verdict{0.000}")])
    )
    draw.yaxis.axis_label = "probability of real"
    _named(draw.xaxis, labels)
    return draw


def _named(axis: Any, labels: Sequence[str], across: bool = True) -> None:
    axis.ticker = FixedTicker(ticks=list(range(len(labels))))
    axis.major_label_overrides = dict(enumerate(labels))
    if across and sum(map(len, labels)) > 40:
        axis.major_label_orientation = 0.9


def _curves(result: Result) -> list[Any]:
    """What the catalogue shows of the source, against the epoch: the mean of the runs, and their range."""
    names = [*result.source.shown, *(name for name, _ in result.source.curves), "total_variation"]
    plots = []
    for name in dict.fromkeys(name for name in names if name in result.metrics):
        values = result.metrics[name]  # [E, R]
        values = values[:: -(-len(values) // 1_000)]
        if not np.isfinite(values).all():
            continue
        epochs = np.linspace(1, len(result.metrics[name]), len(values))
        title = DISTANCES[name][1] if name in DISTANCES else name.replace("_", " ")
        draw = over_epochs(title, values.min(), values.max())
        data = ColumnDataSource(
            {"epoch": epochs, "mean": values.mean(1), "low": values.min(1), "high": values.max(1)}
        )
        draw.varea("epoch", "low", "high", source=data, fill_color=BLUE, fill_alpha=0.2)
        line = draw.line("epoch", "mean", source=data, line_color=BLUE, line_width=2)
        tips = [("epoch", "@epoch{0}"), (title, "@mean{%.4g}")]
        written = {"@mean": "printf"}
        draw.add_tools(HoverTool(renderers=[line], tooltips=tips, formatters=written, mode="vline"))
        plots.append(draw)
    return [row(*plots, styles=FLOW, **WIDE)]


def _columns(result: Result) -> list[Any]:
    """Of a table: the shares of a column's categories, and how far off every pair of columns is."""
    names = [shown_label(part.name, 24) for part in result.columns]
    shares = [
        np.mean([run["marginals"][place] for run in result.fidelity], axis=0) for place in range(len(names))
    ]
    labels = [[shown_label(label, 18) for label in part.labels] for part in result.columns]
    most = max(map(len, labels))
    all_of_it = ColumnDataSource(
        {
            "labels": labels,
            "drawn": [list(pair[0]) for pair in shares],
            "real": [list(pair[1]) for pair in shares],
        }
    )
    now = ColumnDataSource({"x": np.arange(len(labels[0])), "label": labels[0], "drawn": shares[0][0],
                            "real": shares[0][1]})  # fmt: skip
    draw = plot(f"shares of {names[0]}", "480px", height=340, x_range=(-0.6, len(labels[0]) - 0.4))
    real = true_bars(draw, "real", now, "held-out rows")
    draw.vbar("x", 0.5, "drawn", source=now, fill_color=BLUE, line_color=None, legend_label="learned")
    tips = [("category", "@label"), ("drawn", "@drawn{0.0000}"), ("real", "@real{0.0000}")]
    draw.add_tools(HoverTool(renderers=[real], tooltips=tips, mode="vline"))
    legend_above(draw)
    draw.y_range.start = 0
    draw.xaxis.ticker = FixedTicker(ticks=list(range(most)))
    draw.xaxis.major_label_overrides = dict(enumerate(labels[0]))
    draw.xaxis.major_label_orientation = 0.9
    choice = Select(
        options=[(str(n), name) for n, name in enumerate(names)],
        value="0",
        title="column",
        width=240,
        stylesheets=[INPUT],
    )
    code = """
    const n = Number(choice.value), labels = all.data.labels[n]
    now.data = {x: labels.map((_, k) => k), label: labels, drawn: all.data.drawn[n], real: all.data.real[n]}
    axis.major_label_overrides = new Map(labels.map((label, k) => [k, label]))
    range.setv({start: -0.6, end: labels.length - 0.4})
    title.text = `shares of ${names[n]}`
    """
    args = {"all": all_of_it, "now": now, "choice": choice, "axis": draw.xaxis[0], "range": draw.x_range,
            "title": draw.title, "names": names}  # fmt: skip
    choice.js_on_change("value", CustomJS(args=args, code=code))
    return [choice, row(draw, _pairs(result, names), styles=FLOW, **WIDE)]


def _pairs(result: Result, names: Sequence[str]) -> Any:
    pairs = 1 - np.mean([run["contingency_similarity"] for run in result.fidelity], axis=0)
    np.fill_diagonal(pairs, 1 - np.mean([run["tv_complement"] for run in result.fidelity], axis=0))
    title = (
        f"total variation of pairs of columns, up to {pairs.max():.3f};\non the diagonal, of single columns"
    )
    ends = (-0.5, len(names) - 0.5)
    draw = plot(title, "380px", height=340, x_range=ends, y_range=ends[::-1])
    _named(draw.xaxis, names)
    _named(draw.yaxis, names, across=False)
    x, y = np.meshgrid(np.arange(len(names)), np.arange(len(names)))
    strength = pairs.ravel() / max(float(pairs.max()), 0.02)
    data = ColumnDataSource(
        {
            "x": x.ravel(),
            "y": y.ravel(),
            "names": [
                f"{names[a]}, {names[b]}" for a, b in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True)
            ],
            "value": pairs.ravel(),
            "strength": strength,
        }
    )
    draw.rect("x", "y", 0.98, 0.98, source=data, fill_color=BLUE, fill_alpha="strength", line_color=None)
    draw.add_tools(HoverTool(tooltips=[("columns", "@names"), ("total variation", "@value{0.000}")]))
    return draw

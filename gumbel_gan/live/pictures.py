"""The pictures of the page: each reads a frame of the game."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from bokeh.models import (
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    PointDrawTool,
    Range1d,
    Span,
)

from ..figures.style import BLUE, ORANGE
from .heat import colour_bar, coloured, colours
from .look import GREY, count_epochs, legend_above, plot, true_bars

TRIANGLE = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])
"""Where the one-hot vectors of three categories lie."""
SLOWER, MANY = 3, 100
"""After so many epochs the lines are drawn with every third frame only: they hardly change any more."""
Dragged = Callable[[int, float], None]


class Pictures:
    """All pictures of a page.

    Args:
        dragged: is told when a bar of the target was dragged: category, and its new height.
    """

    def __init__(self, dragged: Dragged) -> None:
        self._told, self._showing = dragged, False
        self.categories = 0
        self.over_epochs: list[Any] = []
        self._shown = 0
        self.plots = [
            self._bars(), self._verdicts(), self._heatmap(), self._errors(), self._gradient(),
            self._shares(), self._triangle(),
        ]  # fmt: skip

    def _bars(self) -> Any:
        self.bars = plot("the generator: drag the dots", name="bars")
        self.distribution = ColumnDataSource(
            {name: [] for name in ("x", "target", "learned", "averaged", "low", "high")}
        )
        self.handles = ColumnDataSource({"x": [], "y": []})
        draw, data = self.bars, self.distribution
        true_bars(draw, "target", data, "true")
        draw.vbar("x", 0.5, "learned", source=data, fill_color=BLUE, line_color=None, legend_label="learned")
        draw.segment("x", "low", "x", "high", source=data, line_color=GREY, line_width=2)
        draw.scatter("x", "averaged", source=data, marker="diamond", size=13, fill_color=ORANGE,
                     line_color="white", legend_label="averaged")  # fmt: skip
        dots = draw.scatter("x", "y", source=self.handles, size=18, fill_color="white", fill_alpha=0.25,
                            line_color=GREY, line_width=2)  # fmt: skip
        tool = PointDrawTool(renderers=[dots], add=False)
        draw.add_tools(tool)
        draw.toolbar.active_drag = draw.toolbar.active_tap = tool
        draw.y_range = Range1d(0, 1)
        legend_above(draw)
        draw.yaxis.axis_label = "probability"
        self.handles.on_change("data", self._moved)
        return draw

    def _moved(self, attribute: str, old: Any, new: Any) -> None:
        if self._showing:
            return
        if len(new["y"]) != self.categories:  # one was deleted
            self.show_target(self._target)
            return
        moved = np.abs(np.asarray(new["y"], float) - self._target)
        if moved.max() > 1e-6:
            self._told(int(moved.argmax()), float(new["y"][int(moved.argmax())]))
        else:  # it was dragged to the side
            self.show_target(self._target)

    def _verdicts(self) -> Any:
        self.judged = plot("the discriminator: is it real?")
        self.verdicts = ColumnDataSource({"x": [], "y": []})
        self.judged.add_layout(Span(location=0.5, dimension="width", line_color=GREY, line_dash="dotted"))
        self.judged.segment("x", 0.5, "x", "y", source=self.verdicts, line_color=ORANGE, line_width=2)
        self.judged.scatter("x", "y", source=self.verdicts, size=11, fill_color=ORANGE, line_color="white")
        self.judged.y_range = Range1d(-0.06, 1.06)
        self.judged.yaxis.axis_label = "probability of real"
        return self.judged

    def _heatmap(self) -> Any:
        self.heat = plot(
            "learned minus true probability: red is too much", "560px", x_range=(0, 1), y_range=(0, 1)
        )
        self.image = ColumnDataSource({"image": [], "error": [], "x": [], "y": [], "dw": [], "dh": []})
        mapper = colours()
        self.heat.image("image", source=self.image, x="x", y="y", dw="dw", dh="dh", color_mapper=mapper)
        self.heat.add_tools(
            HoverTool(tooltips=[("epoch", "$x{0}"), ("category", "$y{0}"), ("error", "@error{+0.0000}")])
        )
        self.heat.add_layout(colour_bar(mapper), "right")
        count_epochs(self.heat)
        self.heat.yaxis.axis_label = "category"
        return self.heat

    def _errors(self) -> Any:
        names = (
            "epoch",
            "low",
            "middle",
            "high",
            "averaged",
            "counted",
            "signal",
            "noise",
            "dead",
            "sharpness",
        )
        self.past = ColumnDataSource({name: [] for name in names})
        draw = self._over_epochs("maximum error", y_axis_type="log", y_range=(1e-4, 1))
        draw.varea("epoch", "low", "high", source=self.past, fill_color=BLUE, fill_alpha=0.2)
        self._lines(draw, [("middle", "learned", "solid"), ("averaged", "averaged", "dashed"),
                           ("counted", "counting", "dotted")])  # fmt: skip
        draw.yaxis.axis_label = "probability"
        return draw

    def _gradient(self) -> Any:
        draw = self._over_epochs("the generator's gradient", y_axis_type="log", y_range=(1e-4, 10))
        self._lines(draw, [("signal", "signal", "solid"), ("noise", "noise", "dashed")])
        draw.yaxis.axis_label = "length"
        return draw

    def _shares(self) -> Any:
        draw = self._over_epochs("samples", y_range=(-0.02, 1.02))
        self._lines(draw, [("dead", "without a gradient", "solid"), ("sharpness", "sharpness", "dashed")])
        draw.yaxis.axis_label = "share; sharpness"
        return draw

    def _over_epochs(self, title: str, **options: Any) -> Any:
        draw = plot(title, x_range=(0, 1), **options)
        self.over_epochs.append(draw)
        return draw

    def _lines(self, draw: Any, lines: Sequence[tuple[str, str, str]]) -> None:
        for (name, label, dash), colour in zip(lines, (BLUE, ORANGE, GREY), strict=False):
            draw.line("epoch", name, source=self.past, line_color=colour, line_dash=dash, line_width=2,
                      legend_label=label)  # fmt: skip
        legend_above(draw)
        count_epochs(draw)

    def _triangle(self) -> Any:
        draw = plot("samples of three categories", x_range=(-0.3, 1.3), y_range=(-0.1, 1.1), max_width=330)
        self.samples = ColumnDataSource({"x": [], "y": []})
        draw.line(*TRIANGLE[[0, 1, 2, 0]].T, line_color=GREY)
        draw.scatter("x", "y", source=self.samples, size=5, color=BLUE, alpha=0.4)
        draw.text(*TRIANGLE.T, ["0", "1", "2"], text_color=ORANGE, y_offset=-4)
        draw.axis.visible = draw.grid.visible = draw.visible = False
        return draw

    def show_target(self, target: Sequence[float] | np.ndarray) -> None:
        """Put the target's dots where they belong; room for as many categories."""
        self._target = np.asarray(target)
        places = np.arange(len(target))
        if len(target) != self.categories:
            self.categories = len(target)
            for draw in (self.bars, self.judged):
                draw.x_range = Range1d(-0.6, len(target) - 0.4)
                draw.xaxis.ticker = FixedTicker(ticks=places.tolist())
                draw.xaxis.axis_label = "category"
            self.heat.yaxis.ticker = FixedTicker(ticks=places.tolist())
            self.heat.y_range.update(start=len(target) - 0.5, end=-0.5)
            empty = {name: np.full(len(target), np.nan) for name in ("learned", "averaged", "low", "high")}
            self.distribution.data = {"x": places, "target": self._target, **empty}
            self.plots[-1].visible = len(target) == 3
            for data in (self.verdicts, self.image):  # of the game before
                data.data = {name: [] for name in data.data}
        else:
            self.distribution.data = {**self.distribution.data, "target": self._target}
        self._showing = True
        self.handles.data = {"x": places.astype(float), "y": self._target.astype(float)}
        self._showing = False

    def show(self, frame: dict[str, Any], whole: bool) -> None:
        """Draw a frame; the lines only with every third one, or if the whole is wanted."""
        learned, past = frame["learned"], frame["past"]
        low, high = np.quantile(learned, (0.05, 0.95), axis=0)
        self.distribution.data = {
            "x": np.arange(self.categories), "target": frame["target"], "learned": learned.mean(0),
            "averaged": frame["averaged"], "low": low, "high": high,
        }  # fmt: skip
        self.verdicts.data = {"x": np.arange(self.categories), "y": frame["verdicts"]}
        errors = past.pop("error").T.astype(np.float32)
        first, last = int(past["epoch"][0]), int(past["epoch"][-1])
        self.image.data = {
            "image": [coloured(errors)], "error": [errors], "x": [first - 0.5], "y": [-0.5],
            "dw": [last - first + 1], "dh": [self.categories],
        }  # fmt: skip
        self.heat.x_range.update(start=first - 0.5, end=last + 0.5)
        self._shown += 1
        if whole or self._shown % SLOWER == 1 or last < MANY:
            self.past.data = past
            for draw in self.over_epochs:
                draw.x_range.update(start=first - 0.5, end=last + 0.5)
        if frame["samples"] is not None:
            x, y = (frame["samples"] @ TRIANGLE).T
            self.samples.data = {"x": x, "y": y}

"""The page: pictures of a game, and its controls, as a Bokeh document."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.events import DocumentReady
from bokeh.layouts import column, row
from bokeh.models import (
    Button,
    CustomJS,
    CustomJSTickFormatter,
    Div,
    RadioButtonGroup,
    Select,
    Slider,
    TextInput,
    Toggle,
    UIElement,
)

from .controls import CHOICES, RANGES, Controls
from .pictures import Pictures
from .player import FASTEST, Player
from .stops import STOPS

TICK = 70
"""Milliseconds between two looks for a frame: fourteen a second."""
IDLE = 600.0
"""Seconds after which a page that nobody touches pauses."""
DARK = """
const dark = matchMedia("(prefers-color-scheme: dark)").matches
if (dark) for (const plot of plots) {
    plot.background_fill_color = "#16181c"
    plot.border_fill_color = "#16181c"
    plot.title.text_color = "#e6e6e6"
    for (const axis of [...plot.below, ...plot.left]) {
        axis.axis_label_text_color = axis.major_label_text_color = "#e6e6e6"
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = "#9a9a9a"
    }
    for (const part of plot.above) if ("label_text_color" in part) part.label_text_color = "#e6e6e6"
    for (const grid of plot.center) if ("grid_line_color" in grid) grid.grid_line_color = "#33373e"
}
document.addEventListener("visibilitychange", () => { hidden.active = document.hidden })
"""
SAVE = """
Bokeh.index.find_one_by_id(plot.id).export("png", false).to_blob().then((blob) => {
    const link = document.createElement("a")
    link.href = URL.createObjectURL(blob)
    link.download = "heatmap.png"
    link.click()
    URL.revokeObjectURL(link.href)
})
"""
TEMPLATE = """
{% block inner_head %}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>
  main { display: block; margin: 0.6rem auto; padding: 0 0.8rem; max-width: 1180px; }
  body { margin: 0; font-family: system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) { body { background: #16181c; color: #e6e6e6; } }
  h1 { font-size: 1.25rem; margin: 0 0 0.4rem; }
</style>
{{ super() }}
{% endblock %}
{% block contents %}
<main><h1>A GAN that learns a categorical distribution</h1>{{ super() }}</main>
{% endblock %}
"""
INPUT = """
input.bk-input { color: FieldText; background-color: Field; }
select.bk-input { color: #222222; }
"""
RATE = "return (10 ** tick).toPrecision(2)"
SPEED = "return tick >= 3 ? 'as fast as it can' : (10 ** tick).toPrecision(2)"


class Page:
    """A page: its document, and the game that belongs to it.

    Args:
        document: Bokeh's, of one session.
        controls: at first.
        idle: seconds after which it pauses if nobody touches it.
        problem: what to say first, of settings in the address that would not do.
    """

    def __init__(self, document: Document, controls: Controls, idle: float = IDLE, problem: str = "") -> None:
        self.document, self.controls, self.idle = document, controls, idle
        self.problem = problem
        self.stop: int | None = None
        self.pictures = Pictures(self._dragged)
        self._setting = False  # whether the controls are being set by us
        self._touched = time.monotonic()
        self._rate = (time.monotonic(), 0, 0.0)
        self._make()
        self._show_controls()
        document.title = "gumbel_gan: play"
        document.template = TEMPLATE
        document.add_root(self._layout())
        document.js_on_event(
            DocumentReady, CustomJS(args={"plots": self.pictures.plots, "hidden": self.hidden}, code=DARK)
        )
        self.player = Player(controls)  # last: nobody would end it if something above failed
        document.on_session_destroyed(self.close)
        document.add_periodic_callback(self.tick, TICK)

    # The controls.

    def _make(self) -> None:
        self.sliders = {
            name: Slider(
                title=name.replace("_", " "), start=np.log10(low), end=np.log10(high), step=0.05,
                value=0, format=CustomJSTickFormatter(code=RATE), name=name, sizing_mode="stretch_width",
            )
            for name, (low, high) in RANGES.items()
        }  # fmt: skip
        self.target = TextInput(
            title="target, by dragging its bars or here", name="target", width=230, stylesheets=[INPUT]
        )
        self.held = Toggle(label="hold the generator at the target", name="held", width=230)
        self.selects = {
            name: Select(
                title=name.replace("_", " "),
                options=[str(choice) for choice in choices],
                name=name,
                width=165,
            )
            for name, choices in CHOICES.items()
            if name != "runs"
        }
        self.runs = RadioButtonGroup(
            labels=[f"{runs} run{'s' if runs > 1 else ''}" for runs in CHOICES["runs"]], name="runs"
        )
        self.play = Toggle(label="pause", name="pause", width=100)
        self.step = Button(label="one epoch", name="step", width=100)
        self.again = Button(label="reset", name="reset", width=100)
        self.speed = Slider(
            title="epochs a second", start=0, end=3, step=0.1, value=3, name="speed",
            format=CustomJSTickFormatter(code=SPEED), sizing_mode="stretch_width",
        )  # fmt: skip
        self.stops = [Button(label=stop.title, name=f"stop-{n + 1}") for n, stop in enumerate(STOPS)]
        self.text = Div(name="text", sizing_mode="stretch_width")
        self.readout = Div(name="readout", sizing_mode="stretch_width")
        self.told = Div(name="told", sizing_mode="stretch_width")
        self.query = Div(name="query", visible=False)
        self.hidden = Toggle(name="hidden", visible=False)
        copies = {"command line": "command", "Python": "python", "settings": "settings"}
        self.copied = {name: Div(name=name, visible=False) for name in copies.values()}
        self.copies = []
        for label, name in copies.items():
            button = Button(label=f"copy {label}", name=f"copy-{name}", width=150)
            button.js_on_click(
                CustomJS(args={"it": self.copied[name]}, code="navigator.clipboard.writeText(it.text)")
            )
            self.copies.append(button)
        self.save = Button(label="save the heatmap", name="save", width=150)
        self.save.js_on_click(CustomJS(args={"plot": self.pictures.heat}, code=SAVE))
        for name, slider in self.sliders.items():
            slider.on_change("value", self._on(partial(_slid, name)))
        for name, select in self.selects.items():
            select.on_change("value", self._on(partial(_chosen, name)))
        self.runs.on_change("active", self._on(lambda value: {"runs": CHOICES["runs"][value]}))
        self.held.on_change("active", self._on(lambda value: {"held": value}))
        self.target.on_change("value", self._on(lambda value: {"target": _probabilities(value)}))
        self.play.on_change("active", self._paused)
        self.step.on_click(partial(self._tell, "step"))
        self.again.on_click(partial(self._tell, "again"))
        self.speed.on_change(
            "value", lambda attr, old, new: self._tell("speed", FASTEST if new >= 3 else 10.0**new)
        )
        self.hidden.on_change("active", self._hide)
        for number, button in enumerate(self.stops):
            button.on_click(partial(self.visit, number))
        self.query.js_on_change("text", CustomJS(code='history.replaceState(null, "", "?" + cb_obj.text)'))

    def _layout(self) -> UIElement:
        flow = {"flex-wrap": "wrap", "gap": "8px"}
        wide = {"sizing_mode": "stretch_width"}
        now = column(*self.sliders.values(), row(self.target, self.held, styles=flow, **wide), **wide)
        new = column(
            Div(text="<b>These compile the game again</b>, which takes a second or two:", **wide),
            row(*self.selects.values(), self.runs, styles=flow, **wide),
            **wide,
        )
        return column(
            row(*self.stops, styles=flow, **wide),
            self.text,
            row(self.play, self.step, self.again, styles=flow, **wide),
            self.speed,
            self.readout,
            row(*self.pictures.plots, styles=flow, **wide),
            row(*[_half(part) for part in (now, new)], styles={**flow, "gap": "24px"}, **wide),
            self.told,
            row(*self.copies, self.save, styles=flow, **wide),
            self.query, self.hidden, *self.copied.values(),
            **wide,
        )  # fmt: skip

    def _show_controls(self) -> None:
        self._setting = True
        controls = self.controls
        for name, slider in self.sliders.items():
            slider.value = round(float(np.log10(getattr(controls, name))), 6)
        for name, select in self.selects.items():
            select.value = str(getattr(controls, name))
        self.runs.active = CHOICES["runs"].index(controls.runs)
        self.held.active = controls.held
        self.target.value = " ".join(f"{p:.3g}" for p in controls.target)
        self._setting = False
        self.query.text = controls.query()
        texts = {"command": controls.command(), "python": controls.python(), "settings": controls.query()}
        for name, text in texts.items():
            self.copied[name].text = text
        held = "<p>A held generator is a page's own; a study measures it as the task <code>leak</code>.</p>"
        self.told.text = (
            f"<p>The same without a page:</p><pre style='white-space:pre-wrap'>{escape(texts['command'])}\n\n"
            f"{escape(texts['python'])}</pre>" + (held if controls.held else "")
        )
        stop = None if self.stop is None else STOPS[self.stop]
        self.text.text = (f"<p role='alert'>{escape(self.problem)}</p>" if self.problem else "") + (
            f"<p>{escape(stop.text)}</p>" if stop else "<p>Move the controls, or visit the five stops.</p>"
        )
        self.pictures.show_target(controls.target)

    # What a user does.

    def _on(self, changes: Callable[[Any], dict[str, Any]]) -> Callable[[str, Any, Any], None]:
        def changed(attribute: str, old: Any, new: Any) -> None:
            if not self._setting:
                try:
                    controls = replace(self.controls, **changes(new))
                except ValueError as error:
                    self.problem = str(error)
                    self._show_controls()
                else:
                    self.problem, self.stop = "", None
                    self.change(controls)

        return changed

    def change(self, controls: Controls) -> None:
        """Move the controls."""
        self._touch()
        compiles = controls.compiles_again(self.controls)
        self.controls = controls
        self.player.change(controls)
        self._show_controls()
        if compiles:
            self.readout.text = "<p>Compiling the game again ...</p>"

    def visit(self, number: int) -> None:
        """Go to a stop, and begin its game."""
        self.problem, self.stop = "", number
        self.change(STOPS[number].controls)
        self.player.tell("again")
        self.play.active = False

    def _dragged(self, category: int, height: float) -> None:
        """Set one probability; the others share what is left as they did."""
        p = float(np.clip(height, 0.0, 1.0))
        others = np.delete(np.asarray(self.controls.target), category)
        others = others / others.sum() if others.sum() > 0 else np.full(len(others), 1 / len(others))
        target = np.insert(others * (1 - p), category, p).round(4)
        target[int(target.argmax())] += 1 - target.sum()
        self.stop = None
        self.change(replace(self.controls, target=tuple(float(value) for value in target)))

    def _paused(self, attribute: str, old: Any, new: bool) -> None:
        self.play.label = "play" if new else "pause"
        self._tell("pause" if new else "play")

    def _hide(self, attribute: str, old: Any, new: bool) -> None:
        if not self.play.active:
            self.player.tell("pause" if new else "play")

    def _tell(self, what: str, value: Any = None) -> None:
        self._touch()
        self.player.tell(what, value)

    def _touch(self) -> None:
        self._touched = time.monotonic()

    # What the game does.

    def tick(self) -> None:
        """Show the newest frame."""
        if not self.play.active and time.monotonic() - self._touched > self.idle:
            self.play.active = True
            self._touched = float("inf")
        try:
            frame = self.player.frame()
        except EOFError:
            self.readout.text = "<p role='alert'>The game's process has ended: load the page again.</p>"
            return
        if frame is None or len(frame["target"]) != len(self.controls.target):
            return
        self.document.hold("combine")  # one message, and one drawing
        self.pictures.show(frame)
        self.readout.text = self._read(frame)
        self.document.unhold()

    def _read(self, frame: dict[str, Any]) -> str:
        now = time.monotonic()
        since, epoch, rate = self._rate
        if now - since > 1 or frame["epoch"] < epoch:
            rate = max(0.0, (frame["epoch"] - epoch) / max(now - since, 1e-9))
            self._rate = now, frame["epoch"], rate
        past = frame["past"]
        told = {
            "epoch": f"{frame['epoch']:,}",
            "epochs a second": f"{rate:.0f}",
            "maximum error, mean of 50 epochs": f"{frame['last']:.4f}",
            "of the average": f"{past['averaged'][-1]:.4f}",
            "of counting": f"{past['counted'][-1]:.4f}",
            "the discriminator is right": f"{100 * frame['accuracy']:.0f} %",
            "sharpness": f"{past['sharpness'][-1]:.3f}",
            "times compiled": f"{frame['compiled']}, the last in {frame['compile_seconds']:.1f} s",
        }
        return " · ".join(f"{name} <b data-name='{name}'>{value}</b>" for name, value in told.items())

    def close(self, session_context: Any) -> None:
        """End the game."""
        with suppress(ValueError):  # it is closed already
            self.player.close()


def _half(part: Any) -> Any:
    part.styles = {**part.styles, "flex": "1 1 340px"}
    return part


def _slid(name: str, value: float) -> dict[str, Any]:
    low, high = RANGES[name]
    return {name: float(f"{min(max(10.0**value, low), high):.3g}")}


def _chosen(name: str, value: str) -> dict[str, Any]:
    return {name: type(CHOICES[name][0])(value)}


def _probabilities(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.replace(",", " ").split())
    except ValueError:
        raise ValueError(f"target: received {text!r}: give probabilities, as 0.2 0.3 0.5") from None

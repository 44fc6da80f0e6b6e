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
from .look import DARK, FLOW, INPUT, NAMED, TEMPLATE, WIDE
from .pictures import Pictures
from .player import FASTEST, Player
from .stops import STOPS

TICK = 70
"""Milliseconds between two looks for a frame: fourteen a second."""
IDLE = 600.0
"""Seconds after which a page that nobody touches pauses."""
READY = """
for (const slider of sliders) {
    const handle = Bokeh.index.find_one_by_id(slider.id).shadow_el.querySelector(".noUi-handle")
    handle.setAttribute("aria-label", slider.title)
}
document.addEventListener("visibilitychange", () => { hidden.active = document.hidden })
// A pointer that rests before it moves still drags: after 300 ms Bokeh would take it for a long press.
// A busy page sees the first move late, too.
Bokeh.require("core/ui_gestures").UIGestures.press_threshold = 1e6
"""
STARTING = "Starting TensorFlow, and compiling the game: some seconds ..."
WORDS = """
<details><summary>What the words mean</summary>
<p><b>Learned</b> is what the generator gives now, <b>averaged</b> its mean over the later half of the
steps since a control was moved. <b>Counting</b> gives the frequencies of the same numbers since the target
was moved.</p>
<p>The discriminator's verdict is how probable it thinks that a category is real. It <b>is right</b> half of
the time if it cannot tell real examples from generated ones.</p>
<p><b>Signal</b> is the length of the generator's exact gradient, <b>noise</b> how far an estimate from one
batch is from it. A sample <b>without a gradient</b> teaches nothing. <b>Sharpness</b> is the largest
component of a sample: 1 is one-hot.</p>
<p><b>Smoothing</b> is what the discriminator sees of real examples, the <b>view</b> what it sees of
generated ones.</p>
</details>
"""
COPY = """
const tell = (text) => {
    button.label = text
    setTimeout(() => { button.label = label }, 1000)
}
navigator.clipboard.writeText(it.text).then(() => tell("copied"), () => tell("not allowed here"))
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
AS_IN_THE_POST = "held=0"
"""The address of the post's settings. If it named none, a reload would take the server's settings."""
STEP = 0.05
"""Of a slider, a part of a power of ten."""
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
        document.template_variables["heading"] = "A GAN that learns a categorical distribution"
        document.add_root(self._layout())
        document.js_on_event(
            DocumentReady,
            CustomJS(
                args={
                    "plots": self.pictures.plots,
                    "hidden": self.hidden,
                    "sliders": [self.speed, *self.sliders.values()],
                },
                code=DARK + NAMED + READY,
            ),
        )
        self.player = Player(controls)  # last: nobody would end it if something above failed
        document.on_session_destroyed(self.close)
        document.add_periodic_callback(self.tick, TICK)

    # The controls.

    def _make(self) -> None:
        self.sliders = {
            name: Slider(
                title=name.replace("_", " "), start=np.log10(low), end=np.log10(high), step=STEP,
                value=0, format=CustomJSTickFormatter(code=RATE), name=name, sizing_mode="stretch_width",
            )
            for name, (low, high) in RANGES.items()
        }  # fmt: skip
        self.target = TextInput(
            title="target: drag its bars, or give weights", name="target", width=300, stylesheets=[INPUT]
        )
        self.held = Toggle(label="hold the generator at the target", name="held", width=230)
        self.selects = {
            name: Select(
                title=name.replace("_", " "),
                options=[str(choice) for choice in choices],
                name=name,
                width=165,
                stylesheets=[INPUT],
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
        self.readout = Div(text=STARTING, name="readout", sizing_mode="stretch_width")
        self.told = Div(name="told", sizing_mode="stretch_width")
        self.query = Div(name="query", visible=False)
        self.hidden = Toggle(name="hidden", visible=False)
        copies = {"command line": "command", "Python": "python", "settings": "settings"}
        self.copied = {name: Div(name=name, visible=False) for name in copies.values()}
        self.copies = []
        for label, name in copies.items():
            button = Button(label=f"copy {label}", name=f"copy-{name}", width=150)
            button.js_on_click(
                CustomJS(args={"it": self.copied[name], "button": button, "label": button.label}, code=COPY)
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
        now = column(*self.sliders.values(), row(self.target, self.held, styles=FLOW, **WIDE), **WIDE)
        new = column(
            Div(
                text="<b>These compile the game again</b>, which takes some seconds; with another number of "
                "runs, a new game begins:",
                **WIDE,
            ),
            row(*self.selects.values(), self.runs, styles=FLOW, **WIDE),
            **WIDE,
        )
        return column(
            row(*self.stops, styles=FLOW, **WIDE),
            self.text,
            row(self.play, self.step, self.again, styles=FLOW, **WIDE),
            self.speed,
            self.readout,
            row(*self.pictures.plots, styles=FLOW, **WIDE),
            row(*[_half(part) for part in (now, new)], styles={**FLOW, "gap": "24px"}, **WIDE),
            Div(text=WORDS, **WIDE),
            self.told,
            row(*self.copies, self.save, styles=FLOW, **WIDE),
            self.query, self.hidden, *self.copied.values(),
            **WIDE,
        )  # fmt: skip

    def _show_controls(self) -> None:
        self._setting = True
        controls = self.controls
        for name, slider in self.sliders.items():
            place = float(np.log10(getattr(controls, name)))
            if abs(slider.value - place) > STEP / 4:  # or one that is being dragged would be thrown back
                slider.value = round(place, 6)
        for name, select in self.selects.items():
            select.value = str(getattr(controls, name))
        self.runs.active = CHOICES["runs"].index(controls.runs)
        self.held.active = controls.held
        self.target.value = " ".join(f"{p:g}" for p in controls.target)
        self._setting = False
        self.query.text = controls.query() or AS_IN_THE_POST
        texts = {"command": controls.command(), "python": controls.python(), "settings": controls.query()}
        for name, text in texts.items():
            self.copied[name].text = text
        held = (
            "<p>They cannot hold the generator at the target; a study's task <code>leak</code> measures this "
            "case.</p>"
        )
        told = escape(f"{texts['command']}\n\n{texts['python']}")
        self.told.text = (
            f"<p>A fresh training with these settings:</p><pre style='white-space: pre-wrap'>{told}</pre>"
            + (held if controls.held else "")
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
            self.readout.text = "Compiling the game again ..."

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
        self.problem, self.stop = "", None
        self.change(replace(self.controls, target=_shares(np.insert(others * (1 - p), category, p))))

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
            self.problem = f"Paused, since nobody touched the page for {self.idle / 60:g} minutes."
            self._show_controls()
            self.problem = ""
        try:
            frame = self.player.frame()
        except EOFError:
            self.readout.text = "<p role='alert'>The game's process has ended: load the page again.</p>"
            return
        if frame is None or frame["controls"] != self.controls:  # one from before a control was moved
            return
        self.document.hold("combine")  # one message, and one drawing
        self.pictures.show(frame, self.play.active)
        self.readout.text = self._read(frame)
        self.document.unhold()

    def _read(self, frame: dict[str, Any]) -> str:
        now = time.monotonic()
        since, epoch, rate = self._rate
        if self.play.active:
            rate = 0.0
            self._rate = now, frame["epoch"], rate
        elif now - since > 1 or frame["epoch"] < epoch:
            rate = max(0.0, (frame["epoch"] - epoch) / max(now - since, 1e-9))
            self._rate = now, frame["epoch"], rate
        past = frame["past"]
        told = {
            "epoch": f"{frame['epoch']:,}",
            "epochs a second": f"{rate:.0f}",
            "maximum error, mean of 50 epochs": _or_none_yet(frame["last"]),
            "maximum error of the average": _or_none_yet(past["averaged"][-1]),
            "maximum error of counting": _or_none_yet(past["counted"][-1]),
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


def _or_none_yet(value: float) -> str:
    return "none yet" if np.isnan(value) else f"{value:.4f}"


def _probabilities(text: str) -> tuple[float, ...]:
    """What was typed, as probabilities: it may be weights."""
    try:
        weights = np.array([float(part) for part in text.replace(",", " ").split()])
    except ValueError:
        weights = np.zeros(0)
    if not len(weights) or not np.isfinite(weights).all() or weights.min() < 0 or not weights.max():
        raise ValueError(f"target: received {text!r}: give weights of zero or more, as 1 1 2")
    weights = weights / weights.max()  # their sum might overflow
    return _shares(weights / weights.sum())


def _shares(probabilities: np.ndarray) -> tuple[float, ...]:
    """Probabilities of four digits, which add up to one."""
    rounded = probabilities.round(4)
    largest = int(rounded.argmax())
    rounded[largest] = round(1 - np.delete(rounded, largest).sum(), 4)
    return tuple(rounded.tolist())

"""The page in a real browser: Chromium, as .ci/run installs it; elsewhere each test is skipped by name."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlparse
from urllib.request import urlopen

import numpy as np
import psutil
import pytest

from gumbel_gan import Config, plot, run
from gumbel_gan.live.document import of_study
from gumbel_gan.live.stops import STOPS

from .chromium import CHROMIUM, launched, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]


class Server:
    """A server of the page, and what it began."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "gumbel_gan.play", "--no-browser", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\S+/", self.process.stdout.readline())
        assert found is not None
        self.address, self.port = found.group(), int(found.group(1))

    def games(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "spawn_main" in self.command(child)]

    @staticmethod
    def command(process: psutil.Process) -> str:
        try:
            return " ".join(process.cmdline())
        except psutil.Error:  # it has just ended
            return ""

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as found:
        yield found


@pytest.fixture
def page(server: Server, browser: Any) -> Iterator[Any]:
    with browser.new_page(viewport={"width": 1200, "height": 1400}) as opened:
        opened.errors = []
        opened.on("pageerror", lambda error: opened.errors.append(str(error)))
        opened.goto(server.address)
        until(lambda: number(opened, "epoch") > 0)
        yield opened
        assert opened.errors == []


def model(page: Any, name: str, what: str) -> Any:
    return page.evaluate(f"Bokeh.documents[0]?.get_model_by_name('{name}')?.{what}")


def number(page: Any, name: str) -> float:
    """A number that the page shows, by its name."""
    found = re.search(f"data-name='{name}'>([-\\d.,]+)", model(page, "readout", "text") or "")
    return -1.0 if found is None else float(found.group(1).replace(",", ""))


def began(page: Any) -> bool:
    return number(page, "epoch") > 0


def bars(page: Any, of: str) -> list[float]:
    data = "Bokeh.documents[0].get_model_by_name('bars').renderers[1].data_source.data"
    return list(page.evaluate(f"Array.from({data}.{of})"))


def test_the_temperature_acts_at_once(page: Any) -> None:
    assert number(page, "sharpness") > 0.98
    handle = page.get_by_role("slider", name="temperature")
    handle.focus()
    for _ in range(3):
        handle.press("PageUp")
    for _ in range(40):
        handle.press("ArrowRight")
    until(lambda: number(page, "sharpness") < 0.9)
    assert number(page, "times compiled") == 1
    assert "temperature=" in page.url


def test_another_estimator_is_compiled(page: Any) -> None:
    page.get_by_label("estimator").select_option("exact")
    until(lambda: number(page, "times compiled") == 2)
    assert "estimator=exact" in page.url
    assert "--generator.estimator exact" in model(page, "command", "text")


def test_a_bar_that_is_dragged_moves_the_target(page: Any) -> None:
    until(lambda: abs(bars(page, "learned")[4] - 0.6) < 0.1)
    box = page.evaluate(
        """() => {
            const plot = Bokeh.documents[0].get_model_by_name('bars')
            const view = Bokeh.index.find_one_by_id(plot.id)
            const place = view.el.getBoundingClientRect()
            const x = view.frame.x_scale.compute(4), up = (p) => view.frame.y_scale.compute(p)
            return {x: place.x + x, from: place.y + up(0.6), to: place.y + up(0.1)}
        }"""
    )
    page.mouse.move(box["x"], box["from"])
    page.mouse.down()
    page.wait_for_timeout(500)  # a hand may rest before it moves
    page.mouse.move(box["x"], (box["from"] + box["to"]) / 2, steps=5)
    page.mouse.move(box["x"], box["to"], steps=5)
    page.mouse.up()
    until(lambda: bars(page, "target")[4] < 0.2)
    assert sum(bars(page, "target")) == pytest.approx(1)
    until(lambda: abs(bars(page, "learned")[4] - bars(page, "target")[4]) < 0.1)
    assert number(page, "times compiled") == 1
    assert "target=" in page.url


@pytest.mark.parametrize(
    ("stop", "shown", "low", "high"),
    [
        (1, "maximum error, mean of 50 epochs", 0, 0.04),
        (2, "maximum error, mean of 50 epochs", 0.12, 1),
        (3, "maximum error of the average", 0, 0.01),
        (4, "the discriminator is right", 90, 100),
        (5, "the discriminator is right", 40, 60),
    ],
)
def test_the_stops(page: Any, stop: int, shown: str, low: float, high: float) -> None:
    page.get_by_role("button", name=f"{stop}. ").click()
    until(lambda: number(page, "epoch") < STOPS[stop - 1].epochs or stop == 1)
    until(lambda: number(page, "epoch") >= STOPS[stop - 1].epochs)
    page.get_by_role("button", name="pause").click()
    time.sleep(0.5)
    assert low <= number(page, shown) <= high


def test_pause_one_epoch_and_reset(page: Any) -> None:
    page.get_by_role("button", name="pause").click()
    time.sleep(1)
    epoch = number(page, "epoch")
    page.get_by_role("button", name="one epoch").click()
    until(lambda: number(page, "epoch") == epoch + 1)
    page.get_by_role("button", name="reset").click()
    until(lambda: number(page, "epoch") == 1)


def test_what_is_changed_while_it_is_paused_is_shown(page: Any) -> None:
    page.get_by_role("button", name="pause").click()
    page.get_by_role("button", name="16 runs").click()
    until(lambda: number(page, "epoch") == 1)
    page.get_by_label("estimator").select_option("exact")
    until(lambda: number(page, "epoch") == 2)
    page.get_by_label("target: drag").fill("1 1 1")
    page.get_by_label("target: drag").press("Enter")
    until(lambda: number(page, "epoch") == 1)
    page.get_by_label("target: drag").fill("1 2 1")
    page.get_by_label("target: drag").press("Enter")
    until(lambda: number(page, "maximum error of counting") == -1)  # none yet
    assert number(page, "epochs a second") == 0


def test_what_was_copied_is_said(page: Any) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name=re.compile("copy command line|copied"))
    for _ in range(2):
        button.click()
    assert button.inner_text() == "copied"
    assert page.evaluate("navigator.clipboard.readText()") == "python -m gumbel_gan.train"
    until(lambda: button.inner_text() == "copy command line", 5)


def test_a_page_loaded_again_is_as_before(browser: Any) -> None:
    server = Server("--settings", "estimator=exact")
    with browser.new_page() as opened:
        opened.goto(server.address)
        opened.get_by_label("estimator").select_option("gumbel_softmax")
        until(lambda: opened.evaluate("location.search") == "?held=0")
        opened.reload()
        assert opened.get_by_label("estimator").input_value() == "gumbel_softmax"
    server.close()


def test_the_picture_can_be_saved(page: Any, tmp_path: Path) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name="save the heatmap").click()
    download.value.save_as(tmp_path / "heatmap.png")
    assert (tmp_path / "heatmap.png").read_bytes().startswith(b"\x89PNG")
    assert download.value.suggested_filename == "heatmap.png"


def test_what_does_not_go_together_is_said_and_undone(page: Any) -> None:
    page.get_by_label("view").select_option("hard")
    until(lambda: number(page, "times compiled") == 2)
    page.get_by_label("smoothing").select_option("relaxed")
    page.get_by_text("data.smoothing: received relaxed").wait_for()
    assert page.get_by_label("smoothing").input_value() == "none"
    page.get_by_label("target: drag").fill("sun rain")
    page.get_by_label("target: drag").press("Enter")
    page.get_by_text("target: received 'sun rain'").wait_for()
    assert page.get_by_label("target: drag").input_value() == "0 0 0.1 0.3 0.6"
    page.get_by_label("target: drag").fill("0 0 0 1e308 1e308")  # their sum is too large for a number
    page.get_by_label("target: drag").press("Enter")
    until(lambda: bars(page, "target") == [0, 0, 0, 0.5, 0.5])
    assert number(page, "times compiled") == 2


def test_a_request_without_a_page_leaves_no_game(server: Server) -> None:
    with urlopen(server.address) as answer:
        assert b"A GAN that learns" in answer.read()
    until(lambda: not server.games(), 20)


def test_frames_come_many_times_a_second(page: Any) -> None:
    """With nothing beside it twelve; here another test may run on one of the cores."""
    text = "Bokeh.documents[0].get_model_by_name('readout').properties.text"
    page.evaluate(f"() => {{ window.frames_seen = 0; {text}.change.connect(() => window.frames_seen++) }}")
    time.sleep(5)
    assert page.evaluate("window.frames_seen") >= 25


def test_a_page_that_is_closed_leaves_no_process(server: Server, browser: Any) -> None:
    first, second = browser.new_page(), browser.new_page()
    for number_, opened in enumerate((first, second)):
        opened.goto(server.address + ("?estimator=exact" if number_ else ""))
        until(partial(began, opened))
    games = server.games()
    assert len(games) == 2
    second.close()
    until(lambda: len(server.games()) == 1, 15)
    until(lambda: number(first, "epoch") > 0)
    first.close()
    until(lambda: not server.games(), 15)
    server.close()
    assert not any(game.is_running() for game in games)


def test_a_page_that_is_left_alone_pauses(browser: Any) -> None:
    server = Server("--idle", "0.05")
    with browser.new_page() as opened:
        opened.goto(server.address)
        until(lambda: model(opened, "pause", "active"))
        time.sleep(1)
        epoch = number(opened, "epoch")
        time.sleep(1)
        assert number(opened, "epoch") == epoch
    server.close()


def test_a_page_that_is_hidden_waits(page: Any) -> None:
    hide = """(hidden) => {
        Object.defineProperty(document, "hidden", {value: hidden, configurable: true})
        document.dispatchEvent(new Event("visibilitychange"))
    }"""
    page.evaluate(hide, True)
    time.sleep(1)
    epoch = number(page, "epoch")
    time.sleep(1)
    assert number(page, "epoch") == epoch
    page.evaluate(hide, False)
    until(lambda: number(page, "epoch") > epoch)


def test_settings_in_the_address_that_would_not_do(server: Server, browser: Any) -> None:
    with browser.new_page() as opened:
        opened.goto(server.address + "?estimator=exat")
        opened.get_by_text("estimator: received exat, did you mean exact?").wait_for()
        until(lambda: number(opened, "epoch") > 0)


@pytest.mark.parametrize("path", ["", "ws", "static/js/bokeh.min.js", "autoload.js", "wrong/"])
def test_nothing_is_served_without_the_token(server: Server, path: str) -> None:
    with pytest.raises(HTTPError, match="404") as caught:
        urlopen(f"http://127.0.0.1:{server.port}/{path}")
    caught.value.close()


@pytest.mark.parametrize(("origin", "refused"), [("http://example.org", True), ("http://127.0.0.1", False)])
def test_another_origin_is_refused(server: Server, origin: str, refused: bool) -> None:
    asking = HTTPConnection("127.0.0.1", server.port)
    headers = {
        "Origin": origin if refused else f"{origin}:{server.port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "bokeh, none",
    }
    asking.request("GET", urlparse(server.address).path + "ws", headers=headers)
    assert (asking.getresponse().status == 403) == refused
    asking.close()


def test_it_listens_on_this_machine_only(server: Server) -> None:
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(server.process.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_a_written_page_needs_no_network(browser: Any, tmp_path: Path) -> None:
    run(Config(epochs=20, runs=3, seed=0))[0].save(str(tmp_path / "run"))
    plot.main([str(tmp_path / "run"), "--format", "html"])
    with browser.new_page() as opened:
        asked: list[str] = []
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(f"file://{tmp_path}/run/page.html")
        title = "Bokeh.documents[0].get_model_by_name('bars').title.text"
        until(lambda: opened.evaluate(f"window.Bokeh?.documents[0] && {title}") == "after epoch 20")
        before = bars(opened, "learned")
        slider = opened.get_by_role("slider").first
        slider.focus()
        for _ in range(15):
            slider.press("ArrowLeft")
        until(lambda: opened.evaluate(title) == "after epoch 5")
        mean = bars(opened, "learned")
        assert mean != before
        opened.get_by_label("run").select_option(label="run 2")
        until(lambda: bars(opened, "learned") != mean)
        assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]


def test_a_cell_of_a_study_is_switched_off(browser: Any, tmp_path: Path) -> None:
    curves = [np.full((4, 3), 0.1), np.full((4, 3), 0.2)]
    (tmp_path / "page.html").write_text(of_study(["cold", "warm"], curves, "studies/mine", "maximum error"))
    with browser.new_page() as opened:
        opened.goto(f"file://{tmp_path}/page.html")
        switch = opened.get_by_label("warm")
        switch.focus()
        switch.press("Space")
        drawn = "Bokeh.documents[0].roots()[0].select({type: 'GlyphRenderer'})"
        shown = opened.evaluate(f"Array.from({drawn}, (it) => [it.data_source.data.middle[0], it.visible])")
        assert sorted(shown) == [[0.1, True], [0.1, True], [0.2, False], [0.2, False]]

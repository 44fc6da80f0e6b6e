"""The page in a cell of JupyterLab, in a real browser."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gumbel_gan.live.controls import Controls
from gumbel_gan.live.notebook import Frame

from .chromium import CHROMIUM, launched, until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")]
CODE = "from gumbel_gan import live\nlive.show('estimator=exact', height=900)"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    cell: dict[str, Any] = {"cell_type": "code", "id": "one", "metadata": {}, "source": CODE}
    cell |= {"outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "play.ipynb").write_text(json.dumps(notebook))
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ServerApp.port=0"]
    kept = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    server = subprocess.Popen(
        [*command, f"--ServerApp.root_dir={tmp_path}"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | kept,
    )
    assert server.stderr is not None
    found = None
    for line in server.stderr:
        if found := re.search(r"(http://127\.0\.0\.1:\d+)/lab\?(token=\w+)", line):
            break
    assert found is not None
    yield f"{found.group(1)}/lab/tree/play.ipynb?{found.group(2)}"
    server.terminate()
    server.communicate(timeout=30)


def test_a_cell_shows_the_page(lab: str) -> None:
    with launched() as browser, browser.new_page(viewport={"width": 1300, "height": 1000}) as page:
        page.goto(lab)
        page.locator(".jp-Cell").first.click(timeout=60_000)
        page.locator(".jp-Notebook").first.wait_for()

        def shown() -> bool:
            """Whether the frame is there; JupyterLab may not have been ready for the cell to be run."""
            page.locator(".jp-Cell").first.click()
            page.keyboard.press("Control+Enter")
            page.wait_for_timeout(20_000)
            return bool(page.locator("iframe[title^='A GAN']").count())

        until(shown, 150)
        frame = page.frame_locator("iframe[title^='A GAN']")
        readout: Any = frame.locator("[data-name='epoch']")
        readout.wait_for(timeout=90_000)
        until(lambda: int(readout.inner_text().replace(",", "")) > 10)
        assert "?estimator=exact" in page.locator("iframe[title^='A GAN']").get_attribute("src")


def test_a_picture_where_nothing_is_live() -> None:
    shown = Frame(Controls())._repr_mimebundle_()
    assert shown["image/png"].startswith(b"\x89PNG")
    assert "<iframe" in shown["text/html"]

"""The page in a notebook's cell: a frame of a server of this machine, or a picture where nothing is live."""

import atexit
import os
import subprocess
import sys
from html import escape
from typing import Any

from .controls import Controls
from .writing import check_installed

HEIGHT = 1_150
"""Of the frame, in pixels."""


def show(settings: str = "", height: int = HEIGHT) -> "Frame":
    """Show the page in a notebook's cell, to play with the game there.

    The page is a frame of a server that this machine alone can reach, so the notebook's browser must run
    here, too. It was tested in JupyterLab, and nowhere else. Where frames are not shown, a picture is: the
    heatmap of a training with the same settings.

    Args:
        settings: what the page's `copy settings` gave; by default the post's.
        height: of the frame, in pixels.

    Raises:
        ValueError: the settings would not do, or the package bokeh is missing.

    Example:
        >>> from gumbel_gan import live
        >>> live.show("estimator=exact")  # doctest: +SKIP
    """
    check_installed("show")
    return Frame(Controls.from_query(settings.removeprefix("?")), height)


class Frame:
    """A frame, as notebooks show it.

    Args:
        controls: of the game.
        height: in pixels.
    """

    def __init__(self, controls: Controls, height: int = HEIGHT) -> None:
        self.controls, self.height = controls, height
        self.address = _address() + (f"?{controls.query()}" if controls.query() else "")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from ..figures.style import png
        from ..figures.training import error_heatmap
        from ..training.run import run

        result, _ = run(self.controls.config())
        frame = (
            f'<iframe src="{escape(self.address)}" title="A GAN that learns a categorical distribution" '
            f'allow="clipboard-write" style="width: 100%; height: {self.height}px; border: 0"></iframe>'
        )
        return {"text/html": frame, "image/png": png(error_heatmap(result)), "text/plain": self.address}


_server: "subprocess.Popen[str] | None" = None
_served = ""


def _address() -> str:
    """The address of this process's server, which is begun when it is first needed."""
    global _server, _served
    if _server is None or _server.poll() is not None:
        command = [sys.executable, "-m", "gumbel_gan.play", "--no-browser", "--parent", str(os.getpid())]
        _server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        atexit.register(_end, _server)
        assert _server.stdout is not None
        _served = next((word for word in _server.stdout.readline().split() if word.startswith("http")), "")
        if not _served:
            raise RuntimeError("the page's server did not begin: python -m gumbel_gan.play says why")
    return _served


def _end(server: "subprocess.Popen[str]") -> None:
    server.terminate()
    server.communicate()

"""What all figures share: colours, lines, and how they are written."""

import io
import os
import tempfile
import textwrap
import warnings
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from ..results.files import write

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


def band(axis: Any, x: np.ndarray, values: np.ndarray, color: str, label: str, **line: Any) -> None:
    """Draw median and 90 % band of values [R, len(x)] against x."""
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
    axis.fill_between(x, low, high, color=color, alpha=0.25, linewidth=0)
    axis.plot(x, median, color=color, label=label, **line)


def wrapped(label: str, width: int = 28) -> str:
    """A label in lines of at most so many characters."""
    return "\n".join(textwrap.wrap(label, width))


def line(number: int, points: int) -> dict[str, Any]:
    """A colour, a dash and a marker, so that eleven lines can be told apart, in grey too."""
    return {
        "color": PALETTE[number % len(PALETTE)],
        "linestyle": ("-", "--", ":")[number // len(PALETTE) % 3],
        "marker": "osD^vPX*<>ph"[number % 12],
        "markersize": 4,
        "linewidth": 1.2,
    }


def png(figure: Figure, dpi: int = 110) -> bytes:
    """A figure as the bytes of a PNG file, for a notebook."""
    buffer = io.BytesIO()
    with rc_context(STYLE):
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def save_animation(animation: Any, path: str, frames_a_second: int = 10) -> str:
    """Write an animation as a GIF; its path.

    Args:
        animation: matplotlib's.
        path: of the file, which is whole or absent.
        frames_a_second: how fast it plays.
    """
    from matplotlib.animation import PillowWriter

    directory, name = os.path.split(path)

    def fill(file: Any) -> None:
        with rc_context(STYLE), tempfile.TemporaryDirectory() as place:
            animation.save(whole := os.path.join(place, "animation.gif"), PillowWriter(frames_a_second))
            with open(whole, "rb") as written:
                file.write(written.read())

    return write(directory, name, fill, binary=True)

"""What all figures share: colours, lines, and how they are written."""

import contextlib
import functools
import io
import logging
import os
import tempfile
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib import figure as _figure
from matplotlib import font_manager, rc_context

from ..results.files import write

SCRIPTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "WenQuanYi Zen Hei", "IPAGothic", "Noto Sans",
    "Noto Sans Devanagari", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Thai", "Noto Emoji", "Symbola",
)  # fmt: skip
"""Fonts for labels in scripts that matplotlib's own lacks, where they are installed."""
INSTALLED = set(font_manager.get_font_names())
STYLE: Any = {
    "font.family": ["DejaVu Sans", *(name for name in SCRIPTS if name in INSTALLED)],
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


LOGGER = logging.getLogger(__name__)


class Figure(_figure.Figure):
    """matplotlib's figure, which a notebook shows as a picture where it is the last line of a cell."""

    def _repr_png_(self) -> bytes:
        return png(self)


@functools.cache
def _say_that_glyphs_are_missing() -> None:
    LOGGER.warning(
        "figures: no font has some characters of the labels, which are drawn as boxes: install one that has "
        "them, as fonts-noto-cjk (Debian, Ubuntu) or google-noto-sans-cjk-fonts (Fedora)"
    )


@contextlib.contextmanager
def _drawing() -> Iterator[None]:
    """In this context figures are drawn in the package's style; characters that no font has are said once."""
    with rc_context(STYLE), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        if str(warning.message).startswith("Glyph"):
            _say_that_glyphs_are_missing()
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def literal(label: str) -> str:
    """A label as figures take it: a dollar begins no formula, and no legend hides what begins with _."""
    label = label.replace("$", r"\$")
    return f" {label}" if label.startswith("_") else label


def save_figure(figure: Figure, directory: str, name: str) -> str:
    """Write a figure, in the format of its name's ending; its path."""
    suffix = os.path.splitext(name)[1][1:]
    # No date and no version of matplotlib: the same run makes the same file.
    metadata = {"Date": None} if suffix == "svg" else {"Software": None}
    with _drawing():
        return write(
            directory, name, lambda file: figure.savefig(file, format=suffix, metadata=metadata), binary=True
        )


def band(axis: Any, x: np.ndarray, values: np.ndarray, color: str, label: str, **line: Any) -> None:
    """Draw median and 90 % band of values [R, len(x)] against x."""
    low, median, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
    axis.fill_between(x, low, high, color=color, alpha=0.25, linewidth=0)
    axis.plot(x, median, color=color, label=literal(label), **line)


def wrapped(label: str, width: int = 28) -> str:
    """A label in lines of at most so many characters."""
    return "\n".join(map(literal, textwrap.wrap(label, width)))


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
    with _drawing():
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
        with _drawing(), tempfile.TemporaryDirectory() as place:
            animation.save(whole := os.path.join(place, "animation.gif"), PillowWriter(frames_a_second))
            with open(whole, "rb") as written:
                file.write(written.read())

    return write(directory, name, fill, binary=True)

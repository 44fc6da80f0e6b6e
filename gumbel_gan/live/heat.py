"""The colours of errors: linear near zero, logarithmic beyond, as in the heatmap of a training."""

from typing import Any

import numpy as np
from bokeh.models import ColorBar, CustomJSTickFormatter, FixedTicker, LinearColorMapper
from bokeh.palettes import RdBu11

from .look import GREY

LINEAR = 0.01
"""Errors below it are coloured linearly, those above logarithmically."""
TICKS = (-1, -0.1, -0.01, 0, 0.01, 0.1, 1)


def coloured(errors: np.ndarray) -> np.ndarray:
    """Errors as the colours have them, float32."""
    return np.arcsinh(errors / LINEAR).astype(np.float32)


def colours() -> Any:
    """From blue, too little, by white to red, too much."""
    limit = float(np.arcsinh(1 / LINEAR))
    return LinearColorMapper(palette=RdBu11, low=-limit, high=limit)


def colour_bar(mapper: Any) -> Any:
    """What the colours mean."""
    shown = f"return String(Number((Math.sinh(tick) * {LINEAR}).toPrecision(1)))"
    return ColorBar(
        color_mapper=mapper,
        ticker=FixedTicker(ticks=[float(np.arcsinh(tick / LINEAR)) for tick in TICKS]),
        formatter=CustomJSTickFormatter(code=shown),
        width=10,
        background_fill_alpha=0,
        major_label_text_color=GREY,
    )

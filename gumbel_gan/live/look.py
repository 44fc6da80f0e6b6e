"""How the pages look: what the live one and the written ones share."""

from typing import Any

from bokeh.models import BasicTicker, ColumnDataSource, CustomJSTickFormatter, DataRange1d, FixedTicker
from bokeh.plotting import figure

WIDE = {"sizing_mode": "stretch_width"}
FLOW = {"flex-wrap": "wrap", "gap": "8px"}
GREY = "#808080"
"""Seen on white, and on black."""
DARK = """
const dark = matchMedia("(prefers-color-scheme: dark)").matches
if (dark) for (const plot of plots) {
    plot.background_fill_color = "#16181c"
    plot.border_fill_color = "#16181c"
    plot.border_line_color = "#16181c"  // over the edge of what was painted in white
    plot.outline_line_color = "#33373e"
    plot.title.text_color = "#e6e6e6"
    for (const axis of [...plot.below, ...plot.left]) {
        axis.axis_label_text_color = axis.major_label_text_color = "#e6e6e6"
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = "#9a9a9a"
    }
    for (const part of plot.above) if ("label_text_color" in part) part.label_text_color = "#e6e6e6"
    for (const grid of plot.center) if ("grid_line_color" in grid) grid.grid_line_color = "#33373e"
}
"""
NAMED = """
for (const plot of plots) {
    const drawn = Bokeh.index.find_one_by_id(plot.id).canvas_view.events_el
    drawn.setAttribute("role", "img")
    drawn.setAttribute("aria-label", plot.title.text)
}
"""
"""A name for each plot, for those who hear the page."""
INPUT = """
.bk-input { color: #222222 !important; background-color: #ffffff !important; }
"""
"""A field that is typed or chosen in, in dark mode, too."""
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
{% block contents %}<main><h1>{{ heading|e }}</h1>{{ super() }}</main>{% endblock %}
"""


def plot(title: str, width: str = "300px", **options: Any) -> Any:
    """A plot that fills its part of the page's width."""
    made = figure(
        title=title, min_width=250, sizing_mode="stretch_width", styles={"flex": f"1 1 {width}"},
        tools="save", **{"height": 240, **options},
    )  # fmt: skip
    made.toolbar.logo = None
    made.toolbar.autohide = True
    return made


def legend_above(draw: Any) -> None:
    """Put the legend above, where it hides nothing."""
    draw.add_layout(draw.legend[0], "above")
    draw.legend.update(orientation="horizontal", label_text_font_size="11px", border_line_alpha=0)
    draw.legend.update(background_fill_alpha=0, padding=0, margin=0)


def over_epochs(title: str, low: float, high: float, width: str = "300px", **options: Any) -> Any:
    """A plot of values from `low` to `high` against the epoch; logarithmic if they differ much.

    A logarithmic axis is labelled at 1, 2 and 5 in every power of ten: of less than two powers Bokeh itself
    would label hardly any value. On a linear axis values that hardly differ do not fill the height.
    """
    if 0 < 5 * low < high:
        made = plot(title, width, y_axis_type="log", **options)
        ticks = [step * 10.0**power for power in range(-12, 4) for step in (1, 2, 5)]
        made.yaxis.ticker = FixedTicker(ticks=ticks)
        made.yaxis.formatter = CustomJSTickFormatter(code="return String(Number(tick.toPrecision(1)))")
    else:
        least = 0.1 * max(abs(low), abs(high)) or 1.0
        made = plot(title, width, y_range=DataRange1d(min_interval=least), **options)
    count_epochs(made)
    return made


def count_epochs(draw: Any) -> None:
    """Label the horizontal axis with whole epochs."""
    draw.xaxis.axis_label = "epoch"
    draw.xaxis.ticker = BasicTicker(min_interval=1)


def true_bars(draw: Any, column: str, data: ColumnDataSource, label: str) -> Any:
    """Wide bars of what is true, grey and hatched; narrower ones of what was learned go before them."""
    return draw.vbar(
        "x", 0.86, column, source=data, fill_color="#BBBBBB", line_color=GREY, hatch_pattern="/",
        hatch_color=GREY, hatch_alpha=0.5, legend_label=label,
    )  # fmt: skip

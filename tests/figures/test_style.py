from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from gumbel_gan.figures.style import BLUE, band, line, save_figure, wrapped
from gumbel_gan.figures.training import error_heatmap

from ..results.made_up import made_up


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_saved_figures_are_the_same_file_every_time(tmp_path: Path, suffix: str) -> None:
    files = []
    for _ in range(2):
        path = save_figure(error_heatmap(made_up(runs=3)), str(tmp_path), f"figure.{suffix}")
        files.append(Path(path).read_bytes())
    assert files[0] == files[1]
    assert len(files[0]) > 10_000


def test_png_is_not_blank(tmp_path: Path) -> None:
    path = save_figure(error_heatmap(made_up(runs=1)), str(tmp_path), "figure.png")
    assert imread(path).std() > 0.05


def test_lines_can_be_told_apart() -> None:
    """Of all estimators, by colour and dash; and by marker alone, in grey."""
    styles = [line(number, 3) for number in range(11)]
    assert len({(style["color"], style["linestyle"]) for style in styles}) == 11
    assert len({style["marker"] for style in styles}) == 11


def test_band() -> None:
    axis = Figure().subplots()
    values = np.arange(21.0)[:, None] + np.array([0.0, 100.0])
    band(axis, np.array([1.0, 2.0]), values, BLUE, "twenty-one runs")
    np.testing.assert_array_equal(axis.get_lines()[0].get_ydata(), [10, 110])
    edges = np.asarray(axis.collections[0].get_paths()[0].vertices)
    assert (edges[:, 1].min(), edges[:, 1].max()) == (1, 119)


def test_wrapped() -> None:
    assert (
        wrapped("a label of many words, too long for a line") == "a label of many words, too\nlong for a line"
    )

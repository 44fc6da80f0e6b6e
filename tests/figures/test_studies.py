"""Figures of studies, from cells made up."""

from typing import Any

import numpy as np
import pytest

from gumbel_gan.config.config import Config
from gumbel_gan.figures.studies import error_figure, leak_figure, polynomial_figure
from gumbel_gan.laboratory.cells import Cell
from gumbel_gan.laboratory.polynomial import Polynomial

AGAINST = {"error": "of the last", "averaged": "of the average"}


def of_temperatures(*temperatures: float) -> list[Cell]:
    """Cells whose error is the temperature, in the first run, and a tenth more, in the second."""
    return [
        Cell(
            {"temperature": t},
            Config(temperature=t, runs=2),
            curves=np.tile([t, t + 0.1], (3, 1)),
            columns={"error": np.array([t, t + 0.1]), "averaged": np.array([t / 2, t / 2])},
        )
        for t in temperatures
    ]


def data_of(line: Any) -> np.ndarray:
    return np.asarray(line.get_xydata())


def test_few_cells_together() -> None:
    figure = error_figure(of_temperatures(0.5, 1.0), "maximum error", AGAINST)
    (axis,) = figure.axes
    lines = axis.get_lines()
    np.testing.assert_allclose(data_of(lines[0]), [(1, 0.55), (2, 0.55), (3, 0.55)])
    np.testing.assert_allclose(data_of(lines[1]), [(1, 1.05), (2, 1.05), (3, 1.05)])
    _, names = axis.get_legend_handles_labels()
    assert names == ["temperature 0.5", "temperature 1.0"]
    assert figure.get_supylabel() == "maximum error"


def test_a_number_that_is_varied() -> None:
    figure = error_figure(of_temperatures(0.1, 0.5, 1.0, 4.0), "maximum error", AGAINST)
    (axis,) = figure.axes
    last, averaged = axis.get_lines()
    np.testing.assert_allclose(data_of(last), [(0.1, 0.15), (0.5, 0.55), (1.0, 1.05), (4.0, 4.05)])
    np.testing.assert_allclose(data_of(averaged), [(0.1, 0.05), (0.5, 0.25), (1.0, 0.5), (4.0, 2.0)])
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("temperature", "maximum error")
    _, names = axis.get_legend_handles_labels()
    assert names == list(AGAINST.values())


def test_many_cells_each_in_axes_of_its_own() -> None:
    """With the first cell's median in all of them, and titles as they are wanted."""
    cells = of_temperatures(0.1, 0.5, 1.0, 2.0, 4.0)
    for cell, name in zip(cells, "abcde", strict=True):
        cell.varied = {"generator.estimator": name}
    figure = error_figure(cells, "maximum error", AGAINST, lambda cell: f"cell {cell.label}")
    shown = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title("left") for axis in shown] == [f"cell {name}" for name in "abcde"]
    own, first = shown[3].get_lines()
    np.testing.assert_allclose(own.get_ydata(), 2.05)  # type: ignore[arg-type]
    np.testing.assert_allclose(first.get_ydata(), 0.15)  # type: ignore[arg-type]
    assert "dashed: the first cell" in figure.get_supxlabel()


def test_leaks_against_temperature() -> None:
    """Sorted, whatever the order of the cells; a line for each setting of everything else."""
    cells = [
        Cell(
            {"temperature": t, "data.smoothing": smoothing},
            Config(temperature=t),
            columns={"leak": np.array([t, t + 0.1])},
        )
        for smoothing in ("none", "label")
        for t in (0.8, 0.6)
    ]
    axis = leak_figure(cells).axes[0]
    lines = axis.get_lines()
    np.testing.assert_allclose(data_of(lines[0]), [(0.6, 0.65), (0.8, 0.85)])
    np.testing.assert_allclose(data_of(lines[1]), [(0.6, 0.65), (0.8, 0.85)])
    np.testing.assert_allclose(lines[2].get_ydata(), 0.5)  # type: ignore[arg-type]
    _, names = axis.get_legend_handles_labels()
    assert names == ["smoothing none", "smoothing label"]


def test_losses_above_the_optimum() -> None:
    """A panel for each power."""
    cells = [
        Cell(
            {"generator.estimator": name, "power": power},
            Polynomial(power=power),
            "polynomial",
            curves=np.full((3, 2), Polynomial(power=power).optimum + height),
        )
        for power in (2.0, 3.0)
        for name, height in (("rloo", 0.1), ("rebar", 0.2))
    ]
    figure = polynomial_figure(cells)
    assert [axis.get_title("left") for axis in figure.axes] == ["power 2", "power 3"]
    for axis in figure.axes:
        rloo, rebar = axis.get_lines()
        np.testing.assert_allclose(data_of(rloo), [(1, 0.1), (2, 0.1), (3, 0.1)])
        np.testing.assert_allclose(rebar.get_ydata(), 0.2)  # type: ignore[arg-type]
        assert axis.get_legend_handles_labels()[1] == ["rloo", "rebar"]


@pytest.mark.parametrize("kind", ["gan", "gan_and_leak"])
def test_figures_of_tasks(kind: str) -> None:
    """They draw columns that their trainings have."""
    from gumbel_gan.config.catalogue import TASKS

    columns = {
        name: np.array([0.6, 0.7])
        for name in ("max_abs_error_last", "max_abs_error_last50_mean", "averaged_max_abs_error", "leak")
    }
    cells = of_temperatures(0.1, 0.5, 1.0, 2.0)
    for cell in cells:
        cell.columns = columns
    figure = TASKS.load(kind)().figure(cells)
    assert [len(axis.get_lines()) for axis in figure.axes] == [2]
    if kind == "gan_and_leak":
        assert "leak" in figure.axes[0].get_legend_handles_labels()[1]

from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from gumbel_gan.config.config import Config
from gumbel_gan.laboratory.cells import Cell, restore
from gumbel_gan.laboratory.study import here, train_all
from gumbel_gan.training.progress import CutShort, Told

from ..conftest import TINY


def of_temperatures(*temperatures: float, epochs: int = 3) -> list[Cell]:
    return [
        Cell({"temperature": t}, Config(runs=2, epochs=epochs, temperature=t, training=TINY))
        for t in temperatures
    ]


@pytest.mark.slow
def test_progress_of_all_cells(tmp_path: Path) -> None:
    cells = of_temperatures(0.5, 1.0)
    told: list[tuple[float, float, str]] = []
    said: list[str] = []

    def progress(done: float, total: float, shown: str) -> None:
        told.append((done, total, shown))

    train_all(cells, str(tmp_path), here, progress, said.append, Event())
    assert told == [
        (done, 6, f"cell {cell}/2") for cell in (1, 2) for done in range(3 * cell - 3, 3 * cell + 1)
    ]
    assert [line.rsplit(": ", 1)[0] for line in said] == [
        "cell 1/2: temperature 0.5",
        "cell 2/2: temperature 1.0",
    ]
    assert all(line.endswith(" s") for line in said)
    assert {path.name for path in tmp_path.iterdir()} == {cell.file for cell in cells}


@pytest.mark.slow
def test_stopped_in_the_second_cell(tmp_path: Path) -> None:
    """The cell that is finished is kept; the one that is not leaves nothing; the third is not begun."""
    cells, stopping = of_temperatures(0.5, 1.0, 2.0), Event()
    said: list[str] = []

    def progress(done: float, total: float, shown: str) -> None:
        assert shown in ("cell 1/3", "cell 2/3")
        if done > 3:  # an epoch of the second
            stopping.set()

    with pytest.raises(CutShort):
        train_all(cells, str(tmp_path), here, progress, said.append, stopping)
    assert len(said) == 1
    assert [path.name for path in tmp_path.iterdir()] == [cells[0].file]
    assert cells[0].columns is not None
    assert (cells[1].columns, cells[1].failure) == (None, None)
    # It goes on from there.
    again = of_temperatures(0.5, 1.0, 2.0)
    assert [restore(cell, str(tmp_path)) for cell in again] == [True, False, False]
    np.testing.assert_array_equal(again[0].curves, cells[0].curves)
    train_all(again[1:], str(tmp_path), here, lambda *_: None, said.append, Event())
    assert all(cell.columns is not None for cell in again)


def test_cells_may_come_in_any_order(tmp_path: Path) -> None:
    """As those of a cluster do: each gets its own results."""
    cells = of_temperatures(0.5, 1.0, epochs=1)

    def backwards(
        cells: list[Cell], progress: Callable[[int], Told], stopping: Event
    ) -> list[tuple[int, Cell]]:
        return list(here(cells, progress, stopping))[::-1]

    said: list[str] = []
    train_all(cells, str(tmp_path), backwards, lambda *_: None, said.append, Event())  # type: ignore[arg-type]
    assert [line.split(": ")[1] for line in said] == ["temperature 1.0", "temperature 0.5"]
    for cell in cells:
        kept = Cell(cell.varied, cell.settings)
        assert restore(kept, str(tmp_path))
        np.testing.assert_array_equal(kept.curves, cell.curves)

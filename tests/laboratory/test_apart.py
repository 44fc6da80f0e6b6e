"""Cells in processes that end: the same results, in order; nothing is left behind."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import psutil
import pytest

from gumbel_gan.config.config import Config
from gumbel_gan.laboratory import apart
from gumbel_gan.laboratory.apart import Ended
from gumbel_gan.laboratory.cells import Cell, train
from gumbel_gan.results.written import recipe
from gumbel_gan.training.progress import CutShort

from ..conftest import TINY

CONFIG = Config(epochs=2, runs=1, training=TINY, seed=0)
CELLS = [Cell({"seed": seed}, replace(CONFIG, seed=seed)) for seed in range(3)]
pytestmark = pytest.mark.slow


def training() -> set[int]:
    """The processes that were started to train."""
    children = psutil.Process().children()
    return {child.pid for child in children if "spawn_main" in " ".join(child.cmdline())}


def test_the_same_in_processes_that_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "CELLS", 2)
    told: list[tuple[int, float]] = []
    processes: set[int] = set()

    def progress(number: int) -> object:
        def tell(done: float, planned: float, shown: str) -> None:
            told.append((number, done))
            processes.update(training())

        return tell

    found = list(apart.apart(CELLS, progress, Event()))  # type: ignore[arg-type]
    assert [number for number, _ in found] == [0, 1, 2]
    assert {number for number, done in told if done == 2} == {0, 1, 2}
    assert len(processes) >= 2
    for number, cell in found:
        here = train(CELLS[number])
        assert cell.columns is not None
        assert here.columns is not None
        np.testing.assert_allclose(
            cell.columns["max_abs_error_last"], here.columns["max_abs_error_last"], 1e-5
        )
    assert not training()


def test_rows_of_a_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In processes that end they are learned as here: every score of every run."""
    monkeypatch.setattr(apart, "CELLS", 1)
    path = tmp_path / "table.csv"
    path.write_text("a,b,c\n" + "x,1,u\ny,2,v\nx,2,v\n" * 40)
    training = {"batches": 2, "batch_size": 16}
    config = recipe(
        "table", epochs=2, runs=2, seed=0, data={"path": str(path), "columns": "all"}, training=training
    )
    cells = [Cell({"seed": seed}, replace(config, seed=seed)) for seed in range(2)]
    for number, cell in apart.apart(cells, lambda _: lambda *_: None, Event()):
        here = train(cells[number])
        assert cell.columns is not None
        assert here.columns is not None
        for name in set(here.columns) - {"seconds"}:
            np.testing.assert_allclose(cell.columns[name], here.columns[name], rtol=1e-5, err_msg=name)


def test_stopped() -> None:
    stopping = Event()
    stopping.set()
    with pytest.raises(CutShort):
        list(apart.apart(CELLS, lambda _: lambda *_: None, stopping))


def die() -> None:
    """What a process without memory meets."""
    import os

    os._exit(9)


def test_a_process_that_dies(tmp_path: Path) -> None:
    with pytest.raises(Ended, match="the process that trained seed 0 ended with status 9"):
        list(apart.apart(CELLS, lambda _: lambda *_: None, Event(), die))

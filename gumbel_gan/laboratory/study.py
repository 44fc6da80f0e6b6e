"""A study: train the cells that are not trained yet, and keep every one as soon as it is done."""

from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import Any

from ..training.progress import Told
from .cells import Cell, keep, train

Work = Callable[[Sequence[Cell], Callable[[int], Told], Event], Iterator[tuple[int, Cell]]]
"""Trains cells, given what makes the `progress` of each, and a stopping flag; yields numbers and cells."""


def here(
    cells: Sequence[Cell], progress: Callable[[int], Told], stopping: Event
) -> Iterator[tuple[int, Cell]]:
    """Train cells one after the other in this process."""
    for number, cell in enumerate(cells):
        yield number, train(cell, progress(number), stopping)


def train_all(
    cells: Sequence[Cell],
    kept: str,
    work: Work,
    progress: Told,
    finished: Callable[[str], Any],
    stopping: Event,
) -> None:
    """Train cells, give each its results, and keep them.

    Args:
        cells: to be trained.
        kept: directory of the cells that are done.
        work: trains them.
        progress: is told of the epochs of all cells.
        finished: is told a line of every cell that is done, or has failed.
        stopping: a flag that ends the training.

    Raises:
        CutShort: the flag was set before all were done; those before are kept.
    """
    epochs = [cell.settings.epochs for cell in cells]
    total = max(sum(epochs), 1)
    done = [0.0] * len(cells)

    def of_cell(number: int) -> Told:
        def told(epoch: float, planned: float, shown: str) -> None:
            # A task may have more epochs than its settings, as a leak has.
            done[number] = epochs[number] * min(epoch / max(planned, 1), 1.0)
            at = min(over + 1, len(cells))
            progress(sum(done), total, f"cell {at}/{len(cells)}")

        return told

    over = 0
    for over, (number, trained) in enumerate(work(cells, of_cell, stopping), start=1):
        cell = cells[number]
        cell.curves, cell.columns, cell.failure = trained.curves, trained.columns, trained.failure
        if cell.columns is not None:
            keep(cell, kept)
        done[number] = epochs[number]
        outcome = f"failed: {cell.failure}" if cell.columns is None else f"{cell.columns['seconds'][0]:.1f} s"
        finished(f"cell {over}/{len(cells)}: {cell.label}: {outcome}")

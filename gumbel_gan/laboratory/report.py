"""What a study found: study.csv, study.png and the table on the terminal."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..config.catalogue import TASKS
from ..results.files import write_table
from ..results.metrics import ratio_of_means
from .cells import Cell
from .tasks import Task


def write_report(directory: str, kind: str, cells: Sequence[Cell]) -> None:
    """Write study.csv and, if anything is trained, study.png.

    Args:
        directory: of the study.
        kind: of the study, the name of a task.
        cells: trained or not.
    """
    from ..figures.style import save_figure

    write_table(directory, "study.csv", *_table(cells))
    if trained := [cell for cell in cells if cell.columns is not None]:
        task = _drawing(kind, trained)
        alike = [cell for cell in trained if isinstance(cell.task, type(task))]
        save_figure(task.figure(alike), directory, "study.png")


def _drawing(kind: str, cells: Sequence[Cell]) -> Task:
    """The task that draws: the study's own, if any cell is of its kind, or else the first cell's."""
    own: Task = TASKS.load(kind)()
    return own if any(isinstance(cell.task, type(own)) for cell in cells) else cells[0].task


def _table(cells: Sequence[Cell]) -> tuple[list[str], Iterator[list[str]]]:
    """Columns and rows of study.csv, a row a run."""
    keys = list(dict.fromkeys(key for cell in cells for key in cell.varied))
    names = _columns(cells)
    named = any(cell.name for cell in cells)  # cells of several kinds may have the same settings
    header = [*["cell"] * named, *keys, "run", *names, "failure"]

    def rows() -> Iterator[list[str]]:
        for cell in cells:
            varied = [*[cell.label] * named, *(_text(cell.varied.get(key, "")) for key in keys)]
            if cell.columns is None:
                yield [*varied, "", *[""] * len(names), cell.failure or "not trained yet"]
                continue
            missing = np.full(len(next(iter(cell.columns.values()))), np.nan)
            columns = (cell.columns.get(name, missing) for name in names)
            for run, values in enumerate(zip(*columns, strict=True)):
                numbers = ["" if np.isnan(value) else f"{value:.6g}" for value in values]
                yield [*varied, str(run), *numbers, ""]

    return header, rows()


def _columns(cells: Sequence[Cell]) -> list[str]:
    """The columns of all cells: those of several kinds have different ones, and seconds come last."""
    names = dict.fromkeys(name for cell in cells for name in cell.columns or ())
    return [*(name for name in names if name != "seconds"), *(["seconds"] if "seconds" in names else [])]


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


def summary(cells: Sequence[Cell]) -> Iterator[str]:
    """A line a cell: the middle and the range of its runs, of every column."""
    first = next((cell for cell in cells if cell.columns is not None), cells[0])
    statistic, ratios = first.task.statistic(first.settings), first.task.ratios(first.settings)
    names = [name for name in _columns(cells) if name != "seconds"]
    headings = [*map(_heading, names), *ratios]
    widths = [max(24, len(heading)) for heading in headings]
    width = max(len(statistic.name), *(len(cell.label) for cell in cells))
    yield f"{statistic.name:<{width}}  " + _joined(headings, widths)
    for cell in cells:
        if cell.columns is None:
            yield f"{cell.label:<{width}}  {f'failed: {cell.failure}' if cell.failure else 'not trained yet'}"
            continue
        found = cell.columns
        bands = [_band(*statistic(found[name])) if name in found else "" for name in names]
        bands += [
            _ratio(*(found[name] for name in pair)) if set(pair) <= set(found) else ""
            for pair in ratios.values()
        ]
        yield f"{cell.label:<{width}}  " + _joined(bands, widths)


def _joined(texts: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{text:>{width}}" for text, width in zip(texts, widths, strict=True))


def _band(low: float, middle: float, high: float) -> str:
    return f"{middle:.4g}{f' ({low:.3g}-{high:.3g})' if low < high else ''}".replace("inf", "never")


def _ratio(values: np.ndarray, others: np.ndarray) -> str:
    ratio, error = ratio_of_means(values, others)
    return f"{ratio:.3g} ± {error:.2g}" if len(others) > 1 else f"{ratio:.3g}"


def _heading(name: str) -> str:
    return name.replace("max_abs_error", "error").replace("total_variation", "TV").replace("_", " ")

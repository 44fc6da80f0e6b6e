"""What a study found: study.csv, study.png and the table on the terminal."""

import csv
import json
import os
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..config.catalogue import TASKS
from ..results.files import write_table
from ..results.metrics import ratio_of_means
from ..results.readable import shown_label
from ..results.written import ERRORS
from .cells import Cell
from .tasks import Task


def cells_of_others(directory: str, cells: Sequence[Cell]) -> int:
    """How many cells the directory's study.csv has that are not among these.

    Args:
        directory: of the study, which may be new.
        cells: of the study that will write there.
    """
    try:
        with open(os.path.join(directory, "study.csv"), encoding="utf-8", errors=ERRORS, newline="") as file:
            labels = {row["cell"] for row in csv.DictReader(file)}
    except (OSError, KeyError, csv.Error):
        return 0
    return len(labels - {cell.label for cell in cells})


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
    header = ["cell", *keys, "run", *names, "failure", "file"]

    def rows() -> Iterator[list[str]]:
        for cell in cells:
            settings = asdict(cell.settings)
            given = (cell.varied[key] if key in cell.varied else _setting(settings, key) for key in keys)
            varied = [cell.label, *map(_text, given)]
            if cell.columns is None:
                yield [*varied, "", *[""] * len(names), cell.failure or "not trained yet", ""]
                continue
            missing = np.full(len(next(iter(cell.columns.values()))), np.nan)
            columns = (cell.columns.get(name, missing) for name in names)
            for run, values in enumerate(zip(*columns, strict=True)):
                numbers = ["" if np.isnan(value) else f"{value:.6g}" for value in values]
                yield [*varied, str(run), *numbers, "", cell.file]

    return header, rows()


def _setting(settings: Any, key: str) -> Any:
    """A setting of a cell by its dotted key; None where the cell's kind has none."""
    for part in key.split("."):
        settings = settings.get(part) if isinstance(settings, dict) else None
    return settings


def _columns(cells: Sequence[Cell]) -> list[str]:
    """The columns of all cells: those of several kinds have different ones, and seconds come last."""
    names = dict.fromkeys(name for cell in cells for name in cell.columns or ())
    return [*(name for name in names if name != "seconds"), *(["seconds"] if "seconds" in names else [])]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


def summary(cells: Sequence[Cell], width: int | None = None) -> Iterator[str]:
    """A line a cell: the middle and the range of its runs, of every column.

    Args:
        cells: of a study.
        width: of the terminal, by default the one that there is; columns that do not fit side by side come in
            further tables.
    """
    first = next((cell for cell in cells if cell.columns is not None), cells[0])
    statistic, ratios = first.task.statistic(first.settings), first.task.ratios(first.settings)
    names = [name for name in _columns(cells) if name != "seconds"]
    width = shutil.get_terminal_size().columns if width is None else width
    most = max(32, width - 28)
    labels = [shown_label(cell.label, most, most // 2) for cell in cells]
    epochs = max((len(cell.curves) for cell in cells if cell.curves is not None), default=0)
    columns: list[list[str]] = []
    for name in names:
        found = (None if cell.columns is None else cell.columns.get(name) for cell in cells)
        bands = ["" if values is None else _band(*statistic(values)) for values in found]
        columns.append([_heading(name, epochs), *bands])
    of_means: list[list[str]] = []
    for heading, pair in ratios.items():
        found_of = [cell.columns or {} for cell in cells]
        ratio = [_ratio(*(one[n] for n in pair)) if set(pair) <= set(one) else "" for one in found_of]
        of_means.append([heading, *ratio])
    for number, (title, block) in enumerate(_tables(statistic.name, labels, columns, of_means, width)):
        if number:
            yield ""
        rows = [title, *labels]
        for row, label in enumerate(rows):
            cells_of_row = "".join(f"  {column[row]:>{max(map(len, column))}}" for column in block)
            yield f"{label:<{max(map(len, rows))}}{cells_of_row}".rstrip()
    if legend := first.task.legend(first.settings):
        yield from textwrap.wrap(legend, width)
    for cell in cells:
        if cell.columns is None:
            yield f"{cell.label}: {f'failed: {cell.failure}' if cell.failure else 'not trained yet'}"


def _tables(
    name: str, labels: Sequence[str], columns: Sequence[list[str]], of_means: Sequence[list[str]], width: int
) -> Iterator[tuple[str, list[list[str]]]]:
    """Tables that fit the width, with what stands above the labels: columns of runs, and ratios of means."""
    for title, group in ((name, columns), ("ratio of means ± SE", of_means)):
        for block in _blocks(group, width - max(map(len, [title, *labels]))):
            yield title, block


def _blocks(columns: Sequence[list[str]], width: int) -> Iterator[list[list[str]]]:
    """Columns in groups that fit into so many characters; one that is too wide is alone."""
    block: list[list[str]] = []
    used = 0
    for column in columns:
        size = 2 + max(map(len, column))
        if block and used + size > width:
            yield block
            block, used = [], 0
        block.append(column)
        used += size
    if block:
        yield block


def _band(low: float, middle: float, high: float) -> str:
    return f"{middle:.4g}{f' ({low:.3g}-{high:.3g})' if low < high else ''}".replace("inf", "never")


def _ratio(values: np.ndarray, others: np.ndarray) -> str:
    ratio, error = ratio_of_means(values, others)
    return f"{ratio:.3g} ± {error:.2g}" if len(others) > 1 else f"{ratio:.3g}"


def _heading(name: str, epochs: int) -> str:
    if epochs < 50:  # it is the mean, or the worst, of all that there are
        name = name.replace("last50", f"of {epochs}")
    return name.replace("max_abs_error", "error").replace("total_variation", "TV").replace("_", " ")

"""`python -m gumbel_gan.study`: train a grid of settings, many runs each, and compare them.

A study file has a `base` of settings, or the name of a file of them, and `vary` (a grid: every key's
values) or `cells` (a list of settings); a plain training configuration will do with `--vary`. Its `kind`,
or a cell's own, says what a cell is: a gan; a gan_and_leak, where the leak is measured too; a leak; a
polynomial; for strings a maximum_likelihood, an ngram, an empirical. Finished cells are kept in the output
directory by their settings, so a study that was stopped goes on where it was. `--cluster` trains them on
the workers of a Dask cluster.
"""

import itertools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import yaml

from . import cluster
from .cells import KINDS, Cell, gather, keep, restore, train, trainings
from .cli import Parser, fail, ready_made
from .memory import runs_that_fit
from .metrics import ratio_of_means
from .quiet import quiet_import
from .results import write

Work = Callable[[Sequence[Cell], Sequence[Any]], Iterator[tuple[int, Cell]]]
"""Trains cells, with Keras callbacks where they can be had; yields numbers and cells, as they are done."""


def parser() -> Parser:
    """The options of the command."""
    options = Parser(
        prog="python -m gumbel_gan.study", description="Train a grid of settings and compare them."
    )
    options.add_argument("study", help="a study, or a training's settings, as YAML")
    options.add_argument("--vary", action="append", help="KEY=[a,b,...], more than once for a grid")
    options.add_argument(
        "--runs", help="runs of each cell, or auto: what fits the memory (default: the study's own, or 64)"
    )
    options.add_argument("--epochs", type=int, help="epochs of each cell (default: the study's own)")
    options.add_argument("--output", help="directory for the results (default: studies/NAME)")
    options.add_argument(
        "--cluster", help="address of a Dask scheduler, or local: a worker for each core (default: none)"
    )
    options.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, train what is not trained yet, write, print, draw."""
    given = parser().parse_args(arguments)
    try:
        kind, cells = read(
            ready_made(given.study), given.vary or [], {"runs": _number(given.runs), "epochs": given.epochs}
        )
    except ValueError as error:
        fail(str(error), 2)
    name = os.path.splitext(os.path.basename(given.study))[0]
    directory = given.output or os.path.join("studies", name)
    kept = os.path.join(directory, "cells")
    try:
        os.makedirs(kept, exist_ok=True)
    except OSError as error:
        fail(f"output: cannot write to {directory} ({error.strerror}): give another directory", 2)
    status, stopped = 0, ""
    if todo := [cell for cell in cells if not restore(cell, kept)]:
        workers = cluster.workers(given.cluster) if given.cluster else nullcontext(_here)
        try:
            with _terminated_like_interrupted(), workers as work:
                _train(todo, kept, work, given.quiet)
        except ValueError as error:
            fail(str(error), 2)
        except ConnectionError as error:
            status, stopped = 1, f"cluster: {error}"
        except OSError as error:
            status, stopped = 1, f"output: cannot write to {directory} ({error.strerror or error})"
        except KeyboardInterrupt as interrupt:
            status, stopped = (143 if interrupt.args else 130), "interrupted"
    from .plotting import save_figure, study_figure

    write(directory, "study.csv", lambda file: file.writelines(_rows(cells)))
    trained = [cell for cell in cells if cell.columns is not None]
    if trained:
        save_figure(study_figure(trained, kind), directory, "study.png")
    if not given.quiet:
        print("\n".join(table(cells)))
        print(f"Results in {directory}: {', '.join(sorted(set(os.listdir(directory)) - {'cells'}))}")
    if stopped:
        here = f"{len(trained)} of {len(cells)} cells are finished and kept in {directory}"
        fail(f"{stopped}; {here}: the same command goes on from there", status)
    if len(trained) < len(cells):
        fail(f"{len(cells) - len(trained)} of {len(cells)} cells failed; the others are in {directory}", 1)


def read(path: str, vary: Sequence[str], given: dict[str, Any]) -> tuple[str, list[Cell]]:
    """The kind of a study and its cells.

    Args:
        path: of the study, or of a training's settings.
        vary: KEY=[a,b,...] each.
        given: settings that go before the study's own; None is none.

    Raises:
        ValueError: one line, naming the setting, what was received and what would do.
    """
    study = _yaml("study", path) or {}
    if not isinstance(study, dict):
        raise ValueError(f"study: received {path} with no settings in it: give base, and vary or cells")
    if not {"base", "vary", "cells", "kind"} & set(study):
        study = {"base": study}
    if unknown := set(study) - {"kind", "base", "vary", "cells"}:
        raise ValueError(f"study: received {sorted(unknown)[0]!r} in {path}: give kind, base, vary, cells")
    kind = study.get("kind", "gan")
    if kind not in KINDS:
        raise ValueError(f"kind: received {kind!r} in {path}: give one of {', '.join(KINDS)}")
    grid = dict(study.get("vary") or {})
    for option in vary:
        key, equals, values = option.partition("=")
        try:
            grid[key] = yaml.safe_load(values) if equals else None
        except yaml.YAMLError:
            raise ValueError(f"vary: received {option}: give a list of values, as {key}=[a,b]") from None
    for key, values in grid.items():
        if not isinstance(values, list) or not values:
            raise ValueError(f"vary: received {key}={values}: give a list of values, as {key}=[a,b]")
    combinations = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    listed = study.get("cells") or [{}]
    if not isinstance(listed, list) or not all(isinstance(cell, dict) for cell in listed):
        raise ValueError(f"cells: received no list of settings in {path}: give one")
    base = _flat(_base(study.get("base") or {}, path))
    base.update({key: value for key, value in given.items() if value is not None})
    base.setdefault("runs", 64)
    cells = []
    for cell, combination in itertools.product(listed, combinations):
        varied = {**_flat(cell), **combination}
        name, own = varied.pop("name", None), varied.pop("kind", kind)
        if own not in KINDS:
            raise ValueError(f"kind: received {own!r} in {path}: give one of {', '.join(KINDS)}")
        settings = {**base, **varied}
        if settings["runs"] == "auto":
            settings["runs"] = runs_that_fit(_settings(own, {**settings, "runs": 1}))
        cells.append(Cell(varied, _settings(own, settings), own, name))
    return kind, cells


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """SIGTERM ends the training of a cell as SIGINT does; the cells before it are kept."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt(number)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _number(runs: str | None) -> int | str | None:
    return int(runs) if runs is not None and runs.lstrip("-").isdigit() else runs


def _yaml(name: str, path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise ValueError(f"{name}: cannot read {path} ({reason}): give a YAML file") from None


def _base(base: Any, path: str) -> dict[str, Any]:
    """The settings that all cells share; a name is that of a file of them, seen from the study's place."""
    if isinstance(base, str):
        base = _yaml("base", os.path.join(os.path.dirname(path), base))
    if not isinstance(base, dict):
        raise ValueError(f"base: received no settings in {path}: give some, or a YAML file")
    return base


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat.update(_flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value})
    return flat


def _settings(kind: str, flat: dict[str, Any]) -> Any:
    """A Config or a Polynomial, by way of the parser, which knows all keys and types."""
    options = Parser(exit_on_error=True)
    options.add_class_arguments(KINDS[kind])
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        *parents, last = key.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise ValueError(f"{key}: received a setting of {parent!r}, which has none: leave it out")
        place[last] = value
    settings = options.instantiate(options.parse_object(nested))
    return KINDS[kind](**{name: settings[name] for name in KINDS[kind].__dataclass_fields__})


def _here(cells: Sequence[Cell], callbacks: Sequence[Any]) -> Iterator[tuple[int, Cell]]:
    """Train cells one after the other in this process."""
    for number, cell in enumerate(cells):
        yield number, train(cell, callbacks)


def _train(cells: Sequence[Cell], kept: str, work: Work, quiet: bool) -> None:
    """Train the cells, and keep every training as soon as it is done."""
    parts = [trainings(cell) for cell in cells]
    jobs = [
        (cell, part)
        for cell, trained in enumerate(parts)
        for part, one in enumerate(trained)
        if len(trained) == 1 or not restore(one, kept)
    ]
    missing = [sum(cell == number for cell, _ in jobs) for number in range(len(cells))]
    bar = _Bar(cells, [parts[cell][part] for cell, part in jobs], quiet)

    def finished(cell: int) -> None:
        gather(cells[cell], parts[cell])
        if len(parts[cell]) > 1 and cells[cell].columns is not None:
            keep(cells[cell], kept)
        bar.finished(cells[cell])

    for number, jobs_left in enumerate(missing):
        if not jobs_left:
            finished(number)
    for job, trained in work([parts[cell][part] for cell, part in jobs], bar.callbacks()):
        cell, part = jobs[job]
        parts[cell][part] = trained
        if trained.columns is not None:
            keep(trained, kept)
        missing[cell] -= 1
        bar.trained(job)
        if not missing[cell]:
            finished(cell)


def _rows(cells: Sequence[Cell]) -> Iterator[str]:
    keys = list(dict.fromkeys(key for cell in cells for key in cell.varied))
    names = next((list(cell.columns) for cell in cells if cell.columns), [])
    named = any(cell.name for cell in cells)  # cells of several kinds may have the same settings
    yield ",".join([*["cell"] * named, *keys, "run", *names, "failure"]) + "\n"
    for cell in cells:
        varied = [_cell(cell.varied.get(key, "")) for key in keys]
        varied = [*[_cell(cell.label)] * named, *varied]
        if cell.columns is None:
            yield ",".join([*varied, "", *[""] * len(names), _cell(cell.failure or "not trained yet")]) + "\n"
            continue
        for run, values in enumerate(zip(*cell.columns.values(), strict=True)):
            numbers = ["" if np.isnan(value) else f"{value:.6g}" for value in values]
            yield ",".join([*varied, str(run), *numbers, ""]) + "\n"


def _cell(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, list) else str(value)
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text


def table(cells: Sequence[Cell]) -> Iterator[str]:
    """A line a cell: median and 90 % band over the runs of every column."""
    width = max(len(cell.label) for cell in cells)
    names = [
        name for name in next((list(cell.columns) for cell in cells if cell.columns), []) if name != "seconds"
    ]
    width = max(width, len("median (90 % of the runs)"))
    headings = [_heading(name) for name in names]
    if "counted_total_variation" in names:  # of means, with the standard error
        headings += [f"{name} TV / counted, mean ± SE" for name in ("last", "averaged")]
    widths = [max(24, len(heading)) for heading in headings]
    few = "validity" in names
    first = "mean (min-max)" if few else "median (90 % of the runs)"
    yield f"{first:<{width}}  " + "  ".join(f"{h:>{w}}" for h, w in zip(headings, widths, strict=True))
    for cell in cells:
        if cell.columns is None:
            yield f"{cell.label:<{width}}  {f'failed: {cell.failure}' if cell.failure else 'not trained yet'}"
            continue
        bands = []
        for name in names:
            values = cell.columns[name]
            if np.isnan(values).any():  # a run that never got there is infinitely late
                values = np.where(np.isnan(values), np.inf, values)
            finite = np.isfinite(values).all()  # between a number and never there is nothing
            low, median, high = np.quantile(
                values, [0.05, 0.5, 0.95], method="linear" if finite else "nearest"
            )
            if few:
                low, median, high = values.min(), values.mean(), values.max()
            band = f" ({low:.3g}-{high:.3g})" if low < high else ""
            bands.append(f"{median:.4g}{band}".replace("inf", "never"))
        if "counted_total_variation" in names:
            counted = cell.columns["counted_total_variation"]
            for name in ("total_variation", "averaged_total_variation"):
                ratio, error = ratio_of_means(cell.columns[name], counted)
                bands.append(f"{ratio:.3g} ± {error:.2g}" if len(counted) > 1 else f"{ratio:.3g}")
        yield f"{cell.label:<{width}}  " + "  ".join(f"{b:>{w}}" for b, w in zip(bands, widths, strict=True))


def _heading(name: str) -> str:
    return name.replace("max_abs_error", "error").replace("total_variation", "TV").replace("_", " ")


class _Bar:
    """One bar over all epochs of all trainings; where the output is no terminal, a line a cell."""

    def __init__(self, cells: Sequence[Cell], jobs: Sequence[Cell], quiet: bool) -> None:
        self.cells, self.quiet = len(cells), quiet
        self.epochs = [job.settings.epochs for job in jobs]
        self.total = max(sum(self.epochs), 1)
        self.done = self.trained_epochs = 0
        self.start = time.perf_counter()

    def callbacks(self) -> list[Any]:
        """Where the terminal shows a bar: one that moves it with every epoch."""
        if self.quiet or not sys.stdout.isatty():
            return []
        with quiet_import():
            import keras

        return [keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: self._show(epoch + 1))]

    def trained(self, job: int) -> None:
        """A training is over."""
        self.trained_epochs += self.epochs[job]
        self._show(0)

    def _show(self, epochs: int) -> None:
        if self.quiet or not sys.stdout.isatty():
            return
        part = (self.trained_epochs + epochs) / self.total
        left = (time.perf_counter() - self.start) * (1 - part) / part
        cell = min(self.done + 1, self.cells)
        print(
            f"\r[{'=' * int(30 * part):<30}] cell {cell}/{self.cells}, {left:4.0f} s left ",
            end="",
            flush=True,
        )

    def finished(self, cell: Cell) -> None:
        """A cell is done, or has failed."""
        self.done += 1
        if self.quiet:
            return
        end = "\r\x1b[K" if sys.stdout.isatty() else ""
        outcome = f"failed: {cell.failure}"
        if cell.columns is not None:
            seconds = cell.columns["seconds"]  # of each run, or of all side by side
            outcome = f"{seconds.sum() if len(trainings(cell)) > 1 else seconds[0]:.1f} s"
        print(f"{end}cell {self.done}/{self.cells}: {cell.label}: {outcome}", flush=True)


if __name__ == "__main__":
    main()

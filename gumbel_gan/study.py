"""`python -m gumbel_gan.study`: train a grid of settings, many runs each, and compare them.

A study file has a `base` of settings, or the name of a file of them, and `vary` (a grid: every key's
values) or `cells` (a list of settings); a plain training configuration will do with `--vary`. Its `kind`,
or a cell's own, says what a cell is: a gan; a gan_and_leak, where the leak is measured too; a leak; a
polynomial; for strings a maximum_likelihood, an ngram, an empirical. Finished cells are kept in the output
directory by their settings, so a study that was stopped goes on where it was.
"""

import hashlib
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import yaml

from .cli import Parser, fail
from .config import Config
from .language import Strings
from .metrics import max_abs_error, ratio_of_means, total_variation
from .polynomial import Polynomial
from .quiet import quiet_import
from .results import write
from .sources import open_source

BASELINES = ("maximum_likelihood", "ngram", "empirical")
KINDS: dict[str, Any] = {
    "gan": Config,
    "gan_and_leak": Config,
    "leak": Config,
    "polynomial": Polynomial,
    **dict.fromkeys(BASELINES, Config),
}
Columns = dict[str, np.ndarray]
"""Results of a cell by name, [R] each."""


@dataclass
class Cell:
    """One setting of the study.

    Attributes:
        varied: the settings that tell it from the others, by dotted key.
        settings: all its settings, a Config or a Polynomial.
        kind: what is done with them, of KINDS.
        name: what the study calls it, if it has a name for it.
        curves: [E, R], what is drawn against the epoch, once it is trained.
        columns: its results, once it is trained.
        failure: why it could not be trained.
    """

    varied: dict[str, Any]
    settings: Any
    kind: str = "gan"
    name: str | None = None
    curves: np.ndarray | None = None
    columns: Columns | None = None
    failure: str | None = None

    @property
    def label(self) -> str:
        """Its name; or short: names as they are, numbers with the last part of their key."""
        if self.name:
            return self.name
        parts = (
            value if isinstance(value, str) else f"{key.rsplit('.', 1)[-1].replace('_', ' ')} {value}"
            for key, value in self.varied.items()
        )
        return ", ".join(parts) or "base"

    @property
    def file(self) -> str:
        """Where its results are kept: named by all that they depend on."""
        text = json.dumps([self.kind, asdict(self.settings)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16] + ".npz"


def parser() -> Parser:
    """The options of the command."""
    options = Parser(
        prog="python -m gumbel_gan.study", description="Train a grid of settings and compare them."
    )
    options.add_argument("study", help="a study, or a training's settings, as YAML")
    options.add_argument("--vary", action="append", help="KEY=[a,b,...], more than once for a grid")
    options.add_argument("--runs", type=int, help="runs of each cell (default: the study's own, or 64)")
    options.add_argument("--epochs", type=int, help="epochs of each cell (default: the study's own)")
    options.add_argument("--output", help="directory for the results (default: studies/NAME)")
    options.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, train what is not trained yet, write, print, draw."""
    given = parser().parse_args(arguments)
    try:
        kind, cells = read(given.study, given.vary or [], {"runs": given.runs, "epochs": given.epochs})
    except ValueError as error:
        fail(str(error), 2)
    name = os.path.splitext(os.path.basename(given.study))[0]
    directory = given.output or os.path.join("studies", name)
    kept = os.path.join(directory, "cells")
    try:
        os.makedirs(kept, exist_ok=True)
    except OSError as error:
        fail(f"output: cannot write to {directory} ({error.strerror}): give another directory", 2)
    todo = [cell for cell in cells if not _restore(cell, kept)]
    if todo:
        with quiet_import():
            from . import experiment  # noqa: F401
        bar = _Bar(todo, given.quiet)
        for cell in todo:
            _train(cell, bar, kept)
            bar.finished(cell)
    from .plotting import save_figure, study_figure

    write(directory, "study.csv", lambda file: file.writelines(_rows(cells)))
    trained = [cell for cell in cells if cell.failure is None]
    if trained:
        save_figure(study_figure(trained, kind), directory, "study.png")
    if not given.quiet:
        print("\n".join(table(cells)))
        print(f"Results in {directory}: {', '.join(sorted(set(os.listdir(directory)) - {'cells'}))}")
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
        cells.append(Cell(varied, _settings(own, {**base, **varied}), own, name))
    return kind, cells


def _yaml(name: str, path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return yaml.safe_load(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(
            f"{name}: cannot read {path} ({' '.join(str(error).split())}): give a YAML file"
        ) from None


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


def _train(cell: Cell, bar: "_Bar", kept: str) -> None:
    """Train a cell and keep it; one of strings run by run, each kept as it is done."""
    runs = _runs(cell)
    for run in runs:
        if len(runs) > 1 and _restore(run, kept):
            bar.advance(cell.settings.epochs)
            continue
        start = time.perf_counter()
        try:
            _results(run, bar)
        except (ValueError, ArithmeticError) as error:
            cell.failure = str(error)
            return
        assert run.curves is not None
        assert run.columns is not None
        run.columns["seconds"] = np.full(run.curves.shape[1], time.perf_counter() - start)
        _keep(run, kept)
    if runs[0] is not cell:
        columns = [run.columns for run in runs if run.columns is not None]
        cell.columns = {name: np.concatenate([one[name] for one in columns]) for name in columns[0]}
        cell.curves = np.concatenate([run.curves for run in runs if run.curves is not None], axis=1)
        _keep(cell, kept)


def _runs(cell: Cell) -> list[Cell]:
    """The trainings of a cell: one for all runs; or one for each, with a seed and strings of its own."""
    config = cell.settings
    if not (isinstance(config, Config) and config.data.length):
        return [cell]
    return [
        replace(
            cell,
            settings=replace(
                config,
                runs=1,
                seed=config.seed + run,
                data=replace(config.data, law_seed=config.data.law_seed + run),
            ),
        )
        for run in range(config.runs)
    ]


def _results(cell: Cell, bar: "_Bar") -> None:
    if cell.kind == "polynomial":
        cell.curves, cell.columns = _polynomial(cell.settings)
    elif cell.kind == "leak":
        cell.curves, cell.columns = _leak(cell.settings)
    elif cell.kind in BASELINES:
        cell.curves, cell.columns = _baseline(cell.kind, cell.settings)
    else:
        cell.curves, cell.columns = _gan(cell.settings, bar)
    if cell.kind == "gan_and_leak":
        cell.columns |= _leak(cell.settings)[1]


def _gan(config: Config, bar: "_Bar") -> tuple[np.ndarray, Columns]:
    from . import experiment

    run, _ = experiment.run(config, callbacks=[bar.callback()])
    if config.data.length:
        names = ("validity", "total_variation", "coverage", "kl", "perplexity")
        return run.metrics["total_variation"], {
            name: run.metrics[name][-1] for name in names if name in run.metrics
        }
    errors = run.metrics["max_abs_error"]  # [E, R]
    below = errors < 0.05
    first = np.where(below.any(0), below.argmax(0) + 1.0, np.nan)
    return errors, {
        "max_abs_error_last": errors[-1],
        "max_abs_error_last50_mean": errors[-50:].mean(0),
        "max_abs_error_last50_worst": errors[-50:].max(0),
        "first_epoch_below_0.05": first,
        "averaged_max_abs_error": max_abs_error(run.averaged, run.target),
        "total_variation": total_variation(run.learned, run.target),
        "averaged_total_variation": total_variation(run.averaged, run.target),
        "counted_total_variation": total_variation(run.counted, run.target),
    }


def _baseline(name: str, config: Config) -> tuple[np.ndarray, Columns]:
    from . import baselines

    source = open_source(config.data)
    learned = baselines.BASELINES[name](config)
    distance = total_variation(learned, source.target)
    assert isinstance(source, Strings)
    scores = source.scores(learned)
    columns = {"validity": scores.pop("validity"), "total_variation": distance, **scores}
    return np.tile(distance, (config.epochs, 1)), columns


def _leak(config: Config) -> tuple[np.ndarray, Columns]:
    from .leak import leak

    losses, accuracy = leak(config)
    return losses, {"leak": accuracy}


def _polynomial(settings: Polynomial) -> tuple[np.ndarray, Columns]:
    from .polynomial import minimise

    losses = minimise(settings)
    if not np.isfinite(losses).all():
        raise ArithmeticError("the expected loss is not finite")
    return losses, {"expected_loss": losses[-1], "above_optimum": losses[-1] - settings.optimum}


def _keep(cell: Cell, directory: str) -> None:
    assert cell.curves is not None
    assert cell.columns is not None
    arrays: dict[str, Any] = {"curves": cell.curves, **{f"column {k}": v for k, v in cell.columns.items()}}
    write(directory, cell.file, lambda file: np.savez(file, **arrays), binary=True)


def _restore(cell: Cell, directory: str) -> bool:
    """Read a cell that was trained before; whether there is one."""
    try:
        with np.load(os.path.join(directory, cell.file), allow_pickle=False) as file:
            cell.curves = file["curves"]
            names = [name for name in file.files if name != "curves"]
            cell.columns = {name.removeprefix("column "): file[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError):
        return False
    return True


def _rows(cells: Sequence[Cell]) -> Iterator[str]:
    keys = list(dict.fromkeys(key for cell in cells for key in cell.varied))
    names = next((list(cell.columns) for cell in cells if cell.columns), [])
    yield ",".join([*keys, "run", *names, "failure"]) + "\n"
    for cell in cells:
        varied = [_cell(cell.varied.get(key, "")) for key in keys]
        if cell.columns is None:
            yield ",".join([*varied, "", *[""] * len(names), _cell(cell.failure)]) + "\n"
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
    headings = [f"{_heading(name):>24}" for name in names]
    if "counted_total_variation" in names:
        headings += [f"{name + ' TV / counted':>24}" for name in ("last", "averaged")]
    few = "validity" in names
    yield f"{'mean (min-max)' if few else 'median (90 % of the runs)':<{width}}  " + "  ".join(headings)
    for cell in cells:
        if cell.columns is None:
            yield f"{cell.label:<{width}}  failed: {cell.failure}"
            continue
        bands = []
        for name in names:
            values = cell.columns[name]
            if np.isnan(values).any():  # a run that never got there is infinitely late
                values = np.where(np.isnan(values), np.inf, values)
            low, median, high = np.quantile(values, [0.05, 0.5, 0.95], method="nearest")
            if few:
                low, median, high = values.min(), values.mean(), values.max()
            bands.append(f"{median:.4g} ({low:.3g}-{high:.3g})")
        if "counted_total_variation" in names:
            counted = cell.columns["counted_total_variation"]
            for name in ("total_variation", "averaged_total_variation"):
                bands.append("{:.3g} ± {:.2g}".format(*ratio_of_means(cell.columns[name], counted)))
        yield f"{cell.label:<{width}}  " + "  ".join(f"{band:>24}" for band in bands)


def _heading(name: str) -> str:
    return name.replace("max_abs_error", "error").replace("total_variation", "TV").replace("_", " ")


class _Bar:
    """One bar over all epochs of all cells; where the output is no terminal, a line a cell."""

    def __init__(self, cells: Sequence[Cell], quiet: bool) -> None:
        self.cells, self.quiet = len(cells), quiet
        self.total = sum(cell.settings.epochs * len(_runs(cell)) for cell in cells)
        self.epochs = self.done = 0
        self.start = time.perf_counter()

    def callback(self) -> Any:
        import keras

        return keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: self.advance(1))

    def advance(self, epochs: int) -> None:
        self.epochs += epochs
        if sys.stdout.isatty() and not self.quiet:
            part = self.epochs / self.total
            left = (time.perf_counter() - self.start) * (1 - part) / part
            filled = "=" * int(30 * part)
            print(
                f"\r[{filled:<30}] cell {self.done + 1}/{self.cells}, {left:4.0f} s left ", end="", flush=True
            )

    def finished(self, cell: Cell) -> None:
        self.done += 1
        expected = self.total * self.done // self.cells
        if self.epochs < expected:
            self.advance(expected - self.epochs)
        if self.quiet:
            return
        end = "\r\x1b[K" if sys.stdout.isatty() else ""
        outcome = f"failed: {cell.failure}"
        if cell.columns is not None:
            seconds = cell.columns["seconds"]
            outcome = f"{seconds.sum() if len(_runs(cell)) > 1 else seconds[0]:.1f} s"
        print(f"{end}cell {self.done}/{self.cells}: {cell.label}: {outcome}", flush=True)


if __name__ == "__main__":
    main()

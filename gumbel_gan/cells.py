"""A study's cells: what each is, training it, keeping what came out.

A cell is trained wherever this is imported: in the study's own process, or in a worker's.
"""

import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .config import Config
from .language import Strings
from .metrics import max_abs_error, total_variation
from .polynomial import Polynomial
from .quiet import quiet_import
from .results import read_arrays, write
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


def train(cell: Cell, callbacks: Sequence[Any] = ()) -> Cell:
    """The same cell, trained here: with its curves and columns, or why it could not be.

    Args:
        cell: one of `trainings`.
        callbacks: Keras callbacks, of a GAN's training.
    """
    start = time.perf_counter()
    settings = cell.settings
    with quiet_import(None if _of_strings(cell) else settings.runs, getattr(settings, "devices", 1)):
        from . import experiment
    try:
        curves, columns = _results(cell, callbacks)
    except experiment.Interrupted as error:  # what half a cell has learned is of no use
        raise KeyboardInterrupt(*getattr(error.__cause__, "args", ())) from None
    except (ValueError, ArithmeticError) as error:
        return replace(cell, failure=str(error))
    columns["seconds"] = np.full(curves.shape[1], time.perf_counter() - start)
    return replace(cell, curves=curves, columns=columns)


def trainings(cell: Cell) -> list[Cell]:
    """One for all runs of the cell; of strings one for each, with a seed and strings of its own."""
    config = cell.settings
    if not _of_strings(cell):
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


def _of_strings(cell: Cell) -> bool:
    return isinstance(cell.settings, Config) and cell.settings.data.length is not None


def gather(cell: Cell, trained: Sequence[Cell]) -> None:
    """Give a cell what its trainings found."""
    cell.failure = next((one.failure for one in trained if one.failure is not None), None)
    if cell.failure is None:
        columns = [one.columns for one in trained if one.columns is not None]
        cell.columns = {name: np.concatenate([one[name] for one in columns]) for name in columns[0]}
        cell.curves = np.concatenate([one.curves for one in trained if one.curves is not None], axis=1)


def _results(cell: Cell, callbacks: Sequence[Any]) -> tuple[np.ndarray, Columns]:
    if cell.kind == "polynomial":
        return _polynomial(cell.settings)
    if cell.kind == "leak":
        return _leak(cell.settings)
    if cell.kind in BASELINES:
        return _baseline(cell.kind, cell.settings)
    curves, columns = _gan(cell.settings, callbacks)
    if cell.kind == "gan_and_leak":
        columns |= _leak(cell.settings)[1]
    return curves, columns


def _gan(config: Config, callbacks: Sequence[Any] = ()) -> tuple[np.ndarray, Columns]:
    from . import experiment

    run, _ = experiment.run(config, callbacks=callbacks)
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


def keep(cell: Cell, directory: str) -> None:
    """Write a trained cell into a directory, in a file named by its settings."""
    assert cell.curves is not None
    assert cell.columns is not None
    arrays: dict[str, Any] = {"curves": cell.curves, **{f"column {k}": v for k, v in cell.columns.items()}}
    write(directory, cell.file, lambda file: np.savez(file, **arrays), binary=True)


def restore(cell: Cell, directory: str) -> bool:
    """Read a cell that was trained before; whether there is one."""
    try:
        arrays = read_arrays(os.path.join(directory, cell.file))
        cell.curves = arrays.pop("curves")
    except (OSError, ValueError, KeyError):
        return False
    cell.columns = {name.removeprefix("column "): values for name, values in arrays.items()}
    return True

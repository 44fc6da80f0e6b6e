"""A result in its directory: written file by file, and read again."""

import contextlib
import csv
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from ..config.catalogue import SOURCES
from ..config.checks import one_line
from ..data.columns import Column
from ..data.strings import length_classes
from .directory import claim_directory, clear, config_yaml, holds_run, stored_config
from .files import read_arrays, read_numbers, write, write_arrays, write_table
from .lock import locked
from .metrics import max_abs_error, total_variation
from .readable import MAX_READABLE, MAX_ROWS, Readable
from .result import Result
from .written import ERRORS

ARRAYS = ("labels", "learned", "averaged", "counted", "target")
PACKAGES = (
    "gumbel_gan",
    "tensorflow",
    "tensorflow-probability",
    "keras",
    "numpy",
    "matplotlib",
    "jsonargparse",
)
COLUMNS = ("epoch", "run", "category", "probability", "target", "error")
Write = Callable[[str], Any]
"""Writes a file into a directory."""


class Unwritten(OSError):
    """Some files of a result could not be written; all others were.

    Attributes:
        errors: by file name.
    """

    def __init__(self, directory: str, errors: Mapping[str, Exception], resumable: bool) -> None:
        self.errors = dict(errors)
        name, error = next(iter(errors.items()))
        others = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        again = "python -m gumbel_gan.train --resume --output" if resumable else "python -m gumbel_gan.plot"
        super().__init__(
            f"cannot write {os.path.join(directory, name)}{others} ({one_line(error)}); what was learned is "
            f"kept: {again} {directory} writes the rest"
        )


def save_as(
    result: Result, directory: str, pictures: Mapping[str, Write] | None = None, overwrite: bool = False
) -> str:
    """Write a result into a directory of its own; its path.

    Args:
        result: what was learned.
        directory: where to write; made, if need be.
        pictures: by file name, what writes each.
        overwrite: replace the results that it holds.

    Raises:
        ValueError: it holds results already, another process writes to it, or it cannot be written to.
        Unwritten: a file failed.
    """
    directory = claim_directory(os.path.expanduser(directory), "", overwrite)
    with locked(directory):
        clear(directory)
        save(result, directory, pictures)
    return directory


def save(result: Result, directory: str, pictures: Mapping[str, Write] | None = None) -> None:
    """Write tables, networks, settings, pictures and, last of all, the summary.

    A file that fails keeps none of the others from being written.

    Args:
        result: what was learned.
        directory: where to write.
        pictures: by file name, what writes each.

    Raises:
        Unwritten: a file failed. A picture's failure leaves the summary to be written, and plotting draws it
            again; that of any other file does not, so that resuming writes the results again.
    """
    files: dict[str, Write] = {
        "probabilities.csv": lambda place: write_table(
            place, "probabilities.csv", COLUMNS, _probability_rows(result)
        ),
        "metrics.csv": lambda place: write_table(
            place, "metrics.csv", ("epoch", "run", *result.metrics), _metric_rows(result)
        ),
        "generator.keras": lambda place: _save_network(result.generator, place, "generator.keras"),
        "discriminator.keras": lambda place: _save_network(
            result.discriminator, place, "discriminator.keras"
        ),
        "config.yaml": lambda place: write(
            place, "config.yaml", lambda file: file.write(config_yaml(result.config))
        ),
    }
    if _every(result) > 1:
        files["metrics.npz"] = lambda place: write_arrays(place, "metrics.npz", result.metrics)
    if _large(result):
        arrays: dict[str, Any] = {name: np.asarray(getattr(result, name)) for name in ARRAYS[1:]}
        # As JSON: an array of text loses the zeros at its ends.
        arrays["labels"] = np.frombuffer(
            json.dumps(list(result.labels), ensure_ascii=False).encode("utf-8", ERRORS), np.uint8
        )
        files["arrays.npz"] = lambda place: write_arrays(place, "arrays.npz", arrays)
    errors = _attempt(files, directory)
    of_pictures = _attempt(pictures or {}, directory)
    if errors:  # an older summary would stand beside newer files
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(directory, "summary.json"))
    else:
        summary = {"summary.json": lambda place: write(place, "summary.json", _summary_writer(result))}
        errors = _attempt(summary, directory)
    if errors or of_pictures:
        raise Unwritten(directory, {**errors, **of_pictures}, resumable=bool(errors))


def _attempt(files: Mapping[str, Write], directory: str) -> dict[str, Exception]:
    errors: dict[str, Exception] = {}
    for name, fill in files.items():
        try:
            fill(directory)
        except Exception as error:  # whatever it is, the other files are worth more
            errors[name] = error
    return errors


def _save_network(network: Any, directory: str, name: str) -> None:
    temporary = os.path.join(directory, f".{name}")  # Keras insists on the ending
    try:
        network.save(temporary)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, os.path.join(directory, name))
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def _probability_rows(result: Result) -> Iterator[Sequence[Any]]:
    labels = result.shown_labels
    for epoch, runs, target in zip(result.epochs, result.probabilities, result.targets, strict=True):
        for number, probabilities in enumerate(runs):
            columns = (probabilities.tolist(), target.tolist(), (probabilities - target).tolist())
            for label, *values in zip(labels, *columns, strict=True):
                yield (epoch, number, label, *(f"{value:.9g}" for value in values))


def _metric_rows(result: Result) -> Iterator[Sequence[Any]]:
    """Those of every epoch, or of so many that a reader can still open them."""
    every, last = _every(result), result.trained_epochs
    for epoch in range(1, last + 1):
        if epoch % every and epoch != last:
            continue
        runs = np.stack([values[epoch - 1] for values in result.metrics.values()], axis=-1)  # [R, metrics]
        for number, row in enumerate(runs.tolist()):
            yield (epoch, number, *(f"{value:.9g}" for value in row))


def _every(result: Result) -> int:
    """Of how many epochs metrics.csv holds one; where that is not each, metrics.npz holds them all."""
    return -(-result.trained_epochs * result.runs // MAX_ROWS)


def _large(result: Result) -> bool:
    """Whether there are too many categories for a summary."""
    return len(result.target) > MAX_READABLE


def _summary_writer(result: Result) -> Callable[[Any], Any]:
    return lambda file: file.write(json.dumps(summary(result), indent=1, ensure_ascii=False))


def summary(result: Result) -> dict[str, Any]:
    """What summary.json holds."""

    def rows(array: np.ndarray) -> Any:
        return np.round(array.astype(np.float64), 9).tolist()

    def shown(array: np.ndarray) -> Any:
        return rows(result.readable(array) if _large(result) else array)

    scores = {name: result.metrics[name] for name in result.source.scores if name in result.metrics}
    return {
        "labels": list(result.shown_labels if _large(result) else result.labels),
        "target": shown(result.target),
        "target_is": result.target_is,
        "learned": shown(result.learned),
        "averaged": shown(result.averaged),
        "counted": shown(result.counted),
        "max_abs_error": rows(max_abs_error(result.learned, result.target)),
        "total_variation": rows(total_variation(result.learned, result.target)),
        "averaged_total_variation": rows(total_variation(result.averaged, result.target)),
        "counted_total_variation": rows(total_variation(result.counted, result.target)),
        **{name: rows(values[-1]) for name, values in scores.items() if not np.isnan(values[-1]).any()},
        **_of_samples(result),
        **_of_rows(result),
        **({"warning": result.warning} if result.warning else {}),
        "source": result.kind,
        "categories": len(result.target),
        "epochs": result.trained_epochs,
        "probabilities_every": int(result.epochs[0]),
        "optimizer_steps": result.optimizer_steps,
        "compile_seconds": round(result.compile_seconds, 3),
        "train_seconds": round(result.train_seconds, 3),
        "seed": result.config.seed,
        "device": dict(zip(("kind", "why"), result.place, strict=True)),
        "versions": {name: installed_version(name) for name in PACKAGES},
    }


def _of_samples(result: Result) -> dict[str, Any]:
    """What is known of a generator of strings, besides."""
    if result.classes is None:
        return {}
    of_classes = zip(result.shown_labels, result.probabilities[-1].mean(0).tolist(), strict=True)
    return {
        **{name: np.round(share, 9).tolist() for name, share in result.shares.items()},
        "samples": [list(samples) for samples in result.samples],
        "classes": list(result.classes),
        "class_probabilities": {name: round(probability, 9) for name, probability in of_classes},
    }


def _of_rows(result: Result) -> dict[str, Any]:
    """What is known of a table, besides."""
    if not result.columns:
        return {}
    return {
        "columns": [column.to_json() for column in result.columns],
        "split": result.split,
        "kept_epochs": result.kept.tolist(),
        "fidelity": [{name: _listed(value) for name, value in of_run.items()} for of_run in result.fidelity],
    }


def _listed(value: Any) -> Any:
    """A score as JSON holds it: a number, or lists of them."""
    if isinstance(value, list):
        return [_listed(one) for one in value]
    return np.round(value, 9).tolist()


def _rows_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """What summary.json tells of a table, as attributes of a result."""
    if "columns" not in told:
        return {}
    return {
        "columns": tuple(Column.from_json(column) for column in told["columns"]),
        "split": told["split"],
        "kept": np.array(told["kept_epochs"], int),
        "fidelity": tuple(
            {
                name: [np.array(one) for one in value]
                if name == "marginals"
                else np.array(value)
                if isinstance(value, list)
                else value
                for name, value in of_run.items()
            }
            for of_run in told["fidelity"]
        ),
    }


def installed_version(package: str) -> str:
    """The version of a package; of one that was never installed, as a source tree, its own word for it."""
    try:
        return version(package)
    except PackageNotFoundError:
        module = sys.modules.get(package.replace("-", "_"))
        return str(getattr(module, "__version__", "unknown"))


def load(directory: str) -> Result:
    """Read the results of a run; its networks are loaded when they are first asked for.

    Nothing in the directory is executed.

    Raises:
        ValueError: the directory holds no run, or a file of it cannot be read.

    Example:
        >>> import gumbel_gan as gg
        >>> result, gan = gg.run(gg.Config(epochs=2, seed=0))
        >>> found = gg.load(result.save("runs/toy"))
        >>> found.learned.shape, found.generator.categories
        ((1, 5), 5)
    """
    directory = os.path.expanduser(directory)
    if not holds_run(directory):
        if os.path.isfile(os.path.join(directory, "study.csv")):
            raise ValueError(f"{directory} holds a study: load_study reads it, plot --format html shows it")
        raise ValueError(f"{directory} holds no run: give the output directory of a training")
    config = stored_config(directory)
    name = "summary.json"
    if not os.path.exists(os.path.join(directory, name)):
        raise ValueError(f"{directory} holds a run without results: python -m gumbel_gan.train --resume")
    try:
        with open(os.path.join(directory, name), encoding="utf-8", errors=ERRORS) as file:
            told = json.load(file)
        runs = len(told["learned"])
        arrays: dict[str, Any] = {key: np.array(told[key]) for key in ARRAYS[1:]}
        labels = tuple(told["labels"])
        if told["categories"] > MAX_READABLE:
            name = "arrays.npz"
            stored = read_arrays(os.path.join(directory, name))
            arrays = {key: stored[key] for key in ARRAYS[1:]}
            names_of = stored["labels"]  # version 0.1 wrote them as text
            as_json = names_of.dtype == np.uint8
            text = names_of.tobytes().decode("utf-8", ERRORS) if as_json else ""
            labels = tuple(json.loads(text) if as_json else names_of.tolist())
        kind, classes, samples = _of_strings(told, labels, config.data.kind)
        of_rows = _rows_of(told)
        readable = Readable(arrays["target"], told["target_is"] != "counted", classes)
        shown = len(readable.labels(labels))
        name = "probabilities.csv"
        _, numbers = read_numbers(os.path.join(directory, name), ("epoch", "probability", "target"))
        table = numbers.reshape(-1, runs, shown, 3)
        name, metrics = "metrics.npz", {}
        with contextlib.suppress(FileNotFoundError):
            metrics = read_arrays(os.path.join(directory, name))
        if not metrics:
            name = "metrics.csv"
            names, numbers = read_numbers(os.path.join(directory, name))
            columns = numbers.reshape(-1, runs, len(names))[..., 2:]  # epoch and run before them
            metrics = dict(zip(names[2:], np.moveaxis(columns, -1, 0), strict=True))
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        path = os.path.join(directory, name)
        raise ValueError(f"{path} cannot be read ({one_line(error)}): train again") from None
    return Result(
        config=replace(config, output=directory),
        labels=labels,
        target_is=told["target_is"],
        epochs=table[:, 0, 0, 0].astype(int),
        probabilities=table[..., 1],
        targets=table[:, 0, :, 2],
        metrics=metrics,
        **arrays,
        optimizer_steps=told["optimizer_steps"],
        compile_seconds=told["compile_seconds"],
        train_seconds=told["train_seconds"],
        directory=directory,
        versions=told["versions"],
        samples=samples,
        kind=kind,
        classes=classes,
        warning=told.get("warning"),
        place=tuple(told.get("device", {"kind": "", "why": ""}).values()),
        **of_rows,
    )


def _of_strings(
    told: Mapping[str, Any], labels: Sequence[str], kind: str
) -> tuple[str, tuple[str, ...] | None, tuple[tuple[str, ...], ...]]:
    """Kind of source, classes and samples; version 0.1 wrote the samples of its one run without classes."""
    samples = told.get("samples", [])
    if samples and isinstance(samples[0], str):
        return kind, tuple(length_classes(labels)), (tuple(samples),)
    classes = tuple(told["classes"]) if "classes" in told else None
    SOURCES.check("source", told.get("source", kind))
    return str(told.get("source", kind)), classes, tuple(tuple(of_run) for of_run in samples)

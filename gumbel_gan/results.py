"""What a training has found, and the directory that holds it."""

import csv
import io
import json
import os
import shutil
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
import yaml

from .config import Config, from_settings
from .language import length_classes
from .metrics import max_abs_error, total_variation
from .quiet import quiet_import

MAX_READABLE = 10_000  # categories; with more, files for people hold the most probable
MOST_PROBABLE = 1_000
MAX_ROWS = 1_000_000  # of probabilities.csv; beyond, it holds every n-th epoch
OTHER = "(anything else)"
"""The class of the strings that are not in the language."""
SCORES = ("validity", "coverage", "kl", "perplexity")
"""Of sequences, in metrics.csv and the summary."""
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


class Readable:
    """The categories that files for people show: all, or the most probable ones and a total of the others.

    Args:
        target: [K].
        known: whether the target is known from the start; else the first categories stand for the most
            probable.
        classes: K names of the classes to show in place of categories, with all that is in none of them.
    """

    def __init__(self, target: np.ndarray, known: bool, classes: Sequence[str] | None = None) -> None:
        self.classes = tuple(dict.fromkeys(classes or ()))
        self._member = np.array([[name == one for one in self.classes] for name in classes or ()], float)
        self.all = len(target) <= MAX_READABLE and not self.classes
        order = np.argsort(-target, kind="stable") if known else np.arange(len(target))
        self._shown = order[:MOST_PROBABLE]

    def labels(self, labels: Sequence[str]) -> tuple[str, ...]:
        """K labels to those shown."""
        if self.all:
            return tuple(labels)
        if self.classes:
            return (*self.classes, OTHER)
        return (*(labels[category] for category in self._shown), f"({len(labels) - MOST_PROBABLE:,} others)")

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        """[..., K] to [..., K']."""
        if self.all:
            return probabilities
        shown = probabilities @ self._member if self.classes else probabilities[..., self._shown]
        whole = 1.0 if self.classes else probabilities.sum(-1, keepdims=True)
        others = whole - shown.sum(-1, keepdims=True)
        return np.concatenate([shown, others], axis=-1)


@dataclass(repr=False)
class Run:
    """A training and what it learned.

    Attributes:
        config: its settings.
        labels: K names of the categories.
        target_is: "given", "frequencies" or "counted".
        epochs: int [E'], the epochs (1, 2, ...) after which `probabilities` were recorded.
        probabilities: [E', R, K'], learned; K' is K up to 10,000 categories, else they are the 1,000 most
            probable and the others together.
        targets: [E', K'], what they should be.
        metrics: name to [E, R], after every epoch.
        learned: [R, K], after the last epoch.
        averaged: [R, K], mean over every generator step from `training.average_from` on.
        counted: [R, K], by plain counting of the very integers that each run consumed.
        target: [K].
        optimizer_steps: of one run.
        compile_seconds: tracing, compiling and running the first epoch.
        train_seconds: all later epochs.
        directory: where it was loaded from, if it was.
        versions: of the main packages.
        samples: of a generator of strings.
    """

    config: Config
    labels: tuple[str, ...]
    target_is: str
    epochs: np.ndarray
    probabilities: np.ndarray
    targets: np.ndarray
    metrics: dict[str, np.ndarray]
    learned: np.ndarray
    averaged: np.ndarray
    counted: np.ndarray
    target: np.ndarray
    optimizer_steps: int
    compile_seconds: float
    train_seconds: float
    directory: str | None = None
    versions: dict[str, str] | None = None
    samples: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Short: its arrays hold thousands of numbers."""
        epochs, runs = self.metrics["max_abs_error"].shape
        place = f", {self.directory}" if self.directory else ""
        return f"<Run of {runs} runs, {epochs} epochs, {len(self.labels)} categories{place}>"

    @cached_property
    def generator(self) -> Any:
        """The trained generator; loading it loads TensorFlow."""
        return self._network("generator.keras")

    @cached_property
    def discriminator(self) -> Any:
        """The trained discriminator; loading it loads TensorFlow."""
        return self._network("discriminator.keras")

    def _network(self, name: str) -> Any:
        if self.directory is None:
            raise AttributeError("a run that was not saved keeps its networks in its CategoricalGAN")
        with quiet_import():
            import keras

            from . import models, sequences  # noqa: F401  (registers them with Keras)

        path = os.path.join(self.directory, name)
        try:
            return keras.models.load_model(path)
        except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} cannot be read ({' '.join(str(error).split())}): train again") from None

    @property
    def shown_labels(self) -> tuple[str, ...]:
        """K' names of the categories in `probabilities`."""
        return self.readable.labels(self.labels)

    @property
    def readable(self) -> Readable:
        """Reduces [..., K] to the K' categories of `labels`."""
        classes = length_classes(self.labels) if self.config.data.length else None
        return Readable(self.target, self.target_is != "counted", classes)

    @property
    def shares(self) -> dict[str, float]:
        """Of the samples of strings: how many are different, and how many are among those trained on."""
        seen = {self.labels[s] for s in np.flatnonzero(self.counted.any(0))}
        return {
            "distinct_share": len(set(self.samples)) / len(self.samples),
            "training_overlap": sum(sample in seen for sample in self.samples) / len(self.samples),
        }

    @property
    def errors(self) -> np.ndarray:
        """Learned minus true probability, [E', R, K']."""
        return self.probabilities - self.targets[:, None, :]


def shown_label(label: str, width: int = 18) -> str:
    """A label as a table or an axis shows it: short, and quoted where it would not be seen."""
    label = repr(label) if label != label.strip() or not label.isprintable() else label
    return label if len(label) <= width else label[: width - 1] + "…"


def holds_run(directory: str) -> bool:
    """Whether a directory holds the results of a run."""
    return any(os.path.exists(os.path.join(directory, name)) for name in ("summary.json", "config.yaml"))


def claim_directory(output: str | None, name: str, overwrite: bool) -> str:
    """The directory to write to: the one given, or the first of runs/NAME, runs/NAME-2, ... that is free.

    Creates it, if need be.

    Raises:
        ValueError: the one given holds a run and `overwrite` is false, or it cannot be written to.
    """
    if output is None:
        number = 1
        while True:
            directory = os.path.join("runs", name if number == 1 else f"{name}-{number}")
            try:
                os.makedirs(directory)
                return directory
            except FileExistsError:
                number += 1
            except OSError as error:
                raise _cannot_write(directory, error) from None
    if holds_run(output) and not overwrite:
        raise ValueError(f"output: {output} holds a run already: give another directory, or --overwrite")
    try:
        os.makedirs(output, exist_ok=True)
        if not os.access(output, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise _cannot_write(output, error) from None
    return output


def _cannot_write(directory: str, error: OSError) -> ValueError:
    return ValueError(f"output: cannot write to {directory} ({error.strerror}): give another directory")


def save(run: Run, directory: str, gan: Any) -> None:
    """Write everything but the pictures into a directory: tables, summary, settings, the two networks."""
    write(directory, "probabilities.csv", lambda file: file.writelines(_probability_rows(run)))
    write(directory, "metrics.csv", lambda file: file.writelines(_metric_rows(run)))
    if _large(run):
        arrays: dict[str, Any] = {name: np.asarray(getattr(run, name)) for name in ARRAYS}
        write(directory, "arrays.npz", lambda file: np.savez(file, **arrays), binary=True)
    for name in ("generator", "discriminator"):
        temporary = os.path.join(directory, f".{name}.keras")  # Keras insists on the ending
        try:
            getattr(gan, name).save(temporary)
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            os.replace(temporary, os.path.join(directory, f"{name}.keras"))
        finally:
            if os.path.exists(temporary):
                os.remove(temporary)
    write(directory, "config.yaml", lambda file: file.write(config_yaml(run.config)))
    # The last one: a run that has it has everything.
    write(directory, "summary.json", lambda file: file.write(_summary(run)))


def clear(directory: str) -> None:
    """Forget the run that a directory holds: its summary and its checkpoints."""
    if os.path.exists(summary := os.path.join(directory, "summary.json")):
        os.remove(summary)
    shutil.rmtree(os.path.join(directory, "checkpoint"), ignore_errors=True)


def begun(directory: str) -> bool:
    """Whether a directory holds anything that was learned."""
    return any(os.path.exists(os.path.join(directory, name)) for name in ("summary.json", "checkpoint"))


def finished(config: Config) -> bool:
    """Whether the run in `config.output` has all its epochs, and its results.

    Raises:
        ValueError: its summary cannot be read.
    """
    path = os.path.join(str(config.output), "summary.json")
    try:
        with open(path, encoding="utf-8") as file:
            return int(json.load(file)["epochs"]) >= config.epochs
    except FileNotFoundError:
        return False
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} cannot be read ({_reason(error)}): remove it, and resume again") from None


def stored_config(directory: str) -> Config:
    """The configuration of the run that a directory holds.

    Raises:
        ValueError: there is none, or it cannot be read.
    """
    path = os.path.join(directory, "config.yaml")
    try:
        with open(path, encoding="utf-8") as file:
            return from_settings(yaml.safe_load(file))
    except FileNotFoundError:
        raise ValueError(f"{directory} holds no run: give the output directory of a training") from None
    except (OSError, AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read ({_reason(error)}): train again") from None


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())


def write(directory: str, name: str, fill: Callable[[Any], Any], binary: bool = False) -> str:
    """Write a file beside its place and move it there when it is whole; its path."""
    path = os.path.join(directory, name)
    temporary = os.path.join(directory, f".{name}.partial")
    options: dict[str, Any] = {"mode": "wb"} if binary else {"mode": "w", "encoding": "utf-8", "newline": ""}
    try:
        with open(temporary, **options) as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
    return path


def read_arrays(path: str) -> dict[str, np.ndarray]:
    """The arrays of a .npz file; never an object that would have to be unpickled.

    Raises:
        OSError: there is no such file, or it cannot be opened.
        ValueError: it is broken.
    """
    try:
        # Opened here: NumPy would leave open what is no archive.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (EOFError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(_reason(error)) from None


def config_yaml(config: Config) -> str:
    """The settings as YAML, without `output` and `overwrite`; paths are absolute."""
    settings = asdict(config)
    del settings["output"], settings["overwrite"]
    path = config.data.path
    if path is not None and path != "-":
        settings["data"]["path"] = os.path.abspath(path)
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)


def _probability_rows(run: Run) -> Iterable[str]:
    yield "epoch,run,category,probability,target,error\n"
    labels = [_quoted(label) for label in run.shown_labels]
    for epoch, runs, target in zip(run.epochs, run.probabilities, run.targets, strict=True):
        for number, probabilities in enumerate(runs):
            errors = (probabilities - target).tolist()
            yield "".join(
                f"{epoch},{number},{label},{p:.9g},{t:.9g},{e:.9g}\n"
                for label, p, t, e in zip(
                    labels, probabilities.tolist(), target.tolist(), errors, strict=True
                )
            )


def _metric_rows(run: Run) -> Iterable[str]:
    yield ",".join(["epoch", "run", *run.metrics]) + "\n"
    table = np.stack(list(run.metrics.values()), axis=-1)  # [E, R, metrics]
    for epoch, runs in enumerate(table.tolist(), start=1):
        for number, row in enumerate(runs):
            yield f"{epoch},{number}," + ",".join(f"{value:.9g}" for value in row) + "\n"


def _quoted(label: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow([label])
    return buffer.getvalue()


def _large(run: Run) -> bool:
    """Whether there are too many categories for a summary."""
    return len(run.target) > MAX_READABLE


def _summary(run: Run) -> str:
    def rows(array: np.ndarray) -> Any:
        return np.round(array.astype(np.float64), 9).tolist()

    def shown(array: np.ndarray) -> Any:
        return rows(run.readable(array) if _large(run) else array)

    return json.dumps(
        {
            "labels": list(run.shown_labels if _large(run) else run.labels),
            "target": shown(run.target),
            "target_is": run.target_is,
            "learned": shown(run.learned),
            "averaged": shown(run.averaged),
            "counted": shown(run.counted),
            "max_abs_error": rows(max_abs_error(run.learned, run.target)),
            "total_variation": rows(total_variation(run.learned, run.target)),
            "averaged_total_variation": rows(total_variation(run.averaged, run.target)),
            "counted_total_variation": rows(total_variation(run.counted, run.target)),
            **_scores(run),
            "categories": len(run.target),
            "epochs": len(next(iter(run.metrics.values()))),
            "probabilities_every": int(run.epochs[0]),
            "optimizer_steps": run.optimizer_steps,
            "compile_seconds": round(run.compile_seconds, 3),
            "train_seconds": round(run.train_seconds, 3),
            "seed": run.config.seed,
            "versions": {name: version(name) for name in PACKAGES},
        },
        indent=1,
        ensure_ascii=False,
    )


def _scores(run: Run) -> dict[str, Any]:
    """What is known of sequences, besides."""
    if not run.config.data.length:
        return {}
    scores: dict[str, Any] = {
        name: np.round(run.metrics[name][-1], 9).tolist() for name in SCORES if name in run.metrics
    }
    classes = zip(run.shown_labels, run.probabilities[-1].mean(0).tolist(), strict=True)
    scores |= {**run.shares, "samples": list(run.samples)}
    scores["length_probabilities"] = {name: round(probability, 9) for name, probability in classes}
    return scores


def load(directory: str) -> Run:
    """Read the results of a run; its generator is loaded when it is first asked for.

    Raises:
        ValueError: the directory holds no run, or a file of it cannot be read.
    """
    if not holds_run(directory):
        raise ValueError(f"{directory} holds no run: give the output directory of a training")
    config = stored_config(directory)
    name = "summary.json"
    if not os.path.exists(os.path.join(directory, name)):
        raise ValueError(f"{directory} holds a run without results: python -m gumbel_gan.train --resume")
    try:
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            summary = json.load(file)
        runs = len(summary["learned"])
        arrays = {key: np.array(summary[key]) for key in ARRAYS}
        if summary["categories"] > MAX_READABLE:
            name = "arrays.npz"
            stored = read_arrays(os.path.join(directory, name))
            arrays = {key: stored[key] for key in ARRAYS}
        labels = tuple(arrays.pop("labels").tolist())
        classes = length_classes(labels) if config.data.length else None
        readable = Readable(arrays["target"], summary["target_is"] != "counted", classes)
        shown = len(readable.labels(labels))
        name = "probabilities.csv"
        table = _numbers(os.path.join(directory, name), usecols=(0, 3, 4)).reshape(-1, runs, shown, 3)
        name = "metrics.csv"
        path = os.path.join(directory, name)
        with open(path, encoding="utf-8") as file:
            names = file.readline().strip().split(",")[2:]
        columns = _numbers(path, usecols=None)[:, 2:].reshape(-1, runs, len(names))
    except (OSError, KeyError, TypeError, ValueError, UserWarning, yaml.YAMLError) as error:
        path = os.path.join(directory, name)
        raise ValueError(f"{path} cannot be read ({_reason(error)}): train again") from None
    return Run(
        config=replace(config, output=directory),
        labels=labels,
        target_is=summary["target_is"],
        epochs=table[:, 0, 0, 0].astype(int),
        probabilities=table[..., 1],
        targets=table[:, 0, :, 2],
        metrics={name: columns[..., column] for column, name in enumerate(names)},
        **arrays,
        optimizer_steps=summary["optimizer_steps"],
        compile_seconds=summary["compile_seconds"],
        train_seconds=summary["train_seconds"],
        directory=directory,
        versions=summary["versions"],
        samples=tuple(summary.get("samples", ())),
    )


def _numbers(path: str, usecols: tuple[int, ...] | None) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # an empty table is as broken as any other
        return np.loadtxt(
            path,
            delimiter=",",
            skiprows=1,
            usecols=usecols,
            quotechar='"',
            comments=None,
            encoding="utf-8",
            ndmin=2,
        )

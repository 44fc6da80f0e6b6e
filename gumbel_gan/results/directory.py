"""The directory that holds a run: who may write there, and what it holds."""

import json
import os
import shutil
from dataclasses import asdict

import yaml

from ..config.checks import one_line
from ..config.config import Config
from ..config.data import Data
from ..config.reading import from_settings
from .written import ERRORS, parse

LOCK, HOLDER = ".lock", ".lock.json"
"""The file that a writer locks, and the one beside it that says who it is."""


def holds_run(directory: str) -> bool:
    """Whether a directory holds the results of a run."""
    return any(os.path.exists(os.path.join(directory, name)) for name in ("summary.json", "config.yaml"))


def run_name(data: Data, config_file: str | None) -> str:
    """What a run is called: by what is learned, or else by its file of settings, or toy."""
    if data.path is not None:
        stem = "standard_input" if data.path == "-" else os.path.basename(data.path).split(".")[0]
        return "-".join(filter(None, [stem or "data", (data.column or "").replace(os.sep, "_")]))
    if not config_file:
        return "toy"
    stem = os.path.splitext(os.path.basename(config_file))[0]
    # A run's own file is called so in every run: its directory has the name.
    return os.path.basename(os.path.dirname(os.path.abspath(config_file))) if stem == "config" else stem


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
                raise cannot_write(directory, error) from None
    if holds_run(output) and not overwrite:
        raise ValueError(
            f"output: {output} holds a run already: give another directory, or --overwrite "
            "(in Python overwrite=True)"
        )
    return made_directory(output)


def made_directory(directory: str) -> str:
    """The directory, created if need be.

    Raises:
        ValueError: it cannot be written to.
    """
    try:
        os.makedirs(directory, exist_ok=True)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise cannot_write(directory, error) from None
    return directory


def cannot_write(directory: str, error: OSError) -> ValueError:
    """The error that says so."""
    return ValueError(f"output: cannot write to {directory} ({one_line(error)}): give another directory")


def clear(directory: str) -> None:
    """Forget the run that a directory holds: its summary, its checkpoints, and what only some runs write."""
    for name in ("summary.json", "metrics.npz"):
        if os.path.exists(path := os.path.join(directory, name)):
            os.remove(path)
    shutil.rmtree(os.path.join(directory, "checkpoint"), ignore_errors=True)


def begun(directory: str) -> bool:
    """Whether a directory holds anything that was learned."""
    return any(os.path.exists(os.path.join(directory, name)) for name in ("summary.json", "checkpoint"))


def abandon(directory: str) -> None:
    """Remove the settings of a run that has learned nothing, and the directory if nothing else is in it."""
    for name in ("config.yaml", LOCK, HOLDER):
        if os.path.exists(path := os.path.join(directory, name)):
            os.remove(path)
    if not os.listdir(directory):
        os.rmdir(directory)


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
        raise ValueError(f"{path} cannot be read ({one_line(error)}): remove it, and resume again") from None


def stored_config(directory: str) -> Config:
    """The configuration of the run that a directory holds.

    Raises:
        ValueError: there is none, or it cannot be read.
    """
    path = os.path.join(directory, "config.yaml")
    try:
        with open(path, encoding="utf-8", errors=ERRORS) as file:
            return from_settings(Config, parse(file.read()))
    except FileNotFoundError:
        raise ValueError(f"{directory} holds no run: give the output directory of a training") from None
    except (OSError, AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read ({one_line(error)}): train again") from None


def config_yaml(config: Config) -> str:
    """The settings as YAML, without `output` and `overwrite`; paths are absolute."""
    settings = asdict(config)
    del settings["output"], settings["overwrite"]
    path = config.data.path
    if path is not None and path != "-":
        settings["data"]["path"] = os.path.abspath(path)
    text = str(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
    # YAML folds some of Unicode's line ends; then all but ASCII is escaped.
    return text if parse(text) == settings else str(yaml.safe_dump(settings, sort_keys=False))

"""A study file: which cells it asks for.

It has a `base` of settings, or the name of a file of them, and `vary` (a grid: every key's values) or
`cells` (a list of settings); a plain training configuration will do with `--vary`. Its `kind`, or a cell's
own, is the name of a task.
"""

import itertools
import os
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from ..config.catalogue import TASKS
from ..results.directory import holds_run
from ..results.written import parse, read_settings
from ..training.memory import runs_that_fit
from .cells import Cell

PARTS = {"kind", "base", "vary", "cells"}


def read(path: str, vary: Sequence[str], given: Mapping[str, Any]) -> tuple[str, list[Cell]]:
    """The kind of a study and its cells.

    Args:
        path: of the study, or of a training's settings.
        vary: KEY=[a,b,...] each, or KEY=a, which fixes a setting.
        given: settings that go before the study's own; None is none.

    Raises:
        ValueError: one line, naming the setting, what was received and what would do.
    """
    study = _study(path)
    kind = study.get("kind", "gan")
    TASKS.check("kind", kind)
    grid = _grid(study.get("vary") or {}, vary)
    combinations = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    listed = study.get("cells") or [{}]
    if not isinstance(listed, list) or not all(isinstance(cell, dict) for cell in listed):
        raise ValueError(f"cells: received no list of settings in {path}: give one")
    base = _flat(_base(study.get("base") or {}, path))
    base.update({key: value for key, value in given.items() if value is not None})
    base = {"runs": 64, "seed": 0} | base
    cells = [
        _cell(kind, base, {**_flat(cell), **combination})
        for cell, combination in itertools.product(listed, combinations)
    ]
    _check_own(cells, [path, *([_beside(path, study["base"])] if isinstance(study.get("base"), str) else [])])
    return kind, cells


def _check_own(cells: Sequence[Cell], paths: Sequence[str]) -> None:
    """Refuse parts of the user's own that a run directory names: nothing in it is executed."""
    places = [path for path in paths if holds_run(os.path.dirname(path) or ".")]
    for key, name in (part for cell in cells for part in cell.own_parts if places):
        raise ValueError(
            f"{key}: received {name} from {places[0]}, in a run's directory, which would run code "
            "of that name: copy the settings elsewhere, if you trust them"
        )


def _beside(path: str, base: str) -> str:
    """The file of the base, seen from the study's place."""
    return os.path.join(os.path.dirname(path), base)


def _study(path: str) -> dict[str, Any]:
    study = read_settings(path, "study") or {}
    if not isinstance(study, dict):
        raise ValueError(f"study: received {path} with no settings in it: give base, and vary or cells")
    if not PARTS & set(study):
        study = {"base": study}
    if unknown := set(study) - PARTS:
        raise ValueError(f"study: received {sorted(unknown)[0]!r} in {path}: give kind, base, vary, cells")
    return study


def _grid(own: Any, vary: Sequence[str]) -> dict[str, list[Any]]:
    if not isinstance(own, dict):
        raise ValueError(f"vary: received {own!r}: give settings, each with a list of values")
    grid = {str(key): values for key, values in own.items()}
    for option in vary:
        key, equals, values = option.partition("=")
        try:
            parsed = parse(values) if equals else None
        except yaml.YAMLError:
            raise ValueError(f"vary: received {option}: give a list of values, as {key}=[a,b]") from None
        grid[key] = (
            [parsed] if isinstance(parsed, bool | int | float | str) else parsed
        )  # one fixes a setting
    for key, values in grid.items():
        if not isinstance(values, list) or not values:
            raise ValueError(f"vary: received {key}={values}: give a list of values, as {key}=[a,b]")
    return grid


def _cell(kind: str, base: dict[str, Any], varied: dict[str, Any]) -> Cell:
    name, own = varied.pop("name", None), varied.pop("kind", kind)
    TASKS.check("kind", own)
    settings = {**base, **varied}
    if settings["runs"] == "auto":
        settings["runs"] = runs_that_fit(_settings(own, {**settings, "runs": 1}))
    return Cell(varied, _settings(own, settings), own, None if name is None else str(name))


def _base(base: Any, path: str) -> dict[str, Any]:
    """The settings that all cells share; a name is that of a file of them, seen from the study's place."""
    if isinstance(base, str):
        base = read_settings(_beside(path, base), "base")
    if not isinstance(base, dict):
        raise ValueError(f"base: received no settings in {path}: give some, or a YAML file")
    return base


def _flat(settings: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by dotted key; the options of the user's own parts stay dictionaries."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        whole = not isinstance(value, dict) or str(key).endswith("options")
        flat.update({f"{prefix}{key}": value} if whole else _flat(value, f"{prefix}{key}."))
    return flat


def _settings(kind: str, flat: Mapping[str, Any]) -> Any:
    """The settings of a cell of a kind, from those by dotted key."""
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        *parents, last = key.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise ValueError(f"{key}: received a setting of {parent!r}, which has none: leave it out")
        place[last] = value
    return TASKS.load(kind)().read(nested)

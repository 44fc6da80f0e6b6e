"""Settings as they are written in YAML: labels stay text, paths are seen from their file."""

import os
import re
from typing import Any

import yaml

from ..config.checks import one_line
from ..config.config import Config
from ..config.reading import from_settings

ERRORS = "surrogatepass"
"""How text is written that no UTF-8 has: names of files that are not text hold such characters."""
AS_WRITTEN = ("labels", "vocabulary", "columns")
"""Settings whose lists hold text, whatever it looks like: `no`, `010` and `1.10` are labels."""
TEXT = ("name", "column", "separator", "encoding", "weights")
"""Settings that are text, too; but for null, which is none."""


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, for which labels are text."""


def _mapping(loader: _Loader, node: Any) -> dict[Any, Any]:
    for key, value in node.value:
        written = value.value if key.value in AS_WRITTEN and isinstance(value, yaml.SequenceNode) else []
        for text in [value] if key.value in TEXT else written:
            if isinstance(text, yaml.ScalarNode) and (written or not text.tag.endswith(":null")):
                text.tag = "tag:yaml.org,2002:str"
    return loader.construct_mapping(node, deep=True)


# YAML 1.1 takes 1e-3 for text.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+"), list("-+0123456789")
)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_settings(path: str, name: str = "config") -> Any:
    """What a YAML file of settings holds.

    A relative `data.path` in it is seen from the file's directory, if there is such a file.

    Args:
        path: of the file.
        name: of the setting that asks for it, for messages.

    Raises:
        ValueError: it cannot be read, or is no YAML.
    """
    try:
        with open(path, encoding="utf-8") as file:
            found = parse(file.read())
    except UnicodeDecodeError:
        raise ValueError(f"{name}: received {path}, which is not UTF-8 text: give a YAML file") from None
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"{name}: cannot read {path} ({one_line(error)}): give a YAML file") from None
    return _placed(found, os.path.dirname(path))


def parse(text: str) -> Any:
    """What YAML text holds, with labels as they are written.

    Raises:
        yaml.YAMLError: it is none.
    """
    return yaml.load(text, Loader=_Loader)


def _placed(settings: Any, directory: str) -> Any:
    """The settings, with relative data paths seen from a directory, in every part of a study."""
    if isinstance(settings, list):
        return [_placed(one, directory) for one in settings]
    if not isinstance(settings, dict):
        return settings
    placed = {key: _placed(value, directory) for key, value in settings.items()}
    for key, place in (("data.path", placed), ("path", placed.get("data"))):
        if isinstance(place, dict) and isinstance(path := place.get(key), str):
            beside = os.path.join(directory, os.path.expanduser(path))
            if path != "-" and os.path.exists(beside):
                place[key] = beside
    return placed


def ready_made(path: str) -> str:
    """The path; where there is no such file, and it begins with configs/, that of the one in the package."""
    home = os.path.dirname(os.path.dirname(__file__))
    for place in (home, os.path.dirname(home)):  # installed, or a clone
        packaged = os.path.join(place, path)
        if path.startswith("configs/") and not os.path.exists(path) and os.path.exists(packaged):
            return packaged
    return path


def recipe(name: str, **changes: Any) -> Config:
    """The settings of a file that comes with the package, with changes.

    Args:
        name: of the file, without its ending: toy, grammar, table, ...
        changes: other settings; those of a group as a dictionary.

    Raises:
        ValueError: there is no such file, or a setting would not do.

    Example:
        >>> import gumbel_gan as gg
        >>> config = gg.recipe("table", epochs=10, generator={"units": 32})
        >>> config.epochs, config.generator.kind, config.generator.units
        (10, 'columns', 32)
    """
    path = ready_made(f"configs/{name}.yaml")
    if not os.path.exists(path):
        files = os.listdir(os.path.dirname(ready_made("configs/toy.yaml")))
        there = sorted(file[:-5] for file in files if file.endswith(".yaml"))
        raise ValueError(f"recipe: received {name!r}: give one of {', '.join(there)}")
    settings = read_settings(path)
    for key, value in changes.items():
        group = settings.get(key)
        settings[key] = {**group, **value} if isinstance(group, dict) and isinstance(value, dict) else value
    return from_settings(Config, settings)

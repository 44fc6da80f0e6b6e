"""Settings from a dictionary, as YAML or the command line give one."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from .catalogue import unknown_setting

T = TypeVar("T")
NOUNS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    dict: "options by name",
}


def check_types(settings: Any, part: str = "") -> None:
    """Give every value the type that it is declared with, whoever constructed the settings.

    Args:
        settings: a frozen dataclass.
        part: where they stand, with a dot at its end, for messages.

    Raises:
        ValueError: a value is of another type.
    """
    hints = _hints(type(settings))  # type: ignore[arg-type]
    for setting in fields(settings):
        hint, value, key = hints[setting.name], getattr(settings, setting.name), f"{part}{setting.name}"
        if not is_dataclass(hint):
            converted = _converted(key, value, hint)
            if type(value) is not int:  # 1 for 1.0 stays as it was given
                object.__setattr__(settings, setting.name, converted)  # they are frozen
        elif not isinstance(value, hint):  # type: ignore[arg-type]
            raise ValueError(f"{key}: received {value!r}: give {getattr(hint, '__name__', hint)}(...)")


def from_settings(kind: type[T], settings: Mapping[str, Any], part: str = "") -> T:
    """Settings of a kind, from a nested dictionary.

    Args:
        kind: a dataclass of settings, as `Config`.
        settings: values by name; those of a part are a dictionary of their own.
        part: where they stand, with a dot at its end, for messages.

    Raises:
        ValueError: one line: a setting is unknown, of the wrong type, or would not do.

    Example:
        >>> import gumbel_gan as gg
        >>> config = gg.from_settings(gg.Config, {"epochs": 50, "data": {"probabilities": "0.2,0.8"}})
        >>> config.data.probabilities
        [0.2, 0.8]
        >>> gg.from_settings(gg.Config, {"epoch": 50})
        Traceback (most recent call last):
            ...
        ValueError: epoch: unknown setting, did you mean epochs?
    """
    hints = _hints(kind)  # type: ignore[arg-type]
    for name in settings:
        if name not in hints and f"{part}{name}" in keys(kind, part):
            group, _, inner = name.rpartition(".")
            raise ValueError(
                f"{part}{name}: received with a dot: give the group as a dictionary, "
                f"{group}: {{{inner}: ...}}"
            )
        if name not in hints:
            raise unknown_setting(f"{part}{name}", keys(kind, part))
    values: dict[str, Any] = {}
    for name, value in settings.items():
        hint, key = hints[name], f"{part}{name}"
        if is_dataclass(hint):
            if not isinstance(value, Mapping):
                inner = keys(hint, f"{key}.")[0]
                raise ValueError(
                    f"{key}: received {value!r} for a group of settings: give one of them, as --{inner}"
                )
            values[name] = from_settings(hint, value, f"{key}.")  # type: ignore[arg-type]
        else:
            values[name] = _converted(key, value, hint)
    return kind(**values)


def keys(kind: Any, part: str = "") -> list[str]:
    """All settings of a kind, by dotted key."""
    found: list[str] = []
    for setting in fields(kind):
        hint = _hints(kind)[setting.name]
        key = f"{part}{setting.name}"
        found += keys(hint, f"{key}.") if is_dataclass(hint) else [key]
    return found


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _converted(key: str, value: Any, hint: Any) -> Any:
    """The value as one of the types that a setting may have."""
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    for option in options:
        try:
            return _as(value, option)
        except (TypeError, ValueError):
            continue
    listed = any(get_origin(option) is list for option in options)
    words = [repr(word) for option in options if get_origin(option) is Literal for word in get_args(option)]
    nouns = [NOUNS[option] for option in options if option in NOUNS] + words
    nouns += [NOUNS[dict]] if any(get_origin(option) is dict for option in options) else []
    would_do = "a list, as [a,b]" if listed else " or ".join(nouns) or "another value"
    raise ValueError(f"{key}: received {value!r}: give {would_do}")


def _as(value: Any, kind: Any) -> Any:
    """The value as one type; a TypeError or ValueError if it is of another."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if not isinstance(value, list | tuple) and hasattr(value, "tolist"):
        value = value.tolist()  # of NumPy
    if origin is list and isinstance(value, list | tuple | range):
        return [_converted("", one, inner[0]) for one in value]
    if origin is dict and isinstance(value, Mapping):
        return dict(value)
    if origin is Literal and value in inner:
        return value
    if kind is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        return float(value)  # YAML takes 1e-3 for text
    if origin is None and isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise TypeError

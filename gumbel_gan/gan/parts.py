"""Parts that are given by name, or as they are."""

from typing import Any

from ..config.catalogue import Family


def named(family: Family[Any], key: str, given: Any) -> Any:
    """What a name of a family stands for; anything but a name as it is.

    Raises:
        ValueError: the name is not known.
    """
    if not isinstance(given, str):
        return given
    family.check(key, given)
    return family.load(given)


def check_kind(name: str, given: Any, kind: type) -> None:
    """Check that a part is of its class.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(given, kind):
        article = "an" if kind.__name__[0] in "AEIO" else "a"
        raise ValueError(f"{name}: received {given!r}: give a name, or {article} {kind.__name__}")

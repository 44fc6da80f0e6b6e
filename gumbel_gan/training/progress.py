"""How what runs long tells how far it is, and that it was stopped."""

from collections.abc import Callable
from typing import Any

Told = Callable[[float, float, str], Any]
"""A `progress` callable: it is told how much is done, how much there is to do, and a few words about it."""


def not_told(done: float, total: float, shown: str) -> None:
    """Tell nobody."""


class CutShort(Exception):
    """A measurement was stopped before it was done; what half of it has found is of no use."""

"""What becomes of missing values: empty cells, None, NaN and their like."""

from collections import Counter
from collections.abc import Callable

Where = Callable[[], str]
"""Says where the values stand, and the first missing one, for messages."""
MISSING = "(missing)"
"""The label of missing values, where they are a category."""


def refuse(counts: Counter[str], missing: int, where: Where) -> Counter[str]:
    """Missing values are an error.

    Raises:
        ValueError: there are some.
    """
    if missing:
        total = counts.total() + missing
        raise ValueError(
            f"data.missing: {missing:,} of {total:,} values {where()} are missing: "
            f"give skip to leave them out, or category to count them as one, {MISSING}"
        )
    return counts


def skip(counts: Counter[str], missing: int, where: Where) -> Counter[str]:
    """Missing values are left out."""
    return counts


def category(counts: Counter[str], missing: int, where: Where) -> Counter[str]:
    """Missing values are a category of their own.

    Raises:
        ValueError: a label has its name.
    """
    if not missing:
        return counts
    if MISSING in counts:
        raise ValueError(
            f"data.missing: received category, and a label {where()} is {MISSING} itself: "
            "give skip, or rename it"
        )
    return counts + Counter({MISSING: missing})

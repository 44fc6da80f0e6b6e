"""What tables and figures show of many categories."""

from collections.abc import Sequence

import numpy as np

from ..data.strings import CLASS_OF_OTHERS

MAX_ROWS = 1_000_000
"""Rows of a table; of longer trainings, and of more runs, it holds every n-th epoch."""
MAX_READABLE = 10_000
"""Categories up to which files for people hold them all; of more they hold the most probable."""
MOST_PROBABLE = 1_000


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
        """The labels of what is shown, of K labels."""
        if self.all:
            return tuple(labels)
        if self.classes:
            return (*self.classes, CLASS_OF_OTHERS)
        return (*(labels[category] for category in self._shown), f"({len(labels) - MOST_PROBABLE:,} others)")

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        """The probabilities of what is shown, [..., K] to [..., K']."""
        if self.all:
            return probabilities
        shown = probabilities @ self._member if self.classes else probabilities[..., self._shown]
        whole = 1.0 if self.classes else probabilities.sum(-1, keepdims=True)
        others = np.maximum(whole - shown.sum(-1, keepdims=True), 0.0)  # not -0.0000, by rounding
        return np.concatenate([shown, others], axis=-1)


def shown_label(label: str, width: int = 18, tail: int = 0) -> str:
    """A label as a table or an axis shows it: short, and quoted where it would not be seen.

    Args:
        label: of a category, or of a cell of a study.
        width: the most characters.
        tail: characters at its end that are kept where it is too long.
    """
    label = repr(label) if label != label.strip() or not label.isprintable() else label
    if len(label) <= width:
        return label
    return label[: width - 1 - tail] + "…" + label[len(label) - tail :]

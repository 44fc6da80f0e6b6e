"""A distribution that changes during the training."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..config.data import POST_PROBABILITIES, Data
from .laws import probabilities
from .source import Distribution


class Drift(Distribution):
    """A distribution that becomes another one, at once or linearly.

    Args:
        before: [K], at first.
        after: [K], in the end; it is the `target`.
        first: the number of epochs before anything changes.
        last: the number of epochs after which nothing changes any more; not below `first`.
        labels: K names.

    Example:
        >>> import gumbel_gan as gg
        >>> drift = gg.Drift([0.9, 0.1], [0.5, 0.5], first=10, last=20)
        >>> [drift.at(epoch).target.round(2).tolist() for epoch in (0, 14, 30)]
        [[0.9, 0.1], [0.7, 0.3], [0.5, 0.5]]
    """

    kind = "drift"

    def __init__(
        self,
        before: Sequence[float] | np.ndarray,
        after: Sequence[float],
        first: int,
        last: int,
        labels: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(after, labels)
        self.before, self.first, self.last = np.asarray(before, np.float64), first, last

    def at(self, epoch: int) -> Distribution:
        """The distribution of an epoch (0, 1, ...)."""
        part = min(max((epoch + 1 - self.first) / max(self.last - self.first, 1), 0.0), 1.0)
        return Distribution((1 - part) * self.before + part * self.target, self.labels)

    def target_at(self, epoch: int, counted: np.ndarray) -> np.ndarray:
        """The distribution of that epoch, [K]."""
        return self.at(epoch).target

    def scores(
        self, learned: np.ndarray, counted: np.ndarray, forgetting: np.ndarray, epoch: int
    ) -> dict[str, np.ndarray]:
        """How far off counting is, that remembers everything and that forgets, [R] each."""
        target = self.at(epoch).target
        return {
            "counted_max_abs_error": np.abs(counted - target).max(-1),
            "forgetting_max_abs_error": np.abs(forgetting - target).max(-1),
        }


def open_drift(data: Data) -> Drift:
    """From the settings' probabilities or law to their `drift`."""
    by_name = data.law is not None
    before = probabilities(data) if by_name else data.true_probabilities or POST_PROBABILITIES
    last = data.drift_from if data.drift_until is None else data.drift_until
    assert isinstance(data.drift, list)  # Data has parsed it
    return Drift(before, data.drift, data.drift_from, last, data.labels)

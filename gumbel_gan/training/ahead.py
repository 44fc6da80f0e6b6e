"""An epoch begins before the one before it is recorded, so that the device does not wait for the host."""

from collections.abc import Callable, Sequence
from typing import Any

import keras

OF = ("epoch", "batch", "train_batch")
HOOKS = [f"on_{of}_{when}" for of in OF for when in ("begin", "end")]


class Ahead(keras.callbacks.Callback):
    """Says before every epoch whether the next one may begin before this one is recorded.

    Then the networks have gone on when callbacks are called. So none of the callbacks may look at the
    networks; where one has to, after an epoch, the next epoch waits.

    Args:
        pausing: say whether the networks must stay as they are after the epoch.
    """

    def __init__(self, pausing: Sequence[Callable[[], bool]]) -> None:
        super().__init__()
        self.pausing = pausing

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Decide; whatever changes while the epoch runs is for the next one."""
        last = epoch + 1 == self.params["epochs"]
        self.model.begins_next = not last and not any(pauses() for pauses in self.pausing)


def looks(callback: keras.callbacks.Callback) -> bool:
    """Whether a callback does something between two epochs: it may look at the networks."""
    return any(
        getattr(getattr(callback, hook), "__func__", None) is not getattr(keras.callbacks.Callback, hook)
        for hook in HOOKS
    )

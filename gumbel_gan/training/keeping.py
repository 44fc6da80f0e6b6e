"""A training whose results are written, whatever fails."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event

import keras

from ..config.config import Config
from ..data.source import Source
from ..results.result import Result
from ..results.storing import Unwritten, Write, save
from .program import NotKept, Stopped
from .progress import Told
from .run import run


@dataclass(frozen=True)
class Ending:
    """How a training ended.

    Attributes:
        result: what was learned, which has been written; None if there is nothing.
        status: the exit status that says so: 0, 1 for a failure, 2 for settings or data that would not do.
        message: what went wrong, if the status is not 0.
    """

    result: Result | None
    status: int = 0
    message: str = ""


def train_and_keep(
    config: Config,
    source: Source,
    directory: str,
    pictures: Callable[[Result], Mapping[str, Write]],
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: Told | None = None,
    stopping: Event | None = None,
) -> Ending:
    """Train, and write what was learned into a directory.

    Args:
        config: the settings.
        source: of the stream.
        directory: of the run; checkpoints in it are gone on from.
        pictures: what writes each picture of a result, by file name.
        callbacks: more Keras callbacks.
        progress: is told of every epoch.
        stopping: a flag that ends the training with the epoch in which it is set.
    """
    kept, status, message = f"; what was learned before is in {directory}", 0, ""
    try:
        result, _ = run(config, source, callbacks, directory, progress, stopping)
    except ValueError as error:
        return Ending(None, 2, str(error))
    except MemoryError as error:
        would_do = "give smaller ones"
        return Ending(None, 2, f"runs, training: received sizes that do not fit ({error}): {would_do}")
    except Stopped as error:
        status, message = 1, f"training stopped: {error}"
        if isinstance(error, NotKept):
            message, kept = f"output: {error}", f"; the results are in {directory}"
        if error.result is None:
            return Ending(None, status, message)
        result, message = error.result, message + kept
    try:
        save(result, directory, pictures(result))
    except Unwritten as error:
        status, message = 1, f"output: {error}"
    if source.error is not None:
        status, message = 2, f"{source.error}{kept}"
    return Ending(result, status, message)

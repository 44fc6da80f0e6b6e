"""Cells in processes of their own, which end after a few: XLA keeps every compiled program of a process.

That is 20 to 100 MB a cell, and nothing but the end of the process frees it.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from threading import Event
from typing import Any

from ..quiet import loading
from ..training.progress import CutShort, Told
from .cells import Cell, train

CELLS = 10
"""Cells that one process trains; importing TensorFlow for each would cost seconds."""


class Ended(Exception):
    """A process that trained cells ended before its time."""


def apart(
    cells: Sequence[Cell],
    progress: Callable[[int], Told],
    stopping: Event,
    prepare: Callable[[], Any] | None = None,
) -> Iterator[tuple[int, Cell]]:
    """Train cells one after the other, in processes that end.

    Args:
        cells: to be trained.
        progress: makes what is told of a cell's epochs.
        stopping: a flag that ends the training.
        prepare: is called first in every process; at the top of a module.

    Raises:
        CutShort: the flag was set before all were done.
        Ended: a process ended before its time.
    """
    for first in range(0, len(cells), CELLS):
        numbers = range(first, min(first + CELLS, len(cells)))
        yield from _of_one_process(numbers, cells, progress, stopping, prepare)


def _of_one_process(
    numbers: range,
    cells: Sequence[Cell],
    progress: Callable[[int], Told],
    stopping: Event,
    prepare: Callable[[], Any] | None,
) -> Iterator[tuple[int, Cell]]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    ended = context.Event()
    process = context.Process(target=_serve, args=(there, ended, [cells[n] for n in numbers], prepare))
    process.start()
    there.close()
    done = 0
    try:
        while done < len(numbers):
            if stopping.is_set():
                ended.set()
            if not here.poll(0.1):
                continue
            what, told = here.recv()
            if what == "told":
                progress(numbers[done])(*told)
            elif what == "short":
                raise CutShort
            else:
                done += 1
                yield numbers[done - 1], told
    except EOFError:
        process.join()
        raise Ended(
            f"the process that trained {cells[numbers[done]].label} ended with status {process.exitcode}, "
            "as one does that has no more memory"
        ) from None
    finally:
        ended.set()
        here.close()
        process.join()


def _serve(there: Connection, ended: Any, cells: Sequence[Cell], prepare: Callable[[], Any] | None) -> None:
    """Train cells, and send what is told of them and what comes out."""
    if prepare is not None:
        prepare()
    with loading(*cells[0].side_by_side):
        import tensorflow  # noqa: F401
    try:
        for cell in cells:
            there.send(("done", train(cell, partial(_tell, there), ended)))
    except CutShort:
        there.send(("short", None))
    except (BrokenPipeError, ConnectionResetError):  # nobody wants it any more
        return


def _tell(there: Connection, *told: Any) -> None:
    there.send(("told", told))

"""Cells of a study trained by the workers of a Dask cluster."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from threading import Event

from ..config.checks import one_line
from ..quiet import loading
from ..training.progress import CutShort, Told
from .cells import Cell
from .study import Work

QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
}
"""What workers do beside their work, up to a hundred times a second, and need not."""
POLL = 0.5
"""Seconds between two looks at the stopping flag."""


@contextmanager
def workers(address: str) -> Iterator[Work]:
    """In this context, what trains cells on a cluster.

    A cell is a task. One whose worker dies is given to another worker, up to three times.

    Args:
        address: of a scheduler, as tcp://host:8786; or local: a worker process for each core of this machine.

    Raises:
        ValueError: the package is missing, or there is no such scheduler.
        ConnectionError: the scheduler went away.
    """
    if find_spec("distributed") is None:
        raise ValueError("cluster: the package is missing: pip install 'gumbel_gan[cluster]'")
    import dask
    import distributed

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        if address == "local":
            with dask.config.set(QUIET):
                client = distributed.Client(
                    n_workers=os.cpu_count(),
                    threads_per_worker=1,
                    env={"TF_NUM_INTRAOP_THREADS": "1"},  # else each splits the drawing of noise
                    memory_limit=None,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
        else:
            client = distributed.Client(address, timeout=5)
    except (OSError, ValueError, TimeoutError) as error:
        raise ValueError(
            f"cluster: received {address!r}, where no scheduler answers ({one_line(error)}): "
            "give the address of one, as tcp://host:8786, or local"
        ) from None

    def trained(
        cells: Sequence[Cell], progress: Callable[[int], Told], stopping: Event
    ) -> Iterator[tuple[int, Cell]]:
        futures = {client.submit(train_there, cell, pure=False): n for n, cell in enumerate(cells)}
        while futures:
            if stopping.is_set():
                raise CutShort
            try:
                done = distributed.wait(list(futures), timeout=POLL, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                continue
            for future in done:
                number = futures.pop(future)
                try:
                    yield number, future.result()
                except distributed.KilledWorker:
                    yield number, replace(cells[number], failure="its worker died, three times over")
                except distributed.client.FutureCancelledError as error:
                    raise ConnectionError(f"the scheduler at {address} went away ({error.reason})") from None

    with client:
        yield trained


def train_there(cell: Cell) -> Cell:
    """Train a cell in a worker, whose XLA is set up for it where TensorFlow is not loaded yet."""
    with loading(*cell.side_by_side):
        from .cells import train
    return train(cell)

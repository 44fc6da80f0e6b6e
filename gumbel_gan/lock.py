"""One writer a directory."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

NAME = ".lock"


@contextmanager
def locked(directory: str) -> Iterator[None]:
    """Hold the lock of a directory in this context.

    Raises:
        ValueError: another process that is alive holds it.
    """
    path = os.path.join(directory, NAME)
    own = psutil.Process()
    written = f"{path}.{own.pid}"
    with open(written, "w", encoding="utf-8") as file:
        json.dump({"pid": own.pid, "started": own.create_time()}, file)
    try:
        while True:
            try:
                os.link(written, path)  # whole at once: an empty lock would pass for a dead one
                break
            except FileExistsError:
                if (holder := _holder(path)) is not None:
                    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder.create_time()))
                    raise ValueError(
                        f"output: {directory} is being written by process {holder.pid}, started {when}: wait "
                        "for it, or give another directory"
                    ) from None
                os.remove(path)  # left by a process that has died
    finally:
        os.remove(written)
    try:
        yield
    finally:
        os.remove(path)


def _holder(path: str) -> psutil.Process | None:
    """The process that holds a lock, if it is alive: process numbers are used again, with another start."""
    try:
        with open(path, encoding="utf-8") as file:
            lock = json.load(file)
        process = psutil.Process(lock["pid"])
        alive = process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - lock["started"]) < 1
        return process if alive else None
    except (OSError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
        return None

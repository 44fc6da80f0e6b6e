"""One writer a directory."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import filelock

from ..config.checks import one_line
from .directory import HOLDER, LOCK
from .files import write


@contextmanager
def locked(directory: str) -> Iterator[None]:
    """Hold the lock of a directory in this context.

    The operating system releases the lock of a process that dies. What stands in the file beside it is only
    read for the message, while the lock cannot be taken.

    Raises:
        ValueError: another process holds it.
        OSError: the directory cannot be written to.
    """
    lock = filelock.FileLock(os.path.join(directory, LOCK), timeout=0)
    holder = os.path.join(directory, HOLDER)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise ValueError(
            f"output: {directory} is being written by {_described(holder)}: wait for it, "
            "or give another directory"
        ) from None
    try:
        told = json.dumps({"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")})
        write(directory, HOLDER, lambda file: file.write(told))
        yield
    finally:
        if os.path.exists(holder):
            os.remove(holder)
        lock.release()


def _described(holder: str) -> str:
    try:
        with open(holder, encoding="utf-8") as file:
            told = json.load(file)
        return f"process {int(told['pid'])}, since {one_line(str(told['since']))}"
    except (OSError, ValueError, KeyError, TypeError):  # not written yet, or by somebody else
        return "another process"

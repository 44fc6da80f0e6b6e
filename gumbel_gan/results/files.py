"""Files that are whole or absent, and arrays that hold nothing to execute."""

import csv
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..config.checks import one_line


def write(directory: str, name: str, fill: Callable[[Any], Any], binary: bool = False) -> str:
    """Write a file beside its place and move it there when it is whole.

    Args:
        directory: where it belongs.
        name: of the file.
        fill: writes to the open file.
        binary: whether it is opened for bytes, or for UTF-8 text.

    Returns:
        Its path.
    """
    path = os.path.join(directory, name)
    temporary = os.path.join(directory, f".{name}.partial")
    options: dict[str, Any] = {"mode": "wb"} if binary else {"mode": "w", "encoding": "utf-8", "newline": ""}
    try:
        with open(temporary, opener=_no_link, **options) as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)
    return path


def _no_link(path: str, flags: int) -> int:
    """Open a file, but never what a link in its place leads to."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def write_table(directory: str, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table as CSV; its path.

    Args:
        directory: where it belongs.
        name: of the file.
        columns: their names.
        rows: of text and numbers, formatted as they should stand there.
    """

    def fill(file: Any) -> None:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)

    return write(directory, name, fill)


def write_arrays(directory: str, name: str, arrays: dict[str, Any]) -> str:
    """Write arrays as a .npz file; its path."""
    return write(directory, name, lambda file: np.savez(file, **arrays), binary=True)


def read_arrays(path: str) -> dict[str, np.ndarray]:
    """The arrays of a .npz file; never an object that would have to be unpickled.

    Raises:
        OSError: there is no such file, or it cannot be opened.
        ValueError: it is broken.
    """
    try:
        # Opened here: NumPy would leave open what is no archive.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (EOFError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(one_line(error)) from None

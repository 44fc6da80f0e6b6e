"""Files that are whole or absent, and arrays that hold nothing to execute."""

import csv
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..config.checks import one_line
from ..data.reading import fields_of_any_length
from .written import ERRORS


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
    text = {"mode": "w", "encoding": "utf-8", "errors": ERRORS, "newline": ""}
    options: dict[str, Any] = {"mode": "wb"} if binary else text
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
        table = csv.writer(LineFeeds(file), lineterminator="\r\n")
        table.writerow(columns)
        table.writerows(rows)

    return write(directory, name, fill)


class LineFeeds:
    """A text file whose lines end with a line feed only.

    Python's csv quotes the characters that end its lines; a label may hold either.
    """

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, row: str) -> int:
        """Write a row."""
        return int(self._file.write(row[:-2] + "\n"))


def read_numbers(path: str, columns: Sequence[str] | None = None) -> tuple[list[str], np.ndarray]:
    """Columns of numbers of a table in CSV: all names in its header, and the numbers, float64 [n, columns].

    Args:
        path: of the table.
        columns: names of those that are read; all by default.

    Raises:
        OSError: it cannot be read.
        ValueError: it is empty, something in it is no number, or a column is missing.
    """
    # A label may be long.
    with open(path, encoding="utf-8", errors=ERRORS, newline="") as file, fields_of_any_length():
        rows = csv.reader(file)
        names = next(rows, [])
        places = [names.index(name) for name in columns or names]
        numbers = np.array([[row[place] for place in places] for row in rows if row], np.float64)
    if numbers.ndim != 2:
        raise ValueError("it has no rows")
    return names, numbers


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

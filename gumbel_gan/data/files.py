"""Files of labels, read once, block by block: texts, columns of CSV files, arrays of integers."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

MARK = b"\xef\xbb\xbf"
"""UTF-8's byte-order mark."""
BLOCK = 1 << 20
"""Bytes of a file that are read at once."""


def characters(line: str) -> Sequence[str]:
    """The characters of a line."""
    return line


def words(line: str) -> Sequence[str]:
    """What white space separates in a line."""
    return line.split()


def lines(line: str) -> Sequence[str]:
    """The line itself, unless it is empty."""
    return [line] if line else []


def numbered_lines(path: str) -> Iterator[tuple[int, str]]:
    """The lines of a text file without their ends, with their numbers (1, 2, ...).

    Raises:
        ValueError: a line is not UTF-8 text.
    """
    with open(path, "rb") as file:
        for number, raw in enumerate(file, start=1):
            yield number, as_text(raw.removeprefix(MARK) if number == 1 else raw, number, path)


def as_text(raw: bytes, number: int, where: str) -> str:
    """One line without its end.

    Raises:
        ValueError: it is not UTF-8 text.
    """
    try:
        line = raw.decode()
    except UnicodeDecodeError:
        line = "\0"
    if "\0" in line:
        raise ValueError(
            f"data.path: line {number} of {where} is not UTF-8 text: give a text, CSV or .npy file"
        )
    return line.rstrip("\r\n")


def tallied(path: str, unit: str) -> Counter[str] | None:
    """How often each character, word or line of a text occurs; None if it is not UTF-8 text.

    The file is read block by block, which is more than three times as fast as line by line. Memory does not
    grow with the file, only with its longest line.
    """
    counts: Counter[str] = Counter()
    try:
        if unit == "characters":
            counts = _character_counts(path)
        else:
            # Only the different byte strings are decoded; then words end at Unicode's spaces, too.
            for raw, number in _byte_counts(path, unit).items():
                label = raw.decode()
                for part in label.split() if unit == "words" else [label]:
                    counts[part] += number
    except UnicodeDecodeError:
        return None
    return None if any("\0" in label for label in counts) else counts


def _byte_counts(path: str, unit: str) -> Counter[bytes]:
    counts: Counter[bytes] = Counter()
    rest = b""
    with open(path, "rb") as file:
        if file.read(len(MARK)) != MARK:
            file.seek(0)
        while block := file.read(BLOCK):
            rest += block
            end = rest.rfind(b"\n") + 1
            if unit == "words":
                end = max(end, rest.rfind(b" ") + 1)
            whole, rest = rest[:end], rest[end:]
            counts.update(whole.split() if unit == "words" else whole.split(b"\n"))
    counts.update(rest.split() if unit == "words" else [rest])
    if unit == "lines":
        for raw in [raw for raw in counts if raw.endswith(b"\r")]:
            counts[raw.rstrip(b"\r")] += counts.pop(raw)
        del counts[b""]
    return counts


def _character_counts(path: str) -> Counter[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    counts, rest = np.zeros(0x110000, np.int64), ""
    with open(path, "rb") as file:
        block = b" "
        while block:
            block = file.read(BLOCK)
            text = rest + decoder.decode(block, final=not block)
            end = len(text.rstrip("\r")) if block else len(text)  # a line end may go on in the next block
            text, rest = text[:end], text[end:]
            if "\r" in text:
                text = re.sub(r"\r+(\n|\Z)", "\n", text)
            found = np.bincount(np.frombuffer(text.encode("utf-32-le"), np.uint32))
            counts[: len(found)] += found
    counts[ord("\n")] = 0
    return Counter({chr(code): int(counts[code]) for code in np.flatnonzero(counts)})


def columns(path: str) -> list[str]:
    """The names in the header of a CSV file."""
    return next(csv.reader(text for _, text in numbered_lines(path)), [])


def column_of(path: str, column: str) -> Iterator[tuple[int, Sequence[str]]]:
    """The values in a column of a CSV file, each with the number of its line.

    Raises:
        ValueError: there is no such column, or a row has no value in it.
    """
    # Line ends are kept for the reader, since a quoted field may hold some.
    rows = csv.reader(text + "\n" for _, text in numbered_lines(path))
    header = next(rows, [])
    if column not in header:
        raise ValueError(
            f"data.column: received {column!r}, which {path} lacks: give one of {', '.join(header)}"
            + (" (commas separate columns)" if len(header) == 1 else "")
        )
    place = header.index(column)
    for row in rows:
        if not row:
            continue
        if len(row) <= place or not row[place]:
            raise ValueError(
                f"data.column: line {rows.line_num} of {path} has no value in column {column!r}: "
                "fill it in, or leave the line out"
            )
        yield rows.line_num, [row[place]]


def load_npy(path: str) -> np.ndarray:
    """The integers of a .npy file, [n], mapped into memory.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no .npy file, or not one of integers.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"data.path: {path} is no .npy array ({error}): give one of integers") from None
    if not np.issubdtype(array.dtype, np.integer) or array.size == 0:
        raise ValueError(
            f"data.path: {path} holds {array.size} numbers of type {array.dtype}: give an array of integers"
        )
    return array.reshape(-1)


def tally(array: np.ndarray, chunk: int = 1 << 20) -> dict[int, int]:
    """How often each integer occurs, counted in chunks so that a large file is never held whole."""
    counts: Counter[int] = Counter()
    for start in range(0, len(array), chunk):
        values, occurrences = np.unique(array[start : start + chunk], return_counts=True)
        counts.update(dict(zip(values.tolist(), occurrences.tolist(), strict=True)))
    return counts

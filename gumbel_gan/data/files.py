"""Texts and arrays of integers, read once, block by block."""

import codecs
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np

from .reading import BLOCK, MARK, beginning, check_kind


def characters(line: str) -> Sequence[str]:
    """The characters of a line."""
    return line


def words(line: str) -> Sequence[str]:
    """What white space separates in a line."""
    return line.split()


def lines(line: str) -> Sequence[str]:
    """The line itself, unless it is empty."""
    return [line] if line else []


def numbered(file: Iterable[bytes], where: str) -> Iterator[tuple[int, str]]:
    """The lines of a text without their ends, with their numbers (1, 2, ...).

    A line ends with a line feed, a carriage return, or both.

    Raises:
        ValueError: a line is not UTF-8 text.
    """
    number = 0
    for raw in file:
        for part in raw.rstrip(b"\r\n").split(b"\r"):
            number += 1
            yield number, as_text(part.removeprefix(MARK) if number == 1 else part, number, where)


def as_text(raw: bytes, number: int, where: str) -> str:
    """One line without its end.

    Raises:
        ValueError: it is not UTF-8 text.
    """
    try:
        line = raw.decode()
    except UnicodeDecodeError:
        raise ValueError(
            f"data.path: line {number} of {where} is not UTF-8 text: "
            "give --data.encoding, as latin-1 or cp1252"
        ) from None
    if "\0" in line:
        raise ValueError(f"data.path: line {number} of {where} holds a zero byte: give a text or a table")
    return line.rstrip("\r\n")


def tallied(file: BinaryIO, unit: str) -> Counter[str] | None:
    """How often each character, word or line of a text occurs; None if it is not UTF-8 text.

    The file is read block by block, which is more than three times as fast as line by line. Memory does not
    grow with the file, only with its longest line.
    """
    counts: Counter[str] = Counter()
    try:
        if unit == "characters":
            counts = _character_counts(file)
        else:
            # Only the different byte strings are decoded; then words end at Unicode's spaces, too.
            for raw, number in _byte_counts(file, unit).items():
                label = raw.decode()
                for part in label.split() if unit == "words" else [label]:
                    counts[part] += number
    except UnicodeDecodeError:
        return None
    return None if any("\0" in label for label in counts) else counts


def _byte_counts(file: BinaryIO, unit: str) -> Counter[bytes]:
    counts: Counter[bytes] = Counter()
    rest = b""
    first = True
    while block := file.read(BLOCK):
        rest += block.removeprefix(MARK) if first else block
        first = False
        end = rest.rfind(b"\n") + 1 or rest.rfind(b"\r") + 1
        if unit == "words":
            end = max(end, rest.rfind(b" ") + 1)
        whole, rest = rest[:end], rest[end:]
        counts.update(_units(whole, unit))
    counts.update(_units(rest, unit))
    del counts[b""]
    return counts


def _units(text: bytes, unit: str) -> list[bytes]:
    """Words, or lines; a carriage return ends a line, too."""
    if unit == "words":
        return text.split()
    return (text.replace(b"\r", b"\n") if b"\r" in text else text).split(b"\n")


def _character_counts(file: BinaryIO) -> Counter[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    counts = np.zeros(0x110000, np.int64)
    block = b" "
    while block:
        block = file.read(BLOCK)
        text = decoder.decode(block, final=not block)
        found = np.bincount(np.frombuffer(text.encode("utf-32-le"), np.uint32))
        counts[: len(found)] += found
    counts[[ord("\n"), ord("\r")]] = 0
    return Counter({chr(code): int(counts[code]) for code in np.flatnonzero(counts)})


def load_npy(path: str) -> np.ndarray:
    """The integers of a .npy file, [n], mapped into memory.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no .npy file, or not one of integers along one axis.
    """
    with open(path, "rb") as file:
        if not (first := beginning(file)).startswith(b"\x93NUMPY"):
            check_kind(first, path)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"data.path: {path} is no .npy array ({error}): give one of integers") from None
    if not np.issubdtype(array.dtype, np.integer) or array.size == 0:
        raise ValueError(
            f"data.path: {path} holds {array.size} numbers of type {array.dtype}: give an array of integers"
        )
    if array.ndim != 1:
        one_hot = " (of one-hot rows, array.argmax(-1))" if array.ndim == 2 else ""
        raise ValueError(
            f"data.path: {path} holds an array of shape {array.shape}: give one axis, of values{one_hot}"
        )
    return array


def tally(array: np.ndarray, chunk: int = 1 << 20) -> dict[int, int]:
    """How often each integer occurs, counted in chunks so that a large file is never held whole."""
    counts: Counter[int] = Counter()
    for start in range(0, len(array), chunk):
        values, occurrences = np.unique(array[start : start + chunk], return_counts=True)
        counts.update(dict(zip(values.tolist(), occurrences.tolist(), strict=True)))
    return counts

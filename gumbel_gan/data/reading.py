"""Any file as a stream of UTF-8 bytes: pipes, compressed files, other encodings; others are named.

What a file holds is told from its first bytes, never from its name alone.
"""

import codecs
import csv
import gzip
import os
import shutil
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO

from ..config.checks import one_line

MARK = codecs.BOM_UTF8
"""UTF-8's byte-order mark."""
BLOCK = 1 << 20
"""Bytes of a file that are read at once."""
GZIP = b"\x1f\x8b"
PARQUET, ARROW = b"PAR1", b"ARROW1"
_UNPACK = "unpack it first, or pipe it in: {} FILE | ... --data.path -"
OTHERS = (
    (b"BZh", "compressed by bzip2", _UNPACK.format("bzcat")),
    (b"\xfd7zXZ\0", "compressed by xz", _UNPACK.format("xzcat")),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", _UNPACK.format("zstdcat")),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"\x93NUMPY", "an array of NumPy's", "give it the ending .npy"),
    (b"SQLite format 3", "a database of SQLite", "export the table as CSV"),
    (b"%PDF", "a PDF", "copy its text into a file"),
    (b"\x89PNG", "a picture", "give a text or a table"),
)
"""How other files begin, what they are, and the way out."""
ARCHIVES = {
    ".xlsx": ("an Excel workbook", "save the sheet as CSV"),
    ".ods": ("a spreadsheet", "save the sheet as CSV"),
    ".npz": ("an archive of arrays", "save the one that you want with numpy.save"),
}
"""Kinds of zip archives by ending."""
WIDE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@contextmanager
def readable(path: str) -> Iterator[None]:
    """In this context an error of the system, while a file is read, is a ``ValueError`` of one line."""
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(
            f"data.path: cannot read {path} ({one_line(error)}): give a text, a table or a .npy file"
        ) from None


@contextmanager
def opened(path: str, encoding: str | None = None) -> Iterator[BinaryIO]:
    """A file as a stream of UTF-8 bytes, which may begin with a byte-order mark.

    It goes back to its beginning with `seek(0)`. What cannot be read twice, as a pipe, is copied to a
    temporary file first. Compressed files are unpacked while they are read.

    Args:
        path: of the file; - is standard input.
        encoding: of its text; UTF-8 by default.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no text and no table, but something that can be named.
    """
    with ExitStack() as stack:
        file: Any = stack.enter_context(whole(path))
        if beginning(file).startswith(GZIP):
            file = stack.enter_context(gzip.GzipFile(fileobj=file))
        check_kind(beginning(file), path, encoding)
        if encoding is not None and codecs.lookup(encoding).name not in ("utf-8", "utf-8-sig"):
            file = Recoded(file, path, encoding)
        yield file


@contextmanager
def whole(path: str) -> Iterator[BinaryIO]:
    """A file that can be read from its beginning as often as need be; a pipe is copied first."""
    with ExitStack() as stack:
        file: Any = sys.stdin.buffer if path == "-" else stack.enter_context(open(path, "rb"))
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            copy = stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(file, copy, BLOCK)
            file = copy
        file.seek(0)
        yield file


@contextmanager
def fields_of_any_length() -> Iterator[None]:
    """In this context Python's csv reads fields of any length; otherwise it refuses long ones."""
    limit = csv.field_size_limit(1 << 31)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def beginning(file: BinaryIO) -> bytes:
    """The first bytes; the file is at its beginning again."""
    try:
        return file.read(16)
    finally:
        file.seek(0)


def check_kind(first: bytes, path: str, encoding: str | None = None) -> None:
    """Refuse a file that is neither a text nor a table, by its first bytes, and name it.

    Raises:
        ValueError: it is.
    """
    kinds = list(OTHERS)
    if first.startswith(b"PK\x03\x04"):
        ending = os.path.splitext(path)[1].lower()
        kinds = [(b"PK", *ARCHIVES.get(ending, ("a zip archive", "unpack it first")))]
    if encoding is None and first.startswith(WIDE):
        width = 32 if first.startswith(WIDE[:2]) else 16
        raise ValueError(f"data.path: {path} is text in UTF-{width}: give --data.encoding utf-{width}")
    for start, what, way_out in kinds:
        if first.startswith(start):
            raise ValueError(f"data.path: {path} is {what}: {way_out}")


class Recoded:
    """A stream of UTF-8 bytes, from one in another encoding.

    Args:
        file: the other stream.
        path: of the file, for messages.
        encoding: its own.
    """

    closed = False

    def __init__(self, file: BinaryIO, path: str, encoding: str) -> None:
        self._file, self._path, self._encoding = file, path, encoding
        self._restart()

    def _restart(self) -> None:
        self._decoder = codecs.getincrementaldecoder(self._encoding)()
        self._rest, self._ended, self._first = b"", False, True

    def read(self, size: int = -1) -> bytes:
        """So many bytes; fewer at the end only.

        Raises:
            ValueError: something is not in that encoding.
        """
        while not self._ended and (size < 0 or len(self._rest) < size):
            block = self._file.read(BLOCK)
            try:
                text = self._decoder.decode(block, final=not block)
            except UnicodeError as error:
                raise ValueError(
                    f"data.encoding: {self._path} is not {self._encoding} ({one_line(error)}): give another"
                ) from None
            if self._first and text:
                text, self._first = text.removeprefix("\ufeff"), False
            self._rest += text.encode("utf-8", "surrogatepass")
            self._ended = not block
        size = len(self._rest) if size < 0 else size
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def seek(self, place: int) -> None:
        """Go back to the beginning."""
        assert place == 0
        self._file.seek(0)
        self._restart()

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        while block := self.read(BLOCK):
            *lines, rest = (rest + block).split(b"\n")
            yield from (line + b"\n" for line in lines)
        if rest:
            yield rest

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def close(self) -> None:
        """The stream beneath is closed by whoever opened it."""

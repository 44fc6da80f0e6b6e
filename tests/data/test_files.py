"""Files as they come: odd line ends, odd encodings, odd lengths, odd tables."""

import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from gumbel_gan.config.data import Data
from gumbel_gan.data import files
from gumbel_gan.data.files import tally
from gumbel_gan.data.opening import open_source
from gumbel_gan.data.source import Frequencies
from gumbel_gan.data.stream import Stream

MARK = b"\xef\xbb\xbf"


def counted(content: bytes, directory: Path, name: str = "file.txt", **settings: str) -> dict[str, int]:
    path = directory / name
    path.write_bytes(content)
    source = open_source(Data(path=str(path), **settings))  # type: ignore[arg-type]
    assert isinstance(source, Frequencies)
    return dict(zip(source.labels, source.counts.tolist(), strict=True))


@pytest.mark.parametrize("block", [3, 1 << 20])
@pytest.mark.parametrize(
    ("content", "unit", "expected"),
    [
        (b"ab\r\nba\r\n", "characters", {"a": 2, "b": 2}),
        (b"ab\rb\r\r\n", "characters", {"a": 1, "b": 2}),
        (b"ab\rb\rab\r\n\rb", "lines", {"ab": 2, "b": 2}),
        (MARK + "äbä".encode(), "characters", {"ä": 2, "b": 1}),
        (MARK + b"on off\r\non\n", "words", {"on": 2, "off": 1}),
        ("on\u2003off on".encode(), "words", {"on": 2, "off": 1}),
        (MARK + b"on\r\n\r\noff\non", "lines", {"on": 2, "off": 1}),
        (b"on\x0coff on", "words", {"on": 2, "off": 1}),
    ],
)
def test_line_ends_and_marks(
    content: bytes,
    unit: str,
    expected: dict[str, int],
    block: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Windows' line ends and a byte-order mark are no categories, wherever the blocks of a file end."""
    monkeypatch.setattr(files, "BLOCK", block)
    assert counted(content, tmp_path, unit=unit) == expected


@pytest.mark.parametrize("unit", ["characters", "words", "lines"])
def test_not_text(unit: str, tmp_path: Path) -> None:
    """Invalid UTF-8 and NUL bytes are refused with the line they stand in."""
    for bad, why in (
        (b"ab\nb\xffa\n", "is not UTF-8 text: give --data.encoding, as latin-1"),
        (b"ab\nb\0a\n", "holds a zero byte"),
    ):
        with pytest.raises(ValueError, match=rf"data.path: line 2 of .*file.txt {why}"):
            counted(bad, tmp_path, unit=unit)


def test_long_line(tmp_path: Path) -> None:
    """A line of 10 MB is a line like others."""
    long = b"ab " * (10_000_000 // 3)
    assert counted(long + b"\nb", tmp_path, unit="words") == {"ab": len(long) // 3, "b": 1}
    assert counted(long + b"\nb", tmp_path)[" "] == len(long) // 3


def test_tables(tmp_path: Path) -> None:
    """A quoted field may hold a line break; a row that is too short is refused with its line."""
    table = b'id,kind\r\n1,a\r\n2,"b\nc"\r\n3,a\r\n'
    assert counted(table, tmp_path, "table.csv", column="kind") == {"a": 2, "b\nc": 1}
    with pytest.raises(ValueError, match=r"data.path: line 3 of .* has 1 field, and the header 2"):
        counted(b"id,kind\n1,a\n2\n", tmp_path, "table.csv", column="kind")


def test_integers_are_counted_in_chunks() -> None:
    array = np.array([3, 1, 3, 3, -2, 1, 3])
    for chunk in (1, 2, 3, 100):
        assert tally(array, chunk) == {3: 4, 1: 2, -2: 1}


@pytest.mark.slow
def test_a_gigabyte(tmp_path: Path) -> None:
    """1 GB is read at 50 MB/s or better, in no more than 300 MB beyond a small file's memory."""
    line = b"It was the best of times, it was the worst of times\n"
    with (tmp_path / "large.txt").open("wb") as file:
        for _ in range(100):
            file.write(line * (10_000_000 // len(line)))
    process = psutil.Process()
    before, start = process.memory_info().rss, time.perf_counter()
    source = open_source(Data(path=str(tmp_path / "large.txt")))
    assert 1_000 / (time.perf_counter() - start) > 50
    assert process.memory_info().rss - before < 300e6
    assert len(Stream(source).epoch(0)) == 100

"""Files that are whole or absent, and arrays that hold nothing to execute."""

import csv
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gumbel_gan.results.files import read_arrays, write, write_arrays, write_table


def test_files_are_whole_or_absent(tmp_path: Path) -> None:
    write(str(tmp_path), "a.txt", lambda file: file.write("old"))

    def fails(file: Any) -> None:
        file.write("new")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write(str(tmp_path), "a.txt", fails)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"
    assert write(str(tmp_path), "a.txt", lambda file: file.write("é\n")) == str(tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_bytes() == "é\n".encode()


def test_tables_are_csv(tmp_path: Path) -> None:
    rows = [("a, b", 1), ('say "x"', 2.5), (" ", ""), ("two\nlines", -1)]
    path = write_table(str(tmp_path), "table.csv", ("name", "number"), rows)
    assert b"\r" not in Path(path).read_bytes()
    with open(path, newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["name", "number"], *([name, str(value)] for name, value in rows)]


def test_arrays(tmp_path: Path) -> None:
    arrays = {"a": np.arange(3), "b c/d": np.ones((2, 0)), "text": np.array(["é", "x"])}
    found = read_arrays(write_arrays(str(tmp_path), "a.npz", arrays))
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_broken_arrays(tmp_path: Path) -> None:
    """Whatever is wrong, it is one line; objects are never unpickled, and no file stays open."""
    path = tmp_path / "a.npz"
    with pytest.raises(FileNotFoundError):
        read_arrays(str(path))
    whole = Path(write_arrays(str(tmp_path), "whole.npz", {"a": np.arange(100.0)})).read_bytes()
    altered = bytearray(whole)
    altered[300] ^= 1
    objects: Any = {"a": np.array([{}], object)}
    np.savez(tmp_path / "objects.npz", **objects)
    contents = (
        whole[: len(whole) // 2],
        b"",
        b"PK nonsense",
        altered,
        (tmp_path / "objects.npz").read_bytes(),
    )
    for content in contents:
        path.write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            with pytest.raises(ValueError, match=r"\S") as error:
                read_arrays(str(path))
        assert "\n" not in str(error.value)

"""Sources from settings, and from values held in Python."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gumbel_gan as gg
from gumbel_gan.config.data import Data
from gumbel_gan.data.feed import Feed
from gumbel_gan.data.opening import from_values, open_source
from gumbel_gan.data.source import Distribution, Source
from gumbel_gan.data.stream import Stream
from gumbel_gan.data.strings import Strings

from ..statistics import check_frequencies


def test_the_posts_stream() -> None:
    """What there is without any settings; and probabilities of one's own."""
    source = open_source(Data())
    assert isinstance(source, Distribution)
    np.testing.assert_array_equal(source.target, [0, 0, 0.1, 0.3, 0.6])
    source = open_source(Data(probabilities="0.25,0.75", labels="a,b"))
    np.testing.assert_array_equal(source.target, [0.25, 0.75])
    assert source.labels == ("a", "b")


class Coin(Source):
    """A source of one's own."""

    def __init__(self, bias: float = 0.5) -> None:
        if not 0 < bias < 1:
            raise ValueError(f"received a bias of {bias}")
        self.labels = ("heads", "tails")
        self.target = np.array([bias, 1 - bias])

    def draw(self, random: np.random.Generator, size: int) -> np.ndarray:
        return (random.random(size) >= self.target[0]).astype(np.int32)


def test_source_of_ones_own() -> None:
    """Found by module and class, constructed with its options; what it refuses is one line."""
    own = f"{__name__}:Coin"
    source = open_source(Data(source=own, options={"bias": 0.25}))
    assert isinstance(source, Coin)
    np.testing.assert_array_equal(source.target, [0.25, 0.75])
    for options, message in (
        ({"bias": 2.0}, rf"data.options: received .* for {own}, which fails \(received a bias of 2.0\)"),
        ({"weight": 1}, rf"data.options: received .* for {own}, which fails \(.*'weight'\)"),
    ):
        with pytest.raises(ValueError, match=message) as error:
            open_source(Data(source=own, options=options))
        assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="data.source: cannot import nowhere .*: give module:Class"):
        open_source(Data(source="nowhere:Coin"))
    with pytest.raises(ValueError, match=r"data.source: received .*:Data, which is no source: give a class"):
        open_source(Data(source="gumbel_gan.config.data:Data"))


@pytest.mark.parametrize(
    ("text", "unit", "labels", "frequencies"),
    [
        ("abba\r\na\n", None, "ab", [3, 2]),
        ("abba\na\n", "characters", "ab", [3, 2]),
        ("a bb\nbb  c\n\n", "words", ["a", "bb", "c"], [1, 2, 1]),
        ("no way\nyes\nno way", "lines", ["no way", "yes"], [2, 1]),
        ("0 2\n2 2", "integers", "012", [1, 0, 3]),
        ("\ufeffää\nö", "characters", "äö", [2, 1]),
    ],
)
def test_text(tmp_path: Path, text: str, unit: Any, labels: Sequence[str], frequencies: list[int]) -> None:
    path = tmp_path / "text"
    path.write_bytes(text.encode())
    source = open_source(Data(path=str(path), unit=unit))
    assert source.labels == tuple(labels)
    np.testing.assert_allclose(source.target, np.array(frequencies) / sum(frequencies))


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('id,kind\n1,"a, b"\n2,"c\nd"\n3,"a, b"\n\n')
    source = open_source(Data(path=str(path), column="kind"))
    assert source.labels == ("a, b", "c\nd")
    np.testing.assert_allclose(source.target, [2 / 3, 1 / 3])
    source = open_source(Data(path=str(path), column="id", unit="integers"))
    np.testing.assert_allclose(source.target, [0, 1 / 3, 1 / 3, 1 / 3])


def test_npy_labels_vocabulary_and_true_target(tmp_path: Path) -> None:
    path = str(tmp_path / "numbers.npy")
    np.save(path, np.array([0, 2, 2, 1]))
    source = open_source(Data(path=path, labels="a,b,c,d"))
    assert source.labels == ("a", "b", "c", "d")
    np.testing.assert_allclose(source.target, [0.25, 0.25, 0.5, 0])
    assert open_source(Data(path=path, vocabulary=[2, 1, 0])).target[0] == 0.5
    source = open_source(Data(path=path, probabilities=[0.2, 0.2, 0.6]))
    assert source.target_is == "given"
    np.testing.assert_allclose(source.target, [0.2, 0.2, 0.6])
    drawn = source.draw(np.random.default_rng(0), 400_000)
    check_frequencies(drawn, np.array([0.25, 0.25, 0.5]), detect=0.01)


BAD = [
    ("x", b"", {}, "data.path: .*x has no characters: give a file that is not empty"),
    ("x", b"aaa", {}, "data.path: .*x holds one category only, 'a'"),
    ("x", b"ab\xff", {}, "data.path: line 1 of .*x is not UTF-8 text"),
    ("x", b"ab\na\0", {}, "data.path: line 2 of .*x holds a zero byte"),
    ("x.csv", b"a,b\n1,2\n", {}, "data.column: required for a table: give one of a, b"),
    ("x.csv", b"a,b\n1,2\n", {"column": "c"}, "data.column: .* has no column 'c': give one of a, b"),
    ("x.csv", b"a,b\n1,2\n3\n", {"column": "b"}, "data.path: line 3 of .* has 1 field, and the header 2"),
    (
        "x.csv",
        b"a,b\n1,2\n3,\n5,\n",
        {"column": "b"},
        "data.missing: 2 of 3 values in column 'b' of .*, the first in line 3, are missing: give skip",
    ),
    ("x", b"1 2\n-3", {"unit": "integers"}, "data.path: received integers from -3 to 2"),
    ("x", b"1 2\n3 x", {"unit": "integers"}, "data.unit: received 'x' in line 2 .*no integer"),
    (
        "x",
        b"1 9",
        {"unit": "integers", "labels": "a,b"},
        "data.labels: received 2 labels .* 1 to 9 .* give 10",
    ),
    ("x", b"1 99999999999", {"unit": "integers"}, "received integers from 1 to 99999999999"),
    ("x", b"ab\nabc", {"vocabulary": "a,b"}, r"data.vocabulary: received 'c' in line 2, .*\(a, b\)"),
    (
        "x",
        b"ab",
        {"probabilities": [0.5, 0.25, 0.25]},
        r"data.probabilities: received 3 for 2 categories \(a, b\)",
    ),
    ("x", b"ab", {"labels": "a,b"}, "data.labels: names integers, and the unit is characters"),
    ("x.npy", b"ab", {}, "data.path: .*x.npy is no .npy array"),
    ("x.npy", b"ab", {"unit": "words"}, "data.unit: received 'words' for a .npy file"),
]


@pytest.mark.parametrize(("name", "content", "settings", "message"), BAD)
def test_bad_files(tmp_path: Path, name: str, content: bytes, settings: dict[str, Any], message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        open_source(Data(path=str(path), **settings))
    assert "\n" not in str(error.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="data.path: cannot read .* \\(No such file"):
        open_source(Data(path=str(tmp_path / "none")))
    with pytest.raises(ValueError, match="data.path: cannot read .* \\(Is a directory"):
        open_source(Data(path=str(tmp_path)))
    np.save(tmp_path / "real.npy", np.ones(3))
    with pytest.raises(ValueError, match="holds 3 numbers of type float64: give an array of integers"):
        open_source(Data(path=str(tmp_path / "real.npy")))
    np.save(tmp_path / "object.npy", np.array([{}]), allow_pickle=True)  # never unpickled
    with pytest.raises(ValueError, match="is no .npy array"):
        open_source(Data(path=str(tmp_path / "object.npy")))


def test_values_held_in_python() -> None:
    np.testing.assert_allclose(from_values([0, 2, 2, 2]).target, [0.25, 0, 0.75])
    source = from_values(["x", "y", "x"])
    assert source.labels == ("x", "y")
    np.testing.assert_allclose(source.target, [2 / 3, 1 / 3])
    assert isinstance(from_values(iter("xyx"), vocabulary="xy"), Feed)
    with pytest.raises(ValueError, match="data.vocabulary: required for an iterable"):
        from_values(iter("xyx"))
    with pytest.raises(ValueError, match="data.vocabulary: received 'z'"):
        from_values(["x", "z"], vocabulary=["x", "y"])
    with pytest.raises(ValueError, match="data: received nothing"):
        from_values([])


def test_file_that_changes_while_training(tmp_path: Path) -> None:
    """A file is read once, before training: what happens to it afterwards changes nothing."""
    path = tmp_path / "file.txt"
    for change in (lambda: path.write_bytes(b"b"), path.unlink):
        path.write_bytes(b"aab")
        stream = Stream(open_source(Data(path=str(path))))
        before = stream.epoch(0)
        change()
        np.testing.assert_array_equal(Stream(stream.source).epoch(0), before)
        assert len(stream.epoch(1)) == 100
    np.save(tmp_path / "numbers.npy", np.array([0, 1, 1]))
    stream = Stream(open_source(Data(path=str(tmp_path / "numbers.npy"))))
    os.truncate(tmp_path / "numbers.npy", 10)
    assert len(stream.epoch(0)) == 100


def test_lines_of_a_file(tmp_path: Path) -> None:
    words = [f"{a}{b}" for a in "abcdefgh" for b in "xyz"]
    path = tmp_path / "names.txt"
    path.write_text("\n".join(words + words[:3]) + "\n")
    source = open_source(Data(path=str(path), length=4))
    assert isinstance(source, Strings)
    assert source.alphabet == "abcdefghxyz "
    assert source.held_out is not None
    assert source.held_out.sum() == 2
    assert (source.target[source.held_out] == 0).all()
    counts = Counter(words + words[:3])
    drawn = np.array([counts[label] for label in source.labels]) * ~source.held_out
    np.testing.assert_allclose(source.target, drawn / drawn.sum())


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ("ab\ncdefg\n", {}, "data.length: received 'cdefg' of 5 symbols: give 5 or more"),
        ("ab\ncd\n", {"vocabulary": "a,b,c"}, "data.vocabulary: received 'd' in 'cd'"),
    ],
)
def test_bad_lines(tmp_path: Path, content: str, settings: dict[str, Any], message: str) -> None:
    path = tmp_path / "names.txt"
    more = "".join(f"{a}{b}{c}\n" for a in "abc" for b in "abc" for c in "abc")
    path.write_text(more + content)
    with pytest.raises(ValueError, match=message):
        open_source(Data(path=str(path), length=4, **settings))


def test_too_few_lines(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("a\nb\n")
    with pytest.raises(ValueError, match="holds 2 different lines: give 20 or more"):
        open_source(Data(path=str(path), length=4))
    with pytest.raises(ValueError, match="data.path: cannot read"):
        open_source(Data(path=str(tmp_path / "none"), length=4))


@pytest.mark.slow
def test_data_in_python_are_not_described() -> None:
    """The settings of a training on them say so, and are refused where they would open other data."""
    result, _ = gg.run(gg.Config(epochs=1, seed=0), gg.from_values(["a", "b", "a"]))
    assert result.config.data.given
    with pytest.raises(
        ValueError, match=r"^data.given: these settings are of a training on data held in Python"
    ):
        gg.run(result.config)
    again, _ = gg.run(result.config, gg.from_values(["a", "b", "a"]))
    assert (again.learned == result.learned).all()
    described, _ = gg.run(gg.Config(epochs=1, seed=0))
    assert not described.config.data.given
    opened, _ = gg.run(described.config, gg.open_source(described.config.data))
    assert not opened.config.data.given


def test_integers_that_begin_at_one(caplog: pytest.LogCaptureFixture) -> None:
    source = gg.from_values([1, 2, 3, 2])
    assert source.labels == ("0", "1", "2", "3")
    assert "integers in the values begin at 1, and are taken to begin at 0, so 0 will be" in caplog.text
    caplog.clear()
    for fine in ([0, 1, 2], {"1": 3, "2": 4}):
        assert gg.from_values(fine).warning is None
    assert gg.from_values([1, 2, 3], vocabulary=[1, 2, 3]).warning is None
    assert not caplog.text

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gumbel_gan.config import Data
from gumbel_gan.data import Stream
from gumbel_gan.sources import Distribution, Drift, Feed, Frequencies, from_values, law, open_source

from .statistics import check_frequencies


def draw(source: Any, size: int = 400_000) -> np.ndarray:
    return source.draw(np.random.default_rng(0), size)


def test_distribution() -> None:
    probabilities = np.array([0, 0.2, 0, 0.8, 0])
    samples = draw(Distribution(probabilities))
    check_frequencies(samples, probabilities, detect=0.01)
    assert set(np.unique(samples)) == {1, 3}  # what has no probability never comes
    assert samples.dtype == np.int32


def test_frequencies_are_those_of_the_array() -> None:
    source = Frequencies([0, 5, 0, 15])
    np.testing.assert_allclose(source.target, [0, 0.25, 0, 0.75])
    assert source.target_is == "frequencies"
    check_frequencies(draw(source), source.target, detect=0.01)


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
    np.save(path, np.array([[0, 2], [2, 1]]))
    source = open_source(Data(path=path, labels="a,b,c,d"))
    assert source.labels == ("a", "b", "c", "d")
    np.testing.assert_allclose(source.target, [0.25, 0.25, 0.5, 0])
    assert open_source(Data(path=path, vocabulary=[2, 1, 0])).target[0] == 0.5
    source = open_source(Data(path=path, probabilities=[0.2, 0.2, 0.6]))
    assert source.target_is == "given"
    np.testing.assert_allclose(source.target, [0.2, 0.2, 0.6])
    check_frequencies(draw(source), np.array([0.25, 0.25, 0.5]), detect=0.01)


BAD = [
    ("x", b"", {}, "data.path: .*x has no characters: give a file that is not empty"),
    ("x", b"aaa", {}, "data.path: .*x holds one category only, 'a'"),
    ("x", b"ab\xff", {}, "data.path: line 1 of .*x is not UTF-8 text"),
    ("x", b"ab\na\0", {}, "data.path: line 2 of .*x is not UTF-8 text"),
    ("x.csv", b"a,b\n1,2\n", {}, "data.column: required for a CSV file: give one of a, b"),
    ("x.csv", b"a,b\n1,2\n", {"column": "c"}, "data.column: received 'c', .*: give one of a, b"),
    ("x.csv", b"a,b\n1,2\n3\n", {"column": "b"}, "data.column: line 3 of .* has no value in column 'b'"),
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


def test_feed_passes_once_and_keeps_what_came_before_a_bad_label() -> None:
    feed = Feed("abacab", "ab")
    np.testing.assert_array_equal(feed.take(2), [0, 1])
    assert not feed.ended
    np.testing.assert_array_equal(feed.take(9), [0])
    assert feed.ended
    assert "received 'c' at item 4" in str(feed.error)
    assert len(feed.take(9)) == 0


def test_laws() -> None:
    np.testing.assert_allclose(law("uniform", 4), [0.25] * 4)
    np.testing.assert_allclose(law("zipf", 3), np.array([6, 3, 2]) / 11)
    np.testing.assert_allclose(law("one", 3), [1, 0, 0])
    np.testing.assert_allclose(law("half", 5), [1 / 3, 1 / 3, 1 / 3, 0, 0])
    first, again, other = law("dirichlet", 100), law("dirichlet", 100), law("dirichlet", 100, seed=1)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01
    # Under Dirichlet(1) the mean of p_k is 1/K and its standard deviation about the same.
    many = np.stack([law("dirichlet", 10, seed) for seed in range(2_000)])
    np.testing.assert_allclose(many.mean(0), 0.1, atol=0.012)  # five standard errors
    np.testing.assert_allclose(many.std(0), np.sqrt(0.9 / 11 / 10), atol=0.012)


def test_drift() -> None:
    abrupt = Drift([1, 0], [0, 1], first=3, last=3)
    assert [abrupt.at(epoch).target[0] for epoch in range(5)] == [1, 1, 1, 0, 0]
    linear = Drift([1, 0], [0, 1], first=1, last=5)
    np.testing.assert_allclose([linear.at(epoch).target[0] for epoch in range(6)], [1, 0.75, 0.5, 0.25, 0, 0])
    stream = Stream(abrupt, runs=2, batches=3)
    assert (stream.epoch(2) == 0).all()
    assert (stream.epoch(3) == 1).all()

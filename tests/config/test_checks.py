import math
from pathlib import Path
from typing import Any

import pytest

from gumbel_gan.config import checks


@pytest.mark.parametrize("number", [0, -1, math.nan, math.inf, -math.inf])
def test_positive(number: float) -> None:
    checks.check_positive("a.b", 1e-300)
    with pytest.raises(ValueError, match=f"^a.b: received {number}: give a number above zero$"):
        checks.check_positive("a.b", number)


@pytest.mark.parametrize("number", [-1e-300, math.nan, math.inf])
def test_not_negative(number: float) -> None:
    checks.check_not_negative("a.b", 0)
    with pytest.raises(ValueError, match=f"^a.b: received {number}: give 0 or more$"):
        checks.check_not_negative("a.b", number)


@pytest.mark.parametrize("number", [-0.1, 1, math.nan, math.inf])
def test_part(number: float) -> None:
    checks.check_part("a.b", 0)
    checks.check_part("a.b", 0.999)
    with pytest.raises(ValueError, match=f"^a.b: received {number}: give 0 or more, below 1$"):
        checks.check_part("a.b", number)


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        ([], "received 0 categories: give at least two"),
        ([1.0], "received 1 categories: give at least two"),
        ([-0.5, 1.5], "received -0.5: give numbers of 0 or more"),
        ([math.nan, 1.0], "received nan: give numbers of 0 or more"),
        ([math.inf, 0.0], "received inf: give numbers of 0 or more"),
        ([0.5, 0.6], "received numbers that sum to 1.1: give some that sum to 1"),
        ([0.5, 0.5 + 2e-6], "received numbers that sum to 1: give some that sum to 1"),
    ],
)
def test_probabilities(probabilities: list[float], message: str) -> None:
    checks.check_probabilities("p", [0.5, 0.5 + 5e-7])
    checks.check_probabilities("p", iter([0.0, 1.0]))
    with pytest.raises(ValueError, match=f"^p: {message}$"):
        checks.check_probabilities("p", probabilities)


def test_length() -> None:
    checks.check_length("l", None, 3)
    checks.check_length("l", "abc", 3)
    with pytest.raises(ValueError, match="^l: received 2 values for 3 categories: give one for each$"):
        checks.check_length("l", [1, 2], 3)


def test_numbers() -> None:
    assert checks.numbers("n", None) is None
    assert checks.numbers("n", "0.2,8e-1") == [0.2, 0.8]
    assert checks.numbers("n", [1, 2]) == [1.0, 2.0]
    for given in ("", "a,b", "0.2;0.8", "0.2,"):
        with pytest.raises(ValueError, match=f"^n: received '{given}': give numbers, as 0.2,0.8$"):
            checks.numbers("n", given)


def test_labels(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("\ufeffa b\nc, d\n", encoding="utf-8")
    assert checks.labels("l", None) is None
    assert checks.labels("l", "yes,no") == ["yes", "no"]
    assert checks.labels("l", "[yes,no]") == ["yes", "no"]  # YAML would read truth values
    assert checks.labels("l", [1, 2.5, "x"]) == ["1", "2.5", "x"]
    assert checks.labels("l", str(file)) == ["a b", "c, d"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a", "received 'a', neither a list nor a file: give labels, as a,b,c"),
        (["a"], "received 1 labels: give at least two"),
        ([], "received 0 labels: give at least two"),
        ("a,,b", "received an empty label: leave it out"),
        ("a,b,a", "received 'a' twice: give each label once"),
        ([1, "1"], "received '1' twice: give each label once"),
    ],
)
def test_bad_labels(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^l: {message}$"):
        checks.labels("l", given)


def test_bad_files_of_labels(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_bytes(b"\xff\xfe\xda")
    with pytest.raises(ValueError, match=f"^l: cannot read {file}: "):
        checks.labels("l", str(file))
    file.write_text("a\n\nb\n")
    with pytest.raises(ValueError, match="^l: received an empty label: leave it out$"):
        checks.labels("l", str(file))
    file.write_text("alone")
    with pytest.raises(ValueError, match="^l: received 1 labels: give at least two$"):
        checks.labels("l", str(file))


def test_suggestion() -> None:
    assert checks.suggestion("epohs", ["epochs", "runs"]) == ", did you mean epochs?"
    assert checks.suggestion("zzz", ["epochs", "runs"], ": see --help") == ": see --help"
    assert checks.suggestion("zzz", []) == ""


def test_one_line() -> None:
    assert checks.one_line("a\n  b\tc\n") == "a b c"
    assert checks.one_line(ValueError("a\nb")) == "a b"
    assert checks.one_line(FileNotFoundError(2, "No such file", "x")) == "No such file"

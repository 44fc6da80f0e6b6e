import math
from pathlib import Path
from typing import Any

import pytest

from gumbel_gan.config.catalogue import SOURCES
from gumbel_gan.config.data import Data

from .test_config import parse


def test_lists_are_given_in_three_ways(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("ok\nwarn\n")
    for given in ("ok,warn", "[ok, warn]", str(file)):
        assert parse("--data.path", "-", "--data.vocabulary", given).data.vocabulary == ["ok", "warn"]
    for numbers in ("0.2,0.8", "[0.2, 0.8]"):
        assert parse("--data.probabilities", numbers).data.probabilities == [0.2, 0.8]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"probabilities": [0.5, 0.6]}, "data.probabilities: received numbers that sum to 1.1"),
        ({"probabilities": [-0.5, 1.5]}, "data.probabilities: received -0.5"),
        ({"probabilities": [math.nan, 1]}, "data.probabilities: received nan"),
        ({"probabilities": [1.0]}, "data.probabilities: received 1 categories"),
        ({"probabilities": "a,b"}, "data.probabilities: received 'a,b'"),
        ({"labels": ["a", "b"]}, "data.labels: received 2 values for 5 categories"),
        ({"labels": ["a", "a", "b", "c", "d"]}, "data.labels: received 'a' twice"),
        ({"vocabulary": "a,b"}, "data.vocabulary: received 'a,b' with the source distribution, which takes"),
        ({"path": "-"}, "data.vocabulary: required with the source standard_input: .* give a list"),
        ({"path": "-", "vocabulary": "a"}, "data.vocabulary: received 'a', neither a list nor a file"),
        (
            {"path": "-", "vocabulary": "a,b", "source": "standard_input", "column": "c"},
            "data.column: received 'c' with the source standard_input, which takes .*: leave it out; "
            "it goes with the source table$",
        ),
        (
            {"path": "x", "vocabulary": "a,b,c", "probabilities": [0.5, 0.5]},
            "data.probabilities: received 2 values for 3",
        ),
        ({"unit": "bytes"}, "data.unit: received 'bytes': give one of characters, words, lines, integers$"),
        ({"source": "txt"}, "data.source: received 'txt': give one of distribution, .* or module:Class of"),
        ({"source": "text"}, "data.path: required with the source text: give a text file"),
        ({"options": {"x": 1}}, "data.options: received .* with the source distribution, .*: leave it out"),
        ({"source": "a:B", "path": "x"}, "data.path: received 'x' with the source a:B"),
    ],
)
def test_bad_data(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Data(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"law": "zipf"}, "data.categories: required with the source law: give a number"),
        ({"law": "zipf", "categories": 1}, "data.categories: received 1 with the law zipf"),
        ({"categories": 3}, "data.law: required with the source law"),
        (
            {"law": "one", "categories": 3, "probabilities": [0.5, 0.5]},
            r"data.probabilities: received \[0.5, 0.5\] with the source law",
        ),
        (
            {"law": "one", "categories": 3, "probabilities": [0.2] * 5, "drift": [0.2] * 5},
            "data.probabilities: received 5 values for 3 categories",
        ),
        (
            {"law": "one", "categories": 2, "probabilities": [0.5, 0.5], "drift": [0.5, 0.5]},
            "data.law: received one with data.probabilities: give one of the two",
        ),
        (
            {"law": "one", "categories": 3, "path": "x"},
            "data.law: received 'one' with the source text, which .*; it goes with the source law or drift",
        ),
        ({"law": "derivation", "categories": 3}, "data.categories: received 3 with the source grammar"),
        ({"law": "zipf", "length": 5}, "data.law: received zipf for strings: give one of uniform, deriv"),
        ({"drift": [0.5, 0.5]}, "data.drift: received 2 values for 5 categories"),
        ({"drift": "0.5,0.6"}, "data.drift: received numbers that sum to 1.1"),
        ({"drift": [0.2] * 5, "path": "x"}, "data.drift: received .* with the source text, which takes path"),
        ({"drift": [0.2] * 5, "drift_until": 50}, "data.drift_from, data.drift_until: received 100, 50"),
        ({"memory": 0}, "data.memory: received 0 with the source distribution"),
        ({"memory": 0, "drift": [0.2] * 5}, "data.memory: received 0: give a number above zero"),
        ({"smoothing_amount": 0.1}, "data.smoothing_amount: received 0.1 with the smoothing none"),
        ({"smoothing": "label", "smoothing_amount": 1.0}, "data.smoothing_amount: received 1.0"),
        (
            {"smoothing": "noise", "smoothing_amount": 0},
            "data.smoothing_amount: received 0: give a number ab",
        ),
    ],
)
def test_bad_laws_drifts_and_smoothings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Data(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"length": 2}, "data.length: received 2 for the source grammar: give 3 to 18"),
        ({"length": 19}, "data.length: received 19 for the source grammar: give 3 to 18"),
        ({"length": 1001, "path": "x"}, "data.length: received 1001 for the source strings: give 3 to 1000"),
        (
            {"length": 5, "path": "x", "unit": "words"},
            "data.unit: received words with data.length: give char",
        ),
        ({"length": 5, "strings": 0}, "data.strings: received 0: give a number above zero"),
        ({"strings": 10}, "data.length: required with the source grammar: give 12"),
        ({"source": "strings", "path": "x"}, "data.length: required with the source strings"),
    ],
)
def test_bad_sequences(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Data(**settings)


NEEDED: dict[str, dict[str, Any]] = {
    "distribution": {},
    "law": {"law": "zipf", "categories": 3},
    "drift": {"drift": [0.2] * 5},
    "text": {"path": "a.txt"},
    "table": {"path": "a.csv"},
    "array": {"path": "a.npy"},
    "standard_input": {"path": "-", "vocabulary": "a,b"},
    "grammar": {"length": 12},
    "strings": {"path": "a.txt", "length": 12},
    "rows": {"path": "b.csv", "columns": "all"},
}
"""The least that asks for each kind of source."""


@pytest.mark.parametrize("kind", NEEDED)
def test_the_settings_ask_for_a_kind_of_source(kind: str) -> None:
    asked = Data(**NEEDED[kind])
    assert (asked.kind, Data(source=kind, **NEEDED[kind]).kind) == (kind, kind)
    assert asked.sequences is (kind in ("grammar", "strings", "rows"))
    for name, _ in SOURCES[kind].needs:
        settings = {key: value for key, value in NEEDED[kind].items() if key != name}
        with pytest.raises(ValueError, match=f"data.{name}: required with the source {kind}: "):
            Data(source=kind, **settings)


def test_kinds_of_files() -> None:
    assert Data(path="a.csv", unit="words").kind == "text"
    assert Data(path="a.CSV").kind == "table"
    assert Data(path="a.tsv", column="x").kind == "table"
    assert Data(path="a.csv", column="x", unit="words").kind == "table"
    assert Data(path="a.npy", unit="integers").kind == "array"
    assert Data(law="zipf", categories=3, drift=[0.2, 0.2, 0.6]).kind == "drift"
    assert Data(source="mine:Own", options={"x": 1}).kind == "mine:Own"

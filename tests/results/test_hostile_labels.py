"""Whatever stands in a label: it is written and read back as it is, drawn, and sampled."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gumbel_gan import plot, sample, train
from gumbel_gan.config.config import Config
from gumbel_gan.config.data import Data
from gumbel_gan.data.opening import from_values
from gumbel_gan.results.directory import config_yaml, stored_config
from gumbel_gan.results.readable import MAX_READABLE
from gumbel_gan.results.result import Result
from gumbel_gan.results.storing import load, save
from gumbel_gan.results.written import ERRORS
from gumbel_gan.terminal.parser import Parser

from .made_up import made_up, saved

HOSTILE = [
    "a", "b", "a\nb", "a\rb", "a\r\nb", "\n", "\r", "\r\n", "a\n", "\ra", '"', "'", 'say "x"', '"a"', "it's",
    ",", "a,b", ",,", "\0", "a\0", "a\0\0", "\0a", "a\0b", "\x85", "a\x85b", "\u2028", "a\u2029b", "\x0b",
    "\x1c", "\ud800", "a\udcff", "\udc80b", "😀", "é", "e\u0301", " ", "   ", "\t", "a ", " a", "nan",
    "NaN", "inf", "None", "null", "~", "no", "true", "010", "1e3", "1_000", "0x1f", "12:30", "2024-01-01",
    "$x$", "$", r"\$", "$$", "__", "_", "_a", "(missing)", "(others)", "label", "#", "# a", "-", "--", "- a",
    ": a", "a: b", "{}", "[a, b]", "&a", "*a", "!a", "!!int", "|", ">", "%", "@", "`", "\\", "\\n", "\\ud800",
    "\ufeff", "\ufeffa", "a\ufeff", "=", "<<", "\u202e", "x" * 500, "\x7f", "\x1b[31m",
]  # fmt: skip
ZEROS = [label for label in HOSTILE if label.endswith("\0")]
OTHERS = [label for label in HOSTILE if label not in ZEROS]
LONG = ["y" * 140_000, "z" * 140_000 + "\n"]
"""Longer than a field that Python's csv reads by default."""
ARRAYS = ("epochs", "probabilities", "targets", "learned", "averaged", "counted", "target")


def labelled(labels: Sequence[str], **more: Any) -> Result:
    """A made-up result of these labels, which the average holds equally probable."""
    result = made_up(len(labels), labels=list(labels), **more)
    result.averaged = np.full_like(result.averaged, 1 / len(labels))
    return result


def many(labels: Sequence[str]) -> Result:
    """One of so many categories that files for people hold a part of them; these are the most probable."""
    result = made_up(MAX_READABLE + 1, runs=1, epochs=1)
    names = [f"category {number}" for number in range(MAX_READABLE + 1)]
    for place, label in zip(np.argsort(-result.target, kind="stable"), labels, strict=False):
        names[place] = label
    return replace(result, labels=tuple(names))


def saved_quickly(result: Result, directory: Path) -> Result:
    """The result, written and read, but for its networks."""
    network = SimpleNamespace(save=lambda path: Path(path).touch())
    result.gan = SimpleNamespace(generator=network, discriminator=network)
    save(result, str(directory))
    return load(str(directory))


def check_same(loaded: Result, result: Result) -> None:
    assert loaded.labels == result.labels
    assert loaded.shown_labels == result.shown_labels
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(loaded, name), getattr(result, name), atol=1e-8, err_msg=name)
    assert loaded.metrics.keys() == result.metrics.keys()
    for name, values in result.metrics.items():
        np.testing.assert_allclose(loaded.metrics[name], values, rtol=1e-7)


def categories_in(directory: Path) -> list[str]:
    """The labels in the table of probabilities, as another program reads it."""
    text = (directory / "probabilities.csv").read_bytes().decode("utf-8", ERRORS)
    return [row["category"] for row in csv.DictReader(io.StringIO(text, newline=""))]


def test_few(tmp_path: Path) -> None:
    result = labelled(HOSTILE, epochs=2)
    check_same(saved(result, tmp_path), result)
    assert categories_in(tmp_path) == HOSTILE * 4


def test_many(tmp_path: Path) -> None:
    result = many(HOSTILE)
    check_same(saved(result, tmp_path), result)
    assert categories_in(tmp_path)[: len(HOSTILE)] == HOSTILE


def test_halves_of_a_character(tmp_path: Path) -> None:
    """Two lone surrogates are not the character that they would be together, which is a label, too."""
    for result in (labelled(["\ud83d\ude00", "😀"]), many(["\ud83d\ude00", "😀"])):
        check_same(saved_quickly(result, tmp_path), result)


def test_very_long(tmp_path: Path) -> None:
    for result in (labelled([*LONG, "a"]), many([*LONG, "a"])):
        check_same(saved_quickly(result, tmp_path), result)


ANY = st.lists(st.text(st.characters(), min_size=1, max_size=8), min_size=2, max_size=8, unique=True)
OFTEN = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.slow
@settings(OFTEN, max_examples=60)
@given(ANY)
def test_any_few(tmp_path: Path, labels: list[str]) -> None:
    result = labelled(labels, runs=1, epochs=1)
    check_same(saved_quickly(result, tmp_path), result)
    assert categories_in(tmp_path) == labels


@settings(OFTEN, max_examples=10)
@given(ANY)
def test_any_many(tmp_path: Path, labels: list[str]) -> None:
    result = many(labels)
    check_same(saved_quickly(result, tmp_path), result)


@pytest.mark.slow
@pytest.mark.parametrize("categories", ["few", "many"])
def test_plotted(categories: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command, in both formats, without a word on standard error."""
    result = labelled(HOSTILE[:30]) if categories == "few" else many(HOSTILE[30:60])
    saved(result, tmp_path)
    plot.main([str(tmp_path)])
    plot.main([str(tmp_path), "--format", "svg"])
    printed = capsys.readouterr()
    names = ["error_heatmap"] + ["scatter"] * (categories == "many")
    assert printed.out.split() == [
        str(tmp_path / f"{name}.{style}") for style in ("png", "svg") for name in names
    ]
    for name in names:
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000


@pytest.mark.parametrize("part", [slice(0, 30), slice(30, 60), slice(60, None)])
def test_every_label_can_be_drawn(part: slice, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    saved_quickly(labelled(HOSTILE[part]), tmp_path)
    plot.main([str(tmp_path)])
    assert (tmp_path / "error_heatmap.png").stat().st_size > 10_000
    assert {record.name for record in caplog.records} <= {"gumbel_gan.figures.style"}


@pytest.mark.parametrize("labels", [OTHERS, ZEROS], ids=["any", "zeros at the end"])
def test_sampled_in_python(labels: list[str], tmp_path: Path) -> None:
    """Every label is drawn as it is; 5,000 draws miss one of a hundred with probability below 1e-19."""
    loaded = saved_quickly(labelled(labels), tmp_path)
    assert set(loaded.sample(5_000, seed=0).tolist()) == set(labels)


@pytest.mark.parametrize("categories", ["few", "many"])
def test_sampled_by_command_as_json(
    categories: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = labelled(OTHERS) if categories == "few" else many(OTHERS)
    if categories == "many":
        known = {label: number for number, label in enumerate(result.labels)}
        result.averaged = np.zeros_like(result.averaged)
        result.averaged[:, [known[label] for label in OTHERS]] = 1 / len(OTHERS)
    saved_quickly(result, tmp_path)
    sample.main([str(tmp_path), "-n", "5000", "--format", "json"])
    drawn = json.loads(capsys.readouterr().out)
    assert len(drawn) == 5_000
    assert set(drawn) == set(OTHERS)


def test_sampled_by_command_as_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It can be read back; half a character cannot be printed, and is escaped."""
    saved_quickly(labelled(OTHERS), tmp_path)
    sample.main([str(tmp_path), "-n", "5000", "--format", "csv"])
    header, *drawn = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
    assert header == ["label"]
    assert len(drawn) == 5_000
    expected = {label.encode("utf-8", "backslashreplace").decode() for label in OTHERS}
    assert {label for row in drawn for label in row} == expected


def written(labels: list[str], directory: Path) -> str:
    """The settings of a run with that vocabulary, in its directory."""
    text = config_yaml(Config(data=Data(path="text.txt", vocabulary=labels)))
    path = directory / "config.yaml"
    path.write_bytes(text.encode("utf-8", ERRORS))
    return str(path)


@pytest.fixture(scope="module")
def options() -> Parser:
    return train.parser()


@settings(OFTEN, max_examples=100)
@given(ANY)
@example([*HOSTILE, *LONG])
def test_vocabulary_of_a_run(tmp_path: Path, labels: list[str]) -> None:
    written(labels, tmp_path)
    assert stored_config(str(tmp_path)).data.vocabulary == labels


HALVES = [label for label in HOSTILE if any("\ud800" <= character <= "\udfff" for character in label)]


@pytest.mark.parametrize(
    "labels",
    [[label for label in HOSTILE if label not in HALVES], HALVES, LONG],
    ids=["any", "halves", "long"],
)
def test_vocabulary_of_a_run_as_settings(labels: list[str], tmp_path: Path, options: Parser) -> None:
    """Given by `--config`, or to go on with a run."""
    given = options.parse_args(["--config", written(labels, tmp_path)])
    assert options.config(given).data.vocabulary == labels


NUMBERS = st.from_regex(r"[-+]?[0-9_.:xobeE]{1,6}", fullmatch=True)


@settings(OFTEN, max_examples=20)
@given(st.lists(NUMBERS, min_size=8, max_size=16, unique=True))
@example(["1e3", "1E3", "-1e-3", "1_000", "0x1f", "0o7", "010", "1:30", ".5", "1."])
def test_vocabulary_that_looks_like_numbers(tmp_path: Path, options: Parser, labels: list[str]) -> None:
    given = options.parse_args(["--config", written(labels, tmp_path)])
    assert options.config(given).data.vocabulary == labels


@settings(deadline=None, max_examples=150)
@given(ANY)
@example(["a", "\0b"])
def test_sources_tell_them_apart(labels: list[str]) -> None:
    """Two sources are the same for a run that goes on if, and only if, their labels are."""
    source = from_values(labels, vocabulary=labels)
    assert source.labels == tuple(labels)
    assert source.digest == from_values(labels[::-1], vocabulary=labels).digest
    others = [*labels[:-2], labels[-2] + labels[-1][:1], labels[-1][1:] or "\0"]
    if len(set(others)) == len(others):
        assert from_values(others, vocabulary=others).digest != source.digest

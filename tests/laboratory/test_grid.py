import os
from pathlib import Path

import pytest

from gumbel_gan.laboratory.grid import read

from ..conftest import ROOT

BASE = "base: {runs: 3, epochs: 4, training: {batches: 5}}\n"


def written(directory: Path, text: str) -> str:
    path = directory / "study.yaml"
    path.write_text(text)
    return str(path)


def test_grid_and_list(tmp_path: Path) -> None:
    text = BASE + "cells: [{temperature: 1.0}, {generator.estimator: exact}]\nvary: {seed: [1, 2]}\n"
    kind, cells = read(written(tmp_path, text), ["training.batch_size=[5,6]"], {"runs": None, "epochs": 9})
    assert kind == "gan"
    assert len(cells) == 8
    assert cells[-1].varied == {"generator.estimator": "exact", "seed": 2, "training.batch_size": 6}
    settings = cells[-1].settings
    assert (settings.runs, settings.epochs, settings.seed, settings.training.batch_size) == (3, 9, 2, 6)
    assert settings.generator.estimator == "exact"
    assert cells[-1].label == "exact, seed 2, batch size 6"
    assert len({cell.file for cell in cells}) == 8


def test_one_value_fixes_a_setting(tmp_path: Path) -> None:
    path = written(tmp_path, BASE)
    _, cells = read(path, ["temperature=0.5", "generator.estimator=[exact,rloo]"], {})
    assert [cell.settings.temperature for cell in cells] == [0.5, 0.5]
    assert len(cells) == 2


def test_settings_of_a_training_will_do() -> None:
    _, cells = read(str(ROOT / "configs" / "toy.yaml"), ["temperature=[0.1,1]"], {"runs": 5})
    assert [cell.settings.temperature for cell in cells] == [0.1, 1]
    assert cells[0].settings.runs == 5


def test_cells_of_kinds_of_their_own(tmp_path: Path) -> None:
    text = "base: {data: {length: 3}, generator: {kind: lstm}, discriminator: {kind: mlp}}\n"
    text += "cells: [{kind: ngram, name: n-gram}, {}]"
    kind, cells = read(written(tmp_path, text), [], {})
    assert (kind, [cell.kind for cell in cells]) == ("gan", ["ngram", "gan"])
    assert (cells[0].label, cells[0].varied) == ("n-gram", {})
    assert cells[0].settings == cells[1].settings
    assert cells[0].settings.runs == 64
    assert cells[0].file != cells[1].file


def test_runs_that_fit_the_memory(tmp_path: Path) -> None:
    _, cells = read(written(tmp_path, BASE), [], {"runs": "auto"})
    assert cells[0].settings.runs > 1


@pytest.mark.parametrize("name", sorted(os.listdir(ROOT / "configs" / "studies")))
def test_ready_made_studies_are_good(name: str) -> None:
    path = ROOT / "configs" / "studies" / name
    _, cells = read(str(path), [], {})
    assert len(cells) >= 5
    assert f"python -m gumbel_gan.study configs/studies/{name}" in path.read_text()


@pytest.mark.parametrize(
    ("text", "vary", "message"),
    [
        ("base: none.yaml", [], "base: cannot read .*none.yaml"),
        ("base: [1]", [], "base: received no settings"),
        (BASE, ["temprature=[1]"], "temprature: unknown setting, did you mean temperature\\?"),
        (BASE, ["generator.foo=[1]"], "generator.foo: unknown setting"),
        (BASE, ["temperature="], "vary: received temperature=None: give a list"),
        (BASE, ["temperature={a: 1}"], "vary: received temperature={'a': 1}: give a list"),
        (BASE, ["temperature=["], "vary: received temperature=\\[: give a list"),
        (BASE, ["temperature"], "vary: received temperature=None: give a list"),
        (BASE, ["temperature=[0]"], "temperature: received 0.0: give a number above zero"),
        (BASE, ["temperature=[cold]"], "temperature: received 'cold': give a number"),
        (BASE, ["generator.estimator=[foo]"], "generator.estimator: received 'foo': give one of"),
        (BASE, ["annealing.schedule=[foo]"], "annealing.schedule: received 'foo': give one of"),
        (BASE, ["annealing.end=[0]"], "annealing.end: received 0.0: give a number above zero"),
        (BASE, ["runs.x=[1]"], "runs.x: received a setting of 'runs', which has none"),
        ("vary: 3", [], "vary: received 3: give settings, each with a list"),
        ("bases: {}\nvary: {}", [], "study: received 'bases' .*: give kind, base, vary, cells"),
        ("kind: foo", [], "kind: received 'foo': give one of gan, gan_and_leak, leak, polynomial"),
        ("cells: [{kind: foo}]", [], "kind: received 'foo': give one of gan, gan_and_leak, leak"),
        ("kind: leak", ["temperature=[0]"], "temperature: received 0.0: give a number above zero"),
        ("kind: polynomial", ["power=[0]"], "power: received 0.0: give a number above zero"),
        ("kind: polynomial", ["data.law=[zipf]"], "data: unknown setting"),
        ("cells: 3", [], "cells: received no list"),
        ("[", [], "study: cannot read"),
        ("3", [], "study: received .* with no settings"),
    ],
)
def test_bad_studies(text: str, vary: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        read(written(tmp_path, text), vary, {})
    assert "\n" not in str(raised.value)

import csv
import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gumbel_gan import cells, experiment, study
from gumbel_gan.config import Config
from gumbel_gan.metrics import ratio_of_means
from gumbel_gan.plotting import study_figure
from gumbel_gan.study import read

ROOT = Path(__file__).parent.parent
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


def test_settings_of_a_training_will_do() -> None:
    _, cells = read(str(ROOT / "configs" / "toy.yaml"), ["temperature=[0.1,1]"], {"runs": 5})
    assert [cell.settings.temperature for cell in cells] == [0.1, 1]
    assert cells[0].settings.runs == 5


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
        (BASE, ["temprature=[1]"], "temprature: unknown setting, did you mean --temperature?"),
        (BASE, ["generator.foo=[1]"], "generator.foo: unknown setting"),
        (BASE, ["temperature=1"], "vary: received temperature=1: give a list"),
        (BASE, ["temperature=["], "vary: received temperature=\\[: give a list"),
        (BASE, ["temperature"], "vary: received temperature=None: give a list"),
        (BASE, ["temperature=[0]"], "temperature: received 0.0: give a number above zero"),
        (BASE, ["generator.estimator=[foo]"], "generator.estimator: received 'foo': give one of"),
        (BASE, ["annealing.schedule=[foo]"], "annealing.schedule: received 'foo': give one of"),
        (BASE, ["annealing.end=[0]"], "annealing.end: received 0.0: give a number above zero"),
        (BASE, ["runs.x=[1]"], "runs.x: received a setting of 'runs', which has none"),
        ("bases: {}\nvary: {}", [], "study: received 'bases'"),
        ("kind: foo", [], "kind: received 'foo'"),
        ("cells: 3", [], "cells: received no list"),
        ("[", [], "study: cannot read"),
        ("3", [], "study: received .* with no settings"),
    ],
)
def test_bad_studies(
    text: str, vary: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [part for value in vary for part in ("--vary", value)]
    with pytest.raises(SystemExit) as stopped:
        study.main([written(tmp_path, text), *options, "--output", str(tmp_path / "out")])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error)
    assert not (tmp_path / "out").exists()


def test_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = written(tmp_path, BASE + "vary: {temperature: [0.5, 1.0]}"), tmp_path / "out"
    study.main([path, "--output", str(out)])
    assert "cell 2/2: temperature 1.0" in capsys.readouterr().out
    with (out / "study.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert set(rows[0]) >= {
        "temperature", "run", "max_abs_error_last", "max_abs_error_last50_mean", "max_abs_error_last50_worst",
        "first_epoch_below_0.05", "total_variation", "averaged_total_variation", "counted_total_variation",
        "seconds",
    }  # fmt: skip
    assert {path.name for path in out.iterdir()} == {"study.csv", "study.png", "cells"}
    # Again, with a cell more: only that one is trained.
    before = (out / "study.csv").read_text()
    study.main([path, "--output", str(out), "--vary", "temperature=[0.5,1.0,2.0]"])
    printed = capsys.readouterr().out
    assert "cell 1/1: temperature 2.0" in printed
    assert (out / "study.csv").read_text().startswith(before.rstrip("\n").rsplit("\n", 1)[0])
    # A cell that cannot be read, here half of one, is trained again.
    kept = out / "cells" / read(path, [], {})[1][0].file
    kept.write_bytes(kept.read_bytes()[:500])
    study.main([path, "--output", str(out)])
    assert capsys.readouterr().out.count("cell 1/1") == 1


def test_cell_that_fails_is_reported_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = (
        written(tmp_path, BASE + "vary: {generator.learning_rate: [1.0e+38, 0.001]}"),
        tmp_path / "out",
    )
    with pytest.raises(SystemExit) as stopped:
        study.main([path, "--output", str(out)])
    assert stopped.value.code == 1
    captured = capsys.readouterr()
    assert "learning rate 1e+38: failed: epoch 1, run 0" in captured.out
    assert "1 of 2 cells failed" in captured.err
    with (out / "study.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert "epoch 1, run 0" in rows[0]["failure"]
    assert rows[1]["failure"] == ""


def test_polynomial_study(tmp_path: Path) -> None:
    text = "kind: polynomial\nbase: {epochs: 2, batches: 3, runs: 2, variables: 4}\nvary: {power: [2.0, 3.0]}"
    study.main([written(tmp_path, text), "--output", str(tmp_path / "out"), "--quiet"])
    with (tmp_path / "out" / "study.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["power"] for row in rows] == ["2.0", "2.0", "3.0", "3.0"]
    assert float(rows[0]["above_optimum"]) == pytest.approx(
        float(rows[0]["expected_loss"]) - 0.2025, abs=1e-5
    )


@pytest.mark.slow
def test_leak_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("gumbel_gan.leak.BATCHES", 100)
    (tmp_path / "base.yaml").write_text("runs: 2\nepochs: 2\ntraining: {batches: 5}\n")
    path = written(
        tmp_path, "kind: gan_and_leak\nbase: base.yaml\ncells: [{name: this one, temperature: 0.1}]"
    )
    study.main([path, "--output", str(tmp_path / "out")])
    printed = capsys.readouterr().out
    assert "this one" in printed
    assert "±" in printed
    with (tmp_path / "out" / "study.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert all(0.3 < float(row["leak"]) < 0.9 for row in rows)
    text = "kind: leak\nbase: {runs: 2}\nvary: {temperature: [0.1, 1.0], data.smoothing: [none, label]}"
    study.main([written(tmp_path, text), "--output", str(tmp_path / "leak"), "--quiet"])
    with (tmp_path / "leak" / "study.csv").open() as file:
        assert next(csv.DictReader(file)).keys() == {
            "temperature", "data.smoothing", "run", "leak", "seconds", "failure"
        }  # fmt: skip
    lines = study_figure(
        [
            SimpleNamespace(
                varied={"temperature": t, "data.smoothing": "none"},
                settings=Config(temperature=t),
                columns={"leak": np.array([t, t + 0.1])},
            )
            for t in (0.8, 0.6)
        ],
        "leak",
    ).axes[0].get_lines()  # fmt: skip
    np.testing.assert_allclose(lines[0].get_xydata(), [(0.6, 0.65), (0.8, 0.85)])  # type: ignore[arg-type]


def test_ratio_of_means() -> None:
    ratio, error = ratio_of_means(np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0]))
    assert (ratio, error) == (2.0, 0.0)  # in proportion, the ratio is certain
    # Of independent numbers, by the spread over many repetitions.
    random = np.random.default_rng(0)
    values, others = random.gamma(4, size=(2_000, 100)), random.gamma(9, size=(2_000, 100))
    ratios, errors = np.array([ratio_of_means(a, b) for a, b in zip(values, others, strict=True)]).T
    assert ratios.mean() == pytest.approx(4 / 9, rel=0.01)
    assert ratios.std() == pytest.approx(errors.mean(), rel=0.1)


def test_columns_of_a_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand, for two runs of 60 epochs: one falls to 0.02 in epoch 31, the other stays at 0.1."""
    falls, stays = np.where(np.arange(60) < 30, 0.2, 0.02), np.full(60, 0.1)
    known = SimpleNamespace(
        metrics={"max_abs_error": np.stack([falls, stays], axis=1)},
        learned=np.array([[0.4, 0.6], [0.5, 0.5]]),
        averaged=np.array([[0.3, 0.7], [0.1, 0.9]]),
        counted=np.array([[0.25, 0.75], [0.3, 0.7]]),
        target=np.array([0.3, 0.7]),
    )
    monkeypatch.setattr(experiment, "run", lambda config, callbacks: (known, None))
    _, columns = cells._gan(Config())
    expected = {
        "max_abs_error_last": [0.02, 0.1],
        "max_abs_error_last50_mean": [(20 * 0.2 + 30 * 0.02) / 50, 0.1],
        "max_abs_error_last50_worst": [0.2, 0.1],
        "first_epoch_below_0.05": [31, np.nan],
        "averaged_max_abs_error": [0, 0.2],
        "total_variation": [0.1, 0.2],
        "averaged_total_variation": [0, 0.2],
        "counted_total_variation": [0.05, 0],
    }
    assert set(columns) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(columns[name], values, atol=1e-12)
    cell = cells.Cell({}, None, columns={"first_epoch_below_0.05": columns["first_epoch_below_0.05"]})
    assert "31 (31-never)" in list(study.table([cell]))[1]


def test_one_run_of_strings(tmp_path: Path) -> None:
    text = (
        "base: {epochs: 2, data: {length: 3}, generator: {kind: lstm}, discriminator: {kind: mlp}}\n"
        "cells: [{kind: empirical, name: the strings}, {kind: ngram, name: n-gram}]"
    )
    study.main([written(tmp_path, text), "--runs", "1", "--output", str(tmp_path / "out"), "--quiet"])
    with (tmp_path / "out" / "study.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["cell"] for row in rows] == ["the strings", "n-gram"]
    assert rows[0]["validity"] == "1"


def test_leak_of_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.txt").write_text("abcab")
    text = f"kind: leak\nbase: {{runs: 1, data: {{path: {tmp_path / 'text.txt'}}}}}\ncells: [{{}}]"
    with pytest.raises(SystemExit):
        study.main([written(tmp_path, text), "--output", str(tmp_path / "out")])
    assert "which needs the true probabilities" in capsys.readouterr().out

"""The command `python -m gumbel_gan.study`."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gumbel_gan import study
from gumbel_gan.laboratory.grid import read

from .conftest import Refused, rows
from .laboratory.test_grid import BASE, written


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("base: none.yaml", [], "base: cannot read .*none.yaml"),
        (BASE, ["--vary", "temprature=[1]"], "temprature: unknown setting, did you mean temperature"),
        (BASE, ["--vary", "temperature=["], "vary: received temperature=\\[: give a list"),
        (BASE, ["--vary", "annealing.end=[0]"], "annealing.end: received 0.0: give a number above zero"),
        (BASE, ["--runs", "0"], "runs: received 0: give a number above zero"),
        (BASE, ["--runs", "many"], "runs: received 'many': give a whole number"),
        (BASE, ["--epochs", "many"], "epochs: received 'many': give a whole number"),
        (BASE, ["--vary", "generator.estimator=[nowhere:Mine]"], "estimator: cannot import nowhere"),
        ("cells: [{kind: foo}]", [], "kind: received 'foo': give one of gan, gan_and_leak, leak"),
        ("[", [], "study: cannot read"),
    ],
)
def test_bad_studies(text: str, options: list[str], message: str, tmp_path: Path, refused: Refused) -> None:
    """All that `test_grid` has are refused like these."""
    line = refused(study.main, written(tmp_path, text), *options, "--output", str(tmp_path / "out"))
    assert re.search(message, line)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = written(tmp_path, BASE + "vary: {temperature: [0.5, 1.0]}"), tmp_path / "out"
    study.main([path, "--output", str(out)])
    assert "cell 2/2: temperature 1.0" in capsys.readouterr().out
    table = rows(out / "study.csv")
    assert len(table) == 6
    assert set(table[0]) >= {
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
    assert "other cells" not in printed
    assert (out / "study.csv").read_text().startswith(before.rstrip("\n").rsplit("\n", 1)[0])
    # A cell that cannot be read, here half of one, is trained again.
    kept = out / "cells" / read(path, [], {})[1][0].file
    kept.write_bytes(kept.read_bytes()[:500])
    study.main([path, "--output", str(out)])
    assert capsys.readouterr().out.count("cell 1/1") == 1


def folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.slow
def test_another_study_in_one_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says that the table will be its own; the other study's cells stay, and its command restores them."""
    out = ["--output", str(tmp_path / "out")]
    first, second = (
        written(folder(tmp_path / name), BASE + f"vary: {{temperature: {temperatures}}}")
        for name, temperatures in (("first", "[0.5, 1.0]"), ("second", "[0.7]"))
    )
    study.main([first, *out])
    before = (tmp_path / "out" / "study.csv").read_bytes()
    capsys.readouterr()
    study.main([second, *out])
    assert "held 2 other cells, and will hold this study's" in capsys.readouterr().out
    assert len(rows(tmp_path / "out" / "study.csv")) == 3
    study.main([first, *out])
    printed = capsys.readouterr().out
    assert "2 of 2 cells are kept" in printed
    assert (tmp_path / "out" / "study.csv").read_bytes() == before


@pytest.mark.slow
def test_cell_that_fails_is_reported_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, BASE + "vary: {generator.learning_rate: [1.0e+38, 0.001]}")
    with pytest.raises(SystemExit) as stopped:
        study.main([path, "--output", str(tmp_path / "out")])
    assert stopped.value.code == 1
    captured = capsys.readouterr()
    assert "learning rate 1e+38: failed: epoch 1, run 0" in captured.out
    assert "1 of 2 cells failed" in captured.err
    table = rows(tmp_path / "out" / "study.csv")
    assert len(table) == 4
    assert "epoch 1, run 0" in table[0]["failure"]
    assert table[1]["failure"] == ""


def test_polynomial_study(tmp_path: Path) -> None:
    text = "kind: polynomial\nbase: {epochs: 2, batches: 3, runs: 2, variables: 4}\nvary: {power: [2.0, 3.0]}"
    study.main([written(tmp_path, text), "--output", str(tmp_path / "out"), "--quiet"])
    table = rows(tmp_path / "out" / "study.csv")
    assert [row["power"] for row in table] == ["2.0", "2.0", "3.0", "3.0"]
    above = float(table[0]["expected_loss"]) - 0.2025
    assert float(table[0]["above_optimum"]) == pytest.approx(above, abs=1e-5)


@pytest.mark.slow
def test_leak_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gumbel_gan.laboratory.leak.BATCHES", 100)
    (tmp_path / "base.yaml").write_text("runs: 2\nepochs: 2\ntraining: {batches: 5}\n")
    path = written(
        tmp_path, "kind: gan_and_leak\nbase: base.yaml\ncells: [{name: this one, temperature: 0.1}]"
    )
    study.main([path, "--output", str(tmp_path / "out")])
    printed = capsys.readouterr().out
    assert "this one" in printed
    assert "±" in printed
    assert all(0.3 < float(row["leak"]) < 0.9 for row in rows(tmp_path / "out" / "study.csv"))
    text = "kind: leak\nbase: {runs: 2}\nvary: {temperature: [0.1, 1.0], data.smoothing: [none, label]}"
    study.main([written(tmp_path, text), "--output", str(tmp_path / "leak"), "--quiet"])
    assert rows(tmp_path / "leak" / "study.csv")[0].keys() == {
        "cell", "temperature", "data.smoothing", "run", "leak", "seconds", "failure", "file"
    }  # fmt: skip


def test_one_run_of_strings(tmp_path: Path) -> None:
    text = (
        "base: {epochs: 2, data: {length: 3}, generator: {kind: lstm}, discriminator: {kind: mlp}}\n"
        "cells: [{kind: empirical, name: the strings}, {kind: ngram, name: n-gram}]"
    )
    study.main([written(tmp_path, text), "--runs", "1", "--output", str(tmp_path / "out"), "--quiet"])
    table = rows(tmp_path / "out" / "study.csv")
    assert [row["cell"] for row in table] == ["the strings", "n-gram"]
    assert table[0]["validity"] == "1"


@pytest.mark.slow
def test_runs_of_strings(tmp_path: Path) -> None:
    """Side by side, so that they have taken the same time."""
    text = (
        "base: {epochs: 2, data: {length: 3, strings: 4}, generator: {kind: lstm, units: 4}, "
        "discriminator: {kind: mlp, units: [4]}, training: {batches: 2}}\n"
        "cells: [{kind: ngram, name: n-gram}, {name: the GAN}]"
    )
    study.main([written(tmp_path, text), "--runs", "3", "--output", str(tmp_path / "out"), "--quiet"])
    table = rows(tmp_path / "out" / "study.csv")
    assert [row["cell"] for row in table] == ["n-gram"] * 3 + ["the GAN"] * 3
    assert [row["run"] for row in table] == ["0", "1", "2"] * 2
    assert len({row["total_variation"] for row in table[3:]}) == 3
    assert len({row["seconds"] for row in table[3:]}) == 1


def test_leak_of_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.txt").write_text("abcab")
    text = f"kind: leak\nbase: {{runs: 1, data: {{path: {tmp_path / 'text.txt'}}}}}\ncells: [{{}}]"
    with pytest.raises(SystemExit):
        study.main([written(tmp_path, text), "--output", str(tmp_path / "out")])
    assert "which needs the true probabilities" in capsys.readouterr().out


@pytest.mark.slow
def test_terminated(tmp_path: Path) -> None:
    """Status 143 and one line; the finished cell is kept, and the same command goes on from there."""
    text = "base: {runs: 1, training: {batches: 5}}\ncells: [{epochs: 2}, {epochs: 1000000}]"
    out = tmp_path / "out"
    line = [sys.executable, "-m", "gumbel_gan.study", written(tmp_path, text), "--output", str(out)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            while not list((out / "cells").glob("*.npz")):
                assert process.poll() is None
                time.sleep(0.05)
            os.kill(process.pid, signal.SIGTERM)
            printed, error = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 143
    assert error == (
        f"gumbel_gan: error: interrupted; 1 of 2 cells are finished and kept in {out}: "
        "the same command goes on from there\n"
    )
    assert "cell 1/2: epochs 2: " in printed
    assert "epochs 1000000: not trained yet\n" in printed
    assert [row["failure"] for row in rows(out / "study.csv")] == ["", "not trained yet"]
    assert len(list((out / "cells").iterdir())) == 1

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gumbel_gan
from gumbel_gan import sample, train

from .conftest import Refused
from .results.made_up import made_up, saved

SHORT = ("--epochs", "4", "--training.batches", "10", "--quiet")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = str(tmp_path_factory.mktemp("finished") / "run")
    train.main(["--output", directory, "--runs", "2", "--data.labels", "a,b,c,d,e", *SHORT])
    return directory


def test_sample(finished: str, capsys: pytest.CaptureFixture[str]) -> None:
    sample.main([finished, "-n", "1000", "--run", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1000
    assert set(lines) <= set("abcde")
    learned = gumbel_gan.load(finished).learned[1]
    frequencies = np.array([lines.count(label) for label in "abcde"]) / 1000
    assert np.abs(frequencies - learned).max() < 0.09  # Hoeffding: 1e-6 for five categories, 0.088
    sample.main([finished, "-n", "5", "--format", "json"])
    assert len(json.loads(capsys.readouterr().out)) == 5
    sample.main([finished, "-n", "5", "--format", "csv"])
    rows = list(csv.reader(capsys.readouterr().out.splitlines()))
    assert (rows[0], len(rows)) == (["label"], 6)


def test_it_says_if_the_last_step_is_nearer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = made_up(runs=1)
    result.learned = result.target[None] + 0.0
    saved(result, tmp_path)
    for of, ending in (
        ((), "; the last step is nearer, 0.0000: --of last\n"),
        (("--of", "last"), "the target\n"),
    ):
        sample.main([str(tmp_path), *of])
        assert capsys.readouterr().err.endswith(ending)


def test_the_seed_says_what_is_drawn(finished: str, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = []
    for seed in ("3", "3", "4", "-1"):
        sample.main([finished, "-n", "50", "--seed", seed])
        drawn.append(capsys.readouterr().out)
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-n", "0"), "samples: received 0: give a whole number of 1 or more"),
        (("--run", "2"), "run: received 2: give 0 to 1"),
        (("--run", "-1"), "run: received -1: give 0 to 1"),
        (("--format", "xml"), "format: "),
    ],
)
def test_usage_errors(options: tuple[str, ...], message: str, finished: str, refused: Refused) -> None:
    assert message in refused(sample.main, finished, *options)


def test_no_run(tmp_path: Path, refused: Refused) -> None:
    assert "holds no run: give the output directory of a training" in refused(sample.main, str(tmp_path))


@pytest.mark.slow
def test_reader_that_has_enough(finished: str) -> None:
    line = f"{sys.executable} -m gumbel_gan.sample {finished} -n 1000000 | head -1"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert done.stderr.startswith("gumbel_gan: drawn from the average over the late steps of run 0")
    assert (done.stderr.count("\n"), done.stdout.count("\n")) == (1, 1)

"""A run that goes on: what may change, and what it ends with."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

import gumbel_gan
from gumbel_gan import train
from gumbel_gan.config.config import Config, Training
from gumbel_gan.config.networks import Generator
from gumbel_gan.results.directory import config_yaml
from gumbel_gan.results.files import write
from gumbel_gan.results.resuming import check_resumed

from ..conftest import QUICK, TINY, Refused


def contents(directory: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(directory).iterdir() if path.is_file()}


def test_resume_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    train.main(["--output", out, "--temperature", "0.5", *QUICK])
    before = contents(out)
    train.main(["--resume", "--output", out])
    assert "is finished, after 3 epochs: nothing to do" in capsys.readouterr().out
    assert before == contents(out)
    train.main(["--resume", "--output", out, "--epochs", "5", "--temperature", "0.5", "--quiet"])
    assert gumbel_gan.load(out).trained_epochs == 5
    os.remove(os.path.join(out, "summary.json"))  # killed as the results were written
    train.main(["--resume", "--output", out, "--quiet"])
    assert gumbel_gan.load(out).trained_epochs == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "resume: received no directory: give --output DIR"),
        (["--output", "none"], "none holds no run: give the output directory of a training"),
        (["--output", "OUT", "--temperature", "2"], "temperature: received 2.0 to resume a run with 0.001"),
        (
            ["--output", "OUT", "--training.batches", "9"],
            "training.batches: received 9 to resume a run with 5",
        ),
        (["--output", "OUT", "--epochs", "2"], "epochs: received 2, below the run's own 3: give more"),
    ],
)
def test_what_cannot_be_resumed(options: list[str], message: str, tmp_path: Path, refused: Refused) -> None:
    config = replace(Config(epochs=3), training=replace(Training(), batches=5))
    write(str(tmp_path), "config.yaml", lambda file: file.write(config_yaml(config)))
    given = (str(tmp_path) if option == "OUT" else option for option in options)
    assert message in refused(train.main, "--resume", *given)


def test_what_may_change() -> None:
    own = Config(epochs=3, training=TINY)
    check_resumed(own, replace(own, epochs=5))
    check_resumed(own, replace(own, output="elsewhere", overwrite=True))
    with pytest.raises(ValueError, match="runs: received 2 to resume a run with 1: leave it out, or train"):
        check_resumed(own, replace(own, runs=2))
    with pytest.raises(ValueError, match="generator.ema: received 0.5 to resume a run with None"):
        check_resumed(own, replace(own, generator=Generator(ema=0.5)))


def test_run_that_cannot_be_resumed_yet_stays(tmp_path: Path, refused: Refused) -> None:
    """Killed before the first checkpoint, and resumed with a learning rate that fails: its settings stay."""
    config = Config(epochs=3, generator=Generator(learning_rate=1e38), training=TINY)
    text = config_yaml(config)
    write(str(tmp_path), "config.yaml", lambda file: file.write(text))
    error = refused(train.main, "--resume", "--output", str(tmp_path), "--quiet", status=1)
    assert "training stopped: epoch 1, run 0" in error
    assert (tmp_path / "config.yaml").read_text() == text

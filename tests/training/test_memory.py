"""What a training takes of the memory, estimated before any of it is taken."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import gumbel_gan as gg
from gumbel_gan import train
from gumbel_gan.config.config import Config, Training
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.laboratory import grid, timing
from gumbel_gan.training import memory
from gumbel_gan.training.memory import check_fits, runs_that_fit, training_bytes

from ..conftest import Refused


def free(monkeypatch: pytest.MonkeyPatch, gigabytes: float) -> None:
    known = SimpleNamespace(available=int(gigabytes * 1e9))
    monkeypatch.setattr("psutil.virtual_memory", lambda: known)


def test_what_does_not_fit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    free(monkeypatch, 1)
    sizes = ["--data.law", "zipf", "--data.categories", "1000000", "--runs", "64"]
    error = refused(train.main, *sizes, "--output", str(tmp_path / "out"))
    assert "received 64 runs of 1,000,000 categories in batches of 10, which take about" in error
    assert "of the 1.0 GB that are free: 1 would fit" in error
    assert not (tmp_path / "out").exists()
    with pytest.raises(ValueError, match=r"give a smaller training.batch_size"):
        check_fits(Config(training=Training(batch_size=10_000_000)), 1_000)
    with pytest.raises(ValueError, match=r"give a smaller training.batch_size"):
        check_fits(Config(runs=2, training=Training(batch_size=10_000_000)), 1_000)
    free(monkeypatch, 8)
    many = Config(runs=10_000, data=Data(law="zipf", categories=100_000))
    with pytest.raises(ValueError, match=f"received 10,000 runs .*: {runs_that_fit(many)} would fit"):
        check_fits(many, 100_000)
    assert runs_that_fit(many) == runs_that_fit(replace(many, runs=1)) > 100
    check_fits(Config(runs=4_096), 5)


@pytest.mark.slow
def test_much_is_said_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And little is not: of ten thousand categories in one column it is said, of a survey it is not."""
    table = gg.recipe("table", data={"path": "x.csv", "columns": "all"})
    assert check_fits(table, 80_000, (9_999, 5, 2, 3)) > memory.WORTH_SAYING
    assert check_fits(table, 5_000, (9, 5, 2, 3)) < memory.WORTH_SAYING
    quick = ["--epochs", "1", "--training.batches", "2", "--output", str(tmp_path / "out")]
    train.main(quick)
    assert "GB of memory" not in capsys.readouterr().out
    monkeypatch.setattr(memory, "WORTH_SAYING", 0)
    train.main([*quick, "--overwrite"])
    assert "This takes about 0.0 GB of memory, beside TensorFlow's own." in capsys.readouterr().out


def test_runs_that_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 8)
    assert runs_that_fit(Config()) == memory.MOST_RUNS
    runs = runs_that_fit(Config(data=Data(law="zipf", categories=100_000)))
    assert training_bytes(Config(runs=runs), 100_000) < 4.1e9
    assert training_bytes(Config(runs=runs + 2), 100_000) > 3.9e9
    (tmp_path / "study.yaml").write_text("base: {data: {law: zipf}}\nvary: {data.categories: [5, 100000]}")
    _, cells = grid.read(str(tmp_path / "study.yaml"), [], {"runs": "auto"})
    assert [cell.settings.runs for cell in cells] == [memory.MOST_RUNS, runs]
    with pytest.raises(ValueError, match="runs: received auto, which only a training of a GAN has"):
        runs_that_fit({"runs": 1})


def test_runs_of_strings_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as take half of the memory."""
    free(monkeypatch, 8)
    config = Config(
        data=Data(length=12),
        generator=Generator(kind="lstm", units=64),
        discriminator=Discriminator(kind="mlp", units=[64, 64]),
        training=Training(batch_size=1_000),
    )
    runs = runs_that_fit(config)
    assert 1 < runs < memory.MOST_RUNS
    strings = 1_365
    assert training_bytes(replace(config, runs=runs), strings) <= 4e9
    assert training_bytes(replace(config, runs=runs + 2), strings) > 3.9e9


@pytest.mark.slow
def test_a_million_categories(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within 1.5 GB of TensorFlow's own, and the estimate right within a factor of two."""
    monkeypatch.setattr(timing, "LADDERS", {"categories": [100_000, 1_000_000]})
    rows = timing.scale(said=lambda line: None)
    assert rows[-1]["value"] == 1_000_000
    taken = rows[-1]["megabytes"] * 1e6
    assert taken < 1.5e9
    estimate = training_bytes(Config(data=Data(law="zipf", categories=1_000_000)), 1_000_000)
    assert taken / 2 < estimate < 2 * taken

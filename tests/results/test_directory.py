"""The directory that holds a run."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gumbel_gan.config.config import Config, Training
from gumbel_gan.config.data import Data
from gumbel_gan.results.directory import (
    HOLDER,
    LOCK,
    abandon,
    begun,
    claim_directory,
    clear,
    config_yaml,
    finished,
    holds_run,
    stored_config,
)


def test_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [claim_directory(None, "toy", False) for _ in range(3)] == ["runs/toy", "runs/toy-2", "runs/toy-3"]
    assert claim_directory("mine", "toy", False) == "mine"
    assert claim_directory("mine", "toy", False) == "mine"  # it is empty
    (tmp_path / "mine" / "summary.json").write_text("{}")
    with pytest.raises(ValueError, match="output: mine holds a run already: .* --overwrite"):
        claim_directory("mine", "toy", False)
    assert claim_directory("mine", "toy", True) == "mine"
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="output: cannot write to file/x"):
        claim_directory("file/x", "toy", False)


def test_own_settings_are_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but where they are written, with absolute paths."""
    monkeypatch.chdir(tmp_path)
    config = Config(
        output="out",
        overwrite=True,
        runs=2,
        data=Data(path="é.txt", unit="words"),
        training=Training(batches=7),
    )
    (tmp_path / "config.yaml").write_text(config_yaml(config), encoding="utf-8")
    found = stored_config(str(tmp_path))
    assert found.data.path == str(tmp_path / "é.txt")
    assert replace(found, output="out", overwrite=True, data=config.data) == config
    assert config_yaml(found) == config_yaml(config)
    assert stored_config_path(Data(path="-", vocabulary="a,b"), tmp_path) == "-"


def stored_config_path(data: Data, directory: Path) -> str | None:
    (directory / "config.yaml").write_text(config_yaml(Config(data=data)), encoding="utf-8")
    return stored_config(str(directory)).data.path


def test_no_settings(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no run: give the output directory of a training"):
        stored_config(str(tmp_path))
    (tmp_path / "config.yaml").write_text("epochs: none\n")
    with pytest.raises(ValueError, match=r"config.yaml cannot be read \(epochs: received 'none'"):
        stored_config(str(tmp_path))


def test_what_a_run_leaves_behind(tmp_path: Path) -> None:
    """Its settings make a run of a directory; a summary or a checkpoint make it one that has learned."""
    directory = str(tmp_path / "run")
    (tmp_path / "run" / "checkpoint").mkdir(parents=True)
    assert not holds_run(directory)
    (tmp_path / "run" / "config.yaml").write_text("")
    assert holds_run(directory)
    assert begun(directory)
    clear(directory)
    assert not begun(directory)
    (tmp_path / "run" / "summary.json").write_text("{}")
    assert begun(directory)
    clear(directory)
    assert not begun(directory)
    for name in (LOCK, HOLDER, "mine.txt"):
        (tmp_path / "run" / name).write_text("")
    abandon(directory)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine.txt"]
    (tmp_path / "run" / "mine.txt").unlink()
    abandon(directory)
    assert not (tmp_path / "run").exists()


def test_finished(tmp_path: Path) -> None:
    config = Config(output=str(tmp_path), epochs=3)
    assert not finished(config)
    (tmp_path / "summary.json").write_text(json.dumps({"epochs": 3}))
    assert finished(config)
    assert not finished(replace(config, epochs=4))
    for broken in ("{", "[1]", "{}", '{"epochs": null}'):
        (tmp_path / "summary.json").write_text(broken)
        with pytest.raises(
            ValueError, match=r"summary.json cannot be read \(.*\): remove it, and resume"
        ) as error:
            finished(config)
        assert "\n" not in str(error.value)

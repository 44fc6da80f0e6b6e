"""Settings from files and options. `config/test_own_parts.py` has the names of the user's own."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gumbel_gan import sample, train
from gumbel_gan.config.config import Config
from gumbel_gan.config.reading import keys
from gumbel_gan.results.directory import config_yaml
from gumbel_gan.results.files import write
from gumbel_gan.results.written import ready_made
from gumbel_gan.terminal.parser import Parser, configured

from ..conftest import ROOT, Refused


def test_settings_that_come_with_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are found from anywhere; a file of the user's of the same name goes first."""
    monkeypatch.chdir(tmp_path)
    shown = []
    for _ in range(2):
        with pytest.raises(SystemExit):
            train.main(["--config", "configs/natural.yaml", "--print_config"])
        shown.append(capsys.readouterr().out)
        (tmp_path / "configs").mkdir(exist_ok=True)
        (tmp_path / "configs" / "natural.yaml").write_text("epochs: 3")
    assert "optimizer: natural" in shown[0]
    assert "optimizer: adam" in shown[1]
    assert ready_made("configs/studies/leak.yaml") != "configs/studies/leak.yaml"
    for path in ("configs/none.yaml", "elsewhere/natural.yaml", str(tmp_path / "configs" / "natural.yaml")):
        assert ready_made(path) == path


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_they_are_all_good(path: Path) -> None:
    options = train.parser()
    more = ["--data.path", "words.txt"] if path.stem == "words" else []
    config = options.config(options.parse_args(["--config", str(path), *more]))
    assert config == options.config(options.parse_args(["--config", f"configs/{path.name}", *more]))
    assert (config == Config()) is (path.stem == "toy")


def test_every_setting_is_an_option() -> None:
    options = train.parser()
    assert {f"--{key}" for key in keys(Config)} <= set(re.findall(r"--[\w.]+", options.format_help()))
    given = options.parse_args([])
    assert options.config(given) == Config()
    assert yaml.safe_load(config_yaml(options.config(given))) == yaml.safe_load(config_yaml(Config()))


def test_what_stands_last_counts(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("epochs: 3\nruns: 2\ntraining: {batches: 7}\n")
    (tmp_path / "b.yaml").write_text("epochs: 4\n")
    a, b = str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")
    for arguments, expected in (
        (["--config", a], (3, 2, 7)),
        (["--config", a, "--config", b], (4, 2, 7)),
        (["--config", a, "--epochs", "5", "--training.batches=8"], (5, 2, 8)),
        (["--epochs", "5", "--config", a], (3, 2, 7)),
    ):
        options = train.parser()
        config = options.config(options.parse_args(arguments))
        assert (config.epochs, config.runs, config.training.batches) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--config", "none.yaml"), "config: cannot read none.yaml (No such file"),
        (("--config", "bad.yaml"), "training.batchs: unknown setting, did you mean --training.batches?"),
        (
            ("--config", "group.yaml"),
            "received 'linear' for a group of settings: give one of them, as --anneal",
        ),
        (("--config", "type.yaml"), "epochs: received 'many': give a whole number"),
        (("--config", "broken.yaml"), "config: cannot read broken.yaml ("),
        (("--config", "binary.yaml"), "config: received binary.yaml, which is not UTF-8 text"),
        (("--config",), "config: received no value: give one"),
    ],
)
def test_bad_files(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: Refused,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text("training: {batchs: 3}\n")
    Path("group.yaml").write_text("annealing: linear\n")
    Path("type.yaml").write_text("epochs: many\n")
    Path("broken.yaml").write_text("a: [")
    Path("binary.yaml").write_bytes(b"\xff\xfe\xda")
    assert message in refused(train.main, "--output", "out", *arguments)
    assert not Path("out").exists()


def test_options_are_not_abbreviated(refused: Refused) -> None:
    assert "--epoch 3: unknown option, did you mean --epochs?" in refused(train.main, "--epoch", "3")


@pytest.mark.parametrize("main", [train.main, sample.main])
def test_version(main: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("gumbel_gan 0.")


def test_complaints_are_one_line(refused: Refused) -> None:
    def fail(_: list[str]) -> None:
        Parser().error("first\n  second")

    assert refused(fail) == "gumbel_gan: error: first second\n"


def resolved(*arguments: str) -> Config:
    options = train.parser()
    return configured(options, options.parse_args(arguments), list(arguments))


def test_a_run_goes_on_with_its_own_settings(tmp_path: Path) -> None:
    own = Config(epochs=7, temperature=0.5)
    write(str(tmp_path), "config.yaml", lambda file: file.write(config_yaml(own)))
    out = str(tmp_path)
    again = resolved("--resume", "--output", out)
    assert (again.epochs, again.temperature, again.output) == (7, 0.5, out)
    longer = resolved("--resume", "--output", out, "--epochs", "9", "--temperature", "0.5")
    assert (longer.epochs, longer.temperature, longer.output) == (9, 0.5, out)
    with pytest.raises(ValueError, match="temperature: received 2.0 to resume a run with 0.5"):
        resolved("--resume", "--output", out, "--temperature", "2")
    with pytest.raises(ValueError, match="resume: received no directory: give --output DIR"):
        resolved("--resume")
    with pytest.raises(ValueError, match="holds no run: give the output directory of a training"):
        resolved("--resume", "--output", str(tmp_path / "none"))

"""The commands as a user runs them, most in this process, a few in one of their own."""

import csv
import json
import resource
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gumbel_gan
from gumbel_gan import cli, plot, sample, train

SHORT = ("--epochs", "4", "--training.batches", "10")
FILES = [
    "checkpoint",
    "config.yaml",
    "discriminator.keras",
    "error_heatmap.png",
    "generator.keras",
    "metrics.csv",
    "probabilities.csv",
    "summary.json",
]
TEXT = str(Path(__file__).parent / "data" / "genesis.txt")


def command(
    *arguments: str, stdin: str | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", *arguments]
    return subprocess.run(line, input=stdin, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    directory = tmp_path / "run"
    train.main(["--output", str(directory), "--quiet", "--runs", "2", "--data.labels", "a,b,c,d,e", *SHORT])
    return directory


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one line of the README, as a process of its own, with nothing on standard error."""
    directory = tmp_path_factory.mktemp("default")
    first = command("gumbel_gan.train", cwd=directory)
    assert (first.returncode, first.stderr) == (0, "")
    assert "epoch 200/200" in first.stdout
    assert "Results in runs/toy: " in first.stdout
    return directory


def test_default_line(default: Path) -> None:
    assert sorted(path.name for path in (default / "runs" / "toy").iterdir()) == FILES
    summary = json.loads((default / "runs" / "toy" / "summary.json").read_text())
    assert summary["optimizer_steps"] == 220_000
    assert summary["max_abs_error"][0] < 0.12


@pytest.mark.slow
def test_repeated_from_its_own_settings(default: Path) -> None:
    """The same bit for bit."""
    arguments = ("--config", "runs/toy/config.yaml", "--output", "again", "--quiet")
    again = command("gumbel_gan.train", *arguments, cwd=default)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    for name in ("probabilities.csv", "metrics.csv", "error_heatmap.png", "config.yaml"):
        assert (default / "again" / name).read_bytes() == (default / "runs" / "toy" / name).read_bytes()


def test_standard_input(tmp_path: Path) -> None:
    lines = "ok\nok\nwarn\nerror\n" * 100
    arguments = [
        "gumbel_gan.train",
        "--data.path",
        "-",
        "--data.vocabulary",
        "ok,warn,error",
        "--output",
        "out",
    ]
    done = command(*arguments, "--training.batches", "10", stdin=lines, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The stream ended after 4 of 200 epochs." in done.stdout
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["target_is"], summary["target"]) == ("counted", [0.5, 0.25, 0.25])


def test_standard_input_that_turns_bad_keeps_what_was_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "feed").write_text("ok\n" * 150 + "oops\n")
    options = ["--data.path", "-", "--data.vocabulary", "ok,warn", "--output", str(tmp_path / "out")]
    with (tmp_path / "feed").open() as feed:
        monkeypatch.setattr("sys.stdin", feed)
        with pytest.raises(SystemExit) as stopped:
            train.main([*options, "--training.batches", "10"])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert "received 'oops' at line 151 of standard input" in error
    assert error.count("\n") == 1
    assert gumbel_gan.load(str(tmp_path / "out")).learned.shape == (1, 2)


def test_table_and_files_of_a_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.main(["--data.path", TEXT, "--output", str(tmp_path), *SHORT])
    printed = capsys.readouterr().out
    assert "label   target  learned  counted    error" in printed
    assert "' '" in printed
    assert "… and 36 more categories" in printed
    assert "maximum error" in printed
    run = gumbel_gan.load(str(tmp_path))
    text = Path(TEXT).read_text().replace("\n", "")
    assert run.target_is == "frequencies"
    np.testing.assert_allclose(run.target[run.labels.index("e")], text.count("e") / len(text), atol=1e-8)


def test_sample(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample.main([str(finished), "-n", "1000", "--run", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1000
    assert set(lines) <= set("abcde")
    learned = gumbel_gan.load(str(finished)).learned[1]
    frequencies = np.array([lines.count(label) for label in "abcde"]) / 1000
    assert np.abs(frequencies - learned).max() < 0.09  # Hoeffding: 1e-6 for five categories, 0.088
    sample.main([str(finished), "-n", "5", "--format", "json"])
    assert len(json.loads(capsys.readouterr().out)) == 5
    sample.main([str(finished), "-n", "5", "--format", "csv"])
    rows = list(csv.reader(capsys.readouterr().out.splitlines()))
    assert (rows[0], len(rows)) == (["label"], 6)


def test_plot(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = finished / "error_heatmap.png"
    before = picture.read_bytes()
    picture.unlink()
    plot.main([str(finished)])
    assert capsys.readouterr().out.strip() == str(picture)
    assert abs(len(picture.read_bytes()) - len(before)) < 0.02 * len(before)
    plot.main([str(finished), "--format", "svg"])
    assert (finished / "error_heatmap.svg").read_text().startswith("<?xml")


def test_training_that_diverges_keeps_what_it_learned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "out"
    with pytest.raises(SystemExit) as stopped:
        train.main(["--output", str(directory), "--generator.learning_rate", "1e38", "--quiet", *SHORT])
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert "training stopped: epoch 1, run 0: " in error
    assert error.count("\n") == 1
    assert not directory.exists()  # not even one epoch was good


USAGE_ERRORS = [
    (("--temperature", "0"), "temperature: received 0.0: give a number above zero"),
    (("--epochs", "x"), "epochs: received 'x': give a whole number"),
    (("--epohs", "3"), "--epohs 3: unknown option, did you mean --epochs?"),
    (("--data.unit", "foo"), "data.unit: received 'foo': give one of 'characters'"),
    (("--data.probabilities", "-0.5,1.5"), "data.probabilities: received no value: give one"),
    (("--data.probabilities=-0.5,1.5",), "data.probabilities: received -0.5"),
    (("--data.path", "none.txt"), "data.path: cannot read none.txt (No such file or directory)"),
    (("--config", "none.yaml"), "config: File does not exist"),
    (
        ("--config", "bad.yaml"),
        "training.batchs: unknown setting, did you mean --training.batches?",
    ),
    (("--config", "broken.yaml"), "(in broken.yaml)"),
    (
        ("--data.path", "integers.npy", "--data.labels", "a,b"),
        "received 2 labels for integers from 0 to 2",
    ),
    (("--discriminator.kind", "mlp", "--discriminator.units", "64"), "give a list, as [a,b]"),
    (("--temperature", "0.0001", "--annealing.schedule", "linear"), "annealing falls to 0.001"),
    (("--config", "binary.yaml"), "config: received a file that is not UTF-8 text"),
    (("--annealing.end", "0.5"), "annealing.end: received 0.5 with no schedule"),
    (
        ("--annealing.schedule", "linear"),
        "temperature: received 0.001, and annealing falls to 0.001",
    ),
    (
        ("--annealing", "exponential"),
        "received 'exponential' for a group of settings: give one of them, as --annealing.schedule",
    ),
    (("--tensorboard",), "tensorboard: the package is missing: pip install tensorboard"),
    (("stray",), "stray: unknown option"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE_ERRORS)
def test_usage_errors(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "find_spec", lambda name: None)
    (tmp_path / "bad.yaml").write_text("training: {batchs: 3}\n")
    np.save(tmp_path / "integers.npy", [0, 1, 2])
    (tmp_path / "broken.yaml").write_text("a: [")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\xda")
    with pytest.raises(SystemExit) as stopped:
        train.main(["--output", "out", *arguments])
    captured = capsys.readouterr()
    assert stopped.value.code == 2
    assert captured.err.startswith("gumbel_gan: error: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not (tmp_path / "out").exists()


def test_output_that_is_taken(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        train.main(["--output", str(finished)])
    assert stopped.value.code == 2
    assert "holds a run already: give another directory, or --overwrite" in capsys.readouterr().err
    train.main(["--output", str(finished), "--overwrite", "--quiet", "--seed", "9", *SHORT])
    assert gumbel_gan.load(str(finished)).config.seed == 9


@pytest.mark.parametrize("module", [sample, plot])
def test_commands_on_no_run(module: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        module.main([str(tmp_path)])
    assert stopped.value.code == 2
    assert "holds no run" in capsys.readouterr().err


def test_usage_errors_and_help_do_not_load_tensorflow() -> None:
    code = (
        "import sys; from gumbel_gan import train\n"
        "try: train.main(sys.argv[1:])\n"
        "finally: print('tensorflow' in sys.modules)"
    )
    for arguments in (["--epochs", "x"], ["--help"], ["--data.path", "none.txt"], ["--version"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
        )
        assert done.stdout.endswith("False\n")


def test_usage_errors_are_quick() -> None:
    """Half a second of a processor on which TensorFlow's import takes four; the best of three each."""

    def seconds(*arguments: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    pairs = [
        (seconds("-m", "gumbel_gan.train", "--epochs", "x"), seconds("-c", "import tensorflow"))
        for _ in range(3)
    ]
    refused, imported = (min(values) for values in zip(*pairs, strict=True))
    assert refused < imported / 8


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
    assert cli.ready_made("configs/studies/leak.yaml") != "configs/studies/leak.yaml"


def test_public_names() -> None:
    for name in gumbel_gan.__all__:
        assert getattr(gumbel_gan, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        gumbel_gan.nothing  # noqa: B018
    lazy = "import sys, gumbel_gan; dir(gumbel_gan); print('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", lazy], capture_output=True, text=True).stdout == "False\n"


def test_sizes_that_do_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        train.main(["--output", str(tmp_path / "out"), "--training.batches", "100000000000", "--quiet"])
    assert stopped.value.code == 2
    assert "received 1 runs of 5 categories in batches of 10, which take about" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_reader_that_has_enough(finished: Path) -> None:
    line = f"{sys.executable} -m gumbel_gan.sample {finished} -n 1000000 | head -1"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout.count("\n")) == ("", 1)


def test_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("gumbel_gan", run_name="__main__")
    listed = [line.split(": ")[0].split()[2] for line in capsys.readouterr().out.splitlines()]
    modules = Path(train.__file__).parent.glob("*.py")
    assert set(listed) == {f"gumbel_gan.{path.stem}" for path in modules if "\ndef main(" in path.read_text()}

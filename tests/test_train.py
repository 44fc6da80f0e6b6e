"""The command as a user runs it, most in this process, a few in one of their own."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gumbel_gan
from gumbel_gan import train

from .conftest import TEXT, Refused

SHORT = ("--epochs", "4", "--training.batches", "10")
FILES = [
    ".lock",
    "checkpoint",
    "config.yaml",
    "discriminator.keras",
    "error_heatmap.png",
    "generator.keras",
    "metrics.csv",
    "probabilities.csv",
    "summary.json",
]


def command(
    *arguments: str, stdin: str | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", *arguments]
    return subprocess.run(line, input=stdin, cwd=cwd, capture_output=True, text=True, check=False)


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


@pytest.mark.slow
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
    more = ["--training.batches", "10", "--epochs", "30"]
    done = command(*arguments, *more, stdin=lines, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Reading standard input: an epoch is 100 items, and 30 epochs are 3,000." in done.stdout
    assert "The stream ended after 4 of 30 epochs." in done.stdout
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["target_is"], summary["target"]) == ("counted", [0.5, 0.25, 0.25])


def test_a_stream_that_is_too_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before a tenth of the epochs: the results are kept, and one line says how many items were needed."""
    (tmp_path / "feed").write_text("ok\nwarn\n" * 100)
    options = ["--data.path", "-", "--data.vocabulary", "ok,warn", "--output", str(tmp_path / "out")]
    with (tmp_path / "feed").open() as feed:
        monkeypatch.setattr("sys.stdin", feed)
        line = refused(train.main, *options, "--training.batches", "10", "--quiet", status=3)
    assert "the stream ended after 2 of 200 epochs" in line
    assert "20,000 items were needed" in line
    assert gumbel_gan.load(str(tmp_path / "out")).trained_epochs == 2


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
    assert "The stream ended" not in error
    assert gumbel_gan.load(str(tmp_path / "out")).learned.shape == (1, 2)


def test_table_and_files_of_a_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.main(["--data.path", str(TEXT), "--output", str(tmp_path), *SHORT])
    printed = capsys.readouterr().out
    assert "label    target   learned     error  averaged   counted" in printed
    assert "' '" in printed
    assert "… and 36 more categories" in printed
    assert "maximum error" in printed
    result = gumbel_gan.load(str(tmp_path))
    text = TEXT.read_text().replace("\n", "")
    assert result.target_is == "frequencies"
    np.testing.assert_allclose(
        result.target[result.labels.index("e")], text.count("e") / len(text), atol=1e-8
    )


def test_training_that_diverges_keeps_what_it_learned(tmp_path: Path, refused: Refused) -> None:
    directory = tmp_path / "out"
    error = refused(
        train.main,
        "--output",
        str(directory),
        "--generator.learning_rate",
        "1e38",
        "--quiet",
        *SHORT,
        status=1,
    )
    assert "training stopped: epoch 1, run 0: " in error
    assert not directory.exists()  # not even one epoch was good


USAGE_ERRORS = [
    (("--temperature", "0"), "temperature: received 0.0: give a number above zero"),
    (("--data.unit", "foo"), "data.unit: received 'foo': give one of characters, words, lines, integers"),
    (("--data.probabilities=-0.5,1.5",), "data.probabilities: received -0.5"),
    (("--data.path", "none.txt"), "data.path: cannot read none.txt (No such file or directory)"),
    (
        ("--data.path", "integers.npy", "--data.labels", "a,b"),
        "received 2 labels for integers from 0 to 2",
    ),
    (("--temperature", "0.0001", "--annealing.schedule", "linear"), "annealing falls to 0.001"),
    (("--annealing.end", "0.5"), "annealing.end: received 0.5 with no schedule"),
    (
        ("--annealing.schedule", "linear"),
        "temperature: received 0.001, and annealing falls to 0.001",
    ),
    (("--tensorboard",), "tensorboard: the package is missing: pip install tensorboard"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE_ERRORS)
def test_usage_errors(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: Refused,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gumbel_gan.train.find_spec", lambda name: None)
    np.save(tmp_path / "integers.npy", [0, 1, 2])
    assert message in refused(train.main, "--output", "out", *arguments)
    assert not (tmp_path / "out").exists()


def test_output_that_is_taken(tmp_path: Path, refused: Refused) -> None:
    out = str(tmp_path / "run")
    train.main(["--output", out, "--quiet", *SHORT])
    error = refused(train.main, "--output", out)
    assert "holds a run already: give another directory, or --overwrite" in error
    train.main(["--output", out, "--overwrite", "--quiet", "--seed", "9", *SHORT])
    assert gumbel_gan.load(out).config.seed == 9


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


@pytest.mark.slow
def test_usage_errors_are_quick() -> None:
    """Half a second of a processor on which TensorFlow's import takes four; the best of two each."""

    def seconds(*arguments: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    pairs = [
        (seconds("-m", "gumbel_gan.train", "--epochs", "x"), seconds("-c", "import tensorflow"))
        for _ in range(2)
    ]
    refused, imported = (min(values) for values in zip(*pairs, strict=True))
    assert refused < imported / 8


def test_sizes_that_do_not_fit(tmp_path: Path, refused: Refused) -> None:
    out = tmp_path / "out"
    error = refused(train.main, "--output", str(out), "--training.batches", "100000000000", "--quiet")
    assert "received 1 runs of 5 categories in batches of 10, which take about" in error
    assert not out.exists()

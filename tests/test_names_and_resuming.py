"""Where results go, what a home directory is, and data that have moved when a run goes on."""

import gzip
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gumbel_gan
from gumbel_gan import plot, sample, train
from gumbel_gan.__main__ import COMMANDS
from gumbel_gan.results.directory import stored_config

from .conftest import QUICK, Refused

TABLE = "id,gender\n" + "1,m\n2,f\n3,f\n" * 20
LETTERS = "abba" * 20


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with data, whose home is beside them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for directory in (tmp_path, tmp_path / "home"):
        (directory / "survey.csv").write_text(TABLE)
        (directory / "letters.txt").write_text(LETTERS)
    return tmp_path


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command does all but the training."""
    monkeypatch.setattr(train, "_train", lambda *arguments: (0, ""))
    monkeypatch.setattr(train, "abandon", lambda directory: None)


def directories(place: Path) -> set[str]:
    """Those that hold the settings of a run."""
    return {str(path.parent.relative_to(place)) for path in place.rglob("config.yaml")}


NAMES: list[tuple[list[str], str]] = [
    (["--data.path", "survey.csv", "--data.column", "gender"], "survey-gender"),
    (["--data.path", "survey.csv.gz", "--data.column", "gender"], "survey-gender"),
    (["--data.path", "inner/survey.csv", "--data.column", "a/b"], "survey-a_b"),
    (["--data.path", "letters.txt"], "letters"),
    (["--data.path", "inner/letters"], "letters"),
    (["--data.path", "~/letters.txt"], "letters"),
    (["--data.path", ".letters"], "data"),
    (["--data.path", "-", "--data.vocabulary", "a,b"], "standard_input"),
    (["--data.path", "-", "--data.column", "gender"], "standard_input-gender"),
    (["--config", "mine.yaml"], "mine"),
    (["--config", "inner/a.b.yaml"], "a.b"),
    (["--config", "mine.yaml", "--config", "inner/a.b.yaml"], "a.b"),
    (["--config", "mine.yaml", "--data.path", "letters.txt"], "letters"),
    (["--config", "configs/toy.yaml"], "toy"),
    ([], "toy"),
    (["--data.law", "zipf", "--data.categories", "5"], "toy"),
]


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize(("options", "name"), NAMES, ids=[" ".join(options) or "-" for options, _ in NAMES])
def test_names(options: list[str], name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time another, the first that is free; what was there before is left as it is."""
    (place / "inner").mkdir()
    (place / "inner" / "survey.csv").write_text("a/b,c\n1,2\n2,1\n")
    (place / "inner" / "letters").write_text(LETTERS)
    (place / ".letters").write_text(LETTERS)
    (place / "survey.csv.gz").write_bytes(gzip.compress(TABLE.encode()))
    for settings in ("mine.yaml", "inner/a.b.yaml"):
        (place / settings).write_text("epochs: 3\n")
    with (place / "survey.csv").open() as pipe:
        monkeypatch.setattr("sys.stdin", pipe)
        train.main([*options, "--quiet"])
        assert directories(place) == {f"runs/{name}"}
        before = (place / "runs" / name / "config.yaml").read_bytes()
        train.main([*options, "--quiet"])
    assert directories(place) == {f"runs/{name}", f"runs/{name}-2"}
    assert (place / "runs" / name / "config.yaml").read_bytes() == before


@pytest.mark.slow
def test_name_that_is_printed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train.main(["--data.path", "survey.csv", "--data.column", "gender", *QUICK[:-1]])
    assert "Results in runs/survey-gender: " in capsys.readouterr().out
    assert gumbel_gan.load("runs/survey-gender").labels == ("f", "m")


@pytest.mark.slow
@pytest.mark.parametrize("option", [True, False])
def test_name_that_is_not_utf8(option: bool, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the data, and of the results if they are named by them: trained, gone on with, read."""
    name = os.fsdecode(b"caf\xff")
    shutil.copy("letters.txt", f"{name}.txt")
    out = f"results {name}" if option else f"runs/{name}"
    train.main(["--data.path", f"{name}.txt", *QUICK[:-1], *(["--output", out] if option else [])])
    printed = capsys.readouterr()
    assert (f"Results in {out}: ".replace("\udcff", "\\udcff") in printed.out, printed.err) == (True, "")
    train.main(["--resume", "--output", out, "--epochs", "5", "--quiet"])
    loaded = gumbel_gan.load(out)
    assert loaded.trained_epochs == 5
    assert loaded.config.data.path == str(place / f"{name}.txt")
    sample.main([out, "-n", "2"])
    assert len(capsys.readouterr().out.split()) == 2
    if option:
        train.main(["--config", f"{out}/config.yaml", "--output", "again", "--epochs", "5", "--quiet"])
        np.testing.assert_array_equal(gumbel_gan.load("again").learned, loaded.learned)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs on the table, and the same, gone on with to five."""
    directory = tmp_path_factory.mktemp("once")
    (directory / "survey.csv").write_text(TABLE)
    out = str(directory / "run")
    train.main(
        ["--data.path", str(directory / "survey.csv"), "--data.column", "gender", "--output", out, *QUICK]
    )
    shutil.copytree(out, directory / "stayed")
    train.main(["--resume", "--output", str(directory / "stayed"), "--epochs", "5", "--quiet"])
    return directory


@pytest.fixture
def begun(once: Path, place: Path) -> Path:
    """A working directory with that run, as if it had begun there."""
    shutil.copytree(once / "run", place / "run")
    settings = place / "run" / "config.yaml"
    settings.write_text(settings.read_text().replace(str(once), str(place)))
    return place


GO_ON = ("--resume", "--output", "run", "--epochs", "5", "--quiet")


def moved(place: Path) -> str:
    (place / "survey.csv").rename(place / "moved.csv")
    return "moved.csv"


def compressed(place: Path) -> str:
    (place / "survey.csv").unlink()
    (place / "other.gz").write_bytes(gzip.compress(TABLE.encode()))
    return "other.gz"


def in_another_order(place: Path) -> str:
    """The same counts, of a table of other columns."""
    rows = [row.split(",")[::-1] for row in TABLE.splitlines()]
    (place / "sorted.csv").write_text("\n".join(";".join(row) for row in [rows[0], *sorted(rows[1:])]))
    return "sorted.csv"


def at_home(place: Path) -> str:
    (place / "survey.csv").unlink()
    return "~/survey.csv"


@pytest.mark.slow
@pytest.mark.parametrize("move", [moved, compressed, in_another_order, at_home])
def test_data_that_have_moved(move: Callable[[Path], str], begun: Path, once: Path) -> None:
    """The run goes on as if they had not."""
    train.main([*GO_ON, "--data.path", move(begun)])
    for name in ("probabilities.csv", "metrics.csv"):
        assert (begun / "run" / name).read_bytes() == (once / "stayed" / name).read_bytes()
    assert gumbel_gan.load("run").trained_epochs == 5


@pytest.mark.slow
def test_new_place_is_remembered(begun: Path) -> None:
    """It goes on from there without being told again."""
    path = moved(begun)
    train.main([*GO_ON, "--data.path", path])
    assert stored_config("run").data.path == str(begun / path)
    train.main([*GO_ON[:-2], "7", "--quiet"])
    assert gumbel_gan.load("run").trained_epochs == 7


OTHERS: list[tuple[str, list[str]]] = [
    (TABLE + "61,m\n", ["--data.path", "new.csv"]),
    (TABLE.replace("m", "d"), ["--data.path", "new.csv"]),
    (TABLE.replace("3,f", "3,d"), ["--data.path", "new.csv"]),
    (TABLE + "61,m\n", []),
    (TABLE.replace("m", "d"), []),
]


@pytest.mark.slow
@pytest.mark.parametrize(("content", "options"), OTHERS)
def test_other_data(content: str, options: list[str], begun: Path, refused: Refused) -> None:
    """In another place, or in the same: refused, and the run is as it was, to go on with its own."""
    path = begun / (options[1] if options else "survey.csv")
    path.write_text(content)
    before = {file.name: file.read_bytes() for file in (begun / "run").rglob("*") if file.is_file()}
    line = refused(train.main, *GO_ON, *options)
    assert line.startswith("gumbel_gan: error: data")
    after = {file.name: file.read_bytes() for file in (begun / "run").rglob("*") if file.is_file()}
    assert after == before
    path.write_text(TABLE)
    train.main([*GO_ON, *options])
    assert gumbel_gan.load("run").trained_epochs == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data.path", "none.csv"], "data.path: cannot read none.csv .No such file"),
        (["--data.path", "letters.txt"], "data.column: letters.txt has no column 'gender'"),
        (["--data.column", "id"], "data.column: received id to resume a run with gender"),
        (["--data.path", "-"], "data"),
    ],
)
def test_data_that_cannot_be_gone_on_with(
    options: list[str], message: str, begun: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (begun / "letters.txt").open() as pipe:
        monkeypatch.setattr("sys.stdin", pipe)
        assert message.replace(".No", "(No") in refused(train.main, *GO_ON, *options)
    assert gumbel_gan.load("run").trained_epochs == 3


def test_data_that_are_gone(begun: Path, refused: Refused) -> None:
    """One line says so; those of the old place are not needed where a new one is given."""
    (begun / "survey.csv").unlink()
    assert "survey.csv (No such file or directory)" in refused(train.main, *GO_ON)


def given(option: str, value: str, joined: bool) -> list[str]:
    return [f"{option}={value}"] if joined else [option, value]


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("joined", [True, False])
def test_home(joined: bool, place: Path) -> None:
    """`~` is the home directory, and no directory is named like it."""
    (place / "letters.txt").unlink()
    train.main([*given("--data.path", "~/letters.txt", joined), *given("--output", "~/new/out", joined)])
    assert directories(place) == {"home/new/out"}
    assert not (place / "~").exists()
    assert stored_config(str(place / "home/new/out")).data.path == str(place / "home" / "letters.txt")


@pytest.mark.usefixtures("untrained")
def test_home_in_settings(place: Path) -> None:
    (place / "inner").mkdir()
    (place / "inner" / "c.yaml").write_text("output: ~/new\ndata: {path: ~/letters.txt}\n")
    (place / "letters.txt").unlink()
    train.main(["--config", "inner/c.yaml"])
    assert directories(place) == {"home/new"}
    assert not (place / "~").exists()


@pytest.mark.slow
@pytest.mark.parametrize("joined", [True, False])
def test_going_on_at_home(joined: bool, begun: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (begun / "run").rename(begun / "home" / "out")
    before = sorted(begun.iterdir())
    train.main(["--resume", *given("--output", "~/out", joined), "--epochs", "4", "--quiet"])
    sample.main(["~/out", "-n", "2"])
    plot.main(["~/out"])
    assert gumbel_gan.load(str(begun / "home" / "out")).trained_epochs == 4
    assert sorted(begun.iterdir()) == before


def test_saving_at_home(begun: Path) -> None:
    """As `Config(output="~/out")` and the command have it."""
    gumbel_gan.load("run").save("~/out")
    assert directories(begun) == {"run", "home/out"}


WORDS: dict[str, list[str]] = {
    "train": [],
    "sample": ["run"],
    "plot": ["run"],
    "animate": ["game.gif"],
    "play": [],
    "study": ["study.yaml"],
    "gradients": [],
    "benchmark": [],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_another_backend_of_keras(command: str, tmp_path: Path) -> None:
    """One line and status 2, by either name of the command, before anything is loaded or written."""
    (tmp_path / "study.yaml").write_text("epochs: 2\n")
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    for name in (["-m", f"gumbel_gan.{command}"], ["-m", "gumbel_gan", command]):
        done = subprocess.run(
            [sys.executable, *name, *WORDS[command]],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            "gumbel_gan: error: gumbel_gan needs Keras' TensorFlow backend, received 'jax': "
            "set the environment variable KERAS_BACKEND=tensorflow before Keras is imported\n"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


@pytest.mark.parametrize("call", ["gg.CategoricalGenerator(5)", "gg.run(gg.Config(epochs=1))"])
def test_another_backend_in_python(call: str) -> None:
    """The line is reached before Keras looks for a package that may not be there."""
    done = subprocess.run(
        [sys.executable, "-c", f"import gumbel_gan as gg; {call}"],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1].startswith("RuntimeError: gumbel_gan needs Keras' TensorFlow backend")

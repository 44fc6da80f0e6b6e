"""The documents: examples and commands run, links lead somewhere, tables are those of the results."""

import csv
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan.config import catalogue
from gumbel_gan.laboratory import documents, grid

from .conftest import ROOT

README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^    (?:.*(?:\||&&) )?(python -m gumbel_gan\..*?)(?:  +#.*)?$", README, re.MULTILINE)


def made_up() -> dict[str, Any]:
    """What an example says that it has: images, and the two networks of an autoencoder."""
    encoder = keras.Sequential([keras.Input((64,)), keras.layers.Dense(12), keras.layers.Reshape((4, 3))])
    decoder = keras.Sequential([keras.Input((4, 3)), keras.layers.Flatten(), keras.layers.Dense(64)])

    def reconstruction(sample: Any, x: Any) -> Any:
        return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(x, decoder(sample)), axis=-1)

    x = tf.cast(tf.random.stateless_uniform((8, 64), (0, 1)) < 0.5, tf.float32)
    return {"tf": tf, "x": x, "encoder": encoder, "decoder": decoder, "reconstruction": reconstruction,
            "optimizer": keras.optimizers.Adam()}  # fmt: skip


def test_examples() -> None:
    """Those of a section in one session, in their order; the GAN learns what its comment says."""
    sections = [re.findall(r"```python\n(.*?)```", section, re.DOTALL) for section in README.split("\n## ")]
    assert sum(map(len, sections)) == 4
    found: dict[str, Any] = {}
    for examples in filter(None, sections):
        names = made_up()
        for example in examples:
            assert len(example.splitlines()) <= 20
            exec(example, names)
        found = names | found
    averaged = found["gan"].averaged.numpy()
    assert np.abs(averaged - [0, 0, 0.1, 0.3, 0.6]).max(1).mean() < 0.02
    assert issubclass(found["Identity"], found["gg"].Pathwise)
    found["model"].compile("adam", "binary_crossentropy", jit_compile=True)
    assert found["model"].fit(found["x"], found["x"], verbose=0).history["loss"][0] > 0
    assert found["loss"].shape == ()
    assert int(found["optimizer"].iterations) == 1


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 220


OPTIONS = {  # as little as a command can do
    "train": ["--epochs", "2", "--training.batches", "3", "--overwrite"],
    "gradients": ["--draws", "99", "--temperatures", "[0.5]", "--logits", "[0,1]", "--kernel", "[1,-1]"],
    "benchmark": ["--repeats", "1", "--runs", "1"],
}


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with what the commands of the README name."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shutil.copytree(ROOT / "tests" / "data", tmp_path / "tests" / "data")
    for name in ("letters.txt", "words.txt", "TEXT"):
        shutil.copy(ROOT / "tests" / "data" / "genesis.txt", tmp_path / name)
    (tmp_path / "table.csv").write_text("kind,size\n" + "a,1\nb,2\n" * 10)
    (tmp_path / "survey.csv").write_text("gender,age,region\n" + "f,18,north\nm,30,south\nf,44,south\n" * 20)
    np.save(tmp_path / "numbers.npy", [0, 1, 2, 2])
    (tmp_path / "names.txt").write_text("".join(f"{a}{b}\n" for a in "abcdef" for b in "ghijk"))
    for name in ("log", "codes.txt"):  # the one is piped in
        (tmp_path / name).write_text("200\n301\n404\n500\n" * 30)
    examples = "\n".join(re.findall(r"```python\n(.*?)```", README[README.index("## Add one") :], re.DOTALL))
    (tmp_path / "mine.py").write_text(examples)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


STUDIES = [command for command in COMMANDS if "gumbel_gan.study" in command]
OTHERS = [command for command in COMMANDS if "gumbel_gan.study" not in command]


@pytest.mark.slow
@pytest.mark.parametrize("commands", [STUDIES, OTHERS], ids=["studies", "others"])
def test_commands(
    commands: list[str], clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each, as it stands, but for two epochs; of the studies, the first cell."""
    assert len(commands) > 5 or commands is STUDIES
    read = grid.read

    def first(*arguments: Any) -> tuple[str, list[Any]]:
        kind, (cell, *_) = read(*arguments)
        return kind, [replace(cell, settings=replace(cell.settings, runs=2, epochs=2))]

    monkeypatch.setattr("gumbel_gan.study.read", first)
    monkeypatch.setattr("gumbel_gan.laboratory.leak.BATCHES", 50)
    monkeypatch.setattr("gumbel_gan.laboratory.timing.elsewhere", _known)
    for command in commands:
        name, *arguments = shlex.split(command.removeprefix("python -m gumbel_gan."))
        if "--help" in arguments or "--scale" in arguments:
            continue  # the one is in another test; the other takes minutes, and has one, too
        options = OPTIONS.get(name, [])
        with open(clone / "log") as feed:
            monkeypatch.setattr("sys.stdin", feed)
            import_module(f"gumbel_gan.{name}").main([*arguments, *options])
        assert capsys.readouterr().out.strip(), command


def _known(name: str, runs: int) -> Any:
    return lambda batches: (np.random.default_rng(runs).normal(0.2, 0.01, (runs, 5)), 1e-5 * batches * runs)


def test_everything_it_names_is_there() -> None:
    """Links, files, tests, extras; and its table of the code has a line for every file."""
    for link in re.findall(r"\]\((?!https?://)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link
    tests = "".join(path.read_text() for path in (ROOT / "tests").glob("**/*.py"))
    for name in re.findall(r"`(test_\w+)`", README):
        assert f"def {name}(" in tests, name
    for name in re.findall(r"`((?:tests|configs|notebooks)/[\w./]+)`", README):
        assert (ROOT / name).exists(), name
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"\.\[(\w+)\]", README)) <= set(extras)
    rooms = (ROOT / "gumbel_gan" / "README.md").read_text()
    for path in (ROOT / "gumbel_gan").iterdir():
        if path.is_dir() and (path / "__init__.py").exists():
            assert f"`{path.name}/`" in rooms, path
    for name in re.findall(r"`(\w+\.py)`", rooms):
        assert list((ROOT / "gumbel_gan").glob(f"**/{name}")), name


DOCUMENTS = sorted(path.relative_to(ROOT) for path in ROOT.glob("**/*.md") if "[[[cog" in path.read_text())


def cog(directory: Path, *arguments: str) -> int:
    """The exit status of cog, run in a directory that holds the documents and the results."""
    line = [sys.executable, "-m", "cogapp", *arguments, *map(str, DOCUMENTS)]
    return subprocess.run(line, cwd=directory, capture_output=True, check=False).returncode


def test_tables_are_those_of_the_results(tmp_path: Path) -> None:
    """What the command writes into the marked blocks is what stands there, to the last digit."""
    assert cog(ROOT, "--check") == 0
    shutil.copytree(ROOT / "notebooks" / "results", tmp_path / "notebooks" / "results")
    for name in DOCUMENTS:
        text = (ROOT / name).read_text()
        blocks = re.findall(r"\[\[\[cog.*?\]\]\] -->\n(.*?)<!-- \[\[\[end\]\]\]", text, re.DOTALL)
        digits = [match for block in blocks for match in re.findall(r"\d", block)]
        assert len(digits) > 20
        first = re.search(r"\]\]\] -->\n[^\d]*(\d)", text)
        assert first is not None
        moved = text[: first.start(1)] + str((int(first[1]) + 1) % 10) + text[first.end(1) :]
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(moved)
    assert cog(tmp_path, "--check") != 0


def test_every_table_with_numbers_is_such_a_block() -> None:
    text = re.sub(r"<!-- \[\[\[cog.*?\[\[\[end\]\]\] -->", "", README, flags=re.DOTALL)
    for line in re.findall(r"^\|.*\|$", text, re.MULTILINE):
        assert not re.search(r"(?<![\w.`])\d+\.\d+", line), line


@pytest.mark.parametrize(
    "path", sorted((ROOT / "configs" / "studies").glob("*.yaml")), ids=lambda path: path.stem
)
def test_a_study_says_what_it_costs(path: Path) -> None:
    """Within a quarter of what its committed results took, or a minute."""
    with open(ROOT / "notebooks" / "results" / path.stem / "study.csv", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    columns = list(table[0])
    setting = columns[: columns.index("run")]
    seconds = {tuple(row[name] for name in setting): float(row["seconds"]) for row in table}
    said = re.search(r"# Cost: (\d+) minutes on two cores", path.read_text())
    assert said is not None
    assert int(said[1]) * 60 == pytest.approx(sum(seconds.values()), rel=0.25, abs=60)


def test_names_vanish_with_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "| `rloo` |" in documents.table("estimator_names")
    others = {name: row for name, row in catalogue.ESTIMATORS.rows.items() if name != "rloo"}
    monkeypatch.setattr(catalogue.ESTIMATORS, "rows", others)  # to put a row back would move it to the end
    assert "| `rloo` |" not in documents.table("estimator_names")

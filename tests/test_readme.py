"""The README: examples and commands run, links lead somewhere, tables are those of the results."""

import csv
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gumbel_gan import study
from gumbel_gan.metrics import ratio_of_means

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^    (?:.*(?:\||&&) )?(python -m gumbel_gan\..*?)(?:  +#.*)?$", README, re.MULTILINE)


def test_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """Those of a section in one session, in their order."""
    sections = [re.findall(r"```python\n(.*?)```", section, re.DOTALL) for section in README.split("\n## ")]
    assert sum(map(len, sections)) == 7
    errors: list[Any] = []
    for examples in sections:
        names: dict[str, Any] = {}
        for example in examples:
            assert len(example.splitlines()) <= 25
            exec(example, names)
        errors = names.get("errors", errors)
        if "Identity" in names:  # what its comment says
            exec(examples[-1].replace("Identity()", "gg.Exact()"), names)
    assert len(errors) == 50
    assert errors[-1].mean() < 0.02
    biased, exact = map(float, capsys.readouterr().out.splitlines()[-2:])
    assert 0.02 < biased < 0.08  # of the dice; of a uniform distribution 0.21
    assert exact < 0.01


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
    np.save(tmp_path / "numbers.npy", [0, 1, 2, 2])
    (tmp_path / "names.txt").write_text("".join(f"{a}{b}\n" for a in "abcdef" for b in "ghijk"))
    (tmp_path / "log").write_text("ok\nwarn\nok\nerror\n" * 30)
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
    assert len(commands) > 10
    read = study.read

    def first(*arguments: Any) -> tuple[str, list[Any]]:
        kind, (cell, *_) = read(*arguments)
        runs = 1 if "grammar" in arguments[0] else 2
        return kind, [replace(cell, settings=replace(cell.settings, runs=runs, epochs=2))]

    monkeypatch.setattr(study, "read", first)
    monkeypatch.setattr("gumbel_gan.leak.BATCHES", 50)
    monkeypatch.setattr("gumbel_gan.benchmark._elsewhere", _known)
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
    tests = "".join(path.read_text() for path in (ROOT / "tests").glob("*.py"))
    for name in re.findall(r"`(test_\w+)`", README):
        assert f"def {name}(" in tests, name
    for name in re.findall(r"`((?:tests|configs|notebooks)/[\w./]+)`", README):
        assert (ROOT / name).exists(), name
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"\.\[(\w+)\]", README)) <= set(extras)
    layout = README[README.index("## How the code is laid out") : README.index("## Add one of your own")]
    files = {path.name for path in (ROOT / "gumbel_gan").iterdir() if path.suffix in (".py", ".c")}
    assert set(re.findall(r"`(\w+\.(?:py|c))`", layout)) == files - {"__init__.py"}


SECTIONS = [
    part
    for part in re.split(r"^##+ ", README, flags=re.MULTILINE)
    if "configs/studies" in part and "\n|" in part
]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.partition("\n")[0])
def test_tables_are_those_of_the_results(section: str) -> None:
    """Every number of a table stands in the results of the studies of its section, to its last digit."""
    results = re.findall(r"gumbel_gan.study .*--output (notebooks/results/\w+)$", section, re.MULTILINE)
    found = np.array(
        [value for directory in results for value in _statistics(ROOT / directory / "study.csv")]
    )
    for line in re.findall(r"^\|.*\|$", section, re.MULTILINE):
        if re.match(r"\| *\d+ runs|\| power|\|-", line):
            continue  # a heading
        for text in re.findall(r"(?<![\w.])\d+\.\d+", line.partition("|")[2].partition("|")[2]):
            unit = 10.0 ** -len(text.partition(".")[2])
            assert np.abs(found - float(text)).min() <= 0.51 * unit, (text, line)


def _statistics(path: Path) -> Iterator[float]:
    """What a table may show of the runs of a cell: medians, means, the band, the range, ratios."""
    with path.open() as file:
        rows = list(csv.DictReader(file))
    cells: list[list[dict[str, str]]] = []
    for row in rows:
        if not cells or row["run"] in ("", "0"):
            cells.append([])
        cells[-1].append(row)
    for cell in cells:
        columns = {}
        for column in list(rows[0])[list(rows[0]).index("run") + 1 :]:
            values = [float(row[column]) for row in cell if re.fullmatch(r"[\d.e+-]+", row[column] or "")]
            if len(values) == len(cell):
                columns[column] = np.array(values)
                yield from (*np.quantile(values, [0, 0.05, 0.5, 0.95, 1]), np.mean(values))
        if "counted_total_variation" in columns:
            for column in ("total_variation", "averaged_total_variation"):
                yield from ratio_of_means(columns[column], columns["counted_total_variation"])

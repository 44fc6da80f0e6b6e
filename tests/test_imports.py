"""The import rules hold, and would be noticed if they were broken."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT

BROKEN = {
    "a room from one above it": ("data/stream.py", "from ..training import memory"),
    "a circle": ("gan/gumbel.py", "from .estimators import Estimator"),
    "the GAN from the settings": ("gan/game.py", "from ..config.config import Config"),
    "data from TensorFlow": ("data/files.py", "import tensorflow"),
    "the terminal from the laboratory": ("laboratory/study.py", "import rich"),
}


def lint(directory: Path) -> str:
    """What the import rules say of the package in a directory."""
    environment = {**os.environ, "PYTHONPATH": str(directory)}
    done = subprocess.run(
        ["lint-imports", "--no-cache"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    if shutil.which("lint-imports") is None:
        pytest.skip("import-linter is not installed")
    shutil.copytree(
        ROOT / "gumbel_gan", tmp_path / "gumbel_gan", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_rules_hold(copy: Path) -> None:
    printed = lint(copy)
    assert "0 broken" in printed, printed


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if n else []) for n, name in enumerate(BROKEN)]
)
def test_a_broken_rule_is_noticed(name: str, copy: Path) -> None:
    place, line = BROKEN[name]
    path = copy / "gumbel_gan" / place
    text = path.read_text()
    path.write_text(text + f"\n\n{line}  # noqa\n")
    assert "1 broken" in lint(copy) or "2 broken" in lint(copy)

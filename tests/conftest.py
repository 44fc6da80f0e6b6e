"""What the tests share: small trainings, refusals in one line, rows of tables."""

import csv
import os
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gumbel_gan.config import checks
from gumbel_gan.config.config import Training

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Two processes share two cores: more threads of theirs would only wait for each other.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
# What the commands set for a few runs; it compiles in three quarters of the time.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")

vars(checks)["random"] = SimpleNamespace(randint=lambda low, high: 0)
"""Seeds that a test leaves open are 0, those of settings beside the tests, too."""
ROOT = Path(__file__).parent.parent
TEXT = ROOT / "tests" / "data" / "genesis.txt"
TINY = Training(batches=5, generator_steps=2)
QUICK = ("--training.batches", "5", "--epochs", "3", "--quiet")
"""Options of a training that is over at once."""
Refused = Callable[..., str]


@pytest.fixture(autouse=True)
def _seeds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeds that are left open are drawn in a test marked `drawn`."""
    if request.node.get_closest_marker("drawn"):
        monkeypatch.setattr(checks, "random", random)


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Calls a command that must be refused: exit status 2, one line, nothing printed. Returns the line."""

    def refuse(main: Callable[[list[str]], Any], *arguments: str, status: int = 2) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        captured = capsys.readouterr()
        assert stopped.value.code == status, captured.err
        assert captured.err.startswith("gumbel_gan: error: ")
        assert captured.err.count("\n") == 1, captured.err
        assert status != 2 or captured.out == ""
        return captured.err

    return refuse


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    with path.open() as file:
        return list(csv.DictReader(file))

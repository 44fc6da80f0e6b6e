"""The measured table against an independent one, computed in NumPy with 400,000 samples."""

import csv
from pathlib import Path

import numpy as np
import pytest

from gumbel_gan import gradients
from gumbel_gan.estimators import ESTIMATORS
from gumbel_gan.gradients import COLUMNS, POINTS, Measure

TABLE = [  # point, estimator, temperature, bias, standard deviation
    ("A", "reinforce", None, 0, 0.99),
    ("A", "rloo", None, 0, 0.60),
    ("A", "gumbel_softmax", 1.0, 0.29, 0.19),
    ("A", "gumbel_softmax", 0.5, 0.11, 0.41),
    ("A", "gumbel_softmax", 0.1, 0.014, 1.26),
    ("A", "straight_through", None, 0.156, 0.125),
    ("A", "st_gumbel_softmax", 1.0, 0.36, 0.21),
    ("A", "st_gumbel_softmax", 0.1, 0.08, 1.23),
    ("A", "reinmax", 1.0, 0.086, 0.31),
    ("B", "reinforce", None, 0, 2.6),
    ("B", "rloo", None, 0, 0.70),
    ("B", "gumbel_softmax", 0.5, 0.11, 0.45),
    ("B", "straight_through", None, 0.069, 0.048),
    ("B", "st_gumbel_softmax", 0.5, 0.13, 0.45),
    ("B", "reinmax", 1.0, 0.003, 0.40),
]


@pytest.mark.parametrize(("point", "name", "temperature", "bias", "std"), TABLE)
def test_table(point: str, name: str, temperature: float | None, bias: float, std: float) -> None:
    """A bias has a Monte-Carlo error of std / 200, there and here: within four of both, and the rounding."""
    row = Measure(ESTIMATORS[name](), next(p for p in POINTS if p.name == point))(temperature)
    assert row["bias"] == pytest.approx(bias, abs=4 * np.sqrt(2) * std / 200 + 0.006)
    assert row["std"] == pytest.approx(std, rel=0.02, abs=0.006)
    assert row["rmse"] == pytest.approx(np.hypot(row["bias"], row["std"]))


def test_gumbel_rao_in_the_table() -> None:
    measure = Measure(ESTIMATORS["gumbel_rao"](draws=100), POINTS[0])
    row = measure(0.5, draws=40_000)
    assert row["bias"] == pytest.approx(0.18, abs=0.02)
    assert row["std"] == pytest.approx(0.23, abs=0.01)


def test_exact_gradients() -> None:
    """|g| = .5514 and .0786, by the same independent computation."""
    lengths = [np.linalg.norm(Measure(ESTIMATORS["exact"](), point).exact) for point in POINTS]
    np.testing.assert_allclose(lengths, [0.5514, 0.0786], atol=5e-5)


def test_dead_fraction() -> None:
    row = Measure(ESTIMATORS["gumbel_softmax"](), POINTS[0])(0.001, draws=40_000)
    assert row["dead_fraction"] == pytest.approx(0.92, abs=0.02)


@pytest.mark.slow
def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--output", str(tmp_path), "--logits", "[0,1]", "--kernel", "[1,-1]", "--draws", "200"]
    gradients.main([*arguments, "--temperatures", "[0.5]", "--conditional_draws", "2"])
    with (tmp_path / "gradients.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 4 + 7
    assert {row["temperature"] for row in rows if row["estimator"] in ("exact", "rloo")} == {""}
    assert (tmp_path / "gradients.png").stat().st_size > 20_000
    assert "given" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--logits", "[0,1]"], "logits, kernel: received one without the other"),
        (["--logits", "[0,1]", "--kernel", "[1]"], "logits, kernel: received 2 and 1 numbers"),
        (["--logits", "[0,1]", "--kernel", "[1,2]", "--run", "x"], "run: received with logits"),
        (["--draws", "0"], "draws: received 0"),
        (["--temperatures", "[0]"], "temperatures: received 0"),
        (["--run", "nowhere"], "nowhere holds no run"),
    ],
)
def test_usage_errors(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        gradients.main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err

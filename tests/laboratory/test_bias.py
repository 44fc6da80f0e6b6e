"""The measured table against an independent one, computed in NumPy with 400,000 samples."""

import numpy as np
import pytest

from gumbel_gan.config.catalogue import ESTIMATORS
from gumbel_gan.laboratory.bias import COLUMNS, POINTS, TEMPERATURES, Measure, cell, measure, settings_of

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
    row = Measure(ESTIMATORS.load(name)(), next(p for p in POINTS if p.name == point))(temperature)
    assert row["bias"] == pytest.approx(bias, abs=4 * np.sqrt(2) * std / 200 + 0.006)
    assert row["std"] == pytest.approx(std, rel=0.02, abs=0.006)
    assert row["rmse"] == pytest.approx(np.hypot(row["bias"], row["std"]))


@pytest.mark.slow
def test_gumbel_rao_in_the_table() -> None:
    measured = Measure(ESTIMATORS.make("gumbel_rao", "estimator", conditional_draws=100), POINTS[0])
    row = measured(0.5, draws=40_000)
    assert row["bias"] == pytest.approx(0.18, abs=0.02)
    assert row["std"] == pytest.approx(0.23, abs=0.01)


def test_exact_gradients() -> None:
    """|g| = .5514 and .0786, by the same independent computation."""
    lengths = [np.linalg.norm(Measure(ESTIMATORS.load("exact")(), point).exact) for point in POINTS]
    np.testing.assert_allclose(lengths, [0.5514, 0.0786], atol=5e-5)


def test_dead_fraction() -> None:
    row = Measure(ESTIMATORS.load("gumbel_softmax")(), POINTS[0])(0.001, draws=40_000)
    assert row["dead_fraction"] == pytest.approx(0.92, abs=0.02)


def test_settings() -> None:
    """Those that ignore the temperature are measured once."""
    settings = settings_of(TEMPERATURES)
    ignoring = ESTIMATORS.names(uses_temperature=False)
    assert {name for name, temperature in settings if temperature is None} == set(ignoring)
    assert {name for name, _ in settings} == set(ESTIMATORS)
    assert len(settings) == len(ignoring) + len(TEMPERATURES) * (len(ESTIMATORS) - len(ignoring))


def test_rows() -> None:
    """Conditional draws are an option of one estimator only, and the rows are those of the table."""
    settings = [("rloo", None), ("gumbel_rao", 0.5), ("gumbel_rao", 1.0)]
    rows = list(measure(POINTS[0], settings, draws=200, conditional_draws=2))
    assert [(row["point"], row["estimator"], row["temperature"]) for row in rows] == [
        ("A", name, temperature) for name, temperature in settings
    ]
    assert all(tuple(row) == COLUMNS for row in rows)
    assert [cell(rows[0][name]) for name in ("estimator", "temperature", "draws")] == ["rloo", "", "200"]
    assert cell(1 / 3) == "0.333333"

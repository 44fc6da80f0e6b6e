from pathlib import Path

import numpy as np
import pytest

from gumbel_gan.config.config import Config
from gumbel_gan.laboratory.cells import Cell
from gumbel_gan.laboratory.report import summary, write_report
from gumbel_gan.results.metrics import ratio_of_means

from ..conftest import rows


def test_ratio_of_means() -> None:
    ratio, error = ratio_of_means(np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0]))
    assert (ratio, error) == (2.0, 0.0)  # in proportion, the ratio is certain
    # Of independent numbers, by the spread over many repetitions.
    random = np.random.default_rng(0)
    values, others = random.gamma(4, size=(2_000, 100)), random.gamma(9, size=(2_000, 100))
    ratios, errors = np.array([ratio_of_means(a, b) for a, b in zip(values, others, strict=True)]).T
    assert ratios.mean() == pytest.approx(4 / 9, rel=0.01)
    assert ratios.std() == pytest.approx(errors.mean(), rel=0.1)


def of_two_runs(first: np.ndarray, counted: np.ndarray) -> Cell:
    columns = {
        "first_epoch_below_0.05": first,
        "total_variation": np.array([0.2, 0.2]),
        "averaged_total_variation": np.array([0.1, 0.1]),
        "counted_total_variation": counted,
    }
    return Cell({"temperature": 0.5}, Config(runs=2), curves=np.full((3, 2), 0.1), columns=columns)


def test_summary() -> None:
    """A run that never got there is infinitely late; two runs of the same value have no band."""
    done = of_two_runs(np.array([31, np.nan]), np.array([0.1, 0.1]))
    failed = Cell({"temperature": 1.0}, Config(runs=2), failure="epoch 1, run 0")
    cells = [done, failed, Cell({"temperature": 2.0}, Config(runs=2))]
    lines = list(summary(cells, width=1_000))
    assert lines[0].split("  ")[0] == "median (90 % of the runs)"
    assert "first epoch below 0.05" in lines[0]
    assert "31 (31-never)" in lines[1]
    assert " 0.2 " in lines[1]
    assert lines[2:5] == ["temperature 1.0", "temperature 2.0", ""]
    assert lines[5].startswith("ratio of means ± SE ")
    assert lines[5].endswith("  last TV / counted  averaged TV / counted")
    assert lines[6].split()[-6:] == ["2", "±", "0", "1", "±", "0"]
    assert lines[9].startswith("error: a run's maximum error after the last epoch")
    assert lines[10:] == ["temperature 1.0: failed: epoch 1, run 0", "temperature 2.0: not trained yet"]
    for width in (60, 80, 120):
        narrow = list(summary(cells, width))
        assert max(map(len, narrow)) <= width
        words = " ".join(narrow).split()
        assert all(word in words for line in lines for word in line.split())


def test_headings_of_short_trainings() -> None:
    """The mean of the last 50 of fewer epochs is that of all that there are."""
    cell = of_two_runs(np.array([31, np.nan]), np.array([0.1, 0.1]))
    cell.columns = {"max_abs_error_last50_mean": np.full(2, 0.1)}
    for epochs, heading in ((20, "error of 20 mean"), (60, "error last50 mean")):
        cell.curves = np.zeros((epochs, 2))
        assert heading in next(summary([cell], 200))


def test_table(tmp_path: Path) -> None:
    done = of_two_runs(np.array([31, np.nan]), np.array([0.1, 0.1]))
    failed = Cell({"data.probabilities": [0.5, 0.5]}, Config(), failure="epoch 1, run 0")
    write_report(str(tmp_path), "gan", [failed])
    assert not (tmp_path / "study.png").exists()  # there is nothing to draw
    done.columns = {"averaged_max_abs_error": np.full(2, 0.1), "max_abs_error_last50_mean": np.full(2, 0.1)}
    write_report(str(tmp_path), "gan", [failed, done])
    table = rows(tmp_path / "study.csv")
    assert [row["run"] for row in table] == ["", "0", "1"]
    assert [row["temperature"] for row in table] == ["0.001", "0.5", "0.5"]  # by default, and given
    assert [row["data.probabilities"] for row in table] == ["[0.5, 0.5]", "", ""]
    assert [row["file"] for row in table] == ["", done.file, done.file]
    assert [row["failure"] for row in table] == ["epoch 1, run 0", "", ""]
    assert [row["averaged_max_abs_error"] for row in table] == ["", "0.1", "0.1"]
    assert (tmp_path / "study.png").exists()

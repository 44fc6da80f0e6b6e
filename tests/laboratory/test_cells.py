from pathlib import Path

import numpy as np

from gumbel_gan.config.config import Config
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.laboratory.cells import Cell, keep, restore, train
from gumbel_gan.laboratory.polynomial import Polynomial

from ..conftest import TINY


def test_label() -> None:
    varied = {"generator.estimator": "exact", "training.batch_size": 6}
    assert Cell(varied, Config()).label == "exact, batch size 6"
    assert Cell(varied, Config(), name="mine").label == "mine"
    assert Cell({}, Config()).label == "base"


def test_runs_side_by_side() -> None:
    """What XLA is set up for: it gains nothing from it for sequences."""
    assert Cell({}, Config(runs=4, devices=2)).side_by_side == (4, 2)
    assert Cell({}, Polynomial(runs=3), "polynomial").side_by_side == (3, 1)
    strings = Config(
        runs=3,
        data=Data(length=3),
        generator=Generator(kind="lstm"),
        discriminator=Discriminator(kind="mlp"),
    )
    assert Cell({}, strings).side_by_side == (None, 1)


def test_kept_and_restored(tmp_path: Path) -> None:
    cell = Cell({}, Config(runs=2, epochs=3, training=TINY))
    assert not restore(cell, str(tmp_path))
    trained = train(cell)
    assert trained.columns is not None
    keep(trained, str(tmp_path))
    assert restore(cell, str(tmp_path))
    assert cell.curves is not None
    assert cell.curves.shape == (3, 2)
    np.testing.assert_array_equal(cell.curves, trained.curves)
    assert cell.columns is not None
    assert set(cell.columns) == set(trained.columns) >= {"seconds"}
    for name, values in trained.columns.items():
        np.testing.assert_array_equal(cell.columns[name], values)
    # Half a file is none.
    path = tmp_path / cell.file
    path.write_bytes(path.read_bytes()[:500])
    assert not restore(cell, str(tmp_path))


def test_why_a_cell_failed() -> None:
    cell = train(Cell({}, Config(runs=2, epochs=2, training=TINY, generator=Generator(learning_rate=1e38))))
    assert cell.failure is not None
    assert "epoch 1, run 0" in cell.failure
    assert cell.columns is None

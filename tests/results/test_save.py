"""Results in Python: saved as the command saves them, drawn from, and sent to another process."""

import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest

import gumbel_gan as gg
from gumbel_gan import train
from gumbel_gan.gan.game import CategoricalGAN
from gumbel_gan.results.result import Result

from ..conftest import QUICK, TINY
from ..statistics import check_frequencies
from .made_up import gan_of, made_up, saved

CONFIG = gg.Config(epochs=3, seed=0, runs=2, training=gg.Training(batches=5))
ARRAYS = ("epochs", "probabilities", "targets", "learned", "averaged", "counted", "target")
DRAWS = 400_000


@pytest.fixture(scope="module")
def trained() -> tuple[Result, CategoricalGAN]:
    result, gan = gg.run(CONFIG)
    return result, gan


@pytest.fixture
def result(trained: tuple[Result, CategoricalGAN]) -> Result:
    return trained[0]


def files(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def check_same(found: Result, expected: Result) -> None:
    assert found.labels == expected.labels
    for name in ARRAYS:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-8, err_msg=name)
    assert found.metrics.keys() == expected.metrics.keys()
    for name, values in expected.metrics.items():
        np.testing.assert_allclose(found.metrics[name], values, rtol=1e-7, err_msg=name)
    for name in ("target_is", "optimizer_steps", "kind", "classes", "warning", "samples"):
        assert getattr(found, name) == getattr(expected, name), name
    assert replace(found.config, output=None) == replace(expected.config, output=None)
    for network in ("generator", "discriminator"):
        weights = (getattr(one, network).get_weights() for one in (found, expected))
        for mine, other in zip(*weights, strict=True):
            np.testing.assert_array_equal(mine, other)


def test_as_the_command_saves(result: Result, tmp_path: Path) -> None:
    """The same files, and in those that are text the same; but for the checkpoints."""
    assert result.save(str(tmp_path / "python")) == str(tmp_path / "python")
    train.main(["--output", str(tmp_path / "command"), "--runs", "2", *QUICK])
    assert files(tmp_path / "python") == files(tmp_path / "command") - {"checkpoint"}
    for name in ("probabilities.csv", "metrics.csv", "config.yaml", "error_heatmap.png"):
        mine, other = ((tmp_path / place / name).read_bytes() for place in ("python", "command"))
        assert mine == other, name
    assert not list(tmp_path.rglob("*.partial"))


def test_of_many_categories_and_of_strings(tmp_path: Path) -> None:
    """The files that only they have."""
    many = made_up(categories=10_001, runs=1, epochs=1)
    many.gan = gan_of(many)
    many.save(str(tmp_path / "many"))
    assert files(tmp_path / "many") >= {"arrays.npz", "scatter.png", "summary.json"}
    strings = made_up(
        3, 1, 2, ["x", "x+x", "x-x"], kind="grammar", classes=("1 symbol", "3 symbols", "3 symbols")
    )
    strings.metrics |= {name: np.full((2, 1), 0.5) for name in strings.source.scores}
    strings = replace(strings, samples=(("x",),), gan=gan_of(strings))
    strings.save(str(tmp_path / "strings"))
    assert files(tmp_path / "strings") >= {"training.png", "lengths.png", "summary.json"}


def test_loaded_and_saved_elsewhere(result: Result, tmp_path: Path) -> None:
    result.save(str(tmp_path / "first"))
    first = gg.load(str(tmp_path / "first"))
    check_same(first, result)
    first.save(str(tmp_path / "second"))
    check_same(gg.load(str(tmp_path / "second")), result)
    assert files(tmp_path / "first") == files(tmp_path / "second")
    first.save(str(tmp_path / "first"), overwrite=True)  # into the place that its networks come from
    check_same(gg.load(str(tmp_path / "first")), result)


@pytest.mark.slow
def test_directory_that_is_taken(result: Result, tmp_path: Path) -> None:
    """By a run: refused, and left as it is, unless it may be overwritten. Other files stay either way."""
    directory = tmp_path / "run"
    train.main(["--output", str(directory), *QUICK])
    (directory / "notes.txt").write_text("mine")
    before = {name: (directory / name).read_bytes() for name in files(directory) - {"checkpoint"}}
    with pytest.raises(ValueError, match=r"output: .*run holds a run already: give another directory, or"):
        result.save(str(directory))
    assert {name: (directory / name).read_bytes() for name in files(directory) - {"checkpoint"}} == before
    assert (directory / "checkpoint" / "state.npz").exists()
    result.save(str(directory), overwrite=True)
    check_same(gg.load(str(directory)), result)
    assert not (directory / "checkpoint").exists()  # of the other training
    assert (directory / "notes.txt").read_text() == "mine"


def test_overwriting_needs_the_word_python_knows(result: Result, tmp_path: Path) -> None:
    """A message names what the caller can give."""
    result.save(str(tmp_path))
    with pytest.raises(ValueError, match="overwrite=True"):
        result.save(str(tmp_path))


def test_place_that_cannot_be_written_to(result: Result, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in ("file", "file/inner"):
        with pytest.raises(ValueError, match="output: cannot write to .*: give another directory") as error:
            result.save(str(tmp_path / place))
        assert "\n" not in str(error.value)
    result.save(tmp_path / "a" / "path")  # type: ignore[arg-type]
    assert (tmp_path / "a" / "path" / "summary.json").exists()


def test_what_the_networks_hold(tmp_path: Path) -> None:
    """Weights that a callback puts back are the result's, in memory, in the files, and in what is drawn."""
    stop = keras.callbacks.EarlyStopping(
        monitor="max_abs_error", mode="min", patience=3, restore_best_weights=True
    )
    config = gg.Config(
        epochs=60, seed=0, training=gg.Training(batches=20), generator=gg.Generator(learning_rate=0.05)
    )
    result, gan = gg.run(config, callbacks=[stop])
    assert result.trained_epochs < 60
    np.testing.assert_array_equal(result.learned, gan.learned())
    best = int(result.metrics["max_abs_error"].argmin())
    assert best < result.trained_epochs - 1
    np.testing.assert_allclose(result.learned, result.probabilities[best], rtol=1e-6)
    assert np.abs(result.learned - result.probabilities[-1]).max() > 1e-3
    np.testing.assert_array_equal(result.generator.probabilities(), result.learned)
    result.save(str(tmp_path))
    loaded = gg.load(str(tmp_path))
    np.testing.assert_allclose(loaded.learned, result.learned, atol=1e-8)
    np.testing.assert_array_equal(loaded.generator.probabilities(), result.learned)


def codes(result: Result, of: str | None = None, run: int = 0) -> np.ndarray:
    """Categories that were drawn; the labels are their numbers."""
    return result.sample(DRAWS, of, run, seed=1).astype(int)


@pytest.mark.parametrize("of", ["averaged", "last"])
@pytest.mark.parametrize("run", [0, 1])
def test_frequencies(of: str, run: int) -> None:
    """False alarm 1e-6 each; finds an error of 0.01."""
    result = made_up()
    expected = (result.averaged if of == "averaged" else result.learned)[run]
    check_frequencies(codes(result, of, run), expected / expected.sum(), detect=0.01)


@pytest.mark.parametrize(("kind", "of"), [("distribution", "averaged"), ("drift", "last")])
def test_default_of_categories(kind: str, of: str) -> None:
    result = made_up(kind=kind)
    assert result.default_of == of
    np.testing.assert_array_equal(codes(result), codes(result, of))
    other = {"averaged": "last", "last": "averaged"}[of]
    assert (codes(result) != codes(result, other)).any()


@pytest.mark.parametrize("kind", ["grammar", "strings"])
def test_default_of_strings(kind: str) -> None:
    """The last step; they come from the generator itself, which may write what is no label."""
    labels = ("x", "x+x", "x-x")
    result = made_up(3, 2, 2, list(labels), kind=kind, classes=("1 symbol", "3 symbols", "3 symbols"))
    generator = gg.SequenceGenerator("x+- ", 3, units=3, runs=2, seed=1)
    result.gan = gan_of(result)
    result.gan.generator = generator
    assert result.default_of == "last"
    drawn = result.sample(200, run=1, seed=5)
    assert drawn.shape == (200,)
    assert drawn.tolist() == result.sample(200, "last", 1, 5).tolist()
    assert drawn.tolist() != result.sample(200, "last", 0, 5).tolist()
    assert set("".join(drawn)) <= set("x+- ")
    with pytest.raises(ValueError, match="of: received averaged for sequences"):
        result.sample(3, "averaged")
    assert result.sample(0).shape == (0,)


@pytest.mark.slow
def test_frequencies_of_strings() -> None:
    """Those of an untrained generator of nine strings; false alarm 1e-6, finds an error of 0.01."""
    result = made_up(3, 1, 2, ["x", "x+x", "x-x"], kind="grammar", classes=("1", "3", "3"))
    generator = gg.SequenceGenerator("x+ ", 2, units=3, seed=1)
    result.gan = gan_of(result)
    result.gan.generator = generator
    pairs = np.array([(a, b) for a in range(3) for b in range(3)], np.int32)
    strings = generator.names(pairs, result.labels)
    expected = dict.fromkeys(strings, 0.0)
    for string, probability in zip(strings, generator.probabilities(pairs)[0], strict=True):
        expected[string] += float(probability)
    known = {string: number for number, string in enumerate(expected)}
    drawn = np.array([known[string] for string in result.sample(DRAWS, seed=2)])
    check_frequencies(drawn, np.array(list(expected.values())), detect=0.01)


def test_seeds_of_samples() -> None:
    result = made_up()
    drawn = [result.sample(50, seed=seed).tolist() for seed in (3, 3, 4)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.drawn
def test_samples_without_a_seed() -> None:
    """They are others each time, unless Keras' seed is set."""
    result = made_up()
    keras.utils.set_random_seed(1)
    first, second = (result.sample(50).tolist() for _ in range(2))
    keras.utils.set_random_seed(1)
    assert first == result.sample(50).tolist()
    assert first != second


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"n": -1}, "n: received -1: give a whole number of 0 or more"),
    ({"n": 2.5}, "n: received 2.5: give a whole number"),
    ({"n": "3"}, "n: received '3': give a whole number"),
    ({"n": True}, "n: received True: give a whole number"),
    ({"n": None}, "n: received None: give a whole number"),
    ({"run": 2}, "run: received 2: give 0 to 1"),
    ({"run": -1}, "run: received -1: give 0 to 1"),
    ({"run": 0.5}, "run: received 0.5: give 0 to 1"),
    ({"run": "0"}, "run: received '0': give 0 to 1"),
    ({"run": None}, "run: received None: give 0 to 1"),
    ({"of": "mean"}, "of: received 'mean': give one of averaged, last"),
    ({"of": 3}, "of: received 3: give one of averaged, last"),
    ({"seed": -1}, "seed: received -1: give a whole number"),
    ({"seed": "a"}, "seed: received 'a': give a whole number"),
]


@pytest.mark.parametrize(("given", "message"), REFUSED, ids=[str(given) for given, _ in REFUSED])
def test_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}") as error:
        made_up().sample(**{"n": 3, **given})
    assert "\n" not in str(error.value)


def test_run_of_one() -> None:
    with pytest.raises(ValueError, match="run: received 1: give the only one, 0"):
        made_up(runs=1).sample(3, run=1)


def test_numpys_numbers_and_none_at_all() -> None:
    result = made_up()
    assert result.sample(np.int64(3), run=np.int32(1), seed=np.uint8(1)).shape == (3,)  # type: ignore[arg-type]
    nothing = result.sample(0)
    assert (nothing.shape, nothing.dtype.kind) == ((0,), "U")


def learned_from(values: Any, **options: Any) -> Result:
    """A made-up result of the values' labels, all equally probable."""
    source = gg.from_values(values, **options)
    result = made_up(len(source.labels), labels=list(source.labels), wrap=source.wrap)
    result.averaged = np.full_like(result.averaged, 1 / len(source.labels))
    return result


def sets_of(values: Any, **options: Any) -> tuple[Any, set[Any]]:
    """200 draws, and what is among them: of ten labels or fewer, all but with probability below 1e-8."""
    drawn = learned_from(values, **options).sample(200, seed=0)
    assert len(drawn) == 200
    return drawn, set(drawn.to_list() if isinstance(drawn, pl.Series) else drawn.tolist())


ORDERED = pd.CategoricalDtype(["lo", "mid", "hi"], ordered=True)
DAYS = [pd.Timestamp(2024, 1, 1), pd.Timestamp(2024, 1, 2)]
PANDAS: list[tuple[Any, set[Any]]] = [
    (pd.Series(["b", "a", "b"], name="kind"), {"a", "b"}),
    (pd.Series(["b", "a", "b"], name="kind", dtype="string"), {"a", "b"}),
    (pd.Series(["b", "a", 1], name="kind", dtype=object), {"a", "b", 1}),
    (pd.Series([0, 1, 1], name="number"), {0, 1}),
    (pd.Series([0, 1, 1], dtype="uint8"), {0, 1}),
    (pd.Series([3, 1, 3], name="gaps"), {0, 1, 2, 3}),
    (pd.Series([3, 1, 3], name="gaps", dtype="Int64"), {0, 1, 2, 3}),
    (pd.Series([0.5, 1.0, 0.5], name=7), {0.5, 1.0}),
    (pd.Series([True, False, True]), {True, False}),
    (pd.Series(DAYS), set(DAYS)),
    (pd.Series(["lo", "mid", "hi", "hi"], dtype=ORDERED, name="level"), {"lo", "mid", "hi"}),
    (pd.Series(["lo", "hi", "hi"], dtype=ORDERED, name="level"), {"lo", "mid", "hi"}),
    (pd.Series([1, 2, 1], dtype="category"), {1, 2}),
]  # fmt: skip


@pytest.mark.parametrize(("values", "expected"), PANDAS, ids=lambda one: str(getattr(one, "dtype", "")))
def test_pandas_in_and_out(values: Any, expected: set[Any]) -> None:
    """Values of the same type, under the same name; those that were not among them, too."""
    drawn, found = sets_of(values)
    assert isinstance(drawn, pd.Series)
    assert drawn.dtype == values.dtype
    assert drawn.name == values.name
    assert found == expected
    assert {type(value) for value in found} == {type(value) for value in expected}


def test_categorical_in_and_out() -> None:
    drawn, found = sets_of(pd.Categorical(["lo", "mid", "hi"], dtype=ORDERED))
    assert found == {"lo", "mid", "hi"}
    assert drawn.dtype == ORDERED
    assert drawn.cat.ordered


ENUM = pl.Enum(["lo", "mid", "hi"])
POLARS: list[tuple[pl.Series, set[Any]]] = [
    (pl.Series("kind", ["b", "a", "b"]), {"a", "b"}),
    (pl.Series("number", [0, 1, 1]), {0, 1}),
    (pl.Series("number", [0, 1, 1], dtype=pl.UInt8), {0, 1}),
    (pl.Series("gaps", [3, 1, 3]), {0, 1, 2, 3}),
    (pl.Series("real", [0.5, 1.0]), {0.5, 1.0}),
    (pl.Series("bool", [True, False]), {True, False}),
    (pl.Series("level", ["lo", "mid", "hi"], dtype=ENUM), {"lo", "mid", "hi"}),
    (pl.Series("level", ["lo", "hi"], dtype=ENUM), {"lo", "mid", "hi"}),
    (pl.Series("level", ["lo", "hi"], dtype=pl.Categorical), {"lo", "hi"}),
]


@pytest.mark.parametrize(("values", "expected"), POLARS, ids=lambda one: str(getattr(one, "dtype", "")))
def test_polars_in_and_out(values: pl.Series, expected: set[Any]) -> None:
    drawn, found = sets_of(values)
    assert isinstance(drawn, pl.Series)
    assert drawn.dtype == values.dtype
    assert drawn.name == values.name
    assert found == expected
    assert {type(value) for value in found} == {type(value) for value in expected}


@pytest.mark.parametrize(
    "values",
    [pd.Series(["a", None, "b"]), pd.Series([0, None, 1], dtype="Int64"), pl.Series([0, None, 1])],
    ids=["text", "Int64", "polars"],
)
def test_missing_values_in_and_out(values: Any) -> None:
    """Where they are a category, they are missing in what is drawn."""
    drawn, _ = sets_of(values, missing="category")
    assert drawn.dtype == values.dtype
    missing = drawn.is_null() if isinstance(drawn, pl.Series) else drawn.isna()
    assert 20 < missing.sum() < 120  # of 200 with probability 1/3; 1e-8 on either side


@pytest.mark.parametrize("container", [pd.Series, pl.Series])
def test_labels_of_a_vocabulary(container: Callable[[Any], Any]) -> None:
    """One that does not occur is drawn, too, as itself."""
    _, found = sets_of(container(["a", "b", "a"]), vocabulary=["a", "b", "c"])
    assert found == {"a", "b", "c"}


@pytest.mark.parametrize(
    "values",
    [["b", "a", "b"], ("b", "a"), "ba", {"a": 1, "b": 2}, np.array(["a", "b"]), {"a": 0.5, "b": 0.5}],
    ids=str,
)
def test_all_else_is_an_array_of_text(values: Any) -> None:
    drawn, found = sets_of(values)
    assert (type(drawn), drawn.dtype.kind, drawn.shape) == (np.ndarray, "U", (200,))
    assert found == {"a", "b"}


def test_container_of_a_training() -> None:
    """What was learned from is what is drawn, by `run`, too."""
    values = pd.Series(["sun", "rain", "sun"], name="weather", dtype="category")
    result, _ = gg.run(gg.Config(epochs=1, seed=0, training=TINY), gg.from_values(values))
    drawn = result.sample(20, seed=0)
    assert (drawn.dtype, drawn.name) == (values.dtype, "weather")
    assert drawn.tolist() == replace(result, wrap=None).sample(20, seed=0).tolist()


def elsewhere(result: Result, gan: CategoricalGAN) -> tuple[Any, ...]:
    """In another process: what both tell, and one epoch more."""
    told = result.sample(20, seed=0), result.generator.probabilities(), gan.learned()
    data = gg.dataset(gg.Stream(gg.Distribution([0.25] * 4 + [0.0]), runs=2, batches=5, seed=0))
    gan.fit(data, epochs=1, steps_per_epoch=1, shuffle=False, verbose=0)
    return (*told, gan.learned())


@pytest.mark.slow
def test_sent_to_another_process(trained: tuple[Result, CategoricalGAN]) -> None:
    """By pickle, to a process that has imported nothing yet."""
    result, gan = trained
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        drawn, probabilities, learned, later = pool.apply_async(elsewhere, trained).get(timeout=120)
    assert drawn.tolist() == result.sample(20, seed=0).tolist()
    np.testing.assert_array_equal(probabilities, result.learned)
    np.testing.assert_array_equal(learned, gan.learned())
    assert np.abs(later - learned).max() > 0


def test_loaded_result_sent_by_pickle(tmp_path: Path) -> None:
    """Its networks are still found in its directory."""
    import pickle

    loaded = saved(made_up(), tmp_path)
    again = pickle.loads(pickle.dumps(loaded))
    np.testing.assert_array_equal(again.generator.probabilities(), loaded.generator.probabilities())

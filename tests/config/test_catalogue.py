"""The catalogue against the package: what a row says is so, and a name is nowhere but in its row."""

import ast
import inspect
import re
import subprocess
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gumbel_gan
from gumbel_gan import CategoricalGAN, Config, models, train
from gumbel_gan.config import catalogue
from gumbel_gan.config.catalogue import (
    DEVICES,
    DISCRIMINATORS,
    ESTIMATORS,
    GENERATORS,
    KEYS,
    LAWS,
    LOSSES,
    MISSING,
    OPTIMIZERS,
    ORDERS,
    PENALTIES,
    SAMPLED,
    SCHEDULES,
    SMOOTHINGS,
    SOURCES,
    TASKS,
    UNITS,
    VIEWS,
    Family,
)
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.config.reading import keys
from gumbel_gan.data.opening import from_values, open_source
from gumbel_gan.data.source import Distribution
from gumbel_gan.gan.estimators import Pathwise, Rebar, Reinforce
from gumbel_gan.gan.gumbel import hardest, vectors
from gumbel_gan.gan.losses import Pair
from gumbel_gan.gan.parts import Examples
from gumbel_gan.laboratory.grid import read
from gumbel_gan.laboratory.tasks import Task
from gumbel_gan.training.build import build
from gumbel_gan.training.place import place_of

from ..results.made_up import made_up
from .test_data import NEEDED

FAMILIES: dict[str, Family[Any]] = {
    family.noun: family
    for family in (
        ESTIMATORS, LOSSES, SCHEDULES, VIEWS, SMOOTHINGS, PENALTIES, GENERATORS, DISCRIMINATORS, OPTIMIZERS,
        LAWS, UNITS, MISSING, ORDERS, SOURCES, SAMPLED, DEVICES, TASKS,
    )
}  # fmt: skip
ROWS = [
    pytest.param(family, name, id=f"{noun} {name}") for noun, family in FAMILIES.items() for name in family
]
OWN = ("estimator", "schedule", "discriminator", "source")
"""Families that take parts of the user's own."""


def test_all_families_are_here() -> None:
    there = [value for value in vars(catalogue).values() if isinstance(value, Family)]
    assert {id(family) for family in there} == {id(family) for family in FAMILIES.values()}
    assert {id(family) for family in KEYS.values()} <= {id(family) for family in there}
    assert set(KEYS) <= set(keys(Config))
    assert tuple(sorted(OWN)) == tuple(sorted(noun for noun, family in FAMILIES.items() if family.base))


@pytest.mark.parametrize(("family", "name"), ROWS)
def test_what_a_row_stands_for_is_there(family: Family[Any], name: str) -> None:
    row = family[name]
    assert row.name == name
    assert row.summary
    assert "\n" not in row.summary
    assert callable(row.load()) or isinstance(row.load(), Pair)
    assert family.load(name) is row.load()
    assert f"| `{name}` | {row.summary} |" in family.table().splitlines()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_traits_of_estimators(name: str) -> None:
    row, kind = ESTIMATORS[name], ESTIMATORS.load(name)
    assert row.pathwise == issubclass(kind, Pathwise)
    assert row.smallest_batch == kind.smallest_batch
    assert row.score_function == issubclass(kind, Reinforce | Rebar)
    assert set(row.options) <= set(inspect.signature(kind.__init__).parameters)
    logits = tf.constant([[0.3, -0.2, 0.9]])
    seen = {}
    for temperature in (0.5, 2.0):
        estimator = kind()
        estimator.build(logits.shape)
        sample = estimator.sample(logits, tf.constant(temperature), 4, (1, 2))
        assert row.soft == bool(tf.reduce_any(sample != hardest(sample)))
        with tf.GradientTape() as tape:
            tape.watch(logits)

            def loss(x: tf.Tensor) -> tf.Tensor:
                x = tf.one_hot(x, 3) if x.dtype.is_integer else x
                return tf.reduce_sum(x * [1.0, 2.0, -1.0], axis=-1) ** 2

            value = estimator.estimate(loss, logits, tf.constant(temperature), 4, (1, 2))
        seen[temperature] = np.concatenate([np.ravel(sample), np.ravel(tape.gradient(value, logits))])
    assert row.uses_temperature == bool(np.abs(seen[0.5] - seen[2.0]).max() > 1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_traits_of_losses(name: str) -> None:
    """Labels can be smoothed where calling real examples generated adds their mean output, and no more."""
    pair, x, zero = LOSSES.load(name), tf.linspace(-4.0, 4.0, 17), tf.zeros(17)
    more = (pair.discriminator(zero, x) - pair.discriminator(x, zero) - x).numpy()
    assert LOSSES[name].labelled == (pair.separable and bool(np.ptp(more) < 1e-5))


@pytest.mark.parametrize("name", VIEWS)
def test_traits_of_views(name: str) -> None:
    row, view = VIEWS[name], VIEWS.make(name, "discriminator.view")
    samples = tf.nn.softmax(tf.random.stateless_normal((1, 4, 3), (1, 2)))
    seen, others = view.generated(samples), view.generated(samples[:, ::-1])
    as_integers = seen.dtype.is_integer
    assert row.hides_softness == bool(as_integers or tf.reduce_all(seen == hardest(seen)))
    assert row.has_samples == bool(tf.reduce_any(seen != others))


@pytest.mark.parametrize("name", SMOOTHINGS)
def test_traits_of_smoothings(name: str) -> None:
    """An amount is an option where it changes what is seen of real examples."""
    row, generator = SMOOTHINGS[name], GENERATORS.load("logits")(3)
    seen = []
    for amount in (0.1, 0.3):
        smoothing = SMOOTHINGS.make(name, "data.smoothing", amount)
        real = smoothing.real(tf.constant([[0, 2]]), generator, tf.constant(1.0), (1, 2))
        seen.append(np.asarray(real, np.float64))
    assert ("smoothing_amount" in row.options) == bool((seen[0] != seen[1]).any())
    assert not row.needs_soft or not np.isin(seen[0], [0.0, 1.0]).any()


@pytest.mark.parametrize("name", PENALTIES)
def test_traits_of_penalties(name: str) -> None:
    assert name in {field.name for field in fields(Discriminator)}

    class Critic:
        categories = 3

        def __call__(self, x: tf.Tensor) -> tf.Tensor:
            return tf.reduce_sum(vectors(x, 3) ** 2 * [1.0, 2.0, 3.0], axis=-1)

    real, generated = (
        tf.constant([[0, 1, 2, 0]]),
        tf.nn.softmax(tf.random.stateless_normal((1, 4, 3), (1, 2))),
    )
    penalty = PENALTIES.load(name)
    one, other = (penalty(Critic(), real, x, (1, 2)) for x in (generated, generated[..., ::-1]))
    assert PENALTIES[name].needs_samples == bool(tf.reduce_any(one != other))


@pytest.mark.parametrize("name", GENERATORS)
def test_traits_of_generators(name: str) -> None:
    row, kind = GENERATORS[name], GENERATORS.load(name)
    assert set(row.options) <= set(inspect.signature(kind.__init__).parameters)
    assert set(row.options) <= {field.name for field in fields(Generator)}
    assert row.sequences + row.categories + row.rows == 1
    generator = kind.made(Examples(3, "ab ", [3, 2, 3, 1], 4), 2, 0, **({"units": 2} if row.options else {}))
    assert generator.sample(5, (1, 2)).shape == ((2, 5) if row.categories else (2, 5, 4))
    if row.fed_back:
        with pytest.raises(ValueError, match="generator.estimator: received Exact"):
            generator.check_estimator(ESTIMATORS.load("exact")())
    else:
        generator.check_estimator(ESTIMATORS.load("exact")())


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_traits_of_discriminators(name: str) -> None:
    row, kind = DISCRIMINATORS[name], DISCRIMINATORS.load(name)
    assert issubclass(kind, models.Discriminator)
    assert set(row.options) <= set(inspect.signature(kind.__init__).parameters)
    assert set(row.options) <= {field.name for field in fields(Discriminator)}
    options = {"units": [4]} if "units" in row.options else {}
    if row.categories:
        critic = DISCRIMINATORS.make(name, "discriminator.kind", 3, runs=2, seed=0, options=options)
        assert critic(tf.zeros((2, 5), tf.int32)).shape == (2, 5)
    if row.sequences:
        critic = DISCRIMINATORS.make(name, "discriminator.kind", 3, runs=2, seed=0, length=4, options=options)
        assert critic(tf.zeros((2, 5, 4), tf.int32)).shape == (2, 5)
    if not row.categories:
        with pytest.raises(TypeError, match="length"):
            kind(3, runs=2, seed=0, **options)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_traits_of_optimizers(name: str) -> None:
    made = OPTIMIZERS.make(name, "generator.optimizer", 0.1, 0.9, 0.999, 1e-8)
    assert isinstance(made, keras.optimizers.Optimizer)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_fall(name: str) -> None:
    made = SCHEDULES.make(name, "annealing.schedule", 1.0, 100, 0.25)
    value = made if name == "constant" else made(tf.constant(100))
    np.testing.assert_allclose(value, 1.0 if name == "constant" else 0.25, rtol=1e-5)


@pytest.mark.parametrize("name", LAWS)
def test_traits_of_laws(name: str) -> None:
    row = LAWS[name]
    if row.categories:
        assert open_source(Data(law=name, categories=5)).target.sum() == pytest.approx(1)
    else:
        with pytest.raises(ValueError, match="data.categories: received 5 with the source grammar"):
            Data(law=name, categories=5)
    if row.strings:
        assert open_source(Data(law=name, length=5)).target.sum() == pytest.approx(1)
    else:
        with pytest.raises(ValueError, match=f"data.law: received {name} for strings: give one of"):
            Data(law=name, length=5)


@pytest.mark.parametrize("name", UNITS)
def test_units_split_a_line(name: str) -> None:
    assert list(UNITS[name].load()("1 2")) == {"characters": ["1", " ", "2"], "lines": ["1 2"]}.get(
        name, ["1", "2"]
    )


@pytest.mark.parametrize("name", SOURCES)
def test_traits_of_sources(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a source says of itself, by the row of its kind, is what its own row says."""
    row = SOURCES[name]
    assert set(row.keys) <= {field.name for field in fields(Data)}
    assert {key for key, _ in row.needs} <= set(row.keys)
    assert {column for column, _ in row.curves} <= set(row.scores)
    assert set(row.shown) <= {*row.scores, "max_abs_error", "total_variation"}
    for function_of in (*(figure for _, figure in row.figures), row.table):
        module, _, function = function_of.partition(":")
        assert callable(getattr(import_module(f"gumbel_gan.{module}"), function))
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("".join(f"{chr(97 + n // 26)}{chr(97 + n % 26)}\n" for n in range(40)))
    Path("a.csv").write_text("x\na\nb\n")
    np.save("a.npy", [0, 1, 1])
    Path("b.csv").write_text("x,y\n" + "a,1\nb,2\n" * 20)
    more: dict[str, Any] = {"column": "x"} if name == "table" else {}
    with Path("a.txt").open() as feed:
        monkeypatch.setattr("sys.stdin", feed)
        source = open_source(Data(source=name, **NEEDED.get(name, {}), **more))
        assert source.replayable == (name != "standard_input")
        source.close()
    assert (source.codes is not None) == (row.stream != "categories")
    assert (source.classes is not None) == (row.stream == "sequences")
    assert bool(source.sizes) == (row.stream == "rows")
    said = SOURCES[source.kind]
    assert (said.stream, said.scores, said.curves, said.figures, said.shown) == (
        row.stream, row.scores, row.curves, row.figures, row.shown
    )  # fmt: skip
    learned = np.tile(source.target, (2, 1))
    drawn = source.sampled(2, lambda n, run: np.zeros((n, len(source.sizes)), np.int32), 0)
    assert {*source.scores(learned, learned, learned, 0), *drawn} == set(row.scores)


@pytest.mark.parametrize("name", TASKS)
def test_tasks(name: str) -> None:
    assert issubclass(TASKS.load(name), Task)


# A row is all there is of a name.

CONSTRUCTED: dict[str, Any] = {
    "estimator": lambda name: build(Config(generator=Generator(estimator=name)), 5),
    "loss": lambda name: CategoricalGAN(*networks(), pair=name),
    "schedule": lambda name: gumbel_gan.schedule(name, 1.0, 0.1, 10),
    "view": lambda name: CategoricalGAN(*networks(), view=name),
    "smoothing": lambda name: build(Config(data=Data(smoothing=name)), 5),
    "penalty": lambda name: CategoricalGAN(*networks(), penalties={name: 1.0}),
    "generator": lambda name: build(
        Config(
            data=Data(length=3),
            generator=Generator(kind=name, units=2),
            discriminator=Discriminator(kind="mlp"),
        ),
        4,
        "ab+ ",
    ),
    "discriminator": lambda name: build(Config(discriminator=Discriminator(kind=name)), 5),
    "optimizer": lambda name: build(Config(generator=Generator(optimizer=name)), 5),
    "law": lambda name: open_source(Data(law=name, categories=3)),
    "unit": lambda name: open_source(Data(path=str(Path(__file__)), unit=name)),
    "way with missing values": lambda name: from_values(["a", "b", "b"], missing=name),
    "order of columns": lambda name: gumbel_gan.from_table({"a": [0, 1] * 9, "b": [1, 0] * 9}, order=name),
    "source": lambda name: open_source(Data(source=name, **NEEDED[name])),
    "sampled distribution": lambda name: made_up().sample(3, of=name),
    "device": lambda name: place_of(Config(device=name), Distribution([0.2, 0.8])),
    "task": lambda name: read_study(name),
}
"""What a name of each family is used for, as a program would."""
DELETED = {
    "estimator": "rloo",
    "loss": "hinge",
    "schedule": "cosine",
    "view": "hard",
    "smoothing": "noise",
    "penalty": "r1",
    "generator": "lstm",
    "discriminator": "mlp",
    "optimizer": "natural",
    "law": "zipf",
    "unit": "words",
    "way with missing values": "skip",
    "order of columns": "information",
    "source": "law",
    "sampled distribution": "last",
    "device": "cpu",
    "task": "ngram",
}


def networks() -> tuple[Any, Any]:
    return GENERATORS.load("logits")(5), DISCRIMINATORS.load("logistic")(5)


def read_study(kind: str) -> Any:
    path = Path("study.yaml")
    path.write_text(f"kind: {kind}\nbase: {{}}\n")
    return read(str(path), [], {})


def helped() -> dict[str, str]:
    """The help of every option of `train` that takes a name."""
    options = re.split(r"^  --", train.parser().format_help(), flags=re.MULTILINE)[1:]
    texts = {text.split()[0]: " ".join(text.split()) for text in options}
    return {key: text for key, text in texts.items() if key in KEYS}


@pytest.mark.parametrize("noun", FAMILIES)
def test_a_deleted_row_is_gone_from_everywhere(
    noun: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "10000")
    family, name = FAMILIES[noun], DELETED[noun]
    places = [key for key, listed in KEYS.items() if listed is family]
    word = re.compile(rf"(?<!\w){name}(?!\w)")

    def message() -> str:
        with pytest.raises(ValueError, match="none_such") as refused:
            family.check("key", "none_such")
        return str(refused.value)

    assert set(helped()) == set(KEYS)
    for key in places:
        assert word.search(helped()[key])
    assert word.search(message())
    assert f"| `{name}` |" in family.table()
    assert name in family
    assert name in family.names()
    CONSTRUCTED[noun](name)

    # (`monkeypatch.delitem` would put it back at the end.)
    monkeypatch.setattr(family, "rows", {other: row for other, row in family.rows.items() if other != name})

    for key in places:
        assert not word.search(helped()[key])
    assert not word.search(message())
    assert f"| `{name}` |" not in family.table()
    assert name not in family
    assert name not in family.names()
    with pytest.raises(ValueError, match=f"received '{name}': give one of ") as refused:
        CONSTRUCTED[noun](name)
    assert not word.search(str(refused.value).partition("give one of")[2])
    for use in (family.load, lambda name: family.make(name, "key")):
        with pytest.raises(ValueError, match=f"received '{name}': give one of "):
            use(name)


def test_a_penalty_that_is_deleted_has_no_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        PENALTIES, "rows", {name: row for name, row in PENALTIES.rows.items() if name != "r1"}
    )
    assert Discriminator(r1=1.0, gradient_penalty=1.0).penalties == {"gradient_penalty": 1.0}


@pytest.mark.parametrize("key", KEYS)
def test_names_are_in_help_and_message(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10000")
    names = ", ".join(KEYS[key])
    assert names in helped()[key]
    own = KEYS[key].noun in OWN
    assert ("module:Class of your own" in helped()[key]) is own
    with pytest.raises(ValueError, match=f"^{key}: received 'none_such': give one of {names}") as refused:
        KEYS[key].check(key, "none_such")
    assert str(refused.value).endswith("or module:Class of your own") is own


@pytest.mark.parametrize("noun", FAMILIES)
def test_names_of_ones_own(noun: str) -> None:
    family = FAMILIES[noun]
    assert family.takes("mine:Own") is family.takes("my.own_2:Own") is (noun in OWN)
    for name in (
        ".mine:Own",
        "mine:",
        ":Own",
        "mine:Own()",
        "mine:Own.x",
        "a b:C",
        "mine",
        "mine:Own\n",
        "",
        3,
    ):
        assert not catalogue.is_own(name)
        with pytest.raises(ValueError, match="^key: received "):
            family.check("key", name)


def test_options_of_names() -> None:
    given = {"gap": 2, "conditional_draws": None, "backward_temperature": False}
    ESTIMATORS.check_options("generator.estimator", "gapped_straight_through", given)
    with pytest.raises(
        ValueError,
        match="^generator.gap: received 2 with the estimator relax, that has none: leave it out, or give "
        "--generator.estimator gapped_straight_through$",
    ):
        ESTIMATORS.check_options("generator.estimator", "relax", given)


# What it is made of.

CONFIG = sorted(Path(catalogue.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", CONFIG, ids=lambda path: path.stem)
def test_config_imports_only_the_standard_library(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level == 1:
                assert (path.parent / f"{node.module}.py").exists()
                continue
            assert node.level == 0, f"{path.name}: line {node.lineno} imports from another room"
            names = [str(node.module)]
        else:
            continue
        for name in names:
            assert name.partition(".")[0] in sys.stdlib_module_names, f"{path.name}: imports {name}"


def test_reading_the_catalogue_imports_nothing() -> None:
    code = (
        "import sys; from gumbel_gan.config import catalogue, checks, config, data, networks, reading\n"
        "config.Config(); catalogue.ESTIMATORS.table(); catalogue.SOURCES['law']\n"
        "heavy = {'numpy', 'keras', 'tensorflow', 'yaml', 'jsonargparse', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

"""Parts of the user's own, `module:Class`: used, with mistakes in one line, and never by a run's own wish."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import yaml

import gumbel_gan
from gumbel_gan import gradients, plot, sample, study, train
from gumbel_gan.config.catalogue import KEYS
from gumbel_gan.data.source import Distribution
from gumbel_gan.gan.discriminators import MlpDiscriminator
from gumbel_gan.gan.estimators import GumbelSoftmax
from gumbel_gan.gan.schedules import Late

from ..conftest import QUICK, TINY, Refused

MINE = """
import numpy as np
import tensorflow as tf
import gumbel_gan as gg
from gumbel_gan import models

MADE = []


class Scaled(gg.GumbelSoftmax):
    def __init__(self, scale=1.0, **kwargs):
        if scale <= 0:
            raise ValueError(f"scale: received {scale}:\\n  give more than 0")
        super().__init__(**kwargs)
        self.scale = scale
        MADE.append(self)

    def path(self, logits, temperature, batch, seed):
        return super().path(logits, temperature * self.scale, batch, seed)


class Linear(models.Discriminator):
    def __init__(self, categories, runs=1, seed=0, bias=0.0, **kwargs):
        super().__init__(categories, runs, seed, **kwargs)
        self.bias = bias
        self.kernel = self.glorot((categories, 1), categories + 1, "kernel")
        self.built = True
        MADE.append(self)

    def call(self, x):
        x = tf.one_hot(x, self.categories) if x.dtype.is_integer else x
        return (x @ tf.convert_to_tensor(self.kernel))[..., 0] + self.bias

    def get_config(self):
        return {**super().get_config(), "bias": self.bias}


class Steps(gg.Schedule):
    def __init__(self, start, steps, end, falls=2):
        super().__init__(start, steps, end)
        self.falls = falls
        MADE.append(self)

    def __call__(self, step):
        return self.start + (self.end - self.start) * tf.floor(self.done(step) * self.falls) / self.falls


class Coin(gg.Source):
    def __init__(self, heads=0.5):
        self.heads = heads
        self.labels, self.target = ("heads", "tails"), np.array([heads, 1 - heads])
        MADE.append(self)

    def draw(self, random, size):
        return (random.random(size) >= self.target[0]).astype(np.int32)
"""
EVIL = """
from pathlib import Path

Path(__file__).with_name("HACKED").touch()

import gumbel_gan as gg
from gumbel_gan import models


class Evil(gg.StraightThrough):
    pass


class Judge(models.LogisticDiscriminator):
    pass


class Fall(gg.Schedule):
    def __call__(self, step):
        return self.start


class Stream(gg.Distribution):
    def __init__(self):
        super().__init__([0.5, 0.5])
"""
Write = Callable[[str, str], Any]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a module that Python finds, and forgets it at the end."""
    place = tmp_path / "modules"
    place.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(place))

    def written(name: str, text: str) -> None:
        (place / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)

    return written


@pytest.fixture
def mine(module: Write) -> Callable[[], list[Any]]:
    """Writes the module `mine`; called, it gives what was made of its classes."""
    module("mine", MINE)
    return lambda: list(import_module("mine").MADE)


PARTS: list[tuple[str, str, tuple[str, ...], str, Any]] = [
    ("generator.estimator", "mine:Scaled", ("--generator.options.scale", "2"), "scale", 2),
    ("generator.estimator", "mine:Scaled", (), "scale", 1.0),
    ("discriminator.kind", "mine:Linear", ("--discriminator.options.bias", "0.5"), "bias", 0.5),
    ("annealing.schedule", "mine:Steps", ("--annealing.options.falls=3", "--temperature=1"), "falls", 3),
    ("generator.schedule", "mine:Steps", ("--generator.schedule_options.falls", "4"), "falls", 4),
    ("discriminator.schedule", "mine:Steps", ("--discriminator.schedule_options={falls: 5}",), "falls", 5),
    ("data.source", "mine:Coin", ("--data.options.heads", "0.25"), "heads", 0.25),
]


@pytest.mark.parametrize(("key", "name", "options", "attribute", "value"), PARTS)
def test_a_part_of_ones_own_is_used(
    key: str, name: str, options: tuple[str, ...], attribute: str, value: Any, mine: Callable[[], list[Any]]
) -> None:
    train.main(["--output", "out", *QUICK, f"--{key}", name, *options])
    made = mine()[-1]  # it is constructed once before anything is overwritten, and once to be used
    assert (type(made).__name__, getattr(made, attribute)) == (name.partition(":")[2], value)
    result = gumbel_gan.load("out")
    assert result.trained_epochs == 3
    assert dict(result.config.own_parts()) == {key: name}
    if key == "annealing.schedule":
        assert result.metrics["temperature"][:, 0].tolist() == pytest.approx([1.0, 0.667, 0.334])
    if key == "data.source":
        assert result.labels == ("heads", "tails")
        assert result.target.tolist() == [0.25, 0.75]


def test_in_python_a_name_will_do(mine: Callable[[], list[Any]]) -> None:
    generator = gumbel_gan.Generator(estimator="mine:Scaled", options={"scale": 3})
    _, gan = gumbel_gan.run(gumbel_gan.Config(epochs=1, generator=generator, training=TINY))
    assert mine() == [gan.estimator]
    assert gan.estimator.scale == 3


@pytest.mark.slow
def test_a_study_may_name_it(mine: Callable[[], list[Any]], refused: Refused) -> None:
    study_file = Path("study.yaml")
    generator = {"estimator": "mine:Scaled", "options": {"scale": 2}}
    base = {"runs": 2, "epochs": 2, "training": {"batches": 3}, "generator": generator}
    study_file.write_text(yaml.safe_dump({"base": base, "vary": {"generator.options.scale": [2, 5]}}))
    study.main(["study.yaml", "--output", "study", "--quiet"])
    assert [made.scale for made in mine()] == [2, 5]
    assert len(list(Path("study/cells").iterdir())) == 2
    study_file.write_text(yaml.safe_dump({"base": {"generator": {"estimator": "mine:Coin"}}}))
    error = refused(study.main, "study.yaml", "--output", "none")
    assert (
        "generator.estimator: received mine:Coin, which is no estimator: give a class derived from" in error
    )


@pytest.mark.slow
def test_the_directory_of_the_user_is_where_python_looks(module: Write) -> None:
    Path("mine.py").write_text(MINE)
    options = ["--output", "out", *QUICK, "--generator.estimator", "mine:Scaled"]
    done = subprocess.run(
        [sys.executable, "-m", "gumbel_gan.train", *options], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert gumbel_gan.load("out").trained_epochs == 3


ESTIMATOR = "--generator.estimator"
MISTAKES = [
    (
        (ESTIMATOR, "no_such_module:X"),
        "generator.estimator: cannot import no_such_module (ModuleNotFoundError: ",
    ),
    ((ESTIMATOR, "mine.sub:X"), "generator.estimator: cannot import mine.sub (ModuleNotFoundError: "),
    (
        (ESTIMATOR, "raising:X"),
        "generator.estimator: cannot import raising (RuntimeError: boom and more): give",
    ),
    (
        (ESTIMATOR, "leaving:X"),
        "generator.estimator: cannot import leaving (SystemExit: 3): give module:Class",
    ),
    ((ESTIMATOR, "broken:X"), "generator.estimator: cannot import broken (SyntaxError: "),
    (
        (ESTIMATOR, "mine:Nothing"),
        "generator.estimator: received mine:Nothing, and mine has no Nothing: give",
    ),
    ((ESTIMATOR, "mine:MADE"), "generator.estimator: received mine:MADE, which is no estimator: give"),
    ((ESTIMATOR, "mine:Coin"), "generator.estimator: received mine:Coin, which is no estimator: give"),
    (
        (ESTIMATOR, "subprocess:Popen"),
        "generator.estimator: received subprocess:Popen, which is no estimator: give a class derived from ",
    ),
    ((ESTIMATOR, "os:system"), "generator.estimator: received os:system, which is no estimator: give"),
    ((ESTIMATOR, ".mine:X"), "generator.estimator: received '.mine:X': give one of gumbel_softmax, exact, "),
    ((ESTIMATOR, "mine:Scaled()"), "generator.estimator: received 'mine:Scaled()': give one of "),
    (
        (ESTIMATOR, "mine:Scaled", "--generator.options.scal", "2"),
        "generator.options: received {'scal': 2} for mine:Scaled, which fails (",
    ),
    (
        (ESTIMATOR, "mine:Scaled", "--generator.options.scale", "0"),
        "generator.options: received {'scale': 0} for mine:Scaled, which fails "
        "(scale: received 0: give more than 0)",
    ),
    (
        (ESTIMATOR, "mine:Scaled", "--generator.options.scale", "big"),
        "generator.options: received {'scale': 'big'} for mine:Scaled, which fails (",
    ),
    (
        (ESTIMATOR, "mine:Scaled", "--generator.gap", "2"),
        "generator.gap: received 2.0 with the estimator mine:S",
    ),
    (
        (ESTIMATOR, "rloo", "--generator.options.scale", "2"),
        "generator.options.scale: received with the estimator rloo, which has no such option: leave it out",
    ),
    (
        ("--discriminator.kind", "subprocess:Popen"),
        "discriminator.kind: received subprocess:Popen, which is no d",
    ),
    (
        ("--discriminator.kind", ".mine:X"),
        "discriminator.kind: received '.mine:X': give one of logistic, mlp, ",
    ),
    (
        ("--discriminator.kind", "raising:X"),
        "discriminator.kind: cannot import raising (RuntimeError: boom and",
    ),
    (
        ("--discriminator.kind", "mine:Linear", "--discriminator.options.bia", "1"),
        "discriminator.options: receiv",
    ),
    (
        ("--annealing.schedule", "os:system", "--temperature", "1"),
        "annealing.schedule: received os:system, which",
    ),
    (
        ("--annealing.schedule", "mine:Steps", "--temperature", "1", "--annealing.options.fall", "3"),
        "annealing.options: received {'fall': 3} for mine:Steps, which fails (",
    ),
    (
        ("--generator.schedule", "mine:Scaled"),
        "generator.schedule: received mine:Scaled, which is no schedule: ",
    ),
    (
        ("--discriminator.schedule", "no_such_module:X"),
        "discriminator.schedule: cannot import no_such_module (",
    ),
    (
        ("--data.source", "subprocess:Popen"),
        "data.source: received subprocess:Popen, which is no source: give a",
    ),
    (("--data.source", ".mine:X"), "data.source: received '.mine:X': give one of distribution, law, drift, "),
    (
        ("--data.source", "mine:Coin", "--data.options.head", "1"),
        "data.options: received {'head': 1} for mine:Coin, which fails (",
    ),
    (
        ("--data.source", "mine:Coin", "--data.options.heads", "x"),
        "data.options: received {'heads': 'x'} for",
    ),
    (
        ("--discriminator.view", "mine:Scaled"),
        "discriminator.view: received 'mine:Scaled': give one of soft, ",
    ),
]


@pytest.mark.parametrize(("options", "message"), MISTAKES)
def test_a_mistake_is_one_line(
    options: tuple[str, ...], message: str, mine: Callable[[], list[Any]], module: Write, refused: Refused
) -> None:
    module("raising", "raise RuntimeError('boom\\n  and more')")
    module("leaving", "import sys; sys.exit(3)")
    module("broken", "def")
    assert message in refused(train.main, "--output", "out", *QUICK, *options)
    assert not os.path.exists("out")


@pytest.mark.parametrize(
    ("key", "derived"),
    [
        ("generator.estimator", GumbelSoftmax),
        ("discriminator.kind", MlpDiscriminator),
        ("annealing.schedule", Late),
        ("data.source", Distribution),
    ],
)
def test_the_class_to_derive_from_is_where_the_message_says(key: str, derived: type) -> None:
    with pytest.raises(ValueError, match="derived from") as refused:
        KEYS[key].load("os:system", key)
    module, _, name = str(refused.value).rpartition("derived from ")[2].rpartition(".")
    assert issubclass(derived, getattr(import_module(module), name))


# Nothing in a run directory is ever executed.


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = str(tmp_path_factory.mktemp("trained") / "run")
    train.main(["--output", directory, *QUICK])
    return directory


@pytest.fixture
def finished(trained: str, tmp_path: Path) -> None:
    """A finished run in the directory `out`, to be tampered with."""
    shutil.copytree(trained, tmp_path / "out")


@pytest.fixture
def evil(module: Write, tmp_path: Path) -> Callable[[], bool]:
    """Writes the module `evil`; called, it says whether that was imported since the last time."""
    module("evil", EVIL)
    hacked = tmp_path / "modules" / "HACKED"

    def imported() -> bool:
        was = hacked.exists() or "evil" in sys.modules
        hacked.unlink(missing_ok=True)
        sys.modules.pop("evil", None)
        return was

    return imported


NAMED: dict[str, str] = {
    "generator.estimator": "evil:Evil",
    "discriminator.kind": "evil:Judge",
    "generator.schedule": "evil:Fall",
    "discriminator.schedule": "evil:Fall",
    "annealing.schedule": "evil:Fall",
    "data.source": "evil:Stream",
}


def name_in_settings(original: str, *keys: str) -> None:
    """Write out/config.yaml: the original settings, in which these keys name parts of `evil`."""
    settings = yaml.safe_load(original)
    settings["temperature"] = 1.0
    for key in keys:
        part, _, name = key.partition(".")
        settings[part][name] = NAMED[key]
    Path("out/config.yaml").write_text(yaml.safe_dump(settings))


@pytest.mark.slow
@pytest.mark.usefixtures("finished")
def test_what_a_run_names_is_not_imported(
    evil: Callable[[], bool], capsys: pytest.CaptureFixture[str], refused: Refused
) -> None:
    original = Path("out/config.yaml").read_text()
    for key, name in NAMED.items():
        name_in_settings(original, key)
        result = gumbel_gan.load("out")
        assert dict(result.config.own_parts()) == {key: name}
        assert result.generator.runs == result.discriminator.runs == 1
        sample.main(["out", "-n", "3"])
        plot.main(["out"])
        assert len(capsys.readouterr().out.splitlines()) == 4
        expected = (
            f"{key}: received {name} from a file, .*: name it on the command line, too, as --{key} {name}"
        )
        for command in (
            ("--resume", "--output", "out"),
            ("--resume", "--output", "out", "--epochs", "4"),
            ("--config", "out/config.yaml", "--output", "other"),
            ("--config", "out/config.yaml", "--output", "out", "--overwrite"),
        ):
            assert re.search(expected, refused(train.main, *command)), command
        assert not evil(), key
        assert not os.path.exists("other")
        assert gumbel_gan.load("out").trained_epochs == 3


@pytest.mark.slow
@pytest.mark.usefixtures("finished")
def test_gradients_of_a_run_import_nothing_that_it_names(evil: Callable[[], bool]) -> None:
    name_in_settings(Path("out/config.yaml").read_text(), *NAMED)
    gradients.main(["--run", "out", "--draws", "100", "--temperatures", "[1.0]", "--output", "measured"])
    assert os.path.exists("measured/gradients.csv")
    assert not evil()


@pytest.mark.usefixtures("finished")
@pytest.mark.slow
def test_what_the_command_line_names_too_is_imported(evil: Callable[[], bool], refused: Refused) -> None:
    original = Path("out/config.yaml").read_text()
    estimator, judge = "generator.estimator", "discriminator.kind"
    name_in_settings(original, estimator)
    copied = ["--config", "out/config.yaml", "--quiet"]
    train.main([*copied, "--output", "one", f"--{estimator}", "evil:Evil"])
    assert evil()
    train.main([*copied, "--output", "two", f"--{estimator}=evil:Evil"])
    assert evil()
    train.main(["--resume", "--output", "out", "--epochs", "4", "--quiet", f"--{estimator}", "evil:Evil"])
    assert evil()
    assert gumbel_gan.load("out").trained_epochs == 4
    # Another name on the command line takes its place, unless it stands before the file.
    train.main([*copied, "--output", "three", f"--{estimator}", "rloo"])
    assert not evil()
    error = refused(train.main, f"--{estimator}", "rloo", *copied, "--output", "four")
    assert "generator.estimator: received evil:Evil from a file" in error
    # Each part has to be named, for its own setting.
    name_in_settings(original, estimator, judge)
    for named in (
        [f"--{estimator}", "evil:Evil"],
        [f"--{estimator}=evil:Evil", "--generator.schedule", "evil:Judge"],
    ):
        error = refused(train.main, *copied, "--output", "four", *named)
        assert "discriminator.kind: received evil:Judge from a file" in error
    assert not evil()
    assert not os.path.exists("four")
    train.main([*copied, "--output", "four", f"--{estimator}", "evil:Evil", f"--{judge}", "evil:Judge"])
    assert evil()


@pytest.mark.slow
def test_a_run_goes_on_with_a_part_that_is_named_again(
    mine: Callable[[], list[Any]], refused: Refused, capsys: pytest.CaptureFixture[str]
) -> None:
    named = ["--generator.estimator", "mine:Scaled"]
    train.main(["--output", "out", *QUICK, *named, "--generator.options.scale", "2"])
    assert "name it on the command line, too" in refused(train.main, "--resume", "--output", "out")
    train.main(["--resume", "--output", "out", *named])
    assert "is finished, after 3 epochs: nothing to do" in capsys.readouterr().out
    train.main(["--resume", "--output", "out", "--epochs", "4", "--quiet", *named])
    assert {made.scale for made in mine()} == {2}
    assert gumbel_gan.load("out").trained_epochs == 4
    error = refused(train.main, "--resume", "--output", "out", "--generator.estimator", "mine:Other")
    assert "generator.estimator: received mine:Other to resume a run with mine:Scaled" in error


@pytest.mark.parametrize("registered", ["Evil", "evil>Evil", "gumbel_gan>CategoricalGenerator"])
@pytest.mark.usefixtures("finished")
def test_what_a_network_names_is_not_imported(registered: str, evil: Callable[[], bool]) -> None:
    with zipfile.ZipFile("out/generator.keras") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    network = json.loads(files["config.json"])
    network |= {"module": "evil", "class_name": "Evil", "registered_name": registered}
    files["config.json"] = json.dumps(network).encode()
    with zipfile.ZipFile("out/generator.keras", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    if registered.startswith("gumbel_gan"):
        assert gumbel_gan.load("out").generator.categories == 5
    else:
        with pytest.raises(ValueError, match="generator.keras cannot be read"):
            _ = gumbel_gan.load("out").generator
    assert not evil()


def test_a_network_of_ones_own_is_loaded_once_its_class_is_known(
    mine: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    train.main(["--output", "out", *QUICK, "--discriminator.kind", "mine:Linear"])
    made = mine()[-1]
    monkeypatch.delitem(sys.modules, "mine")
    with pytest.raises(ValueError, match="discriminator.keras cannot be read"):
        _ = gumbel_gan.load("out").discriminator
    assert "mine" not in sys.modules
    with keras.saving.custom_object_scope({"Linear": type(made)}):
        loaded = gumbel_gan.load("out").discriminator
    np.testing.assert_array_equal(loaded.kernel.numpy(), made.kernel.numpy())


@pytest.mark.usefixtures("finished")
def test_what_a_summary_names_is_not_imported(evil: Callable[[], bool]) -> None:
    summary = json.loads(Path("out/summary.json").read_text())
    Path("out/summary.json").write_text(json.dumps({**summary, "source": "evil:Stream"}))
    plot.main(["out"])
    assert gumbel_gan.load("out").kind == "evil:Stream"
    assert not evil()


def test_a_mistake_in_the_options_overwrites_nothing(mine: Callable[[], list[Any]], refused: Refused) -> None:
    train.main(["--output", "out", *QUICK])
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    wrong = ["--overwrite", "--generator.estimator", "mine:Scaled", "--generator.options.scal", "2"]
    assert "generator.options: received {'scal': 2}" in refused(train.main, "--output", "out", *wrong)
    assert before == {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}

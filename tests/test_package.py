"""Public names, and the commands under one name."""

import ast
import logging
import os
import re
import runpy
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import gumbel_gan as package
from gumbel_gan.__main__ import COMMANDS, main

from .conftest import ROOT, Refused

gumbel_gan: Any = package
"""Its names are imported as they are asked for, which mypy knows nothing of."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_public_names() -> None:
    assert gumbel_gan.__all__
    for name in gumbel_gan.__all__:
        assert getattr(gumbel_gan, name) is not None
    assert set(gumbel_gan.__all__) <= set(dir(gumbel_gan))
    with pytest.raises(AttributeError, match="nothing"):
        gumbel_gan.nothing  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        exec("from gumbel_gan import nothing")


def test_the_stub_says_where_each_name_comes_from() -> None:
    """It is what type checkers read, and what is imported."""
    stub = ast.parse((ROOT / "gumbel_gan" / "__init__.pyi").read_text())
    found = {}
    for node in stub.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                assert alias.asname == alias.name  # or it would not be public to a type checker
                found[alias.name] = f"gumbel_gan.{node.module}" if node.module else "gumbel_gan"
    assert set(found) == set(gumbel_gan.__all__)
    for name, module in found.items():
        assert getattr(gumbel_gan, name) is getattr(import_module(module), name)


def test_version() -> None:
    assert gumbel_gan.__version__ == PROJECT["version"]


@pytest.mark.parametrize(
    "use",
    ["dir(gumbel_gan)", "gumbel_gan.Config()", "gumbel_gan.ESTIMATORS.table()", "gumbel_gan.from_settings"],
)
def test_tensorflow_is_imported_only_where_it_is_needed(use: str) -> None:
    code = f"import sys, gumbel_gan; {use}; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False False\n", "")


@pytest.mark.slow
def test_a_program_that_imports_it_stays_as_it_is() -> None:
    """But for TensorFlow's log level."""
    code = (
        "import gc, logging, os, sys; before = dict(os.environ)\n"
        "import gumbel_gan; gumbel_gan.GumbelSoftmax()\n"
        "changed = {k: v for k, v in os.environ.items() if before.get(k) != v and k[:2] in ('TF', 'XL')}\n"
        "print(changed, logging.getLogger('tensorflow').level, gc.isenabled(), gc.get_freeze_count(),\n"
        "      logging.getLogger('gumbel_gan').handlers, logging.getLogger('gumbel_gan').propagate)"
    )
    environment = {key: value for key, value in os.environ.items() if key[:3] not in ("TF_", "XLA")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{{'TF_CPP_MIN_LOG_LEVEL': '3'}} {logging.ERROR} True 0 [] True\n"


def test_all_commands_are_listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["gumbel_gan"])
    monkeypatch.delitem(sys.modules, "gumbel_gan.__main__", raising=False)
    runpy.run_module("gumbel_gan", run_name="__main__")
    listed = [line.split(": ")[0].split()[2] for line in capsys.readouterr().out.splitlines()]
    modules = (ROOT / "gumbel_gan").glob("*.py")
    assert set(listed) == {
        f"gumbel_gan.{path.stem}"
        for path in modules
        if path.stem != "__main__" and "\ndef main(" in path.read_text()
    }
    assert listed == [f"gumbel_gan.{command}" for command in COMMANDS]
    for option in ("-h", "--help"):
        monkeypatch.setattr("sys.argv", ["gumbel-gan", option])
        main()
        assert len(capsys.readouterr().out.splitlines()) == len(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_gets_its_arguments(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[Any] = []
    monkeypatch.setattr(f"gumbel_gan.{command}.main", received.append)
    monkeypatch.setattr("sys.argv", ["gumbel-gan", command, "--one", "2", "train"])
    main()
    assert received == [["--one", "2", "train"]]


def test_unknown_command(monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    def called(arguments: list[str]) -> None:
        monkeypatch.setattr("sys.argv", ["gumbel-gan", *arguments])
        main()

    error = refused(called, "tarin")
    assert error == f"gumbel_gan: error: received 'tarin': give one of {', '.join(COMMANDS)}\n"
    assert "--epohs 3: unknown option, did you mean --epochs?" in refused(called, "train", "--epohs", "3")


def test_the_commands_that_are_installed() -> None:
    scripts = {"gumbel-gan": "gumbel_gan.__main__:main", "gumbel-gan-train": "gumbel_gan.train:main"}
    assert PROJECT["scripts"] == scripts


@pytest.mark.slow
def test_a_command_as_a_process(tmp_path: Path) -> None:
    options = ["--epochs", "3", "--training.batches", "5", "--output", "out", "--quiet"]
    for line in (["train", *options], ["sample", "out", "-n", "2"], ["plot", "out"]):
        done = subprocess.run(
            [sys.executable, "-m", "gumbel_gan", *line],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0
        # `sample` says on the side what it draws from; the others have nothing to say there.
        assert ("drawn from" in done.stderr) == (line[0] == "sample")
        assert len(done.stderr.splitlines()) == (line[0] == "sample")
        assert len(done.stdout.splitlines()) == {"train": 0, "sample": 2, "plot": 1}[line[0]]


USE = """
from collections.abc import Sequence

import numpy as np

import gumbel_gan as gg
import gumbel_gan.layers
from gumbel_gan.layers import CategoricalSample


class Mine(gg.Estimator):
    def estimate(self, loss: object, *arguments: object) -> object: ...


source = gg.from_values(["a", "b", "a"])
stream = gg.Stream(source, runs=2, seed=0)
result, gan = gg.run(gg.Config(runs=2, epochs=2), source)
labels: Sequence[str] = source.labels
learned: np.ndarray = result.learned
layer: CategoricalSample = gg.layers.CategoricalSample("reinmax", temperature=1.1)
gan.fit([0, 1], epochs=1)
gan.fit(stream, validation_data=[0, 1])
error: np.ndarray = gg.max_abs_error([0.5, 0.5], result.target)
"""
WRONG = {
    "gg.Config(runz=2)": "call-arg",
    "gg.from_values(['a']).no_such_name": "attr-defined",
    "x: int = gg.from_values(['a']).labels": "assignment",
    "gg.no_such_name": "attr-defined",
    "gg.layers.CategoricalSample(1.5)": "arg-type",
}


@pytest.mark.slow
def test_types_from_outside(tmp_path: Path) -> None:
    """`mypy --strict` on somebody else's program: nothing to say of what is right, and of each mistake."""
    lines = USE.splitlines()
    (tmp_path / "use.py").write_text(USE + "\n".join(WRONG) + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "use.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MYPYPATH": str(ROOT)},
    )
    found = re.findall(r"^use\.py:(\d+): error: .*\[(.+)\]$", done.stdout, re.MULTILINE)
    expected = [(str(len(lines) + number), code) for number, code in enumerate(WRONG.values(), 1)]
    assert found == expected, done.stdout


SAVE = """
import keras
import gumbel_gan as gg
logits = keras.Input((4,))
keras.Model(logits, gg.layers.CategoricalSample("reinmax")(logits)).save("layer.keras")
gan = gg.CategoricalGAN(gg.CategoricalGenerator(3), gg.LogisticDiscriminator(3))
gan.compile("adam", "adam")
gan.save("gan.keras")
"""
LOAD = "{}\nfor name in ('layer.keras', 'gan.keras'): keras.saving.load_model(name)"


@pytest.mark.slow
def test_another_program_loads_what_was_saved(tmp_path: Path) -> None:
    """It imports the package after Keras, or its layers, and touches nothing else of it."""
    loads = (LOAD.format(start) for start in ("import keras, gumbel_gan", "import gumbel_gan.layers, keras"))
    for program in (SAVE, *loads):
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-1000:]


@pytest.mark.slow
def test_keras_on_another_backend_is_left_alone() -> None:
    """A program that has Keras on another backend may read data with the package."""
    program = (
        "import sys, types; keras = types.ModuleType('keras'); sys.modules['keras'] = keras\n"
        "keras.config = types.SimpleNamespace(backend=lambda: 'jax')\n"
        "import gumbel_gan; print(gumbel_gan.from_values(['a', 'b']).labels, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "('a', 'b') False\n", done.stderr[-1000:]

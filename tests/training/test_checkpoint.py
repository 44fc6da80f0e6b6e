"""A training that is stopped ends as if it had not been; a checkpoint that will not do is refused."""

import errno
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan.config.config import Annealing, Config
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.gan.discriminators import Discriminator as DiscriminatorBase
from gumbel_gan.gan.gumbel import vectors
from gumbel_gan.results.files import read_arrays
from gumbel_gan.results.result import Result
from gumbel_gan.training import checkpoint
from gumbel_gan.training.build import build
from gumbel_gan.training.checkpoint import roles
from gumbel_gan.training.program import Stopped
from gumbel_gan.training.run import run

from ..conftest import TINY


class StopAfter(keras.callbacks.Callback):
    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs = epochs

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch + 1 == self.epochs:
            self.model.stop_training = True


CONFIGS = {
    "the post": Config(runs=2, epochs=6, training=TINY),
    "annealed, diagnosed, averaged": Config(
        epochs=6,
        temperature=1.0,
        diagnostics=True,
        annealing=Annealing("exponential"),
        generator=Generator(ema=0.9, schedule="linear"),
        training=TINY,
    ),
    "an estimator that learns": Config(epochs=6, generator=Generator(estimator="rebar"), training=TINY),
    "a perceptron and a drift": Config(
        epochs=6,
        data=Data(drift=[0.2] * 5, drift_from=2),
        discriminator=Discriminator(kind="mlp", units=[4], spectral_norm=True, weight_decay=0.1),
        training=TINY,
    ),
    "strings": Config(
        runs=2,
        epochs=6,
        temperature=1.0,
        data=Data(length=3, strings=50),
        generator=Generator(kind="lstm", units=4, ema=0.9),
        discriminator=Discriminator(kind="mlp", units=[4]),
        training=TINY,
    ),
}


def assert_same(one: Result, other: Result) -> None:
    for field in ("probabilities", "targets", "epochs", "learned", "averaged", "counted"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))
    assert one.metrics.keys() == other.metrics.keys()
    for metric, values in other.metrics.items():
        np.testing.assert_array_equal(one.metrics[metric], values)
    assert one.samples == other.samples


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if "the" not in name else []) for name in CONFIGS]
)
def test_resumed_is_as_if_never_stopped(name: str, tmp_path: Path) -> None:
    config = CONFIGS[name]
    whole, _ = run(config)
    part, _ = run(config, callbacks=[StopAfter(3)], checkpoints=str(tmp_path))
    assert part.trained_epochs == 3
    resumed, _ = run(config, checkpoints=str(tmp_path))
    assert_same(resumed, whole)
    # From the end there is nothing left to train; more epochs go on.
    again, _ = run(config, checkpoints=str(tmp_path))
    np.testing.assert_array_equal(again.learned, whole.learned)
    if name == "the post":
        longer, _ = run(replace(config, epochs=8), checkpoints=str(tmp_path))
        assert longer.trained_epochs == 8


class WithDropout(DiscriminatorBase):
    """Keras keeps the state of such a layer's noise in a variable that is no weight."""

    def __init__(self, categories: int, runs: int = 1, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(categories, runs, seed, **kwargs)
        self.kernel = self.glorot((categories, 1), categories + 1, "kernel")
        self.dropout = keras.layers.Dropout(0.5, seed=1)
        self.dropout.build((None,))
        self.built = True

    def call(self, x: tf.Tensor) -> tf.Tensor:
        x = self.dropout(vectors(x, self.categories), training=True)
        return (x @ tf.convert_to_tensor(self.kernel))[..., 0]


class WithOneName(DiscriminatorBase):
    """Two weights that have the same name."""

    def __init__(self, categories: int, runs: int = 1, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(categories, runs, seed, **kwargs)
        self.first = self.glorot((categories, 4), categories + 4, "kernel")
        self.second = self.glorot((4, 1), 5, "kernel")
        self.built = True

    def call(self, x: tf.Tensor) -> tf.Tensor:
        hidden = tf.tanh(vectors(x, self.categories) @ tf.convert_to_tensor(self.first))
        return (hidden @ tf.convert_to_tensor(self.second))[..., 0]


@pytest.mark.slow
@pytest.mark.parametrize("own", [WithDropout, WithOneName])
def test_networks_of_ones_own_are_resumed(own: type, tmp_path: Path) -> None:
    """Whatever variables they have."""
    kind = f"{__name__}:{own.__name__}"
    config = Config(
        epochs=6,
        generator=Generator(learning_rate=0.01),
        discriminator=Discriminator(kind=kind, learning_rate=0.01),
        training=TINY,
    )
    whole, _ = run(config)
    run(config, callbacks=[StopAfter(3)], checkpoints=str(tmp_path))
    resumed, _ = run(config, checkpoints=str(tmp_path))
    assert_same(resumed, whole)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_variable_has_a_role(name: str) -> None:
    """One of its own, that does not depend on what else the process has built."""
    config = CONFIGS[name]
    sizes = (6, "x+-*/ ") if config.data.sequences else (5, "")
    gan, again = build(config, *sizes), build(config, *sizes)
    found = roles(gan)
    optimizers = [gan.generator_optimizer, gan.discriminator_optimizer, gan.estimator.optimizer]
    variables = [*gan.variables, *(v for one in optimizers if one is not None for v in one.variables)]
    assert {id(variable) for variable in found.values()} == {id(variable) for variable in variables}
    assert len(found) == len({id(variable) for variable in variables})
    assert [(role, tuple(v.shape)) for role, v in found.items()] == [
        (role, tuple(v.shape)) for role, v in roles(again).items()
    ]


def test_roles_of_the_post() -> None:
    found = set(roles(build(CONFIGS["the post"], 5)))
    assert found >= {"averaged", "temperature", "generator/logits", "discriminator/kernel"}
    assert found >= {f"generator_optimizer/{name}" for name in ("iteration", "momentum/logits")}
    assert found >= {f"discriminator_optimizer/velocity/{name}" for name in ("kernel", "bias")}


@pytest.fixture(scope="module")
def whole() -> Result:
    return run(CONFIGS["the post"])[0]


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a checkpoint after half of its epochs."""
    directory = tmp_path_factory.mktemp("half")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "SECONDS", 1e9)  # none before it
        run(CONFIGS["the post"], callbacks=[StopAfter(3)], checkpoints=str(directory))
    return directory


def rewritten(half: Path, directory: Path, rewrite: Callable[[dict[str, Any]], dict[str, Any]]) -> str:
    """A copy of a run whose checkpoint holds something else."""
    shutil.copytree(half, directory, dirs_exist_ok=True)
    state = directory / "checkpoint" / "state.npz"
    np.savez(state, **rewrite(read_arrays(str(state))))
    return str(directory)


def test_arrays_in_another_order(half: Path, whole: Result, tmp_path: Path) -> None:
    """They go by their names: moments and kernels of one shape are not mistaken for each other."""
    directory = rewritten(half, tmp_path, lambda state: dict(reversed(state.items())))
    names = list(read_arrays(os.path.join(directory, "checkpoint", "state.npz")))
    assert names.index("discriminator/kernel") > names.index("discriminator_optimizer/momentum/kernel")
    resumed, _ = run(CONFIGS["the post"], checkpoints=directory)
    assert_same(resumed, whole)


def test_arrays_of_one_shape_that_change_places(half: Path, whole: Result, tmp_path: Path) -> None:
    """The names are what counts: with two of them exchanged it is another training."""
    one, other = "generator/logits", "discriminator/kernel"
    directory = rewritten(half, tmp_path, lambda state: {**state, one: state[other], other: state[one]})
    resumed, _ = run(CONFIGS["the post"], checkpoints=directory)
    np.testing.assert_array_equal(resumed.probabilities[:3], whole.probabilities[:3])
    assert (resumed.probabilities[3:] != whole.probabilities[3:]).any()


def test_resumed_where_other_gans_were_built(half: Path, whole: Result, tmp_path: Path) -> None:
    """Keras numbers what a process builds; a checkpoint does not."""
    for name in ("a perceptron and a drift", "the post", "an estimator that learns", "the post"):
        build(CONFIGS[name], 5)
    resumed, _ = run(CONFIGS["the post"], checkpoints=rewritten(half, tmp_path, dict))
    assert_same(resumed, whole)


def test_checkpoint_of_version_0_1(half: Path, tmp_path: Path) -> None:
    """Its arrays went by their places: refused, in one line that names the version."""

    def by_place(state: dict[str, Any]) -> dict[str, Any]:
        others = ("epochs", "saved", "counts", "remembered")
        variables = [value for role, value in state.items() if role not in (*others, "version")]
        return {f"variable {n}": v for n, v in enumerate(variables)} | {name: state[name] for name in others}

    directory = rewritten(half, tmp_path, by_place)
    with pytest.raises(
        ValueError, match=r"resume: cannot read .*state.npz \(gumbel_gan 0.1 wrote it"
    ) as error:
        run(CONFIGS["the post"], checkpoints=directory)
    assert "\n" not in str(error.value)
    assert str(error.value).endswith(": train again, with --overwrite")


@pytest.mark.parametrize(
    ("rewrite", "message"),
    [
        (lambda state: {**state, "version": np.array(99)}, "it is of another version of gumbel_gan"),
        (lambda state: {k: v for k, v in state.items() if k != "version"}, "it is of another version"),
        (
            lambda state: {k: v for k, v in state.items() if k != "generator/logits"},
            r"it is of another model: generator/logits has shape \(5, 2\), found nothing",
        ),
        (
            lambda state: {**state, "generator/logits": np.ones((5, 3))},
            r"it is of another model: generator/logits has shape \(5, 2\), found shape \(5, 3\)",
        ),
        (lambda state: {**state, "saved": np.array([2, 3])}, "its history is not whole"),
    ],
)
def test_checkpoints_that_will_not_do(
    rewrite: Callable[[dict[str, Any]], dict[str, Any]], message: str, half: Path, tmp_path: Path
) -> None:
    directory = rewritten(half, tmp_path, rewrite)
    with pytest.raises(ValueError, match=rf"resume: cannot read .*state.npz \({message}") as error:
        run(CONFIGS["the post"], checkpoints=directory)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_broken_checkpoints(
    whole: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS", 1e9)  # none but the last
    monkeypatch.setattr(logging.getLogger("gumbel_gan"), "propagate", True)  # a command may have set it
    config, directory = CONFIGS["the post"], tmp_path / "checkpoint"
    for epochs in (2, 4):
        run(config, callbacks=[StopAfter(epochs)], checkpoints=str(tmp_path))
    assert {path.name for path in directory.iterdir()} == {
        "state.npz", "previous.npz", "history-0-2.npz", "history-2-4.npz"
    }  # fmt: skip
    state = bytearray((directory / "state.npz").read_bytes())
    for broken in (state[: len(state) // 2], b"", altered(state)):
        (directory / "state.npz").write_bytes(broken)
        with pytest.raises(ValueError, match="not a zip file|No data left|CRC-32"):
            read_arrays(str(directory / "state.npz"))
    resumed, _ = run(config, checkpoints=str(tmp_path))
    (warning,) = caplog.messages
    assert warning.startswith(f"cannot read {directory / 'state.npz'} (")
    assert warning.endswith("): going on from the checkpoint before it")
    np.testing.assert_array_equal(resumed.probabilities, whole.probabilities)
    for name in ("state.npz", "previous.npz"):
        (directory / name).write_bytes(b"PK nonsense")
    with pytest.raises(
        ValueError, match=r"resume: cannot read .*state.npz .* nor .*previous.npz .*: train again"
    ):
        run(config, checkpoints=str(tmp_path))
    # Of another model.
    (directory / "state.npz").write_bytes(state)
    with pytest.raises(ValueError, match="it is of another model"):
        run(replace(config, runs=3), checkpoints=str(tmp_path))


def altered(data: bytearray) -> bytes:
    """One bit, in the middle of an array."""
    changed = bytearray(data)
    changed[300] ^= 1
    return bytes(changed)


def test_checkpoint_that_cannot_be_written(
    whole: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The training goes on to its end without, says so once, and its result is there."""
    monkeypatch.setattr(checkpoint, "SECONDS", 0)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)  # after every epoch
    monkeypatch.setattr(logging.getLogger("gumbel_gan"), "propagate", True)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoint, "write_arrays", full)
    with pytest.raises(Stopped, match=r"cannot write a checkpoint to .* \(No space left") as stopped:
        run(CONFIGS["the post"], checkpoints=str(tmp_path))
    assert stopped.value.result is not None
    assert_same(stopped.value.result, whole)
    assert stopped.value.gan.generator.runs == 2
    (warning,) = caplog.messages
    assert warning.startswith("cannot write a checkpoint to ")
    assert warning.endswith("): the training goes on without")

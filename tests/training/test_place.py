"""Where a training runs."""

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan import Config, Distribution, Training, load, recipe, run, train
from gumbel_gan.data.opening import open_source
from gumbel_gan.results.files import read_arrays, write_arrays
from gumbel_gan.training.place import estimate, place_of

from ..conftest import Refused

SOURCE = Distribution([0.2, 0.8])
SHORT: dict[str, Any] = {"epochs": 2, "training": Training(batches=5), "seed": 0}


@pytest.fixture
def _with_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"GPU": ["/device:GPU:0"], "CPU": ["/device:CPU:0"]}

    def listed(kind: str) -> list[Any]:
        return [SimpleNamespace(name=name) for name in names[kind]]

    monkeypatch.setattr(tf.config, "list_logical_devices", listed)


@pytest.mark.usefixtures("_with_a_gpu")
@pytest.mark.parametrize(
    ("runs", "epochs", "kind"),
    [
        (1, 200, "CPU"),
        (64, 200, "CPU"),
        (128, 200, "GPU"),
        (1_024, 200, "GPU"),
        (16_384, 200, "GPU"),
        (1_024, 2, "CPU"),  # compiling is not worth it
    ],
)
def test_many_runs_go_to_the_gpu(runs: int, epochs: int, kind: str) -> None:
    """At the post's sizes; the CPU and the GPU meet between 64 runs and 128."""
    place = place_of(Config(runs=runs, epochs=epochs), Distribution([0.0, 0.0, 0.1, 0.3, 0.6]))
    assert place.kind == kind
    assert f"on the {'GPU' if kind == 'CPU' else 'CPU'}" in place.why


@pytest.mark.usefixtures("_with_a_gpu")
def test_what_settings_say_is_done() -> None:
    assert place_of(Config(runs=1_024, device="cpu"), SOURCE) == ("/device:CPU:0", "as told")
    assert place_of(Config(device="gpu"), SOURCE) == ("/device:GPU:0", "as told")


@pytest.mark.usefixtures("_with_a_gpu")
def test_a_device_around_the_call_wins() -> None:
    """Here the CPU, where the rule would take the GPU."""
    with tf.device("/device:CPU:0"):
        place = place_of(Config(runs=16_384), SOURCE)
    assert place.kind == "CPU"
    assert str(place) == "Trains on the CPU: as the program around it says."
    assert place_of(Config(runs=16_384), SOURCE).kind == "GPU"


@pytest.mark.usefixtures("_with_a_gpu")
def test_several_seeds_of_strings_pay() -> None:
    """As measured: 60 epochs of one run take 43 s on the GPU, compiling included, and 102 s on the CPU."""
    grammar = recipe("grammar", runs=8)
    source = open_source(grammar.data)
    assert place_of(grammar, source).kind == "GPU"
    one = recipe("grammar")
    assert estimate(one, source, "GPU") == pytest.approx(43, rel=0.1)
    assert estimate(one, source, "CPU") == pytest.approx(102, rel=0.1)


@pytest.mark.parametrize(
    ("runs", "kind", "measured"),
    [
        (1, "CPU", 2.4),  # gpu.md's microseconds times 220,000 steps, and compiling
        (1, "GPU", 6.1),
        (1_024, "GPU", 7.6),
        (16_384, "GPU", 12.2),
        (65_536, "GPU", 27.3),
    ],
)
def test_estimates_are_those_measured(runs: int, kind: str, measured: float) -> None:
    source = Distribution([0.0, 0.0, 0.1, 0.3, 0.6])
    assert estimate(Config(runs=runs), source, kind) == pytest.approx(measured, rel=0.25)


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="there is a GPU")
def test_without_a_gpu(tmp_path: Path, refused: Refused, capsys: pytest.CaptureFixture[str]) -> None:
    place = place_of(Config(runs=16_384), SOURCE)
    assert (place.kind, place.why) == ("CPU", "TensorFlow finds no GPU")
    line = refused(train.main, "--device", "gpu", "--output", str(tmp_path / "out"))
    assert "device: received gpu, and TensorFlow finds none: give cpu, or auto" in line
    assert not (tmp_path / "out").exists()
    with pytest.raises(ValueError, match="device: received gpu, and TensorFlow finds none"):
        run(Config(device="gpu", **SHORT))
    capsys.readouterr()
    train.main(["--epochs", "2", "--training.batches", "5", "--output", str(tmp_path / "out")])
    first, *_ = capsys.readouterr().out.splitlines()
    assert first == "Trains on the CPU: TensorFlow finds no GPU."
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["device"] == {"kind": "CPU", "why": "TensorFlow finds no GPU"}
    assert load(str(tmp_path / "out")).place == ("CPU", "TensorFlow finds no GPU")


def test_a_device_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="device: received 'tpu': give one of auto, cpu, gpu"):
        Config(device="tpu")


@pytest.mark.slow
def test_resuming_on_another_device_warns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run(Config(device="cpu", **SHORT), checkpoints=str(tmp_path))
    state = read_arrays(str(tmp_path / "checkpoint" / "state.npz"))
    assert str(state["device"]) == "CPU"
    longer = Config(device="cpu", **{**SHORT, "epochs": 3})
    with caplog.at_level(logging.WARNING):
        run(longer, checkpoints=str(tmp_path))
    assert not caplog.records
    write_arrays(str(tmp_path / "checkpoint"), "state.npz", {**state, "device": np.array("GPU")})
    with caplog.at_level(logging.WARNING):
        result, _ = run(longer, checkpoints=str(tmp_path))
    assert "the training began on a GPU and goes on on a CPU: its bits will differ" in caplog.text
    assert result.trained_epochs == 3

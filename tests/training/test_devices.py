"""Two logical CPU devices, in a process of their own, since they must be there before TensorFlow starts.

And two cores of one.
"""

import os
import subprocess
import sys
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest

import gumbel_gan
from gumbel_gan.config.config import Config, Training
from gumbel_gan.data.feed import Feed
from gumbel_gan.data.opening import open_source
from gumbel_gan.training import devices, program
from gumbel_gan.training.program import Wishes
from gumbel_gan.training.run import run

LOGICAL = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
"""
TRAIN = """
import sys
from gumbel_gan import train
train.main(sys.argv[1:])
"""
CORES = os.cpu_count() or 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "before", [LOGICAL, pytest.param("", marks=pytest.mark.skipif(CORES < 2, reason="a core"))]
)
def test_two_devices(before: str, tmp_path: Path) -> None:
    """The stream is that of one device; the runs differ, are all there, and stay those of their device."""
    options = ["--runs", "5", "--devices", "2", "--epochs", "3", "--training.batches", "5", "--output", "out"]
    done = subprocess.run(
        [sys.executable, "-c", before + TRAIN, *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = gumbel_gan.load(str(tmp_path / "out"))
    config = Config(runs=5, epochs=3, training=Training(batches=5))
    alone, _ = run(config)
    np.testing.assert_allclose(found.counted, alone.counted, atol=1e-8)
    assert found.probabilities.shape == alone.probabilities.shape
    assert len(np.unique(found.learned, axis=0)) == 5
    own, _ = program.train(config, open_source(config.data), Wishes(part=range(2, 5)))
    np.testing.assert_allclose(found.learned[2:], own.learned, atol=1e-8)
    np.testing.assert_allclose(found.generator.probabilities(), found.learned, atol=1e-6)


@pytest.mark.parametrize(
    ("runs", "number", "parts"),
    [
        (5, 2, [range(2), range(2, 5)]),
        (4, 2, [range(2), range(2, 4)]),
        (3, 3, [range(1), range(1, 2), range(2, 3)]),
    ],
)
def test_parts(runs: int, number: int, parts: list[range], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run is in one of the parts, which are almost equal; each has checkpoints of its own."""
    seen = []
    all_have_begun = Barrier(number)

    class Seen(Exception):
        pass

    def train(config: Config, source: Any, wishes: Wishes) -> Any:
        seen.append((config.devices, wishes.part, wishes.checkpoints))
        all_have_begun.wait(60)  # or the first that fails would have those cancelled that have not
        raise Seen

    monkeypatch.setattr(devices, "devices", lambda kind: ["/device:CPU:0"] * number)
    monkeypatch.setattr(program, "train", train)
    config = Config(runs=runs, devices=number)
    with pytest.raises(Seen):
        devices.train(config, open_source(config.data), Wishes(checkpoints="out"))
    expected = [(1, part, f"out/checkpoint/device-{n}") for n, part in enumerate(parts)]
    assert sorted(seen, key=str) == sorted(expected, key=str)


def test_devices_that_do_not_exist() -> None:
    many = CORES + 1
    with pytest.raises(
        ValueError, match=rf"devices: received {many}, and there are {CORES} \(.*/device:.*: give"
    ):
        run(Config(runs=many, devices=many))
    with pytest.raises(ValueError, match="devices: received 3 for 2 runs: give at most as many"):
        Config(runs=2, devices=3)


def test_devices_for_a_stream_that_passes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "devices", lambda kind: ["/device:CPU:0"] * 2)
    with pytest.raises(ValueError, match="devices: received with a stream that passes once"):
        run(Config(runs=9, devices=2), Feed([], ["a", "b"]))

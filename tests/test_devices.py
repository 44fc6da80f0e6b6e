"""Two logical CPU devices, in a process of their own, since they must be there before TensorFlow starts.

And two cores of one.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gumbel_gan
from gumbel_gan import Config, experiment
from gumbel_gan.config import Data, Training
from gumbel_gan.data import Stream
from gumbel_gan.devices import _ends, run
from gumbel_gan.sources import Feed, open_source

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
    alone, _ = experiment.run(Config(runs=5, epochs=3, training=Training(batches=5)))
    np.testing.assert_allclose(found.counted, alone.counted, atol=1e-8)
    assert found.probabilities.shape == alone.probabilities.shape
    assert len(np.unique(found.learned, axis=0)) == 5
    part = range(2, 5)
    own, _ = experiment.run(Config(runs=5, epochs=3, training=Training(batches=5)), part=part)
    np.testing.assert_allclose(found.learned[2:], own.learned, atol=1e-8)
    np.testing.assert_allclose(found.generator.probabilities(), found.learned, atol=1e-6)


def test_parts_of_a_stream() -> None:
    source = open_source(Data())
    whole, part = Stream(source, runs=5), Stream(source, runs=3, first_run=2)
    np.testing.assert_array_equal(part.epoch(7), whole.epoch(7)[:, 2:])
    np.testing.assert_array_equal(_ends(5, 2), [[0, 2], [2, 5]])


def test_devices_that_do_not_exist() -> None:
    source = open_source(Data())
    many = CORES + 1
    with pytest.raises(
        ValueError, match=rf"devices: received {many}, and there are {CORES} \(.*/device:.*: give"
    ):
        run(Config(runs=many, devices=many), source)
    with pytest.raises(ValueError, match="devices: received 3 for 2 runs: give at most as many"):
        Config(runs=2, devices=3)
    with pytest.raises(ValueError, match="devices: received with a stream that passes once"):
        run(Config(runs=9), Feed([], ["a", "b"]))

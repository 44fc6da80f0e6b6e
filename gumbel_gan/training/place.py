"""Where a training runs: on the CPU or on a GPU, whichever is done with it sooner.

The rule compares two estimates of the whole training, compiling included. Its figures are those of one
NVIDIA H100 and of the CPU beside it, which trained the post's GAN with 1 to 65,536 runs, and strings of the
grammar with one. Tables were not measured on a GPU: they are taken to cost what strings do.
"""

from typing import NamedTuple

import tensorflow as tf
from tensorflow.python.eager import context

from ..config.catalogue import DEVICES
from ..config.config import Config
from ..data.source import Source
from .memory import numbers_of_a_sample

CPU, GPU = "CPU", "GPU"


class Place(NamedTuple):
    """Where a training runs.

    Attributes:
        device: as TensorFlow names it; the scope in which to train.
        why: a phrase.
    """

    device: str
    why: str

    @property
    def kind(self) -> str:
        """CPU, or GPU."""
        return GPU if GPU in self.device.upper() else CPU

    def __str__(self) -> str:
        return f"Trains on the {self.kind}: {self.why}."


class Cost(NamedTuple):
    """What a training costs on a device, in seconds.

    Attributes:
        compiling: the program.
        step: an optimizer step, however few numbers it takes.
        number: each number of a step: a category of a sample, or an activation, in one of the runs.
    """

    compiling: float
    step: float
    number: float

    def of(self, steps: int, numbers: int) -> float:
        """A training of so many steps."""
        return self.compiling + steps * (self.step + numbers * self.number)


COSTS = {
    "categories": {CPU: Cost(1.7, 2.0e-6, 4.2e-9), GPU: Cost(4.0, 14.5e-6, 0.026e-9)},
    # On a GPU a step of strings is a chain of small kernels, too: what a number costs was not told apart.
    "sequences": {CPU: Cost(12.0, 0.0, 6.0e-9), GPU: Cost(36.0, 0.26e-3, 0.026e-9)},
}
"""For each kind of stream."""
COSTS["rows"] = COSTS["sequences"]


def place_of(config: Config, source: Source) -> Place:
    """Where a training is to run.

    A `tf.device` around the call wins. Otherwise it is what `config.device` says.

    Raises:
        ValueError: it is to be a GPU, and there is none.
    """
    if given := context.context().device_name:  # which TensorFlow tells in no public way
        return Place(given, "as the program around it says")
    found: Place = DEVICES.load(config.device)(config, source)
    return found


def on_cpu(config: Config, source: Source) -> Place:
    """The CPU, as told."""
    return Place(tf.config.list_logical_devices(CPU)[0].name, "as told")


def on_gpu(config: Config, source: Source) -> Place:
    """The first GPU, as told.

    Raises:
        ValueError: there is none.
    """
    if not (gpus := tf.config.list_logical_devices(GPU)):
        raise ValueError("device: received gpu, and TensorFlow finds none: give cpu, or auto")
    return Place(gpus[0].name, "as told")


def by_estimate(config: Config, source: Source) -> Place:
    """The device that is estimated to be done sooner; without a GPU the CPU."""
    cpu, gpus = (tf.config.list_logical_devices(kind) for kind in (CPU, GPU))
    if not gpus:
        return Place(cpu[0].name, "TensorFlow finds no GPU")
    here, there = (estimate(config, source, kind) for kind in (CPU, GPU))
    if there < here:
        return Place(gpus[0].name, f"about {there:.0f} s, and {here:.0f} s on the CPU")
    return Place(cpu[0].name, f"about {here:.0f} s, and {there:.0f} s on the GPU")


def estimate(config: Config, source: Source, kind: str) -> float:
    """The time of a training on a kind of device, compiling included, in seconds."""
    training = config.training
    steps = config.epochs * training.batches * (training.generator_steps + training.discriminator_steps)
    samples = config.runs * training.batch_size * training.generated_per_real
    numbers = samples * numbers_of_a_sample(config, len(source.labels), source.sizes)
    return COSTS[config.data.stream][kind].of(steps, numbers)

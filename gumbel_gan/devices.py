"""A training whose runs are split over several devices or cores, an independent program on each."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from . import experiment
from .callbacks import Stop
from .config import Config
from .gan import CategoricalGAN
from .results import Run
from .sources import Feed, Source


def devices() -> list[str]:
    """The names of the devices that a training may use: the GPUs, or without any the CPUs.

    A CPU alone counts once for each of its cores. Of one program they share the drawing of noise and no more:
    64 runs take 0.24 µs a step and run on two cores, and with a program on each 0.16.
    """
    if found := tf.config.list_logical_devices("GPU"):
        return [device.name for device in found]
    names = [device.name for device in tf.config.list_logical_devices("CPU")]
    return names if len(names) > 1 else names * (os.cpu_count() or 1)


def run(
    config: Config,
    source: Source,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpoints: str | None = None,
) -> tuple[Run, CategoricalGAN]:
    """As `experiment.run`, with the runs in `config.devices` parts of almost equal size.

    The stream is that of one device; the noise is not, since each part draws its own. The callbacks see the
    first part, but a `Stop` stops all.

    Raises:
        ValueError: there are not as many devices, or the source passes only once.
    """
    names = devices()
    if config.devices > len(names):
        there = ", ".join(names) if len(set(names)) == len(names) else f"the cores of {names[0]}"
        raise ValueError(
            f"devices: received {config.devices}, and there are {len(names)} ({there}): "
            f"give {len(names)} or fewer"
        )
    if isinstance(source, Feed):
        raise ValueError("devices: received with a stream that passes once, for one program: leave it out")
    parts = [range(*map(int, ends)) for ends in _ends(config.runs, config.devices)]
    stops = [callback for callback in callbacks if isinstance(callback, Stop)]

    def train(number: int) -> tuple[Run, CategoricalGAN]:
        own = list(callbacks) if number == 0 else [_Follow(stops)]
        kept = None if checkpoints is None else os.path.join(checkpoints, "checkpoint", f"device-{number}")
        with tf.device(names[number]):
            return experiment.run(replace(config, devices=1), source, own, kept, parts[number])

    with ThreadPoolExecutor(config.devices) as pool:
        trained = list(pool.map(train, range(config.devices)))
    return _merged(config, [run for run, _ in trained]), _joined(config, [gan for _, gan in trained])


class _Follow(Stop):
    """Stops where another is asked to."""

    def __init__(self, stops: Sequence[Stop]) -> None:
        super().__init__()
        self.stops = stops

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.asked = any(stop.asked for stop in self.stops)
        super().on_epoch_end(epoch, logs)


def _ends(runs: int, parts: int) -> np.ndarray:
    """First and last run of each part, [parts, 2]."""
    ends = np.linspace(0, runs, parts + 1).round().astype(int)
    return np.stack([ends[:-1], ends[1:]], axis=1)


def _merged(config: Config, runs: Sequence[Run]) -> Run:
    """One run of all runs; where parts were stopped, up to the last epoch that all have."""
    rows = min(len(run.epochs) for run in runs)
    length = min(len(run.metrics["max_abs_error"]) for run in runs)
    first = runs[0]
    return replace(
        first,
        config=config,
        epochs=first.epochs[:rows],
        targets=first.targets[:rows],
        probabilities=np.concatenate([run.probabilities[:rows] for run in runs], axis=1),
        metrics={
            name: np.concatenate([run.metrics[name][:length] for run in runs], axis=1)
            for name in first.metrics
        },
        learned=np.concatenate([run.learned for run in runs]),
        averaged=np.concatenate([run.averaged for run in runs]),
        counted=np.concatenate([run.counted for run in runs]),
        compile_seconds=max(run.compile_seconds for run in runs),
        train_seconds=max(run.train_seconds for run in runs),
    )


def _joined(config: Config, gans: Sequence[CategoricalGAN]) -> CategoricalGAN:
    """One GAN with the networks of all parts."""
    joined = experiment.build(config, gans[0].generator.categories)
    for name in ("generator", "discriminator"):
        network, parts = getattr(joined, name), [getattr(gan, name) for gan in gans]
        for weights in zip(network.weights, *(part.weights for part in parts), strict=True):
            weights[0].assign(np.concatenate([w.numpy() for w in weights[1:]], network.runs_axis))
    return joined

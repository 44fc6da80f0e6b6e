"""A training whose runs are split over several devices or cores, an independent program on each."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import tensorflow as tf

from ..config.config import Config
from ..data.source import Source
from ..gan.game import CategoricalGAN
from ..results.result import Result
from . import program
from .build import build_for
from .place import GPU, place_of


def devices(kind: str) -> list[str]:
    """The names of the devices of a kind, CPU or GPU, that a training may use.

    A CPU alone counts once for each of its cores: the cores of one program share the drawing of noise and no
    more, so that a program on each is faster.
    """
    names = [device.name for device in tf.config.list_logical_devices(kind)]
    return names if len(names) > 1 or kind == GPU else names * (os.cpu_count() or 1)


def train(config: Config, source: Source, wishes: program.Wishes) -> tuple[Result, CategoricalGAN]:
    """As `program.train`, with the runs in `config.devices` parts of almost equal size.

    The stream is that of one device; the noise is not, since each part draws its own. The callbacks and the
    progress are those of the first part; the flag stops all.

    Raises:
        ValueError: there are not as many devices, or the source passes only once.
    """
    place = place_of(config, source)
    names = devices(place.kind)
    if config.devices > len(names):
        there = ", ".join(names) if len(set(names)) == len(names) else f"the cores of {names[0]}"
        raise ValueError(
            f"devices: received {config.devices}, and there are {len(names)} ({there}): "
            f"give {len(names)} or fewer"
        )
    if not source.replayable:
        raise ValueError("devices: received with a stream that passes once, for one program: leave it out")
    parts = [range(*map(int, ends)) for ends in _ends(config.runs, config.devices)]

    def train_part(number: int) -> tuple[Result, CategoricalGAN]:
        run = wishes.checkpoints
        kept = None if run is None else os.path.join(run, "checkpoint", f"device-{number}")
        own = replace(
            wishes, checkpoints=kept, part=parts[number], place=place._replace(device=names[number])
        )
        if number > 0:
            own = replace(own, callbacks=(), progress=None)
        return program.train(replace(config, devices=1), source, own)

    with ThreadPoolExecutor(config.devices) as pool:
        trained = list(pool.map(train_part, range(config.devices)))
    joined = _joined(config, source, [gan for _, gan in trained])
    return replace(_merged(config, [result for result, _ in trained]), gan=joined), joined


def _ends(runs: int, parts: int) -> np.ndarray:
    """First and last run of each part, [parts, 2]."""
    ends = np.linspace(0, runs, parts + 1).round().astype(int)
    return np.stack([ends[:-1], ends[1:]], axis=1)


def _merged(config: Config, results: Sequence[Result]) -> Result:
    """One result of all runs; where parts were stopped, up to the last epoch that all have."""
    rows = min(len(result.epochs) for result in results)
    length = min(result.trained_epochs for result in results)
    first = results[0]
    return replace(
        first,
        config=config,
        epochs=first.epochs[:rows],
        targets=first.targets[:rows],
        probabilities=np.concatenate([result.probabilities[:rows] for result in results], axis=1),
        metrics={
            name: np.concatenate([result.metrics[name][:length] for result in results], axis=1)
            for name in first.metrics
        },
        learned=np.concatenate([result.learned for result in results]),
        averaged=np.concatenate([result.averaged for result in results]),
        counted=np.concatenate([result.counted for result in results]),
        compile_seconds=max(result.compile_seconds for result in results),
        train_seconds=max(result.train_seconds for result in results),
        samples=tuple(samples for result in results for samples in result.samples),
        fidelity=tuple(of_run for result in results for of_run in result.fidelity),
    )


def _joined(config: Config, source: Source, gans: Sequence[CategoricalGAN]) -> CategoricalGAN:
    """One GAN with the networks of all parts."""
    joined = build_for(config, source)
    for name in ("generator", "discriminator"):
        network, parts = getattr(joined, name), [getattr(gan, name) for gan in gans]
        for weights in zip(network.weights, *(part.weights for part in parts), strict=True):
            weights[0].assign(np.concatenate([w.numpy() for w in weights[1:]], network.runs_axis))
    return joined

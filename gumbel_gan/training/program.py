"""One training in one program: fit the GAN, keep what it learned."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..config.catalogue import SOURCES
from ..config.config import Config
from ..data.source import Source
from ..data.stream import Stream
from ..gan.game import CategoricalGAN
from ..results.result import Result
from .ahead import Ahead, looks
from .build import build_for
from .checkpoint import Checkpoint
from .place import GPU, Place, place_of
from .progress import Told
from .recorder import Recorder, Stop, Teller, drawn_rows

SAMPLES = 1_000
"""Strings that are drawn from a generator of them, in every run, when it is trained."""
BLOCK = 256
"""Runs that a GPU's stream draws from one generator: run by run they are drawn more slowly than trained."""


class Stopped(Exception):
    """A training ended before its time; holds what was learned until then.

    Attributes:
        result: what was learned; None if no epoch was finished.
        gan: the GAN.
    """

    def __init__(self, message: str, result: Result | None, gan: CategoricalGAN) -> None:
        super().__init__(message)
        self.result, self.gan = result, gan


class NotFinite(Stopped, ArithmeticError):
    """A loss or a logit is no finite number; the message names epoch and run."""


class NotKept(Stopped):
    """It ended in its time, but a checkpoint could not be written."""


class Interrupted(Stopped):
    """The keyboard interrupted it."""


@dataclass(frozen=True)
class Wishes:
    """What a caller wants of a training beside its result.

    Attributes:
        callbacks: more Keras callbacks; they see `max_abs_error` among the logs.
        checkpoints: directory to write checkpoints to, and to go on from one that is there.
        progress: is told of every epoch.
        stopping: a flag that ends the training with the epoch in which it is set.
        part: of the runs, those to train; by default all.
        place: where to train; by default where the settings say.
    """

    callbacks: Sequence[keras.callbacks.Callback] = ()
    checkpoints: str | None = None
    progress: Told | None = None
    stopping: Event | None = None
    part: range | None = None
    place: Place | None = None


def train(config: Config, source: Source, wishes: Wishes) -> tuple[Result, CategoricalGAN]:
    """Train in one program, and return what was learned with the trained GAN.

    Raises:
        ValueError: the source is too short for one batch, or there is no GPU and it is to be one.
        NotFinite: a loss or a logit is no finite number; holds what was learned before.
        Interrupted: by the keyboard; holds what was learned before.
        NotKept: a checkpoint could not be written; holds what was learned.
    """
    place = wishes.place or place_of(config, source)
    with tf.device(place.device):
        return _train(config, source, wishes, place)


def _train(config: Config, source: Source, wishes: Wishes, place: Place) -> tuple[Result, CategoricalGAN]:
    training, seed, first = config.training, config.seed, 0
    if wishes.part is not None:  # with noise of its own
        first = wishes.part.start
        config = replace(config, runs=len(wishes.part), seed=seed + first)
    stream = Stream(
        source,
        runs=config.runs,
        batches=training.batches,
        batch_size=training.batch_size,
        seed=seed,
        first_run=first,
        block=BLOCK if place.kind == GPU else 1,
    )
    gan = build_for(config, source)
    recorder = Recorder(stream, config.epochs, config.data.memory, training.patience)
    keeper = None if wishes.checkpoints is None else Checkpoint(wishes.checkpoints, recorder, place.kind)
    done = 0 if keeper is None else keeper.restore(gan)
    if done < config.epochs and len(stream.epoch(done)) == 0:
        raise source.error or ValueError(
            f"data.path: the stream ended before the first batch of {training.batch_size}: give more, "
            "or a smaller training.batch_size"
        )
    callbacks = _callbacks(recorder, wishes, keeper)
    goes_ahead = place.kind == GPU and _nobody_looks(gan, source, config, wishes)
    if goes_ahead:
        callbacks.insert(0, _ahead(wishes, keeper))
    interrupt = _fit(gan, stream, done, config.epochs, callbacks)
    if interrupt is not None:
        recorder.on_train_end()
        if goes_ahead and recorder.done:
            recorder.put_back()
    recorder.settle()
    result = result_of(config, recorder, gan, place) if recorder.done else None
    if interrupt is not None:
        raise Interrupted(f"interrupted after {recorder.done} epochs", result, gan) from interrupt
    if recorder.failure or result is None:
        raise NotFinite(recorder.failure or "no epoch was finished", result, gan)
    if keeper is not None and keeper.failure is not None:
        raise NotKept(keeper.failure, result, gan)
    return result, gan


def _callbacks(recorder: Recorder, wishes: Wishes, keeper: Checkpoint | None) -> list[Any]:
    """The recorder first, what may end the training after all others, the checkpoints last."""
    callbacks: list[Any] = [recorder]
    if wishes.progress is not None:
        callbacks.append(Teller(wishes.progress, recorder))
    callbacks.extend(wishes.callbacks)
    if wishes.stopping is not None:
        callbacks.append(Stop(wishes.stopping))
    return callbacks if keeper is None else [*callbacks, keeper]


def _nobody_looks(gan: CategoricalGAN, source: Source, config: Config, wishes: Wishes) -> bool:
    """Whether all that is recorded of an epoch comes back with it, and no callback asks for more."""
    comes_back = config.data.stream == "categories" and not gan.generator_optimizer.use_ema
    return comes_back and source.replayable and not any(map(looks, wishes.callbacks))


def _ahead(wishes: Wishes, keeper: Checkpoint | None) -> Ahead:
    """Epochs begin ahead, until one is to be the last, or is to be kept."""
    pausing: list[Callable[[], bool]] = []
    if wishes.stopping is not None:
        pausing.append(wishes.stopping.is_set)
    if keeper is not None:
        pausing.append(keeper.due)
    return Ahead(pausing)


def _fit(
    gan: CategoricalGAN, stream: Stream, done: int, epochs: int, callbacks: list[Any]
) -> KeyboardInterrupt | None:
    """Train from one epoch to another; what interrupted it, if the keyboard did."""
    try:
        with _quiet_about_the_end():
            gan.fit(stream, initial_epoch=done, epochs=epochs, verbose=0, callbacks=callbacks)
    except KeyboardInterrupt as interrupt:
        return interrupt
    return None


@contextmanager
def _quiet_about_the_end() -> Iterator[None]:
    """Keras warns of a dataset that ends; a feed may."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input ran out of data")
        yield


def result_of(config: Config, recorder: Recorder, gan: CategoricalGAN, place: Place) -> Result:
    """What the recorder holds, as a result."""
    source = recorder.stream.source
    if not source.described:
        config = replace(config, data=replace(config.data, given=True))
    return Result(
        config=config,
        labels=source.labels,
        target_is=source.target_is,
        epochs=recorder.kept["epoch"].copy(),
        probabilities=recorder.kept["probabilities"].copy(),
        targets=recorder.kept["target"].copy(),
        metrics=recorder.metrics.arrays(),
        learned=recorder.learned,
        averaged=recorder.averaged,
        counted=recorder.counted,
        target=recorder.target,
        optimizer_steps=_steps(gan),
        compile_seconds=recorder.compile_seconds,
        train_seconds=recorder.train_seconds,
        samples=_samples(gan) if SOURCES[source.kind].stream == "sequences" else (),
        kind=source.kind,
        classes=source.classes,
        warning=source.warning,
        gan=gan,
        wrap=source.wrap,
        place=(place.kind, place.why),
        kept=np.zeros(0, int) if recorder.best is None else recorder.best.epochs,
        **source.judged(gan.generator.runs, partial(drawn_rows, gan), partial(_verdicts, gan)),
    )


def _verdicts(gan: CategoricalGAN, rows: np.ndarray, run: int) -> np.ndarray:
    """The discriminator's log-odds of rows [n, T] in a run, [n]."""
    runs = gan.generator.runs
    parts = [
        np.asarray(gan(tf.constant(np.broadcast_to(part, (runs, *part.shape)))))[run]
        for part in np.array_split(rows, max(1, len(rows) // 1_000))
    ]
    return np.concatenate(parts)


def _samples(gan: CategoricalGAN) -> tuple[tuple[str, ...], ...]:
    """Strings drawn from the generator, those of each run."""
    of_runs = gan.generator.sample(SAMPLES, seed=(gan.seed % 2**31, 1)).numpy()
    return tuple(tuple(gan.generator.names(samples, ())) for samples in of_runs)


def _steps(gan: Any) -> int:
    optimizers = (gan.generator_optimizer, gan.discriminator_optimizer)
    return sum(int(optimizer.iterations.numpy()) for optimizer in optimizers)

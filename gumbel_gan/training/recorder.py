"""Keras callbacks: what is recorded of a training, how it is told of, how it is stopped."""

import time
from collections.abc import Mapping
from functools import partial
from threading import Event
from typing import Any

import keras
import numpy as np

from ..config.catalogue import SOURCES
from ..data.stream import Stream
from ..gan.generators import read
from ..results.metrics import max_abs_error, total_variation
from ..results.readable import MAX_ROWS, Readable
from .best import Best
from .history import History
from .progress import Told


def drawn_rows(gan: Any, rows: int, run: int) -> np.ndarray:
    """Rows that a run's generator draws, always with the same noise, int32 [rows, T]."""
    with gan.moving_average():
        drawn: np.ndarray = gan.generator.rows(rows, (gan.seed % 2**31, 1), run)
    return drawn


class Recorder(keras.callbacks.Callback):
    """Records the learned probabilities and the losses of every epoch, and counts what was consumed.

    An epoch that ends with a number that is not finite is not recorded: it stops the training, the
    generator goes back to where it was an epoch earlier, and `failure` says what happened.

    Args:
        stream: what the GAN is trained on.
        epochs: planned.
        memory: epochs that counting with forgetting remembers.
        patience: epochs without a better score of the stopping rows after which the training ends; by default
            it does not, and the last weights are kept.
    """

    def __init__(self, stream: Stream, epochs: int, memory: int = 10, patience: int | None = None) -> None:
        super().__init__()
        self.stream, self.memory = stream, memory
        source = stream.source
        self.shown = SOURCES[source.kind].shown
        self.readable = Readable(source.target, source.target_is != "counted", source.classes)
        rows = epochs * stream.runs * len(self.readable.labels(source.labels))
        self.every = min(epochs, -(-rows // MAX_ROWS))
        self.metrics = History()  # [R] each, after every epoch
        self.kept = History()  # epoch, probabilities [R, K'] and target [K'], after every n-th
        self.counts = np.zeros((stream.runs, stream.outcomes), np.int64)
        self.learned = self.counts.astype(np.float64)
        self.averaged = self.learned
        self.remembered = np.zeros_like(self.learned)  # counts that fade
        self.best = None if patience is None else Best(patience, stream.runs)
        self._epoch = -1
        self.failure: str | None = None
        self.compile_seconds = self.train_seconds = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Start the clock."""
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Record the epoch, or stop."""
        if len(self.stream.epoch(epoch)) == 0:  # a feed has ended: there was no such epoch
            self.model.stop_training = True
            return
        measured = dict(self.model.run_metrics)
        averaged, *weights = self.model.recorded
        weights = weights or [read(weight) for weight in self.model.generator.weights]
        learned = self.model.learned(self.stream.source.codes, weights)  # [R, K]
        if self._not_finite(epoch, {**measured, "probability": learned.sum(-1)}):
            return
        self._epoch = epoch
        self._take(learned, averaged)
        self._weights, self._averaged = weights, averaged
        counted = self.stream.counts(epoch)
        self.counts += counted
        self.remembered = np.exp(-1 / self.memory) * self.remembered + counted
        metrics = self._metrics(epoch, measured)
        self.metrics.append(metrics)
        if (epoch + 1) % self.every == 0:
            self._keep()
        if self.best is not None:
            generator, optimizer = self.model.generator, self.model.generator_optimizer
            if self.best.take(generator, optimizer, *self.stream.source.stopping(learned), epoch + 1):
                self.model.stop_training = True
        if logs is not None:  # later callbacks, and Keras' history, see it too
            logs.update({name: float(metrics[name].mean()) for name in self.shown if name in metrics})
        if not self.compile_seconds:
            self.compile_seconds = time.perf_counter() - self._start

    def _metrics(self, epoch: int, measured: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The columns of metrics.csv after an epoch, [R] each."""
        target = self.target
        forgetting = self.remembered / self.remembered.sum(-1, keepdims=True)
        return {
            **{name: measured.pop(name) for name in ("discriminator_loss", "generator_loss")},
            "max_abs_error": max_abs_error(self.learned, target),
            "total_variation": total_variation(self.learned, target),
            "temperature": measured.pop("temperature"),
            **measured,
            **self.stream.source.scores(self.learned, self.counted, forgetting, epoch),
            **self.stream.source.sampled(self.stream.runs, partial(drawn_rows, self.model), epoch),
        }

    def on_train_end(self, logs: Any = None) -> None:
        """Stop the clock; the last epoch is recorded, whatever was left out before."""
        self.model.finalize()
        if self.best is not None:
            self.best.put_back(self.model.generator, self.model.generator_optimizer)
        self.train_seconds = time.perf_counter() - self._start - self.compile_seconds
        if self.done and (not self.kept or self.kept["epoch"][-1] != self.done):
            self._keep()

    def settle(self) -> None:
        """Take what the networks hold now: another callback may have put better weights back."""
        if self.done and self.failure is None:
            self._take(self.model.learned(self.stream.source.codes), read(self.model.averaged))

    def state(self) -> dict[str, np.ndarray]:
        """What the recorder must know to go on later, but for its histories."""
        best = {} if self.best is None else self.best.state()
        return {"counts": self.counts, "remembered": self.remembered, **best}

    def restore(self, epochs: int, state: Mapping[str, np.ndarray]) -> None:
        """Go on after so many epochs, with a `state`; the model and the histories are as they were."""
        self.counts, self.remembered = (state[name].copy() for name in ("counts", "remembered"))
        if self.best is not None:
            self.best.restore(state)
        self._epoch = epochs - 1
        self._take(self.model.learned(self.stream.source.codes), read(self.model.averaged))
        self._weights = [read(weight) for weight in self.model.generator.weights]
        self._averaged = read(self.model.averaged)

    def _take(self, learned: np.ndarray, averaged: np.ndarray) -> None:
        averaged = averaged.astype(np.float64)
        # A feed may end before the late steps that are averaged.
        self.averaged = averaged / averaged.sum(-1, keepdims=True) if averaged.any() else learned
        self.learned = learned

    @property
    def done(self) -> int:
        """Finished epochs."""
        return len(self.metrics)

    def _keep(self) -> None:
        self.kept.append(
            {
                "epoch": self.done,
                "probabilities": self.readable(self.learned),
                "target": self.readable(self.target),
            }
        )

    @property
    def target(self) -> np.ndarray:
        """What should be learned, [K]: the source's in the last epoch, or what was counted so far."""
        return self.stream.source.target_at(max(self._epoch, 0), self.counted)

    @property
    def counted(self) -> np.ndarray:
        """The frequencies of the integers that each run has consumed, [R, K]."""
        return self.counts / self.counts.sum(-1, keepdims=True)

    def _not_finite(self, epoch: int, values: dict[str, np.ndarray]) -> bool:
        for name, value in values.items():
            if len(bad := np.flatnonzero(~np.isfinite(value))):
                self.failure = f"epoch {epoch + 1}, run {bad[0]}: {name} is {value[bad[0]]}"
                self.model.stop_training = True
                if self.done:
                    self.put_back()
                return True
        return False

    def put_back(self) -> None:
        """Give the generator the weights, and `averaged` the mean, of the last epoch that was recorded.

        Where the next one had begun, the discriminator and the optimizers have gone on.
        """
        self.model.wait()
        for weight, value in zip(self.model.generator.weights, self._weights, strict=True):
            weight.assign(value)
        self.model.averaged.assign(self._averaged)


class Teller(keras.callbacks.Callback):
    """Tells a `progress` callable of every epoch that was recorded.

    Args:
        progress: is told.
        recorder: of the training; it comes before this among the callbacks.
    """

    def __init__(self, progress: Told, recorder: Recorder) -> None:
        super().__init__()
        self.progress, self.recorder = progress, recorder
        self._told = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Tell where it begins: the first epoch is compiled for a second or two."""
        self._told = self.recorder.done
        self.progress(self._told, self.params["epochs"], "")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Tell the epoch's losses and errors."""
        if self.recorder.done == self._told:  # the epoch was not recorded
            return
        self._told = self.recorder.done
        names = ("discriminator_loss", "generator_loss", *self.recorder.shown)
        shown = ", ".join(f"{name} {logs[name]:.4f}" for name in names if logs and name in logs)
        self.progress(self._told, self.params["epochs"], shown)


class Stop(keras.callbacks.Callback):
    """Ends the training with the epoch in which the flag is set, or with the next one if that has begun.

    Args:
        stopping: the flag.
    """

    def __init__(self, stopping: Event) -> None:
        super().__init__()
        self.stopping = stopping

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at the flag."""
        if self.stopping.is_set() and not self.model.begins_next:
            self.model.stop_training = True

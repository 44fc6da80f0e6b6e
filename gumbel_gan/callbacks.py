"""Keras callbacks: what is recorded of a training, and what is shown of it."""

import sys
import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from .data import Stream
from .history import History
from .language import Strings, length_classes
from .metrics import count, max_abs_error, total_variation
from .models import read
from .results import MAX_ROWS, Readable
from .sources import Drift, Feed


class Recorder(keras.callbacks.Callback):
    """Records the learned probabilities and the losses of every epoch, and counts what was consumed.

    An epoch that ends with a number that is not finite is not recorded: it stops the training, the
    generator goes back to where it was an epoch earlier, and `failure` says what happened.

    Args:
        stream: what the GAN is trained on.
        epochs: planned.
        memory: epochs that counting with forgetting remembers, where the stream drifts.
    """

    def __init__(self, stream: Stream, epochs: int, memory: int = 10) -> None:
        super().__init__()
        self.stream, self.memory = stream, memory
        source = stream.source
        classes = None if stream.codes is None else length_classes(source.labels)
        self.readable = Readable(source.target, source.target_is != "counted", classes)
        rows = epochs * stream.runs * len(self.readable.labels(source.labels))
        self.every = min(epochs, -(-rows // MAX_ROWS))
        self.metrics = History()  # [R] each, after every epoch
        self.kept = History()  # epoch, probabilities [R, K'] and target [K'], after every n-th
        self.counts = np.zeros((stream.runs, stream.outcomes), np.int64)
        self.learned = self.counts.astype(np.float64)
        self.averaged = self.learned
        self.remembered = np.zeros_like(self.learned)  # counts that fade
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
        measured = {name: values.numpy() for name, values in self.model.run_metrics.items()}
        learned = self.model.learned(self.stream.codes)  # [R, K]
        if self._not_finite(epoch, {**measured, "probability": learned.sum(-1)}):
            return
        self._epoch = epoch
        self._take(learned)
        self._weights = [read(weight) for weight in self.model.generator.weights]
        counted = count(self.stream.epoch(epoch), self.stream.outcomes)
        self.counts += counted
        self.remembered = np.exp(-1 / self.memory) * self.remembered + counted
        target = self.target
        losses = {name: measured.pop(name) for name in ("discriminator_loss", "generator_loss")}
        metrics = {
            **losses,
            "max_abs_error": max_abs_error(learned, target),
            "total_variation": total_variation(learned, target),
            "temperature": measured.pop("temperature"),
            **measured,
        }
        if isinstance(self.stream.source, Drift):
            remembered = self.remembered / self.remembered.sum(-1, keepdims=True)
            metrics["counted_max_abs_error"] = max_abs_error(self.counted, target)
            metrics["forgetting_max_abs_error"] = max_abs_error(remembered, target)
        shown = ["max_abs_error"]
        if isinstance(self.stream.source, Strings):
            metrics |= self.stream.source.scores(learned)
            shown = ["total_variation", "validity"]
        self.metrics.append(metrics)
        if (epoch + 1) % self.every == 0:
            self._keep()
        if logs is not None:  # later callbacks, and the history, see it too
            logs.update({name: float(metrics[name].mean()) for name in shown})
        if not self.compile_seconds:
            self.compile_seconds = time.perf_counter() - self._start

    def on_train_end(self, logs: Any = None) -> None:
        """Stop the clock; the last epoch is recorded, whatever was left out before."""
        self.model.finalize()
        self.train_seconds = time.perf_counter() - self._start - self.compile_seconds
        if self.done and (not self.kept or self.kept["epoch"][-1] != self.done):
            self._keep()

    def state(self) -> dict[str, np.ndarray]:
        """What it must know to go on later, but for its histories."""
        return {"counts": self.counts, "remembered": self.remembered}

    def restore(self, epochs: int, state: Mapping[str, np.ndarray]) -> None:
        """Go on after so many epochs, with a `state`; the model and the histories are as they were."""
        self.counts, self.remembered = (state[name].copy() for name in ("counts", "remembered"))
        self._epoch = epochs - 1
        self._take(self.model.learned(self.stream.codes))
        self._weights = [read(weight) for weight in self.model.generator.weights]

    def _take(self, learned: np.ndarray) -> None:
        averaged = read(self.model.averaged).astype(np.float64)
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
        source = self.stream.source
        if isinstance(source, Feed):
            return source.target if source.target_is == "given" else self.counted[0]
        return source.at(max(self._epoch, 0)).target

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
                    for weight, value in zip(self.model.generator.weights, self._weights, strict=True):
                        weight.assign(value)
                return True
        return False


class Progress(keras.callbacks.Callback):
    """One bar for the whole training; where the output is no terminal, a line every tenth of it.

    Args:
        epochs: planned.
    """

    SHOWN = ("discriminator_loss", "generator_loss", "max_abs_error", "total_variation", "validity")

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs = epochs
        self._bar = None
        if sys.stdout.isatty():
            self._bar = keras.utils.Progbar(epochs, unit_name="epoch", stateful_metrics=self.SHOWN)

    def on_train_begin(self, logs: Any = None) -> None:
        """Show the empty bar: the first epoch is compiled for a second or two."""
        if self._bar:
            self._bar.update(0)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show the epoch's losses and maximum error."""
        shown = [(name, logs[name]) for name in self.SHOWN if logs and name in logs]
        if len(shown) < 3:  # an epoch that was not recorded
            return
        done = epoch + 1
        if self._bar:
            self._bar.update(done, shown, finalize=done == self.epochs)
        elif done == self.epochs or done * 10 // self.epochs > epoch * 10 // self.epochs:
            values = ", ".join(f"{name} {value:.4f}" for name, value in shown)
            print(f"epoch {done}/{self.epochs}: {values}", flush=True)


class Stop(keras.callbacks.Callback):
    """Ends the training with the epoch in which it is asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look whether it is."""
        if self.asked:
            self.model.stop_training = True

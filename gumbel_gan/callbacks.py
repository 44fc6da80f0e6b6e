"""Keras callbacks: what is recorded of a training, and what is shown of it."""

import sys
import time
from typing import Any

import keras
import numpy as np

from .data import Stream
from .metrics import count, max_abs_error, total_variation
from .results import MAX_ROWS, Readable


class Recorder(keras.callbacks.Callback):
    """Records the learned probabilities and the losses of every epoch, and counts what was consumed.

    An epoch that ends with a number that is not finite is not recorded: it stops the training, the
    generator goes back to where it was an epoch earlier, and `failure` says what happened.

    Args:
        stream: what the GAN is trained on.
        epochs: planned.
        average_from: the part of training after which epochs count in the average.
    """

    def __init__(self, stream: Stream, epochs: int, average_from: float = 0.5) -> None:
        super().__init__()
        self.stream, self.average_from = stream, average_from
        source = stream.source
        self.readable = Readable(source.target, source.target_is != "counted")
        rows = epochs * stream.runs * len(self.readable.labels(source.labels))
        self.every = min(epochs, -(-rows // MAX_ROWS))
        self.first_averaged = int(average_from * epochs)
        self.epochs: list[int] = []
        self.probabilities: list[np.ndarray] = []  # [R, K'] each
        self.targets: list[np.ndarray] = []  # [K'] each
        self.metrics: dict[str, list[np.ndarray]] = {}  # [R] each
        self.counts = np.zeros((stream.runs, stream.categories), np.int64)
        self.learned = self.counts.astype(np.float64)
        self._sum, self._summed = np.zeros_like(self.learned), 0
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
        learned = self.model.generator.probabilities()  # [R, K]
        if self._not_finite(epoch, {**measured, "logits": learned.sum(-1)}):
            return
        self.learned, self._logits = learned, self.model.generator.logits.numpy()
        self.counts += count(self.stream.epoch(epoch), self.stream.categories)
        target = self.target
        losses = {name: measured.pop(name) for name in ("discriminator_loss", "generator_loss")}
        metrics = {
            **losses,
            "max_abs_error": max_abs_error(learned, target),
            "total_variation": total_variation(learned, target),
            "temperature": np.full(self.stream.runs, self.model.temperature.numpy()),
            **measured,
        }
        for name, values in metrics.items():
            self.metrics.setdefault(name, []).append(values)
        if (epoch + 1) % self.every == 0:
            self._keep()
        if epoch >= self.first_averaged:
            self._sum += learned
            self._summed += 1
        if logs is not None:  # later callbacks, and the history, see it too
            logs["max_abs_error"] = float(metrics["max_abs_error"].mean())
        if self.done == 1:
            self.compile_seconds = time.perf_counter() - self._start

    def on_train_end(self, logs: Any = None) -> None:
        """Stop the clock; the last epoch is recorded, whatever was left out before."""
        self.train_seconds = time.perf_counter() - self._start - self.compile_seconds
        if self.metrics and self.epochs[-1:] != [self.done]:
            self._keep()

    @property
    def done(self) -> int:
        """Finished epochs."""
        return len(self.metrics.get("max_abs_error", []))

    def _keep(self) -> None:
        self.epochs.append(self.done)
        self.probabilities.append(self.readable(self.learned))
        self.targets.append(self.readable(self.target))

    @property
    def target(self) -> np.ndarray:
        """What should be learned, [K]: the source's, or what was counted so far."""
        if self.stream.source.target_is != "counted":
            return self.stream.source.target
        return self.counted[0]

    @property
    def counted(self) -> np.ndarray:
        """The frequencies of the integers that each run has consumed, [R, K]."""
        return self.counts / self.counts.sum(-1, keepdims=True)

    @property
    def averaged(self) -> np.ndarray:
        """The mean of the learned probabilities over the late epochs, [R, K]."""
        if self._summed:
            return self._sum / self._summed
        # A feed ended before its late epochs: those of the training that there was.
        late = self.probabilities[int(self.average_from * len(self.probabilities)) :]
        return np.mean(late, axis=0) if self.readable.all and late else self.learned

    def _not_finite(self, epoch: int, values: dict[str, np.ndarray]) -> bool:
        for name, value in values.items():
            if len(bad := np.flatnonzero(~np.isfinite(value))):
                self.failure = f"epoch {epoch + 1}, run {bad[0]}: {name} is {value[bad[0]]}"
                self.model.stop_training = True
                if self.metrics:
                    self.model.generator.logits.assign(self._logits)
                return True
        return False


class Progress(keras.callbacks.Callback):
    """One bar for the whole training; where the output is no terminal, a line every tenth of it.

    Args:
        epochs: planned.
    """

    SHOWN = ("discriminator_loss", "generator_loss", "max_abs_error")

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
        if len(shown) < len(self.SHOWN):
            return
        done = epoch + 1
        if self._bar:
            self._bar.update(done, shown, finalize=done == self.epochs)
        elif done == self.epochs or done * 10 // self.epochs > epoch * 10 // self.epochs:
            values = ", ".join(f"{name} {value:.4f}" for name, value in shown)
            print(f"epoch {done}/{self.epochs}: {values}", flush=True)

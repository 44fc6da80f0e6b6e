"""The game that a page shows: the package's own GAN, an epoch at a time, whose controls can be moved."""

import time
from collections import deque
from typing import Any

import numpy as np
import tensorflow as tf

from ..data.source import Distribution
from ..data.stream import Stream
from ..gan.gumbel import vectors
from ..laboratory.leak import accuracy
from ..results.metrics import max_abs_error
from ..training.build import build
from ..training.checkpoint import roles
from .controls import Controls

LAST = 50
"""Epochs over which the page takes a mean."""
MOST = 300
"""Epochs of the past that are kept: of a longer game every second one, every fourth, and so on."""
FRESH = 1_000
"""Real examples that the discriminator judges for a frame, beside as many samples."""
POINTS = 300
"""Samples in the triangle."""
NEVER = 1e-30
"""In the place of a probability of 0 where a logit is taken."""


class Past:
    """The last epochs, thinned: rows of numbers or arrays, by name."""

    def __init__(self) -> None:
        self.every = 1
        self.rows: list[dict[str, Any]] = []
        self.newest: dict[str, Any] = {}

    def add(self, epoch: int, row: dict[str, Any]) -> None:
        """Keep an epoch (1, 2, ...) if it is one of those that are kept, or else as the newest.

        The newest epoch may be added again: what was kept of it is replaced.
        """
        if self.rows and self.rows[-1]["epoch"] == epoch:
            self.rows.pop()
        self.newest = {"epoch": epoch, **row}
        if epoch % self.every:
            return
        self.rows.append(self.newest)
        if len(self.rows) > MOST:
            self.every *= 2
            self.rows = [row for row in self.rows if row["epoch"] % self.every == 0]

    def arrays(self) -> dict[str, np.ndarray]:
        """The rows as columns, epochs first; the newest is the last."""
        rows = [*self.rows, *([] if self.rows and self.rows[-1] is self.newest else [self.newest])]
        return {name: np.array([row[name] for row in rows]) for name in self.newest}


class Sums:
    """The generator's distribution, summed over every step since a control was moved.

    Args:
        epoch: after which it was moved.
        taken: steps until then.
        shape: [R, K].
    """

    def __init__(self, epoch: int, taken: int, shape: tuple[int, ...]) -> None:
        self.every = 1
        self.rows = [(epoch, taken, np.zeros(shape))]

    def add(self, epoch: int, taken: int, averaged: np.ndarray) -> None:
        """Add an epoch.

        Args:
            epoch: its number.
            taken: steps in all.
            averaged: [R, K], the sum of the epoch's distributions over `taken`.
        """
        last, _, total = self.rows[-1]
        if len(self.rows) > 1 and last % self.every:
            self.rows.pop()
        self.rows.append((epoch, taken, total + averaged.astype(np.float64) * taken))
        if len(self.rows) > 2 * MOST:
            self.every *= 2
            kept = [row for row in self.rows[1:-1] if row[0] % self.every == 0]
            self.rows = [self.rows[0], *kept, self.rows[-1]]

    def mean(self) -> np.ndarray:
        """The mean over every step of the later half of the epochs, [R, K]; NaN if none was added yet."""
        if len(self.rows) == 1:
            return np.full_like(self.rows[0][2], np.nan)
        begin, (end, last, total) = self.rows[0][0], self.rows[-1]
        half = begin + (end - begin) // 2
        _, first, before = min(self.rows[:-1], key=lambda row: abs(row[0] - half))
        mean: np.ndarray = (total - before) / (last - first)
        return mean


class Game:
    """A GAN in training, whose controls can be moved between two epochs.

    Args:
        controls: at first.
        state: of a game in another process, to go on with; by default it begins.
    """

    def __init__(self, controls: Controls, state: dict[str, Any] | None = None) -> None:
        self.controls = controls
        self.compiled = 0
        self.compile_seconds = 0.0
        if state is None:
            self.epoch = 0
            self.past, self.last = Past(), deque[float](maxlen=LAST)
            self._counts = np.zeros((controls.runs, len(controls.target)))
            self._compile([])
            return
        self.epoch, self.past, self.last, self._counts, self.compiled = (
            state[name] for name in ("epoch", "past", "last", "counts", "compiled")
        )
        self._compile(state["weights"])

    def state(self) -> dict[str, Any]:
        """What another process must know to go on, with the same number of runs and categories."""
        return {
            "epoch": self.epoch,
            "past": self.past,
            "last": self.last,
            "counts": self._counts,
            "compiled": self.compiled,
            "weights": self._weights(),
        }

    def _weights(self) -> list[list[np.ndarray]]:
        return [network.get_weights() for network in (self.gan.generator, self.gan.discriminator)]

    def _compile(self, weights: list[list[np.ndarray]]) -> None:
        """Make the GAN; with the weights of the one before, where they fit."""
        controls = self.controls
        self.gan = build(controls.config(), len(controls.target))
        for network, kept in zip((self.gan.generator, self.gan.discriminator), weights, strict=False):
            if [weight.shape for weight in network.weights] == [weight.shape for weight in kept]:
                network.set_weights(kept)
        self._every = tf.tile(tf.range(len(controls.target))[None], (controls.runs, 1))  # [R, K]
        self._look = tf.function(self._looked)
        self._aim()
        self._begin_sums()
        self.compiled += 1

    def _aim(self) -> None:
        """Stream from the target."""
        runs, target = self.controls.runs, Distribution(self.controls.target)
        self.stream = Stream(target, runs=runs, seed=0)
        self._fresh = Stream(target, runs=runs, batches=1, batch_size=FRESH, seed=1)
        self._frames = 0
        if self.controls.held:
            self._hold()

    def _hold(self) -> None:
        logits = np.log(np.maximum(self.controls.target, NEVER))
        self.gan.generator.assign(np.tile(logits, (self.controls.runs, 1)))

    def change(self, controls: Controls) -> None:
        """Go on with other controls that this program can read."""
        before, self.controls = self.controls, controls
        if controls.target != before.target or controls.held != before.held:
            self._aim()
        if controls.target != before.target:
            self._counts[:] = 0  # counting begins anew with the target, as the average does
            self.last.clear()
        if before.held and not controls.held:
            self.gan.generator.assign(np.ones((controls.runs, len(controls.target))))
        self._begin_sums()
        if self.epoch and self.gan.traces:  # the last epoch, against the new target
            self.past.add(self.epoch, self._row())

    def again(self) -> None:
        """Begin again, with the same program."""
        fresh = roles(build(self.controls.config(), len(self.controls.target)))
        for role, variable in roles(self.gan).items():
            variable.assign(fresh[role])
        self.epoch = 0
        self.past, self.last = Past(), deque[float](maxlen=LAST)
        self._counts[:] = 0
        self._begin_sums()
        self._aim()

    def train(self) -> None:
        """One epoch."""
        controls, gan = self.controls, self.gan
        gan.temperature.assign(controls.temperature)
        gan.generator_optimizer.learning_rate = 0.0 if controls.held else controls.generator_rate
        gan.discriminator_optimizer.learning_rate = controls.discriminator_rate
        start, first = time.perf_counter(), not gan.traces
        gan.train_on_batch(self.stream.examples(self.epoch))
        if first:
            self.compile_seconds = time.perf_counter() - start
        self._counts += self.stream.counts(self.epoch)
        self.epoch += 1
        taken = int(gan.generator_optimizer.iterations.numpy())
        self._sums.add(self.epoch, taken, gan.recorded[0])
        gan.averaged.assign(np.zeros_like(self._counts))  # so that its sum is that of an epoch, and precise
        self.last.append(float(max_abs_error(gan.learned(), np.asarray(controls.target)).mean()))
        self.past.add(self.epoch, self._row())

    def _row(self) -> dict[str, Any]:
        """What is kept of an epoch: what was learned, against the target, and what the epoch measured."""
        learned, target = self.gan.learned(), np.asarray(self.controls.target)
        with np.errstate(invalid="ignore"):  # before anything was counted
            counted = self._counts / self._counts.sum(-1, keepdims=True)
        measured = {name: float(np.median(values)) for name, values in self.gan.run_metrics.items()}
        signal, ratio = measured["gradient_length"], measured["signal_to_noise"]
        low, middle, high = np.quantile(max_abs_error(learned, target), (0.05, 0.5, 0.95))
        return {
            "error": (learned - target).mean(0),
            "low": low,
            "middle": middle,
            "high": high,
            "averaged": float(np.median(max_abs_error(self._sums.mean(), target))),
            "counted": float(np.median(max_abs_error(counted, target))),
            "signal": signal,
            "noise": signal / ratio if ratio else np.nan,
            "dead": measured["dead_fraction"],
            "sharpness": measured["sharpness"],
        }

    def _begin_sums(self) -> None:
        """Begin the average anew, since a control was moved."""
        taken = int(self.gan.generator_optimizer.iterations.numpy())
        self._sums = Sums(self.epoch, taken, self._counts.shape)

    def _looked(self, temperature: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Verdicts on each category [R, K], and samples of the first run [n, K]."""
        gan, seed = self.gan, tf.random.uniform((2,), maxval=2**30, dtype=tf.int32)
        samples = gan.generator.relaxed(gan.estimator, temperature, POINTS, seed)
        return tf.sigmoid(gan(self._every)), vectors(samples, len(self.controls.target))[0]

    def frame(self) -> dict[str, Any]:
        """What the page shows after the last epoch."""
        verdicts, samples = self._look(tf.constant(self.controls.temperature))
        self._frames += 1
        told = accuracy(self.gan, tf.constant(self._fresh.epoch(self._frames)[0]))
        return {
            "controls": self.controls,
            "epoch": self.epoch,
            "target": np.asarray(self.controls.target),
            "learned": self.gan.learned(),
            "averaged": self._sums.mean().mean(0),
            "verdicts": verdicts.numpy().mean(0),
            "samples": samples.numpy() if len(self.controls.target) == 3 else None,
            "past": self.past.arrays(),
            "last": float(np.mean(self.last)) if self.last else np.nan,
            "accuracy": float(told.numpy().mean()),
            "compiled": self.compiled,
            "traces": self.gan.traces,
            "compile_seconds": self.compile_seconds,
        }

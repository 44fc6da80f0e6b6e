"""Checkpoints: all that the rest of a training depends on, so that it ends as if it had never stopped.

The directory `checkpoint` of a run holds `state.npz` (weights, optimizers, counts, the epoch), the state
before it, and the history in files that are added to and never written again. All are plain arrays with
checksums: nothing in them is executed.
"""

import os
import sys
import time
from typing import Any

import keras
import numpy as np

from .callbacks import Recorder
from .history import History
from .results import read_arrays, write

STATE, PREVIOUS = "state.npz", "previous.npz"
SECONDS = 4.0
"""Between two checkpoints, if they are quick to write."""
SHARE = 0.04
"""The part of the time that writing them may take."""


class Checkpoint(keras.callbacks.Callback):
    """Writes checkpoints as the training goes, and puts a training back to where the last one stands.

    Args:
        directory: of the run.
        recorder: of the training.

    It must be the last of the callbacks.
    """

    def __init__(self, directory: str, recorder: Recorder) -> None:
        super().__init__()
        self.directory, self.recorder = os.path.join(directory, "checkpoint"), recorder
        self._written = time.perf_counter()
        self._cost = 0.0
        self._saved = {"metrics": 0, "kept": 0}
        self._state_epoch = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write one, if it is time; and after the last epoch, from where a longer training may go on."""
        waited = time.perf_counter() - self._written
        last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if last or waited > max(SECONDS, self._cost / SHARE):
            self.save()

    def save(self) -> None:
        """Write a checkpoint, after the last epoch that was recorded."""
        epochs = self.recorder.done
        if epochs == self._state_epoch:
            return
        start = time.perf_counter()
        os.makedirs(self.directory, exist_ok=True)
        rows = {
            f"{name} {column}": values
            for name in self._saved
            for column, values in getattr(self.recorder, name).since(self._saved[name]).items()
        }
        _write(self.directory, f"history-{self._state_epoch}-{epochs}.npz", rows)
        state = os.path.join(self.directory, STATE)
        if os.path.exists(state):
            os.replace(state, os.path.join(self.directory, PREVIOUS))
        arrays = {f"variable {n}": variable.numpy() for n, variable in enumerate(_variables(self.model))}
        self._saved = {name: len(getattr(self.recorder, name)) for name in self._saved}
        counters = {"epochs": np.array(epochs), "saved": np.array(list(self._saved.values()))}
        _write(self.directory, STATE, {**arrays, **counters, **self.recorder.state()})
        self._state_epoch = epochs
        self._written = time.perf_counter()
        self._cost = self._written - start

    def restore(self, model: keras.Model) -> int:
        """Put model and recorder back to the last checkpoint that can be read; the epochs done until then.

        Raises:
            ValueError: there are checkpoints, but none can be read.
        """
        self.set_model(model)
        self.recorder.set_model(model)
        reasons = []
        for name in (STATE, PREVIOUS):
            path = os.path.join(self.directory, name)
            try:
                self._restore(model, read_arrays(path))
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError) as error:
                reasons.append(f"{path} ({' '.join(str(error).split())})")
                continue
            if reasons:
                os.remove(os.path.join(self.directory, STATE))
                warning = f"gumbel_gan: cannot read {reasons[0]}: going on from the checkpoint before it"
                print(warning, file=sys.stderr, flush=True)
            return self._state_epoch
        if reasons:
            raise ValueError(f"resume: cannot read {' nor '.join(reasons)}: train again, with --overwrite")
        return 0

    def _restore(self, model: keras.Model, state: dict[str, np.ndarray]) -> None:
        variables = _variables(model)
        values = [state[f"variable {n}"] for n in range(len(variables))]
        if any(variable.shape != value.shape for variable, value in zip(variables, values, strict=True)):
            raise ValueError("it is of another model")
        epochs = int(state["epochs"])
        files = {first: (last, name) for first, last, name in self._files()}
        histories = {name: History() for name in self._saved}
        done = 0
        while done < epochs:
            done, file = files[done]
            rows = read_arrays(os.path.join(self.directory, file))
            for name, history in histories.items():
                columns = [key for key in rows if key.startswith(f"{name} ")]
                history.extend({key.split(" ", 1)[1]: rows[key] for key in columns})
        lengths = dict(zip(self._saved, state["saved"].tolist(), strict=True))
        if lengths != {name: len(history) for name, history in histories.items()}:
            raise ValueError("its history is not whole")
        self._saved = lengths
        self.recorder.metrics, self.recorder.kept = histories["metrics"], histories["kept"]
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self.recorder.restore(epochs, state)
        self._state_epoch = epochs
        for first, _, name in self._files():
            if first >= epochs:  # of epochs that will be trained again
                os.remove(os.path.join(self.directory, name))

    def _files(self) -> list[tuple[int, int, str]]:
        """First epoch, last epoch and name of the files of the history."""
        names = (name for name in os.listdir(self.directory) if name.startswith("history-"))
        return sorted((*map(int, name[:-4].split("-")[1:]), name) for name in names)  # type: ignore[misc]


def _variables(model: Any) -> list[Any]:
    optimizers = [model.generator_optimizer, model.discriminator_optimizer]
    if hasattr(model.estimator, "optimizer"):  # one that learns
        optimizers.append(model.estimator.optimizer)
    return [*model.variables, *(variable for one in optimizers for variable in one.variables)]


def _write(directory: str, name: str, arrays: dict[str, Any]) -> None:
    write(directory, name, lambda file: np.savez(file, **arrays), binary=True)

"""Checkpoints: all that the rest of a training depends on, so that it ends as if it had never stopped.

The directory `checkpoint` of a run holds `state.npz` (weights, optimizers, counts, the epoch), the state
before it, and the history in files that are added to and never written again. All are plain arrays with
checksums, named by what they are for: nothing in them is executed, and nothing goes by its place.
"""

import logging
import os
import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from ..config.checks import one_line
from ..results.files import read_arrays, write_arrays
from .history import History
from .recorder import Recorder

STATE, PREVIOUS = "state.npz", "previous.npz"
VERSION = 3
"""Of the format; version 0.1 of the package wrote arrays by their places."""
SECONDS = 4.0
"""Between two checkpoints, if they are quick to write."""
SHARE = 0.04
"""The part of the time that writing them may take."""
LOGGER = logging.getLogger(__name__)


class Checkpoint(keras.callbacks.Callback):
    """Writes checkpoints as the training goes, and puts a training back to where the last one stands.

    It must be the last of the callbacks. A checkpoint that cannot be written ends the training's checkpoints,
    not the training: `failure` says why.

    Args:
        directory: of the run.
        recorder: of the training.
        device: the kind of device it runs on, CPU or GPU.
    """

    def __init__(self, directory: str, recorder: Recorder, device: str = "CPU") -> None:
        super().__init__()
        self.device = device
        self.directory, self.recorder = os.path.join(directory, "checkpoint"), recorder
        self.failure: str | None = None
        self._written = time.perf_counter()
        self._cost = 0.0
        self._saved = {"metrics": 0, "kept": 0}
        self._state_epoch = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write one, if it is time; and after the last epoch, from where a longer training may go on."""
        last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if self.failure is None and (last or (self.due() and not self.model.begins_next)):
            try:
                self.save()
            except OSError as error:
                self.failure = f"cannot write a checkpoint to {self.directory} ({one_line(error)})"
                LOGGER.warning("%s: the training goes on without", self.failure)

    def due(self) -> bool:
        """Whether it is time for one."""
        return time.perf_counter() - self._written > max(SECONDS, self._cost / SHARE)

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
        write_arrays(self.directory, f"history-{self._state_epoch}-{epochs}.npz", rows)
        state = os.path.join(self.directory, STATE)
        if os.path.exists(state):
            os.replace(state, os.path.join(self.directory, PREVIOUS))
        arrays = {role: variable.numpy() for role, variable in roles(self.model).items()}
        self._saved = {name: len(getattr(self.recorder, name)) for name in self._saved}
        counters = {
            "version": np.array(VERSION),
            "epochs": np.array(epochs),
            "saved": np.array(list(self._saved.values())),
            "digest": np.array(self.recorder.stream.source.digest),
            "device": np.array(self.device),
        }
        write_arrays(self.directory, STATE, {**arrays, **counters, **self.recorder.state()})
        self._state_epoch = epochs
        self._written = time.perf_counter()
        self._cost = self._written - start

    def restore(self, model: keras.Model) -> int:
        """Put model and recorder back to the last checkpoint that can be read; the epochs done until then.

        Raises:
            ValueError: there are checkpoints, but none can be read, or the data are others.
        """
        self.set_model(model)
        self.recorder.set_model(model)
        reasons = []
        source = self.recorder.stream.source
        for name in (STATE, PREVIOUS):
            path = os.path.join(self.directory, name)
            try:
                state = read_arrays(path)
                others = source.replayable and str(state.get("digest", source.digest)) != source.digest
                if not others:
                    self._restore(model, state)
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError) as error:
                reasons.append(f"{path} ({one_line(error)})")
                continue
            if reasons:
                os.remove(os.path.join(self.directory, STATE))
                LOGGER.warning("cannot read %s: going on from the checkpoint before it", reasons[0])
            if others:
                raise ValueError(
                    "data: received others than those that the run began with: give those (--data.path, if "
                    "they have moved), or train in another directory"
                )
            return self._state_epoch
        if reasons:
            raise ValueError(f"resume: cannot read {' nor '.join(reasons)}: train again, with --overwrite")
        return 0

    def _restore(self, model: keras.Model, state: dict[str, np.ndarray]) -> None:
        variables = _matched(roles(model), state)
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
        for variable, value in variables:
            variable.assign(value)
        if (before := str(state.get("device", self.device))) != self.device:
            LOGGER.warning(
                "the training began on a %s and goes on on a %s: its bits will differ from those of one that "
                "stays",
                before,
                self.device,
            )
        self.recorder.restore(epochs, state)
        self._state_epoch = epochs
        for first, _, name in self._files():
            if first >= epochs:  # of epochs that will be trained again
                os.remove(os.path.join(self.directory, name))

    def _files(self) -> list[tuple[int, int, str]]:
        """First epoch, last epoch and name of the files of the history."""
        names = (name for name in os.listdir(self.directory) if name.startswith("history-"))
        return sorted((*map(int, name[:-4].split("-")[1:]), name) for name in names)  # type: ignore[misc]


def _matched(variables: Mapping[str, Any], state: Mapping[str, np.ndarray]) -> list[tuple[Any, np.ndarray]]:
    """Every variable with its value.

    Raises:
        ValueError: the state is of another version, or of another model.
    """
    if "version" not in state and any(name.startswith("variable ") for name in state):
        raise ValueError("gumbel_gan 0.1 wrote it, whose checkpoints this version cannot go on from")
    if "version" not in state or int(state["version"]) != VERSION:
        raise ValueError("it is of another version of gumbel_gan")
    for role, variable in variables.items():
        if role not in state or tuple(variable.shape) != state[role].shape:
            found = f"shape {state[role].shape}" if role in state else "nothing"
            raise ValueError(
                f"it is of another model: {role} has shape {tuple(variable.shape)}, found {found}"
            )
    return [(variable, state[role]) for role, variable in variables.items()]


def roles(model: Any) -> dict[str, Any]:
    """All variables of a GAN in training, by what they are for, as generator_optimizer/momentum/logits.

    A role does not depend on what else the process has built, as Keras' paths do.
    """
    networks = {
        "generator": model.generator,
        "discriminator": model.discriminator,
        "estimator": model.estimator,
    }
    found = {"averaged": model.averaged, "temperature": model.temperature}
    for place, network in networks.items():
        weights = _named(network.variables)
        found |= {f"{place}/{name}": weight for name, weight in weights.items()}
        optimizer = (
            model.estimator.optimizer if place == "estimator" else getattr(model, f"{place}_optimizer")
        )
        if optimizer is not None:
            own = _of_optimizer(optimizer, weights)
            found |= {f"{place}_optimizer/{name}": variable for name, variable in own.items()}
    return found


def _named(variables: list[Any]) -> dict[str, Any]:
    """Variables by their names; of several of one name the second has /2 behind it, and so on."""
    found: dict[str, Any] = {}
    for variable in variables:
        found[_next(variable.name, found)] = variable
    return found


def _next(name: str, taken: Mapping[str, Any]) -> str:
    number = 1
    while (numbered := name if number == 1 else f"{name}/{number}") in taken:
        number += 1
    return numbered


def _of_optimizer(optimizer: Any, weights: Mapping[str, Any]) -> dict[str, Any]:
    """An optimizer's variables, each that belongs to a weight by slot and the weight's name.

    Keras names such a variable by the weight's path and the slot, which finds both.
    """
    paths: dict[str, str] = {}
    for name, weight in weights.items():
        paths.setdefault(weight.path.replace("/", "_"), name)
    found: dict[str, Any] = {}
    for variable in optimizer.variables:
        owners = [path for path in paths if variable.name.startswith(f"{path}_")]
        if not owners:
            found[_next(variable.name, found)] = variable
            continue
        owner = max(owners, key=len)
        role = f"{variable.name.removeprefix(f'{owner}_')}/{paths[owner]}"
        found[_next(role, found)] = variable  # in the order of the weights, where several have one path
    return found

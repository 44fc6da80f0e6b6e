"""What a training has found."""

import json
import os
import zipfile
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..config.catalogue import SOURCES, SourceRow
from ..config.checks import one_line
from ..config.config import Config
from .readable import Readable

OLD_NETWORKS = ("SequenceGenerator", "SequenceDiscriminator")
"""Classes whose networks of version 0.1 had no runs axis."""


@dataclass(repr=False)
class Result:
    """A training and what it learned.

    Attributes:
        config: its settings.
        labels: K names of the categories.
        target_is: "given", "frequencies" or "counted".
        epochs: int [E'], the epochs (1, 2, ...) after which `probabilities` were recorded.
        probabilities: [E', R, K'], learned; K' is K up to 10,000 categories, else they are the 1,000 most
            probable and the others together.
        targets: [E', K'], what they should be.
        metrics: name to [E, R], after every epoch.
        learned: [R, K], after the last epoch.
        averaged: [R, K], mean over every generator step from `training.average_from` on.
        counted: [R, K], by plain counting of the very integers that each run consumed.
        target: [K].
        optimizer_steps: of one run.
        compile_seconds: tracing, compiling and running the first epoch.
        train_seconds: all later epochs.
        directory: where it was loaded from, if it was.
        versions: of the main packages.
        samples: of generators of strings, those of each run; empty for single categories.
        kind: of the source, a name of the catalogue's.
        classes: K names of the groups that tables show in place of categories, if they do.
    """

    config: Config
    labels: tuple[str, ...]
    target_is: str
    epochs: np.ndarray
    probabilities: np.ndarray
    targets: np.ndarray
    metrics: dict[str, np.ndarray]
    learned: np.ndarray
    averaged: np.ndarray
    counted: np.ndarray
    target: np.ndarray
    optimizer_steps: int
    compile_seconds: float
    train_seconds: float
    directory: str | None = None
    versions: dict[str, str] | None = None
    samples: tuple[tuple[str, ...], ...] = ()
    kind: str = "distribution"
    classes: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        """Short: its arrays hold thousands of numbers."""
        place = f", {self.directory}" if self.directory else ""
        counts = f"{self.runs} runs, {self.trained_epochs} epochs, {len(self.labels)} categories"
        return f"<Result of {counts}{place}>"

    @property
    def runs(self) -> int:
        """R, the runs side by side."""
        return len(self.learned)

    @property
    def trained_epochs(self) -> int:
        """E, the epochs that were finished."""
        return len(next(iter(self.metrics.values())))

    @property
    def source(self) -> SourceRow:
        """The catalogue's row of its source: what scores and figures it has beside those of all."""
        return SOURCES[self.kind]

    @cached_property
    def generator(self) -> Any:
        """The trained generator; loading it loads TensorFlow."""
        return self._network("generator.keras")

    @cached_property
    def discriminator(self) -> Any:
        """The trained discriminator; loading it loads TensorFlow."""
        return self._network("discriminator.keras")

    def _network(self, name: str) -> Any:
        if self.directory is None:
            raise AttributeError("a result that was not saved keeps its networks in its CategoricalGAN")
        path = os.path.join(self.directory, name)
        try:
            check_version(path)
            import keras

            from ..gan import discriminators, generators, sequences  # noqa: F401  (registers them with Keras)

            return keras.models.load_model(path)
        except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} cannot be read ({one_line(error)}): train again") from None

    @property
    def shown_labels(self) -> tuple[str, ...]:
        """K' names of the categories in `probabilities`."""
        return self.readable.labels(self.labels)

    @property
    def readable(self) -> Readable:
        """Reduces [..., K] to the K' categories of `probabilities`."""
        return Readable(self.target, self.target_is != "counted", self.classes)

    @property
    def shares(self) -> dict[str, np.ndarray]:
        """Of each run's samples of strings: how many are different, and how many it was trained on, [R]."""
        distinct = [len(set(samples)) / len(samples) for samples in self.samples]
        seen = [{self.labels[s] for s in np.flatnonzero(counted)} for counted in self.counted]
        overlap = [
            sum(sample in known for sample in samples) / len(samples)
            for samples, known in zip(self.samples, seen, strict=True)
        ]
        return {"distinct_share": np.array(distinct), "training_overlap": np.array(overlap)}

    @property
    def errors(self) -> np.ndarray:
        """Learned minus true probability, [E', R, K']."""
        return self.probabilities - self.targets[:, None, :]


def check_version(path: str) -> None:
    """Check that a saved network is not one of strings that version 0.1 wrote.

    Raises:
        OSError: there is no such file.
        ValueError: it is.
    """
    with zipfile.ZipFile(path) as archive:
        saved = json.loads(archive.read("config.json"))
    if saved.get("class_name") in OLD_NETWORKS and "runs" not in saved.get("config", {}):
        raise ValueError("a network of strings that gumbel_gan 0.1 wrote, which this version cannot load")

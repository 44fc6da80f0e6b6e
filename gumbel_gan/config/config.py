"""What a training is made of: typed, frozen settings and how they go together.

Nothing here imports TensorFlow: a mistake is reported before it is loaded. Every error is a
``ValueError`` with one line that names the setting, what was received and what would do.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .catalogue import (
    DISCRIMINATORS,
    ESTIMATORS,
    GENERATORS,
    KEYS,
    LOSSES,
    PENALTIES,
    SMOOTHINGS,
    SOURCES,
    VIEWS,
    check_names,
    is_own,
)
from .checks import check_part, check_positive, seed_of
from .data import Data
from .networks import Discriminator, Generator, check_schedule_options
from .reading import check_types

END = 0.001
"""Where annealing ends: the post's constant temperature."""


@dataclass(frozen=True)
class Annealing:
    """How the temperature falls over the training.

    Attributes:
        schedule: its shape.
        end: what it falls to, above zero (default: the post's 0.001).
        until: fraction of the training after which the temperature has reached `end`, above 0 up to 1.
        options: of a schedule of your own, as --annealing.options.NAME VALUE.

    Example:
        >>> import gumbel_gan as gg
        >>> annealing = gg.Annealing("exponential", end=0.01, until=0.5)
        >>> config = gg.Config(temperature=1.0, annealing=annealing, epochs=4, seed=0)
        >>> result, gan = gg.run(config)
        >>> print(result.metrics["temperature"][:, 0].round(2))
        [0.1  0.01 0.01 0.01]
    """

    schedule: str = "constant"
    end: float | None = None
    until: float = 1.0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_types(self, "annealing.")
        check_names("annealing", self)
        check_schedule_options("annealing.schedule", self.schedule, "annealing.options", self.options)
        if self.end is not None:
            check_positive("annealing.end", self.end)
            if self.schedule == "constant":
                raise ValueError(
                    f"annealing.end: received {self.end} with no schedule: give annealing.schedule, too"
                )
        if not 0 < self.until <= 1:
            raise ValueError(f"annealing.until: received {self.until}: give a part, above 0 up to 1")


@dataclass(frozen=True)
class Training:
    """The game between the two.

    Attributes:
        batch_size: examples in a batch.
        batches: batches in an epoch; the stream itself has no end.
        generator_steps: generator steps for each batch.
        discriminator_steps: discriminator steps for each batch, each with new samples.
        generated_per_real: samples for each real example.
        loss: the pair of losses.
        epsilon: Adam's, for both networks (TensorFlow 1's default, the post's; Keras has 1e-7).
        average_from: fraction of the training to skip before steps count in `averaged`, from 0 to below 1.
        patience: of tables: epochs without a better likelihood of the stopping rows after which the training
            ends; every run keeps its best weights (default: it goes to the end, and keeps the last).

    Example:
        >>> import gumbel_gan as gg
        >>> training = gg.Training(batches=50, generator_steps=1, loss="hinge")
        >>> result, gan = gg.run(gg.Config(epochs=2, training=training, seed=0))
        >>> result.optimizer_steps
        200
    """

    batch_size: int = 10
    batches: int = 100
    generator_steps: int = 10
    discriminator_steps: int = 1
    generated_per_real: int = 1
    loss: str = "non_saturating"
    epsilon: float = 1e-8
    average_from: float = 0.5
    patience: int | None = None

    def __post_init__(self) -> None:
        check_types(self, "training.")
        check_names("training", self)
        for name in self.__dataclass_fields__:
            if name not in ("loss", "average_from") and getattr(self, name) is not None:
                check_positive(f"training.{name}", getattr(self, name))
        check_part("training.average_from", self.average_from)


@dataclass(frozen=True)
class Config:
    """One training, or many runs of it side by side.

    Attributes:
        output: the directory for the results (default: runs/NAME, the data's, the --config file's, or toy).
        overwrite: replace the results that the output directory holds.
        seed: of everything random; 0 or more (default of commands: 0; in Python: one draw of `random`, so
            that `keras.utils.set_random_seed` settles it).
        runs: independent GANs trained side by side.
        device: where it trains.
        devices: how many of them to split the runs over; of the CPU, its cores.
        epochs: epochs of training.
        temperature: of the Gumbel-softmax samples, at first.
        diagnostics: measure the generator's gradient on the way; more columns in metrics.csv.
        annealing: how the temperature falls.
        data: the stream of categories.
        generator: the generator.
        discriminator: the discriminator.
        training: the game between the two.

    Example:
        >>> import gumbel_gan as gg
        >>> config = gg.Config(runs=8, epochs=50, generator=gg.Generator(estimator="rloo"), seed=0)
        >>> config.generator.estimator, config.temperature
        ('rloo', 0.001)
        >>> gg.Config(epochs=0)
        Traceback (most recent call last):
            ...
        ValueError: epochs: received 0: give a number above zero
    """

    output: str | None = None
    overwrite: bool = False
    seed: int = None  # type: ignore[assignment]  # drawn when it is made
    runs: int = 1
    device: str = "auto"
    devices: int = 1
    epochs: int = 200
    temperature: float = 0.001
    diagnostics: bool = False
    annealing: Annealing = field(default_factory=Annealing)
    data: Data = field(default_factory=Data)
    generator: Generator = field(default_factory=Generator)
    discriminator: Discriminator = field(default_factory=Discriminator)
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", seed_of(self.seed))  # the settings are frozen
        check_types(self)
        check_names("", self)
        if self.output is not None:
            object.__setattr__(self, "output", os.path.expanduser(self.output))
        for name in ("runs", "devices", "epochs", "temperature"):
            check_positive(name, getattr(self, name))
        if self.devices > self.runs:
            raise ValueError(f"devices: received {self.devices} for {self.runs} runs: give at most as many")
        if self.annealing.schedule != "constant" and self.temperature <= (end := self.annealing.end or END):
            raise ValueError(
                f"temperature: received {self.temperature}, and annealing falls to {end}: "
                "give a higher temperature to begin with"
            )
        self._check_samples()
        self._check_sequences()
        self._check_game()
        self._check_patience()

    def _check_samples(self) -> None:
        samples = self.training.batch_size * self.training.generated_per_real
        if samples < (needed := ESTIMATORS[self.generator.estimator].smallest_batch):
            raise ValueError(
                f"training.batch_size: received {self.training.batch_size} with the estimator "
                f"{self.generator.estimator}, which needs {needed} samples: give {needed}"
            )

    def _check_sequences(self) -> None:
        """Refuse what does not go with sequences, or only with them."""
        stream = self.data.stream
        for key, family, name in (
            ("generator.kind", GENERATORS, self.generator.kind),
            ("discriminator.kind", DISCRIMINATORS, self.discriminator.kind),
            ("discriminator.view", VIEWS, self.discriminator.view),
            ("data.smoothing", SMOOTHINGS, self.data.smoothing),
        ):
            if name in family.rows and not getattr(family[name], stream):
                would_do = ", ".join(family.names(**{stream: True}))
                example = {"sequences": "; see configs/grammar.yaml", "rows": "; see configs/table.yaml"}
                raise ValueError(
                    f"{key}: received {name} for {stream} {self._why(stream)}: give {would_do}"
                    + (example.get(stream, "") if key == "generator.kind" else "")
                )
        if stream == "categories":
            return
        for name, given in (
            ("diagnostics", self.diagnostics),
            ("discriminator.spectral_norm", self.discriminator.spectral_norm),
        ):
            if given:
                raise ValueError(f"{name}: received for sequences, which have none: leave it out")

    def _why(self, stream: str) -> str:
        """What makes the stream what it is."""
        return "(data.columns)" if stream == "rows" else f"(data.length {self.data.length})"

    def _check_patience(self) -> None:
        if self.training.patience is None:
            return
        if not SOURCES[self.data.kind].stops or self.data.stopping == 0:
            raise ValueError(
                f"training.patience: received {self.training.patience}, and nothing tells when to stop: give "
                "data.columns, with some data.stopping, or leave it out"
            )
        if self.devices > 1:
            raise ValueError(
                f"training.patience: received with {self.devices} devices, whose runs would stop apart: "
                "leave one of the two out"
            )

    def _check_game(self) -> None:
        """Refuse what makes no sense together."""
        estimator, view = self.generator.estimator, self.discriminator.view
        hard = not ESTIMATORS[estimator].soft or VIEWS[view].hides_softness
        if SMOOTHINGS[self.data.smoothing].needs_soft and hard and estimator in ESTIMATORS.rows:
            soft = ", ".join(ESTIMATORS.names(soft=True))
            raise ValueError(
                f"data.smoothing: received {self.data.smoothing} with the estimator {estimator} and the "
                f"{view} view, where samples are hard: give none, or {soft} and soft"
            )
        for name in self.discriminator.penalties:
            penalty, key = PENALTIES[name], f"discriminator.{name}"
            if penalty.needs_samples and ESTIMATORS[estimator].score_function:
                raise ValueError(
                    f"{key}: received with the estimator {estimator}, which learns from hard samples only "
                    "and never from the slopes between them: give 0, or discriminator.r1"
                )
            if penalty.needs_samples and not VIEWS[view].has_samples:
                raise ValueError(
                    f"{key}: received with the {view} view, which has no samples to stand between: "
                    "give 0, or discriminator.r1"
                )
            if penalty.needs_labels and not LOSSES[self.training.loss].labelled:
                would_do = ", ".join(LOSSES.names(labelled=True))
                raise ValueError(
                    f"{key}: received with the loss {self.training.loss}, which has no labels: "
                    f"give one of {would_do}"
                )

    @property
    def side_by_side(self) -> tuple[int | None, int]:
        """The runs side by side for which XLA is to be set up, None of sequences, and their programs."""
        return None if self.data.sequences else self.runs, self.devices

    def own_parts(self) -> Iterator[tuple[str, str]]:
        """The parts of the user's own that the settings name: setting and module:Class."""
        for key in KEYS:
            part, _, name = key.rpartition(".")
            if is_own(value := getattr(getattr(self, part) if part else self, name)):
                yield key, value

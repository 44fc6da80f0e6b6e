"""What a training is made of: typed, frozen settings and their checks.

Nothing here imports TensorFlow: a mistake is reported before it is loaded. Every error is a
``ValueError`` with one line that names the setting, what was received and what would do.
"""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

POST_PROBABILITIES = (0.0, 0.0, 0.1, 0.3, 0.6)
"""The distribution of the blog post's stream of the numbers 0 to 4."""

END = 0.001
"""Where annealing ends: the post's constant temperature."""

Unit = Literal["characters", "words", "lines", "integers"]
ScheduleName = Literal["constant", "linear", "exponential", "cosine", "inverse"]
EstimatorName = Literal[
    "gumbel_softmax",
    "exact",
    "reinforce",
    "rloo",
    "straight_through",
    "st_gumbel_softmax",
    "gumbel_rao",
    "gapped_straight_through",
    "reinmax",
    "rebar",
    "relax",
]
LossName = Literal["non_saturating", "minimax", "least_squares", "hinge", "wasserstein", "relativistic"]
ESTIMATOR_OPTIONS = {
    "backward_temperature": "st_gumbel_softmax",
    "conditional_draws": "gumbel_rao",
    "gap": "gapped_straight_through",
}
"""Which estimator a setting belongs to."""
Labels = list[str | int | float] | str | None


@dataclass(frozen=True)
class Data:
    """The stream of categories.

    Attributes:
        path: a text file, a CSV file (with `column`), a .npy file of integers, or - for standard input;
            without it the stream is drawn from `probabilities`.
        unit: what one category of a text is (default: characters, for a .npy file integers).
        column: the column of a CSV file with a header that holds the categories.
        probabilities: the true distribution, as [0.2,0.8] or 0.2,0.8 (default: with a path, the file's
            own frequencies; without, the post's 0, 0, 0.1, 0.3, 0.6).
        labels: names of the categories 0, 1, ..., as [a,b] or a,b.
        vocabulary: the categories of a text, as [a,b] or a,b or a file with one label a line (default:
            those that occur, sorted).
    """

    path: str | None = None
    unit: Unit | None = None
    column: str | None = None
    probabilities: list[float] | str | None = None
    labels: Labels = None
    vocabulary: Labels = None

    def __post_init__(self) -> None:
        probabilities = _numbers("data.probabilities", self.probabilities)
        _set(self, "probabilities", probabilities)
        _set(self, "labels", _labels("data.labels", self.labels))
        _set(self, "vocabulary", _labels("data.vocabulary", self.vocabulary))
        if probabilities is not None:
            check_probabilities("data.probabilities", probabilities)
        if self.path is None:
            for name in ("unit", "column", "vocabulary"):
                if getattr(self, name) is not None:
                    raise ValueError(
                        f"data.{name}: received {getattr(self, name)!r} without data.path: give a file, or -"
                    )
            _check_length("data.labels", self.labels, len(probabilities or POST_PROBABILITIES))
        elif self.path == "-":
            if self.vocabulary is None:
                raise ValueError(
                    "data.vocabulary: required with data.path -, where the categories cannot be read ahead: "
                    "give a list (ok,warn,error) or a file with one label a line"
                )
            if self.column is not None:
                raise ValueError("data.column: standard input has no columns: leave it out")
        if self.vocabulary is not None:
            _check_length("data.probabilities", probabilities, len(self.vocabulary))


@dataclass(frozen=True)
class Rate:
    """A learning rate, and how it falls over the training.

    Attributes:
        learning_rate: Adam's, at first.
        schedule: how it falls.
        final_learning_rate: what it falls to (default: a hundredth).
        beta_1: Adam's decay of the mean gradient.
        beta_2: Adam's decay of the mean squared gradient.
    """

    learning_rate: float = 0.0007
    schedule: ScheduleName = "constant"
    final_learning_rate: float | None = None
    beta_1: float = 0.9
    beta_2: float = 0.999

    def __post_init__(self) -> None:
        name = type(self).__name__.lower()
        check_positive(f"{name}.learning_rate", self.learning_rate)
        for beta in ("beta_1", "beta_2"):
            if not 0 <= getattr(self, beta) < 1:
                raise ValueError(f"{name}.{beta}: received {getattr(self, beta)}: give 0 or more, below 1")
        if self.final_learning_rate is not None:
            check_positive(f"{name}.final_learning_rate", self.final_learning_rate)
            if self.schedule == "constant":
                raise ValueError(
                    f"{name}.final_learning_rate: received {self.final_learning_rate} with a constant rate: "
                    f"give {name}.schedule, too"
                )


@dataclass(frozen=True)
class Generator(Rate):
    """The generator: a vector of logits, and how its gradient is estimated.

    Attributes:
        learning_rate: Adam's, at first.
        schedule: how it falls.
        final_learning_rate: what it falls to (default: a hundredth).
        beta_1: Adam's decay of the mean gradient.
        beta_2: Adam's decay of the mean squared gradient.
        estimator: of the gradient through a categorical sample; gumbel_softmax is the post's.
        backward_temperature: of st_gumbel_softmax' Jacobian (default: the temperature).
        conditional_draws: of gumbel_rao's noise (default: 10).
        gap: of gapped_straight_through (default: 1).
    """

    estimator: EstimatorName = "gumbel_softmax"
    backward_temperature: float | None = None
    conditional_draws: int | None = None
    gap: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, estimator in ESTIMATOR_OPTIONS.items():
            value = getattr(self, name)
            if value is None:
                continue
            check_positive(f"generator.{name}", value)
            if self.estimator != estimator:
                raise ValueError(
                    f"generator.{name}: received {value} with the estimator {self.estimator}, that has none: "
                    f"leave it out, or give --generator.estimator {estimator}"
                )


@dataclass(frozen=True)
class Discriminator(Rate):
    """The discriminator.

    Attributes:
        learning_rate: Adam's, at first.
        schedule: how it falls.
        final_learning_rate: what it falls to (default: a hundredth).
        beta_1: Adam's decay of the mean gradient.
        beta_2: Adam's decay of the mean squared gradient.
        kind: logistic is the post's logistic regression, mlp a multi-layer perceptron.
        units: of the mlp's hidden layers, as [64,64] (the default).
    """

    kind: Literal["logistic", "mlp"] = "logistic"
    units: list[int] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.units is not None:
            if self.kind != "mlp":
                raise ValueError(
                    f"discriminator.units: received {self.units}: give discriminator.kind mlp, too"
                )
            if not self.units:
                raise ValueError("discriminator.units: received none: give one hidden layer or more")
            for units in self.units:
                check_positive("discriminator.units", units)


@dataclass(frozen=True)
class Annealing:
    """How the temperature falls over the training.

    Attributes:
        schedule: its shape; `inverse` is exponential in the inverse temperature, the same as exponential.
        end: what it falls to, above zero (default: the post's 0.001).
        until: the part of training that it takes, above 0 and up to 1.
    """

    schedule: ScheduleName = "constant"
    end: float | None = None
    until: float = 1.0

    def __post_init__(self) -> None:
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
        loss: the pair of losses; non_saturating is the post's.
        epsilon: Adam's, for both networks (TensorFlow 1's default, the post's; Keras has 1e-7).
        average_from: the part of training after which epochs count in `averaged`, from 0 to below 1.
    """

    batch_size: int = 10
    batches: int = 100
    generator_steps: int = 10
    discriminator_steps: int = 1
    loss: LossName = "non_saturating"
    epsilon: float = 1e-8
    average_from: float = 0.5

    def __post_init__(self) -> None:
        for name in ("batch_size", "batches", "generator_steps", "discriminator_steps", "epsilon"):
            check_positive(f"training.{name}", getattr(self, name))
        if not 0 <= self.average_from < 1:
            raise ValueError(
                f"training.average_from: received {self.average_from}: give a part of training, "
                "0 or more and below 1"
            )


@dataclass(frozen=True)
class Config:
    """One training, or many runs of it side by side.

    Attributes:
        output: the directory for the results (default: runs/NAME, NAME being the configuration's).
        overwrite: replace the results that the output directory holds.
        seed: of everything random; 0 or more.
        runs: independent GANs trained side by side.
        epochs: epochs of training.
        temperature: of the Gumbel-softmax samples, at first.
        diagnostics: measure the generator's gradient on the way; more columns in metrics.csv.
        annealing: how the temperature falls.
        data: the stream of categories.
        generator: the generator.
        discriminator: the discriminator.
        training: the game between the two.
    """

    output: str | None = None
    overwrite: bool = False
    seed: int = 0
    runs: int = 1
    epochs: int = 200
    temperature: float = 0.001
    diagnostics: bool = False
    annealing: Annealing = field(default_factory=Annealing)
    data: Data = field(default_factory=Data)
    generator: Generator = field(default_factory=Generator)
    discriminator: Discriminator = field(default_factory=Discriminator)
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        for name in ("runs", "epochs", "temperature"):
            check_positive(name, getattr(self, name))
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed: received {self.seed}: give a whole number from 0 to 2**63 - 1")
        if self.annealing.schedule != "constant" and self.temperature == (self.annealing.end or END):
            raise ValueError(
                f"temperature: received {self.temperature}, which is where annealing ends: give a higher one"
            )
        if self.generator.estimator == "rloo" and self.training.batch_size < 2:
            raise ValueError(
                "training.batch_size: received 1 with the estimator rloo, which leaves one out: give two"
            )


PARTS: dict[str, Any] = {
    "annealing": Annealing,
    "data": Data,
    "generator": Generator,
    "discriminator": Discriminator,
    "training": Training,
}
"""The settings that have settings of their own."""


def from_settings(settings: dict[str, Any]) -> Config:
    """The configuration of a nested dictionary, as YAML gives it.

    Raises:
        TypeError: a setting is not known.
        ValueError: a setting's value would not do.
    """
    parts = {key: PARTS[key](**value) for key, value in settings.items() if key in PARTS}
    return Config(**{**settings, **parts})


def check_probabilities(name: str, probabilities: Iterable[float]) -> None:
    """Check that `probabilities` are those of at least two categories.

    Raises:
        ValueError: there are fewer than two, one is negative or no number, or they do not sum to 1
            (within 1e-6).
    """
    probabilities = list(probabilities)
    if len(probabilities) < 2:
        raise ValueError(f"{name}: received {len(probabilities)} categories: give at least two")
    for probability in probabilities:
        if not (math.isfinite(probability) and probability >= 0):
            raise ValueError(f"{name}: received {probability}: give numbers of 0 or more")
    total = math.fsum(probabilities)
    if abs(total - 1) > 1e-6:
        raise ValueError(f"{name}: received numbers that sum to {total:.6g}: give some that sum to 1")


def _set(settings: Any, name: str, value: Any) -> None:
    object.__setattr__(settings, name, value)  # the settings are frozen once they are made


def check_positive(name: str, number: float) -> None:
    """Check that a number is finite and above zero; a ValueError says so."""
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name}: received {number}: give a number above zero")


def _check_length(name: str, values: Any, categories: int) -> None:
    if values is not None and len(values) != categories:
        raise ValueError(
            f"{name}: received {len(values)} values for {categories} categories: give one for each"
        )


def _numbers(name: str, given: list[float] | str | None) -> list[float] | None:
    """A list of numbers, which may have been given as one string with commas."""
    if isinstance(given, str):
        try:
            return [float(number) for number in given.split(",")]
        except ValueError:
            raise ValueError(f"{name}: received {given!r}: give numbers, as 0.2,0.8") from None
    return None if given is None else [float(number) for number in given]


def _labels(name: str, given: Labels) -> list[str] | None:
    """A list of different labels, which may have been given as a string with commas or as a file."""
    if given is None:
        return None
    if isinstance(given, str):
        # Brackets are left where YAML has made something else than text of an item, as of [yes,no].
        labels = _label_file(name, given) if os.path.isfile(given) else given.strip("[]").split(",")
        if len(labels) == 1 and "," not in given and not os.path.isfile(given):
            raise ValueError(f"{name}: received {given!r}, neither a list nor a file: give labels, as a,b,c")
    else:
        labels = [str(label) for label in given]
    if len(labels) < 2:
        raise ValueError(f"{name}: received {len(labels)} labels: give at least two")
    seen: set[str] = set()
    for label in labels:
        if label == "":
            raise ValueError(f"{name}: received an empty label: leave it out")
        if label in seen:
            raise ValueError(f"{name}: received {label!r} twice: give each label once")
        seen.add(label)
    return labels


def _label_file(name: str, path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{name}: cannot read {path}: {error}") from None

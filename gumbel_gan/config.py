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
ScheduleName = Literal["constant", "linear", "exponential", "cosine", "inverse", "inverse_time", "late"]
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
LABELLED = ("non_saturating", "minimax", "least_squares")
"""Losses that call real examples real with a label, which can be smoothed."""
SCORE_FUNCTION = ("reinforce", "rloo", "rebar", "relax")
"""Estimators that learn from the loss of hard samples, not from its slope."""
PATHWISE = (
    "gumbel_softmax",
    "straight_through",
    "st_gumbel_softmax",
    "gumbel_rao",
    "gapped_straight_through",
    "reinmax",
)
"""Estimators that differentiate through their samples."""
LawName = Literal["uniform", "dirichlet", "zipf", "one", "half", "derivation"]
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
        law: a distribution by name, in place of `probabilities`: uniform, dirichlet (drawn from
            Dirichlet(1)), zipf (as 1/k), one (the first category, always), half (uniform on the first half);
            of the grammar's strings uniform or derivation (its rules chosen uniformly).
        categories: of the law.
        law_seed: of dirichlet, and of the strings that are drawn or held out.
        length: of sequences: the grammar's strings, or with a path its lines, are padded to this length
            (default: the stream is of single categories).
        strings: of the grammar, drawn once to be drawn from, or endless (default: 5000).
        drift: the distribution that the stream changes to during training, as `probabilities`.
        drift_from: the epoch after which it changes.
        drift_until: the epoch at which a linear change is complete (default: it is abrupt).
        memory: epochs that counting with forgetting remembers, beside a drift.
        smoothing: what the discriminator sees of real examples: one-hot vectors (none), mixed with the
            uniform distribution (label), with Gaussian noise as the samples too (noise), relaxed as the
            samples are (relaxed).
        smoothing_amount: the part of the uniform, or the noise's standard deviation (default: 0.1).
    """

    path: str | None = None
    unit: Unit | None = None
    column: str | None = None
    probabilities: list[float] | str | None = None
    labels: Labels = None
    vocabulary: Labels = None
    law: LawName | None = None
    categories: int | None = None
    law_seed: int = 0
    length: int | None = None
    strings: int | Literal["endless"] | None = None
    drift: list[float] | str | None = None
    drift_from: int = 100
    drift_until: int | None = None
    memory: int = 10
    smoothing: Literal["none", "label", "noise", "relaxed"] = "none"
    smoothing_amount: float | None = None

    def __post_init__(self) -> None:
        probabilities = _numbers("data.probabilities", self.probabilities)
        _set(self, "probabilities", probabilities)
        self._check_law()
        self._check_drift()
        self._check_smoothing()
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
            _check_length(
                "data.labels", self.labels, self.categories or len(probabilities or POST_PROBABILITIES)
            )
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

    def _check_law(self) -> None:
        if self.law_seed < 0:
            raise ValueError(f"data.law_seed: received {self.law_seed}: give 0 or more")
        if self.law is not None:
            for name in ("path", "probabilities"):
                if getattr(self, name) is not None:
                    raise ValueError(f"data.law: received {self.law} with data.{name}: give one of the two")
        if self.length is not None:
            self._check_sequences(self.length)
        elif self.strings is not None or self.law == "derivation":
            name, value = ("strings", self.strings) if self.strings is not None else ("law", self.law)
            raise ValueError(f"data.{name}: received {value} without data.length: give 12, the paper's, too")
        elif self.law is None and self.categories is not None:
            raise ValueError(f"data.categories: received {self.categories} without data.law: give a law, too")
        elif self.law is not None and self.categories is None:
            raise ValueError(f"data.categories: required with the law {self.law}: give a number, as 20")
        elif self.categories is not None and not 2 <= self.categories <= 10_000_000:
            raise ValueError(
                f"data.categories: received {self.categories} with the law {self.law}: "
                "give a number from 2 to 10,000,000"
            )

    def _check_sequences(self, length: int) -> None:
        if not 3 <= length <= 1000:
            raise ValueError(f"data.length: received {length}: give 3 to 1000")
        for name in ("categories", "probabilities", "labels", "drift", "column"):
            if getattr(self, name) is not None:
                raise ValueError(
                    f"data.{name}: received {getattr(self, name)} with data.length, for sequences, which "
                    "have none: give one of the two"
                )
        if self.law not in (None, "uniform", "derivation"):
            raise ValueError(f"data.law: received {self.law} for strings: give uniform or derivation")
        if self.path is None and length > 18:  # 4^8 strings and more
            raise ValueError(f"data.length: received {length} for the grammar: give 3 to 18")
        if self.path is not None:
            if self.path == "-" or self.unit not in (None, "characters"):
                raise ValueError(
                    f"data.length: received with data.path {self.path} and the unit {self.unit}: give a text "
                    "file, for strings of characters, a string a line"
                )
            if self.strings is not None:
                raise ValueError("data.strings: received with data.path: a file holds all there are")
        if isinstance(self.strings, int):
            check_positive("data.strings", self.strings)

    def _check_drift(self) -> None:
        drift = _numbers("data.drift", self.drift)
        _set(self, "drift", drift)
        check_positive("data.memory", self.memory)
        if drift is None:
            return
        if self.path is not None:
            raise ValueError("data.drift: received with data.path: give data.probabilities or data.law")
        check_probabilities("data.drift", drift)
        _check_length("data.drift", drift, self.categories or len(self.probabilities or POST_PROBABILITIES))
        if self.drift_from < 0 or (self.drift_until or self.drift_from) < self.drift_from:
            raise ValueError(
                f"data.drift_from, data.drift_until: received {self.drift_from}, {self.drift_until}: "
                "give epochs of 0 or more, the second not before the first"
            )

    def _check_smoothing(self) -> None:
        amount = self.smoothing_amount
        if amount is None:
            return
        if self.smoothing not in ("label", "noise"):
            raise ValueError(
                f"data.smoothing_amount: received {amount} with the smoothing {self.smoothing}, "
                "that has none: leave it out, or give data.smoothing label or noise"
            )
        check_positive("data.smoothing_amount", amount)
        if self.smoothing == "label" and amount >= 1:
            raise ValueError(f"data.smoothing_amount: received {amount}: give a part of the whole, below 1")


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
        kind: logits, a vector for one category; or lstm, for sequences.
        units: of the lstm.
        optimizer: adam, or the natural gradient of a categorical distribution, which has no betas.
        ema: momentum of a moving average of the weights, which is then what is learned; 0 or more, below 1
            (default: none).
    """

    estimator: EstimatorName = "gumbel_softmax"
    backward_temperature: float | None = None
    conditional_draws: int | None = None
    gap: float | None = None
    kind: Literal["logits", "lstm"] = "logits"
    units: int = 64
    optimizer: Literal["adam", "natural"] = "adam"
    ema: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ema is not None and not 0 <= self.ema < 1:
            raise ValueError(f"generator.ema: received {self.ema}: give 0 or more, below 1")
        check_positive("generator.units", self.units)
        if self.kind == "lstm" and self.estimator not in PATHWISE:
            raise ValueError(
                f"generator.estimator: received {self.estimator} with an lstm, whose samples are fed back: "
                f"give one of {', '.join(PATHWISE)}"
            )
        if self.kind == "lstm" and self.optimizer == "natural":
            raise ValueError("generator.optimizer: received natural with an lstm: give adam")
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
        kind: logistic is the post's logistic regression, mlp a multi-layer perceptron; for sequences mlp,
            convolution or lstm.
        units: of the hidden layers, as [64,64] (the default).
        view: what it sees of generated examples: samples as the estimator makes them (soft), their hard
            counterparts (hard), or every category, weighted by its probability (exact).
        r1: weight of half the squared slope at real examples.
        gradient_penalty: weight of (slope - 1)^2 between real and generated examples.
        label_smoothing: one-sided: real examples are called real with 1 minus this.
        weight_decay: of Adam, times the learning rate.
        spectral_norm: keep the kernels' largest singular values at 1 or below.
    """

    kind: Literal["logistic", "mlp", "convolution", "lstm"] = "logistic"
    units: list[int] | None = None
    view: Literal["soft", "hard", "exact"] = "soft"
    r1: float = 0.0
    gradient_penalty: float = 0.0
    label_smoothing: float = 0.0
    weight_decay: float = 0.0
    spectral_norm: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("r1", "gradient_penalty", "label_smoothing", "weight_decay"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"discriminator.{name}: received {value}: give 0 or more")
        if self.label_smoothing >= 1:
            raise ValueError(
                f"discriminator.label_smoothing: received {self.label_smoothing}: give a part of 1, below it"
            )
        if self.units is not None:
            if self.kind == "logistic":
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
        generated_per_real: samples for each real example.
        loss: the pair of losses; non_saturating is the post's.
        epsilon: Adam's, for both networks (TensorFlow 1's default, the post's; Keras has 1e-7).
        average_from: the part of training after which every step counts in `averaged`, from 0 to below 1.
    """

    batch_size: int = 10
    batches: int = 100
    generator_steps: int = 10
    discriminator_steps: int = 1
    generated_per_real: int = 1
    loss: LossName = "non_saturating"
    epsilon: float = 1e-8
    average_from: float = 0.5

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if name not in ("loss", "average_from"):
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
        devices: GPUs, or without any the processor's cores, that share the runs.
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
        for name in ("runs", "devices", "epochs", "temperature"):
            check_positive(name, getattr(self, name))
        if self.devices > self.runs:
            raise ValueError(f"devices: received {self.devices} for {self.runs} runs: give at most as many")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed: received {self.seed}: give a whole number from 0 to 2**63 - 1")
        if self.annealing.schedule != "constant" and self.temperature <= (end := self.annealing.end or END):
            raise ValueError(
                f"temperature: received {self.temperature}, and annealing falls to {end}: "
                "give a higher temperature to begin with"
            )
        samples = self.training.batch_size * self.training.generated_per_real
        if self.generator.estimator == "rloo" and samples < 2:
            raise ValueError(
                "training.batch_size: received 1 with the estimator rloo, which leaves one out: give two"
            )
        self._check_game()

    def _check_sequences(self) -> None:
        """Refuse what does not go with sequences, or only with them."""
        sequences, kind = self.data.length is not None, self.discriminator.kind
        if sequences != (self.generator.kind == "lstm"):
            raise ValueError(
                f"generator.kind: received {self.generator.kind} with data.length {self.data.length}: "
                "sequences, and only they, need an lstm; see configs/grammar.yaml"
            )
        if (kind == "logistic" and sequences) or (kind in ("convolution", "lstm") and not sequences):
            would_do = "mlp, convolution or lstm" if sequences else "logistic or mlp"
            raise ValueError(
                f"discriminator.kind: received {kind} beside {self.generator.kind}: give {would_do}"
            )
        if not sequences:
            return
        for name, given in (
            ("diagnostics", self.diagnostics),
            ("discriminator.spectral_norm", self.discriminator.spectral_norm),
            ("discriminator.view", self.discriminator.view == "exact"),
            ("data.smoothing", self.data.smoothing == "relaxed"),
        ):
            if given:
                raise ValueError(f"{name}: received for sequences, which have none: leave it out")

    def check_one_run(self) -> None:
        """A training of sequences has one run (so that its layers are Keras' own); a ValueError says so."""
        if self.data.length is not None and self.runs > 1:
            raise ValueError(
                f"runs: received {self.runs} with an lstm, which trains one: give 1, or use a study"
            )

    def _check_game(self) -> None:
        """Refuse what makes no sense together."""
        self._check_sequences()
        estimator, discriminator = self.generator.estimator, self.discriminator
        soft = estimator == "gumbel_softmax" and discriminator.view == "soft"
        if self.data.smoothing == "relaxed" and not soft:
            raise ValueError(
                f"data.smoothing: received relaxed with the estimator {estimator} and the "
                f"{discriminator.view} view, where samples are hard: give none, or gumbel_softmax and soft"
            )
        if estimator in SCORE_FUNCTION and discriminator.gradient_penalty:
            raise ValueError(
                f"discriminator.gradient_penalty: received with the estimator {estimator}, which learns from "
                "hard samples only and never from the slopes between them: give 0, or discriminator.r1"
            )
        if discriminator.gradient_penalty and discriminator.view == "exact":
            raise ValueError(
                "discriminator.gradient_penalty: received with the exact view, which has no samples to stand "
                "between: give 0, or discriminator.r1"
            )
        if discriminator.label_smoothing and self.training.loss not in LABELLED:
            raise ValueError(
                f"discriminator.label_smoothing: received with the loss {self.training.loss}, which has no "
                f"labels: give one of {', '.join(LABELLED)}"
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

"""The settings of the two networks."""

from dataclasses import dataclass, field
from typing import Any

from .catalogue import DISCRIMINATORS, ESTIMATORS, GENERATORS, OPTIMIZERS, PENALTIES, SCHEDULES, check_names
from .checks import check_not_negative, check_part, check_positive
from .reading import check_types


@dataclass(frozen=True)
class Rate:
    """A learning rate, and how it falls over the training.

    Attributes:
        learning_rate: at first.
        schedule: how it falls.
        final_learning_rate: what it falls to (default: a hundredth).
        schedule_options: of a schedule of your own.
        beta_1: Adam's decay of the mean gradient.
        beta_2: Adam's decay of the mean squared gradient.
    """

    learning_rate: float = 0.0007
    schedule: str = "constant"
    final_learning_rate: float | None = None
    schedule_options: dict[str, Any] = field(default_factory=dict)
    beta_1: float = 0.9
    beta_2: float = 0.999

    def __post_init__(self) -> None:
        part = type(self).__name__.lower()
        check_types(self, f"{part}.")
        check_names(part, self)
        check_positive(f"{part}.learning_rate", self.learning_rate)
        check_part(f"{part}.beta_1", self.beta_1)
        check_part(f"{part}.beta_2", self.beta_2)
        check_schedule_options(
            f"{part}.schedule", self.schedule, f"{part}.schedule_options", self.schedule_options
        )
        if self.final_learning_rate is not None:
            check_positive(f"{part}.final_learning_rate", self.final_learning_rate)
            if self.schedule == "constant":
                raise ValueError(
                    f"{part}.final_learning_rate: received {self.final_learning_rate} with a constant rate: "
                    f"give {part}.schedule, too"
                )


def check_schedule_options(key: str, schedule: str, place: str, options: dict[str, Any]) -> None:
    """Check that only a schedule of the user's own gets options.

    Raises:
        ValueError: another one gets some.
    """
    if options and schedule in SCHEDULES.rows and not SCHEDULES[schedule].options:
        raise ValueError(
            f"{place}: received {options} with {key} {schedule}, which takes none: leave them out"
        )


@dataclass(frozen=True)
class Generator(Rate):
    """The generator: a vector of logits, and how its gradient is estimated.

    Attributes:
        learning_rate: at first.
        schedule: how it falls.
        final_learning_rate: what it falls to (default: a hundredth).
        schedule_options: of a schedule of your own.
        beta_1: Adam's decay of the mean gradient.
        beta_2: Adam's decay of the mean squared gradient.
        estimator: of the gradient through a categorical sample.
        options: of an estimator of your own, as --generator.options.NAME VALUE.
        backward_temperature: of st_gumbel_softmax's backward pass (default: the temperature).
        conditional_draws: noise draws that gumbel_rao averages per sample (default: 10).
        gap: how far gapped_straight_through sets the other logits below the drawn one (default: 1).
        kind: of network.
        units: of the lstm, or of the perceptrons of columns.
        optimizer: of the generator.
        ema: momentum of a moving average of the weights, used as the result; 0 or more, below 1 (default:
            none).

    Example:
        >>> import gumbel_gan as gg
        >>> settings = gg.Generator(estimator="st_gumbel_softmax", backward_temperature=0.5)
        >>> gan = gg.build(gg.Config(generator=settings, seed=0), categories=5)
        >>> gan.estimator.backward_temperature
        0.5
    """

    estimator: str = "gumbel_softmax"
    options: dict[str, Any] = field(default_factory=dict)
    backward_temperature: float | None = None
    conditional_draws: int | None = None
    gap: float | None = None
    kind: str = "logits"
    units: int = 64
    optimizer: str = "adam"
    ema: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ema is not None:
            check_part("generator.ema", self.ema)
        check_positive("generator.units", self.units)
        for name, value in (own := self.estimator_settings).items():
            if value is not None:
                check_positive(f"generator.{name}", value)
        ESTIMATORS.check_options("generator.estimator", self.estimator, own)
        check_options("generator", ESTIMATORS, self.estimator, self.options)
        known = self.estimator in ESTIMATORS.rows  # one of the user's own is checked when it is loaded
        if known and GENERATORS[self.kind].fed_back and not ESTIMATORS[self.estimator].pathwise:
            raise ValueError(
                f"generator.estimator: received {self.estimator} with the generator {self.kind}, whose "
                f"samples are fed back: give one of {', '.join(ESTIMATORS.names(pathwise=True))}"
            )
        if not OPTIMIZERS[self.optimizer].sequences and not GENERATORS[self.kind].categories:
            would_do = ", ".join(OPTIMIZERS.names(sequences=True))
            raise ValueError(
                f"generator.optimizer: received {self.optimizer} with the generator {self.kind}: "
                f"give {would_do}"
            )

    @property
    def estimator_settings(self) -> dict[str, Any]:
        """The settings that belong to one estimator each, None where they were not given."""
        names = ("backward_temperature", "conditional_draws", "gap")
        return {name: getattr(self, name) for name in names}

    @property
    def estimator_options(self) -> dict[str, Any]:
        """What the estimator is constructed with."""
        given = {name: value for name, value in self.estimator_settings.items() if value is not None}
        return {**given, **self.options}


@dataclass(frozen=True)
class Discriminator(Rate):
    """The discriminator.

    Attributes:
        learning_rate: at first.
        schedule: how it falls.
        final_learning_rate: what it falls to (default: a hundredth).
        schedule_options: of a schedule of your own.
        beta_1: Adam's decay of the mean gradient.
        beta_2: Adam's decay of the mean squared gradient.
        kind: of network.
        options: of a discriminator of your own, as --discriminator.options.NAME VALUE.
        units: of the hidden layers, as [64,64] (the default).
        view: how it sees generated examples.
        r1: weight of half the squared gradient norm at real examples.
        gradient_penalty: weight of (slope - 1)^2 between real and generated examples.
        label_smoothing: one-sided: the label of real examples is 1 minus this.
        weight_decay: decoupled: each step shrinks the weights by this times the learning rate.
        spectral_norm: keep the kernels' largest singular values at 1 or below.

    Example:
        >>> import gumbel_gan as gg
        >>> settings = gg.Discriminator(kind="mlp", units=[16], r1=0.1)
        >>> gan = gg.build(gg.Config(discriminator=settings, seed=0), categories=5)
        >>> gan.discriminator.units, gan.penalties
        ([16], {'r1': 0.1})
    """

    kind: str = "logistic"
    options: dict[str, Any] = field(default_factory=dict)
    units: list[int] | None = None
    view: str = "soft"
    r1: float = 0.0
    gradient_penalty: float = 0.0
    label_smoothing: float = 0.0
    weight_decay: float = 0.0
    spectral_norm: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_not_negative("discriminator.weight_decay", self.weight_decay)
        for name, penalty in PENALTIES.rows.items():
            weight = getattr(self, name)
            check_not_negative(f"discriminator.{name}", weight)
            if penalty.below_one and weight >= 1:
                raise ValueError(f"discriminator.{name}: received {weight}: give a part of 1, below it")
        DISCRIMINATORS.check_options(
            "discriminator.kind", self.kind, {"units": self.units, "spectral_norm": self.spectral_norm}
        )
        check_options("discriminator", DISCRIMINATORS, self.kind, self.options)
        if self.units is not None:
            if not self.units:
                raise ValueError("discriminator.units: received none: give one hidden layer or more")
            for units in self.units:
                check_positive("discriminator.units", units)

    @property
    def penalties(self) -> dict[str, float]:
        """The weights of the penalties that have one."""
        return {name: weight for name in PENALTIES if (weight := getattr(self, name)) > 0}

    @property
    def network_options(self) -> dict[str, Any]:
        """What the network is constructed with."""
        given = {"units": self.units, "spectral_norm": self.spectral_norm}
        taken = DISCRIMINATORS[self.kind].options
        return {**{n: value for n, value in given.items() if n in taken and value}, **self.options}


def check_options(part: str, family: Any, name: str, options: dict[str, Any]) -> None:
    """Check that only a part that takes options gets some.

    Raises:
        ValueError: it takes none, or not these.
    """
    if name in family.rows and (unknown := set(options) - set(family[name].options)):
        raise ValueError(
            f"{part}.options.{sorted(unknown)[0]}: received with the {family.noun} {name}, which has no such "
            f"option: {'give ' + ', '.join(family[name].options) if family[name].options else 'leave it out'}"
        )

"""What a page says of its game: the controls, their checks, and the same as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ..config.catalogue import DISCRIMINATORS, ESTIMATORS, LOSSES, SMOOTHINGS, VIEWS
from ..config.checks import check_probabilities, suggestion
from ..config.config import Config, Training
from ..config.data import POST_PROBABILITIES, Data
from ..config.networks import Discriminator, Generator

SETTINGS = {
    "target": "data.probabilities",
    "temperature": "temperature",
    "generator_rate": "generator.learning_rate",
    "discriminator_rate": "discriminator.learning_rate",
    "estimator": "generator.estimator",
    "discriminator": "discriminator.kind",
    "loss": "training.loss",
    "smoothing": "data.smoothing",
    "view": "discriminator.view",
    "generator_steps": "training.generator_steps",
    "runs": "runs",
}
"""The controls among the settings of a training; `held` is none of them."""
PARTS = {"data": Data, "generator": Generator, "discriminator": Discriminator, "training": Training}
CHOICES: Mapping[str, Sequence[Any]] = {
    "estimator": list(ESTIMATORS.rows),
    "discriminator": DISCRIMINATORS.names(categories=True),
    "loss": list(LOSSES.rows),
    "smoothing": SMOOTHINGS.names(categories=True),
    "view": VIEWS.names(categories=True),
    "generator_steps": (1, 2, 5, 10),
    "runs": (1, 16, 64),
}
"""Controls that compile the game again, and what each may be; the compiled program reads the others."""
RANGES = {"temperature": (1e-3, 10.0), "generator_rate": (1e-5, 0.3), "discriminator_rate": (1e-5, 0.3)}
MOST = 12
"""Categories that the page has room for."""


@dataclass(frozen=True)
class Controls:
    """The state of the controls.

    Attributes:
        target: the true probabilities, [K].
        temperature: of the samples, from 0.001 to 10.
        generator_rate: the generator's learning rate, from 0.00001 to 0.3.
        discriminator_rate: the discriminator's.
        held: whether the generator is held at the target, where there is nothing left to learn.
        estimator: of the generator's gradient.
        discriminator: its kind.
        loss: the pair of losses.
        smoothing: what the discriminator sees of real examples.
        view: what it sees of generated ones.
        generator_steps: for each batch.
        runs: games side by side.

    Raises:
        ValueError: one of them would not do, or they do not go together.

    Example:
        >>> from gumbel_gan.live.controls import Controls
        >>> controls = Controls(temperature=0.1, estimator="exact")
        >>> controls.query()
        'temperature=0.1&estimator=exact'
        >>> Controls.from_query("temperature=0.1&estimator=exact") == controls
        True
    """

    target: tuple[float, ...] = tuple(POST_PROBABILITIES)
    temperature: float = 0.001
    generator_rate: float = 0.0007
    discriminator_rate: float = 0.0007
    held: bool = False
    estimator: str = "gumbel_softmax"
    discriminator: str = "logistic"
    loss: str = "non_saturating"
    smoothing: str = "none"
    view: str = "soft"
    generator_steps: int = 10
    runs: int = 1

    def __post_init__(self) -> None:
        check_probabilities("target", self.target)
        if not 2 <= len(self.target) <= MOST:
            raise ValueError(f"target: received {len(self.target)} probabilities: give 2 to {MOST}")
        for name, (low, high) in RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name}: received {getattr(self, name)}: give {low} to {high}")
        for name, choices in CHOICES.items():
            if (given := getattr(self, name)) not in choices:
                would_do = f": give one of {', '.join(map(str, choices))}"
                raise ValueError(
                    f"{name}: received {given}{suggestion(str(given), map(str, choices), would_do)}"
                )
        self.config()

    def config(self) -> Config:
        """The settings of a training that are the same."""
        groups = self._groups(self.changed())
        groups["training"]["average_from"] = 0.0
        parts = {group: part(**groups[group]) for group, part in PARTS.items()}
        return Config(seed=0, device="cpu", diagnostics=True, **groups[""], **parts)

    @staticmethod
    def _groups(controls: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Some controls as settings, by group; those of no group under ""."""
        groups: dict[str, dict[str, Any]] = {group: {} for group in ("", *PARTS)}
        for name, value in controls.items():
            if name in SETTINGS:
                group, _, setting = SETTINGS[name].rpartition(".")
                groups[group][setting] = list(value) if isinstance(value, tuple) else value
        return groups

    def compiles_again(self, before: "Controls") -> bool:
        """Whether another program is needed than before."""
        shape = len(self.target) != len(before.target)
        return shape or any(getattr(self, name) != getattr(before, name) for name in CHOICES)

    def goes_on_from(self, before: "Controls") -> bool:
        """Whether a game can go on with these: the runs and the categories are as many as before."""
        return self.runs == before.runs and len(self.target) == len(before.target)

    def changed(self) -> dict[str, Any]:
        """Those that are not as in the post, by name."""
        names = [field.name for field in fields(self)]
        return {n: getattr(self, n) for n in names if getattr(self, n) != getattr(Controls, n)}

    def query(self) -> str:
        """The controls as the query of an address."""
        told = self.changed()
        if "target" in told:
            told["target"] = " ".join(map(str, self.target))
        return urlencode({name: int(value) if name == "held" else value for name, value in told.items()})

    @classmethod
    def from_query(cls, query: str) -> "Controls":
        """The controls that a query describes.

        Raises:
            ValueError: it names a control that there is not, or a value that would not do.
        """
        given: dict[str, Any] = {}
        kinds = {field.name: type(getattr(cls, field.name)) for field in fields(cls)}
        for name, text in parse_qsl(query, keep_blank_values=True):
            if name not in kinds:
                raise ValueError(f"settings: received {name}: give one of {', '.join(kinds)}")
            if name in given:
                raise ValueError(f"{name}: received twice: give it once")
            try:
                given[name] = _read(kinds[name], text)
            except (KeyError, ValueError):
                raise ValueError(f"{name}: received {text!r}: give {_KINDS[kinds[name]]}") from None
        return cls(**given)

    def command(self) -> str:
        """The command that trains with the same settings."""
        told = [(SETTINGS[name], value) for name, value in self.changed().items() if name in SETTINGS]
        return " ".join(
            ["python -m gumbel_gan.train", *(f"--{key} {_written(value)}" for key, value in told)]
        )

    def python(self) -> str:
        """A few lines of Python that do the same."""
        groups = self._groups(self.changed())
        given = [f"{setting}={value!r}" for setting, value in groups.pop("").items()]
        for group, settings in groups.items():
            if settings:
                inside = ", ".join(f"{setting}={value!r}" for setting, value in settings.items())
                given.append(f"{group}=gg.{group.capitalize()}({inside})")
        return "\n".join(
            [
                "import gumbel_gan as gg",
                f"config = gg.Config({', '.join(['seed=0', *given])})",
                "result, gan = gg.run(config)",
                "print(result.averaged.round(3))",
                'gg.error_heatmap(result).savefig("heatmap.png")',
            ]
        )


_KINDS = {tuple: "probabilities, as 0.2 0.8", float: "a number", bool: "0 or 1", int: "a whole number",
          str: "a name"}  # fmt: skip


def _read(kind: type, text: str) -> Any:
    if kind is tuple:
        return tuple(float(part) for part in text.replace(",", " ").split())
    if kind is bool:
        return {"0": False, "1": True}[text]
    return kind(text)


def _written(value: Any) -> str:
    return '"[' + ", ".join(map(str, value)) + ']"' if isinstance(value, tuple) else str(value)

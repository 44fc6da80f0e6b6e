import math
from dataclasses import FrozenInstanceError, asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from gumbel_gan.config.config import Annealing, Config, Training
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.results.directory import config_yaml
from gumbel_gan.train import parser

from ..conftest import ROOT

TOY = str(ROOT / "configs" / "toy.yaml")


def parse(*arguments: str) -> Config:
    options = parser()
    return options.config(options.parse_args(arguments))


def test_default_is_the_post_and_toy_yaml() -> None:
    toy = parse("--config", TOY)
    assert toy == Config() == parse()
    assert (toy.epochs, toy.temperature) == (200, 0.001)
    assert (toy.generator.learning_rate, toy.discriminator.learning_rate) == (0.0007, 0.0007)
    training = toy.training
    assert (training.batch_size, training.batches, training.generator_steps, training.epsilon) == (
        10,
        100,
        10,
        1e-8,
    )


def test_flags_override_files() -> None:
    config = parse("--config", TOY, "--epochs", "3", "--generator.learning_rate=0.1")
    assert (config.epochs, config.generator.learning_rate, config.runs) == (3, 0.1, 1)


def test_resolved_settings_are_read_back(tmp_path: Path) -> None:
    data = Data(path="/some/file", probabilities=[0.25, 0.75], vocabulary=["a b", "no"])
    config = Config(seed=5, runs=3, temperature=0.3, data=data, training=Training(batch_size=7))
    file = tmp_path / "config.yaml"
    file.write_text(config_yaml(config))
    assert parse("--config", str(file)) == config
    assert not {"output", "overwrite"} & set(yaml.safe_load(file.read_text()))
    assert "output" in asdict(config)


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Config().epochs = 3  # type: ignore[misc]


@pytest.mark.parametrize("number", [0, -1, math.nan, math.inf])
def test_numbers_that_are_not_positive(number: float) -> None:
    makers: dict[str, Any] = {
        "temperature": lambda: Config(temperature=number),
        "runs": lambda: Config(runs=number),  # type: ignore[arg-type]
        "generator.learning_rate": lambda: Generator(learning_rate=number),
        "training.batch_size": lambda: Training(batch_size=number),  # type: ignore[arg-type]
    }
    for name, make in makers.items():
        with pytest.raises(ValueError, match=f"{name}: received {number}: give a (whole )?number"):
            make()


def test_seed_average_and_devices() -> None:
    with pytest.raises(ValueError, match="seed: received -1"):
        Config(seed=-1)
    with pytest.raises(ValueError, match="seed: received 9223372036854775808"):
        Config(seed=2**63)
    with pytest.raises(ValueError, match=r"training.average_from: received 1"):
        Training(average_from=1)
    with pytest.raises(ValueError, match="devices: received 3 for 2 runs"):
        Config(runs=2, devices=3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Annealing(end=0), "annealing.end: received 0"),
        (lambda: Annealing(end=0.1), "annealing.end: received 0.1 with no schedule"),
        (lambda: Annealing(until=0), "annealing.until: received 0"),
        (lambda: Annealing("soon"), "annealing.schedule: received 'soon': give one of constant, linear"),
        (lambda: Annealing(options={"x": 1}), "annealing.options: received .* with annealing.schedule const"),
        (lambda: Training(generated_per_real=0), "training.generated_per_real: received 0"),
        (lambda: Training(discriminator_steps=0), "training.discriminator_steps: received 0"),
        (lambda: Training(loss="mine:Loss"), "training.loss: received 'mine:Loss': give one of .*tivistic$"),
        (
            lambda: Config(annealing=Annealing("linear")),
            "temperature: received 0.001, and annealing falls to 0.001",
        ),
    ],
)
def test_bad_parts(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {
                "generator": Generator(estimator="reinforce"),
                "discriminator": Discriminator(gradient_penalty=1),
            },
            "discriminator.gradient_penalty: .* estimator reinforce, which learns from hard samples only",
        ),
        (
            {"generator": Generator(estimator="straight_through"), "data": Data(smoothing="relaxed")},
            "data.smoothing: received relaxed with the estimator straight_through",
        ),
        (
            {"discriminator": Discriminator(view="hard"), "data": Data(smoothing="relaxed")},
            "data.smoothing: received relaxed .* the hard view, where samples are hard",
        ),
        (
            {"discriminator": Discriminator(gradient_penalty=1.0, view="exact")},
            "discriminator.gradient_penalty: received with the exact view, which has no samples",
        ),
        (
            {"discriminator": Discriminator(label_smoothing=0.1), "training": Training(loss="hinge")},
            "discriminator.label_smoothing: received with the loss hinge, which has no labels",
        ),
    ],
)
def test_what_makes_no_sense_together(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Config(**parts)


def test_rloo_leaves_one_out() -> None:
    with pytest.raises(ValueError, match="training.batch_size: received 1 with the estimator rloo"):
        Config(generator=Generator(estimator="rloo"), training=Training(batch_size=1))
    Config(generator=Generator(estimator="rloo"), training=Training(batch_size=1, generated_per_real=2))


STRINGS = {
    "data": Data(length=5),
    "generator": Generator(kind="lstm"),
    "discriminator": Discriminator(kind="mlp"),
}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"data": Data(length=5)}, r"generator.kind: received logits for sequences \(data.length 5\): give"),
        ({"generator": Generator(kind="lstm")}, "generator.kind: received lstm for categories .*give logits"),
        (
            {"discriminator": Discriminator(kind="convolution")},
            "discriminator.kind: received convolution for categories .*: give logistic, mlp",
        ),
        (
            {**STRINGS, "discriminator": Discriminator(kind="mlp", view="exact")},
            "discriminator.view: received exact for sequences .*: give soft, hard$",
        ),
        (
            {**STRINGS, "data": Data(length=5, smoothing="relaxed")},
            "data.smoothing: received relaxed for sequences .*: give none, label, noise$",
        ),
        ({**STRINGS, "diagnostics": True}, "diagnostics: received for sequences, which have none"),
        (
            {**STRINGS, "discriminator": Discriminator(kind="mlp", spectral_norm=True)},
            "discriminator.spectral_norm: received for sequences, which have none",
        ),
    ],
)
def test_sequences_have_networks_of_their_own(parts: dict[str, Any], message: str) -> None:
    Config(**STRINGS)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        Config(**parts)


def test_own_parts_are_listed_and_not_imported() -> None:
    config = Config(
        temperature=1.0,
        annealing=Annealing("none_such:A"),
        data=Data(source="none_such:B"),
        generator=Generator(estimator="none_such:C", schedule="none_such:D"),
        discriminator=Discriminator(kind="none_such.deep:E", schedule="late"),
    )
    assert dict(config.own_parts()) == {
        "annealing.schedule": "none_such:A",
        "data.source": "none_such:B",
        "generator.estimator": "none_such:C",
        "generator.schedule": "none_such:D",
        "discriminator.kind": "none_such.deep:E",
    }
    assert list(Config().own_parts()) == []

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from gumbel_gan.config import Annealing, Config, Data, Discriminator, Generator, Training
from gumbel_gan.results import config_yaml
from gumbel_gan.train import parser

ROOT = Path(__file__).parent.parent


def parse(*arguments: str) -> Config:
    options = parser()
    settings = options.instantiate(options.parse_args(arguments))
    return Config(**{key: settings[key] for key in Config.__dataclass_fields__})


def test_default_is_the_post_and_toy_yaml() -> None:
    toy = parse("--config", str(ROOT / "configs" / "toy.yaml"))
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
    config = parse(
        "--config", str(ROOT / "configs" / "toy.yaml"), "--epochs", "3", "--generator.learning_rate=0.1"
    )
    assert (config.epochs, config.generator.learning_rate, config.runs) == (3, 0.1, 1)


def test_resolved_settings_are_read_back(tmp_path: Path) -> None:
    data = Data(path="/some/file", probabilities=[0.25, 0.75], vocabulary=["a b", "no"])
    config = Config(seed=5, runs=3, temperature=0.3, data=data, training=Training(batch_size=7))
    file = tmp_path / "config.yaml"
    file.write_text(config_yaml(config))
    assert parse("--config", str(file)) == config
    assert not {"output", "overwrite"} & set(yaml.safe_load(file.read_text()))
    assert "output" in asdict(config)


def test_lists_are_given_in_three_ways(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("ok\nwarn\n")
    for given in ("ok,warn", "[ok, warn]", str(file)):
        assert parse("--data.path", "-", "--data.vocabulary", given).data.vocabulary == ["ok", "warn"]
    for numbers in ("0.2,0.8", "[0.2, 0.8]"):
        assert parse("--data.probabilities", numbers).data.probabilities == [0.2, 0.8]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"probabilities": [0.5, 0.6]}, "data.probabilities: received numbers that sum to 1.1"),
        ({"probabilities": [-0.5, 1.5]}, "data.probabilities: received -0.5"),
        ({"probabilities": [math.nan, 1]}, "data.probabilities: received nan"),
        ({"probabilities": [1.0]}, "data.probabilities: received 1 categories"),
        ({"probabilities": "a,b"}, "data.probabilities: received 'a,b'"),
        ({"labels": ["a", "b"]}, "data.labels: received 2 values for 5 categories"),
        ({"labels": ["a", "a", "b", "c", "d"]}, "data.labels: received 'a' twice"),
        ({"vocabulary": "a,b"}, "data.vocabulary: received .* without data.path"),
        ({"path": "-"}, "data.vocabulary: required with data.path -"),
        ({"path": "-", "vocabulary": "a"}, "data.vocabulary: received 'a', neither a list nor a file"),
        ({"path": "-", "vocabulary": "a,b", "column": "c"}, "data.column: standard input has no columns"),
        ({"path": "x", "vocabulary": "a,b,c", "probabilities": [0.5, 0.5]}, "data.probabilities: received 2"),
    ],
)
def test_bad_data(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Data(**settings)


@pytest.mark.parametrize("number", [0, -1, math.nan, math.inf])
def test_numbers_that_are_not_positive(number: float) -> None:
    makers: dict[str, Any] = {
        "temperature": lambda: Config(temperature=number),
        "runs": lambda: Config(runs=number),  # type: ignore[arg-type]
        "generator.learning_rate": lambda: Generator(learning_rate=number),
        "training.batch_size": lambda: Training(batch_size=number),  # type: ignore[arg-type]
    }
    for name, make in makers.items():
        with pytest.raises(ValueError, match=f"{name}: received {number}: give a number above zero"):
            make()


def test_seed_and_average() -> None:
    with pytest.raises(ValueError, match="seed: received -1"):
        Config(seed=-1)
    with pytest.raises(ValueError, match=r"training.average_from: received 1"):
        Training(average_from=1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Discriminator(units=[8]), "discriminator.units: received .*: give discriminator.kind mlp"),
        (lambda: Discriminator(kind="mlp", units=[]), "discriminator.units: received none"),
        (lambda: Discriminator(kind="mlp", units=[0]), "discriminator.units: received 0"),
        (lambda: Discriminator(beta_1=1), "discriminator.beta_1: received 1"),
        (lambda: Discriminator(r1=-1), "discriminator.r1: received -1: give 0 or more"),
        (lambda: Discriminator(label_smoothing=1), "discriminator.label_smoothing: received 1"),
        (lambda: Generator(ema=1), "generator.ema: received 1: give 0 or more, below 1"),
        (lambda: Training(generated_per_real=0), "training.generated_per_real: received 0"),
        (lambda: Generator(gap=2), "generator.gap: received 2 with the estimator gumbel_softmax"),
        (lambda: Generator(final_learning_rate=0.1), "generator.final_learning_rate: .*constant rate"),
        (lambda: Annealing(end=0), "annealing.end: received 0"),
        (lambda: Annealing(until=0), "annealing.until: received 0"),
        (lambda: Training(discriminator_steps=0), "training.discriminator_steps: received 0"),
    ],
)
def test_bad_parts(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"law": "zipf"}, "data.categories: required with the law zipf"),
        ({"law": "zipf", "categories": 1}, "data.categories: received 1 with the law zipf"),
        ({"categories": 3}, "data.categories: received 3 without data.law"),
        (
            {"law": "one", "categories": 3, "probabilities": [0.5, 0.5]},
            "data.law: received one with data.pro",
        ),
        ({"law": "one", "categories": 3, "path": "x"}, "data.law: received one with data.path"),
        ({"drift": [0.5, 0.5]}, "data.drift: received 2 values for 5 categories"),
        ({"drift": "0.5,0.6"}, "data.drift: received numbers that sum to 1.1"),
        ({"drift": [0.2] * 5, "path": "x"}, "data.drift: received with data.path"),
        ({"drift": [0.2] * 5, "drift_until": 50}, "data.drift_from, data.drift_until: received 100, 50"),
        ({"memory": 0}, "data.memory: received 0"),
        ({"smoothing_amount": 0.1}, "data.smoothing_amount: received 0.1 with the smoothing none"),
        ({"smoothing": "label", "smoothing_amount": 1.0}, "data.smoothing_amount: received 1.0"),
    ],
)
def test_bad_laws_drifts_and_smoothings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Data(**settings)


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

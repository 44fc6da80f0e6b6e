import math
import re
from collections.abc import Mapping
from typing import Any

import pytest

from gumbel_gan.config.config import Annealing, Config, Training
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.config.reading import from_settings, keys


def test_from_a_nested_dictionary() -> None:
    assert from_settings(Config, {}) == Config()
    settings = {
        "epochs": 3,
        "temperature": 1,
        "diagnostics": True,
        "annealing": {"schedule": "linear", "end": None},
        "data": {"law": "zipf", "categories": 4, "labels": ["a", "b", 3, 4.5]},
        "generator": {"learning_rate": "1e-3", "estimator": "mine:Own", "options": {"x": {"y": 1}}},
        "discriminator": {"kind": "mlp", "units": (8, 4)},
        "training": {"batches": 5},
    }
    assert from_settings(Config, settings) == Config(
        epochs=3,
        temperature=1.0,
        diagnostics=True,
        annealing=Annealing("linear"),
        data=Data(law="zipf", categories=4, labels=["a", "b", "3", "4.5"]),
        generator=Generator(learning_rate=0.001, estimator="mine:Own", options={"x": {"y": 1}}),
        discriminator=Discriminator(kind="mlp", units=[8, 4]),
        training=Training(batches=5),
    )


def test_each_setting_is_of_one_of_its_types() -> None:
    assert from_settings(Data, {"length": 5, "strings": 10}).strings == 10
    assert from_settings(Data, {"length": 5, "strings": "endless"}).strings == "endless"
    assert from_settings(Data, {"probabilities": "0.2,0.8"}).probabilities == [0.2, 0.8]
    assert from_settings(Data, {"probabilities": [0, 1]}).probabilities == [0.0, 1.0]
    read = from_settings(Generator, {"ema": None, "learning_rate": 1})
    assert (read.ema, type(read.learning_rate)) == (None, float)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epohs": 3}, "epohs: unknown setting, did you mean epochs?"),
        (
            {"training.batches": 3},
            "training.batches: received with a dot: give the group as a dictionary, training: {batches: ...}",
        ),
        ({"zzz": 3}, "zzz: unknown setting: --help lists those there are"),
        ({"training": {"batchs": 3}}, "training.batchs: unknown setting, did you mean training.batches?"),
        ({"epochs": "x"}, "epochs: received 'x': give a whole number"),
        ({"epochs": 3.5}, "epochs: received 3.5: give a whole number"),
        ({"epochs": True}, "epochs: received True: give a whole number"),
        ({"epochs": None}, "epochs: received None: give a whole number"),
        ({"temperature": "warm"}, "temperature: received 'warm': give a number"),
        ({"temperature": True}, "temperature: received True: give a number"),
        ({"temperature": math.nan}, "temperature: received nan: give a number above zero"),
        ({"diagnostics": 1}, "diagnostics: received 1: give true or false"),
        ({"output": 3}, "output: received 3: give text"),
        ({"annealing": "linear"}, "annealing: received 'linear' for a group of settings: give one of them, "
         "as --annealing.schedule"),
        ({"annealing": None}, "annealing: received None for a group of settings: give one of them, "
         "as --annealing.schedule"),
        ({"generator": {"estimator": 3}}, "generator.estimator: received 3: give text"),
        ({"generator": {"options": 3}}, "generator.options: received 3: give options by name"),
        ({"discriminator": {"units": 64}}, "discriminator.units: received 64: give a list, as [a,b]"),
        ({"discriminator": {"units": [64, "x"]}}, "discriminator.units: received [64, 'x']: give a list, as "
         "[a,b]"),
        ({"data": {"strings": "many"}}, "data.strings: received 'many': give a whole number or 'endless'"),
        ({"data": {"unit": "bytes"}}, "data.unit: received 'bytes': give one of characters, words, lines, "
         "integers"),
    ],
)  # fmt: skip
def test_one_line_about_what_will_not_do(settings: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        from_settings(Config, settings)


def test_where_the_settings_stand() -> None:
    with pytest.raises(ValueError, match=r"^base.learning_rte: unknown setting, did you mean base.learning_"):
        from_settings(Generator, {"learning_rte": 1}, "base.")


def test_keys() -> None:
    found = keys(Config)
    assert found[:3] == ["output", "overwrite", "seed"]
    assert {"annealing.end", "data.path", "generator.options", "discriminator.r1", "training.loss"} <= set(
        found
    )
    assert not {"annealing", "data", "generator", "discriminator", "training"} & set(found)
    assert len(found) == len(set(found))
    assert keys(Training, "training.")[0] == "training.batch_size"

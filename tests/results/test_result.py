"""What a result tells of itself, and what version 0.1 of the package wrote."""

import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gumbel_gan
from gumbel_gan import sample, train
from gumbel_gan.config.config import Config
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.results.directory import stored_config
from gumbel_gan.results.result import check_version
from gumbel_gan.results.storing import save

from ..conftest import ROOT, Refused, rows
from .made_up import gan_of, made_up, saved

OLD = ROOT / "tests" / "results" / "version_0_1"
"""What version 0.1 wrote: settings (.yaml), the trained generator (.keras), its probabilities (.csv)."""


def old_probabilities() -> np.ndarray:
    """Of every epoch, run and category, [4, 2, 5]."""
    return np.array([float(row["probability"]) for row in rows(OLD.with_suffix(".csv"))]).reshape(4, 2, 5)


def test_sizes() -> None:
    result = made_up(runs=3, epochs=6)
    assert result.runs == 3
    assert result.trained_epochs == 6
    assert repr(result) == "<Result of 3 runs, 6 epochs, 5 categories>"
    assert repr(replace(result, directory="out")).endswith(", out>")
    np.testing.assert_allclose(result.errors[1, 2], result.probabilities[1, 2] - result.targets[1])
    assert result.source.name == "distribution"
    with pytest.raises(AttributeError, match="this result has neither a GAN nor a directory"):
        _ = result.generator


def test_shares_of_samples() -> None:
    """By hand: of run 0 three of four are different and two were trained on; of run 1 one, and none."""
    result = made_up(categories=3, labels=["x", "x+x", "x-x"], kind="grammar")
    result.samples = (("x", "x+x", "x", "xx"), ("x-x",) * 4)
    result.counted = np.array([[1, 0, 0], [0.5, 0.5, 0]])
    np.testing.assert_allclose(result.shares["distinct_share"], [0.75, 0.25])
    np.testing.assert_allclose(result.shares["training_overlap"], [0.5, 0])


def test_networks_of_a_saved_result(tmp_path: Path) -> None:
    """Loaded when they are first asked for, and once; a result that lacks one says so in one line."""
    result = saved(made_up(), tmp_path)
    (tmp_path / "discriminator.keras").unlink()
    assert result.generator is result.generator
    with pytest.raises(ValueError, match="discriminator.keras cannot be read .No such file.*: train again"):
        _ = result.discriminator


def test_generator_of_version_0_1(tmp_path: Path) -> None:
    """A network of single categories loads, and gives the probabilities that it gave."""
    assert OLD.with_suffix(".keras").stat().st_size < 20_000
    result = saved(made_up(), tmp_path)
    shutil.copy(OLD.with_suffix(".keras"), tmp_path / "generator.keras")
    np.testing.assert_allclose(result.generator.probabilities(), old_probabilities()[-1], rtol=1e-6)


def test_settings_of_version_0_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They repeat the training of which they are, and its samples are those of its generator."""
    train.main(["--config", str(OLD.with_suffix(".yaml")), "--output", str(tmp_path), "--quiet"])
    again = gumbel_gan.load(str(tmp_path))
    np.testing.assert_allclose(again.probabilities, old_probabilities(), rtol=1e-4)
    shutil.copy(OLD.with_suffix(".yaml"), tmp_path / "config.yaml")
    assert stored_config(str(tmp_path)).generator.learning_rate == 0.02
    drawn = []
    for generator in (None, OLD.with_suffix(".keras")):
        if generator is not None:
            shutil.copy(generator, tmp_path / "generator.keras")
        capsys.readouterr()
        sample.main([str(tmp_path), "-n", "50", "--run", "1"])
        drawn.append(capsys.readouterr().out.split())
    assert len(drawn[0]) == 50
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) <= set("abcde")


def network(class_name: str, config: dict[str, Any]) -> bytes:
    """A saved network, as far as it is looked at before it is loaded."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        told = {"module": "gumbel_gan.sequences", "class_name": class_name, "config": config}
        archive.writestr("config.json", json.dumps(told))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "class_name", "config"),
    [
        ("generator", "SequenceGenerator", {"symbols": "x+ ", "length": 5, "units": 4, "seed": 0}),
        ("discriminator", "SequenceDiscriminator", {"symbols": 3, "length": 5, "kind": "mlp", "units": [4]}),
    ],
)
def test_strings_of_version_0_1(
    name: str, class_name: str, config: dict[str, Any], tmp_path: Path, refused: Refused
) -> None:
    """Their networks had no runs axis: refused in one line that names the version."""
    classes = ("1 symbol", "3 symbols", "3 symbols")
    strings = made_up(categories=3, runs=1, labels=["x", "x+x", "x-x"], kind="grammar", classes=classes)
    result = saved(replace(strings, samples=(("x",),)), tmp_path)
    path = tmp_path / f"{name}.keras"
    path.write_bytes(network(class_name, config))
    with pytest.raises(
        ValueError, match=r"cannot be read \(a network of strings that gumbel_gan 0.1 wrote"
    ) as error:
        getattr(result, name)
    assert "\n" not in str(error.value)
    if name == "generator":
        line = refused(sample.main, str(tmp_path))
        assert f"{path} cannot be read (a network of strings that gumbel_gan 0.1 wrote" in line
    path.write_bytes(network(class_name, {**config, "runs": 1}))
    check_version(str(path))  # with an axis of runs it is one of ours


def test_summary_of_strings_of_version_0_1(tmp_path: Path) -> None:
    """It had the samples of its one run, and neither source nor classes: they are known from the settings."""
    classes = ("1 symbol", "3 symbols", "3 symbols")
    config = Config(
        data=Data(length=3), generator=Generator(kind="lstm"), discriminator=Discriminator(kind="mlp")
    )
    result = made_up(categories=3, runs=1, labels=["x", "x+x", "x-x"], kind="grammar", classes=classes)
    result = replace(result, config=config, samples=(("x", "x+"),))
    result.gan = gan_of(result)
    save(result, str(tmp_path))
    told = json.loads((tmp_path / "summary.json").read_text())
    assert told["samples"] == [["x", "x+"]]
    told["samples"] = told["samples"][0]
    del told["source"], told["classes"]
    (tmp_path / "summary.json").write_text(json.dumps(told))
    found = gumbel_gan.load(str(tmp_path))
    assert found.kind == "grammar"
    assert found.samples == result.samples
    assert found.classes == classes
    np.testing.assert_allclose(found.probabilities, result.probabilities, rtol=1e-6)

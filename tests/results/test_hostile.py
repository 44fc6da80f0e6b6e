"""Nothing in a run directory is ever executed; each broken file is named in one line."""

import os
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import gumbel_gan
from gumbel_gan import train

from ..conftest import QUICK, Refused

HOSTILE = "!!python/object/apply:os.system ['touch HACKED']"


def test_hostile_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    out = str(tmp_path)
    train.main(["--output", out, *QUICK])
    monkeypatch.chdir(tmp_path)
    for name, content in (
        ("config.yaml", HOSTILE), ("config.yaml", "epochs: [1"), ("config.yaml", "3"),
        ("config.yaml", "data: {x: 1}"),
        ("summary.json", "{"), ("summary.json", "[1]"), ("metrics.csv", "epoch"), ("probabilities.csv", ""),
    ):  # fmt: skip
        whole = (tmp_path / name).read_text()
        (tmp_path / name).write_text(content)
        with pytest.raises(ValueError, match=f"{name} cannot be read") as broken:
            gumbel_gan.load(out)
        assert "\n" not in str(broken.value)
        if name in ("config.yaml", "summary.json"):
            assert name in refused(train.main, "--resume", "--output", out)
        (tmp_path / name).write_text(whole)
    # A layer that runs code when it is loaded; an object array, which only pickle could read.
    layer = keras.layers.Lambda(lambda x: Path("HACKED").touch() or x)  # type: ignore[func-returns-value]
    touch = keras.Sequential([keras.Input((1,)), layer])
    touch.save(tmp_path / "generator.keras")
    Path("HACKED").unlink(missing_ok=True)
    for network in (None, b"PK", b""):
        if network is not None:
            (tmp_path / "generator.keras").write_bytes(network)
        with pytest.raises(ValueError, match=r"generator.keras cannot be read") as broken:
            _ = gumbel_gan.load(out).generator
        assert "\n" not in str(broken.value)
    objects: Any = {"epochs": np.array([{}], object)}
    np.savez(tmp_path / "checkpoint" / "state.npz", **objects)
    (tmp_path / "checkpoint" / "previous.npz").unlink(missing_ok=True)
    os.remove("summary.json")
    assert "resume: cannot read" in refused(train.main, "--resume", "--output", out)
    assert not Path("HACKED").exists()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ("data: {source: 'evil:Source'}", "data.source"),
        ("generator: {estimator: 'evil:Estimator'}", "generator.estimator"),
        ("discriminator: {kind: 'evil:Discriminator'}", "discriminator.kind"),
        ("annealing: {schedule: 'evil:Schedule'}\ntemperature: 1.0", "annealing.schedule"),
        ("generator: {schedule: 'evil:Schedule'}", "generator.schedule"),
        ("discriminator: {schedule: 'evil:Schedule'}", "discriminator.schedule"),
    ],
)
def test_settings_that_name_code(
    settings: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    """A class that a file of settings names is not imported, unless the command line names it, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("evil", None)
    (tmp_path / "evil.py").write_text("open('HACKED', 'w').close()\n")
    (tmp_path / "config.yaml").write_text(settings)
    expected = f"{key}: received evil:"
    assert expected in refused(train.main, "--config", "config.yaml", "--output", "out")
    assert expected in refused(train.main, "--resume", "--output", ".")
    assert not Path("HACKED").exists()
    # The line names it, and so it is imported: here, to be found wanting.
    name = settings.split("'")[1]
    error = refused(train.main, "--config", "config.yaml", f"--{key}", name, "--output", "out")
    assert f"{key}: " in error
    assert Path("HACKED").exists()

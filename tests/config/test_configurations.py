"""Arbitrary configurations: accepted, and then the same again; or refused in one line, with status 2."""

import contextlib
import functools
import io
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from gumbel_gan import CategoricalGAN, train
from gumbel_gan.config.catalogue import ESTIMATORS, LAWS, LOSSES
from gumbel_gan.config.catalogue import KEYS as NAMES
from gumbel_gan.config.config import Config
from gumbel_gan.config.reading import keys
from gumbel_gan.results.directory import config_yaml
from gumbel_gan.terminal.parser import configured
from gumbel_gan.training.run import run

KEYS = [key for key in keys(Config) if key not in ("output", "overwrite", "diagnostics")]
WORDS = [
    *sorted({name for family in NAMES.values() for name in family}), "endless", "none_such:Own", "os:system",
    ".mine:Own",
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from([0, 1, 2, 3, 5, 0.1, 0.5, 0.9, 1.0, -1, 1e-9, 1e9, True, False, None]),
    st.sampled_from(
        [[4], [4, 4], [0.5, 0.5], [0.2, 0.3, 0.5], [], "a,b,c", "0.5,0.5", {"x": 1}, {"units": [4], "gap": 2}]
    ),
    st.floats(allow_nan=True),
    st.integers(-(2**70), 2**70),
    st.text(max_size=5),
)
SMALL = {"epochs": 2, "training.batches": 2, "training.generator_steps": 1}
GOOD: dict[str, list[Any]] = {
    "runs": [1, 2], "temperature": [1e-6, 0.1, 1.0, 1e6], "training.batch_size": [1, 2, 3],
    "training.generator_steps": [1, 2], "training.discriminator_steps": [1, 2],
    "training.generated_per_real": [1, 2], "training.loss": list(LOSSES), "training.average_from": [0.0, 0.9],
    "generator.estimator": list(ESTIMATORS), "generator.ema": [0.9], "generator.optimizer": ["natural"],
    "generator.learning_rate": [1e-9, 0.01], "generator.schedule": ["linear", "late", "inverse_time"],
    "annealing.schedule": ["linear", "cosine"], "discriminator.kind": ["mlp"],
    "discriminator.units": [[3], [3, 2]],
    "discriminator.view": ["soft", "hard", "exact"], "discriminator.r1": [1.0], "discriminator.beta_1": [0.0],
    "discriminator.gradient_penalty": [1.0], "discriminator.label_smoothing": [0.1],
    "discriminator.weight_decay": [0.1], "discriminator.spectral_norm": [True],
    "data.smoothing": ["label", "noise", "relaxed"],
    "data.law": LAWS.names(categories=True),
    "data.categories": [2, 3, 100], "diagnostics": [True],
}  # fmt: skip


def setting(key: str) -> st.SearchStrategy[tuple[str, Any]]:
    """Any value, or, as often, one that may well do."""
    fitting = [*GOOD.get(key, []), *NAMES.get(key, [])]
    return st.tuples(st.just(key), (st.sampled_from(fitting) | VALUES) if fitting else VALUES)


SETTINGS = st.lists(st.sampled_from([*KEYS, "unknown", "data.unknown"]).flatmap(setting), max_size=4).map(
    dict
)


parser = functools.cache(train.parser)  # 0.1 s, most of what a configuration takes


def parsed(arguments: list[str]) -> tuple[int | Config, str, str]:
    """The configuration, or the exit status, with output and errors; without training."""
    out, err = io.StringIO(), io.StringIO()
    status: int | Config = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            options = parser()
            status = configured(options, options.parse_args(arguments), arguments)
        except SystemExit as stopped:
            status = int(stopped.code or 0)
        except ValueError as error:  # as `main` reports it
            print(f"gumbel_gan: error: {error}", file=err)
            status = 2
    return status, out.getvalue(), err.getvalue()


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        part, _, name = key.rpartition(".")
        (tree.setdefault(part, {}) if part else tree)[name] = value
    return tree


def check(directory: Path, flat: dict[str, Any], as_yaml: bool) -> Config | None:
    if as_yaml:
        path = directory / "config.yaml"
        path.write_text(yaml.safe_dump(nested(flat), allow_unicode=True))
        arguments = ["--config", str(path)]
    else:
        texts = {
            key: value if isinstance(value, str) else yaml.safe_dump(value, default_flow_style=True)
            for key, value in flat.items()
        }
        arguments = [f"--{key}={text.strip()}" for key, text in texts.items()]
    config, _, error = parsed(arguments)
    if not isinstance(config, Config):
        assert config == 2, (arguments, error)
        assert error.count("\n") == 1, (arguments, error)
        assert "Traceback" not in error
        assert error.startswith("gumbel_gan: error: "), (arguments, error)
        return None
    status, printed, error = parsed([*arguments, "--print_config"])
    assert (status, error) == (0, ""), (arguments, error)
    (directory / "printed.yaml").write_text(printed)
    named = [f"--{key}={name}" for key, name in config.own_parts()]
    again, _, error = parsed(["--config", str(directory / "printed.yaml"), *named])
    assert isinstance(again, Config), (arguments, error)
    assert config_yaml(again) == config_yaml(config)
    return config


def throw(directory: Path, examples: int, seed: int) -> None:
    accepted = itertools.count()

    @seeded(seed)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(SETTINGS, st.booleans())
    def thrown(flat: dict[str, Any], as_yaml: bool) -> None:
        if check(directory, flat, as_yaml) is not None:
            next(accepted)

    thrown()
    assert next(accepted) > examples / 100  # not all are refused


def test_configurations(tmp_path: Path) -> None:
    throw(tmp_path, 60, 0)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_two_thousand_configurations(part: int, tmp_path: Path) -> None:
    throw(tmp_path, 500, part + 1)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_accepted_ones_train(part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """25 that are accepted, trained for two epochs: every learned row is finite and sums to 1.

    25 of 200 in compiled programs, the others step by step, which takes a quarter of the time each.
    """
    if part > 0:
        monkeypatch.setattr(
            CategoricalGAN, "run_eagerly", property(lambda gan: True, lambda gan, value: None)
        )
    random, trained = np.random.default_rng(part), 0
    while trained < 25:
        chosen = random.choice(list(GOOD), size=random.integers(1, 7), replace=False)
        values = {key: GOOD[key][random.integers(len(GOOD[key]))] for key in chosen.tolist()}
        flat: dict[str, Any] = {**SMALL, **values}
        if "data.law" in flat or "data.categories" in flat:
            flat = {"data.law": "zipf", "data.categories": 3, **flat}
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(nested(flat)))
        config, _, error = parsed(["--config", str(tmp_path / "config.yaml")])
        if not isinstance(config, Config):
            assert error.count("\n") == 1, (flat, error)
            continue
        result, _ = run(config)
        assert np.isfinite(result.learned).all(), flat
        np.testing.assert_allclose(result.learned.sum(-1), 1, atol=1e-5, err_msg=str(flat))
        np.testing.assert_allclose(result.averaged.sum(-1), 1, atol=1e-5, err_msg=str(flat))
        trained += 1

"""The state of the page's controls, as settings and as text."""

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gumbel_gan.config.config import Config
from gumbel_gan.live.controls import CHOICES, Controls
from gumbel_gan.live.stops import STOPS
from gumbel_gan.train import parser

OTHERS: dict[str, Any] = {
    "target": (0.2, 0.3, 0.5), "temperature": 0.5, "generator_rate": 0.01, "discriminator_rate": 0.003,
    "held": True, "estimator": "rloo", "discriminator": "mlp", "loss": "hinge", "smoothing": "label",
    "view": "hard", "generator_steps": 2, "runs": 16,
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_an_address_says_all(name: str) -> None:
    controls = Controls(**{name: OTHERS[name]})
    assert Controls.from_query(controls.query()) == controls
    assert controls.compiles_again(Controls()) == (name in CHOICES or name == "target")


def test_a_target_that_moves_compiles_nothing() -> None:
    assert not replace(Controls(), target=(0.1, 0.1, 0.1, 0.3, 0.4)).compiles_again(Controls())


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("temperature=x", "temperature: received 'x': give a number"),
        ("temperature=99", "temperature: received 99.0: give 0.001 to 10.0"),
        ("estimator=exat", "estimator: received exat, did you mean exact?"),
        ("estimator=mine:Own", "estimator: received mine:Own: give one of"),
        ("target=0.5 0.6", "target: "),
        ("target=1e308 1e308", "target: received numbers that sum to inf: give some that sum to 1"),
        ("target=a b", "target: received 'a b': give probabilities"),
        ("token=1", "settings: received token: give one of target, "),
        ("held=2", "held: received '2': give 0 or 1"),
        ("estimator", "estimator: received : give one of gumbel_softmax"),
        ("runs=1&runs=16", "runs: received twice: give it once"),
        ("runs=1000", "runs: received 1000: give one of 1, 16, 64"),
        (
            "estimator=reinforce&smoothing=relaxed",
            "data.smoothing: received relaxed with the estimator reinforce",
        ),
    ],
)
def test_addresses_that_would_not_do(query: str, message: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(message)) as caught:
        Controls.from_query(query)
    assert "\n" not in str(caught.value)


def plain(config: Config) -> Config:
    """What a page adds to the settings, taken away."""
    training = replace(config.training, average_from=0.5)
    return replace(config, diagnostics=False, device="auto", training=training)


@pytest.mark.parametrize(
    "controls", [Controls(**{**OTHERS, "held": False}), *[stop.controls for stop in STOPS]]
)
def test_the_command_and_the_python_do_the_same(controls: Controls) -> None:
    command = shlex.split(controls.command())
    assert command[:3] == ["python", "-m", "gumbel_gan.train"]
    options = parser()
    given = options.config(options.parse_args(command[3:]))
    assert given == plain(controls.config())
    lines = controls.python().splitlines()
    assert len(lines) == 5
    names: dict[str, object] = {}
    exec("\n".join(lines[:2]), names)
    assert names["config"] == plain(controls.config())


def test_the_walkthrough_shows_the_stops() -> None:
    notebook = (Path(__file__).parents[2] / "notebooks" / "walkthrough.ipynb").read_text()
    shown = [Controls.from_query(query) for query in re.findall(r'gg\.live\.show\(\\"(.*?)\\"\)', notebook)]
    assert [Controls(), *shown] == list(dict.fromkeys(stop.controls for stop in STOPS))

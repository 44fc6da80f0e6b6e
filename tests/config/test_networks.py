from typing import Any

import pytest

from gumbel_gan.config.catalogue import DISCRIMINATORS, ESTIMATORS
from gumbel_gan.config.networks import Discriminator, Generator


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Discriminator(units=[8]),
            r"discriminator.units: received \[8\] with the discriminator logistic, .*"
            "give --discriminator.kind mlp",
        ),
        (lambda: Discriminator(kind="mlp", units=[]), "discriminator.units: received none"),
        (lambda: Discriminator(kind="mlp", units=[0]), "discriminator.units: received 0"),
        (
            lambda: Discriminator(kind="lstm", spectral_norm=True),
            "discriminator.spectral_norm: received True",
        ),
        (lambda: Discriminator(kind="big"), "discriminator.kind: received 'big': give one of logistic, mlp"),
        (lambda: Discriminator(view="mine:View"), "discriminator.view: .*: give one of soft, hard, exact$"),
        (lambda: Discriminator(beta_1=1), "discriminator.beta_1: received 1"),
        (lambda: Discriminator(beta_2=-0.1), "discriminator.beta_2: received -0.1"),
        (lambda: Discriminator(r1=-1), "discriminator.r1: received -1: give 0 or more"),
        (lambda: Discriminator(weight_decay=-1), "discriminator.weight_decay: received -1: give 0 or more"),
        (lambda: Discriminator(label_smoothing=1), "discriminator.label_smoothing: received 1"),
        (
            lambda: Discriminator(options={"x": 1}),
            "discriminator.options.x: received with the discriminator l",
        ),
        (lambda: Generator(ema=1), "generator.ema: received 1: give 0 or more, below 1"),
        (lambda: Generator(units=0), "generator.units: received 0"),
        (
            lambda: Generator(gap=2),
            "generator.gap: received 2 with the estimator gumbel_softmax, .*gapped_straight_through$",
        ),
        (lambda: Generator(gap=0), "generator.gap: received 0: give a number above zero"),
        (lambda: Generator(final_learning_rate=0.1), "generator.final_learning_rate: .*constant rate"),
        (lambda: Generator(schedule_options={"x": 1}), "generator.schedule_options: .*schedule constant"),
        (lambda: Generator(estimator=".mine:X"), "generator.estimator: received '.mine:X': give one of gum"),
        (lambda: Generator(options={"x": 1}), "generator.options.x: received with the estimator gumbel_soft"),
        (
            lambda: Generator(estimator="gumbel_rao", options={"draws": 1}),
            "generator.options.draws: .*: give conditional_draws$",
        ),
        (
            lambda: Generator(kind="lstm", estimator="rloo"),
            "generator.estimator: received rloo with the generator lstm, .*: give one of .*, reinmax",
        ),
        (
            lambda: Generator(kind="lstm", optimizer="natural"),
            "generator.optimizer: received natural with the generator lstm: give adam$",
        ),
    ],
)
def test_bad_parts(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_an_estimator_is_constructed_with(name: str) -> None:
    assert Generator(estimator=name).estimator_options == {}
    for option in ("backward_temperature", "conditional_draws", "gap"):
        given: dict[str, Any] = {option: 2}
        if option in ESTIMATORS[name].options:
            assert Generator(estimator=name, **given).estimator_options == given
            assert Generator(estimator=name, options=given).estimator_options == given
            continue
        with pytest.raises(ValueError, match=f"generator.{option}: received 2 with the estimator {name}"):
            Generator(estimator=name, **given)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_what_a_discriminator_is_constructed_with(name: str) -> None:
    assert Discriminator(kind=name).network_options == {}
    settings: dict[str, Any] = {"units": [3], "spectral_norm": True}
    taken = {key: value for key, value in settings.items() if key in DISCRIMINATORS[name].options}
    assert Discriminator(kind=name, **taken).network_options == taken


def test_options_of_ones_own() -> None:
    assert Generator(estimator="a:B", options={"x": 1}).estimator_options == {"x": 1}
    assert Discriminator(kind="a:B", options={"x": 1}).network_options == {"x": 1}
    assert Generator(schedule="a:B", schedule_options={"x": 1}).schedule_options == {"x": 1}
    with pytest.raises(ValueError, match="discriminator.units: received .* with the discriminator a:B"):
        Discriminator(kind="a:B", units=[3])


def test_penalties_are_those_with_a_weight() -> None:
    assert Discriminator().penalties == {}
    given = Discriminator(r1=0.5, gradient_penalty=2.0, label_smoothing=0.1)
    assert given.penalties == {"r1": 0.5, "gradient_penalty": 2.0, "label_smoothing": 0.1}
    assert Discriminator(gradient_penalty=2.0).penalties == {"gradient_penalty": 2.0}

"""The game that a page shows, without a page."""

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gumbel_gan.live.controls import Controls
from gumbel_gan.live.game import MOST, Game, Past, Sums
from gumbel_gan.live.stops import STOPS


def played(game: Game, epochs: int) -> dict[str, Any]:
    for _ in range(epochs):
        game.train()
    return game.frame()


def test_the_past_is_thinned() -> None:
    past = Past()
    for epoch in range(1, 10 * MOST):
        past.add(epoch, {"value": epoch})
    assert len(past.rows) <= MOST
    epochs = past.arrays()["epoch"]
    assert (np.diff(epochs[:-1]) == past.every).all()
    assert epochs[-1] == 10 * MOST - 1


@pytest.mark.slow
def test_controls_that_act_at_once_trace_nothing_anew() -> None:
    controls = Controls(target=(0.2, 0.3, 0.5))
    game = Game(controls)
    assert played(game, 3)["past"]["sharpness"][-1] > 0.98
    for change in (
        {"temperature": 1.0},
        {"generator_rate": 0.1},
        {"target": (0.6, 0.3, 0.1)},
        {"held": True},
    ):
        controls = replace(controls, **change)
        game.change(controls)
        frame = played(game, 3)
    assert (frame["compiled"], frame["traces"]) == (1, 1)
    assert frame["past"]["sharpness"][-1] < 0.9
    assert frame["samples"].shape[1] == 3
    np.testing.assert_allclose(frame["learned"], [(0.6, 0.3, 0.1)], atol=1e-6)  # held, and no step was taken
    game.again()
    assert game.epoch == 0
    game.change(replace(controls, held=False))
    assert played(game, 1)["traces"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop", "bounds"),
    [(0, {"last": (0, 0.04)}), (1, {"last": (0.12, 1)}), (2, {"averaged": (0, 0.01)}),
     (3, {"accuracy": (0.9, 1)}), (4, {"accuracy": (0.4, 0.6)})],
)  # fmt: skip
def test_the_stops_show_what_they_say(stop: int, bounds: dict[str, tuple[float, float]]) -> None:
    frame = played(Game(STOPS[stop].controls), STOPS[stop].epochs)
    frame["averaged"] = frame["past"]["averaged"][-1]
    for name, (low, high) in bounds.items():
        assert low <= frame[name] <= high


def test_the_average_is_that_of_every_step_of_the_later_half() -> None:
    sums = Sums(100, 1_000, (1, 1))
    for epoch in range(101, 10_101):  # ten steps each, in which the generator gives the epoch's number
        taken = 1_000 + 10 * (epoch - 100)
        sums.add(epoch, taken, np.array([[epoch * 10 / taken]], np.float32))
        if epoch in (101, 110, 1_100, 10_100):
            exact = np.mean(np.arange(100 + (epoch - 100) // 2 + 1, epoch + 1))
            assert sums.mean()[0, 0] == pytest.approx(exact, rel=0.01)
    assert len(sums.rows) <= 2 * MOST + 1


@pytest.mark.slow
def test_the_average_begins_anew_when_a_control_is_moved() -> None:
    game = Game(Controls(target=(0.5, 0.5)))
    played(game, 5)
    game.gan.generator_optimizer.iterations.assign(20_000_000)  # as after a long game
    game.change(Controls(target=(0.5, 0.5), held=True))
    frame = played(game, 3)
    np.testing.assert_allclose(frame["averaged"], [0.5, 0.5], atol=1e-5)
    assert frame["past"]["counted"][-1] < 0.1


@pytest.mark.slow
def test_counting_begins_anew_with_the_target() -> None:
    game = Game(Controls(target=(0.9, 0.1)))
    played(game, 20)
    game.change(Controls(target=(0.1, 0.9)))
    assert played(game, 5)["past"]["counted"][-1] < 0.03


@pytest.mark.slow
def test_a_target_that_was_moved_is_seen_without_an_epoch() -> None:
    game = Game(Controls(target=(0.9, 0.1)))
    played(game, 5)
    game.change(Controls(target=(0.1, 0.9)))
    frame = game.frame()
    error = frame["learned"][0] - frame["target"]
    np.testing.assert_allclose(frame["past"]["error"][-1], error)
    assert frame["past"]["middle"][-1] == pytest.approx(np.abs(error).max())
    assert np.isnan([frame["last"], frame["past"]["averaged"][-1], frame["past"]["counted"][-1]]).all()
    assert frame["past"]["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert np.isfinite(played(game, 1)["last"])
    game.again()
    game.change(Controls(target=(0.2, 0.8)))  # before there is an epoch to show
    assert played(game, 1)["past"]["epoch"].tolist() == [1]


@pytest.mark.slow
def test_another_estimator_goes_on_with_what_was_learned() -> None:
    game = Game(Controls())
    before = played(game, 30)
    again = Game(Controls(estimator="exact", generator_rate=1e-5), pickle.loads(pickle.dumps(game.state())))
    after = played(again, 1)
    assert (after["epoch"], after["compiled"]) == (31, 2)
    np.testing.assert_allclose(after["learned"], before["learned"], atol=0.02)
    assert len(after["past"]["epoch"]) == 31

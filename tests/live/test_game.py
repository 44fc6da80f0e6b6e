"""The game that a page shows, without a page."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gumbel_gan.live.controls import Controls
from gumbel_gan.live.game import MOST, Game, Past
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
    assert (np.diff(epochs) == past.every).all()
    assert epochs[-1] > 10 * MOST - 2 * past.every


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


def test_another_estimator_goes_on_with_what_was_learned() -> None:
    game = Game(Controls())
    before = played(game, 100)
    game.change(Controls(estimator="exact", generator_rate=1e-5))
    after = played(game, 1)
    assert after["compiled"] == 2
    assert after["epoch"] == 101
    np.testing.assert_allclose(after["learned"], before["learned"], atol=0.02)


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

"""The game's process."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import psutil
import pytest

from gumbel_gan.live.controls import Controls
from gumbel_gan.live.player import Player

pytestmark = pytest.mark.slow


@pytest.fixture
def player() -> Iterator[Player]:
    made = Player(Controls())
    yield made
    made.close()


def shows(controls: Controls, frame: dict[str, Any]) -> bool:
    return bool(frame["controls"] == controls)


def frame_of(player: Player, wanted: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        frame = player.frame()
        if frame is not None and wanted(frame):
            return frame
        time.sleep(0.02)
    raise AssertionError("no such frame")


def test_other_runs_are_as_paused_as_before(player: Player) -> None:
    frame_of(player, lambda frame: frame["epoch"] > 3)
    player.tell("pause")
    player.change(Controls(runs=16))
    assert frame_of(player, lambda frame: frame["controls"].runs == 16)["epoch"] == 1
    player.tell("step")
    assert frame_of(player, lambda frame: True)["epoch"] == 2
    time.sleep(1)
    assert player.frame() is None


def test_a_paused_game_goes_on_in_another_process_paused(player: Player) -> None:
    frame_of(player, lambda frame: frame["epoch"] > 3)
    player.tell("pause")
    time.sleep(0.5)
    epoch = frame_of(player, lambda frame: True)["epoch"]
    player.change(Controls(estimator="exact"))
    frame = frame_of(player, lambda frame: frame["compiled"] == 2)
    assert frame["epoch"] == epoch + 1  # the one that compiles it
    time.sleep(1)
    assert player.frame() is None


def test_another_program_goes_on_in_another_process(player: Player) -> None:
    epoch, sizes = frame_of(player, lambda frame: True)["epoch"], []
    for number, estimator in enumerate(("exact", "rloo", "reinmax", "exact"), 2):
        before = player.process.pid
        controls = replace(player.controls, estimator=estimator)
        player.change(controls)
        frame = frame_of(player, partial(shows, controls))
        assert frame["compiled"] == number
        assert frame["epoch"] > epoch
        epoch = frame["epoch"]
        assert before is not None
        assert not psutil.pid_exists(before)
        sizes.append(psutil.Process(player.process.pid).memory_info().rss / 1e6)
    assert sizes[-1] - sizes[0] < 20  # MB; TensorFlow would keep 30 of each program


def test_a_process_that_has_died_is_told_of(player: Player) -> None:
    frame_of(player, lambda frame: True)
    psutil.Process(player.process.pid).kill()
    with pytest.raises(EOFError):
        frame_of(player, lambda frame: False)
    player.tell("pause")

"""Which weights are kept, and when a training ends."""

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from gumbel_gan.training.best import Best

EXAMPLES = np.array([50, 30, 20])


def generator(runs: int = 2) -> Any:
    weight = keras.Variable(np.zeros((runs, 3)), name="weight")
    return SimpleNamespace(trainable_weights=[weight], runs_axis=0)


def follow(best: Best, logs: list[list[list[float]]], network: Any, optimizer: Any) -> list[bool]:
    """Take epochs; in each the weights are its number."""
    ended = []
    for epoch, of_runs in enumerate(logs, start=1):
        network.trainable_weights[0].assign(np.full((len(of_runs), 3), epoch))
        ended.append(best.take(network, optimizer, np.array(of_runs), EXAMPLES, epoch))
    return ended


def adam(**more: Any) -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(**more)


GOOD, BETTER, BAD = [-1.0, -1.2, -2.0], [-0.9, -1.1, -1.9], [-1.5, -1.6, -2.6]
ALIKE = [-0.93, -1.0, -2.0]
"""Worse than `BETTER` by less than its standard error."""


def test_the_last_epoch_that_is_not_clearly_worse() -> None:
    """One run is best in the second epoch and alike in the third; the other one only in the first."""
    best, network, optimizer = Best(10, 2), generator(), adam()
    follow(best, [[GOOD, BETTER], [BETTER, BAD], [ALIKE, BAD], [BAD, BAD]], network, optimizer)
    assert best.epochs.tolist() == [3, 1]
    best.put_back(network, optimizer)
    np.testing.assert_array_equal(network.trainable_weights[0].numpy()[:, 0], [3, 1])


def test_patience() -> None:
    """It counts from the last epoch in which any run had weights to keep."""
    best = Best(2, 2)
    ended = follow(best, [[GOOD, BETTER], [BETTER, BAD], [BAD, BAD], [BAD, BAD]], generator(), adam())
    assert ended == [False, False, False, True]


def test_slow_decay_is_noticed() -> None:
    """Each epoch is a little worse than the one before: compared with the best, it soon is clearly worse."""
    best = Best(50, 1)
    logs = [[[-1.0 - 0.01 * epoch - 0.02 * (epoch % 2), -1.2 - 0.01 * epoch, -2.0]] for epoch in range(20)]
    follow(best, logs, generator(1), adam())
    assert best.epochs[0] < 5


def test_the_moving_average_is_what_is_kept() -> None:
    network, optimizer = generator(1), adam(use_ema=True, ema_momentum=0.5)
    weights = network.trainable_weights
    optimizer.build(weights)
    best = Best(10, 1)
    optimizer._model_variables_moving_average[0].assign(np.full((1, 3), 7.0))
    weights[0].assign(np.ones((1, 3)))
    best.take(network, optimizer, np.array([GOOD]), EXAMPLES, 1)
    np.testing.assert_array_equal(weights[0].numpy(), 1.0)
    optimizer._model_variables_moving_average[0].assign(np.full((1, 3), 9.0))
    best.take(network, optimizer, np.array([BAD]), EXAMPLES, 2)
    best.put_back(network, optimizer)
    np.testing.assert_array_equal(weights[0].numpy(), 7.0)
    optimizer.finalize_variable_values(weights)
    np.testing.assert_array_equal(weights[0].numpy(), 7.0)


def test_going_on() -> None:
    """A state that was restored keeps the same weights as one that was never interrupted."""
    logs = [[GOOD, BETTER], [BETTER, BAD], [ALIKE, BAD], [BAD, ALIKE]]
    whole, network, optimizer = Best(10, 2), generator(), adam()
    follow(whole, logs, network, optimizer)
    first = Best(10, 2)
    follow(first, logs[:2], network, optimizer)
    second = Best(10, 2)
    second.restore(first.state())
    for epoch in (3, 4):
        network.trainable_weights[0].assign(np.full((2, 3), epoch))
        second.take(network, optimizer, np.array(logs[epoch - 1]), EXAMPLES, epoch)
    assert second.epochs.tolist() == whole.epochs.tolist()
    np.testing.assert_array_equal(second.weights[0], whole.weights[0])


@pytest.mark.parametrize("patience", [1, 3])
def test_epochs_that_are_alike_go_on(patience: int) -> None:
    best = Best(patience, 1)
    assert follow(best, [[GOOD]] * 8, generator(1), adam()) == [False] * 8
    assert best.epochs.tolist() == [8]

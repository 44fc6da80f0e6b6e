import numpy as np

from gumbel_gan.training.history import History


def test_history_grows() -> None:
    history = History()
    for row in range(1_000):
        history.append({"a": np.full(2, row), "b": row / 2})
    assert len(history) == 1_000
    np.testing.assert_array_equal(history["a"], np.repeat(np.arange(1_000), 2).reshape(-1, 2))
    np.testing.assert_array_equal(history.since(998)["b"], [499, 499.5])


def test_rows_of_nothing() -> None:
    history = History()
    history.extend({})
    assert len(history) == 0
    assert history.since(0) == {}


def test_arrays_are_copies() -> None:
    history = History()
    history.extend({"a": np.arange(3)})
    history.arrays()["a"][0] = 9
    np.testing.assert_array_equal(history["a"], [0, 1, 2])

import numpy as np
import pytest
import tensorflow as tf

from gumbel_gan.gan.gumbel import uniform
from gumbel_gan.gan.layout import RUNS_LAST_FROM, argmax, runs_first, runs_last, softmax, swapped

RUNS = pytest.mark.parametrize("runs", [RUNS_LAST_FROM - 1, RUNS_LAST_FROM])


@RUNS
@pytest.mark.parametrize("inner", [(), (3,), (3, 2)])
def test_softmax_and_its_gradient_are_those_of_tensorflow(runs: int, inner: tuple[int, ...]) -> None:
    x = tf.constant(np.random.default_rng(1).normal(0, 30, (runs, *inner, 4)), tf.float32)
    weights = tf.range(4.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        ours, theirs = softmax(x), tf.nn.softmax(x)
        losses = tf.reduce_sum(ours * weights), tf.reduce_sum(theirs * weights)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-30)
    ours, theirs = (tape.gradient(loss, x) for loss in losses)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@RUNS
@pytest.mark.parametrize("inner", [(), (3,), (3, 2)])
def test_argmax_is_the_first_of_equals(runs: int, inner: tuple[int, ...]) -> None:
    x = np.random.default_rng(2).integers(0, 3, (runs, *inner, 4)).astype(np.float32)
    np.testing.assert_array_equal(argmax(tf.constant(x)), x.argmax(-1))


@RUNS
def test_argmax_of_what_is_not_a_number_is_a_category(runs: int) -> None:
    places = argmax(tf.fill((runs, 3), np.nan)).numpy()
    assert ((places >= 0) & (places < 3)).all()


@RUNS
def test_every_draw_of_a_program_is_the_same_as_alone(runs: int) -> None:
    @tf.function(jit_compile=True)
    def twice() -> tuple[tf.Tensor, tf.Tensor]:
        return uniform((5, runs), (1, 2)), uniform((5, runs), (1, 3))

    for together, seed in zip(twice(), ((1, 2), (1, 3)), strict=True):
        np.testing.assert_array_equal(together, uniform((5, runs), seed))


def test_a_single_number_is_drawn_in_a_program_as_alone() -> None:
    together = tf.function(lambda: uniform((), (1, 2)), jit_compile=True)()
    np.testing.assert_array_equal(together, uniform((), (1, 2)))


@pytest.mark.parametrize("inner", [(), (3,), (3, 2)])
def test_axes(inner: tuple[int, ...]) -> None:
    x = np.random.default_rng(3).normal(size=(5, *inner, 4))
    last = np.moveaxis(np.moveaxis(x, -1, 0), 1, -1)  # [K, ..., R]
    np.testing.assert_array_equal(runs_last(tf.constant(x)), last)
    np.testing.assert_array_equal(runs_first(tf.constant(last)), x)
    np.testing.assert_array_equal(swapped(tf.constant(x)), np.swapaxes(x, 0, 1))

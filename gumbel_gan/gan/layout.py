"""Along which axis a step's loops go.

XLA makes vector instructions of the innermost axis only, and a sum over the outermost axis is a sum of
vectors. So many runs lie innermost and the few categories outermost. A few runs stay outermost.
"""

from typing import Any

import tensorflow as tf

RUNS_LAST_FROM = 16
"""So many runs lie innermost; fewer lie outermost, where a step of theirs is faster."""


def sizes(x: tf.Tensor) -> list[Any]:
    """The size of each axis: an integer where it is known, or else a tensor, as of a batch inside Keras."""
    x = tf.convert_to_tensor(x)
    return [tf.shape(x)[axis] if size is None else size for axis, size in enumerate(x.shape)]


def many_runs(x: tf.Tensor) -> bool:
    """Whether the first axis is known to be so long that it goes innermost."""
    return x.shape[0] is not None and x.shape[0] >= RUNS_LAST_FROM


def runs_last(x: tf.Tensor) -> tf.Tensor:
    """The runs innermost and the categories outermost, [R, ..., K] to [K, ..., R]."""
    first, *inner, last = range(x.shape.rank)
    return tf.transpose(x, (last, *inner, first))


def runs_first(x: tf.Tensor) -> tf.Tensor:
    """The runs outermost again, [K, ..., R] to [R, ..., K]."""
    return runs_last(x)  # the exchange is its own inverse


def swapped(x: tf.Tensor) -> tf.Tensor:
    """The first two axes exchanged, [R, B, ...] to [B, R, ...]."""
    return tf.transpose(x, (1, 0, *range(2, x.shape.rank)))


def softmax(x: tf.Tensor) -> tf.Tensor:
    """exp(x) over its sum over the last axis, [R, ..., K] to the same.

    TensorFlow's own loops along the categories, which are few; of many runs this one loops along the runs.
    """
    if not many_runs(x):
        return tf.nn.softmax(x)
    x = runs_last(x)
    odds = tf.exp(x - tf.stop_gradient(tf.reduce_max(x, axis=0)))
    return runs_first(odds * tf.math.reciprocal(tf.reduce_sum(odds, axis=0)))


def argmax(x: tf.Tensor) -> tf.Tensor:
    """Where the largest of the last axis is, the first of equals, [R, ..., K] to int32 [R, ...].

    TensorFlow's own does not become a loop over vectors; of many runs this one does.
    """
    if not many_runs(x):
        return tf.argmax(x, axis=-1, output_type=tf.int32)
    x = runs_last(x)
    categories = x.shape[0]
    places = tf.reshape(tf.range(categories), (-1, *[1] * (x.shape.rank - 1)))
    largest = x == tf.reduce_max(x, axis=0)
    return runs_first(tf.reduce_min(tf.where(largest, places, categories - 1), axis=0, keepdims=True))[..., 0]

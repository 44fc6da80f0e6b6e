"""Along which axis a step's loops go.

XLA makes vectors of what is innermost, and of nothing else; a sum over what is outermost is a sum of vectors.
Many runs belong innermost, then: the few categories outermost. A few runs stay where they are.
"""

import tensorflow as tf

MANY = 16
"""Runs from which on loops go along the runs: 64 then take half the time a step, fewer than 16 more."""


def turn(x: tf.Tensor) -> tf.Tensor:
    """The same with the first and the last axis exchanged: the runs innermost, or the categories again."""
    first, *inner, last = range(x.shape.rank)
    return tf.transpose(x, (last, *inner, first))


def swap(x: tf.Tensor) -> tf.Tensor:
    """The same with the first two axes exchanged."""
    return tf.transpose(x, (1, 0, *range(2, x.shape.rank)))


def softmax(x: tf.Tensor) -> tf.Tensor:
    """exp(x) over its sum over the last axis, [R, ..., K] to the same.

    TensorFlow's own goes along the categories, which are few: 0.54 µs a step and run of 64, not 0.31.
    """
    if x.shape[0] < MANY:
        return tf.nn.softmax(x)
    x = turn(x)
    odds = tf.exp(x - tf.stop_gradient(tf.reduce_max(x, axis=0)))
    return turn(odds * tf.math.reciprocal(tf.reduce_sum(odds, axis=0)))


def argmax(x: tf.Tensor) -> tf.Tensor:
    """Where the largest of the last axis is, the first of equals, [R, ..., K] to int32 [R, ...].

    TensorFlow's own is no loop over vectors: at 64 runs a step of reinforce takes 2.5 times the time.
    """
    if x.shape[0] < MANY:
        return tf.argmax(x, axis=-1, output_type=tf.int32)
    x = turn(x)
    categories = x.shape[0]
    places = tf.reshape(tf.range(categories), (-1, *[1] * (x.shape.rank - 1)))
    largest = x == tf.reduce_max(x, axis=0)
    return turn(tf.reduce_min(tf.where(largest, places, categories - 1), axis=0, keepdims=True))[..., 0]

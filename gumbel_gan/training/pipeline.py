"""The stream as a `tf.data` pipeline."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from ..data.stream import Stream


def dataset(stream: Stream, first_epoch: int = 0) -> tf.data.Dataset:
    """The stream as a dataset, whose every element is an epoch, int32 [N, R, B] or [N, R, B, T].

    An element is a whole epoch, since `from_generator` costs many optimizer steps an element.

    Args:
        stream: of categories or sequences.
        first_epoch: the epoch (0, 1, ...) to begin with.

    Example:
        >>> import gumbel_gan as gg
        >>> stream = gg.Stream(gg.Distribution([0.2, 0.8]), runs=4, seed=0)
        >>> epochs = gg.dataset(stream)
        >>> next(iter(epochs)).shape.as_list()
        [100, 4, 10]
    """

    def epochs() -> Iterator[np.ndarray]:
        epoch = first_epoch
        while len(examples := stream.examples(epoch)):
            yield examples
            epoch += 1

    signature = tf.TensorSpec((None, stream.runs, stream.batch_size, *stream.example_shape), tf.int32)
    options = tf.data.Options()
    # There is nothing to tune, and at the end `tf.data` would wait seconds for the tuner's thread.
    options.autotune.enabled = False
    drawn = tf.data.Dataset.from_generator(epochs, output_signature=signature)
    if stream.source.replayable:  # without end, which `fit` must know
        drawn = drawn.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
    return drawn.prefetch(2).with_options(options)

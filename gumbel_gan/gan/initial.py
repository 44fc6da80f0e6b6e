"""Initial weights with a runs axis: each run is initialised by the fans of its own."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf


def glorot(fans: int, seed: int) -> keras.initializers.Initializer:
    """Glorot's uniform, +-sqrt(6 / fans); Keras' own would take the runs axis for fans, too."""
    limit = np.sqrt(6 / fans)
    return keras.initializers.RandomUniform(-limit, limit, seed)


def orthogonal(seed: int) -> Any:
    """An initializer of [R, in, out] whose rows are orthonormal in every run."""

    def initial(shape: tuple[int, ...], dtype: Any = None) -> tf.Tensor:
        runs, *matrix = shape
        # A sum of seed and run would begin a layer's run like another layer's next one.
        seeds = [int(np.random.SeedSequence((seed, run)).generate_state(1)[0]) for run in range(runs)]
        return tf.stack([keras.initializers.Orthogonal(seed=one)(matrix, dtype) for one in seeds])

    return initial

"""Tensors of different shapes as one vector: to fetch each by itself takes a GPU longer than some epochs."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf


class Packed:
    """How tensors lie in one vector; known when they have been packed once."""

    def __init__(self) -> None:
        self._shapes: list[tuple[int, ...]] = []
        self._ends: list[int] = []

    def pack(self, tensors: Sequence[tf.Tensor]) -> tf.Tensor:
        """Tensors of known shapes, one after the other, float32 [n]."""
        self._shapes = [tuple(tensor.shape) for tensor in tensors]
        self._ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes]).tolist()
        return tf.concat([tf.reshape(tf.cast(tensor, tf.float32), (-1,)) for tensor in tensors], 0)

    def unpack(self, vector: np.ndarray) -> list[np.ndarray]:
        """What was packed, as arrays of these shapes; views of the vector."""
        starts = (0, *self._ends)
        places = zip(starts, self._ends, self._shapes, strict=False)
        return [vector[start:end].reshape(shape) for start, end, shape in places]

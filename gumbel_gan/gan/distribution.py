"""The relaxed distribution of TensorFlow Probability, drawn faster.

A file of its own, which is imported when the distribution is first needed: TFP takes most of a second.
"""

from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from .gumbel import Seed, perturb
from .layout import softmax, swapped


class RelaxedOneHotCategorical(tfp.distributions.RelaxedOneHotCategorical):
    """`tfp.distributions.RelaxedOneHotCategorical`, drawn faster where that is possible; all else is TFP's.

    The fast drawing is for logits [R, ..., K] of float32, one temperature, and a stateless seed, int [2].
    Everything else is drawn as TFP draws it.

    Args:
        temperature: above zero; scalar, or broadcasting against the batch shape of the logits.
        logits: [..., K]; or `probs`.

    Example:
        >>> import gumbel_gan as gg
        >>> samples = gg.RelaxedOneHotCategorical(0.5, logits=[[0.0, 1.0, 2.0]]).sample(4, seed=(0, 1))
        >>> samples.shape.as_list()
        [4, 1, 3]
    """

    _latest: tuple[tf.Tensor, tf.Tensor] | None = None
    """The last samples that were drawn fast, with what their softmax was taken of."""

    def _call_sample_n(self, sample_shape: Any, seed: Any = None, **options: Any) -> tf.Tensor:
        if options or not self._can_be_fast(seed):
            return super()._call_sample_n(sample_shape, seed=seed, **options)
        # Not that of TFP's parent class, which would draw logarithms of samples.
        samples = tfp.distributions.Distribution._call_sample_n(self, sample_shape, seed)
        self._latest = (samples, tf.reshape(self._scaled, tf.shape(samples)))
        return samples

    def _can_be_fast(self, seed: Any) -> bool:
        logits = self.logits
        known = logits is not None and (logits.shape.rank or 0) > 1 and logits.shape[-1] is not None
        pair = not callable(seed) and np.shape(seed) == (2,)
        simple = tf.convert_to_tensor(self.temperature).shape.rank == 0 and not self.validate_args
        return bool(known and pair and simple and self.dtype == tf.float32)

    def _sample_n(self, n: int, seed: Seed = None) -> tf.Tensor:
        logits = self.distribution._logits_parameter_no_checks()
        scaled = perturb(logits, n, seed) / self.temperature  # [R, n, ..., K]
        self._scaled = swapped(scaled)
        return swapped(softmax(scaled))  # [n, R, ..., K]

    def _log_prob(self, value: tf.Tensor, **options: Any) -> tf.Tensor:
        if self._latest is None or value is not self._latest[0]:
            return super()._log_prob(value, **options)
        # Of its own samples from their logarithms, as TFP has it, too: cold ones underflow to zero.
        logarithms = tf.nn.log_softmax(self._latest[1])
        return self.distribution.log_prob(logarithms) - tf.reduce_sum(logarithms, axis=-1)

"""What comes back of an epoch, in one transfer."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gumbel_gan as gg
from gumbel_gan.gan.packed import Packed


def test_what_is_packed_is_unpacked() -> None:
    arrays = [np.arange(6.0).reshape(2, 3), np.float32(7), np.zeros((0, 4)), np.array([-np.inf, np.nan])]
    packed = Packed()
    vector = packed.pack([tf.constant(array) for array in arrays])
    assert vector.dtype == tf.float32
    assert vector.shape == (9,)
    for array, found in zip(arrays, packed.unpack(vector.numpy()), strict=True):
        np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("eager", [False, True])
def test_what_is_recorded_is_what_the_variables_hold(eager: bool) -> None:
    generator, discriminator = gg.CategoricalGenerator(3, runs=2), gg.LogisticDiscriminator(3, runs=2, seed=0)
    gan = gg.CategoricalGAN(generator, discriminator, generator_steps=1, seed=0)
    gan.compile(keras.optimizers.Adam(0.1), keras.optimizers.Adam(0.1), run_eagerly=eager)
    gan.fit([0, 1, 2, 2] * 8, batch_size=8, epochs=2, verbose=0)
    averaged, logits = gan.recorded
    np.testing.assert_array_equal(averaged, gan.averaged.numpy())
    np.testing.assert_array_equal(logits, generator.logits_runs_last.numpy())
    np.testing.assert_array_equal(gan.learned(weights=[logits]), gan.learned())
    assert list(gan.run_metrics) == ["discriminator_loss", "generator_loss", "temperature"]
    assert all(values.shape == (2,) for values in gan.run_metrics.values())


def test_the_moving_average_is_what_was_learned() -> None:
    """Not the weights that came back with the epoch."""
    gan = gg.CategoricalGAN(gg.CategoricalGenerator(3), gg.LogisticDiscriminator(3, seed=0), seed=0)
    gan.compile(keras.optimizers.Adam(0.1, use_ema=True, ema_momentum=0.9), keras.optimizers.Adam(0.1))
    gan.fit([0, 1, 2, 2] * 8, batch_size=8, verbose=0, epochs=1)
    _, logits = gan.recorded
    np.testing.assert_array_equal(gan.learned(weights=[logits]), gan.learned())


def test_an_epoch_is_fetched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one run of categories, whatever is recorded of it."""
    kind = type(tf.constant(0))
    fetch, fetched = kind._numpy_internal, []

    def counted(tensor: Any) -> Any:
        fetched.append(tensor.shape)
        return fetch(tensor)

    config = gg.Config(epochs=5, training=gg.Training(batches=5), seed=0, diagnostics=True)
    monkeypatch.setattr(kind, "_numpy_internal", counted)
    numbers = []
    callback = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: numbers.append(len(fetched)))
    gg.run(config, callbacks=[callback])
    assert set(np.diff(numbers)) == {1}

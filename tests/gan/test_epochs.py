"""The stream as a `tf.data` pipeline."""

import itertools

import numpy as np

from gumbel_gan.data.feed import Feed
from gumbel_gan.data.grammar import grammar
from gumbel_gan.data.source import Distribution
from gumbel_gan.data.stream import Stream
from gumbel_gan.gan.epochs import dataset

POST = np.array([0.0, 0.0, 0.1, 0.3, 0.6])


def test_an_element_is_an_epoch_that_can_be_produced_again() -> None:
    stream = Stream(Distribution(POST), runs=3, batches=7, batch_size=4, seed=5)
    epochs = [epoch.numpy() for epoch in dataset(stream).take(3)]
    assert epochs[0].shape == (7, 3, 4)
    assert epochs[0].dtype == np.int32
    again = Stream(Distribution(POST), runs=3, batches=7, batch_size=4, seed=5)
    np.testing.assert_array_equal(again.epoch(2), epochs[2])
    np.testing.assert_array_equal(next(iter(dataset(again, first_epoch=1))), epochs[1])
    assert (epochs[0] != epochs[1]).any()


def test_feed_gives_all_runs_the_same_and_ends() -> None:
    stream = Stream(
        Feed(itertools.islice(itertools.cycle("abc"), 50), "abc"), runs=2, batches=3, batch_size=4
    )
    epochs = [epoch.numpy() for epoch in dataset(stream)]
    assert [epoch.shape for epoch in epochs] == [(3, 2, 4)] * 4
    flat = np.concatenate(epochs)[:, 0].ravel()
    np.testing.assert_array_equal(flat, np.arange(48) % 3)
    np.testing.assert_array_equal(np.concatenate(epochs)[:, 1].ravel(), flat)


def test_last_epoch_of_a_feed_is_cut_to_whole_batches() -> None:
    stream = Stream(Feed("ab" * 9, "ab"), batches=3, batch_size=4)
    assert [len(epoch) for epoch in dataset(stream)] == [3, 1]


def test_sequences_have_an_axis_more() -> None:
    stream = Stream(grammar(length=5, strings=None), runs=2, batches=3, batch_size=4)
    element = next(iter(dataset(stream))).numpy()
    np.testing.assert_array_equal(element, stream.examples(0))
    assert element.shape == (3, 2, 4, 5)


def test_nothing_is_waited_for_at_the_end() -> None:
    """The tuner's thread sleeps ever longer, and the end may wait for it: a race, so no clock here."""
    assert not dataset(Stream(Distribution([0.5, 0.5]))).options().autotune.enabled

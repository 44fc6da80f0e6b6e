"""The stream of categories, an epoch at a time."""

import itertools

import numpy as np
import pytest

from gumbel_gan.config.data import Data
from gumbel_gan.data.feed import Feed
from gumbel_gan.data.grammar import grammar
from gumbel_gan.data.opening import open_source
from gumbel_gan.data.source import Distribution
from gumbel_gan.data.stream import KEPT, Stream

from ..statistics import check_frequencies

POST = np.array([0.0, 0.0, 0.1, 0.3, 0.6])


def test_an_epoch_can_be_drawn_again() -> None:
    stream = Stream(Distribution(POST), runs=3, batches=7, batch_size=4, seed=5)
    epochs = [stream.epoch(epoch) for epoch in range(3)]
    assert epochs[0].shape == (7, 3, 4)
    assert epochs[0].dtype == np.int32
    again = Stream(Distribution(POST), runs=3, batches=7, batch_size=4, seed=5)
    np.testing.assert_array_equal(again.epoch(2), epochs[2])
    np.testing.assert_array_equal(again.epoch(1), epochs[1])
    assert (epochs[0] != epochs[1]).any()


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**32, 2**63 - 1])
def test_generators_are_those_of_seed_epoch_and_run(seed: int) -> None:
    source = Distribution(POST)
    drawn = Stream(source, runs=3, batches=7, batch_size=4, seed=seed, first_run=2).epoch(5)
    for run in range(3):
        alone = source.draw(np.random.default_rng((seed, 5, run + 2)), 28)
        np.testing.assert_array_equal(drawn[:, run].ravel(), alone)


def test_few_epochs_are_kept() -> None:
    """Those that may still be asked for are the same array; older ones are drawn again."""
    stream = Stream(Distribution(POST))
    first = stream.epoch(0)
    for epoch in range(KEPT):
        stream.epoch(epoch)
    assert stream.epoch(0) is first
    stream.epoch(KEPT)
    assert stream.epoch(0) is not first
    np.testing.assert_array_equal(stream.epoch(0), first)


def test_runs_and_seeds_have_streams_of_their_own() -> None:
    draws = {
        Stream(Distribution(POST), runs=3, seed=seed).epoch(0)[:, run].tobytes()
        for seed, run in itertools.product((0, 1), range(3))
    }
    assert len(draws) == 6


def test_stream_follows_the_distribution() -> None:
    stream = Stream(Distribution(POST), runs=4, batches=100)
    integers = np.concatenate([stream.epoch(epoch) for epoch in range(100)])  # 400,000
    check_frequencies(integers, POST, detect=0.01)


def test_parts_of_a_stream() -> None:
    source = open_source(Data())
    whole, part = Stream(source, runs=5), Stream(source, runs=3, first_run=2)
    np.testing.assert_array_equal(part.epoch(7), whole.epoch(7)[:, 2:])


def test_sizes() -> None:
    """Of categories, and of strings, whose examples are their symbols."""
    stream = Stream(Distribution(POST))
    assert (stream.categories, stream.outcomes, stream.example_shape) == (5, 5, ())
    np.testing.assert_array_equal(stream.examples(0), stream.epoch(0))
    source = grammar(length=7, strings=None)
    strings = Stream(source, runs=2, batches=3, batch_size=4)
    assert (strings.categories, strings.outcomes, strings.example_shape) == (6, 85, (7,))
    np.testing.assert_array_equal(strings.examples(0), source.codes[strings.epoch(0)])
    assert strings.examples(0).shape == (3, 2, 4, 7)


def test_feed_gives_all_runs_the_same_and_ends() -> None:
    feed = Feed(itertools.islice(itertools.cycle("abc"), 50), "abc")
    stream = Stream(feed, runs=2, batches=3, batch_size=4)
    epochs = [stream.epoch(epoch) for epoch in range(5)]
    assert [epoch.shape for epoch in epochs] == [(3, 2, 4)] * 4 + [(0, 2, 4)]
    flat = np.concatenate(epochs)[:, 0].ravel()
    np.testing.assert_array_equal(flat, np.arange(48) % 3)
    np.testing.assert_array_equal(np.concatenate(epochs)[:, 1].ravel(), flat)


def test_last_epoch_of_a_feed_is_cut_to_whole_batches() -> None:
    stream = Stream(Feed("ab" * 9, "ab"), batches=3, batch_size=4)
    assert [len(stream.epoch(epoch)) for epoch in range(3)] == [3, 1, 0]


def test_runs_in_blocks_draw_as_from_one_generator() -> None:
    source = Distribution(POST)
    stream = Stream(source, runs=5, batches=3, batch_size=4, seed=5, block=2)
    integers, counts = stream.epoch(7), stream.counts(7)
    for first in (0, 2):
        drawn = source.draw(np.random.default_rng((5, 7, first, 2)), 24).reshape(2, 3, 4)
        np.testing.assert_array_equal(integers[:, first : first + 2], drawn.swapaxes(0, 1))
    for run in range(5):
        np.testing.assert_array_equal(counts[run], np.bincount(integers[:, run].ravel(), minlength=5))
    check_frequencies(Stream(source, runs=512, block=256).epoch(0), POST, detect=0.01)


def test_runs_that_differ_have_blocks_of_one() -> None:
    source = grammar(length=5)
    np.testing.assert_array_equal(
        Stream(source, runs=4, seed=0, block=4).epoch(0), Stream(source, runs=4, seed=0).epoch(0)
    )

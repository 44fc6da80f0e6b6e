from collections import Counter
from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np
import pytest

from gumbel_gan.config.catalogue import TASKS
from gumbel_gan.config.config import Config, Training
from gumbel_gan.config.data import Data
from gumbel_gan.config.networks import Discriminator, Generator
from gumbel_gan.data.opening import open_source
from gumbel_gan.laboratory.baselines import Baseline, Empirical, MaximumLikelihood, Ngram, seen
from gumbel_gan.training.progress import CutShort

CONFIG = Config(
    epochs=60,
    runs=2,
    data=Data(length=3, law="derivation", strings=3_000),
    generator=Generator(kind="lstm", units=8, learning_rate=0.03),
    discriminator=Discriminator(kind="mlp"),
    training=Training(batch_size=32, batches=5, generator_steps=1),
)
ENDLESS = replace(CONFIG, data=Data(length=5, strings="endless"))
NAMES = {"maximum_likelihood": MaximumLikelihood, "ngram": Ngram, "empirical": Empirical}


def test_names() -> None:
    assert {name: TASKS.load(name) for name in NAMES} == NAMES
    assert all(issubclass(kind, Baseline) for kind in NAMES.values())


@pytest.mark.parametrize("name", NAMES)
def test_each_finds_the_law(name: str) -> None:
    """Five strings, one of which has most of the probability; every run learns by itself."""
    source = open_source(CONFIG.data)
    told: list[tuple[int, int]] = []
    baseline = TASKS.make(name, "task")
    learned = baseline.learn(CONFIG, source, lambda done, planned, _: told.append((done, planned)))
    assert learned.shape == (2, 5)
    for run in learned:
        np.testing.assert_allclose(run, source.target, atol=0.03)
    assert (learned[0] != learned[1]).any()
    assert told == ([(epoch, 60) for epoch in range(1, 61)] if name == "maximum_likelihood" else [])


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_of_a_study(name: str) -> None:
    """The distance of each run is the same in every epoch, and the columns are of what was learned."""
    config = replace(CONFIG, epochs=3)
    curves, columns = TASKS.make(name, "task").train(config)
    assert curves.shape == (3, 2)
    np.testing.assert_array_equal(curves, np.tile(columns["total_variation"], (3, 1)))
    assert list(columns) == ["validity", "total_variation", "coverage", "kl"]
    assert all(values.shape == (2,) for values in columns.values())
    if name == "empirical":
        source = open_source(config.data)
        frequencies = seen(config, source) / 3_000
        np.testing.assert_allclose(columns["validity"], 1)
        distance = np.abs(frequencies - source.target).sum(-1) / 2
        np.testing.assert_allclose(columns["total_variation"], distance)


@pytest.mark.parametrize("name", NAMES)
def test_single_categories_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="^data.length: required for this baseline, which learns sequences"):
        TASKS.make(name, "task").train(Config())


def test_each_run_sees_strings_of_its_own() -> None:
    """Those that were drawn once for it, or as many as a GAN consumes."""
    source = open_source(CONFIG.data)
    drawn = seen(CONFIG, source)
    for run in range(2):
        np.testing.assert_array_equal(drawn[run], source.of_run(run).counts)
    assert drawn.sum(1).tolist() == [3_000, 3_000]
    assert (drawn[0] != drawn[1]).any()
    endless = seen(ENDLESS, open_source(ENDLESS.data))
    assert endless.sum(1).tolist() == [60 * 5 * 32] * 2
    assert (endless[0] != endless[1]).any()


def test_ngrams_against_a_count_by_hand() -> None:
    """Of every string, with dictionaries: (count + 0.1) / (count of the context + 0.1 for each symbol)."""
    source: Any = open_source(ENDLESS.data)
    learned = Ngram().learn(ENDLESS, source)
    padded = [("^^^" + label).ljust(3 + 5) for label in source.labels]
    for run, counts in enumerate(seen(ENDLESS, source)):
        together: Counter[str] = Counter()
        contexts: Counter[str] = Counter()
        for string, count in zip(padded, counts.tolist(), strict=True):
            for place in range(5):
                together[string[place : place + 4]] += count
                contexts[string[place : place + 3]] += count
        for number, string in enumerate(padded):
            windows = [string[place : place + 4] for place in range(5)]
            factors = [(together[w] + 0.1) / (contexts[w[:3]] + 0.1 * 6) for w in windows]
            assert learned[run, number] == pytest.approx(np.prod(factors), rel=1e-9)


def test_what_is_stopped_is_cut_short() -> None:
    stopping = Event()
    stopping.set()
    with pytest.raises(CutShort):
        MaximumLikelihood().train(CONFIG, stopping=stopping)

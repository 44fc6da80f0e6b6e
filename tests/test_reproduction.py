"""The post, reproduced: against an independent implementation, and against the post's own picture."""

import csv

import numpy as np
import pytest
import scipy.stats

from gumbel_gan.config.config import Config
from gumbel_gan.config.data import Data
from gumbel_gan.data.opening import open_source
from gumbel_gan.data.source import Distribution
from gumbel_gan.results.result import Result
from gumbel_gan.training.run import run

from .conftest import ROOT, TEXT

RUNS = 64


@pytest.fixture(scope="module")
def post() -> Result:
    return run(Config(runs=RUNS, seed=2018))[0]


def oracle() -> list[tuple[int, int, float, float]]:
    """Mean and variance of the learned probabilities over 4,096 runs of a scalar C program."""
    with (ROOT / "tests" / "data" / "oracle.csv").open() as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [(int(r["epoch"]), int(r["category"]), float(r["mean"]), float(r["variance"])) for r in rows]


def test_final_error(post: Result) -> None:
    final = post.metrics["max_abs_error"][-1]
    assert final.mean() == pytest.approx(0.025, abs=0.004)
    assert final.max() <= 0.12


def test_categories_that_never_occur(post: Result) -> None:
    np.testing.assert_allclose(post.learned[:, :2].mean(0), 0.0018, atol=0.0002)


@pytest.mark.parametrize("epoch", [10, 25, 50, 100, 200])
def test_against_the_oracle(post: Result, epoch: int) -> None:
    """Within 5 standard errors each: false alarm below 1e-4 for all 25 comparisons together."""
    compared = 0
    for at, category, mean, variance in oracle():
        if at == epoch:
            learned = post.probabilities[epoch - 1, :, category]
            error = np.sqrt(variance / RUNS + variance / 4096)
            assert abs(learned.mean() - mean) <= 5 * error
            compared += 1
    assert compared == 5


def test_the_posts_own_figure_is_one_of_ours(post: Result) -> None:
    """Decoded: below 0.05 first at epoch 42, mean over the last 50 epochs 0.017; inside our 99 % band."""
    errors = post.metrics["max_abs_error"]  # [E, R]
    first = (errors < 0.05).argmax(0) + 1
    assert first.min() <= 42 <= first.max()
    late = errors[-50:].mean(0)
    assert late.min() <= 0.017 <= late.max()


def same_law(first: np.ndarray, second: np.ndarray) -> bool:
    """Kolmogorov and Smirnov's test for two samples, false alarm 1e-6."""
    return bool(scipy.stats.ks_2samp(first, second).pvalue > 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [200])
def test_letters_of_a_text_are_learned_like_a_given_distribution(epochs: int) -> None:
    """30 kB of English: the maximum error has the same law as with its probabilities given."""
    config = Config(runs=12, epochs=epochs, data=Data(path=str(TEXT)))
    letters = open_source(config.data)
    assert len(letters.labels) == 56
    text = run(config)[0].metrics["max_abs_error"]
    given = run(Config(runs=12, epochs=epochs, seed=1), Distribution(letters.target))[0].metrics[
        "max_abs_error"
    ]
    assert same_law(text[-1], given[-1])
    difference = np.hypot(text[-1].std(ddof=1), given[-1].std(ddof=1)) / np.sqrt(12)
    assert abs(text[-1].mean() - given[-1].mean()) <= 5 * difference
    assert not same_law(text[-1], given[9])  # the test has power: an earlier epoch is found out

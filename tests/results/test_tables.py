"""What was learned, as a table for a terminal."""

import numpy as np
import pytest

from gumbel_gan.results.tables import MOST_SAMPLES, learned_table

from .made_up import made_up


def test_table_of_means() -> None:
    result = made_up(labels=["a", "b", " ", "d", "a word that is long"])
    means, *lines = learned_table(result).splitlines()
    assert means == "Means of 2 runs, which hide how runs differ, and keep errors that they share:"
    assert lines[0].split() == ["label", "target", "learned", "error", "averaged", "counted"]
    assert len(lines) == 1 + 5 + 2
    label, *numbers = lines[2].split()
    assert label == "b"
    expected = [result.target[1], result.learned[:, 1].mean()]
    expected += [expected[1] - expected[0], result.averaged[:, 1].mean(), result.counted[:, 1].mean()]
    assert list(map(float, numbers)) == pytest.approx(expected, abs=1e-4)
    assert lines[3].startswith("' ' ")
    assert lines[5].startswith("a word that is lo… ")
    assert len({len(line) for line in lines[:6]}) == 1  # one below the other
    assert lines[-2].startswith("total variation from the target, means of 2 runs: learned 0.")
    assert ", averaged 0." in lines[-2]
    assert ", counted 0." in lines[-2]
    errors = result.metrics["max_abs_error"][-1]
    assert lines[-1].startswith(f"maximum error of learned, 2 runs: mean {errors.mean():.4f}, median ")
    assert lines[-1].endswith(f"worst {errors.max():.4f}")


def test_one_run_tells_the_error_of_the_average_too() -> None:
    """Since samples are drawn from it."""
    result = made_up(runs=1)
    error = np.abs(result.averaged[0] - result.target).max()
    assert learned_table(result).splitlines()[-1].endswith(f", of averaged: {error:.4f}")


def test_one_run_that_was_never_averaged() -> None:
    result = made_up(runs=1)
    result.averaged = result.learned
    lines = learned_table(result).splitlines()
    assert "averaged" not in lines[-2]
    assert lines[-1] == f"maximum error of learned: {result.metrics['max_abs_error'][-1][0]:.4f}"


def test_of_many_categories_the_most_probable_and_the_worst() -> None:
    result = made_up(categories=100)
    lines = learned_table(result).splitlines()[1:]
    order = np.argsort(-result.target)
    assert [line.split()[0] for line in lines[1:16]] == [str(k) for k in order[:15]]
    assert lines[16] == "the worst of the others:"
    worst = [int(line.split()[0]) for line in lines[17:22]]
    errors = np.abs(result.learned.mean(0) - result.target)
    others = np.setdiff1d(np.arange(100), order[:15])
    assert worst == sorted(others, key=lambda k: -errors[k])[:5]
    assert lines[22] == "… and 80 more categories"


def test_strings_are_shown_by_their_classes() -> None:
    classes = ("1 symbol", "3 symbols", "3 symbols")
    result = made_up(categories=3, labels=["x", "x+x", "x-x"], classes=classes, kind="grammar")
    result.samples = (("x", "x+x") * 20, ("x-", "x") * 20)
    result.metrics |= {name: np.full((4, 2), 0.25) for name in ("validity", "coverage", "kl")}
    lines = learned_table(result).splitlines()[1:]
    assert [line[:9] for line in lines[1:3]] == ["1 symbol ", "3 symbols"]
    assert lines[3].startswith("(anything else) ")
    assert (
        "validity 0.2500, coverage 0.2500, kl 0.2500, distinct_share 0.0500, training_overlap 0.75"
        in lines[5]
    )
    assert lines[6].startswith("samples: 'x'  'x+x'  'x'")
    assert lines[6].count("'x'") == MOST_SAMPLES // 2

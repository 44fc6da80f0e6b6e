"""Statistical assertions, each with the rate at which it fails a right sampler and the error that it finds.

With n draws of one of K categories, each frequency stays within t = sqrt(log(2 K / a) / (2 n)) of its
probability except with probability a in all (Hoeffding, Bonferroni). A sampler that is wrong by 2 t or
more in some category then passes with probability below a.
"""

import math

import numpy as np

FALSE_ALARM = 1e-6


def tolerance(draws: int, categories: int) -> float:
    return math.sqrt(math.log(2 * categories / FALSE_ALARM) / (2 * draws))


def check_frequencies(samples: np.ndarray, probabilities: np.ndarray, detect: float) -> None:
    """Fail unless the samples follow the probabilities.

    A right sampler fails with probability at most 1e-6; one that is wrong by `detect` or more passes with
    probability at most 1e-6, for which there must be enough samples.
    """
    allowed = tolerance(samples.size, len(probabilities))
    assert 2 * allowed <= detect, f"{samples.size} draws cannot detect an error of {detect}"
    frequencies = np.bincount(samples.ravel(), minlength=len(probabilities)) / samples.size
    worst = np.abs(frequencies - probabilities).max()
    assert worst <= allowed, f"a frequency is off by {worst:.5f}, allowed are {allowed:.5f}"


def check_mean(values: np.ndarray, expected: float, errors: float = 5.0) -> None:
    """Fail if the mean is over `errors` standard errors off (5: one in 1.7 million, by the normal law)."""
    error = values.std(ddof=1) / math.sqrt(len(values))
    assert abs(values.mean() - expected) <= errors * error, f"{values.mean()} ± {error}, expected {expected}"

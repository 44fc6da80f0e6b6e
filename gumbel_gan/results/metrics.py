"""Distances between distributions, and counting, the yardstick."""

import numpy as np
from numpy.typing import ArrayLike


def max_abs_error(probabilities: ArrayLike, target: ArrayLike) -> np.ndarray:
    """The largest difference in any category, [..., K] and [K] to [...].

    Example:
        >>> import gumbel_gan as gg
        >>> print(gg.max_abs_error([[0.25, 0.75], [0.4, 0.6]], [0.25, 0.75]).round(2))
        [0.   0.15]
    """
    return np.abs(np.asarray(probabilities) - target).max(-1)


def total_variation(probabilities: ArrayLike, target: ArrayLike) -> np.ndarray:
    """Half the sum of the absolute differences, [..., K] and [K] to [...]; from 0 to 1.

    What one of them has less in total counts as a category more: of strings, all that are not among the K.

    Example:
        >>> import gumbel_gan as gg
        >>> print(gg.total_variation([[0.25, 0.25, 0.5], [0.0, 0.0, 1.0]], [0.5, 0.25, 0.25]))
        [0.25 0.75]
    """
    probabilities, target = np.asarray(probabilities), np.asarray(target)
    beyond = np.abs(probabilities.sum(-1) - target.sum(-1))
    return 0.5 * (np.abs(probabilities - target).sum(-1) + beyond)


def ratio_of_means(values: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """The mean of `values` over that of `others`, both [R] and paired, and its standard error.

    The error is the delta method's; nan for a single run, or where `others` are zero.
    """
    if len(values) < 2 or not others.any():
        return float(values.mean() / others.mean()) if others.any() else float("nan"), float("nan")
    ratio = values.mean() / others.mean()
    error = (values - ratio * others).std(ddof=1) / np.sqrt(len(values)) / others.mean()
    return float(ratio), float(error)

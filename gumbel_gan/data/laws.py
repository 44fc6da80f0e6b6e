"""Distributions by name."""

import numpy as np

from ..config.catalogue import LAWS
from ..config.data import Data
from .source import Distribution


def uniform(categories: int, seed: int) -> np.ndarray:
    """Weights that are all alike, [K]."""
    return np.ones(categories)


def dirichlet(categories: int, seed: int) -> np.ndarray:
    """Weights of a draw from Dirichlet(1), [K]: uniform over all distributions."""
    return np.random.default_rng(seed).exponential(size=categories)


def zipf(categories: int, seed: int) -> np.ndarray:
    """Weights of Zipf's law, [K]: 1/k for the k-th."""
    return 1 / np.arange(1, categories + 1)


def one(categories: int, seed: int) -> np.ndarray:
    """All weight on the first category, [K]."""
    return np.eye(1, categories)[0]


def half(categories: int, seed: int) -> np.ndarray:
    """Equal weights on the first half of the categories, rounded up, [K]."""
    return np.where(np.arange(categories) < (categories + 1) // 2, 1.0, 0.0)


def law(name: str, categories: int, seed: int = 0) -> np.ndarray:
    """Probabilities by name, float64 [K].

    Args:
        name: of a law of single categories, in the catalogue.
        categories: K.
        seed: of a law that is drawn.

    Raises:
        ValueError: the name is not known.
    """
    LAWS.check("law", name)
    weights = LAWS[name].load()(categories, seed)
    return weights / weights.sum()


def open_law(data: Data) -> Distribution:
    """The distribution that the settings name."""
    return Distribution(probabilities(data), data.labels)


def probabilities(data: Data) -> np.ndarray:
    """The probabilities of the law that the settings name, float64 [K]."""
    assert data.law is not None  # Data sees to it
    assert data.categories is not None
    return law(data.law, data.categories, data.law_seed)

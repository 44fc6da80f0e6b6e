"""The grammar of Kusner and Hernández-Lobato 2016: S -> x | S+S | S-S | S*S | S/S."""

import functools
import itertools
from collections.abc import Sequence
from math import comb

import numpy as np

from ..config.catalogue import LAWS
from ..config.data import Data
from .source import Distribution, Frequencies
from .strings import Strings

SYMBOLS = "x+-*/ "
"""The grammar's alphabet; the last symbol pads."""
DRAWN_ONCE = 5_000
"""Strings of the paper's training set."""


def sentences(length: int = 12) -> list[str]:
    """All strings of the grammar of at most so many symbols, shortest first.

    There are 4^n with n operators: 1,365 of length 12 or less.
    """
    return [
        "x" + "".join(operator + "x" for operator in operators)
        for count in range((length - 1) // 2 + 1)
        for operators in itertools.product("+-*/", repeat=count)
    ]


def derivation(strings: Sequence[str]) -> np.ndarray:
    """Weights of strings whose rules were chosen uniformly, [S].

    A string with n operators has Catalan(n) derivations of probability 5^-(2n+1) each. (Without a limit on
    the length three derivations in four would never end.)
    """
    operators = np.array([len(string) // 2 for string in strings])
    catalan = np.array([comb(2 * n, n) // (n + 1) for n in range(operators.max() + 1)], np.float64)
    return catalan[operators] * 5.0 ** -(2 * operators + 1)


def sentence_law(name: str, strings: Sequence[str]) -> np.ndarray:
    """The probability of each string of the grammar, float64 [S].

    Args:
        name: "uniform" or "derivation".
        strings: of the grammar.

    Raises:
        ValueError: the name is not known.
    """
    LAWS.check("law", name)
    weights = np.ones(len(strings)) if LAWS[name].categories else LAWS[name].load()(strings)
    return weights / weights.sum()


def grammar(
    law: str = "uniform", strings: int | None = DRAWN_ONCE, length: int = 12, seed: int = 0
) -> Strings:
    """The grammar's strings as a source.

    Args:
        law: of the strings, as `sentence_law` has it.
        strings: how many are drawn once, to be drawn from; each run has its own. None draws from the law.
        length: T.
        seed: of the strings that are drawn; run r draws its own with seed + r.

    Returns:
        A source of S strings whose target is the law.

    Example:
        >>> import gumbel_gan as gg
        >>> source = gg.grammar(law="derivation", strings=None, length=5)
        >>> source.labels[:4], len(source.labels)
        (('x', 'x+x', 'x-x', 'x*x'), 21)
        >>> source.target[:4].round(3).tolist()
        [0.826, 0.033, 0.033, 0.033]
    """
    labels = sentences(length)
    probabilities = sentence_law(law, labels)
    if strings is None:
        return Strings(Distribution(probabilities, labels), SYMBOLS, length)

    @functools.cache
    def of_run(run: int) -> Frequencies:
        counts = np.random.default_rng(seed + run).multinomial(strings, probabilities)
        return Frequencies(counts, labels, probabilities.tolist())

    return Strings(of_run(0), SYMBOLS, length, of_run=of_run)


def open_grammar(data: Data) -> Strings:
    """The grammar as the settings describe it."""
    assert data.length is not None  # Data sees to it
    drawn_once = None if data.strings == "endless" else int(data.strings or DRAWN_ONCE)
    return grammar(data.law or "uniform", drawn_once, data.length, data.law_seed)

"""Strings as categories: those of the grammar of Kusner and Hernández-Lobato, or the lines of a text.

A string is one category of many; what the networks see are its symbols, padded with spaces. So all that
counts and compares distributions of categories does the same for distributions over strings.
"""

import itertools
from collections.abc import Sequence
from math import comb
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .sources import Distribution, Frequencies

SYMBOLS = "x+-*/ "
"""The grammar's; the last one pads."""


def sentences(length: int = 12) -> list[str]:
    """All strings of the grammar S -> x | S+S | S-S | S*S | S/S of at most so many symbols, shortest first.

    There are 4^n with n operators: 1,365 of length 12 or less.
    """
    return [
        "x" + "".join(operator + "x" for operator in operators)
        for count in range((length - 1) // 2 + 1)
        for operators in itertools.product("+-*/", repeat=count)
    ]


def sentence_law(name: str, strings: Sequence[str]) -> np.ndarray:
    """The probability of each string of the grammar, float64 [S].

    Args:
        name: "uniform"; or "derivation": rules chosen uniformly, given that the string is among these. A
            string with n operators has Catalan(n) derivations of probability 5^-(2n+1) each. (Without a
            limit three derivations in four would never end.)
        strings: of the grammar.
    """
    operators = np.array([len(string) // 2 for string in strings])
    if name == "uniform":
        weights = np.ones(len(strings))
    else:
        catalan = np.array([comb(2 * n, n) // (n + 1) for n in range(operators.max() + 1)], np.float64)
        weights = catalan[operators] * 5.0 ** -(2 * operators + 1)
    return weights / weights.sum()


class Strings:
    """A source of strings: category s is the s-th string.

    Args:
        source: of the categories; its labels are the strings.
        symbols: the alphabet, K of them; the last one pads.
        length: T.
        held_out: bool [S], which of the strings are never drawn, if some are kept for a test.

    Attributes:
        codes: int32 [S, T], the symbols of every string.

    Raises:
        ValueError: a string is empty or too long, or holds an unknown symbol.
    """

    def __init__(
        self,
        source: "Distribution | Frequencies",
        symbols: str,
        length: int,
        held_out: np.ndarray | None = None,
    ) -> None:
        self.source, self.symbols, self.length, self.held_out = source, symbols, length, held_out
        self.labels, self.target, self.target_is = source.labels, source.target, source.target_is
        self.codes = encode(self.labels, symbols, length)

    def draw(self, random: np.random.Generator, size: int) -> np.ndarray:
        """Draw `size` strings, as categories int32 [size]."""
        return self.source.draw(random, size)

    def at(self, epoch: int) -> "Strings":
        """What is drawn from in an epoch (0, 1, ...): the same in all."""
        return self

    def scores(self, learned: np.ndarray) -> dict[str, np.ndarray]:
        """How good a distribution over all sequences of symbols is, from the strings' probabilities, [R, S].

        Returns:
            By name, [R] each: `validity`, the probability of any of the strings; `coverage`, the part of them
            with more than a tenth of their target (a fixed threshold would call the law `derivation` itself
            poor); `kl`, the divergence of the target from it, in nats. Where strings are held out,
            `perplexity` of a symbol of theirs; the end of a string counts as a symbol, where it has one.
        """
        drawn = self.target > 0
        target, found = self.target[drawn], np.maximum(learned, 1e-300)
        scores = {
            "validity": learned.sum(-1),
            "coverage": (learned[:, drawn] > target / 10).mean(-1),
            "kl": (target * np.log(target / found[:, drawn])).sum(-1),
        }
        if self.held_out is not None:
            lengths = np.array([min(len(label) + 1, self.length) for label in self.labels])
            symbols = lengths[self.held_out].sum()
            scores["perplexity"] = np.exp(-np.log(found[:, self.held_out]).sum(-1) / symbols)
        return scores


def encode(strings: Sequence[str], symbols: str, length: int) -> np.ndarray:
    """Symbols as integers, padded with the last one, int32 [S, T].

    Raises:
        ValueError: a string is empty or too long, or holds an unknown symbol.
    """
    place = {symbol: code for code, symbol in enumerate(symbols)}
    codes = np.full((len(strings), length), len(symbols) - 1, np.int32)
    for row, string in enumerate(strings):
        if not string.strip(symbols[-1]):
            raise ValueError("data.path: received an empty line: leave it out")
        if len(string) > length:
            raise ValueError(
                f"data.length: received {string!r} of {len(string)} symbols: give {len(string)} or more"
            )
        if unknown := set(string) - set(symbols):
            raise ValueError(
                f"data.vocabulary: received {sorted(unknown)[0]!r} in {string!r}, which is not among the "
                f"symbols {symbols!r}: add it, or leave it out"
            )
        codes[row, : len(string)] = [place[symbol] for symbol in string]
    return codes


def decode(codes: np.ndarray, symbols: str) -> list[str]:
    """Integers [S, T] to strings, without the padding at their end."""
    return ["".join(symbols[code] for code in row).rstrip(symbols[-1]) for row in codes]


def length_classes(strings: Sequence[str]) -> list[str]:
    """For every string the name of its class: how many symbols it has."""
    return [f"{len(string)} symbol{'s' if len(string) > 1 else ''}" for string in strings]

"""Strings as categories: category s is the s-th string, and what the networks see are its symbols.

So everything that counts and compares distributions of categories does the same for distributions over
strings.
"""

from collections.abc import Callable, Sequence

import numpy as np

from .source import Source

CLASS_OF_OTHERS = "(anything else)"
"""The class of the sequences that are none of the strings."""


class Strings(Source):
    """A source of strings.

    Args:
        source: of the categories; its labels are the strings.
        alphabet: K symbols; the last one pads.
        length: T.
        held_out: bool [S], which of the strings are never drawn, if some are kept for a test.
        of_run: makes the source of the categories that a run draws from; by default all draw from `source`.

    Attributes:
        codes: int32 [S, T], the symbols of every string.

    Raises:
        ValueError: a string is empty or too long, or holds an unknown symbol.

    Example:
        >>> import gumbel_gan as gg
        >>> source = gg.Strings(gg.from_values(["ab", "b", "ab"]), alphabet="ab ", length=3)
        >>> source.labels, source.codes.tolist()
        (('ab', 'b'), [[0, 1, 2], [1, 2, 2]])
    """

    def __init__(
        self,
        source: Source,
        alphabet: str,
        length: int,
        held_out: np.ndarray | None = None,
        of_run: Callable[[int], Source] | None = None,
    ) -> None:
        self.kind = "grammar" if held_out is None else "strings"
        self.source, self.alphabet, self.length, self.held_out = source, alphabet, length, held_out
        self.labels, self.target, self.target_is = source.labels, source.target, source.target_is
        self.codes: np.ndarray = encode(self.labels, alphabet, length)
        self.classes = tuple(length_classes(self.labels))
        self._of_run = of_run or (lambda run: source)

    def draw(self, random: np.random.Generator, size: int) -> np.ndarray:
        """Draw `size` strings, as categories int32 [size]."""
        return self.source.draw(random, size)

    def of_run(self, run: int) -> Source:
        """The categories that a run (0, 1, ...) draws from."""
        return self._of_run(run)

    def scores(
        self, learned: np.ndarray, counted: np.ndarray, forgetting: np.ndarray, epoch: int
    ) -> dict[str, np.ndarray]:
        """How good a distribution over all sequences of symbols is, from the strings' probabilities.

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


def encode(strings: Sequence[str], alphabet: str, length: int) -> np.ndarray:
    """Symbols as integers, padded with the last one, int32 [S, T].

    Raises:
        ValueError: a string is empty, too long or given twice, or holds an unknown symbol.
    """
    bare = [string.rstrip(alphabet[-1]) for string in strings]
    if len(set(bare)) < len(bare):
        twice = next(string for place, string in enumerate(bare) if string in bare[:place])
        raise ValueError(
            f"data: received {twice!r} twice, with and without {alphabet[-1]!r} at its end, which pads: "
            "give each string once"
        )
    place = {symbol: code for code, symbol in enumerate(alphabet)}
    codes = np.full((len(strings), length), len(alphabet) - 1, np.int32)
    for row, string in enumerate(strings):
        if not string.strip(alphabet[-1]):
            raise ValueError("data.path: received an empty line: leave it out")
        if len(string) > length:
            raise ValueError(
                f"data.length: received {string!r} of {len(string)} symbols: give {len(string)} or more"
            )
        if unknown := set(string) - set(alphabet):
            raise ValueError(
                f"data.vocabulary: received {sorted(unknown)[0]!r} in {string!r}, which is not among the "
                f"symbols {alphabet!r}: add it, or leave it out"
            )
        codes[row, : len(string)] = [place[symbol] for symbol in string]
    return codes


def length_classes(strings: Sequence[str]) -> list[str]:
    """For every string the name of its class: how many symbols it has."""
    return [f"{len(string)} symbol{'s' if len(string) > 1 else ''}" for string in strings]

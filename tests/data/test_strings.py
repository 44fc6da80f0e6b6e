"""Strings as categories: their symbols, their scores."""

from pathlib import Path

import numpy as np
import pytest

from gumbel_gan.config.data import Data
from gumbel_gan.data.grammar import SYMBOLS, grammar
from gumbel_gan.data.opening import open_source
from gumbel_gan.data.source import Distribution
from gumbel_gan.data.strings import Strings, encode, length_classes
from gumbel_gan.gan.sequences import SequenceGenerator

NOTHING = np.empty((1, 0))


def scores(source: Strings, learned: np.ndarray) -> dict[str, np.ndarray]:
    """They depend on nothing but what was learned."""
    return source.scores(learned, NOTHING, NOTHING, 0)


def test_codes() -> None:
    codes = encode(["x+x", "x"], SYMBOLS, 5)
    np.testing.assert_array_equal(codes, [[0, 1, 0, 5, 5], [0, 5, 5, 5, 5]])
    assert SequenceGenerator(SYMBOLS, 5, units=1).names(codes, ()) == ["x+x", "x"]
    for strings, message in (
        (["x", ""], "received an empty line: leave it out"),
        (["x+x+x+x"], "data.length: received 'x\\+x\\+x\\+x' of 7 symbols: give 7 or more"),
        (["x%x"], "received '%' in 'x%x', which is not among the symbols"),
    ):
        with pytest.raises(ValueError, match=message):
            encode(strings, SYMBOLS, 5)


def test_scores_by_hand() -> None:
    """A language of three strings, and what a generator gives them, the rest being none of them."""
    strings = Strings(Distribution([0.5, 0.3, 0.2], ["x", "x+x", "x-x"]), SYMBOLS, 3)
    found = scores(strings, np.array([[0.5, 0.3, 0.2], [0.6, 0.02, 0.18]]))
    np.testing.assert_allclose(found["validity"], [1, 0.8])
    np.testing.assert_allclose(found["coverage"], [1, 2 / 3])
    kl = 0.5 * np.log(0.5 / 0.6) + 0.3 * np.log(0.3 / 0.02) + 0.2 * np.log(0.2 / 0.18)
    np.testing.assert_allclose(found["kl"], [0, kl], atol=1e-12)
    held_out = Strings(
        Distribution([0.5, 0.5, 0], ["x", "x+x", "x-"]), SYMBOLS, 4, np.array([False, False, True])
    )
    # Three symbols: two, and the end of the string.
    np.testing.assert_allclose(scores(held_out, np.array([[0.1, 0.1, 1e-3]]))["perplexity"], 10)


def test_the_constant_generator_is_seen_through() -> None:
    """Under the law `derivation` it scores validity 1 and a total variation of 0.197; coverage tells."""
    source = grammar("derivation")
    learned = np.zeros((1, 1365))
    learned[0, 0] = 1
    found = scores(source, learned)
    assert found["validity"] == 1
    assert found["coverage"] == pytest.approx(1 / 1365)
    assert 1 - source.target[0] == pytest.approx(0.197, abs=0.001)
    assert scores(source, source.target[None])["coverage"] == 1


def test_what_strings_are_to_a_training() -> None:
    """Categories that are strings, shown by how many symbols they have."""
    source = Distribution([0.5, 0.3, 0.2], ["x", "x+x", "x-x"])
    strings = Strings(source, SYMBOLS, 5)
    assert strings.labels == ("x", "x+x", "x-x")
    assert strings.classes == ("1 symbol", "3 symbols", "3 symbols")
    assert strings.codes.shape == (3, 5)
    assert strings.target_is == "given"
    assert strings.of_run(0) is strings.of_run(7) is source
    assert strings.kind == "grammar"
    held_out = Strings(source, SYMBOLS, 5, np.array([False, False, True]))
    assert held_out.kind == "strings"
    random, again = np.random.default_rng(0), np.random.default_rng(0)
    np.testing.assert_array_equal(strings.draw(random, 20), source.draw(again, 20))


def test_length_classes() -> None:
    assert length_classes(["x", "xx", "x+"]) == ["1 symbol", "2 symbols", "2 symbols"]


def test_blanks_at_the_end(tmp_path: Path) -> None:
    """They pad: two strings that differ in nothing else are one, and count together."""
    words = [f"{a}{b}" for a in "abcdefgh" for b in "xyz"]
    lines = [*words, "ax ", "ax  ", "by "]
    (tmp_path / "names.txt").write_text("\n".join(lines) + "\n \n")
    source = open_source(Data(path=str(tmp_path / "names.txt"), length=4, law_seed=1))
    assert sorted(source.labels) == sorted(words)
    assert isinstance(source, Strings)
    assert source.held_out is not None
    counts = source.source.counts
    assert counts is not None
    drawn = dict(zip(source.labels, counts.tolist(), strict=True))
    assert drawn["ax"] == (0 if source.held_out[source.labels.index("ax")] else 3)
    with pytest.raises(ValueError, match="data: received 'ab' twice, with and without ' ' at its end"):
        encode(["ab", "a", "ab "], "ab ", 3)

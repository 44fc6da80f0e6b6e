import numpy as np
import pytest

from gumbel_gan.config.data import Data
from gumbel_gan.data.grammar import SYMBOLS, grammar, sentence_law, sentences
from gumbel_gan.data.opening import open_source
from gumbel_gan.data.stream import Stream
from gumbel_gan.data.strings import Strings


def parses(string: str) -> bool:
    """An independent parser of S -> x | S op S, by trying every place where a rule may have been applied."""
    return string == "x" or any(
        string[place] in "+-*/" and parses(string[:place]) and parses(string[place + 1 :])
        for place in range(1, len(string) - 1)
    )


def derivations(string: str) -> int:
    """How many trees a string has, by the same independent way."""
    return (string == "x") + sum(
        derivations(string[:place]) * derivations(string[place + 1 :])
        for place in range(1, len(string) - 1)
        if string[place] in "+-*/"
    )


def test_sentences() -> None:
    strings = sentences(12)
    assert len(strings) == len(set(strings)) == 1365
    assert max(map(len, strings)) == 11
    random = np.random.default_rng(0)
    for string in random.choice(strings, 50):
        assert parses(string)
    assert sentences(3) == ["x", "x+x", "x-x", "x*x", "x/x"]


def test_sentences_are_all_that_parse() -> None:
    """On 300 random strings of up to five symbols, and on 500 sentences with a symbol changed."""
    random = np.random.default_rng(1)
    strings = ["".join(random.choice(list("x+-"), size)) for size in (1, 2, 3, 4, 5) for _ in range(60)]
    for sentence in random.choice(sentences(12), 500):
        place = random.integers(len(sentence))
        strings.append(sentence[:place] + random.choice(list("x+-*/")) + sentence[place + 1 :])
    known = set(sentences(12))
    found = {string: string in known for string in strings}
    assert {string: parses(string) for string in strings} == found
    assert 0 < sum(found.values()) < len(found)


def test_laws() -> None:
    strings = sentences(12)
    np.testing.assert_allclose(sentence_law("uniform", strings), 1 / 1365)
    law = sentence_law("derivation", strings)
    weights = np.array([derivations(string) * 5.0 ** -len(string) for string in strings[:85]])
    np.testing.assert_allclose(law[:85] / law[0], weights / weights[0])
    operators = np.array([len(string) // 2 for string in strings])
    by_operators = [law[operators == n].sum() for n in range(6)]
    np.testing.assert_allclose(by_operators, [0.803, 0.128, 0.041, 0.016, 0.007, 0.004], atol=0.0006)


def test_unknown_law() -> None:
    with pytest.raises(ValueError, match="law: received 'gauss': give one of uniform, .*, derivation$"):
        sentence_law("gauss", sentences(3))


def test_drawn_once_and_endless() -> None:
    once, endless = grammar(strings=5_000, seed=3), grammar(strings=None)
    np.testing.assert_array_equal(once.target, endless.target)
    drawn = once.draw(np.random.default_rng(0), 200_000)
    counts = once.source.counts
    assert counts is not None
    assert len(set(drawn.tolist())) == (counts > 0).sum() < 1365
    assert len(set(endless.draw(np.random.default_rng(0), 200_000).tolist())) == 1365
    examples = Stream(once, batches=2, batch_size=3).examples(0)
    assert examples.shape == (2, 1, 3, 12)
    strings = ["".join(SYMBOLS[code] for code in row).rstrip() for row in examples.reshape(-1, 12)]
    assert all(parses(string) for string in strings)


def test_every_run_draws_strings_of_its_own() -> None:
    """Run r of a seed has what run 0 has of that seed and r more."""
    several = grammar(strings=500, seed=3)
    for run in range(3):
        alone, of_run = grammar(strings=500, seed=3 + run).of_run(0), several.of_run(run)
        assert of_run.counts is not None
        assert of_run.counts.sum() == 500
        np.testing.assert_array_equal(of_run.counts, alone.counts)
        np.testing.assert_array_equal(of_run.target, several.target)
    assert len({several.of_run(run).counts.tobytes() for run in range(3)}) == 3  # type: ignore[union-attr]
    assert several.of_run(2) is several.of_run(2)  # drawn once
    epoch = Stream(several, runs=2, batches=100, batch_size=50).epoch(0)
    for run in range(2):
        counts = several.of_run(run).counts
        assert counts is not None
        assert set(np.unique(epoch[:, run])) <= set(np.flatnonzero(counts))
    endless = grammar(strings=None)
    assert endless.of_run(0) is endless.of_run(1) is endless.source


def test_grammar_from_settings() -> None:
    """The paper's 5,000 strings of the law `uniform`, unless it says otherwise."""
    source = open_source(Data(length=12))
    assert isinstance(source, Strings)
    assert source.kind == "grammar"
    assert source.alphabet == SYMBOLS
    assert source.of_run(0).counts.sum() == 5_000  # type: ignore[union-attr]
    np.testing.assert_allclose(source.target, 1 / 1365)
    source = open_source(Data(length=5, law="derivation", strings=70, law_seed=2))
    again = grammar("derivation", 70, 5, 3).of_run(0).counts
    assert again is not None
    np.testing.assert_array_equal(source.of_run(1).counts, again)
    source = open_source(Data(length=5, strings="endless"))
    assert isinstance(source, Strings)
    assert source.source.counts is None

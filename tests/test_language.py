from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gumbel_gan.config import Data
from gumbel_gan.data import Stream
from gumbel_gan.language import SYMBOLS, Strings, decode, encode, sentence_law, sentences
from gumbel_gan.sources import Distribution, grammar, open_source


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


def test_codes() -> None:
    codes = encode(["x+x", "x"], SYMBOLS, 5)
    np.testing.assert_array_equal(codes, [[0, 1, 0, 5, 5], [0, 5, 5, 5, 5]])
    assert decode(codes, SYMBOLS) == ["x+x", "x"]
    for strings, message in (
        (["x", ""], "received an empty line: leave it out"),
        (["x+x+x+x"], "data.length: received 'x\\+x\\+x\\+x' of 7 symbols: give 7 or more"),
        (["x%x"], "received '%' in 'x%x', which is not among the symbols"),
    ):
        with pytest.raises(ValueError, match=message):
            encode(strings, SYMBOLS, 5)


def test_drawn_once_and_endless() -> None:
    once, endless = grammar(strings=5_000, seed=3), grammar(strings=None)
    np.testing.assert_array_equal(once.target, endless.target)
    drawn = once.draw(np.random.default_rng(0), 200_000)
    assert len(set(drawn.tolist())) == (once.source.counts > 0).sum() < 1365  # type: ignore[union-attr]
    assert len(set(endless.draw(np.random.default_rng(0), 200_000).tolist())) == 1365
    examples = Stream(once, batches=2, batch_size=3).examples(0)
    assert examples.shape == (2, 1, 3, 12)
    assert all(parses(string) for string in decode(examples.reshape(-1, 12), SYMBOLS))


def test_scores_by_hand() -> None:
    """A language of three strings, and what a generator gives them, the rest being none of them."""
    strings = Strings(Distribution([0.5, 0.3, 0.2], ["x", "x+x", "x-x"]), SYMBOLS, 3)
    scores = strings.scores(np.array([[0.5, 0.3, 0.2], [0.6, 0.02, 0.18]]))
    np.testing.assert_allclose(scores["validity"], [1, 0.8])
    np.testing.assert_allclose(scores["coverage"], [1, 2 / 3])
    kl = 0.5 * np.log(0.5 / 0.6) + 0.3 * np.log(0.3 / 0.02) + 0.2 * np.log(0.2 / 0.18)
    np.testing.assert_allclose(scores["kl"], [0, kl], atol=1e-12)
    held_out = Strings(
        Distribution([0.5, 0.5, 0], ["x", "x+x", "x-"]), SYMBOLS, 4, np.array([False, False, True])
    )
    # Three symbols: two, and the end of the string.
    np.testing.assert_allclose(held_out.scores(np.array([[0.1, 0.1, 1e-3]]))["perplexity"], 10)


def test_the_constant_generator_is_seen_through() -> None:
    """Under the law `derivation` it scores validity 1 and a total variation of 0.197; coverage tells."""
    source = grammar("derivation")
    learned = np.zeros((1, 1365))
    learned[0, 0] = 1
    scores = source.scores(learned)
    assert scores["validity"] == 1
    assert scores["coverage"] == pytest.approx(1 / 1365)
    assert 1 - source.target[0] == pytest.approx(0.197, abs=0.001)
    assert source.scores(source.target[None])["coverage"] == 1


def test_lines_of_a_file(tmp_path: Path) -> None:
    words = [f"{a}{b}" for a in "abcdefgh" for b in "xyz"]
    path = tmp_path / "names.txt"
    path.write_text("\n".join(words + words[:3]) + "\n")
    source = open_source(Data(path=str(path), length=4))
    assert isinstance(source, Strings)
    assert source.symbols == "abcdefghxyz "
    assert source.held_out is not None
    assert source.held_out.sum() == 2
    assert (source.target[source.held_out] == 0).all()
    counts = Counter(words + words[:3])
    drawn = np.array([counts[label] for label in source.labels]) * ~source.held_out
    np.testing.assert_allclose(source.target, drawn / drawn.sum())


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ("ab\n\ncd\n", {}, "empty line"),
        ("ab\ncdefg\n", {}, "data.length: received 'cdefg' of 5 symbols: give 5 or more"),
        ("ab\ncd\n", {"vocabulary": "a,b,c"}, "data.vocabulary: received 'd' in 'cd'"),
    ],
)
def test_bad_lines(tmp_path: Path, content: str, settings: dict[str, Any], message: str) -> None:
    path = tmp_path / "names.txt"
    more = "".join(f"{a}{b}{c}\n" for a in "abc" for b in "abc" for c in "abc")
    path.write_text(more + content)
    with pytest.raises(ValueError, match=message):
        open_source(Data(path=str(path), length=4, **settings))


def test_too_few_lines(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("a\nb\n")
    with pytest.raises(ValueError, match="holds 2 different lines: give 20 or more"):
        open_source(Data(path=str(path), length=4))
    with pytest.raises(ValueError, match="data.path: cannot read"):
        open_source(Data(path=str(tmp_path / "none"), length=4))

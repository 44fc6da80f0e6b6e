"""What files for people show of many categories."""

import numpy as np
import pytest

from gumbel_gan.data.strings import CLASS_OF_OTHERS
from gumbel_gan.results.readable import MAX_READABLE, MOST_PROBABLE, Readable, shown_label

from .made_up import made_up


def test_few_categories_are_all_shown() -> None:
    readable = Readable(np.array([0.2, 0.8]), known=True)
    assert readable.labels("ab") == ("a", "b")
    probabilities = np.array([[0.5, 0.5]])
    assert readable(probabilities) is probabilities
    assert Readable(np.full(MAX_READABLE, 1 / MAX_READABLE), known=True).all
    assert not Readable(np.full(MAX_READABLE + 1, 1 / (MAX_READABLE + 1)), known=True).all


def test_of_many_categories_the_most_probable_are_shown() -> None:
    result = made_up(categories=12_000, epochs=2)
    labels = result.shown_labels
    assert len(labels) == MOST_PROBABLE + 1
    assert labels[-1] == "(11,000 others)"
    assert labels[0] == str(result.target.argmax())
    order = np.argsort(-result.target, kind="stable")
    assert labels[:-1] == tuple(map(str, order[:MOST_PROBABLE]))
    shown = result.readable(result.learned)
    np.testing.assert_array_equal(shown[:, :-1], result.learned[:, order[:MOST_PROBABLE]])
    np.testing.assert_allclose(shown[:, -1], result.learned[:, order[MOST_PROBABLE:]].sum(-1), rtol=1e-3)
    assert result.probabilities.shape == (2, 2, MOST_PROBABLE + 1)


def test_unless_the_target_is_not_known_yet() -> None:
    """Of a feed the first categories stand for the most probable."""
    target = np.random.default_rng(0).dirichlet(np.ones(12_000))
    readable = Readable(target, known=False)
    labels = readable.labels([str(number) for number in range(12_000)])
    assert labels == (*map(str, range(1_000)), "(11,000 others)")
    np.testing.assert_allclose(readable(target), [*target[:1_000], target[1_000:].sum()])


def test_classes_stand_for_their_categories() -> None:
    """Each once, in the order in which they come, and last what is in none of them."""
    classes = ("1 symbol", "3 symbols", "3 symbols")
    readable = Readable(np.array([0.5, 0.3, 0.2]), known=True, classes=classes)
    assert readable.labels(("x", "x+x", "x-x")) == ("1 symbol", "3 symbols", CLASS_OF_OTHERS)
    learned = np.array([[0.4, 0.2, 0.1], [0.5, 0.3, 0.2]])
    np.testing.assert_allclose(readable(learned), [[0.4, 0.3, 0.3], [0.5, 0.5, 0]], atol=1e-12)


def test_nothing_is_left_below_zero() -> None:
    even = np.full(9, 1 / 9)  # which sums to more than 1
    assert Readable(even, known=True, classes=["all"] * 9)(even)[-1] == 0


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("word", "word"),
        (" ", "' '"),
        ("a ", "'a '"),
        ("\t", r"'\t'"),
        ("a\nb", r"'a\nb'"),
        ("a word that is long", "a word that is lo…"),
        ("eighteen character", "eighteen character"),
        ("", ""),
    ],
)
def test_shown_label(label: str, shown: str) -> None:
    assert shown_label(label) == shown


def test_long_labels_are_cut_where_it_is_wished() -> None:
    """Cells of a study often differ at their ends."""
    assert shown_label("abcdefgh", 8) == "abcdefgh"
    assert shown_label("abcdefghi", 8) == "abcdefg…"
    assert shown_label("abcdefghi", 8, tail=3) == "abcd…ghi"

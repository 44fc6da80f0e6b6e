"""Datasets of TensorFlow's: counted if they end, read as a feed if not; recognised without TensorFlow."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import gumbel_gan as gg
from gumbel_gan.data.feed import Feed
from gumbel_gan.data.opening import from_values
from gumbel_gan.data.source import Frequencies

from ..conftest import TINY

Dataset = tf.data.Dataset
SHAPES: dict[str, Callable[[Any], Any]] = {
    "single": lambda dataset: dataset,
    "batched": lambda dataset: dataset.batch(3),
    "one batch": lambda dataset: dataset.batch(1000),
    "uneven batches": lambda dataset: dataset.take(1).batch(1).concatenate(dataset.skip(1).batch(2)),
    "prefetched": lambda dataset: dataset.batch(2).prefetch(2),
}


def counts(values: Any, **options: Any) -> dict[str, int]:
    source = from_values(values, **options)
    assert isinstance(source, Frequencies)
    return dict(zip(source.labels, source.counts.tolist(), strict=True))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [tf.int32, tf.int64, tf.uint8])
def test_integers(shape: str, dtype: Any) -> None:
    values = [0, 3, 3, 1, 3, 0, 3]
    expected = Counter(values)
    found = counts(SHAPES[shape](Dataset.from_tensor_slices(tf.constant(values, dtype))))
    assert found == {str(number): expected[number] for number in range(4)}
    assert list(found) == list("0123")


@pytest.mark.parametrize("shape", SHAPES)
def test_strings(shape: str) -> None:
    values = ["é", "b", "a b", "b", "", "b", "\n"]
    assert counts(SHAPES[shape](Dataset.from_tensor_slices(values))) == Counter(values)


@pytest.mark.parametrize("shape", SHAPES)
def test_other_types(shape: str) -> None:
    assert counts(SHAPES[shape](Dataset.from_tensor_slices([True, False, True]))) == {"False": 1, "True": 2}
    dataset = SHAPES[shape](Dataset.from_tensor_slices([0.5, 1.5, 0.5, float("nan")]))
    assert counts(dataset, missing="skip") == {"0.5": 2, "1.5": 1}
    assert counts(dataset, missing="category") == {"0.5": 2, "1.5": 1, "(missing)": 1}
    with pytest.raises(ValueError, match="data.missing: 1 of 4 values received are missing"):
        from_values(dataset)


@settings(max_examples=30, deadline=None)
@given(
    st.one_of(
        st.lists(st.integers(0, 30), min_size=1, max_size=40),
        st.lists(st.text(max_size=3), min_size=1, max_size=40),
    ),
    st.integers(1, 9),
)
def test_an_independent_count(values: list[Any], size: int) -> None:
    """The same, batched or not; what is refused is refused for having one category."""
    expected = Counter(str(value) for value in values)
    if isinstance(values[0], int):
        expected.update({str(number): 0 for number in range(max(values) + 1)})
    for dataset in (Dataset.from_tensor_slices(values), Dataset.from_tensor_slices(values).batch(size)):
        if len(expected) < 2:
            with pytest.raises(ValueError, match="^data: received 1 categories: give a stream with at least"):
                from_values(dataset)
        else:
            assert counts(dataset) == expected


def test_generators_of_known_length_and_without() -> None:
    """A dataset that does not know its length is a feed: counting might never end."""
    signature = tf.TensorSpec((), tf.int64)
    unknown = Dataset.from_generator(lambda: iter([0, 1, 1]), output_signature=signature)
    source = from_values(unknown, vocabulary=[0, 1])
    assert isinstance(source, Feed)
    assert source.take(10).tolist() == [0, 1, 1]
    assert source.ended
    with pytest.raises(ValueError, match="data.vocabulary: required for an iterable without a length"):
        from_values(unknown)
    known = unknown.apply(tf.data.experimental.assert_cardinality(3))
    assert counts(known) == {"0": 1, "1": 2}
    assert counts(Dataset.range(3)) == {"0": 1, "1": 1, "2": 1}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("values", [[2, 0, 2], ["é", "a", "é"]], ids=["integers", "strings"])
def test_endless(shape: str, values: list[Any]) -> None:
    """Read in order, as often as need be; where a label is not known, what came before it is kept."""
    vocabulary = sorted(set(values))
    source = from_values(SHAPES[shape](Dataset.from_tensor_slices(values).repeat()), vocabulary=vocabulary)
    assert isinstance(source, Feed)
    assert source.labels == tuple(map(str, vocabulary))
    expected = [vocabulary.index(value) for value in values]
    assert source.take(5).tolist() == [*expected, *expected][:5]
    assert source.take(4).tolist() == [*expected, *expected, *expected][5:9]
    assert (source.ended, source.error) == (False, None)


def test_endless_with_a_label_that_is_not_known() -> None:
    source = from_values(Dataset.from_tensor_slices([0, 1, 7]).repeat().batch(2), vocabulary=[0, 1])
    assert source.take(9).tolist() == [0, 1]
    assert str(source.error).startswith("data.vocabulary: received '7' at item 3, which is not in the")


def test_endless_needs_a_vocabulary() -> None:
    message = "^data.vocabulary: required for an iterable without a length: give"
    for finite in (Dataset.range(3), Dataset.range(3).batch(2), Dataset.from_tensors("a")):
        with pytest.raises(ValueError, match=message):
            from_values(finite.repeat())


ONES = np.ones((4, 2), np.int64)


def of_no_shape() -> Any:
    signature = tf.TensorSpec(None, tf.int64)
    dataset = Dataset.from_generator(lambda: iter([1, 2]), output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(2))


COMPOUND: dict[str, Callable[[], Any]] = {
    "pairs": lambda: Dataset.from_tensor_slices(([1, 2], [3, 4])),
    "batches of pairs": lambda: Dataset.from_tensor_slices(([1, 2], [3, 4])).batch(2),
    "by name": lambda: Dataset.from_tensor_slices({"a": [1, 2], "b": [3, 4]}),
    "two axes": lambda: Dataset.from_tensor_slices(ONES).batch(2),
    "three axes": lambda: Dataset.from_tensors(np.ones((2, 2, 2))),
    "ragged": lambda: Dataset.from_tensor_slices(tf.ragged.constant([[1], [2, 3]])).batch(2),
    "sparse": lambda: Dataset.from_tensor_slices(tf.sparse.from_dense(ONES)).batch(2),
    "datasets": lambda: Dataset.range(4).window(2),
    "no shape": of_no_shape,
}


@pytest.mark.parametrize("name", COMPOUND)
@pytest.mark.parametrize("endless", [False, True])
def test_compound_elements(name: str, endless: bool) -> None:
    """Refused in one line, whether or not the dataset ends."""
    dataset = COMPOUND[name]().repeat() if endless else COMPOUND[name]()
    with pytest.raises(
        ValueError, match="^data: received a dataset of .*: give one of single values"
    ) as error:
        from_values(dataset, vocabulary=[1, 2, 3, 4])
    assert "\n" not in str(error.value)


def test_nothing() -> None:
    for empty in (Dataset.range(0), Dataset.range(3).take(0).batch(2)):
        with pytest.raises(ValueError, match="data: received nothing: give at least one integer or label"):
            from_values(empty)


def test_options() -> None:
    """Those of any values: an order of labels, probabilities, and what is not in a vocabulary."""
    dataset = Dataset.from_tensor_slices(["b", "a", "b"]).batch(2)
    source = from_values(dataset, vocabulary=["b", "c", "a"], probabilities=[0.5, 0.25, 0.25])
    assert (source.labels, source.target_is) == (("b", "c", "a"), "given")
    assert counts(dataset, vocabulary=["b", "c", "a"]) == {"b": 2, "c": 0, "a": 1}
    with pytest.raises(ValueError, match="data.vocabulary: received 'a', which is not in the vocabulary"):
        from_values(dataset, vocabulary=["b", "c"])
    with pytest.raises(ValueError, match="integers from -1 to 2"):
        from_values(Dataset.range(-1, 3))


def test_trained_on() -> None:
    """What was counted of an endless one is what was read: 2 epochs of 5 batches of 10."""
    values = [0, 2, 2, 1]
    source = from_values(Dataset.from_tensor_slices(values).repeat().batch(7), vocabulary=[0, 1, 2])
    result, _ = gg.run(gg.Config(epochs=2, seed=0, training=TINY), source)
    expected = Counter((values * 25)[:100])
    np.testing.assert_allclose(result.counted[0], [expected[number] / 100 for number in range(3)])
    assert result.target_is == "counted"


PROGRAM = """
import sys
from gumbel_gan.data.opening import from_values
class Dataset:
    def __len__(self):
        return 2
    def __iter__(self):
        return iter("ab")
    def __getitem__(self, place):
        return "ab"[place]
assert from_values(["a", "b", "a"]).counts.tolist() == [2, 1]
assert from_values(Dataset()).labels == ("a", "b")
assert from_values(iter("ab"), vocabulary="ab").take(2).tolist() == [0, 1]
print([name for name in ("tensorflow", "keras", "pandas", "polars") if name in sys.modules])
"""


def test_nothing_is_imported_to_recognise_one() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr

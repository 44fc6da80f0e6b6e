"""What a Keras user trains on, as epochs: a `tf.data` pipeline whose every element is a whole epoch."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ..config.checks import check_count

if TYPE_CHECKING:
    from ..data.stream import Stream

BATCH_SIZE = 32
"""Of examples that come one by one, as in Keras."""
EVALUATED_AT_ONCE = 1_000
"""Examples of an array that are evaluated in one batch."""
MOST = np.iinfo(np.int32).max


def dataset(stream: "Stream", first_epoch: int = 0) -> tf.data.Dataset:
    """The stream as a dataset, whose every element is an epoch, int32 [N, R, B] or [N, R, B, T].

    An element is a whole epoch, since `from_generator` costs many optimizer steps an element.

    Args:
        stream: of categories or sequences.
        first_epoch: the epoch (0, 1, ...) to begin with.

    Example:
        >>> import gumbel_gan as gg
        >>> stream = gg.Stream(gg.Distribution([0.2, 0.8]), runs=4, seed=0)
        >>> epochs = gg.dataset(stream)
        >>> next(iter(epochs)).shape.as_list()
        [100, 4, 10]
    """

    def epochs() -> Iterator[np.ndarray]:
        epoch = first_epoch
        while len(examples := stream.examples(epoch)):
            yield examples
            epoch += 1

    shape = (None, stream.runs, stream.batch_size, *stream.example_shape)
    return _drawn(epochs, shape, endless=stream.source.replayable)


def _drawn(epochs: Any, shape: tuple[int | None, ...], endless: bool) -> tf.data.Dataset:
    """Epochs that a generator function draws, ahead of the training."""
    options = tf.data.Options()
    # There is nothing to tune, and at the end `tf.data` would wait seconds for the tuner's thread.
    options.autotune.enabled = False
    drawn = tf.data.Dataset.from_generator(epochs, output_signature=tf.TensorSpec(shape, tf.int32))
    return (_endless(drawn) if endless else drawn).prefetch(2).with_options(options)


def _endless(epochs: tf.data.Dataset) -> tf.data.Dataset:
    """The same, known to have no end."""
    return epochs.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))


class Wanted(NamedTuple):
    """What a GAN takes.

    Attributes:
        runs: R.
        example: the shape of one example, () of a category and (T,) of a sequence.
        seed: of the order of an array.
    """

    runs: int
    example: tuple[int, ...]
    seed: int


def training_epochs(
    x: Any, wanted: Wanted, batch_size: int | None, steps: int | None, shuffle: bool, first_epoch: int
) -> tuple[tf.data.Dataset, int | None]:
    """Data as a dataset of epochs, and how many of its elements `fit` takes for an epoch.

    Args:
        x: integers in an array, a list, a dataset, a `Stream`, a generator or a `PyDataset`.
        wanted: what the GAN takes.
        batch_size: of examples that come one by one.
        steps: batches in an epoch; of whole epochs, how many of them; None for all that there are.
        shuffle: whether to shuffle an array.
        first_epoch: where to begin.

    Raises:
        ValueError: one line, on data that will not do.
    """
    for name, number in (("batch_size", batch_size), ("steps_per_epoch", steps)):
        if number is not None:
            check_count(name, number)
    if hasattr(x, "examples"):
        _check_no_size(batch_size, "a Stream")
        return dataset(x, first_epoch), steps or 1
    if not _comes_in_pieces(x):
        examples = _array(x, wanted)
        size = min(batch_size or BATCH_SIZE, len(examples))
        batches = steps or -(-len(examples) // size)
        return _of_array(examples, wanted, size, batches, shuffle, first_epoch), 1
    pieces, more, again = _pieces(x, wanted)
    count = int(pieces.cardinality())
    if steps is None and (
        count == tf.data.INFINITE_CARDINALITY or (more < 3 and count == tf.data.UNKNOWN_CARDINALITY)
    ):
        length = "without end" if count == tf.data.INFINITE_CARDINALITY else "of unknown length"
        would_do = "give 1, since each is an epoch" if more == 3 else "give how many batches an epoch has"
        raise ValueError(f"steps_per_epoch: missing for data {length}: {would_do}")
    if more == 3:
        _check_no_size(batch_size, "whole epochs")
        return pieces, steps
    if more == 1:
        _check_no_size(batch_size, "batches")
        size = pieces.element_spec.shape[0] or len(next(iter(pieces)))
        batches = steps or count
    else:
        size = min(batch_size or BATCH_SIZE, count) if count > 0 else batch_size or BATCH_SIZE
        batches = steps or -(-count // size)
    # A batch goes on into the next pass, so that all have one size and nothing is left out.
    pieces = pieces.repeat() if again else pieces
    each = batches * size
    grouped = (pieces.rebatch if more else pieces.batch)(each, drop_remainder=True)
    epochs = grouped.map(
        lambda flat: _for_all_runs(tf.reshape(flat, (batches, size, *wanted.example)), wanted)
    )
    return (_endless(epochs) if again else epochs).prefetch(2), 1


def evaluated_batches(x: Any, wanted: Wanted, batch_size: int | None, steps: int | None) -> tf.data.Dataset:
    """Data as a dataset of batches [N, R, B], to be gone through once; nothing is left out or repeated.

    Args:
        x: as of `training_epochs`.
        wanted: what the GAN takes.
        batch_size: of examples that come one by one.
        steps: elements at most, which data without end need; of a `Stream` epochs, by default one.

    Raises:
        ValueError: one line, on data that will not do.
    """
    for name, number in (("batch_size", batch_size), ("steps", steps)):
        if number is not None:
            check_count(name, number)
    if hasattr(x, "examples"):
        return dataset(x).take(steps or 1)
    more = 0
    if _comes_in_pieces(x):
        pieces, more, _ = _pieces(x, wanted)
        if steps is None and int(pieces.cardinality()) == tf.data.INFINITE_CARDINALITY:
            raise ValueError("steps: missing for data without end: give how many elements to evaluate")
    else:
        pieces = tf.data.Dataset.from_tensor_slices(_array(x, wanted))
        batch_size = batch_size or EVALUATED_AT_ONCE
    if more == 0:
        pieces = pieces.batch(batch_size or BATCH_SIZE)
    if more < 3:
        pieces = pieces.map(lambda batch: _for_all_runs(batch[None], wanted))
    return pieces if steps is None else pieces.take(steps)


def one_batch(x: Any, wanted: Wanted) -> tf.Tensor:
    """A batch of examples [B] or an epoch of batches [N, R, B], as an epoch.

    Raises:
        ValueError: one line, on data that will not do.
    """
    examples = np.asarray(x)
    if examples.ndim == 3 + len(wanted.example):
        return tf.convert_to_tensor(examples)
    return _for_all_runs(tf.convert_to_tensor(_array(x, wanted))[None], wanted)


def _check_no_size(batch_size: int | None, of: str) -> None:
    if batch_size is not None:
        raise ValueError(f"batch_size: received {batch_size} for {of}, which have their own: leave it out")


def _comes_in_pieces(x: Any) -> bool:
    return isinstance(x, tf.data.Dataset | keras.utils.PyDataset) or hasattr(x, "__next__")


def _array(x: Any, wanted: Wanted) -> np.ndarray:
    """Integers in an array or a list, one for each example."""
    try:
        examples = np.asarray(x)
    except (TypeError, ValueError):
        examples = np.empty(0, object)
    axes = "[n]" if not wanted.example else f"[n, {wanted.example[0]}]"
    fits = examples.ndim == 1 + len(wanted.example) and examples.shape[1:] == wanted.example
    if examples.dtype.kind not in "iu" or not fits or not len(examples):
        what = f"{examples.dtype.name} {list(examples.shape)}" if examples.dtype != object else repr(x)[:80]
        raise ValueError(
            f"data: received {what}: give integers {axes}, a dataset or a Stream "
            "(gumbel_gan.from_values makes a source of labels)"
        )
    return np.clip(examples, -1, MOST).astype(np.int32)  # what is out of range stays so


def _of_array(
    examples: np.ndarray, wanted: Wanted, size: int, batches: int, shuffle: bool, first_epoch: int
) -> tf.data.Dataset:
    """Epochs of an array's passes, one after the other: a batch goes on into the next pass."""
    count, each = len(examples), batches * size

    def order(number: int) -> np.ndarray:
        if not shuffle:
            return np.arange(count)
        return np.random.default_rng((wanted.seed, number)).permutation(count)

    def epochs() -> Iterator[np.ndarray]:
        for epoch in itertools.count(first_epoch):
            first, last = epoch * each, (epoch + 1) * each
            passes = range(first // count, (last - 1) // count + 1)
            places = np.concatenate([order(number) for number in passes])
            begin = first - passes[0] * count
            flat = examples[places[begin : begin + each]].reshape(batches, 1, size, *wanted.example)
            yield np.broadcast_to(flat, (batches, wanted.runs, size, *wanted.example))

    return _drawn(epochs, (batches, wanted.runs, size, *wanted.example), endless=True)


def _pieces(x: Any, wanted: Wanted) -> tuple[tf.data.Dataset, int, bool]:
    """Data that come in pieces, a piece's axes beside an example's, and whether they can come again."""
    again = True
    if isinstance(x, keras.utils.PyDataset):
        items = x
        x = _generated(lambda: (items[number] for number in range(len(items))), items[0])
        x = x.apply(tf.data.experimental.assert_cardinality(len(items)))
    elif not isinstance(x, tf.data.Dataset):
        again, generator = False, x
        first = next(generator, None)
        x = _generated(lambda: itertools.chain([first], generator), first)
    spec = x.element_spec
    more = spec.shape.rank - len(wanted.example) if _has_rank(spec) else -1
    # A wrong shape of whole epochs is found later, with the others.
    if more not in (0, 1, 3) or not (spec.dtype.is_integer or more == 3) or int(x.cardinality()) == 0:
        what = f"{spec.dtype.name} {spec.shape}" if _has_rank(spec) else str(spec)
        what = "no elements" if int(x.cardinality()) == 0 else f"elements of {what}"
        raise ValueError(
            f"data: received {what}: give integers, one by one, as batches [B], "
            f"or as whole epochs of integers, [N, {wanted.runs}, B]"
        )
    return x, more, again


def _has_rank(spec: Any) -> bool:
    return isinstance(spec, tf.TensorSpec) and spec.shape.rank is not None


def _generated(items: Any, first: Any) -> tf.data.Dataset:
    """What a generator function yields, of the first item's type and number of axes.

    Raises:
        ValueError: there is no first item, or it is no array.
    """
    try:
        example = np.asarray(first)
    except ValueError:
        example = np.empty(0, object)
    if example.dtype.kind not in "iuf":
        raise ValueError(
            f"data: received a generator of {first!r:.80}: give one of integers or arrays of them"
        )
    spec = tf.TensorSpec((None,) * example.ndim, example.dtype)
    return tf.data.Dataset.from_generator(items, output_signature=spec)


def _for_all_runs(batches: tf.Tensor, wanted: Wanted) -> tf.Tensor:
    """The same batches for every run, [N, B, ...] to int32 [N, R, B, ...]; what is out of range stays so."""
    batches = tf.cast(tf.clip_by_value(tf.cast(batches, tf.int64), -1, MOST), tf.int32)
    return tf.repeat(batches[:, None], wanted.runs, axis=1)

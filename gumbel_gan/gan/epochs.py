"""What a Keras user trains on, as epochs: a `tf.data` pipeline whose every element is a whole epoch."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ..config.checks import check_count

if TYPE_CHECKING:
    from ..data.stream import Stream

BATCH_SIZE = 32
"""Of examples that come one by one, as in Keras."""
AT_ONCE = 1_000
"""Examples that are read, or evaluated, at a time where nobody says how many."""
ENDLESS = tf.data.INFINITE_CARDINALITY


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
    return _of_stream(stream, lambda: first_epoch, lambda examples: examples)


def _of_stream(
    stream: "Stream", first_epoch: Callable[[], int], checked: Callable[[np.ndarray], np.ndarray]
) -> tf.data.Dataset:
    """The stream, checked, from an epoch on that is known when the first one is drawn."""

    def epochs() -> Iterator[np.ndarray]:
        epoch = first_epoch()
        while len(examples := stream.examples(epoch)):
            yield checked(examples)
            epoch += 1

    shape = (None, stream.runs, stream.batch_size, *stream.example_shape)
    return _drawn(epochs, shape, ENDLESS if stream.source.replayable else None)


def _drawn(epochs: Callable[[], Iterator[np.ndarray]], shape: Any, count: int | None) -> tf.data.Dataset:
    """Epochs that a generator function draws, ahead of the training; `count` of them, if that is known."""
    options = tf.data.Options()
    # There is nothing to tune, and at the end `tf.data` would wait seconds for the tuner's thread.
    options.autotune.enabled = False
    drawn = tf.data.Dataset.from_generator(epochs, output_signature=tf.TensorSpec(shape, tf.int32))
    if count is not None:  # which `fit` must know
        drawn = drawn.apply(tf.data.experimental.assert_cardinality(count))
    return drawn.prefetch(2).with_options(options)


class Wanted(NamedTuple):
    """What a GAN takes.

    Attributes:
        runs: R.
        categories: K.
        example: the shape of one example, () of a category and (T,) of a sequence.
        seed: of the order of an array.
    """

    runs: int
    categories: int
    example: tuple[int, ...]
    seed: int

    def narrowed(self, integers: np.ndarray) -> np.ndarray:
        """Integers as int32: a compiled program would take whatever lies out of range.

        Raises:
            ValueError: one is out of range.
        """
        low, high = integers.min(), integers.max()
        if low < 0 or high >= self.categories:
            raise ValueError(
                f"data: received categories from {low} to {high}: give 0 to {self.categories - 1}, those of "
                "the generator"
            )
        return integers.astype(np.int32, copy=False)

    def for_all_runs(self, batches: np.ndarray) -> np.ndarray:
        """The same batches for every run, [N, B, ...] to [N, R, B, ...]."""
        return np.broadcast_to(batches[:, None], (len(batches), self.runs, *batches.shape[1:]))

    def no_epoch(self, given: Any) -> ValueError:
        """What to say of an element that is no whole epoch."""
        shape = getattr(given, "shape", None)
        what = repr(given)[:80] if shape is None else f"{tf.as_dtype(given.dtype).name} {list(shape)}"
        axes = ", ".join(["N", str(self.runs), "B", *map(str, self.example)])
        return ValueError(
            f"data: received an element of {what}: give whole epochs of integers, [{axes}], "
            "none of them empty (gumbel_gan.dataset makes them of a Stream)"
        )


class Elements(NamedTuple):
    """Data as Keras takes them.

    Attributes:
        dataset: each of whose elements is an epoch, int32 [N, R, B, ...].
        steps: how many of them `fit` takes for an epoch; None for all that there are.
        failures: what went wrong as they were made.
    """

    dataset: tf.data.Dataset
    steps: int | None
    failures: list[ValueError]

    @classmethod
    def of_stream(
        cls, stream: "Stream", wanted: Wanted, first_epoch: Callable[[], int], steps: int | None
    ) -> "Elements":
        """Those of a stream, looked through as they are drawn, ahead of the training."""
        failures: list[ValueError] = []

        def checked(examples: np.ndarray) -> np.ndarray:
            try:
                return wanted.narrowed(examples)
            except ValueError as error:
                failures.append(error)
                raise

        return cls(_of_stream(stream, first_epoch, checked), steps, failures)

    @property
    def endless(self) -> bool:
        """Whether the dataset is known to have no end."""
        return bool(self.dataset.cardinality() == ENDLESS)

    @contextmanager
    def explained(self) -> Iterator[None]:
        """In this context a failure is one line, where TensorFlow has many."""
        try:
            yield
        except tf.errors.OpError:
            if self.failures:
                raise self.failures[0] from None
            raise


def training_epochs(
    x: Any,
    wanted: Wanted,
    batch_size: int | None,
    steps: int | None,
    shuffle: bool,
    first_epoch: Callable[[], int],
) -> Elements:
    """Data as epochs to train on.

    Args:
        x: integers in an array, a list, a dataset, a `Stream`, a generator or a `PyDataset`.
        wanted: what the GAN takes.
        batch_size: of examples that come one by one.
        steps: batches in an epoch; of whole epochs, how many of them; None for all that there are.
        shuffle: whether to shuffle an array.
        first_epoch: says where to begin, when the first one is drawn.

    Raises:
        ValueError: one line, on data that will not do.
    """
    _check_sizes(batch_size=batch_size, steps_per_epoch=steps)
    if is_stream(x):
        _check_no_size(batch_size, "a Stream")
        return Elements.of_stream(x, wanted, lambda: first_epoch() * (steps or 1), steps or 1)
    if not comes_in_pieces(x):
        examples = _array(x, wanted)
        size = min(batch_size or BATCH_SIZE, len(examples))
        batches = steps or -(-len(examples) // size)
        return Elements(_of_array(examples, wanted, size, batches, shuffle, first_epoch), 1, [])
    pieces = _Pieces.of(x, wanted)
    whole = pieces.more == 3
    if steps is None and (pieces.endless or (pieces.count is None and not whole)):
        length = "without end" if pieces.endless else "of unknown length"
        would_do = "give 1, since each is an epoch" if whole else "give how many batches an epoch has"
        raise ValueError(f"steps_per_epoch: missing for data {length}: {would_do}")
    if whole:
        _check_no_size(batch_size, "whole epochs")
        return pieces.elements(pieces.one_pass, steps, ENDLESS if pieces.endless else pieces.count)
    if pieces.more == 1:
        _check_no_size(batch_size, "batches")
        size = len(pieces.first())
        batches = steps or pieces.count or 0
    else:
        size = batch_size or BATCH_SIZE
        size = min(size, pieces.count or size)
        batches = steps or -(-(pieces.count or 0) // size)

    def epochs() -> Iterator[np.ndarray]:
        for flat in _regrouped(pieces.all_passes(), batches * size):
            full = len(flat) // size  # fewer at the end of a generator
            if full:
                yield wanted.for_all_runs(flat[: full * size].reshape(full, size, *wanted.example))

    return pieces.elements(epochs, 1, ENDLESS if pieces.again else None)


def evaluated_batches(x: Any, wanted: Wanted, batch_size: int | None, steps: int | None) -> Elements:
    """Data as batches [N, R, B] to evaluate, gone through once; nothing is left out or repeated.

    Args:
        x: as of `training_epochs`.
        wanted: what the GAN takes.
        batch_size: of examples that come one by one.
        steps: elements at most, which data without end need; of a `Stream` epochs, by default one.

    Raises:
        ValueError: one line, on data that will not do.
    """
    _check_sizes(batch_size=batch_size, steps=steps)
    if is_stream(x):
        elements = Elements.of_stream(x, wanted, lambda: 0, None)
        return elements._replace(dataset=elements.dataset.take(steps or 1))
    if comes_in_pieces(x):
        pieces = _Pieces.of(x, wanted)
    else:
        examples = _array(x, wanted)
        pieces = _Pieces(lambda: [examples], wanted, more=0, count=len(examples), listed=True)
        batch_size = batch_size or AT_ONCE
    if steps is None and pieces.endless:
        raise ValueError("steps: missing for data without end: give how many elements to evaluate")
    if pieces.more:
        _check_no_size(batch_size, "batches")

    def batches() -> Iterator[np.ndarray]:
        each = pieces.one_pass()
        if pieces.more == 3:
            yield from itertools.islice(each, steps)
            return
        grouped = each if pieces.more else _regrouped(each, batch_size or BATCH_SIZE)
        for batch in itertools.islice(grouped, steps):
            yield wanted.for_all_runs(batch[None])

    count = pieces.batches(batch_size or BATCH_SIZE)
    if count is not None and steps is not None:
        count = min(count, steps)
    return pieces.elements(batches, None, count)


def one_batch(x: Any, wanted: Wanted) -> tf.Tensor:
    """A batch of examples [B] or an epoch of batches [N, R, B], as an epoch.

    Raises:
        ValueError: one line, on data that will not do.
    """
    examples = np.asarray(x)
    if examples.ndim == 3 + len(wanted.example):
        whole = examples.dtype.kind in "iu" and examples.size
        return tf.convert_to_tensor(wanted.narrowed(examples) if whole else examples)
    return tf.convert_to_tensor(wanted.for_all_runs(_array(x, wanted)[None]))


def _check_sizes(**sizes: int | None) -> None:
    for name, number in sizes.items():
        if number is not None:
            check_count(name, number)


def _check_no_size(batch_size: int | None, of: str) -> None:
    if batch_size is not None:
        raise ValueError(f"batch_size: received {batch_size} for {of}, which have their own: leave it out")


def is_stream(x: Any) -> bool:
    """Whether data are a `Stream`; its class is in another room."""
    return hasattr(x, "examples")


def comes_in_pieces(x: Any) -> bool:
    """Whether data are a dataset or a generator, not an array of examples."""
    return isinstance(x, tf.data.Dataset | keras.utils.PyDataset) or hasattr(x, "__next__")


def _array(x: Any, wanted: Wanted) -> np.ndarray:
    """Integers in an array or a list, one for each example, as int32.

    Raises:
        ValueError: they are no integers, or of another shape.
    """
    if isinstance(x, tuple) and any(part is None or hasattr(part, "dtype") for part in x):
        raise ValueError(f"data: received {len(x)} parts: give the examples alone, since a GAN has no labels")
    try:
        examples = np.asarray(x)
    except (TypeError, ValueError):
        examples = np.empty(0, object)
    axes = ", ".join(["n", *map(str, wanted.example)])
    fits = examples.ndim == 1 + len(wanted.example) and examples.shape[1:] == wanted.example
    if examples.dtype.kind not in "iu" or not fits or not len(examples):
        what = f"{examples.dtype.name} {list(examples.shape)}" if examples.dtype != object else repr(x)[:80]
        raise ValueError(
            f"data: received {what}: give integers [{axes}], a dataset or a Stream "
            "(gumbel_gan.from_values makes a source of labels)"
        )
    return wanted.narrowed(examples)


def _of_array(
    examples: np.ndarray,
    wanted: Wanted,
    size: int,
    batches: int,
    shuffle: bool,
    first_epoch: Callable[[], int],
) -> tf.data.Dataset:
    """Epochs of an array's passes, one after the other: a batch goes on into the next pass."""
    count, each = len(examples), batches * size

    def order(number: int) -> np.ndarray:
        if not shuffle:
            return np.arange(count)
        return np.random.default_rng((wanted.seed, number)).permutation(count)

    def epochs() -> Iterator[np.ndarray]:
        for epoch in itertools.count(first_epoch()):
            first, last = epoch * each, (epoch + 1) * each
            passes = range(first // count, (last - 1) // count + 1)
            places = np.concatenate([order(number) for number in passes])
            begin = first - passes[0] * count
            flat = examples[places[begin : begin + each]]
            yield wanted.for_all_runs(flat.reshape(batches, size, *wanted.example))

    return _drawn(epochs, (batches, wanted.runs, size, *wanted.example), ENDLESS)


def _regrouped(pieces: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Pieces of any length as pieces of one, and what is left at the end."""
    held: list[np.ndarray] = []
    have = 0
    for piece in pieces:
        held.append(piece)
        have += len(piece)
        while have >= size:
            flat = np.concatenate(held)
            yield flat[:size]
            held, have = [flat[size:]], have - size
    if have:
        yield np.concatenate(held)


@dataclass
class _Pieces:
    """Data that come in pieces.

    Attributes:
        items: begins a pass over them.
        wanted: what the GAN takes.
        more: axes of a piece beside an example's: 0 of an example, 1 of a batch, 3 of a whole epoch.
        count: pieces in a pass, if that is known.
        endless: whether a pass is known to have no end.
        again: whether there can be another pass.
        listed: whether examples come several at a time.
        ended: is called after a pass.
    """

    items: Callable[[], Iterable[Any]]
    wanted: Wanted
    more: int
    count: int | None = None
    endless: bool = False
    again: bool = True
    listed: bool = False
    ended: Callable[[], Any] = lambda: None
    failures: list[ValueError] = field(default_factory=list)

    @classmethod
    def of(cls, x: Any, wanted: Wanted) -> "_Pieces":
        """Those of a dataset, a `PyDataset` or a generator.

        Raises:
            ValueError: they will not do.
        """
        if isinstance(x, tf.data.Dataset):
            return cls._of_dataset(x, wanted)
        if isinstance(x, keras.utils.PyDataset):
            count = x.num_batches
            if count == 0:
                raise _wrong("no elements", wanted)
            return cls(
                lambda: map(x.__getitem__, itertools.count() if count is None else range(count)),
                wanted, _axes(x[0], wanted), count, endless=count is None, ended=x.on_epoch_end,
            )  # fmt: skip
        first = next(x, None)
        rest = itertools.chain([first], x)
        return cls(lambda: rest, wanted, _axes(first, wanted), again=False)

    @classmethod
    def _of_dataset(cls, x: tf.data.Dataset, wanted: Wanted) -> "_Pieces":
        spec, count = x.element_spec, int(x.cardinality())
        ranked = isinstance(spec, tf.TensorSpec) and spec.shape.rank is not None
        more = spec.shape.rank - len(wanted.example) if ranked else -1
        if more not in (0, 1, 3) or not (spec.dtype.is_integer or more == 3) or count == 0:
            what = f"elements of {spec.dtype.name} {spec.shape}" if ranked else f"elements of {spec}"
            raise _wrong(what if count else "no elements", wanted)
        read = x.batch(AT_ONCE) if more == 0 else x
        return cls(
            read.as_numpy_iterator, wanted, more, count if count > 0 else None,
            endless=count == ENDLESS, listed=more == 0,
        )  # fmt: skip

    def first(self) -> np.ndarray:
        """The first piece; it comes again in the first pass."""
        items = iter(self.items())
        first = next(items, None)
        if first is None:
            raise _wrong("no elements", self.wanted)
        if not self.again:
            rest = itertools.chain([first], items)
            self.items = lambda: rest
        return self._checked(first)

    def one_pass(self) -> Iterator[np.ndarray]:
        """The pieces [n, ...], of a whole epoch [N, R, B, ...], as int32.

        Raises:
            ValueError: one of them will not do.
        """
        for item in self.items():
            yield self._checked(item)
        self.ended()

    def all_passes(self) -> Iterator[np.ndarray]:
        """The pieces of all passes; they end where one has none, or where there is but one."""
        while True:
            pieces = self.one_pass()
            first = next(pieces, None)
            if first is None:
                return
            yield first
            yield from pieces
            if not self.again:
                return

    def _checked(self, item: Any) -> np.ndarray:
        try:
            piece = np.asarray(item)
        except ValueError:
            piece = np.empty(0, object)
        if self.more == 3:
            own = (self.wanted.runs, *self.wanted.example)
            if piece.dtype.kind not in "iu" or (piece.shape[1:2] + piece.shape[3:]) != own or not piece.size:
                raise self.wanted.no_epoch(piece if piece.dtype != object else item)
            return self.wanted.narrowed(piece)
        more = self.more + self.listed
        fits = piece.ndim == more + len(self.wanted.example) and piece.shape[more:] == self.wanted.example
        if piece.dtype.kind not in "iu" or not fits or not piece.size:
            raise _wrong(f"an element of {_described(item)}", self.wanted)
        return self.wanted.narrowed(piece if more else piece[None])

    def batches(self, size: int) -> int | None:
        """Batches in a pass, where examples that come one by one are taken `size` at a time."""
        if self.count is None:
            return None
        return self.count if self.more else -(-self.count // size)

    def elements(
        self, epochs: Callable[[], Iterator[np.ndarray]], steps: int | None, count: int | None
    ) -> Elements:
        """What a generator function makes of the pieces, for Keras."""

        def kept() -> Iterator[np.ndarray]:
            try:
                yield from epochs()
            except ValueError as error:
                self.failures.append(error)
                raise

        shape = (None, self.wanted.runs, None, *self.wanted.example)
        return Elements(_drawn(kept, shape, count), steps, self.failures)


def _axes(first: Any, wanted: Wanted) -> int:
    """How many axes a piece has beside an example's.

    Raises:
        ValueError: it will not do.
    """
    try:
        piece = np.asarray(first)
    except ValueError:
        piece = np.empty(0, object)
    more = piece.ndim - len(wanted.example)
    if piece.dtype.kind not in ("iuf" if more == 3 else "iu") or more not in (0, 1, 3):
        raise _wrong(f"elements of {_described(first)}", wanted)
    return more


def _described(item: Any) -> str:
    shape = getattr(item, "shape", None)
    return repr(item)[:80] if shape is None else f"{tf.as_dtype(item.dtype).name} {tuple(shape)}"


def _wrong(what: str, wanted: Wanted) -> ValueError:
    inner = "".join(f", {size}" for size in wanted.example)
    return ValueError(
        f"data: received {what}: give integers, one by one, as batches [B{inner}], "
        f"or as whole epochs of integers, [N, {wanted.runs}, B{inner}]"
    )

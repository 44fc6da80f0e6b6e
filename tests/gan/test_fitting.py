"""What a Keras user trains on and evaluates, and how it goes on after it was saved."""

import copy
import functools
import itertools
import multiprocessing
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gumbel_gan as gg

from ..statistics import check_frequencies, check_mean
from .small import LAW, RUNS, Spy, refusal, restore, same, small, state, stream

X = np.arange(10) % 4
Slices = tf.data.Dataset.from_tensor_slices
Elements = tf.data.Dataset.from_tensors


class Numbered(keras.utils.PyDataset):
    """Batches number 0, 1, ... of two equal examples, as an older PyDataset counts them."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.batches, self.ended = batches, 0

    def __len__(self) -> int:
        return self.batches

    def __getitem__(self, number: int) -> np.ndarray:
        return np.full(2, number % 4)

    def on_epoch_end(self) -> None:
        self.ended += 1


class Newer(keras.utils.PyDataset):
    """The same, as Keras 3 counts them; without end for None."""

    def __init__(self, batches: int | None) -> None:
        super().__init__()
        self.batches = batches

    @property
    def num_batches(self) -> int | None:
        return self.batches

    def __getitem__(self, number: int) -> np.ndarray:
        return np.full(2, number % 4)


@functools.cache
def made() -> Spy:
    return Spy()


def emptied() -> Spy:
    """A spy that has seen nothing; made once, since the making takes longest."""
    spy = made()
    spy.trained.clear()
    spy.tested.clear()
    return spy


def given(x: Any, spy: Spy | None = None, **options: Any) -> list[np.ndarray]:
    """The epochs [N, R, B] that a GAN is given."""
    spy = spy or emptied()
    spy.fit(x, verbose=0, **options)
    return [*spy.trained]


def flat(epochs: list[np.ndarray]) -> list[int]:
    """The examples of the first run, one after the other."""
    return np.concatenate([epoch[:, 0].ravel() for epoch in epochs]).tolist()


def numbered(batches: int, kind: Any = np.int64) -> Iterator[np.ndarray]:
    """A generator of batches of two equal examples, which wraps around at 4."""
    return (np.full(2, number % 4, kind) for number in range(batches))


@pytest.fixture(scope="module")
def compiled() -> tuple[gg.CategoricalGAN, list[np.ndarray]]:
    gan = small()
    return gan, state(gan)


@pytest.fixture(scope="module")
def uncompiled() -> tuple[gg.CategoricalGAN, list[np.ndarray]]:
    gan = small(eager=True)
    return gan, state(gan)


@pytest.fixture
def eager(uncompiled: tuple[gg.CategoricalGAN, list[np.ndarray]]) -> gg.CategoricalGAN:
    """One as it was at first, which runs eagerly: no shape costs anything."""
    restore(*uncompiled)
    return uncompiled[0]


@pytest.fixture
def gan(compiled: tuple[gg.CategoricalGAN, list[np.ndarray]]) -> gg.CategoricalGAN:
    """One as it was at first; compiled once."""
    restore(*compiled)
    return compiled[0]


AS_EPOCHS: list[tuple[str, Callable[[], Any], dict[str, Any]]] = [
    ("array", lambda: np.arange(12) % 4, {"batch_size": 4}),
    ("uint8", lambda: (np.arange(12) % 4).astype(np.uint8), {"batch_size": 4}),
    ("uint64", lambda: (np.arange(12) % 4).astype(np.uint64), {"batch_size": 4}),
    ("list", lambda: [0, 1, 2, 3] * 3, {"batch_size": 4}),
    ("tuple", lambda: (0, 1, 2, 3) * 3, {"batch_size": 4}),
    ("tensor", lambda: tf.constant([0, 1, 2, 3] * 3), {"batch_size": 4}),
    ("scalars", lambda: Slices(np.arange(12) % 4), {"batch_size": 4}),
    ("batches", lambda: Slices(np.arange(12) % 4).batch(4), {}),
    ("whole batches", lambda: Slices(np.arange(12) % 4).batch(4, drop_remainder=True), {}),
    ("generator of scalars", lambda: (n % 4 for n in range(100)), {"batch_size": 4, "steps_per_epoch": 3}),
    ("iterator", lambda: iter(Slices(np.arange(24) % 4)), {"batch_size": 4, "steps_per_epoch": 3}),
    ("scalars without end", lambda: Slices([0, 1, 2, 3]).repeat(), {"batch_size": 4, "steps_per_epoch": 3}),
    ("epochs", lambda: Elements(np.broadcast_to(np.arange(4, dtype=np.int32), (3, RUNS, 4))), {}),
]


@pytest.mark.parametrize(("make", "options"), [row[1:] for row in AS_EPOCHS], ids=[r[0] for r in AS_EPOCHS])
def test_all_kinds_of_data_become_the_same_epochs(make: Callable[[], Any], options: dict[str, Any]) -> None:
    """Three batches of four for both runs, twice; in their order, when nothing is shuffled."""
    epochs = given(make(), epochs=2, shuffle=False, **options)
    assert [epoch.shape for epoch in epochs] == [(3, RUNS, 4)] * 2
    for epoch in epochs:
        np.testing.assert_array_equal(epoch, np.broadcast_to(np.arange(4), epoch.shape))


def test_a_py_dataset() -> None:
    assert flat(given(Numbered(3), epochs=2)) == [0, 0, 1, 1, 2, 2] * 2


@pytest.mark.parametrize(("batches", "options"), [(3, {}), (None, {"steps_per_epoch": 3})])
def test_a_py_dataset_that_counts_as_keras_3_does(batches: int | None, options: dict[str, Any]) -> None:
    assert flat(given(Newer(batches), **options)) == [0, 0, 1, 1, 2, 2]


def test_a_py_dataset_hears_of_the_end_of_an_epoch() -> None:
    """Where Keras' own examples shuffle."""
    data = Numbered(3)
    given(data, epochs=2)
    assert data.ended > 0


def test_a_generator_of_batches() -> None:
    """Ten times, since whether one was lost hung on which thread came first."""
    for _ in range(10):
        assert flat(given(numbered(9), epochs=2, steps_per_epoch=3)) == [0, 0, 1, 1, 2, 2, 3, 3, 0, 0, 1, 1]


def test_the_last_epoch_of_a_generator() -> None:
    """Of 20 examples in epochs of 8: the last one has two batches of two."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras: the input ran out of data
        epochs = given((n % 4 for n in range(20)), epochs=3, steps_per_epoch=4, batch_size=2)
    assert len(flat(epochs)) == 20


def test_a_generator_of_whole_epochs_comes_once() -> None:
    spy = emptied()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spy.fit((np.full((2, RUNS, 2), number) for number in range(3)), epochs=3, verbose=0)
    assert [int(epoch[0, 0, 0]) for epoch in spy.trained] == [0, 1, 2]


@pytest.mark.parametrize("later", [np.array([0.5, 1.5]), np.array([256, 257])])
def test_what_a_generator_yields_later(later: np.ndarray) -> None:
    """A fraction is no integer, and 256 no 0, whatever the first item was."""
    first = np.array([0, 1], np.uint8)
    with pytest.raises(Exception, match=".") as refused:
        given(iter([first, later, first]), batch_size=None, steps_per_epoch=1, epochs=2)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", ["array", "scalars", "batches"])
@pytest.mark.parametrize(("batch_size", "steps"), [(3, None), (3, 2), (3, 5), (7, 1), (2, None)])
def test_nothing_is_seen_more_often_than_others(kind: str, batch_size: int, steps: int | None) -> None:
    """After any epoch the seven examples have been seen equally often, but for the pass that has begun."""
    x = np.arange(7)
    data = {"array": x, "scalars": Slices(x), "batches": Slices(x).batch(batch_size)}[kind]
    spy = Spy(gg.CategoricalGenerator(7, RUNS), gg.LogisticDiscriminator(7, RUNS))
    options: dict[str, Any] = {} if kind == "batches" else {"batch_size": batch_size}
    epochs = given(data, spy, epochs=9, steps_per_epoch=steps, **options)
    batches = steps or -(-7 // batch_size)
    assert [epoch.shape for epoch in epochs] == [(batches, RUNS, batch_size)] * 9
    for last in range(1, 10):
        counts = np.bincount(flat(epochs[:last]), minlength=7)
        assert counts.max() - counts.min() <= 1
    for epoch in epochs:
        np.testing.assert_array_equal(epoch[:, 0], epoch[:, 1])


def test_an_array_is_shuffled_anew_in_every_pass() -> None:
    """Every pass is a permutation; the seed of the GAN decides which."""
    x = np.arange(20)
    spies = [
        Spy(gg.CategoricalGenerator(20, RUNS), gg.LogisticDiscriminator(20, RUNS, seed=1)) for _ in range(3)
    ]
    spies[2].seed = 8
    first, again, other = (given(x, spy, batch_size=5, epochs=2) for spy in spies)
    passes = np.reshape(flat(first), (2, 20))
    assert (np.sort(passes) == x).all()
    assert (passes[0] != passes[1]).any()
    assert (passes[0] != x).any()
    assert flat(first) == flat(again) != flat(other)
    assert flat(given(x, Spy(*networks(20)), batch_size=5, epochs=2, shuffle=False)) == [*x, *x]


def networks(categories: int) -> tuple[Any, Any]:
    return gg.CategoricalGenerator(categories, RUNS), gg.LogisticDiscriminator(categories, RUNS, seed=1)


def test_every_example_comes_first_equally_often() -> None:
    """In 20,000 passes over three; a shuffle off by 0.04 is found, a right one fails once in a million."""
    epochs = given(np.arange(3), batch_size=3, epochs=1, steps_per_epoch=20_000)
    check_frequencies(epochs[0][:, 0, 0], np.full(3, 1 / 3), detect=0.04)


def test_batch_size_is_32_by_default() -> None:
    assert [epoch.shape for epoch in given(np.zeros(100, int))] == [(4, RUNS, 32)]
    assert [epoch.shape for epoch in given(Slices(np.zeros(100, int)))] == [(4, RUNS, 32)]
    assert [epoch.shape for epoch in given([0, 1, 2])] == [(1, RUNS, 3)]


def test_steps_of_whole_epochs_are_epochs() -> None:
    elements = Slices(
        np.arange(6, dtype=np.int32)[:, None, None, None] % 4 + np.zeros((2, RUNS, 3), np.int32)
    )
    epochs = given(elements, epochs=2, steps_per_epoch=2)
    assert [int(epoch.max()) for epoch in epochs] == [0, 1, 2, 3]
    assert len(given(elements)) == 6
    assert len(given(elements, epochs=2)) == 12


def test_a_stream_draws_for_each_run() -> None:
    epochs = given(stream(), epochs=3)
    assert [epoch.tolist() for epoch in epochs] == [stream().epoch(number).tolist() for number in range(3)]
    assert (epochs[0][:, 0] != epochs[0][:, 1]).any()
    assert flat(given(stream(), epochs=3, initial_epoch=1)) == flat(epochs[1:])


def test_a_stream_goes_on_with_several_epochs_in_one() -> None:
    whole = given(stream(), epochs=2, steps_per_epoch=2)
    assert flat(given(stream(), epochs=2, initial_epoch=1, steps_per_epoch=2)) == flat(whole[2:])


def test_an_array_goes_on() -> None:
    whole = given(X, batch_size=4, epochs=5)
    assert flat(given(X, batch_size=4, epochs=5, initial_epoch=2)) == flat(whole[2:])


def test_sequences() -> None:
    """An example is one of T symbols: in an array, one by one, in batches and in whole epochs."""
    x = np.arange(24).reshape(8, 3) % 4
    for data, options in (
        (x, {"batch_size": 4, "shuffle": False}),
        (x.tolist(), {"batch_size": 4, "shuffle": False}),
        (Slices(x), {"batch_size": 4}),
        (Slices(x).batch(4), {}),
        (Elements(np.broadcast_to(x.reshape(2, 1, 4, 3), (2, RUNS, 4, 3)).astype(np.int32)), {}),
    ):
        epochs = given(data, sequences(), **options)
        assert [epoch.shape for epoch in epochs] == [(2, RUNS, 4, 3)]
        np.testing.assert_array_equal(epochs[0][:, 1].reshape(8, 3), x)


def sequences() -> Spy:
    return Spy(
        gg.SequenceGenerator("abc ", 3, units=2, runs=RUNS), gg.LstmDiscriminator(4, 3, RUNS, units=(2,))
    )


ENDLESS: list[tuple[Callable[[], Any], str]] = [
    (lambda: Elements(X).repeat(), "without end: give how many batches"),
    (lambda: Slices(X).repeat(), "without end: give how many batches"),
    (lambda: gg.dataset(stream()), "without end: give 1"),
    (lambda: (n % 4 for n in itertools.count()), "of unknown length: give how many batches"),
    (lambda: Elements(X).filter(lambda x: True), "of unknown length: give how many batches"),
]


@pytest.mark.parametrize(("make", "message"), ENDLESS)
def test_data_without_end_need_steps(make: Callable[[], Any], message: str) -> None:
    assert f"steps_per_epoch: missing for data {message}" in refusal(lambda: given(make()))


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "none": (lambda: None, "received None: give integers"),
    "text": (lambda: "abc", "give integers"),
    "fractions": (lambda: [0.5], r"received float64 [1]: give integers"),
    "booleans": (lambda: [True], r"received bool [1]: give integers"),
    "ragged": (lambda: [[1], [1, 2]], "received [[1], [1, 2]]: give integers"),
    "matrix": (lambda: np.zeros((3, 2), int), "received int64 [3, 2]: give integers"),
    "number": (lambda: 3, "received int64 []: give integers"),
    "nothing": (lambda: [], "received float64 [0]: give integers"),
    "too large": (lambda: [0, 4], "received categories from 0 to 4: give 0 to 3"),
    "negative": (lambda: [0, -1], "received categories from -1 to 0: give 0 to 3"),
    "int64": (lambda: np.array([2**32, 2**32 + 1]), "received categories from"),
    "-int64": (lambda: np.array([-(2**32), 0]), "received categories from -4294967296 to 0: give 0 to 3"),
    "uint64": (lambda: np.array([2**64 - 1, 1], np.uint64), "received categories from 1 to"),
    "int": (lambda: [2**70, 1], "give integers"),
    "int64 dataset": (lambda: Slices(np.array([2**32])), "received categories from"),
    "uint64 dataset": (lambda: Slices(np.array([2**64 - 1], np.uint64)), "categories from 184467440737"),
    "int64 batches": (lambda: Elements(np.array([2**32])), "received categories from"),
    "int64 epochs": (lambda: Elements(np.full((3, RUNS, 4), 2**32)), "received categories from 4294967296"),
    "pairs": (lambda: Slices((X, X)), "received elements of (TensorSpec"),
    "names": (lambda: Slices({"x": X}), "received elements of {'x'"),
    "texts": (lambda: Slices(["a"]), "received elements of string ()"),
    "no elements": (lambda: Slices(np.zeros(0, int)), "received no elements"),
    "matrices": (lambda: Elements(np.zeros((3, 2), int)), "received elements of int64 (3, 2)"),
    "runs": (lambda: Elements(np.zeros((3, 1, 4), int)), "received an element of int64 [3, 1, 4]"),
    "stream of other runs": (lambda: stream(runs=3), "received an element of int32 [3, 3, 4]"),
    "generator of nothing": (lambda: iter([]), "received elements of None"),
    "generator of text": (lambda: iter("ab"), "received elements of 'a'"),
    "generator of fractions": (lambda: iter([0.5]), "received elements of 0.5"),
    "generator of pairs": (lambda: iter([(X, X)]), "received elements of (array"),
    "empty py dataset": (lambda: Numbered(0), "received no elements"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_data_are_refused_in_one_line(name: str) -> None:
    """To train on, to evaluate, and to evaluate on the way."""
    make, message = REFUSED[name]
    spy = emptied()
    assert message in refusal(lambda: spy.fit(make(), verbose=0))
    assert message in refusal(lambda: spy.evaluate(make(), verbose=0))
    assert spy.trained == []
    if make() is not None:
        assert message in refusal(lambda: spy.fit(X, validation_data=make(), validation_steps=1, verbose=0))
    assert spy.tested == []


def test_wrong_data_change_no_weight(gan: gg.CategoricalGAN) -> None:
    before = state(gan)
    for x in ([4], [-1], np.array([2**32]), Elements(np.full((1, RUNS, 4), 2**32)), iter([9] * 64)):
        refusal(lambda x=x: gan.fit(x, verbose=0, batch_size=None, steps_per_epoch=1))  # type: ignore[misc]
    for batch in ([4], [[0, 1]], [0.5], np.zeros((3, 1, 4), int), np.full((3, RUNS, 4), 4), "ab", None, []):
        refusal(lambda batch=batch: gan.train_on_batch(batch))  # type: ignore[misc]
        refusal(lambda batch=batch: gan.test_on_batch(batch))  # type: ignore[misc]
    assert same(state(gan), before)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.uint32, np.int64, np.uint64])
def test_whole_epochs_of_all_integers_become_int32(kind: type) -> None:
    """Or there are several programs, and of some integers none."""
    spy = emptied()
    spy.fit(Elements(np.zeros((3, RUNS, 4), kind)), verbose=0)
    spy.train_on_batch(np.zeros((3, RUNS, 4), kind))
    assert [epoch.dtype for epoch in spy.trained] == [np.int32] * 2


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, RUNS, 4, 5)])
def test_sequences_of_another_length(shape: tuple[int, ...]) -> None:
    spy = sequences()
    assert "data: received" in refusal(lambda: spy.fit(Elements(np.zeros(shape, np.int32)), verbose=0))
    assert spy.trained == []


@pytest.mark.parametrize("shape", [(3, RUNS, 0), (0, RUNS, 4)])
@pytest.mark.parametrize("door", ["fit", "evaluate"])
def test_epochs_without_examples(shape: tuple[int, ...], door: str) -> None:
    """Refused; in XLA the mean over none is NaN, and no batch at all its own error of 28 lines."""
    spy = emptied()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            message = refusal(lambda: getattr(spy, door)(Elements(np.zeros(shape, np.int32)), verbose=0))
        except ZeroDivisionError as error:
            message = str(error)
    assert "data: received" in message
    assert spy.trained == []


OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"y": X}, "y: received one for a GAN"),
    ({"sample_weight": X}, "sample_weight: received one for a GAN"),
    ({"class_weight": {0: 1.0}}, "class_weight: received one for a GAN"),
    ({"batch_size": 0}, "batch_size: received 0: give a whole number of 1 or more"),
    ({"steps_per_epoch": 0}, "steps_per_epoch: received 0: give a whole number of 1 or more"),
    ({"validation_split": 1.0}, "validation_split: received 1.0: give 0 or more, below 1"),
    ({"validation_data": X, "validation_steps": 0}, "steps: received 0"),
    ({"validation_data": X, "validation_batch_size": 0}, "batch_size: received 0"),
    ({"validation_data": (X, X)}, "data: received 2 parts"),
    ({"validation_data": Elements(X).repeat()}, "steps: missing for data without end"),
]


@pytest.mark.parametrize(("options", "message"), OPTIONS)
def test_options_are_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    spy = emptied()
    assert message in refusal(lambda: spy.fit(X, verbose=0, **options))
    assert spy.trained == []
    for data in (stream(), Slices(X).batch(2), Elements(np.zeros((3, RUNS, 4), np.int32))):
        assert "have their own: leave it out" in refusal(lambda data=data: spy.fit(data, batch_size=2))  # type: ignore[misc]


@pytest.mark.parametrize("make", [lambda: Slices(X), stream, lambda: iter(X)])
def test_only_an_array_is_split(make: Callable[[], Any]) -> None:
    assert "validation_split: " in refusal(lambda: emptied().fit(make(), validation_split=0.2, verbose=0))


def test_a_negative_initial_epoch() -> None:
    assert "initial_epoch: " in refusal(lambda: emptied().fit(X, initial_epoch=-1, verbose=0))


@pytest.mark.parametrize("door", ["train_on_batch", "test_on_batch"])
def test_options_that_do_not_exist(door: str) -> None:
    with pytest.raises(TypeError):
        getattr(emptied(), door)(X, no_such_option=3)


def test_the_last_part_of_an_array_is_for_validation() -> None:
    spy = emptied()
    history = spy.fit(X, validation_split=0.3, epochs=3, validation_freq=2, batch_size=7, verbose=0).history
    assert sorted(flat(spy.trained[:1])) == sorted(X[:7])
    assert [one.shape for one in spy.tested] == [(1, RUNS, 3)]
    assert flat(spy.tested) == X[7:].tolist()
    assert set(history) == {
        f"{val}{name}" for val in ("", "val_") for name in ("loss", "discriminator_loss", "generator_loss")
    } | {"val_log_likelihood"}
    assert len(history["loss"]) == 3


def test_the_split_is_where_keras_has_it() -> None:
    spy = emptied()
    spy.fit(X, validation_split=0.25, verbose=0)
    assert len(flat(spy.tested)) == 3


@pytest.mark.parametrize("steps", [None, 2])
def test_a_generator_for_validation(steps: int | None) -> None:
    """Several epochs evaluate what comes next, or are refused."""
    spy = emptied()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            spy.fit(X, epochs=2, validation_data=numbered(4), validation_steps=steps, verbose=0)
        except ValueError:
            return
    assert flat(spy.tested) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_validation_goes_through_all_of_it_every_time() -> None:
    for data in (X, Slices(X).batch(4), Slices(X), Numbered(5)):
        spy = emptied()
        spy.fit(X, epochs=2, validation_data=data, verbose=0)
        once = len(spy.tested) // 2
        assert flat(spy.tested[:once]) == flat(spy.tested[once:])
        assert len(flat(spy.tested[:once])) == 10
    spy = emptied()
    spy.fit(X, epochs=2, validation_data=Elements(X).repeat(), validation_steps=3, verbose=0)
    assert [one.shape for one in spy.tested] == [(1, RUNS, 10)] * 6
    spy.fit(X, validation_data=X, validation_batch_size=4, verbose=0)
    assert [one.shape[2] for one in spy.tested[6:]] == [4, 4, 2]


def test_evaluate_leaves_nothing_out() -> None:
    """In order, each once; the last batch is smaller."""
    x = np.arange(2_345) % 4
    for data, options, sizes in (
        (x, {}, [1000, 1000, 345]),
        (x, {"batch_size": 2000}, [2000, 345]),
        (Slices(x).batch(1500), {}, [1500, 845]),
        (Slices(x), {"batch_size": 1200}, [1200, 1145]),
        (Slices(x).batch(1000), {"steps": 2}, [1000, 1000]),
    ):
        spy = emptied()
        spy.evaluate(data, verbose=0, **options)
        assert [one.shape for one in spy.tested] == [(1, RUNS, size) for size in sizes]
        assert flat(spy.tested) == x[: sum(sizes)].tolist()


@pytest.mark.parametrize("steps", [None, 5])
@pytest.mark.parametrize("make", [lambda: Slices(X).batch(2).filter(lambda x: True), lambda: numbered(5)])
def test_data_of_unknown_length_are_evaluated(make: Callable[[], Any], steps: int | None) -> None:
    """All of them, without a warning."""
    spy = emptied()
    spy.evaluate(make(), steps=steps, verbose=0)
    assert len(flat(spy.tested)) == 10


def test_an_epoch_is_one_program_whatever_the_data(gan: gg.CategoricalGAN) -> None:
    """Of 15 examples in batches of 3, and of 13, whose last batch is smaller."""
    x, before = np.arange(15) % 4, gan.traces
    ours = stream(batches=5, batch_size=3)
    data: list[tuple[Any, dict[str, Any]]] = [
        (x, {"batch_size": 3}),
        (x.astype(np.uint8), {"batch_size": 3, "shuffle": False}),
        (Slices(x), {"batch_size": 3}),
        (Slices(x).batch(3), {}),
        (Slices(x[:13]).batch(3), {}),
        (Slices(x[:13]).shuffle(13).batch(3), {}),
        ((n % 4 for n in itertools.count()), {"batch_size": 3, "steps_per_epoch": 5}),
        (ours, {}),
        (gg.dataset(ours), {"steps_per_epoch": 1}),
    ]
    for one, options in data:
        history = gan.fit(one, epochs=2, verbose=0, **options).history
        assert np.isfinite(history["loss"]).all()
        assert gan.traces == before + 1
    assert int(gan.discriminator_optimizer.iterations.numpy()) == len(data) * 2 * 5


def test_old_calls_give_the_same_numbers(gan: gg.CategoricalGAN) -> None:
    start = state(gan)
    ends = []
    calls: list[tuple[Any, dict[str, Any]]] = [
        (stream(), {}),
        (gg.dataset(stream()), {"steps_per_epoch": 1, "shuffle": False}),
        (gg.dataset(stream()).take(2), {"steps_per_epoch": 1}),
    ]
    for data, options in calls:
        restore(gan, start)
        losses = gan.fit(data, epochs=2, verbose=0, **options).history["loss"]
        ends.append([*state(gan), np.array(losses)])
    assert same(ends[0], ends[1])
    assert same(ends[0], ends[2])
    assert not same(start, ends[0][:-1])


def exact(probabilities: np.ndarray, x: np.ndarray) -> float:
    """The mean log-likelihood of integers under each run's probabilities [R, K]."""
    return float(np.log(probabilities[:, x]).mean())


def skewed(gan: gg.CategoricalGAN) -> np.ndarray:
    """Give both runs probabilities of their own."""
    probabilities = np.array([LAW, LAW[::-1]])[: gan.generator.runs]
    gan.generator.assign(np.log(probabilities))
    return probabilities


def test_log_likelihood_is_exact(eager: gg.CategoricalGAN) -> None:
    """Also where the last batch is smaller, and of whole epochs of several sizes."""
    probabilities = skewed(eager)
    np.testing.assert_allclose(eager.generator.probabilities(), probabilities, rtol=1e-5)
    x = np.array([0, 0, 0, 1, 3, 3, 1])
    expected = exact(probabilities, x)
    assert abs(expected - exact(probabilities[:1], x)) > 0.01
    for data, options in (
        (x, {}),
        (x.tolist(), {"batch_size": 3}),
        (Slices(x), {"batch_size": 3}),
        (Slices(x).batch(3), {}),
    ):
        found = eager.evaluate(data, verbose=0, return_dict=True, **options)
        assert found["log_likelihood"] == pytest.approx(expected, rel=1e-5)
    elements = [np.random.default_rng(size).integers(0, 4, (2, RUNS, size)) for size in (3, 7)]
    each = [np.log(np.take_along_axis(probabilities[None], one, axis=2)) for one in elements]
    expected = np.concatenate([one.ravel() for one in each]).mean()
    spec = tf.TensorSpec((2, RUNS, None), tf.int32)
    whole = tf.data.Dataset.from_generator(lambda: iter(elements), output_signature=spec)
    whole = whole.apply(tf.data.experimental.assert_cardinality(2))
    found = eager.evaluate(whole, verbose=0, return_dict=True)
    assert found["log_likelihood"] == pytest.approx(expected, rel=1e-5)


def test_log_likelihood_of_sequences_is_exact() -> None:
    generator = gg.SequenceGenerator("ab ", 3, units=4, seed=0, runs=RUNS)
    gan = gg.CategoricalGAN(generator, gg.LstmDiscriminator(3, 3, RUNS, seed=0, units=(2,)), seed=0)
    gan.compile("sgd", "sgd", run_eagerly=True)
    x = np.random.default_rng(0).integers(0, 3, (7, 3))
    found = gan.evaluate(x, batch_size=3, verbose=0, return_dict=True)["log_likelihood"]
    assert found == pytest.approx(np.log(generator.probabilities(x)).mean(), rel=1e-5)


def test_evaluated_losses_are_those_of_the_networks(eager: gg.CategoricalGAN) -> None:
    """Against samples drawn by the estimator: a right loss fails once in 1.7 million, for each of two."""
    skewed(eager)
    x = np.tile(np.arange(4), 1_000)
    found = eager.evaluate(x, batch_size=4_000, verbose=0, return_dict=True)
    logits = eager.generator.logits
    samples = eager.estimator.sample(logits, tf.constant(0.5), 4_000, (1, 2))
    of_real, of_samples = eager(tf.constant([x] * RUNS)).numpy(), eager(samples).numpy()
    both = np.logaddexp(0, -of_real).mean() + np.logaddexp(0, of_samples)
    # Two estimates of one number: the difference has twice the variance.
    check_mean(both.mean(0), found["discriminator_loss"], errors=5 * 2**0.5)
    check_mean(np.logaddexp(0, -of_samples).mean(0), found["generator_loss"], errors=5 * 2**0.5)
    assert found["loss"] == pytest.approx(found["discriminator_loss"] + found["generator_loss"])


def test_every_batch_is_evaluated_on_samples_of_its_own(eager: gg.CategoricalGAN) -> None:
    """Else the mean over a thousand batches has the noise of one; samples alike by chance: below 1e-6."""
    skewed(eager)
    once, twice = (eager.evaluate(np.tile(np.arange(4), n), batch_size=4, verbose=0)[1] for n in (1, 2))
    assert once != twice


def test_what_evaluate_returns(eager: gg.CategoricalGAN) -> None:
    by_name = eager.evaluate(X, verbose=0, return_dict=True)
    assert list(by_name) == ["discriminator_loss", "generator_loss", "log_likelihood", "loss"]
    assert eager.evaluate(X, verbose=0) == list(by_name.values())
    assert eager.test_on_batch(X) == list(by_name.values())
    assert (
        eager.test_on_batch(np.broadcast_to(X, (1, RUNS, 10)).astype(np.int32), return_dict=True) == by_name
    )


def test_evaluating_changes_nothing(gan: gg.CategoricalGAN) -> None:
    """Neither weights nor noise: training goes on bit for bit, also with validation in between."""
    start = state(gan)
    gan.fit(stream(), epochs=2, verbose=0)
    plain = state(gan)
    restore(gan, start)
    gan.evaluate(X, verbose=0)
    gan.test_on_batch(X)
    assert same(state(gan), start)
    gan.fit(stream(), verbose=0)
    gan.evaluate(X, batch_size=10, verbose=0)
    gan.fit(stream(), epochs=2, initial_epoch=1, verbose=0)
    assert same(state(gan), plain)
    restore(gan, start)
    history = gan.fit(stream(), epochs=2, validation_data=X, verbose=0).history
    assert same(state(gan), plain)
    expected = exact(gan.generator.probabilities(), X)
    assert history["val_log_likelihood"][-1] == pytest.approx(expected, rel=1e-5)
    assert gan.evaluate(X, verbose=0, return_dict=True)["loss"] == history["val_loss"][-1]


def test_evaluating_needs_no_more_samples_than_there_are() -> None:
    gan = small(estimator="rloo", eager=True)
    assert len(gan.evaluate(X[:5], batch_size=4, verbose=0)) == 4


def test_training_on_a_batch(eager: gg.CategoricalGAN) -> None:
    """The same as an epoch of one batch."""
    start = state(eager)
    batch = np.broadcast_to(X, (1, RUNS, 10)).astype(np.int32)
    losses = eager.fit(Elements(batch), verbose=0).history
    fitted = state(eager)
    restore(eager, start)
    by_name = eager.train_on_batch(X.tolist(), return_dict=True)
    assert {name: [value] for name, value in by_name.items()} == losses
    assert same(state(eager), fitted)
    restore(eager, start)
    assert eager.train_on_batch(batch) == list(by_name.values())
    assert same(state(eager), fitted)


def test_what_a_gan_does_not_do(gan: gg.CategoricalGAN) -> None:
    for door in (gan.predict, gan.predict_on_batch):
        assert "predict: a GAN has no labels" in refusal(lambda door=door: door(X), NotImplementedError)  # type: ignore[misc]
    for other in (gan.train_on_batch, gan.test_on_batch, gan.evaluate):
        assert "y: received one for a GAN" in refusal(lambda other=other: other(X, X))  # type: ignore[misc]
        assert "sample_weight: " in refusal(lambda other=other: other(X, sample_weight=X))  # type: ignore[misc]
    bare = gg.CategoricalGAN(gg.CategoricalGenerator(4), gg.LogisticDiscriminator(4))
    for each in (bare.fit, bare.evaluate, bare.train_on_batch, bare.test_on_batch):
        assert "compile()" in refusal(lambda each=each: each(X))  # type: ignore[misc]


def test_what_is_printed(gan: gg.CategoricalGAN, capsys: pytest.CaptureFixture[str]) -> None:
    gan.fit(stream(), epochs=2, validation_data=X, verbose=2)
    printed = capsys.readouterr().out
    assert printed.count("val_log_likelihood") == 2
    gan.fit(stream(), verbose=0)
    gan.evaluate(X, verbose=0)
    assert capsys.readouterr().out == ""
    lines: list[str] = []
    gan.summary(print_fn=lambda line, **options: lines.append(line))
    assert "Trainable params: 18 " in "\n".join(lines)  # 2 x 4 logits, 2 x 5 of the discriminator


def test_a_summary_counts_both_optimizers(gan: gg.CategoricalGAN) -> None:
    lines: list[str] = []
    gan.summary(print_fn=lambda line, **options: lines.append(line))
    assert "Optimizer params: 40 " in "\n".join(lines)  # two moments of 18 weights, two steps, two rates


def on(gan: gg.CategoricalGAN, first: int, last: int) -> None:
    gan.fit(X, batch_size=4, epochs=last, initial_epoch=first, verbose=0)


@pytest.mark.filterwarnings("ignore:Skipping variable loading")
def test_a_saved_gan_goes_on_bit_for_bit(gan: gg.CategoricalGAN, tmp_path: Path) -> None:
    """Saved, pickled, copied or its weights alone: as if it had never been interrupted."""
    on(gan, 0, 1)
    gan.save(tmp_path / "gan.keras")
    gan.save_weights(tmp_path / "gan.weights.h5")
    halfway = copy.deepcopy(gan)
    on(gan, 1, 3)
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    on(loaded, 1, 3)
    assert same(state(loaded), state(gan))
    loaded.load_weights(tmp_path / "gan.weights.h5")  # into one that is compiled
    assert same(state(loaded), state(halfway))
    on(loaded, 1, 3)
    assert same(state(loaded), state(gan))
    assert loaded.traces == 1


def test_a_clone_begins_anew(gan: gg.CategoricalGAN) -> None:
    on(gan, 0, 1)
    clone = keras.models.clone_model(gan)
    assert clone.get_config() == gan.get_config()
    assert (clone.generator.logits.numpy() == 1).all()
    clone.compile(keras.optimizers.Adam(0.02), keras.optimizers.Adam(0.05), run_eagerly=True)
    before = gan.generator.logits.numpy()
    on(clone, 0, 1)
    assert (clone.generator.logits.numpy() != 1).all()
    np.testing.assert_array_equal(gan.generator.logits, before)


def further(gan: gg.CategoricalGAN) -> tuple[gg.CategoricalGAN, list[np.ndarray]]:
    on(gan, 1, 2)
    return gan, state(gan)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Skipping variable loading")
def test_another_process_goes_on_bit_for_bit(gan: gg.CategoricalGAN) -> None:
    on(gan, 0, 1)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there, values = pool.apply(further, (gan,))
    on(gan, 1, 2)
    assert same(values, state(gan))
    assert same(state(there), state(gan))


def test_run_eagerly(gan: gg.CategoricalGAN, eager: gg.CategoricalGAN) -> None:
    """The same numbers, but for rounding."""
    for one in (gan, eager):
        one.fit(stream(), epochs=2, validation_data=X, verbose=0)
    assert eager.traces == 0
    for compiled_value, value in zip(state(gan), state(eager), strict=True):
        np.testing.assert_allclose(value, compiled_value, rtol=2e-3, atol=1e-5)
    for found, expected in zip(eager.evaluate(X, verbose=0), gan.evaluate(X, verbose=0), strict=True):
        assert found == pytest.approx(expected, rel=1e-3)


@pytest.fixture
def functions_run_eagerly() -> Iterator[None]:
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.filterwarnings("ignore:Even though the:UserWarning")  # TensorFlow's, of tf.data
def test_functions_that_run_eagerly(functions_run_eagerly: None) -> None:
    """The same numbers as with run_eagerly, in a GAN compiled as usual."""
    gans = [small(), small(eager=True)]
    for gan in gans:
        gan.fit(stream(), verbose=0)
        gan.evaluate(Slices(X).batch(4), verbose=0)
        gan.fit(X, validation_data=X, batch_size=4, verbose=0)
    for value, expected in zip(state(gans[0]), state(gans[1]), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)

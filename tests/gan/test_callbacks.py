"""Keras' callbacks, each on its effect, with unequal learning rates of generator and discriminator."""

import csv
import importlib.util
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gumbel_gan as gg

from .small import RATES, refusal, restore, same, small, state, stream, variables

X = np.arange(12) % 4
LOSSES = ("discriminator_loss", "generator_loss", "loss")


def rates(gan: gg.CategoricalGAN) -> tuple[float, float]:
    optimizers = (gan.generator_optimizer, gan.discriminator_optimizer)
    return tuple(float(one.learning_rate.numpy()) for one in optimizers)  # type: ignore[return-value]


def times(factor: float) -> Any:
    """Both rates, moved by a factor; float32 has seven digits."""
    return pytest.approx([factor * rate for rate in RATES], rel=1e-5)


def fit(gan: gg.CategoricalGAN, *callbacks: Any, epochs: int = 3, **options: Any) -> dict[str, list[float]]:
    options = {"batch_size": 4, "validation_data": X, "verbose": 0, **options}
    return gan.fit(X, epochs=epochs, callbacks=list(callbacks), **options).history


class Told(keras.callbacks.Callback):
    """The states at the ends of epochs; and what is called there."""

    def __init__(self, call: Any = None) -> None:
        super().__init__()
        self.call = call
        self.states: list[list[np.ndarray]] = []
        self.weights: list[list[np.ndarray]] = []
        self.rates: list[tuple[float, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.states.append(state(self.model))
        self.weights.append([weight.numpy() for weight in self.model.trainable_variables])
        self.rates.append(rates(self.model))
        if self.call is not None:
            self.call(epoch, logs)


class Interrupted(Exception):
    """What ends a training in the middle."""


@pytest.fixture(scope="module")
def compiled() -> tuple[gg.CategoricalGAN, list[np.ndarray]]:
    gan = small()
    return gan, state(gan)


@pytest.fixture
def gan(compiled: tuple[gg.CategoricalGAN, list[np.ndarray]]) -> Iterator[gg.CategoricalGAN]:
    """One as it was at first; compiled once for all tests."""
    restore(*compiled)
    yield compiled[0]
    assert compiled[0].traces <= 1


def test_learning_rate_scheduler(gan: gg.CategoricalGAN) -> None:
    """Both rates move by the same factor, in the compiled program, without a retrace."""
    told = Told()
    factors = (0.5, 2.0, 1e-9)
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: factors[epoch] * RATES[0])
    history = fit(gan, schedule, told)
    for found, factor in zip(told.rates, factors, strict=True):
        assert found == times(factor)
    assert history["learning_rate"] == pytest.approx([factor * RATES[0] for factor in factors])
    steps = [
        [np.abs(new - old).max() for new, old in zip(after, before, strict=True)]
        for before, after in itertools.pairwise(told.weights)
    ]
    assert min(steps[0]) > 0.01
    assert max(steps[1]) < 1e-6
    assert gan.traces == 1


def test_the_discriminators_rate_alone(gan: gg.CategoricalGAN) -> None:
    """The generator goes on; then the generator's is moved, and the discriminator's beside it."""
    gan.discriminator_optimizer.learning_rate = 1e-9
    logits, kernel = gan.generator.logits.numpy(), gan.discriminator.kernel.numpy()
    fit(gan, epochs=1)
    assert rates(gan) == pytest.approx((RATES[0], 1e-9))
    assert np.abs(gan.generator.logits.numpy() - logits).max() > 0.01
    assert np.abs(gan.discriminator.kernel.numpy() - kernel).max() < 1e-6
    gan.optimizer.learning_rate = RATES[0] / 2
    assert rates(gan) == pytest.approx((RATES[0] / 2, 1e-9 / 2))


def test_the_rates_stay_in_proportion(gan: gg.CategoricalGAN) -> None:
    """After a thousand moves, as of a schedule that is called at every epoch."""
    for epoch in range(1_000):
        gan.optimizer.learning_rate = RATES[0] * (1 + epoch % 7) * 10.0 ** -(epoch % 5)
    gan.optimizer.learning_rate = RATES[0]
    assert rates(gan) == pytest.approx(RATES, rel=1e-3)


def test_a_warm_up_from_zero(gan: gg.CategoricalGAN) -> None:
    """The ratio of the rates that the GAN was compiled with stays."""
    told = Told()
    fit(gan, keras.callbacks.LearningRateScheduler(lambda epoch: RATES[0] * epoch / 2), told)
    for found, factor in zip(told.rates, (0, 0.5, 1), strict=True):
        assert found == times(factor)


@pytest.mark.parametrize("both", [True, False])
def test_rates_with_a_schedule_of_their_own(both: bool) -> None:
    """A callback cannot move them: refused in one line; neither has moved."""
    falling = gg.schedule("linear", 0.05, 0.01, 100)
    gan = small(rates=(gg.schedule("cosine", 0.02, 0.01, 100) if both else 0.02, falling), eager=True)
    door = lambda: fit(gan, keras.callbacks.LearningRateScheduler(lambda epoch: 0.01))  # noqa: E731
    assert "schedule" in refusal(door, TypeError).lower()


def test_a_refused_rate_moves_nothing() -> None:
    gan = small(rates=(0.02, gg.schedule("linear", 0.05, 0.01, 100)), eager=True)
    with pytest.raises(TypeError):
        gan.optimizer.learning_rate = 0.01
    assert float(gan.generator_optimizer.learning_rate.numpy()) == pytest.approx(0.02)


def test_reduce_on_plateau(gan: gg.CategoricalGAN) -> None:
    """A loss that must fall by 100 does not: the rates halve after the second epoch, and the third."""
    plateau = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=1, min_delta=100.0)
    told = Told()
    history = fit(gan, told, plateau)
    assert rates(gan) == times(0.25)
    assert [one[0] for one in told.rates] == pytest.approx(history["learning_rate"][:1] * 2 + [0.01])
    restore_rates(gan)
    fit(gan, keras.callbacks.ReduceLROnPlateau("loss", 0.01, 1, min_delta=100.0, min_lr=RATES[0] / 4))
    assert rates(gan) == times(0.25)


def restore_rates(gan: gg.CategoricalGAN) -> None:
    gan.generator_optimizer.learning_rate, gan.discriminator_optimizer.learning_rate = RATES


def test_early_stopping(gan: gg.CategoricalGAN) -> None:
    """It ends two epochs after the best one, the first, and takes back that one's weights."""
    told = Told()
    stop = keras.callbacks.EarlyStopping(
        "val_log_likelihood", patience=2, mode="max", min_delta=100.0, restore_best_weights=True
    )
    history = fit(gan, told, stop, epochs=9)
    assert len(history["loss"]) == 3
    first, last = told.weights[0], told.weights[2]
    assert same([weight.numpy() for weight in gan.trainable_variables], first)
    assert not same(last, first)
    assert stop.best == pytest.approx(history["val_log_likelihood"][0])


@pytest.mark.filterwarnings("ignore:Skipping variable loading")
def test_model_checkpoint(gan: gg.CategoricalGAN, tmp_path: Path) -> None:
    """Every epoch, the best one, the weights alone; optimizers and rates with them."""
    told = Told()
    every = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    weights = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True)
    best = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.keras", monitor="val_discriminator_loss", mode="min", save_best_only=True
    )
    half = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    history = fit(gan, half, every, weights, best, told)
    lowest = int(np.argmin(history["val_discriminator_loss"]))
    for name, epoch in (("1.keras", 0), ("3.keras", 2), ("best.keras", lowest)):
        loaded = keras.models.load_model(tmp_path / name)
        assert same(state(loaded), told.states[epoch])
        assert rates(loaded) == times(0.5 ** (epoch + 1))
    gan.load_weights(tmp_path / "2.weights.h5")
    assert same(state(gan), told.states[1])


def interrupted_and_gone_on(data: Any, directory: Path, **options: Any) -> list[list[np.ndarray]]:
    """The ends of a training without interruption, and of one that goes on in a new model."""

    def stop(epoch: int, logs: Any) -> None:
        if epoch == 1:
            raise Interrupted

    options = {"epochs": 4, "verbose": 0, **options}
    whole = small(eager=True)
    whole.fit(data, **options)
    with pytest.raises(Interrupted):
        small(eager=True).fit(
            data, callbacks=[keras.callbacks.BackupAndRestore(directory), Told(stop)], **options
        )
    again, told = small(eager=True, seed=7), Told()
    again.fit(data, callbacks=[keras.callbacks.BackupAndRestore(directory), told], **options)
    assert len(told.states) == 4 - 2
    return [state(whole), state(again)]


@pytest.mark.filterwarnings("ignore:Skipping variable loading")
def test_backup_and_restore(tmp_path: Path) -> None:
    """Of data that are the same in every epoch: bit for bit."""
    whole, again = interrupted_and_gone_on(X, tmp_path, batch_size=12, shuffle=False)
    assert same(whole, again)


@pytest.mark.filterwarnings("ignore:Skipping variable loading")
@pytest.mark.parametrize("kind", ["array", pytest.param("stream", marks=pytest.mark.slow)])
def test_backup_and_restore_of_data_that_go_on(kind: str, tmp_path: Path) -> None:
    data, options = {"array": (X, {"batch_size": 6}), "stream": (stream(), {})}[kind]
    whole, again = interrupted_and_gone_on(data, tmp_path, **options)
    assert same(whole, again)


def test_csv_logger(gan: gg.CategoricalGAN, tmp_path: Path) -> None:
    history = fit(gan, keras.callbacks.CSVLogger(tmp_path / "log.csv"))
    with (tmp_path / "log.csv").open() as file:
        found = list(csv.DictReader(file))
    assert set(found[0]) == {"epoch", *history}
    assert {*LOSSES, "val_log_likelihood", *(f"val_{name}" for name in LOSSES)} == set(history)
    for name, values in history.items():
        assert [float(row[name]) for row in found] == pytest.approx(values)


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed")
def test_tensorboard(gan: gg.CategoricalGAN, tmp_path: Path) -> None:
    """The event files hold the losses of every epoch."""
    board = keras.callbacks.TensorBoard(tmp_path, histogram_freq=1, update_freq=1)
    history = fit(gan, board)
    for part, prefix in (("train", ""), ("validation", "val_")):
        found: dict[str, list[float]] = {}
        for file in sorted((tmp_path / part).glob("events*")):
            for event in tf.compat.v1.train.summary_iterator(str(file)):
                for value in event.summary.value:
                    if value.tag.startswith("epoch_"):
                        found.setdefault(value.tag, []).append(float(tf.make_ndarray(value.tensor)))
        for name in LOSSES:
            assert found[f"epoch_{name}"] == pytest.approx(history[prefix + name], rel=1e-5)


@pytest.mark.parametrize("of", ["generator", "discriminator"])
def test_terminate_on_nan(gan: gg.CategoricalGAN, of: str) -> None:
    """A NaN among the weights ends the training with its first batch; without it nothing ends."""
    ends = keras.callbacks.TerminateOnNaN()
    assert len(fit(gan, ends)["loss"]) == 3
    weight = getattr(gan, of).trainable_variables[0]
    weight.assign(np.where(np.arange(8).reshape(4, 2) == 3, np.nan, weight.numpy()))
    history = fit(gan, ends)
    assert len(history["loss"]) == 1
    assert np.isnan(history["loss"][0])


EMA = [(True, False), pytest.param((False, True), marks=pytest.mark.slow), (True, True)]


@pytest.mark.parametrize("ema", EMA)
def test_swap_ema_weights(ema: tuple[bool, bool]) -> None:
    """Evaluated are the averages of what keeps one; trained on is what was there, to the last digit or so."""
    swapped, plain = small(ema=ema, eager=True), small(ema=ema, eager=True)
    before = Told()
    tested: list[list[np.ndarray]] = []

    class Evaluated(keras.callbacks.Callback):
        def on_test_begin(self, logs: Any = None) -> None:
            tested.append([w.numpy() for w in swapped.trainable_variables])

    fit(swapped, keras.callbacks.SwapEMAWeights(), Evaluated(), epochs=2, batch_size=6)
    fit(plain, before, epochs=2, batch_size=6)
    optimizers = (plain.generator_optimizer, plain.discriminator_optimizer)
    for found, expected in zip(tested, before.states, strict=True):
        names = [id(variable) for variable in variables(plain)]
        place = 0
        for optimizer, keeps in zip(optimizers, ema, strict=True):
            for number, weight in enumerate(optimizer._trainable_variables):
                mean = optimizer._model_variables_moving_average[number] if keeps else weight
                now = expected[names.index(id(mean))]
                np.testing.assert_allclose(found[place], now, rtol=1e-5, atol=1e-6)
                if keeps:
                    assert np.abs(now - expected[names.index(id(weight))]).max() > 1e-3
                place += 1
    for value, expected_value in zip(state(swapped), state(plain), strict=True):
        np.testing.assert_allclose(value, expected_value, rtol=1e-4, atol=1e-5)


def test_swap_ema_weights_at_the_end(tmp_path: Path) -> None:
    """With swap_on_epoch a checkpoint holds the averages, and so does the GAN at the end."""
    gan = small(ema=(True, True), eager=True)
    save = keras.callbacks.ModelCheckpoint(tmp_path / "gan.weights.h5", save_weights_only=True)
    plain = small(ema=(True, True), eager=True)
    for one, callbacks in ((plain, []), (gan, [keras.callbacks.SwapEMAWeights(swap_on_epoch=True), save])):
        one.fit(X, batch_size=6, epochs=2, verbose=0, callbacks=callbacks)
    learned = plain.learned()
    assert np.abs(learned - plain.generator.probabilities()).max() > 1e-4
    np.testing.assert_allclose(gan.generator.probabilities(), learned, rtol=1e-5)
    np.testing.assert_allclose(gan.learned(), learned, rtol=1e-5)
    other = small(ema=(True, True), eager=True)
    other.load_weights(tmp_path / "gan.weights.h5")
    np.testing.assert_allclose(other.generator.probabilities(), learned, rtol=1e-5)


def test_swap_ema_weights_without_an_average(gan: gg.CategoricalGAN) -> None:
    assert "use_ema=True" in refusal(lambda: fit(gan, keras.callbacks.SwapEMAWeights()))


def test_a_lambda_callback_is_told_everything(gan: gg.CategoricalGAN) -> None:
    """Batches are whole epochs, and there is one of them."""
    seen: list[tuple[str, int]] = []
    tell = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(("epoch", epoch)),
        on_train_batch_end=lambda batch, logs: seen.append((" ".join(sorted(logs)), batch)),
    )
    fit(gan, tell, epochs=2)
    assert seen == [("epoch", 0), (" ".join(LOSSES), 0), ("epoch", 1), (" ".join(LOSSES), 0)]

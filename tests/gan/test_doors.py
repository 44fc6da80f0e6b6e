"""The public constructors refuse what the command refuses, in one line."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gumbel_gan as gg


def generator(categories: int = 4, runs: int = 1) -> gg.CategoricalGenerator:
    return gg.CategoricalGenerator(categories, runs)


def discriminator(categories: int = 4, runs: int = 1) -> gg.LogisticDiscriminator:
    return gg.LogisticDiscriminator(categories, runs)


def gan(**options: Any) -> gg.CategoricalGAN:
    return gg.CategoricalGAN(generator(), discriminator(), **options)


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: gan(temperature=0.0), "temperature: received 0.0: give a number above zero"),
    (lambda: gan(temperature=-1.0), "temperature: received -1.0: give a number above zero"),
    (lambda: gan(temperature="hot"), "temperature: received 'hot': give a number above zero"),
    (lambda: gan(temperature=float("nan")), "temperature: received nan: give a number above zero"),
    (lambda: gan(view="sofft"), "view: received 'sofft': give one of soft, hard, exact"),
    (lambda: gan(pair="hing"), "pair: received 'hing': give one of non_saturating, "),
    (lambda: gan(pair=3), "pair: received 3: give a name, or "),
    (lambda: gan(estimator="rlo"), "estimator: received 'rlo': give one of gumbel_softmax, "),
    (lambda: gan(estimator=gg.Rloo), "estimator: received <class .*Rloo'>: give a name, or "),
    (lambda: gan(generator_steps=0), "generator_steps: received 0: give a whole number of 1 or more"),
    (lambda: gan(discriminator_steps=1.5), "discriminator_steps: received 1.5: give a whole number"),
    (lambda: gan(generated_per_real=-1), "generated_per_real: received -1: give a whole number"),
    (lambda: gan(average_after=-1), "average_after: received -1: give a whole number of 0 or more"),
    (lambda: gan(penalties={"r1": -1.0}), "penalties: r1: received -1.0: give 0 or more"),
    (lambda: gan(penalties={"r2": 1.0}), "penalties: received 'r2': give one of r1, "),
    (lambda: gan(seed="a"), "seed: received 'a': give a whole number"),
    (lambda: gg.CategoricalGAN(generator(4), discriminator(5)), "one of 5 categories for a generator of 4"),
    (lambda: gg.CategoricalGAN(generator(4, 2), discriminator(4)), "one of 1 runs for a generator of 2"),
    (lambda: generator(1), "categories: received 1: give a whole number of 2 or more"),
    (lambda: generator(4, 0), "runs: received 0: give a whole number of 1 or more"),
    (lambda: discriminator(4, 0), "runs: received 0: give a whole number of 1 or more"),
    (lambda: gg.MlpDiscriminator(4, units=(8, 0)), "units, length: received 0: give a whole number"),
    (lambda: gg.SequenceGenerator("ab ", 0), "length: received 0: give a whole number of 1 or more"),
    (lambda: gg.LstmDiscriminator(4, 3, units=(0,)), "units: received 0: give a whole number"),
    (lambda: gg.Stream(gg.Distribution([0.5, 0.5]), batch_size=0), "batch_size: received 0: give a whole"),
    (lambda: gg.StGumbelSoftmax(backward_temperature=0.0), "backward_temperature: received 0.0: give a"),
    (lambda: gg.GumbelRao(conditional_draws=0), "conditional_draws: received 0: give a whole number"),
    (lambda: gg.GappedStraightThrough(gap=-1.0), "gap: received -1.0: give a number above zero"),
    (lambda: gg.schedule("linear", 1.0, 0.0, 10), "schedule: end: received 0.0: give a number above zero"),
    (lambda: gg.schedule("linear", 1.0, 0.1, 0), "schedule: steps: received 0: give a whole number"),
    (lambda: gg.Distribution(np.eye(2)), "probabilities: received 2 axes: give one"),
    (lambda: gg.Config(epochs=2.5), "epochs: received 2.5: give a whole number"),  # type: ignore[arg-type]
    (lambda: gg.Config(temperature="hot"), "temperature: received 'hot': give a number"),  # type: ignore[arg-type]
    (lambda: gg.Config(training={}), r"training: received {}: give Training\(...\)"),  # type: ignore[arg-type]
    (lambda: gg.Generator(beta_1="x"), "generator.beta_1: received 'x': give a number"),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize(("door", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_refused(door: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        door()
    assert "\n" not in str(refused.value)


def test_numpys_numbers_are_numbers() -> None:
    config = gg.Config(runs=np.int64(3), temperature=np.float32(0.5), seed=np.uint8(7))  # type: ignore[arg-type]
    assert (type(config.runs), type(config.temperature), type(config.seed)) == (int, float, int)


@pytest.mark.parametrize(
    ("element", "message"),
    [
        (np.full((3, 1, 5), 4, np.int32), "categories from 4 to 4: give 0 to 3, those of the generator"),
        (np.full((3, 1, 5), -1, np.int32), "categories from -1 to -1: give 0 to 3"),
        (np.zeros((3, 2, 5), np.int32), r"int32 \[3, 2, 5\]: give whole epochs of integers, \[N, 1, B\]"),
        (np.zeros((3, 5), np.int32), r"elements of int32 \(3, 5\): give integers, one by one, as batches"),
        (np.zeros((3, 1, 5), np.float32), r"float32 \[3, 1, 5\]: give whole epochs"),
    ],
)
def test_data_that_do_not_fit(element: np.ndarray, message: str) -> None:
    """A compiled program would take a category that is out of range for another one."""
    model = gan()
    model.compile(keras.optimizers.Adam(), keras.optimizers.Adam())
    before = model.generator.logits.numpy()
    with pytest.raises(ValueError, match=f"^data: received .*{message}"):
        model.fit(tf.data.Dataset.from_tensors(element), epochs=1, shuffle=False, verbose=0)
    np.testing.assert_array_equal(model.generator.logits, before)


@pytest.mark.drawn
def test_seeds_that_are_left_open() -> None:
    """They are one draw of what Keras seeds, made at construction, and known afterwards."""
    makers: list[Callable[..., Any]] = [
        gg.Config,
        lambda **options: gg.Stream(gg.Distribution([0.5, 0.5]), **options),
        gan,
        lambda **options: gg.MlpDiscriminator(4, **options),
        lambda **options: gg.LogisticDiscriminator(4, **options),
        lambda **options: gg.SequenceGenerator("ab ", 3, **options),
        lambda **options: gg.LstmDiscriminator(4, 3, **options),
    ]
    for make in makers:
        drawn = []
        for seed in (1, 2, 1, 2):
            keras.utils.set_random_seed(seed)
            drawn.append(make().seed)
        assert drawn[:2] == drawn[2:]
        assert drawn[0] != drawn[1]
        assert make(seed=5).seed == 5
    model = gan()
    assert model.get_config()["seed"] == model.seed


@pytest.mark.slow
@pytest.mark.drawn
def test_a_loop_over_seeds() -> None:
    """Three seeds give three results, the same one twice the same; the settings repeat it."""
    training = gg.Training(batches=5, generator_steps=2)
    learned: dict[int, np.ndarray] = {}
    for seed in (1, 2, 3, 1):
        keras.utils.set_random_seed(seed)
        result, _ = gg.run(gg.Config(epochs=1, training=training))
        assert seed not in learned or np.array_equal(learned[seed], result.learned)
        learned[seed] = result.learned
    assert len({array.tobytes() for array in learned.values()}) == 3
    again, _ = gg.run(result.config)
    np.testing.assert_array_equal(again.learned, result.learned)


def test_a_dataset_without_end() -> None:
    """`fit` would never leave its first epoch."""
    stream = gg.Stream(gg.Distribution([0.2, 0.3, 0.1, 0.4]), batches=3, seed=0)
    model = gan(seed=0)
    model.compile(keras.optimizers.Adam(), keras.optimizers.Adam())
    with pytest.raises(ValueError, match="steps_per_epoch: missing for data without end: give 1"):
        model.fit(gg.dataset(stream), epochs=2)
    history = model.fit(gg.dataset(stream), epochs=2, steps_per_epoch=1, verbose=0)
    assert len(history.history["generator_loss"]) == 2
    finite = gg.dataset(stream).take(3)
    assert len(model.fit(finite, verbose=0).history["generator_loss"]) == 1

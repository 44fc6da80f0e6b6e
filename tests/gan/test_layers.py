"""An estimator as a Keras layer: in models of all kinds, its law, its gradient, saved and loaded."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

import gumbel_gan as gg
from gumbel_gan.config.catalogue import ESTIMATORS
from gumbel_gan.gan.layers import CategoricalSample, seed_pair

from ..statistics import check_frequencies

PATHWISE = ESTIMATORS.names(pathwise=True)
K = 4
LOGITS = np.array([0.0, -np.inf, 1.0, 2.0], np.float32)
LAW = scipy.special.softmax(LOGITS)
COUNT = 132
INPUTS = np.eye(3, dtype=np.float32)[np.arange(COUNT) % 3]
TARGETS = 2.0 * (np.arange(COUNT) % 3)[:, None] - 2.0
"""-2, 0 and 2 in turn: the best constant has a mean squared error of 8/3."""
FALSE_ALARM = 1e-6


def made(estimator: Any = "straight_through", **options: Any) -> CategoricalSample:
    return CategoricalSample(estimator, **{"seed": 0, **options})


def many(logits: np.ndarray = LOGITS, count: int = 100_000) -> tf.Tensor:
    return tf.tile(tf.constant(logits[None]), (count, 1))


# Models.


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.encode, self.node, self.decode = keras.layers.Dense(K), made(), keras.layers.Dense(1)

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        return self.decode(self.node(self.encode(inputs), training=training))


def functional(**options: Any) -> keras.Model:
    """Two variables at each example."""
    inputs = keras.Input((3,))
    logits = keras.layers.Reshape((2, K))(keras.layers.Dense(2 * K)(inputs))
    samples = made(name="node", **options)(logits)
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(samples)))


def sequential() -> keras.Model:
    return keras.Sequential([keras.layers.Dense(K), made("reinmax"), keras.layers.Dense(1)])


def fit(model: keras.Model, epochs: int, **options: Any) -> float:
    """The last epoch's loss, of four batches of 32 and one of 4."""
    model.compile(keras.optimizers.Adam(0.05), "mse", **options)
    history = model.fit(INPUTS, TARGETS, batch_size=32, epochs=epochs, shuffle=False, verbose=0)
    return history.history["loss"][-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "options"),
    [
        (functional, {"jit_compile": True}),
        (sequential, {"jit_compile": False}),
        pytest.param(Subclassed, {"jit_compile": False}, marks=pytest.mark.slow),
        pytest.param(functional, {"jit_compile": False}, marks=pytest.mark.slow),
        pytest.param(sequential, {"jit_compile": True}, marks=pytest.mark.slow),
        pytest.param(Subclassed, {"jit_compile": True}, marks=pytest.mark.slow),
    ],
)
def test_models_learn(make: Any, options: dict[str, Any]) -> None:
    """A constant has 8/3; what does not know its input cannot fall below that by more than noise."""
    keras.utils.set_random_seed(0)
    assert fit(make(), 25, **options) < 1.0


def test_a_model_runs_eagerly() -> None:
    model = functional(estimator="gumbel_softmax")
    before = [weight.numpy() for weight in model.trainable_variables]
    assert np.isfinite(fit(model, 1, run_eagerly=True))
    after = model.trainable_variables
    assert all((b != a.numpy()).any() for b, a in zip(before, after, strict=True))
    assert model.get_layer("node").seed_generator.state.numpy().tolist() == [0, 5]


def test_predict_and_evaluate_sample_and_leave_the_weights_alone() -> None:
    model = functional(temperature=keras.optimizers.schedules.ExponentialDecay(5.0, 10, 0.5))
    fit(model, 1, jit_compile=False)
    node = model.get_layer("node")
    assert int(node.calls.value) == 5
    model.evaluate(INPUTS, TARGETS, verbose=0)
    assert (model.predict(INPUTS, verbose=0) != model.predict(INPUTS, verbose=0)).any()
    assert int(node.calls.value) == 5


@pytest.mark.parametrize("name", PATHWISE)
@pytest.mark.parametrize("shape", [(K,), (2, K), (2, 0, K), (2, 1, 3, 2, K), (20, 3, K)])
def test_leading_axes(name: str, shape: tuple[int, ...]) -> None:
    for training in (None, True, False):
        samples = made(name)(tf.zeros(shape), training=training).numpy()
        assert samples.shape == shape
        np.testing.assert_allclose(samples.sum(-1), 1, rtol=1e-5)


def test_every_vector_is_a_variable_of_its_own() -> None:
    """Of 1000 vectors in 10 x 100 no two neighbours are alike by more than chance (1/K and six errors)."""
    samples = made()(tf.zeros((10, 100, K))).numpy().argmax(-1)
    alike = [(samples[1:] == samples[:-1]).mean(), (samples[:, 1:] == samples[:, :-1]).mean()]
    assert np.abs(np.array(alike) - 1 / K).max() < 6 * np.sqrt(3 / 16 / 900)


def test_a_layer_in_a_function_of_unknown_batch() -> None:
    node = made("gumbel_rao")

    @tf.function(input_signature=[tf.TensorSpec((None, None, K))])
    def sample(logits: tf.Tensor) -> tf.Tensor:
        return node(logits)

    for shape in ((2, 3, K), (1, 1, K), (20, 2, K)):
        np.testing.assert_allclose(sample(tf.zeros(shape)).numpy().sum(-1), np.ones(shape[:-1]), rtol=1e-6)


# Types.


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16", "float64"])
@pytest.mark.parametrize("name", ["straight_through", "gumbel_softmax"])
def test_policies(name: str, policy: str) -> None:
    """In training and out of it: the type, and the law of 100,000 draws (false alarm 1e-6)."""
    node = made(name, dtype=policy, temperature=0.5)
    logits = many(LOGITS.astype(node.compute_dtype))
    for training in (True, False):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            samples = node(logits, training=training)
            total = tf.reduce_sum(samples * tf.constant([1, 2, 3, 4], samples.dtype))
        assert samples.dtype == node.compute_dtype
        numbers = samples.numpy().astype(np.float64)
        assert np.isfinite(numbers).all()
        assert (numbers[:, 1] == 0).all()
        check_frequencies(numbers.argmax(-1), LAW, detect=0.02)
        gradient = tape.gradient(total, logits)
        assert (gradient is None) == (not training)
        if training:
            assert gradient.dtype == node.compute_dtype
            assert np.isfinite(gradient.numpy().astype(np.float64)).all()


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_a_whole_model_of_another_policy(policy: str) -> None:
    keras.config.set_dtype_policy(policy)
    try:
        model = sequential()
        assert fit(model, 25, jit_compile=True) < 1.0
        assert model.layers[1].compute_dtype == keras.config.dtype_policy().compute_dtype
    finally:
        keras.config.set_dtype_policy("float32")


# Not in training.


@pytest.mark.parametrize("name", PATHWISE)
def test_law_without_training(name: str) -> None:
    """Chi-square of 100,000 one-hot samples, false alarm 1e-6; no gradient."""
    logits = many()
    with tf.GradientTape() as tape:
        tape.watch(logits)
        samples = made(name, temperature=7.0)(logits, training=False)
        total = tf.reduce_sum(samples * [1.0, 2.0, 3.0, 4.0])
    assert tape.gradient(total, logits) is None
    assert np.isin(samples.numpy(), [0, 1]).all()
    counts = samples.numpy().sum(0)
    assert counts[1] == 0
    possible = LAW > 0
    assert counts.sum() == len(logits)
    found = scipy.stats.chisquare(counts[possible], LAW[possible] * len(logits))
    assert found.pvalue > FALSE_ALARM


def test_mode() -> None:
    logits = tf.constant(np.random.default_rng(0).normal(size=(3, 20, K)), tf.float32)
    node = made(inference="mode")
    np.testing.assert_array_equal(node(logits, training=False), np.eye(K)[logits.numpy().argmax(-1)])
    assert (node(logits).numpy() != node(logits, training=False).numpy()).any()
    assert node.seed_generator.state.numpy().tolist() == [0, 1]  # the mode takes no noise


@pytest.mark.parametrize(
    "no",
    [
        0,
        np.False_,
    ],
)
def test_other_ways_to_say_that_it_is_no_training(no: Any) -> None:
    samples = made("gumbel_softmax", temperature=5.0)(tf.zeros((5, K)), training=no)
    assert np.isin(samples.numpy(), [0, 1]).all()


# Temperatures.


def test_a_temperature_is_assigned_without_a_retrace() -> None:
    node, traces = made("gumbel_softmax"), 0

    @tf.function(jit_compile=True)
    def sharpness(logits: tf.Tensor) -> tf.Tensor:
        nonlocal traces
        traces += 1
        return tf.reduce_mean(tf.reduce_max(node(logits, training=True), axis=-1))

    found = []
    for temperature in (0.01, 1.0, 100.0):
        node(tf.zeros((1, K)))
        node.temperature.assign(temperature)
        found.append(float(sharpness(tf.zeros((500, K)))))
    assert found[0] > 0.95
    assert found[0] > found[1] > found[2]
    assert found[2] < 0.3
    assert traces == 1
    assert node.trainable_variables == []


def test_a_schedule_falls_with_the_calls_in_training() -> None:
    """Call n has the schedule's value at n, and the noise of the seed (0, how many calls there were)."""
    schedule = keras.optimizers.schedules.PolynomialDecay(5.0, 10, 0.05)
    node = made("gumbel_softmax", temperature=schedule)
    logits = tf.constant([[0.0, 1.0, 2.0, 3.0]] * 5)
    trained = 0
    for call, training in enumerate((True, None, False, True)):
        samples = node(logits, training=training)
        if training is not False:
            expected = gg.GumbelSoftmax().path(logits, schedule(trained), 1, (0, call))[:, 0]
            np.testing.assert_allclose(samples, expected, rtol=1e-5, atol=1e-7)
            trained += 1
        assert int(node.calls.value) == trained


@pytest.mark.parametrize("trainable", [True, False])
def test_a_variable_of_ones_own(trainable: bool) -> None:
    """It is read at every call, and learned if it is trainable: the loss wants it hot, as it has no error."""
    temperature = keras.Variable(1.0, trainable=trainable)
    inputs = keras.Input((K,))
    model = keras.Model(inputs, made("gumbel_softmax", temperature=temperature)(inputs))
    assert temperature is model.layers[-1].temperature
    assert len(model.trainable_variables) == trainable
    logits = np.zeros((32, K), np.float32)
    if trainable:
        model.compile(keras.optimizers.SGD(1.0), "mse")
        model.fit(logits, logits + 1 / K, epochs=5, verbose=0)
        assert float(temperature.value) > 1.1
    temperature.assign(1e-3)
    sharp = model(logits, training=True).numpy().max(-1).mean()
    temperature.assign(1e3)
    assert model(logits, training=True).numpy().max(-1).mean() < 0.3 < 0.95 < sharp


# Seeds.


@pytest.mark.drawn
def test_noise() -> None:
    """Another at each call and in each layer; equal seeds give equal numbers; Keras' seed repeats them."""
    logits = tf.zeros((50, K))

    def samples(node: CategoricalSample) -> list[float]:
        return [node(logits).numpy().tolist() for _ in range(2)]

    first = samples(made(seed=5))
    assert first[0] != first[1]
    assert samples(made(seed=5)) == first
    unseeded = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        unseeded.append([samples(made(seed=None)) for _ in range(2)])
    assert unseeded[0] == unseeded[1]
    assert unseeded[0][0] != unseeded[0][1]
    assert samples(made(seed=6)) != first


def test_layers_of_neighbouring_seeds_have_noise_of_their_own() -> None:
    """One layer's slopes tell nothing of the next one's samples: a correlation in 6 errors of 4000 draws."""
    logits = tf.zeros((4000, K))
    with tf.GradientTape() as tape:
        tape.watch(logits)
        total = tf.reduce_sum(made(gg.GumbelRao(1), seed=0)(logits)[:, 0])
    slopes = tape.gradient(total, logits)[:, 0].numpy()
    other = made("straight_through", seed=1)(logits)[:, 0].numpy()
    assert abs(np.corrcoef(slopes, other)[0, 1]) < 6 / np.sqrt(len(other))


# The gradient.


@pytest.mark.parametrize("name", PATHWISE)
def test_gradient_is_the_estimators(name: str) -> None:
    random = np.random.default_rng(0)
    logits = tf.constant(random.normal(size=(2, 3, K)), tf.float32)
    weights = tf.constant(random.normal(size=(2, 3, K)), tf.float32)
    found = []
    pair = seed_pair(keras.random.SeedGenerator(3))
    for sample in (
        made(name, temperature=0.7, seed=3),
        lambda x: tf.reshape(
            ESTIMATORS.make(name, "estimator").path(tf.reshape(x, (6, K)), tf.constant(0.7), 1, pair),
            x.shape,
        ),
    ):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            samples = sample(logits)
            total = tf.reduce_sum(tf.sin(3 * samples) * weights)
        found.append((samples.numpy(), tape.gradient(total, logits).numpy()))
    for layers, estimators in zip(*found, strict=True):
        np.testing.assert_allclose(layers, estimators, rtol=1e-6, atol=1e-7)
    assert np.abs(found[0][1]).max() > 1e-3


class Scaled(gg.Pathwise):
    """Straight-through of logits times a number of its own."""

    def build(self, logits_shape: tuple[int, ...]) -> None:
        self.scale = self.add_weight(shape=(), initializer="ones", trainable=False, name="scale")
        self.built = True

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Any) -> tf.Tensor:
        return gg.StraightThrough().path(logits * self.scale.value, temperature, batch, seed)


def test_an_estimator_of_ones_own_with_a_weight() -> None:
    assert made(Scaled())(tf.zeros((2, K))).shape == (2, K)


def test_options_of_estimators_and_a_class_in_place_of_a_name() -> None:
    assert made(gg.GumbelRao(3)).estimator.conditional_draws == 3
    assert isinstance(made(gg.ReinMax).estimator, gg.ReinMax)


# Saved and loaded.

CONTINUE = """
import sys
import gumbel_gan.layers
late = [name for name in sys.modules if name.startswith("tensorflow_probability")]
assert not late, late
import keras
from tests.gan import test_layers
test_layers.go_on(keras.models.load_model(sys.argv[1]), sys.argv[2])
test_layers.draw(test_layers.with_weights(sys.argv[3]), sys.argv[4])
"""


def several() -> keras.Model:
    """Three nodes: a schedule and no seed, a temperature that learns, and one with an option."""
    schedule = keras.optimizers.schedules.ExponentialDecay(2.0, 5, 0.9)
    temperature = keras.Variable(1.5, trainable=True)
    inputs = keras.Input((3,), name="inputs")
    samples = [
        CategoricalSample(estimator, **options)(keras.layers.Dense(K)(inputs))
        for estimator, options in (
            ("gumbel_softmax", {"temperature": schedule}),
            ("st_gumbel_softmax", {"temperature": temperature, "inference": "mode"}),
            (gg.GappedStraightThrough(0.7), {"temperature": 0.9, "seed": 3}),
        )
    ]
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()(samples)))
    model.compile(keras.optimizers.Adam(0.05), "mse", jit_compile=False)
    return model


def with_weights(path: str | Path) -> keras.Model:
    model = several()
    model.optimizer.build(model.trainable_variables)
    model.load_weights(path)
    return model


def kept(path: str | Path, **numbers: Any) -> dict[str, np.ndarray]:
    """The numbers, as they are read from a file again."""
    np.savez(path, **numbers)
    with np.load(path) as found:
        return dict(found)


def go_on(model: keras.Model, path: str | Path) -> dict[str, np.ndarray]:
    """Train for an epoch, then predict."""
    history = model.fit(INPUTS, TARGETS, batch_size=32, shuffle=False, verbose=0)
    weights = {str(place): weight.numpy() for place, weight in enumerate(model.weights)}
    return kept(path, **weights, predicted=model.predict(INPUTS, verbose=0), **history.history)


def draw(model: keras.Model, path: str | Path) -> dict[str, np.ndarray]:
    """Samples in training and out of it."""
    return kept(path, **{str(training): model(INPUTS, training=training) for training in (True, False)})


def assert_equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert set(one) == set(other)
    for name, numbers in one.items():
        np.testing.assert_array_equal(numbers, other[name], err_msg=name)


@pytest.mark.slow
def test_what_was_saved_goes_on_bit_for_bit_here_and_in_a_new_process(tmp_path: Path) -> None:
    """And importing the layers there imports no TensorFlow Probability."""
    model = several()
    model.fit(INPUTS, TARGETS, batch_size=32, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
    done = subprocess.Popen(
        [
            sys.executable,
            "-c",
            CONTINUE,
            *(tmp_path / n for n in ("model.keras", "x.npz", "model.weights.h5", "y.npz")),
        ],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.to_json() == model.to_json()
    of_weights = draw(with_weights(tmp_path / "model.weights.h5"), tmp_path / "of_weights.npz")
    learned = go_on(again, tmp_path / "again.npz")
    assert (learned["predicted"].std(), learned["loss"].size) > (0, 1)
    assert_equal(draw(model, tmp_path / "model.npz"), of_weights)
    model.load_weights(tmp_path / "model.weights.h5")  # back to where it was
    assert_equal(go_on(model, tmp_path / "model.npz"), learned)
    printed, _ = done.communicate(timeout=120)
    assert done.returncode == 0, printed
    for name, here in (("x.npz", learned), ("y.npz", of_weights)):
        with np.load(tmp_path / name) as there:
            assert_equal(here, dict(there))


def test_clones() -> None:
    model = several()
    clone = keras.models.clone_model(model)
    for one, other in zip(model.layers[1:], clone.layers[1:], strict=True):
        assert one.get_config() == other.get_config()
    one = made("reinmax", temperature=1.3, seed=4)
    other = CategoricalSample.from_config(one.get_config())
    np.testing.assert_array_equal(one(tf.zeros((9, K))), other(tf.zeros((9, K))))
    assert isinstance(other.estimator, gg.ReinMax)
    assert other.estimator is not one.estimator
    assert float(other.temperature.value) == pytest.approx(1.3)


def test_a_frozen_layer_thaws_after_loading(tmp_path: Path) -> None:
    temperature = keras.Variable(1.0, trainable=True)
    model = keras.Sequential([keras.Input((K,)), made("gumbel_softmax", temperature=temperature)])
    model.trainable = False
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for one in (model, again):
        one.trainable = True
        assert len(one.trainable_variables) == 1


# Refusals.


@pytest.mark.parametrize("name", ["exact", "reinforce", "rloo", "rebar", "relax"])
def test_refused_without_a_path(name: str) -> None:
    for estimator in (name, ESTIMATORS.make(name, "estimator")):
        with pytest.raises(ValueError, match="^estimator: .* no path .*surrogate_loss") as refusal:
            made(estimator)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimator": "gumbel"}, "estimator: received 'gumbel'"),
        ({"estimator": 3}, "estimator: received 3"),
        ({"estimator": None}, "estimator: received None"),
        ({"temperature": 0}, "temperature: received 0: give a number above zero"),
        ({"temperature": -1.0}, "temperature: received -1.0"),
        ({"temperature": float("nan")}, "temperature: received nan"),
        ({"temperature": "cold"}, "temperature: received 'cold'"),
        ({"temperature": None}, "temperature: received None"),
        ({"temperature": keras.Variable([0.5, 1.0])}, "temperature: received the shape"),
        ({"inference": "mean"}, "inference: received 'mean': give sample or mode"),
        ({"seed": 1.5}, "seed: received 1.5: give a whole number"),
    ],
)
def test_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}") as refusal:
        made(**options)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("shape", [(2, 1), (2, None), (2, 0), ()])
def test_refused_shapes(shape: tuple[int | None, ...]) -> None:
    with pytest.raises(ValueError, match=r"^logits: received the shape .* two categories or more$"):
        made()(keras.KerasTensor(shape))

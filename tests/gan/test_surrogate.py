"""`surrogate_loss` against enumeration: gradients in the logits and in what else the loss is made of."""

import itertools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

import gumbel_gan as gg
from gumbel_gan.config.catalogue import ESTIMATORS
from gumbel_gan.gan.gumbel import fold_in
from gumbel_gan.gan.layers import seed_pair

K = 3
LOGITS = {
    (): np.array([0.3, -0.6, 1.0], np.float32),
    (2,): np.array([[0.3, -0.6, 1.0], [-1.0, 0.5, 0.2]], np.float32),
}
"""Of one variable, and of two."""
WEIGHTS = np.array([1.0, -0.7, 0.4], np.float32)
TARGETS = np.array([-1.0, 2.0], np.float32)
PATHWISE = ESTIMATORS.names(pathwise=True)
UNBIASED = ESTIMATORS.names(pathwise=False)
LEARNS = ["rebar", "relax"]


def total(samples: tf.Tensor, weights: Any) -> tf.Tensor:
    """The weighted sum over categories, and over variables of which each counts twice the one before, [B]."""
    each = tf.reduce_sum(samples * tf.reshape(weights, (-1, *[1] * (samples.shape.rank - 2), K)), axis=-1)
    return each if each.shape.rank == 1 else each[:, 0] + 2 * each[:, 1]


def quadratic(samples: tf.Tensor, weights: Any, target: tf.Tensor) -> tf.Tensor:
    return (total(samples, weights) - target) ** 2


def bent(samples: tf.Tensor, weights: Any, target: tf.Tensor) -> tf.Tensor:
    return tf.nn.softplus(2 * total(samples, weights) - target) ** 2


def linear(samples: tf.Tensor, weights: Any, target: tf.Tensor) -> tf.Tensor:
    return total(samples, weights) * target


def enumerated(loss: Callable, logits: np.ndarray, target: float) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of the expected loss in the logits and in the weights, over all K^V samples."""
    places = list(itertools.product(range(K), repeat=logits.ndim))
    samples = tf.constant(np.eye(K, dtype=np.float32)[places].reshape(len(places), *logits.shape))
    variables = tf.constant(logits), tf.constant(WEIGHTS)
    with tf.GradientTape() as tape:
        tape.watch(variables)
        log_prob = tf.reduce_sum(
            tf.reshape(samples * tf.nn.log_softmax(variables[0]), (len(places), -1)), axis=1
        )
        expected = tf.reduce_sum(tf.exp(log_prob) * loss(samples, variables[1], target))
    in_logits, in_weights = tape.gradient(expected, variables)
    return in_logits.numpy(), in_weights.numpy()


def estimates(
    loss: Callable, logits: np.ndarray, target: np.ndarray, samples: int, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Of each example a gradient in its logits, and one in weights of its own, that are an input."""
    variables = tf.constant(logits), tf.tile(tf.constant(WEIGHTS[None]), (len(logits), 1))
    with tf.GradientTape() as tape:
        tape.watch(variables)
        mean = gg.surrogate_loss(
            loss, variables[0], (variables[1], target), samples=samples, **{"seed": (1, 2), **options}
        )
    assert mean.shape == (len(logits),)
    in_logits, in_weights = tape.gradient(mean, variables)
    return in_logits.numpy(), in_weights.numpy()


def check_means(found: np.ndarray, expected: np.ndarray) -> None:
    """Fail if the mean is off by over 4.5 root mean squares of its error.

    In one dimension that is a false alarm of 7 in a million, in more of them less.
    """
    found, expected = found.reshape(len(found), -1).astype(np.float64), expected.ravel()
    error = np.sqrt(found.var(0).sum() / len(found))
    assert np.linalg.norm(found.mean(0) - expected) < 4.5 * error + 1e-5, (found.mean(0), expected, error)


@pytest.mark.parametrize("variables", LOGITS)
@pytest.mark.parametrize("name", UNBIASED)
def test_unbiased(name: str, variables: tuple[int, ...]) -> None:
    """20,000 examples, of two targets in turn, each with its own expectation (false alarm 7e-6 for each)."""
    if name == "exact" and variables:
        pytest.skip("refused")
    logits = LOGITS[variables]
    found = estimates(bent, np.tile(logits, (20_000, *[1] * logits.ndim)), np.tile(TARGETS, 10_000), 2,
                      estimator=ESTIMATORS.make(name, "estimator"), temperature=0.5)  # fmt: skip
    for turn, target in enumerate(TARGETS):
        for numbers, expected in zip(found, enumerated(bent, logits, target), strict=True):
            check_means(numbers[turn::2], expected)
            if name == "exact":
                np.testing.assert_allclose(numbers[turn], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("variables", LOGITS)
def test_reinmax_is_exact_for_a_quadratic_loss(variables: tuple[int, ...]) -> None:
    """In the mean over samples (false alarm 7e-6 for each); straight-through is not, which the test sees."""
    logits = LOGITS[variables]
    tiled, expected = np.tile(logits, (40_000, *[1] * logits.ndim)), enumerated(quadratic, logits, 2.0)
    target = np.full(40_000, 2.0, np.float32)
    found = estimates(quadratic, tiled, target, 2, estimator="reinmax")
    for numbers, exact in zip(found, expected, strict=True):
        check_means(numbers, exact)
    in_logits, in_weights = estimates(quadratic, tiled, target, 2, estimator="straight_through")
    check_means(in_weights, expected[1])
    with pytest.raises(AssertionError):
        check_means(in_logits, expected[0])


@pytest.mark.parametrize("variables", LOGITS)
def test_straight_through_is_exact_for_a_linear_loss(variables: tuple[int, ...]) -> None:
    """Each estimate of it."""
    logits = LOGITS[variables]
    found, _ = estimates(linear, np.tile(logits, (20, *[1] * logits.ndim)), np.tile(TARGETS, 10), 3,
                         estimator="straight_through")  # fmt: skip
    for turn, target in enumerate(TARGETS):
        exact = enumerated(linear, logits, target)[0]
        np.testing.assert_allclose(found[turn::2], np.tile(exact, (10, *[1] * exact.ndim)), atol=1e-5)


@pytest.mark.parametrize("variables", LOGITS)
@pytest.mark.parametrize("name", PATHWISE)
def test_pathwise_is_a_tape_through_the_estimators_samples(name: str, variables: tuple[int, ...]) -> None:
    """Sample by sample, each beside its own input: the same gradients from the same seed."""
    logits = np.random.default_rng(0).normal(size=(5, *variables, K)).astype(np.float32)
    target = np.arange(5, dtype=np.float32)
    found = estimates(bent, logits, target, 3, estimator=name, temperature=0.7)
    watched = tf.constant(logits), tf.tile(tf.constant(WEIGHTS[None]), (5, 1))
    with tf.GradientTape() as tape:
        tape.watch(watched)
        samples = ESTIMATORS.make(name, "estimator").path(watched[0], tf.constant(0.7), 3, (1, 2))
        mean = sum(bent(samples[:, number], watched[1], target) for number in range(3)) / 3
    for numbers, expected in zip(found, tape.gradient(mean, watched), strict=True):
        np.testing.assert_allclose(numbers, expected, rtol=1e-4, atol=1e-6)
        assert np.abs(numbers).max() > 1e-2


def test_gumbel_softmax_by_its_formula() -> None:
    """J(y) f'(y) / t in the logits, f's own slope at y in the weights."""
    logits = np.tile(LOGITS[()], (4, 1))
    target = np.arange(4, dtype=np.float32)
    found = estimates(quadratic, logits, target, 1, estimator="gumbel_softmax", temperature=0.5)
    y = gg.GumbelSoftmax().path(tf.constant(logits), tf.constant(0.5), 1, (1, 2)).numpy()[:, 0]
    slope = 2 * (y @ WEIGHTS - target)[:, None]
    in_logits = slope * y * (WEIGHTS - (y @ WEIGHTS)[:, None]) / 0.5
    np.testing.assert_allclose(found[0], in_logits, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found[1], slope * y, rtol=1e-4, atol=1e-6)


def test_reinforce_and_rloo_by_their_formulas() -> None:
    """f(D) (D - p), of hard samples from the same seed, and with the other sample's loss taken off."""
    logits = np.tile(LOGITS[()], (6, 1))
    target = np.arange(6, dtype=np.float32)
    hard = gg.Reinforce().sample(tf.constant(logits), 1.0, 2, (1, 2)).numpy()  # [B, 2, K]
    losses = (hard @ WEIGHTS - target[:, None]) ** 2
    for name, weight in (("reinforce", losses), ("rloo", losses - losses[:, ::-1])):
        in_logits, in_weights = estimates(quadratic, logits, target, 2, estimator=name)
        score = hard - scipy.special.softmax(logits, -1)[:, None]
        np.testing.assert_allclose(in_logits, (weight[..., None] * score).mean(1), rtol=1e-3, atol=1e-5)
        slope = 2 * (hard @ WEIGHTS - target[:, None])[..., None]
        np.testing.assert_allclose(in_weights, (slope * hard).mean(1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LEARNS)
def test_rebar_and_relax_by_finite_weights(name: str) -> None:
    """What the instance gives called directly, with the same seed; the weights meet hard samples alone."""
    logits = tf.tile(tf.constant(LOGITS[()][None]), (4, 1))
    estimator, again = (ESTIMATORS.make(name, "estimator") for _ in range(2))
    again.build((1, K))
    target = np.full(4, 2.0, np.float32)
    in_logits, in_weights = estimates(quadratic, logits.numpy(), target, 3, estimator=estimator)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        mean = again.estimate(
            lambda z: (tf.linalg.matvec(z, WEIGHTS) - 2.0) ** 2, logits, tf.constant(1.0), 3, (1, 2)
        )
    np.testing.assert_allclose(in_logits, tape.gradient(mean, logits), rtol=1e-3, atol=1e-5)
    hard = gg.Rebar().sample(tf.nn.log_softmax(logits), 1.0, 3, (1, 2)).numpy()
    slope = 2 * (hard @ WEIGHTS - 2.0)[..., None]
    np.testing.assert_allclose(in_weights, (slope * hard).mean(1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("variables", LOGITS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_sample_meets_its_own_input(name: str, variables: tuple[int, ...]) -> None:
    """Inputs of several shapes, among them the example's number; and the samples are its own, too."""
    if name == "exact" and variables:
        pytest.skip("refused")
    logits = np.full((4, *variables, K), -50.0, np.float32)
    logits[range(4), ..., [0, 1, 2, 0]] = 50.0  # each example has a category of its own

    def loss(samples: tf.Tensor, numbers: tf.Tensor, pictures: tf.Tensor) -> tf.Tensor:
        size = len(numbers)
        assert samples.shape == (size, *variables, K)
        assert pictures.shape == (size, 2, 5)
        own = tf.reshape(tf.one_hot([0, 1, 2, 0], K), (4, *[1] * len(variables), K))
        hits = tf.reduce_sum(samples * tf.gather(own, numbers), axis=-1)
        np.testing.assert_array_equal(pictures[:, 1, 3], numbers)
        return tf.reshape(hits, (size, -1))[:, -1] * tf.cast(numbers, tf.float32)

    pictures = np.tile(np.arange(4.0)[:, None, None], (1, 2, 5))
    estimator = ESTIMATORS.make(name, "estimator")
    inputs = (np.arange(4), pictures)
    found = gg.surrogate_loss(loss, logits, inputs, estimator=estimator, samples=3, seed=(0, 0))
    np.testing.assert_allclose(found, [0, 1, 2, 3], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "variables"),
    [
        (("exact", "reinforce", "reinmax"), ()),
        pytest.param(tuple(ESTIMATORS), (), marks=pytest.mark.slow),
        pytest.param([name for name in ESTIMATORS if name != "exact"], (2,), marks=pytest.mark.slow),
    ],
)
def test_compiled_of_unknown_batch_it_is_as_by_hand(names: list[str], variables: tuple[int, ...]) -> None:
    """All in one program under XLA, of a decoder's gradients, too."""
    made = {name: [ESTIMATORS.make(name, "estimator") for _ in range(2)] for name in names}
    logits = tf.constant(np.random.default_rng(0).normal(size=(4, *variables, K)), tf.float32)
    target = tf.constant([0.0, 1.0, 2.0, 3.0])

    def gradients(which: int, logits: tf.Tensor, target: tf.Tensor) -> dict[str, Any]:
        found = {}
        for name in names:
            weights = tf.constant(WEIGHTS)
            with tf.GradientTape() as tape:
                tape.watch([logits, weights])
                mean = gg.surrogate_loss(
                    lambda z, t, weights=weights: quadratic(z, weights, t),
                    logits,
                    [target],
                    estimator=made[name][which],
                    temperature=0.7,
                    samples=2,
                    seed=tf.constant([3, 4]),
                )
            found[name] = (mean, *tape.gradient(mean, [logits, weights]))
        return found

    signature = [tf.TensorSpec((None, *variables, K)), tf.TensorSpec((None,))]
    compiled = tf.function(lambda x, t: gradients(0, x, t), jit_compile=True, input_signature=signature)
    by_hand = gradients(1, logits, target)
    for name, found in compiled(logits, target).items():
        for one, other in zip(found, by_hand[name], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4, err_msg=name)
        for one, other in zip(made[name][0].weights, made[name][1].weights, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)


class Holder(keras.Model):
    """A model that keeps an estimator beside its own layer."""

    def __init__(self, estimator: gg.Estimator) -> None:
        super().__init__()
        self.encode, self.estimator = keras.layers.Dense(K), estimator

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return self.encode(inputs)


def test_a_model_that_keeps_an_instance_is_called_without_a_warning() -> None:
    assert Holder(gg.Rebar())(tf.ones((4, 2))).shape == (4, K)


@pytest.mark.filterwarnings("ignore:.build... was called on layer")
@pytest.mark.parametrize("name", LEARNS)
def test_an_instance_learns_for_itself(name: str) -> None:
    """Its eta moves with every loss, by an optimizer of its own; the model around it does not train it."""

    model = Holder(ESTIMATORS.make(name, "estimator"))
    etas = []
    for step in range(3):
        gg.surrogate_loss(
            lambda z: quadratic(z, WEIGHTS, 2.0),
            model(tf.ones((4, 2))),
            estimator=model.estimator,
            temperature=0.5,
            seed=(0, step),
        )
        etas.append(float(model.estimator.eta.value[0]))
    assert len({1.0, *etas}) == 4
    assert len(model.trainable_variables) == 2
    assert int(model.estimator.optimizer.iterations.value) == 3


def test_seeds() -> None:
    """Noise of the same seed is the same; a generator's moves on; by default Keras' seed repeats it."""

    def values(seed: Any) -> list[float]:
        return gg.surrogate_loss(lambda z: z[:, 0], tf.zeros((50, K)), seed=seed).numpy().tolist()

    assert values((1, 2)) == values([1, 2]) == values(np.array([1, 2])) == values(tf.constant([1, 2]))
    assert values((1, 2)) != values((1, 3))
    generator = keras.random.SeedGenerator(5)
    again = keras.random.SeedGenerator(5)
    first, second = (values(seed_pair(again)) for _ in range(2))
    assert first != second
    assert (values(generator), values(generator)) == (first, second)
    assert values(fold_in((1, 2), 1)) == values((2, 2))
    drawn = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        drawn.append([values(None) for _ in range(2)])
    assert drawn[0] == drawn[1]
    assert drawn[0][0] != drawn[0][1]


def test_noise_that_keras_seeds_is_another_at_each_call_of_a_compiled_step() -> None:
    @tf.function(jit_compile=True)
    def values() -> tf.Tensor:
        return gg.surrogate_loss(lambda z: z[:, 0], tf.zeros((50, K)))

    assert len({tuple(values().numpy()) for _ in range(3)}) == 3


def test_types() -> None:
    """Logits of other types, a Keras variable among them, and a loss of another type: float32 comes out."""
    for dtype in ("float16", "bfloat16", "float64"):
        logits = tf.zeros((2, K), dtype)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            mean = gg.surrogate_loss(lambda z: tf.cast(z[:, 0], "float16"), logits, seed=(0, 1))
        assert mean.dtype == tf.float32
        assert tape.gradient(mean, logits).dtype == dtype
    variable = keras.Variable(np.zeros((2, K), np.float32))
    with tf.GradientTape() as tape:
        mean = gg.surrogate_loss(
            lambda z: z[:, 0], variable, estimator="gumbel_softmax", temperature=keras.Variable(0.5)
        )
    assert np.abs(tape.gradient(mean, variable.value)).max() > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimator": "gumbel"}, "estimator: received 'gumbel'"),
        ({"estimator": 3}, "estimator: received 3"),
        ({"estimator": "rebar"}, r"estimator: received 'rebar', which learns: make one Rebar\(\)"),
        ({"estimator": "relax"}, r"estimator: received 'relax', which learns: make one Relax\(\)"),
        ({"estimator": "rloo", "samples": 1}, "samples: received 1: give a whole number of 2 or more"),
        ({"samples": 0}, "samples: received 0"),
        ({"samples": 1.5}, "samples: received 1.5"),
        ({"estimator": "exact", "logits": tf.zeros((2, 2, K))}, "estimator: received exact for several"),
        ({"logits": tf.zeros((2, 2, 2, K))}, r"logits: received the shape \(2, 2, 2, 3\)"),
        ({"seed": 5}, "seed: received no pair"),
        ({"seed": (1, 2, 3)}, "seed: received no pair"),
        pytest.param(
            {"estimator": "gumbel_softmax", "temperature": 0},
            "temperature: received 0",
        ),
        pytest.param(
            {"logits": tf.zeros(K)},
            "logits: received the shape",
        ),
    ],
)
def test_refused(options: dict[str, Any], message: str) -> None:
    given = {"logits": tf.zeros((2, K)), **options}
    with pytest.raises(ValueError, match=f"^{message}") as refusal:
        gg.surrogate_loss(lambda z: tf.reduce_sum(z, axis=-1), **given)
    assert "\n" not in str(refusal.value)

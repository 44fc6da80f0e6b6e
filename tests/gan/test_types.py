"""Whatever the dtype policy or floatx, a GAN computes in float32."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gumbel_gan as gg
from gumbel_gan.config.catalogue import ESTIMATORS
from gumbel_gan.gan.diagnostics import Diagnostics
from gumbel_gan.gan.smoothing import LabelSmoothing, NoiseSmoothing, RelaxedSmoothing

from .small import RATES, RUNS, refusal, state, stream

X = np.arange(8) % 4
WORDS = np.arange(24).reshape(8, 3) % 4
TYPES = ["mixed_float16", "mixed_bfloat16", "float64"]
PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    **{name: lambda name=name: {"estimator": name} for name in ESTIMATORS},  # type: ignore[misc]
    "mlp": lambda: {"discriminator": gg.MlpDiscriminator(4, RUNS, seed=1, units=(3,))},
    "spectral norm": lambda: {"discriminator": gg.LogisticDiscriminator(4, RUNS, 1, spectral_norm=True)},
    "mlp's norm": lambda: {"discriminator": gg.MlpDiscriminator(4, RUNS, 1, spectral_norm=True, units=(3,))},
    "penalties": lambda: {"penalties": {"r1": 1.0, "gradient_penalty": 1.0, "label_smoothing": 0.1}},
    "cooling": lambda: {"temperature": gg.schedule("exponential", 1.0, 0.1, 6)},
    "cosine": lambda: {"temperature": gg.schedule("cosine", 1.0, 0.1, 6)},
    "slower": lambda: {"rates": (gg.schedule("linear", 0.02, 0.01, 6), gg.schedule("late", 0.05, 0.01, 6))},
    "diagnostics": lambda: {"probe": Diagnostics()},
    "labels": lambda: {"smoothing": LabelSmoothing()},
    "noise": lambda: {"smoothing": NoiseSmoothing()},
    "relaxed": lambda: {"smoothing": RelaxedSmoothing()},
    "hard": lambda: {"view": "hard"},
    "exact view": lambda: {"view": "exact"},
    "average": lambda: {"average": True},
    "natural": lambda: {"natural": True},
    "lstm": lambda: {"words": gg.LstmDiscriminator(4, 3, RUNS, seed=1, units=(2,))},
    "convolution": lambda: {"words": gg.ConvolutionDiscriminator(4, 3, RUNS, seed=1, units=(2,))},
    "mlp of words": lambda: {"words": gg.MlpDiscriminator(4, RUNS, seed=1, units=(2,), length=3)},
}
TOGETHER: dict[str, list[str]] = {
    "straight_through, mlp": [
        "straight_through", "mlp", "penalties", "cooling", "slower", "diagnostics", "labels", "average"
    ],
    "rebar, natural": ["rebar", "natural", "noise", "hard"],
    "gumbel_softmax, logistic": ["gumbel_softmax", "spectral norm", "relaxed"],
    "lstm": ["lstm"],
    "convolution": ["convolution", "cosine"],
    "mlp of words": ["mlp of words", "penalties"],
}  # fmt: skip
"""Parts that meet every type at once; each does by itself in the slow suite."""
IN_SHORT = ["straight_through, mlp", "rebar, natural"]
"""Of which all types are in the default suite."""
EACH = [
    *((tuple(TOGETHER[name]), kind) for name in IN_SHORT for kind in TYPES),
    (tuple(TOGETHER["lstm"]), TYPES[0]),
    *(
        pytest.param(tuple(parts), kind, marks=pytest.mark.slow)
        for name, parts in TOGETHER.items()
        if name not in IN_SHORT
        for kind in TYPES
    ),
    *(pytest.param((part,), kind, marks=pytest.mark.slow) for part in PARTS for kind in TYPES),
]


def set_types(name: str) -> None:
    if name == "float64":
        keras.config.set_floatx(name)
    keras.config.set_dtype_policy(name)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """The policy and floatx as they were."""
    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    yield
    keras.config.set_dtype_policy(policy)
    keras.config.set_floatx(floatx)


def made(parts: tuple[str, ...], eager: bool = True) -> gg.CategoricalGAN:
    """A compiled GAN with parts of `PARTS`."""
    options: dict[str, Any] = {}
    for part in parts:
        options |= PARTS[part]()
    natural, words, rates = (
        options.pop("natural", False),
        options.pop("words", None),
        options.pop("rates", RATES),
    )
    generator: Any = gg.CategoricalGenerator(4, RUNS)
    if words is not None:
        generator = gg.SequenceGenerator("abc ", 3, units=2, seed=1, runs=RUNS)
    judge = words or options.pop("discriminator", None) or gg.LogisticDiscriminator(4, RUNS, seed=1)
    use_ema = options.pop("average", False)
    options = {"temperature": 0.5, "generator_steps": 1, "seed": 7, **options}
    gan = gg.CategoricalGAN(generator, judge, **options)
    first = gg.NaturalGradient if natural else keras.optimizers.Adam
    gan.compile(
        first(rates[0], use_ema=use_ema),
        keras.optimizers.Adam(rates[1], use_ema=use_ema),
        run_eagerly=eager,
    )
    return gan


Numbers = tuple[gg.CategoricalGAN, list[np.ndarray]]


def trained(parts: tuple[str, ...], kind: str, eager: bool = True) -> Numbers:
    """Under a type, with all numbers that a training and an evaluation give."""
    set_types(kind)
    gan = made(parts, eager)
    data = WORDS if gan.generator.example_shape else X
    history = gan.fit(data, batch_size=4, verbose=0).history
    measured = list(gan.run_metrics.values())
    evaluated = gan.evaluate(data[:4], verbose=0)
    return gan, [*state(gan), *measured, np.array(history["loss"]), np.array(evaluated)]


@pytest.fixture(scope="module")
def in_float32() -> dict[Any, list[np.ndarray]]:
    """What parts gave in float32, made when they are first asked for."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize(("parts", "kind"), EACH)
def test_every_type_gives_the_numbers_of_float32(
    parts: tuple[str, ...], kind: str, in_float32: dict[Any, list[np.ndarray]]
) -> None:
    """All weights are float32; rates may be float64, so that the last digit may differ."""
    if parts not in in_float32:
        in_float32[parts] = trained(parts, "float32")[1]
    gan, values = trained(parts, kind)
    assert {weight.dtype for weight in gan.weights} == {"float32"}
    for value, expected in zip(values, in_float32[parts], strict=True):
        assert np.isfinite(value).all()
        if kind == "float64":
            np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-6)
        else:
            np.testing.assert_array_equal(value, expected)


@pytest.mark.slow
def test_compiled_in_float16() -> None:
    """In one program: the numbers of float32 that runs eagerly, but for rounding."""
    expected = trained(("slower",), "float32")[1]
    gan, values = trained(("slower",), "mixed_float16", eager=False)
    assert gan.traces == 1
    for value, number in zip(values, expected, strict=True):
        np.testing.assert_allclose(value, number, rtol=2e-3, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("parts", TOGETHER.values(), ids=TOGETHER)
def test_compiled(parts: list[str]) -> None:
    """The numbers of float32, in one program."""
    expected = trained(tuple(parts), "float32", eager=False)[1]
    gan, values = trained(tuple(parts), "float64", eager=False)
    assert gan.traces == 1
    for value, number in zip(values, expected, strict=True):
        np.testing.assert_allclose(value, number, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["mixed_float16", "float64"])
def test_a_gan_is_saved_under_one_type_and_loaded_under_another(kind: str, tmp_path: Path) -> None:
    set_types(kind)
    gan = made(("mlp",))
    gan.save(tmp_path / "gan.keras")
    set_types("float32")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert {weight.dtype for weight in loaded.weights} == {"float32"}
    for weight, expected in zip(loaded.weights, gan.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), expected.numpy())
    loaded.save(tmp_path / "again.keras")
    set_types(kind)
    again = keras.models.load_model(tmp_path / "again.keras")
    assert {weight.dtype for weight in again.weights} == {"float32"}


@keras.saving.register_keras_serializable("tests")
class Dense(keras.Model):
    """A discriminator of one's own, of Keras' dense layers, which all runs share."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        seed = keras.initializers.GlorotUniform(seed=1)
        self.hidden = keras.layers.Dense(5, "tanh", kernel_initializer=seed)
        self.head = keras.layers.Dense(1, kernel_initializer=seed)
        self.categories = 4

    def call(self, x: tf.Tensor) -> tf.Tensor:
        x = tf.one_hot(x, 4) if x.dtype.is_integer else x
        return keras.ops.squeeze(self.head(self.hidden(x)), -1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["float32", *TYPES])
@pytest.mark.parametrize("penalties", [{"r1": 0.1, "gradient_penalty": 0.1, "label_smoothing": 0.1}])
def test_a_discriminator_of_ones_own_trains(kind: str, penalties: dict[str, float]) -> None:
    """In the type that the policy gives it; its log-odds and losses are float32."""
    set_types(kind)
    judge = Dense()
    gan = gg.CategoricalGAN(
        gg.CategoricalGenerator(4, RUNS),
        judge,
        generator_steps=1,
        temperature=0.5,
        penalties=penalties,
        seed=7,
    )
    gan.compile(keras.optimizers.Adam(0.02), keras.optimizers.Adam(0.05), run_eagerly=True)
    before = [weight.numpy() for weight in gan.trainable_variables]
    history = gan.fit(stream(batches=2), epochs=2, validation_data=X, verbose=0).history
    assert np.isfinite(list(history.values())).all()
    for weight, old in zip(gan.trainable_variables, before, strict=True):
        assert np.abs(weight.numpy() - old).max() > 1e-3
    assert gan(tf.constant([[0, 1]] * RUNS)).dtype == tf.float32
    assert judge.compute_dtype == {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}.get(kind, kind)


NETWORKS: dict[str, Callable[..., Any]] = {
    "generator": lambda **options: gg.CategoricalGenerator(4, **options),
    "logistic": lambda **options: gg.LogisticDiscriminator(4, **options),
    "mlp": lambda **options: gg.MlpDiscriminator(4, **options),
    "sequence": lambda **options: gg.SequenceGenerator("ab ", 3, **options),
    "lstm": lambda **options: gg.LstmDiscriminator(3, 3, **options),
    "convolution": lambda **options: gg.ConvolutionDiscriminator(3, 3, **options),
    "rebar": lambda **options: gg.Rebar(**options),
    "gan": lambda **options: gg.CategoricalGAN(
        gg.CategoricalGenerator(4), gg.LogisticDiscriminator(4), **options
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_another_type_is_refused_in_one_line(name: str) -> None:
    for dtype in ("float16", "float64", "mixed_float16", keras.DTypePolicy("mixed_bfloat16")):
        assert "give float32" in refusal(lambda dtype=dtype: NETWORKS[name](dtype=dtype))  # type: ignore[misc]
    for dtype in ("float32", None, keras.DTypePolicy("float32")):
        set_types("mixed_float16")
        assert NETWORKS[name](dtype=dtype).dtype_policy.name == "float32"

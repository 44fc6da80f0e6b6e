"""Estimators in Keras models of your own: a layer that samples, and a loss for what no layer can do.

An estimator that differentiates through its own sample is a layer: logits in, samples out. The others learn
from the losses of several samples; for them there is `surrogate_loss`, which goes with all of them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..config.catalogue import ESTIMATORS
from ..config.checks import check_backend, check_count, check_positive, seed_of
from .estimators import Estimator, Pathwise
from .gumbel import Seed, finite, hardest, perturb
from .layout import argmax, sizes
from .parts import check_kind, named
from .serialization import register

check_backend(keras.backend.backend())

SPREAD = -1640531527
"""Multiplied by it, neighbouring numbers of 32 bits lie far apart (Knuth 1998, section 6.4)."""


@register
class CategoricalSample(keras.layers.Layer):
    """A random node: a sample of each vector of logits, through which gradients pass.

    Logits [..., K] give samples [..., K], one-hot vectors or relaxed ones, as the estimator makes them; each
    vector is a variable of its own. A logit of minus infinity is a category that cannot happen. It is
    computed in float32, whatever the dtype policy, and returned in the policy's type.

    In `fit`, and where nothing is said of training, gradients pass. With `training=False`, as in `predict`
    and `evaluate`, samples are one-hot and no gradient passes.

    Args:
        estimator: of the gradient, one that differentiates through its sample, or its name:
            gumbel_softmax, straight_through, st_gumbel_softmax, gumbel_rao,
            gapped_straight_through or reinmax.
        temperature: above zero; a number (the weight `temperature`, which can be assigned), a Keras schedule
            over the calls in training, or a `keras.Variable` of your own.
        inference: what `training=False` gives, a "sample" or the "mode", the most probable category.
        seed: of the noise; by default one draw of Python's `random`.

    Raises:
        ValueError: the estimator is not known or has no path through its sample, or a number would not do.

    Example:
        >>> import keras
        >>> import gumbel_gan as gg
        >>> logits = keras.Input((30, 10))
        >>> z = gg.layers.CategoricalSample("reinmax", temperature=1.1, seed=0)(logits)
        >>> model = keras.Model(logits, keras.layers.Flatten()(z))
        >>> model(keras.ops.zeros((2, 30, 10))).shape.as_list()
        [2, 300]
    """

    def __init__(
        self,
        estimator: str | Pathwise = "straight_through",
        temperature: Any = 1.0,
        inference: str = "sample",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        # The logits as they come, not cast to the policy's type: half a float has too few digits for noise.
        super().__init__(autocast=False, **kwargs)
        made = named(ESTIMATORS, "estimator", estimator)
        self._estimator = made() if isinstance(made, type) else made
        check_kind("estimator", self.estimator, Estimator)
        if not isinstance(self.estimator, Pathwise):
            raise ValueError(
                f"estimator: received {estimator!r}, which has no path through its sample: give "
                f"{', '.join(ESTIMATORS.names(pathwise=True))}, or use gumbel_gan.surrogate_loss"
            )
        if inference not in ("sample", "mode"):
            raise ValueError(f"inference: received {inference!r}: give sample or mode")
        self.inference, self.schedule, self.supports_masking = inference, None, True
        self._learns_temperature = False
        if isinstance(temperature, keras.Variable) and temperature.shape == ():
            self.temperature, self._learns_temperature = temperature, temperature.trainable
        elif isinstance(temperature, keras.optimizers.schedules.LearningRateSchedule):
            self.schedule = temperature
            self.calls = self.add_weight(
                shape=(), initializer="zeros", dtype="int32", trainable=False, name="calls"
            )
        elif hasattr(temperature, "shape") and temperature.shape != ():
            raise ValueError(f"temperature: received the shape {tuple(temperature.shape)}: give one number")
        else:
            check_positive("temperature", temperature)
            self.temperature = self.add_weight(
                shape=(),
                initializer=keras.initializers.Constant(temperature),
                dtype="float32",
                trainable=False,
                name="temperature",
            )
        self.seed_generator = keras.random.SeedGenerator(seed_of(seed))

    @property
    def estimator(self) -> Any:
        """The one that the layer was made with; a compiled model would go on with it if another were set."""
        return self._estimator

    @estimator.setter
    def estimator(self, estimator: Any) -> None:
        raise AttributeError("estimator: a layer keeps the one that it was made with: make another layer")

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Check the shape, and make the estimator's parameters, if it has any.

        Raises:
            ValueError: there are fewer than two categories.
        """
        if not input_shape or input_shape[-1] is None or input_shape[-1] < 2:
            raise ValueError(
                f"logits: received the shape {tuple(input_shape)}: give [..., K], of two categories or more"
            )
        self.estimator.make_for((1, input_shape[-1]))
        self.built = True

    def call(self, logits: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Samples of logits, both [..., K]."""
        logits = finite(tf.cast(logits, tf.float32))
        shape = sizes(logits)
        sampling = training is None or bool(training)
        rows = tf.reshape(logits, (-1, shape[-1]))  # [N, K], each a run
        if not sampling and self.inference == "mode":
            samples = tf.one_hot(argmax(rows), shape[-1])
        else:
            seed = seed_pair(self.seed_generator)
            if sampling:
                samples = self.estimator.path(rows, self._temperature_now(), 1, seed)[:, 0]
            else:
                samples = hardest(perturb(rows, 1, seed))[:, 0]
        return tf.cast(tf.reshape(samples, shape), self.compute_dtype)

    def _temperature_now(self) -> tf.Tensor:
        if self.schedule is None:
            return tf.cast(self.temperature.value, tf.float32)
        now = tf.cast(self.schedule(self.calls.value), tf.float32)
        self.calls.assign_add(1)
        return now

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Sequence[int | None]:
        """That of the logits."""
        return input_shape

    def save_own_variables(self, store: Any) -> None:
        """Save the weights, and where the noise stands: Keras saves the state of no seed generator."""
        super().save_own_variables(store)
        store["noise"] = keras.ops.convert_to_numpy(self.seed_generator.state)

    def load_own_variables(self, store: Any) -> None:
        """Go on with the noise where it stood."""
        names = [name for name in store.keys() if name != "noise"]  # noqa: SIM118 (it has no other way)
        super().load_own_variables({name: store[name] for name in names})
        self.seed_generator.state.assign(store["noise"])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save; a variable of your own by its value."""
        temperature = self.schedule or {
            "value": float(keras.ops.convert_to_numpy(self.temperature)),
            "trainable": self._learns_temperature,
        }
        return {
            **super().get_config(),
            "estimator": keras.saving.serialize_keras_object(self.estimator),
            "temperature": keras.saving.serialize_keras_object(temperature),
            "inference": self.inference,
            "seed": self.seed_generator.get_config()["seed"],
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "CategoricalSample":
        """The layer that was saved."""
        estimator, temperature = (
            keras.saving.deserialize_keras_object(config[name]) for name in ("estimator", "temperature")
        )
        if isinstance(temperature, dict):
            value, trainable = temperature["value"], temperature["trainable"]
            temperature = keras.Variable(value, dtype="float32", trainable=True) if trainable else value
        config.pop("autocast", None)
        return cls(**{**config, "estimator": estimator, "temperature": temperature})


def seed_pair(seed: Any) -> Seed:
    """A seed int32 [2], from a pair, a Keras `SeedGenerator`, or None, which draws from Keras' global one.

    Raises:
        ValueError: it is something else; a number would give the same noise at every step.
    """
    if seed is None:
        return keras.random.randint((2,), 0, 2**31 - 1)
    if isinstance(seed, keras.random.SeedGenerator):
        # Seeds of one layer lie far from those of another one, whose number is the next: `fold_in` counts up.
        return tf.cast(seed.next(), tf.int32) * tf.constant([SPREAD, 1])
    pair = seed if tf.is_tensor(seed) else np.asarray(seed)
    if pair.shape != (2,) or not tf.as_dtype(pair.dtype).is_integer:
        raise ValueError("seed: received no pair of integers: give one for each step, or a SeedGenerator")
    return tf.cast(pair, tf.int32)


def surrogate_loss(
    loss: Callable[..., tf.Tensor],
    logits: tf.Tensor,
    inputs: Sequence[tf.Tensor] = (),
    *,
    estimator: str | Estimator = "reinforce",
    temperature: Any = 1.0,
    samples: int | None = None,
    seed: Any = None,
) -> tf.Tensor:
    """The mean loss of samples of the logits, with the estimator's gradient; for a `train_step` of your own.

    It goes with every estimator. Its value is the mean loss of each example. Its gradient in the logits is
    the estimate of the expected loss's gradient, and whatever else the loss is made of, as the weights of
    a decoder, gets the gradient of the mean loss.

    Args:
        loss: of samples [B', K] or [B', V, K] and of the inputs that belong to them, as [B'].
        logits: [B, K], or [B, V, K] of V independent variables in each example.
        inputs: more arguments of the loss, [B, ...] each; repeated as often as there are samples.
        estimator: of the gradient, or its name. One that learns (rebar, relax) is made once and kept:
            `gg.Rebar()`.
        temperature: of relaxed samples, above zero.
        samples: of each example; by default the fewest that the estimator can do with.
        seed: of the noise, another at each step: a Keras `SeedGenerator`, which is best, or int [2]. By
            default it is drawn from Keras' global generator.

    Returns:
        float32 [B].

    Raises:
        ValueError: the estimator is not known, learns and is given by name, needs more samples, or
            cannot enumerate several variables.

    Example:
        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> logits, weights = tf.Variable(tf.zeros((1, 3))), tf.Variable([1.0, 2.0, 6.0])
        >>> with tf.GradientTape() as tape:
        ...     cost = lambda sample: tf.reduce_sum(sample * weights, axis=-1)
        ...     mean = tf.reduce_sum(gg.surrogate_loss(cost, logits, estimator="exact"))
        >>> for gradient in tape.gradient(mean, [logits, weights]):
        ...     print(gradient.numpy().round(2))
        [[-0.67 -0.33  1.  ]]
        [0.33 0.33 0.33]
    """
    made = named(ESTIMATORS, "estimator", estimator)
    if isinstance(made, type):
        made = made()
        if made.learns:
            raise ValueError(
                f"estimator: received {estimator!r}, which learns: make one {type(made).__name__}() and "
                "give it at every step"
            )
    check_kind("estimator", made, Estimator)
    samples = made.smallest_batch if samples is None else samples
    check_count("samples", samples, made.smallest_batch)
    logits = finite(tf.cast(logits, tf.float32))
    if logits.shape.rank not in (2, 3):
        raise ValueError(f"logits: received the shape {logits.shape}: give [B, K] or [B, V, K]")
    if not tf.is_tensor(temperature):
        check_positive("temperature", temperature)
    inputs = inputs if isinstance(inputs, list | tuple) else [inputs]
    examples, *variables, categories = sizes(logits)
    if made.one_variable and variables:
        name = estimator if isinstance(estimator, str) else type(made).__name__
        raise ValueError(f"estimator: received {name} for several variables: give another one")
    made.make_for((1, *variables, categories))

    def losses(drawn: tf.Tensor) -> tf.Tensor:  # [B, S, ..., K] or int32 [B, S], to [B, S]
        drawn = tf.one_hot(drawn, categories) if drawn.dtype.is_integer else drawn
        each = drawn.shape[1]
        flat = tf.reshape(drawn, (examples * each, *variables, categories))
        found = loss(flat, *(tf.repeat(one, each, axis=0) for one in inputs))
        if found.shape.rank != 1:
            raise ValueError(
                f"loss: received one that gives the shape {found.shape}: give a number for each example, [B]"
            )
        return tf.reshape(tf.cast(found, tf.float32), (examples, each))

    return made.surrogate(losses, logits, temperature, samples, seed_pair(seed))

"""Gradient estimators for a categorical sample, one signature for all.

    estimator.sample(logits, temperature, batch, seed) -> [R, B, K]
    estimator.surrogate(loss, logits, temperature, batch, seed) -> [R]

`sample` is what the discriminator sees. `loss` maps samples [R, B, K], or integers [R, B] in place of
one-hot vectors, to losses [R, B]; the surrogate's value is the mean loss, and its gradient in the logits
[R, K] is the estimate of the gradient of the expected loss. Logits of several independent variables,
[R, V, K], give samples [R, B, V, K].

In the formulas p = softmax(logits), G is Gumbel noise, D a hard sample (one-hot), y a soft one,
J(q) = diag(q) - q q^T the Jacobian of the softmax where it gives q, f the loss, f' its gradient.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from ..config.checks import check_count, check_positive
from .gumbel import (
    Seed,
    condition,
    finite,
    fixed,
    fold_in,
    hardest,
    log_prob,
    perturb,
    relax,
    with_gradient_also_of,
    with_gradient_of,
)
from .layout import sizes, swapped
from .serialization import in_float32, register

Loss = Callable[[tf.Tensor], tf.Tensor]
"""From samples [R, B, K], or integers [R, B] in place of one-hot vectors, to losses [R, B]."""


class Estimator(keras.layers.Layer):
    """What all estimators share; the base class of one of your own.

    By default samples are hard, and there is nothing to learn. One of your own defines `estimate` (or
    `path`, if it is `Pathwise`), for logits [R, K] and any batch B from `smallest_batch` on: the diagnostics
    ask for the smallest. Logits of several variables have one axis more, [R, V, K], as samples and losses
    of strings and of the second toy have; an estimator that takes [R, K] only is refused there by its shapes.

    Attributes:
        smallest_batch: samples that one estimate needs; smaller batches are refused.
        one_variable: whether several variables in one example need a loss that is a sum over them.
        uses_temperature: whether the temperature matters to it; where not, `gradients` measures it once.
        learns: whether it has parameters of its own, and learns them with every estimate.
        optimizer: of these parameters, if it has any.

    Example:
        REINFORCE with the mean of the other samples' losses as its baseline:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> class LeaveOneOut(gg.Estimator):
        ...     smallest_batch = 2
        ...
        ...     def estimate(self, loss, logits, temperature, batch, seed):
        ...         samples = gg.gumbel_max(logits, batch, seed)  # int32 [R, B]
        ...         losses = loss(samples)  # [R, B]
        ...         others = (tf.reduce_sum(losses, 1, keepdims=True) - losses) / (batch - 1)
        ...         log_prob = tf.gather(tf.nn.log_softmax(logits), samples, batch_dims=1)
        ...         score = tf.reduce_mean(tf.stop_gradient(losses - others) * log_prob, 1)
        ...         value = tf.reduce_mean(losses, 1)
        ...         return tf.stop_gradient(value) + score - tf.stop_gradient(score)  # [R]
    """

    smallest_batch = 1
    one_variable = False
    uses_temperature = True
    learns = False
    optimizer: Any = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**in_float32(kwargs))

    def build(self, logits_shape: tuple[int, ...]) -> None:
        """Make the estimator's own parameters, if it has any, for logits of this shape."""
        self.built = True

    def make_for(self, logits_shape: tuple[int, ...]) -> None:
        """Make the estimator's own parameters, unless they are there."""
        if not self.built:
            self.build(logits_shape)

    def sample(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Hard samples, which the discriminator sees, [R, K] to [R, B, K]."""
        return hardest(perturb(logits, batch, seed))

    def surrogate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """What a training calls: `estimate`, unless the estimator learns something, which it does here."""
        return self.estimate(loss, logits, temperature, batch, seed)

    def estimate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss of each run, with the estimate as its gradient in the logits; define this one.

        The value is recorded as the generator's loss; the gradient is what trains it.

        Args:
            loss: of samples, float32 [R, B, K] or int32 [R, B], to losses, float32 [R, B]; of any number of
                samples, not only `batch`.
            logits: float32 [R, K].
            temperature: of relaxed samples, above zero.
            batch: B.
            seed: of the noise, int32 [2].

        Returns:
            Over the batch, [R].
        """
        raise NotImplementedError(f"{type(self).__name__} defines no estimate(loss, logits, ...)")

    def evaluations(self, batch: int, categories: int) -> int:
        """How many losses a step evaluates, of `batch` samples."""
        return batch


class Pathwise(Estimator):
    """An estimator that differentiates through its own sample; the base class of one of your own.

    Example:
        The plainest straight-through estimator, a hard sample with the gradient of the logits themselves:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> from gumbel_gan.gan.gumbel import hardest, perturb, with_gradient_of
        >>> class Identity(gg.Pathwise):
        ...     def path(self, logits, temperature, batch, seed):
        ...         return with_gradient_of(hardest(perturb(logits, batch, seed)), logits[:, None])
        >>> print(Identity().sample(tf.constant([[0.0, 50.0, 0.0]]), 1.0, batch=2, seed=(0, 1)).numpy())
        [[[0. 1. 0.]
          [0. 1. 0.]]]
    """

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Samples that are functions of the logits, [R, K] to [R, B, K]."""
        raise NotImplementedError(f"{type(self).__name__} defines no path(logits, temperature, batch, seed)")

    def sample(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """The same samples, which the discriminator sees, [R, K] to [R, B, K]."""
        return self.path(logits, temperature, batch, seed)

    def estimate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss of the samples, [R]."""
        return tf.reduce_mean(loss(self.path(logits, temperature, batch, seed)), axis=1)


@register
class GumbelSoftmax(Pathwise):
    """The post's: y = softmax((logits + G) / temperature); the estimate is J(y) f'(y) / temperature.

    Jang et al. 2016, equation 2; Maddison et al. 2016, section 3. Biased by an amount that vanishes with
    the temperature, while the standard deviation grows as temperature to the power -1/2. One evaluation
    of the loss a sample.

    Example:
        The lower the temperature, the nearer to one-hot:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> for temperature in (1.0, 0.1, 0.001):
        ...     sample = gg.GumbelSoftmax().sample(tf.zeros((1, 3)), temperature, batch=1, seed=(0, 1))
        ...     print(sample.numpy().round(2))
        [[[0.2  0.5  0.31]]]
        [[[0.   0.99 0.01]]]
        [[[0. 1. 0.]]]
    """

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Relaxed samples of TFP's distribution, [R, B, K]."""
        from .distribution import RelaxedOneHotCategorical  # here, since TFP takes most of a second

        return swapped(RelaxedOneHotCategorical(temperature, logits=logits).sample(batch, seed=seed))


@register
class Exact(Estimator):
    """The expectation itself: p * (F - p.F), F_k = f(e_k).

    No bias, no variance; K evaluations of the loss. Several variables are enumerated one by one, the
    others held at category 0, which is right where the loss is a sum over the variables.

    Example:
        The expected loss is 1, where one category of three costs 3:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> logits, costs = tf.Variable([[0.0, 0.0, 0.0]]), tf.constant([0.0, 0.0, 3.0])
        >>> with tf.GradientTape() as tape:
        ...     loss = gg.Exact().surrogate(lambda x: tf.gather(costs, x), logits, 1.0, batch=1, seed=(0, 1))
        >>> print(loss.numpy().round(2), tape.gradient(loss, logits).numpy().round(2))
        [1.] [[-0.33 -0.33  0.67]]
    """

    one_variable = True
    uses_temperature = False

    def estimate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The expected loss, [R]."""
        runs, *variables, categories = sizes(logits)
        if not variables:
            # As integers, since K one-hot vectors of K numbers would not fit the memory where K is large.
            losses = loss(tf.tile(tf.range(categories)[None], (runs, 1)))  # [R, K]
            return tf.reduce_sum(tf.nn.softmax(logits) * losses, axis=1)
        count = variables[0]
        eye = tf.eye(categories)  # [K, K]
        others = tf.broadcast_to(eye[0], (count, categories, count, categories))
        moved = tf.eye(count)[:, None, :, None]  # [V, 1, V, 1]: which of the variables is enumerated
        vectors = others * (1 - moved) + eye[None, :, None, :] * moved  # [V, K, V, K]
        vectors = tf.reshape(vectors, (1, count * categories, *variables, categories))
        losses = loss(tf.tile(vectors, (runs, *[1] * (vectors.shape.rank - 1))))  # [R, V K]
        losses = tf.reshape(losses, (runs, *variables, categories))
        expected = tf.reduce_sum(tf.nn.softmax(logits) * losses, axis=range(1, logits.shape.rank))
        # Every enumeration holds the loss of the others at category 0 too: V - 1 times too often in all.
        return expected - (count - 1) * losses[:, 0, 0]

    def evaluations(self, batch: int, categories: int) -> int:
        """One loss for each category, however large the batch."""
        return categories


@register
class Reinforce(Estimator):
    """The score function: f(D) (D - p), averaged over the batch.

    Williams 1992. Unbiased, with a large variance. One evaluation of the loss a sample.

    Example:
        The mean over many samples comes near the exact gradient, here (-1/3, -1/3, 2/3):

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> logits = tf.Variable([[0.0, 0.0, 0.0]])
        >>> with tf.GradientTape() as tape:
        ...     loss = gg.Reinforce().surrogate(lambda x: 3 * x[..., 2], logits, 1.0, 10_000, seed=(0, 1))
        >>> print(tape.gradient(loss, logits).numpy().round(1))
        [[-0.3 -0.3  0.7]]
    """

    uses_temperature = False

    def estimate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss, [R], with the gradient of the mean of f(D) log p(D)."""
        hard = self.sample(logits, temperature, batch, seed)
        losses = loss(hard)  # [R, B]
        carrier = fixed(losses - self.baseline(losses)) * log_prob(hard, logits)
        return with_gradient_also_of(tf.reduce_mean(losses, axis=1), tf.reduce_mean(carrier, axis=1))

    def baseline(self, losses: tf.Tensor) -> tf.Tensor:
        """No baseline: zeros, [R, B]."""
        return tf.zeros_like(losses)


@register
class Rloo(Reinforce):
    """REINFORCE, leave-one-out: (f(D_i) - mean of f(D_j), j other than i) (D_i - p).

    Kool et al. 2019. Unbiased. One evaluation of the loss a sample, of which there must be two.

    Example:
        The baseline of each sample is the mean of the other losses:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> print(gg.Rloo().baseline(tf.constant([[1.0, 2.0, 6.0]])).numpy())
        [[4.  3.5 1.5]]
    """

    smallest_batch = 2

    def baseline(self, losses: tf.Tensor) -> tf.Tensor:
        """For each sample the mean loss of the others, [R, B]."""
        batch = losses.shape[1]
        return (tf.reduce_sum(losses, axis=1, keepdims=True) - losses) / (batch - 1)


@register
class StraightThrough(Pathwise):
    """The hard sample, as if it were p: J(p) f'(D).

    Bengio et al. 2013. Biased, exact for a linear loss; low variance. One evaluation of the loss a sample.

    Example:
        For a linear loss one sample gives the exact gradient, whichever it is:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> logits = tf.Variable([[0.0, 0.0, 0.0]])
        >>> with tf.GradientTape() as tape:
        ...     sample = gg.StraightThrough().sample(logits, 1.0, batch=1, seed=(0, 1))
        ...     loss = 3 * sample[..., 2]
        >>> print(sample.numpy(), tape.gradient(loss, logits).numpy().round(2))
        [[[0. 1. 0.]]] [[-0.33 -0.33  0.67]]
    """

    uses_temperature = False

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Hard samples with the gradient of the probabilities, [R, B, K]."""
        hard = hardest(perturb(logits, batch, seed))
        return with_gradient_of(hard, tf.nn.softmax(logits)[:, None])


@register
class StGumbelSoftmax(Pathwise):
    """The hard sample, as if it were the soft one of the same noise: J(y) f'(D) / temperature.

    Jang et al. 2016, section 2.2. The argmax is the same at every temperature, so what the discriminator
    sees is too; `backward_temperature`, if given, is that of the Jacobian (decoupled, Shah et al. 2024).
    Biased twice, standard deviation as temperature to the power -1/2. One evaluation of the loss a sample.

    Example:
        The sample is hard, and its gradient is that of a soft one:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> logits, estimator = tf.Variable([[0.0, 0.0, 0.0]]), gg.StGumbelSoftmax(backward_temperature=1.0)
        >>> with tf.GradientTape() as tape:
        ...     sample = estimator.sample(logits, 0.001, batch=1, seed=(0, 1))
        ...     loss = 3 * sample[..., 2]
        >>> print(sample.numpy(), tape.gradient(loss, logits).numpy().round(2))
        [[[0. 1. 0.]]] [[-0.18 -0.46  0.64]]
    """

    def __init__(self, backward_temperature: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if backward_temperature is not None:
            check_positive("backward_temperature", backward_temperature)
        self.backward_temperature = backward_temperature

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Hard samples with the gradient of the relaxed ones, [R, B, K]."""
        perturbed = perturb(logits, batch, seed)
        soft = relax(perturbed, self.backward_temperature or temperature)
        return with_gradient_of(hardest(perturbed), soft)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        return {**super().get_config(), "backward_temperature": self.backward_temperature}


@register
class GumbelRao(Pathwise):
    """ST-Gumbel-softmax, its Jacobian averaged over the noise that gives the same hard sample.

    Paulus et al. 2020, equation 6. The mean of ST-Gumbel-softmax with a smaller variance. One evaluation
    of the loss a sample, `conditional_draws` softmaxes.

    Example:
        The gradient's standard deviation over 1000 runs, without the averaging and with it:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> logits = tf.Variable(tf.zeros((1000, 3)))
        >>> for estimator in (gg.StGumbelSoftmax(), gg.GumbelRao(conditional_draws=100)):
        ...     with tf.GradientTape() as tape:
        ...         loss = 3 * estimator.sample(logits, 0.5, batch=1, seed=(0, 1))[..., 2]
        ...     print(tape.gradient(loss, logits).numpy().std(0).round(1))
        [0.4 0.4 0.5]
        [0.2 0.2 0.2]
    """

    def __init__(self, conditional_draws: int = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_count("conditional_draws", conditional_draws)
        self.conditional_draws = conditional_draws

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Hard samples with the gradient of the mean relaxed sample over conditional draws, [R, B, K]."""
        logits = finite(logits)
        hard = hardest(perturb(logits, batch, seed))
        seed = fold_in(seed, 1)
        noise = fixed(
            condition(hard, logits, seed, (self.conditional_draws,)) - logits[:, None]
        )  # given the logits, as G
        soft = tf.nn.softmax((logits[:, None] + noise) / temperature)
        return with_gradient_of(hard, tf.reduce_mean(soft, axis=0))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        return {**super().get_config(), "conditional_draws": self.conditional_draws}


@register
class GappedStraightThrough(Pathwise):
    """The hard sample, as if it were softmax(m / temperature), m the logits moved so that D leads by a gap.

    Fan et al. 2022, equations 7 and 8: the drawn logit is raised to the largest one, the others lowered to
    `gap` beneath it. Biased, lower variance than ST-Gumbel-softmax. One evaluation of the loss a sample.

    Example:
        The gradient depends on the drawn category only, not on its noise:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> logits = tf.Variable([[0.0, 0.0, 0.0]])
        >>> with tf.GradientTape() as tape:
        ...     sample = gg.GappedStraightThrough(gap=1.0).sample(logits, 1.0, batch=1, seed=(0, 1))
        ...     loss = 3 * sample[..., 2]
        >>> print(sample.numpy(), tape.gradient(loss, logits).numpy().round(2))
        [[[0. 1. 0.]]] [[-0.13 -0.37  0.5 ]]
    """

    def __init__(self, gap: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_positive("gap", gap)
        self.gap = gap

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Hard samples with the gradient of the moved softmax, [R, B, K]."""
        logits = finite(logits)
        hard = hardest(perturb(logits, batch, seed))
        below = fixed(logits - tf.reduce_max(logits, axis=-1, keepdims=True))[:, None]  # [R, 1, K], 0 or less
        move = -below * hard - tf.nn.relu(below + self.gap) * (1 - hard)
        soft = tf.nn.softmax((logits[:, None] + move) / temperature)
        return with_gradient_of(hard, soft)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        return {**super().get_config(), "gap": self.gap}


@register
class ReinMax(Pathwise):
    """Heun's method in place of Euler's: 2 J((D + q) / 2) f'(D) - 1/2 J(p) f'(D).

    Liu et al. 2023, algorithm 2; q = softmax(logits / temperature), the plain estimator at temperature 1
    (the authors advise 1 or more). Biased, exact for a quadratic loss; more variance than straight-through.
    One evaluation of the loss a sample.

    Example:
        Of this quadratic loss the exact gradient is (0.04, -0.04); straight-through has the wrong sign:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> logits = tf.Variable([[0.0, 1.0]])
        >>> for estimator in (gg.ReinMax(), gg.StraightThrough()):
        ...     with tf.GradientTape() as tape:
        ...         sample = estimator.sample(logits, 1.0, batch=100_000, seed=(0, 1))
        ...         loss = tf.reduce_mean((sample[..., 0] - 0.4) ** 2)
        ...     print(tape.gradient(loss, logits).numpy().round(2))
        [[ 0.04 -0.04]]
        [[-0.05  0.05]]
    """

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Hard samples with ReinMax's gradient, [R, B, K]."""
        logits = finite(logits)
        hard = hardest(perturb(logits, batch, seed))
        logits = logits[:, None]
        midpoint = fixed((hard + tf.nn.softmax(logits / temperature)) / 2)
        # A softmax that gives the midpoint here and has the logits' gradient: its Jacobian is J(midpoint).
        through = tf.nn.softmax(tf.math.log(midpoint) + logits - fixed(logits))
        return with_gradient_of(hard, 2 * through - tf.nn.softmax(logits) / 2)


@register
class Rebar(Estimator):
    """REINFORCE with the relaxed loss as a control variate, itself differentiated.

    [f(D) - c(z')] d log p(D) + d c(z) - d c(z'), where z = log p + G, D = argmax z, z' is drawn given D and
    c(z) = eta f(softmax(z / t)): Tucker et al. 2017, equation 10; Grathwohl et al. 2018, equation 8.
    Unbiased; three evaluations of the loss a sample. Each run learns its eta (from 1) and its t (from
    `temperature`) by an Adam of its own that descends the square of the estimate, whose mean is the
    estimate's variance plus a constant.

    Example:
        The gradient's standard deviation over 1000 runs, without the control variate and with it:

        >>> import tensorflow as tf
        >>> import gumbel_gan as gg
        >>> logits = tf.Variable(tf.zeros((1000, 3)))
        >>> for estimator in (gg.Reinforce(), gg.Rebar()):
        ...     estimator.build(logits.shape)
        ...     with tf.GradientTape() as tape:
        ...         loss = estimator.surrogate(lambda x: 3 * x[..., 2], logits, 0.5, batch=1, seed=(0, 2))
        ...     print(tape.gradient(loss, logits).numpy().std(0).round(1))
        [0.5 0.5 0.9]
        [0.5 0.5 0.6]
    """

    learns = True

    def __init__(self, learning_rate: float = 0.01, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_positive("learning_rate", learning_rate)
        self.learning_rate = learning_rate
        # For Keras: it is made when the logits are known, which is not the business of a model that holds it.
        self.built = True

    def build(self, logits_shape: tuple[int, ...]) -> None:
        """Make eta and log(t / temperature), [R] each, and their optimizer."""
        runs = logits_shape[0]
        self.eta = self._parameter("eta", (runs,), "ones")
        self.log_factor = self._parameter("log_factor", (runs,), "zeros")
        self.build_network(logits_shape)
        self.optimizer = keras.optimizers.Adam(self.learning_rate)
        self.optimizer.build(self.weights)
        self.built = True

    def make_for(self, logits_shape: tuple[int, ...]) -> None:
        """Make eta and t, unless they are there."""
        if not self.weights:
            with tf.init_scope():  # where a step is traced, too
                self.build(logits_shape)

    def load_own_variables(self, store: Any) -> None:
        """Make what was saved before it is loaded: a model may hold an estimator that was never used."""
        if store.keys():
            self.make_for(self._shape_of({name: store[name].shape for name in store.keys()}))  # noqa: SIM118
        super().load_own_variables(store)

    def _shape_of(self, saved: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
        """A shape of logits to make what was saved, from the shapes of the parameters."""
        return (saved["0"][0], 1)

    def _parameter(self, name: str, shape: tuple[int, ...], initializer: Any) -> keras.Variable:
        """A weight that the estimator trains itself: not one for the optimizer of the model around it."""
        return self.add_weight(shape=shape, initializer=initializer, trainable=False, name=name)

    def build_network(self, logits_shape: tuple[int, ...]) -> None:
        """Make the network of the control variate; REBAR has none."""

    def surrogate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss, [R], whose gradient is the estimate; eta and t are learned on the way."""
        logits = tf.convert_to_tensor(logits)
        self.make_for(tuple(logits.shape))
        own = [weight.value for weight in self.weights]
        with tf.GradientTape(watch_accessed_variables=False) as outer:
            outer.watch(own)
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(logits)
                value, carrier = self._value_and_carrier(loss, logits, temperature, batch, seed)
            gradient = inner.gradient(carrier, logits)
            square = tf.reduce_sum(gradient**2)
        self.optimizer.apply(outer.gradient(square, own), self.weights)
        carrier = tf.reduce_sum(fixed(gradient) * finite(logits), axis=range(1, logits.shape.rank))
        return with_gradient_also_of(value, carrier)

    def estimate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss, [R], whose gradient is the estimate."""
        self.make_for(tuple(logits.shape))
        return with_gradient_also_of(*self._value_and_carrier(loss, logits, temperature, batch, seed))

    def _value_and_carrier(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The mean loss, and what has the estimate as its gradient in the logits, [R] each."""
        logits = finite(logits)
        perturbed = perturb(tf.nn.log_softmax(logits), batch, seed)  # z
        hard = fixed(hardest(perturbed))  # D
        again = condition(hard, logits, fold_in(seed, 1))  # z'
        losses = loss(hard)
        # Held fixed in the logits, but not in eta and t, which learn from it.
        difference = losses - self.control(loss, fixed(again), temperature)
        pathwise = self.control(loss, perturbed, temperature) - self.control(loss, again, temperature)
        carrier = difference * log_prob(hard, logits) + pathwise
        return tf.reduce_mean(losses, axis=1), tf.reduce_mean(carrier, axis=1)

    def control(self, loss: Loss, perturbed: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
        """The control variate c(z) of perturbed logits [R, B, K], as [R, B]."""
        shape = (-1, *[1] * (perturbed.shape.rank - 1))
        relaxation = temperature * tf.reshape(tf.exp(_of_runs(self.log_factor, perturbed)), shape)
        return _of_runs(self.eta, perturbed)[:, None] * loss(tf.nn.softmax(perturbed / relaxation))

    def evaluations(self, batch: int, categories: int) -> int:
        """Three losses a sample: at D, at z and at z'."""
        return 3 * batch

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        return {**super().get_config(), "learning_rate": self.learning_rate}


def _of_runs(weight: keras.Variable, perturbed: tf.Tensor) -> tf.Tensor:
    """A parameter for each run; a measurement may repeat every run of the training several times."""
    return tf.repeat(weight.value, sizes(perturbed)[0] // weight.shape[0], axis=0)


@register
class Relax(Rebar):
    """REBAR with a small network added to the control variate: c(z) = eta f(softmax(z / t)) + r(softmax(z)).

    Grathwohl et al. 2018, section 3.3. Unbiased; three evaluations of the loss a sample, and two of the
    network. r is one hidden layer of tanh, which each run learns as it learns eta and t.

    Example:
        Each run learns eta, t and the network:

        >>> import gumbel_gan as gg
        >>> networks = gg.CategoricalGenerator(5), gg.LogisticDiscriminator(5, seed=0)
        >>> gan = gg.CategoricalGAN(*networks, estimator=gg.Relax(units=4), seed=0)
        >>> [weight.name for weight in gan.estimator.weights]
        ['eta', 'log_factor', 'hidden', 'output']
    """

    def __init__(self, units: int = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_count("units", units)
        self.units = units

    def build_network(self, logits_shape: tuple[int, ...]) -> None:
        """Make a hidden layer, [R, V K, units], and an output that begins at zero."""
        runs, *inner = logits_shape
        size = 1
        for axis in inner:
            size *= axis
        limit = (6 / (size + self.units)) ** 0.5
        uniform = keras.initializers.RandomUniform(-limit, limit, seed=0)
        self.hidden = self._parameter("hidden", (runs, size, self.units), uniform)
        self.output_ = self._parameter("output", (runs, self.units), "zeros")

    def _shape_of(self, saved: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
        """A shape of logits to make what was saved: the hidden layer tells how many there are."""
        return saved["2"][:2]

    def control(self, loss: Loss, perturbed: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
        """The control variate c(z) of perturbed logits [R, B, K], as [R, B]."""
        runs, batch = sizes(perturbed)[:2]
        inputs = tf.reshape(tf.nn.softmax(perturbed), (runs, batch, self.hidden.shape[1]))
        hidden = tf.tanh(tf.einsum("rbk,rku->rbu", inputs, _of_runs(self.hidden, perturbed)))
        network = tf.einsum("rbu,ru->rb", hidden, _of_runs(self.output_, perturbed))
        return super().control(loss, perturbed, temperature) + network

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for Keras to save."""
        return {**super().get_config(), "units": self.units}

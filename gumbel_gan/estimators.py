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
import tensorflow_probability as tfp

from .gumbel import RelaxedOneHotCategorical, Seed, gumbel_noise, perturb, relax
from .layout import argmax, swap

Loss = Callable[[tf.Tensor], tf.Tensor]
register = keras.saving.register_keras_serializable("gumbel_gan")
fixed = tf.stop_gradient


def hardest(perturbed: tf.Tensor) -> tf.Tensor:
    """One-hot vectors at the largest component, the same shape."""
    return tf.one_hot(argmax(perturbed), perturbed.shape[-1])


def with_gradient_of(value: tf.Tensor, carrier: tf.Tensor) -> tf.Tensor:
    """`value`, but with the gradient of `carrier`."""
    return fixed(value - carrier) + carrier


def log_prob(hard: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The log-probability of hard samples [R, B, ..., K], as [R, B]."""
    terms = hard * tf.nn.log_softmax(logits)[:, None]
    return tf.reduce_sum(terms, axis=range(2, terms.shape.rank))


class Estimator(keras.layers.Layer):
    """What all estimators share: hard samples, and nothing to learn."""

    smallest_batch = 1
    """Samples that an estimate needs."""

    def build(self, logits_shape: tuple[int, ...]) -> None:
        """Make the estimator's own parameters, if it has any, for logits of this shape."""
        self.built = True

    def sample(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """What the discriminator sees, [R, K] to [R, B, K]: hard samples."""
        return hardest(perturb(logits, batch, seed))

    def surrogate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss, [R], with the estimate for a gradient; what the estimator learns, it learns here."""
        return self.estimate(loss, logits, temperature, batch, seed)

    def estimate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss, [R], with the estimate for a gradient, and nothing learned."""
        raise NotImplementedError

    def evaluations(self, batch: int, categories: int) -> int:
        """Losses evaluated in a step."""
        return batch


class Pathwise(Estimator):
    """An estimator that differentiates through its own sample."""

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Samples that are functions of the logits, [R, K] to [R, B, K]."""
        raise NotImplementedError

    def sample(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """What the discriminator sees: the same."""
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
    """

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """Relaxed samples, through TFP's distribution."""
        return swap(RelaxedOneHotCategorical(temperature, logits=logits).sample(batch, seed=seed))


@register
class Exact(Estimator):
    """The expectation itself: p * (F - p.F), F_k = f(e_k).

    No bias, no variance; K evaluations of the loss. Several variables are enumerated one by one, the
    others held at category 0, which is right where the loss is a sum over the variables.
    """

    def estimate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The expected loss, [R]."""
        runs, *variables, categories = logits.shape
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
        """One for each category, however large the batch."""
        return categories


@register
class Reinforce(Estimator):
    """The score function: f(D) (D - p), averaged over the batch.

    Williams 1992. Unbiased, with a large variance. One evaluation of the loss a sample.
    """

    def estimate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss, with the gradient of the mean of f(D) log p(D)."""
        hard = self.sample(logits, temperature, batch, seed)
        losses = loss(hard)  # [R, B]
        carrier = fixed(losses - self.baseline(losses)) * log_prob(hard, logits)
        return with_gradient_of(tf.reduce_mean(losses, axis=1), tf.reduce_mean(carrier, axis=1))

    def baseline(self, losses: tf.Tensor) -> tf.Tensor:
        """None."""
        return tf.zeros_like(losses)


@register
class Rloo(Reinforce):
    """REINFORCE, leave-one-out: (f(D_i) - mean of f(D_j), j other than i) (D_i - p).

    Kool et al. 2019. Unbiased. One evaluation of the loss a sample, of which there must be two.
    """

    smallest_batch = 2

    def baseline(self, losses: tf.Tensor) -> tf.Tensor:
        """For each sample, the mean loss of the others."""
        batch = losses.shape[1]
        return (tf.reduce_sum(losses, axis=1, keepdims=True) - losses) / (batch - 1)


@register
class StraightThrough(Pathwise):
    """The hard sample, as if it were p: J(p) f'(D).

    Bengio et al. 2013. Biased, exact for a linear loss; low variance. One evaluation of the loss a sample.
    """

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """D, with the gradient of p."""
        hard = hardest(perturb(logits, batch, seed))
        return with_gradient_of(hard, tf.nn.softmax(logits)[:, None])


@register
class StGumbelSoftmax(Pathwise):
    """The hard sample, as if it were the soft one of the same noise: J(y) f'(D) / temperature.

    Jang et al. 2016, section 2.2. The argmax is the same at every temperature, so what the discriminator
    sees is too; `backward_temperature`, if given, is that of the Jacobian (decoupled, Shah et al. 2024).
    Biased twice, standard deviation as temperature to the power -1/2. One evaluation of the loss a sample.
    """

    def __init__(self, backward_temperature: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.backward_temperature = backward_temperature

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """D, with the gradient of y."""
        perturbed = perturb(logits, batch, seed)
        soft = relax(perturbed, self.backward_temperature or temperature)
        return with_gradient_of(hardest(perturbed), soft)

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        return {**super().get_config(), "backward_temperature": self.backward_temperature}


def condition(hard: tf.Tensor, logits: tf.Tensor, seed: Seed, draws: tuple[int, ...] = ()) -> tf.Tensor:
    """Perturbed logits, drawn anew given that their argmax is that of `hard`.

    With E exponential and normalised probabilities p: -log E_i at the largest, -log(E_j / p_j + E_i)
    elsewhere (Tucker et al. 2017, appendix; Paulus et al. 2020, equation 9). Differentiable in the logits.

    Args:
        hard: one-hot [R, B, ..., K].
        logits: [R, ..., K].
        seed: int [2].
        draws: leading shape of several draws, () or (n,).

    Returns:
        [*draws, R, B, ..., K], up to the same constant for all categories.
    """
    runs, *inner = hard.shape
    noise = gumbel_noise((*draws, *inner, runs), seed)  # the runs innermost, as in `perturb`
    rank = noise.shape.rank
    # [*draws, R, B, ..., K]; minus the logarithm of an exponential variable is a Gumbel variable.
    noise = tf.transpose(noise, (*range(len(draws)), rank - 1, *range(len(draws), rank - 1)))
    of_largest = tf.reduce_sum(noise * hard, axis=-1, keepdims=True)  # -log E_i
    log_p = tf.nn.log_softmax(logits)[:, None]  # [R, 1, ..., K]
    # In logarithms: E / p would overflow where p is smaller than the smallest float.
    others = -tfp.math.log_add_exp(-noise - log_p, -of_largest)
    return tf.where(hard > 0, of_largest, others)


@register
class GumbelRao(Pathwise):
    """ST-Gumbel-softmax, its Jacobian averaged over the noise that gives the same hard sample.

    Paulus et al. 2020, equation 6. The mean of ST-Gumbel-softmax with a smaller variance. One evaluation
    of the loss a sample, `draws` softmaxes.
    """

    def __init__(self, draws: int = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.draws = draws

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """D, with the gradient of the mean of y over conditional draws of the noise."""
        hard = hardest(perturb(logits, batch, seed))
        seed = tf.stack([seed[0] + 1, seed[1]])
        noise = fixed(
            condition(hard, logits, seed, (self.draws,)) - logits[:, None]
        )  # given the logits, as G
        soft = tf.nn.softmax((logits[:, None] + noise) / temperature)
        return with_gradient_of(hard, tf.reduce_mean(soft, axis=0))

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        return {**super().get_config(), "draws": self.draws}


@register
class GappedStraightThrough(Pathwise):
    """The hard sample, as if it were softmax(m / temperature), m the logits moved so that D leads by a gap.

    Fan et al. 2022, equations 7 and 8: the drawn logit is raised to the largest one, the others lowered to
    `gap` beneath it. Biased, lower variance than ST-Gumbel-softmax. One evaluation of the loss a sample.
    """

    def __init__(self, gap: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gap = gap

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """D, with the gradient of the moved softmax."""
        hard = hardest(perturb(logits, batch, seed))
        below = fixed(logits - tf.reduce_max(logits, axis=-1, keepdims=True))[:, None]  # [R, 1, K], 0 or less
        move = -below * hard - tf.nn.relu(below + self.gap) * (1 - hard)
        soft = tf.nn.softmax((logits[:, None] + move) / temperature)
        return with_gradient_of(hard, soft)

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        return {**super().get_config(), "gap": self.gap}


@register
class ReinMax(Pathwise):
    """Heun's method in place of Euler's: 2 J((D + q) / 2) f'(D) - 1/2 J(p) f'(D).

    Liu et al. 2023, algorithm 2; q = softmax(logits / temperature), the plain estimator at temperature 1
    (the authors advise 1 or more). Biased, exact for a quadratic loss; more variance than straight-through.
    One evaluation of the loss a sample.
    """

    def path(self, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed) -> tf.Tensor:
        """D, with that gradient."""
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
    """

    def __init__(self, learning_rate: float = 0.01, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.learning_rate = learning_rate

    def build(self, logits_shape: tuple[int, ...]) -> None:
        """Eta and log(t / temperature), [R]."""
        runs = logits_shape[0]
        self.eta = self.add_weight(shape=(runs,), initializer="ones", name="eta")
        self.log_factor = self.add_weight(shape=(runs,), initializer="zeros", name="log_factor")
        self.build_network(logits_shape)
        self.optimizer = keras.optimizers.Adam(self.learning_rate)
        self.optimizer.build(self.trainable_weights)
        self.built = True

    def build_network(self, logits_shape: tuple[int, ...]) -> None:
        """REBAR has none."""

    def surrogate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss with the estimate for a gradient; learns eta and t on the way."""
        own = [weight.value for weight in self.trainable_weights]
        with tf.GradientTape(watch_accessed_variables=False) as outer:
            outer.watch(own)
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(logits)
                value = self.estimate(loss, logits, temperature, batch, seed)
            gradient = inner.gradient(value, logits)
            square = tf.reduce_sum(gradient**2)
        self.optimizer.apply(outer.gradient(square, own), self.trainable_weights)
        carrier = tf.reduce_sum(fixed(gradient) * logits, axis=range(1, logits.shape.rank))
        return with_gradient_of(value, carrier)

    def estimate(
        self, loss: Loss, logits: tf.Tensor, temperature: tf.Tensor, batch: int, seed: Seed
    ) -> tf.Tensor:
        """The mean loss, [R], with the estimate for a gradient."""
        perturbed = perturb(tf.nn.log_softmax(logits), batch, seed)  # z
        hard = fixed(hardest(perturbed))  # D
        again = condition(hard, logits, tf.stack([seed[0] + 1, seed[1]]))  # z'
        losses = loss(hard)
        # Held fixed in the logits, but not in eta and t, which learn from it.
        difference = losses - self.control(loss, fixed(again), temperature)
        pathwise = self.control(loss, perturbed, temperature) - self.control(loss, again, temperature)
        carrier = difference * log_prob(hard, logits) + pathwise
        return with_gradient_of(tf.reduce_mean(losses, axis=1), tf.reduce_mean(carrier, axis=1))

    def control(self, loss: Loss, perturbed: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
        """c(z), [R, B]."""
        shape = (-1, *[1] * (perturbed.shape.rank - 1))
        relaxation = temperature * tf.reshape(tf.exp(_of_runs(self.log_factor, perturbed)), shape)
        return _of_runs(self.eta, perturbed)[:, None] * loss(tf.nn.softmax(perturbed / relaxation))

    def evaluations(self, batch: int, categories: int) -> int:
        """At D, at z and at z'."""
        return 3 * batch

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        return {**super().get_config(), "learning_rate": self.learning_rate}


def _of_runs(weight: keras.Variable, perturbed: tf.Tensor) -> tf.Tensor:
    """A parameter for each run; a measurement may repeat every run of the training several times."""
    return tf.repeat(weight.value, perturbed.shape[0] // weight.shape[0], axis=0)


@register
class Relax(Rebar):
    """REBAR with a small network added to the control variate: c(z) = eta f(softmax(z / t)) + r(softmax(z)).

    Grathwohl et al. 2018, section 3.3. Unbiased; three evaluations of the loss a sample, and two of the
    network. r is one hidden layer of tanh, which each run learns as it learns eta and t.
    """

    def __init__(self, units: int = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build_network(self, logits_shape: tuple[int, ...]) -> None:
        """A hidden layer, [R, V K, units], and an output that begins at zero."""
        runs, *inner = logits_shape
        size = 1
        for axis in inner:
            size *= axis
        limit = (6 / (size + self.units)) ** 0.5
        uniform = keras.initializers.RandomUniform(-limit, limit, seed=0)
        self.hidden = self.add_weight(shape=(runs, size, self.units), initializer=uniform, name="hidden")
        self.output_ = self.add_weight(shape=(runs, self.units), initializer="zeros", name="output")

    def control(self, loss: Loss, perturbed: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
        """c(z), [R, B]."""
        runs, batch = perturbed.shape[:2]
        inputs = tf.reshape(tf.nn.softmax(perturbed), (runs, batch, -1))
        hidden = tf.tanh(tf.einsum("rbk,rku->rbu", inputs, _of_runs(self.hidden, perturbed)))
        network = tf.einsum("rbu,ru->rb", hidden, _of_runs(self.output_, perturbed))
        return super().control(loss, perturbed, temperature) + network

    def get_config(self) -> dict[str, Any]:
        """For Keras' serialization."""
        return {**super().get_config(), "units": self.units}


ESTIMATORS: dict[str, type[Estimator]] = {
    "gumbel_softmax": GumbelSoftmax,
    "exact": Exact,
    "reinforce": Reinforce,
    "rloo": Rloo,
    "straight_through": StraightThrough,
    "st_gumbel_softmax": StGumbelSoftmax,
    "gumbel_rao": GumbelRao,
    "gapped_straight_through": GappedStraightThrough,
    "reinmax": ReinMax,
    "rebar": Rebar,
    "relax": Relax,
}
TEMPERATURE_FREE = ("exact", "reinforce", "rloo", "straight_through")
"""Estimators that ignore the temperature."""

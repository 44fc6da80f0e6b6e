"""The mathematics of the post: Gumbel noise, Gumbel-max, Gumbel-softmax.

If z_k are independent standard Gumbel variables, argmax_k(logits_k + z_k) is a draw from
softmax(logits) (Gumbel-max). Replacing the argmax by softmax((logits + z) / temperature) gives a point
of the simplex through which gradients flow (Gumbel-softmax: Jang et al. 2016, equation 2; the Concrete
distribution of Maddison et al. 2016, section 3).
"""

import itertools
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np
import tensorflow as tf

from ..config.checks import seed_of
from .layout import RUNS_LAST_FROM, argmax, many_runs, runs_first, runs_last, sizes, softmax, swapped

fixed = tf.stop_gradient
Seed = Any
"""An integer tensor of shape [2]; the same seed gives the same numbers."""


def compiled(function: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
    """A function as an XLA program, even where TensorFlow is told to run functions eagerly."""
    program = tf.function(function, jit_compile=True)

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> tf.Tensor:
        if not tf.config.functions_run_eagerly():
            return program(*arguments, **named)
        return program.get_concrete_function(*arguments, **named)(*arguments, **named)

    return call


def fold_in(seed: Seed, number: int) -> Seed:
    """A seed for other noise beside that of `seed`, int [2]; every number from 1 on gives another one.

    Example:
        Independent draws from one seed:

        >>> import gumbel_gan as gg
        >>> for number in (1, 2):
        ...     seed = gg.fold_in((0, 1), number)
        ...     print(gg.gumbel_max([[0.0, 0.0, 0.0]], 8, seed).numpy())
        [[0 1 1 1 1 2 1 0]]
        [[1 2 2 2 0 0 2 2]]
    """
    return tf.stack([seed[0] + number, seed[1]])


def drawn_once(seed: Seed | None) -> Seed:
    """The seed, int [2]; where it was left open, one draw of Python's `random`."""
    return (seed_of(None) % 2**31, 0) if seed is None else seed


def gumbel_noise(shape: Sequence[int], seed: Seed, dtype: Any = tf.float32) -> tf.Tensor:
    """Standard Gumbel noise, density exp(-z - exp(-z)), from uniform noise of the open interval (0, 1).

    Args:
        shape: of the result; integers, or tensors where a size is known only as it runs.
        seed: int [2].
        dtype: of the result, a floating one.

    Example:
        >>> import gumbel_gan as gg
        >>> gg.gumbel_noise((2, 3), seed=(0, 1)).shape.as_list()
        [2, 3]
    """
    dtype = tf.as_dtype(dtype)
    shape = tuple(size if tf.is_tensor(size) else int(size) for size in shape)
    if dtype == tf.float32:
        return -tf.math.log(-tf.math.log(uniform(shape, seed)))
    drawn_as = dtype if dtype == tf.float64 else tf.float32  # a half has too few numbers below one
    return tf.cast(-tf.math.log(-tf.math.log(_uniform(shape, seed, drawn_as))), dtype)


_draws = itertools.count()


def uniform(shape: tuple[int, ...], seed: Seed) -> tf.Tensor:
    """Uniform noise of the open interval (0, 1), of the shape given; `seed` is int [2]."""
    if len(shape) < 2 or any(map(tf.is_tensor, shape)) or shape[-1] < RUNS_LAST_FROM:
        return _uniform(shape, seed, tf.float32)
    *outer, samples, runs = shape
    pairs = -(-samples // 2)
    # Of what is drawn twice in one shape XLA makes a function, whose result goes through the memory. With a
    # shape of its own for every draw (eight in turn) the noise is made where it is used. The leading ones
    # change none of the numbers.
    ones = (1,) * (next(_draws) % 8) if tf.inside_function() else ()
    words = tf.reshape(_words((*ones, *outer, pairs, runs), seed), (*outer, pairs, runs))
    halves = tf.linalg.matrix_transpose(tf.bitcast(words, tf.uint32))  # [..., pairs, 2, runs]
    bits = tf.reshape(halves, (*outer, 2 * pairs, runs))[..., :samples, :]
    # In the middle of one of 2^23 equal parts.
    return (tf.cast(tf.bitwise.right_shift(bits, tf.constant(9, tf.uint32)), tf.float32) + 0.5) / 2**23


@compiled  # outside XLA there is no threefry; so the numbers are the same everywhere
def _uniform(shape: tuple[int, ...], seed: Seed, dtype: tf.DType) -> tf.Tensor:
    """By threefry, since the default algorithm is slow in a compiled loop on a CPU."""
    tiny = np.finfo(dtype.as_numpy_dtype).tiny  # a uniform of 0 would become noise of minus infinity
    return tf.random.stateless_uniform(shape, seed, minval=tiny, maxval=1.0, dtype=dtype, alg="threefry")


@compiled
def _words(shape: tuple[int, ...], seed: Seed) -> tf.Tensor:
    """Random bits, 64 at a time, as threefry makes them; drawn as words of 32 they would be slower."""
    return tf.random.stateless_uniform(shape, seed, None, None, tf.uint64, alg="threefry")


@compiled
def normal(shape: tuple[int, ...], seed: Seed) -> tf.Tensor:
    """Standard Gaussian noise, of the shape given; `seed` is int [2]."""
    return tf.random.stateless_normal(shape, seed, alg="threefry")


def perturb(logits: tf.Tensor, samples: int, seed: Seed) -> tf.Tensor:
    """Logits plus Gumbel noise, [R, ..., K] to [R, samples, ..., K]; their argmax is categorical."""
    logits = tf.convert_to_tensor(logits)
    runs, *variables, categories = sizes(logits)
    noise = gumbel_noise((categories, samples, *variables, runs), seed, logits.dtype)
    if not many_runs(logits):
        # Added with the samples outermost, which is faster than with the runs outermost.
        return swapped(logits + swapped(runs_first(noise)))
    return runs_first(runs_last(logits)[:, None] + noise)


def relax(perturbed: tf.Tensor, temperature: tf.Tensor) -> tf.Tensor:
    """softmax(perturbed / temperature), [R, B, ..., K] to the same."""
    return softmax(perturbed / temperature)


def vectors(x: tf.Tensor, categories: int) -> tf.Tensor:
    """Integers [R, B] as one-hot vectors [R, B, K]; vectors as they are."""
    return tf.one_hot(x, categories) if x.dtype.is_integer else x


def gumbel_max(logits: Any, samples: int, seed: Seed) -> tf.Tensor:
    """Draw from softmax(logits): the argmax of logits plus noise.

    Args:
        logits: [R, ..., K], a tensor, an array or a list.
        samples: how many.
        seed: int [2].

    Returns:
        int32 [R, samples, ...].

    Raises:
        ValueError: the logits have one axis only, or are no real numbers.

    Example:
        >>> import gumbel_gan as gg
        >>> gg.gumbel_max([[0.0, 50.0, 0.0]], 3, seed=(0, 1)).numpy().tolist()
        [[1, 1, 1]]
    """
    logits = tf.convert_to_tensor(logits)
    if logits.shape.rank is None or logits.shape.rank < 2 or not logits.dtype.is_floating:
        raise ValueError(
            f"logits: received {logits.dtype.name} {logits.shape}: give real numbers [R, ..., K]"
        )
    return argmax(perturb(logits, samples, seed))


def hardest(perturbed: tf.Tensor) -> tf.Tensor:
    """One-hot vectors at the largest component, [..., K] to the same."""
    return tf.one_hot(argmax(perturbed), perturbed.shape[-1], dtype=perturbed.dtype)


def finite(logits: tf.Tensor) -> tf.Tensor:
    """The logits, with a very small number in place of minus infinity, whose gradient is zero.

    A category of such a logit has probability zero all the same, and differences of logits stay numbers, as
    they do over the square of a very low temperature.
    """
    logits = tf.convert_to_tensor(logits)
    return tf.maximum(logits, tf.cast(-1e9, logits.dtype))


def with_gradient_of(value: tf.Tensor, carrier: tf.Tensor) -> tf.Tensor:
    """`value`, but with the gradient of `carrier`; both of one shape."""
    return fixed(value - carrier) + carrier


def with_gradient_also_of(value: tf.Tensor, carrier: tf.Tensor) -> tf.Tensor:
    """`value`, with the gradient of `carrier` beside its own; both of one shape."""
    return value + (carrier - fixed(carrier))


def log_prob(hard: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The log-probability of hard samples [R, B, ..., K], as [R, B]."""
    terms = hard * tf.nn.log_softmax(finite(logits))[:, None]
    return tf.reduce_sum(terms, axis=range(2, terms.shape.rank))


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
    runs, *inner = sizes(hard)
    noise = gumbel_noise((*draws, *inner, runs), seed)  # the runs innermost, as in `perturb`
    rank = noise.shape.rank
    # [*draws, R, B, ..., K]; minus the logarithm of an exponential variable is a Gumbel variable.
    noise = tf.transpose(noise, (*range(len(draws)), rank - 1, *range(len(draws), rank - 1)))
    of_largest = tf.reduce_sum(noise * hard, axis=-1, keepdims=True)  # -log E_i
    log_p = tf.nn.log_softmax(finite(logits))[:, None]  # [R, 1, ..., K]
    # In logarithms: E / p would overflow where p is smaller than the smallest float.
    import tensorflow_probability as tfp  # here, since it takes most of a second

    others = -tfp.math.log_add_exp(-noise - log_p, -of_largest)
    return tf.where(hard > 0, of_largest, others)

"""Parts that are given by name, or as they are."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from ..config.catalogue import PACKAGE, Family
from .gumbel import vectors


class Examples(NamedTuple):
    """What a stream is of, as far as a generator must know.

    Attributes:
        categories: K.
        alphabet: K symbols, of sequences.
        sizes: how many categories each column has, of rows.
        length: T, of sequences.
    """

    categories: int
    alphabet: str = ""
    sizes: Sequence[int] = ()
    length: int | None = None


def named(family: Family[Any], key: str, given: Any) -> Any:
    """What a name of a family stands for; anything but a name as it is.

    Raises:
        ValueError: the name is not known.
    """
    if not isinstance(given, str):
        return given
    family.check(key, given)
    return family.load(given)


def check_kind(name: str, given: Any, kind: type) -> None:
    """Check that a part is of its class.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(given, kind):
        article = "an" if kind.__name__[0] in "AEIO" else "a"
        raise ValueError(f"{name}: received {given!r}: give a name, or {article} {kind.__name__}")


def check_own(estimator: Any, generator: Any, samples: int) -> None:
    """Try an estimator of the user's own once: its samples' shape, and whether a gradient comes back.

    Its mistakes would otherwise show inside the compiled epoch, in many lines that do not name it.

    Args:
        estimator: of any kind; those of the package are not tried.
        generator: that it is for.
        samples: B, as many as it will draw.

    Raises:
        ValueError: the shape is another one, or the loss has no gradient.
    """
    name = type(estimator).__name__
    if type(estimator).__module__.partition(".")[0] == PACKAGE:
        return
    expected = [generator.runs, samples, *generator.example_shape, generator.categories]

    def loss(x: tf.Tensor) -> tf.Tensor:
        x = vectors(x, generator.categories)  # hard samples may be codes
        return tf.reduce_sum(tf.reshape(x, (*x.shape[:2], -1)) ** 2, axis=-1)

    drawn = generator.relaxed(estimator, tf.constant(0.5), samples, tf.constant([0, 0])).shape.as_list()
    if drawn != expected:
        raise ValueError(
            f"estimator: {name} made samples of shape {drawn}: make them {expected}, [R, batch, K]"
        )
    weights = generator.trainable_weights
    with tf.GradientTape() as tape:
        losses = generator.surrogate(estimator, loss, tf.constant(0.5), samples, tf.constant([0, 0]))
    if losses.shape.as_list() != [generator.runs]:
        raise ValueError(
            f"estimator: {name} made a loss of shape {losses.shape.as_list()}: "
            f"make it [{generator.runs}], [R]"
        )
    if all(gradient is None for gradient in tape.gradient(losses, [weight.value for weight in weights])):
        raise ValueError(
            f"estimator: the loss of {name} has no gradient in the logits: let the samples depend on them, "
            "as gumbel_gan.gan.gumbel.with_gradient_of does"
        )

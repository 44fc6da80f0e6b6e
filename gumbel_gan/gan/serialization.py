"""How what is saved finds its class again."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeVar

import keras

Kind = TypeVar("Kind", bound=type)


def register(kind: Kind) -> Kind:
    """Decorate a class that Keras saves, so that a saved file names it without its module.

    Args:
        kind: the class, an estimator or a network of your own.

    Example:
        The name that a saved file has for a class of your own:

        >>> import keras
        >>> import gumbel_gan as gg
        >>> @gg.register
        ... class Tuned(gg.Rebar):
        ...     pass
        >>> keras.saving.get_registered_name(Tuned)
        'gumbel_gan>Tuned'
    """
    decorated: Kind = keras.saving.register_keras_serializable("gumbel_gan")(kind)
    return decorated


def in_float32(options: dict[str, Any]) -> dict[str, Any]:
    """Options of a Keras layer that computes in float32, whatever the dtype policy around it.

    Raises:
        ValueError: they ask for another type.
    """
    given = options.get("dtype") or "float32"
    name = keras.dtype_policies.get(given).name
    if name != "float32":
        raise ValueError(f"dtype: received {name}: give float32, in which this is computed, or leave it out")
    return {**options, "dtype": "float32"}


def unpickled(modules: Sequence[str], restore: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """What was pickled, when the modules that it needs are imported, and have registered their classes."""
    for module in modules:
        import_module(module)
    return restore(*arguments)

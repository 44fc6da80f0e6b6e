"""How what is saved finds its class again."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import keras

register = keras.saving.register_keras_serializable("gumbel_gan")
"""Decorates a class that Keras saves, so that a saved file names it without its module.

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


def unpickled(modules: Sequence[str], restore: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """What was pickled, when the modules that it needs are imported, and have registered their classes."""
    for module in modules:
        import_module(module)
    return restore(*arguments)

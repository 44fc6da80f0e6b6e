"""What is saved finds its class again."""

import importlib
import inspect
import pkgutil

import keras

import gumbel_gan.gan
from gumbel_gan.gan.serialization import register


def test_every_registered_name_is_that_of_one_class() -> None:
    """Of two classes of one name the second would take the place of the first."""
    found = 0
    for module in pkgutil.iter_modules(gumbel_gan.gan.__path__, "gumbel_gan.gan."):
        for name, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            registered = keras.saving.get_registered_name(kind)
            if kind.__module__ == module.name and registered.startswith("gumbel_gan>"):
                found += 1
                assert keras.saving.get_registered_object(registered) is kind, f"{module.name}.{name}"
    assert found > 30


def test_a_class_of_ones_own() -> None:
    @register
    class OfOnesOwn(keras.layers.Layer):
        pass

    assert keras.saving.get_registered_name(OfOnesOwn) == "gumbel_gan>OfOnesOwn"
    assert keras.saving.get_registered_object("gumbel_gan>OfOnesOwn") is OfOnesOwn

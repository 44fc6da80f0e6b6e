"""How what is saved finds its class again."""

import keras

register = keras.saving.register_keras_serializable("gumbel_gan")
"""Decorates a class that Keras saves, so that a saved file names it without its module."""

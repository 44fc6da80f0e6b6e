"""Estimators in Keras models of your own: a layer, and a loss."""

from .gan.layers import CategoricalSample as CategoricalSample
from .gan.layers import surrogate_loss as surrogate_loss

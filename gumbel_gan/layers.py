"""Estimators in Keras models of your own: `CategoricalSample`, a layer, and `surrogate_loss`.

To import this module registers all classes of the package with Keras, so that `keras.saving.load_model`
finds them; so does `import gumbel_gan` where Keras is imported already.
"""

from .gan import registered as registered
from .gan.layers import CategoricalSample as CategoricalSample
from .gan.layers import surrogate_loss as surrogate_loss

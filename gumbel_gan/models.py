"""The networks of categories, where saved files of all versions look for them."""

from .gan.discriminators import Discriminator as Discriminator
from .gan.discriminators import LogisticDiscriminator as LogisticDiscriminator
from .gan.discriminators import MlpDiscriminator as MlpDiscriminator
from .gan.generators import CategoricalGenerator as CategoricalGenerator

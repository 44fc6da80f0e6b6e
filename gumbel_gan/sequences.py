"""The networks of sequences, where saved files look for them."""

from .gan.sequences import ConvolutionDiscriminator as ConvolutionDiscriminator
from .gan.sequences import LstmDiscriminator as LstmDiscriminator
from .gan.sequences import SequenceGenerator as SequenceGenerator

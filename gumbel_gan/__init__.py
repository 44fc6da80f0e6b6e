"""A GAN that learns a categorical distribution through the Gumbel-softmax trick."""

import sys
from typing import Any

import lazy_loader

from .config.checks import check_backend
from .quiet import set_log_level

__version__ = "0.2.0"

# Before TensorFlow is imported, by whatever name of the package.
set_log_level()
_attribute, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


if "keras" in sys.modules and sys.modules["keras"].config.backend() == "tensorflow":
    # Keras is there already, so its `load_model` is to find the classes of the package.
    from .gan import registered as registered


def __getattr__(name: str) -> Any:
    """Import a public name where it is first used: `import gumbel_gan` stays free of TensorFlow."""
    try:
        found = _attribute(name)
    except ModuleNotFoundError:
        check_backend()  # Keras may have looked for the package of another one
        raise
    set_log_level()  # TensorFlow sets its own as it is imported
    return found

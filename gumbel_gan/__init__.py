"""A GAN that learns a categorical distribution through the Gumbel-softmax trick."""

from importlib import import_module
from typing import Any

from .quiet import quiet_import

__version__ = "0.1.0"

_HOMES = {
    "config": ("Annealing", "Config", "Data", "Discriminator", "Generator", "Training"),
    "gumbel": ("RelaxedOneHotCategorical", "gumbel_max", "gumbel_noise"),
    "losses": ("LOSSES",),
    "schedules": ("schedule",),
    "estimators": (
        "ESTIMATORS",
        "Estimator",
        "Exact",
        "GappedStraightThrough",
        "GumbelRao",
        "GumbelSoftmax",
        "Pathwise",
        "Rebar",
        "ReinMax",
        "Reinforce",
        "Relax",
        "Rloo",
        "StGumbelSoftmax",
        "StraightThrough",
    ),
    "models": ("CategoricalGenerator", "LogisticDiscriminator", "MlpDiscriminator"),
    "gan": ("CategoricalGAN",),
    "smoothing": ("SMOOTHINGS", "Smoothing"),
    "regularisers": ("PENALTIES",),
    "optimizers": ("NaturalGradient",),
    "data": ("Stream", "dataset"),
    "sources": ("Distribution", "Drift", "Frequencies", "from_values", "grammar", "open_source"),
    "language": ("Strings",),
    "sequences": ("SequenceDiscriminator", "SequenceGenerator"),
    "metrics": ("max_abs_error", "total_variation"),
    "experiment": ("build", "run"),
    "plotting": ("error_heatmap",),
    "results": ("Run", "load"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    """Import a public name where it is first used, so that `import gumbel_gan` stays free of TensorFlow."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with quiet_import():
        module = import_module(f".{_HOME[name]}", __name__)
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])

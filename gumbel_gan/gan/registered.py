"""Imports what is registered with Keras, so that whatever was saved finds its class."""

from . import (
    columns,
    diagnostics,
    discriminators,
    estimators,
    game,
    generators,
    layers,
    optimizers,
    schedules,
    sequences,
    smoothing,
    views,
)

__all__ = [
    "columns",
    "diagnostics",
    "discriminators",
    "estimators",
    "game",
    "generators",
    "layers",
    "optimizers",
    "schedules",
    "sequences",
    "smoothing",
    "views",
]

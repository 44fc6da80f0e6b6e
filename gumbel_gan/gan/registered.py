"""Imports what is registered with Keras, so that whatever was saved finds its class."""

from . import (  # noqa: F401
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

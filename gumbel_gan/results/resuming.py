"""What may change when a run goes on."""

from dataclasses import replace

from ..config.config import Config
from .directory import config_yaml
from .written import parse


def check_resumed(own: Config, asked: Config) -> None:
    """Check that a run may go on with the settings that are asked for: its own, or more epochs.

    Its data may have moved; a checkpoint tells whether they are the same.

    Args:
        own: of the run.
        asked: for what it is resumed.

    Raises:
        ValueError: a setting differs from the run's own, or there are fewer epochs.
    """
    if asked.epochs < own.epochs:
        raise ValueError(f"epochs: received {asked.epochs}, below the run's own {own.epochs}: give more")
    moved = replace(asked.data, path=own.data.path) if asked.data.path and own.data.path else asked.data
    alike = replace(asked, epochs=own.epochs, data=moved)
    mine, other = (parse(config_yaml(one)) for one in (own, alike))
    for key in mine:
        if mine[key] != other[key]:
            inner = isinstance(mine[key], dict)
            part = next(k for k in mine[key] if mine[key][k] != other[key][k]) if inner else None
            received, expected = (one[key][part] if inner else one[key] for one in (other, mine))
            raise ValueError(
                f"{key}{f'.{part}' if inner else ''}: received {received} to resume a run with {expected}: "
                "leave it out, or train in another directory"
            )

"""A result that no training has found, for tests of what becomes of results."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from gumbel_gan.config.config import Config
from gumbel_gan.data.columns import Column
from gumbel_gan.data.fidelity import fidelity
from gumbel_gan.gan.discriminators import LogisticDiscriminator
from gumbel_gan.gan.generators import CategoricalGenerator
from gumbel_gan.results.result import Result
from gumbel_gan.results.storing import load, save


def made_up(
    categories: int = 5, runs: int = 2, epochs: int = 4, labels: list[str] | None = None, **more: Any
) -> Result:
    random = np.random.default_rng(0)
    target = random.dirichlet(np.ones(categories))
    result = Result(
        config=Config(runs=runs, epochs=epochs, seed=3),
        labels=tuple(labels or map(str, range(categories))),
        target_is="given",
        epochs=np.arange(1, epochs + 1),
        probabilities=np.empty(0),
        targets=np.empty(0),
        metrics={
            "max_abs_error": random.random((epochs, runs)),
            "total_variation": random.random((epochs, runs)),
        },
        learned=random.dirichlet(np.ones(categories), runs).astype(np.float32),
        averaged=random.dirichlet(np.ones(categories), runs),
        counted=random.dirichlet(np.ones(categories), runs),
        target=target,
        optimizer_steps=11,
        compile_seconds=1.5,
        train_seconds=0.25,
        **more,
    )
    full = random.dirichlet(np.ones(categories), (epochs, runs)).astype(np.float32)
    result.probabilities = result.readable(full)
    result.targets = np.tile(result.readable(target), (epochs, 1))
    return result


def gan_of(result: Result) -> Any:
    """Networks of the result's size, in place of a GAN."""
    size = (len(result.target), result.runs)
    return SimpleNamespace(generator=CategoricalGenerator(*size), discriminator=LogisticDiscriminator(*size))


def saved(result: Result, directory: Path) -> Result:
    """The result, written and read."""
    result.gan = gan_of(result)
    save(result, str(directory))
    return load(str(directory))


def of_rows(kind: str = "rows") -> Result:
    """A result of a table of two columns."""
    columns = (Column("a", ("x", "y")), Column("b", ("0", "1", "2"), "integer"))
    random = np.random.default_rng(0)
    train, drawn = (random.integers((2, 3), size=(50, 2)).astype(np.int32) for _ in range(2))
    found = {**fidelity(train, train, drawn, (2, 3)), "discriminator_auc": 0.5}
    split = {"training": 50, "stopping": 5, "held_out": 5, "digest": "", "counted": {"Chow-Liu tree": -1.5}}
    return made_up(6, kind=kind, columns=columns, fidelity=(found, found), split=split)

"""`python -m gumbel_gan.gradients`: bias and noise of every gradient estimator, measured."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .config.catalogue import ESTIMATORS
from .laboratory.bias import COLUMNS, POINTS, TEMPERATURES, Point, cell, measure, printed, settings_of
from .quiet import loading
from .results.directory import made_directory
from .results.files import write_table
from .results.result import Result
from .results.storing import load
from .terminal.messages import fail
from .terminal.parser import Parser
from .terminal.progress import shown
from .terminal.signals import heard
from .terminal.streams import say, steady


def parser() -> Parser:
    """The options of the command."""
    options = Parser(
        prog="python -m gumbel_gan.gradients",
        description="Measure bias, standard deviation and more of every gradient estimator, relative to the "
        "length of the exact gradient, for batches of ten, over temperatures.",
    )
    options.add_argument("--output", default="runs/gradients", help="directory for gradients.csv and .png")
    options.add_argument("--logits", type=list[float], help="a point of your own: logits, as [0,1,2]")
    options.add_argument("--kernel", type=list[float], help="and the kernel of its loss softplus(-kernel.x)")
    options.add_argument(
        "--run", help="or the learned logits and discriminator of a finished run (of its first)"
    )
    options.add_argument(
        "--estimators", type=list[str], help="those to measure, module:Class of your own, too (default: all)"
    )
    options.add_argument("--options", type=dict, help="of estimators of your own, as '{scale: 2}'")
    options.add_argument("--temperatures", type=list[float], default=list(TEMPERATURES), help="to measure at")
    options.add_argument(
        "--draws", type=int, default=400_000, help="samples for each number, in batches of ten"
    )
    options.add_argument("--conditional_draws", type=int, default=100, help="of gumbel_rao's noise")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write, draw."""
    steady()
    given = parser().parse_args(arguments)
    try:
        _check(given)
        result = load(given.run) if given.run else None
        if result is not None and result.source.stream != "categories":
            raise ValueError(
                f"run: received {given.run}, of {result.source.stream}: give one of single categories"
            )
        made_directory(given.output)
        with loading():
            from .figures.measurements import gradient_figure
            from .figures.style import save_figure
            from .gan import estimators  # noqa: F401  (imports TensorFlow here)

            for name in given.estimators or ():
                ESTIMATORS.load(name, "estimators")
            points = _points(given, result)
    except ValueError as error:
        fail(str(error), 2)
    rows: list[dict[str, Any]] = []
    settings = settings_of(given.temperatures, given.estimators)
    with heard() as signals, shown() as progress:
        for point in points:
            for row in measure(point, settings, given.draws, given.conditional_draws, given.options):
                rows.append(row)
                progress(len(rows), len(points) * len(settings), f"point {point.name}: {row['estimator']}")
                if signals.stopping.is_set():
                    fail("interrupted; nothing was written", signals.status)
    table = ([cell(row[column]) for column in COLUMNS] for row in rows)
    path = write_table(given.output, "gradients.csv", COLUMNS, table)
    picture = save_figure(gradient_figure(rows), given.output, "gradients.png")
    say("\n".join(printed(rows)))
    say(f"{path}, {picture}")


def _points(given: Any, result: Result | None) -> Sequence[Point]:
    """Where to measure: at a finished run, at a point that was given, or at the two of the toy."""
    if result is not None:
        logits = result.generator.logits.numpy()[0]
        return [Point("run", logits, discriminate=result.discriminator.of_run(0))]
    if given.logits:
        return [Point("given", np.array(given.logits), np.array(given.kernel))]
    return POINTS


def _check(given: Any) -> None:
    if (given.logits is None) != (given.kernel is None):
        raise ValueError("logits, kernel: received one without the other: give both")
    if given.logits is not None and (len(given.logits) != len(given.kernel) or len(given.logits) < 2):
        raise ValueError(
            f"logits, kernel: received {len(given.logits)} and {len(given.kernel)} numbers: "
            "give as many of each, at least two"
        )
    if given.logits is not None and given.run:
        raise ValueError("run: received with logits: give one of the two")
    for name in given.estimators or ():
        ESTIMATORS.check("estimators", name)
    for name in ("draws", "conditional_draws"):
        if getattr(given, name) < 1:
            raise ValueError(f"{name}: received {getattr(given, name)}: give a number above zero")
    if bad := [t for t in given.temperatures if not 0 < t < np.inf]:
        raise ValueError(f"temperatures: received {bad[0]}: give numbers above zero")
    if not np.isfinite([*(given.logits or []), *(given.kernel or [])]).all():
        raise ValueError("logits, kernel: received a number that is not finite: give finite ones")


if __name__ == "__main__":
    main()

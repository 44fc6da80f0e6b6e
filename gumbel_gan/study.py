"""`python -m gumbel_gan.study`: train a grid of settings, many runs each, and compare them.

Finished cells are kept in the output directory by their settings, so a study that was stopped goes on where
it was. `--cluster` trains them on the workers of a Dask cluster. `laboratory/grid.py` says what a study file
holds.
"""

import os
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

from .config.checks import one_line
from .laboratory import cluster
from .laboratory.apart import CELLS, Ended, apart
from .laboratory.cells import Cell, restore
from .laboratory.grid import read
from .laboratory.report import cells_of_others, summary, write_report
from .laboratory.study import here, train_all
from .quiet import loading
from .results.directory import made_directory
from .results.written import ready_made
from .terminal.messages import fail, show_warnings
from .terminal.parser import Parser, load_own
from .terminal.progress import Progress, shown
from .terminal.signals import heard, ignore_interrupts
from .terminal.streams import steady
from .training.progress import CutShort


def parser() -> Parser:
    """The options of the command."""
    options = Parser(
        prog="python -m gumbel_gan.study", description="Train a grid of settings and compare them."
    )
    options.add_argument("study", help="a study, or a training's settings, as YAML")
    options.add_argument(
        "--vary", action="append", help="KEY=[a,b,...], more than once for a grid; KEY=a fixes a setting"
    )
    options.add_argument(
        "--runs", help="runs of each cell, or auto: what fits the memory (default: the study's own, or 64)"
    )
    options.add_argument("--epochs", type=int, help="epochs of each cell (default: the study's own)")
    options.add_argument("--output", help="directory for the results (default: studies/NAME)")
    options.add_argument(
        "--cluster", help="address of a Dask scheduler, or local: a worker for each core (default: none)"
    )
    options.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, train what is not trained yet, write, print, draw."""
    steady()
    given = parser().parse_args(arguments)
    show_warnings()
    name = os.path.splitext(os.path.basename(given.study))[0]
    directory = given.output or os.path.join("studies", name)
    kept = os.path.join(directory, "cells")
    try:
        kind, cells = read(
            ready_made(given.study), given.vary or [], {"runs": _number(given.runs), "epochs": given.epochs}
        )
        for cell in cells:
            load_own(cell.own_parts, *cell.side_by_side)
        made_directory(kept)
        strangers = cells_of_others(directory, cells)
    except ValueError as error:
        fail(str(error), 2)
    todo = [cell for cell in cells if not restore(cell, kept)]
    with shown(quiet=given.quiet) as progress:
        if len(todo) < len(cells):
            again = len(cells) - len(todo)
            progress.say(
                f"{again} of {len(cells)} cells are kept from before in {kept}: remove it to repeat them"
            )
        if strangers:
            progress.say(
                f"study.csv in {directory} held {strangers} other cells, and will hold this study's: theirs "
                f"stay in {kept}, and their own command writes the table again"
            )
        status, stopped = _train(todo, kept, given.cluster, progress) if todo else (0, "")
    write_report(directory, kind, cells)
    progress.say("\n".join(summary(cells)))
    written = sorted(set(os.listdir(directory)) - {"cells"})
    progress.say(f"Results in {directory}: {', '.join(written)}")
    trained = [cell for cell in cells if cell.columns is not None]
    if stopped:
        so_far = f"{len(trained)} of {len(cells)} cells are finished and kept in {directory}"
        fail(f"{stopped}; {so_far}: the same command goes on from there", status)
    if len(trained) < len(cells):
        others = f"; the others are in {directory}" if trained else ""
        fail(f"{len(cells) - len(trained)} of {len(cells)} cells failed{others}", 1)


def _number(runs: str | None) -> int | str | None:
    if runs is None or runs == "auto":
        return runs
    try:
        return int(runs)
    except ValueError:
        raise ValueError(f"runs: received {runs!r}: give a whole number, or auto") from None


def _train(cells: Sequence[Cell], kept: str, address: str | None, progress: Progress) -> tuple[int, str]:
    """Train the cells; the exit status, and why it ended early if it did."""
    many = len(cells) > CELLS
    alone: Any = partial(apart, prepare=ignore_interrupts) if many else here
    workers: Any = cluster.workers(address) if address else nullcontext(alone)
    with heard() as signals:
        try:
            with workers as work:
                if not address and not many:
                    with loading(*cells[0].side_by_side):
                        import tensorflow  # noqa: F401
                train_all(cells, kept, work, progress, progress.say, signals.stopping)
        except ValueError as error:
            fail(str(error), 2)
        except ConnectionError as error:
            return 1, f"cluster: {error}"
        except Ended as error:
            return 1, str(error)
        except OSError as error:
            return 1, f"output: cannot write to {kept} ({one_line(error)})"
        except CutShort:
            return signals.status, "interrupted"
    return 0, ""


if __name__ == "__main__":
    main()

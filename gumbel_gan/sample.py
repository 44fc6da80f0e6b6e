"""`python -m gumbel_gan.sample DIR`: draw from the distribution that a finished run has learned."""

import csv
import json
import re
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial

from .config.catalogue import SAMPLED
from .config.checks import check_count
from .data.columns import in_table
from .quiet import loading
from .results.files import LineFeeds
from .results.metrics import total_variation
from .results.result import Result
from .results.rows import Drawn, csv_cells
from .results.storing import load
from .terminal.messages import fail, show_warnings
from .terminal.parser import Parser
from .terminal.streams import say, silence, steady

FEW_DRAWS = 100
"""Weighted draws below which rows repeat too often."""


def parser() -> Parser:
    """The options of the command."""
    options = Parser(prog="python -m gumbel_gan.sample", description="Draw hard samples from a finished run.")
    options.add_argument("directory", help="output directory of a training")
    options.add_argument("-n", "--samples", type=int, default=10, help="how many")
    options.add_argument(
        "--of",
        choices=tuple(SAMPLED),
        help="the average over the late steps, or the last step (default: the average; for strings and "
        "moving targets the last step)",
    )
    options.add_argument("--run", type=int, default=0, help="which of the runs")
    options.add_argument("--seed", type=int, default=0, help="seed of the draws")
    options.add_argument(
        "--given",
        action="append",
        default=[],
        metavar="COLUMN=CATEGORY,...",
        help="of tables: categories that all rows have, as region=north,age=18-24",
    )
    options.add_argument(
        "--format", choices=("lines", "csv", "json"), help="what to print (default: lines, and csv of tables)"
    )
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Load, draw, print labels; what they were drawn from is said on standard error."""
    steady()
    show_warnings()
    given = parser().parse_args(arguments)
    try:
        check_count("samples", given.samples)
        result = load(given.directory)
        conditions = parsed(given.given)
        if result.columns:
            if given.format == "lines":
                raise ValueError("format: received lines for a table: give csv or json")
            if given.of == "averaged":
                result.probabilities_of("averaged")  # refused
            with loading():
                drawn = result.draw_rows(given.samples, conditions, given.run, given.seed % 2**63)
            told, write = _of_rows(result, drawn, given.run), partial(_print_rows, result, drawn)
        else:
            of = given.of or result.default_of
            strings = result.classes is not None
            with loading() if strings else nullcontext():
                samples = result.sample(given.samples, of, given.run, given.seed % 2**63, conditions)
            told, write = _of_labels(result, of, given.run), partial(_print, samples.tolist())
    except ValueError as error:
        fail(str(error), status=2)
    for line in told:
        say(f"gumbel_gan: {line}", sys.stderr)
    try:
        write(given.format)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has read enough, as `head` does
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        fail(f"cannot write the samples ({error.strerror})", status=1)


def parsed(given: Sequence[str]) -> dict[str, str]:
    """What is given, by the names of columns.

    Raises:
        ValueError: something is not of the form COLUMN=CATEGORY.
    """
    found: dict[str, str] = {}
    for text in given:
        for pair in re.split(r",(?=[^,=]+=)", text):  # a category may hold commas
            column, equals, category = pair.partition("=")
            if not equals:
                raise ValueError(f"given: received {pair!r}: give COLUMN=CATEGORY, as region=north,age=18-24")
            if column.strip() in found:
                raise ValueError(f"given: received {column.strip()!r} twice: give each column once")
            found[column.strip()] = category.strip()
    return found


def _of_rows(result: Result, drawn: Drawn, run: int) -> list[str]:
    """What rows were drawn from."""
    best = float(result.metrics[result.shown_score][result.kept_epoch(run) - 1, run])
    part = "held-out" if result.shown_score.startswith("held") else "training"
    lines = [f"drawn from run {run}, at a log-likelihood of {best:.3f} nats for a {part} row"]
    if drawn.effective is not None:
        lines.append(f"what is given was weighted: an effective number of {drawn.effective:,.0f} draws")
        if drawn.effective < FEW_DRAWS:
            lines.append(
                f"warning: below {FEW_DRAWS} draws rows repeat, and their shares are rough: give fewer "
                "columns, or train with these columns first in data.columns"
            )
    return lines


def _of_labels(result: Result, of: str, run: int) -> list[str]:
    """What labels were drawn from."""
    distance, last = (
        total_variation(result.probabilities_of(which), result.target)[run] for which in (of, "last")
    )
    nearer = f"; the last step is nearer, {last:.4f}: --of last" if last < distance else ""
    averaged = ", by the moving average of its weights" if result.config.generator.ema is not None else ""
    return [
        f"drawn from {SAMPLED[of].summary} of run {run}{averaged}, at a total variation of "
        f"{distance:.4f} from the target{nearer}"
    ]


def _print_rows(result: Result, drawn: Drawn, style: str | None) -> None:
    if style == "json":
        ordered = in_table(result.columns)
        names, values = [column.name for _, column in ordered], [column.values for _, column in ordered]
        rows = (
            {n: v[code] for n, v, code in zip(names, values, row, strict=True)}
            for row in drawn.codes[:, [place for place, _ in ordered]].tolist()
        )
        print(json.dumps(list(rows), ensure_ascii=False))
        return
    names, cells = csv_cells(result.columns, drawn.codes)
    table = csv.writer(LineFeeds(sys.stdout), lineterminator="\r\n")  # a label may hold either
    table.writerow(names)
    table.writerows(cells)


def _print(samples: list[str], style: str | None) -> None:
    if style == "json":
        print(json.dumps(samples, ensure_ascii=False))
        return
    if style == "csv":
        table = csv.writer(LineFeeds(sys.stdout), lineterminator="\r\n")  # a label may hold either
        table.writerows([["label"], *([label] for label in samples)])
        return
    print("\n".join(samples))


if __name__ == "__main__":
    main()

"""`python -m gumbel_gan.sample DIR`: draw from the distribution that a finished run has learned."""

import csv
import json
import os
import sys
from collections.abc import Sequence

from .quiet import loading
from .results.storing import load
from .terminal.messages import fail
from .terminal.parser import Parser


def parser() -> Parser:
    """The options of the command."""
    options = Parser(prog="python -m gumbel_gan.sample", description="Draw hard samples from a finished run.")
    options.add_argument("directory", help="output directory of a training")
    options.add_argument("-n", "--samples", type=int, default=10, help="how many")
    options.add_argument("--run", type=int, default=0, help="of which run")
    options.add_argument("--seed", type=int, default=0, help="of the noise")
    options.add_argument("--format", choices=("lines", "csv", "json"), default="lines", help="what to print")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Load, draw by Gumbel-max, print labels."""
    given = parser().parse_args(arguments)
    try:
        result = load(given.directory)
        if given.samples < 1:
            raise ValueError(f"samples: received {given.samples}: give a number above zero")
        if not 0 <= given.run < result.runs:
            there_are = f"0 to {result.runs - 1}" if result.runs > 1 else "the only one, 0"
            raise ValueError(f"run: received {given.run}: give {there_are}")
        with loading():
            generator = result.generator
    except ValueError as error:
        fail(str(error), status=2)
    samples = generator.sample(given.samples, seed=(given.seed % 2**31, 0)).numpy()[given.run]
    try:
        _print(generator.names(samples, result.labels), given.format)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has read enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print(samples: list[str], style: str) -> None:
    if style == "json":
        print(json.dumps(samples, ensure_ascii=False))
        return
    if style == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows([["label"], *([label] for label in samples)])
        return
    print("\n".join(samples))


if __name__ == "__main__":
    main()

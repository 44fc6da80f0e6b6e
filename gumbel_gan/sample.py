"""`python -m gumbel_gan.sample DIR`: draw from the distribution that a finished run has learned."""

import csv
import json
import sys
from collections.abc import Sequence

from .config.catalogue import SAMPLED
from .config.checks import check_count
from .quiet import loading
from .results.files import LineFeeds
from .results.metrics import total_variation
from .results.storing import load
from .terminal.messages import fail, show_warnings
from .terminal.parser import Parser
from .terminal.streams import say, silence, steady


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
    options.add_argument("--format", choices=("lines", "csv", "json"), default="lines", help="what to print")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Load, draw, print labels; what they were drawn from is said on standard error."""
    steady()
    show_warnings()
    given = parser().parse_args(arguments)
    try:
        check_count("samples", given.samples)
        result = load(given.directory)
        of = given.of or result.default_of
        if result.classes is not None:
            with loading():
                samples = result.sample(given.samples, of, given.run, given.seed % 2**63)
        else:
            samples = result.sample(given.samples, of, given.run, given.seed % 2**63)
    except ValueError as error:
        fail(str(error), status=2)
    distance, last = (
        total_variation(result.probabilities_of(which), result.target)[given.run] for which in (of, "last")
    )
    nearer = f"; the last step is nearer, {last:.4f}: --of last" if last < distance else ""
    averaged = ", by the moving average of its weights" if result.config.generator.ema is not None else ""
    say(
        f"gumbel_gan: drawn from {SAMPLED[of].summary} of run {given.run}{averaged}, at a total variation of "
        f"{distance:.4f} from the target{nearer}",
        sys.stderr,
    )
    try:
        _print(samples.tolist(), given.format)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has read enough, as `head` does
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        fail(f"cannot write the samples ({error.strerror})", status=1)


def _print(samples: list[str], style: str) -> None:
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

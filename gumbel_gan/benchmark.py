"""`python -m gumbel_gan.benchmark`: what an optimizer step costs, here and elsewhere; how the cost grows."""

from collections.abc import Sequence

from .laboratory import products, timing
from .laboratory.peers import MOST_RUNS, PEERS
from .results.directory import made_directory
from .results.files import write_table
from .terminal.messages import fail
from .terminal.parser import Parser
from .terminal.progress import shown
from .terminal.signals import heard
from .terminal.streams import say, steady
from .training.progress import CutShort


def parser() -> Parser:
    """The options of the command."""
    options = Parser(
        prog="python -m gumbel_gan.benchmark",
        description="Time an optimizer step at the post's sizes, in this package and in others that "
        "are installed (pip install 'gumbel_gan[peers]'): warm, interleaved, medians. With --scale, time "
        "and memory of this package against K, R and B; with --products, an epoch of strings and one of rows "
        "beside their matrix products alone.",
    )
    options.add_argument("--runs", default="1,64,1024", help="numbers of runs side by side, as 1,64")
    options.add_argument("--repeats", type=int, default=7, help="timings of each, of which the median counts")
    instead = options.add_mutually_exclusive_group()
    instead.add_argument("--scale", action="store_true", help="measure how time and memory grow, instead")
    instead.add_argument("--products", action="store_true", help="measure what matrix products take, instead")
    options.add_argument("--output", default="runs/benchmark", help="directory for table and picture")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Time, print a table, write benchmark.csv and benchmark.png, or those of scale or products."""
    steady()
    given = parser().parse_args(arguments)
    try:
        runs = [int(number) for number in given.runs.split(",")]
        if min(runs) < 1 or max(runs) > MOST_RUNS or given.repeats < 1:
            raise ValueError
    except ValueError:
        would_do = f"give whole numbers above zero, of runs up to {MOST_RUNS:,}"
        fail(f"runs, repeats: received {given.runs!r}, {given.repeats}: {would_do}", 2)
    try:
        made_directory(given.output)
    except ValueError as error:
        fail(str(error), 2)
    with heard() as signals, shown() as progress:
        try:
            if given.scale:
                rows = timing.scale(progress.say, signals.stopping)
            elif given.products:
                rows = products.measure(progress.say, signals.stopping)
            else:
                rows = timing.compare(runs, given.repeats, progress.say, progress, signals.stopping)
        except CutShort:
            fail("interrupted; nothing was written", signals.status)
        except timing.LearnsElse as error:
            fail(str(error), 1)
    from .figures.measurements import benchmark_figure, products_figure, scale_figure
    from .figures.style import save_figure

    name = "scale" if given.scale else "products" if given.products else "benchmark"
    if given.scale:
        figure = scale_figure(rows)
    elif given.products:
        figure = products_figure(rows)
    else:
        say("\n".join(timing.printed(rows)))
        labels = {name: timing.labelled(name) for name in PEERS}
        figure = benchmark_figure(rows, labels, own="gumbel_gan")
    write_table(given.output, f"{name}.csv", list(rows[0]), (list(row.values()) for row in rows))
    save_figure(figure, given.output, f"{name}.png")
    say(f"Results in {given.output}: {name}.csv, {name}.png")


if __name__ == "__main__":
    main()

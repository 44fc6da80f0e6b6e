"""`python -m gumbel_gan.benchmark`: what an optimizer step costs, here and elsewhere; how the cost grows."""

import csv
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from .cli import Parser, fail
from .config import Config, Data, Training
from .peers import PEERS, Trainer
from .quiet import quiet_import

STEPS = 11
"""Optimizer steps for each batch: one of the discriminator, ten of the generator."""
CHECKED = 1_000
"""Batches after which all implementations must have learned the same."""


def parser() -> Parser:
    """The options of the command."""
    options = Parser(
        prog="python -m gumbel_gan.benchmark",
        description="Time an optimizer step at the post's sizes, in this package and in others that "
        "are installed (pip install 'gumbel_gan[peers]'): warm, interleaved, medians. With --scale, time "
        "and memory of this package against K, R and B.",
    )
    options.add_argument("--runs", default="1,64,1024", help="numbers of runs side by side, as 1,64")
    options.add_argument("--repeats", type=int, default=7, help="timings of each, of which the median counts")
    options.add_argument("--scale", action="store_true", help="measure how time and memory grow, instead")
    options.add_argument("--output", default="runs/benchmark", help="directory for table and picture")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Time, print a table, write benchmark.csv and benchmark.png, or scale.csv and scale.png."""
    given = parser().parse_args(arguments)
    try:
        runs = [int(number) for number in given.runs.split(",")]
        if min(runs) < 1 or given.repeats < 1:
            raise ValueError
    except ValueError:
        fail(f"runs, repeats: received {given.runs!r}, {given.repeats}: give whole numbers above zero", 2)
    try:
        os.makedirs(given.output, exist_ok=True)
    except OSError as error:
        fail(f"output: cannot write to {given.output} ({error.strerror}): give another directory", 2)
    if given.scale:
        rows, name = scale(), "scale"
    else:
        rows, name = compare(runs, given.repeats), "benchmark"
    from .plotting import benchmark_figure, save_figure, scale_figure
    from .results import write

    def fill(file: Any) -> None:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)

    write(given.output, f"{name}.csv", fill)
    save_figure((scale_figure if given.scale else benchmark_figure)(rows), given.output, f"{name}.png")
    print(f"Results in {given.output}: {name}.csv, {name}.png")


def compare(runs: Sequence[int], repeats: int) -> list[dict[str, Any]]:
    """Time all implementations there are, in turns; print and return a row for each number of runs."""

    def shown(text: str) -> None:
        if sys.stdout.isatty():
            print(f"\r\x1b[K{text}", end="", flush=True)

    shown("what should be learned")
    reference = _elsewhere("gumbel_gan", 256)(CHECKED)[0]  # [256, K]
    trainers: dict[tuple[str, int], Trainer] = {}
    for number in runs:
        for name, peer in PEERS.items():
            if number not in peer.runs:
                continue
            shown(f"{name}, {number} runs: compiled and checked")
            try:
                trainer = _elsewhere(name, number)
            except ImportError as error:
                print(f"\r{name}: skipped ({error})")
                continue
            _check(f"{name}, {number} runs", trainer(CHECKED)[0], reference)
            trainers[name, number] = trainer
    measured: dict[tuple[str, int], list[float]] = {key: [] for key in trainers}
    for repeat in range(repeats):
        for (name, number), trainer in trainers.items():
            shown(f"repeat {repeat + 1}/{repeats}: {name}, {number} runs")
            of_one = PEERS[name].batches
            few = min(of_one, 100)
            batches = max(of_one // int(number**0.7) // few * few, few)
            trainer(few)  # the first epoch after the others' turns takes up to a third longer
            seconds = trainer(batches)[1]
            measured[name, number].append(seconds / batches / STEPS / number * 1e6)
    ours = {number: float(np.median(measured["gumbel_gan", number])) for number in runs}
    rows: list[dict[str, Any]] = [
        {
            "implementation": name,
            "runs": number,
            "microseconds_per_run_step": round(float(np.median(values)), 4),
            "min": round(min(values), 4),
            "max": round(max(values), 4),
            "ratio": round(float(np.median(values)) / ours[number], 3),
        }
        for (name, number), values in measured.items()
    ]
    shown("")
    print(f"{'µs an optimizer step and run':<46}{'runs':>6}{'median':>10}{'min to max':>20}{'ratio':>9}")
    for row in rows:
        band = f"{row['min']:.3g} to {row['max']:.3g}"
        print(
            f"{PEERS[row['implementation']].label:<46}{row['runs']:>6}{row['microseconds_per_run_step']:>10.3g}"
            f"{band:>20}{row['ratio']:>9.3g}"
        )
    for number in runs:
        fit, epoch = (np.median(measured[name, number]) for name in ("gumbel_gan_fit", "gumbel_gan"))
        added = (fit - epoch) * number * 100 * STEPS / 1e3
        print(f"fit, callbacks and the stream add {added:.2f} ms an epoch at {number} runs")
    print(f"{_processor()}; {', '.join(_versions())}")
    return rows


def _elsewhere(name: str, runs: int) -> Trainer:
    """A trainer in a process of its own, where XLA has the flags that this package sets, or its defaults.

    Raises:
        ImportError: what it needs is not installed.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    context.Process(target=_serve, args=(there, name, runs), daemon=True).start()
    there.close()
    if (missing := here.recv()) is not None:
        raise ImportError(missing)

    def train(batches: int) -> tuple[np.ndarray, float]:
        here.send(batches)
        return here.recv()

    return train


def _serve(pipe: Any, name: str, runs: int) -> None:
    try:
        with quiet_import(runs if name.startswith("gumbel_gan") else None, PEERS[name].programs):
            trainer = PEERS[name].make(runs)
    except ImportError as error:
        pipe.send(str(error))
        return
    pipe.send(None)
    while True:
        try:
            batches = pipe.recv()
        except EOFError:  # the benchmark is over
            return
        pipe.send(trainer(batches))


def _check(name: str, learned: np.ndarray, reference: np.ndarray) -> None:
    """Refuse to time what learns something else: means over runs, within six standard errors."""
    error = reference.std(0, ddof=1) * np.sqrt(1 / len(learned) + 1 / len(reference))
    off = np.abs(learned.mean(0) - reference.mean(0)) / error
    if not (off < 6).all():
        fail(f"{name} learns {learned.mean(0).round(3)}, not {reference.mean(0).round(3)}: not timed", 1)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            name = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def _versions() -> list[str]:
    found = [f"python {platform.python_version()}"]
    for package in ("tensorflow", "tensorflow-probability", "keras", "numpy", "jax", "torch"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return found


def scale() -> list[dict[str, Any]]:
    """Time and memory of this package against K, R and B, one at a time; print and return them."""
    ladders = {
        "categories": [5, 100, 1_000, 10_000, 100_000, 1_000_000],
        "runs": [1, 4, 16, 64, 256, 1_024, 4_096],
        "batch_size": [1, 10, 100, 1_000, 10_000],
    }
    rows: list[dict[str, Any]] = []
    print(f"{'':<12}{'':>10}{'ms a batch':>14}{'memory, MB':>14}")
    for axis, values in ladders.items():
        for value in values:
            sizes = {"categories": 5, "runs": 1, "batch_size": 10, axis: value}
            with multiprocessing.get_context("spawn").Pool(1) as process:  # so that memory is its own
                seconds, taken = process.apply(_one_size, (sizes,))
            rows.append(
                {
                    "axis": axis,
                    "value": value,
                    "milliseconds_per_batch": round(seconds * 1e3, 5),
                    "megabytes": round(taken / 1e6, 1),
                }
            )
            print(f"{axis:<12}{value:>10,}{seconds * 1e3:>14.4g}{taken / 1e6:>14.1f}")
        of_axis = [row for row in rows if row["axis"] == axis][-3:]
        x, y = (np.log([row[name] for row in of_axis]) for name in ("value", "milliseconds_per_batch"))
        print(f"{axis}: time grows as their power {np.polyfit(x, y, 1)[0]:.2f}, over the last three")
    return rows


def _most_memory() -> int:
    """Of this process, bytes: Linux' resident high-water mark (`getrusage` would tell the parent's, too)."""
    with open("/proc/self/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def _one_size(sizes: dict[str, int]) -> tuple[float, int]:
    """Seconds a batch, and the most memory it took beyond that of a process with TensorFlow, bytes."""
    with quiet_import(sizes["runs"]):
        import tensorflow as tf

        from . import experiment
        from .data import Stream
        from .sources import open_source

    before = _most_memory()
    data = Data(law="zipf", categories=sizes["categories"])
    batches = max(1, min(100, 1_000_000 // (10 * max(sizes.values()))))
    training = Training(batch_size=sizes["batch_size"], batches=batches)
    gan = experiment.build(Config(runs=sizes["runs"], data=data, training=training), sizes["categories"])
    stream = Stream(open_source(data), runs=sizes["runs"], batches=batches, batch_size=training.batch_size)
    epoch = tf.function(gan.train_step, jit_compile=True)
    integers = tf.constant(stream.epoch(0))
    epoch(integers)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        epoch(integers)["generator_loss"].numpy()
        times.append(time.perf_counter() - start)
    return float(np.median(times)) / batches, _most_memory() - before


if __name__ == "__main__":
    main()

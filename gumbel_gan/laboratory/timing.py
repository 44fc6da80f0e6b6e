"""What an optimizer step costs, here and elsewhere, and how the cost grows."""

import multiprocessing
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from threading import Event
from typing import Any

import numpy as np

from ..config.config import Config, Training
from ..config.data import Data
from ..data.opening import open_source
from ..data.stream import Stream
from ..quiet import loading
from ..training.progress import CutShort, Told, not_told
from .peers import PEERS, K, Trainer

STEPS = 11
"""Optimizer steps for each batch: one of the discriminator, ten of the generator."""
CHECKED = 1_000
"""Batches after which all implementations must have learned the same."""


LIMITS = (
    ("gumbel_gan", "scalar_c", "the compiled epoch", "scalar C"),
    ("gumbel_gan", "vectorised_c", "the compiled epoch", "vectorised C on one core"),
    ("gumbel_gan_cores", "vectorised_c_cores", "a compiled epoch per core", "vectorised C on all cores"),
)
"""What is compared with what may be reached."""


QUIETLY: dict[str, Any] = {"capture_output": True, "text": True, "check": False}


class LearnsElse(ArithmeticError):
    """An implementation learns something else than this package, so that its time means nothing."""


def compare(
    runs: Sequence[int],
    repeats: int,
    said: Callable[[str], Any] = print,
    progress: Told = not_told,
    stopping: Event | None = None,
) -> list[dict[str, Any]]:
    """Time all implementations there are, in turns.

    Args:
        runs: numbers of runs side by side.
        repeats: timings of each, of which the median counts.
        said: is told what is left out, as a line.
        progress: is told of every timing.
        stopping: a flag that ends it early.

    Returns:
        A row of benchmark.csv for each implementation and number of runs.

    Raises:
        LearnsElse: an implementation learns something else.
        CutShort: the flag was set before it was done.
    """
    reference = elsewhere("gumbel_gan", 256)(CHECKED)[0]  # [256, K]
    trainers = _checked(runs, reference, said, progress)
    measured: dict[tuple[str, int], list[float]] = {key: [] for key in trainers}
    for repeat in range(repeats):
        for done, ((name, number), trainer) in enumerate(trainers.items()):
            if stopping is not None and stopping.is_set():
                raise CutShort
            at = repeat * len(trainers) + done
            progress(at, repeats * len(trainers), f"repeat {repeat + 1}: {name}, {number} runs")
            measured[name, number].append(_microseconds(name, number, trainer))
    progress(1, 1, "")
    ours = {number: float(np.median(measured["gumbel_gan", number])) for number in runs}
    return [
        {
            "implementation": name,
            "device": PEERS[name].device,
            "machine": machine(PEERS[name].device),
            "runs": number,
            "microseconds_per_run_step": round(float(np.median(values)), 4),
            "min": round(min(values), 4),
            "max": round(max(values), 4),
            "ratio": round(float(np.median(values)) / ours[number], 3),
        }
        for (name, number), values in measured.items()
    ]


def _checked(
    runs: Sequence[int], reference: np.ndarray, said: Callable[[str], Any], progress: Told
) -> dict[tuple[str, int], Trainer]:
    """Trainers by implementation and runs, each compiled, and seen to learn the same."""
    wanted = [(name, number) for number in runs for name, peer in PEERS.items() if number in peer.runs]
    trainers: dict[tuple[str, int], Trainer] = {}
    for done, (name, number) in enumerate(wanted):
        progress(done, len(wanted), f"{name}, {number} runs: compiled and checked")
        try:
            trainer = elsewhere(name, number)
        except ImportError as error:
            said(f"{name}: skipped ({error})")
            continue
        _check(f"{name}, {number} runs", trainer(CHECKED)[0], reference)
        trainers[name, number] = trainer
    return trainers


def _microseconds(name: str, runs: int, trainer: Trainer) -> float:
    """A step and run, timed once."""
    of_one = PEERS[name].batches
    few = min(of_one, 100)
    batches = max(of_one // int(runs**0.7) // few * few, few)
    trainer(few)  # the first epoch after the others' turns takes longer
    return trainer(batches)[1] / batches / STEPS / runs * 1e6


def printed(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The rows of benchmark.csv as lines for a terminal, with what `fit` adds, the processor and versions."""
    yield f"{'µs per optimizer step and run':<46}{'runs':>6}{'median':>10}{'min to max':>20}{'ratio':>9}"
    by_name = {(row["implementation"], row["runs"]): row["microseconds_per_run_step"] for row in rows}
    for row in rows:
        band = f"{row['min']:.3g} to {row['max']:.3g}"
        yield (
            f"{labelled(row['implementation']):<46}{row['runs']:>6}{row['microseconds_per_run_step']:>10.3g}"
            f"{band:>20}{row['ratio']:>9.3g}"
        )
    for number in dict.fromkeys(row["runs"] for row in rows):
        for device in ("", "_gpu"):
            if f"gumbel_gan_fit{device}" in {name for name, runs in by_name if runs == number}:
                alone = by_name[f"gumbel_gan{device}", number]
                added = by_name[f"gumbel_gan_fit{device}", number] - alone
                milliseconds = added * number * 100 * STEPS / 1e3
                yield (
                    f"fit, callbacks and the stream add {milliseconds:.2f} ms an epoch at {number} runs"
                    f"{' on the GPU' if device else ''}, {added / alone:.0%}"
                )
        for ours, limit, our_name, its_name in LIMITS:
            if (ours, number) in by_name and (limit, number) in by_name:
                times = by_name[ours, number] / by_name[limit, number]
                yield f"{our_name} takes {times:.2f} times as long as {its_name}, at {number} runs"
    yield f"{processor()}; {', '.join(versions())}"


def labelled(name: str) -> str:
    """What an implementation is, and where it does not run on the CPU."""
    peer = PEERS[name]
    return peer.label if peer.device == "CPU" else f"{peer.label}, {peer.device}"


def elsewhere(name: str, runs: int) -> Trainer:
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
        learned, seconds = here.recv()
        return learned, seconds

    return train


def _serve(pipe: Any, name: str, runs: int) -> None:
    try:
        ours = name.startswith("gumbel_gan")
        with loading(*((runs, PEERS[name].programs, K) if ours else ())):
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
        raise LearnsElse(
            f"{name} learns {learned.mean(0).round(3)}, not {reference.mean(0).round(3)}: not timed"
        )


@cache
def machine(device: str) -> str:
    """What a device is: the processor's name and its cores, or the GPU's name."""
    if device == "CPU":
        return processor()
    told = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], **QUIETLY)
    return told.stdout.splitlines()[0] if told.stdout else "a GPU"


def processor() -> str:
    """The processor's name and its cores."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            name = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def versions() -> list[str]:
    """Python and the packages that are compared, with their versions."""
    found = [f"python {platform.python_version()}"]
    for package in ("tensorflow", "tensorflow-probability", "keras", "numpy", "jax", "torch"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return found


LADDERS = {
    "categories": [5, 100, 1_000, 10_000, 100_000, 1_000_000],
    "runs": [1, 4, 16, 64, 256, 1_024, 4_096],
    "batch_size": [1, 10, 100, 1_000, 10_000],
}


def scale(said: Callable[[str], Any] = print, stopping: Event | None = None) -> list[dict[str, Any]]:
    """Time and memory of this package against K, R and B, one at a time.

    Args:
        said: is told every line of the table.
        stopping: a flag that ends it early.

    Returns:
        Rows of scale.csv.

    Raises:
        CutShort: the flag was set before it was done.
    """
    rows: list[dict[str, Any]] = []
    said(f"{'':<12}{'':>10}{'ms per batch':>14}{'memory, MB':>14}")
    for axis, values in LADDERS.items():
        for value in values:
            if stopping is not None and stopping.is_set():
                raise CutShort
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
            said(f"{axis:<12}{value:>10,}{seconds * 1e3:>14.4g}{taken / 1e6:>14.1f}")
        of_axis = [row for row in rows if row["axis"] == axis][-3:]
        x, y = (np.log([row[name] for row in of_axis]) for name in ("value", "milliseconds_per_batch"))
        said(f"{axis}: time grows as their power {np.polyfit(x, y, 1)[0]:.2f}, over the last three")
    return rows


def _most_memory() -> int:
    """Of this process, bytes: Linux' resident high-water mark (`getrusage` would tell the parent's, too)."""
    with open("/proc/self/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))


def _one_size(sizes: dict[str, int]) -> tuple[float, int]:
    """Seconds a batch, and the most memory it took beyond that of a process with TensorFlow, bytes."""
    with loading(sizes["runs"], categories=sizes["categories"]):
        import tensorflow as tf

        from ..training.build import build

    before = _most_memory()
    data = Data(law="zipf", categories=sizes["categories"])
    batches = max(1, min(100, 1_000_000 // (10 * max(sizes.values()))))
    training = Training(batch_size=sizes["batch_size"], batches=batches)
    gan = build(Config(runs=sizes["runs"], data=data, training=training), sizes["categories"])
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

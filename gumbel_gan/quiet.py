"""TensorFlow, imported without the chatter that it prints as it starts, and by commands sooner."""

import contextlib
import gc
import logging
import os
import sys
from collections.abc import Iterator


def set_log_level() -> None:
    """Ask TensorFlow for errors only; a level that is set already stays.

    This is all that the package does to a program that imports it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its advice is for its own programmers


FEW_NUMBERS = 1_000
"""Categories of all runs: where there are no more, a second thread takes longer to wake than it saves."""


@contextlib.contextmanager
def loading(runs: int | None = None, programs: int = 1, categories: int | None = None) -> Iterator[None]:
    """Import TensorFlow in this context, in a process that belongs to a command.

    What it prints as it starts is thrown away, XLA is set up, and the garbage collector is left out.

    Args:
        runs: of the generators of categories to be trained, side by side, for which XLA is set up; None
            leaves XLA as it is.
        programs: which share the runs; several of them have a thread each.
        categories: K, if that is known; of a few runs of a few, the program has one thread.
    """
    set_log_level()
    first = "tensorflow" not in sys.modules
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # or one program takes all of a GPU's memory
    if first and runs is not None:
        _set_up_xla(-(-runs // programs))
        few = categories is not None and runs * categories <= FEW_NUMBERS
        if programs > 1 or few:
            os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere, _uncollected() if first else contextlib.nullcontext():
            os.dup2(nowhere.fileno(), 2)  # some of it is written to the file descriptor itself
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """What is made here stays for good, and no garbage is looked for in it: that spares a second or more."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


def _set_up_xla(runs: int) -> None:
    """Set the flags that XLA reads once, when it is first used; those that are set already stay.

    - Up to 15 runs: the older code generator, which is faster for a few runs and much slower for many.
    - From 16 to 47 runs: no loop along the runs is written out, since LLVM makes no vectors of what is.
    - From 32 runs on, and with 16 and 24, two vectors at a time, as noise is a chain of operations that wait
      for each other.
    - Vectors of 512 bits where the processor has them, and XLA prefers 256.

    None of them pays for sequences. `python -m gumbel_gan.benchmark` measures what they bring.
    """
    given = os.environ.get("XLA_FLAGS", "")
    flags = {}
    if runs < 16:
        flags["--xla_cpu_use_fusion_emitters"] = "false"
    options = [f"-unroll-full-max-count={runs - 1}"] if 16 <= runs < 48 else []
    options += ["-force-vector-interleave=2"] if runs >= 32 or runs in (16, 24) else []
    if options:
        flags["--xla_backend_extra_options"] = ",".join(options)
    if has_wide_vectors():
        flags["--xla_cpu_prefer_vector_width"] = "512"
    added = [f"{flag}={value}" for flag, value in flags.items() if flag not in given]
    os.environ["XLA_FLAGS"] = " ".join([*given.split(), *added])


def has_wide_vectors() -> bool:
    """Whether the processor has vectors of 512 bits."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return any("avx512f" in line for line in file if line.startswith("flags"))
    except OSError:
        return False

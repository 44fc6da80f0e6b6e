"""TensorFlow, imported without the chatter that it prints as it starts, and sooner."""

import contextlib
import gc
import logging
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_import(runs: int | None = None, programs: int = 1) -> Iterator[None]:
    """Import TensorFlow in this context; some of what it prints goes to the file descriptor itself.

    Args:
        runs: of the generators of categories to be trained, side by side, for which XLA is set up.
        programs: which share the runs; several of them have a thread each.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    first = "tensorflow" not in sys.modules
    if first and runs is not None:
        _set_up_xla(-(-runs // programs))
        if programs > 1:
            os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere, _uncollected() if first else contextlib.nullcontext():
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its advice is for its programmers


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """What is made here stays for good, and no garbage is looked for in it.

    Of the four seconds of TensorFlow's import and the interpreter's end that spares 1.2.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


def _set_up_xla(runs: int) -> None:
    """Flags that XLA reads once, when it is first used; those that are set already stay.

    - Up to 15 runs: the older code generator, with which a step of one run takes 1.4 µs instead of 2.9, or
      with AVX2 only 2.4 instead of 3.1; at 64 runs it takes almost three times as long.
    - From 16 to 47 runs: no loop along the runs is written out, since LLVM makes no vectors of what is. At 16
      and 32 runs a step takes a third less.
    - From 32 runs on, and with 16 and 24, two vectors at a time, as noise is a chain of operations that wait
      for each other: 0.23 µs a step and run instead of 0.28 at 64 runs, 0.21 instead of 0.26 at 1,024.
    - Vectors of 512 bits where the processor has them and XLA prefers 256: 0.33 µs a step and run instead of
      0.43 at 1,024 runs, 0.26 instead of 0.41 at 64, measured before the runs went innermost.

    Neither pays for sequences.
    """
    given = os.environ.get("XLA_FLAGS", "")
    flags = {}
    if runs < 16:
        flags["--xla_cpu_use_fusion_emitters"] = "false"
    options = [f"-unroll-full-max-count={runs - 1}"] if 16 <= runs < 48 else []
    options += ["-force-vector-interleave=2"] if runs >= 32 or runs in (16, 24) else []
    if options:
        flags["--xla_backend_extra_options"] = ",".join(options)
    if _has_wide_vectors():
        flags["--xla_cpu_prefer_vector_width"] = "512"
    added = [f"{flag}={value}" for flag, value in flags.items() if flag not in given]
    os.environ["XLA_FLAGS"] = " ".join([*given.split(), *added])


def _has_wide_vectors() -> bool:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return any("avx512f" in line for line in file if line.startswith("flags"))
    except OSError:
        return False

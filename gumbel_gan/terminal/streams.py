"""Standard input, output and error, in whatever state they are: nothing about printing may cost a result."""

import codecs
import contextlib
import io
import os
import sys
from typing import Any

PLAINER = {"±": "+-", "…": "..."}
"""Characters of the package's own messages, in ASCII."""


def steady() -> None:
    """Make the three streams usable, whoever started the command.

    A closed one leads nowhere: otherwise the next file that is opened would take its place, and be written
    to. A character that a stream's encoding lacks is escaped.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest descriptor that is free, which is this
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="gumbel_gan.plainer")


def _plainer(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    part = error.object[error.start : error.end]
    if all(character in PLAINER for character in part):
        return "".join(PLAINER[character] for character in part), error.end
    return codecs.backslashreplace_errors(error)


codecs.register_error("gumbel_gan.plainer", _plainer)


def say(text: str, stream: Any = None) -> None:
    """Print a line; if nobody reads any more, or the place is full, say no more there."""
    stream = sys.stdout if stream is None else stream
    try:
        print(text, file=stream, flush=True)
    except (OSError, ValueError):  # a broken pipe, a full disk, a terminal that is gone, a closed file
        silence(stream)


def silence(stream: Any) -> None:
    """Lead a stream nowhere from now on: what is left in it would fail again when the process ends."""
    with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())

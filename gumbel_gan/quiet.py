"""TensorFlow, imported without the chatter that it prints as it starts."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """Import TensorFlow in this context; some of what it prints goes to the file descriptor itself."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its advice is for its programmers

"""SIGINT and SIGTERM, asked of what runs long instead of inflicted on it."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = {signal.SIGINT, signal.SIGTERM}


class Signals:
    """What has been received.

    Attributes:
        received: the first signal's number; None while there was none.
        stopping: the flag that it sets, for what runs long to look at.
        on_signal: called after that, from a thread of its own.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self.stopping = threading.Event()
        self.on_signal: Callable[[], None] = lambda: None

    @property
    def status(self) -> int:
        """The exit status that says so: 130 for SIGINT, 143 for SIGTERM; 0 without a signal."""
        return 0 if self.received is None else 128 + self.received


def ignore_interrupts() -> None:
    """Leave the keyboard's interrupt to the process that started this one, which hears it, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def heard() -> Iterator[Signals]:
    """Hear signals in this context; the second one ends the process at once.

    A thread is told of them by the interpreter's wake-up descriptor: the main thread, in a compiled epoch or
    waiting for data, would run a handler only afterwards.
    """
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals  # only the main thread may ask for signals
        return
    here, there = os.pipe()
    os.set_blocking(there, False)

    def listen() -> None:
        while number := os.read(here, 1)[0]:
            if number not in SIGNALS:
                continue
            if signals.received is not None:
                os._exit(128 + number)
            signals.received = number
            signals.stopping.set()
            signals.on_signal()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    descriptor = signal.set_wakeup_fd(there, warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
    try:
        yield signals
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(descriptor)
        os.write(there, b"\0")
        listener.join()
        os.close(here)
        os.close(there)

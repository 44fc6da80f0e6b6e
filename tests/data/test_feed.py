"""Labels that pass once: iterables in Python, and standard input."""

import logging
import os
import select
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gumbel_gan.config.data import Data
from gumbel_gan.data import feed as module
from gumbel_gan.data.feed import Feed
from gumbel_gan.data.opening import open_source
from gumbel_gan.data.source import Source

MARK = b"\xef\xbb\xbf"


def test_feed_passes_once_and_keeps_what_came_before_a_bad_label() -> None:
    feed = Feed("abacab", "ab")
    np.testing.assert_array_equal(feed.take(2), [0, 1])
    assert not feed.ended
    np.testing.assert_array_equal(feed.take(9), [0])
    assert feed.ended
    assert "received 'c' at item 4" in str(feed.error)
    assert len(feed.take(9)) == 0


def test_feed_that_is_closed_gives_no_more() -> None:
    feed = Feed("abab", "ab")
    assert not feed.replayable
    np.testing.assert_array_equal(feed.take(1), [0])
    feed.close()
    assert feed.ended
    assert len(feed.take(1)) == 0
    assert feed.error is None


def test_target_of_a_feed() -> None:
    """What was counted so far, unless it is known better."""
    counted = np.array([[0.5, 0.5], [0.5, 0.5]])
    np.testing.assert_array_equal(Feed("ab", "ab").target_at(0, counted), [0.5, 0.5])
    given = Feed("ab", "ab", [0.25, 0.75])
    assert given.target_is == "given"
    np.testing.assert_array_equal(given.target_at(0, counted), [0.25, 0.75])
    with pytest.raises(ValueError, match=r"data.probabilities: received 3 for 2 categories \(a, b\)"):
        Feed("ab", "ab", [0.5, 0.25, 0.25])
    with pytest.raises(ValueError, match="data.vocabulary: received 1 labels: give at least two"):
        Feed("a", "a")


def test_standard_input(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Line by line as they come; nothing for a while is said once; closing ends a read that waits."""
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    monkeypatch.setattr(logging.getLogger("gumbel_gan"), "propagate", True)  # a command may have set it
    here, there = os.pipe()
    with os.fdopen(here, "rb") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        feed = open_source(Data(path="-", vocabulary="ok,warn"))
        assert feed.labels == ("ok", "warn")
        os.write(there, MARK + b"ok\n\nwarn\r\no")
        np.testing.assert_array_equal(feed.take(2), [0, 1])
        os.write(there, b"k\n" + b"x" * 50_000)
        np.testing.assert_array_equal(feed.take(1), [0])
        os.write(there, b"\n")
        assert len(feed.take(1)) == 0
        assert "received 'xxxx" in str(feed.error)
        assert "at line 5 of standard input" in str(feed.error)
        assert len(str(feed.error)) < 300
        waiting = open_source(Data(path="-", vocabulary="ok,warn"))
        monkeypatch.setattr(select, "select", closing(waiting, select.select))
        assert len(waiting.take(1)) == 0
        assert caplog.messages == ["waiting for standard input"]
        assert caplog.records[0].levelno == logging.WARNING
    os.close(there)


def closing(feed: Source, wait: Callable[..., Any]) -> Callable[..., Any]:
    """`select`, which after thirty waits sees the feed closed."""
    waits = 0

    def waited(*arguments: Any) -> Any:
        nonlocal waits
        waits += 1
        if waits == 30:
            feed.close()
        return wait(*arguments)

    return waited


def test_units_of_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines by default; the last one may lack its end."""
    for unit, text, expected in (
        (None, b"ok\n\nwarn", [0, 1]),
        ("words", b"ok warn\nok\n", [0, 1, 0]),
    ):
        here, there = os.pipe()
        os.write(there, text)
        os.close(there)
        with os.fdopen(here, "rb") as stdin, monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", stdin)
            feed = open_source(Data(path="-", vocabulary="ok,warn", unit=unit))
            np.testing.assert_array_equal(feed.take(9), expected)
            assert feed.ended


def test_standard_input_that_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = os.pipe()
    os.write(there, b"ok\nok\xff\n")
    os.close(there)
    with os.fdopen(here, "rb") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        feed = open_source(Data(path="-", vocabulary="ok,warn"))
        np.testing.assert_array_equal(feed.take(9), [0])
        assert "line 2 of standard input is not UTF-8 text" in str(feed.error)

"""Checks of single values, each answered by a one-line ``ValueError``.

A message names the setting, what was received and what would do.
"""

import difflib
import math
import operator
import os
import random
import re
from collections.abc import Iterable
from typing import Any

Labels = str | list[str] | list[int] | list[str | int | float] | None
"""Labels as a user may give them: a list, a string with commas, or the path of a file."""


def seed_of(seed: int | None, name: str = "seed") -> int:
    """A seed; without one, one draw of Python's `random`, as Keras draws its own seeds.

    `keras.utils.set_random_seed` seeds that, too.

    Raises:
        ValueError: it is no whole number from 0 to 2**63 - 1.
    """
    if seed is None:
        return random.randint(1, 10**9)
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= operator.index(seed) < 2**63:
        raise ValueError(f"{name}: received {seed!r}: give a whole number from 0 to 2**63 - 1")
    return operator.index(seed)


def check_count(name: str, number: Any, least: int = 1) -> None:
    """Check that a number is whole and large enough.

    Raises:
        ValueError: it is not.
    """
    if isinstance(number, bool) or not hasattr(number, "__index__") or operator.index(number) < least:
        raise ValueError(f"{name}: received {number!r}: give a whole number of {least} or more")


def check_positive(name: str, number: float) -> None:
    """Check that a number is finite and above zero.

    Raises:
        ValueError: it is not.
    """
    if not (_is_number(number) and math.isfinite(number) and number > 0):
        raise ValueError(f"{name}: received {number!r}: give a number above zero")


def _is_number(given: Any) -> bool:
    return hasattr(given, "__float__") and not isinstance(given, str | bytes | bool)


def check_not_negative(name: str, number: float) -> None:
    """Check that a number is finite and at least zero.

    Raises:
        ValueError: it is not.
    """
    if not (_is_number(number) and math.isfinite(number) and number >= 0):
        raise ValueError(f"{name}: received {number!r}: give 0 or more")


def check_part(name: str, number: float) -> None:
    """Check that a number is at least zero and below one.

    Raises:
        ValueError: it is not.
    """
    if not 0 <= number < 1:
        raise ValueError(f"{name}: received {number}: give 0 or more, below 1")


def check_probabilities(name: str, probabilities: Iterable[float]) -> None:
    """Check that `probabilities` are those of at least two categories.

    Raises:
        ValueError: there are fewer than two, one is negative or no number, or they do not sum to 1
            (within 1e-6).
    """
    probabilities = list(probabilities)
    if len(probabilities) < 2:
        raise ValueError(f"{name}: received {len(probabilities)} categories: give at least two")
    for probability in probabilities:
        if not (math.isfinite(probability) and probability >= 0):
            raise ValueError(f"{name}: received {probability}: give numbers of 0 or more")
    try:
        total = math.fsum(probabilities)
    except OverflowError:
        total = math.inf
    if abs(total - 1) > 1e-6:
        raise ValueError(f"{name}: received numbers that sum to {total:.6g}: give some that sum to 1")


def check_length(name: str, values: Any, categories: int) -> None:
    """Check that there are as many values as categories; None passes.

    Raises:
        ValueError: there are not.
    """
    if values is not None and len(values) != categories:
        raise ValueError(
            f"{name}: received {len(values)} values for {categories} categories: give one for each"
        )


def numbers(name: str, given: Any) -> list[float] | None:
    """A list of numbers, which may have been given as one string with commas.

    Raises:
        ValueError: something in it is no number.
    """
    if isinstance(given, str):
        try:
            return [float(number) for number in given.split(",")]
        except ValueError:
            raise ValueError(f"{name}: received {given!r}: give numbers, as 0.2,0.8") from None
    return None if given is None else [float(number) for number in given]


def labels(name: str, given: Any) -> list[str] | None:
    """A list of different labels, which may have been given as text with commas or as a file.

    In text, blanks around a label are no part of it, nor are brackets around the list, or quotes around a
    label, in which it may hold commas and blanks.

    Raises:
        ValueError: there are fewer than two, one is empty, or one comes twice.
    """
    if given is None:
        return None
    if not isinstance(given, str):
        found = [str(label) for label in given]
    elif _is_file(given):
        found = _label_file(name, os.path.expanduser(given))
    else:
        found = _listed(given)
        if len(found) == 1:
            raise ValueError(f"{name}: received {given!r}, neither a list nor a file: give labels, as a,b,c")
    if len(found) < 2:
        raise ValueError(f"{name}: received {len(found)} labels: give at least two")
    seen: set[str] = set()
    for label in found:
        if label == "":
            raise ValueError(f"{name}: received an empty label: leave it out")
        if label in seen:
            raise ValueError(f"{name}: received {label!r} twice: give each label once")
        seen.add(label)
    return found


def _is_file(path: str) -> bool:
    try:
        return os.path.isfile(os.path.expanduser(path))
    except ValueError:  # no path at all: it holds a zero, or half a character
        return False


def _listed(text: str) -> list[str]:
    """The labels of `a, b` or `[a, b]`, as they are written."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    label = r"""\s*(?:"([^"]*)"|'([^']*)'|([^,]*?))\s*(,|$)"""
    found, place = [], 0
    while match := re.compile(label).match(text, place):
        found.append(next(part for part in match.groups() if part is not None))
        place = match.end()
        if match[4] != ",":
            break
    return found if place == len(text) else [one.strip() for one in text.split(",")]


def listed(given: str) -> bool:
    """Whether text names a file of labels, or two or more."""
    return _is_file(given) or len(_listed(given)) > 1


def _label_file(name: str, path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return [line.strip() or line for line in file.read().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{name}: cannot read {path}: {error}") from None


def suggestion(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The end of a message about an unknown name: the known one that is most like it, if any is."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f", did you mean {near[0]}?" if near else otherwise


def check_backend(backend: str | None = None) -> None:
    """Check that Keras runs on TensorFlow, before it is imported: it would look for another package first.

    Args:
        backend: Keras'; by default the one that the environment asks for.

    Raises:
        RuntimeError: it is another one.
    """
    backend = backend or os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend != "tensorflow":
        raise RuntimeError(
            f"gumbel_gan needs Keras' TensorFlow backend, received {backend!r}: "
            "set the environment variable KERAS_BACKEND=tensorflow before Keras is imported"
        )


def spelled(message: str) -> str:
    """A message in one line: characters that would break it, or not be seen, are spelled out."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)


def one_line(error: BaseException | str) -> str:
    """The text of an error without its line breaks; of an error of the system, its reason alone."""
    return " ".join(str(getattr(error, "strerror", None) or error).split())

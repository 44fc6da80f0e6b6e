"""One-line messages on standard error."""

import logging
import re
import sys
from typing import NoReturn

from ..config.checks import suggestion
from .streams import say

SYNONYMS = {
    "lr": "learning_rate",
    "rate": "learning_rate",
    "learningrate": "learning_rate",
    "tau": "temperature",
    "temp": "temperature",
    "n_epochs": "epochs",
    "num_epochs": "epochs",
    "iterations": "epochs",
    "batch": "batch_size",
    "bs": "batch_size",
    "file": "path",
    "input": "path",
    "csv": "path",
    "col": "column",
    "sep": "separator",
    "delimiter": "separator",
    "charset": "encoding",
    "na": "missing",
    "out": "output",
    "out_dir": "output",
    "output_dir": "output",
    "dir": "output",
    "outdir": "output",
    "force": "overwrite",
    "continue": "resume",
    "gpus": "devices",
    "n_runs": "runs",
    "num_runs": "runs",
    "repeats": "runs",
    "network": "kind",
    "model": "kind",
    "hidden": "units",
    "layers": "units",
    "random_state": "seed",
    "random_seed": "seed",
    "verbose": "quiet",
    "silent": "quiet",
    "n_samples": "samples",
    "num_samples": "samples",
}
"""What settings are called elsewhere, by the last part of their key here."""


def fail(message: str, status: int) -> NoReturn:
    """Print one line on standard error and exit."""
    say(f"gumbel_gan: error: {message}", sys.stderr)
    raise SystemExit(status)


class _Warnings(logging.Handler):
    """Shows the package's own warnings, a line each."""

    def emit(self, record: logging.LogRecord) -> None:
        say(f"gumbel_gan: {record.getMessage()}", sys.stderr)


def show_warnings() -> None:
    """Show what the package warns of on standard error; calling it again changes nothing."""
    logger = logging.getLogger(__name__.partition(".")[0])
    if not any(isinstance(handler, _Warnings) for handler in logger.handlers):
        logger.addHandler(_Warnings())


def one_line_of(message: str, known: list[str]) -> str:
    """What jsonargparse says of an unknown key, a wrong type or a missing value, in one line of our own.

    Args:
        message: over many lines.
        known: the options there are, with their dashes.
    """
    return _unknown(message, known) or _missing(message) or _wrong_type(message, known)


def _unknown(message: str, known: list[str]) -> str:
    if match := re.match(r"unrecognized arguments: (.*)", message):
        option = match[1].split()[0].split("=")[0]
        if not option.startswith("-"):
            would_do = f": did you mean --data.path {option}?" if "--data.path" in known else ": leave it out"
            return (
                f"{option}: no option comes before it{would_do} (Lists have commas; quote what has blanks.)"
            )
        return f"{match[1]}: unknown option{meant(option, known)}"
    if match := re.match(r"(?:Group '(.*)'|.*?)\s*does not accept (?:option|nested key) '(.*)'", message):
        key = f"{match[1]}.{match[2]}" if match[1] else match[2]
        return f"{key}: unknown setting{meant('--' + key, known)}"
    if match := re.match(r"Option '(.*)' is not accepted", message):
        return f"{match[1]}: unknown setting{meant('--' + match[1], known)}"
    return ""


def meant(option: str, known: list[str]) -> str:
    """The end of a message about an unknown option: those that end like it, or mean the same elsewhere."""
    last = option.lstrip("-").rpartition(".")[2].replace("-", "_").lower()
    last = SYNONYMS.get(last, last)
    alike = [one for one in known if one.lstrip("-").rpartition(".")[2] == last and one != option]
    if alike:
        return f", did you mean {' or '.join(alike[:3])}?"
    return suggestion(option, known, ": --help lists those there are")


def _missing(message: str) -> str:
    if match := re.match(r"argument (?:-\w/)?--(\w+): invalid choice: (.*) \(choose from (.*)\)", message):
        return f"{match[1]}: received {match[2]}: give one of {match[3]}"
    if match := re.match(r"argument --(.*?)(?:/.*)?: expected one argument", message):
        return f"{match[1]}: received no value: give one (--{match[1]}=VALUE if it begins with -)"
    return ""


def _wrong_type(message: str, known: list[str]) -> str:
    match = re.match(r'Parser key "(.*?)":\s*(.*)', message, re.DOTALL)
    name, problem = (f"{match[1]}: ", match[2]) if match else ("", message)
    inner = [option for option in known if match and option.startswith(f"--{match[1]}.")]
    if inner and (value := re.match(r"Unable to load config [\"'](.*?)[\"']", problem)):
        return f"{name}received {value[1]!r} for a group of settings: give one of them, as {inner[0]}"
    if got := re.findall(r"(?:Got value|Given value): (.*)", problem):
        return f"{name}received {got[-1].strip()!r}: give {_would_do(problem)}"
    return name + " ".join(problem.split())


def _would_do(problem: str) -> str:
    """What a setting takes, from jsonargparse's names of types."""
    if words := re.search(r"Literal\[(.*?)\]", problem):
        return f"a whole number, or {words[1]}" if "'int'" in problem else f"one of {words[1]}"
    if "list[" in problem or "List[" in problem:
        return "a list, as [a,b]"
    kind = re.search(r"<class '(\w+)'>", problem)
    nouns = {
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "str": "text",
        "dict": "options by name",
    }
    return nouns.get(kind[1], kind[1]) if kind else "another value"

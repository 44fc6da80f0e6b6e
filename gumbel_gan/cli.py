"""What the commands share: options, one-line errors, progress."""

import difflib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from jsonargparse import ActionConfigFile, ArgumentParser  # type: ignore[attr-defined]

from . import __version__


class Parser(ArgumentParser):
    """jsonargparse's parser, whose every complaint is one line on standard error and exit status 2."""

    reading: str | None = None
    """The file of settings that is being read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, allow_abbrev=False, **kwargs)
        self.add_argument("--version", action="version", version=f"gumbel_gan {__version__}")

    def parse_args(self, *args: Any, **kwargs: Any) -> Any:
        """As jsonargparse's, but a configuration that is no text is a usage error, too."""
        try:
            return super().parse_args(*args, **kwargs)
        except UnicodeDecodeError as error:
            self.error(f"config: received a file that is not UTF-8 text ({error.reason}): give a YAML file")

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Report a usage error and exit with status 2."""
        where = f" (in {self.reading})" if self.reading and self.reading not in message else ""
        fail(_one_line(message, self._known()) + where, status=2)

    def _known(self) -> list[str]:
        return [option for action in self._actions for option in action.option_strings if option[:2] == "--"]


class ConfigFile(ActionConfigFile):
    """A file of settings, of the user's or one that comes with the package."""

    def __call__(self, parser: Any, settings: Any, path: Any, option: Any = None) -> None:
        """Read it; a message that it is no YAML names it."""
        parser.reading = path
        try:
            self.apply_config(parser, settings, self.dest, ready_made(path))
        finally:
            parser.reading = None


def ready_made(path: str) -> str:
    """The path; where there is no such file, and it begins with configs/, that of the one in the package."""
    home = os.path.dirname(__file__)
    for place in (home, os.path.dirname(home)):  # installed, or a clone
        packaged = os.path.join(place, path)
        if path.startswith("configs/") and not os.path.exists(path) and os.path.exists(packaged):
            return packaged
    return path


def fail(message: str, status: int) -> NoReturn:
    """Print one line on standard error and exit."""
    print(f"gumbel_gan: error: {message}", file=sys.stderr)
    raise SystemExit(status)


def _one_line(message: str, known: list[str]) -> str:
    """What jsonargparse says over many lines, in one."""
    if match := re.match(r"unrecognized arguments: (.*)", message):
        return f"{match[1]}: unknown option{_suggest(match[1].split()[0].split('=')[0], known)}"
    if match := re.match(r"(?:Group '(.*)'|.*?)\s*does not accept (?:option|nested key) '(.*)'", message):
        key = f"{match[1]}.{match[2]}" if match[1] else match[2]
        return f"{key}: unknown setting{_suggest('--' + key, known)}"
    if match := re.match(r"Option '(.*)' is not accepted", message):
        return f"{match[1]}: unknown setting{_suggest('--' + match[1], known)}"
    if match := re.match(r"argument --(.*?)(?:/.*)?: expected one argument", message):
        return f"{match[1]}: received no value: give one (--{match[1]}=VALUE if it begins with -)"
    match = re.match(r'Parser key "(.*?)":\s*(.*)', message, re.DOTALL)
    name, problem = (f"{match[1]}: ", match[2]) if match else ("", message)
    inner = [option for option in known if match and option.startswith(f"--{match[1]}.")]
    if inner and (value := re.match(r"Unable to load config [\"'](.*?)[\"']", problem)):
        return f"{name}received {value[1]!r} for a group of settings: give one of them, as {inner[0]}"
    got = re.findall(r"(?:Got value|Given value): (.*)", problem)
    if got:
        expected = re.search(r"Literal\[(.*?)\]", problem)
        kind = re.search(r"<class '(\w+)'>|list\[(\w+)", problem)
        nouns = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text"}
        would_do = (
            f"one of {expected[1]}" if expected
            else "a list, as [a,b]" if "list[" in problem or "List[" in problem
            else nouns.get(kind[1], kind[1]) if kind and kind[1] else "another value"
        )  # fmt: skip
        return f"{name}received {got[-1].strip()!r}: give {would_do}"
    return name + " ".join(problem.split())


def _suggest(option: str, known: list[str]) -> str:
    near = difflib.get_close_matches(option, known, n=1, cutoff=0.75)
    return f", did you mean {near[0]}?" if near else ": --help lists those there are"


def progress(items: Iterable[Any], total: int, what: str) -> Iterator[Any]:
    """The items, with a line on a terminal that counts them as they come."""
    for done, item in enumerate(items, start=1):
        if sys.stdout.isatty():
            end = "\n" if done == total else ""
            print(f"\r{what}: {done}/{total}", end=end, flush=True)
        yield item

"""The parser of all commands: settings from files and options, one-line errors."""

import itertools
import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import yaml
from jsonargparse import ActionConfigFile, ArgumentParser  # type: ignore[attr-defined]

from .. import __version__
from ..config.catalogue import KEYS
from ..config.checks import check_backend
from ..config.config import Config
from ..config.reading import from_settings
from ..quiet import loading
from ..results.directory import config_yaml, stored_config
from ..results.resuming import check_resumed
from ..results.written import AS_WRITTEN, TEXT, read_settings, ready_made
from .help import Help, arrange, name_names
from .messages import fail, one_line_of
from .streams import say

if TYPE_CHECKING:
    from ..data.source import Source

COMMON = (
    "config", "data.path", "data.unit", "data.column", "epochs", "runs", "temperature", "generator.estimator",
    "output", "overwrite", "resume", "quiet", "help",
)  # fmt: skip
"""Options that most users need."""
KEPT = ("path", *AS_WRITTEN, *TEXT[1:])
"""Settings of the data that are text, which jsonargparse would read as YAML."""
WRITTEN = tuple(f"--data.{name}" for name in KEPT)
PLACES = ("output", "directory", "file", "run")
"""Options that name a place to write to, or to read from; `--output=~/x` reaches us with its tilde."""
PARTS = ("annealing", "data", "generator", "discriminator", "training")
"""Groups of settings."""


class Parser(ArgumentParser):
    """jsonargparse's parser, whose every complaint is one line on standard error and exit status 2."""

    reading: str | None = None
    """The file of settings that is being read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, allow_abbrev=False, formatter_class=Help, **kwargs)
        self.add_argument("--version", action="version", version=f"gumbel_gan {__version__}")

    def parse_args(self, args: Any = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """As jsonargparse's, but text about the data is kept as it is written."""
        try:
            check_backend()
        except RuntimeError as error:
            self.error(str(error))
        arguments = list(sys.argv[1:] if args is None else args)
        wanted = [argument for argument in arguments if not argument.startswith("--print_config")]
        rest, written = _taken(list(wanted), self._known())
        self.kept: dict[str, Any] = {}
        given = super().parse_args(rest, **kwargs)
        for key, text in {**self.kept, **written}.items():
            given[key] = text
        for key in PLACES:
            if isinstance(place := given.get(key), str):
                given[key] = os.path.expanduser(place)
        if len(wanted) < len(arguments):  # jsonargparse would print before the text is put back
            self._print_settings(given)
        return given

    def _print_settings(self, given: Any) -> NoReturn:
        try:
            say(config_yaml(self.config(given)))
        except ValueError as error:
            self.error(str(error))
        raise SystemExit(0)

    def add_settings(self, skip: set[str]) -> None:
        """Add an option for every setting of a training, but for those in `skip`."""
        self.add_class_arguments(Config, skip=skip)
        self.set_defaults({"seed": 0})  # a command repeats itself; a constructor does not
        name_names(self._actions)

    def arrange(self) -> None:
        """Put the common options first in the help, when all are added."""
        arrange(self, COMMON, PARTS)

    def config(self, given: Any) -> Config:
        """The settings among what was parsed.

        Raises:
            ValueError: one of them would not do.
        """
        settings = given.as_dict()
        return from_settings(Config, {k: settings[k] for k in Config.__dataclass_fields__ if k in settings})

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Report a usage error and exit with status 2."""
        where = f" (in {self.reading})" if self.reading and self.reading not in message else ""
        fail(one_line_of(message, self._known()) + where, status=2)

    def _known(self) -> list[str]:
        return [option for action in self._actions for option in action.option_strings if option[:2] == "--"]


def _taken(arguments: list[str], known: list[str]) -> tuple[list[str], dict[str, str]]:
    """The arguments without text about the data, which jsonargparse would read as YAML; and this, by key."""
    rest: list[str] = []
    written: dict[str, str] = {}
    while arguments:
        option, equals, value = (argument := arguments.pop(0)).partition("=")
        if option not in WRITTEN or option not in known:
            rest.append(argument)
        elif equals or (arguments and not arguments[0].startswith("--")):
            written[option[2:]] = value if equals else arguments.pop(0)
        else:
            rest.append(argument)
    return rest, written


class ConfigFile(ActionConfigFile):
    """A file of settings, of the user's or one that comes with the package."""

    def __call__(self, parser: Any, settings: Any, path: Any, option: Any = None) -> None:
        """Read it; a message about something in it names it."""
        parser.reading = path
        try:
            found = read_settings(ready_made(path))
            if not isinstance(found, dict):
                raise ValueError(f"config: received {path} with no settings in it: give a YAML file")
            # jsonargparse reads YAML its own way, without labels as written and paths that are no text.
            data = found["data"] if isinstance(found.get("data"), dict) else {}
            parser.kept |= {f"data.{key}": data.pop(key) for key in KEPT if data.get(key) is not None}
            self.apply_config(parser, settings, self.dest, yaml.safe_dump(found))
        except ValueError as error:
            parser.error(str(error))
        finally:
            parser.reading = None
        settings[self.dest][-1] = path


def load_own(parts: Iterable[tuple[str, str]], runs: int | None, programs: int) -> None:
    """Import parts of the user's own, and with them TensorFlow.

    Args:
        parts: setting and module:Class of each.
        runs: for which XLA is set up, as `quiet.loading` has it.
        programs: which share the runs.

    Raises:
        ValueError: one cannot be imported, or is not derived from the right class.
    """
    if found := list(dict.fromkeys(parts)):
        with loading(runs, programs):
            for key, name in found:
                KEYS[key].load(name, key)


def rehearse_own(config: Config, source: "Source") -> None:
    """Construct a GAN with parts of the user's own once, before anything is overwritten.

    Raises:
        ValueError: one of them does not take its options.
    """
    if list(config.own_parts()):
        with loading():
            from ..training.build import build_for
        build_for(config, source)


def check_named(config: Config, arguments: list[str]) -> None:
    """Check that every part of the user's own in the settings was named on the command line, too.

    A file of settings may come from somebody else: what it names is not imported unless the person who runs
    the command names it.

    Raises:
        ValueError: one was not.
    """
    pairs = set(itertools.pairwise(arguments))
    for key, name in config.own_parts():
        if (f"--{key}", name) not in pairs and f"--{key}={name}" not in arguments:
            raise ValueError(
                f"{key}: received {name} from a file, which would run code of that name: "
                f"name it on the command line, too, as --{key} {name}"
            )


def configured(options: Parser, given: Any, arguments: list[str]) -> Config:
    """The settings of a training; of one that goes on, the run's own.

    Args:
        options: of the command.
        given: what was parsed.
        arguments: of the command line.

    Raises:
        ValueError: one of them would not do, or what is missing.
    """
    if not given.resume:
        config = options.config(given)
    elif given.output is None:
        raise ValueError("resume: received no directory: give --output DIR, that of the run")
    else:
        own = stored_config(given.output)
        path = os.path.join(given.output, "config.yaml")
        asked = options.config(options.parse_args(["--config", path, *arguments]))
        config = replace(asked, output=given.output)
        check_resumed(own, config)
    check_named(config, arguments)
    return config

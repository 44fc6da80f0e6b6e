"""What `--help` prints: the common options first, the rest in groups, no types."""

from argparse import SUPPRESS, Action
from collections.abc import Sequence
from typing import Any

from jsonargparse import DefaultHelpFormatter

from ..config.catalogue import KEYS


class Help(DefaultHelpFormatter):
    """Says what an option is and its default, where that says anything; names of types do not help a user."""

    def _get_help_string(self, action: Action) -> str:
        text = (action.help or "").rstrip(".")
        said = any(action.default is one for one in (None, False, SUPPRESS)) or action.default == {}
        if said or "(default" in text:
            return text
        return f"{text} (default: %(default)s)"


def name_names(actions: Sequence[Action]) -> None:
    """Add to the help of options that take a name the names there are."""
    for action in actions:
        if (family := KEYS.get(action.dest)) is not None:
            own = "; or module:Class of your own" if family.base else ""
            action.help = f"{(action.help or '').rstrip('.')}: {', '.join(family)}{own}"


def arrange(parser: Any, common: Sequence[str], groups: Sequence[str]) -> None:
    """Put the common options of a parser first, and leave out that a group may come from a file of its own.

    Args:
        parser: of a command.
        common: the common options, in order, by destination.
        groups: destinations of groups of settings.
    """
    parser.usage = f"{parser.prog} [options]"
    actions = {action.dest: action for action in parser._actions}
    for name in groups:
        if name in actions:
            actions[name].help = SUPPRESS
    first = parser.add_argument_group("common options")
    for group in parser._action_groups[:-1]:
        kept = [action for action in group._group_actions if action.dest not in common]
        group._group_actions[:] = kept
    first._group_actions.extend(actions[name] for name in common if name in actions)
    parser._action_groups.insert(0, parser._action_groups.pop())

"""The language of the commands and of their help.

Typer reads the help from docstrings and options at import, so it stands there in plain English. The finished tree
of commands is put into the caller's language when it is used; deploy.cli gives the same sentences to the catalogs.
"""

import os
from collections.abc import Iterator
from typing import Any

from typer.core import TyperGroup

from service.kernel import i18n
from service.kernel.i18n import noop as _n

# The words around the help, by their names in typer.rich_utils.
FRAME = {
    "ARGUMENTS_PANEL_TITLE": _n("Arguments"),
    "OPTIONS_PANEL_TITLE": _n("Options"),
    "COMMANDS_PANEL_TITLE": _n("Commands"),
    "ERRORS_PANEL_TITLE": _n("Error"),
    "DEFAULT_STRING": _n("[default: {}]"),
    "ENVVAR_STRING": _n("[env var: {}]"),
    "REQUIRED_LONG_STRING": _n("[required]"),
    "RICH_HELP": _n("Try [blue]'{command_path} {help_option}'[/] for help."),
}


def language() -> str:
    """Chinese, as the product is; a locale without a language (C, C.UTF-8, POSIX) asks for nothing else."""
    wishes = (os.environ.get(name) for name in ("ZHENGLU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))
    return "en" if next(filter(None, wishes), "").lower().startswith("en") else "zh_CN"


class Commands(TyperGroup):
    """All commands, in the language that the caller's environment asks for."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with i18n.speaking(language()):
            for one in helpful(self):
                one.help = i18n.gettext(one.help)
            _frame()
        return super().make_context(*args, **kwargs)


def _frame() -> None:
    from rich.text import Text
    from typer import rich_utils

    class Folding(Text):
        """Chinese has no spaces to break a line at: Rich would cut off what does not fit."""

        def __init__(self, *parts: Any, **how: Any) -> None:
            super().__init__(*parts, **{"overflow": "fold", **how})

        @classmethod
        def from_markup(cls, *parts: Any, **how: Any) -> Text:
            return Text.from_markup(*parts, **{"overflow": "fold", **how})

    frame = {name: i18n.gettext(text) for name, text in FRAME.items()}
    for name, replacement in {**frame, "Text": Folding}.items():
        setattr(rich_utils, name, replacement)


def helpful(command: Any) -> Iterator[Any]:
    """The command, its options and all below it that have a help."""
    for one in (command, *command.get_params(command.context_class(command))):
        if getattr(one, "help", None):
            yield one
    for below in getattr(command, "commands", {}).values():
        yield from helpful(below)

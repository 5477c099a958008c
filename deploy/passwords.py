"""A password for a command: typed when asked, from standard input or from a file. Never among the command's words, which
everybody on the machine can list, and which shells remember."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from service.kernel.i18n import gettext as _


def _refused(value: str) -> str:
    if value:
        raise typer.BadParameter(
            _(
                "Whoever lists the processes of this machine would read it. Leave it out and type the password when asked, "
                "or give --password-file FILE (- for standard input)."
            )
        )
    return value


OnCommandLine = Annotated[str, typer.Option("--password", hidden=True, callback=_refused)]
PasswordFile = Annotated[
    str,
    typer.Option(
        metavar="FILE", help="the password is its first line; - for standard input; without it you are asked"
    ),
]


def password_of(username: str, file: str, *, again: bool = False) -> str:
    """`again`: a new one, which is typed twice."""
    if file and file != "-":
        try:
            return Path(file).read_text().partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"{file}: {error}", param_hint="--password-file") from None
    if not file and (told := os.environ.get("ZHENGLU_PASSWORD", "")):
        return told
    if file or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    question = _("Password of {user}").format(user=username)
    return typer.prompt(question, hide_input=True, confirmation_prompt=again)

"""A token for a command: from a file, from standard input or from ZHENGLU_TOKEN. `--token VALUE` is for scripts of
before: everybody on the machine can list a command's words, and shells remember them."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from service.kernel.i18n import gettext as _

ENVIRONMENT = "ZHENGLU_TOKEN"
LONGEST = 4096  # characters of a first line that may be a token
OnCommandLine = Annotated[str, typer.Option("--token", hidden=True)]
TokenFile = Annotated[
    str,
    typer.Option(
        metavar="FILE", help=f"the token is its first line; - for standard input; without it {ENVIRONMENT}"
    ),
]


def token_of(file: str, on_command_line: str) -> str:
    """Empty where nobody gave one. A file without a token is refused: another one must not be used silently."""
    if file and on_command_line:
        raise typer.BadParameter(_("give --token-file alone"), param_hint="--token")
    if on_command_line:
        typer.echo(
            _(
                "Whoever lists the processes of this machine can read what --token gives. "
                "Give --token-file FILE (- for standard input) or set ZHENGLU_TOKEN."
            ),
            err=True,
        )
        return on_command_line
    if not file:
        return os.environ.get(ENVIRONMENT, "").strip()
    try:
        if file == "-":
            line = sys.stdin.readline(LONGEST)
        else:
            with Path(file).open(encoding="utf-8-sig") as opened:
                line = opened.readline(LONGEST)
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file}: {error}", param_hint="--token-file") from None
    token = line.strip()
    if not token or not token.isascii() or not token.isprintable():
        raise typer.BadParameter(
            _("{file}: no token in the first line").format(file=file), param_hint="--token-file"
        )
    return token

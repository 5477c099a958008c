"""The first administrator's password: taken from the environment or from a file, used once, and left where nobody who
looks at our processes finds it."""

import os
import sys
from pathlib import Path

from service.kernel.environment import PASSING, for_ours

PASSWORD = "ZHENGLU_ADMIN_PASSWORD"
FILE = "ZHENGLU_ADMIN_PASSWORD_FILE"
_HANDED = "ZHENGLU_ADMIN_PASSWORD_FD"  # from this process to itself


class CannotRead(RuntimeError):
    """A sentence for the person who started it."""


def out_of_sight() -> None:
    """Where the environment holds a password, this program starts anew without it: what a process was started with stays
    readable under /proc for all its life. That of the first administrator goes along in memory that `received` reads."""
    if not any(os.environ.get(name) for name in PASSING):
        return
    if password := _taken():
        handed = os.memfd_create("first-admin")
        os.write(handed, password.encode())
        os.set_inheritable(handed, True)
        os.environ[_HANDED] = str(handed)
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], for_ours())


def received() -> str:
    """ "" for none. Once only."""
    handed = os.environ.pop(_HANDED, "")
    if not handed:
        return _taken()
    with open(int(handed), "rb") as file:  # noqa: PTH123
        file.seek(0)
        return file.read().decode()


def _taken() -> str:
    password, file = os.environ.pop(PASSWORD, ""), os.environ.pop(FILE, "")
    if password or not file:
        return password
    try:
        return Path(file).read_text().strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRead(f"{FILE}: {error}") from None

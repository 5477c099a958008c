"""The unprivileged account that servers run as when we are started by root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def owns(self, folder: Path) -> None:
        """Gives `folder` itself (not what is in it) to this account."""
        os.chown(folder, self.uid, self.gid)


def named(*names: str) -> Account | None:
    """The first of `names` that exists on this machine; None if we are not root and need none."""
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise LookupError(f"none of the users {', '.join(names)} exists on this machine")

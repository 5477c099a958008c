"""Erasing from a device what the service has verified: the only place of the program that does."""

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from deploy.upload_client import CHUNK, Look
from service.kernel.i18n import gettext as _


class NotErased(Exception):
    """A sentence: why the file stays."""


def erase(path: Path, look: Look, sha256: str, progress: Callable[[int], None] = lambda _done: None) -> None:
    """Reads the file once more and removes it if it is still, byte for byte, what was verified. `look`: how it looked
    when it was hashed. Raises `NotErased`, and then the file is as it was. Never a folder, never by way of a link."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise NotErased(_("cannot be read: {problem}").format(problem=error.strerror)) from error
    try:
        _erase_in(folder, path.name, look, sha256, progress)
    finally:
        os.close(folder)


def _erase_in(folder: int, name: str, look: Look, sha256: str, progress: Callable[[int], None]) -> None:
    try:
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise NotErased(_("a link; what it leads to stays as well"))
        # What became a pipe meanwhile must not be waited for.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise NotErased(_("no file any more"))
            if Look.of(os.fstat(file)) != look or _hash(file, look.size, progress) != sha256:
                raise NotErased(_("it has changed since it was verified"))
            held, there = os.fstat(file), os.stat(name, dir_fd=folder, follow_symlinks=False)
            # Another file may have taken the name while this one was read.
            if Look.of(held) != look or Look.of(there) != look or not os.path.samestat(held, there):
                raise NotErased(_("it has changed since it was verified"))
            os.unlink(name, dir_fd=folder)
        finally:
            os.close(file)
    except FileNotFoundError as error:
        raise NotErased(_("it is not there any more")) from error
    except OSError as error:
        raise NotErased(_("cannot be erased: {problem}").format(problem=error.strerror)) from error


def _hash(file: int, size: int, progress: Callable[[int], None]) -> str:
    """No further than a little beyond `size`: a file that grows would never end."""
    # From the device, not from what the system remembers of it.
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    digest, done = hashlib.sha256(), 0
    while done <= size and (data := os.read(file, CHUNK)):
        digest.update(data)
        done += len(data)
        progress(done)
    return digest.hexdigest()

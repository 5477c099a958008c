"""The bytes of an object as a file on this machine that the media sandbox may read."""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from schemas.originals import Original
from service.kernel.settings import get_settings
from service.kernel.storage import get_store
from workers import scratch
from workers.allowed import ALLOWED
from workers.lease import Lease
from workers.media.sandbox import Sandbox
from workers.scratch import AtHand, Part


@functools.cache
def sandbox() -> Sandbox:
    user = get_settings().media_user
    return Sandbox.here((user,)) if user else Sandbox.here()


def sandbox_for(held: Lease, size: int, film_s: float | None = None, pictures: int = 0) -> Sandbox:
    """With what this attempt may spend on a file of so many bytes, which shows so much; from now on that is its deadline,
    too."""
    allowed = ALLOWED[held.kind]
    held.within(allowed.wall_s(size, film_s or 0.0, pictures))
    return replace(sandbox(), allowance=allowed.allowance(size, film_s or 0.0, pictures))


@contextlib.contextmanager
def bytes_of(
    held: Lease,
    key: str,
    version: str | None,
    size: int,
    tee: Callable[[bytes], object] | None = None,
    of: Part = "shared",
) -> Iterator[AtHand]:
    """In place where the store is a folder that the sandbox's user may read, else fetched into scratch once for
    all stages on this machine; `tee` then sees the bytes as they come."""
    objects = get_store().objects
    local = objects.local_path(key)
    if local is not None and _readable_in_sandbox(local):
        yield AtHand(local, fetched=False)
        return
    with scratch.here().fetched(objects, key, version, size, held.lost, tee, of) as at_hand:
        yield at_hand


def original_bytes(held: Lease, original: Original) -> contextlib.AbstractContextManager[AtHand]:
    return bytes_of(held, original.store_key, original.store_version, original.size)


def _readable_in_sandbox(path: Path) -> bool:
    user = sandbox().user
    if user is None:
        return os.access(path, os.R_OK)
    facts = path.stat()
    own = facts.st_uid == user[0] or (facts.st_gid == user[1] and bool(facts.st_mode & 0o040))
    return own or bool(facts.st_mode & 0o004)

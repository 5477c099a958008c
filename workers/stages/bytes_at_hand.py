"""The bytes of an object as a file on this machine that the media sandbox may read."""

import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from schemas.kept_bytes import DamageKind
from schemas.originals import Original
from service.kernel.kept_bytes import note_damage, read_proven, sums_of
from service.kernel.settings import get_settings
from service.kernel.storage import get_store
from service.kernel.storage.blocks import BLOCK
from service.kernel.storage.errors import BytesChanged
from service.kernel.storage.protocols import ByteStream
from workers import scratch
from workers.allowed import ALLOWED
from workers.lease import Lease, LeaseLost
from workers.media.sandbox import Sandbox
from workers.scratch import AtHand, Part

PROVEN_FOR_S = 600.0


@functools.cache
def sandbox() -> Sandbox:
    user = get_settings().media_user
    return Sandbox.here((user,)) if user else Sandbox.here()


def sandbox_for(held: Lease, size: int, film_s: float | None = None, pictures: int = 0) -> Sandbox:
    """With what this attempt may spend on a file of so many bytes, which shows so much, and no more than all stages of
    the file have left; from now on that is its deadline, too."""
    allowed = ALLOWED[held.kind]
    held.within(allowed.wall_s(size, film_s or 0.0, pictures))
    allowance = allowed.allowance(size, film_s or 0.0, pictures)
    return replace(sandbox(), allowance=replace(allowance, cpu_s=min(allowance.cpu_s, held.left_s)))


@dataclass(frozen=True)
class _Proven:
    """Objects of this size, as they were received."""

    size: int

    def read(self, key: str, version: str | None = None) -> ByteStream:
        return read_proven(key, version, self.size)


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
    all stages on this machine; `tee` then sees the bytes as they come. BytesChanged: they are not those that came."""
    local = get_store().objects.local_path(key)
    if local is not None and _readable_in_sandbox(local):
        _prove_in_place(held, local, key, version, size)
        yield AtHand(local, fetched=False)
        return
    with scratch.here().fetched(_Proven(size), key, version, size, held.lost, tee, of) as at_hand:
        yield at_hand


_proven: dict[tuple[str, int, int, int, int], float] = {}


def _prove_in_place(
    held: Lease, path: Path, key: str, version: str | None, size: int, ended: threading.Event | None = None
) -> None:
    """ffmpeg reads the file itself, so all of it is proven before: once for the stages of this process that follow each
    other, as long as nobody writes to it."""
    facts = path.stat()
    unchanged = (str(path), facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
    since = _proven.get(unchanged)
    if since is not None and time.monotonic() - since < PROVEN_FOR_S:
        return
    if sums_of(key, size, 0, 0) is None:  # intake comes first, and says itself that the size is another
        return
    if facts.st_size != size:
        note_damage(key, version, size, DamageKind.changed, min(facts.st_size, size) // BLOCK)
        raise BytesChanged(min(facts.st_size, size) // BLOCK)
    with read_proven(key, version, size) as stream:
        for _ in stream:
            if held.lost.is_set():
                raise LeaseLost
            if ended is not None and ended.is_set():
                return
    if len(_proven) > 1000:
        _proven.clear()
    _proven[unchanged] = time.monotonic()


def original_bytes(held: Lease, original: Original) -> contextlib.AbstractContextManager[AtHand]:
    return bytes_of(held, original.store_key, original.store_version, original.size)


@contextlib.contextmanager
def original_bytes_at_once(
    held: Lease, original: Original, changed: Callable[[], object]
) -> Iterator[tuple[AtHand, Callable[[], None]]]:
    """For somebody who waits: what lies here is proven beside the work on it. What is yielded second waits for the proof,
    and raises as it did; `changed` is called as soon as the bytes are found to be others."""
    local = get_store().objects.local_path(original.store_key)
    if local is None or not _readable_in_sandbox(local):
        with original_bytes(held, original) as at_hand:
            yield at_hand, lambda: None
        return
    proof = _Proof(held, local, original, changed)
    proof.start()
    try:
        yield AtHand(local, fetched=False), proof.wait
    finally:
        proof.ended.set()
        proof.join()


class _Proof(threading.Thread):
    def __init__(self, held: Lease, path: Path, original: Original, changed: Callable[[], object]) -> None:
        super().__init__(name="proof", daemon=True)
        self.held, self.path, self.original, self.changed = held, path, original, changed
        self.ended = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        one = self.original
        try:
            _prove_in_place(self.held, self.path, one.store_key, one.store_version, one.size, self.ended)
        except Exception as error:  # raised again where it is waited for
            self.error = error
            if isinstance(error, BytesChanged):
                self.changed()

    def wait(self) -> None:
        self.join()
        if self.error is not None:
            raise self.error


def _readable_in_sandbox(path: Path) -> bool:
    user = sandbox().user
    if user is None:
        return os.access(path, os.R_OK)
    facts = path.stat()
    own = facts.st_uid == user[0] or (facts.st_gid == user[1] and bool(facts.st_mode & 0o040))
    return own or bool(facts.st_mode & 0o004)

"""What an object store does for Zhenglu: two protocols, each kept by the directory and by the S3 store.

`Objects` keeps finished bytes, written once under a key that the service made up. `Multipart` receives the
bytes of an upload in progress. The upload's row in PostgreSQL is the truth about an upload; a `Multipart` only
moves bytes and says what the row may now claim. All methods are synchronous; run them in threads.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Protocol, Self

State = dict[str, Any]
"""What the bytes of an upload are made of, as JSON for the row. Opaque to everyone but the store that made it."""

Mode = Literal["GOVERNANCE", "COMPLIANCE"]
Source = Path | IO[bytes]

MIB = 1024 * 1024
MAX_WRITE = 8 * MIB
"""The most bytes one `Writer.write` takes. Calls of 1 to 4 MiB are fastest."""

Buffer = bytes | bytearray | memoryview

_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)*")


def checked_key(key: str) -> str:
    """The key itself if it may be used: lower-case words and slashes, at most 180 characters, nothing from a user."""
    if len(key) > 180 or not _KEY.fullmatch(key):
        raise ValueError(f"not a store key: {key!r}")
    return key


@dataclass(frozen=True)
class Stored:
    """One object in the store. `version` names exactly these bytes, also after an accident wrote the key again."""

    key: str
    version: str
    size: int


@dataclass(frozen=True)
class ObjectInfo(Stored):
    modified: datetime


@dataclass(frozen=True)
class LockState:
    """Whether deletion is refused by the store itself until `until`. `detail` says why not, in English."""

    locked: bool
    mode: Mode | None = None
    until: datetime | None = None
    detail: str = ""


@dataclass(frozen=True)
class LockProof:
    """What happened when a probe was locked and then attacked. `left_behind` is a probe that could not be removed."""

    supported: bool
    deletion_refused: bool
    shortening_refused: bool
    detail: str
    left_behind: str | None = None

    @property
    def holds(self) -> bool:
        return self.supported and self.deletion_refused and self.shortening_refused


@dataclass(frozen=True)
class Checkpoint:
    """What the row may claim now: the first `offset` bytes are durable and `state` says where they lie."""

    offset: int
    state: State = field(repr=False)


@dataclass(frozen=True)
class Lingering:
    """An upload of which the store holds bytes: for the reaper, which asks the rows whether it is still wanted."""

    key: str
    touched: datetime


class ByteStream(Protocol):
    """Bytes of one object in chunks of at most 1 MiB. Close it, or use it in a `with`, if it is not read to the end."""

    length: int

    def __iter__(self) -> Iterator[bytes]: ...
    def __next__(self) -> bytes: ...
    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Objects(Protocol):
    """Finished bytes. A key is written once: putting it again raises `ObjectExists`.

    Every method may raise `StorageUnavailable`; reading and locking raise `ObjectMissing`, writing `StorageFull`.
    """

    def put_file(self, key: str, source: Source, size: int | None = None) -> Stored:
        """Stores a whole file, or `size` bytes (None: to the end) from an open one. Durable on return."""
        ...

    def read(
        self, key: str, version: str | None = None, start: int = 0, length: int | None = None
    ) -> ByteStream:
        """`length` bytes (None or too many: to the end) from `start`. Fails here and not in the first chunk.
        `start` at the end gives no bytes, beyond it `InvalidRange`."""
        ...

    def stat(self, key: str, version: str | None = None) -> ObjectInfo | None: ...

    def delete(self, key: str, version: str | None = None) -> None:
        """Removes one version, or all of the key. A missing one is no error; a locked one raises `ObjectLocked`."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key begins with `prefix`, in no promised order."""
        ...

    def lock(self, key: str, version: str, until: datetime, mode: Mode = "GOVERNANCE") -> LockState:
        """Refuses deletion until then where the store can. Never shortens: a longer lock stays as it is.
        Returns what the store itself answers afterwards."""
        ...

    def lock_state(self, key: str, version: str) -> LockState: ...

    def local_path(self, key: str) -> Path | None:
        """The read-only file with these bytes for who may open files on this machine; None if there is none."""
        ...

    def prove_lock(self) -> LockProof:
        """Locks a probe for a minute, tries to delete it and to shorten the lock, and clears up."""
        ...


class Writer(Protocol):
    """One epoch's hand on one upload, for one thread at a time. Ends with `close` or `abandon`.

    After an error from `write` or `close` the writer is finished: `durable()` says what was kept all the same.
    """

    @property
    def position(self) -> int:
        """Offset of the next byte to write."""
        ...

    def write(self, *pieces: Buffer) -> Checkpoint | None:
        """Takes at most `MAX_WRITE` bytes in all; the buffers may be reused at once. A returned checkpoint must be
        written to the row and then reported with `saved` before the next `write`."""
        ...

    def saved(self, checkpoint: Checkpoint) -> None:
        """The row now holds this checkpoint."""
        ...

    def durable(self) -> Checkpoint:
        """What the row may claim now, without waiting."""
        ...

    def close(self) -> Checkpoint:
        """Makes every byte durable and lets go. When `length` is reached this also prepares completion."""
        ...

    def abandon(self) -> Checkpoint:
        """Lets go quickly, waiting only for what is under way. Held writers give the offset that they began with,
        others what is durable. Never raises for a store that is away."""
        ...


class Multipart(Protocol):
    """Uploads in progress. `key` is the final key: completing publishes the bytes there, nothing is copied later.

    Fencing: each takeover raises the row's epoch. What an earlier epoch still writes can never change bytes that
    a later one relies on, because it goes to part numbers and files that the later one does not use; and the
    row refuses its checkpoints, because they are written under compare-and-set on the epoch.
    """

    def create(self, key: str) -> Checkpoint:
        """A new upload at offset 0."""
        ...

    def begin(self, state: State, epoch: int) -> State:
        """Pure. The state to write to the row in the statement that raises its epoch, before `open`."""
        ...

    def open(
        self, key: str, state: State, epoch: int, length: int | None = None, hold: bool = False
    ) -> Writer:
        """A writer at the offset of `state`, which came from `begin` for this epoch. `length` is the upload's
        whole length, None while it is deferred. With `hold` no byte counts before `close` returns (checksums)."""
        ...

    def complete(self, key: str, state: State) -> Stored:
        """Publishes the bytes at `key`. May be called again after a crash, with the same state."""
        ...

    def concatenate(self, key: str, sources: Sequence[Stored]) -> Stored:
        """One object from finished ones, in order; they stay as they are. May be called again after a crash."""
        ...

    def abort(self, key: str) -> None:
        """Removes everything of an upload in progress, never the finished object. A missing one is no error."""
        ...

    def list_uploads(self, older_than: datetime) -> Iterator[Lingering]:
        """Uploads of which bytes lie here and none was written since then; also remains of completed ones."""
        ...


@dataclass(frozen=True)
class Store:
    kind: Literal["directory", "s3"]
    objects: Objects
    uploads: Multipart

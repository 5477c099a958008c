"""Where originals lie: whether it answers, whether it locks, and what its disk can do."""

import fcntl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from deploy.doctor.database import answered
from deploy.doctor.findings import Finding, broken, ok, warning
from service.kernel.i18n import gettext as _
from service.kernel.i18n import size
from service.kernel.settings import Settings

OF_A_NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "vboxsf", "fuse.sshfs", "fuse.rclone", "fuse.s3fs")
LEAST_RESERVE = 64 * 2**20
LEAST_LOCK_DAYS = 180


def object_store(settings: Settings) -> Iterator[Finding]:
    from service.kernel.errors import ServiceError
    from service.kernel.storage.factory import open_store

    where = urlsplit(settings.store_url)
    if where.scheme == "file" and not Path(unquote(where.path)).exists():
        # A look must leave no folder behind: root's would keep the service user out of it.
        yield ok(
            "object store", _("{folder} is not there yet: the first start makes it").format(folder=where.path)
        )
        return
    try:
        store = open_store(settings.store_url, settings.s3_access_key, settings.s3_secret_key)
        proof = store.objects.prove_lock()
    except (ServiceError, ValueError, OSError) as error:
        told = error.say() if isinstance(error, ServiceError) else str(error)
        yield broken(
            "object store", told, _("Start the store, or correct ZHENGLU_OBJECT_STORE and its keys.")
        )
        return
    yield ok("object store", _("{address} answers").format(address=settings.store_url.split("?")[0]))
    if proof.holds and (settings.lock_mode == "NONE" or settings.lock_days < LEAST_LOCK_DAYS):
        yield warning(
            "object lock",
            _("the store can lock, and originals are not locked")
            if settings.lock_mode == "NONE"
            else _("originals are locked for {n} days").format(n=settings.lock_days),
            _("Set ZHENGLU_LOCK_MODE=GOVERNANCE and ZHENGLU_LOCK_DAYS to half a year or more."),
        )
    elif proof.holds:
        yield ok(
            "object lock",
            proof.detail or _("a locked probe could not be deleted, nor its lock be shortened"),
        )
    elif proof.supported:
        yield broken(
            "object lock", proof.detail, _("The store claims to lock and does not: use another store.")
        )
    else:
        yield warning(
            "object lock",
            _("originals are kept read-only; a folder cannot lock them")
            if settings.store_url.startswith("file:")
            else proof.detail,
            _("Where originals must be locked by the store itself, use S3 with object lock."),
        )


def stored_bytes(settings: Settings) -> Iterator[Finding]:
    from service.footage.recordings.damage import damaged_objects, unproven_originals

    asked = answered(settings, lambda session: (damaged_objects(session), unproven_originals(session)))
    if asked is None:
        return
    damaged, unproven = asked
    if damaged:
        yield broken(
            "stored bytes",
            _("{n} objects do not have the bytes that were received").format(n=damaged),
            _("Send the same files again, mend the store, or bring them back from a backup."),
        )
    elif unproven:
        yield warning(
            "stored bytes",
            _("{n} older recordings wait to be proven block by block").format(n=unproven),
            _("Nothing: the workers do it behind all other work."),
        )
    else:
        yield ok("stored bytes", _("every range is proven before it goes out"))


def store_disk(settings: Settings) -> Iterator[Finding]:
    """Of a folder: the fences of uploads rest on its locks, and what it leaves free keeps the database alive."""
    from service.kernel.storage.factory import DEFAULT_RESERVE

    where = urlsplit(settings.store_url)
    root = Path(unquote(where.path))
    if where.scheme != "file" or not root.is_dir():
        return
    kind = file_system(root, Path("/proc/self/mountinfo").read_text())
    reserve = int(parse_qs(where.query).get("reserve", [str(DEFAULT_RESERVE)])[-1])
    if kind.startswith(OF_A_NETWORK) or not _locks_hold(root):
        yield warning(
            "store disk",
            _("locks on it cannot be relied on ({kind})").format(kind=kind),
            _("Use a disk of this machine, or an S3 store; else two writers may take one upload for theirs."),
        )
    elif reserve < LEAST_RESERVE:
        yield warning(
            "store disk",
            _("uploads may fill it to the last {reserve}").format(reserve=size(reserve)),
            _("Leave reserve= out of ZHENGLU_OBJECT_STORE: the database needs room, too."),
        )
    else:
        yield ok("store disk", _("{kind}, {reserve} stay free").format(kind=kind, reserve=size(reserve)))


def file_system(path: Path, mounts: str) -> str:
    """The kind of the one that `path` lies on, by /proc/self/mountinfo."""
    best, kind = -1, "?"
    for line in mounts.splitlines():
        own, _dash, rest = line.partition(" - ")
        # as the kernel writes it: blanks and backslashes are \040 and \134
        point = Path(
            own.split(" ")[4].encode().decode("unicode_escape").encode("latin-1").decode(errors="replace")
        )
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), rest.split(" ")[0]
    return kind


def _locks_hold(root: Path) -> bool:
    try:
        with (
            tempfile.NamedTemporaryFile(dir=root, prefix=".doctor-") as mine,
            Path(mine.name).open() as other,
        ):
            fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False
    except OSError:  # not ours to write to: the store's own check has said so
        return True

"""From the last durable byte to the recording. Every step may be cut short and done again, by anyone.

The row stays locked from the look at it to the commit, so of two that complete the same upload the second finds
it done; if the first dies in between, the store's `complete` gives the same answer again.
"""

import hashlib
import logging
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from schemas.uploads import Upload, UploadState
from service.footage.recordings.actions import Arrival, receive
from service.footage.uploads import acts
from service.footage.uploads.actions import owner_of
from service.footage.uploads.queries import is_full
from service.footage.uploads.rules import SIDECAR_ENDINGS
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.database import transaction
from service.kernel.kept_bytes import read_surely
from service.kernel.storage import get_store
from service.kernel.storage.protocols import Stored
from service.registry.conventions.actions import keep_sidecar
from service.registry.conventions.sidecars import LARGEST_SIDECAR

log = logging.getLogger(__name__)


def complete(upload_id: UUID, wait: bool = True) -> None:
    """Makes what a full upload was for: the recording, the facts of a sidecar, or a finished piece. Does nothing
    for one that is not full, still written to, done, or being put together by a job. With `wait` False also for one
    that someone else has in hand."""
    with transaction() as session:
        row = session.execute(
            select(Upload, func.coalesce(Upload.writer_until > func.clock_timestamp(), False))
            .where(Upload.id == upload_id)
            .with_for_update(skip_locked=not wait)
        ).first()
        if row is None:
            return
        upload, busy = row
        done = upload.state != UploadState.open or upload.recording_id is not None
        if done or busy or not is_full(upload):
            return
        stored = _publish(session, upload)
        upload.store_version = stored.version
        upload.upload_offset = stored.size
        upload.state = UploadState.complete
        upload.writer_until = None
        upload.touched_at = now()
        session.add(upload)
        if not upload.partial and not _is_sidecar(session, upload, stored):
            arrival = arrival_of(upload, stored.size, stored.version)
            upload.recording_id = receive(session, owner_of(session, upload), arrival).id


def _publish(session: Session, upload: Upload) -> Stored:
    uploads = get_store().uploads
    if upload.concatenates:
        return uploads.concatenate(upload.store_key, pieces_of(session, upload))
    if upload.writer_until is not None:
        # The last writer died before it could let go: what it may still have under way must not count.
        upload.epoch += 1
        upload.progress = uploads.begin(upload.progress, upload.epoch)
    return uploads.complete(upload.store_key, upload.progress)


def pieces_of(session: Session, upload: Upload) -> list[Stored]:
    """What a final upload takes, in order."""
    ids = [UUID(piece) for piece in upload.concatenates]
    rows = {row.id: row for row in session.scalars(select(Upload).where(Upload.id.in_(ids)))}
    return [Stored(rows[i].store_key, rows[i].store_version or "", rows[i].length or 0) for i in ids]


def arrival_of(upload: Upload, size: int, version: str | None) -> Arrival:
    return Arrival(
        store_key=upload.store_key,
        store_version=version,
        size=size,
        squad_id=upload.squad_id,
        file_name=upload.file_name,
        declared_sha256=upload.facts.get("sha256"),
        claims=upload.facts.get("claims", {}),
        upload_id=upload.id,
        archive="archive" in upload.facts,
        first_received_at=_first_received(upload),
    )


def _first_received(upload: Upload) -> datetime | None:
    said = upload.facts.get("archive", {}).get("first_received_at")
    return datetime.fromisoformat(said) if said else None


def _is_sidecar(session: Session, upload: Upload, stored: Stored) -> bool:
    """Whether it was one and is kept as such. What only looks like one by its name goes the way of recordings,
    where it is kept apart and its sender told. The bytes of a sidecar stay in the store."""
    if not upload.file_name.lower().endswith(SIDECAR_ENDINGS) or stored.size > LARGEST_SIDECAR:
        return False
    data = read_surely(stored)
    files = list(keep_sidecar(session, upload.squad_id, upload.file_name, data))
    if not files:
        return False
    digest = hashlib.sha256(data).hexdigest()
    upload.facts = {**upload.facts, "sidecar": {"files": files, "sha256": digest}}
    record(
        session,
        owner_of(session, upload),
        acts.RECEIVE_SIDECAR,
        "upload",
        upload.id,
        squad_id=upload.squad_id,
        file_name=upload.file_name,
        sha256=digest,
        store_key=stored.key,
        files=len(files),
    )
    return True

"""A final upload: finished pieces become one recording. Its answer names the recording; a job copies the bytes."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.base import new_id
from schemas.jobs import JobKind
from schemas.recordings import Receipt, Recording, RecordingState
from schemas.uploads import Upload, UploadState
from service.footage.recordings.actions import receive
from service.footage.uploads.actions import (
    check_archive,
    check_size,
    expiry,
    facts_of,
    require_may_upload,
    squad_for,
)
from service.footage.uploads.bounds import check_quota
from service.footage.uploads.completion import arrival_of, pieces_of
from service.footage.uploads.protocol import Concat
from service.footage.uploads.queries import find_upload
from service.footage.uploads.rules import Said
from service.kernel.actor import Actor
from service.kernel.changes import changed
from service.kernel.clock import now
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.kernel.jobs import request_job
from service.kernel.storage.errors import ObjectMissing
from service.kernel.storage.protocols import Stored
from service.registry.conventions.sidecars import LARGEST_SIDECAR


@dataclass(frozen=True)
class Joining:
    """What is to be copied where. `key`: of the whole."""

    upload_id: UUID
    key: str
    pieces: list[Stored]


def begin_joining(
    session: Session, actor: Actor, said: Said, concat: Concat, raw_metadata: str = ""
) -> Upload:
    """A final upload refers to pieces that are finished, its owner's own, and of no other one. Who sends the same
    again because no answer came gets the one that is there. What may be a sidecar is small: it has no recording, and
    is completed like other uploads."""
    require_may_upload(actor)
    check_archive(actor, said)
    pieces = _pieces(session, actor, concat.pieces)
    if known := _known(session, pieces, raw_metadata):
        return known
    length = sum(piece.length or 0 for piece in pieces)
    check_size(length)
    squad_id = squad_for(session, actor, said)
    check_quota(session, squad_id, length, besides=concat.pieces)
    upload_id = new_id()
    upload = Upload(
        id=upload_id,
        account_id=actor.account_id,
        squad_id=squad_id,
        token_id=actor.token_id,
        length=length,
        concatenates=[str(piece.id) for piece in pieces],
        raw_concat=concat.raw,
        raw_metadata=raw_metadata,
        facts=facts_of(actor, said),
        file_name=said.file_name,
        store_key=f"originals/{upload_id}",
        expires_at=expiry(),
    )
    session.add(upload)
    session.flush()
    for piece in pieces:
        piece.joined_into = upload.id
    if not said.may_be_sidecar or length > LARGEST_SIDECAR:
        recording = receive(session, actor, arrival_of(upload, length, None), first=JobKind.assemble)
        upload.recording_id = recording.id
    return upload


def _pieces(session: Session, actor: Actor, ids: tuple[UUID, ...]) -> list[Upload]:
    """Locked, so that neither the reaper nor another final upload takes one away meanwhile."""
    found: dict[UUID, Upload] = {}
    for piece_id in sorted(ids):
        piece = find_upload(session, actor, piece_id, lock=True).upload
        if not piece.partial:
            raise Invalid(field="Upload-Concat", problem=_("one of these uploads is not partial"))
        if piece.state != UploadState.complete:
            raise Invalid(field="Upload-Concat", problem=_("one of these uploads is not finished"))
        found[piece_id] = piece
    return [found[piece_id] for piece_id in ids]


def _known(session: Session, pieces: list[Upload], raw_metadata: str) -> Upload | None:
    """The final upload that takes these pieces already."""
    taken_by = {piece.joined_into for piece in pieces} - {None}
    if not taken_by:
        return None
    final = session.get_one(Upload, taken_by.pop())
    same = final.concatenates == [str(piece.id) for piece in pieces] and final.raw_metadata == raw_metadata
    if taken_by or not same or final.forgotten_at is not None:
        raise Invalid(field="Upload-Concat", problem=_("one of these uploads is part of another one already"))
    return final


def joining_of(session: Session, recording_id: UUID) -> Joining | None:
    """None where nothing is left to copy. ObjectMissing where the pieces are gone: no backup has what is in progress."""
    upload = session.scalars(
        select(Upload).where(Upload.recording_id == recording_id, Upload.state != UploadState.complete)
    ).first()
    if upload is None:
        return None
    if upload.state != UploadState.open:
        raise ObjectMissing(upload.store_key)
    return Joining(upload.id, upload.store_key, pieces_of(session, upload))


def joined(session: Session, upload_id: UUID, stored: Stored) -> None:
    """The bytes are durable in one place: from here on it is an upload like any other."""
    upload = session.get_one(Upload, upload_id, with_for_update=True)
    upload.store_version, upload.upload_offset = stored.version, stored.size
    upload.state, upload.touched_at = UploadState.complete, now()
    receipt = session.scalars(select(Receipt).where(Receipt.upload_id == upload_id)).one()
    receipt.store_version = stored.version
    session.add_all((upload, receipt))
    request_job(session, JobKind.intake, receipt.recording_id, priority=2, cost_s=1 + stored.size / 200e6)
    recording = session.get_one(Recording, receipt.recording_id, with_for_update=True)
    recording.state, recording.reason, recording.reason_params = RecordingState.processing, None, {}
    session.add(recording)
    changed(session, Recording, [recording.id])

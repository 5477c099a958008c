"""Assemble: the pieces of a final upload become one object. They stay until intake has read it."""

from typing import Any

from sqlmodel import Session

from service.footage.recordings.actions import refresh_recording
from service.footage.uploads.joining import joined, joining_of
from service.kernel.database import transaction
from service.kernel.storage import get_store
from service.kernel.storage.protocols import Stored
from workers.allowed import copied_within_s
from workers.lease import Lease, finish


def run(held: Lease) -> None:
    """The store answers a second time what it answered a first one that nobody heard."""
    with transaction() as session:
        joining = joining_of(session, held.subject_id)
    if joining is None:
        held.finish()
        return
    held.within(copied_within_s(sum(piece.size for piece in joining.pieces)))
    uploads = get_store().uploads
    if held.attempt > 1:
        uploads.abort(joining.key)  # what a killed attempt had copied
    stored = uploads.concatenate(joining.key, joining.pieces)

    def tell(session: Session) -> Stored:
        joined(session, joining.upload_id, stored)
        finish(session, held)
        return stored

    held.publish(tell)


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    """The pieces stay; the job can be asked for again."""
    refresh_recording(session, held.subject_id)

"""Link: which event or case the recording shows. The rules are service.linking's; this only runs them."""

from typing import Any

from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.originals import Original
from schemas.recordings import Recording
from service.database import transaction
from service.jobs import raise_priority
from service.linking.actions import link_recording
from service.linking.neighbours import tell_neighbours
from service.recordings.actions import refresh_recording
from workers.claim import Claim, finish
from workers.stages.playable import examined, links_of, priority_of


def run(held: Claim) -> None:
    with transaction() as session:
        recording = session.get(Recording, held.subject_id)
        gone = recording is None or recording.merged_into is not None
    if not gone:
        held.publish(lambda session: link_recording(session, held.subject_id) and None)
        with transaction() as session:
            tell_neighbours(session, [held.subject_id])
        _raise_encode(held)
    held.publish(lambda session: finish(session, held))


def failed(session: Session, held: Claim, reason: str, params: dict[str, Any]) -> None:
    refresh_recording(session, held.subject_id)


def _raise_encode(held: Claim) -> None:
    """In a transaction of its own, because the encode's job row comes before this job's in the order of locks."""
    with transaction() as session:
        recording = session.get_one(Recording, held.subject_id)
        original = session.get(Original, recording.original_id) if recording.original_id else None
        if original is None or original.quarantined or not any(links_of(session, original.id)):
            return
        direct = examined(original)[1].path == "direct"
        raise_priority(
            session, JobKind.renditions, original.id, priority_of(session, original, direct=direct)
        )

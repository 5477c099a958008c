"""Link: which event or case the recording shows. The rules are service.finding.linking's; this only runs them."""

from typing import Any

from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.links import COUNTED
from schemas.originals import MediaState, Original
from schemas.recordings import Recording
from service.finding.linking.actions import link_recording
from service.finding.linking.clearing import clear_clocks, unclear
from service.finding.linking.neighbours import tell_neighbours
from service.finding.linking.recognise import recognise
from service.footage.recordings.actions import refresh_recording
from service.footage.recordings.needs import ask_by_rule, links_of, urgency
from service.footage.recordings.rules import looks_priority
from service.kernel.database import transaction
from service.kernel.jobs import raise_priority
from workers.lease import Lease


def run(held: Lease) -> None:
    """Also of one that was merged or refused meanwhile: it has no links any more, and its neighbours hear of it."""
    with transaction() as session:
        recognise(session, [held.subject_id])
        asked = unclear(session, [held.subject_id])
    if asked:
        with transaction() as session:
            clear_clocks(session, asked)
    links = held.publish(lambda session: link_recording(session, held.subject_id))
    with transaction() as session:
        tell_neighbours(session, [held.subject_id])
    if any(link.state in COUNTED for link in links):
        _hurry(held)
    held.finish()


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    refresh_recording(session, held.subject_id)


def _hurry(held: Lease) -> None:
    """In a transaction of its own, because these jobs' rows come before this job's in the order of locks."""
    with transaction() as session:
        recording = session.get_one(Recording, held.subject_id)
        original = session.get(Original, recording.original_id) if recording.original_id else None
        if original is None or original.quarantined or "probe" not in original.media:
            return  # of what is not examined yet, intake asks for all this
        linked, linked_to_case = links_of(session, original.id)
        if not linked:
            return
        soon = looks_priority(linked=linked, linked_to_case=linked_to_case)
        for kind in (JobKind.walk, JobKind.looks):
            raise_priority(session, kind, original.id, soon)
        raise_priority(session, JobKind.renditions, original.id, urgency(session, original))
        if original.media_state != MediaState.examined:  # else its looks ask by the rule
            ask_by_rule(session, original)

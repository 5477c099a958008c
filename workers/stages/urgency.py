"""How soon an original is encoded: what its recordings are linked to decides."""

from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlmodel import Session

from schemas.events import EnforcementEvent
from schemas.links import COUNTED, Link
from schemas.originals import Original
from schemas.recordings import Recording
from service.footage.recordings.rules import encode_priority


def priority_of(session: Session, original: Original, *, direct: bool) -> int:
    linked, linked_to_case = links_of(session, original.id)
    return encode_priority(linked=linked, linked_to_case=linked_to_case, direct=direct, size=original.size)


def links_of(session: Session, original_id: UUID) -> tuple[bool, bool]:
    """(whether footage of this original is linked to anything, whether to a case or an event of one)."""
    mine = (
        select(Link)
        .join(Recording, Recording.id == Link.recording_id)
        .outerjoin(EnforcementEvent, EnforcementEvent.id == Link.event_id)
        .where(Recording.original_id == original_id, Link.state.in_(COUNTED))
    )
    of_case = mine.where(or_(Link.case_id.is_not(None), EnforcementEvent.case_id.is_not(None)))
    return bool(session.scalar(select(exists(mine.subquery().select())))), bool(
        session.scalar(select(exists(of_case.subquery().select())))
    )

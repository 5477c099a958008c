"""What follows from changed events: links where they may move, search documents, the coverage that is kept.

Order of locks, the same for whatever changes events: rows of events, the field, jobs, the links of recordings, search
documents, and last the coverage. A link job holds its own job's row, takes the last three in this order and never
waits for the field: so it and a change of the field cannot wait for each other.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from schemas.cases import Case
from schemas.events import EnforcementEvent
from service.finding.linking.relink import Touched, relink, touched_by_events
from service.kernel.changes import changed

_MERGED_HERE = text(
    """
    WITH RECURSIVE here AS (
        SELECT id FROM enforcement_events WHERE merged_into = ANY(CAST(:ids AS uuid[]))
        UNION SELECT e.id FROM enforcement_events e JOIN here ON e.merged_into = here.id
    )
    SELECT id FROM here
    """
)


def follow_up(
    session: Session,
    event_ids: Sequence[UUID],
    before: Iterable[Touched] = (),
    *,
    moved: bool,
    cases: Iterable[UUID | None] = (),
) -> None:
    """`before`: where the events lay; `moved`: whether links may change by it; `cases`: those that gained or lost an
    event, for to a squad a case is visible, and found, by its events."""
    if moved:
        link_anew(session, event_ids, before)
    bring_up_to_date(session, event_ids, cases)


def link_anew(session: Session, event_ids: Sequence[UUID], before: Iterable[Touched] = ()) -> None:
    """Requests the links of every recording near them, linked to them, or naming them or what was merged here."""
    naming = {*event_ids, *session.scalars(_MERGED_HERE, {"ids": list(event_ids)})}
    relink(session, [*before, *touched_by_events(session, event_ids)], sorted(naming))


def bring_up_to_date(session: Session, event_ids: Sequence[UUID], cases: Iterable[UUID | None] = ()) -> None:
    changed(session, EnforcementEvent, event_ids)
    changed(session, Case, cases, {"events"})

"""Disputes as people read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from schemas.coverage import CoverageSnapshot, Dispute, DisputeState
from schemas.recordings import Recording
from service.access.actor import Actor
from service.access.queries import visible_recordings
from service.access.rules import may
from service.explanations.actions import same_person
from service.explanations.views import account_names, events_named
from service.web.views import Ref
from service.web.words import DISPUTE_STATES, Word


@dataclass(slots=True)
class DisputeLine:
    """Buttons post to /disputes/{id}/{uphold,dismiss,withdraw}. `month`: the frozen month that it stands beside."""

    id: str
    event: Ref
    squad: str
    recording: Ref | None
    month: str | None
    statement: str
    state: str
    word: Word
    raised_by: str
    raised_at: datetime
    answered_by: str | None
    answered_at: datetime | None
    answer: str
    own: bool
    may_answer: bool
    may_withdraw: bool
    said: str = ""


def dispute_lines(
    session: Session, actor: Actor, disputes: Sequence[Dispute], said: str = ""
) -> list[DisputeLine]:
    """In the order given."""
    names = account_names(
        session, [id_ for one in disputes for id_ in (one.raised_by, one.answered_by) if id_]
    )
    events = events_named(session, actor, [one.event_id for one in disputes])
    files = {
        one.id: Ref(one.file_name or str(one.id), f"/recordings/{one.id}")
        for one in session.scalars(
            visible_recordings(actor).where(
                Recording.id.in_([one.recording_id for one in disputes if one.recording_id])  # type: ignore[attr-defined]
            )
        )
    }
    answers = may(actor.role, "answer_disputes")
    found = []
    for one in disputes:
        event, squad = events[one.event_id]
        snapshot = session.get(CoverageSnapshot, one.snapshot_id) if one.snapshot_id else None
        own, is_open = same_person(session, actor, one.raised_by), one.state == DisputeState.open
        found.append(
            DisputeLine(
                id=str(one.id),
                event=event,
                squad=squad,
                recording=files.get(one.recording_id) if one.recording_id else None,
                month=snapshot.month.isoformat()[:7] if snapshot else None,
                statement=one.statement,
                state=str(one.state),
                word=DISPUTE_STATES[one.state],
                raised_by=names.get(one.raised_by, "–"),
                raised_at=one.raised_at,
                answered_by=names.get(one.answered_by) if one.answered_by else None,
                answered_at=one.answered_at,
                answer=one.answer,
                own=own,
                may_answer=answers and is_open and not own,
                may_withdraw=is_open and one.raised_by == actor.account_id,
                said=said,
            )
        )
    return found

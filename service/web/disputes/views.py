"""Disputes as people read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.coverage import CoverageSnapshot, Dispute, DisputeAbout, DisputeState
from schemas.people import Squad
from schemas.recorders import Recorder
from schemas.recordings import Recording
from service.access.queries import visible_recordings
from service.access.rules import may
from service.kernel.actor import Actor
from service.kernel.words import Word
from service.registry.clocks.words import recorder_path
from service.supervision.disputes.queries import ROW
from service.supervision.disputes.words import DISPUTE_STATES, DISPUTED
from service.supervision.explanations.actions import same_person
from service.web.explanations.views import account_names, events_named
from service.web.frame.views import Ref


@dataclass(slots=True)
class DisputeLine:
    """Buttons post to /disputes/{id}/{uphold,dismiss,withdraw}. `row`: what it is about, with the word for such a row.
    `month`: the frozen month that it stands beside."""

    id: str
    about: str
    row: Ref
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
    rows = _rows_named(session, actor, disputes)
    files = {
        one.id: Ref(one.file_name or str(one.id), f"/recordings/{one.id}")
        for one in session.scalars(
            visible_recordings(actor).where(
                Recording.id.in_([one.recording_id for one in disputes if one.recording_id])
            )
        )
    }
    answers = may(actor.role, "answer_disputes")
    found = []
    for one in disputes:
        row, squad = rows[one.id]
        snapshot = session.get(CoverageSnapshot, one.snapshot_id) if one.snapshot_id else None
        own, is_open = same_person(session, actor, one.raised_by), one.state == DisputeState.open
        found.append(
            DisputeLine(
                id=str(one.id),
                about=str(DISPUTED[one.about]),
                row=row,
                squad=squad,
                recording=files.get(one.recording_id) if one.event_id and one.recording_id else None,
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


def _rows_named(session: Session, actor: Actor, disputes: Sequence[Dispute]) -> dict[UUID, tuple[Ref, str]]:
    """What each is about and the squad of that row, by dispute. The caller may see them all."""
    squads = {one.id: one.name for one in session.scalars(select(Squad))}
    events = events_named(session, actor, [one.event_id for one in disputes if one.event_id])
    found = {}
    for one in disputes:
        match one.about:
            case DisputeAbout.event:
                assert one.event_id, ROW
                event, squad = events[one.event_id]
                found[one.id] = Ref(event.label, f"{event.href}#coverage"), squad
            case DisputeAbout.recording:
                recording = session.get_one(Recording, one.recording_id)
                name = recording.file_name or str(recording.id)
                found[one.id] = Ref(name, f"/recordings/{recording.id}"), squads[recording.squad_id]
            case DisputeAbout.recorder:
                recorder = session.get_one(Recorder, one.recorder_id)
                name = f"{recorder.serial} · {one.day}"
                found[one.id] = Ref(name, recorder_path(recorder)), squads[recorder.squad_id]
            case DisputeAbout.duty_day:
                assert one.squad_id and one.day, ROW
                found[one.id] = Ref(str(one.day), duty_day_path(one.squad_id, one.day)), squads[one.squad_id]
    return found


def duty_day_path(squad_id: UUID, day: date) -> str:
    """The row behind figure 4."""
    query = {"figure": "recorders_on_duty", "from": day, "to": day, "group": f"squad:{squad_id}"}
    return f"/coverage/rows?{urlencode(query)}"

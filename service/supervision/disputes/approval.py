"""Disputes as a kind of approval: answered by one whom the row does not concern, always with a sentence."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.accounts import Role
from schemas.approvals import ApprovalState
from schemas.coverage import CoverageSnapshot, Dispute, DisputeAbout, DisputeState
from schemas.events import EnforcementEvent
from schemas.people import Squad
from schemas.recorders import Recorder
from schemas.recordings import Recording
from service.access.queries import visible_recordings
from service.access.rules import MAY
from service.kernel.actor import Actor
from service.kernel.i18n import gettext
from service.kernel.i18n import lazy as _
from service.kernel.i18n import noop as _n
from service.kernel.two_persons.approval import VERBS, Approval, Shown, Told, Verb
from service.kernel.two_persons.rules import ANSWERS, Step
from service.kernel.words import Word
from service.registry.clocks.words import recorder_path
from service.registry.events.queries import events_named
from service.supervision.disputes import acts
from service.supervision.disputes.errors import AnsweredAlready
from service.supervision.disputes.queries import visible_disputes
from service.supervision.disputes.subjects import Subject, concerns, frozen_month_of, given
from service.supervision.disputes.words import DISPUTE_STATES, DISPUTED

STATES = {
    ApprovalState.asked: DisputeState.open,
    ApprovalState.approved: DisputeState.upheld,
    ApprovalState.declined: DisputeState.dismissed,
    ApprovalState.withdrawn: DisputeState.withdrawn,
}
ANSWERED = acts.ANSWER_DISPUTE
TABLES: dict[str, tuple[Any, str]] = {
    DisputeAbout.event: (EnforcementEvent, "event_id"),
    DisputeAbout.recording: (Recording, "recording_id"),
    DisputeAbout.recorder: (Recorder, "recorder_id"),
}


def subject_of(session: Session, dispute: Dispute) -> Subject:
    """Of a dispute that the caller may see."""
    squad_id = dispute.squad_id
    if dispute.about in TABLES:
        table, column = TABLES[dispute.about]
        squad_id = session.get_one(table, getattr(dispute, column)).squad_id
    about, squad_id = DisputeAbout(dispute.about), given(squad_id)
    recording = session.get(Recording, dispute.recording_id) if dispute.recording_id else None
    return Subject(about, squad_id, dispute.event_id, recording, dispute.recorder_id, dispute.day)


def _concerns(session: Session, actor: Actor, dispute: Dispute) -> bool:
    return concerns(session, actor, subject_of(session, dispute))


def _told(session: Session, dispute: Dispute) -> Told:
    squad_id = subject_of(session, dispute).squad_id
    detail: dict[str, Any] = {"day": dispute.day.isoformat()} if dispute.day else {}
    if dispute.about == DisputeAbout.duty_day:
        return Told("squad", dispute.squad_id, squad_id, detail)
    if dispute.about == DisputeAbout.event:
        detail["recording"] = str(dispute.recording_id) if dispute.recording_id else None
    return Told(str(dispute.about), getattr(dispute, TABLES[dispute.about][1]), squad_id, detail)


def _beside_frozen(session: Session, actor: Actor, dispute: Dispute, step: Step) -> None:
    """The month of its row may have been frozen since it was raised."""
    if step is not Step.withdraw:
        dispute.snapshot_id = frozen_month_of(session, dispute)


def _shown(session: Session, actor: Actor, disputes: Sequence[Dispute]) -> dict[UUID, Shown]:
    rows = _rows_named(session, actor, disputes)
    seen = visible_recordings(actor).where(
        Recording.id.in_([one.recording_id for one in disputes if one.event_id and one.recording_id])
    )
    files = {one.id: one.file_name or str(one.id) for one in session.scalars(seen)}
    found = {}
    for one in disputes:
        row, squad = rows[one.id]
        month = session.get_one(CoverageSnapshot, one.snapshot_id).month if one.snapshot_id else None
        found[one.id] = Shown(
            row=row,
            squad=squad,
            about=DISPUTED[one.about],
            warning=gettext("beside the frozen month {month}").format(month=f"{month:%Y-%m}")
            if month
            else "",
            more=(gettext("Should have counted:"), files[one.recording_id], f"/recordings/{one.recording_id}")
            if one.recording_id in files
            else None,
        )
    return found


def _rows_named(
    session: Session, actor: Actor, disputes: Sequence[Dispute]
) -> dict[UUID, tuple[tuple[str, str], str]]:
    """What each is about, as words and address, and the squad of that row. The caller may see them all."""
    squads = {one.id: one.name for one in session.scalars(select(Squad))}
    events = events_named(session, actor, [one.event_id for one in disputes if one.event_id])
    found = {}
    for one in disputes:
        match one.about:
            case DisputeAbout.event:
                title, squad = events[given(one.event_id)]
                found[one.id] = (title, f"/events/{one.event_id}#coverage"), squad
            case DisputeAbout.recording:
                recording = session.get_one(Recording, one.recording_id)
                name = recording.file_name or str(recording.id)
                found[one.id] = (name, f"/recordings/{recording.id}"), squads[recording.squad_id]
            case DisputeAbout.recorder:
                recorder = session.get_one(Recorder, one.recorder_id)
                name = f"{recorder.serial} · {one.day}"
                found[one.id] = (name, recorder_path(recorder)), squads[recorder.squad_id]
            case _:
                squad_id, day = given(one.squad_id), given(one.day)
                found[one.id] = (str(day), _duty_day_path(squad_id, day)), squads[squad_id]
    return found


def _duty_day_path(squad_id: UUID, day: date) -> str:
    """The row behind figure 4."""
    query = {"figure": "recorders_on_duty", "from": day, "to": day, "group": f"squad:{squad_id}"}
    return f"/coverage/rows?{urlencode(query)}"


DISPUTE = Approval(
    name="dispute",
    table=Dispute,
    said="statement",
    same=("about", "event_id", "recording_id", "recorder_id", "squad_id", "day", "asked_by"),
    may_ask=frozenset(Role),  # whom the row concerns
    may_answer=MAY["answer_disputes"],
    acts={
        Step.ask: acts.RAISE_DISPUTE,
        **dict.fromkeys(ANSWERS, ANSWERED),
        Step.withdraw: acts.WITHDRAW_DISPUTE,
    },
    visible=visible_disputes,
    concerns=_concerns,
    told=_told,
    follow=_beside_frozen,
    steps=frozenset(Step) - {Step.reopen},
    must_say_why=ANSWERS,
    states=STATES,
    words=DISPUTE_STATES,
    verbs={
        Step.approve: Verb(
            "uphold", _("The officer is right"), _("Answered."), _("What is put right, and how?")
        ),
        Step.decline: Verb("dismiss", _("The row is right"), _("Answered."), _("Why is it right as it is?")),
        Step.withdraw: VERBS[Step.withdraw],
    },
    too_late=AnsweredAlready,
    answered_by=_n("answered by {who}, {when}"),
    queue="disputes",
    place=2,
    word=Word(
        _("Disputes"),
        icon="message-square-warning",
        tone="warn",
        meaning=_("An officer says that a row is wrong and waits for an answer; the oldest first."),
    ),
    mine=Word(
        _("My disputes"),
        icon="message-square-warning",
        meaning=_("What you said is wrong, and the answers."),
    ),
    shown=_shown,
)

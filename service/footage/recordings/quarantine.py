"""Quarantine: what was refused has a list, a reason and a term, after which a person decides. Nothing is deleted here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.quarantine import QuarantineChoice, QuarantineDecision
from schemas.recordings import Receipt, ReceiptOutcome, Recording, RecordingState
from service.access.actions import require
from service.access.queries import get_recording, visible_recordings
from service.footage.announcements.rules import WITHDRAWN
from service.footage.recordings import acts
from service.footage.recordings.errors import NotInQuarantine
from service.footage.recordings.policy import QUARANTINE
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.kernel.jobs import request_job
from service.kernel.keyset import Page, page, time, unique
from service.kernel.policy import policy

LONGEST_REASON = 1000
APART = (ReceiptOutcome.mismatch, ReceiptOutcome.quarantined)


@dataclass(frozen=True)
class Held:
    """`decide_by`: when its term is over; None: its disposal was asked for."""

    recording: Recording
    decision: QuarantineDecision | None
    term: timedelta

    @property
    def decide_by(self) -> datetime | None:
        if self.decision is not None:
            return self.decision.until
        return self.recording.received_at + self.term


def held_apart(actor: Actor) -> Select:
    return visible_recordings(actor).where(
        Recording.state == RecordingState.refused,
        Recording.reason.is_distinct_from(WITHDRAWN),
        Recording.merged_into.is_(None),
    )


def listed(session: Session, actor: Actor, cursor: str | None, limit: int) -> Page:
    """The longest kept first."""
    require(actor, "see_queue")
    order = [time(Recording.received_at), unique(Recording.id)]
    found = page(session, held_apart(actor), order, cursor, limit)
    return Page(with_decisions(session, found.items), found.next)


def decide(session: Session, actor: Actor, recording_id: UUID, choice: QuarantineChoice, reason: str) -> Held:
    require(actor, "decide_quarantine")
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid(field="reason", problem=_("a reason is wanted"))
    seen = get_recording(session, actor, recording_id)
    found = held_apart(actor).where(Recording.id == seen.id).with_for_update()
    recording = session.scalars(found).first()
    if recording is None:
        raise NotInQuarantine
    term = timedelta(days=policy(session, QUARANTINE))
    decision = QuarantineDecision(
        recording_id=recording.id,
        choice=choice,
        reason=reason.strip(),
        until=None if choice == QuarantineChoice.dispose else now() + term,
        decided_by=actor.account_id,
    )
    session.add(decision)
    if choice == QuarantineChoice.again:
        _take_up(session, recording)
    record(
        session, actor, acts.DECIDE_QUARANTINE, "recording", recording.id, squad_id=recording.squad_id,
        choice=choice.value, reason=decision.reason, until=decision.until and decision.until.isoformat(),
    )  # fmt: skip
    session.flush()
    return Held(recording, decision, term)


def _take_up(session: Session, recording: Recording) -> None:
    """The last arrival is read once more: by what is known today of files, and by what the store holds today."""
    request_job(session, JobKind.intake, recording.id, priority=2, cost_s=1)
    receipt = session.scalars(
        select(Receipt)
        .where(Receipt.recording_id == recording.id, Receipt.outcome.in_(APART))
        .order_by(Receipt.received_at.desc())
        .limit(1)
    ).first()
    if receipt is not None:
        receipt.outcome, receipt.verified_at = ReceiptOutcome.pending, None
        session.add(receipt)


def with_decisions(session: Session, recordings: list[Recording]) -> list[Held]:
    ids = [recording.id for recording in recordings]
    newest = (
        select(QuarantineDecision)
        .where(QuarantineDecision.recording_id.in_(ids))
        .ext(distinct_on(QuarantineDecision.recording_id))
        .order_by(QuarantineDecision.recording_id, QuarantineDecision.decided_at.desc())
    )
    decided = {one.recording_id: one for one in session.scalars(newest)} if ids else {}
    term = timedelta(days=policy(session, QUARANTINE))
    return [Held(recording, decided.get(recording.id), term) for recording in recordings]


def over(session: Session, actor: Actor) -> int:
    """How many wait for a decision whose term is over."""
    return session.scalar(select(func.count()).select_from(term_over(session, actor).subquery())) or 0


def term_over(session: Session, actor: Actor) -> Select:
    """Those that wait for a decision, and had time for it."""
    term = timedelta(days=policy(session, QUARANTINE))
    last = (
        select(QuarantineDecision.until, QuarantineDecision.choice)
        .where(QuarantineDecision.recording_id == Recording.id)
        .order_by(QuarantineDecision.decided_at.desc())
        .limit(1)
        .lateral()
    )
    mine = held_apart(actor).outerjoin(last, true())
    due = func.coalesce(last.c.until, Recording.received_at + term) < func.now()
    return mine.where(due, last.c.choice.is_distinct_from(QuarantineChoice.dispose.value))

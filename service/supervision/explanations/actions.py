"""Why an event was not recorded 豁免, or why a recording has a gap 中断说明: asked by one person, decided by another."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.accounts import Account
from schemas.coverage import (
    Basis,
    EventCoverage,
    Explanation,
    ExplanationKind,
    ExplanationReason,
    ExplanationState,
)
from schemas.events import EnforcementEvent
from service.access.actions import require
from service.access.queries import get_event
from service.kernel.actor import Actor
from service.kernel.changes import changed
from service.kernel.clock import as_utc, now
from service.kernel.custody import record
from service.kernel.errors import Invalid, NotAllowed
from service.supervision.coverage.keep import recount
from service.supervision.explanations.errors import DecidedAlready, NoGapThere, NothingToExplain, SecondPerson
from service.supervision.explanations.queries import get_explanation

LONGEST = 1000


def ask_exemption(
    session: Session, actor: Actor, event_id: UUID, reason: ExplanationReason, note: str
) -> Explanation:
    return _ask(session, actor, event_id, ExplanationKind.exemption, reason, note)


def ask_gap_reason(
    session: Session,
    actor: Actor,
    event_id: UUID,
    reason: ExplanationReason,
    note: str,
    gap_from: datetime,
    gap_to: datetime,
) -> Explanation:
    """The stretch must touch a gap that the kept row shows now, and is kept no wider than the gaps that it touches:
    what is approved must not explain a gap that comes later."""
    stretch = as_utc(gap_from), as_utc(gap_to)
    if stretch[0] >= stretch[1]:
        raise Invalid(field="gap_to", problem="before gap_from")
    return _ask(session, actor, event_id, ExplanationKind.gap_reason, reason, note, stretch)


def _ask(
    session: Session,
    actor: Actor,
    event_id: UUID,
    kind: ExplanationKind,
    reason: ExplanationReason,
    note: str,
    stretch: tuple[datetime, datetime] | tuple[None, None] = (None, None),
) -> Explanation:
    """Whoever asks twice for the same is answered with the wish that is open; what another asks is another wish."""
    require(actor, "explain")
    event = get_event(session, actor, event_id)
    if not note.strip():
        raise Invalid(field="note", problem="empty")
    session.refresh(event, with_for_update=True)
    recount(session, [event.id])
    kept = session.get_one(EventCoverage, (event.id, Basis.counted))
    if kept.excluded is not None:
        raise NothingToExplain
    if stretch[0] is not None:
        stretch = _within_gaps(kept.gaps, *stretch)
    same = session.scalars(
        select(Explanation).where(
            Explanation.event_id == event.id,
            Explanation.kind == kind,
            Explanation.reason == reason,
            Explanation.asked_by == actor.account_id,
            Explanation.state == ExplanationState.asked,
            Explanation.gap_from.is_not_distinct_from(stretch[0]),
            Explanation.gap_to.is_not_distinct_from(stretch[1]),
        )
    ).first()
    if same is not None:
        return same
    wish = Explanation(
        event_id=event.id,
        kind=kind,
        reason=reason,
        gap_from=stretch[0],
        gap_to=stretch[1],
        note=note.strip()[:LONGEST],
        asked_by=actor.account_id,
    )
    session.add(wish)
    _note(session, actor, "ask_explanation", wish, event.squad_id, note=wish.note)
    return wish


def approve(session: Session, actor: Actor, explanation_id: UUID, answer: str = "") -> Explanation:
    return _decide(session, actor, explanation_id, ExplanationState.approved, answer)


def decline(session: Session, actor: Actor, explanation_id: UUID, answer: str) -> Explanation:
    """With a sentence for the one who asked."""
    if not answer.strip():
        raise Invalid(field="answer", problem="empty")
    return _decide(session, actor, explanation_id, ExplanationState.declined, answer)


def reopen(session: Session, actor: Actor, explanation_id: UUID) -> Explanation:
    """Takes a decision back: it waits again, and counts no more until someone decides. Not by the one who asked:
    another person's refusal is theirs to take back."""
    require(actor, "decide_explanations")
    wish = get_explanation(session, actor, explanation_id)
    if same_person(session, actor, wish.asked_by):
        raise SecondPerson
    if wish.state not in (ExplanationState.approved, ExplanationState.declined):
        raise DecidedAlready
    before = wish.state
    wish.state, wish.decided_by, wish.decided_at, wish.answer = ExplanationState.asked, None, None, ""
    return _changed(session, actor, "reopen_explanation", wish, before=str(before))


def withdraw(session: Session, actor: Actor, explanation_id: UUID) -> Explanation:
    wish = get_explanation(session, actor, explanation_id)
    if wish.asked_by != actor.account_id:
        raise NotAllowed
    if wish.state != ExplanationState.asked:
        raise DecidedAlready
    wish.state, wish.decided_at = ExplanationState.withdrawn, now()
    return _changed(session, actor, "withdraw_explanation", wish)


def _decide(
    session: Session, actor: Actor, explanation_id: UUID, state: ExplanationState, answer: str
) -> Explanation:
    require(actor, "decide_explanations")
    wish = get_explanation(session, actor, explanation_id)
    if same_person(session, actor, wish.asked_by):
        raise SecondPerson
    if wish.state != ExplanationState.asked:
        raise DecidedAlready
    wish.state, wish.answer = state, answer.strip()[:LONGEST]
    wish.decided_by, wish.decided_at = actor.account_id, now()
    return _changed(session, actor, "decide_explanation", wish, outcome=str(state), answer=wish.answer)


def same_person(session: Session, actor: Actor, account_id: UUID) -> bool:
    """The same account, or another account of the same officer."""
    if account_id == actor.account_id:
        return True
    return (
        actor.officer_id is not None and session.get_one(Account, account_id).officer_id == actor.officer_id
    )


def _within_gaps(gaps: list[Any], start: datetime, end: datetime) -> tuple[datetime, datetime]:
    spans = [(datetime.fromisoformat(gap[0]), datetime.fromisoformat(gap[1])) for gap in gaps]
    touched = [(since, until) for since, until in spans if since < until and since < end and start < until]
    if not touched:
        raise NoGapThere
    return max(start, min(touched)[0]), min(end, max(until for _since, until in touched))


def _changed(session: Session, actor: Actor, action: str, wish: Explanation, **detail: Any) -> Explanation:
    session.add(wish)
    event = get_event(session, actor, wish.event_id)
    _note(session, actor, action, wish, event.squad_id, **detail)
    changed(session, EnforcementEvent, [wish.event_id], {"explanations"})
    return wish


def _note(
    session: Session, actor: Actor, action: str, wish: Explanation, squad_id: UUID, **detail: Any
) -> None:
    session.flush()  # what cannot be kept is refused before it is answered
    record(
        session,
        actor,
        action,
        "event",
        wish.event_id,
        squad_id=squad_id,
        explanation=str(wish.id),
        kind=str(wish.kind),
        reason=str(wish.reason),
        gap=[wish.gap_from.isoformat(), wish.gap_to.isoformat()] if wish.gap_from and wish.gap_to else None,
        **detail,
    )

"""Explanations as people read them: who asked what, when, and who decided it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.accounts import Account
from schemas.coverage import Explanation, ExplanationState
from schemas.events import EnforcementEvent
from schemas.people import Squad
from service.access.queries import visible_events
from service.access.rules import may
from service.kernel.actor import Actor
from service.kernel.words import Word
from service.registry.clocks.words import length
from service.supervision.coverage.words import EXEMPTIONS
from service.supervision.explanations.actions import same_person
from service.supervision.explanations.words import EXPLANATION_KINDS, EXPLANATION_STATES
from service.web.frame.views import Ref


@dataclass(slots=True)
class ExplanationLine:
    """Buttons post to /explanations/{id}/{approve,decline,reopen,withdraw}. `own`: the viewer asked, so another
    person decides. `said`: what was just done."""

    id: str
    kind: Word
    event: Ref
    squad: str
    reason: str
    note: str
    start: datetime | None
    end: datetime | None
    length: str
    state: str
    word: Word
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    answer: str
    own: bool
    may_decide: bool
    may_withdraw: bool
    may_reopen: bool
    said: str = ""


def explanation_lines(
    session: Session, actor: Actor, wishes: Sequence[Explanation], said: str = ""
) -> list[ExplanationLine]:
    """In the order given."""
    names = account_names(session, [id_ for one in wishes for id_ in (one.asked_by, one.decided_by) if id_])
    events = events_named(session, actor, [one.event_id for one in wishes])
    decides = may(actor.role, "decide_explanations")
    found = []
    for wish in wishes:
        event, squad = events[wish.event_id]
        own = same_person(session, actor, wish.asked_by)
        asked = wish.state == ExplanationState.asked
        found.append(
            ExplanationLine(
                id=str(wish.id),
                kind=EXPLANATION_KINDS[wish.kind],
                event=event,
                squad=squad,
                reason=str(EXEMPTIONS[wish.reason]),
                note=wish.note,
                start=wish.gap_from,
                end=wish.gap_to,
                length=length((wish.gap_to - wish.gap_from).total_seconds())
                if wish.gap_from and wish.gap_to
                else "",
                state=str(wish.state),
                word=EXPLANATION_STATES[wish.state],
                asked_by=names.get(wish.asked_by, "–"),
                asked_at=wish.asked_at,
                decided_by=names.get(wish.decided_by) if wish.decided_by else None,
                decided_at=wish.decided_at,
                answer=wish.answer,
                own=own,
                may_decide=decides and asked and not own,
                may_withdraw=asked and wish.asked_by == actor.account_id,
                may_reopen=decides
                and not own
                and wish.state in (ExplanationState.approved, ExplanationState.declined),
                said=said,
            )
        )
    return found


def account_names(session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
    found = session.scalars(select(Account).where(Account.id.in_(set(ids))))
    return {one.id: one.display_name or one.username for one in found}


def events_named(session: Session, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, tuple[Ref, str]]:
    """Title, address and squad of events that the caller may see."""
    statement = (
        visible_events(actor)
        .where(EnforcementEvent.id.in_(set(ids)))
        .join(Squad, Squad.id == EnforcementEvent.squad_id)
        .add_columns(Squad.name)
    )
    return {
        event.id: (Ref(event.title, f"/events/{event.id}"), squad)
        for event, squad in session.execute(statement)
    }

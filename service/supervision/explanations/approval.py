"""Explanations as a kind of approval: decided by another person than whoever asked or took part, counted anew then."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from schemas.coverage import Explanation
from schemas.events import EnforcementEvent, EventOfficer
from service.access.rules import MAY
from service.kernel.actor import Actor
from service.kernel.changes import changed
from service.kernel.i18n import gettext, moment
from service.kernel.i18n import lazy as _
from service.kernel.two_persons.approval import Approval, Shown, Told
from service.kernel.two_persons.rules import ANSWERS, Step
from service.kernel.words import Word
from service.registry.clocks.words import length
from service.registry.events.queries import events_named
from service.supervision.coverage.words import EXEMPTIONS
from service.supervision.explanations import acts
from service.supervision.explanations.queries import visible_explanations
from service.supervision.explanations.words import EXPLANATION_KINDS

DECIDED = acts.DECIDE_EXPLANATION


def _took_part(session: Session, actor: Actor, wish: Explanation) -> bool:
    mine = actor.officer_id
    return mine is not None and session.get(EventOfficer, (wish.event_id, mine)) is not None


def _told(session: Session, wish: Explanation) -> Told:
    stretch = [wish.gap_from.isoformat(), wish.gap_to.isoformat()] if wish.gap_from and wish.gap_to else None
    detail = {"kind": str(wish.kind), "reason": str(wish.reason), "gap": stretch}
    squad_id = session.get_one(EnforcementEvent, wish.event_id).squad_id
    return Told("event", wish.event_id, squad_id, detail)


def _count_anew(session: Session, actor: Actor, wish: Explanation, step: Step) -> None:
    if step is not Step.ask:
        changed(session, EnforcementEvent, [wish.event_id], {"explanations"})


def _reason(detail: Mapping[str, Any]) -> str:
    kind, reason = str(detail.get("kind") or ""), str(detail.get("reason") or "")
    reason = str(EXEMPTIONS.get(reason, reason))
    if kind in EXPLANATION_KINDS:
        reason = gettext("{kind}: {reason}").format(kind=EXPLANATION_KINDS[kind].label, reason=reason)
    return reason


def _shown(session: Session, actor: Actor, wishes: Sequence[Explanation]) -> dict[UUID, Shown]:
    events = events_named(session, actor, [one.event_id for one in wishes])
    return {one.id: _line(one, *events[one.event_id]) for one in wishes}


def _line(wish: Explanation, title: str, squad: str) -> Shown:
    stretch = ""
    if wish.gap_from and wish.gap_to:
        lasts = length((wish.gap_to - wish.gap_from).total_seconds())
        stretch = f"{moment(wish.gap_from, 'clock')}–{moment(wish.gap_to, 'clock')} ({lasts})"
    return Shown(
        row=(title, f"/events/{wish.event_id}#coverage"),
        squad=squad,
        title=EXPLANATION_KINDS[wish.kind].label,
        detail=stretch,
        chip=EXEMPTIONS[wish.reason],
    )


EXPLANATION = Approval(
    name="explanation",
    table=Explanation,
    said="note",
    same=("event_id", "kind", "reason", "gap_from", "gap_to", "asked_by"),
    may_ask=MAY["explain"],
    may_answer=MAY["decide_explanations"],
    acts={
        Step.ask: acts.ASK_EXPLANATION,
        **dict.fromkeys(ANSWERS, DECIDED),
        Step.withdraw: acts.WITHDRAW_EXPLANATION,
        Step.reopen: acts.REOPEN_EXPLANATION,
    },
    visible=visible_explanations,
    concerns=_took_part,
    told=_told,
    follow=_count_anew,
    reason=_reason,
    queue="explanations",
    place=1,
    word=Word(
        _("Explanations"),
        icon="message-circle-question-mark",
        tone="warn",
        meaning=_("Asked by members, waiting for another person to decide; the oldest first."),
    ),
    shown=_shown,
)

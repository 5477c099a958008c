"""Why an event was not recorded 豁免, or why a recording has a gap 中断说明: asked by one person, decided by another."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from schemas.coverage import Basis, EventCoverage, Explanation, ExplanationKind, ExplanationReason
from service.access.queries import get_event
from service.kernel.actor import Actor
from service.kernel.clock import as_utc
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.kernel.two_persons.rules import Step
from service.supervision.coverage.counting import recount
from service.supervision.explanations.approval import EXPLANATION
from service.supervision.explanations.errors import NoGapThere, NothingToExplain


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
        raise Invalid(field="gap_to", problem=_("it lies before {field}").format(field="gap_from"))
    return _ask(session, actor, event_id, ExplanationKind.gap_reason, reason, note, stretch)


def _ask(
    session: Session,
    actor: Actor,
    event_id: UUID,
    kind: ExplanationKind,
    reason: ExplanationReason,
    note: str,
    stretch: tuple[datetime | None, datetime | None] = (None, None),
) -> Explanation:
    """Whoever asks twice for the same is answered with the wish that is open; what another asks is another wish."""
    EXPLANATION.admit(actor, Step.ask)
    event = get_event(session, actor, event_id)
    session.refresh(event, with_for_update=True)
    recount(session, [event.id])
    kept = session.get_one(EventCoverage, (event.id, Basis.counted))
    if kept.excluded is not None:
        raise NothingToExplain
    start, end = stretch
    if start is not None and end is not None:
        start, end = _within_gaps(kept.gaps, start, end)
    wish = Explanation(
        event_id=event.id, kind=kind, reason=reason, gap_from=start, gap_to=end, note=note,
        asked_by=actor.account_id,
    )  # fmt: skip
    return EXPLANATION.ask(session, actor, wish, event)


def _within_gaps(gaps: list[Any], start: datetime, end: datetime) -> tuple[datetime, datetime]:
    spans = [(datetime.fromisoformat(gap[0]), datetime.fromisoformat(gap[1])) for gap in gaps]
    touched = [(since, until) for since, until in spans if since < until and since < end and start < until]
    if not touched:
        raise NoGapThere
    return max(start, min(touched)[0]), min(end, max(until for _since, until in touched))

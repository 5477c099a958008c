"""Rows behind figures and on lists, as lines of a table, in a fixed number of queries."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.links import COUNTED, Link, LinkState
from schemas.people import Squad
from schemas.recorders import Recorder
from schemas.recordings import Recording
from service.access.queries import visible_links
from service.access.rules import may
from service.finding.linking.words import LINKS
from service.finding.search.cards import cards
from service.kernel.actor import Actor
from service.kernel.i18n import ago
from service.kernel.i18n import gettext as _
from service.registry.clocks.words import length, off, recorder_path, rough_length
from service.registry.events.subjects import subjects
from service.registry.recorders.queries import LAST_SEEN, RatioRow
from service.registry.recorders.words import RECORDER_STATES
from service.supervision.coverage.figure_types import About
from service.supervision.coverage.late import LateChange
from service.supervision.coverage.recorders import RecorderRow
from service.supervision.coverage.rows import EventRow, LinkRow, Rows
from service.supervision.coverage.status import EXEMPT, Status
from service.supervision.coverage.words import EXCLUSIONS, EXEMPTIONS, STATUSES
from service.web.coverage import views
from service.web.events.detail import event_views
from service.web.frame.views import Ref, Table
from service.web.recordings.detail import link_views
from service.web.recordings.views import Link as LinkView

NEAR = timedelta(hours=6)
MOST_OFFERS = 3


def table(
    session: Session,
    actor: Actor,
    found: Rows,
    as_of: datetime,
    next_: str | None = None,
    *,
    deciding: str = "",
) -> Table:
    """`deciding`: the list whose recordings are linked from its rows."""
    match found.about:
        case About.event:
            return Table("event", event_lines(session, actor, found.items), next_)
        case About.recording if deciding:
            return Table("offer", offer_rows(session, actor, deciding, found.items), next_)
        case About.recording:
            return Table("recording", cards(session, actor, list(found.items)), next_)
        case About.link:
            return Table("link", _link_lines(session, found.items), next_)
        case About.change:
            return Table("change", _change_lines(session, found.items), next_)
        case About.recorder:
            return Table("recorder", _recorder_lines(session, found.items), next_)
        case _:
            return Table("duty_day", [_duty_line(row) for row in found.items], next_)


def event_lines(session: Session, actor: Actor, rows: Sequence[EventRow]) -> list[views.EventLine]:
    shown = {one.id: one for one in event_views(session, actor, [row.event for row in rows])}
    words = subjects(session)
    found = []
    for row in rows:
        kept, event = row.coverage, shown[str(row.event.id)]
        found.append(
            views.EventLine(
                id=event.id,
                title=event.title,
                href=event.href,
                kind=event.kind,
                squad=event.squad or "–",
                officers=_(", ").join(event.officers) or "–",
                subject=words.word(row.event.subject),
                required_from=kept.required_from,
                required_to=kept.required_to,
                status=STATUSES[row.status],
                share=kept.recorded_s / kept.required_s if kept.required_to and kept.required_s else None,
                recorded=recorded_words(row),
                links=kept.links,
                announced=kept.announced,
                late=row.late,
                due=due_words(row),
                due_at=kept.due_at,
                near=row.status is Status.pending and row.due_in_s < NEAR.total_seconds(),
                over=row.due_in_s <= 0,
                gaps=gaps_of(row),
                left_out=left_out(row),
                silent=kept.links - kept.shown,
                offered=kept.offered,
            )
        )
    return found


def recorded_words(row: EventRow) -> str:
    kept = row.coverage
    if not kept.required_to:
        return _("{time} so far").format(time=length(kept.recorded_s))
    return _("{time} of {all}").format(time=length(kept.recorded_s), all=length(kept.required_s))


def due_words(row: EventRow) -> str:
    """The deadline against the hour that was asked for; nothing for what does not have to come."""
    if row.status in (Status.not_counted, Status.exempt):
        return ""
    if row.due_in_s > 0:
        return _("in {time}").format(time=rough_length(row.due_in_s))
    came = row.coverage.last_received_at
    if came is not None and came > row.coverage.due_at and not row.coverage.announced:
        return _("came {time} late").format(time=rough_length((came - row.coverage.due_at).total_seconds()))
    if row.late:
        return _("late for {time}").format(time=rough_length(-row.due_in_s))
    return _("over")


def left_out(row: EventRow) -> str | None:
    kept = row.coverage
    if kept.excluded:
        return str(EXCLUSIONS[kept.excluded])
    if row.standing in EXEMPT or kept.exempt:
        return str(EXEMPTIONS[kept.exempt or row.standing])
    return None


def gaps_of(row: EventRow) -> list[views.Gap]:
    found = []
    for start, end, place, explained in row.coverage.gaps:
        since, until = datetime.fromisoformat(start), datetime.fromisoformat(end)
        found.append(views.Gap(since, until, place, bool(explained), length((until - since).total_seconds())))
    return found


def offer_rows(
    session: Session, actor: Actor, name: str, recordings: Sequence[Recording]
) -> list[views.OfferRow]:
    """Recordings with what they may be linked to, and what a person decided of it."""
    ids = [recording.id for recording in recordings]
    links = session.scalars(visible_links(actor).where(Link.recording_id.in_(ids))).all()
    of_link = {str(link.id): link.recording_id for link in links}
    by_recording: dict[UUID, list[LinkView]] = {}
    for view in link_views(session, actor, links):
        by_recording.setdefault(of_link[view.id], []).append(view)
    found = []
    for recording, card in zip(recordings, cards(session, actor, list(recordings)), strict=True):
        mine = by_recording.get(recording.id, [])
        card.links = [chip for chip in card.links if chip.status != LinkState.offered]
        offers = sorted((one for one in mine if one.status == LinkState.offered), key=lambda one: -one.score)
        found.append(
            views.OfferRow(
                id=str(recording.id),
                card=card,
                waiting=ago(recording.received_at),
                offers=list(offers[:MOST_OFFERS]),
                decided=sorted(
                    (one for one in mine if one.decided_at), key=attrgetter("decided_at"), reverse=True
                ),
                action=f"/coverage/lists/{name}/recordings/{recording.id}/links",
                may_decide=may(actor.role, "link"),
                may_make=may(actor.role, "edit_events") and not any(one.status in COUNTED for one in mine),
            )
        )
    return found


def _recorder_lines(session: Session, rows: Sequence[RecorderRow]) -> list[views.RecorderLine]:
    squads = _squads(session)
    ids = [row.recorder.id for row in rows]
    seen = (
        dict(session.execute(select(Recorder.id, LAST_SEEN).where(Recorder.id.in_(ids))).all()) if ids else {}
    )
    return [
        views.RecorderLine(
            id=str(row.recorder.id),
            number=row.recorder.serial,
            href=recorder_path(row.recorder),
            squad=squads.get(row.recorder.squad_id, "–"),
            state=RECORDER_STATES[row.recorder.state],
            last_seen=seen.get(row.recorder.id),
            clock=off(row.clock.latest.offset_s) if row.clock and row.clock.latest else None,
            out_of_step=bool(row.clock and row.clock.out_of_step),
            battery=row.recorder.battery_percent,
            holders=_(", ").join(officer.name for officer in row.holders),
        )
        for row in rows
    ]


def _change_lines(session: Session, rows: Sequence[LateChange]) -> list[views.ChangeLine]:
    squads = _squads(session)
    return [
        views.ChangeLine(
            event=Ref(row.event.title, f"/events/{row.event.id}"),
            squad=squads.get(row.event.squad_id, "–"),
            deadline=row.deadline,
            entry=row.entry,
        )
        for row in rows
    ]


def _link_lines(session: Session, rows: Sequence[LinkRow]) -> list[views.LinkLine]:
    squads = _squads(session)
    return [
        views.LinkLine(
            state=LINKS[row.link.state],
            recording=Ref(
                row.recording.file_name or str(row.recording.id), f"/recordings/{row.recording.id}"
            ),
            event=Ref(row.event.title, f"/events/{row.event.id}"),
            squad=squads.get(row.event.squad_id, "–"),
            score=row.link.score,
        )
        for row in rows
    ]


def _duty_line(row: RatioRow) -> views.DutyLine:
    return views.DutyLine(
        row.day, str(row.squad_id), row.squad, row.officers, row.recorders, row.needed, row.below
    )


def _squads(session: Session) -> dict[UUID, str]:
    return {one.id: one.name for one in session.scalars(select(Squad))}

"""The rows of a month as they are frozen: what each is counted by, and what a reader needs to know it again."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import select
from sqlmodel import Session

from schemas.coverage import Basis, EventCoverage, SnapshotRow
from schemas.events import EnforcementEvent, EventOfficer
from schemas.links import Link
from schemas.people import Officer
from schemas.recorders import Recorder
from schemas.recordings import Recording
from service.access.queries import visible_coverage, visible_links, visible_recordings
from service.kernel.actor import Actor
from service.registry.clocks.queries import clock_rows
from service.registry.recorders.queries import LAST_SEEN
from service.supervision.coverage.figure_types import About
from service.supervision.coverage.selection import Filters, chosen_coverage, chosen_recordings
from service.supervision.coverage.sums import duty_days, recorder_standings, recording_standing
from service.supervision.disputes.subjects import duty_day_id

_EVENT = ("external_id", "title", "kind", "subject", "place", "arrived_at", "departed_at")
_RECORDING = ("state", "file_name", "recorded_from", "recorded_to", "duration_s", "received_at")
_LINK = ("recording_id", "event_id", "state", "previous_state", "score", "decided_at")


def rows_of_month(
    session: Session, actor: Actor, snapshot_id: UUID, month: date, until: date, as_of: datetime
) -> Iterator[SnapshotRow]:
    """`actor` sees the whole bureau."""
    filters = Filters(since=month, until=until)
    yield from _events(session, actor, snapshot_id, filters)
    yield from _recordings(session, actor, snapshot_id, filters, as_of)
    yield from _links(session, actor, snapshot_id, filters)
    for day in duty_days(session, actor, filters, as_of):
        named = {name: getattr(day, name) for name in ("day", "squad", "officers", "recorders", "needed")}
        people = {"officer_ids": day.officer_ids, "recorder_ids": day.recorder_ids}
        yield _row(
            snapshot_id, About.duty_day, duty_day_id(day.squad_id, day.day), day.squad_id, named | people
        )
    yield from _recorders(session, actor, snapshot_id, filters, as_of)


def _row(
    snapshot_id: UUID,
    about: About,
    subject_id: UUID,
    squad_id: UUID,
    row: Mapping[str, Any],
    basis: str = "",
) -> SnapshotRow:
    return SnapshotRow(
        snapshot_id=snapshot_id,
        about=about.value,
        subject_id=subject_id,
        basis=basis,
        squad_id=squad_id,
        row=to_jsonable_python(row),
    )


def _events(session: Session, actor: Actor, snapshot_id: UUID, filters: Filters) -> Iterator[SnapshotRow]:
    """One for each basis; `coverage` is the whole kept row."""
    crews: dict[UUID, list[str]] = {}
    for basis in Basis:
        kept = chosen_coverage(visible_coverage(actor), replace(filters, basis=basis))
        if not crews:
            ids = kept.with_only_columns(EventCoverage.event_id)
            crew = (
                select(EventOfficer.event_id, Officer.name)
                .join(Officer, Officer.id == EventOfficer.officer_id)
                .where(EventOfficer.event_id.in_(ids))
                .order_by(Officer.certificate_no)
            )
            for event_id, name in session.execute(crew):
                crews.setdefault(event_id, []).append(name)
        found = kept.join(EnforcementEvent, EnforcementEvent.id == EventCoverage.event_id)
        for row, event in session.execute(found.with_only_columns(EventCoverage, EnforcementEvent)):
            facts = {name: getattr(event, name) for name in _EVENT} | {"officers": crews.get(event.id, [])}
            kept_row = {name: getattr(row, name) for name in EventCoverage.model_fields}
            yield _row(
                snapshot_id,
                About.event,
                event.id,
                row.squad_id,
                {"event": facts, "coverage": kept_row},
                basis.value,
            )


def _recordings(
    session: Session, actor: Actor, snapshot_id: UUID, filters: Filters, as_of: datetime
) -> Iterator[SnapshotRow]:
    for basis in Basis:
        chosen = chosen_recordings(visible_recordings(actor), filters).where(Recording.merged_into.is_(None))
        found = (
            chosen.outerjoin(Recorder, Recorder.id == Recording.recorder_id)
            .outerjoin(Officer, Officer.id == Recording.officer_id)
            .with_only_columns(
                Recording, recording_standing(session, basis, as_of), Recorder.serial, Officer.name
            )
        )
        for recording, standing, serial, officer in session.execute(found):
            facts = {name: getattr(recording, name) for name in _RECORDING}
            facts |= {"standing": standing, "recorder": serial, "officer": officer}
            yield _row(snapshot_id, About.recording, recording.id, recording.squad_id, facts, basis.value)


def _links(session: Session, actor: Actor, snapshot_id: UUID, filters: Filters) -> Iterator[SnapshotRow]:
    """Of the squad of their event. `recording_squad_id`: who does not see that squad is not told the recording."""
    kept = chosen_coverage(visible_coverage(actor), filters).with_only_columns(
        EventCoverage.event_id, EventCoverage.squad_id, EventCoverage.day
    )
    of = kept.subquery()
    found = (
        visible_links(actor)
        .join(of, of.c.event_id == Link.event_id)
        .join(Recording, Recording.id == Link.recording_id)
        .with_only_columns(Link, of.c.squad_id, of.c.day, Recording.squad_id, Recording.file_name)
    )
    for link, squad_id, day, recording_squad_id, file_name in session.execute(found):
        facts = {name: getattr(link, name) for name in _LINK}
        facts |= {"day": day, "recording_squad_id": recording_squad_id, "file_name": file_name}
        yield _row(snapshot_id, About.link, link.id, squad_id, facts)


def _recorders(
    session: Session, actor: Actor, snapshot_id: UUID, filters: Filters, as_of: datetime
) -> Iterator[SnapshotRow]:
    standings: dict[UUID, dict[str, str]] = {}
    recorders: dict[UUID, Recorder] = {}
    for recorder, name, state in recorder_standings(session, actor, filters, as_of):
        recorders[recorder.id] = recorder
        standings.setdefault(recorder.id, {})[name] = state
    found = session.execute(select(Recorder.id, LAST_SEEN).where(Recorder.id.in_(recorders)))
    seen: dict[UUID, datetime | None] = {recorder_id: last for recorder_id, last in found}
    clocks = {one.recorder.id: one for one in clock_rows(session, actor, as_of=as_of)}
    for recorder_id, recorder in recorders.items():
        clock = clocks.get(recorder_id)
        facts = {
            "serial": recorder.serial,
            "state": recorder.state,
            "standings": standings[recorder_id],
            "last_seen": seen.get(recorder_id),
            "clock_offset_s": clock.latest.offset_s if clock and clock.latest else None,
        }
        yield _row(snapshot_id, About.recorder, recorder_id, recorder.squad_id, facts)

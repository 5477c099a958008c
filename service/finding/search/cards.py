"""Recordings as rows of a list: everything a row shows, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import load_only
from sqlmodel import Session

from schemas.cases import Case
from schemas.events import EnforcementEvent, EventOfficer
from schemas.jobs import Job, JobState
from schemas.links import Link, LinkState
from schemas.originals import Original, Rendition, RenditionKind
from schemas.people import Officer, Squad
from schemas.recorders import Recorder
from schemas.recordings import Receipt, Recording, RemovalRequest, RemovalState, Tag
from service.access.queries import visible_cases, visible_events
from service.footage.announcements.queries import is_late
from service.footage.announcements.rules import facts_of
from service.footage.recordings.queries import counted_though_sparse
from service.footage.recordings.words import doubt_sentence, reason_sentence
from service.footage.stretches import Footage
from service.footage.tags import NO_CHIPS, tag_label
from service.kernel.actor import Actor

SHOWN_LINKS = (LinkState.confirmed, LinkState.automatic, LinkState.offered)
SHOWN_TAGS = 4


@dataclass(slots=True)
class LinkChip:
    """A link in a list row: where to and how sure."""

    label: str
    href: str
    status: str  # confirmed | automatic | offered


@dataclass(slots=True)
class RecordingCard:
    """One row of any list of recordings."""

    id: str
    filename: str
    state: str  # receiving | processing | ready | partial | unplayable | refused
    received_at: datetime
    reason: str | None = None
    poster_url: str | None = None
    duration_s: float | None = None
    size: int | None = None
    recorded_from: datetime | None = None
    recorded_to: datetime | None = None
    shown: list[tuple[datetime, datetime]] = field(default_factory=list)  # of it, what counts as recorded
    recorded_s: float | None = None  # how long that is together; None: not measured yet
    squad: str | None = None
    officers: list[str] = field(default_factory=list)
    recorder: str | None = None
    media: str | None = None  # video | sound | photo; None: nobody has looked
    kind: str | None = None  # inspection | evidence_collection | document_delivery | coercion
    place: str | None = None
    tags: list[str] = field(default_factory=list)
    links: list[LinkChip] = field(default_factory=list)
    clock_doubt: str | None = None
    sample: bool = False
    progress: float | None = None  # of its jobs, while processing
    removal_asked: bool = False
    due: datetime | None = None  # of an announced one: when its bytes turn late
    late: bool = False

    @property
    def href(self) -> str:
        return f"/recordings/{self.id}"

    @property
    def length_s(self) -> float | None:
        return self.duration_s if self.recorded_s is None else self.recorded_s


def cards(session: Session, actor: Actor, recordings: Sequence[Recording]) -> list[RecordingCard]:
    """In the order given. Links show only events and cases that the actor may see."""
    ids = [recording.id for recording in recordings]
    if not ids:
        return []
    originals = {r.original_id for r in recordings if r.original_id}
    posters = set(
        session.scalars(
            select(Rendition.original_id).where(
                Rendition.original_id.in_(originals), Rendition.kind == RenditionKind.poster
            )
        )
    )
    sizes = dict(
        session.execute(
            select(Receipt.recording_id, func.max(Receipt.size))
            .where(Receipt.recording_id.in_(ids))
            .group_by(Receipt.recording_id)
        ).all()
    )
    known = _originals(session, originals)
    sizes |= {r.id: known[r.original_id].size for r in recordings if r.original_id in known}
    squads = _by_id(session, Squad, {r.squad_id for r in recordings})
    officers = _by_id(session, Officer, {r.officer_id for r in recordings})
    recorders = _by_id(session, Recorder, {r.recorder_id for r in recordings})
    chips, crews, facts = _links(session, actor, ids)
    tags: dict[UUID, list[str]] = defaultdict(list)
    for tag in session.scalars(
        select(Tag)
        .where(Tag.recording_id.in_(ids), Tag.name.not_in(NO_CHIPS))
        .order_by(Tag.confidence.desc())
    ):
        label = tag_label(tag)
        if label not in tags[tag.recording_id]:
            tags[tag.recording_id].append(label)
    asked = set(
        session.scalars(
            select(RemovalRequest.recording_id).where(
                RemovalRequest.recording_id.in_(ids), RemovalRequest.state == RemovalState.asked
            )
        )
    )
    progress = _progress(session, recordings)
    counting = counted_though_sparse(
        session, [r for r in recordings if (of := known.get(r.original_id)) and of.sparse]
    )
    result = []
    for recording in recordings:
        own = officers.get(recording.officer_id)
        names = [own.name] if own else []
        names += [name for name in crews[recording.id] if name not in names]
        kind, place = facts.get(recording.id, (None, None))
        recorder = recorders.get(recording.recorder_id)
        footage = Footage.of(recording, known.get(recording.original_id))
        result.append(
            RecordingCard(
                id=str(recording.id),
                filename=recording.file_name,
                state=str(recording.state),
                received_at=recording.received_at,
                reason=reason_sentence(recording.reason, recording.reason_params),
                poster_url=f"/api/v1/recordings/{recording.id}/poster"
                if recording.original_id in posters
                else None,
                duration_s=recording.duration_s,
                size=sizes.get(recording.id) or facts_of(recording.claims).get("size"),
                recorded_from=recording.recorded_from,
                recorded_to=recording.recorded_to,
                shown=footage.shown(recording.recorded_from, recording.recorded_to)
                if not footage.sparse or recording.id in counting
                else [],
                recorded_s=footage.recorded_s if footage.measured else None,
                squad=squads[recording.squad_id].name,
                officers=names,
                recorder=recorder.serial if recorder else None,
                media=recording.media,
                kind=kind,
                place=place,
                tags=tags[recording.id][:SHOWN_TAGS],
                links=chips[recording.id],
                clock_doubt=doubt_sentence(recording.clock),
                sample=recording.sample,
                progress=progress.get(recording.id),
                removal_asked=recording.id in asked,
                due=recording.due_at if recording.state == "announced" else None,
                late=is_late(recording),
            )
        )
    return result


def _by_id(session: Session, table: Any, ids: set[UUID] | set[UUID | None]) -> dict[UUID | None, Any]:
    ids.discard(None)
    return {row.id: row for row in session.scalars(select(table).where(table.id.in_(ids)))} if ids else {}


def _originals(session: Session, ids: set[UUID]) -> dict[UUID | None, Original]:
    """Without what was measured in them, which is long."""
    columns: tuple[Any, ...] = (
        Original.size, Original.stretches, Original.sparse, Original.clock_restarted
    )  # fmt: skip
    statement = select(Original).where(Original.id.in_(ids)).options(load_only(*columns))
    return {one.id: one for one in session.scalars(statement)} if ids else {}


def _links(
    session: Session, actor: Actor, ids: list[UUID]
) -> tuple[dict[UUID, list[LinkChip]], dict[UUID, list[str]], dict[UUID, tuple[str, str]]]:
    chips: dict[UUID, list[LinkChip]] = defaultdict(list)
    facts: dict[UUID, tuple[str, str]] = {}
    crews: dict[UUID, list[str]] = defaultdict(list)
    events = visible_events(actor).subquery()
    cases = visible_cases(actor).subquery()
    rows = session.execute(
        select(
            Link.recording_id,
            Link.state,
            Link.event_id,
            EnforcementEvent.title,
            EnforcementEvent.kind,
            EnforcementEvent.place,
            Case.id,
            Case.number,
        )
        .select_from(Link)
        .outerjoin(
            EnforcementEvent,
            (EnforcementEvent.id == Link.event_id) & EnforcementEvent.id.in_(select(events.c.id)),
        )
        .outerjoin(
            Case,
            ((Case.id == Link.case_id) | (Case.id == EnforcementEvent.case_id))
            & Case.id.in_(select(cases.c.id)),
        )
        .where(Link.recording_id.in_(ids), Link.state.in_(SHOWN_LINKS))
        .order_by(Link.recording_id, Link.score.desc())
    ).all()
    event_of = defaultdict(list)
    for recording_id, state, event_id, title, kind, place, case_id, number in rows:
        if title is not None:
            chips[recording_id].append(LinkChip(label=title, href=f"/events/{event_id}", status=str(state)))
            if state != LinkState.offered:
                facts.setdefault(recording_id, (kind, place))
                event_of[event_id].append(recording_id)
        if number is not None:
            chips[recording_id].append(LinkChip(label=number, href=f"/cases/{case_id}", status=str(state)))
    if event_of:
        for event_id, name in session.execute(
            select(EventOfficer.event_id, Officer.name)
            .join(Officer, Officer.id == EventOfficer.officer_id)
            .where(EventOfficer.event_id.in_(event_of))
            .order_by(Officer.certificate_no)
        ):
            for recording_id in event_of[event_id]:
                crews[recording_id].append(name)
    return chips, crews, facts


def _progress(session: Session, recordings: Sequence[Recording]) -> dict[UUID, float]:
    working = [r for r in recordings if r.state == "processing"]
    if not working:
        return {}
    subjects = {r.id: r.id for r in working} | {r.original_id: r.id for r in working if r.original_id}
    found: dict[UUID, list[float]] = defaultdict(list)
    for job in session.scalars(select(Job).where(Job.subject_id.in_(subjects))):
        done = 1.0 if job.state in (JobState.done, JobState.failed) else job.progress or 0.0
        found[subjects[job.subject_id]].append(done)
    return {recording_id: sum(shares) / len(shares) for recording_id, shares in found.items()}

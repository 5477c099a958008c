"""A row that stands twice under one number becomes part of the one that it doubles, by a person's word: what hangs on it
follows, what it says and the other does not is taken over, and what both say differently stays on record. Of events the
merge is the events' own, and can be taken back; all others go for good. Frozen months stay as they are."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel

from schemas.cases import Case
from schemas.clocks import ClockOffset
from schemas.doubles import MergedDouble
from schemas.events import EnforcementEvent, EventOfficer
from schemas.jobs import JobKind
from schemas.links import Link
from schemas.people import Squad
from schemas.recorders import Assignment, Recorder, RecorderModel
from schemas.recordings import Recording, Sidecar
from service.access.actions import require_accounts
from service.desk.doubles import acts
from service.desk.doubles.errors import NoDouble
from service.desk.doubles.facts import NEVER_FILLED, OWN, facts_of, kind_named, said_by
from service.desk.doubles.references import class_of, references
from service.finding.linking.merging import merge_event
from service.finding.linking.relink import LINK_JOBS
from service.finding.linking.writing import lock_links
from service.footage.recordings.actions import stand_for
from service.kernel.actor import Actor
from service.kernel.changes import changed, changing, settle
from service.kernel.custody import record
from service.kernel.errors import NotFound
from service.kernel.jobs import request_jobs
from service.registry.clocks.correcting import change_clock, correct_recordings
from service.registry.doubles.queries import Kind

SUBJECTS = {
    "squads": "squad", "officers": "officer", "recorder_models": "recorder_model", "recorders": "recorder",
    "cases": "case", "campaigns": "campaign", "rosters": "roster", "assignments": "assignment", "clocks": "clock",
}  # fmt: skip
PRIORITY = 6
# Held by recordings and their links, whose locks come after those of the field.
_LAST = (Link.__tablename__, Recording.__tablename__)


def merge_double(
    session: Session, actor: Actor, name: str, gone_id: UUID, into_id: UUID
) -> MergedDouble | EnforcementEvent:
    """`into_id`: the row that stays, said by who confirms. Of an event the surviving event is answered."""
    require_accounts(actor)
    kind = kind_named(name)
    gone, first = _both(session, kind, gone_id, into_id)
    if isinstance(gone, EnforcementEvent):
        return merge_event(session, actor, gone_id, into_id)
    recorders = _lock_clocks(session, gone, first)
    gone, first = _both(session, kind, gone_id, into_id, locked=True)
    changing(session, kind.table, [gone_id, into_id])
    names = [one for one in type(gone).model_fields if one not in OWN]
    said, key = said_by(session, gone, names), str(getattr(gone, kind.key.key))
    filled = _fill(gone, first)
    facts = facts_of(session, first, gone, kind)
    differs = {one.field: [one.kept, one.gone] for one in facts if one.kept and one.gone and one.differs}
    session.add(first)
    session.flush()
    removed = delete(kind.table).where(kind.table.id == gone_id).execution_options(synchronize_session=False)
    moved = _move(session, kind, gone_id, into_id)
    if nothing_hangs := not list(references(kind.table)):
        session.execute(removed)
    _say(session, kind, gone_id, into_id)
    settle(session, through=LINK_JOBS)  # before recordings and their links are held
    moved += _move_recordings(session, kind, gone_id, into_id)
    for recorder_id in recorders:
        correct_recordings(session, recorder_id, actor)
    settle(session)  # the coverage lets go of it, too
    if not nothing_hangs:
        session.execute(removed)
    session.expire_all()
    merged = MergedDouble(
        kind=kind.name,
        into_id=into_id,
        gone_id=gone_id,
        key=key,
        said=said,
        differs=differs,
        merged_by=actor.account_id,
    )
    session.add(merged)
    record(
        session, actor, acts.MERGE_DOUBLE, SUBJECTS[kind.name], into_id,
        squad_id=into_id if kind.table is Squad else getattr(first, "squad_id", None),
        merged=str(gone_id), key=key, said=said, differs=differs, filled=filled, moved=dict(moved),
    )  # fmt: skip
    session.flush()
    return merged


def _both(
    session: Session, kind: Kind, gone_id: UUID, into_id: UUID, *, locked: bool = False
) -> tuple[SQLModel, SQLModel]:
    """`locked`: in one order for all who merge."""
    rows = select(kind.table).where(kind.table.id.in_((gone_id, into_id))).order_by(kind.table.id)
    if locked:
        rows = rows.with_for_update().execution_options(populate_existing=True)
    found = {row.id: row for row in session.scalars(rows)}
    if gone_id not in found:
        raise NotFound
    gone, first = found[gone_id], found.get(into_id)
    if first is None or gone.double_of != into_id:
        raise NoDouble
    return gone, first


def _lock_clocks(session: Session, gone: SQLModel, first: SQLModel) -> list[UUID]:
    """Of the recorders whose measurements the merge changes; those that stay. Before all other locks."""
    if isinstance(gone, ClockOffset) and isinstance(first, ClockOffset):
        recorders = {gone.recorder_id, first.recorder_id}
    elif isinstance(gone, Recorder):
        recorders = {gone.id, first.id}  # type: ignore[attr-defined]  # both are of one table
    else:
        return []
    for recorder_id in sorted(recorders, key=str):
        change_clock(session, recorder_id)
    return sorted(recorders - {gone.id}, key=str)


def _fill(gone: SQLModel, first: SQLModel) -> dict[str, str]:
    filled = {}
    for name in type(first).model_fields:
        theirs = getattr(gone, name)
        if (
            name in OWN | NEVER_FILLED
            or theirs in (None, "", {})
            or getattr(first, name) not in (None, "", {})
        ):
            continue
        setattr(first, name, theirs)
        filled[name] = str(theirs)
    return filled


# ---- what hangs on it ----------------------------------------------------------------------------------


def _move(session: Session, kind: Kind, gone: UUID, first: UUID) -> list[tuple[str, int]]:
    moved = []
    for column in references(kind.table):
        if column.table.name not in _LAST and (n := _move_column(session, column, gone, first)):
            moved.append((f"{column.table.name}.{column.name}", n))
    return moved


def _move_column(session: Session, column: ColumnElement[Any], gone: UUID, first: UUID) -> int:
    """Says what changed of the rows that are watched; answers how many."""
    thing = class_of(column.table)
    if thing is EventOfficer:
        return _move_crews(session, gone, first)
    if thing is Sidecar:
        _drop_twins(session, gone, first)
    keys = list(column.table.primary_key)
    ids = session.scalars(select(keys[0]).where(column == gone)).all() if len(keys) == 1 else []
    changing(session, thing, ids)
    n = session.execute(update(column.table).where(column == gone).values({column.name: first})).rowcount  # type: ignore[attr-defined]  # of an update
    changed(session, thing, ids, {column.name})
    session.expire_all()
    return int(n)


def _move_crews(session: Session, gone: UUID, first: UUID) -> int:
    """Who took part under both numbers took part once."""
    ids = session.scalars(select(EventOfficer.event_id).where(EventOfficer.officer_id == gone)).all()
    changing(session, EnforcementEvent, ids)
    other = aliased(EventOfficer)
    twice = exists().where(other.event_id == EventOfficer.event_id, other.officer_id == first)
    session.execute(
        delete(EventOfficer)
        .where(EventOfficer.officer_id == gone, twice)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(EventOfficer)
        .where(EventOfficer.officer_id == gone)
        .values(officer_id=first)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    changed(session, EnforcementEvent, ids, {"officers"})
    return len(ids)


def _drop_twins(session: Session, gone: UUID, first: UUID) -> None:
    """Of two sidecars of one name that of the squad that stays holds."""
    other = aliased(Sidecar)
    twice = exists().where(other.file_name == Sidecar.file_name, other.squad_id == first)
    session.execute(
        delete(Sidecar).where(Sidecar.squad_id == gone, twice).execution_options(synchronize_session=False)
    )


def _say(session: Session, kind: Kind, gone: UUID, first: UUID) -> None:
    """Of the two rows themselves."""
    both = [gone, first]
    if kind.table is Case:
        changed(session, Case, both, {"events", "number_folded"})
    elif kind.table is Assignment:
        changed(session, Assignment, both)
    elif kind.table in (Recorder, RecorderModel):
        changed(session, kind.table, both)


def _move_recordings(session: Session, kind: Kind, gone: UUID, first: UUID) -> list[tuple[str, int]]:
    moved = []
    for column in references(kind.table):
        if column.table.name == Link.__tablename__:
            n = _move_links(session, gone, first)
        elif column.table.name == Recording.__tablename__:
            n = _move_own(session, kind, column, gone, first)
        else:
            continue
        if n:
            moved.append((f"{column.table.name}.{column.name}", n))
    return moved


def _move_links(session: Session, gone: UUID, first: UUID) -> int:
    """To the case that stays. Where a recording is linked to both, what a person decided holds."""
    ids = session.scalars(select(Link.recording_id).where(Link.case_id == gone)).all()
    lock_links(session, ids)
    both = session.scalars(
        select(Link).where(Link.recording_id.in_(ids), Link.case_id.in_((gone, first)))
    ).all()
    kept = {one.recording_id: one for one in both if one.case_id == first}
    for link in both:
        twin = kept.get(link.recording_id)
        if link.case_id != gone:
            continue
        if twin is not None and not _beats(link, twin):
            session.delete(link)
            continue
        if twin is not None:
            session.delete(twin)
            session.flush()
        link.case_id = first
        session.add(link)
    session.flush()
    changed(session, Recording, ids, {"links"})
    return len(ids)


def _beats(link: Link, twin: Link) -> bool:
    return link.decided_at is not None and (twin.decided_at is None or link.decided_at > twin.decided_at)


def _move_own(session: Session, kind: Kind, column: ColumnElement[Any], gone: UUID, first: UUID) -> int:
    """Jobs before rows: whoever holds a recording's row has its job already."""
    of_both = select(Recording.id.label("subject_id")).where(column.in_((gone, first)))
    ids = session.scalars(select(Recording.id).where(column == gone).order_by(Recording.id)).all()
    wanted = of_both if kind.table is Recorder else of_both.where(column == gone)
    request_jobs(session, JobKind.link, wanted, priority=PRIORITY)
    if kind.table is Recorder:  # its clock, and perhaps its model, are others now
        here = wanted.where(Recording.original_id.is_not(None))
        request_jobs(session, JobKind.tags, here, priority=PRIORITY)
    rows = session.scalars(
        select(Recording)
        .where(Recording.id.in_(ids))
        .order_by(Recording.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if kind.table is Recorder:
        _forget_file_ids(session, rows, first)
    for row in rows:
        if kind.table is Squad and (twin := _twin(session, row, first)) is not None:
            row.original_id, row.squad_id = None, first
            stand_for(session, twin, row)
            continue
        setattr(row, column.name, first)
        session.add(row)
    session.flush()
    changed(session, Recording, ids)
    return len(ids)


def _forget_file_ids(session: Session, rows: Sequence[Recording], first: UUID) -> None:
    """A device has one file of an id; of two recordings of it the one that stays with its recorder keeps it."""
    ids = {row.device_file_id for row in rows if row.device_file_id}
    taken = set(
        session.scalars(
            select(Recording.device_file_id).where(
                Recording.recorder_id == first, Recording.device_file_id.in_(ids)
            )
        )
    )
    for row in rows:
        if row.device_file_id in taken:
            row.device_file_id = None


def _twin(session: Session, row: Recording, squad_id: UUID) -> Recording | None:
    """The recording of the same bytes that the other squad has."""
    if row.original_id is None or row.sample:
        return None
    return session.scalars(
        select(Recording)
        .where(
            Recording.original_id == row.original_id,
            Recording.squad_id == squad_id,
            Recording.sample.is_(False),
        )
        .with_for_update()
    ).first()

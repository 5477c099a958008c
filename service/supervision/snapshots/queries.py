"""Frozen months, always in the caller's scope: whoever is bound to a squad sees its figures and rows and no totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, and_, cast, func, or_, select
from sqlmodel import Session

from schemas.coverage import (
    CoverageSnapshot,
    Dispute,
    DisputeAbout,
    DisputeState,
    EventCoverage,
    Explanation,
    ExplanationState,
    SnapshotRow,
)
from schemas.jobs import Job, JobKind
from schemas.recordings import Recording
from service.access.queries import squad_scope, visible_coverage, visible_recordings
from service.kernel.actor import Actor
from service.kernel.clock import local, now
from service.kernel.errors import Invalid
from service.kernel.keyset import MOST, sliced
from service.kernel.months import months_on, next_month
from service.registry.matters.queries import book
from service.supervision.coverage.figure_types import About, Part
from service.supervision.coverage.figures import BOARD, BY_NAME
from service.supervision.coverage.queries import board
from service.supervision.coverage.selection import Basis, Filters, chosen_recordings
from service.supervision.coverage.status import NOT_DUE
from service.supervision.disputes.queries import visible_disputes
from service.supervision.snapshots.errors import NotFrozen
from service.supervision.snapshots.recount import FIGURES, Counted, counted
from service.supervision.snapshots.rules import name_of

# ---- before a month is frozen ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """What freezing the month now would hold, counted links. `frozen`: it is already."""

    month: date
    as_of: datetime
    over: bool
    frozen: bool
    recounting: bool
    standings: dict[str, int]
    disputes: int
    explanations: int
    announced: int

    @property
    def events(self) -> int:
        return sum(self.standings.values())

    @property
    def not_due(self) -> int:
        return self.standings.get(NOT_DUE, 0)

    @property
    def unsettled(self) -> bool:
        return bool(self.not_due or self.disputes or self.explanations)

    @property
    def ready(self) -> bool:
        return self.over and not self.frozen and not self.recounting and self.events > 0


def preview(session: Session, actor: Actor, month: date, as_of: datetime | None = None) -> Preview:
    moment = as_of or now()
    filters = Filters(since=month, until=next_month(month))
    row: Any = EventCoverage
    kept = visible_coverage(actor).where(
        row.basis == Basis.counted, row.day >= filters.since, row.day < filters.until
    )
    ids = kept.with_only_columns(row.event_id)

    def count(table: Any, state: Any) -> int:
        return session.scalars(
            select(func.count()).select_from(table).where(table.state == state, table.event_id.in_(ids))
        ).one()

    frozen = session.scalars(select(CoverageSnapshot.id).where(CoverageSnapshot.month == month)).first()
    return Preview(
        month=month,
        as_of=moment,
        over=next_month(month) <= local(moment).date(),
        frozen=frozen is not None,
        recounting=wants_recount(session),
        standings=board(session, actor, filters, (), moment, names=BOARD).total.standings,
        disputes=_open_disputes(session, actor, filters, ids),
        explanations=count(Explanation, ExplanationState.asked),
        announced=session.scalars(kept.with_only_columns(func.coalesce(func.sum(row.announced), 0))).one(),
    )


def _open_disputes(session: Session, actor: Actor, filters: Filters, event_ids: Any) -> int:
    """Of the rows that the month would hold."""
    received = chosen_recordings(visible_recordings(actor), filters).with_only_columns(Recording.id)
    statement = visible_disputes(actor).where(
        Dispute.state == DisputeState.open,
        or_(
            Dispute.event_id.in_(event_ids),
            and_(Dispute.about == DisputeAbout.recording, Dispute.recording_id.in_(received)),
            and_(Dispute.day >= filters.since, Dispute.day < filters.until),
        ),
    )
    return session.scalar(select(func.count()).select_from(statement.subquery())) or 0


def wants_recount(session: Session) -> bool:
    """A changed matters list has not reached all kept rows yet."""
    owed = select(Job.id).where(Job.kind == JobKind.recount, Job.requested > Job.satisfied).limit(1)
    return session.scalars(owed).first() is not None


def matters_of(session: Session, filters: Filters) -> dict[str, Any]:
    """The versions of the matters list that hold in a month, as it is frozen: on its first day (0: the built-in
    default), from a later day on, and those that were published later than the day from which they hold."""
    assert filters.since and filters.until, "a month"
    found: dict[str, Any] = {"version": 0, "changes": [], "backdated": []}
    for edition, first, end in book(session).spells():
        if end <= filters.since or first >= filters.until:
            continue
        if first <= filters.since:
            found["version"] = edition.version
        else:
            found["changes"].append([first.isoformat(), edition.version])
        if edition.backdated and (on := edition.published_on) and on > filters.since:
            found["backdated"].append([edition.version, on.isoformat()])
    return found


# ---- frozen months --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Month:
    """`snapshot` None: not frozen; `events`: of the caller's scope. `backdated`: days of it are counted by a matters
    list that was published after them."""

    month: date
    snapshot: CoverageSnapshot | None
    events: int
    over: bool
    backdated: bool = False


def months(session: Session, actor: Actor) -> list[Month]:
    """Newest first: those in which something is counted, and those that are frozen."""
    first: Any = func.date_trunc("month", cast(EventCoverage.day, DateTime))
    kept = visible_coverage(actor).where(EventCoverage.basis == Basis.counted)
    counts = {
        start.date(): n
        for start, n in session.execute(kept.with_only_columns(first, func.count()).group_by(first))
    }
    frozen = {one.month: one for one in session.scalars(select(CoverageSnapshot))}
    today = local(now()).date()
    late = [
        (first, end, edition.published_on)
        for edition, first, end in book(session).spells()
        if edition.backdated and edition.published_on
    ]
    return [
        Month(
            month,
            frozen.get(month),
            counts.get(month, 0),
            next_month(month) <= today,
            any(
                first < next_month(month) and month < end and month < published_on
                for first, end, published_on in late
            ),
        )
        for month in sorted(counts.keys() | frozen.keys(), reverse=True)
    ]


def get_snapshot(session: Session, month: date) -> CoverageSnapshot:
    """That a month is frozen, and when, is no secret; what is in it has a scope."""
    found = find_snapshot(session, month)
    if found is None:
        raise NotFrozen(month=name_of(month))
    return found


def find_snapshot(session: Session, month: date) -> CoverageSnapshot | None:
    return session.scalars(select(CoverageSnapshot).where(CoverageSnapshot.month == month)).first()


def before_of(session: Session, snapshot: CoverageSnapshot) -> CoverageSnapshot | None:
    return find_snapshot(session, months_on(snapshot.month, -1))


def figures_for(snapshot: CoverageSnapshot, actor: Actor, basis: str = Basis.counted) -> dict[str, Any]:
    """{"total": row or None, "squads": [rows]}: `total` only for who sees the whole bureau."""
    try:
        held = snapshot.figures[Basis(basis)]
    except ValueError as error:
        raise Invalid(field="basis", problem=str(basis)) from error
    scope = squad_scope(actor)
    if actor.is_dock:
        return {"total": None, "squads": []}
    if scope is None:
        return held
    mine = {str(one) for one in scope}
    return {"total": None, "squads": [one for one in held["squads"] if one["keys"]["squad"]["value"] in mine]}


def headline(snapshot: CoverageSnapshot, actor: Actor, basis: str = Basis.counted) -> dict[str, Any] | None:
    """The total, or the own squad's figures."""
    held = figures_for(snapshot, actor, basis)
    return held["total"] or next(iter(held["squads"]), None)


def differences(one: CoverageSnapshot, other: CoverageSnapshot) -> list[str]:
    """What makes two months no longer compare: rule_version, matters, or names of policy values."""
    found = [] if one.rule_version == other.rule_version else ["rule_version"]
    if _versions(one.definitions["matters"]) != _versions(other.definitions["matters"]):
        found.append("matters")
    mine, theirs = one.definitions["policy"], other.definitions["policy"]
    return found + [name for name in mine if mine[name] != theirs.get(name)]


def counted_anew(session: Session, snapshot: CoverageSnapshot) -> bool:
    """Another matters list than the frozen one holds in the month now: the board counts it by that one."""
    filters = Filters(since=snapshot.month, until=next_month(snapshot.month))
    return _versions(matters_of(session, filters)) != _versions(snapshot.definitions["matters"])


def _versions(matters: dict[str, Any]) -> tuple[Any, Any]:
    return matters.get("version"), matters.get("changes")


@dataclass(frozen=True)
class FrozenRow:
    row: SnapshotRow
    counted: Counted


@dataclass(frozen=True)
class FrozenRows:
    about: str
    items: Sequence[FrozenRow]
    next: str | None


def rows_behind(
    session: Session,
    actor: Actor,
    snapshot: CoverageSnapshot,
    figure: str,
    part: str = Part.denominator,
    *,
    basis: str = Basis.counted,
    squad: UUID | None = None,
    reason: str = "",
    cursor: str | None = None,
    limit: int | None = 50,
) -> FrozenRows:
    """The frozen rows that make up this side of the figure. `limit` None: all of them."""
    if figure not in FIGURES:
        raise Invalid(field="figure", problem=figure)
    try:
        part, basis = Part(part), Basis(basis)
    except ValueError as error:
        raise Invalid(field="part", problem=f"{part}, {basis}") from error
    if limit is not None and not 1 <= limit <= MOST:
        raise Invalid(field="limit", problem=f"1…{MOST}")
    about = BY_NAME[figure].about
    assert about is not None
    found = counted(session, snapshot.id, snapshot.as_of, about, basis, squads_of(actor, squad))
    chosen = [one for one in found if _stands(one, figure, part, reason)]
    some: Sequence[Counted]
    if limit is None:
        some, beyond = chosen, None
    else:
        some, beyond = sliced(chosen, cursor, limit)
    return FrozenRows(about.value, with_rows(session, actor, snapshot, about.value, basis, some), beyond)


def squads_of(actor: Actor, squad: UUID | None = None) -> frozenset[UUID] | None:
    """The scope, narrowed to one squad if one is asked for; None for all."""
    scope = frozenset() if actor.is_dock else squad_scope(actor)
    if squad is None:
        return scope
    return frozenset({squad}) if scope is None else scope & {squad}


def with_rows(
    session: Session,
    actor: Actor,
    snapshot: CoverageSnapshot,
    about: str,
    basis: str,
    some: Sequence[Counted],
) -> list[FrozenRow]:
    """`some` are in the actor's scope; a link of theirs may lead to a recording that is not."""
    ids = [one.subject_id for one in some]
    statement = select(SnapshotRow).where(
        SnapshotRow.snapshot_id == snapshot.id,
        SnapshotRow.about == about,
        SnapshotRow.basis.in_((basis, "")),
        SnapshotRow.subject_id.in_(ids),
    )
    rows = {row.subject_id: row for row in session.scalars(statement)} if ids else {}
    scope = squads_of(actor)
    if about == About.link and scope is not None:
        rows = {subject: _without_recording(row, scope) for subject, row in rows.items()}
    return [FrozenRow(rows[one.subject_id], one) for one in some]


def _without_recording(row: SnapshotRow, scope: frozenset[UUID]) -> SnapshotRow:
    if UUID(row.row["recording_squad_id"]) in scope:
        return row
    hidden = {"recording_id": None, "recording_squad_id": None, "file_name": ""}
    return SnapshotRow(**(row.model_dump() | {"row": row.row | hidden}))


def _stands(one: Counted, figure: str, part: str, reason: str) -> bool:
    tally = one.share_in(figure)
    match part:
        case Part.excluded:
            return bool(tally.excluded.get(reason)) if reason else bool(tally.excluded)
        case Part.numerator:
            return tally.n > 0 and tally.numerator > 0 and (not reason or bool(tally.reasons.get(reason)))
        case Part.rest:
            return tally.n > 0 and tally.numerator < tally.denominator
        case _:
            return tally.n > 0

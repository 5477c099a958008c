"""Recorders, their models, and who held which when."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, literal, or_, select, text
from sqlmodel import Session

from schemas.people import Officer, Squad
from schemas.recorders import Assignment, Recorder, RecorderModel, RecorderState
from schemas.recordings import Recording, RecordingState
from service.access.queries import squad_scope, visible_recorders
from service.kernel import keys
from service.kernel.actor import Actor
from service.kernel.asked import few
from service.kernel.clock import day_start, local, now
from service.kernel.errors import Invalid, NotFound
from service.kernel.folded import all_stand_in
from service.kernel.ids import as_id
from service.kernel.keyset import Order, Page, page, time, unique
from service.kernel.policy import policy
from service.kernel.settings import get_settings
from service.kernel.text import words
from service.registry.people.queries import officer_of, squad_of
from service.registry.recorders.policy import DOCK_AFTER, LOW_BATTERY, OFFICERS_PER_RECORDER

HELD_WITHIN = timedelta(days=31)  # who gave a recorder back lately is still asked how it stood


def recorder_of(session: Session, actor: Actor, name: str) -> Recorder:
    """By serial or id, in scope."""
    known = as_id(name)
    found = session.scalars(
        visible_recorders(actor).where(Recorder.id == known if known else keys.known(Recorder, [name]))
    ).first()
    if found is None:
        raise Invalid(field="recorder", problem=name)
    return found


def model_of(session: Session, name: str) -> RecorderModel:
    found = session.scalars(select(RecorderModel).where(keys.known(RecorderModel, [name]))).first()
    if found is None:
        raise Invalid(field="model", problem=name)
    return found


def list_models(session: Session, cursor: str | None = None, limit: int = 50) -> Page:
    return page(session, select(RecorderModel), [Order(RecorderModel.code)], cursor, limit)


def list_recorders(
    session: Session,
    actor: Actor,
    *,
    q: str = "",
    squad: str = "",
    state: str = "",
    model: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    statement = visible_recorders(actor)
    if q:
        statement = statement.where(all_stand_in(few(words(q)), Recorder.serial))
    if squad:
        statement = statement.where(Recorder.squad_id == squad_of(session, actor, squad).id)
    if state:
        statement = statement.where(Recorder.state == literal(state))
    if model:
        statement = statement.where(Recorder.model_id == model_of(session, model).id)
    return page(session, statement, [Order(Recorder.serial)], cursor, limit)


def get_recorder(session: Session, actor: Actor, recorder_id: UUID) -> Recorder:
    found = session.scalars(visible_recorders(actor).where(Recorder.id == recorder_id)).first()
    if found is None:
        raise NotFound
    return found


def visible_assignments(actor: Actor) -> Select:
    """Those of the recorders that the actor may see."""
    statement = select(Assignment)
    if squad_scope(actor) is None:
        return statement
    return statement.where(
        Assignment.recorder_id.in_(visible_recorders(actor).with_only_columns(Recorder.id))
    )


def list_assignments(
    session: Session,
    actor: Actor,
    *,
    recorder: str = "",
    officer: str = "",
    at: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Latest first. `at`: those in force at that moment."""
    statement = visible_assignments(actor)
    if recorder:
        statement = statement.where(Assignment.recorder_id == recorder_of(session, actor, recorder).id)
    if officer:
        statement = statement.where(Assignment.officer_id == officer_of(session, actor, officer).id)
    if at is not None:
        statement = statement.where(
            Assignment.held_from <= at, or_(Assignment.held_to.is_(None), Assignment.held_to > at)
        )
    order = [time(Assignment.held_from, newest_first=True), unique(Assignment.id, newest_first=True)]
    return page(session, statement, order, cursor, limit)


def get_assignment(session: Session, actor: Actor, assignment_id: UUID) -> Assignment:
    found = session.scalars(visible_assignments(actor).where(Assignment.id == assignment_id)).first()
    if found is None:
        raise NotFound
    return found


def holders_at(session: Session, recorder_ids: list[UUID], moment: datetime) -> dict[UUID, list[Officer]]:
    """Who holds each of them then, by certificate number; several may."""
    held = session.execute(
        select(Assignment.recorder_id, Officer)
        .join(Officer, Officer.id == Assignment.officer_id)
        .where(
            Assignment.recorder_id.in_(recorder_ids),
            Assignment.held_from <= moment,
            or_(Assignment.held_to.is_(None), Assignment.held_to > moment),
        )
        .order_by(Officer.certificate_no)
    )
    holders: dict[UUID, list[Officer]] = {}
    for recorder_id, officer in held:
        if officer not in holders.setdefault(recorder_id, []):
            holders[recorder_id].append(officer)
    return holders


@dataclass(frozen=True)
class RecorderRow:
    """A recorder with who holds it now, for the recorders page."""

    recorder: Recorder
    squad: Squad
    model: RecorderModel | None
    holders: list[Officer]
    last_recording: datetime | None


def recorder_rows(
    session: Session, actor: Actor, *, at: datetime | None = None, limit: int = 1000
) -> list[RecorderRow]:
    moment = at or now()
    last = (
        select(func.max(Recording.recorded_from))
        .where(Recording.recorder_id == Recorder.id)
        .correlate(Recorder)
        .scalar_subquery()
    )
    statement = (
        select(Recorder, Squad, RecorderModel, last)
        .join(Squad, Squad.id == Recorder.squad_id)
        .outerjoin(RecorderModel, RecorderModel.id == Recorder.model_id)
        .order_by(Squad.code, Recorder.serial)
        .limit(limit)
    )
    scope = squad_scope(actor)
    if scope is not None:
        statement = statement.where(Recorder.squad_id.in_(scope))
    rows = session.execute(statement).all()
    holders = holders_at(session, [row[0].id for row in rows], moment)
    return [
        RecorderRow(recorder, squad, model, holders.get(recorder.id, []), filmed)
        for recorder, squad, model, filmed in rows
    ]


# ---- figure 4: recorders for officers on duty -------------------------------------------------------


@dataclass(frozen=True)
class RatioRow:
    """Figure 4 of one squad and day: `recorders` ÷ `needed`, where needed = ⌈officers ÷ officers_per_recorder⌉.

    An officer counts on the day on which the duty begins, so a night shift counts once. A recorder counts when an
    officer on duty held it during that duty and it is not in repair or out of use now, or when it filmed for the
    squad on that day. `officer_ids` and `recorder_ids` open the figure. A squad's day without any duty in the
    roster has no row: its denominator is not known. A duty after its officer left counts no more.
    """

    day: date
    squad_id: UUID
    squad: str
    officers: int
    recorders: int
    needed: int
    officer_ids: list[UUID]
    recorder_ids: list[UUID]

    @property
    def ratio(self) -> float:
        return self.recorders / self.needed

    @property
    def below(self) -> bool:
        return self.recorders < self.needed


_RATIO = text(
    """
    WITH duty AS (
        SELECT r.squad_id, CAST(r.starts_at AT TIME ZONE :zone AS date) AS day, r.officer_id, r.starts_at, r.ends_at
        FROM rosters r JOIN officers o ON o.id = r.officer_id
        WHERE r.starts_at >= :since AND r.starts_at < :until
          AND (o.left_on IS NULL OR CAST(r.starts_at AT TIME ZONE :zone AS date) < o.left_on)
          AND (CAST(:squads AS uuid[]) IS NULL OR r.squad_id = ANY(CAST(:squads AS uuid[])))
    ), used AS (
        SELECT d.squad_id, d.day, a.recorder_id
        FROM duty d
        JOIN assignments a ON a.officer_id = d.officer_id AND a.held_from < d.ends_at
                          AND (a.held_to IS NULL OR a.held_to > d.starts_at)
        JOIN recorders c ON c.id = a.recorder_id AND c.state NOT IN ('repair', 'retired')
        UNION
        SELECT r.squad_id, CAST(r.recorded_from AT TIME ZONE :zone AS date), r.recorder_id
        FROM recordings r
        WHERE r.recorder_id IS NOT NULL AND r.merged_into IS NULL AND r.state <> 'refused'
          AND r.recorded_from >= :since AND r.recorded_from < :until
          AND (CAST(:squads AS uuid[]) IS NULL OR r.squad_id = ANY(CAST(:squads AS uuid[])))
    )
    SELECT d.day, d.squad_id, s.name, count(DISTINCT d.officer_id) AS officers,
           array_agg(DISTINCT d.officer_id) AS officer_ids,
           coalesce(h.recorder_ids, '{}') AS recorder_ids
    FROM duty d JOIN squads s ON s.id = d.squad_id
    LEFT JOIN (SELECT squad_id, day, array_agg(recorder_id) AS recorder_ids FROM used GROUP BY squad_id, day) AS h
           ON h.squad_id = d.squad_id AND h.day = d.day
    GROUP BY d.day, d.squad_id, s.name, s.code, h.recorder_ids
    ORDER BY d.day, s.code
    """
)


def recorder_ratio(
    session: Session, actor: Actor, since: date, until: date, *, squad_id: UUID | None = None
) -> list[RatioRow]:
    """Figure 4, a row for each squad and day from `since` up to, not including, `until`."""
    scope = squad_scope(actor)
    if squad_id is not None:
        scope = frozenset({squad_id}) if scope is None else scope & {squad_id}
    per = policy(session, OFFICERS_PER_RECORDER)
    rows = session.execute(
        _RATIO,
        {
            "zone": get_settings().timezone,
            "since": day_start(since),
            "until": day_start(until),
            "squads": None if scope is None else sorted(scope),
        },
    )
    return [
        RatioRow(
            day=row.day,
            squad_id=row.squad_id,
            squad=row.name,
            officers=row.officers,
            recorders=len(row.recorder_ids),
            needed=ceil(row.officers / per),
            officer_ids=sorted(row.officer_ids),
            recorder_ids=sorted(row.recorder_ids),
        )
        for row in rows
    ]


# ---- figure 16: recorders that want looking after ---------------------------------------------------


@dataclass(frozen=True)
class Neglect:
    """A recorder in use and why it is listed. `last_seen`: when a dock last saw it, or the last bytes of it came."""

    recorder: Recorder
    squad: Squad
    holders: list[Officer]
    last_seen: datetime | None

    @property
    def battery_percent(self) -> int | None:
        return self.recorder.battery_percent


_LAST_BYTES = (
    select(func.max(Recording.received_at))
    .where(
        Recording.recorder_id == Recorder.id,
        Recording.state != RecordingState.announced,
        Recording.archived.is_(False),  # comes from a disk, not from the recorder
    )
    .correlate(Recorder)
    .scalar_subquery()
)
LAST_SEEN = func.greatest(Recorder.last_dock_at, _LAST_BYTES)


def _held_at(moment: datetime) -> ColumnElement[bool]:
    return exists().where(
        Assignment.recorder_id == Recorder.id,
        Assignment.held_from <= moment,
        or_(Assignment.held_to.is_(None), Assignment.held_to > moment),
    )


def not_docked(
    session: Session, actor: Actor, as_of: datetime, *, days: int | None = None, squad_id: UUID | None = None
) -> list[Neglect]:
    """In use, and not seen by a dock for `days` (policy dock_after_days) or ever; longest first."""
    limit = policy(session, DOCK_AFTER) if days is None else days
    return _neglected(
        session,
        actor,
        as_of,
        squad_id,
        or_(LAST_SEEN.is_(None), as_of - timedelta(days=limit) > LAST_SEEN),
    )


def low_battery(
    session: Session,
    actor: Actor,
    as_of: datetime,
    *,
    percent: int | None = None,
    squad_id: UUID | None = None,
) -> list[Neglect]:
    """In use, with less charge than policy low_battery_percent when last in its dock."""
    limit = policy(session, LOW_BATTERY) if percent is None else percent
    return _neglected(session, actor, as_of, squad_id, Recorder.battery_percent < limit)


def unassigned(
    session: Session, actor: Actor, as_of: datetime, *, squad_id: UUID | None = None
) -> list[Neglect]:
    """In use, and held by nobody at that moment."""
    return _neglected(session, actor, as_of, squad_id, ~_held_at(as_of))


def held_by_leavers(
    session: Session, actor: Actor, as_of: datetime, *, squad_id: UUID | None = None
) -> list[Neglect]:
    """In whatever state, still held by an officer who has left by then."""
    gone = (
        exists()
        .where(
            Assignment.recorder_id == Recorder.id,
            Assignment.held_from <= as_of,
            or_(Assignment.held_to.is_(None), Assignment.held_to > as_of),
            Officer.id == Assignment.officer_id,
            Officer.left_on <= local(as_of).date(),
        )
        .correlate(Recorder)
    )
    return _neglected(session, actor, as_of, squad_id, gone, any_state=True)


def _neglected(
    session: Session,
    actor: Actor,
    as_of: datetime,
    squad_id: UUID | None,
    why: ColumnElement[bool],
    *,
    any_state: bool = False,
) -> list[Neglect]:
    statement = (
        visible_recorders(actor)
        .with_only_columns(Recorder, Squad, LAST_SEEN)
        .join(Squad, Squad.id == Recorder.squad_id)
        .where(why)
        .order_by(LAST_SEEN.asc().nulls_first(), Squad.code, Recorder.serial)
    )
    if not any_state:
        statement = statement.where(Recorder.state == RecorderState.in_use)
    if squad_id is not None:
        statement = statement.where(Recorder.squad_id == squad_id)
    rows = session.execute(statement).all()
    holders = holders_at(session, [recorder.id for recorder, *_rest in rows], as_of)
    return [Neglect(recorder, squad, holders.get(recorder.id, []), seen) for recorder, squad, seen in rows]


def held_lately(officer_id: UUID, day: date) -> Select:
    """Ids of the recorders that this officer held within a month up to the end of `day`."""
    end = day_start(day + timedelta(days=1))
    return select(Assignment.recorder_id).where(
        Assignment.officer_id == officer_id,
        Assignment.held_from < end,
        or_(Assignment.held_to.is_(None), Assignment.held_to > end - HELD_WITHIN),
    )

"""Puts the year into a demo database: the rows in bulk, the links by the service's own rules, then what persons did.

Its recordings share a few real stand-in originals and are marked `sample`; the database refuses such rows unless it
was made as a demo database.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, select, text, update
from sqlmodel import Session

from deploy.demo.matters import LISTS
from deploy.demo.simulator.rates import HABITS, YEAR
from deploy.demo.simulator.report import DAYS, Roll, report_year
from deploy.demo.simulator.rows import Camera, Unfilmed, Year
from deploy.demo.simulator.rows import Officer as OnRoll
from deploy.demo.year import rows
from deploy.demo.year.custody import Told
from deploy.demo.year.explaining import Lacking, Staff, disputes, explanations
from deploy.demo.year.persons import Made, decisions
from schemas.accounts import Account, Role
from schemas.cases import Campaign, Case
from schemas.clocks import ClockOffset
from schemas.coverage import Basis, Dispute, EventCoverage, Explanation
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventOfficer
from schemas.links import Link, LinkState
from schemas.matters import MatterBase, MatterList, RecordingMatter
from schemas.originals import MediaState, Original, Rendition, RenditionKind
from schemas.people import Officer, Roster, Squad
from schemas.recorders import Assignment, Recorder
from schemas.recordings import Recording
from service.finding.linking.writing import write_links
from service.finding.search.project import index_recordings
from service.kernel.clock import day_start
from service.kernel.policy import DEMO_DATABASE, policy
from service.supervision.coverage.counting import recount_all

STAND_INS = 4
BATCH = 1000
PUBLISHED_AHEAD = 14  # days before a matters list holds


class NotADemoDatabase(Exception):
    """The year is only for a database that `zhenglu demo` made."""


def load_year(session: Session, seed: int = YEAR) -> dict[str, int]:
    """Adds the year once; answers how many rows there are of it. A second call changes nothing."""
    if policy(session, DEMO_DATABASE) is not True:
        raise NotADemoDatabase
    known = session.scalars(select(Campaign.id).where(Campaign.external_id == f"Y{YEAR}-1")).first()
    plays = exists().where(Rendition.original_id == Original.id, Rendition.kind == RenditionKind.playback)
    originals = list(
        session.scalars(
            select(Original.id)
            .where(Original.media_state == MediaState.ready, plays)
            .order_by(Original.created_at)
            .limit(STAND_INS)
        )
    )
    if known is not None:
        return {"events": 0, "recordings": 0, "links": 0, "explanations": 0}
    if not originals:
        raise NotADemoDatabase
    rng = Random(seed)
    rolls, supervisor = _rolls(session), _supervisor(session)
    staff = _staff(session, rolls)
    _publish(session, supervisor)
    year = report_year(seed, rolls)
    _insert_all(session, year, originals)
    ids = [file.id for file in year.files]
    _link(session, ids)
    by = {file.id: staff[file.squad].member or supervisor for file in year.files}
    made = _made(session)
    decided = decisions(made, {file.id: file.shows for file in year.files}, by, rng)
    for start in range(0, len(decided), BATCH):
        session.execute(update(Link), decided[start : start + BATCH])
    _settle(session, decided)
    recount_all(session)
    bare = {event for event, why in year.unfilmed.items() if why == Unfilmed.no_recorder}
    explained = explanations(_lacking(session), staff, bare, supervisor, rng)
    _insert(session, Explanation, explained)
    disputed = disputes(*_disputable(session, year, staff), supervisor, rng)
    _insert(session, Dispute, disputed)
    told = Told(
        {one.id: one.username for one in session.execute(select(Account.id, Account.username))},
        {file.id: file.squad for file in year.files} | {event.id: event.squad for event in year.events},
    )
    custody = [
        *told.of_links(decided, {one.id: one for one in made}),
        *told.of_explanations(explained),
        *told.of_disputes(disputed),
        *told.of_cancelled(year.events, supervisor),
    ]
    _insert(session, CustodyEntry, sorted(custody, key=lambda row: row["at"]))
    recount_all(session)
    index_recordings(session, ids)
    session.expunge_all()
    session.execute(text("ANALYZE"))
    return {
        "events": len(year.events),
        "recordings": len(ids),
        "links": len(_made(session)),
        "explanations": len(explained),
    }


def _insert(session: Session, table: Any, made: Iterable[Mapping[str, Any]]) -> None:
    left = iter(made)
    while batch := list(islice(left, BATCH)):
        session.execute(insert(table), batch)


# ---- what is there -----------------------------------------------------------------------------------


def _rolls(session: Session) -> list[Roll]:
    """Squads with two officers and a recorder at least."""
    found: list[Roll] = []
    for squad in session.scalars(select(Squad).order_by(Squad.code)):
        officers = session.execute(
            select(Officer.id, Officer.certificate_no)
            .where(Officer.squad_id == squad.id)
            .order_by(Officer.certificate_no)
        ).all()
        recorders = session.execute(
            select(Recorder.id, Recorder.serial)
            .where(Recorder.squad_id == squad.id)
            .order_by(Recorder.serial)
        ).all()
        if len(officers) >= 2 and recorders:
            found.append(
                Roll(
                    squad.id,
                    squad.code,
                    tuple(OnRoll(one.id, one.certificate_no, squad.id) for one in officers),
                    tuple(Camera(one.id, one.serial, squad.id, shared=True) for one in recorders),
                    HABITS[len(found) % len(HABITS)],
                )
            )
    return found


def _staff(session: Session, rolls: Sequence[Roll]) -> dict[UUID, Staff]:
    """By squad."""
    members = {
        squad: (account, officer)
        for squad, account, officer in session.execute(
            select(Account.squad_id, Account.id, Account.officer_id)
            .where(Account.role == Role.member, Account.officer_id.is_not(None))
            .order_by(Account.username.desc())
        )
    }
    return {roll.id: Staff(*members.get(roll.id, (None, None)), roll.rates.explains) for roll in rolls}


def _supervisor(session: Session) -> UUID:
    """Who decides for all squads: never the one who asked."""
    found = session.scalars(
        select(Account.id)
        .where(Account.role.in_((Role.supervisor, Role.admin)), Account.squad_id.is_(None))
        .order_by(Account.role.desc(), Account.username)
    ).first()
    if found is None:
        raise NotADemoDatabase
    return found


def _publish(session: Session, supervisor: UUID) -> None:
    """The lists, where `zhenglu demo` has not published them already; all is counted afterwards anyway."""
    if session.scalars(select(MatterList.id).limit(1)).first() is not None:
        return
    for version, (day, note, lines) in enumerate(LISTS, 1):
        published = day_start(day) - timedelta(days=PUBLISHED_AHEAD)
        listed = MatterList(
            version=version, in_force_from=day, note=note, published_by=supervisor, published_at=published
        )
        session.add(listed)
        session.flush()
        names = MatterBase.model_fields
        session.add_all(
            RecordingMatter(list_id=listed.id, **{name: getattr(line, name) for name in names})
            for line in lines
        )
    session.flush()


# ---- what happened -----------------------------------------------------------------------------------


def _insert_all(session: Session, year: Year, originals: Sequence[UUID]) -> None:
    campaigns = list(rows.campaigns())
    _insert(session, Campaign, campaigns)
    _insert(session, Case, rows.cases(year))
    _insert(session, Roster, rows.rosters(year))
    _insert(session, Assignment, rows.assignments(year))
    _insert(session, ClockOffset, rows.clocks(year))
    _insert(session, EnforcementEvent, rows.events(year, [campaign["id"] for campaign in campaigns]))
    _insert(session, EventOfficer, rows.crews(year))
    _insert(session, Recording, rows.recordings(year, originals))
    session.execute(text("ANALYZE"))  # a bulk of rows that the planner knows nothing of


# ---- links -------------------------------------------------------------------------------------------


def _link(session: Session, recording_ids: Sequence[UUID]) -> None:
    """By the rules. Nobody else sees these recordings before this transaction ends, so nothing is locked; and no
    neighbour has to be told, because all are here already."""
    ordered = session.execute(
        select(Recording.id).where(Recording.id.in_(recording_ids)).order_by(Recording.recorded_from)
    ).scalars()
    ids = list(ordered)
    session.expunge_all()
    for start in range(0, len(ids), BATCH // 2):
        write_links(session, ids[start : start + BATCH // 2])
        session.flush()
        session.expunge_all()


def _made(session: Session) -> list[Made]:
    rows = session.execute(
        select(Link.id, Link.recording_id, Link.event_id, Link.state, Recording.received_at)
        .join(Recording, Recording.id == Link.recording_id)
        .join(EnforcementEvent, EnforcementEvent.id == Link.event_id)
        .where(Recording.sample, EnforcementEvent.sample)
        .order_by(Recording.received_at, Link.recording_id, Link.score.desc(), Link.id)
    )
    return [Made(*row) for row in rows]


def _settle(session: Session, decided: Iterable[Mapping[str, Any]]) -> None:
    """What persons chose takes the place of what was still offered."""
    chosen = [row["id"] for row in decided if row["state"] == LinkState.confirmed]
    for start in range(0, len(chosen), BATCH):
        of = select(Link.recording_id).where(Link.id.in_(chosen[start : start + BATCH]))
        session.execute(
            delete(Link).where(
                Link.recording_id.in_(of), Link.state == LinkState.offered, Link.decided_by.is_(None)
            )
        )


# ---- what was said about it --------------------------------------------------------------------------


def _lacking(session: Session) -> list[Lacking]:
    row = EventCoverage
    rows = session.execute(
        select(row.event_id, row.squad_id, row.kind, row.day, row.shown, row.gaps)
        .join(EnforcementEvent, EnforcementEvent.id == row.event_id)
        .where(
            EnforcementEvent.sample,
            row.basis == Basis.counted,
            row.excluded.is_(None),
            row.announced == 0,
            row.day >= DAYS[0],
            row.day <= DAYS[-1],
            (row.shown == 0) | (row.gap_count > 0),
        )
        .order_by(row.day, EnforcementEvent.external_id)
    )
    return [Lacking(*found) for found in rows]


def _disputable(
    session: Session, year: Year, staff: Mapping[UUID, Staff]
) -> tuple[list[Lacking], dict[UUID, UUID]]:
    """Missing ones that concern an officer with an account."""
    crews = {event.id: event.officers for event in year.events}
    found, members = [], {}
    for event in _lacking(session):
        one = staff[event.squad_id]
        if one.member and one.officer in crews.get(event.event_id, ()) and not event.shown:
            found.append(event)
            members[event.event_id] = one.member
    return found, members

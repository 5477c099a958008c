"""Puts the year into a demo database: the rows in bulk, the links by the service's own rules, then what persons did.

Its recordings share a few real stand-in originals and are marked `sample`; the database refuses such rows unless it
was made as a demo database.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, text, update
from sqlmodel import Session

from deploy.demo.bureau import ROADS
from deploy.demo.matters import LISTS
from deploy.demo.year import clocks as clocks_of_year
from deploy.demo.year.acts import Act, Papers, acts_of
from deploy.demo.year.custody import Told
from deploy.demo.year.explaining import Lacking, disputes, explanations
from deploy.demo.year.filming import Footage, film
from deploy.demo.year.persons import Made, decisions
from deploy.demo.year.report import DAYS, REPORT, YEAR, campaign_days
from deploy.demo.year.squads import HABITS, Squad, duty, holdings, rosters
from schemas.accounts import Account, Role
from schemas.base import new_id
from schemas.cases import Campaign, Case
from schemas.clocks import ClockOffset
from schemas.coverage import Basis, Dispute, EventCoverage, Explanation
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventOfficer
from schemas.links import Link, LinkState
from schemas.matters import MatterBase, MatterList, RecordingMatter
from schemas.originals import MediaState, Original
from schemas.people import Officer, Roster
from schemas.people import Squad as SquadRow
from schemas.recorders import Assignment, Recorder
from schemas.recordings import Recording
from service.finding.linking.keep import write_links
from service.finding.search.project import index_recordings
from service.kernel.clock import day_start
from service.kernel.policy import policy
from service.registry.cases.rules import case_number_fold
from service.supervision.coverage.keep import recount_all

STAND_INS = 4
BATCH = 1000
PUBLISHED_AHEAD = 14  # days before a matters list holds
CASES = 240


class NotADemoDatabase(Exception):
    """The year is only for a database that `zhenglu demo` made."""


def load_year(session: Session, seed: int = YEAR) -> dict[str, int]:
    """Adds the year once; answers how many rows there are of it. A second call changes nothing."""
    if policy(session, "demo_database") is not True:
        raise NotADemoDatabase
    known = session.scalars(select(Campaign.id).where(Campaign.external_id == f"Y{YEAR}-1")).first()
    originals = list(
        session.scalars(
            select(Original.id)
            .where(Original.media_state == MediaState.ready)
            .order_by(Original.created_at)
            .limit(STAND_INS)
        )
    )
    if known is not None:
        return {"events": 0, "recordings": 0, "links": 0, "explanations": 0}
    if not originals:
        raise NotADemoDatabase
    rng = Random(seed)
    squads, supervisor = _squads(session), _supervisor(session)
    _publish(session, supervisor)
    acts, footage, extra = _happen(session, squads, originals, rng)
    ids = [row["id"] for row in footage.recordings]
    _link(session, ids)
    by = {row["id"]: _account(squads[row["squad_id"]], supervisor) for row in footage.recordings}
    made = _made(session)
    decided = decisions(made, footage.shows, by, rng)
    for start in range(0, len(decided), BATCH):
        session.execute(update(Link), decided[start : start + BATCH])
    _settle(session, decided)
    recount_all(session)
    explained = explanations(_lacking(session), squads, footage.without_recorder, supervisor, rng)
    _insert(session, Explanation, explained)
    disputed = disputes(*_disputable(session, acts, squads), supervisor, rng)
    _insert(session, Dispute, disputed)
    told = Told(
        {one.id: one.username for one in session.execute(select(Account.id, Account.username))},
        {row["id"]: row["squad_id"] for row in (*footage.recordings, *(act.event for act in acts), *extra)},
    )
    rows = [
        *told.of_links(decided, {one.id: one for one in made}),
        *told.of_explanations(explained),
        *told.of_disputes(disputed),
        *told.of_cancelled(extra, supervisor),
    ]
    _insert(session, CustodyEntry, sorted(rows, key=lambda row: row["at"]))
    recount_all(session)
    index_recordings(session, ids)
    session.expunge_all()
    session.execute(text("ANALYZE"))
    return {
        "events": len(acts) + len(extra),
        "recordings": len(ids),
        "links": len(_made(session)),
        "explanations": len(explained),
    }


def _insert(session: Session, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), BATCH):
        session.execute(insert(table), rows[start : start + BATCH])


# ---- what is there -----------------------------------------------------------------------------------


def _squads(session: Session) -> dict[UUID, Squad]:
    """Those with two officers and a recorder at least, and the account of one of their members."""
    found: dict[UUID, Squad] = {}
    members = {
        squad: (account, officer)
        for squad, account, officer in session.execute(
            select(Account.squad_id, Account.id, Account.officer_id)
            .where(Account.role == Role.member, Account.officer_id.is_not(None))
            .order_by(Account.username.desc())
        )
    }
    for squad in session.scalars(select(SquadRow).order_by(SquadRow.code)):
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
            account, officer = members.get(squad.id, (None, None))
            found[squad.id] = Squad(
                squad.id,
                squad.code,
                tuple((one.id, one.certificate_no) for one in officers),
                tuple((one.id, one.serial) for one in recorders),
                HABITS[len(found) % len(HABITS)],
                account,
                officer,
            )
    return found


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


def _account(squad: Squad, supervisor: UUID) -> UUID:
    return squad.member or supervisor


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


def _happen(
    session: Session, squads: Mapping[UUID, Squad], originals: Sequence[UUID], rng: Random
) -> tuple[list[Act], Footage, list[dict[str, Any]]]:
    on_duty = {squad.id: duty(squad, rng) for squad in squads.values()}
    pairs = [pair for days in on_duty.values() for day in days.values() for pair in day]
    papers = Papers(_campaigns(session), _cases(session, list(squads), rng))
    acts, extra = acts_of(on_duty, list(squads.values()), papers, rng)
    recorders = [recorder for squad in squads.values() for recorder, _ in squad.shared]
    clocks = clocks_of_year.clocks_of(recorders, rng)
    footage = film(acts, clocks, originals, rng)
    crews = {act.event["id"]: act.pair.officers for act in acts}
    crews |= {row["id"]: row.pop("officers") for row in extra}
    _insert(session, Roster, [{"id": new_id(), **row} for row in rosters(pairs)])
    _insert(session, Assignment, [{"id": new_id(), **row} for row in holdings(pairs, rng)])
    _insert(session, ClockOffset, clocks_of_year.rows(clocks))
    _insert(session, EnforcementEvent, [act.event for act in acts] + extra)
    _insert(
        session,
        EventOfficer,
        [{"event_id": event, "officer_id": officer} for event, crew in crews.items() for officer, _ in crew],
    )
    _insert(session, Recording, footage.recordings)
    session.execute(text("ANALYZE"))  # a bulk of rows that the planner knows nothing of
    return acts, footage, extra


def _campaigns(session: Session) -> list[UUID]:
    ids = []
    for n in range(REPORT[0].campaigns):
        first, last = campaign_days(n, REPORT[0].campaigns)
        campaign = Campaign(
            external_id=f"Y{YEAR}-{n + 1}",
            name=f"{YEAR} 年餐饮油烟专项行动第 {n + 1} 次",
            starts_on=first,
            ends_on=last,
        )
        session.add(campaign)
        ids.append(campaign.id)
    session.flush()
    return ids


def _cases(session: Session, squads: Sequence[UUID], rng: Random) -> dict[UUID, list[tuple[UUID, date]]]:
    found: dict[UUID, list[tuple[UUID, date]]] = {squad: [] for squad in squads}
    for n in range(CASES):
        squad = squads[n % len(squads)]
        number = f"示城管罚〔{YEAR}〕{1000 + n}号"
        place = f"{rng.choice(ROADS)} {rng.randint(1, 180)} 号"
        opened = DAYS[n * len(DAYS) // CASES]
        case = Case(
            number=number,
            number_folded=case_number_fold(number),
            title=f"{place}{rng.choice(('扬尘污染案', '油烟超标排放案', '占道经营案', '擅自设置招牌案'))}",
            party=f"当事人 {n + 1:03d}",
            place=place,
            opened_on=opened,
            squad_id=squad,
            sample=True,
        )
        session.add(case)
        found[squad].append((case.id, opened))
    session.flush()
    return found


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
    session: Session, acts: Sequence[Act], squads: Mapping[UUID, Squad]
) -> tuple[list[Lacking], dict[UUID, UUID]]:
    """Missing ones that concern an officer with an account."""
    crews = {act.event["id"]: {officer for officer, _ in act.pair.officers} for act in acts}
    found, members = [], {}
    for event in _lacking(session):
        squad = squads[event.squad_id]
        if squad.member and squad.member_officer in crews.get(event.event_id, ()) and not event.shown:
            found.append(event)
            members[event.event_id] = squad.member
    return found, members

"""The demo's year: in the counts of the report, linked by the rules, and with figures that a bureau would believe."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest
import sqlalchemy
from sqlalchemy import func, select
from sqlmodel import Session

from deploy.demo.bureau import make_bureau
from deploy.demo.simulator.rates import REPORT, YEAR
from deploy.demo.year import freezing
from deploy.demo.year.load import NotADemoDatabase, load_year
from deploy.embedded.postgres import Postgres
from schemas.accounts import Account, Role
from schemas.coverage import (
    Basis,
    CoverageSnapshot,
    Dispute,
    DisputeState,
    EventCoverage,
    Explanation,
    ExplanationState,
)
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventOfficer
from schemas.links import Link, LinkState
from schemas.originals import MediaState, Original, Rendition, RenditionKind
from schemas.people import Officer, Squad
from schemas.policy import PolicyValue
from schemas.recorders import Recorder
from schemas.recordings import Recording
from service.kernel.actor import Actor
from service.kernel.database import transaction
from service.supervision.coverage.counting import Known, events_after, kept_rows, stored_rows
from service.supervision.coverage.lists import list_counts
from service.supervision.coverage.queries import board
from service.supervision.coverage.selection import Filters
from tests.fixtures.postgres import own_engine

pytestmark = pytest.mark.timeout(900)  # loading takes minutes
IN_THE_YEAR = Filters(since=date(YEAR, 1, 1), until=date(YEAR + 1, 1, 1))
ALL = (
    "recorded", "completeness", "on_time", "exempt", "explained", "unlinked", "linked_alone", "put_right",
    "recorders_on_duty", "clocks",
)  # fmt: skip


@dataclass
class Loaded:
    engine: sqlalchemy.Engine
    told: dict[str, int]

    def supervisor(self) -> Actor:
        with transaction(self.engine) as session:
            return freezing.the_supervisor(session)


def _people(session: Session) -> None:
    """The demo's bureau as its imports leave it, as far as the year needs it."""
    bureau = make_bureau(date(2026, 1, 5))
    session.add(PolicyValue(name="demo_database", value=True))
    squads = {one["code"]: Squad(code=one["code"], name=one["name"]) for one in bureau.squads}
    session.add_all(squads.values())
    session.flush()
    officers = {
        one.certificate_no: Officer(
            certificate_no=one.certificate_no, name=one.name, squad_id=squads[one.squad].id
        )
        for one in bureau.officers
    }
    session.add_all(officers.values())
    session.add_all(Recorder(serial=one.serial, squad_id=squads[one.squad].id) for one in bureau.recorders)
    session.flush()
    session.add(Account(username="supervisor", role=Role.supervisor, password_hash="-"))
    for code, squad in squads.items():
        first = next(one for one in bureau.officers if one.squad == code)
        session.add(
            Account(
                username=f"member-{code.lower()}",
                role=Role.member,
                password_hash="-",
                squad_id=squad.id,
                officer_id=officers[first.certificate_no].id,
            )
        )
    for n in range(4):
        stand_in = Original(sha256=f"{n:064}", size=1000, store_key=f"o/{n}", media_state=MediaState.ready)
        session.add(stand_in)
        session.flush()
        if n:  # one plays only on demand
            kind = RenditionKind.playback
            session.add(Rendition(original_id=stand_in.id, kind=kind, content_type="video/mp4", attempt=1))


@pytest.fixture(scope="module")
def year(postgres: Postgres, worker_id: str) -> Iterator[Loaded]:
    with own_engine(postgres, f"year_{worker_id}") as engine:
        with transaction(engine) as session:
            _people(session)
        with transaction(engine) as session:
            told = load_year(session)
        freezing.freeze_months(engine)
        yield Loaded(engine, told)


@pytest.fixture
def loaded(year: Loaded) -> Iterator[Session]:
    with Session(year.engine) as session:
        yield session


def test_a_real_bureaus_database_is_refused(session: Session) -> None:
    with pytest.raises(NotADemoDatabase):
        load_year(session)


def test_the_counts_are_those_of_the_report(loaded: Session) -> None:
    found = Counter(
        (row.kind, row.subject)
        for row in loaded.execute(
            select(EnforcementEvent.kind, EnforcementEvent.subject).where(
                EnforcementEvent.cancelled_at.is_(None), EnforcementEvent.merged_into.is_(None)
            )
        )
    )
    assert found == {(work.kind, work.subject): work.count for work in REPORT}


def test_every_row_of_it_is_marked_as_a_sample(loaded: Session) -> None:
    for table in (Recording, EnforcementEvent):
        assert not loaded.scalar(select(func.count()).select_from(table).where(~table.sample))


def test_loading_twice_changes_nothing(year: Loaded) -> None:
    def counts() -> list[int]:
        tables = (EnforcementEvent, Recording, Link, Explanation, Dispute, CoverageSnapshot)
        with Session(year.engine) as session:
            return [session.scalar(select(func.count()).select_from(table)) for table in tables]

    before = counts()
    with transaction(year.engine) as session:
        assert load_year(session)["events"] == 0
    assert freezing.freeze_months(year.engine) == 0
    assert counts() == before


def test_nobody_is_at_two_events_at_once(loaded: Session) -> None:
    rows = loaded.execute(
        select(EventOfficer.officer_id, EnforcementEvent.arrived_at, EnforcementEvent.departed_at)
        .join(EnforcementEvent, EnforcementEvent.id == EventOfficer.event_id)
        .where(EnforcementEvent.cancelled_at.is_(None), EnforcementEvent.merged_into.is_(None))
        .order_by(EventOfficer.officer_id, EnforcementEvent.arrived_at)
    ).all()
    for before, after in itertools.pairwise(rows):
        if before.officer_id == after.officer_id:
            assert before.departed_at <= after.arrived_at


def test_links_were_made_by_the_rules(loaded: Session) -> None:
    reasons = loaded.scalars(select(Link.reasons).where(Link.state == LinkState.automatic).limit(200)).all()
    assert reasons and all(reasons)
    states = set(loaded.scalars(select(Link.state).distinct()))
    assert states == {"automatic", "offered", "confirmed", "rejected"}


def test_the_kept_rows_are_what_a_recount_gives(loaded: Session) -> None:
    known, ids = Known.read(loaded), events_after(loaded, None, 20_000)
    assert stored_rows(loaded, ids) == kept_rows(loaded, known, ids)


def test_figures_are_believable(year: Loaded, loaded: Session) -> None:
    actor = year.supervisor()
    found = board(loaded, actor, IN_THE_YEAR, ("squad",), names=ALL)
    shares = sorted(row.figures["recorded"].share for row in found.rows)
    assert all(0.78 <= share <= 0.97 for share in shares)
    assert shares[-1] - shares[0] > 0.08
    total = {name: figure.share for name, figure in found.total.figures.items()}
    assert 0.84 <= total["completeness"] <= 0.95
    assert 0.85 <= total["on_time"] <= 0.98
    assert 0.005 <= total["exempt"] <= 0.04
    assert 0.01 <= total["unlinked"] <= 0.12
    assert total["put_right"] < 0.02
    assert 0.9 <= total["recorders_on_duty"] < 1


def test_the_second_matters_list_shows_as_a_change_of_rule(year: Loaded, loaded: Session) -> None:
    found = board(loaded, year.supervisor(), IN_THE_YEAR, ("kind",))
    assert [(one.day, one.version) for one in found.rule_changes][-1] == (date(YEAR, 7, 1), 2)
    assert found.total.figures["recorded"].matter_versions == (1, 2)
    assert found.total.figures["recorded"].excluded["not_required"] > 100


def test_each_list_of_the_day_has_rows(year: Loaded, loaded: Session) -> None:
    counts = list_counts(loaded, year.supervisor(), IN_THE_YEAR)
    empty = {name for name, count in counts.items() if not count.n}
    # the year is long over; docks are the week's; nobody has left
    assert empty <= {"due", "not_docked", "low_battery", "held_by_leavers"}


def test_the_one_who_asked_never_decided(loaded: Session) -> None:
    states = Counter(loaded.scalars(select(Explanation.state)))
    assert set(states) == {ExplanationState.asked, ExplanationState.approved, ExplanationState.declined}
    assert (
        len(set(loaded.scalars(select(EventCoverage.exempt).where(EventCoverage.exempt.is_not(None))))) == 4
    )
    deciders = set(loaded.scalars(select(Explanation.decided_by)))
    assert not deciders & set(loaded.scalars(select(Explanation.asked_by)))


def test_what_persons_decided_stands_in_custody(loaded: Session) -> None:
    told = Counter(
        loaded.scalars(select(CustodyEntry.action).where(CustodyEntry.account_id.is_not(None))).all()
    )
    decided = loaded.scalars(select(Link.state).where(Link.decided_by.is_not(None))).all()
    assert told["confirm"] + told["reject"] == len(decided) > 0
    states = Counter(loaded.scalars(select(Explanation.state)).all())
    assert told["ask_explanation"] == states.total()
    assert told["decide_explanation"] == states.total() - states[ExplanationState.asked]
    assert told["raise_dispute"] == loaded.scalars(select(func.count(Dispute.id))).one()


def test_a_dispute_was_upheld_after_its_month_was_frozen(loaded: Session) -> None:
    assert loaded.scalar(select(func.count()).select_from(CoverageSnapshot)) == 11
    late = loaded.scalars(select(Dispute).where(Dispute.snapshot_id.is_not(None))).all()
    assert [one.state for one in late] == [DisputeState.upheld]
    frozen = loaded.get_one(CoverageSnapshot, late[0].snapshot_id)
    assert late[0].decided_at > frozen.as_of


def test_confirmed_links_alone_give_another_board(year: Loaded, loaded: Session) -> None:
    actor = year.supervisor()
    counted = board(loaded, actor, IN_THE_YEAR, ()).total.figures["recorded"]
    confirmed = board(
        loaded, actor, Filters(basis=Basis.confirmed, since=IN_THE_YEAR.since, until=IN_THE_YEAR.until), ()
    ).total.figures["recorded"]
    assert 0.2 < confirmed.share < counted.share

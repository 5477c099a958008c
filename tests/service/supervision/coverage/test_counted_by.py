"""A change of what kept rows are counted by asks for the recount, once, and on record."""

import pytest
from sqlmodel import select

from schemas.coverage import Basis, EventCoverage
from schemas.custody import CustodyEntry
from schemas.jobs import Job, JobKind
from schemas.policy import PolicyValue
from service.desk.operations.policies import set_policy
from service.kernel.errors import Invalid
from service.supervision.coverage.counted_by import EVERY_EVENT, STANDS_IN, recount_if_changed
from service.supervision.coverage.counting import recount, recount_all
from service.supervision.snapshots.queries import wants_recount
from tests.service.finding.linking.field import Field, at


def jobs(bureau: Field) -> list[int]:
    wanted = select(Job.requested).where(Job.kind == JobKind.recount, Job.subject_id == EVERY_EVENT)
    return list(bureau.session.scalars(wanted))


def entries(bureau: Field) -> list[CustodyEntry]:
    return list(bureau.session.scalars(select(CustodyEntry).where(CustodyEntry.action == "ask_recount")))


@pytest.fixture
def counted(bureau: Field) -> Field:
    event = bureau.event(at("09:00"), None)
    recount(bureau.session, [event.id])
    bureau.session.commit()
    recount_if_changed(bureau.session)
    bureau.session.commit()
    return bureau


def test_nothing_is_asked_where_nothing_changed_or_nothing_is_there(bureau: Field) -> None:
    assert not recount_if_changed(bureau.session)
    bureau.event(at("09:00"), None)
    assert not recount_if_changed(bureau.session)
    assert jobs(bureau) == []


def test_another_length_of_open_events_is_counted_and_stands_on_record(counted: Field) -> None:
    session, before = counted.session, jobs(counted)
    kept = session.scalars(select(EventCoverage).where(EventCoverage.basis == Basis.counted)).one()
    due = kept.due_at
    assert set_policy(session, "cli", "link_open_event_minutes", 60)
    assert not set_policy(session, "cli", "link_open_event_minutes", 60)
    assert not set_policy(session, "cli", "small_denominator", 5)
    assert jobs(counted) == [sum(before) + 1] and wants_recount(session)
    last = entries(counted)[-1]
    assert last.detail["before"]["link_open_event_minutes"] == 120
    assert last.detail["after"]["link_open_event_minutes"] == 60
    recount_all(session)
    session.refresh(kept)
    assert (due - kept.due_at).total_seconds() == 3600


@pytest.mark.parametrize(("name", "then"), [("zone", "Asia/Urumqi"), ("rules", "1")])
def test_another_zone_and_newer_rules_are_noticed_by_themselves(counted: Field, name: str, then: str) -> None:
    """As after a start with other settings or a newer program: the rows were counted by what held then."""
    before = len(entries(counted))
    held = counted.session.get_one(PolicyValue, STANDS_IN)
    held.value = {**held.value, name: then}
    counted.session.commit()
    assert recount_if_changed(counted.session)
    assert not recount_if_changed(counted.session)
    assert len(entries(counted)) == before + 1
    assert entries(counted)[-1].detail["before"][name] == then != entries(counted)[-1].detail["after"][name]


def test_a_rule_that_is_none_or_of_another_kind_is_refused(bureau: Field) -> None:
    for name, value in (
        ("nothing", 1),
        ("demo_database", True),
        ("link_open_event_minutes", "x"),
        ("link_open_event_minutes", -1),
        ("link_open_event_minutes", True),
    ):
        with pytest.raises(Invalid):
            set_policy(bureau.session, "cli", name, value)

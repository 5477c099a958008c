"""A row that an officer says is wrong: who may say so, who answers, and that it is never lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.accounts import Account, Role
from schemas.coverage import CoverageSnapshot, DisputeState, SnapshotRow
from service.access.actor import Actor
from service.clock import now
from service.disputes import actions
from service.disputes.errors import AnsweredAlready, NotConcerned
from service.disputes.queries import upheld_since
from service.errors import Invalid, NotAllowed, NotFound
from service.explanations.errors import SecondPerson
from tests.service.linking.field import Field, at


def as_officer(bureau: Field, actor: Actor, number: str) -> Actor:
    officer = bureau.officer(number)
    bureau.session.get_one(Account, actor.account_id).officer_id = officer.id
    return replace(actor, officer_id=officer.id)


def test_an_officer_of_the_event_may_dispute_its_row_and_nobody_else(bureau: Field):
    event = bureau.event(at("09:00"), at("09:30"), ("012",))
    mine = as_officer(bureau, bureau.actor(Role.member, "one"), "012")
    other = as_officer(bureau, bureau.actor(Role.member, "one", "other"), "013")
    with pytest.raises(NotConcerned):
        actions.raise_dispute(bureau.session, other, event.id, "s")
    with pytest.raises(NotConcerned):
        actions.raise_dispute(bureau.session, bureau.actor(Role.supervisor, "one"), event.id, "s")
    with pytest.raises(NotFound):
        actions.raise_dispute(bureau.session, bureau.actor(Role.member, "two"), event.id, "s")
    with pytest.raises(Invalid):
        actions.raise_dispute(bureau.session, mine, event.id, " ")
    dispute = actions.raise_dispute(bureau.session, mine, event.id, "当时有录像，标错了活动")
    assert actions.raise_dispute(bureau.session, mine, event.id, "again").id == dispute.id


def test_who_filmed_it_may_dispute_it_though_not_named_in_the_event(bureau: Field):
    event = bureau.event(at("09:00"), at("09:30"), ("012",))
    recording = bureau.recording(at("09:00"), at("09:30"), officer="013")
    films = as_officer(bureau, bureau.actor(Role.member, "one"), "013")
    assert actions.raise_dispute(bureau.session, films, event.id, "s", recording.id).recording_id


def test_a_supervisor_answers_once_with_a_sentence_and_never_themselves(bureau: Field):
    event = bureau.event(at("09:00"), at("09:30"), ("012",))
    mine = as_officer(bureau, bureau.actor(Role.supervisor, "one"), "012")
    dispute = actions.raise_dispute(bureau.session, mine, event.id, "s")
    with pytest.raises(SecondPerson):
        actions.uphold(bureau.session, mine, dispute.id, "a")
    with pytest.raises(NotAllowed):
        actions.uphold(bureau.session, bureau.actor(Role.member, "one"), dispute.id, "a")
    boss = bureau.actor(Role.supervisor)
    with pytest.raises(Invalid):
        actions.dismiss(bureau.session, boss, dispute.id, "")
    assert actions.dismiss(bureau.session, boss, dispute.id, "没有找到").state == DisputeState.dismissed
    with pytest.raises(AnsweredAlready):
        actions.uphold(bureau.session, boss, dispute.id, "a")
    with pytest.raises(AnsweredAlready):
        actions.withdraw(bureau.session, mine, dispute.id)


def test_only_who_raised_it_withdraws_it(bureau: Field):
    event = bureau.event(at("09:00"), at("09:30"), ("012",))
    mine = as_officer(bureau, bureau.actor(Role.member, "one"), "012")
    dispute = actions.raise_dispute(bureau.session, mine, event.id, "s")
    with pytest.raises(NotAllowed):
        actions.withdraw(bureau.session, bureau.actor(Role.member, "one", "another"), dispute.id)
    assert actions.withdraw(bureau.session, mine, dispute.id).state == DisputeState.withdrawn


def test_upheld_after_the_month_was_frozen_it_stands_beside_the_frozen_month(bureau: Field):
    event = bureau.event(at("09:00"), at("09:30"), ("012",))
    mine = as_officer(bureau, bureau.actor(Role.member, "one"), "012")
    boss = bureau.actor(Role.supervisor)
    snapshot = CoverageSnapshot(
        month=at("00:00").date().replace(day=1),
        as_of=now(),
        taken_at=now() - timedelta(seconds=5),
        rule_version="1",
        rows_sha256="0" * 64,
    )
    bureau.session.add(snapshot)
    bureau.session.flush()
    row = {"recorded_s": 0}
    bureau.session.add(
        SnapshotRow(
            snapshot_id=snapshot.id,
            about="event",
            subject_id=event.id,
            basis="counted",
            squad_id=event.squad_id,
            row=row,
        )
    )
    bureau.session.flush()
    dispute = actions.raise_dispute(bureau.session, mine, event.id, "s")
    assert upheld_since(bureau.session, boss, snapshot) == []
    actions.uphold(bureau.session, boss, dispute.id, "录像已补传")
    bureau.session.flush()
    assert [one.id for one in upheld_since(bureau.session, boss, snapshot)] == [dispute.id]
    assert dispute.snapshot_id == snapshot.id
    assert upheld_since(bureau.session, bureau.actor(Role.supervisor, "two"), snapshot) == []

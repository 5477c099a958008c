"""A row that an officer says is wrong: who may say so, who answers, and that it is never lost."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import select

from schemas.accounts import Account, Role
from schemas.coverage import CoverageSnapshot, DisputeState, SnapshotRow
from schemas.custody import CustodyEntry
from schemas.people import Roster
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.kernel.two_persons.errors import SecondPerson
from service.supervision.disputes import actions
from service.supervision.disputes.approval import DISPUTE
from service.supervision.disputes.errors import AnsweredAlready, NotConcerned
from service.supervision.disputes.queries import list_disputes, upheld_since
from service.supervision.disputes.subjects import duty_day_id
from service.web.two_persons.views import wish_lines
from tests.service.finding.linking.field import Field, at


def as_officer(bureau: Field, actor: Actor, number: str) -> Actor:
    officer = bureau.officer(number)
    bureau.session.get_one(Account, actor.account_id).officer_id = officer.id
    return replace(actor, officer_id=officer.id)


def test_an_officer_of_the_event_may_dispute_its_row_and_nobody_else(bureau: Field) -> None:
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


def test_a_dispute_about_another_recording_of_the_event_keeps_its_own_statement(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"), ("012",))
    mine = as_officer(bureau, bureau.actor(Role.member, "one"), "012")
    recording = bureau.recording(at("09:00"), at("09:30"), officer="012")
    whole = actions.raise_dispute(bureau.session, mine, event.id, "当时有录像")
    part = actions.raise_dispute(bureau.session, mine, event.id, "这段属于另一活动", recording.id)
    assert part.id != whole.id and part.statement == "这段属于另一活动"


def test_who_filmed_it_may_dispute_it_though_not_named_in_the_event(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"), ("012",))
    recording = bureau.recording(at("09:00"), at("09:30"), officer="013")
    films = as_officer(bureau, bureau.actor(Role.member, "one"), "013")
    assert actions.raise_dispute(bureau.session, films, event.id, "s", recording.id).recording_id


def test_a_supervisor_answers_once_with_a_sentence_and_never_themselves(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"), ("012",))
    mine = as_officer(bureau, bureau.actor(Role.supervisor, "one"), "012")
    dispute = actions.raise_dispute(bureau.session, mine, event.id, "s")
    with pytest.raises(SecondPerson):
        DISPUTE.approve(bureau.session, mine, dispute.id, "a")
    with pytest.raises(NotAllowed):
        DISPUTE.approve(bureau.session, bureau.actor(Role.member, "one"), dispute.id, "a")
    boss = bureau.actor(Role.supervisor)
    with pytest.raises(Invalid):
        DISPUTE.decline(bureau.session, boss, dispute.id, "")
    assert DISPUTE.decline(bureau.session, boss, dispute.id, "没有找到").state == DisputeState.dismissed
    with pytest.raises(AnsweredAlready):
        DISPUTE.approve(bureau.session, boss, dispute.id, "a")
    with pytest.raises(AnsweredAlready):
        DISPUTE.withdraw(bureau.session, mine, dispute.id)


def test_only_who_raised_it_withdraws_it(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"), ("012",))
    mine = as_officer(bureau, bureau.actor(Role.member, "one"), "012")
    dispute = actions.raise_dispute(bureau.session, mine, event.id, "s")
    with pytest.raises(NotAllowed):
        DISPUTE.withdraw(bureau.session, bureau.actor(Role.member, "one", "another"), dispute.id)
    assert DISPUTE.withdraw(bureau.session, mine, dispute.id).state == DisputeState.withdrawn


def test_upheld_after_the_month_was_frozen_it_stands_beside_the_frozen_month(bureau: Field) -> None:
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
    DISPUTE.approve(bureau.session, boss, dispute.id, "录像已补传")
    bureau.session.flush()
    assert [one.id for one in upheld_since(bureau.session, boss, snapshot)] == [dispute.id]
    assert dispute.snapshot_id == snapshot.id
    assert upheld_since(bureau.session, bureau.actor(Role.supervisor, "two"), snapshot) == []


def test_a_recording_is_disputed_by_who_filmed_it_and_nobody_else(bureau: Field) -> None:
    recording = bureau.recording(at("09:00"), at("09:30"), officer="012")
    mine = as_officer(bureau, bureau.actor(Role.member, "one"), "012")
    other = as_officer(bureau, bureau.actor(Role.member, "one", "other"), "013")
    with pytest.raises(NotConcerned):
        actions.dispute_recording(bureau.session, other, recording.id, "s")
    with pytest.raises(NotFound):
        actions.dispute_recording(bureau.session, bureau.actor(Role.member, "two"), recording.id, "s")
    dispute = actions.dispute_recording(bureau.session, mine, recording.id, "这是调试录像")
    assert actions.dispute_recording(bureau.session, mine, recording.id, "again").id == dispute.id
    assert (dispute.about, dispute.event_id, dispute.recording_id) == ("recording", None, recording.id)


def test_a_recorder_is_disputed_by_who_held_it_within_the_month_before(bureau: Field) -> None:
    bureau.hold("R-07", "012", at("08:00"), at("17:00"))
    recorder = bureau.recorder("R-07")
    mine = as_officer(bureau, bureau.actor(Role.member, "one"), "012")
    day = at("00:00", 20).date()
    with pytest.raises(NotConcerned):
        actions.dispute_recorder(bureau.session, mine, recorder.id, "s")  # today: long given back
    with pytest.raises(Invalid):
        actions.dispute_recorder(bureau.session, mine, recorder.id, "s", date(2999, 1, 1))
    dispute = actions.dispute_recorder(bureau.session, mine, recorder.id, "当天在采集站", day)
    assert (dispute.recorder_id, dispute.day) == (recorder.id, day)
    later = actions.dispute_recorder(bureau.session, mine, recorder.id, "s", day + timedelta(days=1))
    assert later.id != dispute.id


def on_duty(bureau: Field, number: str, day: int = 0) -> None:
    officer = bureau.officer(number)
    start = at("08:00", day)
    roster = Roster(
        officer_id=officer.id, squad_id=officer.squad_id, starts_at=start, ends_at=start + timedelta(hours=9)
    )
    bureau.session.add(roster)
    bureau.session.flush()


def test_a_day_on_duty_is_disputed_by_the_squad_where_a_roster_is_known(bureau: Field) -> None:
    on_duty(bureau, "012")
    squad, day = bureau.squad("one").id, at("00:00").date()
    forgotten = as_officer(bureau, bureau.actor(Role.member, "one"), "013")
    with pytest.raises(NotFound):
        actions.dispute_duty_day(bureau.session, forgotten, squad, day + timedelta(days=1), "s")
    with pytest.raises(NotFound):
        actions.dispute_duty_day(bureau.session, bureau.actor(Role.member, "two"), squad, day, "s")
    with pytest.raises(NotConcerned):
        actions.dispute_duty_day(bureau.session, bureau.actor(Role.supervisor, "one"), squad, day, "s")
    dispute = actions.dispute_duty_day(bureau.session, forgotten, squad, day, "我也在班，未列入")
    assert (dispute.squad_id, dispute.day) == (squad, day)
    boss = bureau.actor(Role.supervisor)
    DISPUTE.approve(bureau.session, boss, dispute.id, "已补录值班表")
    bureau.session.flush()
    assert dispute.state == DisputeState.upheld
    entry = bureau.session.scalars(select(CustodyEntry).where(CustodyEntry.action == "answer_dispute")).one()
    assert (entry.subject_kind, entry.subject_id, entry.squad_id) == ("squad", squad, squad)


def test_disputes_of_every_kind_of_row_are_seen_in_their_squad_alone(bureau: Field) -> None:
    on_duty(bureau, "012")
    bureau.hold("R-07", "012", at("08:00"))
    recording = bureau.recording(at("09:00"), at("09:30"), officer="012")
    mine = as_officer(bureau, bureau.actor(Role.member, "one"), "012")
    raised = [
        actions.dispute_recording(bureau.session, mine, recording.id, "s"),
        actions.dispute_recorder(bureau.session, mine, bureau.recorder("R-07").id, "s"),
        actions.dispute_duty_day(bureau.session, mine, bureau.squad("one").id, at("00:00").date(), "s"),
    ]
    boss = bureau.actor(Role.supervisor)
    lines = wish_lines(bureau.session, boss, DISPUTE, list_disputes(bureau.session, boss).items)
    assert {line.id for line in lines} == {str(one.id) for one in raised}
    assert all(line.squad == "中队 one" and line.row.href for line in lines)
    assert all([b.href.rpartition("/")[2] for b in line.buttons] == ["uphold", "dismiss"] for line in lines)
    assert list_disputes(bureau.session, bureau.actor(Role.supervisor, "two")).items == []


@pytest.mark.parametrize("about", ["recording", "recorder", "duty_day"])
def test_upheld_after_the_freeze_each_kind_of_row_stands_beside_its_own_month(
    bureau: Field, about: str
) -> None:
    on_duty(bureau, "012")
    bureau.hold("R-07", "012", at("08:00"))
    recording = bureau.recording(at("09:00"), at("09:30"), officer="012")
    mine = as_officer(bureau, bureau.actor(Role.member, "one"), "012")
    day, squad = at("00:00").date(), bureau.squad("one").id
    months = []
    for first in (day.replace(day=1), date(2024, 7, 1)):
        months.append(
            CoverageSnapshot(
                month=first,
                as_of=now(),
                taken_at=now() - timedelta(seconds=5),
                rule_version="2",
                rows_sha256="0" * 64,
            )
        )
    bureau.session.add_all(months)
    bureau.session.flush()
    june, july = months
    rows = {
        "recording": recording.id,
        "recorder": bureau.recorder("R-07").id,
        "duty_day": duty_day_id(squad, day),
    }
    for month in months if about == "recorder" else [june]:
        bureau.session.add(
            SnapshotRow(snapshot_id=month.id, about=about, subject_id=rows[about], squad_id=squad, row={})
        )
    bureau.session.flush()
    row = squad if about == "duty_day" else rows[about]
    dispute = actions.dispute_row(
        bureau.session, mine, about, row, "s", None if about == "recording" else day
    )
    assert dispute.snapshot_id == june.id
    boss = bureau.actor(Role.supervisor)
    DISPUTE.approve(bureau.session, boss, dispute.id, "a")
    bureau.session.flush()
    assert [one.id for one in upheld_since(bureau.session, boss, june)] == [dispute.id]
    assert upheld_since(bureau.session, boss, july) == []


def test_a_dispute_of_an_event_is_shown_with_the_recording_that_should_have_counted(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"), ("012",))
    recording = bureau.recording(at("09:00"), at("09:30"), officer="012", file_name="REC_7.mp4")
    mine = as_officer(bureau, bureau.actor(Role.member, "one"), "012")
    raised = [
        actions.raise_dispute(bureau.session, mine, event.id, "s"),
        actions.raise_dispute(bureau.session, mine, event.id, "s", recording.id),
    ]
    whole, part = wish_lines(bureau.session, mine, DISPUTE, raised)
    assert whole.row.href == part.row.href == f"/events/{event.id}#coverage"
    assert (whole.other, part.other and part.other.label) == (None, "REC_7.mp4")
    assert [button.href for button in whole.buttons] == [f"/disputes/{raised[0].id}/withdraw"]

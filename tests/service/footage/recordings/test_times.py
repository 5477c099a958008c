"""A recording's time put right by a person: who may, what it beats, and how it is taken back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.clocks import ClockOffset, ClockOffsetCreate, OffsetSource
from schemas.custody import CustodyEntry
from schemas.jobs import Job, JobKind
from schemas.links import LinkState
from schemas.recordings import Recording
from service.finding.linking.actions import link_recording
from service.footage.recordings.errors import NotCorrected, OwnTime, TimeUnbelievable
from service.footage.recordings.times import correct_time, withdraw_time
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.registry.clocks.actions import add_offset
from service.registry.clocks.correcting import correct_recordings
from tests.service.finding.linking.field import Field, at


@pytest.fixture
def bureau(session: Session) -> Field:
    return Field(session)


def filmed(bureau: Field, start: str = "01:05", officer: str | None = None) -> Recording:
    begun = at(start)
    recording = bureau.recording(
        begun, begun + timedelta(minutes=10), recorder="R-07", officer=officer, received_at=at("18:00")
    )
    recording.claimed_from = recording.recorded_from
    bureau.session.flush()
    return recording


def test_a_member_another_squad_and_whoever_filmed_or_uploaded_it_may_not(bureau: Field) -> None:
    recording = filmed(bureau, officer="012")
    for role in (Role.member, Role.legal, Role.auditor):
        with pytest.raises(NotAllowed):
            correct_time(bureau.session, bureau.actor(role, "one"), recording.id, at("09:05"), "r")
    with pytest.raises(NotFound):
        correct_time(bureau.session, bureau.actor(Role.supervisor, "two"), recording.id, at("09:05"), "r")
    supervisor = bureau.actor(Role.supervisor, "one")
    with pytest.raises(OwnTime):
        correct_time(
            bureau.session,
            replace(supervisor, officer_id=bureau.officer("012").id),
            recording.id,
            at("09:05"),
            "r",
        )
    unnamed = filmed(bureau, "02:05")
    bureau.hold("R-07", "031", at("00:00"), at("12:00"))
    with pytest.raises(OwnTime):
        correct_time(
            bureau.session,
            replace(supervisor, officer_id=bureau.officer("031").id),
            unnamed.id,
            at("09:05"),
            "r",
        )
    recording.uploaded_by = supervisor.account_id
    bureau.session.flush()
    with pytest.raises(OwnTime):
        correct_time(bureau.session, supervisor, recording.id, at("09:05"), "r")


def test_it_needs_a_reason_and_a_time_that_can_be(bureau: Field) -> None:
    recording, reviewer = filmed(bureau), bureau.actor(Role.reviewer)
    for nothing in (" ", "\u200b", "\u3000\ufeff"):
        with pytest.raises(Invalid):
            correct_time(bureau.session, reviewer, recording.id, at("09:05"), nothing)
    with pytest.raises(TimeUnbelievable):
        correct_time(bureau.session, reviewer, recording.id, at("18:05"), "r")
    with pytest.raises(NotCorrected):
        withdraw_time(bureau.session, reviewer, recording.id)


def test_it_moves_the_recording_and_its_links_beats_later_measurements_and_is_taken_back(
    bureau: Field,
) -> None:
    event = bureau.event(at("09:00"), at("09:20"), ("012",))
    recording, reviewer = filmed(bureau, officer="012"), bureau.actor(Role.reviewer)
    assert [one.state for one in link_recording(bureau.session, recording.id)] == [LinkState.offered]
    correct_time(bureau.session, reviewer, recording.id, at("09:05"), "the wall clock shows it")
    assert (recording.recorded_from, recording.recorded_to) == (at("09:05"), at("09:15"))
    said = recording.clock["corrected"]
    assert set(said) == {"recorded_from", "by", "at", "reason"}
    assert (said["by"], said["reason"]) == (reviewer.username, "the wall clock shows it")
    assert recording.clock_offset_s == -8 * 3600 and recording.clock_doubt_s == 0
    assert recording.id in set(bureau.session.scalars(select(Job.subject_id).where(Job.kind == JobKind.link)))
    (link,) = link_recording(bureau.session, recording.id)
    assert (link.event_id, link.state) == (event.id, LinkState.automatic)
    measured = ClockOffsetCreate(recorder="R-07", measured_at=at("17:00"), offset_s=-3600.0)
    add_offset(bureau.session, bureau.actor(Role.admin), measured)
    bureau.session.refresh(recording)
    assert recording.recorded_from == at("09:05")
    withdraw_time(bureau.session, reviewer, recording.id)
    assert "corrected" not in recording.clock and "uncorrected" not in recording.clock
    assert recording.recorded_from == at("02:05"), "as is measured today"
    acts = list(
        bureau.session.scalars(select(CustodyEntry.action).where(CustodyEntry.subject_id == recording.id))
    )
    assert {"correct_time", "withdraw_time"} <= set(acts)


def test_of_one_without_time_or_with_that_of_satellites_the_former_state_comes_back(bureau: Field) -> None:
    reviewer = bureau.actor(Role.reviewer)
    untimed = bureau.recording(None, None, received_at=at("18:00"))
    untimed.duration_s = 300.0
    by_satellites = filmed(bureau, "09:00")
    by_satellites.clock = {"source": "gps"}
    by_satellites.claimed_from, by_satellites.clock_offset_s = at("01:00"), -28800.0
    bureau.session.flush()
    for recording, before in ((untimed, None), (by_satellites, at("09:00"))):
        for _ in range(2):  # a second correction replaces the first, and what was before both comes back
            correct_time(bureau.session, reviewer, recording.id, at("10:00"), "r")
        assert recording.recorded_from == at("10:00") and recording.recorded_to
        withdraw_time(bureau.session, reviewer, recording.id)
        assert recording.recorded_from == before
    assert by_satellites.clock_offset_s == -28800.0


def test_measurements_that_come_while_it_holds_count_once_it_is_taken_back(bureau: Field) -> None:
    recording, reviewer = filmed(bureau, "08:59"), bureau.actor(Role.reviewer)
    correct_time(bureau.session, reviewer, recording.id, at("10:00"), "r")
    row = ClockOffset(
        recorder_id=recording.recorder_id,
        source=OffsetSource.dock,
        measured_at=at("17:00"),
        offset_s=-60.0,
        doubt_s=1.0,
    )
    bureau.session.add(row)
    bureau.session.flush()
    assert recording.recorder_id and correct_recordings(bureau.session, recording.recorder_id) == []
    withdraw_time(bureau.session, reviewer, recording.id)
    assert recording.recorded_from == at("09:00")

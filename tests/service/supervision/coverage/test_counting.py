"""What is kept of events agrees with the field, whoever changed it and whoever was first."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import func, text
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.coverage import (
    Basis,
    EventCoverage,
    Explanation,
    ExplanationKind,
    ExplanationReason,
    ExplanationState,
)
from schemas.events import EnforcementEvent
from schemas.links import Link, LinkState
from schemas.policy import PolicyValue
from schemas.recorders import RecorderModel
from schemas.recordings import Media, Recording, RecordingState
from service.kernel.changes import changed, settle
from service.kernel.database import transaction
from service.kernel.errors import NotAllowed
from service.kernel.policy import DEMO_DATABASE
from service.registry.recorders.actions import set_time_lapse, update_recorder
from service.registry.recorders.updates import RecorderUpdate
from service.supervision.coverage import counting
from service.supervision.coverage.counting import recount, recount_all
from tests.service.finding.linking.field import Field, at


def link(
    bureau: Field,
    recording: Recording,
    event: EnforcementEvent,
    state: LinkState = LinkState.automatic,
    **more: Any,
) -> Link:
    row = Link(recording_id=recording.id, event_id=event.id, state=state, score=0.9, rule_version="1", **more)
    bureau.session.add(row)
    bureau.session.flush()
    return row


def kept(session: Session, event: EnforcementEvent, basis: Basis = Basis.counted) -> EventCoverage:
    recount(session, [event.id])
    return session.get_one(EventCoverage, (event.id, basis), populate_existing=True)


def test_automatic_links_count_and_confirmed_ones_stand_apart(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    link(bureau, bureau.recording(at("09:00"), at("09:10")), event)
    link(bureau, bureau.recording(at("09:20"), at("09:30")), event, LinkState.confirmed)
    row = kept(bureau.session, event)
    assert (row.links, row.recorded_s, row.required_s) == (2, 1200.0, 1800.0)
    assert [gap[2:] for gap in row.gaps] == [["middle", False]]
    row = kept(bureau.session, event, Basis.confirmed)
    assert (row.links, row.recorded_s) == (1, 600.0)


@pytest.mark.parametrize("state", [LinkState.offered, LinkState.rejected])
def test_what_is_offered_or_rejected_does_not_count(bureau: Field, state: LinkState) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    link(bureau, bureau.recording(at("09:00"), at("09:30")), event, state)
    assert kept(bureau.session, event).links == 0


@pytest.mark.parametrize(
    ("state", "n"),
    [
        (RecordingState.ready, 1),
        (RecordingState.partial, 1),
        (RecordingState.processing, 1),
        (RecordingState.announced, 0),
        (RecordingState.refused, 0),
        (RecordingState.unplayable, 0),
    ],
)
def test_an_offer_is_counted_where_its_confirmation_would_count(
    bureau: Field, state: RecordingState, n: int
) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    offer = link(bureau, bureau.recording(at("09:00"), at("09:30"), state=state), event, LinkState.offered)
    for basis in Basis:
        row = kept(bureau.session, event, basis)
        assert (row.offered, row.links, row.shown) == (n, 0, 0)
    offer.state = LinkState.rejected
    assert kept(bureau.session, event).offered == 0


@pytest.mark.parametrize("state", [LinkState.confirmed, LinkState.automatic, LinkState.offered])
def test_a_photo_shows_one_moment_and_makes_nothing_recorded_complete_or_punctual(
    bureau: Field, state: LinkState
) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    link(bureau, bureau.recording(at("09:10"), at("09:10"), media=Media.photo), event, state)
    late = at("09:00", day=3)
    link(
        bureau, bureau.recording(at("09:11"), at("09:11"), media=Media.photo, received_at=late), event, state
    )
    row = kept(bureau.session, event)
    assert (row.links, row.shown, row.offered, row.in_time, row.announced, row.recorded_s) == (
        0,
        0,
        0,
        0,
        0,
        0.0,
    )
    assert (row.gaps, row.last_received_at) == ([], None)
    link(bureau, bureau.recording(at("09:00"), at("09:30"), media=Media.video), event)
    row = kept(bureau.session, event)
    assert (row.links, row.shown, row.in_time, row.recorded_s, row.gap_count) == (1, 1, 1, 1800.0, 0)


def test_refused_merged_and_announced_recordings_record_nothing(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    good = bureau.recording(at("09:00"), at("09:30"))
    for more in ({"state": RecordingState.refused}, {"merged_into": good.id}):
        link(bureau, bureau.recording(at("09:00"), at("09:30"), **more), event)
    link(bureau, bureau.recording(at("09:00"), at("09:30"), state=RecordingState.announced), event)
    row = kept(bureau.session, event)
    assert (row.links, row.announced, row.recorded_s, row.first_received_at) == (0, 1, 0.0, None)


def test_a_chosen_part_of_a_recording_counts_and_no_more(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("10:00"))
    recording = bureau.recording(at("08:50"), at("10:10"))
    link(bureau, recording, event, LinkState.confirmed, part_start_s=1200.0, part_end_s=1800.0)
    row = kept(bureau.session, event)
    assert row.recorded_s == 600.0
    assert row.late_start_s == 600.0
    recording.recorded_from += timedelta(seconds=5)  # a clock put right: the part holds as seconds into it
    assert kept(bureau.session, event).late_start_s == 605.0


def test_a_hole_in_a_recording_is_no_recording(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    recording = bureau.recording(at("08:59:58"), at("19:00:03"))
    link(bureau, recording, event)
    assert kept(bureau.session, event).recorded_s == 1800.0
    bureau.measured(recording, [[0, 5], [36000, 36005]])
    row = kept(bureau.session, event)
    assert (row.shown, row.recorded_s, row.late_start_s, row.early_stop_s) == (1, 3.0, 0.0, 1797.0)
    inside = bureau.event(at("14:00"), at("14:30"))
    link(bureau, recording, inside)
    row = kept(bureau.session, inside)
    assert (row.links, row.shown, row.recorded_s, row.gaps) == (1, 0, 0.0, [])  # linked, and still missing


def test_a_chosen_part_counts_where_it_has_samples(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("10:00"))
    recording = bureau.recording(at("09:00"), at("10:00"))
    bureau.measured(recording, [[0, 100], [1000, 3600]])
    link(bureau, recording, event, LinkState.confirmed, part_start_s=50.0, part_end_s=1200.0)
    assert kept(bureau.session, event).recorded_s == 250.0


def test_what_is_not_measured_yet_counts_by_its_span(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    recording = bureau.recording(at("09:00"), at("09:10"))
    bureau.measured(recording, None)
    link(bureau, recording, event)
    assert kept(bureau.session, event).recorded_s == 600.0


def test_a_sample_counts_as_it_is_said_to_be_not_as_the_original_that_stands_in_for_it(bureau: Field) -> None:
    bureau.session.add(PolicyValue(name=DEMO_DATABASE.name, value=True))
    event = bureau.event(at("09:00"), at("09:30"))
    recording = bureau.recording(at("09:00"), at("09:30"))
    bureau.measured(recording, [[0, 4]], sparse=True)
    link(bureau, recording, event)
    assert kept(bureau.session, event).recorded_s == 0.0
    recording.sample = True
    assert kept(bureau.session, event).recorded_s == 1800.0


def test_pictures_far_apart_count_only_where_the_model_takes_them_so(bureau: Field) -> None:
    session = bureau.session
    event = bureau.event(at("09:00"), at("09:10"))
    recording = bureau.recording(at("09:00"), at("09:10"), recorder="R-07")
    model = bureau.model()
    bureau.measured(recording, [[0, 600]], sparse=True)
    link(bureau, recording, event)
    row = kept(session, event)
    assert (row.links, row.shown, row.recorded_s) == (1, 0, 0.0)
    admin = bureau.actor(Role.admin)
    for wanted, counted in ((True, 600.0), (False, 0.0)):
        set_time_lapse(session, admin, recording.recorder_id, wanted)
        settle(session)
        row = session.get_one(EventCoverage, (event.id, Basis.counted), populate_existing=True)
        assert row.recorded_s == counted
    other = bureau._keep("model", "M-2", RecorderModel(code="M-2", conventions={"time_lapse": True}))
    update_recorder(session, admin, recording.recorder_id, RecorderUpdate(model=other.code))
    settle(session)
    assert session.get_one(EventCoverage, (event.id, Basis.counted), populate_existing=True).shown == 1
    assert model.conventions == {}


def test_one_squads_supervisor_does_not_decide_what_counts_for_the_bureau(bureau: Field) -> None:
    recording = bureau.recording(at("09:00"), at("09:10"), recorder="R-07")
    bureau.model(clock_zone="UTC")
    with pytest.raises(NotAllowed):
        set_time_lapse(bureau.session, bureau.actor(Role.supervisor, "one"), recording.recorder_id, True)


def test_only_approved_explanations_count(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    link(bureau, bureau.recording(at("09:10"), at("09:30")), event)
    asker = bureau.actor(Role.member, "one")
    gap = Explanation(
        event_id=event.id, kind=ExplanationKind.gap_reason, reason=ExplanationReason.urgent,
        gap_from=at("09:00"), gap_to=at("09:10"), asked_by=asker.account_id,
    )  # fmt: skip
    whole = Explanation(
        event_id=event.id,
        kind=ExplanationKind.exemption,
        reason=ExplanationReason.device_fault,
        asked_by=asker.account_id,
    )
    bureau.session.add_all([gap, whole])
    row = kept(bureau.session, event)
    assert (row.gap_count, row.gap_explained, row.exempt) == (1, 0, None)
    gap.state = whole.state = ExplanationState.approved
    row = kept(bureau.session, event)
    assert (row.gap_count, row.gap_explained, row.exempt) == (1, 1, "device_fault")


def test_a_day_is_the_bureaus(bureau: Field) -> None:
    event = bureau.event(at("00:10"), None)  # still the day before in UTC
    row = kept(bureau.session, event)
    assert row.day == at("00:10").date()
    assert row.required_to is None
    assert row.in_time == 0


def test_recordings_in_time_are_counted_by_the_deadline(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    due = kept(bureau.session, event).due_at
    link(bureau, bureau.recording(at("09:00"), at("09:10"), received_at=due), event)
    link(bureau, bureau.recording(at("09:10"), at("09:20"), received_at=due + timedelta(seconds=1)), event)
    row = kept(bureau.session, event)
    assert (row.links, row.in_time) == (2, 1)
    assert row.last_received_at == due + timedelta(seconds=1)


def test_an_old_archive_shows_its_event_and_is_judged_by_no_deadline(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    due = kept(bureau.session, event).due_at
    years_later = due + timedelta(days=900)
    link(bureau, bureau.recording(at("09:00"), at("09:30"), received_at=years_later, archived=True), event)
    row = kept(bureau.session, event)
    assert (row.links, row.shown, row.archived, row.in_time, row.recorded_s) == (1, 1, 1, 0, 1800.0)
    assert row.first_received_at is row.last_received_at is None
    link(bureau, bureau.recording(at("09:00"), at("09:10"), received_at=due), event)
    row = kept(bureau.session, event)
    assert (row.links, row.archived, row.in_time, row.last_received_at) == (2, 1, 1, due)


def test_a_full_recount_writes_nothing_where_all_is_right(bureau: Field) -> None:
    for n in range(5):
        event = bureau.event(at("09:00") + timedelta(hours=n), at("09:30") + timedelta(hours=n))
        link(bureau, bureau.recording(event.arrived_at, event.departed_at), event)
    session = bureau.session
    assert recount_all(session) == 5
    assert session.scalar(select(func.count()).select_from(EventCoverage)) == 10
    before = session.execute(
        text("SELECT event_id, basis, xmin, ctid FROM event_coverage ORDER BY 1, 2")
    ).all()
    recount_all(session)
    assert (
        session.execute(text("SELECT event_id, basis, xmin, ctid FROM event_coverage ORDER BY 1, 2")).all()
        == before
    )


def test_what_was_owed_by_a_transaction_that_failed_is_forgotten(clean_engine: sqlalchemy.Engine) -> None:
    with Session(clean_engine) as session:
        event = Field(session).event(at("09:00"), at("09:30"))
        changed(session, EnforcementEvent, [event.id])
        session.rollback()
        session.commit()
        assert session.scalar(select(func.count()).select_from(EventCoverage)) == 0


def test_two_who_link_to_one_event_at_a_moment_are_both_counted(clean_engine: sqlalchemy.Engine) -> None:
    with transaction(clean_engine) as session:
        bureau = Field(session)
        event = bureau.event(at("09:00"), at("09:30"))
        recordings = [bureau.recording(at("09:00"), at("09:15")), bureau.recording(at("09:15"), at("09:30"))]
        recount(session, [event.id])
    both = threading.Barrier(2)
    failures = []

    def tie(recording: Recording) -> None:
        try:
            with transaction(clean_engine) as session:
                session.add(
                    Link(
                        recording_id=recording.id,
                        event_id=event.id,
                        state=LinkState.automatic,
                        score=1,
                        rule_version="1",
                    )
                )
                changed(session, Recording, [recording.id])
                both.wait(10)
        except Exception as error:  # a thread's failure must reach the test
            failures.append(error)

    threads = [threading.Thread(target=tie, args=(recording,)) for recording in recordings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not failures
    with Session(clean_engine) as session:
        row = session.get_one(EventCoverage, (event.id, Basis.counted))
        assert (row.links, row.recorded_s) == (2, 1800.0)


def test_many_at_once_take_one_lock_and_count_the_same(
    bureau: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "SINGLY", 3)
    monkeypatch.setattr(counting, "CHUNK", 4)
    events = [bureau.event(at("09:00"), at("09:30")) for _ in range(10)]
    session = bureau.session
    recount(session, [event.id for event in events])
    assert session.scalar(select(func.count()).select_from(EventCoverage)) == 20
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    assert session.scalar(text(locks)) == 1

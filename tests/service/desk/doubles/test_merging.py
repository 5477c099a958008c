"""Two rows of one number become one by a person's word: all that hangs on the second follows, both facts stay."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, SQLModel

from schemas.accounts import Role
from schemas.base import new_id
from schemas.cases import Campaign, Case
from schemas.clocks import ClockOffset, OffsetSource
from schemas.coverage import CoverageSnapshot, EventCoverage, SnapshotRow
from schemas.custody import CustodyEntry
from schemas.doubles import MergedDouble
from schemas.events import EnforcementEvent, EventKind, EventOfficer
from schemas.jobs import Job, JobKind
from schemas.links import Link, LinkState
from schemas.people import Officer, Roster, Squad
from schemas.recorders import Assignment, Recorder
from schemas.recordings import Recording
from service.desk.doubles.actions import merge_double
from service.desk.doubles.errors import NoDouble
from service.desk.doubles.facts import look
from service.desk.doubles.queries import list_merged
from service.desk.doubles.references import KEPT_BY_REACTION, class_of, references
from service.finding.linking.errors import MergeFarApart
from service.finding.linking.merging import unmerge_event
from service.finding.search.criteria import SearchFilters
from service.finding.search.queries import search
from service.kernel.changes import NEW, changed, settle
from service.kernel.errors import NotAllowed, NotFound
from service.registry.cases.queries import case_of
from service.registry.doubles.queries import KINDS, count_doubles, doubles
from service.registry.people.queries import officer_of
from service.supervision.coverage.counting import Known, kept_rows, recount_all, stored_rows
from tests.service.finding.linking.field import Field, at


@pytest.fixture
def field(session: Session) -> Field:
    return Field(session)


def double(field: Field, row: Any) -> Any:
    """As the upgrade left a second row of one key."""
    field.session.add(row)
    field.session.flush()
    return row


def officers(field: Field, **more: Any) -> tuple[Officer, Officer]:
    first = field.officer("012")
    values = {"name": first.name, "squad_id": first.squad_id, **more}
    return first, double(field, Officer(certificate_no="０１２", double_of=first.id, **values))


def merge(field: Field, kind: str, gone: Any, first: Any) -> Any:
    done = merge_double(field.session, field.actor(Role.admin), kind, gone.id, first.id)
    settle(field.session)
    field.session.flush()
    field.session.expire_all()
    return done


def custody(field: Field) -> CustodyEntry:
    return field.session.scalars(select(CustodyEntry).where(CustodyEntry.action == "merge_double")).one()


def kept_is_counted(field: Field) -> None:
    session = field.session
    ids = list(session.scalars(select(EnforcementEvent.id)))
    assert stored_rows(session, ids) == kept_rows(session, Known.read(session), ids)


# ---- who may, and what -----------------------------------------------------------------------------------


def test_only_who_administers_the_whole_bureau_merges(field: Field) -> None:
    first, gone = officers(field)
    for role, squad in ((Role.supervisor, None), (Role.admin, "one"), (Role.auditor, None)):
        with pytest.raises(NotAllowed):
            merge_double(field.session, field.actor(role, squad), "officers", gone.id, first.id)
    assert count_doubles(field.session) == 1


def test_only_a_double_is_merged_and_only_into_the_row_that_it_doubles(field: Field) -> None:
    first, gone = officers(field)
    other, admin = field.officer("013"), field.actor(Role.admin)
    for one, into in ((other, first), (gone, other), (first, gone), (first, first)):
        with pytest.raises(NoDouble):
            merge_double(field.session, admin, "officers", one.id, into.id)
    for kind, unknown in (("officers", new_id()), ("cases", gone.id), ("nothing", gone.id)):
        with pytest.raises(NotFound):
            merge_double(field.session, admin, kind, unknown, first.id)
    ids = gone.id, first.id
    merge(field, "officers", gone, first)
    with pytest.raises(NotFound):  # it is done
        merge_double(field.session, admin, "officers", *ids)


def test_every_table_that_points_to_a_double_is_known_to_follow() -> None:
    """A new table that refers to one of these is moved with it, or stands here with its reason."""
    for kind in KINDS:
        for column in references(kind.table):
            thing = class_of(column.table)
            assert len(column.table.primary_key) == 1 or thing is EventOfficer, column
    assert {"event_coverage"} == KEPT_BY_REACTION


# ---- officers --------------------------------------------------------------------------------------------


def test_all_that_an_officer_did_under_the_second_number_follows(field: Field) -> None:
    first, gone = officers(field)
    session = field.session
    both, alone = field.event(at("09:00"), at("09:30"), ("012",)), field.event(at("11:00"), at("11:30"))
    session.add_all(EventOfficer(event_id=one.id, officer_id=gone.id) for one in (both, alone))
    recorder = field.recorder()
    held = Assignment(recorder_id=recorder.id, officer_id=gone.id, held_from=at("08:00"), held_to=at("18:00"))
    duty = Roster(officer_id=gone.id, squad_id=gone.squad_id, starts_at=at("08:00"), ends_at=at("18:00"))
    session.add_all((held, duty))
    recording = field.recording(at("11:05"), at("11:20"))
    recording.officer_id = gone.id
    session.flush()
    changed(session, Recording, [recording.id])
    settle(session)
    found = look(session, field.actor(Role.admin), "officers", gone.id)
    assert {n for _word, n in found.hanging} == {1, 2} and len(found.hanging) == 4
    gone_id = gone.id
    merge(field, "officers", gone, first)
    assert session.get(Officer, gone_id) is None
    for event in (both, alone):
        crew = session.scalars(select(EventOfficer.officer_id).where(EventOfficer.event_id == event.id)).all()
        assert crew == [first.id]
    rows: tuple[Any, ...] = (held, duty, recording)
    assert [session.get_one(type(row), row.id).officer_id for row in rows] == [first.id] * 3
    asked = set(session.scalars(select(Job.subject_id).where(Job.kind == JobKind.link)))
    assert recording.id in asked
    found_by = search(session, None, SearchFilters(officer=("012",)))
    assert [one.recording_id for one in found_by.items] == [recording.id]
    assert (
        officer_of(session, field.actor(Role.admin), "０１２").id == first.id and count_doubles(session) == 0
    )
    kept_is_counted(field)


def test_what_both_say_differently_is_kept_and_what_one_does_not_say_is_taken_over(field: Field) -> None:
    first, gone = officers(field, name="另一个名字", squad_id=field.squad("two").id, left_on=date(2024, 6, 1))
    gone_id = gone.id
    merged = merge(field, "officers", gone, first)
    expected = {"name": ["队员 012", "另一个名字"], "squad_id": ["one", "two"]}
    assert merged.differs == expected and merged.said["left_on"] == "2024-06-01"
    assert first.left_on is None  # still here: no fact that was missing
    entry = custody(field)
    assert (entry.subject_kind, entry.subject_id, entry.squad_id) == ("officer", first.id, first.squad_id)
    assert entry.detail["merged"] == str(gone_id) and entry.detail["differs"] == expected
    listed = list_merged(field.session, field.actor(Role.admin)).items
    assert [one.gone_id for one in listed] == [gone_id]
    with pytest.raises(NotAllowed):
        list_merged(field.session, field.actor(Role.supervisor))


# ---- recorders -------------------------------------------------------------------------------------------


def test_what_a_recorder_filmed_and_how_its_clock_was_off_follows(field: Field) -> None:
    session = field.session
    first = field.recorder("R-07")
    gone = double(
        field, Recorder(serial="r-07", squad_id=first.squad_id, double_of=first.id, battery_percent=40)
    )
    measured = ClockOffset(
        recorder_id=gone.id, source=OffsetSource.dock, measured_at=at("18:00"), offset_s=120.0, doubt_s=1.0
    )
    session.add(measured)
    rows = [field.recording(at("09:00"), at("09:20")), field.recording(at("10:00"), at("10:20"))]
    for row, recorder in zip(rows, (gone, first), strict=True):
        row.recorder_id, row.claimed_from, row.device_file_id = recorder.id, row.recorded_from, "F1"
    session.flush()
    merge(field, "recorders", gone, first)
    for row, start in zip(rows, ("08:58", "09:58"), strict=True):
        found = session.get_one(Recording, row.id)
        assert (found.recorder_id, found.recorded_from) == (first.id, at(start))
    # a device has one file of an id
    assert [session.get_one(Recording, row.id).device_file_id for row in rows] == [None, "F1"]
    assert session.get_one(ClockOffset, measured.id).recorder_id == first.id
    assert session.get_one(Recorder, first.id).battery_percent == 40


# ---- cases and campaigns ---------------------------------------------------------------------------------


def test_events_and_links_of_a_case_follow_and_a_persons_word_holds(field: Field) -> None:
    session = field.session
    first = field.case("蓉城管罚〔2024〕5号")
    gone = double(
        field,
        Case(
            number="蓉城管罚[2024]5号",
            number_folded=None,
            title="油烟",
            squad_id=first.squad_id,
            double_of=first.id,
        ),
    )
    event = field.event(at("09:00"), at("09:30"))
    event.case_id = gone.id
    rows = [field.recording(at("09:00"), at("09:20")) for _ in range(3)]
    decider = field.actor(Role.reviewer).account_id

    def link(row: Recording, case: Case, state: LinkState, **more: Any) -> None:
        session.add(
            Link(recording_id=row.id, case_id=case.id, state=state, score=0.9, rule_version="1", **more)
        )

    said = {"decided_by": decider, "decided_at": at("12:00")}
    link(rows[0], gone, LinkState.automatic)
    link(rows[1], first, LinkState.offered)
    link(rows[1], gone, LinkState.confirmed, **said)
    link(rows[2], first, LinkState.rejected, **said)
    link(rows[2], gone, LinkState.automatic)
    session.flush()
    merge(field, "cases", gone, first)
    states = {row.id: [(one.case_id, str(one.state)) for one in field.links(row.id)] for row in rows}
    assert states == {
        rows[0].id: [(first.id, "automatic")],
        rows[1].id: [(first.id, "confirmed")],
        rows[2].id: [(first.id, "rejected")],
    }
    assert session.get_one(EnforcementEvent, event.id).case_id == first.id
    assert session.get_one(Case, first.id).title == "油烟"
    assert case_of(session, field.actor(Role.admin), "蓉城管罚[2024]5号").id == first.id
    kept_is_counted(field)


def test_events_of_a_campaign_follow(field: Field) -> None:
    first = double(field, Campaign(external_id="C-1", name="夏季"))
    gone = double(field, Campaign(external_id="c-1", name="夏季行动", double_of=first.id))
    event = field.event(at("09:00"), at("09:30"), campaign_id=gone.id)
    recount_all(field.session)
    merged = merge(field, "campaigns", gone, first)
    assert field.session.get_one(EnforcementEvent, event.id).campaign_id == first.id
    assert merged.differs == {"name": ["夏季", "夏季行动"]}
    kept_is_counted(field)


# ---- squads ----------------------------------------------------------------------------------------------


def frozen(field: Field, squad: Squad) -> CoverageSnapshot:
    session = field.session
    snapshot = CoverageSnapshot(
        month=date(2024, 5, 1),
        as_of=at("12:00"),
        rule_version="1",
        figures={"counted": {"squads": [{"keys": {"squad": {"value": str(squad.id), "label": squad.name}}}]}},
        rows_sha256="x" * 64,
    )
    session.add(snapshot)
    session.flush()
    session.add(
        SnapshotRow(snapshot_id=snapshot.id, about="recorder", subject_id=new_id(), squad_id=squad.id)
    )
    session.flush()
    return snapshot


def test_all_of_a_squad_follows_and_frozen_rows_stay(field: Field) -> None:
    session = field.session
    first = field.squad("one")
    gone = double(field, Squad(code="ＯＮＥ", name="一中队", double_of=first.id))
    gone_id = gone.id
    snapshot = frozen(field, gone)
    officer = double(field, Officer(certificate_no="077", name="x", squad_id=gone.id))
    recorder = double(field, Recorder(serial="R-77", squad_id=gone.id))
    case = double(field, Case(number="77号", number_folded="77", squad_id=gone.id))
    event = double(
        field,
        EnforcementEvent(
            title="t",
            kind=EventKind.inspection,
            arrived_at=at("09:00"),
            departed_at=at("09:30"),
            squad_id=gone.id,
        ),
    )
    same, twin, own = (field.recording(at("09:00"), at("09:20")) for _ in range(3))
    original = field.measured(same, [[0, 600]])
    twin.squad_id = own.squad_id = gone.id
    twin.original_id = original.id
    twin.note = "their word"
    session.flush()
    changed(session, EnforcementEvent, [event.id], NEW)
    settle(session)
    merge(field, "squads", gone, first)
    assert session.get(Squad, gone_id) is None
    for row in (officer, recorder, case, event, own, twin):
        assert session.get_one(type(row), row.id).squad_id == first.id
    # the same bytes in one squad are one recording
    assert session.get_one(Recording, twin.id).merged_into == same.id
    assert session.get_one(Recording, same.id).note == "their word"
    assert (
        session.scalar(select(EventCoverage.squad_id).where(EventCoverage.event_id == event.id).limit(1))
        == first.id
    )
    assert session.scalar(select(SnapshotRow.squad_id)) == gone_id
    assert session.get_one(CoverageSnapshot, snapshot.id).figures == snapshot.figures
    kept_is_counted(field)


# ---- what hangs on nothing -------------------------------------------------------------------------------


def test_a_duty_a_holding_and_a_measurement_that_stand_twice_go(field: Field) -> None:
    session = field.session
    officer, recorder = field.officer("012"), field.recorder()
    duty: dict[str, Any] = {"officer_id": officer.id, "squad_id": officer.squad_id, "starts_at": at("08:00")}
    held: dict[str, Any] = {"officer_id": officer.id, "recorder_id": recorder.id, "held_from": at("08:00")}
    read: dict[str, Any] = {
        "recorder_id": recorder.id,
        "source": OffsetSource.hand,
        "measured_at": at("18:00"),
    }
    made: list[tuple[str, Callable[..., SQLModel]]] = [
        ("rosters", lambda late, **key: Roster(**duty, ends_at=at("19:00" if late else "18:00"), **key)),
        ("assignments", lambda late, **key: Assignment(**held, held_to=at("19:00" if late else "18:00"), **key)),
        ("clocks", lambda late, **key: ClockOffset(**read, offset_s=90.0 if late else 60.0, **key)),
    ]  # fmt: skip
    recording = field.recording(at("09:00"), at("09:20"), recorder="R-07")
    recording.claimed_from = recording.recorded_from
    for kind, make in made:
        first = double(field, make(False, external_id="X-1"))
        gone = double(field, make(True, external_id="x-1", double_of=first.id))
        merged = merge(field, kind, gone, first)
        assert len(merged.differs) == 1 and merged.key == "x-1"
        assert session.scalar(select(func.count()).select_from(type(first))) == 1
    assert session.get_one(Recording, recording.id).recorded_from == at("09:00") - timedelta(seconds=60)
    assert count_doubles(session) == 0


# ---- events ----------------------------------------------------------------------------------------------


def test_events_are_merged_in_their_own_way_and_it_can_be_taken_back(field: Field) -> None:
    session, admin = field.session, field.actor(Role.admin)
    first = field.event(at("09:00"), at("09:30"), external_id="E-1")
    gone = field.event(at("09:05"), at("09:30"), external_id="e-1", double_of=first.id)
    assert [one.id for one in doubles(session, admin)] == [gone.id]
    assert merge(field, "events", gone, first).id == first.id
    assert session.get_one(EnforcementEvent, gone.id).merged_into == first.id
    assert doubles(session, admin) == [] and count_doubles(session) == 0
    assert session.scalar(select(func.count()).select_from(MergedDouble)) == 0
    unmerge_event(session, admin, gone.id)
    assert [one.id for one in doubles(session, admin)] == [gone.id]


def test_two_events_that_cannot_be_one_are_not_merged_for_their_number(field: Field) -> None:
    first = field.event(at("09:00"), at("09:30"), external_id="E-1")
    gone = field.event(at("09:05", day=3), at("09:30", day=3), external_id="e-1", double_of=first.id)
    with pytest.raises(MergeFarApart):
        merge_double(field.session, field.actor(Role.admin), "events", gone.id, first.id)

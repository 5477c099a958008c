"""Who held which recorder: shared, handed over in the middle of a shift, over midnight."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.custody import CustodyEntry
from schemas.jobs import Job, JobKind
from schemas.originals import Original
from schemas.recorders import Assignment, AssignmentCreate, RecorderCreate, RecorderModelCreate, RecorderState
from service.kernel.changes import settle
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.kernel.i18n import speaking
from service.registry.importing.actions import Report
from service.registry.people.actions import update_officer
from service.registry.people.errors import LeftBefore, NumberTaken, SpanReversed
from service.registry.people.updates import OfficerUpdate
from service.registry.recorders.actions import (
    create_assignment,
    create_model,
    create_recorder,
    remove_assignment,
    update_assignment,
    update_model,
    update_recorder,
)
from service.registry.recorders.importers import AssignmentImporter, RecorderImporter
from service.registry.recorders.queries import (
    get_recorder,
    holders_at,
    list_assignments,
    list_recorders,
    recorder_rows,
)
from service.registry.recorders.updates import AssignmentUpdate, RecorderModelUpdate, RecorderUpdate
from tests.service.finding.linking.field import Field, at
from tests.service.registry.importing import tables
from tests.service.registry.importing.tables import outcomes


@pytest.fixture
def field(session: Session) -> Field:
    found = Field(session)
    for number in ("012", "013", "014"):
        found.officer(number)
    found.recorder("R-07")
    found.recorder("R-21", "two")
    return found


def holding(
    officer: str = "012", start: str = "08:10", end: str | None = None, recorder: str = "R-07", **more: Any
) -> AssignmentCreate:
    return AssignmentCreate(
        recorder=recorder, officer=officer, held_from=at(start), held_to=at(end) if end else None, **more
    )


def bring(field: Field, table: str, importer: Any = AssignmentImporter, **more: Any) -> Report:
    with speaking("en"):
        return tables.bring(field, importer, table, role=Role.supervisor, **more)


def held(field: Field) -> list[tuple]:
    field.session.flush()
    field.session.expire_all()
    numbers = {row.id: row.certificate_no for (kind, _), row in field.known.items() if kind == "officer"}
    rows = field.session.scalars(select(Assignment).order_by(Assignment.held_from, Assignment.held_to))
    return [(numbers[row.officer_id], row.held_from, row.held_to) for row in rows]


def names(field: Field, moment: datetime) -> list[str]:
    recorder = field.recorder("R-07")
    return [o.certificate_no for o in holders_at(field.session, [recorder.id], moment).get(recorder.id, [])]


def test_only_those_who_may_and_only_for_recorders_in_sight(field: Field) -> None:
    with pytest.raises(NotAllowed):
        create_assignment(field.session, field.actor(Role.member, "one"), holding())
    with pytest.raises(Invalid):
        create_assignment(field.session, field.actor(Role.supervisor, "two"), holding())
    made = create_assignment(field.session, field.actor(Role.supervisor, "one"), holding())
    other = field.actor(Role.supervisor, "two")
    with pytest.raises(NotFound):
        update_assignment(field.session, other, made.id, AssignmentUpdate(held_to=at("12:00")))
    with pytest.raises(NotFound):
        remove_assignment(field.session, other, made.id)
    assert list_assignments(field.session, other).items == []
    assert [r.serial for r in list_recorders(field.session, other).items] == ["R-21"]
    with pytest.raises(NotFound):
        get_recorder(field.session, other, field.recorder("R-07").id)


def test_one_recorder_serves_two_officers_at_a_time(field: Field) -> None:
    admin = field.actor(Role.admin)
    create_assignment(field.session, admin, holding("012"))
    create_assignment(field.session, admin, holding("013", "08:20"))
    assert names(field, at("09:00")) == ["012", "013"]
    assert [row[2] for row in held(field)] == [None, None]


def test_a_hand_over_ends_what_the_others_hold_open_and_says_so_in_custody(field: Field) -> None:
    admin = field.actor(Role.admin)
    first = create_assignment(field.session, admin, holding("012"))
    create_assignment(field.session, admin, holding("013", "08:20", "11:00"))
    create_assignment(field.session, admin, holding("014", "12:05", hand_over=True))
    assert held(field) == [
        ("012", at("08:10"), at("12:05")),
        ("013", at("08:20"), at("11:00")),
        ("014", at("12:05"), None),
    ]
    assert names(field, at("12:05")) == ["014"]
    entry = field.session.scalars(select(CustodyEntry).where(CustodyEntry.subject_id == first.id)).all()[-1]
    assert (entry.action, entry.detail["before"]) == ("edit", {"held_to": "None"})


def test_a_holding_told_after_the_hand_over_that_ended_it_ends_with_it(field: Field) -> None:
    admin = field.actor(Role.admin)
    create_assignment(field.session, admin, holding("014", "12:05", hand_over=True))
    create_assignment(field.session, admin, holding("012"))
    assert held(field) == [("012", at("08:10"), at("12:05")), ("014", at("12:05"), None)]
    bring(field, "记录仪,持有人,领用时间\nR-07,013,2024-06-03 08:20\n")
    assert held(field)[1] == ("013", at("08:20"), at("12:05"))


def test_a_hand_over_imported_again_ends_nothing_anew(field: Field) -> None:
    table = "外部编号,记录仪,持有人,领用时间,交接\nB,R-07,014,2024-06-03 12:05,是\n"
    bring(field, table)
    admin = field.actor(Role.admin)
    first = create_assignment(field.session, admin, holding("012"))
    update_assignment(field.session, admin, first.id, AssignmentUpdate(held_to=None))
    report = bring(field, table)
    assert outcomes(report) == ["unchanged"] and report.rows[0].note is None
    assert held(field)[0] == ("012", at("08:10"), None)


def test_over_midnight_one_holding_counts_on_both_days(field: Field) -> None:
    admin = field.actor(Role.admin)
    night = AssignmentCreate(recorder="R-07", officer="012", held_from=at("20:00"), held_to=at("08:00", 1))
    create_assignment(field.session, admin, night)
    moments = [at("19:59"), at("20:00"), at("23:59"), at("00:00", 1), at("07:59", 1), at("08:00", 1)]
    assert [len(names(field, moment)) for moment in moments] == [0, 1, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (holding(end="08:00"), SpanReversed),
        (holding(officer="999"), Invalid),
        (holding(recorder="R-99"), Invalid),
        (holding(external_id="A-1"), NumberTaken),
    ],
)
def test_a_holding_that_cannot_be_is_refused(field: Field, wanted: Any, error: Any) -> None:
    admin = field.actor(Role.admin)
    create_assignment(field.session, admin, holding("013", external_id="A-1"))
    with pytest.raises(error):
        create_assignment(field.session, admin, wanted)


def test_who_has_left_takes_no_recorder(field: Field) -> None:
    admin = field.actor(Role.admin)
    update_officer(field.session, admin, field.officer("012").id, OfficerUpdate(left_on=date(2024, 6, 3)))
    with pytest.raises(LeftBefore):
        create_assignment(field.session, admin, holding("012"))
    made = create_assignment(
        field.session,
        admin,
        AssignmentCreate(recorder="R-07", officer="012", held_from=at("08:00", -1), held_to=at("18:00", -1)),
    )
    with pytest.raises(LeftBefore):
        update_assignment(
            field.session, admin, made.id, AssignmentUpdate(held_from=at("08:00"), held_to=at("18:00"))
        )


def test_changing_a_holder_links_the_recordings_of_that_time_anew(field: Field) -> None:
    admin = field.actor(Role.admin)
    shown = field.recording(at("09:00"), at("09:30"), recorder="R-07")
    before = field.recording(at("06:00", -2), at("06:30", -2), recorder="R-07")
    made = create_assignment(field.session, admin, holding("012", "08:10", "12:00"))

    def asked() -> dict[UUID, int]:
        settle(field.session)
        found = field.session.execute(
            select(Job.subject_id, Job.requested).where(Job.kind == JobKind.link)
        ).all()
        return {subject: requested for subject, requested in found}

    assert asked() == {shown.id: 1}
    update_assignment(field.session, admin, made.id, AssignmentUpdate(held_from=at("06:10", -2)))
    assert asked() == {shown.id: 2, before.id: 1}
    update_assignment(field.session, admin, made.id, AssignmentUpdate(held_from=at("06:10", -2)))
    assert asked() == {shown.id: 2, before.id: 1}
    remove_assignment(field.session, admin, made.id)
    assert asked() == {shown.id: 3, before.id: 2}
    entry = field.session.scalars(
        select(CustodyEntry).where(CustodyEntry.action == "remove_assignment")
    ).one()
    assert entry.detail["held_from"] == str(at("06:10", -2).astimezone(made.held_from.tzinfo))


HEAD = "记录编号,记录仪,持有人,领用时间,归还时间,交接\n"
FIRST = "A-1,R-07,012,2024-06-03 08:10,,\n"
SECOND = "A-2,R-07,013,2024-06-03 12:05,,是\n"


@pytest.mark.parametrize("table", [FIRST + SECOND, SECOND + FIRST])
def test_a_hand_over_in_a_table_is_the_same_in_whatever_order_its_rows_stand(
    field: Field, table: Any
) -> None:
    assert outcomes(bring(field, HEAD + table)) == ["created", "created"]
    expected = [("012", at("08:10"), at("12:05")), ("013", at("12:05"), None)]
    assert held(field) == expected
    assert outcomes(bring(field, HEAD + table)) == ["unchanged", "unchanged"]
    assert held(field) == expected


def test_a_hand_over_ends_what_was_imported_before_and_says_whose(field: Field) -> None:
    bring(field, HEAD + FIRST)
    report = bring(field, HEAD + SECOND)
    assert "012" in report.rows[0].note
    assert held(field)[0] == ("012", at("08:10"), at("12:05"))


def test_a_shared_recorder_is_taken_and_noted(field: Field) -> None:
    report = bring(field, HEAD + FIRST + "A-2,R-07,013,2024-06-03 08:20,2024-06-03 12:00,\n")
    assert outcomes(report) == ["created", "created"]
    assert "012" in report.rows[1].note
    after = bring(field, HEAD + "A-3,R-07,014,2024-06-02 08:00,2024-06-02 09:00,\n")
    assert after.rows[0].note is None


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("A-9,R-99,012,2024-06-03 08:10,,", "R-99"),
        ("A-9,R-21,012,2024-06-03 08:10,,", "R-21"),
        ("A-9,R-07,999,2024-06-03 08:10,,", "999"),
        ("A-9,R-07,012,2024-06-03 08:10,2024-06-03 08:10,", "after the start"),
        ("A-9,R-07,014,2024-06-03 08:10,,", "left on 2024-06-03"),
    ],
)
def test_a_row_that_cannot_be_is_refused_and_the_others_are_taken(field: Field, row: str, word: str) -> None:
    field.officer("014").left_on = date(2024, 6, 3)
    field.session.flush()
    report = bring(field, HEAD + row + "\n" + FIRST, squad="one")
    assert outcomes(report) == ["refused", "created"]
    assert word in report.rows[0].problem


def test_a_recorder_is_one_and_says_when_it_last_sat_in_its_dock(field: Field) -> None:
    admin = field.actor(Role.admin)
    create_model(field.session, admin, RecorderModelCreate(code="M-1", vendor="v"))
    with pytest.raises(NumberTaken):
        create_model(field.session, admin, RecorderModelCreate(code="M-1"))
    with pytest.raises(NumberTaken):
        create_recorder(field.session, admin, RecorderCreate(serial="R-07", squad="one"))
    made = create_recorder(
        field.session,
        admin,
        RecorderCreate(serial="R-08", squad="one", model="M-1", battery_percent=80, last_dock_at=at("18:00")),
    )
    assert (made.battery_percent, made.last_dock_at) == (80, at("18:00"))
    update_recorder(
        field.session, admin, made.id, RecorderUpdate(state=RecorderState.repair, battery_percent=5)
    )
    row = next(one for one in recorder_rows(field.session, admin) if one.recorder.serial == "R-08")
    assert (row.recorder.state, row.recorder.battery_percent, row.model.code) == ("repair", 5, "M-1")
    with pytest.raises(ValidationError):
        RecorderUpdate(battery_percent=101)
    update_model(field.session, admin, row.model.id, RecorderModelUpdate(conventions={"stamp": "end"}))
    assert row.model.conventions == {"stamp": "end"}


def test_conventions_that_cannot_be_read_are_refused_and_named(field: Field) -> None:
    admin = field.actor(Role.admin)
    model = create_model(field.session, admin, RecorderModelCreate(code="M-2"))
    for wrong, named in (
        ({"filename_patterns": ["("]}, "conventions.filename_patterns"),
        ({"sidecar": 5}, "conventions.sidecar"),
        ({"clock": "utc"}, "conventions.clock"),
    ):
        with pytest.raises(Invalid) as refused:
            create_model(field.session, admin, RecorderModelCreate(code="M-3", conventions=wrong))
        assert refused.value.params["field"] == named
        with pytest.raises(Invalid):
            update_model(field.session, admin, model.id, RecorderModelUpdate(conventions=wrong))
    assert model.conventions == {}


def test_conventions_that_are_emptied_are_none(field: Field) -> None:
    admin = field.actor(Role.admin)
    model = create_model(field.session, admin, RecorderModelCreate(code="M-2", conventions={"stamp": "end"}))
    update_model(field.session, admin, model.id, RecorderModelUpdate(conventions=None))
    assert model.conventions == {}


def test_the_files_of_a_recorder_that_is_of_another_model_are_read_anew(field: Field) -> None:
    admin = field.actor(Role.admin)
    for code in ("M-1", "M-2"):
        create_model(field.session, admin, RecorderModelCreate(code=code))
    original = Original(sha256="0" * 64, size=1, store_key="k", store_version="")
    field.session.add(original)
    field.session.flush()
    filmed = field.recording(at("09:00"), at("09:30"), recorder="R-07", original_id=original.id)
    tags = select(Job).where(Job.kind == JobKind.tags, Job.subject_id == filmed.id)
    update_recorder(field.session, admin, filmed.recorder_id, RecorderUpdate(battery_percent=50))
    assert field.session.scalars(tags).all() == []
    update_recorder(field.session, admin, filmed.recorder_id, RecorderUpdate(model="M-1"))
    asked = field.session.scalars(tags).one().requested
    bring(field, "序列号,中队,型号\nR-07,one,M-2\n", RecorderImporter)
    assert field.session.scalars(tags.execution_options(populate_existing=True)).one().requested == asked + 1


def test_a_station_brings_state_dock_and_charge_of_its_recorders(field: Field) -> None:
    table = "序列号,中队,状态,最近入站时间,电量\nR-07,one,维修,2024-06-03 18:00,15%\nR-09,中队 one,在用,,\nR-10,one,,,120\n"
    report = bring(field, table, RecorderImporter)
    assert outcomes(report) == ["changed", "created", "refused"]
    recorder = field.recorder("R-07")
    assert (recorder.state, recorder.battery_percent, recorder.last_dock_at) == ("repair", 15, at("18:00"))
    assert outcomes(bring(field, table, RecorderImporter)) == ["unchanged", "unchanged", "refused"]

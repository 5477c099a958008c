"""Measurements through the real actions: who may, what they do to recordings, and that their order says nothing."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlmodel import select

from schemas.accounts import Role
from schemas.clocks import ClockOffset, ClockOffsetCreate, OffsetSource
from schemas.custody import CustodyEntry
from schemas.jobs import Job, JobKind
from schemas.recordings import Recording
from service.kernel.errors import Invalid, NotAllowed, OutOfScope
from service.kernel.i18n import speaking
from service.registry.clocks.actions import Read, add_offset, keep_readings, withdraw_offset
from service.registry.clocks.correcting import correct
from service.registry.clocks.errors import MeasuredInFuture, OffsetUnbelievable, OffsetUnsaid
from service.registry.clocks.importers import ClockOffsetImporter
from service.registry.clocks.queries import (
    clock_figure,
    clock_of,
    clock_rows,
    known_offsets,
    latest_offsets,
    line_of,
)
from service.registry.clocks.reads import offset_read
from service.registry.importing.actions import run_import
from service.registry.people.errors import NumberTaken
from tests.fixtures.statements import counted_statements
from tests.service.finding.linking.field import Field, at


def said(offset: float | None = 90.0, when: str = "18:00", **more: Any) -> ClockOffsetCreate:
    values = {"recorder": "R-07", "measured_at": at(when), "offset_s": offset, "doubt_s": 1.0}
    return ClockOffsetCreate(**{**values, **more})


def filmed(field: Field, start: str, minutes: float = 10, **more: Any) -> Recording:
    """`start` is what the camera claimed."""
    begun = at(start)
    recording = field.recording(begun, begun + timedelta(minutes=minutes), recorder="R-07", **more)
    recording.claimed_from = begun
    field.session.add(recording)
    field.session.flush()
    return recording


def linked_anew(field: Field) -> set:
    return set(field.session.scalars(select(Job.subject_id).where(Job.kind == JobKind.link)).all())


def custody(field: Field) -> list[tuple[str, str]]:
    return [(row.action, row.actor) for row in field.session.scalars(select(CustodyEntry))]


def test_only_those_who_may_and_only_a_recorder_in_sight(field: Field) -> None:
    field.recorder("R-07")
    field.squad("two")
    for role in (Role.member, Role.reviewer, Role.legal, Role.auditor):
        with pytest.raises(NotAllowed):
            add_offset(field.session, field.actor(role, "one"), said())
    other = field.actor(Role.supervisor, "two")
    with pytest.raises(Invalid):
        add_offset(field.session, other, said())
    offset = add_offset(field.session, field.actor(Role.supervisor, "one"), said())
    with pytest.raises(OutOfScope):
        withdraw_offset(field.session, other, offset.id)
    with pytest.raises(NotAllowed):
        withdraw_offset(field.session, field.actor(Role.auditor), offset.id)


def test_a_measurement_corrects_the_recordings_and_keeps_what_was_claimed(field: Field) -> None:
    recording, other = filmed(field, "09:01"), field.recording(at("09:00"), at("09:10"), recorder="R-08")
    actor = field.actor(Role.supervisor)
    add_offset(field.session, actor, said(90.0, "12:00"))
    field.session.refresh(recording)
    assert recording.claimed_from == at("09:01")
    assert recording.recorded_from == at("08:59:30")
    assert recording.recorded_to == at("09:09:30")
    assert recording.clock_offset_s == 90 and 1 < recording.clock_doubt_s < 1.5
    assert recording.clock["basis"]["kind"] == "before"
    assert linked_anew(field) == {recording.id}
    assert ("measure_clock", actor.username) in custody(field)
    assert ("correct_clock", actor.username) in custody(field)
    field.session.refresh(other)
    assert other.recorded_from == at("09:00") and other.clock_offset_s is None


def test_a_withdrawn_measurement_stays_on_record_and_its_correction_is_taken_back(field: Field) -> None:
    recording = filmed(field, "09:01")
    actor = field.actor(Role.supervisor)
    offset = add_offset(field.session, actor, said())
    withdraw_offset(field.session, actor, offset.id)
    field.session.refresh(recording)
    assert recording.recorded_from == recording.claimed_from == at("09:01")
    assert (recording.clock_offset_s, recording.clock_doubt_s) == (None, None)
    assert [(one.offset.id, one.used) for one in known_offsets(field.session, field.recorder("R-07"))] == [
        (offset.id, False)
    ]
    withdraw_offset(field.session, actor, offset.id)
    assert custody(field).count(("withdraw_clock", actor.username)) == 1


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"offset_s": None}, OffsetUnsaid),
        ({"device_time": at("18:01")}, OffsetUnsaid),
        ({"offset_s": float("nan")}, OffsetUnbelievable),
        ({"offset_s": 1e12}, OffsetUnbelievable),
        ({"doubt_s": -1.0}, OffsetUnbelievable),
        ({"measured_at": at("18:00", 20000)}, MeasuredInFuture),
        ({"recorder": "R-99"}, Invalid),
    ],
)
def test_nonsense_is_refused(field: Field, values: dict[str, Any], error: Any) -> None:
    field.recorder("R-07")
    with pytest.raises(error):
        add_offset(field.session, field.actor(Role.admin), said(**values))


def test_what_the_clock_showed_says_how_far_it_is_off(field: Field) -> None:
    field.recorder("R-07")
    offset = add_offset(
        field.session, field.actor(Role.admin), said(None, device_time=at("17:59:20"), external_id="x-1")
    )
    assert offset.offset_s == -40
    with pytest.raises(NumberTaken):
        add_offset(field.session, field.actor(Role.admin), said(1.0, external_id="x-1"))


def test_the_order_of_measurements_and_arrivals_says_nothing(field: Field) -> None:
    """Measurements by hand and by machines, a withdrawal, recordings before and after: shuffled."""
    actor = field.actor(Role.admin)
    field.recorder("R-07")
    outcomes = []

    def withdraw(made: dict[str, Any]) -> None:
        withdraw_offset(field.session, actor, made["d"].id)

    for seed in range(8):
        inside = field.session.begin_nested()
        made: dict[str, Any] = {}

        def measure(name: str, made: Any = made, **more: Any) -> None:
            made[name] = add_offset(field.session, actor, said(**more))

        def arrive(start: str, day: int) -> None:
            begun = at(start, day)
            recording = field.recording(
                begun, begun + timedelta(minutes=5), recorder="R-07", file_name=f"{start}/{day}"
            )
            recording.claimed_from = begun
            correct(field.session, recording)
            field.session.flush()
            if day == 2:
                read = Read(recording.received_at, 5.0, 2.0)
                keep_readings(field.session, recording.id, {OffsetSource.dock: read})

        steps: list[list[Callable[[], object]]] = [
            [lambda: measure("a", offset=2.0, measured_at=at("18:00", 0))],
            [
                lambda: measure("b", offset=7200.0, measured_at=at("12:00", 4)),
                lambda: measure("c", offset=7201.0, measured_at=at("12:00", 5)),
            ],
            [
                lambda: measure("d", offset=-900.0, measured_at=at("12:00", 1)),
                partial(withdraw, made),
            ],
        ]
        for start in ("09:00", "16:00"):
            steps.extend([partial(arrive, start, day)] for day in range(7))
        chance = random.Random(seed)
        while any(steps):
            chance.choice([chain for chain in steps if chain]).pop(0)()
        rows = field.session.scalars(
            select(Recording).order_by(Recording.file_name).execution_options(populate_existing=True)
        )
        outcomes.append(
            [(r.file_name, r.recorded_from, r.recorded_to, r.clock_offset_s, r.clock_doubt_s) for r in rows]
        )
        inside.rollback()
        field.session.expire_all()
        field.known = {key: row for key, row in field.known.items() if key[0] != "recording"}
    assert all(one == outcomes[0] for one in outcomes)
    offsets = {name: offset for name, _from, _to, offset, _doubt in outcomes[0]}
    assert offsets["09:00/0"] == pytest.approx(2, abs=1) and offsets["16:00/6"] == pytest.approx(7201, abs=1)


def test_a_machine_enters_a_measurement_once_and_never_again_what_a_person_withdrew(field: Field) -> None:
    recording = filmed(field, "09:01")
    read = {OffsetSource.dock: Read(at("18:00"), 30.0, 2.0)}
    assert keep_readings(field.session, recording.id, read)
    assert not keep_readings(field.session, recording.id, read)
    (row,) = field.session.scalars(select(ClockOffset)).all()
    assert (row.source, row.offset_s, row.recording_id) == ("dock", 30.0, recording.id)
    assert keep_readings(field.session, recording.id, {OffsetSource.dock: Read(at("18:00"), 31.0, 2.0)})
    rows = field.session.scalars(select(ClockOffset).order_by(ClockOffset.offset_s)).all()
    assert [(one.offset_s, one.withdrawn_at is None) for one in rows] == [(30.0, False), (31.0, True)]
    withdraw_offset(field.session, field.actor(Role.admin), rows[1].id)
    assert not keep_readings(field.session, recording.id, {OffsetSource.dock: Read(at("18:00"), 31.0, 2.0)})
    assert not keep_readings(field.session, recording.id, {})


def test_a_time_of_satellites_is_not_corrected(field: Field) -> None:
    recording = filmed(field, "09:01")
    recording.clock = {"source": "gps"}
    field.session.flush()
    add_offset(field.session, field.actor(Role.admin), said())
    field.session.refresh(recording)
    assert recording.recorded_from == at("09:01")


def test_a_table_is_taken_once_and_corrected_by_its_id(field: Field) -> None:
    recording = filmed(field, "09:01")
    actor = field.actor(Role.admin)
    csv = "外部编号,记录仪,标准时间,设备时间,误差秒\nM-1,R-07,2024-06-03 18:00,2024-06-03 18:01:30,1\nM-2,R-99,2024-06-03 18:00,2024-06-03 18:00,1\n"

    def take(text: str, kind: str = "text/csv", **more: Any) -> dict[str, int]:
        return run_import(
            ClockOffsetImporter(field.session, actor), text.encode(), kind, **{"dry_run": False, **more}
        ).counts

    assert take(csv, dry_run=True) == {"created": 1, "changed": 0, "unchanged": 0, "refused": 1}
    assert field.session.scalars(select(ClockOffset)).first() is None
    assert take(csv)["created"] == 1 and take(csv)["unchanged"] == 1
    field.session.refresh(recording)
    assert recording.clock_offset_s == 90
    row = {
        "external_id": "M-1",
        "recorder": "R-07",
        "measured_at": "2024-06-03T18:00:00+08:00",
        "offset_s": 60,
    }
    assert take(json.dumps([row]), "application/json")["changed"] == 1
    noted = field.session.scalars(select(CustodyEntry).where(CustodyEntry.action == "change_clock")).one()
    assert (noted.detail["before"]["offset_s"], noted.detail["offset_s"]) == ("90.0", 60.0)
    assert custody(field).count(("measure_clock", actor.name)) == 1
    field.session.refresh(recording)
    assert recording.clock_offset_s == 60
    assert (
        take(json.dumps([{**row, "device_time": "2024-06-03T18:00:00"}]), "application/json")["refused"] == 1
    )


def test_seconds_are_read_however_a_table_writes_them(field: Field) -> None:
    field.recorder("R-07")
    data = '外部编号,记录仪,标准时间,偏差秒\nM-1,R-07,2024-06-03 18:00,−28800\nM-2,R-07,2024-06-03 18:00,"－２８,８００"\n'
    actor = field.actor(Role.admin)
    run_import(ClockOffsetImporter(field.session, actor), data.encode(), "text/csv", dry_run=False)
    assert field.session.scalars(select(ClockOffset.offset_s)).all() == [-28800.0, -28800.0]


def test_a_clock_may_stand_in_any_year_and_a_day_alone_is_no_time(field: Field) -> None:
    field.recorder("R-07")
    rows = {
        "2024-06-03 18:00,1970-01-01 08:00": "created",
        "2024-06-03 18:00,1904-01-01 00:00": "created",
        "2024-06-03,2024-06-03 10:00": "refused",  # not the 14 hours from midnight
        "2024-06-03 18:00,2024-06-03": "refused",
    }
    table = "\n".join(f"M-{n},R-07,{row}" for n, row in enumerate(rows))
    data = f"外部编号,记录仪,标准时间,设备时间\n{table}\n".encode()
    report = run_import(
        ClockOffsetImporter(field.session, field.actor(Role.admin)), data, "text/csv", dry_run=False
    )
    assert [str(row.outcome) for row in report.rows] == list(rows.values())
    assert (
        sorted(field.session.scalars(select(ClockOffset.offset_s)).all())[1]
        == (datetime(1970, 1, 1, tzinfo=UTC) - datetime(2024, 6, 3, 10, tzinfo=UTC)).total_seconds()
    )


def test_an_import_says_of_each_measurement_whether_it_is_used(field: Field) -> None:
    actor = field.actor(Role.admin)
    field.recorder("R-07")
    rows = [
        {"external_id": f"T-{day}", "recorder": "R-07", "measured_at": at("17:25", day).isoformat(), "offset_s": offset}
        for day, offset in enumerate((0.5, 0.8, -28800.0, 1.2))
    ]  # fmt: skip
    anew = datetime(2000, 1, 1, 10, tzinfo=UTC)
    rows.append(
        {"external_id": "T-4", "recorder": "R-07", "measured_at": at("17:25", 4).isoformat(),
         "device_time": anew.isoformat()}
    )  # fmt: skip

    def take(rows: list, **more: Any) -> dict[str, str | None]:
        importer = ClockOffsetImporter(field.session, actor)
        data = json.dumps(rows).encode()
        with speaking("en"):
            report = run_import(importer, data, "application/json", **{"dry_run": False, **more})
        return {one.key: one.note for one in report.rows}

    assert take(rows, dry_run=True) == take(rows) == take(rows) == {f"T-{n}": "used" for n in range(5)}
    for day in (5, 6):
        add_offset(field.session, actor, said(1.0, measured_at=at("17:00", day)))
    docks = [("D-0", 7.0, 1.0), ("D-1", 7.5, 40_000.0), ("D-2", 8.0, 1.0)]
    for name, when, offset in docks:
        row = ClockOffset(
            external_id=name, recorder_id=field.recorder("R-07").id, offset_s=offset, doubt_s=1.0,
            source=OffsetSource.hand if name == "D-1" else OffsetSource.dock,
            measured_at=at("00:00") + timedelta(days=when),
        )  # fmt: skip
        field.session.add(row)
    field.session.flush()
    wrong = {
        "external_id": "D-1", "recorder": "R-07", "offset_s": 40_000.0, "doubt_s": 1.0,
        "measured_at": (at("00:00") + timedelta(days=7.5)).isoformat(),
    }  # fmt: skip
    (note,) = take([wrong]).values()
    assert note is not None and note.startswith("kept, but not used: It contradicts")
    line = line_of(field.session, field.recorder("R-07").id)
    read = {
        one.offset.external_id: offset_read(one.offset, line)
        for one in known_offsets(field.session, field.recorder("R-07"))
    }
    assert (read["D-1"].used, read["D-1"].unused_reason) == (False, "contradicted") and read[
        "D-1"
    ].unused_text
    assert all(read[f"T-{n}"].used and read[f"T-{n}"].unused_reason is None for n in range(5))
    withdrawn = withdraw_offset(field.session, actor, read["T-2"].id)
    assert offset_read(withdrawn, line_of(field.session, withdrawn.recorder_id)).unused_reason == "withdrawn"


def test_figure_15_counts_what_was_measured_and_opens_into_its_rows(field: Field) -> None:
    actor = field.actor(Role.admin)
    for serial in ("R-07", "R-08", "R-09", "R-10"):
        field.recorder(serial)
    add_offset(field.session, actor, said(12.0))
    add_offset(field.session, actor, said(-300.0, recorder="R-08"))
    add_offset(field.session, actor, said(0.0, "18:00", recorder="R-09", measured_at=at("18:00", 0)))
    add_offset(field.session, actor, said(20.0, recorder="R-09", measured_at=at("18:00", 2), doubt_s=8.0))
    figure = clock_figure(field.session, actor)
    assert (figure.out_of_step, figure.measured, figure.unmeasured) == (2, 3, 1)
    rows = {row.recorder.serial: row for row in clock_rows(field.session, actor)}
    assert list(rows)[:1] == ["R-08"] and list(rows)[-1] == "R-10"
    assert rows["R-07"].latest.offset_s == 12 and not rows["R-07"].out_of_step
    assert rows["R-09"].drift == pytest.approx((10.0, 4.5))
    assert [row.recorder.serial for row in clock_rows(field.session, actor, only_out_of_step=True)] == [
        "R-08",
        "R-09",
    ]
    assert clock_rows(field.session, field.actor(Role.supervisor, "two")) == []
    assert (
        latest_offsets(field.session, [row.recorder.id for row in rows.values()])[rows["R-08"].recorder.id]
        == -300.0
    )
    assert clock_of(field.session, field.recorder("R-10")).latest is None


def test_a_longer_list_of_clocks_asks_the_database_no_more_often(field: Field) -> None:
    actor = field.actor(Role.admin)
    counts = []
    for number in range(1, 9):
        field.recorder(f"R-{number:02}")
        add_offset(field.session, actor, said(1.0, recorder=f"R-{number:02}"))
        field.session.flush()
        field.session.expire_all()
        with counted_statements(field.session.connection()) as asked:
            clock_rows(field.session, actor)
        counts.append(asked.count)
    assert counts[0] == counts[-1]

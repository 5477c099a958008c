"""The simulated year as rows of the demo's tables, with the words that the simulator has none for. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from deploy.demo.bureau import ROADS, ZONE
from deploy.demo.simulator.clocks import timelines
from deploy.demo.simulator.rates import REPORT, YEAR
from deploy.demo.simulator.report import campaign_days, campaign_of
from deploy.demo.simulator.rows import File, Happening, Year
from schemas.base import new_id
from schemas.clocks import OffsetSource
from schemas.recordings import RecordingState
from service.registry.cases.rules import case_number_fold
from service.registry.clocks.correcting import offset_when_shown
from service.registry.clocks.rules import Timeline

CAMPAIGNS = next(work.campaigns for work in REPORT if work.campaigns)
CASES_OF = ("扬尘污染案", "油烟超标排放案", "占道经营案", "擅自设置招牌案")
Row = dict[str, Any]


def _local(moment: datetime) -> datetime:
    return moment.astimezone(ZONE)


def campaigns() -> Iterator[Row]:
    for n in range(CAMPAIGNS):
        first, last = campaign_days(n, CAMPAIGNS)
        yield {
            "id": new_id(), "external_id": f"Y{YEAR}-{n + 1}", "name": f"{YEAR} 年餐饮油烟专项行动第 {n + 1} 次",
            "starts_on": first, "ends_on": last,
        }  # fmt: skip


def cases(year: Year) -> Iterator[Row]:
    """In the order in which they were opened: with their first event."""
    opened: dict[UUID, datetime] = {}
    for event in sorted(year.events, key=lambda event: event.start):
        if event.case:
            opened.setdefault(event.case, event.start)
    for n, (case, moment) in enumerate(opened.items()):
        chance, number = Random(n), f"示城管罚〔{YEAR}〕{1000 + n}号"
        place = f"{chance.choice(ROADS)} {chance.randint(1, 180)} 号"
        yield {
            "id": case, "number": number, "number_folded": case_number_fold(number), "place": place,
            "title": f"{place}{chance.choice(CASES_OF)}", "party": f"当事人 {n + 1:03d}",
            "opened_on": _local(moment).date(), "squad_id": year.cases[case], "sample": True,
        }  # fmt: skip


def events(year: Year, campaign_ids: Sequence[UUID]) -> Iterator[Row]:
    for one in year.events:
        campaign = campaign_of(one.work, one.nth)
        yield _event(one) | {"campaign_id": None if campaign is None else campaign_ids[campaign]}


def _event(one: Happening) -> Row:
    work, name = one.work, f"Y{YEAR}-{one.work.subject}-{one.kind}-{one.nth + 1}"
    chance = Random(name)  # what was written twice has the same words
    address = f"{chance.choice(ROADS)} {chance.randint(1, 400)} 号"
    return {
        "id": one.id, "external_id": name + ("-twice" if one.merged_into else "-off" if one.cancelled else ""),
        "kind": one.kind, "subject": work.subject, "title": f"{address}{work.act}", "place": address,
        "party": f"{work.party} {chance.randint(1, 900):03d}", "latitude": one.latitude, "longitude": one.longitude,
        "arrived_at": one.start, "departed_at": one.end, "squad_id": one.squad, "case_id": one.case,
        "cancelled_at": one.cancelled, "merged_into": one.merged_into, "sample": True,
        "created_at": one.end or one.start,
    }  # fmt: skip


def crews(year: Year) -> Iterator[Row]:
    for one in year.events:
        yield from ({"event_id": one.id, "officer_id": officer} for officer in one.officers)


def rosters(year: Year) -> Iterator[Row]:
    for one in year.duties:
        yield {
            "id": new_id(), "external_id": f"Y-D-{_local(one.start):%Y%m%d}-{one.officer.number}",
            "officer_id": one.officer.id, "squad_id": one.officer.squad, "starts_at": one.start, "ends_at": one.end,
        }  # fmt: skip


def assignments(year: Year) -> Iterator[Row]:
    numbers = {one.id: one.number for one in year.officers}
    for one in year.held:
        yield {
            "id": one.id, "external_id": f"Y-A-{_local(one.start):%Y%m%d}-{numbers[one.officer]}",
            "recorder_id": one.recorder, "officer_id": one.officer, "held_from": one.start, "held_to": one.end,
        }  # fmt: skip


def clocks(year: Year) -> Iterator[Row]:
    for one in year.measured:
        yield {
            "id": new_id(), "recorder_id": one.recorder, "source": OffsetSource.dock, "measured_at": one.at,
            "offset_s": round(one.offset_s, 1), "doubt_s": one.doubt_s, "created_at": one.at,
        }  # fmt: skip


def recordings(year: Year, originals: Sequence[UUID]) -> Iterator[Row]:
    """In the order in which they came. They share the stand-in originals."""
    numbers = {one.id: one.number for one in year.officers}
    serials = {one.id: one.serial for one in year.cameras}
    lines, chance = timelines(year), Random(YEAR)
    for file in sorted(year.files, key=lambda file: file.received):
        serial = serials[file.recorder] if file.recorder else None
        shown = file.claimed.replace(microsecond=0)  # as a file's name says it
        row = _recording(file, shown, lines) | {
            "original_id": chance.choice(originals),
            "file_name": _name(serial, numbers[file.officer] if file.officer else None, shown),
        }
        yield row | (_announced(file, serial, shown) if file.announced else {})


def _name(serial: str | None, number: str | None, shown: datetime) -> str:
    at = _local(shown)
    if serial is None:
        return f"DSC_{at:%Y%m%d%H%M%S}.mp4"
    return f"{serial}_{number}_{at:%Y%m%d%H%M%S}.mp4" if number else f"{serial}@{at:%Y%m%d-%H%M%S}.mp4"


def _recording(file: File, shown: datetime, lines: Mapping[UUID, Timeline]) -> Row:
    line = lines.get(file.recorder) if file.recorder else None
    offset = offset_when_shown(line, shown, file.received) if line else None
    start = shown - timedelta(seconds=offset.offset_s) if offset else shown
    latitude, longitude = file.track[0][:2] if file.track else (None, None)
    return {
        "id": file.id, "squad_id": file.squad, "state": RecordingState.ready, "reason_params": {}, "note": "",
        "claims": {}, "recorder_id": file.recorder, "officer_id": file.officer, "claimed_from": shown,
        "clock_offset_s": offset.offset_s if offset else None, "clock_doubt_s": offset.doubt_s if offset else None,
        "clock": {"basis": offset.basis.as_json()} if offset else {},
        "recorded_from": start, "recorded_to": start + timedelta(seconds=file.length_s), "duration_s": file.length_s,
        "latitude": latitude, "longitude": longitude, "track": [list(fix) for fix in file.track],
        "received_at": file.received, "playable_at": file.received + timedelta(seconds=3), "sample": True,
        "announced_at": None, "due_at": None, "device_file_id": None,
    }  # fmt: skip


def _announced(file: File, serial: str | None, shown: datetime) -> Row:
    """What differs while only the station's list is here."""
    listed, name = file.received, f"{serial}-{_local(shown):%Y%m%d%H%M%S}"
    facts = {
        "recorder": serial, "file_id": name, "start": shown.isoformat(),
        "end": (shown + timedelta(seconds=file.length_s)).isoformat(), "size": round(file.length_s * 700_000),
    }  # fmt: skip
    return {
        "original_id": None, "state": RecordingState.announced, "playable_at": None, "announced_at": listed,
        "due_at": listed + timedelta(hours=24), "device_file_id": name,
        "claims": {"announced": {"at": listed.isoformat(), "by": "system", "facts": facts}, "sidecar": facts},
    }  # fmt: skip

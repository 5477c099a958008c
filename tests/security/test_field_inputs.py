"""Bad input to what is known of the field and counted of it: answered as bad input, row by row where rows came."""

import json

from schemas.accounts import Role
from schemas.recorders import Recorder
from service.kernel import database
from tests.security.conftest import House

HALF = "\\ud800"
NOWHERE = "00000000-0000-0000-0000-000000000000"
QUERIES = [
    "/api/v1/clocks?squad=%00", "/api/v1/recorders/%00/clock", "/api/v1/recorders/R-1/clock?cursor=%00",
    "/api/v1/recorders/R-1/clock?limit=0", "/clocks?squad=%00", "/recorders/%00", "/recorders/R-1?at=%00",
    "/api/v1/announcements?squad=%00", "/api/v1/announcements?cursor=%00", "/api/v1/announcements?limit=-1",
    "/api/v1/matters/99999999999999999999", "/api/v1/matters/-1/changes?since=-9999999999999999999999",
    "/api/v1/matters/0/export?format=%00", "/matters/99999999999999999999", "/matters/0?since=99999999999999999999",
    "/api/v1/rosters?officer=%00", "/api/v1/rosters?squad=%00", "/api/v1/rosters?from=0001-01-01T00:00:00",
    "/api/v1/rosters?to=9999-12-31T23:59:59-12:00", "/api/v1/rosters/on-duty?at=0001-01-01T00:00:00",
    "/api/v1/explanations?cursor=%00", "/api/v1/explanations?state=%00", "/api/v1/explanations?limit=99999999999",
    "/api/v1/disputes?cursor=%00", "/api/v1/disputes?event=%00",
    "/api/v1/events/EVENT/history?before=99999999999999999999999999", "/api/v1/events/EVENT/coverage?as_of=0001-01-01T00:00:00",
    "/events/EVENT?as_of=9999-12-31T23:59:59", "/events/EVENT/history?before=-99999999999999999999999",
    "/api/v1/coverage?by=%00", "/api/v1/coverage?figures=%00", "/api/v1/coverage?from=0001-01-01&to=9999-12-31",
    "/api/v1/coverage?from=0001-01-01&to=9999-12-31&by=day", "/api/v1/coverage?as_of=0001-01-01T00:00:00",
    "/api/v1/coverage?as_of=9999-12-31T23:59:59", "/api/v1/coverage?officer=%00", "/api/v1/coverage?subject=%00",
    "/api/v1/coverage?basis=%00", "/api/v1/coverage?by=squad,squad", "/api/v1/coverage?campaign=%00",
    "/api/v1/coverage/rows?figure=recorded&group=month:9999-12", "/api/v1/coverage/rows?figure=recorded&group=year:0",
    "/api/v1/coverage/rows?figure=recorded&group=day:9999-12-31", "/api/v1/coverage/rows?figure=%00",
    "/api/v1/coverage/rows?figure=recorded&group=squad:%00", "/api/v1/coverage/rows?figure=recorded&cursor=%00",
    "/api/v1/coverage/rows?figure=recorded&group=subject:%00", "/api/v1/coverage/rows?figure=recorded&reason=%00",
    "/api/v1/coverage/rows?figure=clocks&cursor=-1", "/api/v1/coverage/rows?figure=docked&limit=0",
    "/api/v1/coverage/lists/%00", "/api/v1/coverage/lists/missing?cursor=%00", "/api/v1/coverage/lists/ratio?cursor=x",
    "/api/v1/coverage/lists/clocks?limit=-5", "/api/v1/coverage/lists/ratio?from=0001-01-01&to=9999-12-31",
    "/api/v1/coverage/lists?as_of=0001-01-01T00:00:00",
    "/coverage?from=0001-01-01&to=9999-12-31", "/coverage?month=%00", "/coverage?as_of=%00", "/coverage?by=%00",
    "/coverage/rows?figure=%00", "/coverage/lists?as_of=0001-01-01T00:00:00", "/coverage/lists/missing?cursor=%00",
    "/import?kind=%00", "/api/v1/imports/%00/template",
]  # fmt: skip
EVENT = {"title": "t", "kind": "inspection", "arrived_at": "2024-06-03T09:00:00+08:00", "squad": "1"}
ROW = '{"external_id": "X", "recorder": "R-1", "measured_at": "2024-06-03T18:00:00+08:00", '
BODIES = [
    ("/api/v1/recorders/R-1/clock", '{"measured_at": "2024-06-03T18:00:00Z", "offset_s": NaN}'),
    ("/api/v1/recorders/R-1/clock", '{"measured_at": "2024-06-03T18:00:00Z", "offset_s": 1e308}'),
    ("/api/v1/recorders/R-1/clock", '{"measured_at": "2024-06-03T18:00:00Z", "offset_s": 1, "doubt_s": Infinity}'),
    ("/api/v1/recorders/R-1/clock", '{"measured_at": "2024-06-03T18:00:00Z", "offset_s": 1, "doubt_s": -1}'),
    ("/api/v1/recorders/R-1/clock", '{"measured_at": "0001-01-01T00:00:00", "offset_s": 1}'),
    ("/api/v1/recorders/R-1/clock", '{"measured_at": "0001-01-01T00:00:00+14:00", "device_time": "9999-12-31T23:59:59-12:00"}'),
    ("/api/v1/recorders/R-1/clock", '{"measured_at": "2024-06-03T18:00:00Z", "offset_s": 1, "note": "\\u0000"}'),
    ("/api/v1/recorders/R-1/clock", '{"measured_at": "2024-06-03T18:00:00Z", "offset_s": 1, "note": "' + HALF + '"}'),
    ("/api/v1/recorders/R-1/clock", json.dumps({"measured_at": "2024-06-03T18:00:00Z", "offset_s": 4.7e9})),
    ("/api/v1/recorders/R-1/clock", json.dumps({"measured_at": "2024-06-03T18:00:00Z", "offset_s": 1, "external_id": "e" * 999})),
    ("/api/v1/clocks/import", "[" + ROW + '"offset_s": NaN}]'),
    ("/api/v1/clocks/import", "[" + ROW + '"offset_s": 1, "doubt_s": 1e400}]'),
    ("/api/v1/clocks/import", "[" + ROW + '"offset_s": ' + "9" * 5000 + "}]"),
    ("/api/v1/rosters", json.dumps({"officer": "\x00", "starts_at": "2024-06-03T08:00:00", "ends_at": "2024-06-03T09:00:00"})),
    ("/api/v1/rosters/import", json.dumps([{"officer": "012", "day": "9999-12-31", "starts_at": "23:00", "ends_at": "01:00"}])),
    ("/api/v1/rosters/import", json.dumps([{"officer": "012", "day": 1e300, "starts_at": [], "ends_at": {}}])),
    ("/api/v1/rosters/import", json.dumps([{"officer": "012", "day": "2100-12-31", "starts_at": "23:00", "ends_at": "次日25:00"}])),
    ("/api/v1/events/EVENT/explanations", json.dumps({"reason": "urgent", "note": "\x00"})),
    ("/api/v1/events/EVENT/explanations", '{"reason": "urgent", "note": "' + HALF + '"}'),
    ("/api/v1/events/EVENT/explanations", json.dumps({"reason": "urgent", "note": "x" * 100_000})),
    ("/api/v1/events/EVENT/explanations", json.dumps({"reason": "urgent", "note": "n", "gap_from": "2000-01-01T00:00:00", "gap_to": "2100-12-31T23:59:59"})),
    ("/api/v1/events/EVENT/explanations", json.dumps({"reason": "urgent", "note": "n", "gap_from": "0001-01-01T00:00:00", "gap_to": "9999-12-31T23:59:59"})),
    ("/api/v1/events/EVENT/disputes", json.dumps({"statement": "\x00", "recording": NOWHERE})),
    ("/api/v1/events/EVENT/merge", json.dumps({"into": NOWHERE})),
    ("/api/v1/events/EVENT/cancel", json.dumps({"reason": "\x00"})),
    ("/api/v1/events/EVENT/cancel", '{"reason": "' + HALF + '"}'),
    ("/api/v1/events", json.dumps({**EVENT, "departed_at": "2100-12-31T23:59:59-12:00"})),
    ("/api/v1/events/import", json.dumps([{**EVENT, "external_id": ["x"], "officers": {"a": 1}}])),
    ("/api/v1/events/import", json.dumps([{**EVENT, "external_id": "x", "latitude": 10**400}])),
    ("/api/v1/events/import", json.dumps([{**EVENT, "external_id": "x", "case": "\x00", "campaign": "\x00"}])),
    ("/api/v1/events/import", json.dumps([{**EVENT, "external_id": "x", "kind": [1], "cancelled": [1]}])),
    ("/api/v1/matters/import?in_force_from=0001-01-01", json.dumps([{"kind": "inspection"}])),
    ("/api/v1/matters/import?in_force_from=9999-12-31", json.dumps([{"kind": "inspection"}])),
    ("/api/v1/matters/import?in_force_from=2024-01-01", json.dumps([{"kind": "inspection", "upload_hours": 1e308, "steps": [[1]]}])),
    ("/api/v1/matters/import", json.dumps([{"kind": "inspection", "upload_hours": -1, "gap_s": "NaN", "subject": {"a": 1}}])),
    ("/api/v1/matters/import?note=%00", json.dumps([{"kind": "inspection"}])),
    ("/api/v1/announcements/import?recorder=R-1", json.dumps([{"file_name": "\x00", "start": "\x00"}])),
    ("/api/v1/announcements/import?recorder=R-1&collected_at=0001-01-01T00:00:00", json.dumps([{"file_name": "a.mp4"}])),
    ("/api/v1/announcements/import?recorder=R-1", json.dumps([{"file_name": "a" * 100_000, "size": 10**40, "start": 1e300}])),
    ("/api/v1/announcements/import?recorder=R-1", json.dumps([{"file_name": "b.mp4", "size": -5, "end": 9e15, "utc_offset": 1e9}])),
    ("/api/v1/announcements/import?recorder=R-1", '[{"file_name": "c.mp4", "size": NaN, "start": Infinity}]'),
    ("/api/v1/announcements/import?recorder=R-1", json.dumps([{"file_name": "../../etc/x", "md5": [], "officer": {}, "flags": 5}])),
    ("/api/v1/announcements/import?recorder=R-1", json.dumps([{"file_name": "d.mp4", "file_id": "f" * 5000, "note": "n" * 200_000}])),
    ("/api/v1/announcements/import?recorder=R-1", json.dumps([{"file_name": "e.mp4", "start": "0001-01-01 00:00:00", "end": "9999-12-31 23:59:59"}])),
    ("/api/v1/recorders/import", json.dumps([{"serial": "R-9", "squad": "1", "battery_percent": 10**30, "last_dock_at": "2101-01-01"}])),
    ("/api/v1/assignments/import", json.dumps([{"recorder": "R-1", "officer": "012", "held_from": "2100-12-31T23:59:59-12:00", "held_to": []}])),
    ("/api/v1/officers/import", json.dumps([{"certificate_no": "x" * 100_000, "name": "n", "squad": "1"}])),
    ("/api/v1/squads/import", json.dumps([{"code": {"a": 1}, "name": ["x"]}])),
]  # fmt: skip


def furnished(house: House) -> str:
    squad = house.bureau.squad("1")
    with database.transaction() as session:
        session.add(Recorder(serial="R-1", squad_id=squad))
    return str(house.event("1"))


def test_no_query_about_the_field_breaks_the_service(house: House) -> None:
    event, broken = furnished(house), []
    for path in QUERIES:
        for accept in ("application/json", "text/html"):
            answer = house.ask(
                "GET", path.replace("EVENT", event), Role.supervisor, None, headers={"Accept": accept}
            )
            if answer.status_code >= 500:
                broken.append((path, accept, answer.status_code))
    assert broken == []


def test_no_body_about_the_field_breaks_the_service(house: House) -> None:
    event, broken = furnished(house), []
    for path, content in BODIES:
        for squad in ("1", None):
            answer = house.ask(
                "POST",
                path.replace("EVENT", event),
                Role.supervisor,
                squad,
                content=content,
                headers={"Content-Type": "application/json"},
            )
            if answer.status_code >= 500:
                broken.append((path, content[:80], answer.status_code))
    assert broken == []

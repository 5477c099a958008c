"""The pages of events as a browser without scripts uses them: scope, then what a form does, then how it is undone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from schemas.accounts import Role
from schemas.events import EnforcementEvent
from schemas.links import Link
from schemas.people import Officer
from schemas.recordings import Recording, RecordingState
from service.footage.announcements.actions import announce
from service.footage.announcements.lists import Listed
from service.kernel import database
from service.registry.conventions.rules import Facts
from tests.security.conftest import House, house  # noqa: F401

START = datetime(2024, 6, 3, 1, tzinfo=UTC)


@pytest.fixture
def recording(house: House) -> UUID:  # noqa: F811
    squad = house.bureau.squad("1")
    with database.transaction() as session:
        officer = Officer(certificate_no="012", name="队员 012", squad_id=squad)
        session.add(officer)
        session.flush()
        row = Recording(
            squad_id=squad, state=RecordingState.ready, file_name="clip.mp4", officer_id=officer.id,
            recorded_from=START, recorded_to=START + timedelta(minutes=20), latitude=25.8, longitude=114.9,
        )  # fmt: skip
        session.add(row)
    return row.id


def sent(**more: Any) -> dict:
    return {
        "title": "占道经营劝离", "kind": "inspection", "subject": "流动摊贩", "arrived": "2024-06-03T09:00:00",
        "departed": "2024-06-03T09:20:00", "officers": ["012"], "place": "人民路", "point": "25.8, 114.9", **more,
    }  # fmt: skip


def events(house: House) -> list[EnforcementEvent]:  # noqa: F811
    with house.bureau.session() as session:
        return list(session.scalars(select(EnforcementEvent).order_by(EnforcementEvent.created_at)))


def test_what_is_anothers_is_not_there(house: House, recording: UUID) -> None:  # noqa: F811
    event = house.event("1")
    for path in (f"/recordings/{recording}/new-event", f"/events/{event}", f"/events/{event}/edit"):
        assert house.ask("GET", path, Role.member, "2").status_code == 404
    for path in ("edit", "cancel", "restore", "merge", "unmerge", "unmake"):
        data = sent(reason="x", into=str(event))
        assert house.ask("POST", f"/events/{event}/{path}", Role.member, "2", data=data).status_code in (
            404,
            409,
        )
    assert (
        house.ask("POST", f"/recordings/{recording}/new-event", Role.member, "2", data=sent()).status_code
        == 404
    )
    assert house.ask("GET", f"/recordings/{recording}/new-event", Role.auditor).status_code == 403
    assert len(events(house)) == 1


def test_an_event_is_made_from_a_recording_looked_over_and_taken_back(house: House, recording: UUID) -> None:  # noqa: F811
    page = house.ask("GET", f"/recordings/{recording}", Role.member).text
    assert f"/recordings/{recording}/new-event" in page
    form = house.ask("GET", f"/recordings/{recording}/new-event", Role.member).text
    assert 'value="2024-06-03T09:00:00"' in form and 'value="012" checked' in form and "25.8, 114.9" in form
    told = house.ask("POST", f"/recordings/{recording}/new-event", Role.member, data=sent())
    assert (told.status_code, told.headers["location"]) == (303, f"/recordings/{recording}")
    (event,) = events(house)
    assert (event.title, event.subject, event.arrived_at) == ("占道经营劝离", "vendor", START)
    page = house.ask("GET", f"/recordings/{recording}", Role.member).text
    assert f"/events/{event.id}/unmake" in page and "/new-event" not in page
    told = house.ask("POST", f"/events/{event.id}/unmake", Role.member)
    assert told.headers["location"] == f"/recordings/{recording}"
    (event,) = events(house)
    assert event.cancelled_at is not None
    with house.bureau.session() as session:
        assert session.scalars(select(Link)).all() == []
    assert "/new-event" in house.ask("GET", f"/recordings/{recording}", Role.member).text
    assert house.ask("POST", f"/events/{event.id}/unmake", Role.member).status_code == 409


def test_a_time_typed_into_the_form_is_read_or_said_to_be_none(house: House, recording: UUID) -> None:  # noqa: F811
    path = f"/recordings/{recording}/new-event"
    typed = sent(arrived="2024年6月3日 上午9:00", departed="2024/6/3 9点20分")
    assert house.ask("POST", path, Role.member, data=sent(arrived="2024060309")).status_code == 400
    assert house.ask("POST", path, Role.member, data=typed).status_code == 303
    (event,) = events(house)
    assert (event.arrived_at, event.departed_at) == (START, START + timedelta(minutes=20))


def test_an_event_that_another_recording_was_linked_to_is_not_simply_taken_back(
    house: House,  # noqa: F811
    recording: UUID,
) -> None:
    house.ask("POST", f"/recordings/{recording}/new-event", Role.member, data=sent())
    (event,) = events(house)
    with database.transaction() as session:
        other = Recording(squad_id=event.squad_id, state=RecordingState.ready, file_name="b.mp4")
        session.add(other)
    house.ask("POST", f"/api/v1/recordings/{other.id}/event", Role.member, json={"event": str(event.id)})
    assert house.ask("POST", f"/events/{event.id}/unmake", Role.member).status_code == 409


@pytest.mark.parametrize(
    "wrong", [{"arrived": ""}, {"point": "25.8"}, {"officers": ["999"]}, {"departed": "2024-06-03T08:00:00"}]
)
def test_what_cannot_be_is_said_and_nothing_is_made(
    house: House,  # noqa: F811
    recording: UUID,
    wrong: dict[str, Any],
) -> None:
    told = house.ask("POST", f"/recordings/{recording}/new-event", Role.member, data=sent(**wrong))
    assert told.status_code == 400 and events(house) == []


def test_an_event_is_edited_cancelled_restored_merged_and_parted(house: House) -> None:  # noqa: F811
    same_day = datetime(2024, 6, 3, 1, tzinfo=UTC)
    kept, twice = house.event("1"), house.event("1", title="又录了一次", arrived_at=same_day)
    house.ask("GET", f"/recordings/{kept}", Role.member)
    form = house.ask("GET", f"/events/{kept}/edit", Role.member).text
    assert "一次检查" in form
    told = house.ask("POST", f"/events/{kept}/edit", Role.member, data=sent(officers=[]))
    assert told.status_code == 303 and events(house)[0].title == "占道经营劝离"
    assert house.ask("POST", f"/events/{kept}/cancel", Role.member, data={"reason": ""}).status_code == 400
    house.ask("POST", f"/events/{kept}/cancel", Role.member, data={"reason": "误报在先"})
    page = house.ask("GET", f"/events/{kept}", Role.member).text
    assert "误报在先" in page and f"/events/{kept}/restore" in page
    house.ask("POST", f"/events/{kept}/restore", Role.member, data={"reason": "查实"})
    told = house.ask("POST", f"/events/{twice}/merge", Role.member, data={"into": str(kept)})
    assert told.headers["location"] == f"/events/{kept}"
    assert "又录了一次" in house.ask("GET", f"/events/{kept}", Role.member).text
    page = house.ask("GET", f"/events/{twice}", Role.member).text
    assert f"/events/{twice}/unmerge" in page and f'href="/events/{kept}"' in page
    assert house.ask("GET", f"/events/{twice}/edit", Role.member).status_code == 409
    assert "又录了一次" not in house.ask("GET", "/events", Role.member).text
    house.ask("POST", f"/events/{twice}/unmerge", Role.member)
    assert "又录了一次" in house.ask("GET", "/events", Role.member).text


def test_the_history_over_the_api_pages_and_keeps_its_scope(house: House) -> None:  # noqa: F811
    event = house.event("1")
    for n in range(60):
        house.ask("PATCH", f"/api/v1/events/{event}", Role.member, json={"title": f"第{n}次"})
    first = house.ask("GET", f"/api/v1/events/{event}/history", Role.member).json()
    rest = house.ask("GET", f"/api/v1/events/{event}/history?before={first['next']}", Role.member).json()
    assert len(first["items"]) == 50 and len(rest["items"]) == 10 and rest["next"] is None
    assert first["items"][0]["changes"] == [
        {
            "field": "title",
            "label": first["items"][0]["changes"][0]["label"],
            "before": "第58次",
            "after": "第59次",
        }
    ]
    assert house.ask("GET", f"/api/v1/events/{event}/history", Role.member, "2").status_code == 404


def test_an_announced_recording_is_shown_everywhere_and_played_nowhere(house: House) -> None:  # noqa: F811
    squad = house.bureau.squad("1")
    facts = Facts(recorder="R-07", start=START, end=START + timedelta(minutes=5), size=4096)
    with database.transaction() as session:
        announce(session, house.bureau.actor("1"), [Listed("waits.mp4", facts)], squad_id=squad)
    with house.bureau.session() as session:
        row = session.scalars(select(Recording)).one()
    for part in ("original", "playback", "video", "poster", "waveform"):
        told = house.ask("GET", f"/api/v1/recordings/{row.id}/{part}", Role.member)
        assert told.status_code == 404 and told.json()["type"].endswith("not-received"), part
    told = house.ask("GET", f"/api/v1/recordings/{row.id}", Role.member).json()
    assert (told["state"], told["size"], told["sha256"]) == ("announced", None, None) and told["due_at"]
    listed = house.ask("GET", "/api/v1/recordings?state=announced", Role.member).json()
    assert [one["id"] for one in listed["items"]] == [str(row.id)]
    for path in ("/recordings", "/my-uploads", f"/recordings/{row.id}", f"/recordings/{row.id}/jobs", "/"):
        assert house.ask("GET", path, Role.member).status_code == 200, path
    assert house.ask("GET", "/recordings/facets?state=announced", Role.member).status_code == 200
    assert house.ask("GET", f"/recordings/{row.id}", Role.member, "2").status_code == 404
    told = house.ask("POST", f"/my-uploads/{row.id}/removal", Role.member, data={"reason": "x"})
    assert told.status_code == 409
    path = f"/announcements/{row.id}/withdraw"
    assert house.ask("POST", path, Role.member, data={"reason": "x"}).status_code == 403
    assert house.ask("POST", path, Role.supervisor, "2", data={"reason": "x"}).status_code == 404
    assert house.ask("POST", path, Role.supervisor, data={"reason": "设备丢失"}).status_code == 303
    assert "设备丢失" in house.ask("GET", f"/recordings/{row.id}", Role.member).text
    assert str(row.id) not in house.ask("GET", "/attention?what=refused", Role.supervisor).text
    assert house.ask("GET", f"/api/v1/recordings/{row.id}/original", Role.member).status_code == 404


def test_a_dock_announces_for_its_own_squad_only(house: House) -> None:  # noqa: F811
    token = house.ask("POST", "/api/v1/tokens", Role.member, json={"name": "dock 1"}).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    rows = [{"file_name": "1.mp4", "recorder": "R-07", "start": "2024-06-03T09:00:00+08:00"}]
    house.bureau.squad("2")
    told = house.client.post("/api/v1/announcements/import?squad=2", headers=headers, json=rows)
    assert told.status_code == 200 and told.json()["counts"]["created"] == 1
    with house.bureau.session() as session:
        assert session.scalars(select(Recording.squad_id)).all() == [house.bureau.squad("1")]
    assert house.client.get("/api/v1/announcements", headers=headers).status_code == 403
    assert house.ask("GET", "/api/v1/announcements", Role.member, "2").json()["items"] == []
    mine = house.ask("GET", "/api/v1/announcements", Role.member).json()["items"]
    assert [(one["file_name"], one["recorder"]) for one in mine] == [("1.mp4", "R-07")]


def test_the_form_says_what_was_inspected_or_that_it_was_a_patrol(house: House, recording: UUID) -> None:  # noqa: F811
    event = house.event("1")
    page = f"/events/{event}"
    for data, kept, shown in (
        ({"object": " 某餐馆 "}, "某餐馆", "某餐馆"),
        ({"object": "", "no_object": "true"}, "", "None: a patrol without a particular object"),
        ({"object": ""}, None, None),
    ):
        told = house.ask("POST", f"{page}/edit", Role.member, data=sent(**data))
        assert told.status_code == 303, told.text
        assert next(one.object for one in events(house) if one.id == event) == kept
        text = house.ask("GET", page, Role.member, headers={"Accept-Language": "en"}).text.split(
            "<h2>Facts</h2>"
        )[-1]
        assert (shown is None) == ("Object inspected</dt>" not in text)
        assert shown is None or shown in text
        form = house.ask("GET", f"{page}/edit", Role.member).text
        assert ('name="no_object" value="true" checked' in form) == (kept == "")

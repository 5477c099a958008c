"""Coverage over HTTP: first who may not, then another squad, then what is answered."""

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from schemas.accounts import Role
from schemas.links import Link, LinkState
from service.kernel.database import get_engine, transaction
from service.supervision.coverage.counting import recount_all
from tests.service.access.bureau import Bureau
from tests.service.access.conftest import shared  # noqa: F401  the fixture below stands on it

PATHS = (
    "/api/v1/coverage",
    "/api/v1/coverage/rows",
    "/api/v1/coverage/lists",
    "/api/v1/coverage/lists/missing",
)
YEAR = "from=2024-01-01&to=2024-12-31"


@pytest.fixture(scope="module")
def service(shared: Bureau) -> Bureau:  # noqa: F811
    """Its one event, 09:00 to 09:30 on 2024-06-03 in squad one, is shown by its one recording. All tests only ask."""
    _set_link(shared, LinkState.automatic)
    return shared


def _set_link(service: Bureau, state: LinkState) -> None:
    with transaction(get_engine()) as session:
        link = session.get_one(Link, service.ids["link_id"])
        link.state = state
        session.add(link)
        session.flush()
        recount_all(session)


def ask(service: Bureau, path: str, role: Role = Role.auditor, squad: str | None = None) -> Response:
    return service.ask(service.secret(role, squad), "GET", path)


@pytest.mark.parametrize("path", PATHS)
def test_the_board_is_for_those_who_may_see_it(service: Bureau, path: str) -> None:
    assert service.ask(None, "GET", path).status_code == 401
    for role in (Role.member, Role.reviewer):
        assert ask(service, path, role, "one").status_code == 403
    assert service.ask(service.secret(Role.member, "one", dock=True), "GET", path).status_code == 403
    assert ask(service, path, Role.supervisor, "one").status_code == 200


def test_another_squads_events_are_in_no_figure_and_no_list(service: Bureau) -> None:
    found = ask(service, f"/api/v1/coverage?{YEAR}", Role.supervisor, "two").json()
    assert found["total"]["figures"]["recorded"]["denominator"] == 0
    assert found["total"]["standings"] == {}
    assert ask(service, f"/api/v1/coverage/rows?{YEAR}", Role.supervisor, "two").json()["items"] == []
    event = service.ids["event_id"]
    assert ask(service, f"/api/v1/events/{event}/coverage", Role.supervisor, "two").status_code == 404
    squad = service.ids["squad_id"]
    assert ask(service, f"/api/v1/coverage?squad={squad}", Role.supervisor, "two").status_code == 400
    rows = ask(service, f"/api/v1/coverage/rows?group=squad:{squad}", Role.supervisor, "two")
    assert rows.json()["items"] == []


def test_a_figure_tells_what_it_stands_on(service: Bureau) -> None:
    found = ask(service, f"/api/v1/coverage?{YEAR}&by=squad,month&percentiles=true").json()
    assert found["by"] == ["squad", "month"]
    assert (found["from"], found["to"], found["basis"]) == ("2024-01-01", "2024-12-31", "counted")
    [row] = found["rows"]
    assert row["keys"]["month"] == {"value": "2024-06", "label": "2024-06"}
    figure = row["figures"]["recorded"]
    assert (figure["numerator"], figure["denominator"], figure["share"], figure["small"]) == (1, 1, 1.0, True)
    assert row["standings"] == {"complete": 1}
    assert found["total"]["figures"]["on_time"]["p50_s"] == 7200.0
    assert "steps" in found["not_yet_counted"]
    words = {one["name"]: one for one in found["definitions"]}
    assert words["recorded"]["numerator"] and not words["steps"]["counted"]
    confirmed = ask(service, f"/api/v1/coverage?{YEAR}&basis=confirmed").json()
    assert confirmed["total"]["figures"]["recorded"]["numerator"] == 0


def test_the_rows_of_a_figure_are_its_events(service: Bureau) -> None:
    squad = service.ids["squad_id"]
    query = f"{YEAR}&figure=recorded&part=numerator&group=squad:{squad}&group=month:2024-06"
    found = ask(service, f"/api/v1/coverage/rows?{query}").json()
    assert [item["event"]["id"] for item in found["items"]] == [service.ids["event_id"]]
    assert (found["about"], found["next"]) == ("event", None)
    assert found["items"][0]["coverage"]["recorded_s"] == 1800.0
    assert ask(service, f"/api/v1/coverage/rows?{query.replace('06', '07')}").json()["items"] == []


def test_an_events_line_shows_what_is_required_and_what_was_filmed(service: Bureau) -> None:
    event = service.ids["event_id"]
    found = ask(service, f"/api/v1/events/{event}/coverage", Role.member, "one").json()
    assert found["counted"]["status"] == "complete"
    assert found["confirmed"]["status"] == "missing"
    assert found["counted"]["coverage"]["gaps"] == []
    [recording] = found["recordings"]
    assert (recording["id"], recording["here"]) == (service.ids["recording_id"], True)
    assert recording["part_from"].startswith("2024-06-03T01:00:00")
    assert found["recordings_elsewhere"] == 0
    assert (found["rule"]["version"], found["rule"]["steps"][0]) == (0, "show_identification")
    page = service.client.get(
        f"/events/{event}", headers={"Authorization": f"Bearer {service.secret(Role.member, 'one')}"}
    )
    assert "亮证" in page.text or "Show identification" in page.text
    early = ask(
        service, f"/api/v1/events/{event}/coverage?as_of=2024-06-03T10:00:00", Role.member, "one"
    ).json()
    assert (early["confirmed"]["status"], early["confirmed"]["due_in_s"]) == ("pending", 23.5 * 3600)


@pytest.mark.parametrize(
    "query",
    [
        "from=2024/6/3&to=2024年6月3日&as_of=2024/6/30 8:05",
        "from=20240603&to=２０２４－６－３&as_of=2024年6月30日 上午8点5分",
    ],
)
def test_days_and_hours_are_read_as_people_write_them(service: Bureau, query: str) -> None:
    found = ask(service, f"/api/v1/coverage?{query}").json()
    assert (found["from"], found["to"], found["as_of"]) == (
        "2024-06-03", "2024-06-03", "2024-06-30T00:05:00Z",
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {service.secret(Role.auditor, None)}"}
    assert service.client.get(f"/coverage?{query}", headers=headers).status_code == 200
    assert service.client.get("/coverage?month=2024年6月", headers=headers).status_code == 200
    assert len(ask(service, "/api/v1/events?from=2024/6/3 8:00&to=2024年6月3日 12点").json()["items"]) == 1
    for path in ("/api/v1/recordings", "/api/v1/recordings/facets"):
        assert ask(service, f"{path}?from=2024/6/3&to=2024年6月3日").status_code == 200
        refused = ask(service, f"{path}?from=3.6.2024")
        assert refused.status_code == 400 and "from" in refused.json()["detail"]


def test_every_list_answers_and_is_counted(service: Bureau) -> None:
    lists = ask(service, "/api/v1/coverage/lists").json()["lists"]
    for name, count in lists.items():
        found = ask(service, f"/api/v1/coverage/lists/{name}?limit=200").json()
        assert len(found["items"]) == count["count"]
    assert ask(service, "/api/v1/coverage/lists/nothing").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "by=nothing", "by=squad,squad", "by=squad,kind,day", "figures=steps", "figures=nothing", "basis=both",
        "kind=party", "squad=nobody", "campaign=none", "officer=nobody", "from=2024-02-01&to=2024-01-01",
        "from=yesterday", "to=9999-12-31", "as_of=soon",
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_answered_is_the_askers(service: Bureau, query: str) -> None:
    assert ask(service, f"/api/v1/coverage?{query}").status_code in (400, 422)


@pytest.mark.parametrize(
    "query",
    [
        "figure=steps", "part=half", "group=month:2024-13", "group=squad:one", "group=year:99999999999999999999",
        "group=nothing:1", "cursor=%00", "limit=0", "limit=1000", "figure=clocks&cursor=x", "group=day:%00",
        "figure=unlinked&kind=inspection",
    ],
)  # fmt: skip
def test_rows_that_cannot_be_asked_for_are_the_askers_too(service: Bureau, query: str) -> None:
    assert ask(service, f"/api/v1/coverage/rows?{query}").status_code in (400, 422)


def test_an_offer_stands_beside_the_figure_and_with_its_event_and_goes_when_it_is_decided(
    service: Bureau,
) -> None:
    event, board = service.ids["event_id"], f"/api/v1/coverage?{YEAR}"

    def told() -> tuple:
        one = ask(service, f"/api/v1/events/{event}").json()["offered"]
        figures = ask(service, board).json()["total"]["figures"]
        [row] = ask(service, "/api/v1/coverage/lists/missing").json()["items"] or [None]
        assert row is None or row["event"]["offered"] == row["coverage"]["offered"] == one
        return one, figures["recorded"]["offered"], figures["completeness"]["offered"]

    assert told() == (0, 0, None)
    _set_link(service, LinkState.offered)
    assert told() == (1, 1, None)
    rows = ask(service, f"/api/v1/coverage/rows?{YEAR}&figure=recorded&part=rest&reason=offered").json()[
        "items"
    ]
    assert [row["event"]["id"] for row in rows] == [event]
    page = service.client.get(
        "/coverage/lists/missing",
        headers={"Authorization": f"Bearer {service.secret(Role.auditor, None)}", "Accept-Language": "en"},
    )
    assert f"/events/{event}#offers" in page.text and "1 offered" in page.text
    _set_link(service, LinkState.automatic)
    assert told() == (0, 0, None)


def test_the_words_follow_the_language(service: Bureau) -> None:
    client: TestClient = service.client
    secret = service.secret(Role.auditor, None)
    answer = client.get(
        "/api/v1/coverage", headers={"Authorization": f"Bearer {secret}", "Accept-Language": "en"}
    ).json()
    assert (
        next(one["title"] for one in answer["definitions"] if one["name"] == "recorded") == "Events recorded"
    )

"""Bad input is answered as bad input, and private answers are kept by nobody."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.types import Message

from schemas.accounts import Role
from schemas.people import Officer
from service.app import create_app
from service.kernel import asked, bodies, database
from tests.fixtures.statements import counted_statements
from tests.security.conftest import House

HALF = "\\ud800"
QUERIES = [
    "/api/v1/recordings?q=%00%00", "/api/v1/recordings?q=%FF%FEab", "/api/v1/recordings?tag=%00",
    "/api/v1/recordings?limit=-1", "/api/v1/recordings?limit=99999999999999999999999",
    "/api/v1/recordings?from=0001-01-01", "/api/v1/recordings?to=9999-12-31",
    "/api/v1/recordings?from=0001-01-01T00:00:00", "/api/v1/recordings?near=nan,nan,nan",
    "/api/v1/recordings?near=1e400,0", "/api/v1/recordings?cursor=%00", "/api/v1/recordings?squad=%00",
    "/api/v1/recordings?officer=" + "9" * 5000, "/api/v1/recordings/facets?kind=%00",
    "/recordings?q=%00", "/recordings?squad=x", "/recordings?case=%00", "/recordings?cursor=x",
    "/cases?q=%00", "/cases?squad=%00", "/cases?cursor=x", "/events?q=%00", "/events?kind=%00",
    "/events?cursor=00000000-0000-0000-0000-000000000000", "/my-uploads?cursor=%00",
    "/attention?what=%00", "/attention?cursor=%00", "/attention?squad=1",
    "/api/v1/events?q=%00", "/api/v1/events?kind=%00", "/api/v1/events?squad=%00", "/api/v1/events?officer=%00",
    "/api/v1/events?case=%00", "/api/v1/events?campaign=%00", "/api/v1/events?from=0001-01-01T00:00:00",
    "/api/v1/events?to=9999-12-31T23:59:59-12:00", "/api/v1/events?cursor=WyJcdWQ4MDAiLCAiYSJd",
    "/api/v1/officers?q=%00", "/api/v1/officers?cursor=WyJcdWQ4MDAiXQ", "/api/v1/squads?cursor=WyJcdWQ4MDAiXQ",
    "/api/v1/recorders?state=%00", "/api/v1/recorders?model=%00", "/api/v1/assignments?at=0001-01-01T00:00:00",
    "/api/v1/assignments?recorder=%00", "/api/v1/links?state=%00", "/api/v1/links?cursor=%00",
    "/api/v1/cases?q=%00", "/api/v1/campaigns?q=%00",
    "/api/v1/custody?before=99999999999999999999999999", "/api/v1/custody?subject=%00",
    "/api/v1/recordings/%00", "/recordings/%00", "/recordings/x/jobs", "/api/v1/cases/%F0%90",
    "/api/v1/recordings/00000000-0000-0000-0000-000000000000/stills/99999999999999999999",
]  # fmt: skip


@pytest.mark.parametrize("path", QUERIES)
def test_no_query_breaks_the_service(same_house: House, path: str) -> None:
    for accept in ("application/json", "text/html"):
        answer = same_house.ask("GET", path, Role.supervisor, "1", headers={"Accept": accept})
        assert answer.status_code < 500, answer.text


EVENT = {"title": "t", "kind": "inspection", "arrived_at": "2024-06-03T09:00:00+08:00", "squad": "1"}


def body(**more: Any) -> str:
    """JSON in which a half of a character pair stands as an escape, as any client can send it."""
    return json.dumps({**EVENT, **more}).replace("HALF", HALF)


BODIES = [
    ("POST", "/api/v1/events", body(title="HALF")),
    ("POST", "/api/v1/events", body(title="\x00")),
    ("POST", "/api/v1/events", body(title="x" * 5000)),
    ("POST", "/api/v1/events", body(officers=["\x00"])),
    ("POST", "/api/v1/events", body(officers=["HALF"])),
    ("POST", "/api/v1/events", body(external_id="e" * 500)),
    ("POST", "/api/v1/events", body(arrived_at="0001-01-01T00:00:00")),
    ("POST", "/api/v1/events", body(arrived_at="9999-12-31T23:59:00Z")),
    ("POST", "/api/v1/events", body(latitude=1e308, longitude=1)),
    ("POST", "/api/v1/events", '{"latitude": NaN, "longitude": Infinity,' + body()[1:]),
    ("POST", "/api/v1/events", '{"title": ' + "9" * 6000 + "}"),
    ("POST", "/api/v1/events", "[" * 100_000),
    ("POST", "/api/v1/events", b"\xff\xfe\xff"),
    ("POST", "/api/v1/recorder-models", '{"code": "m", "conventions": {"a": "' + HALF + '"}}'),
    ("POST", "/api/v1/recorder-models", '{"code": "m", "conventions": {"a": "\\u0000"}}'),
    ("POST", "/api/v1/recorder-models", '{"code": "m", "conventions": {"a": NaN}}'),
    ("POST", "/api/v1/officers", '{"certificate_no": "\\u0000", "name": "n", "squad": "1"}'),
    ("POST", "/api/v1/tokens", '{"name": "\\u0000"}'),
    ("POST", "/api/v1/session", '{"username": "\\u0000", "password": "\\u0000"}'),
    ("POST", "/api/v1/session", '{"username": "' + HALF + '", "password": "' + HALF + '"}'),
    ("POST", "/api/v1/session/password", '{"current": "' + HALF + '", "wanted": "x"}'),
]


@pytest.mark.parametrize(("method", "path", "content"), BODIES)
def test_no_body_breaks_the_service(same_house: House, method: str, path: str, content: Any) -> None:
    answer = same_house.ask(
        method, path, Role.supervisor, "1", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        problem = answer.json()
        assert problem["status"] == answer.status_code and problem["type"] != "urn:zhenglu:error:internal"


def test_emptying_what_must_not_be_empty_is_refused(house: House) -> None:
    made = house.ask("POST", "/api/v1/officers", Role.supervisor, json={
        "certificate_no": "012", "name": "n", "squad": "1",
    }).json()  # fmt: skip
    answer = house.ask("PATCH", f"/api/v1/officers/{made['id']}", Role.supervisor, json={"name": None})
    assert answer.status_code == 409


@pytest.mark.parametrize(
    "name", ["\x00", "\u202e", "<script>alert(1)</script>", '"><img src=x onerror=1>', "𠮷"]
)
def test_a_files_name_is_only_shown(house: House, name: str) -> None:
    recording = house.bureau.receive(
        b"bytes", name=name.replace("\x00", "") or "x", note=name.replace("\x00", "")
    )
    page = house.ask("GET", f"/recordings/{recording}", Role.reviewer, None)
    assert page.status_code == 200
    assert "<script>alert" not in page.text and "<img src=x" not in page.text
    original = house.ask("GET", f"/api/v1/recordings/{recording}/original", Role.reviewer, None)
    assert original.status_code == 404  # not there yet


def test_what_nobody_foresaw_is_answered_in_words_and_tells_nothing(house: House) -> None:
    def stumble() -> None:
        raise RuntimeError("/srv/secret")

    app: Any = house.client.app
    app.router.add_api_route("/stumble", stumble)
    plain = house.client.get("/stumble")
    assert plain.status_code == 500 and plain.headers["content-type"] == "application/problem+json"
    assert plain.json()["type"].endswith("internal") and plain.headers["cache-control"] == "no-store"
    page = house.client.get("/stumble", headers={"Accept": "text/html"})
    assert page.status_code == 500 and "<h1" in page.text
    assert "secret" not in plain.text + page.text


def test_every_answer_below_uploads_names_the_protocol(house: House) -> None:
    for path in ("/api/v1/uploads/a/b", "/api/v1/uploads"):
        assert house.client.get(path).headers["tus-resumable"] == "1.0.0"
    assert "tus-resumable" not in house.client.get("/api/v1/recordings").headers


def test_a_large_body_is_refused_before_it_is_read(house: House) -> None:
    large = b"a" * (2**20 + 1)
    for path in ("/sign-in", "/api/v1/session", "/language"):
        answer = house.client.post(path, content=large, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413, path

    def in_pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b"a" * 65536

    for kind in ("application/json", "application/x-www-form-urlencoded"):
        answer = house.client.post("/api/v1/session", content=in_pieces(), headers={"Content-Type": kind})
        assert answer.status_code == 413, kind
    kept = house.ask("POST", "/api/v1/recordings?filename=a.mp4", Role.member, content=large)
    assert kept.status_code == 201


def test_no_cache_keeps_what_a_person_may_see(house: House) -> None:
    recording = house.bureau.receive(b"bytes")
    for path in ("/", f"/recordings/{recording}", "/api/v1/recordings", f"/api/v1/recordings/{recording}"):
        assert house.ask("GET", path, Role.member).headers["Cache-Control"] == "no-store"


def test_the_description_of_the_api_brings_nothing_of_another_host(house: House) -> None:
    page = house.client.get("/docs")
    assert page.status_code == 200 and "/api/v1/links/{link_id}/confirm" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "https://" not in page.text
    assert "/sign-out" in house.ask("GET", "/docs", Role.member).text


@pytest.mark.parametrize("year", ["0001", "1999", "2101", "9999"])
def test_a_year_that_cannot_be_is_refused_by_its_field(house: House, year: str) -> None:
    moment, now = f"{year}-06-03T08:00:00", "2024-06-03T08:00:00"
    event = {"title": "一次检查", "kind": "inspection", "squad": "1", "arrived_at": now}
    house.bureau.squad("1")
    for field in ("arrived_at", "departed_at"):
        answer = house.ask("POST", "/api/v1/events", Role.member, json=event | {field: moment})
        assert (answer.status_code, answer.json()["field"]) == (422, field)
    made = house.ask("POST", "/api/v1/events", Role.member, json=event).json()["id"]
    changed = house.ask("PATCH", f"/api/v1/events/{made}", Role.member, json={"departed_at": moment})
    assert (changed.status_code, changed.json()["field"]) == (422, "departed_at")
    held = {"recorder": "R-1", "officer": "001", "held_from": moment}
    answer = house.ask("POST", "/api/v1/assignments", Role.supervisor, json=held)
    assert (answer.status_code, answer.json()["field"]) == (422, "held_from")
    rows = [event | {"external_id": "E-1", "arrived_at": moment}]
    report = house.ask("POST", "/api/v1/events/import", Role.supervisor, json=rows).json()["rows"]
    assert report[0]["outcome"] == "refused" and report[0]["problem"].startswith("抵达时间")
    sent = house.ask(
        "POST", f"/api/v1/recordings?filename=a.mp4&recorded_at={moment}", Role.member, content=b"a"
    )
    assert sent.status_code == 201, (
        "a camera's reset clock is a claim: kept and doubted, never a reason to refuse"
    )


def test_a_number_is_no_time_where_the_api_wants_one(house: House) -> None:
    house.bureau.squad("1")
    event = {"title": "一次检查", "kind": "inspection", "squad": "1", "arrived_at": "2024-06-03T08:00:00"}
    for number in (2026112009, "2026112009", 46346.375, " 1764209100 "):
        answer = house.ask("POST", "/api/v1/events", Role.member, json=event | {"arrived_at": number})
        assert (answer.status_code, answer.json()["field"]) == (422, "arrived_at")
        asked = house.ask("GET", f"/api/v1/events?from={number}", Role.member)
        assert (asked.status_code, asked.json()["field"]) == (422, "from")
        assert "Value error" not in answer.text + asked.text
    assert house.ask("GET", "/api/v1/events?from=2024-06-03T08:00:00", Role.member).status_code == 200


def test_a_sidecar_of_a_stranger_is_not_read(house: House) -> None:
    app = create_app()

    async def ask() -> int:
        scope = {
            "type": "http", "method": "POST", "path": "/api/v1/sidecars", "raw_path": b"/api/v1/sidecars",
            "query_string": b"", "headers": [(b"host", b"localhost")], "client": ("192.0.2.1", 1),
            "server": ("localhost", 80), "scheme": "http", "http_version": "1.1", "root_path": "",
        }  # fmt: skip
        answered: list[int] = []
        before_answer = 0

        async def receive() -> dict[str, Any]:
            nonlocal before_answer
            before_answer += not answered
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])

        await app(scope, receive, send)
        return answered[0] if not before_answer else -1

    # in a thread of its own: a browser of another test may keep an event loop running in this one
    with ThreadPoolExecutor() as pool:
        assert pool.submit(lambda: asyncio.run(ask())).result() == 401


def test_an_event_made_from_a_recording_with_too_long_a_title_is_refused_by_its_field(house: House) -> None:
    recording = house.bureau.receive(b"bytes")
    wanted = {"title": "长" * 501, "arrived_at": "2024-06-03T08:00:00"}
    answer = house.ask("POST", f"/api/v1/recordings/{recording}/new-event", Role.member, json=wanted)
    assert (answer.status_code, answer.json()["field"]) == (400, "title")


LISTS = (
    "/api/v1/events", "/api/v1/cases", "/api/v1/campaigns", "/api/v1/officers", "/api/v1/recorders",
    "/api/v1/recordings", "/api/v1/recordings/facets", "/events", "/cases", "/recordings", "/recordings/facets",
)  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_a_search_has_so_many_words_and_characters_and_no_more(same_house: House, path: str) -> None:
    def ask(q: str) -> httpx.Response:
        return same_house.ask("GET", path, Role.supervisor, params={"q": q})

    few, long = " ".join(f"词语{n}" for n in range(asked.MOST_WORDS)), "长" * asked.MOST_CHARACTERS
    assert [ask(q).status_code for q in (few, long, f"  {long}  ")] == [200] * 3
    for q in (f"{few} 词语", long + "长", "a " * 1000, "，".join(f"词语{n}" for n in range(60))):
        answer = ask(q)
        assert answer.status_code in (400, 422), q[:20]
        assert answer.headers["content-type"] == "application/problem+json"
    assert ask(f"{few} 词语").json()["type"].endswith("search-query-too-long")


def test_what_stands_in_an_address_is_bounded_on_every_route(same_house: House) -> None:
    long = "x" * (asked.LONGEST + 1)
    for path in (
        "/api/v1/events?kind=",
        "/api/v1/recordings?tag=",
        "/events?kind=",
        "/api/v1/coverage?by=",
        "/x?y=",
    ):
        answer = same_house.ask("GET", path + long, Role.supervisor)
        assert answer.status_code == (404 if path.startswith("/x") else 422), path
    many = "&".join(["officer=1"] * (asked.MOST_OF_ONE + 1))
    for path in ("/api/v1/recordings", "/recordings", "/api/v1/events", "/sign-in"):
        assert same_house.ask("GET", f"{path}?{many}", Role.supervisor).status_code == 422, path
    more = "&".join(f"a{n}=1" for n in range(asked.MOST_VALUES + 1))
    assert same_house.ask("GET", f"/events?{more}", Role.supervisor).status_code == 422
    assert same_house.ask("GET", "/events?" + "&" * 5000, Role.supervisor).status_code == 200
    assert same_house.ask("GET", f"/api/v1/recorders/{long}/clock", Role.supervisor).status_code == 422
    way_back = same_house.client.get("/sign-in", params={"next": "/recordings?q=" + "x" * 1000})
    assert way_back.status_code == 200


def test_words_looked_for_leave_nothing_behind(same_house: House) -> None:
    """Each number of words is a statement of its own, and statements are kept."""
    engine = database.get_engine()
    before = len(engine._compiled_cache)
    for n in range(1, 60):
        same_house.ask(
            "GET", "/api/v1/events", Role.supervisor, params={"q": " ".join(["a"] * n + ["b"] * n)}
        )
        same_house.ask(
            "GET", "/api/v1/events", Role.supervisor, params={"q": " ".join(f"w{i}" for i in range(n))}
        )
    assert len(engine._compiled_cache) - before <= 2 * asked.MOST_WORDS + 5


def test_so_many_officers_and_no_more_are_looked_up_at_once(house: House) -> None:
    numbers = [f"{n:06}" for n in range(50)]
    with database.transaction() as session:
        squad = house.bureau.squad("1")
        session.add_all(Officer(certificate_no=one, name=f"队员{one}", squad_id=squad) for one in numbers)
    event = {"title": "一次检查", "kind": "inspection", "squad": "1", "arrived_at": "2024-06-03T08:00:00"}
    answers = {}
    for count in (1, 2, 50):  # the first one signs in
        with counted_statements(database.get_engine()) as said:
            made = house.ask(
                "POST", "/api/v1/events", Role.supervisor, json=event | {"officers": numbers[:count]}
            )
        assert made.status_code == 201, made.text
        answers[count] = said.count
    assert answers[2] == answers[50]
    assert len(made.json()["officers"]) == 50
    for officers in (["000001"] * 51, ["000001"] * 20_000, ["x" * 201]):
        refused = house.ask("POST", "/api/v1/events", Role.supervisor, json=event | {"officers": officers})
        assert refused.status_code in (413, 422)
        changed = house.ask(
            "PATCH", f"/api/v1/events/{made.json()['id']}", Role.supervisor, json={"officers": officers}
        )
        assert changed.status_code in (413, 422)
    twice = house.ask(
        "POST", "/api/v1/events", Role.supervisor,
        json=event | {"officers": ["000001", " 000001"]},
    )  # fmt: skip
    assert len(twice.json()["officers"]) == 1
    unknown = house.ask(
        "POST", "/api/v1/events", Role.supervisor, json=event | {"officers": ["000001", "nobody"]}
    )
    assert (unknown.status_code, unknown.json()["field"]) == (400, "officer")


def test_a_body_of_rubbish_for_a_list_is_not_told_item_by_item(same_house: House) -> None:
    event = {"title": "t", "kind": "inspection", "squad": "1", "arrived_at": "2024-06-03T08:00:00"}
    rubbish = [0] * ((bodies.MESSAGE.most_bytes - 300) // 3)
    answer = same_house.ask("POST", "/api/v1/events", Role.supervisor, json=event | {"officers": rubbish})
    assert answer.status_code == 422 and len(answer.content) < 2000

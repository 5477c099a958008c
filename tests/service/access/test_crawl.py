"""Every operation × every role of another squad × ids and numbers of the first one: nothing changes, and each is answered
as one that does not exist."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from deploy.embedded.postgres import Postgres
from schemas.accounts import Role
from service.app import create_app
from service.kernel.database import get_engine
from tests.fixtures.postgres import own_database
from tests.service.access.conftest import own_settings
from tests.service.access.crawl import ASKERS, Crawl, open_crawl
from tests.service.access.table import Rule
from tests.service.access.test_table import EVERY, body_of

READING = {"GET", "HEAD"}
SAME = {
    "kind": "officers", "name": "unlinked", "month": "2024-06", "version": "0", "number": "0", "attempt": "1", "queue": "explanations",
    "verb": "approve", "decision": "confirm", "choice": "keep", "duty": "complete-uploads", "double_id": "0",
    "campaign_id": "0", "model_id": "0",
}  # fmt: skip
"""What names no row of a squad."""
AS_NAMES = {"one": "{squad}", "012": "{officer}", "R-07": "{recorder}"}


def of_rows(path: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", path)) - set(SAME) - {"path"}


ASKED = [
    pytest.param(method, path, rule, id=f"{method} {path}")
    for (method, path), rule in EVERY.items()
    if rule.may is not None and not rule.own and (method not in READING or of_rows(path))
]
FILTERS = {
    "squad": ("{squad_id}", "{squad}"), "officer": ("{officer}", "{officer_id}"), "recorder": ("{serial}", "{recorder_id}"),
    "event": ("{event_id}", "{external_id}"), "case": ("{case}", "{case_id}"), "recording": ("{recording_id}",),
    "q": ("{external_id}", "{case}"), "group": ("{squad_id}",),
    "done": ("{recording_id}",),
}  # fmt: skip
"""What of a query string may name a row of a squad."""


def named(body: Any) -> Any:
    """The table's bodies are about the first squad's rows by the names that those have there."""
    if isinstance(body, Mapping):
        return {key: named(value) for key, value in body.items()}
    if isinstance(body, list):
        return [named(one) for one in body]
    return AS_NAMES.get(body, body) if isinstance(body, str) else body


@pytest.fixture(scope="module")
def crawl(postgres: Postgres, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawl]:
    folder: Path = tmp_path_factory.mktemp("crawl")
    with own_database(postgres, f"crawl_{worker_id}") as url, own_settings(url, folder):
        yield open_crawl(get_engine(), folder)


def put(rule: Rule) -> dict[str, Any]:
    return {"body": named(body_of(rule)), "form": rule.form, "headers": rule.headers}


@pytest.mark.parametrize(("method", "path", "rule"), ASKED)
def test_nothing_of_another_squad_changes_or_is_told(
    crawl: Crawl, method: str, path: str, rule: Rule
) -> None:
    before, own = crawl.state(), SAME | dict(rule.said)
    told = [crawl.differences(asker, method, path, put(rule), **own) for asker in ASKERS]
    after = crawl.state()
    assert [name for name in before if before[name] != after[name]] == []
    assert list(filter(None, told)) == []


# ---- in what is one's own, naming what is another's -----------------------------------------------------

WHEN = "2024-06-04T09:00:00+08:00"
HELD = {"recorder": "R-0802", "officer": "{officer}", "held_from": WHEN}
DUTY = {"officer": "{officer}", "squad": "two", "starts_at": WHEN, "ends_at": "2024-06-04T18:00:00+08:00"}
ACT = {"title": "t", "kind": "inspection", "arrived_at": WHEN, "squad": "two"}
FORM = {"title": "t", "kind": "inspection", "arrived": "2024-06-04T09:00:00"}
CLOCK = {"measured_at": "2024-06-03T18:00:00+08:00", "offset_s": 1}
WITHIN: list[tuple[str, str, str, Any]] = [
    ("POST", "/api/v1/events", "body", ACT | {"officers": ["{officer}"]}),
    ("POST", "/api/v1/events", "body", ACT | {"officers": ["{officer_id}"]}),
    ("POST", "/api/v1/events", "body", ACT | {"case": "{case}"}),
    ("POST", "/api/v1/events", "body", ACT | {"case": "{case_id}"}),
    ("POST", "/api/v1/events", "body", ACT | {"squad": "{squad}"}),
    ("POST", "/api/v1/events/import", "body", [ACT | {"external_id": "E-3", "officers": ["{officer}"]}]),
    ("POST", "/api/v1/events/import", "body", [ACT | {"external_id": "E-3", "case": "{case}"}]),
    ("POST", "/api/v1/events/import", "body", [ACT | {"external_id": "E-3", "squad": "{squad}"}]),
    ("PATCH", "/api/v1/events/{event_id}", "body", {"officers": ["{officer}"]}),
    ("PATCH", "/api/v1/events/{event_id}", "body", {"case": "{case}"}),
    ("POST", "/api/v1/events/{event_id}/merge", "body", {"into": "{event_id}"}),
    ("POST", "/api/v1/recordings/{recording_id}/event", "body", {"event": "{event_id}"}),
    ("POST", "/api/v1/recordings/{recording_id}/new-event", "body", {"officers": ["{officer}"]}),
    ("POST", "/api/v1/recordings/{recording_id}/new-event", "body", {"case": "{case}"}),
    ("POST", "/api/v1/rosters", "body", DUTY),
    ("POST", "/api/v1/rosters", "body", {name: said for name, said in DUTY.items() if name != "squad"}),
    ("POST", "/api/v1/rosters/import", "body", [DUTY]),
    ("POST", "/api/v1/assignments", "body", HELD),
    ("POST", "/api/v1/assignments", "body", HELD | {"recorder": "{recorder}"}),
    ("POST", "/api/v1/assignments", "body", HELD | {"officer": "0222", "recorder": "{recorder}"}),
    ("POST", "/api/v1/assignments/import", "body", [HELD, HELD | {"officer": "0222", "recorder": "{recorder}"}]),
    ("PATCH", "/api/v1/officers/{officer_id}", "body", {"squad": "{squad}"}),
    ("PATCH", "/api/v1/recorders/{recorder_id}", "body", {"squad": "{squad_id}"}),
    ("PATCH", "/api/v1/cases/{case_id}", "body", {"squad": "{squad}"}),
    ("POST", "/api/v1/officers/import", "body", [{"certificate_no": "0223", "name": "n", "squad": "{squad}"}]),
    ("POST", "/api/v1/recorders/import", "body", [{"serial": "R-0803", "squad": "{squad}"}]),
    ("POST", "/api/v1/cases/import", "body", [{"number": "〔2024〕9号", "squad": "{squad}"}]),
    ("POST", "/api/v1/clocks/import", "body", [CLOCK | {"external_id": "O-9", "recorder": "{recorder}"}]),
    ("POST", "/api/v1/events/{event_id}/disputes", "body", {"statement": "s", "recording": "{recording_id}"}),
    ("POST", "/api/v1/disputes", "body", {"about": "recording", "row": "{recording_id}", "statement": "s"}),
    ("POST", "/api/v1/disputes", "body", {"about": "recorder", "row": "{recorder_id}", "statement": "s", "day": "2024-06-03"}),
    ("POST", "/api/v1/disputes", "body", {"about": "duty_day", "row": "{squad_id}", "statement": "s", "day": "2024-06-03"}),
    ("POST", "/api/v1/set-aside/retry", "body", {"duty": "complete-uploads", "subject_id": "{upload_id}"}),
    ("POST", "/events/{event_id}/edit", "form", FORM | {"more_officers": "{officer}"}),
    ("POST", "/events/{event_id}/edit", "form", FORM | {"case": "{case}"}),
    ("POST", "/events/{event_id}/merge", "form", {"into": "{event_id}"}),
    ("POST", "/recordings/{recording_id}/new-event", "form", FORM | {"more_officers": "{officer}"}),
    ("POST", "/recordings/{recording_id}/new-event", "form", FORM | {"case": "{case}"}),
    ("POST", "/recordings/{recording_id}/links/{theirs}/confirm", "form", {}),
    ("POST", "/my-uploads/{recording_id}/event", "form", {"event": "{event_id}"}),
    ("POST", "/events/{event_id}/dispute", "form", {"statement": "s", "recording": "{recording_id}"}),
    ("POST", "/disputes", "form", {"about": "recorder", "row": "{recorder_id}", "statement": "s", "day": "2024-06-03"}),
    ("POST", "/coverage/lists/unlinked/recordings/{recording_id}/links/{theirs}/confirm", "form", {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "how", "body"),
    WITHIN,
    ids=[f"{n} {method} {path}" for n, (method, path, *_) in enumerate(WITHIN)],
)
def test_what_is_anothers_is_unknown_in_what_is_ones_own(
    crawl: Crawl, method: str, path: str, how: str, body: Any
) -> None:
    """The addresses are those of the asker's own rows; `theirs` is the other's link."""
    before = crawl.state()
    address = path.replace("{theirs}", "{link_id}") if "{theirs}" in path else path
    own = {name: crawl.second[name] for name in of_rows(path) - {"theirs"}}
    told = []
    for asker in ASKERS:
        answers = []
        for names in (crawl.first, crawl.nobodys):
            at = address.format(**{**names, **own})
            answers.append(crawl.plain(crawl.ask(asker, method, at, names, **{how: body})))
        if answers[0] != answers[1]:
            told.append(f"{asker}: {answers[0]} for theirs, {answers[1]} for nobody's"[:1500])
    after = crawl.state()
    assert told == []
    assert [name for name in before if before[name] != after[name]] == []


# ---- filters -----------------------------------------------------------------------------------------------


def said_in(asked: Dependant) -> set[str]:
    return {one.alias for one in asked.query_params}.union(*map(said_in, asked.dependencies))


def filters() -> Iterator[Any]:
    yield pytest.param("/api/v1/custody", "subject", "{recording_id}")
    yield pytest.param("/api/v1/custody", "subject", "{event_id}")

    def walk(routes: Any) -> Iterator[APIRoute]:
        for route in routes:
            inner = getattr(route, "original_router", None)
            if inner is not None:
                yield from walk(inner.routes)
            elif isinstance(route, APIRoute):
                yield route

    for route in walk(create_app().routes):
        if "GET" not in route.methods or of_rows(re.sub(r":\w+}", "}", route.path)):
            continue
        for name in sorted(said_in(route.dependant)):
            for value in FILTERS.get(name, ()):
                yield pytest.param(route.path, name, value, id=f"{route.path}?{name}={value}")


@pytest.mark.parametrize(("path", "name", "value"), list(filters()))
def test_a_filter_tells_nothing_of_another_squad(crawl: Crawl, path: str, name: str, value: str) -> None:
    address = f"{re.sub(r':[a-z]+}', '}', path)}?{name}={value}"
    told = [crawl.differences((role, False), "GET", address, {}, **SAME) for role in Role]
    assert list(filter(None, told)) == []


# ---- a clash ------------------------------------------------------------------------------------------------

NEW: list[tuple[str, dict[str, Any], str]] = [
    ("events", ACT, "external_id"),
    ("rosters", DUTY | {"officer": "0222", "starts_at": "2024-07-04T09:00:00+08:00", "ends_at": "2024-07-04T18:00:00+08:00"}, "roster"),
    ("assignments", HELD | {"officer": "0222"}, "assignment"),
    ("officers", {"name": "n", "squad": "two"}, "officer"),
    ("recorders", {"squad": "two"}, "recorder"),
    ("cases", {"squad": "two"}, "case"),
]  # fmt: skip
KEYS = {"officers": "certificate_no", "recorders": "serial", "cases": "number"}


@pytest.mark.parametrize(("table", "body", "key"), NEW)
def test_a_clash_says_only_that_this_number_cannot_be_used(
    crawl: Crawl, table: str, body: dict[str, Any], key: str
) -> None:
    """Alike for another squad's number, however it is written, and for one of the own; and in an import."""
    before = crawl.state()
    column = KEYS.get(table, "external_id")
    asker = (Role.supervisor, False)
    clashes = []
    for number in (crawl.first[key], crawl.first[key].lower(), crawl.second[key]):
        answer = crawl.ask(asker, "POST", f"/api/v1/{table}", {}, body=body | {column: number})
        if number != crawl.first[key]:
            assert crawl.first[key] not in answer.text, "how it is written there"
        clashes.append((answer.status_code, answer.json()["detail"].replace(number, "…")))
    assert clashes[0][0] == 409 and clashes == [clashes[0]] * len(clashes)
    rows = crawl.ask(asker, "POST", f"/api/v1/{table}/import", {}, body=[body | {column: crawl.first[key]}])
    (row,) = rows.json()["rows"]
    assert (row["outcome"], crawl.first["squad_id"] in rows.text) == ("refused", False)
    assert "another squad" not in rows.text and "中队" not in row["problem"]
    assert [name for name, told in crawl.state().items() if before[name] != told] == []


# ---- the longer product --------------------------------------------------------------------------------------


ANYWHERE = {
    "squad": ("squad", "squad_id"), "officer": ("officer", "officer_id"), "officers": ("officer", "officer_id"),
    "more_officers": ("officer",), "recorder": ("recorder", "recorder_id"), "case": ("case", "case_id"),
    "event": ("event_id", "external_id"), "into": ("event_id",), "recording": ("recording_id",),
    "row": ("recording_id", "recorder_id", "squad_id", "event_id"), "subject_id": ("upload_id",),
}  # fmt: skip
"""Fields of any body, and what of a squad's they may name."""


@pytest.mark.soak
@pytest.mark.parametrize(("method", "path", "rule"), [one for one in ASKED if one.values[0] not in READING])
def test_nor_by_any_body(crawl: Crawl, method: str, path: str, rule: Rule) -> None:
    """Each of another squad's names under each name that any body has, one at a time and with what the table sends."""
    before, own = crawl.state(), SAME | dict(rule.said)
    sent, how = put(rule), "form" if rule.form is not None else "body"
    known = sent[how] if isinstance(sent[how], Mapping) else {}
    told = []
    for one, names in ANYWHERE.items():
        for name in names:
            value: Any = [f"{{{name}}}"] if one == "officers" and how == "body" else f"{{{name}}}"
            said = {**sent, how: {**known, one: value}}
            told += [crawl.differences(asker, method, path, said, **own) for asker in ASKERS]
    after = crawl.state()
    assert list(filter(None, told)) == []
    assert [name for name in before if before[name] != after[name]] == []


def test_the_askers_may_what_is_their_own(crawl: Crawl) -> None:
    """Else every refusal above would prove nothing."""
    for path in (
        "recordings/{recording_id}",
        "recordings/{recording_id}/original",
        "recordings/{recording_id}/poster",
    ):
        assert crawl.ask((Role.supervisor, False), "GET", f"/api/v1/{path}", crawl.second).status_code == 200
    for table, body in (("events", ACT | {"officers": ["0222"]}), ("rosters", DUTY | {"officer": "0222"})):
        answer = crawl.ask((Role.supervisor, False), "POST", f"/api/v1/{table}", {}, body=body)
        assert answer.status_code == 201, answer.text

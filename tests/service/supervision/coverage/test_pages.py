"""The pages of coverage: first who may not, then another squad, then that every number is as large as its rows."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from httpx import Response
from sqlmodel import Session, select

from schemas.accounts import Account, Role
from schemas.events import EventKind
from schemas.links import Link, LinkState
from schemas.matters import MatterBase
from schemas.people import Roster, Squad
from service.kernel.clock import local, now
from service.kernel.database import get_engine, transaction
from service.registry.matters.actions import publish
from service.supervision.coverage.counting import recount_all
from tests.service.access.bureau import Bureau
from tests.service.access.conftest import bureau as access_bureau  # noqa: F401  the fixtures below stand on these
from tests.service.access.conftest import shared  # noqa: F401
from tests.service.finding.linking.field import Field, at

BOARD = ("/coverage", "/coverage/more", "/coverage/rows", "/coverage/lists", "/coverage/lists/counts")
LISTS = (
    "due", "missing", "partly", "late", "gaps", "unlinked", "ambiguous", "announced", "explanations", "disputes",
    "changed_late", "not_docked", "low_battery", "unassigned", "held_by_leavers", "ratio", "clocks",
)  # fmt: skip
JUNE = "/coverage?month=2024-06"
TITLES = ("招牌检查", "扬尘取证", "别队巡查")


@pytest.fixture(scope="module")
def service(shared: Bureau) -> Bureau:  # noqa: F811
    """One for all tests that only ask."""
    return _furnished(shared)


@pytest.fixture
def own_service(access_bureau: Bureau) -> Bureau:  # noqa: F811
    return _furnished(access_bureau)


def _furnished(bureau: Bureau) -> Bureau:
    """Squad one on 2024-06-03: one event filmed whole, 120 not at all. Squad two: one event, not filmed."""
    with transaction(get_engine()) as session:
        link = session.get_one(Link, bureau.ids["link_id"])
        link.state = LinkState.automatic
        session.add(link)
        field = Field(session)
        for code in ("one", "two"):
            field.known["squad", code] = _squad(session, code)
        for n in range(120):
            field.event(at(f"{8 + n % 9:02}:{n % 60:02}"), at("17:30"), title=f"{TITLES[n % 2]} {n:03}")
        field.event(at("11:00"), at("11:20"), squad="two", title=TITLES[2])
        session.flush()
        recount_all(session)
    return bureau


def _squad(session: Session, code: str) -> Squad:
    return session.exec(select(Squad).where(Squad.code == code)).one()


def ask(
    service: Bureau, path: str, role: Role = Role.supervisor, squad: str | None = None, method: str = "GET"
) -> Response:
    secret = service.secret(role, squad)
    headers = {"Authorization": f"Bearer {secret}", "Accept": "text/html", "Accept-Language": "en"}
    return service.client.request(method, path, headers=headers, follow_redirects=False)


def rows_of(service: Bureau, href: str, squad: str | None = None) -> int:
    """Of all its pages."""
    n, path = 0, href
    while path:
        told = ask(service, path, squad=squad)
        assert told.status_code == 200, path
        n += told.text.count("data-row ")
        more = re.search(r'class="more"><a class="btn" href="([^"]+)"', told.text)
        path = unescape(more.group(1)) if more else ""
    return n


@pytest.mark.parametrize("path", (*BOARD, "/coverage/lists/missing", "/coverage/lists/explanations"))
def test_the_board_and_its_lists_are_for_those_who_may_see_the_board(service: Bureau, path: str) -> None:
    assert (
        service.client.get(path, headers={"Accept": "text/html"}, follow_redirects=False).status_code == 303
    )
    for role in (Role.member, Role.reviewer):
        assert ask(service, path, role, "one").status_code == 403
    for role in (Role.supervisor, Role.auditor, Role.legal):
        assert ask(service, path, role, "one").status_code == 200


@pytest.mark.parametrize("path", (JUNE, "/coverage/rows?month=2024-06", "/coverage/lists/missing"))
def test_another_squads_rows_are_on_no_page(service: Bureau, path: str) -> None:
    told = ask(service, path, squad="two").text
    assert TITLES[0] not in told and TITLES[1] not in told and "中队 one" not in told
    assert TITLES[2] not in ask(service, path, squad="one").text
    assert ask(service, f"/coverage?squad={service.ids['squad_id']}", squad="two").status_code == 400


def test_every_number_of_the_board_is_as_large_as_its_rows_over_all_pages(service: Bureau) -> None:
    told = ask(service, JUNE).text
    tile = re.search(r'id="figure-recorded">(.*?)</article>', told, re.S)
    standings = re.search(r'<ul class="legend">(.*?)</ul>', told, re.S)
    assert tile and standings
    links = re.findall(r'href="(/coverage/rows[^"]+)">([\d,]+)', tile.group(1) + standings.group(1))
    assert len(links) >= 5
    for href, n in links:
        assert rows_of(service, unescape(href)) == int(n.replace(",", "")), href
    assert ("122" in [n for _, n in links]) and ("121" in [n for _, n in links])


def test_a_list_is_as_long_as_its_tab_says(service: Bureau) -> None:
    told = ask(service, "/coverage/lists/counts").text
    numbers = dict(re.findall(r'href="/coverage/lists/(\w+)"[^>]*>.*?<b class="n[^"]*">(\d+)', told))
    assert set(numbers) == set(LISTS)
    for name, n in numbers.items():
        assert rows_of(service, f"/coverage/lists/{name}") == int(n), name


@pytest.mark.parametrize(
    ("shown", "beside", "apart"),
    [
        ("month=2024-06", ("month=2024-05", "month=2024-07", "year=2024"), ("year=2023",)),
        ("year=2024", ("year=2023", "year=2025"), ("month=2023-12",)),
        ("from=2024-06-10&to=2024-06-20", ("month=2024-05", "year=2024"), ("year=2023",)),
        ("year=9998", (), ()),
        ("from=0001-01-01&to=0001-01-31", ("year=0001",), ()),
        ("from=9999-12-02&to=9999-12-30", ("month=9999-11",), ()),
    ],
)
def test_from_a_month_one_steps_to_months_and_from_a_year_to_years(
    service: Bureau, shown: str, beside: tuple[str, ...], apart: tuple[str, ...]
) -> None:
    told = ask(service, f"/coverage?{shown}")
    assert told.status_code == 200
    links = re.findall(r'href="(/coverage\?[^"]*)"', told.text)
    steps = {pair for link in links for pair in unescape(link).partition("?")[2].split("&")}
    assert steps >= set(beside) and not steps & set(apart)


@pytest.mark.parametrize("by", ["squad", "officer", "kind", "subject", "campaign"])
def test_the_board_is_had_by_every_group_and_period(service: Bureau, by: str) -> None:
    for range_ in (
        "month=2024-06",
        "year=2024",
        "from=2020-01-01&to=2026-12-31",
        "to=2024-06-10",
        "from=2024-06-01",
    ):
        assert ask(service, f"/coverage?{range_}&by={by}&figure=completeness").status_code == 200
    assert ask(service, "/coverage?basis=confirmed&kind=inspection&subject=-").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/coverage?by=day", "/coverage?month=2024-13", "/coverage?month=9999-12", "/coverage?from=soon", "/coverage?to=9999-12-31",
        "/coverage?as_of=x", "/coverage?basis=both", "/coverage?squad=nobody", "/coverage?year=0",
        "/coverage/rows?figure=steps", "/coverage/rows?part=half", "/coverage/rows?group=squad:x",
        "/coverage/rows?cursor=%00", "/coverage?from=2024-02-01&to=2024-01-01",
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_answered_is_the_askers(service: Bureau, path: str) -> None:
    assert ask(service, path).status_code == 400


def test_a_list_or_a_decision_that_does_not_exist_is_not_found(service: Bureau) -> None:
    link = service.ids["link_id"]
    recording = service.ids["recording_id"]
    assert ask(service, "/coverage/lists/nothing").status_code == 404
    for path in (
        f"/coverage/lists/missing/recordings/{recording}/links/{link}/confirm",
        f"/coverage/lists/unlinked/recordings/{recording}/links/{link}/erase",
        f"/explanations/{link}/erase",
        f"/disputes/{link}/erase",
    ):
        assert ask(service, path, method="POST").status_code == 404, path


def test_another_squads_recording_is_not_decided_from_a_list(own_service: Bureau) -> None:
    ids = own_service.ids
    path = f"/coverage/lists/unlinked/recordings/{ids['recording_id']}/links/{ids['link_id']}"
    assert ask(own_service, f"{path}/reject", squad="two", method="POST").status_code == 404
    assert ask(own_service, f"{path}/reject", Role.auditor, "one", method="POST").status_code == 403
    assert ask(own_service, f"{path}/reject", squad="one", method="POST").status_code == 303


def test_who_is_no_officer_has_no_list_of_his_own(service: Bureau) -> None:
    assert ask(service, "/coverage/mine", Role.reviewer, "one").status_code == 404
    assert "/coverage/mine" not in ask(service, "/", Role.member, "one").text


OWN = {
    "recording": "/coverage/mine?name=unlinked",
    "recorder": "/coverage/mine?name=not_docked",
    "duty_day": "/coverage/mine?name=ratio",
}


def test_every_row_that_concerns_an_officer_is_disputed_from_their_list_and_answered(
    own_service: Bureau,
) -> None:
    today, secret = local(now()), own_service.secret(Role.member, "one")
    with transaction(get_engine()) as session:
        field = Field(session)
        field.known["squad", "one"] = _squad(session, "one")
        officer = field.officer("777")
        account = session.exec(
            select(Account).where(Account.role == Role.member, Account.squad_id == officer.squad_id)
        ).first()
        account.officer_id = officer.id
        field.hold("R-77", "777", today - timedelta(days=1))
        field.recording(today - timedelta(days=2), today - timedelta(days=2), officer="777")
        for number in ("777", "778", "779"):
            colleague = field.officer(number)
            session.add(
                Roster(
                    officer_id=colleague.id,
                    squad_id=colleague.squad_id,
                    starts_at=today - timedelta(hours=2),
                    ends_at=today + timedelta(hours=6),
                )
            )
    said = {"Authorization": f"Bearer {secret}", "Accept": "text/html", "Accept-Language": "en"}
    for about, path in OWN.items():
        told = own_service.client.get(path, headers=said)
        form = re.search(rf'<input type="hidden" name="about" value="{about}">(.*?)</form>', told.text, re.S)
        assert told.status_code == 200 and form, path
        wanted = dict(re.findall(r'name="(row|day)" value="([^"]*)"', form.group(1)))
        body = {"about": about, "statement": f"wrong {about}", **wanted}
        answer = own_service.client.post("/disputes", data=body, headers=said, follow_redirects=False)
        assert answer.status_code == 303, answer.text
    assert own_service.client.get("/coverage/mine?name=clocks", headers=said).status_code == 200
    assert "disputes" in own_service.client.get("/coverage/mine", headers=said).text
    home = own_service.client.get("/", headers=said).text
    assert 'href="/coverage/mine">' in home  # with nothing to do, too
    waiting = ask(own_service, "/coverage/lists/disputes").text
    assert all(f"wrong {about}" in waiting for about in OWN)
    assert "wrong rec" not in ask(own_service, "/coverage/lists/disputes", squad="two").text
    ids = re.findall(r'action="/disputes/([0-9a-f-]{36})/uphold"', waiting)
    boss = {**said, "Authorization": f"Bearer {own_service.secret(Role.supervisor, None)}"}
    answered = own_service.client.post(
        f"/disputes/{ids[0]}/uphold", data={"answer": "put right"}, headers=boss, follow_redirects=False
    )
    assert answered.status_code == 303
    assert "put right" in own_service.client.get("/coverage/mine?name=disputes", headers=said).text


def test_a_change_of_rule_inside_the_range_is_said_on_the_board(own_service: Bureau) -> None:
    with transaction(get_engine()) as session:
        field = Field(session)
        field.known["squad", "one"] = _squad(session, "one")
        lines = [MatterBase(kind=kind) for kind in EventKind]
        publish(session, field.actor(Role.admin, None, name="publisher"), lines, date(2024, 6, 3))
        field.event(at("09:00", -1), at("09:30", -1))
        session.flush()
        recount_all(session)
    told = ask(own_service, JUNE).text
    assert "From 2024-06-03 version 1 of the matters list holds" in told
    assert "change of rule inside" in told
    only_after = ask(own_service, "/coverage?from=2024-06-03&to=2024-06-30").text
    assert "change of rule inside" not in only_after and "do not compare" not in only_after
    assert "but was published only on" in only_after  # it was published long after June
    later = ask(own_service, f"/coverage?from={local(now()).date()}").text
    assert "published only on" not in later


def test_few_rows_are_marked_and_many_are_not(service: Bureau) -> None:
    told = ask(service, JUNE).text
    tile = re.search(r'id="figure-recorded">(.*?)</article>', told, re.S)
    assert tile and "only 122" not in tile.group(1)
    alone = ask(service, JUNE, squad="two").text
    tile = re.search(r'id="figure-recorded">(.*?)</article>', alone, re.S)
    assert tile and "only 1" in tile.group(1)

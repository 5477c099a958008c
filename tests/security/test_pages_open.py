"""Every page opens for every role that the menu sends there, with rows of everything on it."""

import re
from uuid import uuid4

import pytest
from sqlmodel import select

from schemas.accounts import Role
from schemas.cases import Case
from schemas.jobs import Heartbeat, Job, JobKind, JobState
from schemas.links import Link, LinkState
from schemas.people import Officer
from schemas.policy import PolicyValue
from service.access.rules import may
from service.kernel import database
from service.kernel.settings import get_settings
from service.web.frame.navigation import NAVIGATION, navigation
from tests.fixtures.statements import counted_statements
from tests.security.conftest import House


def furnish(house: House, name: str) -> dict[str, str]:
    """A recording linked to an event of a case and offered for another event."""
    recording = house.bureau.receive(name.encode(), name=f"{name}.mp4", note="备注")
    with database.transaction() as session:
        case = Case(number=name, number_folded=name, title="案由", squad_id=house.bureau.squad("1"))
        session.add(case)
    event, other = house.event("1", case_id=case.id), house.event("1", case_id=case.id)
    house.link(recording, event)
    with database.transaction() as session:
        session.add(
            Link(
                recording_id=recording, event_id=other, state=LinkState.automatic, score=0.9, rule_version="1"
            )
        )
    return {"recordings": str(recording), "events": str(event), "cases": str(case.id)}


WHO = [(role, squad) for role in Role for squad in ("1", None) if squad or role != Role.member]


@pytest.mark.parametrize(("role", "squad"), WHO)
def test_every_page_of_the_menu_opens(same_house: House, role: Role, squad: str | None) -> None:
    ids = furnish(same_house, f"甲 {role} {squad}")
    paths = [path for path, _word, roles in NAVIGATION if roles is None or role in roles]
    paths += [f"/{kind}/{one}" for kind, one in ids.items()]
    paths += ["/account", "/recordings/facets", f"/recordings/{ids['recordings']}/jobs"]
    paths += [f"/api/v1/{kind}/{one}" for kind, one in ids.items()]
    if "/attention" in paths:
        paths += [
            f"/attention?what={what}" for what in ("failed", "waiting", "unlinked", "refused", "removal")
        ]
    answers = {path: same_house.ask("GET", path, role, squad).status_code for path in paths}
    assert set(answers.values()) == {200}, answers


GUARDED = {
    "/upload": "upload",
    "/my-uploads": "upload",
    "/attention": "see_board",
    "/coverage": "see_board",
    "/coverage/lists": "see_board",
    "/queue": "see_queue",
    "/people": "see_people",
    "/recorders": "see_people",
}


@pytest.mark.parametrize(("role", "squad"), WHO)
def test_the_menu_offers_exactly_what_the_role_may_open(
    same_house: House, role: Role, squad: str | None
) -> None:
    offered = {path for path, _word in navigation(role)}
    opens = {path for path, *_ in NAVIGATION if same_house.ask("GET", path, role, squad).status_code == 200}
    assert opens == offered
    assert offered & GUARDED.keys() == {path for path, what in GUARDED.items() if may(role, what)}


def test_a_longer_list_asks_the_database_no_more_often(house: House) -> None:
    def asks(path: str) -> int:
        with counted_statements(database.get_engine()) as asked:
            assert house.ask("GET", path, Role.supervisor, "1").status_code == 200
        return asked.count

    paths = ["/", "/recordings", "/my-uploads", "/cases", "/events", "/attention?what=waiting", "/people"]
    paths += ["/api/v1/recordings", "/api/v1/events", "/api/v1/links"]
    furnish(house, "甲1")
    furnish(house, "甲2")
    few = {path: (asks(path), asks(path))[1] for path in paths}
    for number in range(3, 9):
        furnish(house, f"甲{number}")
    assert {path: asks(path) for path in paths} == few


def test_the_queue_page_says_what_each_worker_has_in_hand(house: House) -> None:
    with database.transaction() as session:
        session.add_all([Heartbeat(worker=f"host:{n}", queue="encode") for n in (1, 2)])
        session.add(
            Job(
                kind=JobKind.renditions,
                subject_id=uuid4(),
                queue="encode",
                state=JobState.running,
                worker="host:1",
            )
        )
    page = house.ask("GET", "/queue", Role.supervisor, None).text
    assert page.count("空闲") == 1 and page.index("host:1") < page.index("空闲")


def test_a_demo_database_says_so_on_every_page_however_it_is_served(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "纯属虚构" not in house.ask("GET", "/recordings", Role.member).text
    with database.transaction() as session:
        session.add(PolicyValue(name="demo_database", value=True))
    assert "纯属虚构" in house.ask("GET", "/recordings", Role.member).text
    monkeypatch.setattr(get_settings(), "demo", True)
    assert "纯属虚构" in house.client.get("/sign-in", headers={"Accept": "text/html"}).text


@pytest.mark.parametrize(("role", "squad"), WHO)
def test_what_stands_twice_is_for_who_administers_the_whole_bureau(
    same_house: House, role: Role, squad: str | None
) -> None:
    wanted = 200 if may(role, "accounts") and squad is None else 403
    assert same_house.ask("GET", "/people/doubles", role, squad).status_code == wanted
    one = f"/people/doubles/officers/{uuid4()}"
    assert same_house.ask("GET", one, role, squad).status_code == (409 if wanted == 200 else 403)


def test_a_double_is_looked_at_and_merged_on_its_page(house: House) -> None:
    squad = house.bureau.squad("1")
    with database.transaction() as session:
        first = Officer(certificate_no="901", name="队员 901", squad_id=squad)
        session.add(first)
        session.flush()
        session.add(Officer(certificate_no="９０１", name="队员 九〇一", squad_id=squad, double_of=first.id))
    listed = house.ask("GET", "/people/doubles", Role.admin, None).text
    [address] = re.findall(r"/people/doubles/officers/[0-9a-f-]+", listed)
    page = house.ask("GET", address, Role.admin, None).text
    assert "队员 九〇一" in page and "无法撤销" in page
    [into] = re.findall(r'name="into" value="([0-9a-f-]+)"', page)
    assert (
        house.ask("POST", f"{address}/merge", Role.supervisor, None, data={"into": into}).status_code == 403
    )
    assert house.ask("POST", f"{address}/merge", Role.admin, None, data={"into": into}).status_code in (
        200,
        303,
    )
    after = house.ask("GET", "/people/doubles", Role.admin, None).text
    assert address not in after and "队员 九〇一" in after
    with database.transaction() as session:
        assert session.scalars(select(Officer.certificate_no).where(Officer.folded == "901")).all() == ["901"]

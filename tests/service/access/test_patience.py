"""Failures to sign in cost time and never the way in: for a name and an address together, bounded, in nobody's way."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import anyio.to_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from schemas.accounts import Account, AccountCreate, LoginFailure, Role
from schemas.base import new_id
from schemas.custody import CustodyEntry
from schemas.policy import PolicyValue
from service.access import actions, gate, known_browsers, patience, rules
from service.access.errors import TooManyAttempts, WrongPassword
from service.access.patience import Attempt, Standing, Waiting
from service.access.policy import LONGEST_WAIT
from service.kernel import database
from tests.service.access.asked import Answered, ask
from tests.service.access.bureau import Bureau

PASSWORD = "correct-horse-9"
LONGEST_S = 0.4
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@given(failures=st.integers(0, 10**6), free=st.integers(0, 50), longest=st.floats(0.1, 60))
def test_waits_grow_from_nothing_to_the_longest_and_no_further(
    failures: int, free: int, longest: float
) -> None:
    wait = rules.wait_s(failures, free, longest)
    assert 0 <= wait <= rules.wait_s(failures + 1, free, longest) <= longest
    assert (wait == 0) == (failures < free)
    assert rules.wait_s(free + 3, free, longest) == longest


def test_of_a_run_custody_keeps_the_first_and_ever_fewer() -> None:
    kept = [n for n in range(1, 200) if rules.worth_keeping(n, n)]
    assert kept == [1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64, 128]
    assert sum(rules.worth_keeping(1, n) for n in range(1, 10_000)) == 206, "names made up one by one"


def standing(failures: int = 0, of_address: int = 0, name: str = "leg") -> Standing:
    return Standing(Attempt(name, HERE, None), failures, of_address, 3, 40, 4.0)


def test_tries_at_once_are_let_through_one_by_one_and_those_beyond_are_told_when() -> None:
    waiting, seconds = Waiting(), []
    with ExitStack() as here:
        for _ in range(40):
            try:
                seconds.append(here.enter_context(waiting.turn(standing(), at=100.0)))
            except TooManyAttempts as refused:
                assert refused.headers["Retry-After"] == "4"
        assert seconds[:7] == [0, 0, 0, 0.5, 1.0, 2.0, 4.0]
        assert all(later - one >= 0.5 for one, later in pairwise(seconds[3:]))
        assert max(seconds) <= 8.0
        # another name of the same office, and the same name elsewhere
        assert here.enter_context(waiting.turn(standing(name="other"), at=100.0)) == 0
    assert (waiting.lines, waiting.waiting) == ({}, 0)


def test_a_flood_from_one_address_slows_the_others_there_and_refuses_none_of_them() -> None:
    waiting = Waiting()
    assert [standing(of_address=n).crowd_s for n in (0, 39, 40, 60, 80, 10**6)] == [0, 0, 0.5, 2, 4, 4]
    with ExitStack() as here:
        for n in range(patience.MOST_WAITING + 50):
            wait = here.enter_context(waiting.turn(standing(of_address=10**6, name=f"n{n}"), at=0.0))
            assert wait == (4.0 if n < patience.MOST_WAITING else 0.0)


@pytest.fixture
def door(bureau: Bureau) -> Bureau:
    with database.transaction(bureau.engine) as session:
        session.add(PolicyValue(name=LONGEST_WAIT.name, value=LONGEST_S))
        actions.create_account(
            session, "cli", AccountCreate(username="leg", password=PASSWORD, role=Role.admin)
        )
    return bureau


def now_waits(door: Bureau, name: str = "leg", address: str = HERE, cookie: str = "") -> float:
    with database.transaction(door.engine) as session:
        return Standing.of(session, Attempt.of(session, name, address, cookie)).wait_s(0)


def tried(door: Bureau, name: str, times: int, *, address: str = HERE, cookie: str = "") -> None:
    for _ in range(times):
        with database.transaction(door.engine) as session, pytest.raises(WrongPassword):
            actions.sign_in(session, name, "wrong", address, cookie)


async def sign_in(door: Bureau, password: str = PASSWORD, name: str = "leg", **more: Any) -> Answered:
    body = f'{{"username": "{name}", "password": "{password}"}}'.encode()
    return await ask(door.client.app, "POST", "/api/v1/session", [body], **more)


def in_one_loop(act: Any) -> Any:
    """Of its own: what waits belongs to the event loop that it began in."""
    for cached in (gate._strangers, gate._looks):
        cached.cache_clear()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(act())).result(120)


def test_neither_the_name_nor_the_administrator_is_shut_by_a_stranger(door: Bureau) -> None:
    tried(door, "leg", 20)

    async def told() -> tuple[Answered, float]:
        begun = time.monotonic()
        return await sign_in(door), time.monotonic() - begun

    answer, took = in_one_loop(told)
    assert answer.status == 200 and took >= LONGEST_S
    assert now_waits(door) == 0, "it got in: its failures were its own"


def test_a_stranger_elsewhere_slows_nobody_here(door: Bureau) -> None:
    tried(door, "leg", 9, address=ELSEWHERE)
    assert now_waits(door, address=ELSEWHERE) == LONGEST_S
    assert now_waits(door) == 0
    tried(door, "nobody", 9)
    assert now_waits(door) == 0, "another name of the same office"


def test_a_name_longer_than_any_counts_too(door: Bureau) -> None:
    wanted = {"username": "n" * 90, "password": "x"}
    for _ in range(4):
        assert door.client.post("/api/v1/session", json=wanted).status_code == 401
    assert now_waits(door, "n" * 90, address="testclient") > 0


def test_one_that_gets_in_elsewhere_forgives_no_stranger(door: Bureau) -> None:
    tried(door, "leg", 9, address=ELSEWHERE)
    with database.transaction(door.engine) as session:
        actions.sign_in(session, "leg", PASSWORD, HERE)
    assert now_waits(door, address=ELSEWHERE) == LONGEST_S


def test_names_that_nobody_has_wait_as_all_others_do(door: Bureau) -> None:
    for name in ("leg", "nobody", "NOBODY " * 30):
        tried(door, name, 5)
    assert now_waits(door) == now_waits(door, "nobody") == now_waits(door, "NOBODY " * 30) > 0
    assert now_waits(door, " leg\u202e") == now_waits(door), "the same name, written differently"


def test_a_known_browser_waits_for_no_stranger_and_for_its_own_failures(door: Bureau) -> None:
    answer = door.client.post("/api/v1/session", json={"username": "leg", "password": PASSWORD})
    said = answer.headers["set-cookie"]
    cookie = door.client.cookies[known_browsers.COOKIE]
    assert f"{known_browsers.COOKIE}={cookie}; HttpOnly" in said
    tried(door, "leg", 20)
    assert now_waits(door) == LONGEST_S and now_waits(door, cookie=cookie) == 0
    assert now_waits(door, "nobody", cookie=cookie) == 0
    tried(door, "leg", patience.KNOWN_FREE + 3, cookie=cookie)
    assert now_waits(door, cookie=cookie) == LONGEST_S, "who sits before it may not guess for ever"


def test_a_known_browser_is_no_session_and_ends_with_the_password_and_with_the_account(door: Bureau) -> None:
    door.client.post("/sign-in", data={"username": "leg", "password": PASSWORD}, follow_redirects=False)
    cookie = door.client.cookies[known_browsers.COOKIE]
    door.client.cookies.clear()
    only = {"Cookie": f"{known_browsers.COOKIE}={cookie}"}
    assert door.client.get("/api/v1/session", headers=only).status_code == 401
    with database.transaction(door.engine) as session:
        account = session.scalars(select(Account).where(Account.username == "leg")).one()
        assert known_browsers.known_as(cookie, account)
        for wrong in ("", "x", cookie[:-1], cookie + ".", "é" * 40, cookie.replace(".", "_"), "a" * 16):
            assert known_browsers.known_as(wrong, account) is None
        other = Account(id=account.id, username="leg", password_hash="another", role=Role.admin)
        assert known_browsers.known_as(cookie, other) is None
        actions.set_password(session, "cli", account, "another-horse-7")
        assert known_browsers.known_as(cookie, account) is None
        again = known_browsers.with_mark(cookie, account)
        assert again.partition(".")[0] == cookie.partition(".")[0]
        account.disabled_at = account.created_at
        assert known_browsers.known_as(again, account) is None
        session.rollback()


def test_a_shared_computer_knows_the_accounts_of_late() -> None:
    made = [
        Account(id=new_id(), username=f"n{n}", password_hash=f"h{n}", role=Role.member)
        for n in range(known_browsers.MOST_ACCOUNTS + 5)
    ]
    cookie = ""
    for account in made:
        cookie = known_browsers.with_mark(cookie, account)
    known = [known_browsers.known_as(cookie, account) is not None for account in made]
    assert known == [False] * 5 + [True] * known_browsers.MOST_ACCOUNTS
    assert len(cookie) < 600


def test_whoever_waits_holds_no_thread_and_no_connection(door: Bureau) -> None:
    tried(door, "leg", 9)
    with database.transaction(door.engine) as session:
        session.get_one(PolicyValue, LONGEST_WAIT.name).value = 60

    async def told() -> list[asyncio.Task[Answered]]:
        asked = [asyncio.create_task(sign_in(door)) for _ in range(20)]
        while patience.waiting.waiting + sum(one.done() for one in asked) < len(asked):
            await asyncio.sleep(0.01)
        assert door.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of the pool that counts
        assert anyio.to_thread.current_default_thread_limiter().borrowed_tokens == 0
        assert (await sign_in(door, name="nobody")).status == 401, "others are not kept waiting"
        for one in asked:
            one.cancel()
        await asyncio.wait(asked)
        return asked

    answers = [one.result() for one in in_one_loop(told) if not one.cancelled()]
    assert 0 < len(answers) < 20, "one by one until the bound, the rest told when to come again"
    for answer in answers:
        assert (answer.status, answer.headers["retry-after"]) == (429, "60")
        assert b"too-many-attempts" in answer.body
    assert patience.waiting.lines == {} and patience.waiting.waiting == 0


def test_the_present_password_is_guessed_no_faster_in_an_open_session(door: Bureau) -> None:
    secret = door.client.post("/api/v1/session", json={"username": "leg", "password": PASSWORD}).json()[
        "token"
    ]
    door.client.cookies.clear()
    guess = {"current": "wrong", "wanted": "another-horse-7"}
    took = []
    for _ in range(8):
        begun = time.monotonic()
        assert door.ask(secret, "POST", "/api/v1/session/password", guess).status_code == 401
        took.append(time.monotonic() - begun)
    assert took[-1] >= LONGEST_S
    right = {"current": PASSWORD, "wanted": "another-horse-7"}
    assert door.ask(secret, "POST", "/api/v1/session/password", right).status_code == 204


def test_a_run_of_failures_shows_to_who_sees_the_bureau_and_no_mistyped_password(door: Bureau) -> None:
    tried(door, "leg", 6, address=ELSEWHERE)
    tried(door, "my-secret-password", 5)
    tried(door, "another-secret", 5)
    pages = {}
    for role, squad in ((Role.admin, None), (Role.auditor, None), (Role.supervisor, "one")):
        secret = door.secret(role, squad)
        headers = {"Authorization": f"Bearer {secret}", "Accept-Language": "en"}
        pages[role] = door.client.get("/queue", headers=headers).text
    assert ELSEWHERE in pages[Role.admin] and "names that nobody has" in pages[Role.auditor]
    assert "secret" not in pages[Role.admin]
    assert ELSEWHERE not in pages[Role.supervisor]
    with database.transaction(door.engine) as session:
        found = {(run.account, run.address): (run.failures, run.got_in) for run in patience.runs(session)}
        assert found == {("leg", ELSEWHERE): (6, False), (None, HERE): (10, False)}
        actions.sign_in(session, "leg", PASSWORD, ELSEWHERE)
        assert [run.got_in for run in patience.runs(session) if run.account] == [True]


def test_strangers_fill_neither_custody_nor_the_list_of_failures(
    door: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "ROWS_OF_ADDRESS", 20)
    tried(door, "leg", 17)
    for n in range(10):
        tried(door, f"nobody-{n}", 1)
    with database.transaction(door.engine) as session:
        assert len(session.scalars(select(LoginFailure.id)).all()) == 20
        kept = session.scalars(
            select(CustodyEntry.actor).where(CustodyEntry.action == "sign_in_failed")
        ).all()
        assert sorted(kept) == ["leg"] * 9 + ["unknown"] * 10

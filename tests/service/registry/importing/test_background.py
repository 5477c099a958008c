"""Large tables are imported by a worker: all of one or nothing, one at a time, told only to who asked."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import Session, func, select

from deploy.process import wait_until
from schemas.accounts import Account, Role
from schemas.custody import CustodyEntry
from schemas.imports import ImportState, TableImport
from schemas.jobs import Job, JobKind
from schemas.people import Officer
from schemas.policy import PolicyValue
from service.access.actions import actor_of_secret
from service.kernel.actor import Actor
from service.kernel.alone import alone
from service.kernel.clock import now
from service.kernel.database import get_engine, transaction
from service.kernel.settings import get_settings
from service.registry.importing import reading
from service.registry.importing.running import forget_old_imports
from tests.fixtures.jobs import run_all_jobs
from tests.fixtures.processes import Processes
from tests.service.access.bureau import Bureau
from tests.service.registry.importing.test_page import ask, fingerprint, send
from workers.runner import run_job

RUN = "import sys, uuid\nfrom workers.runner import run_job\nrun_job(uuid.UUID(sys.argv[1]), 'to be killed')"


@pytest.fixture(autouse=True)
def three_at_once(bureau: Bureau) -> None:
    with transaction() as session:
        session.add(PolicyValue(name="import_at_once", value=3))


def officers(count: int, start: int = 100) -> str:
    return "证号,姓名,中队\n" + "".join(f"{n},队员 {n},one\n" for n in range(start, start + count))


def post(
    bureau: Bureau,
    kind: str,
    body: Any,
    role: Role = Role.supervisor,
    squad: str | None = None,
    *,
    dock: bool = False,
    **headers: str,
) -> httpx.Response:
    headers |= {"Authorization": f"Bearer {bureau.secret(role, squad, dock=dock)}", "Accept-Language": "en"}
    content = {"json": body} if isinstance(body, list) else {"content": body.encode()}
    return bureau.client.post(f"/api/v1/{kind}", headers=headers, **content)


def get(bureau: Bureau, location: str, role: Role = Role.supervisor, squad: str | None = None) -> Any:
    answer = ask(bureau, "GET", location, role, squad, headers={"Accept": "application/json"})
    return answer.json() if answer.status_code == 200 else answer.status_code


def how_many() -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(Officer).where(Officer.certificate_no >= "1"))


def work() -> None:
    run_all_jobs((JobKind.table,))


def job_of(location: str) -> UUID:
    with transaction() as session:
        return session.scalars(
            select(Job.id).where(Job.subject_id == UUID(location.rpartition("/")[2]))
        ).one()


def test_a_large_table_is_answered_by_its_address_and_then_by_the_same_report(bureau: Bureau) -> None:
    before = how_many()
    small = post(bureau, "officers/import?dry_run=true", officers(3))
    assert small.status_code == 200 and small.json()["counts"]["created"] == 3
    large = post(bureau, "officers/import", officers(5) + "106,队员 106,nine\n")
    assert large.status_code == 202
    location = large.headers["location"]
    assert location.endswith(f"/api/v1/imports/{large.json()['id']}")
    told = get(bureau, location)
    assert (told["state"], told["progress"], told["total"]) == ("waiting", None, 6)
    assert "rows" not in told and how_many() == before
    work()
    told = get(bureau, location)
    assert (told["state"], told["progress"], told["applied"]) == ("done", 1.0, True)
    assert told["counts"] == {"created": 5, "changed": 0, "unchanged": 0, "refused": 1}
    assert small.json().keys() <= told.keys() and small.json()["rows"][0].keys() == told["rows"][0].keys()
    assert "nine" in told["rows"][5]["problem"]  # in the words of who asked
    assert how_many() == before + 5
    with transaction() as session:
        entry = session.scalars(
            select(CustodyEntry).where(CustodyEntry.action == "import").order_by(CustodyEntry.id.desc())
        ).first()
        assert entry.detail == {"created": 5, "refused": 1}
        assert entry.account_id == asker(session, bureau.secret(Role.supervisor, None)).account_id


def asker(session: Session, secret: str) -> Actor:
    found = actor_of_secret(session, secret, "")
    assert found is not None
    return found


def test_whoever_prefers_it_does_not_wait_whatever_the_size(bureau: Bureau) -> None:
    for said, status in (
        ("respond-async", 202), ("wait=5, respond-async", 202), ("Respond-Async; x=1", 202), ("handling=lenient", 200),
    ):  # fmt: skip
        answer = post(bureau, "officers/import?dry_run=true", officers(1), Prefer=said)
        assert answer.status_code == status, said
        assert (answer.headers.get("preference-applied") == "respond-async") == (status == 202)
        work()


def test_kinds_that_tell_more_tell_it_in_the_background_too(bureau: Bureau) -> None:
    line = [{"kind": "inspection", "upload_hours": 6}]
    answer = post(bureau, "matters/import?in_force_from=2024-06-01&note=n", line, Prefer="respond-async")
    work()
    told = get(bureau, answer.headers["location"])
    assert (told["version"], told["in_force_from"], told["removed"] != []) == (1, "2024-06-01", True)
    listed = [{"file_name": f"{n}.mp4", "recorder": "R-07"} for n in range(4)]
    answer = post(bureau, "announcements/import", listed, Role.member, "one", dock=True)
    assert answer.status_code == 202
    work()
    secret = bureau.secret(Role.member, "one", dock=True)
    told = bureau.ask(secret, "GET", answer.headers["location"]).json()
    assert told["counts"]["created"] == 4 and told["gone_from_device"] == 0 and "version" not in told


def test_only_who_asked_and_administrators_see_it(bureau: Bureau) -> None:
    location = post(bureau, "officers/import", officers(4), Role.supervisor, "one").headers["location"]
    for done in (False, True):
        assert get(bureau, location, Role.supervisor, "one")["state"] == ("done" if done else "waiting")
        assert get(bureau, location, Role.admin)["total"] == 4
        for role, squad in (
            (Role.supervisor, None), (Role.supervisor, "two"), (Role.auditor, None), (Role.member, "one"),
            (Role.admin, "one"),
        ):  # fmt: skip
            assert get(bureau, location, role, squad) == 404
            page = ask(bureau, "GET", f"/import/{location.rpartition('/')[2]}", role, squad)
            assert page.status_code == 404
        dock = bureau.secret(Role.supervisor, "one", dock=True)
        assert bureau.ask(dock, "GET", location).status_code == 404
        assert bureau.ask(None, "GET", location).status_code == 401
        work()


def test_one_import_of_an_account_at_a_time(bureau: Bureau) -> None:
    location = post(bureau, "officers/import", officers(4)).headers["location"]
    again = post(bureau, "squads/import?dry_run=true", [])
    assert again.status_code == 409 and again.json()["type"].endswith("import-running")
    assert again.json()["detail"] and int(again.headers["retry-after"]) > 0
    assert send(bureau, "officers", officers(1)).status_code == 409
    assert location.rpartition("/")[2] in ask(bureau, "GET", "/import").text
    assert post(bureau, "officers/import?dry_run=true", officers(1), Role.admin).status_code == 200
    work()
    assert post(bureau, "squads/import?dry_run=true", []).status_code == 200


def test_while_a_table_is_read_its_account_cannot_send_another_and_nothing_of_the_database_is_held(
    bureau: Bureau,
) -> None:
    bureau.secret(Role.supervisor, None)
    answers: list[int] = []

    def first() -> None:
        answers.append(post(bureau, "officers/import?dry_run=true", officers(2)).status_code)

    idle = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
    )
    locked = text(  # here: those of other databases stand in the same view
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE locktype = 'advisory' AND datname = current_database()"
    )
    with every_turn_taken():
        sending = threading.Thread(target=first)
        sending.start()
        with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as looking:
            assert wait_until(lambda: looking.scalar(locked) == 1, 20)
            assert looking.scalar(idle) == 0
        assert post(bureau, "officers/import?dry_run=true", officers(1)).status_code == 409
    sending.join(60)
    assert answers == [200]


@contextmanager
def every_turn_taken() -> Iterator[None]:
    for _ in range(reading.AT_ONCE):
        reading._turns.acquire()
    try:
        yield
    finally:
        reading._turns.release(reading.AT_ONCE)


def test_a_dock_waits_for_its_own_list_before_the_next(bureau: Bureau) -> None:
    secret = bureau.secret(Role.member, "one", dock=True)
    with transaction() as session:
        dock = asker(session, secret).token_id
    assert dock is not None
    listed = [{"file_name": "1.mp4", "recorder": "R-07"}]
    with alone("import", dock) as mine:
        assert mine
        answers: list[int] = []
        sending = threading.Thread(
            target=lambda: answers.append(
                post(bureau, "announcements/import", listed, Role.member, "one", dock=True).status_code
            )
        )
        sending.start()
        time.sleep(0.3)
        assert answers == []
    sending.join(30)
    assert answers == [200]


def test_whoever_was_closed_out_meanwhile_imports_nothing_and_it_says_so(bureau: Bureau) -> None:
    before = how_many()
    location = post(bureau, "officers/import", officers(4)).headers["location"]
    with transaction() as session:
        whose = asker(session, bureau.secret(Role.supervisor, None)).account_id
        session.get_one(Account, whose).disabled_at = now()
    work()
    told = get(bureau, location, Role.admin)
    assert told["state"] == "failed" and told["problem"]["type"].endswith("not-allowed")
    assert told["problem"]["detail"] and "counts" not in told and how_many() == before
    with transaction() as session:
        assert session.get_one(TableImport, UUID(told["id"])).data is None


def test_a_worker_that_breaks_at_it_every_time_leaves_a_reason_and_the_way_free(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = post(bureau, "officers/import", officers(4)).headers["location"]
    with transaction() as session:
        session.execute(text("UPDATE imports SET asked = asked || '{\"options\": null}'"))
    job = job_of(location)
    for _ in range(5):
        with transaction() as session:
            session.get_one(Job, job).not_before = now()
        run_job(job, "in-process")
    told = get(bureau, location)
    assert told["state"] in ("failed", "done")
    assert post(bureau, "squads/import?dry_run=true", []).status_code == 200


@pytest.mark.timeout(120)
def test_killed_in_the_middle_it_is_as_if_it_had_not_begun_and_then_whole(
    bureau: Bureau, processes: Processes
) -> None:
    before = how_many()
    location = post(bureau, "officers/import", officers(6)).headers["location"]
    job = job_of(location)
    settings = get_settings()
    env = {
        "ZHENGLU_DATABASE_URL": settings.database_url,
        "ZHENGLU_DATA_DIR": str(settings.data_dir),
        "ZHENGLU_SECRET_KEY": "only-for-tests-0123456789abcdef",
    }
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with get_engine().connect() as holding:
        holding.execute(
            text("LOCK TABLE custody IN SHARE MODE")
        )  # its last row: all others are written by then
        worker = processes.python("-c", RUN, str(job), env=env, name="importing")
        with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as looking:
            assert wait_until(lambda: looking.scalar(waits) == 1 or not worker.running, 60), worker.output()
            assert worker.running, worker.output()
        processes.kill(worker)
    assert wait_until(lambda: get(bureau, location)["state"] == "running", 10)
    assert how_many() == before
    with transaction() as session:
        session.execute(text("UPDATE jobs SET lease_until = now() - interval '1 second'"))
    run_job(job, "its successor")
    told = get(bureau, location)
    assert told["state"] == "done" and told["counts"]["created"] == 6 and how_many() == before + 6
    with transaction() as session:
        said = select(func.count()).select_from(CustodyEntry).where(CustodyEntry.action == "import")
        assert session.scalar(said) == 1
    run_job(job, "a late one")
    assert get(bureau, location) == told


def test_on_the_page_a_large_table_is_checked_and_applied_in_the_background(bureau: Bureau) -> None:
    before = how_many()
    part = {"HX-Request": "true", "HX-Request-Type": "partial"}
    page = send(bureau, "officers", officers(5))
    assert page.status_code == 200 and "every 1s" in page.text and 'name="checked"' not in page.text
    address = re.search(r'hx-get="(/import/[0-9a-f-]{36})"', page.text)[1]
    assert "every 1s" in ask(bureau, "GET", address, headers=part).text
    work()
    checked = ask(bureau, "GET", address, headers=part)
    assert how_many() == before and "every 1s" not in checked.text
    assert 'name="checked"' not in ask(bureau, "GET", address).text  # its file is not on that page
    done = send(bureau, "officers", officers(5), do="apply", checked=fingerprint(checked.text))
    assert "every 1s" in done.text
    work()
    address = re.search(r'hx-get="(/import/[0-9a-f-]{36})"', done.text)[1]
    assert ask(bureau, "GET", address).status_code == 200 and how_many() == before + 5


def test_reports_are_forgotten_after_their_term_and_never_while_one_waits(bureau: Bureau) -> None:
    done = post(bureau, "officers/import", officers(4)).headers["location"]
    work()
    waiting = post(bureau, "officers/import", officers(4)).headers["location"]
    with transaction() as session:
        session.execute(
            text(
                "UPDATE imports SET asked_at = asked_at - interval '91 days', ended_at = ended_at - interval '91 days'"
            )
        )
    forget_old_imports()
    assert get(bureau, done) == 404
    assert get(bureau, waiting)["state"] == ImportState.waiting

"""Connections are tested before use, and a statement of its own is a transaction."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from deploy.database import upgrade
from deploy.embedded.postgres import Postgres
from service.kernel import database
from service.kernel.database import Work, at_once, engine_for, stopped, take_time, transaction
from service.kernel.settings import get_settings
from tests.fixtures.jobs import Bureau


@pytest.fixture
def pooled(clean_database: str) -> Iterator[Engine]:
    engine = engine_for(clean_database)
    yield engine
    engine.dispose()


def backend(engine: Engine) -> int:
    with transaction(engine) as session:
        return session.scalar(text("SELECT pg_backend_pid()"))


def test_connections_that_the_server_ended_are_replaced_without_an_error(
    pooled: Engine, postgres: Postgres
) -> None:
    with transaction(pooled) as one, transaction(pooled) as other:
        pids = [session.scalar(text("SELECT pg_backend_pid()")) for session in (one, other)]
    with psycopg.connect(postgres.dsn(), autocommit=True) as administrator:
        for pid in pids:
            administrator.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert backend(pooled) not in pids
    assert backend(pooled) not in pids


def test_a_connection_that_was_closed_here_is_replaced(pooled: Engine) -> None:
    with pooled.connect() as connection:
        driver = connection.connection.dbapi_connection
    driver.close()
    assert backend(pooled)


def test_only_a_connection_that_rested_long_is_asked(pooled: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    ping = pooled.dialect.do_ping

    def counted(connection: Any) -> bool:
        asked.append(1)
        return ping(connection)

    monkeypatch.setattr(pooled.dialect, "do_ping", counted)
    pid = backend(pooled)
    assert backend(pooled) == pid
    assert asked == []
    monkeypatch.setattr(database, "ASK_AFTER_S", 0.0)
    assert backend(pooled) == pid
    assert asked == [1]


def test_a_statement_of_its_own_is_committed_and_leaves_the_connection_as_it_was(bureau: Bureau) -> None:
    with transaction() as session:
        session.execute(text("CREATE TABLE kept (n integer)"))
    assert [row.n for row in at_once(text("INSERT INTO kept VALUES (:n) RETURNING n"), {"n": 7})] == [7]
    with pytest.raises(ZeroDivisionError), transaction() as session:
        session.execute(text("DELETE FROM kept"))
        raise ZeroDivisionError
    with transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM kept")) == 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ZHENGLU_REQUEST_STATEMENT_S", "1")
    monkeypatch.setenv("ZHENGLU_REQUEST_REST_S", "1")
    monkeypatch.setenv("ZHENGLU_IMPORT_STATEMENT_S", "77")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


def patience(session: Session) -> tuple[str, str]:
    names = ("statement_timeout", "idle_in_transaction_session_timeout")
    statement, rest = (session.scalar(text(f"SHOW {name}")) for name in names)
    return statement, rest


@pytest.mark.parametrize(
    ("work", "wanted"),
    [
        (Work.request, ("2min", "2min")),
        (Work.import_, ("15min", "15min")),
        (Work.work, ("1h", "15min")),
        (Work.migration, ("6h", "1h")),
    ],
)
def test_every_kind_of_work_has_its_patience(
    clean_database: str, work: Work, wanted: tuple[str, str]
) -> None:
    engine = engine_for(clean_database, work=work)
    with transaction(engine) as session:
        assert patience(session) == wanted
    engine.dispose()


def test_a_statement_without_end_and_a_transaction_that_rests_are_ended(
    clean_database: str, impatient: None
) -> None:
    engine = engine_for(clean_database, work=Work.request)
    with pytest.raises(OperationalError) as ended, transaction(engine) as session:
        session.execute(text("SELECT pg_sleep(30)"))
    assert stopped(ended.value)
    with pytest.raises(DBAPIError), transaction(engine) as session:
        session.execute(text("SELECT 1"))
        time.sleep(1.5)
        session.execute(text("SELECT 1"))
    assert backend(engine), "and the next one is answered"
    engine.dispose()


def test_a_server_that_is_away_is_not_taken_for_a_statement_that_was_stopped() -> None:
    away = engine_for("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(OperationalError) as ended, transaction(away) as session:
        session.execute(text("SELECT 1"))
    assert not stopped(ended.value)


def test_an_import_inside_a_request_has_more_time_for_its_own_transaction_alone(
    clean_database: str, impatient: None
) -> None:
    engine = engine_for(clean_database, pool_size=1, work=Work.request)
    with transaction(engine) as session:
        take_time(session, Work.import_)
        assert patience(session) == ("77s", "15min")
    with transaction(engine) as session:
        assert patience(session) == ("1s", "1s")
    engine.dispose()


def test_every_process_says_what_it_is_for(clean_database: str, tmp_path: Path) -> None:
    asks = """
from sqlalchemy import text
import workers.app, workers.schedule
from service.kernel.database import transaction
def say():
    with transaction() as session:
        print(session.scalar(text("SHOW statement_timeout")))
say()
import service.app
service.app.serve()
say()
"""
    told = subprocess.run(
        [sys.executable, "-c", asks],
        env={**os.environ, "ZHENGLU_DATABASE_URL": clean_database, "ZHENGLU_DATA_DIR": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.split()[-2:] == ["1h", "2min"]


def test_migrations_run_with_their_own_patience(clean_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGLU_MIGRATION_STATEMENT_S", "12345")
    get_settings.cache_clear()
    told: list[str] = []
    made = sqlalchemy.create_engine

    def noted(*arguments: Any, **more: Any) -> Engine:
        told.append(more.get("connect_args", {}).get("options", ""))
        return made(*arguments, **more)

    monkeypatch.setattr(sqlalchemy, "create_engine", noted)
    upgrade(clean_database)
    get_settings.cache_clear()
    assert any("statement_timeout=12345s" in one for one in told)

"""Connections are tested before use, and a statement of its own is a transaction."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text

from deploy.embedded.postgres import Postgres
from service.kernel import database
from service.kernel.database import at_once, engine_for, transaction
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

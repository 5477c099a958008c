import itertools
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy
from psycopg import sql
from sqlalchemy import Engine

from deploy.embedded.postgres import Postgres
from service import database
from tests.fixtures.postgres import TEMPLATE
from tests.service.access.bureau import Bureau, open_bureau

_numbers = itertools.count(1)


@pytest.fixture
def bureau(clean_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    """A bureau of the test's own: what requests write stays."""
    monkeypatch.setattr(database, "get_engine", lambda: clean_engine)
    return open_bureau(clean_engine)


@pytest.fixture(scope="module")
def shared(postgres: Postgres, worker_id: str) -> Iterator[Bureau]:
    """One for all tests of a file: whatever a request writes is taken back after it."""
    name = f"access_{worker_id}_{next(_numbers)}"
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (name, TEMPLATE)))
        )
    engine = sqlalchemy.create_engine(postgres.url(name))
    patch = pytest.MonkeyPatch()
    patch.setattr(database, "get_engine", lambda: engine)
    yield open_bureau(engine, keep=False)
    patch.undo()
    engine.dispose()
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

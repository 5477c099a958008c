import itertools
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from psycopg import sql

from deploy.embedded.postgres import Postgres
from deploy.embedded.redis import Redis
from tests.fixtures.postgres import TEMPLATE
from tests.fixtures.processes import Processes
from tests.service.footage.uploads.service import Bureau, Service, folder_store

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def bureau(postgres: Postgres, worker_id: str) -> Iterator[Bureau]:
    """A bureau for all tests of one file."""
    name = f"uploads_{worker_id}_{next(_numbers)}"
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (name, TEMPLATE)))
        )
    engine = sqlalchemy.create_engine(postgres.url(name))
    yield Bureau(engine).fill()
    engine.dispose()
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def service(
    bureau: Bureau, redis_server: Redis, module_processes: Processes, tmp_path_factory: pytest.TempPathFactory
) -> Service:
    """One service over a directory store, for all tests of one file."""
    store = folder_store(tmp_path_factory.mktemp("objects"))
    return Service(module_processes, bureau, store, redis_server.url()).start()


@pytest.fixture
def own_service(bureau: Bureau, redis_server: Redis, processes: Processes, tmp_path: Path) -> Service:
    """One to be killed, over the same database and a directory of its own. Not started yet."""
    return Service(processes, bureau, folder_store(tmp_path / "objects"), redis_server.url())

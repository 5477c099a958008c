import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded.postgres import Postgres
from deploy.embedded.redis import Redis
from tests.fixtures.postgres import own_engine
from tests.fixtures.processes import Processes
from tests.service.footage.uploads.service import Bureau, Service, folder_store

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def bureau(postgres: Postgres, worker_id: str) -> Iterator[Bureau]:
    """A bureau for all tests of one file."""
    with own_engine(postgres, f"uploads_{worker_id}_{next(_numbers)}") as engine:
        yield Bureau(engine).fill()


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

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.embedded.postgres import Postgres
from service.kernel.database import get_engine
from service.kernel.settings import get_settings
from service.kernel.storage import get_store
from tests.fixtures.postgres import own_database
from tests.service.access.bureau import Bureau, open_bureau

_numbers = itertools.count(1)


@contextmanager
def own_settings(database_url: str, folder: Path) -> Iterator[None]:
    """The application of this process works on this database and folder, never on the machine's own."""
    patch = pytest.MonkeyPatch()
    patch.setenv("ZHENGLU_DATABASE_URL", database_url)
    patch.setenv("ZHENGLU_DATA_DIR", str(folder))
    patch.setenv("ZHENGLU_REDIS_URL", "redis://127.0.0.1:1/0")  # none answers there
    _forget()
    try:
        yield
    finally:
        get_engine().dispose()
        patch.undo()
        _forget()


def _forget() -> None:
    for cached in (get_settings, get_engine, get_store):
        cached.cache_clear()


@pytest.fixture
def bureau(clean_database: str, tmp_path: Path) -> Iterator[Bureau]:
    """A bureau of the test's own: what requests write stays."""
    with own_settings(clean_database, tmp_path):
        yield open_bureau(get_engine())


@pytest.fixture(scope="module")
def shared(postgres: Postgres, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """One for all tests of a file: what a request writes through its session is taken back after it."""
    name, folder = f"access_{worker_id}_{next(_numbers)}", tmp_path_factory.mktemp("access")
    with own_database(postgres, name) as url, own_settings(url, folder):
        yield open_bureau(get_engine(), keep=False)

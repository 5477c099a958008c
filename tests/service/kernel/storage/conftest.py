from collections.abc import Callable
from pathlib import Path

import pytest

from service.kernel.storage import Store, open_store
from tests.fixtures.ceph import CephNode

Opener = Callable[[], Store]


@pytest.fixture(params=["directory", "s3"])
def store_args(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str, str]:
    """What `open_store` takes, for either store: address, access key, secret key."""
    if request.param == "directory":
        return f"file://{tmp_path}/store", "", ""
    node: CephNode = request.getfixturevalue("ceph")
    return request.getfixturevalue("s3_url"), node.access_key, node.secret_key


@pytest.fixture
def opener(store_args: tuple[str, str, str]) -> Opener:
    """Each call is another process's view of the same store: they share nothing but the store."""
    return lambda: open_store(*store_args)


@pytest.fixture
def store(opener: Opener) -> Store:
    return opener()

from pathlib import Path

import pytest


@pytest.fixture
def working(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, object]:
    return {"database_url": database_url, "redis_url": redis_url, "data_dir": tmp_path, "object_store": ""}

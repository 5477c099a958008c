"""Two hundred uploads, and five times kill -9 of Redis."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.withstand.installation import House, all_of
from tests.withstand.killed import FULL, run

WAYS = (all_of("redis"), all_of("redis"), all_of("redis"), all_of("redis"), all_of("redis"))


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_nothing_is_lost_altered_or_double_when_it_is_killed(
    house: House, tmp_path: Path, tell: Callable[..., None]
) -> None:
    verdict = run(house, "Redis", WAYS, FULL, tmp_path, tell)
    assert verdict.clean, verdict

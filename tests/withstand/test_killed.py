"""Each part is killed once while films arrive, in small. In full, each by itself: the other files here, in `make soak`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.withstand.installation import House, all_of, daemons, first_of
from tests.withstand.killed import SMALL, run

WAYS = (first_of("light"), daemons(), all_of("web"), first_of("postgresql"), all_of("redis"))


@pytest.mark.timeout(600)
def test_nothing_is_lost_altered_or_double_when_each_part_is_killed(
    house_with_ceph: House, tmp_path: Path, tell: Callable[..., None]
) -> None:
    verdict = run(house_with_ceph, "each part", WAYS, SMALL, tmp_path, tell)
    assert verdict.clean, verdict

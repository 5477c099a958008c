"""Two hundred uploads, and five times kill -9 of the object store."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.withstand.installation import House, daemons
from tests.withstand.killed import FULL, run

WAYS = (daemons(), daemons("rgw"), daemons("osd"), daemons("rgw"), daemons())


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_nothing_is_lost_altered_or_double_when_it_is_killed(
    house_with_ceph: House, tmp_path: Path, tell: Callable[..., None]
) -> None:
    verdict = run(house_with_ceph, "object store", WAYS, FULL, tmp_path, tell)
    assert verdict.clean, verdict

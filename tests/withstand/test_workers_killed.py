"""Two hundred uploads, and seven times kill -9 of a worker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.withstand.installation import House, all_of, first_of, one_below
from tests.withstand.killed import FULL, run

WAYS = (
    first_of("light"),
    one_below("light"),
    first_of("looks"),
    first_of("encode"),
    all_of("light"),
    all_of("looks"),
    all_of("encode"),
)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_nothing_is_lost_altered_or_double_when_it_is_killed(
    house: House, tmp_path: Path, tell: Callable[..., None]
) -> None:
    verdict = run(house, "worker", WAYS, FULL, tmp_path, tell)
    assert verdict.clean, verdict

"""What the doctor says of the database's time limits, and of what it keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.doctor.database import durability, endless, kept, time_limits
from deploy.doctor.findings import Verdict
from service.kernel.settings import get_settings
from tests.deploy.doctor.asked import told


def test_limits_that_the_connections_are_really_held_to_are_called_so(database_url: str) -> None:
    assert told(time_limits, database_url=database_url).verdict is Verdict.ok


def test_a_kind_of_work_without_an_end_is_named(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHENGLU_IMPORT_REST_S", "0")
    get_settings.cache_clear()
    try:
        found = told(time_limits, database_url=database_url)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert found.verdict is Verdict.warning and found.found.endswith(": imports")


def test_what_a_pooler_dropped_is_not_called_in_force() -> None:
    asked = {"statement_timeout": "120s", "idle_in_transaction_session_timeout": "90s"}
    assert kept(asked, {"statement_timeout": 120_000, "idle_in_transaction_session_timeout": 90_000})
    assert not kept(asked, {"statement_timeout": 0, "idle_in_transaction_session_timeout": 90_000})
    assert not kept(asked, {"statement_timeout": 120_000})


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_one_bound_of_nought_seconds_is_no_bound(bounds: list[int]) -> None:
    assert endless({str(n): f"{bound}s" for n, bound in enumerate(bounds)}) == (0 in bounds)


def test_a_database_that_gives_up_safety_for_speed_is_told(database_url: str) -> None:
    """As the tests' own does."""
    found = told(durability, database_url=database_url)
    assert found.verdict is Verdict.warning and "fsync" in found.found

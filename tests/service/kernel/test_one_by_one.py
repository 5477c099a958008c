"""What is cleared up for many: one that cannot be done stops no other, and ends before a person."""

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from schemas.base import new_id
from schemas.sweeps import SetAside
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.one_by_one import STORE_AWAY_AFTER, each, forget, left_alone
from service.kernel.policy import SWEEP_TRIES
from service.kernel.storage.errors import ObjectLocked, StorageUnavailable
from tests.fixtures.jobs import Bureau

DUTY = "a duty"


@pytest.fixture(autouse=True)
def _installation(bureau: Bureau) -> None:
    """Each test has a database of its own."""


def set_aside() -> dict[UUID, SetAside]:
    with transaction() as session:
        return {row.subject_id: row for row in session.scalars(select(SetAside))}


def alone() -> set[UUID]:
    with transaction() as session:
        return set(session.scalars(left_alone(DUTY)))


def its_time_has_come() -> None:
    with transaction() as session:
        session.execute(update(SetAside).values(next_at=now() - timedelta(seconds=1)))


@pytest.mark.parametrize(
    "error",
    [RuntimeError("broken"), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), ObjectLocked()],
)
def test_one_that_fails_stops_no_other_and_is_set_aside_when_its_tries_are_spent(error: Exception) -> None:
    items = [new_id() for _ in range(5)]
    seen: list[UUID] = []

    def act(item: UUID) -> None:
        seen.append(item)
        if item == items[1]:
            raise error

    for number in range(1, SWEEP_TRIES.default + 1):
        assert each(DUTY, items, act) == 4
        row = set_aside()[items[1]]
        assert (row.tries, row.held_at is not None) == (number, number == SWEEP_TRIES.default)
        assert alone() == {items[1]}, "it waits for its time"
        its_time_has_come()
    assert seen == items * SWEEP_TRIES.default
    assert alone() == {items[1]}, "for ever now"
    assert type(error).__name__ in set_aside()[items[1]].problem
    assert forget(DUTY, items[1]) and not forget(DUTY, items[1])
    assert alone() == set()


@pytest.mark.parametrize("state", ["53100", "53200", "53300", "57P01", "08006", "58030"])
def test_a_database_without_room_is_nobodys_own_failure(state: str) -> None:
    """A disk that was full for an hour set aside whatever was tried meanwhile."""
    said = psycopg.errors.lookup(state)("could not extend file: No space left on device")

    def act(_: UUID) -> None:
        raise OperationalError("INSERT", {}, said)

    with pytest.raises(OperationalError):
        each(DUTY, [new_id()], act)
    assert set_aside() == {}


def test_a_statement_that_the_database_refuses_is_the_items_own_failure() -> None:
    item = new_id()

    def act(_: UUID) -> None:
        with transaction() as session:
            session.execute(sqlalchemy.text("SELECT 'secret'::integer"))

    each(DUTY, [item], act)
    problem = set_aside()[item].problem
    assert "DataError" in problem and "SELECT" not in problem


def test_one_that_works_again_is_an_item_like_all_others() -> None:
    item, broken = new_id(), [True]

    def act(_: UUID) -> None:
        if broken.pop():
            raise RuntimeError

    each(DUTY, [item], act)
    its_time_has_come()
    broken.append(False)
    assert each(DUTY, [item], act) == 1 and set_aside() == {}


def test_a_store_that_is_away_is_nobodys_failure_and_is_not_asked_for_each() -> None:
    asked = []

    def act(item: UUID) -> None:
        asked.append(item)
        raise StorageUnavailable

    with pytest.raises(StorageUnavailable):
        each(DUTY, [new_id() for _ in range(20)], act)
    assert len(asked) == STORE_AWAY_AFTER and set_aside() == {}


def test_a_database_that_is_away_is_nobodys_failure() -> None:
    def act(_: UUID) -> None:
        raise OperationalError("SELECT 1", {}, Exception("connection refused"))

    with pytest.raises(OperationalError):
        each(DUTY, [new_id()], act)
    assert set_aside() == {}

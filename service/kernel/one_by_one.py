"""What is cleared up for many is done for each of them on its own: one that cannot be done stops no other.

An item that fails is tried again later and later. When its tries are spent it is set aside: the page of queues says so,
and a person decides. What is away for all of them (the database, the store) is nobody's own failure.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from schemas.plain_text import one_line
from schemas.sweeps import SetAside
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.policy import SWEEP_TRIES, policy
from service.kernel.storage.errors import StorageFull, StorageUnavailable

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
STORE_AWAY_AFTER = 3  # items in a row: then it is the store, and no use to ask for the others
# Classes of what PostgreSQL says when it is going, gone or coming, or has no disk, memory or connection left.
AWAY = ("08", "53", "57P", "58")


def left_alone(duty: str) -> Select[UUID]:
    """The items that this duty has to leave out for now."""
    return select(SetAside.subject_id).where(
        SetAside.duty == duty, or_(SetAside.held_at.is_not(None), SetAside.next_at > func.now())
    )


def each(duty: str, items: Iterable[UUID], act: Callable[[UUID], object]) -> int:
    """Answers how many were done. `act` makes its own transactions."""
    items = list(items)
    known = _failed_before(duty, items)
    done = away = 0
    for item in items:
        try:
            act(item)
        except (StorageUnavailable, StorageFull) as error:
            away += 1
            log.warning("%s: %s waits: %s", duty, item, error)
            if away >= STORE_AWAY_AFTER:
                raise
        except Exception as error:  # whatever one item raises, the others have their turn
            if is_database_away(error):
                raise
            log.warning("%s: %s failed", duty, item, exc_info=error)
            _note(duty, item, error)
        else:
            away = 0
            done += 1
            if item in known:
                forget(duty, item)
    return done


def is_database_away(error: Exception) -> bool:
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state.startswith(AWAY)


def forget(duty: str, item: UUID) -> bool:
    """It is an item like all others again."""
    with transaction() as session:
        gone = delete(SetAside).where(SetAside.duty == duty, SetAside.subject_id == item)
        return bool(session.execute(gone.returning(SetAside.subject_id)).all())


def _failed_before(duty: str, items: list[UUID]) -> frozenset[UUID]:
    if not items:
        return frozenset()
    with transaction() as session:
        rows = select(SetAside.subject_id).where(SetAside.duty == duty, SetAside.subject_id.in_(items))
        return frozenset(session.scalars(rows))


def _note(duty: str, item: UUID, error: Exception) -> None:
    with transaction() as session:
        most = policy(session, SWEEP_TRIES)
        problem = told(error)
        session.execute(
            insert(SetAside)
            .values(
                duty=duty, subject_id=item, tries=0, problem=problem, first_failed_at=now(), next_at=now()
            )
            .on_conflict_do_nothing()
        )
        held = session.get_one(SetAside, (duty, item), with_for_update=True)
        held.tries, held.problem = held.tries + 1, problem
        held.next_at = now() + min(FIRST_WAIT * 2 ** min(held.tries - 1, 10), LONGEST_WAIT)
        if held.tries >= most:
            held.held_at = held.held_at or now()
        session.add(held)


def told(error: Exception) -> str:
    """What a person reads of it: without the statement and its values, which may be anybody's words."""
    said = str(error)
    if isinstance(error, DBAPIError):
        said = (
            getattr(getattr(error.orig, "diag", None), "message_primary", None) or type(error.orig).__name__
        )
    return one_line(f"{type(error).__name__}: {said}")[:300]

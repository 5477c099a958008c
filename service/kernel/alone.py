"""One at a time, over all processes and machines: by a lock of the database, which ends with whoever holds it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import text

from service.kernel.database import get_engine

_TRY = text("SELECT pg_try_advisory_lock(hashtextextended(:key, 0))")
_FREE = text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))")
_LOOK_EVERY_S = 0.05


@contextmanager
def alone(what: str, whose: UUID, *, patience_s: float = 0.0) -> Iterator[bool]:
    """Whether nobody else does this for `whose` now. Whoever is alone has a connection for it, outside of any
    transaction; whoever waits has none."""
    until = time.monotonic() + patience_s
    while True:
        with _tried({"key": f"{what}/{whose}"}) as mine:
            if mine or time.monotonic() >= until:
                yield mine
                return
        time.sleep(_LOOK_EVERY_S)


@contextmanager
def _tried(key: dict[str, str]) -> Iterator[bool]:
    with get_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        mine = bool(connection.scalar(_TRY, key))
        try:
            yield mine
        finally:
            if mine and not connection.scalar(_FREE, key):
                connection.invalidate()

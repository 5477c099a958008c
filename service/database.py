"""The one way to PostgreSQL, the same for requests, workers and the command line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Annotated

from fastapi import Depends
from sqlalchemy import Engine, create_engine, event
from sqlmodel import Session

from service.settings import get_settings

_AFTER_COMMIT = "zhenglu.after_commit"


def engine_for(url: str, *, pool_size: int = 10) -> Engine:
    """Connections are tested before use, so a restarted PostgreSQL costs one reconnect and no error."""
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=20,
        pool_pre_ping=True,
        pool_timeout=15,
        connect_args={"connect_timeout": 5, "options": "-c timezone=UTC", "prepare_threshold": None},
    )


@cache
def get_engine() -> Engine:
    return engine_for(get_settings().database_url)


@contextmanager
def transaction(engine: Engine | None = None) -> Iterator[Session]:
    """One command, one transaction: commits at the end, rolls back on any error."""
    with Session(engine or get_engine(), expire_on_commit=False) as session:
        try:
            yield session
            session.commit()
        except BaseException:  # clears up and raises it again
            session.rollback()
            raise


def get_session() -> Iterator[Session]:
    with transaction() as session:
        yield session


# scope="function" commits before the response is sent; the default would answer 201 for a failed commit.
DatabaseSession = Annotated[Session, Depends(get_session, scope="function")]


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Run `action` once this transaction is durable; never when it is rolled back."""
    session.info.setdefault(_AFTER_COMMIT, []).append(action)


@event.listens_for(Session, "after_commit")
def _run_after_commit(session: Session) -> None:
    if not session.in_nested_transaction():
        for action in session.info.pop(_AFTER_COMMIT, []):
            action()


@event.listens_for(Session, "after_rollback")
def _forget_after_rollback(session: Session) -> None:
    session.info.pop(_AFTER_COMMIT, None)

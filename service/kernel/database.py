"""The one way to PostgreSQL, the same for requests, workers and the command line."""

import json
import re
import select
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

import psycopg
from fastapi import Depends, Request
from sqlalchemy import Connection, Engine, Row, TextClause, create_engine, event, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

from schemas.plain_text import storable
from service.kernel.settings import get_settings

_AFTER_COMMIT = "zhenglu.after_commit"
_RESTS_SINCE = "zhenglu.rests_since"
ASK_AFTER_S = 30.0


class Work(StrEnum):
    """What a connection is for: how long a statement may run on it, and a transaction rest (the settings say)."""

    request = "request"
    import_ = "import"
    work = "work"
    migration = "migration"

    def patience(self) -> dict[str, str]:
        said = get_settings().model_dump(include={f"{self}_statement_s", f"{self}_rest_s"})
        return {
            "statement_timeout": f"{said[f'{self}_statement_s']}s",
            "idle_in_transaction_session_timeout": f"{said[f'{self}_rest_s']}s",
        }

    @property
    def options(self) -> str:
        """For a new connection."""
        return " ".join(f"-c {name}={value}" for name, value in self.patience().items())


def take_time(session: Session, work: Work) -> None:
    """This transaction is for that kind of work, in a process that is for another."""
    for name, value in work.patience().items():
        session.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})


def stopped(error: BaseException | None) -> bool:
    """By one of these bounds, and not because the server is away."""
    ended = (psycopg.errors.QueryCanceled, psycopg.errors.IdleInTransactionSessionTimeout)
    return isinstance(getattr(error, "orig", None), ended)


def engine_for(url: str, *, pool_size: int = 10, work: Work = Work.work) -> Engine:
    """Connections are tested before use, so a restarted PostgreSQL costs one reconnect and no error."""
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=20,
        pool_timeout=15,
        json_serializer=_as_json,
        connect_args={
            "connect_timeout": 5,
            "options": f"-c timezone=UTC {work.options}",
            "prepare_threshold": None,
        },
    )
    _test_before_use(engine)
    return engine


_UNSTORABLE = re.compile(r"\\u(?:0000|d[89a-f])")


def _as_json(value: Any) -> str:
    """What a file says must never keep its own row from being written."""
    text = json.dumps(value)
    return json.dumps(storable(value)) if _UNSTORABLE.search(text) else text


def _test_before_use(engine: Engine) -> None:
    """What pool_pre_ping does, without a round trip for each transaction: a server that stopped or crashed has
    closed its sockets, and that can be read off them. Only one that vanished without a word (a cut line, a machine
    without power) must be asked: after a rest of ASK_AFTER_S."""

    @event.listens_for(engine, "checkin")
    def rests(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_RESTS_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def test(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        since = record.info.get(_RESTS_SINCE)
        if since is None:  # just made
            return
        if time.monotonic() - since < ASK_AFTER_S and _silent(connection):
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as gone:
            raise InvalidatePoolError from gone


def _silent(connection: psycopg.Connection) -> bool:
    """Nobody speaks first on an idle connection: what can be read is the server's farewell."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


_process = Work.work


def process_is_for(work: Work) -> None:
    """Said once, where a process begins."""
    global _process
    _process = work
    get_engine.cache_clear()


@cache
def get_engine() -> Engine:
    return engine_for(get_settings().database_url, work=_process)


@contextmanager
def transaction(engine: Engine | Connection | None = None) -> Iterator[Session]:
    """One command, one transaction: commits at the end, rolls back on any error."""
    with Session(engine or get_engine(), expire_on_commit=False) as session:
        try:
            yield session
            session.commit()
        except BaseException:  # clears up and raises it again
            session.rollback()
            raise


def at_once(statement: TextClause, parameters: Mapping[str, Any]) -> Sequence[Row]:
    """The rows of one statement that is a transaction by itself, without the messages for its begin and commit.

    Each connection keeps it prepared: for statements by primary key, whose plan is the same whatever they ask for."""
    with get_engine().connect() as connection:
        driver: psycopg.Connection = connection.connection.dbapi_connection  # type: ignore[assignment]  # psycopg is the only driver
        before = driver.prepare_threshold
        driver.autocommit, driver.prepare_threshold = True, 0
        try:
            return connection.execute(statement, parameters).all()
        finally:
            if not driver.closed:
                driver.autocommit, driver.prepare_threshold = False, before


@contextmanager
def any_number_of_values(session: Session) -> Iterator[None]:
    """The protocol carries at most 65,535 values beside a statement; here they are written into it, quoted by the
    driver. For what is asked about all rows of a table at once."""
    driver: psycopg.Connection = session.connection().connection.dbapi_connection  # type: ignore[assignment]  # psycopg is the only driver
    before = driver.cursor_factory
    driver.cursor_factory = psycopg.ClientCursor
    try:
        yield
    finally:
        driver.cursor_factory = before


def get_session() -> Iterator[Session]:
    with transaction() as session:
        yield session


@contextmanager
def session_for(request: Request) -> Iterator[Session]:
    """For what looks before or after a route does: where the routes of this application have another session than
    usual, so has it."""
    given = request.app.dependency_overrides.get(get_session, get_session)()
    if isinstance(given, Session):
        yield given
        return
    with contextmanager(lambda: given)() as session:
        yield session


# scope="function" commits before the response is sent; the default would answer 201 for a failed commit.
DatabaseSession = Annotated[Session, Depends(get_session, scope="function")]


def after_commit(session: Session, action: Callable[[], object]) -> None:
    """Run `action` once this transaction is durable; never when it is rolled back."""
    session.info.setdefault(_AFTER_COMMIT, []).append(action)


@event.listens_for(Session, "after_commit")
def _run_after_commit(session: Session) -> None:
    if not session.in_nested_transaction():
        for action in session.info.pop(_AFTER_COMMIT, []):
            action()


@event.listens_for(Session, "after_rollback")
def _forget_after_rollback(session: Session) -> None:
    if session.in_nested_transaction():
        return  # a savepoint's: what the transaction around it owes is still owed
    session.info.pop(_AFTER_COMMIT, None)

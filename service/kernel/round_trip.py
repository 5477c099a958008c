"""Several statements in one message to PostgreSQL and back: what has to be read together is, and a loaded machine is
waited for once."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

_DIALECT = PGDialect_psycopg()
Asked = tuple[TextClause, Mapping[str, Any]]


def together(session: Session, *asked: Asked) -> list[list[Any]]:
    """The rows (named tuples) of each statement, in this session's transaction and in this order; each sees what is
    committed when it begins, as if it had been sent alone. Write no two columns of one name.

    The connection keeps them prepared: the statements of this program are few.
    """
    session.flush()
    driver: psycopg.Connection = session.connection().connection.dbapi_connection  # type: ignore[assignment]  # psycopg is the only driver
    before, driver.prepare_threshold = driver.prepare_threshold, 0
    cursors = [driver.cursor(row_factory=namedtuple_row) for _ in asked]
    try:
        with driver.pipeline():
            for cursor, (statement, values) in zip(cursors, asked, strict=True):
                cursor.execute(_written(statement), values)
        return [cursor.fetchall() if cursor.description else [] for cursor in cursors]
    except psycopg.Error as error:
        told = "; ".join(str(statement) for statement, _ in asked)
        raise DBAPIError.instance(told, None, error, psycopg.Error, dialect=_DIALECT) from error
    finally:
        if not driver.closed:
            driver.prepare_threshold = before


@cache
def _written(statement: TextClause) -> str:
    return str(statement.compile(dialect=_DIALECT))

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlmodel import Session

from deploy.embedded.postgres import Postgres
from service.finding.search.documents import SearchDocument, copy_documents
from service.finding.search.schema import DDL, TABLE
from tests.bench.search_corpus import corpus

DOCUMENTS = 3000


def install(engine: Engine) -> None:
    """The search tables, where migrations have not made them already."""
    with engine.begin() as connection:
        if connection.scalar(text("SELECT to_regclass(:table)"), {"table": TABLE}) is None:
            for statement in DDL:
                connection.execute(text(statement))


@pytest.fixture(scope="session")
def documents() -> list[SearchDocument]:
    return list(corpus(DOCUMENTS))


@pytest.fixture(scope="session")
def filled_engine(postgres: Postgres, worker_id: str, documents: list[SearchDocument]) -> Iterator[Engine]:
    """A database with a year of documents. Leave it as found: use `filled`."""
    name = f"search_{worker_id}"
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    engine = create_engine(postgres.url(name))
    install(engine)
    with Session(engine) as session:
        copy_documents(session, documents)
        session.commit()
        session.execute(text(f"ANALYZE {TABLE}"))
        session.commit()
    yield engine
    engine.dispose()
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def filled(filled_engine: Engine) -> Iterator[Session]:
    """A session on the year of documents; what it changes is rolled back."""
    with filled_engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        transaction.rollback()


@pytest.fixture
def empty(clean_engine: Engine) -> Engine:
    """An engine on a database of the test's own, with empty search tables."""
    install(clean_engine)
    return clean_engine

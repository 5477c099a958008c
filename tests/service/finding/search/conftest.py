from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from deploy.embedded.postgres import Postgres
from service.finding.search.documents import SearchDocument, copy_documents
from service.finding.search.schema import DDL, TABLE
from tests.bench.search_corpus import corpus
from tests.fixtures.postgres import own_engine, rolled_back

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
    with own_engine(postgres, f"search_{worker_id}", template=None) as engine:
        install(engine)
        with Session(engine) as session:
            copy_documents(session, documents)
            session.commit()
            session.execute(text(f"ANALYZE {TABLE}"))
            session.commit()
        yield engine


@pytest.fixture
def filled(filled_engine: Engine) -> Iterator[Session]:
    """A session on the year of documents; what it changes is rolled back."""
    with rolled_back(filled_engine) as session:
        yield session


@pytest.fixture
def empty(clean_engine: Engine) -> Engine:
    """An engine on a database of the test's own, with empty search tables."""
    install(clean_engine)
    return clean_engine

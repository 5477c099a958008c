from collections.abc import Iterator

import pytest
import sqlalchemy
from sqlmodel import Session, select

from deploy.embedded.postgres import Postgres
from schemas.accounts import Account, Role
from schemas.people import Squad
from service.kernel.actor import Actor
from service.supervision.coverage.counting import recount_all
from service.supervision.snapshots.actions import STEADY
from tests.fixtures.postgres import own_engine, rolled_back
from tests.service.finding.linking.field import Field, at
from tests.service.supervision.coverage.random_bureau import draw


@pytest.fixture(scope="module")
def drawn_engine(postgres: Postgres, worker_id: str) -> Iterator[sqlalchemy.Engine]:
    """A drawn bureau, committed once for the file; leave it as you found it."""
    with own_engine(postgres, f"months_{worker_id}") as engine:
        with Session(engine, expire_on_commit=False) as session:
            bureau = Field(session)
            draw(bureau, 7)
            bureau.hold("R-07", "012", at("08:00"), None)
            for role, squad in ((Role.supervisor, None), (Role.supervisor, "one"), (Role.auditor, None)):
                bureau.actor(role, squad)
            recount_all(session)
            session.commit()
        yield engine


@pytest.fixture
def steady(drawn_engine: sqlalchemy.Engine) -> Iterator[Session]:
    """Sees one moment; commits inside are savepoints, and all is rolled back after the test."""
    with rolled_back(drawn_engine.execution_options(isolation_level=STEADY)) as session:
        yield session


def known(session: Session, role: Role = Role.supervisor, squad: str | None = None) -> Actor:
    """An account of the drawn bureau."""
    bureau = Field(session)
    bureau.known |= {("account", one.username): one for one in session.scalars(select(Account))}
    bureau.known |= {("squad", one.code): one for one in session.scalars(select(Squad))}
    return bureau.actor(role, squad)


def unguarded(session: Session) -> None:
    """As whoever owns the database could do it."""
    for table in ("coverage_snapshots", "snapshot_rows"):
        session.execute(sqlalchemy.text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_stay"))

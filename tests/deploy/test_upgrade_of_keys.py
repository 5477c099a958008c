"""An installation in which one key stands twice, written differently, passes the upgrade; both stay and are listed."""

from uuid import UUID

import pytest
import sqlalchemy
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from deploy.database import configuration
from schemas.accounts import Role
from schemas.base import new_id
from schemas.people import Officer
from service.kernel.actor import Actor
from service.kernel.errors import NotAllowed
from service.kernel.i18n import speaking
from service.kernel.keys import known
from service.registry.doubles.queries import count_doubles, doubles

BEFORE, AFTER = "0025", "0026"


def test_keys_that_are_one_from_now_on_stay_and_are_listed_for_a_person(clean_database: str) -> None:
    config = configuration(clean_database)
    command.downgrade(config, BEFORE)
    engine = sqlalchemy.create_engine(clean_database)
    squad, other = new_id(), new_id()
    numbers = ["０００００１", "000001", '="000001"', "000002"]
    ids = [new_id() for _ in numbers]
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO squads (id, code, name) VALUES (:id, :code, '一中队')"),
            [{"id": squad, "code": "ZD1"}, {"id": other, "code": "ＺＤ１"}],
        )
        connection.execute(
            text(
                "INSERT INTO officers (id, certificate_no, name, squad_id) VALUES (:id, :number, '队员', :squad)"
            ),
            [{"id": one, "number": number, "squad": squad} for one, number in zip(ids, numbers, strict=True)],
        )
        connection.execute(
            text(
                "INSERT INTO enforcement_events (id, external_id, title, subject, party, place, kind, arrived_at,"
                " squad_id, sample, created_at)"
                " VALUES (:id, :name, 't', '', '', '', 'inspection', now(), :squad, false, now())"
            ),
            [
                {"id": UUID(int=n), "name": name, "squad": squad}
                for n, name in enumerate(("E-1", "e-1", "E–1", "E-2", None), 1)
            ],
        )
    command.upgrade(config, AFTER)
    admin = Actor(account_id=new_id(), username="admin", role=Role.admin, squad_id=None)
    with Session(engine) as session, speaking("en"):
        found = [(one.kind.name, one.first, one.key, one.how) for one in doubles(session, admin)]
        assert found[:3] == [
            ("squads", "ZD1", "ＺＤ１", "full-width characters"),
            ("officers", "000001", '="000001"', "quotation marks"),
            ("officers", "000001", "０００００１", "full-width characters"),
        ]
        assert sorted(found[3:]) == [
            ("events", "E-1", "E–1", "another dash"),
            ("events", "E-1", "e-1", "another letter case"),
        ]
        assert count_doubles(session) == 5
        for name in numbers[:3]:
            assert session.scalars(select(Officer.id).where(known(Officer, [name]))).one() == ids[1]
        session.add(Officer(certificate_no="'000001", name="x", squad_id=squad))
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()
        for role, its in ((Role.supervisor, None), (Role.admin, squad)):
            with pytest.raises(NotAllowed):
                doubles(session, Actor(account_id=new_id(), username="x", role=role, squad_id=its))
    command.downgrade(config, BEFORE)
    engine.dispose()

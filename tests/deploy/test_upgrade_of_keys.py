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


def test_what_is_one_since_all_brackets_dashes_and_dots_are_known_stays_and_is_listed(
    clean_database: str,
) -> None:
    """With doubles of before that now stand behind another first, and a case under four spellings."""
    config = configuration(clean_database)
    command.downgrade(config, "0037")
    engine = sqlalchemy.create_engine(clean_database)
    squad = new_id()
    names = ["E➖1", "E⟦1⟧", "E[1]", "e⟦1⟧", "R-7", "E-1", "E–1"]
    numbers = [
        "示城管罚〔2026〕1号",
        "示城管罚〔2026年〕1号",
        "示城管罚〔二〇二六〕1号",
        "示城管罰〔2026〕№1",
        "示城管罚〔2026〕2号",
    ]
    folds = [
        "示城管罚(2026)1",
        "示城管罚(2026年)1",
        "示城管罚(二〇二六)1",
        "示城管罰(2026)no1",
        "示城管罚(2026)2",
    ]
    cases = [new_id() for _ in numbers]
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO squads (id, code, name) VALUES (:id, 'ZD1', '一中队')"), {"id": squad}
        )
        connection.execute(
            text(
                "INSERT INTO enforcement_events (id, external_id, title, subject, party, place, kind, arrived_at,"
                " squad_id, sample, created_at, double_of) VALUES (:id, :name, 't', '', '', '', 'inspection', now(),"
                " :squad, false, now(), :first)"
            ),
            [
                {"id": UUID(int=n), "name": name, "squad": squad, "first": first}
                for n, (name, first) in enumerate(
                    zip(names, (None, None, None, UUID(int=2), None, None, UUID(int=6)), strict=True), 1
                )
            ],
        )
        connection.execute(
            text(
                "INSERT INTO cases (id, number, number_folded, title, party, place, squad_id, sample, created_at)"
                " VALUES (:id, :number, :folded, '', '', '', :squad, false, now() + make_interval(secs => :n))"
            ),
            [
                {"id": one, "number": number, "folded": folded, "squad": squad, "n": n}
                for n, (one, number, folded) in enumerate(zip(cases, numbers, folds, strict=True))
            ],
        )
    command.upgrade(config, "0038")
    with engine.begin() as connection:
        found = connection.execute(
            text("SELECT external_id, folded, double_of FROM enforcement_events ORDER BY id")
        ).all()
        brackets = UUID(int=3)
        assert [tuple(row) for row in found] == [
            ("E➖1", "e-1", UUID(int=6)), ("E⟦1⟧", "e(1)", brackets), ("E[1]", "e(1)", None),
            ("e⟦1⟧", "e(1)", brackets), ("R-7", "r-7", None), ("E-1", "e-1", None), ("E–1", "e-1", UUID(int=6)),
        ]  # fmt: skip
        kept = connection.execute(
            text("SELECT number_folded, double_of FROM cases ORDER BY created_at")
        ).all()
        assert [tuple(row) for row in kept] == [
            ("示城管罚(2026)1", None), *[(None, cases[0])] * 3, ("示城管罚(2026)2", None),
        ]  # fmt: skip
    admin = Actor(account_id=new_id(), username="admin", role=Role.admin, squad_id=None)
    with Session(engine) as session, speaking("en"):
        listed = {(one.kind.name, one.first, one.key) for one in doubles(session, admin)}
        assert ("events", "E[1]", "E⟦1⟧") in listed and ("cases", numbers[0], numbers[3]) in listed
        assert count_doubles(session) == 7
    command.downgrade(config, "0037")
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT key_fold('E⟦1⟧')")) == "e⟦1⟧"
    engine.dispose()

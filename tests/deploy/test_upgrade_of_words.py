"""An installation in which a case stands twice, under two kinds of brackets, passes the upgrade and loses nothing."""

import sqlalchemy
from alembic import command
from sqlalchemy import text
from sqlmodel import Session

from deploy.database import configuration
from schemas.base import new_id
from service.finding.search.renamed import SPELLING, recordings_naming
from service.kernel.text import fold

BEFORE, AFTER = "0020", "0021"
SQUAD = new_id()


def test_two_cases_that_are_one_from_now_on_stay_and_the_second_is_marked(clean_database: str) -> None:
    config = configuration(clean_database)
    command.downgrade(config, BEFORE)
    engine = sqlalchemy.create_engine(clean_database)
    numbers = [
        "示城管罚〔2026〕1号",
        "示城管罚〖2026〗1号",
        "示城管罚〖2026〗2号",
        "示城管罚〔2026〕3号",
        "买买提·艾力",
    ]
    ids = [new_id() for _ in numbers]
    old = ["示城管罚(2026)1", "示城管罚〖2026〗1", "示城管罚〖2026〗2", "示城管罚(2026)3", "买买提·艾力"]
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO squads (id, code, name) VALUES (:id, 'ZD1', '一中队')"), {"id": SQUAD}
        )
        connection.execute(
            text(
                "INSERT INTO cases (id, number, number_folded, title, party, place, squad_id, sample, created_at)"
                " VALUES (:id, :number, :folded, '', '', '', :squad, false, now() + make_interval(secs => :n))"
            ),
            [
                {"id": one, "number": number, "folded": folded, "squad": SQUAD, "n": n}
                for n, (one, number, folded) in enumerate(zip(ids, numbers, old, strict=True))
            ],
        )
        plain, dotted = new_id(), new_id()
        connection.execute(
            text(
                "INSERT INTO search_documents VALUES"
                " (:id, now(), :squad, NULL, NULL, NULL, false, 'ready', '{}', '{}', :refs, :body, '{}')"
            ),
            [
                {
                    "id": plain,
                    "squad": SQUAD,
                    "refs": ["case:示城管罚(2026)1"],
                    "body": "油烟\n示城管罚(2026)1号",
                },
                {"id": dotted, "squad": SQUAD, "refs": [], "body": "油烟\n买买提·艾力"},
            ],
        )
    command.upgrade(config, AFTER)
    with engine.begin() as connection:
        found = connection.execute(
            text("SELECT number_folded, double_of FROM cases ORDER BY created_at")
        ).all()
        assert [tuple(row) for row in found] == [
            ("示城管罚(2026)1", None), (None, ids[0]), ("示城管罚(2026)2", None), ("示城管罚(2026)3", None),
            (fold("买买提·艾力"), None),
        ]  # fmt: skip
        asked = connection.execute(text("SELECT subject_id FROM jobs WHERE kind = 'reindex'")).scalars().all()
        assert asked == [SPELLING]
    with Session(engine) as session:
        assert recordings_naming(session, SPELLING) == [dotted]
    command.downgrade(config, BEFORE)
    engine.dispose()

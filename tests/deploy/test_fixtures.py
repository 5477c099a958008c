"""The fixtures that every other test stands on."""

import sqlalchemy
from sqlmodel import Session


def test_what_a_test_commits_is_gone_in_the_next(session: Session) -> None:
    for _ in range(2):
        session.execute(sqlalchemy.text("CREATE TABLE left_behind (number int)"))
        session.commit()
        session.rollback()
        session.execute(sqlalchemy.text("DROP TABLE left_behind"))
    session.execute(sqlalchemy.text("CREATE TABLE left_behind_too (number int)"))
    session.commit()


def test_rolled_back_means_the_table_of_the_test_before_is_not_there(session: Session) -> None:
    found = session.execute(sqlalchemy.text("SELECT to_regclass('left_behind_too')")).scalar()
    assert found is None


def test_a_clean_database_is_not_the_workers(clean_database: str, database_url: str) -> None:
    assert clean_database != database_url
    engine = sqlalchemy.create_engine(clean_database)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE mine (number int)"))
    engine.dispose()


def test_redis_is_empty_at_first(redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as client:
        assert client.keys() == []
        client.set("left", "behind")

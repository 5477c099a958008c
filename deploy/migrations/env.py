"""Runs the migrations on the database that deploy.database names, one migrator at a time."""

import sqlalchemy
from alembic import context

from schemas.tables import metadata
from service.finding.search.schema import is_search_object
from service.kernel.database import Work

ADVISORY_LOCK = 0x7A68656E676C75


def include_name(name: str | None, kind: str, parents: object) -> bool:
    """The search table has SQL of its own (migration 0003); autogenerate must not see it."""
    return kind != "table" or name is None or not is_search_object(name)


def run() -> None:
    config = context.config
    url = config.attributes.get("url") or config.get_main_option("sqlalchemy.url")
    assert url, "deploy.database names it"
    engine = sqlalchemy.create_engine(url, connect_args={"options": Work.migration.options})
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SET lock_timeout = '20s'"))
        connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.commit()
        context.configure(
            connection=connection, target_metadata=metadata, include_name=include_name, compare_type=True
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(sqlalchemy.text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
        connection.commit()
    engine.dispose()


run()

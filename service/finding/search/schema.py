"""The search table: one row a recording, partitioned by month of arrival (UTC).

It is derived data, written by `documents.py` alone, and no SQLModel table: migrations run `DDL`, and
`alembic check` must leave out what `is_search_object` names (partitions come and go by themselves).
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.kernel.months import next_month

TABLE = "search_documents"
_PARTITION_LOCK = 7_302_001

DDL: list[str] = [
    f"""
    CREATE TABLE {TABLE} (
        recording_id  uuid        NOT NULL,
        received_at   timestamptz NOT NULL,
        squad_id      uuid,
        recorded_from timestamptz,
        lat           double precision,
        lon           double precision,
        linked        boolean     NOT NULL,
        state         text        NOT NULL,
        kinds         text[]      NOT NULL,
        tags          text[]      NOT NULL,
        refs          text[]      NOT NULL,
        body          text        NOT NULL,
        grams         integer[]   NOT NULL,
        media         text        NOT NULL,
        PRIMARY KEY (recording_id, received_at)
    ) PARTITION BY RANGE (received_at)
    """,
    f"CREATE TABLE {TABLE}_default PARTITION OF {TABLE} DEFAULT",
    f"CREATE INDEX {TABLE}_newest ON {TABLE} (received_at DESC, recording_id DESC)",
    f"CREATE INDEX {TABLE}_squad_newest ON {TABLE} (squad_id, received_at DESC, recording_id DESC)",
    f"CREATE INDEX {TABLE}_recorded ON {TABLE} (recorded_from)",
    # Without fastupdate: its pending list is read in full by every search.
    f"CREATE INDEX {TABLE}_grams ON {TABLE} USING gin (grams) WITH (fastupdate = off)",
    # Without a key: two writers who meet the same new value must not wait for each other. Read with DISTINCT.
    "CREATE TABLE search_values (facet text NOT NULL, value text NOT NULL)",
]
DROP: list[str] = [f"DROP TABLE IF EXISTS {TABLE}", "DROP TABLE IF EXISTS search_values"]


def is_search_object(name: str) -> bool:
    """For Alembic's `include_object`/`include_name`: tables and indexes that autogenerate must not see."""
    return name.startswith(("search_documents", "search_values"))


def month_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def partition_name(month: datetime) -> str:
    return f"{TABLE}_{month_of(month):%Y_%m}"


def ensure_partition(session: Session, month: datetime) -> bool:
    """Makes the partition of the month that `month` lies in; True if it was missing.

    Rows that went to the default partition meanwhile move into it. Attaching lets searches and writes of other
    months go on; who writes waits for as long as it takes. In a transaction of its own."""
    start = month_of(month)
    name, end = partition_name(start), next_month(start)
    if start in partition_months(session):
        return False
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _PARTITION_LOCK})
    if start in partition_months(session):
        return False
    within = f"received_at >= '{start.isoformat()}' AND received_at < '{end.isoformat()}'"
    for statement in (
        f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING STORAGE)",
        # The same condition as the bounds: attaching need not read the rows again.
        f"ALTER TABLE {name} ADD CONSTRAINT {name}_month CHECK ({within})",
        f"LOCK TABLE {TABLE}_default IN ACCESS EXCLUSIVE MODE",
        f"WITH moved AS (DELETE FROM {TABLE}_default WHERE {within} RETURNING *) INSERT INTO {name} SELECT * FROM moved",
        f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')",
        f"ALTER TABLE {name} DROP CONSTRAINT {name}_month",
    ):
        session.execute(text(statement))
    return True


def months_without(session: Session) -> list[datetime]:
    """The months of what waits in the default partition."""
    found = session.scalars(
        text(f"SELECT DISTINCT date_trunc('month', received_at AT TIME ZONE 'UTC') FROM {TABLE}_default")
    )
    return sorted(month.replace(tzinfo=UTC) for month in found)


def ensure_partitions(session: Session, months: Iterable[datetime]) -> None:
    for month in sorted(set(months) - set(partition_months(session))):
        ensure_partition(session, month)


def partition_months(session: Session) -> list[datetime]:
    """The months that have a partition, newest first. (By names in the catalog's rows: to_regclass would answer from
    a cache that need not know yet what another transaction has just made.)"""
    names = session.scalars(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid ="
            " i.inhparent WHERE p.relname = :table AND c.relname ~ '_[0-9]{4}_[0-9]{2}$' AND pg_table_is_visible(p.oid)"
        ),
        {"table": TABLE},
    )
    return sorted((datetime.strptime(name[-7:], "%Y_%m").replace(tzinfo=UTC) for name in names), reverse=True)

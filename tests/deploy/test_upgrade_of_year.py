"""The demo's year, made and frozen by the version before, passes the migrations of this one: every row that it had is
as it was, and every figure is counted alike.

The version before is the newest commit without the newest migration; ZHENGLU_UPGRADE_FROM names another."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from deploy.database import upgrade
from deploy.embedded.postgres import Postgres
from service.preservation.backups import dump
from tests.fixtures.postgres import own_database

TREE = Path(__file__).parents[2]
MIGRATIONS = "deploy/migrations/versions"
MAKE = """
import sys
import sqlalchemy
from deploy.database import upgrade
from deploy.demo.year import freezing
from deploy.demo.year.load import load_year
from service.kernel.database import transaction
from tests.deploy.test_demo_year import _people

upgrade(sys.argv[1])
engine = sqlalchemy.create_engine(sys.argv[1])
with transaction(engine) as session:
    _people(session)
with transaction(engine) as session:
    load_year(session)
freezing.freeze_months(engine)
"""
COUNT = """
import json, sys
from datetime import UTC, date, datetime
import sqlalchemy
from deploy.demo.simulator.rates import YEAR
from deploy.demo.year import freezing
from service.kernel.database import transaction
from service.supervision.coverage.queries import board
from service.supervision.coverage.selection import Filters
from tests.deploy.test_demo_year import ALL

filters = Filters(since=date(YEAR, 1, 1), until=date(YEAR + 1, 1, 1))
with transaction(sqlalchemy.create_engine(sys.argv[1])) as session:
    actor = freezing.the_supervisor(session)
    found = board(session, actor, filters, ("squad", "month"), datetime(YEAR + 2, 1, 1, tzinfo=UTC), names=ALL)
    told = {
        f"{one.name} {[key.value for key in row.keys]}": [
            round(one.numerator, 3), round(one.denominator, 3), one.n, one.excluded, one.matter_versions
        ]
        for row in (*found.rows, found.total)
        for one in row.figures.values()
    }
    print(json.dumps(told, default=str, sort_keys=True))
"""


def git(*words: str) -> str:
    return subprocess.run(
        ["git", "-C", TREE, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def version_before() -> str:
    if chosen := os.environ.get("ZHENGLU_UPGRADE_FROM"):
        return chosen
    return git("log", "-1", "--diff-filter=A", "--format=%H", "--", MIGRATIONS) + "~1"


def run(tree: Path, script: str, url: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, url],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def columns(connection: psycopg.Connection) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, a.attnum"
    ):
        found.setdefault(table, []).append(column)
    return found


def contents(connection: psycopg.Connection, of: dict[str, list[str]]) -> dict[str, Any]:
    """Of each table how many rows, and a sum of hashes over these columns."""
    found = {}
    for table, names in of.items():
        row = sql.SQL("ROW({})::text").format(sql.SQL(", ").join(map(sql.Identifier, names)))
        statement = sql.SQL("SELECT count(*), sum(hashtextextended({}, 0)::numeric)::text FROM {}")
        found[table] = connection.execute(statement.format(row, sql.Identifier(table))).fetchone()
    return found


@pytest.mark.soak
@pytest.mark.timeout(2400)
def test_the_year_of_the_version_before_is_the_same_after_the_upgrade(
    postgres: Postgres, tmp_path: Path, worker_id: str
) -> None:
    before = tmp_path / "before"
    before.mkdir()
    archive = subprocess.run(
        ["git", "-C", TREE, "archive", version_before()], check=True, capture_output=True
    )
    subprocess.run(["tar", "-x", "-C", before], input=archive.stdout, check=True)
    with own_database(postgres, f"year_before_{worker_id}", None) as url:
        run(before, MAKE, url)
        figures = json.loads(run(before, COUNT, url))
        with closing(dump.connect(url)) as connection:
            had = columns(connection)
            kept = contents(connection, had)
        upgrade(url)
        with closing(dump.connect(url)) as connection:
            has = columns(connection)
            assert {name: set(had[name]) - set(has.get(name, ())) for name in had} == {
                name: set() for name in had
            }
            now = contents(connection, had)
        del kept["alembic_version"], now["alembic_version"]
        # an upgrade may ask for work, as for documents under a new spelling; there was none before
        assert kept.pop("jobs") == (0, None) and now.pop("jobs") is not None
        assert now == kept
        counted = json.loads(run(TREE, COUNT, url))
        assert counted.keys() == figures.keys() and len(figures) > 300
        assert {
            name: (figures[name], counted[name]) for name in figures if figures[name] != counted[name]
        } == {}

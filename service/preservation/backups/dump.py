"""The database as a file: PostgreSQL's own dump of one snapshot, restored by its own tool, and a digest of every
table by which both sides are compared."""

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from service.kernel.environment import for_others
from service.preservation.backups.errors import (
    DatabaseInUse,
    MayNotMakeDatabases,
    NotAsBackedUp,
    NoTools,
    ToolFailed,
)
from service.preservation.backups.manifest import TableFacts

SERVICE = "zhenglu"
# A snapshot is held while others work, however long, and rows must read the same on every server.
OPTIONS = (
    "-c timezone=UTC -c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=60s"
    " -c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=1 -c bytea_output=hex"
)


def parameters(url: str, database: str | None = None) -> dict[str, Any]:
    """libpq's, from SQLAlchemy's form."""
    parts: URL = make_url(url)
    named = {
        "host": parts.host,
        "port": parts.port,
        "user": parts.username,
        "password": parts.password,
        "dbname": database or parts.database,
        **{name: value for name, value in parts.query.items() if isinstance(value, str)},
    }
    return {name: value for name, value in named.items() if value is not None}


def database_of(url: str) -> str:
    return make_url(url).database or ""


def url_of(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def connect(url: str, database: str | None = None, *, autocommit: bool = False) -> psycopg.Connection:
    try:
        return psycopg.connect(
            **{**parameters(url, database), "connect_timeout": 10, "options": OPTIONS}, autocommit=autocommit
        )
    except psycopg.OperationalError as error:
        raise ToolFailed(tool="PostgreSQL", detail=str(error).strip().splitlines()[-1]) from error


def tool(name: str, major: int) -> tuple[str, int]:
    """The program of this major version, or of the oldest newer one that is installed, and its version."""
    found = {
        int(folder.parent.name): folder / name
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if folder.parent.name.isdigit() and (folder / name).exists()
    }
    fit = sorted(version for version in found if version >= major)
    if fit:
        return str(found[fit[0]]), fit[0]
    if path := shutil.which(name):
        told = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
        version = re.search(r"(\d+)(?:\.\d+|beta|rc|devel)", told)
        if version and int(version[1]) >= major:
            return path, int(version[1])
    raise NoTools(tool=name, version=major)


def _run(program: str, arguments: list[str], url: str, database: str | None = None) -> "Tool":
    named = parameters(url, database)
    environment = for_others() | {name: value for name, value in os.environ.items() if name.startswith("PG")}
    if password := environment.pop("PGPASSWORD", ""):
        named.setdefault("password", password)
    with _service_file(named) as file:
        environment["PGSERVICEFILE"] = f"/proc/self/fd/{file}"
        return Tool(
            Path(program).name,
            subprocess.Popen(
                [program, *arguments, f"--dbname=service={SERVICE}", "--no-password"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                env=environment,
                pass_fds=[file],
            ),
        )


@contextlib.contextmanager
def _service_file(named: dict[str, Any]) -> Iterator[int]:
    """Where and as whom, in memory and for the child alone: passwords on the command line are seen by everybody on the
    machine, those in an environment by whoever runs as the same user."""
    file = os.memfd_create("pg_service")
    try:
        lines = [f"[{SERVICE}]", *(f"{name}={value}" for name, value in named.items() if value is not None)]
        os.write(file, "\n".join([*lines, ""]).encode())
        yield file
    finally:
        os.close(file)


class Tool:
    """One that runs. Ended with the block that uses it."""

    def __init__(self, name: str, process: "subprocess.Popen[str]") -> None:
        self.name, self.process = name, process

    def wait(self, within_s: float | None = None) -> None:
        """Until it ends; TimeoutError while it does not."""
        try:
            _, told = self.process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        if self.process.returncode:
            said = [line for line in told.splitlines() if line.strip()]
            raise ToolFailed(tool=self.name, detail=" ".join(said[-3:])[-500:] or self.process.returncode)

    def __enter__(self) -> "Tool":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()


def server_major(connection: psycopg.Connection) -> int:
    return connection.info.server_version // 10000


def dumping(url: str, snapshot: str, file: Path, program: str) -> Tool:
    """pg_dump at work on one exported snapshot, in its custom format."""
    return _run(
        program,
        [
            *("--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=60s"),
            *(f"--snapshot={snapshot}", f"--file={file}"),
        ],
        url,
    )


def check_listing(file: Path, tables: dict[str, TableFacts], major: int) -> None:
    """pg_restore can read the dump's contents, and finds the data of every table."""
    done = subprocess.run(
        [tool("pg_restore", major)[0], "--list", str(file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise ToolFailed(tool="pg_restore --list", detail=done.stderr.strip()[-500:])
    listed = set(re.findall(r"^\d+; \d+ \d+ TABLE (?!DATA)\S+ (\S+)", done.stdout, re.MULTILINE))
    if missing := sorted(set(tables) - listed):
        raise ToolFailed(tool="pg_restore --list", detail=f"no {', '.join(missing)}")


def load(url: str, database: str, file: Path, made_by: int, server: int) -> None:
    """By the program of the server's version, where it is there; any that reads what `made_by` wrote will do."""
    try:
        program, _ = tool("pg_restore", max(made_by, server))
    except NoTools:
        program, _ = tool("pg_restore", made_by)
    jobs = max(1, min(4, os.cpu_count() or 1))
    arguments = ["--no-owner", "--no-privileges", "--exit-on-error", f"--jobs={jobs}", str(file)]
    with _run(program, arguments, url, database) as restoring:
        restoring.wait()


def digests(connection: psycopg.Connection) -> dict[str, TableFacts]:
    """Of every table with rows of its own; of a partitioned one all together."""
    names = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"
    ).fetchall()
    found = {}
    for (name,) in names:
        row = connection.execute(
            sql.SQL(
                "SELECT count(*), coalesce(sum(('x' || encode(substr(sha256(convert_to("
                "whole_row::text, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint::numeric), 0)::text"
                " FROM public.{} AS whole_row"
            ).format(sql.Identifier(name))
        ).fetchone()
        assert row is not None, "an aggregate answers one row"
        found[name] = TableFacts(rows=row[0], digest=row[1])
    return found


def compare(connection: psycopg.Connection, wanted: dict[str, TableFacts]) -> None:
    found = digests(connection)
    for name in sorted({*wanted, *found}):
        there, was = found.get(name), wanted.get(name)
        if there != was:
            raise NotAsBackedUp(
                table=name, found=there["rows"] if there else "–", wanted=was["rows"] if was else "–"
            )


# databases of one server


def exists(admin: psycopg.Connection, name: str) -> bool:
    return bool(admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone())


def create(admin: psycopg.Connection, name: str) -> None:
    try:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
        )
    except psycopg.errors.InsufficientPrivilege as error:
        raise MayNotMakeDatabases from error


def drop(admin: psycopg.Connection, name: str) -> None:
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def unused(admin: psycopg.Connection, name: str) -> None:
    """Raises DatabaseInUse while anybody is connected to it. Who has just left is counted for a moment still."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
    count = 0
    for wait in (0.1, 0.4, 1.5, 0.0):
        row = admin.execute(asked, [name]).fetchone()
        count = row[0] if row else 0
        if not count:
            return
        time.sleep(wait)
    raise DatabaseInUse(name=name, count=count)


def swap(admin: psycopg.Connection, made: str, target: str, aside: str | None) -> None:
    """`made` becomes `target`, at once; what bore that name is called `aside`, or goes where that is None."""
    unused(admin, target)
    rename = "ALTER DATABASE {} RENAME TO {}"
    if aside is None:
        drop(admin, target)
    with admin.transaction():
        if aside is not None:
            admin.execute(sql.SQL(rename).format(sql.Identifier(target), sql.Identifier(aside)))
        admin.execute(sql.SQL(rename).format(sql.Identifier(made), sql.Identifier(target)))


@contextlib.contextmanager
def throw_away(url: str, name: str) -> Iterator[str]:
    """One more database on the server; it goes at the end. Answers its URL."""
    with connect(url, "postgres", autocommit=True) as admin:
        drop(admin, name)
        create(admin, name)
        try:
            yield url_of(url, name)
        finally:
            with contextlib.suppress(psycopg.Error):
                drop(admin, name)

"""The database: its version and schema, how long it lets work last, and whether it keeps what it has said to keep."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from deploy.doctor.findings import Finding, broken, not_running, ok, warning
from service.kernel.i18n import gettext as _
from service.kernel.i18n import noop as _n
from service.kernel.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlmodel import Session

T = TypeVar("T")
KINDS = {
    "request": _n("requests"),
    "import": _n("imports"),
    "work": _n("workers"),
    "migration": _n("migrations"),
}
# A power cut then loses what was answered with 2xx, or the whole database.
MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")


@contextmanager
def connected(settings: Settings) -> "Iterator[Connection | None]":
    """None where it cannot be had, of which the first check has said why."""
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    if not settings.database_url:
        yield None
        return
    engine = sqlalchemy.create_engine(settings.database_url, poolclass=sqlalchemy.NullPool)
    try:
        connection = engine.connect()
    except SQLAlchemyError:
        yield None
        return
    with connection:
        yield connection


def answered(settings: Settings, ask: "Callable[[Session], T]") -> T | None:
    """What it answers; None where it cannot be had, or has an older schema: its own checks have said why."""
    from sqlalchemy.exc import SQLAlchemyError
    from sqlmodel import Session

    with connected(settings) as connection:
        if connection is None:
            return None
        try:
            with Session(connection) as session:
                return ask(session)
        except SQLAlchemyError:
            return None


def database(settings: Settings) -> Iterator[Finding]:
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    from deploy.database import revisions

    if not settings.database_url:
        yield not_running(
            "database",
            _("no `zhenglu up` runs on this data folder, and the settings name no other"),
            _("Start `zhenglu up`, or set {name}.").format(name="ZHENGLU_DATABASE_URL"),
        )
        return
    engine = sqlalchemy.create_engine(settings.database_url, poolclass=sqlalchemy.NullPool)
    try:
        with engine.connect() as connection:
            version = connection.execute(sqlalchemy.text("SHOW server_version")).scalar_one()
            number = int(connection.execute(sqlalchemy.text("SHOW server_version_num")).scalar_one())
            encoding = connection.execute(sqlalchemy.text("SHOW server_encoding")).scalar_one()
        if number < 150000:
            yield broken("database", f"PostgreSQL {version}", _("Use PostgreSQL 15 or newer."))
        elif encoding != "UTF8":
            yield broken(
                "database",
                _("its encoding is {encoding}").format(encoding=encoding),
                _("Create the database with ENCODING 'UTF8'."),
            )
        else:
            yield ok("database", f"PostgreSQL {version}")
        now, newest = revisions(settings.database_url)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        yield broken("database", reason, _("Start PostgreSQL, or correct ZHENGLU_DATABASE_URL."))
        return
    if now == newest:
        yield ok("migrations", _("at {revision}, the newest").format(revision=now))
    else:
        yield broken(
            "migrations",
            _("at {revision}, the newest is {newest}").format(revision=now or "–", newest=newest),
            _("Run `zhenglu migrate`."),
        )


def time_limits(settings: Settings) -> Iterator[Finding]:
    """What the connections of each kind of work are really held to: what stands between may drop what they ask for."""
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    from service.kernel.database import Work, engine_for

    if not settings.database_url:
        return
    statement = sqlalchemy.text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)")
    without, dropped = [], []
    for kind in Work:
        asked = kind.patience()
        engine = engine_for(settings.database_url, pool_size=1, work=kind)
        try:
            with engine.connect() as connection:
                rows = connection.execute(statement, {"names": list(asked)})
                in_force = {name: int(setting) for name, setting in rows}
        except SQLAlchemyError:  # the database's own check has said why
            return
        finally:
            engine.dispose()
        if endless(asked):
            without.append(_(KINDS[kind]))
        elif not kept(asked, in_force):
            dropped.append(_(KINDS[kind]))
    if dropped:
        yield warning(
            "time limits",
            _("the database does not keep to them: {kinds}").format(kinds=", ".join(dropped)),
            _(
                "Let the pooler in between pass on start-up options, or set statement_timeout and "
                "idle_in_transaction_session_timeout for its user (ALTER ROLE)."
            ),
        )
    elif without:
        yield warning(
            "time limits",
            _("nothing ends what lasts for ever: {kinds}").format(kinds=", ".join(without)),
            _("Give ZHENGLU_…_STATEMENT_S and ZHENGLU_…_REST_S a number of seconds, or leave them out."),
        )
    else:
        yield ok("time limits", _("statements and resting transactions end, by kind of work"))


def endless(asked: Mapping[str, str]) -> bool:
    return any(int(bound.removesuffix("s")) == 0 for bound in asked.values())


def kept(asked: Mapping[str, str], in_force: Mapping[str, int]) -> bool:
    """`asked` in seconds with their unit, `in_force` in milliseconds."""
    return all(in_force.get(name) == 1000 * int(bound.removesuffix("s")) for name, bound in asked.items())


def durability(settings: Settings) -> Iterator[Finding]:
    import sqlalchemy

    statement = sqlalchemy.text("SELECT name FROM pg_settings WHERE name = ANY(:names) AND setting = 'off'")
    with connected(settings) as connection:
        if connection is None:
            return
        off = sorted(connection.execute(statement, {"names": list(MUST_BE_ON)}).scalars())
    if off:
        yield warning(
            "durability",
            _("a power cut may lose what was said to be received ({names} off)").format(names=", ".join(off)),
            _("Set {names} to on in postgresql.conf.").format(names=", ".join(off)),
        )
    else:
        yield ok("durability", _("what was answered is on disk"))

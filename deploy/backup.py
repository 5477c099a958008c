"""`zhenglu backup` and `zhenglu restore`: all of an installation into a folder, and back from it."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote, urlsplit

import typer

from schemas.backups import BackupObjects
from service.kernel.i18n import gettext as _
from service.kernel.i18n import noop as _n
from service.kernel.i18n import size

if TYPE_CHECKING:
    from deploy.account import Account
    from service.kernel.settings import Settings
    from service.preservation.backups.making import Told
    from service.preservation.backups.restoring import Restored, Schema

STEPS = {
    "dump": _n("database"),
    "copy": _n("copying what is new"),
    "verify": _n("reading back what was written"),
    "check": _n("reading the backup"),
    "load": _n("restoring the database"),
    "compare": _n("comparing every table"),
    "store": _n("bringing objects back"),
}
FAILED, SOMETHING_KEPT = 1, 3
Data = Annotated[Path | None, typer.Option(help="data folder (default: ZHENGLU_DATA_DIR)")]


def backup(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="folder of the backups (default: ZHENGLU_BACKUP_DIR)"),
    ] = None,
    objects: Annotated[
        BackupObjects | None,
        typer.Option(
            help="copy: the bytes of all objects, too; reference: only their names and fingerprints,"
            " where the store keeps copies of its own (default: ZHENGLU_BACKUP_OBJECTS)"
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Back up everything while it is in use; only what is new is copied, and every byte is read back."""
    from deploy import running
    from service.kernel.database import get_engine
    from service.preservation.backups.making import make_backup

    settings = _settings(data)
    target = folder or settings.backup_dir
    if target is None:
        raise typer.BadParameter(_("name a folder, or set ZHENGLU_BACKUP_DIR"))
    with _telling(), _progress() as told:
        running.use(settings.data_dir)
        settings = _settings()
        account = _account(settings)
        with _server(settings, account) as url:
            _use(url)
            try:
                made = make_backup(
                    _settings(),
                    target.absolute(),
                    mode=objects or BackupObjects(settings.backup_objects),
                    by="command line",
                    told=told,
                    owner=(account.uid, account.gid) if account else None,
                )
            finally:
                get_engine().dispose()
    _say(
        _(
            "Backed up into {path}: {all} objects, {size}; of these {new} were copied now. Read back: whole."
        ).format(
            path=made.path,
            all=made.manifest["objects"],
            size=size(made.manifest["bytes"]),
            new=size(made.copied),
        )
    )
    if made.manifest["objects_by"] == BackupObjects.reference:
        _say(_("It holds no bytes of objects: the object store must keep its own copies."))
    if made.manifest["open_uploads"]:
        _say(
            _(
                "{n} uploads were in progress: what had arrived of them is not in it. Nobody was told that these"
                " files may be erased; after a restore they are sent again."
            ).format(n=made.manifest["open_uploads"])
        )
    if made.removed:
        _say(_("{n} older backups made room (policy backup_keep).").format(n=made.removed))
    _say(
        _(
            "Not in it, keep them yourself: ZHENGLU_SECRET_KEY (or the file “secret” in the data folder),"
            " the keys of the object store, the passwords of the databases, certificates."
        )
    )
    if made.lacking:
        _say(
            _("The object store itself lacks {n} files, or has other bytes of them: {keys}").format(
                n=len(made.lacking), keys=_some(made.lacking, len(made.lacking))
            )
        )
        raise typer.Exit(SOMETHING_KEPT)


def restore(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="folder of backups (then the newest), or one of them")
    ],
    data: Data = None,
    set_aside: Annotated[
        bool,
        typer.Option("--set-aside", help="a database that is at work there is kept under another name"),
    ] = False,
    trial: Annotated[
        bool,
        typer.Option("--try", help="into a throw-away database, to see whether it could be done"),
    ] = False,
) -> None:
    """Restore a backup into an empty installation. Exit code 1: failed, nothing changed; 3: what was there was kept."""
    from service.preservation.backups.folder import chosen

    settings = _settings(data)
    if trial:
        with _telling(), _progress() as told:
            known = _try(folder, settings, told)
        _say(_("The backup could be restored: every byte and every table is as it was."))
        if not known:
            _say(_("No installation here knows this backup: that it was tried is not written down."))
        return
    from deploy.running import AlreadyRunning, Running
    from service.kernel.storage.factory import open_store
    from service.preservation.backups.restoring import restore as bring_back

    with _telling(), _progress() as told:
        if (state := Running.read(settings.data_dir)) and state.alive and not settings.database_url:
            raise AlreadyRunning(settings.data_dir, state)
        there, one = chosen(folder)
        before = _entries(settings.data_dir)
        account = _account(settings, new=True)
        where = urlsplit(settings.store_url)
        root = Path(unquote(where.path)) if where.scheme == "file" else None
        try:
            result = bring_back(
                there,
                one,
                lambda: _server(settings, account, new=True),
                lambda: open_store(settings.store_url, settings.s3_access_key, settings.s3_secret_key),
                _schema(),
                store_root=settings.data_dir if root else None,
                set_aside=set_aside,
                told=told,
            )
        except BaseException:  # a folder that was not there is not there afterwards, and it is raised again
            _remove_new(settings.data_dir, before)
            raise
        if account and root and root.is_relative_to(settings.data_dir):
            _give(root, account)
    _report(result, settings)


def _try(folder: Path, settings: "Settings", told: "Told") -> bool:
    from uuid import UUID

    from deploy import running
    from service.kernel.database import get_engine
    from service.preservation.backups import actions
    from service.preservation.backups.folder import chosen
    from service.preservation.backups.restoring import try_restore

    running.use(settings.data_dir)
    settings = _settings()
    there, one = chosen(folder)
    at_home = bool(settings.database_url) or (settings.data_dir / "postgres/data/PG_VERSION").exists()
    with contextlib.ExitStack() as stack:
        if not at_home:
            nowhere = stack.enter_context(tempfile.TemporaryDirectory(prefix="zhenglu-trial-"))
            Path(nowhere).chmod(0o711)
            settings = settings.model_copy(update={"data_dir": Path(nowhere)})
        url = stack.enter_context(_server(settings, _account(settings, new=True), new=not at_home))
        try_restore(there, one, url, _schema(), told)
        if not at_home:
            return False
        _use(url)
        try:
            return actions.restore_tried(UUID(one.manifest["id"]))
        finally:
            get_engine().dispose()


def _report(result: "Restored", settings: "Settings") -> None:
    if result.refused:
        _say(
            _(
                "Nothing was restored: the database {name} is at work, and stays as it is. With --set-aside it is"
                " kept under another name, and the backup takes its place."
            ).format(name=result.refused)
        )
        raise typer.Exit(SOMETHING_KEPT)
    manifest = result.manifest
    _say(
        _("Restored, as it was at {at}: {objects} objects, {size}; every table compared.").format(
            at=datetime.fromisoformat(manifest["at"]).astimezone(settings.zone).strftime("%Y-%m-%d %H:%M:%S"),
            objects=manifest["objects"],
            size=size(manifest["bytes"]),
        )
    )
    if manifest["open_uploads"]:
        _say(
            _("{n} uploads that were in progress have ended: their files are sent again.").format(
                n=manifest["open_uploads"]
            )
        )
    _say(
        _(
            "Everybody signs in anew. Passwords, accounts and tokens are those of the backup's time: what was"
            " closed since is open again, so look through them."
        )
    )
    if manifest["timezone"] != settings.timezone:
        _say(
            _(
                "The backup's time zone is {was}, here it is {now}: set ZHENGLU_TIMEZONE, or days differ."
            ).format(was=manifest["timezone"], now=settings.timezone)
        )
    if result.aside:
        _say(_("The database that was there is kept as {name}.").format(name=result.aside))
    if result.unknown_count:
        _say(
            _("{n} objects in the store are not in the backup and stay there: {keys}").format(
                n=result.unknown_count, keys=_some(result.unknown, result.unknown_count)
            )
        )
    if result.lacking:
        _say(
            _("{n} files had been lost before the backup was made: {keys}").format(
                n=len(result.lacking), keys=_some(result.lacking, len(result.lacking))
            )
        )
    if result.unlocked:
        _say(
            _("{n} originals were locked, and this store does not lock them: {keys}").format(
                n=len(result.unlocked), keys=_some(result.unlocked, len(result.unlocked))
            )
        )
    if not result.as_expected:
        raise typer.Exit(SOMETHING_KEPT)


def _some(keys: list[str], count: int) -> str:
    return ", ".join(keys[:5]) + (" …" if count > 5 else "")


def _settings(data: Path | None = None) -> "Settings":
    from service.kernel.settings import get_settings

    if data is not None:
        os.environ["ZHENGLU_DATA_DIR"] = str(data.absolute())
    get_settings.cache_clear()
    settings = get_settings()
    return settings.model_copy(update={"data_dir": settings.data_dir.absolute()})


def _use(url: str) -> None:
    """From here on this process works on that database."""
    from service.kernel.database import get_engine

    os.environ["ZHENGLU_DATABASE_URL"] = url
    _settings()
    get_engine.cache_clear()


def _account(settings: "Settings", *, new: bool = False) -> "Account | None":
    """As root: whom the data folder belongs to, or will."""
    from deploy.account import Account
    from deploy.service_user import service_account

    if os.geteuid() != 0:
        return None
    folder = settings.data_dir
    if folder.exists() and (folder.stat().st_uid != 0 or settings.database_url):
        told = folder.stat()
        return Account("", told.st_uid, told.st_gid) if told.st_uid else None
    return service_account() if new and not settings.database_url else None


@contextlib.contextmanager
def _server(settings: "Settings", account: "Account | None", *, new: bool = False) -> Iterator[str]:
    """The database's URL: that of the settings, or of the private PostgreSQL of a data folder on which no `up` runs,
    started for as long as this takes."""
    from deploy import running
    from deploy.embedded.postgres import Postgres, PostgresError

    if settings.database_url:
        yield settings.database_url
        return
    folder = settings.data_dir
    if not new and not (folder / "postgres/data/PG_VERSION").exists():
        raise PostgresError(
            _("There is nothing in {folder} yet, and ZHENGLU_DATABASE_URL is not set.").format(folder=folder)
        )
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    if account and folder.stat().st_uid == 0:
        if any(folder.iterdir()):
            raise PostgresError(_("{folder} belongs to root, and is not empty.").format(folder=folder))
        account.owns(folder)
    (folder / "logs").mkdir(exist_ok=True)
    if account:
        account.owns(folder / "logs")
    with running.lock(folder):
        if account:
            account.owns(folder / running.LOCK_FILE)
        cluster = Postgres(folder / "postgres", account=account, log=folder / "logs/postgresql.log")
        cluster.start()
        if account:
            account.owns(folder / "logs/postgresql.log")
        try:
            yield cluster.url()
        finally:
            cluster.stop()


def _schema() -> "Schema":
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    from deploy.database import configuration, upgrade
    from service.preservation.backups.restoring import Schema

    def knows(revision: str) -> bool:
        try:
            return ScriptDirectory.from_config(configuration("")).get_revision(revision) is not None
        except CommandError:
            return False

    return Schema(knows, upgrade)


def _entries(folder: Path) -> set[str] | None:
    return {one.name for one in folder.iterdir()} if folder.is_dir() else None


def _remove_new(folder: Path, before: set[str] | None) -> None:
    """What a failed restore made in a data folder."""
    if before is None:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for one in folder.iterdir():
        if one.name not in before:
            shutil.rmtree(one, ignore_errors=True) if one.is_dir() else one.unlink()


def _give(root: Path, account: "Account") -> None:
    for path, _folders, files in os.walk(root):
        for one in (Path(path), *(Path(path) / name for name in files)):
            os.chown(one, account.uid, account.gid, follow_symlinks=False)


@contextlib.contextmanager
def _telling() -> Iterator[None]:
    """Refusals are sentences, not tracebacks."""
    import psycopg
    from sqlalchemy.exc import SQLAlchemyError

    from deploy.embedded.postgres import PostgresError
    from deploy.running import AlreadyRunning
    from service.kernel.errors import ServiceError

    try:
        yield
    except ServiceError as error:
        told = error.say()
    except (psycopg.Error, SQLAlchemyError) as error:
        told = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    except (AlreadyRunning, PostgresError, OSError, ValueError) as error:
        told = str(error)
    else:
        return
    typer.echo(told, err=True)
    raise typer.Exit(FAILED) from None


@contextlib.contextmanager
def _progress() -> Iterator["Told"]:
    """A bar for each step, on a terminal."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from deploy.console import Console

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = {}

        def told(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(_(STEPS[step]), total=None)
            bars.update(tasks[step], completed=done, total=total or None)

        yield told


def _say(sentence: str) -> None:
    typer.echo(sentence)


def register(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)

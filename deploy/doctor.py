"""`zhenglu doctor`: looks at each component and says how to mend what fails."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer

from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy, size
from service.kernel.queues import QUEUES
from service.kernel.settings import Settings, get_settings

NEEDED = {
    "encoders": ("libx264", "aac", "mjpeg", "png"),
    "decoders": ("h264", "hevc", "mpeg4", "mpeg2video", "mjpeg", "aac", "mp3", "ac3", "mp2"),
    "filters": (
        *("scale", "fps", "split", "select", "tile", "transpose", "thumbnail", "aresample", "astats"),
        *("blackdetect", "freezedetect", "silencedetect", "signalstats", "metadata"),
    ),
    "muxers": ("mp4", "image2", "null"),
}
FOR_THE_DEMO = {"encoders": ("libx265", "libmp3lame"), "filters": ("drawtext",), "muxers": ("avi", "mpegts")}
CLOCK_SKEW_S = 2.0
DISK_FULL_BYTES = 2**30
DISK_LOW_BYTES = 20 * 2**30


class Verdict(StrEnum):
    ok = "ok"
    warning = "warning"  # it works, and somebody should know this
    not_running = "not_running"  # needed, and nobody has started it
    broken = "broken"


SAID = {
    Verdict.ok: lazy("ok"),
    Verdict.warning: lazy("look at it"),
    Verdict.not_running: lazy("not running"),
    Verdict.broken: lazy("broken"),
}
# The names in --json stay as they are; people read these.
COMPONENTS = {
    "database": lazy("database"),
    "migrations": lazy("database schema"),
    "Redis": lazy("Redis"),
    **{f"worker {queue.name}": queue.worker for queue in QUEUES.values()},
    "object store": lazy("object store"),
    "object lock": lazy("object lock"),
    "ffmpeg": lazy("ffmpeg"),
    "tesseract": lazy("tesseract"),
    "photos": lazy("photos"),
    "sandbox": lazy("sandbox"),
    "clock": lazy("clock"),
    "disk": lazy("disk"),
    "backups": lazy("backups"),
    "service user": lazy("service user"),
}


@dataclass(frozen=True)
class Finding:
    """`component` and `verdict` never change their names; `found` and `mend` are in the caller's language.

    `mend` is one sentence on what to do; empty where nothing is to be done.
    """

    component: str
    verdict: Verdict
    found: str
    mend: str = ""


def ok(component: str, found: str) -> Finding:
    return Finding(component, Verdict.ok, found)


def warning(component: str, found: str, mend: str = "") -> Finding:
    return Finding(component, Verdict.warning, found, mend)


def broken(component: str, found: str, mend: str) -> Finding:
    return Finding(component, Verdict.broken, found, mend)


def not_running(component: str, found: str, mend: str) -> Finding:
    return Finding(component, Verdict.not_running, found, mend)


def examine(settings: Settings) -> Iterator[Finding]:
    """Every check, each on its own: one that fails keeps none of the others from being made."""
    checks: list[Callable[[Settings], Iterator[Finding]]] = [
        *(
            database,
            redis_server,
            workers,
            object_store,
            ffmpeg,
            tesseract,
            photos,
            sandbox,
            clock,
            disk,
            backups,
        )
    ]
    for check in checks:
        yield from check(settings)


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


def redis_server(settings: Settings) -> Iterator[Finding]:
    import redis

    if not settings.redis_url:
        yield not_running(
            "Redis",
            _("no `zhenglu up` runs on this data folder, and the settings name no other"),
            _("Start `zhenglu up`, or set {name}.").format(name="ZHENGLU_REDIS_URL"),
        )
        return
    try:
        with redis.Redis.from_url(settings.redis_url, socket_connect_timeout=3, socket_timeout=3) as client:
            version = client.info("server")["redis_version"]
            policy = client.info("memory").get("maxmemory_policy", "noeviction")
    except (redis.RedisError, ValueError) as error:
        yield broken(
            "Redis", str(error), _("Start Redis, or correct ZHENGLU_REDIS_URL; work waits meanwhile.")
        )
        return
    if policy != "noeviction":
        yield warning(
            "Redis",
            _("{version}, may throw away queued work (maxmemory-policy {policy})").format(
                version=version, policy=policy
            ),
            _("Set maxmemory-policy noeviction; lost nudges are made good by the sweeper, only later."),
        )
    else:
        yield ok("Redis", version)


def workers(settings: Settings) -> Iterator[Finding]:
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    if not settings.database_url:
        return
    statement = sqlalchemy.text(
        "SELECT queue, count(*) FROM heartbeats"
        " WHERE stopped_at IS NULL AND seen_at > now() - interval '30 seconds' GROUP BY queue"
    )
    engine = sqlalchemy.create_engine(settings.database_url, poolclass=sqlalchemy.NullPool)
    try:
        with engine.connect() as connection:
            alive = {queue: count for queue, count in connection.execute(statement)}
    except SQLAlchemyError:  # the database's own check has said why
        return
    for queue in QUEUES:
        if queue in alive:
            yield ok(f"worker {queue}", _("{n} alive").format(n=alive[queue]))
        else:
            yield warning(
                f"worker {queue}",
                _("none has been heard of for 30 s"),
                _("Start `zhenglu up` or `zhenglu worker {queue}`; its work waits meanwhile.").format(
                    queue=queue
                ),
            )


def object_store(settings: Settings) -> Iterator[Finding]:
    from service.kernel.errors import ServiceError
    from service.kernel.storage.factory import open_store

    where = urlsplit(settings.store_url)
    if where.scheme == "file" and not Path(unquote(where.path)).exists():
        # A look must leave no folder behind: root's would keep the service user out of it.
        yield ok(
            "object store", _("{folder} is not there yet: the first start makes it").format(folder=where.path)
        )
        return
    try:
        store = open_store(settings.store_url, settings.s3_access_key, settings.s3_secret_key)
        proof = store.objects.prove_lock()
    except (ServiceError, ValueError, OSError) as error:
        told = error.say() if isinstance(error, ServiceError) else str(error)
        yield broken(
            "object store", told, _("Start the store, or correct ZHENGLU_OBJECT_STORE and its keys.")
        )
        return
    yield ok("object store", _("{address} answers").format(address=settings.store_url.split("?")[0]))
    if proof.holds:
        yield ok(
            "object lock",
            proof.detail or _("a locked probe could not be deleted, nor its lock be shortened"),
        )
    elif proof.supported:
        yield broken(
            "object lock", proof.detail, _("The store claims to lock and does not: use another store.")
        )
    else:
        yield warning(
            "object lock",
            _("originals are kept read-only; a folder cannot lock them")
            if settings.store_url.startswith("file:")
            else proof.detail,
            _("Where originals must be locked by the store itself, use S3 with object lock."),
        )


def ffmpeg(settings: Settings) -> Iterator[Finding]:
    if not (program := shutil.which("ffmpeg")) or not shutil.which("ffprobe"):
        yield broken("ffmpeg", _("is not installed"), _("Run `apt-get install ffmpeg`."))
        return
    lacking = [name for kind, names in NEEDED.items() for name in _lacking(program, kind, names)]
    for_demo = [name for kind, names in FOR_THE_DEMO.items() for name in _lacking(program, kind, names)]
    told = subprocess.run([program, "-version"], capture_output=True, text=True).stdout
    version = told.split("version ", 1)[-1].split(" ", 1)[0]
    if lacking:
        yield broken("ffmpeg", _lacks(version, lacking), _("Install Debian's ffmpeg."))
    elif for_demo:
        yield warning("ffmpeg", _lacks(version, for_demo), _("Only the demo's footage needs them."))
    else:
        yield ok("ffmpeg", _("{version} with all codecs and filters needed").format(version=version))


def _lacks(version: str, names: list[str]) -> str:
    return _("{version} lacks {names}").format(version=version, names=", ".join(names))


def tesseract(settings: Settings) -> Iterator[Finding]:
    if program := shutil.which("tesseract", path="/usr/bin:/bin"):
        told = subprocess.run([program, "--version"], capture_output=True, text=True)
        yield ok("tesseract", (told.stdout or told.stderr).splitlines()[0].removeprefix("tesseract "))
    else:
        yield warning(
            "tesseract",
            _("is not installed: times burned into pictures stay unread"),
            _("Run `apt-get install tesseract-ocr`."),
        )


def photos(settings: Settings) -> Iterator[Finding]:
    tools = {"vipsthumbnail": "libvips-tools", "exiftool": "libimage-exiftool-perl"}
    lacking = [package for tool, package in tools.items() if not shutil.which(tool, path="/usr/bin:/bin")]
    if lacking:
        yield broken(
            "photos",
            _("{names} is not installed: photos wait").format(names=", ".join(lacking)),
            _("Run `apt-get install {names}`.").format(names=" ".join(lacking)),
        )
    else:
        yield ok("photos", _("libvips decodes them, ExifTool reads what they say"))


def _lacking(program: str, kind: str, names: tuple[str, ...]) -> list[str]:
    told = subprocess.run([program, "-hide_banner", f"-{kind}"], capture_output=True, text=True).stdout
    # " V..... libx264   …": the name is the second word; a muxer may list several, by commas.
    there = {
        name for line in told.splitlines() if len(line.split()) > 1 for name in line.split()[1].split(",")
    }
    return [name for name in names if name not in there]


def sandbox(settings: Settings) -> Iterator[Finding]:
    from workers.media.sandbox import Sandbox, SandboxUnavailable

    try:
        wrong = Sandbox.here().check()
    except SandboxUnavailable as error:
        wrong = str(error)
    if wrong:
        yield broken(
            "sandbox", wrong, _("Media waits until bubblewrap can start: allow unprivileged user namespaces.")
        )
    else:
        yield ok("sandbox", _("ffmpeg runs in it, without network, on one folder"))


def clock(settings: Settings) -> Iterator[Finding]:
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    found = []
    if settings.database_url:
        engine = sqlalchemy.create_engine(settings.database_url, poolclass=sqlalchemy.NullPool)
        try:
            with engine.connect() as connection:
                before = datetime.now(UTC)
                theirs = connection.execute(sqlalchemy.text("SELECT clock_timestamp()")).scalar_one()
                ours = before + (datetime.now(UTC) - before) / 2
        except SQLAlchemyError:  # the database's own check has said why
            pass
        else:
            apart = abs((theirs - ours).total_seconds())
            if apart > CLOCK_SKEW_S:
                yield broken(
                    "clock",
                    _("this machine and the database are {apart} s apart").format(apart=f"{apart:.1f}"),
                    _("Let both follow the same time server (chrony or systemd-timesyncd)."),
                )
                return
            found.append(_("{n} ms from the database's").format(n=f"{apart * 1000:.0f}"))
    followed = None
    if timedatectl := shutil.which("timedatectl"):
        told = subprocess.run(
            [timedatectl, "show", "--property=NTPSynchronized", "--value"], capture_output=True, text=True
        )
        followed = {"yes": True, "no": False}.get(told.stdout.strip())
    if followed is False:
        found.append(_("no time server is followed"))
        yield warning("clock", "; ".join(found), _("Install chrony or enable systemd-timesyncd."))
    else:
        found.append(
            _("follows a time server") if followed else _("whether a time server is followed is unknown here")
        )
        yield ok("clock", "; ".join(found))


def disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    found = _("{free} of {all} free for {folder}").format(
        free=size(usage.free), all=size(usage.total), folder=settings.data_dir
    )
    if usage.free < DISK_FULL_BYTES:
        yield broken(
            "disk", found, _("Make room or move ZHENGLU_DATA_DIR: uploads are refused when it is full.")
        )
    elif usage.free < DISK_LOW_BYTES:
        yield warning("disk", found, _("One day of a squad's footage may need more: make room."))
    else:
        yield ok("disk", found)


def backups(settings: Settings) -> Iterator[Finding]:
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError
    from sqlmodel import Session

    from service.kernel.clock import now
    from service.kernel.i18n import span
    from service.preservation.backups.queries import alarm, standing

    if not settings.database_url:
        return
    engine = sqlalchemy.create_engine(settings.database_url, poolclass=sqlalchemy.NullPool)
    try:
        with Session(engine) as session:
            found = standing(session)
    except SQLAlchemyError:  # the database's own check has said why, or that of its schema
        return
    by_itself = _(
        "Set ZHENGLU_BACKUP_DIR to a folder on another disk, or run `zhenglu backup DIR` from a timer."
    )
    if found.newest is None:
        yield warning("backups", _("none has been made"), by_itself)
        return
    said = [_("the newest is whole and {age} old").format(age=span(found.age_s))]
    said.append(
        _("a restore was tried {age} ago").format(age=span((now() - found.tried_at).total_seconds()))
        if found.tried_at
        else _("no restore has been tried")
    )
    near = _same_disk(settings, Path(found.newest.folder))
    if near:
        said.append(_("it lies on the disk of {folder}").format(folder=near))
    if told := alarm(found):
        yield warning("backups", "; ".join(said), told)
    elif near:
        yield warning(
            "backups", "; ".join(said), _("A lost disk takes both: use a folder on another disk or machine.")
        )
    elif found.tried_at is None:
        yield warning("backups", "; ".join(said), _("Run `zhenglu restore DIR --try`."))
    else:
        yield ok("backups", "; ".join(said))


def _same_disk(settings: Settings, folder: Path) -> Path | None:
    """What of the data lies on the same file system as `folder`, as far as it is seen from here."""
    store = urlsplit(settings.store_url)
    places = [settings.data_dir, *([Path(unquote(store.path))] if store.scheme == "file" else [])]
    try:
        device = folder.stat().st_dev
        return next((one for one in places if one.exists() and one.stat().st_dev == device), None)
    except OSError:
        return None


def doctor(
    data: Annotated[Path | None, typer.Option(help="data folder (default: ZHENGLU_DATA_DIR)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Check each component and say how to mend what fails. Exit code 1 if something needed is broken or not running."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from deploy import running
    from deploy.service_user import CannotBecome, become

    if data is not None:
        os.environ["ZHENGLU_DATA_DIR"] = str(data.absolute())
        get_settings.cache_clear()
    folder = get_settings().data_dir.absolute()
    running.use(folder)
    get_settings.cache_clear()
    findings = []
    if folder.exists() and folder.stat().st_uid != 0:
        # What the service can do is the question, not what root can.
        try:
            become(folder, ["doctor", "--data", str(folder), *(["--json"] if as_json else [])])
        except CannotBecome as error:
            findings.append(warning("service user", str(error)))
    findings += examine(get_settings())
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        table = Table()
        for title in (_("component"), "", _("found"), _("to do")):
            table.add_column(title, overflow="fold")  # Chinese has no spaces to wrap at
        colours = {
            Verdict.ok: "green",
            Verdict.warning: "yellow",
            Verdict.not_running: "red",
            Verdict.broken: "red",
        }
        for finding in findings:
            name = str(COMPONENTS.get(finding.component, finding.component))
            said = Text(str(SAID[finding.verdict]), style=colours[finding.verdict])
            table.add_row(Text(name), said, Text(finding.found), Text(finding.mend))
        Console().print(table)
    if any(finding.verdict in (Verdict.broken, Verdict.not_running) for finding in findings):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    app.command()(doctor)

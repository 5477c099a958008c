"""`zhenglu doctor`: looks at each component and says how to mend what fails."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from deploy.doctor import backups, database, front, machine, media, secrecy, store, work
from deploy.doctor.findings import SAID, Finding, Verdict, warning
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy
from service.kernel.queues import QUEUES
from service.kernel.settings import Settings, get_settings

# The names in --json stay as they are; people read these.
COMPONENTS = {
    "database": lazy("database"),
    "migrations": lazy("database schema"),
    "time limits": lazy("time limits of the database"),
    "durability": lazy("what the database keeps through a power cut"),
    "Redis": lazy("Redis"),
    **{f"worker {queue.name}": queue.worker for queue in QUEUES.values()},
    "duties": lazy("duties of the schedule"),
    "object store": lazy("object store"),
    "object lock": lazy("object lock"),
    "stored bytes": lazy("stored bytes"),
    "store disk": lazy("disk of the object store"),
    "ffmpeg": lazy("ffmpeg"),
    "tesseract": lazy("tesseract"),
    "photos": lazy("photos"),
    "sandbox": lazy("sandbox"),
    "readers": lazy("bounds of what reads files and tables"),
    "memory": lazy("memory"),
    "clock": lazy("clock"),
    "disk": lazy("disk"),
    "open files": lazy("open files"),
    "logs": lazy("logs"),
    "backups": lazy("backups"),
    "address": lazy("address and encryption"),
    "proxies": lazy("web servers in front"),
    "secrets": lazy("secrets"),
    "service user": lazy("service user"),
}
CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    *(database.database, database.time_limits, database.durability),
    *(work.redis_server, work.workers, work.duties),
    *(store.object_store, store.stored_bytes, store.store_disk),
    *(media.ffmpeg, media.tesseract, media.photos, media.sandbox, media.readers),
    *(machine.memory, machine.clock, machine.disk, machine.open_files, machine.logs),
    backups.backups,
    *(front.address, front.web_servers),
    secrecy.secrets,
)


def examine(settings: Settings) -> Iterator[Finding]:
    """Every check, each on its own: one that fails keeps none of the others from being made."""
    for check in CHECKS:
        yield from check(settings)


def doctor(
    data: Annotated[Path | None, typer.Option(help="data folder (default: ZHENGLU_DATA_DIR)")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Check each component and say how to mend what fails. Exit code 1 if something needed is broken or not running."""
    from rich.table import Table
    from rich.text import Text

    from deploy import running
    from deploy.console import Console
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

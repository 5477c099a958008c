"""The machine: clock, disk, memory, open files, logs."""

import configparser
import os
import re
import resource
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deploy.doctor.database import answered
from deploy.doctor.findings import Finding, broken, ok, warning
from service.kernel.disks import disks
from service.kernel.i18n import gettext as _
from service.kernel.i18n import size
from service.kernel.settings import Settings

CLOCK_SKEW_S = 2.0
MOST_FOR_WORK = 0.8  # of the memory
LEAST_OPEN_FILES = 4096
LARGEST_LOG = 256 * 2**20
LOGS_KEPT = timedelta(days=190)
NEARLY_FULL = 0.9  # of the room that the logs of a part have
JOURNAL = Path("/var/log/journal")
# The later overrule the earlier.
JOURNAL_SETTINGS = (
    Path("/etc/systemd"),
    *(Path(f"{at}/systemd/journald.conf.d") for at in ("/usr/lib", "/run", "/etc")),
)


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
            if jumped := _jumps(settings):
                yield warning(
                    "clock",
                    jumped,
                    _(
                        "Let a time server be followed (chrony or systemd-timesyncd), and look at what was written then."
                    ),
                )
                return
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


def _jumps(settings: Settings) -> str:
    from service.kernel.clock_jumps import jumps, told

    return " ".join(told(jump) for jump in answered(settings, jumps) or ())


def disk(settings: Settings) -> Iterator[Finding]:
    known = disks(settings)
    scratch = next(one for one in known if "scratch" in one.parts)
    found = "; ".join(
        _("{free} of {all} free for {folder}").format(
            free=size(one.free), all=size(one.total), folder=f"{one.folder} ({one.label})"
        )
        for one in known
    )
    if any(one.full for one in known):
        yield broken(
            "disk", found, _("Make room or move ZHENGLU_DATA_DIR: uploads are refused when it is full.")
        )
    elif any(one.low for one in known):
        yield warning("disk", found, _("One day of a squad's footage may need more: make room."))
    elif settings.scratch_bytes > scratch.total:
        yield warning(
            "disk",
            _("scratch may take {n} of it").format(n=size(settings.scratch_bytes)),
            _("Set ZHENGLU_SCRATCH_BYTES to less than the disk has, or ZHENGLU_SCRATCH_DIR to another."),
        )
    else:
        yield ok("disk", found)


def memory(settings: Settings) -> Iterator[Finding]:
    """Whether all that works at once, each taking what it may, leaves the database and the pages theirs."""
    from service.kernel.queues import QUEUES
    from workers.memory import machine, share_of

    has = machine()
    at_once = settings.workers_at_once or sum(queue.processes for queue in QUEUES.values())
    share = share_of(has, at_once)
    found = _("{n} at work at once, {share} for each, of {all}").format(
        n=at_once, share=size(share), all=size(has)
    )
    if share * at_once > MOST_FOR_WORK * has:
        yield warning(
            "memory",
            found,
            _("Start fewer workers (`zhenglu up --light 1`), or give the machine more memory."),
        )
    else:
        yield ok("memory", found)


def open_files(settings: Settings) -> Iterator[Finding]:
    """What the pages may have open, or could have if they were started from here."""
    from deploy.running import Running

    state = Running.read(settings.data_dir)
    web = state.children.get("web") if state and state.alive else None
    most = of_process(web.pid) if web else None
    if most is None:  # the start takes what it may
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most != resource.RLIM_INFINITY and most < LEAST_OPEN_FILES:
        yield warning(
            "open files",
            _("{n} at most: each browser and dock holds one").format(n=most),
            _("Set LimitNOFILE=65536 in the unit, or `ulimit -n 65536` before the start."),
        )
    else:
        yield ok("open files", _("{n} at most").format(n=most))


def of_process(pid: int) -> int | None:
    try:
        found = re.search(r"^Max open files\s+(\d+)", Path(f"/proc/{pid}/limits").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None


def logs(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir / "logs"
    if folder.is_dir():
        yield _files(folder, settings)
    elif Path("/run/systemd/system").is_dir():
        yield _journal()


def _files(folder: Path, settings: Settings) -> Finding:
    """Of `zhenglu up`, which puts a full file by and forgets what is old, or what finds no room."""
    from deploy.parts import log_keeping

    room = log_keeping(settings).all_bytes
    parts = {path.stem: path.stat().st_size for path in sorted(folder.glob("*.log"))}
    put_by = {part: [path.stat() for path in folder.glob(f"{part}-*.log.gz")] for part in parts}
    large = [part for part, n in parts.items() if n > LARGEST_LOG]
    short = [
        part
        for part, files in put_by.items()
        if sum(file.st_size for file in files) > NEARLY_FULL * room and _age(files) < LOGS_KEPT
    ]
    if large:
        return warning(
            "logs",
            _("{names}: larger than {n}").format(names=", ".join(large), n=size(LARGEST_LOG)),
            _("Start `zhenglu up` anew: it puts a full file by, and keeps it for half a year."),
        )
    if timedelta(days=settings.log_days) < LOGS_KEPT:
        return warning(
            "logs",
            _("kept for {n} days").format(n=settings.log_days),
            _("Set ZHENGLU_LOG_DAYS to {n} or more, or leave it out.").format(n=LOGS_KEPT.days),
        )
    if short:
        return warning(
            "logs",
            _("no room for half a year: {names}").format(names=", ".join(short)),
            _("Give ZHENGLU_LOG_BYTES more than {n}.").format(n=size(settings.log_bytes)),
        )
    all_bytes = sum(parts.values()) + sum(file.st_size for files in put_by.values() for file in files)
    return ok("logs", _("{n} in {folder}").format(n=size(all_bytes), folder=folder))


def _age(files: Sequence[os.stat_result]) -> timedelta:
    oldest = min(file.st_mtime for file in files)
    return datetime.now(UTC) - datetime.fromtimestamp(oldest, UTC)


def _journal() -> Finding:
    said = journal_settings([file for folder in JOURNAL_SETTINGS for file in sorted(folder.glob("*.conf"))])
    storage = said.get("Storage", "auto")
    most = said.get("MaxRetentionSec", "0")
    do = _("Put deploy/journald.conf into /etc/systemd/journald.conf.d, and restart systemd-journald.")
    if storage in ("volatile", "none") or (storage == "auto" and not JOURNAL.is_dir()):
        return warning("logs", _("the journal is lost when the machine restarts"), do)
    kept = seconds(most)
    if kept and kept < LOGS_KEPT.total_seconds():
        return warning("logs", _("the journal keeps {most}").format(most=most), do)
    if "SystemMaxUse" not in said:
        return warning("logs", _("the journal has room for 4 GB at most, whatever its age"), do)
    return ok("logs", _("the journal keeps them ({most})").format(most=said["SystemMaxUse"]))


def journal_settings(files: Sequence[Path]) -> Mapping[str, str]:
    said: dict[str, str] = {}
    for file in files:
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # as its manual says
        try:
            parser.read(file)
        except (configparser.Error, UnicodeDecodeError):
            continue
        if parser.has_section("Journal"):
            said |= {name: value for name, value in parser["Journal"].items() if value}
    return said


UNITS = {
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86_400),
    **dict.fromkeys(("M", "month", "months"), 2_629_800),
    **dict.fromkeys(("y", "year", "years"), 31_557_600),
}


def seconds(span: str) -> float:
    """As systemd writes it: "190day", "1month 2weeks", "3600"; 0 for what it would not understand."""
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", span)
    return sum(float(number) * UNITS.get(unit, 0) for number, unit in parts)

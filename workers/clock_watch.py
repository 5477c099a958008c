"""Whether the server's clock jumped: told by how long the machine has really run since the last look.

What is due after so much time, and not at a moment of the calendar, is moved along with the clock: a lease, a pause
before the next try, how long an upload may rest or a person stays signed in. Records keep the time that they were
written with, and custody its order by number. After a rest of the whole machine nobody can tell whether it was the
clock: then only uploads get their time back, in which nobody could have gone on with them.
"""

import logging
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, func, select, update
from sqlmodel import Session

from schemas.accounts import LoginFailure, SignIn
from schemas.backups import Backup, BackupState
from schemas.base import new_id
from schemas.jobs import Heartbeat, Job, JobState
from schemas.kept_bytes import Damage
from schemas.server_clock import ClockJump, ClockMark
from schemas.sweeps import SetAside
from schemas.uploads import Upload, UploadState
from service.kernel.clock_jumps import jumps
from service.kernel.database import transaction

log = logging.getLogger(__name__)

JUMP = timedelta(seconds=5)  # a time server steps by less without anybody's noticing
REST = timedelta(hours=1)
LATELY = timedelta(days=1)
LOOK_S = 1.0  # a look that takes longer measured itself
WRITE_EVERY = timedelta(seconds=10)
NAME = "schedule"


@dataclass(frozen=True)
class Moved:
    columns: Sequence[Any]
    where: ColumnElement[bool]


UPLOADS = Moved(
    (Upload.expires_at, Upload.touched_at, Upload.writer_until),
    Upload.state.in_([UploadState.open, UploadState.complete]) & Upload.cleared_at.is_(None),
)
MOVED: tuple[Moved, ...] = (
    UPLOADS,
    Moved((Job.not_before, Job.published_at), Job.state == JobState.queued),
    Moved((Job.lease_until,), Job.state == JobState.running),
    Moved((SignIn.expires_at, SignIn.seen_at), SignIn.expires_at.is_not(None)),
    Moved((LoginFailure.at,), LoginFailure.at.is_not(None)),
    Moved((Heartbeat.seen_at,), Heartbeat.stopped_at.is_(None)),
    Moved((SetAside.next_at,), SetAside.held_at.is_(None)),
    Moved((Damage.looked_at,), Damage.mended_at.is_(None)),
    Moved((Backup.seen_at,), Backup.state == BackupState.running),
)


def boot() -> str:
    """Of this machine, and of this start of it."""
    return f"{socket.gethostname()}:{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}"[:100]


def ran_s() -> float:
    """Since the machine was started, also while it slept. Nobody sets this clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


_looking = threading.Lock()


def look() -> timedelta | None:
    """Moves what has to be moved; answers by how much the clock jumped, if it did."""
    with _looking, transaction() as session:
        before = ran_s()
        shown: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        ran = ran_s()
        if ran - before > LOOK_S:
            return None
        known = session.get(ClockMark, NAME)
        if known is None:
            session.add(ClockMark(name=NAME, seen_at=shown, boot=boot(), ran_s=ran))
            return None
        same = known.boot == boot()
        passed = timedelta(seconds=ran - known.ran_s) if same else timedelta()
        jump = shown - known.seen_at - passed
        jumped = abs(jump) > JUMP if same else (jump < -JUMP or jump > REST)
        if not jumped and same and passed < WRITE_EVERY:
            return None
        known = session.get_one(ClockMark, NAME, with_for_update=True, populate_existing=True)
        known.seen_at, known.boot, known.ran_s = shown, boot(), ran
        session.add(known)
        if not jumped:
            return None
        moved = move(session, jump, MOVED if same or jump < timedelta() else (UPLOADS,))
        session.add(ClockJump(id=new_id(), seen_at=shown, by_s=jump.total_seconds(), certain=same))
    log.warning("the clock jumped by %s; %s rows moved along with it", jump, moved)
    return jump


def move(session: Session, by: timedelta, what: Sequence[Moved]) -> int:
    moved = 0
    for one in what:
        columns: list[Column[Any]] = [column.property.columns[0] for column in one.columns]
        done = session.execute(
            update(columns[0].table)
            .where(one.where)
            .values({column: column + by for column in columns})
            .execution_options(synchronize_session=False)
        )
        moved += done.rowcount  # type: ignore[attr-defined]  # an UPDATE answers with it
    return moved


def jumped_lately() -> bool:
    with transaction() as session:
        return bool(jumps(session, LATELY))

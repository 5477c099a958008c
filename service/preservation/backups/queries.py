"""What is known of backups: the list, how the newest one stands, when the next is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlmodel import Session

from schemas.backups import Backup, BackupRead, BackupState
from schemas.recordings import Receipt
from service.kernel.clock import now
from service.kernel.i18n import gettext as _
from service.kernel.keyset import Page, page, time, unique
from service.kernel.policy import holds_samples, policy
from service.preservation.backups.errors import KNOWN, BackupBroke
from service.preservation.backups.policy import BACKUP_EVERY, RESTORE_TRY_EVERY

OLD_AT = 2
"""Times the age at which the next one is due."""
TRY_AGAIN_AFTER = timedelta(minutes=30)
SLACK = timedelta(minutes=5)
SILENT_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Standing:
    """`newest`: whole. `last_failed`: what came after it. `old`: it is older than it should be; `none`: there is
    none, and what was received long enough ago to be in one is in none."""

    newest: Backup | None
    running: Backup | None
    last_failed: Backup | None
    tried_at: datetime | None
    old: bool
    none: bool

    @property
    def age_s(self) -> float | None:
        return (now() - self.newest.at).total_seconds() if self.newest else None


def standing(session: Session) -> Standing:
    # One of the future was made while the clock was ahead: it is not the newest, and no reason to wait.
    ahead = Backup.at > now() + SLACK
    newest = session.scalars(
        select(Backup).where(Backup.state == BackupState.verified).order_by(ahead, Backup.at.desc()).limit(1)
    ).first()
    last = session.scalars(select(Backup).order_by(Backup.at.desc(), Backup.id.desc()).limit(1)).first()
    running = last if last and last.state == BackupState.running else None
    if running and running.seen_at < now() - SILENT_AFTER:  # killed: the next one writes that down
        running = None
    oldest_good = now() - OLD_AT * timedelta(hours=policy(session, BACKUP_EVERY))
    return Standing(
        newest=newest,
        running=running,
        last_failed=last if last and last.state == BackupState.failed else None,
        tried_at=session.scalar(select(func.max(Backup.restore_tried_at))),
        old=newest is not None and newest.at < oldest_good,
        none=newest is None and not holds_samples(session) and _waited(session, oldest_good),
    )


def _waited(session: Session, since: datetime) -> bool:
    return bool(session.scalar(select(exists().where(Receipt.received_at < since))))


def alarm(found: Standing) -> str | None:
    """A sentence where somebody must do something."""
    if found.none:
        return _("There is no backup of what was received: run “zhenglu backup” or set ZHENGLU_BACKUP_DIR.")
    if found.old and found.age_s is not None:
        days = found.age_s / 86_400
        return _("The newest backup is {days} days old: look at why no younger one was made.").format(
            days=f"{days:.1f}"
        )
    return None


def backups(session: Session, cursor: str | None, limit: int) -> Page:
    statement = select(Backup).where(Backup.state != BackupState.removed)
    order = [time(Backup.at, newest_first=True), unique(Backup.id, newest_first=True)]
    return page(session, statement, order, cursor, limit)


def read(row: Backup) -> BackupRead:
    return BackupRead.model_validate(row, from_attributes=True, update={"problem": problem(row)})


def problem(row: Backup) -> str | None:
    if row.reason is None:
        return None
    kind = KNOWN.get(row.reason, BackupBroke)
    try:
        return kind(**row.reason_params).say()
    except KeyError:
        return BackupBroke(detail=row.reason).say()


def is_due(session: Session) -> bool:
    """Whether the schedule begins one now: the newest is old enough, and none runs or failed just before."""
    found = standing(session)
    if found.running is not None:
        return False
    failed = found.last_failed
    if failed is not None and _since(failed.ended_at or failed.seen_at) < TRY_AGAIN_AFTER:
        return False
    every = timedelta(hours=policy(session, BACKUP_EVERY))
    return found.newest is None or _since(found.newest.at) >= every


def _since(moment: datetime) -> timedelta:
    """How long ago; what lies in the future by the clock of today tells nothing, and keeps nobody waiting."""
    passed = now() - moment
    return passed if passed > -SLACK else timedelta.max


def trial_is_due(session: Session) -> bool:
    days = policy(session, RESTORE_TRY_EVERY)
    tried = session.scalar(select(func.max(Backup.restore_tried_at)))
    return bool(days) and (tried is None or _since(tried) > timedelta(days=days))

"""What follows when the store does not give the bytes that were received: custody says it, what can be made anew is made
anew, and work that failed by it goes on once the store is well. Nothing is deleted."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlmodel import Session

from schemas.jobs import Job, JobKind, JobState
from schemas.kept_bytes import BlockSums, Damage, DamageKind
from schemas.originals import LOOKS, Original, Rendition
from schemas.recordings import Receipt, Recording
from service.access.queries import visible_recordings
from service.footage.recordings import acts
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from service.kernel.kept_bytes import is_whole, read_proven
from service.kernel.one_by_one import each, left_alone
from service.kernel.storage import get_store
from service.kernel.storage.blocks import BLOCK
from service.kernel.storage.errors import BytesChanged, ObjectMissing

LOOK = "look-at-damage"
BY = "schedule"
OFTEN, SELDOM = timedelta(seconds=30), timedelta(hours=1)
FRESH = timedelta(minutes=30)
AT_ONCE = 20
FOR_WANT_OF_BYTES = ("bytes_changed", "bytes_missing", "bytes_unsteady")


@dataclass(frozen=True)
class _Named:
    """Who points to the object."""

    original: Original | None
    rendition: Rendition | None
    recordings: list[UUID]

    @property
    def by_nobody(self) -> bool:
        return self.original is None and self.rendition is None and not self.recordings


def look_at_damage() -> int:
    """The duty. What is new is looked at often, what stays for long once an hour."""
    seldom = (Damage.found_at < now() - FRESH) & (Damage.looked_at > now() - SELDOM)
    often = Damage.told_at.is_not(None) & (Damage.looked_at > now() - OFTEN)
    with transaction() as session:
        found = session.scalars(
            select(Damage.id)
            .where(Damage.mended_at.is_(None), ~or_(seldom, often), Damage.id.not_in(left_alone(LOOK)))
            .order_by(Damage.looked_at)
            .limit(AT_ONCE)
        ).all()
    return each(LOOK, found, _look)


def _look(damage_id: UUID) -> None:
    with transaction() as session:
        damage = session.get_one(Damage, damage_id)
        named = _named(session, damage.store_key)
    if not named.by_nobody and not _is_mended(damage, named):
        with transaction() as session:
            _say(session, damage_id, named)
        return
    with transaction() as session:
        damage = session.get_one(Damage, damage_id, with_for_update=True)
        damage.looked_at = damage.mended_at = now()
        if damage.told_at is not None and named.original is not None:
            record(session, BY, acts.RESTORE, "original", named.original.id, store_key=damage.store_key)
        session.add(damage)
        _go_on(session, named)


def _named(session: Session, key: str) -> _Named:
    rendition = session.scalars(select(Rendition).where(Rendition.store_key == key).limit(1)).first()
    original = session.scalars(select(Original).where(Original.store_key == key)).one_or_none()
    receipts = select(Receipt.recording_id).where(Receipt.store_key == key)
    concerned: list[ColumnElement[bool]] = [Recording.id.in_(receipts)]
    if original is not None:
        concerned.append(Recording.original_id == original.id)
    return _Named(original, rendition, list(session.scalars(select(Recording.id).where(or_(*concerned)))))


def _is_mended(damage: Damage, named: _Named) -> bool:
    """The bad block first: only where it is right again are all the others read."""
    first = damage.block * BLOCK
    try:
        if damage.kind == DamageKind.changed and first < damage.size:
            with read_proven(
                damage.store_key, damage.store_version, damage.size, first, min(BLOCK, damage.size - first)
            ) as stream:
                for _ in stream:
                    pass
        if named.original is not None:
            found = named.original
            return is_whole(found.store_key, found.store_version, found.size, found.sha256)
        if named.rendition is not None:
            with read_proven(damage.store_key, damage.store_version, damage.size) as stream:
                for _ in stream:
                    pass
            return True
        info = get_store().objects.stat(damage.store_key, damage.store_version)
        return info is not None and info.size == damage.size
    except (BytesChanged, ObjectMissing):
        return False


def _say(session: Session, damage_id: UUID, named: _Named) -> None:
    damage = session.get_one(Damage, damage_id, with_for_update=True)
    damage.looked_at = now()
    if damage.told_at is None:
        damage.told_at = now()
        original_id = named.original.id if named.original else None
        if named.rendition is not None:
            original_id = named.rendition.original_id
            request_job(session, _maker(named.rendition), original_id, priority=4)
        damage.original_id = original_id
        if original_id is not None:
            record(
                session, BY, acts.DAMAGE, "original", original_id,
                store_key=damage.store_key, kind=damage.kind, mib=damage.block,
                derived=named.rendition is not None,
            )  # fmt: skip
    session.add(damage)


def _maker(made: Rendition) -> JobKind:
    """By the key, but for pictures of before looks were taken, which an encode had made."""
    if made.kind in LOOKS and "/renditions-" in (made.store_key or ""):
        return JobKind.looks
    makers = (JobKind.playable, JobKind.looks, JobKind.renditions, JobKind.plain)
    return next((one for one in makers if f"/{one.value}-" in (made.store_key or "")), JobKind.playable)


def _go_on(session: Session, named: _Named) -> None:
    """What failed for want of these bytes is asked for again."""
    subjects = [*named.recordings, *([named.original.id] if named.original else [])]
    failed = session.scalars(
        select(Job)
        .where(Job.subject_id.in_(subjects), Job.state == JobState.failed, Job.reason.in_(FOR_WANT_OF_BYTES))
        .order_by(Job.id)
    ).all()
    for job in failed:
        request_job(session, JobKind(job.kind), job.subject_id, priority=job.priority)


def damaged_objects(session: Session) -> int:
    """How many, of those that are not mended."""
    told = Damage.mended_at.is_(None) & Damage.told_at.is_not(None)
    return session.scalar(select(func.count()).select_from(Damage).where(told)) or 0


def unproven_originals(session: Session) -> int:
    """From before sums were kept; they wait for theirs. Looks through all of them."""
    known = exists().where(BlockSums.store_key == Original.store_key)
    return session.scalar(select(func.count()).select_from(Original).where(~known)) or 0


def damaged_recordings(session: Session, actor: Actor, limit: int) -> list[Recording]:
    """In scope, the newest first."""
    held = select(Damage.original_id).where(Damage.mended_at.is_(None), Damage.original_id.is_not(None))
    mine = visible_recordings(actor).where(Recording.original_id.in_(held), Recording.merged_into.is_(None))
    return list(session.scalars(mine.order_by(Recording.received_at.desc()).limit(limit)))

"""Renditions into the store and into their rows: one set at a time, and nothing of it twice."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import Session

from schemas.jobs import AttemptOutcome, Job, JobAttempt, JobKind
from schemas.originals import Original, Rendition, RenditionKind
from service.kernel.database import after_commit, transaction
from service.kernel.kept_bytes import forget_sums, keep_sums
from service.kernel.one_by_one import each, left_alone
from service.kernel.storage import get_store
from service.kernel.storage.blocks import BLOCK, Sums
from service.kernel.storage.errors import StorageError
from service.kernel.storage.protocols import Stored
from workers.lease import Lease, LeaseLost
from workers.media.graphs import STILLS

log = logging.getLogger(__name__)

NAMES = (
    "playback.mp4",
    "plain.mp4",
    "plain.webm",
    "video.mp4",
    "poster.jpg",
    "picture.jpg",
    "sprite.jpg",
    "sprite.vtt",
    "peaks.json",
    *(f"still_{number:03d}.jpg" for number in range(STILLS + 2)),
)
MAKERS = (JobKind.playable, JobKind.looks, JobKind.renditions, JobKind.plain)
ORPHAN_AFTER = timedelta(minutes=10)
SWEEP = "sweep-renditions"
SWEPT = {"swept": True}


@dataclass
class Made:
    """One rendition to publish. `path` None: the bytes are those of the original, or of `stored`."""

    kind: RenditionKind
    content_type: str
    position: int = 0
    name: str = ""
    path: Path | None = None
    stored: Stored | None = None
    sums: Sums | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def key_of(kind: JobKind, original_id: UUID, attempt: int, name: str) -> str:
    return f"renditions/{original_id}/{kind.value}-{attempt}/{name}"


def put_all(held: Lease, made: Iterable[Made]) -> None:
    """Stores the files of `made`. What a lost attempt stored here is swept by the duty below."""
    objects = get_store().objects
    for one in made:
        if one.path is None:
            continue
        if held.lost.is_set():
            raise LeaseLost
        one.sums = _sums_of(one.path)
        one.stored = objects.put_file(
            key_of(held.kind, held.subject_id, held.attempt, one.name), one.path, one.path.stat().st_size
        )


def _sums_of(path: Path) -> Sums:
    sums = Sums()
    with path.open("rb", buffering=0) as file:
        while data := file.read(BLOCK):
            sums.update(data)
    return sums


def replace_rows(
    session: Session,
    held: Lease,
    original: Original,
    made: list[Made],
    instead_of: Collection[RenditionKind] = (),
) -> None:
    """The rows of all kinds in `made`, and of those that they stand `instead_of`, become these; objects that nothing
    points to any more go after commit."""
    kinds = {*instead_of, *(one.kind for one in made)}
    before = session.scalars(select(Rendition).where(Rendition.original_id == original.id)).all()
    kept = {one.stored.key for one in made if one.stored}
    kept |= {row.store_key for row in before if row.kind not in kinds and row.store_key}
    old = [row for row in before if row.kind in kinds]
    gone = {(row.store_key, row.store_version) for row in old if row.store_key and row.store_key not in kept}
    for row in old:
        session.delete(row)
    session.flush()
    for one in made:
        if one.sums is not None and one.stored is not None:
            keep_sums(session, one.stored.key, one.sums)
        session.add(
            Rendition(
                original_id=original.id,
                kind=one.kind,
                position=one.position,
                store_key=one.stored.key if one.stored else None,
                store_version=one.stored.version if one.stored else None,
                content_type=one.content_type,
                size=one.stored.size if one.stored else original.size,
                attempt=held.attempt,
                facts=one.facts,
            )
        )
    if gone:
        forget_sums(session, [key for key, _ in gone])
        _look_again(session, original.id)
        after_commit(session, lambda: _delete(gone))


def _look_again(session: Session, original_id: UUID) -> None:
    """If this process dies before it deletes what it replaced, the sweep must not believe that it has been there."""
    session.execute(
        update(JobAttempt)
        .where(
            JobAttempt.job_id.in_(select(Job.id).where(Job.subject_id == original_id, Job.kind.in_(MAKERS))),
            JobAttempt.outcome == AttemptOutcome.done,
        )
        .values(reason_params={})
        .execution_options(synchronize_session=False)
    )


def _delete(keys: Iterable[tuple[str, str | None]]) -> None:
    objects = get_store().objects
    for key, version in keys:
        try:
            objects.delete(key, version)
        except StorageError as error:
            log.warning("%s stays for now: %s", key, error)


def sweep_orphans(older_than: timedelta = ORPHAN_AFTER, *, limit: int = 200) -> int:
    """The duty: removes what ended attempts stored and no row points to. Answers how many attempts were looked at."""
    with transaction() as session:
        ended = session.execute(
            select(JobAttempt.job_id, JobAttempt.attempt, Job.kind, Job.subject_id)
            .join(Job, Job.id == JobAttempt.job_id)
            .where(
                Job.kind.in_(MAKERS),
                JobAttempt.outcome != AttemptOutcome.running,
                JobAttempt.ended_at < func.now() - older_than,
                JobAttempt.reason_params["swept"].is_(None),
                Job.id.not_in(left_alone(SWEEP)),
            )
            .limit(limit)
        ).all()
    attempts: dict[UUID, list[tuple[int, JobKind, UUID]]] = {}
    for job_id, attempt, kind, original_id in ended:
        attempts.setdefault(job_id, []).append((attempt, JobKind(kind), original_id))

    def sweep(job_id: UUID) -> None:
        for attempt, kind, original_id in attempts[job_id]:
            _sweep_attempt(job_id, attempt, kind, original_id)

    each(SWEEP, attempts, sweep)
    return len(ended)


def _sweep_attempt(job_id: UUID, attempt: int, kind: JobKind, original_id: UUID) -> None:
    keys = {key_of(kind, original_id, attempt, name) for name in NAMES}
    with transaction() as session:
        used = set(session.scalars(select(Rendition.store_key).where(Rendition.store_key.in_(keys))))
        objects = get_store().objects
        for key in keys - used:
            objects.delete(key)
        session.execute(
            update(JobAttempt)
            .where(JobAttempt.job_id == job_id, JobAttempt.attempt == attempt)
            .values(reason_params=JobAttempt.reason_params.op("||")(SWEPT))
            .execution_options(synchronize_session=False)
        )

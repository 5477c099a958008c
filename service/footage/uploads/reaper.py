"""What time does to uploads: completes what a crash left full, ends what expired, removes bytes that nobody wants.

It never touches the bytes behind a receipt or an original. Each step looks again under the row's lock, commits, and
only then removes bytes; a crash in between leaves a row that says so (`cleared_at` is empty).
"""

import logging
from datetime import timedelta

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session

from schemas.originals import Original
from schemas.recordings import Receipt, ReceiptOutcome
from schemas.uploads import Upload, UploadState
from service.footage.uploads.completion import complete
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.one_by_one import each, left_alone
from service.kernel.storage import get_store
from service.kernel.storage.errors import StorageError

log = logging.getLogger(__name__)

BATCH = 200
LEFT_ALONE = timedelta(seconds=30)
"""A full upload this long untouched was left by a crash."""
COMPLETE, CLEAR = "complete-uploads", "clear-uploads"
ORPHAN_AFTER = timedelta(days=1)

_idle = func.coalesce(Upload.writer_until < func.clock_timestamp(), True)
_full = and_(
    Upload.length.is_not(None),
    or_(Upload.upload_offset == Upload.length, func.jsonb_array_length(Upload.concatenates) > 0),
)


def reap_uploads() -> None:
    """All of it, one after the other; the schedule has each of them by itself. By any number of schedulers at once."""
    complete_left_over()
    expire()
    retire_pieces()
    clear_ended()
    abort_orphans()


def complete_left_over() -> int:
    with transaction() as session:
        ids = session.scalars(
            select(Upload.id)
            .where(
                Upload.state == UploadState.open,
                Upload.recording_id.is_(None),  # the others have a job that puts them together
                _full,
                _idle,
                Upload.touched_at < now() - LEFT_ALONE,
                Upload.id.not_in(left_alone(COMPLETE)),
            )
            .order_by(func.random())  # one that cannot be completed must not hide the others
            .limit(BATCH)
        ).all()
    return each(COMPLETE, ids, lambda upload_id: complete(upload_id, wait=False))


def expire() -> int:
    """Only what still lacks bytes: a full upload has been received and is completed instead."""
    with transaction() as session:
        done = session.execute(
            update(Upload)
            .where(Upload.state == UploadState.open, ~_full, _idle, Upload.expires_at < now())
            .values(state=UploadState.expired, epoch=Upload.epoch + 1)
            .execution_options(synchronize_session=False)
        )
        return done.rowcount  # type: ignore[attr-defined]  # an UPDATE answers with it


def retire_pieces() -> int:
    """Finished partial uploads that were joined, forgotten or never used. Not before the whole is durable and was read
    back: a final upload holds their locks when it is created."""
    final = aliased(Upload)
    unread = exists().where(Receipt.upload_id == final.id, Receipt.outcome == ReceiptOutcome.pending)
    waiting = exists().where(final.id == Upload.joined_into, or_(final.state == UploadState.open, unread))
    over = or_(Upload.joined_into.is_not(None), Upload.forgotten_at.is_not(None), Upload.expires_at < now())
    mine = (Upload.state == UploadState.complete) & Upload.partial
    with transaction() as session:
        ids = session.scalars(
            select(Upload.id).where(mine, over, ~waiting).limit(BATCH).with_for_update(skip_locked=True)
        ).all()
        # A statement of its own sees a final upload that was committed while the locks were waited for.
        done = session.execute(
            update(Upload)
            .where(Upload.id.in_(ids), ~waiting)
            .values(state=UploadState.expired)
            .execution_options(synchronize_session=False)
        )
        return done.rowcount  # type: ignore[attr-defined]  # an UPDATE answers with it


def clear_ended() -> int:
    ended = Upload.state.in_([UploadState.expired, UploadState.terminated])
    mine = select(Upload).where(ended, Upload.cleared_at.is_(None), Upload.id.not_in(left_alone(CLEAR)))
    with transaction() as session:
        rows = {upload.id: upload for upload in session.scalars(mine.order_by(func.random()).limit(BATCH))}
    return each(CLEAR, rows, lambda upload_id: clear_bytes(rows[upload_id]))


def clear_bytes(upload: Upload) -> None:
    store = get_store()
    with transaction() as session:
        kept = wanted_for_ever(session, upload.store_key)
    if not kept:
        store.uploads.abort(upload.store_key)
        if upload.partial:
            store.objects.delete(upload.store_key)
    with transaction() as session:
        session.execute(update(Upload).where(Upload.id == upload.id).values(cleared_at=now()))


def wanted_for_ever(session: Session, key: str) -> bool:
    """A receipt or an original points at these bytes."""
    return bool(
        session.scalar(select(exists().where(Receipt.store_key == key)))
        or session.scalar(select(exists().where(Original.store_key == key)))
    )


def abort_orphans() -> int:
    """Bytes in progress without a row that still wants them. Finished objects are never touched."""
    uploads = get_store().uploads
    aborted = 0
    for lingering in uploads.list_uploads(now() - ORPHAN_AFTER):
        with transaction() as session:
            wanted = session.scalar(
                select(exists().where(Upload.store_key == lingering.key, Upload.state == UploadState.open))
            )
        if wanted:
            continue
        try:
            uploads.abort(lingering.key)
            aborted += 1
        except StorageError as error:  # it has no row to count against: the next round comes to it again
            log.warning("%s cannot be given up yet: %s", lingering.key, error)
    return aborted

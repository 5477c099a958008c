"""Bytes that arrived again: the second copy is removed once the first is proven to be there."""

import logging
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from schemas.originals import Original
from schemas.recordings import Receipt, ReceiptOutcome
from service.kernel.database import transaction
from service.kernel.kept_bytes import forget_sums, is_whole
from service.kernel.one_by_one import each, left_alone
from service.kernel.storage import get_store
from service.kernel.storage.errors import StorageError

log = logging.getLogger(__name__)

SETTLED_AFTER = timedelta(minutes=2)


RELEASE = "release-duplicates"


def release(receipt_id: UUID, *, proven: bool = False) -> None:
    """Removes the receipt's own copy if its original's bytes are in the store, and lets the receipt point there.
    `proven`: they have just been read and hashed.

    A store that is away is no loss: the duty `release_duplicates` comes back to it.
    """
    try:
        _release(receipt_id, proven=proven)
    except (StorageError, OriginalMissing) as error:
        log.warning("second copy of receipt %s stays for now: %s", receipt_id, error)


def _release(receipt_id: UUID, *, proven: bool = False) -> None:
    objects = get_store().objects
    with transaction() as session:
        found = _receipt_and_original(session, receipt_id)
    if found is None:
        return
    first = found[1]
    if not (proven or is_whole(first.store_key, first.store_version, first.size, first.sha256)):
        raise OriginalMissing(
            f"original {first.id} is not in the store as it came: its receipt keeps its copy"
        )
    with transaction() as session:
        found = _receipt_and_original(session, receipt_id)
        if found is None:
            return
        receipt, original = found
        info = objects.stat(original.store_key, original.store_version)
        sizes = {info.size if info else None, first.size, original.size, receipt.size}
        if len(sizes) > 1 or original.store_key != first.store_key:
            raise OriginalMissing(f"original {original.id} has moved: its receipt keeps its copy for now")
        objects.delete(receipt.store_key, receipt.store_version)
        forget_sums(session, [receipt.store_key])
        receipt.store_key, receipt.store_version = original.store_key, original.store_version
        session.add(receipt)


class OriginalMissing(RuntimeError):
    """The bytes that a second copy is of are gone: it must stay."""


def _receipt_and_original(session: Session, receipt_id: UUID) -> tuple[Receipt, Original] | None:
    # The original's lock keeps an intake from adopting the very copy that is being removed.
    row = session.execute(
        select(Receipt, Original)
        .join(Original, Original.sha256 == Receipt.stored_sha256)
        .where(
            Receipt.id == receipt_id,
            Receipt.store_key != Original.store_key,
            Receipt.outcome != ReceiptOutcome.mismatch,
        )
        .with_for_update(of=(Original, Receipt))
    ).one_or_none()
    return (row[0], row[1]) if row else None


def release_duplicates() -> int:
    """The duty: second copies whose worker was killed between commit and removal."""
    with transaction() as session:
        left = session.scalars(
            select(Receipt.id)
            .join(Original, Original.sha256 == Receipt.stored_sha256)
            .where(
                Receipt.store_key != Original.store_key,
                Receipt.outcome != ReceiptOutcome.mismatch,
                Receipt.verified_at < func.now() - SETTLED_AFTER,
                Receipt.id.not_in(left_alone(RELEASE)),
            )
            .order_by(func.random())
            .limit(100)
        ).all()
    return each(RELEASE, left, _release)

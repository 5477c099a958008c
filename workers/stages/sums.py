"""Sums: of an original that came before they were kept, and of what was made of it. Its fingerprint is proven on the way."""

import math
import time
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.kept_bytes import BlockSums, DamageKind
from schemas.originals import Original, Rendition
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from service.kernel.kept_bytes import keep_sums, note_damage, read_proven
from service.kernel.one_by_one import each
from service.kernel.storage.blocks import Sums
from service.kernel.storage.errors import BytesChanged, ObjectMissing
from workers.allowed import copied_within_s
from workers.lease import JobFailed, Lease, LeaseLost, finish

AT_ONCE = 20
LOOKED_THROUGH_EVERY_S = 3600.0
LAST = 9  # of the priorities
WITHOUT_SUMS = "ask-for-sums"


def run(held: Lease) -> None:
    with transaction() as session:
        original = session.get_one(Original, held.subject_id)
        known = select(BlockSums.store_key)
        made = session.scalars(
            select(Rendition).where(
                Rendition.original_id == original.id,
                Rendition.store_key.is_not(None),
                Rendition.store_key.not_in(known),
            )
        ).all()
    whole = _read(held, original.store_key, original.store_version, original.size)
    if whole.hexdigest() != original.sha256:
        note_damage(original.store_key, original.store_version, original.size, DamageKind.changed)
        raise JobFailed("bytes_changed", mib=0)
    found = {original.store_key: whole}
    for one in made:
        try:
            found[one.store_key or ""] = _read(held, one.store_key or "", one.store_version, one.size)
        except (BytesChanged, ObjectMissing):  # noted, and made anew; or others stand in its place by now
            continue

    def keep(session: Session) -> None:
        for key, sums in found.items():
            keep_sums(session, key, sums)
        finish(session, held)

    held.publish(keep)


def _read(held: Lease, key: str, version: str | None, size: int) -> Sums:
    held.within(copied_within_s(size))
    sums = Sums()
    with read_proven(key, version, size) as stream:
        for chunk in stream:
            if held.lost.is_set():
                raise LeaseLost
            sums.update(chunk)
    return sums


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    """Its bytes go on being given out by their length alone; where they are damaged, that is noted."""


_WITHOUT = text(
    """
    SELECT o.id FROM originals o
    WHERE NOT EXISTS (SELECT FROM block_sums b WHERE b.store_key = o.store_key)
      AND NOT EXISTS (SELECT FROM jobs j WHERE j.kind = 'sums' AND j.subject_id = o.id AND j.state <> 'done')
      AND NOT EXISTS (SELECT FROM set_aside a WHERE a.duty = 'ask-for-sums' AND a.subject_id = o.id
                      AND (a.held_at IS NOT NULL OR a.next_at > now()))
    ORDER BY o.id LIMIT :batch
    """
)
_WAITING = text("SELECT count(*) FROM jobs WHERE kind = 'sums' AND state IN ('queued', 'running')")


_all_have_them_at = -math.inf


def ask_for_sums() -> int:
    """The duty: a few at a time, behind all other work. What comes now has its sums from intake: once none is left, they
    are looked through again only after an hour."""
    global _all_have_them_at
    if time.monotonic() - _all_have_them_at < LOOKED_THROUGH_EVERY_S:
        return 0
    with transaction() as session:
        free = AT_ONCE - session.execute(_WAITING).scalar_one()
        found = session.execute(_WITHOUT, {"batch": free}).scalars().all() if free > 0 else []
    if free > 0 and not found:
        _all_have_them_at = time.monotonic()
    return each(WITHOUT_SUMS, found, _ask)


def _ask(original_id: UUID) -> None:
    with transaction() as session:
        request_job(session, JobKind.sums, original_id, priority=LAST, cost_s=5)

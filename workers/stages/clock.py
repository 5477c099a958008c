"""Clock: the time that the camera burned into its picture, read once for the bytes. What it means for a recording,
the stage `tags` weighs with all that is claimed elsewhere."""

import logging
from typing import Any

from sqlmodel import Session

from schemas.originals import WATCHABLE, BurnedInFacts, Original
from service.kernel.database import transaction
from workers import scratch
from workers.lease import Lease, LeaseLost, finish
from workers.media.burned_in import Looked, TesseractMissing, read_clock
from workers.stages.bytes_at_hand import original_bytes, sandbox_for
from workers.stages.examined import examined
from workers.stages.footage import footage_of
from workers.stages.outcome import ask_for_tags, locked

log = logging.getLogger(__name__)

ROOM = 64 * 2**20  # a dozen small pictures


def run(held: Lease) -> None:
    with transaction() as session:
        original = session.get_one(Original, held.subject_id)
    if original.media_state not in WATCHABLE:
        held.publish(lambda session: finish(session, held))
        return
    facts, verdict = examined(original)
    try:
        box = sandbox_for(held, original.size)
        with (
            scratch.here().room(ROOM, "shared") as private,
            original_bytes(held, original) as at_hand,
            footage_of(held, box, at_hand.path, facts) as footage,
        ):
            looked = read_clock(footage, facts, verdict, box, private, held.lost, original.stretches)
    except TesseractMissing:
        log.warning("tesseract is not installed: the time in the picture of %s stays unread", original.id)
        looked = Looked(None, 0)
    if looked.cancelled or held.lost.is_set():
        raise LeaseLost
    held.publish(lambda session: _publish(session, held, looked))


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    """The other claims stand; nothing waits for this."""


def _publish(session: Session, held: Lease, looked: Looked) -> None:
    read = looked.read.model_dump(mode="json") if looked.read else None
    found: BurnedInFacts = {"read": read, "looked_at": looked.looked_at}
    before = session.get_one(Original, held.subject_id).media.get("burned_in") or {}
    if read != before.get("read"):
        ask_for_tags(session, held.subject_id, priority=5)
    original = locked(session, held.subject_id)
    original.media = {**original.media, "burned_in": found}
    session.add(original)
    finish(session, held)

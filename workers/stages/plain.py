"""A plain copy for whom may not have the original's bytes: picture and sound as they are, and nothing else of it."""

from typing import Any

from sqlmodel import Session

from schemas.originals import WATCHABLE, Original, RenditionKind
from service.footage.recordings.needs import VIEWER, ask_for_encode
from service.footage.recordings.rules import copied_as_it_is
from service.kernel.database import transaction
from workers.lease import JobFailed, Lease, finish
from workers.stages.examined import examined
from workers.stages.photo import is_photo
from workers.stages.playable import copied
from workers.stages.publishing import replace_rows


def run(held: Lease) -> None:
    with transaction() as session:
        original = session.get_one(Original, held.subject_id)
    verdict = original.media.get("verdict") or {}
    if original.media_state not in WATCHABLE or is_photo(original) or not copied_as_it_is(verdict):
        held.publish(lambda session: finish(session, held))
        return
    made, faults = copied(held, original, *examined(original), RenditionKind.plain)
    if faults:
        raise JobFailed(faults[0].code, final=True, **faults[0].params)

    def publish(session: Session) -> None:
        row = session.get_one(Original, original.id, with_for_update=True)
        replace_rows(session, held, row, made)
        finish(session, held)

    held.publish(publish)


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    """Whoever waits for it gets the encode, which is as plain."""
    ask_for_encode(session, session.get_one(Original, held.subject_id), VIEWER)

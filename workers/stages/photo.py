"""Photos: a small picture for lists and a whole one for the page. Part of the stage that makes things playable."""

from sqlalchemy import select
from sqlmodel import Session

from schemas.originals import MediaState, Original, RenditionKind
from schemas.recordings import Media
from service.footage.media import media_of
from service.footage.recordings.actions import refresh_state
from service.kernel.clock import now
from workers import scratch
from workers.lease import BUSY_TRIES, JobFailed, Lease, LeaseLost, finish
from workers.media import photo
from workers.media.photo import Drawn
from workers.stages.bytes_at_hand import original_bytes, sandbox_for
from workers.stages.examined import examined
from workers.stages.publishing import Made, put_all, replace_rows

ROOM = 128 * 2**20


def is_photo(original: Original) -> bool:
    return media_of(original.media) is Media.photo


def run(held: Lease, original: Original) -> None:
    facts, _verdict = examined(original)
    box = sandbox_for(held, original.size)
    with scratch.here().room(ROOM, "shared") as private, original_bytes(held, original) as at_hand:
        done = photo.draw(at_hand.path, facts, box, private, held.lost)
        if done.cancelled or held.lost.is_set():
            raise LeaseLost
        if (
            done.fault is not None
            and done.fault.params.get("limit") == "wall_time"
            and held.tries < BUSY_TRIES
        ):
            raise JobFailed(done.fault.code, final=False, **done.fault.params)  # perhaps the machine was busy
        made = _made(done)
        put_all(held, made)
    held.publish(lambda session: _publish(session, held, done, made))


def _made(done: Drawn) -> list[Made]:
    if done.picture is None or done.poster is None or done.size is None:
        return []
    facts = {"width": done.size[0], "height": done.size[1]}
    return [
        Made(RenditionKind.picture, "image/jpeg", name="picture.jpg", path=done.picture, facts=facts),
        Made(RenditionKind.poster, "image/jpeg", name="poster.jpg", path=done.poster),
    ]


def _publish(session: Session, held: Lease, done: Drawn, made: list[Made]) -> None:
    original = session.scalars(select(Original).where(Original.id == held.subject_id).with_for_update()).one()
    replace_rows(session, held, original, made)
    if made:
        original.playable_at = original.playable_at or now()
        original.media_state = MediaState.partial if done.damaged else MediaState.ready
        original.reason, original.reason_params = ("photo_damaged" if done.damaged else None), {}
    elif done.fault is not None:
        original.media_state = MediaState.unplayable
        original.reason, original.reason_params = done.fault.code, dict(done.fault.params)
    session.add(original)
    refresh_state(session, original.id)
    finish(session, held)

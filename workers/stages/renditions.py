"""Renditions: the video that every browser plays, encoded, checked, published."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from schemas.originals import WATCHABLE, MediaState, Original, Rendition, RenditionKind
from schemas.reasons import Reason
from service.footage.recordings.actions import refresh_state
from service.footage.recordings.needs import awaited, meet
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.settings import get_settings
from workers import scratch
from workers.lease import Lease, LeaseLost, finish
from workers.media.probe import Probe
from workers.media.renditions import Rendered, most_bytes, received, render
from workers.media.verdict import Verdict
from workers.scratch import AtHand
from workers.stages.bytes_at_hand import original_bytes, original_bytes_at_once, sandbox_for
from workers.stages.examined import content_type, examined
from workers.stages.footage import footage_of
from workers.stages.publishing import Made, put_all, replace_rows
from workers.stages.watched import Watched
from workers.stages.whole import accept_or_fail, settle

ENCODED_SHARE = 0.95


def run(held: Lease) -> None:
    with transaction() as session:
        original = session.get_one(Original, held.subject_id)
    if original.media_state not in WATCHABLE:
        held.publish(lambda session: finish(session, held))
        return
    facts, verdict = examined(original)
    box = sandbox_for(held, original.size, original.recorded_s or facts.measured_s, received(facts))
    with scratch.here().room(room_for(facts, original.recorded_s), "shared") as private:
        watched = Watched(held, private, picture=verdict.video is not None)
        with _bytes_of(held, original, watched) as (at_hand, proven):
            with footage_of(held, box, at_hand.path, facts) as footage, watched:
                done = render(
                    footage,
                    facts,
                    verdict,
                    box,
                    private,
                    lambda share: held.progress(share * ENCODED_SHARE, "encoding"),
                    held.lost,
                    threads=get_settings().encode_threads,
                    stretches=original.stretches,
                    looks=False,
                )
            proven()
        if done.cancelled or held.lost.is_set():
            raise LeaseLost
        short = accept_or_fail(held, done.faults)
        held.progress(ENCODED_SHARE, "storing")
        video = _made(done, short)
        if watched.to_the_end():
            video.facts["segments"] = watched.listed
        put_all(held, [video])
    held.publish(lambda session: _publish(session, held, verdict, video))


def _bytes_of(
    held: Lease, original: Original, watched: Watched
) -> AbstractContextManager[tuple[AtHand, Callable[[], None]]]:
    with transaction() as session:
        at_once = awaited(session, original.id)
    if at_once:
        return original_bytes_at_once(held, original, watched.withdraw)
    return _proven_before(held, original)


@contextmanager
def _proven_before(held: Lease, original: Original) -> Iterator[tuple[AtHand, Callable[[], None]]]:
    with original_bytes(held, original) as at_hand:
        yield at_hand, lambda: None


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    refresh_state(session, held.subject_id)


def room_for(facts: Probe, recorded_s: float | None) -> int:
    """Bytes of scratch: the video lies there twice, whole and in pieces. One encode leaves room for others, whatever it says
    it needs: what is too much then ends it."""
    seconds = recorded_s or facts.measured_s or 60.0
    once = most_bytes(facts, seconds, picture=bool(facts.of_kind("video")))
    return min(2 * once, scratch.here().most_of_one)


def _made(done: Rendered, short: Reason | None) -> Made:
    shown = "video" if done.size else "audio"
    width, height = done.size or (None, None)
    return Made(
        RenditionKind.video,
        f"{shown}/mp4",
        name="video.mp4",
        path=done.playable,
        facts={
            "width": width,
            "height": height,
            "duration_s": done.duration_s,
            **({"short": short.model_dump(mode="json")} if short else {}),
        },
    )


def _publish(session: Session, held: Lease, verdict: Verdict, video: Made) -> None:
    original = session.scalars(select(Original).where(Original.id == held.subject_id).with_for_update()).one()
    replace_rows(session, held, original, [video, *_playback(session, original, video)])
    original.playable_at = original.playable_at or now()
    session.add(original)
    if original.media_state != MediaState.examined:  # else that is its looks' to say
        session.flush()
        settle(session, original)
    refresh_state(session, original.id)
    finish(session, held)
    meet(session, original.id)


def _playback(session: Session, original: Original, video: Made) -> list[Made]:
    """What plays by itself, or by a checked copy, stays what plays: nothing was taken from its picture."""
    facts, verdict = examined(original)
    if verdict.path == "direct":
        return [Made(RenditionKind.playback, content_type(facts), facts={"from": "original"})]
    plays_from = session.scalar(
        select(Rendition.facts["from"].astext).where(
            Rendition.original_id == original.id, Rendition.kind == RenditionKind.playback
        )
    )
    if verdict.path == "remux" and plays_from == "remux":
        return []
    return [Made(RenditionKind.playback, video.content_type, stored=video.stored, facts={"from": "video"})]

"""Renditions: the one ffmpeg pass, checked, published as one set."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import select
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.originals import WATCHABLE, Measurements, MediaState, Original, Rendition, RenditionKind
from schemas.reasons import Reason
from schemas.recordings import Recording
from service.footage.recordings.actions import refresh_state
from service.footage.recordings.needs import awaited, meet
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from service.kernel.settings import get_settings
from workers import scratch
from workers.lease import JobFailed, Lease, LeaseLost, finish
from workers.media.probe import Probe
from workers.media.renditions import Rendered, most_bytes, received, render
from workers.media.verdict import Verdict
from workers.scratch import AtHand
from workers.stages.bytes_at_hand import original_bytes, original_bytes_at_once, sandbox_for
from workers.stages.examined import content_type, examined
from workers.stages.footage import footage_of
from workers.stages.publishing import Made, put_all, replace_rows
from workers.stages.watched import Watched

# The same bytes give the same faults; a second try covers a disturbed machine, a third proves it.
FINAL_AFTER_TRIES = 3
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
                )
            proven()
        if done.cancelled or held.lost.is_set():
            raise LeaseLost
        short = _accept_or_fail(held, done)
        held.progress(ENCODED_SHARE, "storing")
        made = _made(done)
        if watched.to_the_end():
            made[0].facts["segments"] = watched.listed
        put_all(held, made)
    held.publish(lambda session: _publish(session, held, verdict, done, made, short))


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


def _accept_or_fail(held: Lease, done: Rendered) -> Reason | None:
    """The reason for `partial` where a damaged source gave less than it has, every time; any other fault fails."""
    if not done.faults:
        return None
    spent = any(fault.params.get("limit") not in (None, "wall_time") for fault in done.faults)
    final = spent or held.tries >= min(FINAL_AFTER_TRIES, held.max_tries)
    only_short = all(fault.code == "duration_short" for fault in done.faults)
    if only_short and final:
        return done.faults[0]
    worst = next((fault for fault in done.faults if fault.code != "duration_short"), done.faults[0])
    raise JobFailed(worst.code, final=final and not only_short, **worst.params)


def _made(done: Rendered) -> list[Made]:
    shown = "video" if done.size else "audio"
    width, height = done.size or (None, None)
    made = [
        Made(
            RenditionKind.video,
            f"{shown}/mp4",
            name="video.mp4",
            path=done.playable,
            facts={"width": width, "height": height, "duration_s": done.duration_s},
        )
    ]
    if done.poster:
        made.append(Made(RenditionKind.poster, "image/jpeg", name="poster.jpg", path=done.poster))
    for position, still in enumerate(done.stills):
        made.append(
            Made(
                RenditionKind.still,
                "image/jpeg",
                position=position,
                name=f"still_{position:03d}.jpg",
                path=still.path,
                facts={"t_s": still.t},
            )
        )
    if done.sprite and done.vtt:
        made.append(Made(RenditionKind.sprite, "image/jpeg", name="sprite.jpg", path=done.sprite))
        made.append(Made(RenditionKind.sprite_map, "text/vtt", name="sprite.vtt", path=done.vtt))
    if done.peaks:
        _add_loudness(done.peaks)
        made.append(Made(RenditionKind.waveform, "application/json", name="peaks.json", path=done.peaks))
    return made


def _add_loudness(path: Path) -> None:
    """The page draws one value 0…1 a step; whoever wants both halves of the wave finds `min` and `max` too."""
    wave = json.loads(path.read_text(encoding="utf-8"))
    wave["peaks"] = [
        round(max(abs(low), abs(high)), 3) for low, high in zip(wave["min"], wave["max"], strict=True)
    ]
    path.write_text(json.dumps(wave, separators=(",", ":")), encoding="utf-8")


def _publish(
    session: Session,
    held: Lease,
    verdict: Verdict,
    done: Rendered,
    made: list[Made],
    short: Reason | None,
) -> None:
    recordings = session.scalars(
        select(Recording.id).where(Recording.original_id == held.subject_id).order_by(Recording.id)
    ).all()
    for recording_id in recordings:
        request_job(session, JobKind.tags, recording_id, priority=4, cost_s=1)
    original = session.scalars(select(Original).where(Original.id == held.subject_id).with_for_update()).one()
    replace_rows(session, held, original, [*made, *_playback(session, original, made[0])])
    original.measurements = cast(Measurements, done.quality.model_dump(mode="json"))
    original.playable_at = original.playable_at or now()
    reason = verdict.reasons[0] if verdict.reasons else short
    original.media_state = MediaState.partial if reason else MediaState.ready
    original.reason = reason.code if reason else None
    original.reason_params = reason.params if reason else {}
    session.add(original)
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

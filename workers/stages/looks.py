"""Looks: pictures, waveform and quality of every recording, without an encode. Once they are there, it is looked at.

They are taken of what the walk left of its stretches, and taken again where a later walk leaves less.
"""

import json
import math
import time
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from schemas.base import quoted
from schemas.jobs import JobKind
from schemas.originals import LOOKS, WATCHABLE, Measurements, MediaState, Original, RenditionKind
from schemas.reasons import Reason
from service.footage.recordings.actions import refresh_state
from service.footage.recordings.needs import ask_by_rule, links_of
from service.footage.recordings.rules import looks_priority
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from service.kernel.one_by_one import each
from service.kernel.settings import get_settings
from workers import scratch
from workers.lease import Lease, LeaseLost, finish
from workers.media.looks import Looked, look
from workers.media.probe import Probe
from workers.media.renditions import most_bytes, received
from workers.stages import photo
from workers.stages.bytes_at_hand import original_bytes, sandbox_for
from workers.stages.examined import examined
from workers.stages.footage import footage_of
from workers.stages.outcome import ask_for_tags, locked
from workers.stages.publishing import Made, put_all, replace_rows
from workers.stages.whole import accept_or_fail, settle

LOOKED_SHARE = 0.95
AT_ONCE = 20
LAST = 9  # of the priorities


def run(held: Lease) -> None:
    with transaction() as session:
        original = session.get_one(Original, held.subject_id)
    if original.media_state not in WATCHABLE or photo.is_photo(original):
        held.publish(lambda session: finish(session, held))
        return
    facts, verdict = examined(original)
    seconds = original.recorded_s or facts.measured_s
    box = sandbox_for(held, original.size, seconds, received(facts))
    with (
        scratch.here().room(room_for(facts, seconds), "shared") as private,
        original_bytes(held, original) as at_hand,
        footage_of(held, box, at_hand.path, facts) as footage,
    ):
        done = look(
            footage,
            facts,
            verdict,
            box,
            private,
            lambda share: held.progress(share * LOOKED_SHARE),
            held.lost,
            threads=get_settings().encode_threads,
            stretches=original.stretches,
        )
        if done.cancelled or held.lost.is_set():
            raise LeaseLost
        made = _made(done)
        nothing = [Reason(code="output_missing")] if not made else []
        short = accept_or_fail(held, done.faults or nothing)
        put_all(held, made)
    held.publish(lambda session: _publish(session, held, done, made, short))


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    ask_by_rule(session, session.get_one(Original, held.subject_id))
    refresh_state(session, held.subject_id)


def room_for(facts: Probe, seconds: float | None) -> int:
    """Bytes of scratch: sound is the most of it."""
    return min(most_bytes(facts, seconds or 60.0, picture=False), scratch.here().most_of_one)


def ask_for_looks(session: Session, original: Original) -> None:
    """What it shows is known as well as it will be."""
    if original.media_state not in WATCHABLE or photo.is_photo(original):
        return
    seconds = original.recorded_s or original.measured_duration_s or 60.0
    linked, linked_to_case = links_of(session, original.id)
    request_job(
        session,
        JobKind.looks,
        original.id,
        priority=looks_priority(linked=linked, linked_to_case=linked_to_case),
        cost_s=round(1.0 + seconds / 20, 1),
    )


def _made(done: Looked) -> list[Made]:
    made = []
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


def _publish(session: Session, held: Lease, done: Looked, made: list[Made], short: Reason | None) -> None:
    """Where a walk took stretches away meanwhile, it has asked for looks again."""
    ask_by_rule(session, session.get_one(Original, held.subject_id))
    ask_for_tags(session, held.subject_id, priority=4)
    original = locked(session, held.subject_id)
    replace_rows(session, held, original, made, instead_of=LOOKS)
    original.measurements = cast(Measurements, done.quality.model_dump(mode="json"))
    settle(session, original, short)
    refresh_state(session, original.id)
    finish(session, held)


# Pictures or sound have to be there once it was looked at; what a restored backup lacks is taken anew, once.
_NOT_LOOKED_AT = text(
    f"""
    SELECT o.id FROM originals o
    WHERE o.media_state IN ({quoted(WATCHABLE)})
      AND NOT coalesce(o.media -> 'probe' -> 'streams' @> '[{{"kind": "photo"}}]', false)
      AND (o.media_state = '{MediaState.examined}' OR NOT EXISTS (
           SELECT FROM renditions r WHERE r.original_id = o.id AND r.kind IN ({quoted(LOOKS)})))
      AND NOT EXISTS (SELECT FROM jobs j WHERE j.subject_id = o.id AND (
           (j.kind = 'looks' AND (j.state <> 'done' OR o.media_state <> '{MediaState.examined}'))
           OR (j.kind = 'walk' AND j.state IN ('queued', 'running'))))
      AND NOT EXISTS (SELECT FROM set_aside a WHERE a.duty = 'ask-for-looks' AND a.subject_id = o.id
                      AND (a.held_at IS NOT NULL OR a.next_at > now()))
    ORDER BY o.id LIMIT :batch
    """  # words of our own
)
NOT_LOOKED_AT = "ask-for-looks"
_WAITING = text(
    "SELECT count(*) FROM jobs WHERE kind = 'looks' AND state IN ('queued', 'running') AND priority = :last"
)
LOOKED_THROUGH_EVERY_S = 3600.0
_all_are_at = -math.inf


def ask_for_not_looked_at() -> int:
    """The duty: originals of before looks were taken by themselves, a few at a time, behind all other work. What comes
    now is asked for by its walk: once none is left, they are looked through again only after an hour."""
    global _all_are_at
    if time.monotonic() - _all_are_at < LOOKED_THROUGH_EVERY_S:
        return 0
    with transaction() as session:
        free = AT_ONCE - session.execute(_WAITING, {"last": LAST}).scalar_one()
        found = session.execute(_NOT_LOOKED_AT, {"batch": free}).scalars().all() if free > 0 else []
    if free > 0 and not found:
        _all_are_at = time.monotonic()
    return each(NOT_LOOKED_AT, found, _ask)


def _ask(original_id: UUID) -> None:
    with transaction() as session:
        request_job(session, JobKind.looks, original_id, priority=LAST, cost_s=5)

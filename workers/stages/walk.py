"""Walk: behind intake, the bytes are gone through once more for what nobody has to wait for.

What a recording claims to show is tried out (workers.media.trial), and what cannot be decoded counts no more. The
groups of its pictures are kept with digests that copying leaves as they are (workers.media.groups). Then it is looked
at. An original of before stretches were measured gets its own here: until then its recordings keep their one span.
"""

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import Session

from schemas.base import quoted
from schemas.jobs import Job, JobKind, JobState
from schemas.originals import WATCHABLE, MediaState, Original, Rendition, RenditionKind, TrialFacts, Walk
from schemas.reasons import Reason
from schemas.recordings import Recording
from service.footage.recordings.actions import refresh_recording
from service.footage.recordings.needs import encoded, urgency
from service.footage.recordings.policy import HOLE
from service.footage.recordings.rules import encode_cost_s
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from service.kernel.one_by_one import each
from service.kernel.policy import policy
from service.kernel.settings import get_settings
from workers import scratch
from workers.lease import JobFailed, Lease, LeaseLost, finish
from workers.media.groups import FORM, Group, groups_of, groups_of_movies, packed
from workers.media.movies import ranges
from workers.media.probe import Probe, probe
from workers.media.renditions import received
from workers.media.timing import Stretch
from workers.media.trial import Trial, places, try_out
from workers.media.verdict import Verdict, judge
from workers.stages.bytes_at_hand import original_bytes, sandbox_for
from workers.stages.examined import examined, recorded, shown
from workers.stages.footage import footage_of, with_later_movies
from workers.stages.looks import ask_for_looks
from workers.stages.outcome import locked
from workers.stages.publishing import replace_rows

ROOM = 72 * 2**20
CHUNK = 2**20
LESS_S, LESS_SHARE = 0.5, 0.01  # by so little two measurements of the same differ
AT_ONCE = 20
LAST = 9  # of the priorities


@dataclass(frozen=True)
class Walked:
    """`facts`, `verdict`: as measured now, where nobody had measured the stretches, else as they are known.
    `columns`: what is recorded, after the trial; `claimed_s`: before it."""

    hole_s: float
    crc32: int
    facts: Probe
    verdict: Verdict
    columns: dict[str, Any]
    claimed_s: float
    trial: Trial
    groups: list[Group] | None

    @property
    def taken_away(self) -> bool:
        return self.columns["recorded_s"] < self.claimed_s


def run(held: Lease) -> None:
    with transaction() as session:
        original = session.get_one(Original, held.subject_id)
        hole_s = policy(session, HOLE)
    if original.media_state not in WATCHABLE:
        held.publish(lambda session: _nothing_to_show(session, held))
        return
    with scratch.here().room(ROOM, "shared") as private, original_bytes(held, original) as at_hand:
        walked = _walk(held, original, at_hand.path, private, hole_s)
    if held.lost.is_set():
        raise LeaseLost
    held.publish(lambda session: _publish(session, held, walked))


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    """What is known of its stretches stands, and is looked at."""
    original = session.get_one(Original, held.subject_id)
    if original.media_state == MediaState.examined:
        ask_for_looks(session, original)


def _walk(held: Lease, original: Original, path: Path, private: Path, hole_s: float) -> Walked:
    facts, verdict = examined(original)
    box = sandbox_for(held, original.size, original.recorded_s or facts.measured_s, received(facts))
    if original.stretches is None:
        facts = probe(path, box, private, held.lost, hole_s)
        facts = with_later_movies(box, path, facts, hole_s, held.lost)
        verdict = judge(facts)
        if held.lost.is_set():
            raise LeaseLost
        if verdict.outcome not in ("whole", "partial"):
            reason = verdict.reasons[0]
            raise JobFailed(reason.code, **dict[str, Any](reason.params))
        columns = recorded(facts, verdict)
    else:
        columns = {name: getattr(original, name) for name in COLUMNS}
    stretches = [(start, end) for start, end in columns["stretches"]]
    claimed_s = columns["recorded_s"]
    trial = Trial([], whole=False)
    stream = shown(facts, verdict)
    if stream is not None and stretches:
        secret = get_settings().secret_key.encode() or os.urandom(32)
        chosen = places(original.sha256, secret, stretches)
        with footage_of(held, box, path, facts) as footage:
            trial = try_out(
                footage, stream, stretches, chosen, box, private, held.lost, hole_s, facts.container
            )
    if trial.stretches is not None:
        left = _length(trial.stretches)
        if left < claimed_s - max(LESS_S, LESS_SHARE * claimed_s):
            columns |= {"stretches": [list(one) for one in trial.stretches], "recorded_s": round(left, 3)}
    groups = None
    if stream is not None and stream.kind == "video":
        if facts.joined:
            found = ranges(path, held.lost)
            groups = groups_of_movies(path, found, facts, stream, box, private, held.lost)
        else:
            groups = groups_of(path, facts, stream, box, private, held.lost)
    return Walked(hole_s, _crc32(held, path), facts, verdict, columns, claimed_s, trial, groups)


COLUMNS = ("stretches", "recorded_s", "sparse", "clock_restarted")


def _length(stretches: Sequence[Stretch]) -> float:
    return sum(end - start for start, end in stretches)


def _crc32(held: Lease, path: Path) -> int:
    """A ZIP whose layout is known beforehand needs it; SHA-256 is what proves the bytes."""
    sum_ = 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            if held.lost.is_set():
                raise LeaseLost
            sum_ = zlib.crc32(chunk, sum_)
    return sum_


def _nothing_to_show(session: Session, held: Lease) -> None:
    original = session.get_one(Original, held.subject_id, with_for_update=True)
    if original.media_state == MediaState.unplayable and original.stretches is None:
        original.stretches, original.recorded_s = [], 0.0
        session.add(original)
    finish(session, held)


def _publish(session: Session, held: Lease, walked: Walked) -> None:
    before = session.get_one(Original, held.subject_id)
    anew = before.stretches is None
    to_be_laid = walked.taken_away or (
        anew and (len(walked.columns["stretches"]) > 1 or walked.columns["clock_restarted"])
    )
    if before.media_state == MediaState.examined or walked.taken_away or to_be_laid:
        ask_for_looks(session, before)
    concerned = _concerned(session, before) if anew or walked.taken_away else []
    length_s = walked.facts.measured_s
    if to_be_laid or before.measured_duration_s != length_s:
        for recording_id in concerned:
            request_job(session, JobKind.tags, recording_id, priority=4, cost_s=1)
    elif walked.columns["recorded_s"] < (length_s or 0.0) - LESS_S:  # links stood on the whole length
        for recording_id in concerned:
            request_job(session, JobKind.link, recording_id, priority=4, cost_s=1)
    if to_be_laid:
        _encode_again(session, before, walked)
    original = locked(session, held.subject_id)
    if anew or walked.taken_away:
        for name, value in walked.columns.items():
            setattr(original, name, value)
        _say(original, walked, to_be_laid)
    if to_be_laid and _plays_as_it_came(session, original):
        replace_rows(session, held, original, [], instead_of=(RenditionKind.playback,))
    session.add(original)
    session.merge(_row(original, walked))
    for recording_id in concerned:
        refresh_recording(session, recording_id)
    finish(session, held)


def _concerned(session: Session, original: Original) -> Sequence[UUID]:
    """Not those of a demo's year: their original only stands in for theirs."""
    mine = select(Recording.id).where(Recording.original_id == original.id, Recording.sample.is_(False))
    return session.scalars(mine.order_by(Recording.id)).all()


def _say(original: Original, walked: Walked, to_be_laid: bool) -> None:
    verdict = walked.verdict
    if walked.taken_away:
        params = {"seconds": walked.columns["recorded_s"], "claimed": round(walked.claimed_s, 1)}
        less = Reason(code="undecodable_in_part", params=params)
        verdict = verdict.model_copy(update={"outcome": "partial", "reasons": [*verdict.reasons, less]})
        if original.media_state != MediaState.examined:
            original.media_state = MediaState.partial
            original.reason, original.reason_params = less.code, less.params
    if to_be_laid:
        why = Reason(code="not_end_to_end")
        plan = "none" if verdict.audio is None else "encode"
        verdict = verdict.model_copy(
            update={"path": "encode", "audio_plan": plan, "why": why, "by_codec": None}
        )
    original.measured_duration_s = walked.facts.measured_s
    original.media = {
        **original.media,
        "probe": walked.facts.model_dump(mode="json"),  # type: ignore[typeddict-item]  # the whole of it
        "verdict": verdict.model_dump(mode="json"),  # type: ignore[typeddict-item]
    }


def _plays_as_it_came(session: Session, original: Original) -> bool:
    """With its holes, and what cannot be decoded."""
    found = select(Rendition.facts["from"].astext).where(
        Rendition.original_id == original.id, Rendition.kind == RenditionKind.playback
    )
    return session.scalar(found) in ("original", "remux")


def _encode_again(session: Session, original: Original, walked: Walked) -> None:
    """What was encoded of it, or is about to be. Whether anything else is, its looks ask by the rule."""
    begun = select(Job.state).where(Job.kind == JobKind.renditions, Job.subject_id == original.id)
    if not encoded(session, original.id) and session.scalar(begun) in (None, JobState.done):
        return
    stream = shown(walked.facts, walked.verdict)
    request_job(
        session,
        JobKind.renditions,
        original.id,
        priority=urgency(session, original, direct=False),
        cost_s=encode_cost_s(
            walked.columns["recorded_s"],
            (stream.width or 0) if stream else 0,
            (stream.height or 0) if stream else 0,
            stream.fps if stream else None,
        ),
    )


def _row(original: Original, walked: Walked) -> Walk:
    tried: TrialFacts = {
        "pieces": [[one.start_s, one.end_s, one.samples, one.decoded] for one in walked.trial.pieces],
        "whole": walked.trial.whole,
        "claimed_s": walked.claimed_s,
        "decoded_s": walked.columns["recorded_s"],
    }
    return Walk(
        original_id=original.id,
        hole_s=walked.hole_s,
        crc32=walked.crc32,
        trial=tried,
        form=None if walked.groups is None else FORM,
        groups=None if walked.groups is None else packed(walked.groups),
        walked_at=now(),
    )


# Worst first: what claims a long time with few bytes.
_UNMEASURED = text(
    f"""
    SELECT o.id FROM originals o
    WHERE o.stretches IS NULL AND o.media_state IN ({quoted((*WATCHABLE, MediaState.unplayable))})
      AND NOT EXISTS (SELECT FROM jobs j WHERE j.kind = 'walk' AND j.subject_id = o.id AND j.state <> 'done')
      AND NOT EXISTS (SELECT FROM set_aside a WHERE a.duty = 'ask-unmeasured' AND a.subject_id = o.id
                      AND (a.held_at IS NOT NULL OR a.next_at > now()))
    ORDER BY o.size / greatest(o.measured_duration_s, 1), o.id LIMIT :batch
    """  # words of our own
)
UNMEASURED = "ask-unmeasured"
_WAITING = text("SELECT count(*) FROM jobs WHERE kind = 'walk' AND state IN ('queued', 'running')")


def ask_for_unmeasured() -> int:
    """The duty: originals of before stretches were measured, a few at a time, behind all other work. Whoever stops it
    loses nothing: what is left is what has no stretches yet."""
    with transaction() as session:
        free = AT_ONCE - session.execute(_WAITING).scalar_one()
        found = session.execute(_UNMEASURED, {"batch": free}).scalars().all() if free > 0 else []
    return each(UNMEASURED, found, _ask)


def _ask(original_id: UUID) -> None:
    with transaction() as session:
        request_job(session, JobKind.walk, original_id, priority=LAST, cost_s=5)

"""Playable: as early as can be. What browsers play is served as it is; a wrong container is exchanged."""

from typing import Any

from sqlalchemy import select
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.originals import WATCHABLE, Original, Rendition, RenditionKind
from schemas.reasons import Reason
from service.footage.recordings.actions import refresh_state
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from workers import scratch
from workers.lease import Lease, LeaseLost, finish
from workers.media.probe import Probe
from workers.media.remux import remux
from workers.media.verdict import Verdict
from workers.stages import photo
from workers.stages.bytes_at_hand import original_bytes, sandbox_for
from workers.stages.examined import content_type, examined
from workers.stages.publishing import Made, put_all, replace_rows


def run(held: Lease) -> None:
    with transaction() as session:
        original = session.get_one(Original, held.subject_id)
        watchable = original.media_state in WATCHABLE
        from_video = session.scalar(
            select(Rendition.facts["from"].astext).where(
                Rendition.original_id == original.id, Rendition.kind == RenditionKind.playback
            )
        )
    if not watchable or from_video == "video":
        held.publish(lambda session: finish(session, held))
        return
    if photo.is_photo(original):
        photo.run(held, original)
        return
    facts, verdict = examined(original)
    made: list[Made] = []
    if verdict.path == "direct":
        made = [Made(RenditionKind.playback, content_type(facts), facts={"from": "original"})]
    elif verdict.path == "remux":
        made = copied(held, original, facts, verdict, RenditionKind.playback)[0]
    held.publish(lambda session: _publish(session, held, made))


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    """An encode is still the way to something that plays."""
    original = session.get_one(Original, held.subject_id)
    if not photo.is_photo(original):
        _ask_for_clock(session, original)
    refresh_state(session, held.subject_id)


def copied(
    held: Lease, original: Original, facts: Probe, verdict: Verdict, kind: RenditionKind
) -> tuple[list[Made], list[Reason]]:
    """The copy, and why there is none where it did not come out right: then the encode is the way."""
    reserve = int(original.size * 1.1) + 16 * 2**20
    box = sandbox_for(held, original.size, facts.measured_s)
    with scratch.here().room(reserve, "shared") as private, original_bytes(held, original) as at_hand:
        done = remux(
            at_hand.path,
            facts,
            verdict,
            box,
            private,
            held.progress,
            held.lost,
            plain=kind == RenditionKind.plain,
        )
        if done.cancelled or held.lost.is_set():
            raise LeaseLost
        if done.faults:
            return [], done.faults
        shown = "video" if verdict.video is not None else "audio"
        made = Made(
            kind,
            f"{shown}/{done.form}",
            name=f"{kind}.{done.form}",
            path=done.playable,
            facts={"from": "remux"},
        )
        put_all(held, [made])
        return [made], []


def _publish(session: Session, held: Lease, made: list[Made]) -> None:
    original = session.get_one(Original, held.subject_id)
    _ask_for_clock(session, original)
    session.refresh(original, with_for_update=True)
    if made and examined(original)[1].path != "encode":  # a walk may have found out meanwhile
        replace_rows(session, held, original, made)
        original.playable_at = original.playable_at or now()
        session.add(original)
    finish(session, held)  # else its own job would still be under way
    refresh_state(session, original.id)


def _ask_for_clock(session: Session, original: Original) -> None:
    if "burned_in" not in original.media and examined(original)[1].video is not None:
        request_job(session, JobKind.clock, original.id, priority=8, cost_s=5)

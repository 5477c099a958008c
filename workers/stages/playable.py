"""Playable: as early as can be. What browsers play is served as it is; a wrong container is exchanged."""

from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlmodel import Session

from schemas.events import EnforcementEvent
from schemas.jobs import JobKind
from schemas.links import COUNTED, Link
from schemas.originals import WATCHABLE, MediaState, Original, Rendition, RenditionKind
from schemas.recordings import Recording
from service.footage.recordings.actions import refresh_state
from service.footage.recordings.rules import encode_cost_s, encode_priority
from service.kernel.clock import now
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from workers import scratch
from workers.lease import Lease, LeaseLost, finish
from workers.media.probe import Probe
from workers.media.remux import remux
from workers.media.verdict import Verdict
from workers.stages.bytes_at_hand import original_bytes, sandbox
from workers.stages.publishing import Made, put_all, replace_rows

CONTAINER_TYPES = {"webm": "webm", "mp3": "mpeg", "wav": "wav", "ogg": "ogg"}


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
    facts, verdict = examined(original)
    made: list[Made] = []
    if verdict.path == "direct":
        made = [Made(RenditionKind.playback, content_type(facts), facts={"from": "original"})]
    elif verdict.path == "remux":
        made = _remux(held, original, facts, verdict)
    held.publish(lambda session: _publish(session, held, made))


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    """The encode is still the way to something that plays."""
    _request_renditions(session, session.get_one(Original, held.subject_id))
    refresh_state(session, held.subject_id)


def examined(original: Original) -> tuple[Probe, Verdict]:
    return (
        Probe.model_validate(original.media["probe"]),
        Verdict.model_validate(original.media["verdict"]),
    )


def content_type(facts: Probe) -> str:
    kind = "video" if facts.of_kind("video") else "audio"
    names = (facts.container or "").split(",")
    found = next((CONTAINER_TYPES[name] for name in CONTAINER_TYPES if name in names), "mp4")
    return f"{kind}/{found}"


def _remux(held: Lease, original: Original, facts: Probe, verdict: Verdict) -> list[Made]:
    """Nothing where the remux did not come out right: then the encode is the way."""
    reserve = int(original.size * 1.1) + 16 * 2**20
    with scratch.here().room(reserve) as private, original_bytes(held, original) as at_hand:
        done = remux(
            at_hand.path, facts, verdict, sandbox(), private, lambda share: held.progress(share), held.lost
        )
        if done.cancelled or held.lost.is_set():
            raise LeaseLost
        if done.faults:
            return []
        kind = "video" if verdict.video is not None else "audio"
        made = Made(
            RenditionKind.playback,
            f"{kind}/mp4",
            name="playback.mp4",
            path=done.playable,
            facts={"from": "remux"},
        )
        put_all(held, [made])
        return [made]


def _publish(session: Session, held: Lease, made: list[Made]) -> None:
    original = session.get_one(Original, held.subject_id)
    if original.media_state == MediaState.examined:
        _request_renditions(session, original)
    session.refresh(original, with_for_update=True)
    if made:
        replace_rows(session, held, original, made)
        original.playable_at = original.playable_at or now()
        session.add(original)
    refresh_state(session, original.id)
    finish(session, held)


def _request_renditions(session: Session, original: Original) -> None:
    facts, verdict = examined(original)
    video = next((s for s in facts.streams if s.index == verdict.video), None)
    request_job(
        session,
        JobKind.renditions,
        original.id,
        priority=priority_of(session, original, direct=verdict.path == "direct"),
        cost_s=encode_cost_s(
            facts.measured_s,
            (video.width or 0) if video else 0,
            (video.height or 0) if video else 0,
            video.fps if video else None,
        ),
    )
    if video is not None:
        request_job(session, JobKind.clock, original.id, priority=8, cost_s=5)


def priority_of(session: Session, original: Original, *, direct: bool) -> int:
    linked, linked_to_case = links_of(session, original.id)
    return encode_priority(linked=linked, linked_to_case=linked_to_case, direct=direct, size=original.size)


def links_of(session: Session, original_id: UUID) -> tuple[bool, bool]:
    """(whether footage of this original is linked to anything, whether to a case or an event of one)."""
    mine = (
        select(Link)
        .join(Recording, Recording.id == Link.recording_id)
        .outerjoin(EnforcementEvent, EnforcementEvent.id == Link.event_id)
        .where(Recording.original_id == original_id, Link.state.in_(COUNTED))
    )
    of_case = mine.where(or_(Link.case_id.is_not(None), EnforcementEvent.case_id.is_not(None)))
    return bool(session.scalar(select(exists(mine.subquery().select())))), bool(
        session.scalar(select(exists(of_case.subquery().select())))
    )

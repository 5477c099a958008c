"""Why a browser video is made. A need is one object; a later wing registers its own from above.

Order of locks: the encode's job row, then rows of needs, and nothing of another kind after them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from schemas.encode_needs import EncodeNeed
from schemas.events import EnforcementEvent
from schemas.jobs import Job, JobKind, JobState
from schemas.links import COUNTED, Link
from schemas.originals import WATCHABLE, Original, Rendition, RenditionKind
from schemas.recordings import Media, Recording
from service.footage.media import media_of
from service.footage.recordings.encode_rule import When, when
from service.footage.recordings.policy import ENCODE_RULE
from service.footage.recordings.rules import encode_cost_s, encode_priority
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.i18n import lazy as _
from service.kernel.jobs import raise_priority, request_job
from service.kernel.policy import policy
from service.kernel.words import Word


@dataclass(frozen=True)
class Need:
    """`priority`: of the encode, None where what its recordings are linked to decides. `by_person`: somebody sits and
    waits for it. `keeps`: as long as it stands, what was made for it is not dropped."""

    code: str
    word: Word
    priority: int | None = None
    by_person: bool = False
    keeps: bool = False


VIEWER = Need(
    "viewer", Word(_("A browser that cannot play the original"), icon="monitor-play"), 0, by_person=True
)
LINE = Need("line", Word(_("A line that cannot carry the original"), icon="gauge"), 0, by_person=True)
RULE = Need("rule", Word(_("The bureau's rule"), icon="scale"))
NEEDS: dict[str, Need] = {need.code: need for need in (VIEWER, LINE, RULE)}


SIGNS_EVERY = timedelta(seconds=10)
WAITS = timedelta(seconds=60)
"""Whoever waits gives a sign by asking or by playing; without one for so long nobody does any more."""


def by_persons() -> list[str]:
    return [need.code for need in NEEDS.values() if need.by_person]


def register(need: Need) -> Need:
    """Of a later wing, when its module is imported."""
    if NEEDS.setdefault(need.code, need) != need:
        raise ValueError(f"{need.code} is a need already")
    return need


def ask_for_encode(
    session: Session, original: Original, need: Need, actor: Actor | None = None, *, again: bool = False
) -> None:
    """Asking twice is asking once: what waits or runs is not wished for anew, and what failed only `again`. What is there
    already is not made again."""
    if encoded(session, original.id):
        return
    job = session.scalars(
        select(Job).where(Job.kind == JobKind.renditions, Job.subject_id == original.id).with_for_update()
    ).first()
    priority = urgency(session, original) if need.priority is None else need.priority
    if job is None or job.state == JobState.done or (again and job.state == JobState.failed):
        request_job(session, JobKind.renditions, original.id, priority=priority, cost_s=cost_of(original))
    elif job.state == JobState.queued:
        raise_priority(session, JobKind.renditions, original.id, priority)
    _note(session, original.id, need, actor)


def _note(session: Session, original_id: UUID, need: Need, actor: Actor | None) -> None:
    """It stands from now on, where it did not already."""
    moment = now()
    row = {
        "asked_by": actor.account_id if actor else None,
        "asked_at": moment,
        "seen_at": moment,
        "met_at": None,
    }
    session.execute(
        insert(EncodeNeed)
        .values(original_id=original_id, need=need.code, **row)
        .on_conflict_do_update(
            index_elements=["original_id", "need"], set_=row, where=EncodeNeed.met_at.is_not(None)
        )
    )


def meet(session: Session, original_id: UUID) -> None:
    """The video is there. Last in its transaction."""
    session.execute(
        update(EncodeNeed)
        .where(EncodeNeed.original_id == original_id, EncodeNeed.met_at.is_(None))
        .values(met_at=now())
        .execution_options(synchronize_session=False)
    )


def awaited(session: Session, original_id: UUID) -> bool:
    """Whether somebody sits and waits for it."""
    waits = exists().where(
        EncodeNeed.original_id == original_id,
        EncodeNeed.need.in_(by_persons()),
        EncodeNeed.met_at.is_(None),
        EncodeNeed.seen_at > now() - WAITS,
    )
    return bool(session.scalar(select(waits)))


def encoded(session: Session, original_id: UUID) -> bool:
    found = exists().where(Rendition.original_id == original_id, Rendition.kind == RenditionKind.video)
    return bool(session.scalar(select(found)))


def ask_by_rule(session: Session, original: Original) -> None:
    """Where the bureau's rule wants a video of everything of this kind."""
    if original.media_state in WATCHABLE and when_of(session, original) == When.always:
        ask_for_encode(session, original, RULE)


def when_of(session: Session, original: Original) -> When:
    stream = shown_stream(original)
    return when(
        policy(session, ENCODE_RULE),
        event_kinds=_kinds_shown(session, original.id),
        media=media_of(original.media),
        codec=stream.get("codec"),
    )


def _kinds_shown(session: Session, original_id: UUID) -> Collection[str]:
    return set(
        session.scalars(
            select(EnforcementEvent.kind)
            .distinct()
            .join(Link, Link.event_id == EnforcementEvent.id)
            .join(Recording, Recording.id == Link.recording_id)
            .where(Recording.original_id == original_id, Link.state.in_(COUNTED))
        )
    )


def shown_stream(original: Original) -> dict:
    """The picture, else the sound, as it was measured."""
    verdict, probe = original.media.get("verdict") or {}, original.media.get("probe") or {}
    chosen = verdict.get("video") if verdict.get("video") is not None else verdict.get("audio")
    return next((one for one in probe.get("streams", []) if one.get("index") == chosen), {})


def cost_of(original: Original) -> float:
    stream = shown_stream(original)
    return encode_cost_s(
        original.recorded_s or original.measured_duration_s,
        stream.get("width") or 0,
        stream.get("height") or 0,
        stream.get("fps"),
    )


def is_film(original: Original) -> bool:
    """Something that a browser could play, once it is made playable."""
    return original.media_state in WATCHABLE and media_of(original.media) in (Media.video, Media.sound)


def urgency(session: Session, original: Original, *, direct: bool | None = None) -> int:
    """Of an encode that nobody waits for: what its recordings are linked to decides. `direct`: where that is not what
    stands in its verdict yet."""
    linked, linked_to_case = links_of(session, original.id)
    if direct is None:
        direct = (original.media.get("verdict") or {}).get("path") == "direct"
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

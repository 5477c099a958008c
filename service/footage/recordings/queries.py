"""What is read of one recording, in the caller's scope."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlmodel import Session

from schemas.accounts import Role
from schemas.custody import CustodyEntry
from schemas.links import Link, LinkRead
from schemas.originals import MediaFacts, Original, Rendition, RenditionKind
from schemas.recordings import Playback, PlaysToo, Receipt, Recording, Tag
from service.access.queries import visible_cases, visible_events, visible_links, visible_receipts
from service.footage.announcements.rules import WITHDRAWN
from service.footage.recordings.delivery import Deliverable
from service.footage.recordings.errors import NotReceived, NotThereYet, Quarantined
from service.footage.recordings.playing import playing
from service.footage.recordings.words import reason_sentence
from service.footage.stretches import COUNTS_IF_SPARSE, Footage
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.custody import Act, record
from service.kernel.jobs import job_facts, jobs_of

# A player asks for many ranges of one sitting: they are one play.
SAME_SITTING = timedelta(minutes=10)
SUFFIX_OF = {
    "jpeg": "jpg",
    "png": "png",
    "heic": "heic",
    "avif": "avif",
    "webp": "webp",
    "tiff": "tif",
    "dng": "dng",
    "mov": "mp4",
    "mp4": "mp4",
    "matroska": "mkv",
    "webm": "webm",
    "avi": "avi",
    "mpegts": "ts",
    "mjpeg": "mjpeg",
}


def read(session: Session, actor: Actor, recording: Recording) -> dict[str, Any]:
    """The recording as the API shows it. Links to what the caller may not see are left out."""
    original = session.get(Original, recording.original_id) if recording.original_id else None
    media: MediaFacts = original.media if original else {}
    subjects = [recording.id] + ([original.id] if original else [])
    plays = playing(session, actor, recording)
    return {
        "id": recording.id,
        "state": recording.state,
        "media": recording.media,
        "reason": recording.reason,
        "reason_params": recording.reason_params,
        "reason_text": reason_sentence(recording.reason, recording.reason_params),
        "file_name": recording.file_name,
        "note": recording.note,
        "squad_id": recording.squad_id,
        "recorder_id": recording.recorder_id,
        "officer_id": recording.officer_id,
        "claims": recording.claims,
        "sample": recording.sample,
        "sha256": original.sha256 if original else None,
        "size": original.size if original else None,
        "locked_until": original.locked_until if original else None,
        "lock_mode": original.lock_mode if original else None,
        "duration_s": recording.duration_s,
        "claimed_duration_s": (media.get("probe") or {}).get("claimed_s"),
        **_stretches(Footage.of(recording, original)),
        "received_at": recording.received_at,
        "announced_at": recording.announced_at,
        "due_at": recording.due_at,
        "device_file_id": recording.device_file_id,
        "playable_at": recording.playable_at,
        "playable_after_s": (recording.playable_at - recording.received_at).total_seconds()
        if recording.playable_at
        else None,
        "recorded_from": recording.recorded_from,
        "recorded_to": recording.recorded_to,
        "clock": recording.clock,
        "claimed_from": recording.claimed_from,
        "clock_offset_s": recording.clock_offset_s,
        "clock_doubt_s": recording.clock_doubt_s,
        "streams": (media.get("probe") or {}).get("streams", []),
        "remarks": (media.get("verdict") or {}).get("remarks", []),
        "location": {"lat": recording.latitude, "lon": recording.longitude}
        if recording.latitude is not None
        else None,
        "track": recording.track,
        "stages": _stages(session, actor, recording, subjects),
        "tags": _tags(session, recording.id),
        "links": _links(session, actor, recording.id),
        "renditions": _renditions(session, recording, original),
        "playback": plays.how,
        "playback_type": plays.type,
        "receipts": _receipts(session, actor, recording.id),
    }


def _stretches(footage: Footage) -> dict[str, Any]:
    measured = footage.measured
    return {
        "stretches": [{"start_s": start, "end_s": end} for start, end in footage.stretches]
        if measured
        else None,
        "recorded_s": footage.recorded_s if measured else None,
        "measured": measured,
        "sparse": footage.sparse,
    }


_COUNTING = text(
    f"""
    SELECT r.id FROM recordings r JOIN originals o ON o.id = r.original_id
    WHERE r.id = ANY(CAST(:ids AS uuid[])) AND {COUNTS_IF_SPARSE}
    """
)


def counted_though_sparse(session: Session, sparse: Sequence[Recording]) -> set[UUID]:
    """Of these, the ones that count as recorded all the same."""
    return set(session.scalars(_COUNTING, {"ids": [one.id for one in sparse]})) if sparse else set()


def _stages(
    session: Session, actor: Actor, recording: Recording, subjects: list[UUID]
) -> list[dict[str, Any]]:
    """Work done before these bytes came would tell that another squad had sent them. The trace of an error in the
    program is for its administrator."""
    stages = [job_facts(job) for job in jobs_of(session, subjects)]
    for stage in stages:
        stage["reason_text"] = reason_sentence(stage["reason"], stage["reason_params"])
        if actor.role != Role.admin:
            stage["reason_params"] = {k: v for k, v in stage["reason_params"].items() if k != "trace"}
        for name in ("requested_at", "started_at", "finished_at"):
            stage[name] = _not_before(stage[name], recording.received_at)
    return stages


def _not_before(moment: datetime | None, arrival: datetime) -> datetime | None:
    return max(moment, arrival) if moment is not None else None


def _tags(session: Session, recording_id: UUID) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(Tag).where(Tag.recording_id == recording_id).order_by(Tag.start_s.nulls_first(), Tag.name)
    )
    return [
        {
            "name": tag.name,
            "value": tag.value,
            "source": tag.source,
            "confidence": tag.confidence,
            "start_s": tag.start_s,
            "end_s": tag.end_s,
        }
        for tag in rows
    ]


def _links(session: Session, actor: Actor, recording_id: UUID) -> list[LinkRead]:
    events = visible_events(actor).subquery()
    cases = visible_cases(actor).subquery()
    rows = session.scalars(
        visible_links(actor)
        .where(
            Link.recording_id == recording_id,
            Link.event_id.in_(select(events.c.id)) | Link.case_id.in_(select(cases.c.id)),
        )
        .order_by(Link.score.desc(), Link.id)
    )
    return [LinkRead.model_validate(link, from_attributes=True) for link in rows]


def _renditions(session: Session, recording: Recording, original: Original | None) -> list[dict[str, Any]]:
    if original is None:
        return []
    rows = session.scalars(
        select(Rendition)
        .where(Rendition.original_id == original.id)
        .order_by(Rendition.kind, Rendition.position)
    )
    return [
        {
            "kind": row.kind,
            "position": row.position,
            "content_type": row.content_type,
            "size": row.size,
            "facts": row.facts,
            "created_at": _not_before(row.created_at, recording.received_at),
        }
        for row in rows
    ]


def _receipts(session: Session, actor: Actor, recording_id: UUID) -> list[dict[str, Any]]:
    rows = session.scalars(
        visible_receipts(actor).where(Receipt.recording_id == recording_id).order_by(Receipt.received_at)
    )
    return [
        {
            "id": row.id,
            "file_name": row.file_name,
            "dock": row.dock,
            "size": row.size,
            "declared_sha256": row.declared_sha256,
            "stored_sha256": row.stored_sha256,
            "outcome": row.outcome,
            "claims": row.claims,
            "received_at": row.received_at,
            "verified_at": row.verified_at,
            "archive": row.archive,
            "first_received_at": row.first_received_at,
        }
        for row in rows
    ]


def original_bytes(session: Session, recording: Recording) -> Deliverable:
    """To be saved, never to be shown: the type says nothing and the name is ours."""
    original = given_out(session, recording)
    container = ((original.media.get("probe") or {}).get("container") or "").split(",")
    suffix = next((SUFFIX_OF[name] for name in container if name in SUFFIX_OF), "bin")
    return Deliverable(
        key=original.store_key,
        version=original.store_version,
        size=original.size,
        content_type="application/octet-stream",
        tag=original.sha256,
        attachment=f"{recording.id}.{suffix}",
    )


def rendition_bytes(
    session: Session, recording: Recording, kind: RenditionKind, position: int = 0
) -> Deliverable:
    original = given_out(session, recording)
    row = session.scalars(
        select(Rendition).where(
            Rendition.original_id == original.id, Rendition.kind == kind, Rendition.position == position
        )
    ).one_or_none()
    if row is None:
        raise NotThereYet
    return _derived(row)


def playback_bytes(
    session: Session, actor: Actor, recording: Recording, plays: PlaysToo | None = None
) -> Deliverable:
    """What plays for this actor, in a browser that plays this codec, too."""
    original = given_out(session, recording)
    found = playing(session, actor, recording, plays)
    if found.how == Playback.original:
        content_type = found.row.content_type if found.row else "video/mp4"
        return Deliverable(
            original.store_key, original.store_version, original.size, content_type, original.sha256
        )
    if found.row is None:
        raise NotThereYet
    return _derived(found.row)


def _derived(row: Rendition) -> Deliverable:
    """Bytes of its own, and never the original's."""
    if row.store_key is None:
        raise NotThereYet
    return Deliverable(row.store_key, row.store_version, row.size, row.content_type, str(row.id))


def given_out(session: Session, recording: Recording) -> Original:
    """The original of which something may be shown to whoever may see the recording."""
    original = session.get(Original, recording.original_id) if recording.original_id else None
    if original is None:
        if recording.state == "announced" or recording.reason == WITHDRAWN:
            raise NotReceived
        if recording.state == "refused":
            raise Quarantined
        raise NotThereYet
    if original.quarantined:
        raise Quarantined
    return original


def note_use(session: Session, actor: Actor, act: Act, recording: Recording) -> None:
    """A custody row for a play or download; the many requests of one sitting are one."""
    known = exists().where(
        CustodyEntry.subject_kind == "recording",
        CustodyEntry.subject_id == recording.id,
        CustodyEntry.account_id == actor.account_id,
        CustodyEntry.action == act.code,
        # What stands in the future was written by a clock that has been set back since.
        CustodyEntry.at.between(now() - SAME_SITTING, now() + SAME_SITTING),
    )
    if not session.scalar(select(known)):
        record(session, actor, act, "recording", recording.id, squad_id=recording.squad_id)

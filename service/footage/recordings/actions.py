"""What changes a recording."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from schemas.base import new_id
from schemas.claims import Claims
from schemas.jobs import Job, JobKind, JobState
from schemas.links import Link
from schemas.originals import Original, Rendition, RenditionKind
from schemas.reasons import MESSAGES
from schemas.recordings import (
    Media,
    Receipt,
    ReceiptOutcome,
    Recording,
    RecordingState,
    RemovalRequest,
    Tag,
    TagSource,
)
from service.footage.announcements.adoption import adopt, note_size, take
from service.footage.media import media_by_name, media_of
from service.footage.recordings import acts
from service.footage.recordings.arrivals import Arrival as Arrived
from service.footage.recordings.arrivals import together
from service.footage.recordings.rules import Known, Standing, missing_claims, standing
from service.kernel.actor import Actor
from service.kernel.changes import NEW, changed
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.jobs import request_job


@dataclass(frozen=True)
class Arrival:
    """Bytes that are durable in the store under `store_key`, and what was said of them.

    `claims`: decoded Upload-Metadata as said (recorder, officer, event, case, recorded_at, note, …).
    `archive`: declared as part of an old archive, which had first received it at `first_received_at`.
    """

    store_key: str
    store_version: str | None
    size: int
    squad_id: UUID
    file_name: str = ""
    declared_sha256: str | None = None
    claims: Claims = field(default_factory=Claims)
    upload_id: UUID | None = None
    archive: bool = False
    first_received_at: datetime | None = None


def receive(
    session: Session, actor: Actor, arrival: Arrival, *, first: JobKind = JobKind.intake
) -> Recording:
    """One transaction: recording, receipt, custody, first job. The same upload twice answers the first one. `first`:
    `assemble` where the bytes are durable in pieces, and their place under `store_key` is still empty."""
    if arrival.upload_id is not None:
        known = session.scalars(
            select(Recording)
            .join(Receipt, Receipt.recording_id == Recording.id)
            .where(Receipt.upload_id == arrival.upload_id)
        ).first()
        if known is not None:
            return known
    recording = _recording_of(session, actor, arrival)
    if first == JobKind.assemble:
        recording.state = RecordingState.receiving
    session.add(
        Receipt(
            recording_id=recording.id,
            upload_id=arrival.upload_id,
            account_id=actor.account_id,
            dock=actor.token_name,
            file_name=arrival.file_name[:500],
            store_key=arrival.store_key,
            store_version=arrival.store_version,
            size=arrival.size,
            declared_sha256=arrival.declared_sha256,
            claims=arrival.claims,
            archive=arrival.archive,
            first_received_at=arrival.first_received_at,
        )
    )
    record(
        session,
        actor,
        acts.RECEIVE,
        "recording",
        recording.id,
        squad_id=recording.squad_id,
        size=arrival.size,
        declared_sha256=arrival.declared_sha256,
        file_name=recording.file_name,
        **({"announced_at": recording.announced_at.isoformat()} if recording.announced_at else {}),
        **({"archive": True} if arrival.archive else {}),
    )
    request_job(session, first, recording.id, priority=2, cost_s=1 + arrival.size / 200e6)
    # one that was announced may have links already
    changed(session, Recording, [recording.id], NEW if recording.announced_at is None else None)
    return recording


def _recording_of(session: Session, actor: Actor, arrival: Arrival) -> Recording:
    """The one that a station announced, with its id and its links, or a new one."""
    name, note = arrival.file_name[:500], str(arrival.claims.get("note", ""))[:2000]
    found = adopt(session, arrival.squad_id, name, arrival.size, arrival.claims)
    recording = found or Recording(squad_id=arrival.squad_id)
    take(session, actor, recording)
    recording.claims = missing_claims(arrival.claims, recording.claims)
    recording.note = note or recording.note
    recording.file_name = name or recording.file_name
    recording.media = media_by_name(recording.file_name)
    recording.archived = arrival.archive
    recording.first_received_at = arrival.first_received_at
    session.add(recording)
    session.flush()
    if found is not None:
        note_size(session, recording, arrival.size)
    return recording


def keep_as_original(session: Session, receipt: Receipt, sha256: str, facts: dict[str, Any]) -> Original:
    """The Original with these bytes, locked for this transaction: a new one where `receipt` lies, or the one
    that is there already. `facts`: the columns that a new one is born with."""
    values = {
        "id": new_id(),
        "sha256": sha256,
        "size": receipt.size,
        "store_key": receipt.store_key,
        "store_version": receipt.store_version,
        "measurements": {},
        "sparse": False,
        "clock_restarted": False,
        "created_at": now(),
        **facts,
    }
    # Of two at the same moment the second waits here until the first is committed, and then finds its row.
    session.execute(insert(Original).values(values).on_conflict_do_nothing(index_elements=["sha256"]))
    return session.scalars(
        select(Original)
        .where(Original.sha256 == sha256)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def assign_original(session: Session, recording: Recording, original: Original) -> Recording:
    """Gives the recording its original; answers the recording that stands for these bytes in its squad.

    That is another one where the squad had them already: this one is merged into it, its id stays valid, and
    what only it claimed is added. The caller holds the original's row lock (`keep_as_original`).
    """
    survivor = session.scalars(
        select(Recording)
        .where(
            Recording.original_id == original.id,
            Recording.squad_id == recording.squad_id,
            Recording.id != recording.id,
            Recording.sample.is_(False),
        )
        .with_for_update()
    ).first()
    if survivor is None:
        recording.original_id = original.id
        session.add(recording)
        session.flush()
        return recording
    stand_for(session, survivor, recording)
    return survivor


def stand_for(session: Session, survivor: Recording, recording: Recording) -> None:
    """Two of the same bytes in one squad: `recording` is merged into `survivor`. The caller holds both rows."""
    survivor.claims = missing_claims(survivor.claims, _not_in_receipts(survivor.claims, recording.claims))
    survivor.claims = together(survivor.claims, _arrival(session, recording))
    survivor.note = survivor.note or recording.note
    said = (survivor.first_received_at, recording.first_received_at)
    survivor.first_received_at = min((at for at in said if at is not None), default=None)
    recording.merged_into = survivor.id
    recording.state, recording.reason = survivor.state, survivor.reason
    recording.reason_params = survivor.reason_params
    session.add_all((survivor, recording))
    session.flush()
    changed(session, Recording, [recording.id, survivor.id])
    _move_what_people_said(session, recording.id, survivor.id)


def _arrival(session: Session, recording: Recording) -> list[Arrived]:
    """As the tags read it again with its papers."""
    receipt = session.scalars(
        select(Receipt).where(Receipt.recording_id == recording.id).order_by(Receipt.received_at.desc())
    ).first()
    return [Arrived(str(receipt.id), receipt.file_name, receipt.claims)] if receipt else []


def _not_in_receipts(held: Claims, more: Claims) -> Claims:
    """What a station's list and a person said of it."""
    found = Claims()
    if "announced" in more:
        found["announced"] = more["announced"]
    if "event_put_right" in more and "event_put_right" not in held:
        found["event_put_right"] = more["event_put_right"]
        if "event" in more:
            found["event"] = more["event"]
    return found


def _move_what_people_said(session: Session, merged: UUID, survivor: UUID) -> None:
    known = select(Link.event_id, Link.case_id).where(Link.recording_id == survivor).subquery()
    same = exists().where(
        known.c.event_id.is_not_distinct_from(Link.event_id),
        known.c.case_id.is_not_distinct_from(Link.case_id),
    )
    session.execute(
        update(Link)
        .where(Link.recording_id == merged, Link.decided_by.is_not(None), ~same)
        .values(recording_id=survivor)
        .execution_options(synchronize_session=False)
    )
    for table, more in ((RemovalRequest, ()), (Tag, (Tag.source == TagSource.person,))):
        session.execute(
            update(table)
            .where(table.recording_id == merged, *more)
            .values(recording_id=survivor)
            .execution_options(synchronize_session=False)
        )


def refuse_mismatch(session: Session, recording: Recording, receipt: Receipt, sha256: str) -> None:
    """The stored bytes are not the declared ones: kept under the receipt's key, never counted as received."""
    receipt.stored_sha256, receipt.outcome = sha256, ReceiptOutcome.mismatch
    receipt.verified_at = now()
    recording.state, recording.reason = RecordingState.refused, "hash_mismatch"
    recording.reason_params = {"declared": receipt.declared_sha256, "stored": sha256}
    session.add_all((receipt, recording))
    record(
        session,
        "intake",
        acts.REFUSE,
        "recording",
        recording.id,
        squad_id=recording.squad_id,
        reason="hash_mismatch",
        declared_sha256=receipt.declared_sha256,
        stored_sha256=sha256,
        store_key=receipt.store_key,
    )
    changed(session, Recording, [recording.id])


def refresh_state(session: Session, original_id: UUID) -> None:
    """Writes the state of every recording that shares the original, from what is known now."""
    session.flush()
    original = session.get(Original, original_id, populate_existing=True)
    recordings = session.scalars(
        select(Recording).where(Recording.original_id == original_id).order_by(Recording.id).with_for_update()
    ).all()
    _refresh(session, original, list(recordings))


def refresh_recording(session: Session, recording_id: UUID) -> None:
    """The same for one recording, which may have no original yet."""
    session.flush()
    recording = session.scalars(
        select(Recording).where(Recording.id == recording_id).with_for_update()
    ).one_or_none()
    if recording is None or recording.merged_into is not None:
        return
    original = session.get(Original, recording.original_id) if recording.original_id else None
    if original is None and recording.state in (RecordingState.refused, RecordingState.announced):
        return
    _refresh(session, original, [recording])


def _refresh(session: Session, original: Original | None, recordings: list[Recording]) -> None:
    subjects = [recording.id for recording in recordings] + ([original.id] if original else [])
    telling = session.scalars(
        select(Job).where(
            Job.subject_id.in_(subjects),
            or_(
                Job.state == JobState.failed,
                and_(Job.kind == JobKind.playable, Job.state.in_((JobState.queued, JobState.running))),
            ),
        )
    ).all()
    failed = [job for job in telling if job.state == JobState.failed]
    # Most have nothing to tell, and nobody looks at what was made of them.
    made = _made(session, original) if original is not None and telling else set()
    for recording in recordings:
        mine = {recording.id, recording.original_id}
        media = media_of(original.media) if original else media_by_name(recording.file_name)
        known = Known(
            media_state=original.media_state if original else None,
            reason=original.reason if original else None,
            reason_params=original.reason_params if original else {},
            arrived=recording.state != RecordingState.receiving,
            playable=bool(made & {RenditionKind.playback, RenditionKind.picture}),
            encoded=RenditionKind.video in made,
            coming=len(failed) < len(telling),
            photo=media is Media.photo,
            failed={
                JobKind(job.kind): {"detail": _detail(job), "because": job.reason}
                for job in failed
                if job.subject_id in mine
            },
        )
        _write_standing(recording, standing(known))
        recording.media = media
        if original is not None:
            recording.duration_s = original.measured_duration_s
            if original.playable_at and recording.playable_at is None:
                recording.playable_at = now()
        session.add(recording)
    changed(session, Recording, [recording.id for recording in recordings])


def _made(session: Session, original: Original) -> set[str]:
    return set(session.scalars(select(Rendition.kind).where(Rendition.original_id == original.id)))


def _detail(job: Job) -> str:
    try:
        return MESSAGES.get(job.reason or "", job.reason or "?") % job.reason_params
    except KeyError:
        return str(job.reason)


def _write_standing(recording: Recording, found: Standing) -> None:
    recording.state = found.state
    recording.reason = found.reason
    recording.reason_params = dict(found.params)

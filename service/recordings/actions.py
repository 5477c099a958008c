"""What changes a recording."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.recordings import Receipt, Recording, RecordingState
from service.access.actor import Actor
from service.custody.actions import record
from service.jobs import request_job
from service.search.project import index_recording


@dataclass(frozen=True)
class Arrival:
    """Bytes that are durable in the store under `store_key`, and what was said of them.

    `claims`: decoded Upload-Metadata as said (recorder, officer, event, case, recorded_at, note, …).
    """

    store_key: str
    store_version: str | None
    size: int
    squad_id: UUID
    file_name: str = ""
    declared_sha256: str | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    upload_id: UUID | None = None


def receive(session: Session, actor: Actor, arrival: Arrival) -> Recording:
    """One transaction: recording, receipt, custody, first job. The same upload twice answers the first one."""
    if arrival.upload_id is not None:
        known = session.scalars(
            select(Recording)
            .join(Receipt, Receipt.recording_id == Recording.id)
            .where(Receipt.upload_id == arrival.upload_id)
        ).first()
        if known is not None:
            return known
    recording = Recording(
        squad_id=arrival.squad_id,
        uploaded_by=actor.account_id,
        state=RecordingState.processing,
        file_name=arrival.file_name[:500],
        note=str(arrival.claims.get("note", ""))[:2000],
        claims=arrival.claims,
    )
    session.add(recording)
    session.flush()
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
        )
    )
    record(
        session,
        actor,
        "receive",
        "recording",
        recording.id,
        squad_id=recording.squad_id,
        size=arrival.size,
        declared_sha256=arrival.declared_sha256,
        file_name=recording.file_name,
    )
    index_recording(session, recording.id)
    request_job(session, JobKind.intake, recording.id, priority=2, cost_s=1 + arrival.size / 200e6)
    return recording

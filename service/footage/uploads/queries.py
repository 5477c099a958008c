"""What may be read of uploads, always by the account that began them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, select

from schemas.recordings import Receipt, ReceiptOutcome, Recording, RecordingState
from schemas.uploads import Upload, UploadState
from service.access.queries import visible_uploads
from service.footage.uploads.errors import UploadGone
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.errors import NotFound


@dataclass(frozen=True)
class Found:
    """`busy`: some process said within the last seconds, by the database's clock, that it writes to it."""

    upload: Upload
    busy: bool


def is_full(upload: Upload) -> bool:
    """Nothing more is to come. A final upload has all its bytes in its pieces from the beginning."""
    return upload.length is not None and (bool(upload.concatenates) or upload.upload_offset == upload.length)


def find_upload(session: Session, actor: Actor, upload_id: UUID, *, lock: bool = False) -> Found:
    statement = (
        visible_uploads(actor)
        .where(Upload.id == upload_id)
        .add_columns(func.coalesce(Upload.writer_until > func.clock_timestamp(), False))
    )
    row = session.execute(statement.with_for_update() if lock else statement).first()
    if row is None:
        raise NotFound
    upload, busy = row
    if upload.state in (UploadState.expired, UploadState.terminated) or upload.forgotten_at is not None:
        raise UploadGone
    if upload.state == UploadState.open and upload.expires_at <= now() and not is_full(upload) and not busy:
        raise UploadGone
    return Found(upload, busy)


@dataclass(frozen=True)
class Fate:
    """What became of a finished upload: all that a dock's token may read of it."""

    recording_id: UUID | None = None
    state: str = ""
    sha256: str | None = None
    sidecar_of: tuple[str, ...] = ()

    def headers(self) -> dict[str, str]:
        known = {
            "Zhenglu-Recording": str(self.recording_id or ""),
            "Zhenglu-State": self.state,
            "Zhenglu-SHA256": self.sha256 or "",
            "Zhenglu-Sidecar": str(len(self.sidecar_of) or ""),
        }
        return {name: value for name, value in known.items() if value}


def fate_of(session: Session, upload: Upload) -> Fate:
    """The id stays the one first answered, also when the same bytes turned out to be another recording's; the
    state is then the other one's. A final upload has a recording before its bytes are put together."""
    if upload.state != UploadState.complete and upload.recording_id is None:
        return Fate()
    if sidecar := upload.facts.get("sidecar"):
        return Fate(state="sidecar", sha256=sidecar["sha256"], sidecar_of=tuple(sidecar["files"]))
    if upload.recording_id is None:
        return Fate()
    receipt = session.exec(select(Receipt).where(Receipt.upload_id == upload.id)).first()
    recording = session.get_one(Recording, upload.recording_id)
    while recording.merged_into is not None:
        recording = session.get_one(Recording, recording.merged_into)
    state = RecordingState(recording.state)
    if receipt and receipt.outcome in (ReceiptOutcome.mismatch, ReceiptOutcome.quarantined):
        state = RecordingState.refused
    return Fate(upload.recording_id, state.value, receipt.stored_sha256 if receipt else None)

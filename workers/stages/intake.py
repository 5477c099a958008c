"""Intake: the stored bytes get their fingerprint, are looked at, and become an Original, or say why not."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import exists, select
from sqlmodel import Session

from schemas.custody import CustodyEntry
from schemas.jobs import JobKind
from schemas.originals import MediaState, Original, Walk
from schemas.recordings import Receipt, ReceiptOutcome, Recording, RecordingState
from service.finding.linking.queries import was_linked
from service.footage.recordings import acts
from service.footage.recordings.actions import (
    assign_original,
    keep_as_original,
    refresh_recording,
    refresh_state,
    refuse_mismatch,
)
from service.footage.recordings.policy import HOLE
from service.footage.recordings.rules import WALKED
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from service.kernel.kept_bytes import forget_sums, is_whole, keep_sums
from service.kernel.policy import policy
from service.kernel.settings import get_settings
from service.kernel.storage import get_store
from service.kernel.storage.blocks import Sums
from service.kernel.storage.errors import ObjectMissing
from workers import scratch
from workers.allowed import copied_within_s
from workers.lease import BUSY_TRIES, JobFailed, Lease, LeaseLost, finish
from workers.media import jpeg, photo, sniff
from workers.media.probe import Probe, probe
from workers.media.verdict import Verdict, judge
from workers.stages import looks
from workers.stages.bytes_at_hand import bytes_of, sandbox_for
from workers.stages.duplicates import release
from workers.stages.examined import recorded
from workers.stages.footage import with_later_movies

log = logging.getLogger(__name__)

CHUNK = 2**20
PROBE_ROOM = 8 * 2**20
THUMBNAIL = ".thm"  # what a camera draws beside its video


@dataclass(frozen=True)
class Examined:
    """What the bytes are. `facts`: the columns of a new Original."""

    sha256: str
    size: int
    facts: dict[str, Any]
    sums: Sums
    fetched: bool


def run(held: Lease) -> None:
    receipt = _pending_receipt(held.subject_id)
    proven = receipt is not None
    if receipt is not None:
        examined = _examine(held, receipt)
        _read_again_where_in_doubt(held, receipt, examined)
        whole = _known_bytes_are_whole(held, receipt, examined)
        held.publish(lambda session: _take_in(session, receipt.id, examined, whole))
    _lock_in_store(held)
    duplicates = held.publish(lambda session: _go_on(session, held))
    for receipt_id in duplicates:
        release(receipt_id, proven=proven)


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    refresh_recording(session, held.subject_id)


def _pending_receipt(recording_id: UUID) -> Receipt | None:
    with transaction() as session:
        return session.scalars(
            select(Receipt)
            .where(Receipt.recording_id == recording_id, Receipt.outcome == ReceiptOutcome.pending)
            .order_by(Receipt.received_at)
        ).first()


def _examine(held: Lease, receipt: Receipt) -> Examined:
    """Reads the bytes once. Where they lie on this machine, probe and hash go side by side."""
    sums = Sums()
    box = sandbox_for(held, receipt.size)
    with transaction() as session:
        hole_s = policy(session, HOLE)
    with (
        scratch.here().room(PROBE_ROOM) as private,
        bytes_of(
            held, receipt.store_key, receipt.store_version, receipt.size, sums.update, of="whole"
        ) as at_hand,
    ):
        size = at_hand.path.stat().st_size
        if size != receipt.size:
            raise JobFailed("size_mismatch", stored=size, expected=receipt.size)
        hashing = _Hashing(at_hand.path, sums, held.lost)
        if not at_hand.fetched:
            hashing.start()
        with at_hand.path.open("rb") as file:
            head = file.read(sniff.HEAD_BYTES)
        kind = sniff.refuse(head)
        facts, verdict = Probe(size=size), None
        form = None if receipt.file_name.lower().endswith(THUMBNAIL) else photo.kind_of(head)
        if form == "jpeg" and jpeg.is_film(at_hand.path):
            form = kind = None
        read = photo.examine(at_hand.path, form, box, private, held.lost) if form else None
        if read is not None and (read.exceeded or photo.by_camera(read)):
            facts, verdict = read, photo.judge(read)
        elif kind is None:
            facts = probe(at_hand.path, box, private, held.lost, hole_s)
            facts = with_later_movies(box, at_hand.path, facts, hole_s, held.lost, of="whole")
        hashing.wait()
        if held.lost.is_set():
            raise LeaseLost
    if facts.exceeded == "wall_time":  # says nothing of the file: the machine had other things to do
        raise JobFailed("limit_exceeded", final=held.tries >= BUSY_TRIES, limit=facts.exceeded)
    verdict = verdict or judge(facts, kind)
    return Examined(sums.hexdigest(), size, _columns(facts, verdict), sums, at_hand.fetched)


class _Hashing(Thread):
    """hashlib lets other threads run while it works, so the probe waits for nothing."""

    def __init__(self, path: Path, sums: Sums, cancel: Event) -> None:
        super().__init__(name="hashing", daemon=True)
        self.path, self.sums, self.cancel = path, sums, cancel
        self.error: OSError | None = None
        self.begun = False

    def start(self) -> None:
        self.begun = True
        super().start()

    def run(self) -> None:
        try:
            with self.path.open("rb", buffering=0) as file:
                while not self.cancel.is_set() and (chunk := file.read(CHUNK)):
                    self.sums.update(chunk)
        except OSError as error:
            self.error = error

    def wait(self) -> None:
        if self.begun:
            self.join()
        if self.error is not None:
            raise self.error


def _columns(facts: Probe, verdict: Verdict) -> dict[str, Any]:
    states: dict[Literal["whole", "partial", "unplayable", "refused"], MediaState] = {
        "whole": MediaState.examined,
        "partial": MediaState.examined,
        "unplayable": MediaState.unplayable,
        "refused": MediaState.refused,
    }
    first = verdict.reasons[0] if verdict.reasons else None
    return {
        "media_state": states[verdict.outcome],
        "quarantined": verdict.outcome == "refused",
        "reason": first.code if first else None,
        "reason_params": first.params if first else {},
        "media": {"probe": facts.model_dump(mode="json"), "verdict": verdict.model_dump(mode="json")},
        "measured_duration_s": facts.measured_s,
        **recorded(facts, verdict),
    }


def _take_in(session: Session, receipt_id: UUID, examined: Examined, whole: bool) -> None:
    receipt = session.get_one(Receipt, receipt_id)
    if receipt.outcome != ReceiptOutcome.pending:  # it was committed, and the answer to that got lost
        return
    recording = session.get_one(Recording, receipt.recording_id)
    declared = (receipt.declared_sha256 or "").lower()
    if declared and declared != examined.sha256:
        refuse_mismatch(session, recording, receipt, examined.sha256)
        return
    original = keep_as_original(session, receipt, examined.sha256, examined.facts)
    keep_sums(session, receipt.store_key, examined.sums)
    if not whole:
        _heal(session, original, receipt)
    keep_sums(session, original.store_key, examined.sums)
    _look_again(session, original, examined)
    survivor = assign_original(session, recording, original)
    receipt.stored_sha256, receipt.verified_at = examined.sha256, now()
    receipt.recording_id = survivor.id
    if original.quarantined:
        receipt.outcome = ReceiptOutcome.quarantined
    elif survivor.id != recording.id:
        receipt.outcome = ReceiptOutcome.duplicate
    else:
        receipt.outcome = ReceiptOutcome.verified
    session.add(receipt)
    record(
        session,
        "intake",
        acts.REFUSE if original.quarantined else acts.VERIFY,
        "recording",
        survivor.id,
        squad_id=survivor.squad_id,
        sha256=examined.sha256,
        size=examined.size,
        declared=bool(declared),
        outcome=receipt.outcome,
        merged=str(recording.id) if survivor.id != recording.id else None,
        reason=original.reason if original.quarantined else None,
    )
    refresh_recording(session, survivor.id)


def _look_again(session: Session, original: Original, examined: Examined) -> None:
    """Bytes that were refused once, and are a recording as files are read today (photos were none)."""
    if not original.quarantined or examined.facts["quarantined"]:
        return
    for name, value in examined.facts.items():
        setattr(original, name, value)
    session.add(original)
    refresh_state(session, original.id)


def _read_again_where_in_doubt(held: Lease, receipt: Receipt, examined: Examined) -> None:
    """A byte that was bent on its way from the store must make no mismatch, and no fingerprint of its own. So where the
    fingerprint is not the declared one, or none was declared and the bytes travelled, two readings have to agree."""
    declared = (receipt.declared_sha256 or "").lower()
    if declared == examined.sha256 or not (declared or examined.fetched):
        return
    held.within(2 * copied_within_s(receipt.size))
    again = Sums()
    with get_store().objects.read(receipt.store_key, receipt.store_version) as stream:
        for chunk in stream:
            if held.lost.is_set():
                raise LeaseLost
            again.update(chunk)
    if again.hexdigest() != examined.sha256:
        scratch.here().forget(receipt.store_key, receipt.store_version)
        raise JobFailed("bytes_unsteady")


def _known_bytes_are_whole(held: Lease, receipt: Receipt, examined: Examined) -> bool:
    """Whether the bytes that came before are still there as they came, all of them: the second copy goes by that."""
    with transaction() as session:
        known = session.scalars(select(Original).where(Original.sha256 == examined.sha256)).one_or_none()
    if known is None or known.store_key == receipt.store_key:
        return True
    held.within(2 * copied_within_s(known.size))
    return is_whole(known.store_key, known.store_version, known.size, known.sha256)


def _heal(session: Session, original: Original, receipt: Receipt) -> None:
    """Bytes that the store has lost, or gives out changed, come back with the next arrival of the same ones."""
    if original.store_key == receipt.store_key:
        return
    log.error("original %s: its bytes were gone; they are those of receipt %s now", original.id, receipt.id)
    record(
        session, "intake", acts.RESTORE, "original", original.id,
        lost_key=original.store_key, store_key=receipt.store_key,
    )  # fmt: skip
    forget_sums(session, [original.store_key])
    original.store_key, original.store_version = receipt.store_key, receipt.store_version
    original.locked_until = original.lock_mode = None
    session.add(original)
    session.flush()


def _original_of(session: Session, recording_id: UUID) -> tuple[Recording, Original | None]:
    recording = session.get_one(Recording, recording_id)
    if recording.merged_into is not None:
        recording = session.get_one(Recording, recording.merged_into)
    original = session.get(Original, recording.original_id) if recording.original_id else None
    return recording, original


def _lock_in_store(held: Lease) -> None:
    """After the fingerprint is committed, never before; the custody row says what the store itself answered.

    Each squad's recording gets its own row; locking the same bytes again never shortens their term.
    """
    settings = get_settings()
    if settings.lock_mode == "NONE":
        return
    with transaction() as session:
        recording, original = _original_of(session, held.subject_id)
        if original is None or original.quarantined or _lock_is_told(session, recording, original):
            return
    until = now() + timedelta(days=settings.lock_days)
    try:
        found = get_store().objects.lock(
            original.store_key, original.store_version or "", until, settings.lock_mode
        )
    except ObjectMissing as missing:
        raise JobFailed("bytes_missing", store_key=original.store_key) from missing

    def tell(session: Session) -> None:
        row = session.get_one(Original, original.id, with_for_update=True)
        if _lock_is_told(session, recording, original):
            return
        row.lock_mode = found.mode if found.locked else "NONE"
        row.locked_until = found.until if found.locked else None
        session.add(row)
        record(
            session,
            "intake",
            acts.LOCK,
            "recording",
            recording.id,
            squad_id=recording.squad_id,
            locked=found.locked,
            mode=found.mode,
            until=found.until.isoformat() if found.until else None,
            detail=found.detail,
            store_key=original.store_key,
        )

    held.publish(tell)


def _lock_is_told(session: Session, recording: Recording, original: Original) -> bool:
    return bool(
        session.scalar(
            select(
                exists().where(
                    CustodyEntry.subject_kind == "recording",
                    CustodyEntry.subject_id == recording.id,
                    CustodyEntry.action == acts.LOCK.code,
                    CustodyEntry.detail["store_key"].astext == original.store_key,
                )
            )
        )
    )


def _go_on(session: Session, held: Lease) -> list[UUID]:
    """Asks for what comes next. Answers the receipts whose bytes are there twice."""
    recording, original = _original_of(session, held.subject_id)
    came = session.get_one(Recording, held.subject_id)
    duplicates: list[UUID] = []
    if original is not None:
        if original.media_state == MediaState.examined:
            _ask_for_looks(session, original)
            if original.playable_at is None:
                request_job(session, JobKind.playable, original.id, priority=2, cost_s=1)
        if not original.quarantined:
            request_job(session, JobKind.tags, recording.id, priority=4, cost_s=1)
    gone = came.merged_into is not None or came.state == RecordingState.refused
    if gone and was_linked(session, came.id):  # what it said to its neighbours holds no more
        request_job(session, JobKind.link, came.id, priority=4)
    if original is not None:
        duplicates = list(
            session.scalars(
                select(Receipt.id).where(
                    Receipt.recording_id == recording.id,
                    Receipt.stored_sha256 == original.sha256,
                    Receipt.store_key != original.store_key,
                )
            )
        )
    finish(session, held)
    return duplicates


def _ask_for_looks(session: Session, original: Original) -> None:
    """Behind the walk, or now where there is nothing to walk any more."""
    if session.get(Walk, original.id) is None:
        request_job(session, JobKind.walk, original.id, priority=WALKED, cost_s=1 + original.size / 100e6)
    else:
        looks.ask_for_looks(session, original)

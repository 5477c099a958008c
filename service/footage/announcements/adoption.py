"""Arriving bytes and what was announced become one recording, whichever came first.

A list and an arrival of one squad never run side by side (`lock_lists`): so neither misses the other.
"""

from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy import update as sql_update
from sqlmodel import Session

from schemas.claims import Claims, FileFacts
from schemas.jobs import JobKind
from schemas.links import Link
from schemas.recorders import Recorder
from schemas.recordings import Recording, RecordingState
from service.footage.announcements import acts
from service.footage.announcements.rules import (
    WITHDRAWN,
    File,
    choose,
    facts_of,
    folded,
    mismatches,
    sidecar_of,
)
from service.kernel.actor import Actor
from service.kernel.changes import changed
from service.kernel.clock import now
from service.kernel.custody import record
from service.kernel.jobs import request_job
from service.kernel.keys import fold
from service.kernel.settings import get_settings
from service.kernel.written_times import time_or_none
from service.registry.conventions.queries import facts_in_name, sidecar_facts
from service.registry.conventions.rules import moment_of

LOCK = 7302004  # the first half of the advisory locks of lists; the second is the squad's


def lock_lists(session: Session, squad_id: UUID, *, alone: bool) -> None:
    """A list waits for the arrivals of its squad that are on their way, and they for it; arrivals go side by side."""
    lock = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
    session.execute(select(lock(LOCK, func.hashtext(str(squad_id)))))


def file_of(recording: Recording, serial: str | None) -> File:
    """What is known of a recording's file, by the list that announced it or by its papers. `serial`: of the recorder
    that it is known to come from."""
    facts = facts_of(recording.claims) or sidecar_of(recording.claims)
    named: FileFacts = recording.claims.get("file_name") or {}
    claims = (recording.claims, sidecar_of(recording.claims), named)
    said = next((str(part["recorder"]) for part in claims if part.get("recorder")), "")
    return File(
        name=recording.file_name,
        file_id=recording.device_file_id or facts.get("file_id", ""),
        recorder=serial or said,
        size=facts.get("size"),
        start=moment_of(facts.get("start")),
    )


def adopt(session: Session, squad_id: UUID, file_name: str, size: int, claims: Claims) -> Recording | None:
    """The announced recording that these arriving bytes are, locked, to be filled by the caller in this
    transaction; None where nobody announced them. A withdrawn one counts too: the bytes prove it wrong."""
    lock_lists(session, squad_id, alone=False)
    papers = sidecar_facts(session, squad_id, file_name, now())
    if (
        claims.get("recorder")
        and papers.get("recorder")
        and fold(papers["recorder"]) != fold(claims["recorder"])
    ):
        papers = {}  # another recorder's file of the same name
    waiting = _waiting(session, squad_id, file_name, str(papers.get("file_id", "")))
    if not waiting:
        return None
    serial = claims.get("recorder") or papers.get("recorder")
    if not serial:
        serial = facts_in_name(session, file_name, None).recorder
    arrived = File(
        name=file_name,
        file_id=str(papers.get("file_id", "")),
        recorder=str(serial or ""),
        size=size,
        start=moment_of(papers.get("start")) or time_or_none(claims.get("recorded_at"), get_settings().zone),
    )
    return _chosen(waiting, arrived)


def _waiting(
    session: Session, squad_id: UUID, file_name: str, file_id: str
) -> list[tuple[Recording, str | None]]:
    """With the serials of their recorders. Whoever else would take one of them waits, and then finds it taken."""
    named = func.lower(Recording.file_name) == folded(file_name)
    rows = session.execute(
        select(Recording, Recorder.serial)
        .outerjoin(Recorder, Recorder.id == Recording.recorder_id)
        .where(
            Recording.squad_id == squad_id,
            Recording.merged_into.is_(None),
            or_(
                Recording.state == RecordingState.announced,
                and_(Recording.state == RecordingState.refused, Recording.reason == WITHDRAWN),
            ),
            or_(named, Recording.device_file_id == file_id) if file_id else named,
        )
        .order_by(Recording.id)
        .with_for_update(of=Recording)
        .execution_options(populate_existing=True)
    ).all()
    return [(recording, serial) for recording, serial in rows]


def _chosen(waiting: list[tuple[Recording, str | None]], arrived: File) -> Recording | None:
    by_id = {recording.id: recording for recording, _serial in waiting}
    chosen = choose(((one.id, file_of(one, serial)) for one, serial in waiting), arrived)
    return by_id[chosen] if chosen else None


def note_size(session: Session, recording: Recording, size: int) -> None:
    """At once, for a file that turns out to be no recording is never tagged."""
    for one in mismatches(facts_of(recording.claims), size, None):
        session.add(one.row(recording.id))


def settle(session: Session, recording: Recording) -> bool:
    """Of a received recording whose papers were read just now: it keeps the device's id of its file, and an
    announcement that only now is known to be of the same file becomes part of it; answers whether one did. The caller
    holds the recording's row. A list that comes at the same moment asks for the papers to be read again."""
    file_id = str(sidecar_of(recording.claims).get("file_id", ""))[:200]
    if recording.recorder_id is None and not file_id:
        return False
    absorbed = False
    recorder = session.get(Recorder, recording.recorder_id) if recording.recorder_id else None
    known = file_of(recording, recorder.serial if recorder else None)
    if not facts_of(recording.claims):
        waiting = _waiting(session, recording.squad_id, recording.file_name, file_id)
        announced = [pair for pair in waiting if pair[0].state == RecordingState.announced]
        if (found := _chosen(announced, known)) is not None:
            absorb(session, recording, found)
            absorbed = True
    if file_id and recorder is not None and recording.device_file_id is None:
        with session.no_autoflush:
            taken = session.scalars(
                select(Recording.id).where(
                    Recording.recorder_id == recorder.id,
                    Recording.device_file_id == file_id,
                    Recording.merged_into.is_(None),
                    Recording.id != recording.id,
                )
            ).first()
        if taken is None:
            recording.device_file_id = file_id
    return absorbed


def absorb(session: Session, received: Recording, announced: Recording) -> None:
    """The announcement's id stays valid and leads to the received recording; what persons said of it holds."""
    received.claims = {**announced.claims, **received.claims}
    received.announced_at, received.due_at = announced.announced_at, announced.due_at
    received.device_file_id, announced.device_file_id = announced.device_file_id, None
    announced.merged_into = received.id
    announced.state, announced.reason = received.state, received.reason
    session.add(announced)
    with session.no_autoflush:
        session.flush([announced])  # frees the device's id of the file
    session.add(received)
    session.flush()
    held = select(Link.event_id, Link.case_id).where(Link.recording_id == received.id).subquery()
    same = (
        select(held.c.event_id)
        .where(
            held.c.event_id.is_not_distinct_from(Link.event_id),
            held.c.case_id.is_not_distinct_from(Link.case_id),
        )
        .exists()
    )
    session.execute(
        sql_update(Link)
        .where(Link.recording_id == announced.id, Link.decided_by.is_not(None), ~same)
        .values(recording_id=received.id)
        .execution_options(synchronize_session=False)
    )
    request_job(session, JobKind.link, announced.id, priority=4)  # which withdraws the machine's
    record(
        session, "intake", acts.MERGE_ANNOUNCEMENT, "recording", received.id,
        squad_id=received.squad_id, merged=str(announced.id),
    )  # fmt: skip
    changed(session, Recording, [received.id, announced.id])


def take(session: Session, actor: Actor, recording: Recording) -> None:
    """What the arrival of its bytes makes of an announced recording; the caller fills in the rest."""
    recording.uploaded_by = actor.account_id
    recording.state, recording.reason, recording.reason_params = RecordingState.processing, None, {}
    recording.received_at = now()

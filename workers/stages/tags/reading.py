"""Tags: what the file, its name and its papers say, checked against what can be. The whole set, every time."""

import logging
from collections.abc import Iterator
from typing import Any

from sqlalchemy import delete, exists, or_, select
from sqlmodel import Session

from schemas.accounts import Account, Role
from schemas.cases import Case
from schemas.claims import CLAIMABLE, Claims
from schemas.events import EnforcementEvent
from schemas.jobs import JobKind
from schemas.originals import MediaState, Original
from schemas.people import Officer
from schemas.recorders import Recorder
from schemas.recordings import Receipt, ReceiptOutcome, Recording, RecordingState, Tag, TagSource
from service.access.acquainted import officer_known_to, recorder_known_to
from service.finding.linking.claims import claim, find_case, find_event
from service.finding.linking.evidence import Source
from service.footage.announcements.adoption import settle
from service.footage.announcements.rules import papers, sidecar_of
from service.footage.recordings.actions import refresh_recording
from service.footage.recordings.arrivals import Arrival, alone, together
from service.footage.tags import TELEMETRY_UNREAD
from service.kernel.changes import changed
from service.kernel.database import transaction
from service.kernel.jobs import request_job
from service.kernel.keys import known
from service.kernel.settings import get_settings
from service.registry.clocks.actions import keep_readings
from service.registry.clocks.correcting import correct
from service.registry.conventions.queries import conventions_of_recorder, facts_in_name, sidecar_facts
from service.registry.conventions.rules import Conventions
from workers.allowed import ALLOWED
from workers.lease import Lease, LeaseLost, finish
from workers.media import gpmf
from workers.media.apart import Exceeded
from workers.media.gpmf import Track
from workers.media.probe import Probe
from workers.stages.bytes_at_hand import original_bytes
from workers.stages.examined import examined
from workers.stages.tags import clock, rules
from workers.stages.tags.rules import Claimed
from workers.stages.tags.station import md5_of, station_tags, wants_md5

log = logging.getLogger(__name__)


def run(held: Lease) -> None:
    with transaction() as session:
        recording = session.get_one(Recording, held.subject_id)
        original = session.get(Original, recording.original_id) if recording.original_id else None
    if recording.state == RecordingState.announced:
        held.publish(lambda session: _publish_announced(session, held))
        return
    if original is None or original.media_state in (MediaState.unexamined, MediaState.refused):
        held.publish(lambda session: finish(session, held))
        return
    held.within(ALLOWED[held.kind].wall_s(original.size))
    track, telemetry_unread = _track(held, original, examined(original)[0])
    md5 = original.media.get("md5")
    if md5 is None and _wants_md5(recording):
        md5 = md5_of(held, original)
    held.publish(lambda session: _publish(session, held, track, md5, telemetry_unread))
    # Not while a job's or a recording's row is held: it corrects the recorder's other recordings, too.
    with transaction() as session:
        recording = session.get_one(Recording, held.subject_id)
        read = clock.readings(session, recording, session.get_one(Original, original.id))
        keep_readings(session, recording.id, read)
    held.publish(lambda session: finish(session, held))


def failed(session: Session, held: Lease, reason: str, params: dict[str, Any]) -> None:
    refresh_recording(session, held.subject_id)


def _track(held: Lease, original: Original, facts: Probe) -> tuple[Track, bool]:
    """And whether it had to be left unread."""
    if facts.telemetry is None:
        return Track(), False
    unread = False
    with original_bytes(held, original) as at_hand:
        try:
            track = gpmf.track(at_hand.path, facts, held.lost)
        except Exceeded as exceeded:
            log.warning("telemetry of original %s left unread: %s", original.id, exceeded.limit)
            track, unread = Track(), True
    if held.lost.is_set():
        raise LeaseLost
    return track, unread


def _wants_md5(recording: Recording) -> bool:
    with transaction() as session:
        return wants_md5(_with_papers(session, recording))


def _publish_announced(session: Session, held: Lease) -> None:
    """Of one whose bytes are not here only the papers can be read, and its recorder's clock."""
    request_job(session, JobKind.link, held.subject_id, priority=4, cost_s=1)
    recording = session.scalars(
        select(Recording).where(Recording.id == held.subject_id).with_for_update()
    ).one()
    if recording.state == RecordingState.announced:
        recording.claims = _with_papers(session, recording)
        _resolve(session, recording)
        correct(session, recording)
        session.add(recording)
        changed(session, Recording, [recording.id])
    finish(session, held)


def _publish(
    session: Session, held: Lease, track: Track, md5: str | None = None, telemetry_unread: bool = False
) -> None:
    request_job(session, JobKind.link, held.subject_id, priority=4, cost_s=1)
    recording = session.scalars(
        select(Recording).where(Recording.id == held.subject_id).with_for_update()
    ).one()
    original = session.get_one(Original, recording.original_id)
    facts, verdict = examined(original)
    recording.claims = _with_papers(session, recording)
    claimed = _resolve(session, recording)
    if settle(session, recording):
        recording.claims = _with_papers(session, recording)
        claimed = _resolve(session, recording)
    model = _model_of(session, recording)
    claims = rules.time_claims(facts, track, recording.claims, model) + clock.picture_claim(original, model)
    convention = rules.convention_of(model, get_settings().timezone)
    judged = clock.weigh(session, recording, original, claims, convention)
    where = rules.place(facts, track)
    recording.latitude, recording.longitude = where.latitude, where.longitude
    recording.track = [list(row) for row in where.track]
    session.add(recording)
    session.execute(
        delete(Tag)
        .where(Tag.recording_id == recording.id, Tag.source != TagSource.person)
        .execution_options(synchronize_session=False)
    )
    if md5 is not None and original.media.get("md5") != md5:
        original.media = {**original.media, "md5": md5}
        session.add(original)
    made = rules.tags(
        recording.id,
        facts,
        verdict,
        original.measurements,
        judged,
        where,
        claimed,
        clock_restarted=original.clock_restarted,
    )
    if telemetry_unread:
        made.append(TELEMETRY_UNREAD.row(recording.id))
    made += rules.contradictions(recording.id, recording.claims)
    session.add_all([*made, *station_tags(recording.id, recording.claims, original.size, md5)])
    refresh_recording(session, recording.id)


def _resolve(session: Session, recording: Recording) -> list[Claimed]:
    """Claims become rows where the recording's squad knows such rows; the others stay claims, and a tag lists them for a
    person. What another squad has is not known here: the tag would tell whoever tries numbers."""
    found = []
    trusted = _said_by_bureau(session, recording)
    for name in CLAIMABLE:
        said = claim(recording.claims, name)
        if said is None:
            continue
        value, source = said
        anyones = trusted and source != Source.sidecar  # which may have come from somebody else
        row: Any = None
        match name:
            case "recorder":
                row = _recorder(session, recording, value, anyones)
                recording.recorder_id = row.id if row else None
            case "officer":
                ours = Officer.id == recording.officer_id, officer_known_to([recording.squad_id])
                named = select(Officer).where(known(Officer, [value]))
                row = session.scalars(named if anyones else named.where(or_(*ours))).first()
                recording.officer_id = row.id if row and source != Source.guess else None
            case "event":
                row = find_event(session, value)
                row = row if row and row.squad_id == recording.squad_id else None
            case "case":
                row = find_case(session, value)
                row = row if row and _sees_case(session, recording, row) else None
        found.append(Claimed(name, value, source.value, row is not None))
    return found


def _said_by_bureau(session: Session, recording: Recording) -> bool:
    """Who sees the whole bureau sends in files of any of its recorders and officers."""
    if recording.claims.get("also"):
        return False  # somebody else said some of it
    if recording.uploaded_by is None:
        return True
    account = session.get_one(Account, recording.uploaded_by)
    return account.squad_id is None and account.role != Role.member


def _recorder(session: Session, recording: Recording, serial: str, anyones: bool) -> Recorder | None:
    """As far as the recording's squad knows it: another's would have its clock measured and its files explained by
    this one."""
    named = select(Recorder).where(known(Recorder, [serial]))
    return session.scalars(named if anyones else named.where(recorder_known_to([recording.squad_id]))).first()


def _sees_case(session: Session, recording: Recording, case: Case) -> bool:
    mine = exists().where(
        EnforcementEvent.case_id == case.id, EnforcementEvent.squad_id == recording.squad_id
    )
    return case.squad_id == recording.squad_id or bool(session.scalar(select(mine)))


def _with_papers(session: Session, recording: Recording) -> Claims:
    """The claims with what the sidecar and the file's name say today: a sidecar may come late, a model's patterns
    may have been set right since."""
    beside = sidecar_facts(session, recording.squad_id, recording.file_name, recording.received_at)
    own = alone(recording.claims)
    sidecar = papers(own, beside)
    if not beside:
        # its own sidecar may have given way to that of a later file of the same name
        sidecar |= sidecar_of(own)
    own.pop("sidecar", None)
    own.pop("file_name", None)
    if sidecar:
        own["sidecar"] = sidecar
    said = claim(own, "recorder")
    whose = None if _said_by_bureau(session, recording) else recording.squad_id
    if named := facts_in_name(session, recording.file_name, said[0] if said else None, whose):
        own["file_name"] = named.as_json()
    return together(own, _arrivals(session, recording, said[0] if said else None))


def _arrivals(session: Session, recording: Recording, recorder: str | None) -> Iterator[Arrival]:
    """Those of the squad, in their order; nothing where the bytes came once. `recorder`: as the first says."""
    receipts = session.scalars(
        select(Receipt)
        .where(
            Receipt.recording_id == recording.id,
            Receipt.outcome.in_((ReceiptOutcome.verified, ReceiptOutcome.duplicate)),
        )
        .order_by(Receipt.received_at, Receipt.id)
    ).all()
    for receipt in receipts if len(receipts) > 1 else ():
        claims = receipt.claims.copy()
        if beside := sidecar_facts(session, recording.squad_id, receipt.file_name, receipt.received_at):
            claims["sidecar"] = beside
        said = claim(claims, "recorder")
        recorder = recorder or (said[0] if said else None)
        recorder_said = said[0] if said else recorder
        if named := facts_in_name(session, receipt.file_name, recorder_said, recording.squad_id):
            claims["file_name"] = named.as_json()
        yield Arrival(str(receipt.id), receipt.file_name, claims)


def _model_of(session: Session, recording: Recording) -> Conventions | None:
    recorder = session.get(Recorder, recording.recorder_id) if recording.recorder_id else None
    return conventions_of_recorder(session, recorder.serial) if recorder else None

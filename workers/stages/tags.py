"""Tags: what the file, its name and its papers say, checked against what can be. The whole set, every time."""

from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session

from schemas.jobs import JobKind
from schemas.originals import MediaState, Original
from schemas.people import Officer
from schemas.recorders import Recorder
from schemas.recordings import Recording, Tag, TagSource
from service.conventions.queries import conventions_of_recorder, known_conventions, sidecar_facts
from service.conventions.rules import Conventions, Facts, read_file_name
from service.database import transaction
from service.jobs import request_job
from service.linking.facts import claim, find_case, find_event
from service.recordings.actions import refresh_recording
from service.settings import get_settings
from workers.claim import Claim, LeaseLost, finish
from workers.media import clock, gpmf
from workers.media.gpmf import Track
from workers.media.probe import Probe
from workers.stages import tag_rules
from workers.stages.bytes_at_hand import original_bytes
from workers.stages.playable import examined
from workers.stages.tag_rules import Claimed


def run(held: Claim) -> None:
    with transaction() as session:
        recording = session.get_one(Recording, held.subject_id)
        original = session.get(Original, recording.original_id) if recording.original_id else None
    if original is None or original.media_state in (MediaState.unexamined, MediaState.refused):
        held.publish(lambda session: finish(session, held))
        return
    track = _track(held, original, examined(original)[0])
    held.publish(lambda session: _publish(session, held, track))


def failed(session: Session, held: Claim, reason: str, params: dict[str, Any]) -> None:
    refresh_recording(session, held.subject_id)


def _track(held: Claim, original: Original, facts: Probe) -> Track:
    if facts.telemetry is None:
        return Track()
    with original_bytes(held, original) as at_hand:
        track = gpmf.track(at_hand.path, facts)
    if held.lost.is_set():
        raise LeaseLost
    return track


def _publish(session: Session, held: Claim, track: Track) -> None:
    request_job(session, JobKind.link, held.subject_id, priority=4, cost_s=1)
    recording = session.scalars(
        select(Recording).where(Recording.id == held.subject_id).with_for_update()
    ).one()
    original = session.get_one(Original, recording.original_id)
    facts, verdict = examined(original)
    recording.claims = _with_papers(session, recording)
    claimed = _resolve(session, recording)
    convention = tag_rules.convention_of(_model_of(session, recording), get_settings().timezone)
    judged = clock.judge(
        tag_rules.time_claims(facts, track, recording.claims),
        original.measured_duration_s,
        recording.received_at,
        convention,
    )
    where = tag_rules.place(facts, track)
    recording.recorded_from, recording.recorded_to = judged.recorded_from, judged.recorded_to
    recording.clock = tag_rules.clock_facts(judged, convention)
    recording.latitude, recording.longitude = where.latitude, where.longitude
    recording.track = [list(row) for row in where.track]
    session.add(recording)
    session.execute(
        delete(Tag)
        .where(Tag.recording_id == recording.id, Tag.source != TagSource.person)
        .execution_options(synchronize_session=False)
    )
    for tag in tag_rules.tags(facts, verdict, original.measurements, judged, where, claimed):
        tag.recording_id = recording.id
        session.add(tag)
    refresh_recording(session, recording.id)
    finish(session, held)


def _resolve(session: Session, recording: Recording) -> list[Claimed]:
    """Claims become rows where such rows exist; the others stay claims, and a tag lists them for a person."""
    found = []
    for name in ("recorder", "officer", "event", "case"):
        said = claim(recording.claims, name)
        if said is None:
            continue
        value, source = said
        row: Any = None
        match name:
            case "recorder":
                row = session.scalars(select(Recorder).where(Recorder.serial == value)).first()
                recording.recorder_id = row.id if row else None
            case "officer":
                row = session.scalars(select(Officer).where(Officer.certificate_no == value)).first()
                recording.officer_id = row.id if row else None
            case "event":
                row = find_event(session, value)
            case "case":
                row = find_case(session, value)
        found.append(Claimed(name, value, source.value, row is not None))
    return found


def _with_papers(session: Session, recording: Recording) -> dict[str, Any]:
    """The claims with what the sidecar and the file's name say today: a sidecar may come late, a model's patterns
    may have been set right since."""
    sidecar = sidecar_facts(session, recording.squad_id, recording.file_name)
    own = {key: value for key, value in recording.claims.items() if key not in ("sidecar", "file_name")}
    if sidecar:
        own["sidecar"] = sidecar
    if named := _read_name(session, recording.file_name, claim(own, "recorder")):
        own["file_name"] = named.as_json()
    return own


def _read_name(session: Session, file_name: str, recorder: Any) -> Facts:
    """By the model of the recorder where one is named, in the claims or in the name itself; else by whatever fits."""
    zone = get_settings().zone
    model = conventions_of_recorder(session, recorder[0]) if recorder else None
    if model is not None:
        return read_file_name(file_name, model, zone)
    readings = (read_file_name(file_name, one, zone) for one in known_conventions(session))
    found = next((facts for facts in readings if facts), Facts())
    if found.recorder and (model := conventions_of_recorder(session, found.recorder)) is not None:
        return read_file_name(file_name, model, zone) or found
    return found


def _model_of(session: Session, recording: Recording) -> Conventions | None:
    recorder = session.get(Recorder, recording.recorder_id) if recording.recorder_id else None
    return conventions_of_recorder(session, recorder.serial) if recorder else None

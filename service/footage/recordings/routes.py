"""One recording and its bytes. Lists and facets are service.finding.search's."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from schemas.base import FieldTime, examples
from schemas.encode_needs import PlaybackAsk, PlaybackRead
from schemas.originals import RenditionKind
from schemas.quarantine import QuarantineDecisionCreate, QuarantineRead
from schemas.recordings import PlaysToo
from service.access import queries as scoped
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.footage.recordings import acts, quarantine, queries, segments, times
from service.footage.recordings.asking import ask_playback
from service.footage.recordings.delivery import deliver, listed
from service.footage.recordings.errors import (
    NotCorrected,
    NotInQuarantine,
    NotReceived,
    NotThereYet,
    OwnTime,
    Quarantined,
    RangeNotSatisfiable,
    TimeUnbelievable,
)
from service.footage.recordings.playing import require_download
from service.footage.recordings.reads import RecordingRead
from service.footage.recordings.words import reason_sentence
from service.kernel.actor import Actor
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid, NotFound
from service.kernel.storage.errors import ObjectMissing, StorageUnavailable

router = APIRouter(prefix="/api/v1/recordings", tags=["recordings"], route_class=Gate)
# The converter keeps `facets` and other words from being taken for an id.
ONE = "/{recording_id:uuid}"
PICTURES = {
    "poster": ("get_poster", RenditionKind.poster, "A picture of it, JPEG."),
    "picture": ("get_picture", RenditionKind.picture, "A photo, upright, as large as pages show it, JPEG."),
    "sprite.jpg": ("get_sprite", RenditionKind.sprite, "Small pictures at even steps on one sheet, JPEG."),
    "sprite.vtt": (
        "get_sprite_map",
        RenditionKind.sprite_map,
        "Which part of the sheet shows which time, WebVTT.",
    ),
    "waveform": ("get_waveform", RenditionKind.waveform, "How loud it is over its length."),
}
ANYTHING = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "All of the bytes", "content": ANYTHING},
    206: {"description": "The range of the bytes that `Range` asked for", "content": ANYTHING},
    304: {"description": "`If-None-Match` holds its `ETag`"},
}


def _quarantined(held: quarantine.Held) -> QuarantineRead:
    recording, decision = held.recording, held.decision
    return QuarantineRead(
        **recording.model_dump(include={"squad_id", "file_name", "state", "reason", "received_at"}),
        recording_id=recording.id,
        sentence=reason_sentence(recording.reason, recording.reason_params),
        decide_by=held.decide_by,
        choice=decision.choice if decision else None,
        decided_at=decision.decided_at if decision else None,
    )


@router.get("/quarantine")
def list_quarantine(
    actor: CurrentActor, session: DatabaseSession, cursor: str | None = None, limit: int = 50
) -> Page[QuarantineRead]:
    """Files that are kept apart, with the reason and the term after which a person decides; the longest kept first."""
    found = quarantine.listed(session, actor, cursor, limit)
    return Page[QuarantineRead](items=[_quarantined(held) for held in found.items], next=found.next)


@router.post(ONE + "/quarantine")
@raises(NotFound, NotInQuarantine, Invalid)
@needs("decide_quarantine")
def decide_quarantine(
    recording_id: UUID, body: QuarantineDecisionCreate, actor: CurrentActor, session: DatabaseSession
) -> QuarantineRead:
    """What becomes of a file in quarantine: kept for another term, taken in again, or its disposal asked for."""
    return _quarantined(quarantine.decide(session, actor, recording_id, body.choice, body.reason))


@router.get(ONE)
@raises(NotFound)
def get_recording(recording_id: UUID, actor: CurrentActor, session: DatabaseSession) -> RecordingRead:
    """All that is known of one recording. The id of a recording that was merged into another (the same bytes again) answers that other one."""
    recording = scoped.get_recording(session, actor, recording_id)
    found = RecordingRead(**queries.read(session, actor, recording))
    queries.note_use(session, actor, acts.VIEW, recording)
    return found


class TimeSaid(BaseModel):
    """When a recording truly began, and how that is known."""

    model_config = {
        "json_schema_extra": examples(
            {
                "recorded_from": "2024-06-03T09:05:00+08:00",
                "reason": "The clock on the wall shows five past nine.",
            }
        )
    }

    recorded_from: FieldTime
    reason: str = Field(max_length=1000)


@router.post(f"{ONE}/time")
@raises(NotFound, OwnTime, TimeUnbelievable, Invalid)
@needs("correct_times")
def set_recording_time(
    recording_id: UUID, wanted: TimeSaid, actor: CurrentActor, session: DatabaseSession
) -> RecordingRead:
    """By a reviewer or supervisor, never by who filmed or uploaded it. Beats what any clock claims, now and later; `clock.corrected` says so."""
    recording = times.correct_time(session, actor, recording_id, wanted.recorded_from, wanted.reason)
    return RecordingRead(**queries.read(session, actor, recording))


@router.post(f"{ONE}/time/withdraw")
@raises(NotFound, OwnTime, NotCorrected)
def withdraw_recording_time(
    recording_id: UUID, actor: CurrentActor, session: DatabaseSession
) -> RecordingRead:
    """The recording stands again where its clocks put it."""
    return RecordingRead(**queries.read(session, actor, times.withdraw_time(session, actor, recording_id)))


def bytes_at(path: str, name: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """GET and HEAD, with Range."""

    def add(endpoint: Callable[..., Response]) -> Callable[..., Response]:
        endpoint = raises(
            NotFound,
            NotThereYet,
            NotReceived,
            Quarantined,
            RangeNotSatisfiable,
            ObjectMissing,
            StorageUnavailable,
        )(endpoint)
        router.add_api_route(path, endpoint, name=name, response_class=Response, responses=BYTES)
        router.add_api_route(path, endpoint, name=name, methods=["HEAD"], include_in_schema=False)
        return endpoint

    return add


@bytes_at(f"{ONE}/original", "get_original")
def original(recording_id: UUID, request: Request, actor: CurrentActor, session: DatabaseSession) -> Response:
    """The bytes as received, to a role that may download them (the bureau's policy `download_roles`)."""
    recording = scoped.get_recording(session, actor, recording_id)
    require_download(session, actor)
    what = queries.original_bytes(session, recording)
    queries.note_use(session, actor, acts.DOWNLOAD, recording)
    return deliver(request, what)


@bytes_at(f"{ONE}/playback", "get_playback")
def playback(
    recording_id: UUID,
    request: Request,
    actor: CurrentActor,
    session: DatabaseSession,
    plays: PlaysToo | None = None,
) -> Response:
    """What a browser plays now, as `playback` of the recording says: the original itself, its picture and sound in
    another container, or the 720p video. `plays`: a codec that this browser plays, of those that not all do; then the
    original of that codec plays where nothing else is wrong with it. Whom the bureau's policy (`download_roles`,
    `playback_original`) leaves out gets a copy of picture and sound alone in place of the original. What is on demand is
    404 until it was asked for by POST, and made."""
    recording = scoped.get_recording(session, actor, recording_id)
    what = queries.playback_bytes(session, actor, recording, plays)
    queries.note_use(session, actor, acts.PLAY, recording)
    return deliver(request, what)


@bytes_at(f"{ONE}/playback.m3u8", "get_playlist")
def playlist(
    recording_id: UUID, actor: CurrentActor, session: DatabaseSession, attempt: int | None = None
) -> Response:
    """What can be watched already of a version that is being made: an HLS list, which ends once all of it is there. `attempt`: as `playlist` in the answer to asking names it; a list whose worker was lost is 404, and asking again names the next."""
    recording = scoped.get_recording(session, actor, recording_id)
    made = segments.playlist(session, recording, attempt)
    queries.note_use(session, actor, acts.PLAY, recording)
    return listed(made, segments.LIST_TYPE)


@bytes_at(f"{ONE}/playback/{{attempt}}/init.mp4", "get_playlist_head")
def playlist_head(
    recording_id: UUID, attempt: int, request: Request, actor: CurrentActor, session: DatabaseSession
) -> Response:
    """What each part of the list begins with."""
    return _part(request, session, actor, recording_id, attempt, 0)


@bytes_at(f"{ONE}/playback/{{attempt}}/{{number}}.m4s", "get_playlist_part")
def playlist_part(
    recording_id: UUID,
    attempt: int,
    number: int,
    request: Request,
    actor: CurrentActor,
    session: DatabaseSession,
) -> Response:
    """A part of the list, of about four seconds, which was checked before it was listed."""
    return _part(request, session, actor, recording_id, attempt, max(1, number))


def _part(
    request: Request, session: Session, actor: Actor, recording_id: UUID, attempt: int, number: int
) -> Response:
    recording = scoped.get_recording(session, actor, recording_id)
    what = segments.segment_bytes(session, recording, attempt, number)
    queries.note_use(session, actor, acts.PLAY, recording)
    return deliver(request, what)


@router.post(f"{ONE}/playback", status_code=202)
@raises(NotFound, NotThereYet, NotReceived, Quarantined)
def create_playback(
    recording_id: UUID, actor: CurrentActor, session: DatabaseSession, body: PlaybackAsk | None = None
) -> PlaybackRead:
    """Asks that it be made to play here, and answers how far that is: ask again to hear. It is on record once. While nobody asks again, others may go first."""
    return ask_playback(session, actor, recording_id, body or PlaybackAsk())


@bytes_at(f"{ONE}/video", "get_video")
def video(recording_id: UUID, request: Request, actor: CurrentActor, session: DatabaseSession) -> Response:
    """The 720p H.264 video, also where `playback` is something else."""
    recording = scoped.get_recording(session, actor, recording_id)
    what = queries.rendition_bytes(session, recording, RenditionKind.video)
    queries.note_use(session, actor, acts.PLAY, recording)
    return deliver(request, what)


@bytes_at(f"{ONE}/stills/{{number}}", "get_still")
def still(
    recording_id: UUID, number: int, request: Request, actor: CurrentActor, session: DatabaseSession
) -> Response:
    """Stills at even steps over the recording; their times stand in `renditions[].facts.t_s`."""
    recording = scoped.get_recording(session, actor, recording_id)
    what = queries.rendition_bytes(session, recording, RenditionKind.still, number)
    queries.note_use(session, actor, acts.VIEW, recording)
    return deliver(request, what)


def _add_picture(path: str, name: str, kind: RenditionKind, meaning: str) -> None:
    """Parts of lists and of the player, whose page is noted as a view and whose video as a play."""

    def picture(
        recording_id: UUID, request: Request, actor: CurrentActor, session: DatabaseSession
    ) -> Response:
        recording = scoped.get_recording(session, actor, recording_id)
        return deliver(request, queries.rendition_bytes(session, recording, kind))

    picture.__doc__ = meaning
    bytes_at(f"{ONE}/{path}", name)(picture)


for _path, _picture in PICTURES.items():
    _add_picture(_path, *_picture)

"""One recording and its bytes. Lists and facets are service.finding.search's."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from schemas.originals import RenditionKind
from service.access.actions import require
from service.access.dependencies import CurrentActor
from service.access.queries import get_recording
from service.footage.recordings import queries
from service.footage.recordings.delivery import deliver
from service.kernel.database import DatabaseSession

router = APIRouter(prefix="/api/v1/recordings", tags=["recordings"])
# The converter keeps `facets` and other words from being taken for an id.
ONE = "/{recording_id:uuid}"
PICTURES = {
    "poster": RenditionKind.poster,
    "sprite.jpg": RenditionKind.sprite,
    "sprite.vtt": RenditionKind.sprite_map,
    "waveform": RenditionKind.waveform,
}


@router.get(ONE)
def read(recording_id: UUID, actor: CurrentActor, session: DatabaseSession) -> dict[str, Any]:
    """The id of a recording that was merged into another (the same bytes again) answers that other one."""
    recording = get_recording(session, actor, recording_id)
    found = queries.read(session, actor, recording)
    queries.note_use(session, actor, "view", recording)
    return found


def bytes_at(path: str, name: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """GET and HEAD, with Range."""

    def add(endpoint: Callable[..., Response]) -> Callable[..., Response]:
        router.add_api_route(path, endpoint, name=name, response_class=Response)
        router.add_api_route(path, endpoint, name=name, methods=["HEAD"], include_in_schema=False)
        return endpoint

    return add


@bytes_at(f"{ONE}/original", "original")
def original(recording_id: UUID, request: Request, actor: CurrentActor, session: DatabaseSession) -> Response:
    """The bytes as received."""
    recording = get_recording(session, actor, recording_id)
    require(actor, "download_original")
    what = queries.original_bytes(session, recording)
    queries.note_use(session, actor, "download", recording)
    return deliver(request, what)


@bytes_at(f"{ONE}/playback", "playback")
def playback(recording_id: UUID, request: Request, actor: CurrentActor, session: DatabaseSession) -> Response:
    """What a browser plays now: the original itself, the same in another container, or the 720p video."""
    recording = get_recording(session, actor, recording_id)
    what = queries.rendition_bytes(session, recording, RenditionKind.playback)
    queries.note_use(session, actor, "play", recording)
    return deliver(request, what)


@bytes_at(f"{ONE}/video", "video")
def video(recording_id: UUID, request: Request, actor: CurrentActor, session: DatabaseSession) -> Response:
    """The 720p H.264 video, also where `playback` is something else."""
    recording = get_recording(session, actor, recording_id)
    what = queries.rendition_bytes(session, recording, RenditionKind.video)
    queries.note_use(session, actor, "play", recording)
    return deliver(request, what)


@bytes_at(f"{ONE}/stills/{{number}}", "still")
def still(
    recording_id: UUID, number: int, request: Request, actor: CurrentActor, session: DatabaseSession
) -> Response:
    """Stills at even steps over the recording; their times stand in `renditions[].facts.t_s`."""
    recording = get_recording(session, actor, recording_id)
    what = queries.rendition_bytes(session, recording, RenditionKind.still, number)
    queries.note_use(session, actor, "view", recording)
    return deliver(request, what)


def _add_picture(name: str, kind: RenditionKind) -> None:
    """Parts of lists and of the player, whose page is noted as a view and whose video as a play."""

    @bytes_at(f"{ONE}/{name}", name)
    def picture(
        recording_id: UUID, request: Request, actor: CurrentActor, session: DatabaseSession
    ) -> Response:
        recording = get_recording(session, actor, recording_id)
        return deliver(request, queries.rendition_bytes(session, recording, kind))


for _name, _kind in PICTURES.items():
    _add_picture(_name, _kind)

"""One recording: the page, its live part, decisions on its links; and one's own uploads."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import select
from sqlmodel import Session

from schemas.base import believable
from schemas.encode_needs import PlaybackAsk
from schemas.events import EnforcementEvent, EventOfficer
from schemas.links import Link
from schemas.originals import Original
from schemas.people import Squad
from schemas.recordings import Receipt, ReceiptOutcome, Recording
from schemas.uploads import Upload, UploadState
from service.access.actions import require
from service.access.gate import Gate, needs
from service.access.queries import (
    get_recording,
    visible_events,
    visible_links,
    visible_receipts,
    visible_recordings,
    visible_squads,
    visible_uploads,
)
from service.access.rules import may
from service.desk.operations import actions as operations
from service.finding.linking import actions as linking
from service.finding.linking.errors import PartUnclear
from service.finding.linking.positions import part_meant, seconds
from service.finding.search.cards import cards
from service.footage.recordings import acts, times
from service.footage.recordings.asking import ask_playback
from service.footage.recordings.queries import note_use
from service.footage.recordings.removal import ask_removal
from service.footage.stretches import Footage, Stretch
from service.footage.uploads.acts import FORGET_UPLOAD
from service.footage.uploads.queries import is_full
from service.kernel.actor import Actor
from service.kernel.clock import local, now
from service.kernel.custody import record
from service.kernel.database import DatabaseSession
from service.kernel.errors import Conflict, Invalid, NotFound
from service.kernel.i18n import gettext as _
from service.kernel.i18n import moment, zone
from service.kernel.ids import id_said
from service.kernel.keyset import page, time, unique
from service.kernel.settings import get_settings
from service.web.frame.field_times import field_time
from service.web.frame.rendering import redirect, render
from service.web.frame.shell import PageActor
from service.web.frame.views import Option
from service.web.recordings.detail import detail
from service.web.uploads.views import MyUploads, UnfinishedUpload, UploadPage

router = APIRouter(route_class=Gate)
Field = Annotated[str, Form()]
RECENT_EVENTS = 60
SAID_HERE = ("event", "case", "note", "squad")  # the fields of the upload page
PAGE = 40


@router.get("/recordings/{recording_id}")
def recording_page(
    request: Request, recording_id: UUID, actor: PageActor, session: DatabaseSession
) -> Response:
    recording = get_recording(session, actor, recording_id)
    if recording.id != recording_id:
        return redirect(request, f"/recordings/{recording.id}")
    shown = detail(session, actor, recording)
    note_use(session, actor, acts.VIEW, recording)
    return render(request, "recordings/one.html", recording=shown)


@router.get("/recordings/{recording_id}/jobs")
def jobs_fragment(
    request: Request, recording_id: UUID, actor: PageActor, session: DatabaseSession
) -> Response:
    recording = get_recording(session, actor, recording_id)
    return render(request, "recordings/_jobs.html", recording=detail(session, actor, recording))


def _decided(request: Request, session: Session, actor: Actor, recording_id: UUID) -> Response:
    target = request.headers.get("HX-Target", "")
    if target.endswith("offers"):
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    if "HX-Request" not in request.headers:
        return redirect(request, f"/recordings/{recording_id}")
    recording = get_recording(session, actor, recording_id)
    return render(request, "recordings/_links.html", recording=detail(session, actor, recording))


DECISIONS = {"confirm": linking.confirm, "reject": linking.reject, "undo": linking.undo}


@router.post("/recordings/{recording_id}/links/{link_id}/part")
@needs("link")
def choose_part(
    request: Request,
    recording_id: UUID,
    link_id: UUID,
    actor: PageActor,
    session: DatabaseSession,
    since: Field = "",
    until: Field = "",
) -> Response:
    """Both empty: again what lies in the event."""
    recording = get_recording(session, actor, recording_id)
    of_it = visible_links(actor).where(Link.id == link_id, Link.recording_id == recording.id)
    if session.scalars(of_it).first() is None:
        raise NotFound
    try:
        part = part_meant(seconds(since), seconds(until), _stretches(session, recording))
    except ValueError:
        raise PartUnclear from None
    linking.set_part(session, actor, link_id, *part)
    session.flush()
    return _decided(request, session, actor, recording_id)


def _stretches(session: Session, recording: Recording) -> tuple[Stretch, ...]:
    original = session.get(Original, recording.original_id) if recording.original_id else None
    footage = Footage.of(recording, original)
    return footage.stretches if footage.measured else ()


@router.post("/recordings/{recording_id}/links/{link_id}/{decision}")
def decide_link(
    request: Request,
    recording_id: UUID,
    link_id: UUID,
    decision: str,
    actor: PageActor,
    session: DatabaseSession,
) -> Response:
    if decision not in DECISIONS:
        raise NotFound
    recording = get_recording(session, actor, recording_id)
    of_it = visible_links(actor).where(Link.id == link_id, Link.recording_id == recording.id)
    if session.scalars(of_it).first() is None:
        raise NotFound
    DECISIONS[decision](session, actor, link_id)
    session.flush()
    return _decided(request, session, actor, recording_id)


@router.post("/recordings/{recording_id}/playback")
def request_playback(
    request: Request,
    recording_id: UUID,
    actor: PageActor,
    session: DatabaseSession,
    need: Annotated[Literal["viewer", "line"], Form()] = "viewer",
) -> Response:
    """By the button of a page whose script does not run."""
    ask_playback(session, actor, recording_id, PlaybackAsk(need=need, again=True))
    return redirect(request, f"/recordings/{recording_id}")


@router.post("/recordings/{recording_id}/time")
@needs("correct_times")
def correct_time(
    request: Request,
    recording_id: UUID,
    actor: PageActor,
    session: DatabaseSession,
    recorded_from: Field = "",
    reason: Field = "",
) -> Response:
    name = _("When it truly began")
    begun = field_time(recorded_from, name)
    if begun is None or not believable(begun):
        raise Invalid(field=name, problem=_("a time such as 2026-03-02 08:10 is wanted"))
    begun = begun if begun.tzinfo else begun.replace(tzinfo=zone())
    recording = times.correct_time(session, actor, recording_id, begun, reason)
    return redirect(request, f"/recordings/{recording.id}")


@router.post("/recordings/{recording_id}/time/withdraw")
def withdraw_time(
    request: Request, recording_id: UUID, actor: PageActor, session: DatabaseSession
) -> Response:
    recording = times.withdraw_time(session, actor, recording_id)
    return redirect(request, f"/recordings/{recording.id}")


@router.post("/jobs/{job_id}/retry")
def retry_job(request: Request, job_id: UUID, actor: PageActor, session: DatabaseSession) -> Response:
    operations.retry_job(session, actor, job_id)
    session.flush()
    back = request.headers.get("HX-Current-URL", "")
    if request.headers.get("HX-Target", "").endswith("jobs") and "/recordings/" in back:
        try:
            recording = get_recording(session, actor, UUID(back.split("/recordings/")[1][:36]))
        except ValueError:
            raise NotFound from None
        return render(request, "recordings/_jobs.html", recording=detail(session, actor, recording))
    if "HX-Request" not in request.headers:
        return redirect(request, "/queue")
    return Response(status_code=204, headers={"HX-Refresh": "true"})


def event_options(session: Session, actor: Actor, chosen: UUID | None = None) -> list[Option]:
    """The actor's own recent events first, then those of the squad."""
    since = now() - timedelta(days=400)
    mine = select(EventOfficer.event_id).where(EventOfficer.officer_id == actor.officer_id)
    events = session.scalars(
        visible_events(actor)
        .where(
            EnforcementEvent.cancelled_at.is_(None),
            EnforcementEvent.merged_into.is_(None),
            EnforcementEvent.arrived_at > since,
        )
        .order_by(EnforcementEvent.id.in_(mine).desc(), EnforcementEvent.arrived_at.desc())
        .limit(RECENT_EVENTS)
    )
    return [
        Option(str(event.id), f"{moment(event.arrived_at)} {event.title}", selected=event.id == chosen)
        for event in events
    ]


def squad_options(session: Session, actor: Actor) -> list[Option]:
    """None for who belongs to one: that is whose recordings come."""
    if actor.squad_id is not None:
        return []
    squads = session.scalars(visible_squads(actor).order_by(Squad.code))
    return [Option(squad.code, squad.name) for squad in squads]


def unfinished(session: Session, actor: Actor) -> list[UnfinishedUpload]:
    # The same file begun again and verified since: nothing of it is left to send.
    verified = (
        visible_receipts(actor)
        .where(
            Receipt.account_id == actor.account_id,
            Receipt.stored_sha256 == Upload.facts["sha256"].astext,
            Receipt.file_name == Upload.file_name,
            Receipt.outcome.in_((ReceiptOutcome.verified, ReceiptOutcome.duplicate)),
        )
        .exists()
    )
    uploads = session.scalars(
        visible_uploads(actor)
        .where(
            Upload.state == UploadState.open,
            Upload.partial.is_(False),
            Upload.recording_id.is_(None),
            ~verified,
        )
        .order_by(Upload.created_at.desc())
        .limit(50)
    )
    return [
        UnfinishedUpload(
            id=str(upload.id),
            filename=upload.file_name,
            size=upload.length,
            offset=upload.upload_offset,
            device=_("a dock") if upload.token_id else _("a browser or the command line"),
            since=upload.created_at,
            expires=upload.expires_at,
            sha256=upload.facts.get("sha256"),
            said=_said_of(upload),
            resumable=upload.token_id is None and not upload.concatenates,
        )
        for upload in uploads
    ]


def _said_of(upload: Upload) -> dict[str, str]:
    """As the page's fields hold it."""
    claims = upload.facts.get("claims", {})
    said = {name: claims[name] for name in SAID_HERE if name in claims}
    if (archive := upload.facts.get("archive")) is not None:
        said["archive"] = "true"
        if first := archive.get("first_received_at"):
            said["first_received_at"] = f"{local(datetime.fromisoformat(first)):%Y-%m-%dT%H:%M}"
    return said


@router.get("/upload")
def upload_page(request: Request, actor: PageActor, session: DatabaseSession) -> Response:
    require(actor, "upload")
    page = UploadPage(
        events=event_options(session, actor),
        max_size=get_settings().max_upload_bytes,
        squads=squad_options(session, actor),
        may_archive=may(actor.role, "import"),
        unfinished=unfinished(session, actor),
    )
    return render(request, "recordings/upload.html", upload=page)


@router.get("/my-uploads")
def my_uploads(
    request: Request, actor: PageActor, session: DatabaseSession, cursor: str | None = None
) -> Response:
    require(actor, "upload")
    statement = visible_recordings(actor).where(
        Recording.uploaded_by == actor.account_id, Recording.merged_into.is_(None)
    )
    order = [time(Recording.received_at, newest_first=True), unique(Recording.id, newest_first=True)]
    found = page(session, statement, order, cursor, PAGE)
    mine = MyUploads(
        unfinished=[] if cursor else unfinished(session, actor),
        items=cards(session, actor, found.items),
        events=event_options(session, actor),
        next=f"/my-uploads?cursor={found.next}" if found.next else None,
    )
    return render(request, "recordings/mine.html", fragment="recordings/_mine.html", mine=mine)


def _my_row(request: Request, session: Session, actor: Actor, recording: Recording) -> Response:
    if "HX-Request" not in request.headers:
        return redirect(request, "/my-uploads")
    session.flush()
    card = cards(session, actor, [recording])[0]
    return render(request, "recordings/_mine_row.html", card=card, events=event_options(session, actor))


@router.post("/my-uploads/{recording_id}/event")
@needs("link")
def put_event_right(
    request: Request, recording_id: UUID, actor: PageActor, session: DatabaseSession, event: Field = ""
) -> Response:
    require(actor, "link")
    recording = get_recording(session, actor, recording_id)
    chosen = id_said("event", event) if event else None
    linking.declare_event(session, actor, recording.id, chosen)
    return _my_row(request, session, actor, recording)


@router.post("/my-uploads/{recording_id}/removal")
@needs("upload")
def removal(
    request: Request, recording_id: UUID, actor: PageActor, session: DatabaseSession, reason: Field = ""
) -> Response:
    recording = get_recording(session, actor, recording_id)
    ask_removal(session, actor, recording.id, reason)
    return _my_row(request, session, actor, recording)


@router.post("/my-uploads/unfinished/{upload_id}/forget")
def forget_upload(request: Request, upload_id: UUID, actor: PageActor, session: DatabaseSession) -> Response:
    """The bytes are freed by the reaper; the row says that a person gave the upload up."""
    upload = session.scalars(visible_uploads(actor).where(Upload.id == upload_id).with_for_update()).first()
    if upload is None:
        raise NotFound
    if upload.state != UploadState.open or upload.recording_id is not None:
        return _row_is_gone(request)
    if is_full(upload):  # received in full: it becomes a recording in a moment
        raise Conflict
    upload.state, upload.epoch = UploadState.terminated, upload.epoch + 1
    session.add(upload)
    record(
        session,
        actor,
        FORGET_UPLOAD,
        "upload",
        upload.id,
        squad_id=upload.squad_id,
        offset=upload.upload_offset,
    )
    return _row_is_gone(request)


def _row_is_gone(request: Request) -> Response:
    """Nothing stands in its place: the page around it may be sending other files, and is not loaded anew."""
    if "HX-Request" not in request.headers:
        return redirect(request, "/my-uploads")
    return Response("", media_type="text/html")

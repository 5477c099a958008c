"""tus 1.0 at /api/v1/uploads, one-shot uploads at /api/v1/recordings, sidecars at /api/v1/sidecars.

These endpoints are asynchronous for the sake of the bytes; all that touches the database runs in threads.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session
from starlette.exceptions import HTTPException

from schemas.uploads import Upload, UploadState
from service.access.dependencies import find_actor
from service.access.errors import CsrfMissing
from service.footage.uploads import actions, acts, protocol, rules
from service.footage.uploads.completion import complete
from service.footage.uploads.described import (
    KEEPING,
    OF_ONE,
    PART,
    SENDING,
    SIDECAR,
    STANDING,
    TUS,
    WHOLE,
    WRITING,
    RecordingReceived,
    SidecarRead,
    SidecarReceived,
    answered,
    said_in_query,
    sent,
)
from service.footage.uploads.errors import BodyTooLong, SidecarUnreadable, TooLarge, UploadBusy
from service.footage.uploads.joining import begin_joining
from service.footage.uploads.oneshot import Form, said_beside
from service.footage.uploads.protocol import COMMON
from service.footage.uploads.queries import Fate, fate_of, find_upload, is_full
from service.footage.uploads.writer import body_of, in_slow_thread, in_thread, write_body
from service.kernel import bodies
from service.kernel.actor import Actor
from service.kernel.contract import raises, takes
from service.kernel.custody import record
from service.kernel.database import transaction
from service.kernel.errors import Invalid, NotFound, NotSignedIn, ServiceError
from service.kernel.i18n import gettext as _
from service.kernel.i18n import use
from service.kernel.settings import get_settings
from service.kernel.wire import wire_of
from service.registry.conventions.actions import keep_said, sidecar_read
from service.registry.conventions.queries import known_conventions
from service.registry.conventions.rules import Conventions
from service.registry.conventions.sidecars import LARGEST_SIDECAR

router = APIRouter(prefix="/api/v1", tags=["uploads"])
T = TypeVar("T")

PATIENCE_S = 5.0
ASK_EVERY_S = 0.1
OPENING_WITHIN_S = 60.0  # what a form says before its file
SIDECAR_WITHIN_S = 300.0
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def signed_in(request: Request, session: Session) -> Actor:
    actor = find_actor(request, session)
    if actor is None:
        raise NotSignedIn(headers={"WWW-Authenticate": "Bearer"})
    use(actor.locale)
    return actor


async def as_actor(request: Request, act: Callable[[Session, Actor], T]) -> T:
    """Signs in and acts in one transaction, in a thread."""

    def run() -> T:
        with transaction() as session:
            return act(session, signed_in(request, session))

    return await in_thread(run)


def address_of(upload_id: UUID) -> str:
    """Never built from Host, which the client chooses."""
    return f"{get_settings().public_url.rstrip('/')}/api/v1/uploads/{upload_id}"


# The methods of the protocol, each described by itself; what else is sent to these addresses is answered below.


@router.options(
    "/uploads", status_code=204, response_class=Response,
    responses=answered(
        204, "What this server can", "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size",
        "Tus-Checksum-Algorithm",
    ),
)  # fmt: skip
async def get_upload_options(request: Request) -> Response:
    """What this server speaks of tus 1.0, without signing in."""
    return await uploads(request)


@router.post(
    "/uploads", status_code=201, response_class=Response,
    responses=answered(201, "The upload has begun", "Location", *STANDING),
    openapi_extra=sent(
        "Upload-Length", "Upload-Defer-Length", "Upload-Metadata", "Upload-Concat", "Upload-Checksum"
    ),
)  # fmt: skip
@raises(*TUS, *OF_ONE, *WRITING)
@takes(PART, required=False)
async def create_upload(request: Request) -> Response:
    """Begins a resumable upload, or joins finished pieces. A body, if there is one, is its first bytes."""
    return await uploads(request)


@router.head(
    "/uploads/{upload_id}", response_class=Response, openapi_extra=sent(),
    responses=answered(
        200, "How far it is, and what became of it", *STANDING, "Upload-Length", "Upload-Defer-Length",
        "Upload-Metadata", "Upload-Concat",
    ),
)  # fmt: skip
@raises(*TUS, *OF_ONE)
async def get_upload(request: Request, upload_id: str) -> Response:
    """How many bytes are durable here, so that the sender goes on from there."""
    return await upload(request, upload_id)


@router.patch(
    "/uploads/{upload_id}", status_code=204, response_class=Response,
    responses=answered(204, "The bytes are durable", *STANDING),
    openapi_extra=sent("Upload-Length", "Upload-Checksum", required=("Tus-Resumable", "Upload-Offset")),
)  # fmt: skip
@raises(*TUS, *OF_ONE, *WRITING)
@takes(PART)
async def continue_upload(request: Request, upload_id: str) -> Response:
    """The next bytes. The request that completes it answers with the recording."""
    return await upload(request, upload_id)


@router.delete(
    "/uploads/{upload_id}", status_code=204, response_class=Response, openapi_extra=sent(),
    responses=answered(204, "It is given up", "Tus-Resumable"),
)  # fmt: skip
@raises(*TUS, *OF_ONE, CsrfMissing, UploadBusy)
async def end_upload(request: Request, upload_id: str) -> Response:
    """Gives up an unfinished upload, or forgets a finished one; never the recording."""
    return await upload(request, upload_id)


@router.api_route("/uploads", methods=METHODS, include_in_schema=False)
@router.api_route("/uploads/", methods=METHODS, include_in_schema=False)
async def uploads(request: Request) -> Response:
    return await _tus(request, {"POST": _create})


@router.api_route("/uploads/{upload_id}", methods=METHODS, include_in_schema=False)
async def upload(request: Request, upload_id: str) -> Response:
    return await _tus(request, {"HEAD": _head, "PATCH": _patch, "DELETE": _delete})


async def _tus(request: Request, endpoints: dict[str, Callable[[Request], Any]]) -> Response:
    method = protocol.method_of(request.method, request.headers)
    if method == "OPTIONS":
        return Response(status_code=204, headers=protocol.options_headers(get_settings().max_upload_bytes))
    # With its overriding method the request is also judged as such: CSRF is asked for whatever changes something.
    request = Request({**request.scope, "method": method}, request.receive)
    try:
        if method not in endpoints:
            raise HTTPException(405, headers={"Allow": ", ".join([*endpoints, "OPTIONS"]), **COMMON})
        protocol.check_version(request.headers)
        response = await endpoints[method](request)
    except ServiceError as error:
        error.headers = {**COMMON, "Cache-Control": "no-store", **error.headers}
        raise
    response.headers.update(COMMON)
    return response


def _id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["upload_id"])
    except ValueError:
        raise NotFound from None


async def _create(request: Request) -> Response:
    headers = request.headers
    concat = protocol.concat_of(headers)
    final = concat is not None and not concat.partial
    if final and ("upload-length" in headers or "upload-defer-length" in headers):
        raise Invalid(field="Upload-Length", problem=_("a final upload has the length of its pieces"))
    length = None if final else protocol.creation_length(headers).value
    checksum = protocol.checksum_of(headers)
    raw = headers.get("upload-metadata", "")
    said = rules.read_metadata(raw, get_settings().zone)
    coming = protocol.number(headers, "Content-Length")
    has_body = bool(coming) or "transfer-encoding" in headers
    if has_body:
        protocol.check_body_type(headers)
        actions.check_body(length, 0, coming)

    def begin(session: Session, actor: Actor) -> tuple[Actor, UUID, actions.Held | None]:
        if concat is not None and final:
            return actor, begin_joining(session, actor, said, concat, raw).id, None
        partial = concat is not None
        upload = actions.create_upload(session, actor, said, length=length, raw_metadata=raw, partial=partial)
        held = None
        if has_body:
            held = actions.take_over(session, actor, upload.id, offset=0, coming=coming)
        return actor, upload.id, held

    actor, upload_id, held = await as_actor(request, begin)
    answer = {"Location": address_of(upload_id)}
    if held is not None:
        try:
            await _take(request, held, checksum)
        except ServiceError as error:
            error.headers = {**answer, **error.headers}
            raise
    await in_slow_thread(complete, upload_id)
    state = await in_thread(_state, actor, upload_id)
    if not has_body:
        state.pop("Upload-Offset", None)
    return Response(status_code=201, headers={**answer, **state})


def _state(actor: Actor, upload_id: UUID) -> dict[str, str]:
    with transaction() as session:
        return _standing(session, find_upload(session, actor, upload_id).upload)


def _standing(session: Session, upload: Upload) -> dict[str, str]:
    """The headers that say how far an upload is and what became of it."""
    headers = fate_of(session, upload).headers()
    if not upload.concatenates or upload.state == UploadState.complete:
        headers["Upload-Offset"] = str(upload.upload_offset)
    if upload.state == UploadState.open and upload.recording_id is None:
        headers["Upload-Expires"] = protocol.expires_header(upload.expires_at)
    return headers


async def _head(request: Request) -> Response:
    upload_id = _id(request)

    def look(session: Session, actor: Actor) -> tuple[Actor, bool]:
        found = find_upload(session, actor, upload_id)
        return actor, found.upload.state == UploadState.open and is_full(found.upload) and not found.busy

    actor, unfinished = await as_actor(request, look)
    if unfinished:  # whoever received the last byte died before making it a recording
        await in_slow_thread(complete, upload_id, False)
    headers = await in_thread(_description, actor, upload_id)
    return Response(status_code=200, headers={"Cache-Control": "no-store", **headers})


def _description(actor: Actor, upload_id: UUID) -> dict[str, str]:
    with transaction() as session:
        upload = find_upload(session, actor, upload_id).upload
        headers = _standing(session, upload)
    if upload.length is None:
        headers["Upload-Defer-Length"] = "1"
    else:  # of a final upload, too: the sum of its pieces is known before they are joined
        headers["Upload-Length"] = str(upload.length)
    if upload.raw_metadata:
        headers["Upload-Metadata"] = upload.raw_metadata
    if upload.raw_concat:
        headers["Upload-Concat"] = upload.raw_concat
    return headers


async def _patch(request: Request) -> Response:
    upload_id = _id(request)
    headers = request.headers
    protocol.check_body_type(headers)
    offset = protocol.number(headers, "Upload-Offset")
    if offset is None:
        raise Invalid(field="Upload-Offset", problem=_("missing"))
    length = protocol.number(headers, "Upload-Length")
    checksum = protocol.checksum_of(headers)
    actor = await as_actor(request, lambda _session, actor: actor)
    coming = protocol.number(headers, "Content-Length")
    await _take(request, await _hold(actor, upload_id, offset, length, coming), checksum)
    await in_slow_thread(complete, upload_id)
    return Response(status_code=204, headers=await in_thread(_state, actor, upload_id))


async def _take(request: Request, held: actions.Held, checksum: protocol.Checksum | None) -> None:
    if not held.full:
        await write_body(held, body_of(request), checksum, wire_of(request.scope))
        return
    async for _more in body_of(request):
        raise BodyTooLong(room=0, headers={"Upload-Offset": str(held.offset)})


async def _hold(
    actor: Actor, upload_id: UUID, offset: int, length: int | None, coming: int | None
) -> actions.Held:
    """Asks whoever writes to the upload to let go, and waits for that for a while."""

    def ask() -> actions.Held | None:
        with transaction() as session:
            return actions.take_over(session, actor, upload_id, offset=offset, length=length, coming=coming)

    deadline = time.monotonic() + PATIENCE_S
    while (held := await in_thread(ask)) is None:
        if time.monotonic() > deadline:
            raise UploadBusy(headers={"Retry-After": "2"})
        await asyncio.sleep(ASK_EVERY_S)
    return held


async def _delete(request: Request) -> Response:
    upload_id = _id(request)

    def end(session: Session, actor: Actor) -> Upload | None:
        return actions.give_up(session, actor, upload_id)

    ended = await as_actor(request, end)
    if ended is None:
        await in_slow_thread(complete, upload_id)
        ended = await as_actor(request, end)
        if ended is None:
            raise UploadBusy(headers={"Retry-After": "2"})
    if ended.state == UploadState.terminated:
        await in_slow_thread(actions.clear, upload_id, ended.store_key)
    return Response(status_code=204)


@router.post(
    "/recordings",
    status_code=201,
    response_class=JSONResponse,
    responses={201: {"model": RecordingReceived | SidecarReceived}},
    openapi_extra=said_in_query(),
)
@raises(*SENDING, *KEEPING)
@takes(WHOLE)
async def send_recording(request: Request) -> Response:
    """One file in one request: the raw body, or multipart/form-data with the file in any field.

    Facts about it (`filename, sha256, recorder, officer, event, case, squad, recorded_at, device_time, note, archive,
    first_received_at`) come as query parameters, as headers `X-…`, or as form fields before or after the file; the hash also as
    `Content-Digest` or `X-Content-SHA256`. `device_time`: what the recorder's clock shows now, which measures it. What is cut off is not kept: use /api/v1/uploads for what must be resumable.
    """
    form = await _form_of(request)
    values = form.fields if form else said_beside(request)
    chunks = form.file() if form else body_of(request)
    size = None if form else protocol.number(request.headers, "Content-Length")
    zone = get_settings().zone

    def begin(session: Session, actor: Actor) -> tuple[Actor, actions.Held]:
        said = rules.check_said({**said_beside(request), **values}, zone)
        upload = actions.create_upload(session, actor, said, length=size)
        held = actions.take_over(session, actor, upload.id, offset=0)
        assert held is not None
        return actor, held

    actor, held = await as_actor(request, begin)
    try:
        if held.full:
            await in_slow_thread(complete, held.id)
        else:
            await write_body(held, _no_more_than(chunks, get_settings().max_upload_bytes))
            await in_slow_thread(
                _finish, actor, held.id, {**said_beside(request), **values} if form else None
            )
    except ServiceError:  # nobody can go on with it: its address was never told
        await in_slow_thread(_discard, actor, held.id)
        raise
    fate = await in_thread(_fate, actor, held.id)
    if fate.recording_id is None:
        return JSONResponse({"state": fate.state, "sidecar_of": fate.sidecar_of}, status_code=201)
    return JSONResponse(
        {"id": str(fate.recording_id), "state": fate.state, "upload": address_of(held.id)},
        status_code=201,
        headers={
            "Location": f"{get_settings().public_url.rstrip('/')}/api/v1/recordings/{fate.recording_id}",
            **fate.headers(),
        },
    )


async def _form_of(request: Request) -> Form | None:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return None
    await as_actor(request, lambda _session, actor: actions.require_may_upload(actor))
    form = Form(request)
    async with bodies.within(OPENING_WITHIN_S):
        await form.opening()
    return form


async def _no_more_than(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    taken = 0
    async for chunk in chunks:
        taken += len(chunk)
        if taken > limit:
            raise TooLarge(limit=limit)
        yield chunk


def _finish(actor: Actor, upload_id: UUID, values: dict[str, str] | None) -> None:
    """The length is known at last, and the form's later fields."""
    with transaction() as session:
        if values is not None:
            actions.say_again(session, actor, upload_id, rules.check_said(values, get_settings().zone))
        actions.declare_whole(session, actor, upload_id)
    complete(upload_id)


def _discard(actor: Actor, upload_id: UUID) -> None:
    with transaction() as session:
        upload = actions.give_up(session, actor, upload_id)
    if upload is not None:
        actions.clear(upload_id, upload.store_key)


def _fate(actor: Actor, upload_id: UUID) -> Fate:
    with transaction() as session:
        return fate_of(session, find_upload(session, actor, upload_id).upload)


@router.post("/sidecars", status_code=201, openapi_extra=said_in_query())
@raises(*SENDING, SidecarUnreadable)
@takes(SIDECAR)
async def send_sidecar(request: Request) -> SidecarRead:
    """Facts about recordings as a vendor's JSON or CSV file, before or after the recordings themselves. Answers the
    file names that it speaks of. The facts (`filename, squad`) come as for recordings."""

    def beforehand(session: Session, actor: Actor) -> list[Conventions]:
        actions.require_may_upload(actor)
        return known_conventions(session)

    known = await as_actor(request, beforehand)  # before any byte is read
    data = b""
    async with bodies.within(SIDECAR_WITHIN_S):
        form = await _form_of(request)
        async for chunk in _no_more_than(form.file() if form else body_of(request), LARGEST_SIDECAR):
            data += chunk
    values = {**said_beside(request), **(form.fields if form else {})}

    def addressed(session: Session, actor: Actor) -> tuple[UUID, str]:
        said = rules.check_said(values, get_settings().zone)
        return actions.squad_for(session, actor, said), said.file_name

    _, file_name = await as_actor(request, addressed)
    files = await in_slow_thread(sidecar_read, file_name, data, known)
    if not files:
        raise SidecarUnreadable

    def keep(session: Session, actor: Actor) -> None:
        actions.require_may_upload(actor)
        squad_id, _ = addressed(session, actor)
        keep_said(session, squad_id, files)
        record(
            session, actor, acts.RECEIVE_SIDECAR, "sidecar", None,
            squad_id=squad_id, file_name=file_name, sha256=sha256(data).hexdigest(), files=len(files),
        )  # fmt: skip

    await as_actor(request, keep)
    unread = {name: list(facts.unread) for name, facts in files.items() if facts.unread}
    return SidecarRead(files=list(files), unread=unread)

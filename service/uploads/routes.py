"""tus 1.0 at /api/v1/uploads, one-shot uploads at /api/v1/recordings, sidecars at /api/v1/sidecars.

These endpoints are asynchronous for the sake of the bytes; all that touches the database runs in threads.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session
from starlette.exceptions import HTTPException

from service.access.actor import Actor
from service.access.dependencies import find_actor
from service.conventions.actions import keep_sidecar
from service.conventions.rules import LARGEST_SIDECAR
from service.custody.actions import record
from service.database import transaction
from service.errors import NotFound, NotSignedIn, ServiceError
from service.i18n import use
from service.recordings.keeping import get_store
from service.settings import get_settings
from service.storage.errors import WriterFenced
from service.uploads import actions, protocol, rules
from service.uploads.completion import complete
from service.uploads.errors import BodyCutOff, SidecarUnreadable, TooLarge, UploadBusy
from service.uploads.oneshot import Form, said_beside
from service.uploads.protocol import COMMON
from service.uploads.queries import Fate, fate_of, find_upload, is_full
from service.uploads.writer import body_of, in_thread, write_body

router = APIRouter(prefix="/api/v1", tags=["uploads"])
T = TypeVar("T")

PATIENCE_S = 5.0
ASK_EVERY_S = 0.1
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
        raise protocol.Invalid(field="Upload-Length", problem="final")
    length = None if final else protocol.creation_length(headers).value
    checksum = protocol.checksum_of(headers)
    raw = headers.get("upload-metadata", "")
    said = rules.read_metadata(raw, get_settings().zone)
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if has_body:
        protocol.check_body_type(headers)

    def begin(session: Session, actor: Actor) -> tuple[Actor, UUID, actions.Held | None]:
        upload = actions.create_upload(
            session, actor, said, length=length, raw_metadata=raw, concat=concat
        )
        held = None
        if has_body and not final and length != 0:
            held = actions.take_over(session, actor, upload.id, offset=0)
        return actor, upload.id, held

    actor, upload_id, held = await as_actor(request, begin)
    answer = {"Location": address_of(upload_id)}
    if held is not None:
        try:
            await write_body(held, body_of(request), checksum)
        except ServiceError as error:
            error.headers = {**answer, **error.headers}
            raise
    await in_thread(complete, upload_id)
    state = await in_thread(_state, actor, upload_id)
    if not has_body:
        state.pop("Upload-Offset", None)
    return Response(status_code=201, headers={**answer, **state})


def _state(actor: Actor, upload_id: UUID) -> dict[str, str]:
    """The headers that say where an upload stands."""
    with transaction() as session:
        upload = find_upload(session, actor, upload_id).upload
        headers = {**fate_of(session, upload).headers()}
        if not upload.concatenates or upload.state == "complete":
            headers["Upload-Offset"] = str(upload.upload_offset)
        if upload.state == "open":
            headers["Upload-Expires"] = protocol.expires_header(upload.expires_at)
        return headers


async def _head(request: Request) -> Response:
    upload_id = _id(request)

    def look(session: Session, actor: Actor) -> tuple[Actor, bool]:
        found = find_upload(session, actor, upload_id)
        return actor, found.upload.state == "open" and is_full(found.upload) and not found.busy

    def describe(session: Session, actor: Actor) -> dict[str, str]:
        upload = find_upload(session, actor, upload_id).upload
        headers = {"Cache-Control": "no-store"}
        if upload.length is None:
            headers["Upload-Defer-Length"] = "1"
        elif not upload.concatenates or upload.state == "complete":
            headers["Upload-Length"] = str(upload.length)
        if upload.raw_metadata:
            headers["Upload-Metadata"] = upload.raw_metadata
        if upload.raw_concat:
            headers["Upload-Concat"] = upload.raw_concat
        return headers

    actor, unfinished = await as_actor(request, look)
    if unfinished:  # whoever received the last byte died before making it a recording
        await in_thread(lambda: complete(upload_id, wait=False))
    headers = await as_actor(request, describe)
    return Response(status_code=200, headers={**headers, **await in_thread(_state, actor, upload_id)})


async def _patch(request: Request) -> Response:
    upload_id = _id(request)
    headers = request.headers
    protocol.check_body_type(headers)
    offset = protocol.number(headers, "Upload-Offset")
    if offset is None:
        raise protocol.Invalid(field="Upload-Offset", problem="")
    length = protocol.number(headers, "Upload-Length")
    checksum = protocol.checksum_of(headers)
    actor = await as_actor(request, lambda _session, actor: actor)
    held, body = await _hold(actor, upload_id, offset, length), body_of(request)
    if not held.full:
        await write_body(held, body, checksum)
    await in_thread(complete, upload_id)
    return Response(status_code=204, headers=await in_thread(_state, actor, upload_id))


async def _hold(actor: Actor, upload_id: UUID, offset: int, length: int | None) -> actions.Held:
    """Asks whoever writes to the upload to let go, and waits for that for a while."""

    def ask() -> actions.Held | None:
        with transaction() as session:
            return actions.take_over(session, actor, upload_id, offset=offset, length=length)

    deadline = time.monotonic() + PATIENCE_S
    while (held := await in_thread(ask)) is None:
        if time.monotonic() > deadline:
            raise UploadBusy(headers={"Retry-After": "2"})
        await asyncio.sleep(ASK_EVERY_S)
    return held


async def _delete(request: Request) -> Response:
    upload_id = _id(request)

    def end(session: Session, actor: Actor) -> tuple[bool | None, str]:
        ended = actions.give_up(session, actor, upload_id)
        return ended, find_key(session, upload_id) if ended else ""

    ended, key = await as_actor(request, end)
    if ended is None:
        await in_thread(complete, upload_id)
        ended, key = await as_actor(request, end)
        if ended is None:
            raise UploadBusy(headers={"Retry-After": "2"})
    if ended:
        await in_thread(_clear, upload_id, key)
    return Response(status_code=204)

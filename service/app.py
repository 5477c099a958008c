"""The service: one FastAPI application that any number of processes may run side by side."""

import gc
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.orm import configure_mappers
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import service.reactions  # noqa: F401  what follows from each change
from service.access.dependencies import COOKIE, over_tls
from service.api import API
from service.footage.uploads.protocol import COMMON
from service.footage.uploads.writer import settle_all
from service.kernel import i18n, logs, openapi
from service.kernel.database import Work, get_engine, process_is_for, transaction
from service.kernel.early_answers import EarlyAnswers
from service.kernel.errors import ServiceError
from service.kernel.settings import get_settings
from service.kernel.storage.factory import load_driver
from service.web.frame import error_answers, rendering
from service.web.pages import PAGES

log = logging.getLogger(__name__)
# tus asks for it in every answer, also when a part of us is away.
TUS = [(name.lower().encode(), value.encode()) for name, value in COMMON.items()]


class Static(StaticFiles):
    """File names carry a hash of their content, so they may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Content-Security-Policy"] = rendering.CONTENT_SECURITY_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


PLAIN = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", rendering.PERMISSIONS_POLICY.encode()),
    # no window of another site keeps a hand on ours, and no other site shows what is ours
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    # what a person may see, no cache may keep, unless the answer says how
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
)
ONLY_TLS = (b"strict-transport-security", b"max-age=31536000")


class PlainHeaders:
    """ASGI: what every answer carries, bytes and JSON too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})  # one for all that handle this request

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                ours = [
                    *PLAIN,
                    *((ONLY_TLS,) if over_tls(Request(scope)) else ()),
                    *(TUS if scope["path"].startswith("/api/v1/uploads") else ()),
                ]
                message["headers"] = [*message["headers"], *(one for one in ours if one[0] not in said)]
            await send(message)

        await self.app(scope, receive, marked if scope["type"] == "http" else send)


class LastResort:
    """ASGI: what nobody foresaw is logged whole, and answered in words like every other error."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:  # nobody is there to be answered
            log.info("%s %s: the client went away", scope["method"], scope["path"])
            if not begun:  # the server wants an answer all the same
                await Response(status_code=400)(scope, receive, send)
        except Exception:  # whatever it was: what has an answer of its own was answered further in
            if scope["type"] != "http" or begun:
                raise
            log.exception("%s %s", scope["method"], scope["path"])
            answer = await run_in_threadpool(error_answers.respond, Request(scope), ServiceError())
            await answer(scope, receive, send)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = get_settings()
    i18n.set_zone(settings.timezone)
    if settings.database_url:
        get_engine()  # the driver is loaded now, and not inside the first request
    if settings.admin_password:  # of a web server that `zhenglu serve` has not started
        os.environ.pop("ZHENGLU_ADMIN_PASSWORD", None)
        from service.access.actions import ensure_first_admin
        from service.access.errors import WeakPassword

        try:
            with transaction() as session:
                ensure_first_admin(session, settings.admin_password)
        except WeakPassword as error:
            raise RuntimeError(f"ZHENGLU_ADMIN_PASSWORD: {error}") from None
    yield
    await settle_all()


def settle() -> None:
    """What is loaded by now stays as long as the process. Looking through all of it for garbage took 0.1 s, inside
    whichever request it fell into; now it is not looked at again."""
    gc.collect()
    gc.freeze()


def serve() -> FastAPI:
    """The application of a process that does nothing else."""
    logs.begin()
    process_is_for(Work.request)
    app = create_app()
    load_driver(get_settings().store_url)
    configure_mappers()
    settle()
    return app


class Service(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = openapi.document(self, COOKIE)
        return self.openapi_schema


def create_app() -> FastAPI:
    # No docs_url: that page runs scripts of another host beside our sessions. /docs is service.desk.operations' own.
    app = Service(
        title="Zhenglu 证录",
        version="1",
        lifespan=_lifespan,
        redoc_url=None,
        docs_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_middleware(LastResort)
    app.add_middleware(PlainHeaders)
    app.add_middleware(i18n.LocaleMiddleware)
    app.add_middleware(EarlyAnswers)
    error_answers.install(app)
    for router in API:
        app.include_router(router)
    for router in PAGES:
        app.include_router(router, include_in_schema=False)
    rendering.DIST.mkdir(parents=True, exist_ok=True)
    app.mount("/static", Static(directory=rendering.DIST), name="static")

    return app

"""The body of an import request; each capability offers its own POST …/import."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import JSONResponse
from sqlmodel import Session, SQLModel

from service.kernel.actor import Actor
from service.kernel.bodies import holds
from service.kernel.contract import raises, takes
from service.kernel.errors import BodyTooSlow, WrongContentType
from service.kernel.paper.workbook import XLSX
from service.kernel.settings import get_settings
from service.registry.importing.errors import (
    ColumnsMissing,
    ImportRunning,
    ImportTooCostly,
    ImportTooLarge,
    ImportUnreadable,
)
from service.registry.importing.form import TABLE_BOUND
from service.registry.importing.importer import Importer
from service.registry.importing.report import Report
from service.registry.importing.rules import MOST_BYTES, MOST_ROWS
from service.registry.importing.running import Table, take

XLS = "application/vnd.ms-excel"
TABLE = {
    "application/json": {
        "schema": {
            "type": "array",
            "items": {"type": "object"},
            "maxItems": MOST_ROWS,
            "description": "A row an object",
        },
    },
    "text/csv": {"schema": {"type": "string", "maxLength": MOST_BYTES}},
    XLSX: {"schema": {"type": "string", "format": "binary"}},
    XLS: {"schema": {"type": "string", "format": "binary"}},
}


class ImportStarted(SQLModel):
    """`id`: GET /api/v1/imports/{id} tells how far it is, and then what it did."""

    id: UUID


IN_BACKGROUND: dict[int | str, dict[str, Any]] = {
    202: {
        "model": ImportStarted,
        "description": "A large table is imported in the background",
        "headers": {
            "Location": {"description": "Where its progress and its report are", "schema": {"type": "string"}}
        },
    }
}


@raises(
    ImportTooLarge,
    ImportTooCostly,
    ImportUnreadable,
    ColumnsMissing,
    ImportRunning,
    WrongContentType,
    BodyTooSlow,
)
@takes(TABLE)
@holds(TABLE_BOUND)
async def read_body(request: Request) -> bytes:
    """Held by the gate (service.access.gate) by now."""
    return await request.body()


ImportBody = Annotated[bytes, Depends(read_body)]
DryRun = Annotated[bool, Query(description="Say what would happen, change nothing")]


def import_rows(
    session: Session,
    actor: Actor,
    kind: type[Importer],
    body: bytes,
    request: Request,
    dry_run: bool,
    options: Mapping[str, Any] | None = None,
) -> Any:
    """The report of this kind, or 202."""
    table = Table(body, request.headers.get("content-type", ""))
    in_background = _prefers_not_to_wait(request)
    found = take(session, actor, kind, table, options or {}, dry_run=dry_run, in_background=in_background)
    if isinstance(found, Report):
        return found
    headers = {"Location": f"{get_settings().public_url.rstrip('/')}/api/v1/imports/{found.id}"}
    if in_background:
        headers["Preference-Applied"] = "respond-async"
    return JSONResponse({"id": str(found.id)}, status_code=202, headers=headers)


def _prefers_not_to_wait(request: Request) -> bool:
    """RFC 7240."""
    said = ",".join(request.headers.getlist("prefer"))
    return any(part.partition(";")[0].strip().lower() == "respond-async" for part in said.split(","))

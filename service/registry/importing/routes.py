"""The body of an import request; each capability offers its own POST …/import. And what tables are understood."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlmodel import SQLModel

from service.access.dependencies import CurrentActor
from service.kernel.i18n import gettext as _
from service.kernel.paper.download import TableFormat, table_response
from service.registry.importing.actions import Importer, run_import
from service.registry.importing.errors import ImportTooLarge
from service.registry.importing.kinds import IMPORTS, columns, import_kind, template_table
from service.registry.importing.rules import MOST_BYTES, MOST_ROWS

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])


async def read_body(request: Request) -> bytes:
    """Never more than the limit in memory, whatever Content-Length says."""
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) > MOST_BYTES:
            raise ImportTooLarge(megabytes=MOST_BYTES // 1_000_000, rows=MOST_ROWS)
    return bytes(held)


ImportBody = Annotated[bytes, Depends(read_body)]
DryRun = Annotated[bool, Query(description="Say what would happen, change nothing")]


def import_rows(importer: Importer, body: bytes, request: Request, dry_run: bool) -> dict[str, Any]:
    kind = request.headers.get("content-type", "")
    return asdict(run_import(importer, body, kind, dry_run=dry_run))


class ColumnRead(SQLModel):
    field: str
    header: str
    also: list[str]
    required: bool
    meaning: str


class ImportRead(SQLModel):
    """`columns`: by field name or any of the headers; order and further columns do not matter."""

    name: str
    label: str
    meaning: str
    template: str
    columns: list[ColumnRead]


@router.get("")
def list_imports(actor: CurrentActor) -> dict[str, list[ImportRead]]:
    """Everything that can be imported as XLSX, CSV or JSON, in the order in which a new installation needs it."""
    return {
        "items": [
            ImportRead(
                name=kind.name,
                label=str(kind.word.label),
                meaning=str(kind.word.meaning),
                template=f"/api/v1/imports/{kind.name}/template",
                columns=[ColumnRead(**asdict(column)) for column in columns(kind.importer)],
            )
            for kind in IMPORTS.values()
        ]
    }


@router.get("/{kind}/template")
def get_template(
    kind: str,
    actor: CurrentActor,
    form: Annotated[TableFormat, Query(alias="format")] = TableFormat.xlsx,
) -> Response:
    """An empty table with Chinese headers; the XLSX explains its columns on a second sheet."""
    title, headers, notes = template_table(import_kind(kind))
    more = {"notes": notes, "notes_title": _("Columns")} if form is TableFormat.xlsx else {}
    return table_response(f"{kind}-template", form, title, headers, [], **more)

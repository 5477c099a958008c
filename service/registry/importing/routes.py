"""The body of an import request; each capability offers its own POST …/import."""

from typing import Annotated

from fastapi import Depends, Query, Request

from service.kernel.bodies import holds
from service.kernel.contract import raises, takes
from service.kernel.errors import BodyTooSlow, WrongContentType
from service.kernel.paper.workbook import XLSX
from service.registry.importing.actions import Report, run_import
from service.registry.importing.errors import ColumnsMissing, ImportTooLarge, ImportUnreadable
from service.registry.importing.form import TABLE_BOUND
from service.registry.importing.importer import Importer
from service.registry.importing.rules import MOST_BYTES, MOST_ROWS

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


@raises(ImportTooLarge, ImportUnreadable, ColumnsMissing, WrongContentType, BodyTooSlow)
@takes(TABLE)
@holds(TABLE_BOUND)
async def read_body(request: Request) -> bytes:
    """Held by the gate (service.access.gate) by now."""
    return await request.body()


ImportBody = Annotated[bytes, Depends(read_body)]
DryRun = Annotated[bool, Query(description="Say what would happen, change nothing")]


def import_rows(importer: Importer, body: bytes, request: Request, dry_run: bool) -> Report:
    return run_import(importer, body, request.headers.get("content-type", ""), dry_run=dry_run)

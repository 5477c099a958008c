"""The body of an import request; each capability offers its own POST …/import."""

from typing import Annotated

from fastapi import Depends, Query, Request

from service.kernel.contract import raises, takes
from service.kernel.paper.workbook import XLSX
from service.registry.importing.actions import Report, run_import
from service.registry.importing.errors import ColumnsMissing, ImportTooLarge, ImportUnreadable
from service.registry.importing.importer import Importer
from service.registry.importing.rules import MOST_BYTES, MOST_ROWS

XLS = "application/vnd.ms-excel"
TABLE = {
    "application/json": {
        "schema": {"type": "array", "items": {"type": "object"}, "description": "A row an object"},
    },
    "text/csv": {"schema": {"type": "string"}},
    XLSX: {"schema": {"type": "string", "format": "binary"}},
    XLS: {"schema": {"type": "string", "format": "binary"}},
}


@raises(ImportTooLarge, ImportUnreadable, ColumnsMissing)
@takes(TABLE)
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


def import_rows(importer: Importer, body: bytes, request: Request, dry_run: bool) -> Report:
    return run_import(importer, body, request.headers.get("content-type", ""), dry_run=dry_run)

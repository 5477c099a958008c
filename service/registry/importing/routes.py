"""The body of an import request; each capability offers its own POST …/import."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from service.registry.importing.actions import run_import
from service.registry.importing.errors import ImportTooLarge
from service.registry.importing.importer import Importer
from service.registry.importing.rules import MOST_BYTES, MOST_ROWS


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

"""The form of the import page: a file and a few words."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from service.kernel.bodies import Bound, holds, media_type
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.registry.importing.errors import ImportTooLarge
from service.registry.importing.rules import MOST_BYTES, MOST_ROWS

_BESIDE = 65_536  # fields and boundaries
_WITHIN_S = 900.0


def _too_large() -> ImportTooLarge:
    return ImportTooLarge(megabytes=MOST_BYTES // 1_000_000, rows=MOST_ROWS)


TABLE_BOUND = Bound(MOST_BYTES, _WITHIN_S, _too_large)


@dataclass(frozen=True)
class Sent:
    file_name: str
    data: bytes
    fields: dict[str, str]

    @property
    def fingerprint(self) -> str:
        return sha256(self.data).hexdigest()

    @property
    def content_type(self) -> str:
        """By the name: browsers know no type for many tables. XLSX is known by its bytes."""
        return "application/json" if self.file_name.lower().endswith(".json") else "text/csv"


async def _parsed(headers: Headers, body: bytes) -> Sent:
    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    form: FormData = await MultiPartParser(headers, whole(), max_files=1, max_fields=10).parse()
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise Invalid(field="file", problem=_("choose a file"))
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        return Sent(file.filename, await file.read(), fields)
    finally:
        await form.close()


async def _held(request: Request) -> bytes:
    return await request.body()


@holds(Bound(MOST_BYTES + _BESIDE, _WITHIN_S, _too_large, forms=True))
def read_form(request: Request, body: Annotated[bytes, Depends(_held)]) -> Sent:
    """In a thread, with a loop of its own: what is made to be slow to parse keeps nobody else waiting."""
    if media_type(request) != "multipart/form-data":
        raise Invalid(field="file", problem=_("choose a file"))
    try:
        return asyncio.run(_parsed(request.headers, body))
    except (MultiPartException, KeyError) as error:  # KeyError: no boundary
        raise Invalid(field="body", problem=str(error)) from None


ImportForm = Annotated[Sent, Depends(read_form)]

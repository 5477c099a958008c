"""The form of the import page: a file and a few words, never more of it in memory than an import may hold."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.registry.importing.errors import ImportTooLarge
from service.registry.importing.rules import MOST_BYTES, MOST_ROWS

_BESIDE = 65_536  # fields and boundaries


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


async def read_form(request: Request) -> Sent:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Invalid(field="file", problem=_("choose a file"))

    async def bounded() -> AsyncGenerator[bytes, None]:
        taken = 0
        async for chunk in request.stream():
            taken += len(chunk)
            if taken > MOST_BYTES + _BESIDE:
                raise ImportTooLarge(megabytes=MOST_BYTES // 1_000_000, rows=MOST_ROWS)
            yield chunk

    try:
        form = await MultiPartParser(request.headers, bounded(), max_files=1, max_fields=10).parse()
    except (MultiPartException, KeyError) as error:  # KeyError: no boundary
        raise Invalid(field="body", problem=str(error)) from None
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise Invalid(field="file", problem=_("choose a file"))
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        return Sent(file.filename, await file.read(), fields)
    finally:
        await form.close()


ImportForm = Annotated[Sent, Depends(read_form)]

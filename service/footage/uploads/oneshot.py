"""One request, one file: the raw body, or multipart/form-data read as it comes (nothing is spooled)."""

import re
from collections import deque
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from service.footage.uploads.rules import LONGEST, digest_header
from service.footage.uploads.writer import body_of
from service.kernel.encodings import name_decoded, sent
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _

LARGEST_FIELD = 16 * 1024
LARGEST_HEAD = 8 * 1024  # of one part
MOST_PARTS = 50
_ENCODED_NAME = re.compile(
    r"filename\*\s*=\s*(utf-8|iso-8859-1|gb18030|gbk|gb2312)'[^']*'([^\s;,]+)", re.IGNORECASE
)


def said_beside(request: Request) -> dict[str, str]:
    """What query and headers say of a raw body; the query comes first."""
    headers = request.headers
    values = {
        key: _as_sent(headers[f"x-{key.replace('_', '-')}"])
        for key in LONGEST
        if f"x-{key.replace('_', '-')}" in headers
    }
    if name := _attached_name(headers.get("content-disposition", "")):
        values["filename"] = name
    digest = digest_header(headers.get("content-digest"), headers.get("x-content-sha256"))
    if digest:
        values["sha256"] = digest
    asked = request.scope.get("query_string", b"").decode("latin-1")
    pairs = parse_qsl(asked, keep_blank_values=True, encoding="latin-1")
    return values | {key: name_decoded(value.encode("latin-1")) for key, value in pairs if key in LONGEST}


def _as_sent(value: str) -> str:
    """Headers reach us as Latin-1, one character a byte; what curl or a dock sends is UTF-8 or GB 18030."""
    try:
        return sent(value.encode("latin-1"))
    except UnicodeError:
        return value


def _attached_name(disposition: str) -> str:
    """Of RFC 6266: `filename*` (RFC 8187) counts more than `filename`."""
    if encoded := _ENCODED_NAME.search(disposition):
        return unquote(encoded[2], encoding=encoded[1], errors="replace")
    _kind, options = parse_options_header(disposition)
    return name_decoded(options.get(b"filename", b""))


class Form:
    """A multipart/form-data body: fields before and after one file. Read `opening()`, then `file()`, to the end."""

    def __init__(self, request: Request) -> None:
        _kind, options = parse_options_header(request.headers.get("content-type", ""))
        boundary = options.get(b"boundary")
        if not boundary:
            raise Invalid(field="Content-Type", problem=_("the boundary is missing"))
        self.fields: dict[str, str] = {}
        self.files = 0
        self._body = body_of(request)
        self._ready: deque[bytes] = deque()
        self._headers: dict[bytes, bytes] = {}
        self._parts = self._head = 0
        self._header_name, self._header_value = b"", b""
        self._field, self._value = "", b""
        self._in_file = self._file_ended = self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._on_header_name,
                "on_header_value": self._on_header_value,
                "on_header_end": self._header_ends,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._part_ends,
                "on_end": self._end,
            },
        )

    async def opening(self) -> None:
        """Reads up to the file; its name and the fields before it are then in `fields`."""
        while not self.files:
            if not await self._feed():
                raise Invalid(field="file", problem=_("the form has no file"))

    async def file(self) -> AsyncIterator[bytes]:
        """The file's bytes, and then the rest of the form into `fields`. Raises unless the form is whole."""
        while True:
            while self._ready:
                yield self._ready.popleft()
            if self._ended:
                return
            await self._feed()

    async def _feed(self) -> bool:
        async for chunk in self._body:
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise Invalid(field="body", problem=str(error)) from None
            return True
        if not self._ended:
            raise Invalid(field="body", problem=_("the form ends too early"))
        return False

    def _part_begins(self) -> None:
        self._headers, self._value, self._head = {}, b"", 0
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise Invalid(field="body", problem=_("at most {most} of them").format(most=MOST_PARTS))

    def _on_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += self._of_head(data[start:end])

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += self._of_head(data[start:end])

    def _of_head(self, piece: bytes) -> bytes:
        self._head += len(piece)
        if self._head > LARGEST_HEAD:
            raise Invalid(field="body", problem=_("too long"))
        return piece

    def _header_ends(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _headers_end(self) -> None:
        _kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        self._in_file = b"filename" in options
        if self._in_file:
            self.files += 1
            if self.files > 1:
                raise Invalid(field=self._field, problem=_("one file a request"))
            self.fields.setdefault("filename", name_decoded(options[b"filename"]))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._ready.append(data[start:end])
        elif len(self._value) + end - start > LARGEST_FIELD:
            raise Invalid(field=self._field, problem=_("too long"))
        else:
            self._value += data[start:end]

    def _part_ends(self) -> None:
        if not self._in_file and self._field in LONGEST:
            try:
                self.fields[self._field] = sent(self._value)
            except UnicodeDecodeError:
                raise Invalid(field=self._field, problem=_("neither UTF-8 nor GB 18030")) from None

    def _end(self) -> None:
        self._ended = True

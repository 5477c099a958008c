"""Small pieces of query strings, for lists that page and filter."""

from typing import Any
from urllib.parse import urlencode

from fastapi import Request


def carried(request: Request, *names: str) -> str:
    """The named parameters of this request that are not empty, encoded, to be carried on."""
    return urlencode([(name, value) for name in names if (value := request.query_params.get(name, ""))])


def link_with(path: str, query: str, **more: Any) -> str:
    parts = [part for part in (query, urlencode({name: str(value) for name, value in more.items()})) if part]
    return f"{path}?{'&'.join(parts)}"


def like(word: str) -> str:
    """A LIKE pattern for the word anywhere, its own wildcards taken literally (escape character: backslash)."""
    return "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"

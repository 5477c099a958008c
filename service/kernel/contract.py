"""What a route, or what it depends on, says of itself for the contract (docs/openapi.json, made by
service.kernel.openapi): lists in pages, and the errors that it may answer."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from schemas.base import Prose, examples
from service.kernel.errors import ServiceError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

RAISES, RAISES_CHANGING, TAKES = "__raises__", "__raises_changing__", "__takes__"


class Page(BaseModel, Generic[T]):
    """`next` goes into `cursor` for the page after this one; null: this is the last."""

    items: list[T]
    next: str | None = None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`EventPage` for a page of `EventRead`: programs are generated with these names."""
        name = getattr(params[0], "__name__", "")
        return f"{name.removesuffix('Read')}Page"


class NumberedPage(Page[T], Generic[T]):
    """Newest first; `next` goes into `before`."""

    next: int | None = None  # type: ignore[assignment]  # a number where other pages have a word


class Reason(BaseModel):
    """Why; it stays on record."""

    model_config = {"json_schema_extra": examples({"reason": "entered twice"})}

    reason: Prose


def raises(*errors: type[ServiceError], changing: bool = False) -> Callable[[F], F]:
    """On an endpoint, or on a dependency for all endpoints that ask for it. `changing`: only where the method is not
    a reading one."""
    name = RAISES_CHANGING if changing else RAISES

    def mark(function: F) -> F:
        setattr(function, name, (*getattr(function, name, ()), *errors))
        return function

    return mark


def takes(content: Mapping[str, Any], *, required: bool = True) -> Callable[[F], F]:
    """For what reads the request's body itself: by media type its schema and examples."""
    body = {"required": required, "content": dict(content)}

    def mark(function: F) -> F:
        setattr(function, TAKES, body)
        return function

    return mark


def gives(*media_types: str, description: str = "The file") -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that answers a file."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": description, "content": {one: binary for one in media_types}}}

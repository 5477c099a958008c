"""Ids as people and programs write them."""

from uuid import UUID

from service.kernel.errors import Invalid


def as_id(word: str) -> UUID | None:
    try:
        return UUID(word)
    except ValueError:
        return None


def id_said(field: str, word: str) -> UUID:
    """The id that stands in a field; anything else is the caller's mistake."""
    if (found := as_id(word)) is None:
        raise Invalid(field=field, problem=word)
    return found

"""How a document names the cases, events, officers and recorders that it belongs to. Pure."""

from uuid import UUID

from service.kernel.text import fold
from service.registry.cases.rules import case_number_fold


def ref(name: str, value: UUID | str) -> str:
    """`case:<id>` or `case:<folded number>`, likewise for event, officer and recorder. An id given as text is an id."""
    if isinstance(value, UUID):
        return f"{name}:{value}"
    try:
        return f"{name}:{UUID(value)}"
    except ValueError:
        return f"{name}:{case_number_fold(value) if name == 'case' else fold(value).lstrip('=')}"

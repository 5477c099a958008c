"""A filter that names nobody is refused, as in the other lists: an empty list would say that nothing was filmed.

Of another squad only what stands with recordings in scope is known: whoever took part in their events."""

from collections.abc import Container
from uuid import UUID

from sqlalchemy import ColumnElement, Select
from sqlmodel import Session

from schemas.cases import Case
from schemas.events import EnforcementEvent
from schemas.people import Officer
from schemas.recorders import Recorder
from schemas.recordings import Media, RecordingState
from service.access.queries import (
    squad_scope,
    visible_cases,
    visible_events,
    visible_officers,
    visible_recorders,
)
from service.finding.search import queries
from service.finding.search.criteria import SearchFilters
from service.kernel.actor import Actor
from service.kernel.errors import Invalid
from service.kernel.ids import as_id
from service.kernel.keys import known
from service.registry.cases.rules import case_number_fold
from service.registry.events.kinds import KINDS

CODES: dict[str, Container[str]] = {
    "kind": KINDS,
    "state": frozenset(RecordingState),
    "media": frozenset(Media),
}
NAMES = ("case", "event", "officer", "recorder")


def require_codes(filters: SearchFilters) -> None:
    for name, codes in CODES.items():
        for value in getattr(filters, name):
            if value not in codes:
                raise Invalid(field=name, problem=value)


def require_named(session: Session, actor: Actor, filters: SearchFilters, found: bool) -> None:
    """`found`: something was, so that a name that stands alone is known."""
    for name in NAMES:
        values = getattr(filters, name)
        for value in values if len(values) > 1 or not found else ():
            if not _registered(session, actor, name, str(value)) and not _shown(session, actor, name, value):
                raise Invalid(field=name, problem=str(value))


def _registered(session: Session, actor: Actor, name: str, value: str) -> bool:
    id_ = as_id(value)

    def is_it(table: type[EnforcementEvent] | type[Officer] | type[Recorder]) -> ColumnElement[bool]:
        return table.id == id_ if id_ else known(table, [value])

    seen: Select
    match name:
        case "case":
            number = Case.number_folded == case_number_fold(value)
            seen = visible_cases(actor).where(Case.id == id_ if id_ else number)
        case "event":
            seen = visible_events(actor).where(is_it(EnforcementEvent))
        case "officer":
            seen = visible_officers(actor).where(is_it(Officer))
        case _:
            seen = visible_recorders(actor).where(is_it(Recorder))
    return session.scalars(seen.limit(1)).first() is not None


def _shown(session: Session, actor: Actor, name: str, value: UUID | str) -> bool:
    alone = SearchFilters(**{name: (value,)})  # type: ignore[arg-type]  # one of NAMES, which all take these
    return bool(queries.search(session, squad_scope(actor), alone, None, 1).items)

"""The query string of the recordings list, the same for the API and the page."""

from typing import Annotated

from fastapi import Depends, Query

from service.access.dependencies import MaybeActor
from service.finding.search.errors import FilterUnreadable, QueryTooLong, QueryTooShort
from service.finding.search.named import require_codes
from service.finding.search.queries import SearchFilters
from service.finding.search.rules import Near
from service.kernel.asked_times import bound
from service.kernel.contract import raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid
from service.registry.people.queries import squad_of

Many = Annotated[list[str], Query()]


@raises(QueryTooShort, QueryTooLong, FilterUnreadable)
def search_filters(
    session: DatabaseSession,
    actor: MaybeActor,
    q: str = "",
    case: Many = [],  # noqa: B006 - FastAPI copies the default
    event: Many = [],  # noqa: B006
    officer: Many = [],  # noqa: B006
    squad: Many = [],  # noqa: B006
    recorder: Many = [],  # noqa: B006
    kind: Many = [],  # noqa: B006
    state: Many = [],  # noqa: B006
    media: Many = [],  # noqa: B006
    tag: Many = [],  # noqa: B006
    linked: str = "",
    from_: Annotated[str, Query(alias="from")] = "",
    to: str = "",
    near: str = "",
) -> SearchFilters:
    """`from` and `to` bound the recorded time, a day means all of it; `near` is "latitude,longitude,metres". Case, event, officer, squad and
    recorder are named by id, or by the number or code that people use."""
    linkage = {"": None, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if linked not in linkage:
        raise Invalid(field="linked", problem=linked)
    filters = SearchFilters(
        q=q.strip() or None,
        case=_given(case),
        event=_given(event),
        officer=_given(officer),
        squad=tuple(squad_of(session, actor, one).id for one in _given(squad)) if actor else (),
        recorder=_given(recorder),
        kind=_given(kind),
        state=_given(state),
        media=_given(media),
        tag=_given(tag),
        linked=linkage[linked],
        since=bound(from_, "from", end=False),
        until=bound(to, "to", end=True),
        near=Near.parse(near) if near else None,
    )
    require_codes(filters)
    return filters


def _given(values: list[str]) -> tuple[str, ...]:
    return tuple(value for value in values if value)


Filters = Annotated[SearchFilters, Depends(search_filters)]

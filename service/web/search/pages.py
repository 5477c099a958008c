"""The recordings page: a search box, chips of the filters in force, facets that come after the list."""

from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from schemas.cases import Case
from schemas.events import EnforcementEvent
from schemas.people import Officer, Squad
from schemas.recorders import Recorder
from service.access.gate import Gate
from service.access.queries import (
    squad_scope,
    visible_cases,
    visible_events,
    visible_officers,
    visible_recorders,
    visible_squads,
)
from service.finding.search import queries
from service.finding.search.cards import cards
from service.finding.search.named import require_named
from service.finding.search.parameters import Filters
from service.finding.search.routes import load
from service.footage.media import MEDIA
from service.footage.recordings.words import STATES
from service.footage.tags import tag_name
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession
from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy
from service.registry.events.kinds import KINDS
from service.web.frame.rendering import render
from service.web.frame.shell import PageActor
from service.web.search.views import Chip, Facet, FacetOption, Search

router = APIRouter(route_class=Gate)

TITLES = {
    "q": lazy("Words"),
    "case": lazy("Case"),
    "event": lazy("Event"),
    "officer": lazy("Officer"),
    "squad": lazy("Squad"),
    "recorder": lazy("Recorder"),
    "kind": lazy("Kind"),
    "state": lazy("State"),
    "media": lazy("Medium"),
    "tag": lazy("Tag"),
    "linked": lazy("Linked"),
    "from": lazy("From"),
    "to": lazy("To"),
    "near": lazy("Near"),
}
FACETS = ("state", "media", "kind", "linked", "tag", "squad")
Pairs = list[tuple[str, str]]


def _pairs(request: Request) -> Pairs:
    return [(name, value) for name, value in request.query_params.multi_items() if name in TITLES and value]


def _href(path: str, pairs: Pairs) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _label(session: Session, actor: Actor, name: str, value: str) -> str:
    """A filter's value in words; an id that the actor may not see stays an id."""
    if name == "kind" and value in KINDS:
        return str(KINDS[value].word.label)
    if name == "state" and value in STATES:
        return str(STATES[value].label)
    if name == "media" and value in MEDIA:
        return str(MEDIA[value].label)
    if name == "tag":
        return tag_name(value)
    if name == "linked":
        return _("Linked to an event or case") if value in ("yes", "true", "1") else _("Not linked")
    try:
        subject = UUID(value)
    except ValueError:
        return value
    named = {
        "squad": (visible_squads(actor), Squad.id, "name"),
        "case": (visible_cases(actor), Case.id, "number"),
        "event": (visible_events(actor), EnforcementEvent.id, "title"),
        "officer": (visible_officers(actor), Officer.id, "name"),
        "recorder": (visible_recorders(actor), Recorder.id, "serial"),
    }.get(name)
    if named is None:
        return value
    statement, column, attribute = named
    row = session.scalars(statement.where(column == subject)).first()
    return getattr(row, attribute) if row else value


def _search(session: Session, actor: Actor, request: Request, page: queries.Page | None) -> Search:
    pairs = _pairs(request)
    given = dict(pairs)
    query = urlencode(pairs)
    chips = [
        Chip(
            label=f"{TITLES[name]}: {_label(session, actor, name, value)}",
            href=_href("/recordings", [pair for pair in pairs if pair != (name, value)]),
        )
        for name, value in pairs
        if name != "q"
    ]
    search = Search(
        q=given.get("q", ""),
        query=query,
        hidden=[pair for pair in pairs if pair[0] not in ("q", "from", "to")],
        chips=chips,
        from_date=given.get("from", "")[:10],
        to_date=given.get("to", "")[:10],
    )
    if page is not None:
        search.items = cards(session, actor, load(session, actor, page))
        search.next = _href("/recordings", [*pairs, ("cursor", page.next)]) if page.next else None
    return search


@router.get("/recordings")
def recordings_page(
    request: Request, actor: PageActor, filters: Filters, session: DatabaseSession, cursor: str | None = None
) -> Response:
    page = queries.search(session, squad_scope(actor), filters, cursor, 50)
    require_named(session, actor, filters, found=bool(page.items or cursor))
    fragment = "recordings/_rows.html" if cursor else "recordings/_results.html"
    return render(
        request, "recordings/list.html", fragment=fragment, search=_search(session, actor, request, page)
    )


@router.get("/recordings/facets")
def facets_fragment(
    request: Request, actor: PageActor, filters: Filters, session: DatabaseSession
) -> Response:
    found = queries.facets(session, squad_scope(actor), filters)
    pairs = _pairs(request)
    squads = {str(squad.id): squad.name for squad in session.scalars(visible_squads(actor))}
    facets = []
    for name in FACETS:
        options = []
        for row in found.get(name, []):
            pair = (name, row.value)
            chosen = pair in pairs
            toggled = [p for p in pairs if p != pair] if chosen else [*pairs, pair]
            label = squads.get(row.value) if name == "squad" else _label(session, actor, name, row.value)
            if label is None:
                continue
            options.append(
                FacetOption(
                    value=row.value,
                    label=label,
                    count=row.count,
                    capped=row.capped,
                    selected=chosen,
                    href=_href("/recordings", toggled),
                )
            )
        if options:
            facets.append(Facet(name=name, title=str(TITLES[name]), options=options))
    return render(
        request, "recordings/_facets.html", facets=facets, search=_search(session, actor, request, None)
    )

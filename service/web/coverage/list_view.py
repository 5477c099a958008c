"""The lists that drive the day as their page shows them, with the queues of what waits for an answer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Select, func, select
from sqlmodel import Session

from schemas.recordings import Recording
from service.kernel.actor import Actor
from service.kernel.errors import NotFound
from service.kernel.i18n import gettext as _
from service.kernel.keyset import Page, page, time, unique
from service.kernel.two_persons.approval import Approval, queues
from service.kernel.two_persons.rules import Step
from service.kernel.words import Word
from service.registry.events.subjects import subjects
from service.supervision.coverage.asking import Shown
from service.supervision.coverage.figure_types import About
from service.supervision.coverage.lists import BY_NAME, CAP, Count, list_counts, list_rows
from service.supervision.coverage.selection import Filters
from service.supervision.coverage.words import COVERAGE_LISTS, LIST_HEADINGS
from service.web.coverage import views
from service.web.coverage.board_view import filter_fields
from service.web.coverage.rows_view import offer_rows, table
from service.web.frame.views import Filter, Table, Tile
from service.web.two_persons.views import wish_lines

PAGE = 40
DECIDING = ("unlinked", "ambiguous")
MINE = ("due", "missing", "gaps", "late", "unlinked", "not_docked", "clocks", "ratio")
WITHOUT = ("basis", "subject", "campaign", "officer")  # filters that the lists do not offer


def list_page(
    session: Session, actor: Actor, asked: Shown, name: str, cursor: str | None = None
) -> views.ListPage:
    words, queue = lists(), queues().get(name)
    if name not in words:
        raise NotFound
    word = words[name]
    filters = asked.filters(session, actor)
    return views.ListPage(
        name=name,
        title=str(word.label),
        meaning=str(word.meaning),
        tabs=tabs(asked, name),
        counts=f"/coverage/lists/counts?{urlencode([*asked.pairs(*WITHOUT), ('name', name)])}",
        table=_table(session, actor, asked, filters, name, cursor),
        filters=_filters(session, actor, asked, name),
        dated=queue is None and BY_NAME[name].about is not About.recorder,
        since=filters.since.isoformat() if filters.since else "",
        to=(filters.until - timedelta(days=1)).isoformat() if filters.until else "",
        as_of=asked.as_of,
        hidden=[("as_of", asked.said_as_of)] if asked.said_as_of else [],
        decides=name in DECIDING,
        reopens=queue is not None and Step.reopen in queue.steps,
    )


def lists() -> dict[str, Word]:
    """Those of rows, then the queues of what waits for an answer."""
    return COVERAGE_LISTS | {name: kind.word for name, kind in queues().items() if kind.word}


def _filters(session: Session, actor: Actor, asked: Shown, name: str) -> list[Filter]:
    """Only those that the list answers: a recorder has no kind."""
    if name not in BY_NAME:
        return []
    names = ("squad", "kind") if BY_NAME[name].about is About.event else ("squad",)
    return filter_fields(session, actor, asked, subjects(session), *names)


def _table(
    session: Session, actor: Actor, asked: Shown, filters: Filters, name: str, cursor: str | None
) -> Table:
    path = f"/coverage/lists/{name}"
    if name not in BY_NAME:
        kind = queues()[name]
        found = _oldest_first(session, kind, kind.waiting(actor), cursor)
        next_ = asked.link(path, cursor=found.next) if found.next else None
        return Table("wish", wish_lines(session, actor, kind, found.items), next_)
    rows = list_rows(session, actor, name, filters, as_of=asked.as_of, cursor=cursor, limit=PAGE)
    next_ = asked.link(path, "as_of", cursor=rows.next, as_of=asked.as_of.isoformat()) if rows.next else None
    return table(session, actor, rows, asked.as_of, next_, deciding=name if name in DECIDING else "")


def _oldest_first(session: Session, kind: Approval[Any], chosen: Select, cursor: str | None) -> Page:
    """What waits longest is answered first."""
    return page(session, chosen, [time(kind.table.asked_at), unique(kind.table.id)], cursor, PAGE)


def tabs(asked: Shown, name: str, counts: dict[str, Count] | None = None) -> list[views.ListTab]:
    found, first = [], next(iter(queues()), "")
    headings = LIST_HEADINGS | {first: _("To be answered")}
    for one, word in lists().items():
        count = (counts or {}).get(one)
        found.append(
            views.ListTab(
                one,
                str(word.label),
                asked.link(f"/coverage/lists/{one}", *WITHOUT),
                count.n if count else None,
                bool(count and count.capped),
                str(headings.get(one, "")),
            )
        )
    return found


def counts(session: Session, actor: Actor, filters: Filters, asked: Shown) -> dict[str, Count]:
    return list_counts(session, actor, filters, asked.as_of) | waiting(session, actor)


def waiting(session: Session, actor: Actor) -> dict[str, Count]:
    """What somebody asked and nobody has answered."""
    found = {}
    for name, kind in queues().items():
        some = kind.waiting(actor).limit(CAP + 1).subquery()
        n = session.scalar(select(func.count()).select_from(some)) or 0
        found[name] = Count(min(n, CAP), n > CAP)
    return found


def decided_row(
    session: Session, actor: Actor, name: str, recording: Recording, decision: str, target: str
) -> views.OfferRow:
    """The row as it is after a decision, and what is to be said of it."""
    row = offer_rows(session, actor, name, [recording])[0]
    sentences = {
        "confirm": _("Confirmed: {event}."),
        "reject": _("Rejected: {event}."),
        "undo": _("Taken back: {event}."),
    }
    row.said = sentences[decision].format(event=target)
    return row


# ---- one's own ---------------------------------------------------------------------------------------------------


def mine_page(
    session: Session, actor: Actor, asked: Shown, name: str, cursor: str | None = None
) -> views.MinePage:
    """The rows that concern the caller: events with them, recordings of theirs, recorders that they hold or held
    lately, their squad's days on duty; and what they disputed of these."""
    own = queues().get(name)
    if actor.officer_id is None or (name not in MINE and not (own and own.mine)):
        raise NotFound
    if own and own.mine:
        return _my_wishes(session, actor, own, own.mine, cursor)
    filters = Filters(officer=actor.officer_id)
    rows = list_rows(session, actor, name, filters, as_of=asked.as_of, cursor=cursor, limit=PAGE)
    next_ = f"/coverage/mine?{urlencode({'name': name, 'cursor': rows.next})}" if rows.next else None
    return views.MinePage(
        tiles=mine_tiles(session, actor),
        name=name,
        title=str(COVERAGE_LISTS[name].label),
        meaning=str(COVERAGE_LISTS[name].meaning),
        table=replace(table(session, actor, rows, asked.as_of, next_), own=True),
    )


def _my_wishes(
    session: Session, actor: Actor, kind: Approval[Any], word: Word, cursor: str | None
) -> views.MinePage:
    asked = kind.visible(actor).where(kind.table.asked_by == actor.account_id)
    found = _oldest_first(session, kind, asked, cursor)
    next_ = f"/coverage/mine?{urlencode({'name': kind.queue, 'cursor': found.next})}" if found.next else None
    return views.MinePage(
        tiles=mine_tiles(session, actor),
        name=kind.queue,
        title=str(word.label),
        meaning=str(word.meaning),
        table=Table("wish", wish_lines(session, actor, kind, found.items), next_),
    )


def mine_tiles(session: Session, actor: Actor) -> list[Tile]:
    if actor.officer_id is None:
        return []
    found = list_counts(session, actor, Filters(officer=actor.officer_id), names=MINE)
    labels = {
        "due": (_("My events: to be uploaded"), "plain"),
        "missing": (_("My events: no recording"), "bad"),
        "gaps": (_("My events: gaps to explain"), "warn"),
        "late": (_("My events: late"), "warn"),
        "unlinked": (_("My recordings: not linked"), "warn"),
        "not_docked": (_("My recorders: not docked"), "warn"),
        "clocks": (_("My recorders: clock out of step"), "warn"),
        "ratio": (_("My days on duty: too few recorders"), "warn"),
    }
    return [_tile(*labels[name], found[name], f"/coverage/mine?name={name}") for name in MINE]


def board_tiles(session: Session, actor: Actor) -> list[Tile]:
    """What a supervisor looks at first in the morning."""
    found = list_counts(session, actor, names=("missing", "due")) | waiting(session, actor)
    return [
        _tile(_("Overdue without a recording"), "bad", found["missing"], "/coverage/lists/missing"),
        _tile(_("Upload deadline ahead"), "plain", found["due"], "/coverage/lists/due"),
        _tile(_("Explanations waiting"), "warn", found["explanations"], "/coverage/lists/explanations"),
        _tile(_("Disputes open"), "warn", found["disputes"], "/coverage/lists/disputes"),
    ]


def _tile(label: str, tone: str, count: Count, href: str) -> Tile:
    return Tile(label=label, count=count.n, href=href, tone=tone if count.n else "good", capped=count.capped)

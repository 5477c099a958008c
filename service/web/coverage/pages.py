"""The board of coverage, the rows behind its figures, and the lists that drive the day."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from schemas.links import Link
from schemas.recordings import Recording
from service.access.actions import require
from service.access.gate import Gate
from service.access.queries import get_recording, visible_links
from service.finding.linking import actions as linking
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.supervision.coverage.asking import Asking
from service.supervision.coverage.figure_types import Part
from service.supervision.coverage.words import COVERAGE_LISTS
from service.web.coverage.board_view import board_page, more_figures
from service.web.coverage.list_view import DECIDING, MINE, counts, decided_row, list_page, mine_page, tabs
from service.web.coverage.rows_page import rows_page
from service.web.coverage.rows_view import offer_rows
from service.web.frame.rendering import redirect, render, wants_fragment
from service.web.frame.shell import PageActor
from service.web.frame.views import Table
from service.web.recordings.detail import link_views

router = APIRouter(route_class=Gate)
DECISIONS = {"confirm": linking.confirm, "reject": linking.reject, "undo": linking.undo}
LINES = "coverage/_lines.html"


@router.get("/coverage")
def board(request: Request, actor: PageActor, session: DatabaseSession, asked: Asking) -> Response:
    require(actor, "see_board")
    return render(request, "coverage/board.html", board=board_page(session, actor, asked))


@router.get("/coverage/more")
def more(request: Request, actor: PageActor, session: DatabaseSession, asked: Asking) -> Response:
    """The figures that cost a query each, fetched after the page."""
    require(actor, "see_board")
    shown = more_figures(session, actor, asked)
    return render(request, "coverage/more.html", fragment="coverage/_more.html", more=shown)


@router.get("/coverage/rows")
def rows(
    request: Request,
    actor: PageActor,
    session: DatabaseSession,
    asked: Asking,
    part: str = Part.denominator.value,
    reason: str = "",
    group: Annotated[list[str] | None, Query()] = None,
    cursor: str | None = None,
) -> Response:
    require(actor, "see_board")
    shown = rows_page(session, actor, asked, part, reason, group or [], cursor)
    return render(request, "coverage/rows.html", fragment=LINES, shown=shown, table=shown.table)


@router.get("/coverage/lists")
def lists(request: Request, actor: PageActor, session: DatabaseSession, asked: Asking) -> Response:
    return one_list(request, next(iter(COVERAGE_LISTS)), actor, session, asked)


@router.get("/coverage/lists/counts")
def list_numbers(
    request: Request, actor: PageActor, session: DatabaseSession, asked: Asking, name: str = ""
) -> Response:
    """The tabs with their numbers, fetched after the page."""
    require(actor, "see_board")
    numbers = counts(session, actor, asked.filters(session, actor), asked)
    return render(request, "coverage/_tabs.html", name=name, tabs=tabs(asked, name, numbers), counts=None)


@router.get("/coverage/lists/{name}")
def one_list(
    request: Request,
    name: str,
    actor: PageActor,
    session: DatabaseSession,
    asked: Asking,
    cursor: str | None = None,
    done: UUID | None = None,
) -> Response:
    """`done`: a recording that was just decided, shown on top with the way back."""
    require(actor, "see_board")
    shown = list_page(session, actor, asked, name, cursor)
    if done is not None and name in DECIDING:
        recording = get_recording(session, actor, done)
        shown.done = Table("offer", offer_rows(session, actor, name, [recording]))
    return render(request, "coverage/list.html", fragment=LINES, shown=shown, table=shown.table)


@router.post("/coverage/lists/{name}/recordings/{recording_id}/links/{link_id}/{decision}")
def decide(
    request: Request,
    name: str,
    recording_id: UUID,
    link_id: UUID,
    decision: str,
    actor: PageActor,
    session: DatabaseSession,
) -> Response:
    """The recording's row anew; without scripts, back to the list with that row on top."""
    if decision not in DECISIONS or name not in DECIDING:
        raise NotFound
    recording = get_recording(session, actor, recording_id)
    target = _target(session, actor, recording, link_id)
    DECISIONS[decision](session, actor, link_id)
    session.flush()
    if not wants_fragment(request):
        return redirect(request, f"/coverage/lists/{name}?done={recording.id}")
    row = decided_row(session, actor, name, recording, decision, target)
    return render(request, LINES, table=Table("offer", [row]))


def _target(session: Session, actor: Actor, recording: Recording, link_id: UUID) -> str:
    """The event's or the case's name, said aloud afterwards; undo may leave no link to ask."""
    found = session.scalars(
        visible_links(actor).where(Link.id == link_id, Link.recording_id == recording.id)
    ).first()
    shown = link_views(session, actor, [found]) if found is not None else []
    if not shown:
        raise NotFound
    return shown[0].event.label


@router.get("/coverage/mine")
def mine(
    request: Request,
    actor: PageActor,
    session: DatabaseSession,
    asked: Asking,
    name: str = MINE[0],
    cursor: str | None = None,
) -> Response:
    """One's own events: what is due, missing, or has gaps to explain. For everybody who is an officer."""
    shown = mine_page(session, actor, asked, name, cursor)
    return render(request, "coverage/mine.html", fragment=LINES, shown=shown, table=shown.table)

"""The bureau's recorders: who holds which, and those that want looking after."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from schemas.recorders import RecorderState
from service.access.actions import require
from service.access.gate import Gate
from service.kernel.actor import Actor
from service.kernel.clock import local, now
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid
from service.kernel.policy import policy
from service.registry.clocks.queries import latest_offsets
from service.registry.people.rules import left_by
from service.registry.recorders import queries
from service.registry.recorders.policy import DOCK_AFTER
from service.web.frame.rendering import render
from service.web.frame.shell import PageActor
from service.web.recorders.views import Recorder

router = APIRouter(route_class=Gate)


@dataclass(frozen=True)
class Page:
    """`counts`: of each list in words.RECORDER_LISTS; `days`: after which a recorder counts as not docked."""

    show: str
    counts: dict[str, int]
    days: int
    recorders: list[Recorder]


@router.get("/recorders")
def recorders_page(request: Request, actor: PageActor, session: DatabaseSession, show: str = "") -> Response:
    require(actor, "see_people")
    lists = _lists(session, actor)
    if show and show not in lists:
        raise Invalid(field="show", problem=show[:40])
    rows = queries.recorder_rows(session, actor)
    if show:
        rows = [row for row in rows if row.recorder.id in lists[show]]
    offsets = latest_offsets(session, [row.recorder.id for row in rows])
    page = Page(
        show=show,
        counts={name: len(ids) for name, ids in lists.items()},
        days=policy(session, DOCK_AFTER),
        recorders=[_view(row, lists, offsets.get(row.recorder.id)) for row in rows],
    )
    return render(request, "recorders/list.html", listed=page)


def _lists(session: Session, actor: Actor) -> dict[str, set]:
    moment = now()
    found = {
        "not_docked": queries.not_docked(session, actor, moment),
        "low_battery": queries.low_battery(session, actor, moment),
        "unassigned": queries.unassigned(session, actor, moment),
        "held_by_leavers": queries.held_by_leavers(session, actor, moment),
    }
    return {name: {row.recorder.id for row in rows} for name, rows in found.items()}


def _view(row: queries.RecorderRow, lists: dict[str, set], offset_s: float | None) -> Recorder:
    recorder, model = row.recorder, row.model
    today = local(now()).date()
    return Recorder(
        number=recorder.serial,
        model=f"{model.vendor} {model.name}".strip() or model.code if model else "",
        squad=row.squad.name,
        holders=[officer.name for officer in row.holders],
        last_recording=row.last_recording,
        active=recorder.state in (RecorderState.in_use, RecorderState.spare),
        clock_offset_s=offset_s,
        state=recorder.state,
        battery_percent=recorder.battery_percent,
        low_battery=recorder.id in lists["low_battery"],
        last_dock=recorder.last_dock_at,
        not_docked=recorder.id in lists["not_docked"],
        left_holders=[officer.name for officer in row.holders if left_by(officer.left_on, today)],
    )

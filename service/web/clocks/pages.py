"""A recorder with its clock, and the list of all clocks."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlmodel import Session

from schemas.clocks import ClockOffset, ClockOffsetCreate
from schemas.people import Officer, Squad
from schemas.recorders import Assignment, Recorder, RecorderModel
from schemas.recordings import Recording
from service.access.actions import require
from service.access.gate import Gate, needs
from service.access.queries import squad_scope, visible_recordings
from service.access.rules import may
from service.kernel.actor import Actor
from service.kernel.clock import now
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid, NotFound, first_fault
from service.kernel.i18n import gettext as _
from service.kernel.policy import policy
from service.registry.clocks import actions, queries, words
from service.registry.clocks.policy import DRIFT_PER_DAY, OUT_OF_STEP
from service.registry.recorders.actions import TIME_LAPSE, set_time_lapse
from service.registry.recorders.queries import visible_assignments
from service.registry.recorders.words import RECORDER_STATES
from service.web.clocks import views
from service.web.frame.field_times import field_time
from service.web.frame.rendering import redirect, render
from service.web.frame.shell import PageActor

router = APIRouter(route_class=Gate)
Field = Annotated[str, Form()]
HOLDERS_SHOWN = 30
MEASURED_SHOWN = 60


@router.get("/clocks")
def clocks_page(
    request: Request, actor: PageActor, session: DatabaseSession, out_of_step: bool = False
) -> Response:
    require(actor, "see_people")
    rows = queries.clock_rows(session, actor)
    squads = queries.squads_by_id(session, rows)
    figure = queries.figure_of(session, rows)
    page = views.Clocks(
        figure=figure,
        rows=[
            views.ClockRow(
                number=row.recorder.serial,
                href=words.recorder_path(row.recorder),
                squad=squads[row.recorder.squad_id].name,
                clock=views.clock_view(row),
            )
            for row in rows
            if row.out_of_step or not out_of_step
        ],
        only_out_of_step=out_of_step,
        limit=words.length(figure.limit_s),
    )
    return render(request, "clocks/list.html", clocks=page)


@router.get("/recorders/{serial:path}")
def recorder_page(request: Request, serial: str, actor: PageActor, session: DatabaseSession) -> Response:
    require(actor, "see_people")
    recorder = queries.get_recorder_named(session, actor, serial)
    return render(request, "clocks/recorder.html", recorder=_shown(session, actor, recorder))


@router.post("/recorders/{serial:path}/clock")
@needs("clocks")
def measure(
    request: Request,
    serial: str,
    actor: PageActor,
    session: DatabaseSession,
    measured_at: Field = "",
    device_time: Field = "",
    offset_s: Field = "",
    doubt_s: Field = "",
    note: Field = "",
) -> Response:
    recorder = queries.get_recorder_named(session, actor, serial)
    said = {
        "recorder": str(recorder.id),
        "measured_at": field_time(measured_at, _field_name("measured_at")) or now(),
        "device_time": field_time(device_time, _field_name("device_time")),
        "offset_s": offset_s.strip() or None,
        "doubt_s": doubt_s.strip() or 1.0,
        "note": note,
    }
    try:
        wanted = ClockOffsetCreate.model_validate(said)
    except ValidationError as error:
        where, problem = first_fault(error.errors())
        raise Invalid(field=_field_name(where[0]), problem=problem) from error
    actions.add_offset(session, actor, wanted)
    return redirect(request, words.recorder_path(recorder))


@router.post("/recorders/{serial:path}/clock/{offset_id}/withdraw")
def withdraw(
    request: Request, serial: str, offset_id: UUID, actor: PageActor, session: DatabaseSession
) -> Response:
    recorder = queries.get_recorder_named(session, actor, serial)
    offset = session.get(ClockOffset, offset_id)
    if offset is None or offset.recorder_id != recorder.id:
        raise NotFound
    actions.withdraw_offset(session, actor, offset_id)
    return redirect(request, words.recorder_path(recorder))


@router.post("/recorders/{serial:path}/time-lapse")
@needs("people", bureau=True)
def count_time_lapse(
    request: Request, serial: str, actor: PageActor, session: DatabaseSession, counts: Field = ""
) -> Response:
    """Of its model, and so of every recorder of that model. `counts`: anything, or empty."""
    recorder = queries.get_recorder_named(session, actor, serial)
    set_time_lapse(session, actor, recorder.id, bool(counts))
    return redirect(request, words.recorder_path(recorder))


def _field_name(name: str) -> str:
    """Of the form, in the reader's language."""
    return {
        "measured_at": _("True time"),
        "device_time": _("What the recorder showed"),
        "offset_s": _("Seconds fast (slow: with a minus)"),
        "doubt_s": _("Right within ± seconds"),
    }.get(name, name)


def _shown(session: Session, actor: Actor, recorder: Recorder) -> views.RecorderPage:
    model = session.get(RecorderModel, recorder.model_id) if recorder.model_id else None
    squad = session.get(Squad, recorder.squad_id)
    known = queries.known_offsets(session, recorder, MEASURED_SHOWN + 1)
    moment, shown = now(), known[:MEASURED_SHOWN]
    measures = may(actor.role, "clocks")
    of_it = visible_recordings(actor).where(
        Recording.recorder_id == recorder.id, Recording.merged_into.is_(None)
    )
    return views.RecorderPage(
        number=recorder.serial,
        href=words.recorder_path(recorder),
        model=f"{model.vendor} {model.name}".strip() or model.code if model else "",
        squad=squad.name if squad else None,
        state=RECORDER_STATES[recorder.state],
        last_dock=recorder.last_dock_at,
        battery_percent=recorder.battery_percent,
        recordings=session.scalar(select(func.count()).select_from(of_it.subquery())) or 0,
        clock=views.clock_view(queries.clock_of(session, recorder, moment)),
        chart=views.chart(queries.line_of(session, recorder.id), shown, moment),
        measured=[views.measured_view(one, may_withdraw=measures) for one in shown],
        more_measured=len(known) > len(shown),
        held=_held(session, actor, recorder),
        time_lapse=bool(model.conventions.get(TIME_LAPSE)) if model else None,
        may_count=model is not None and may(actor.role, "people") and squad_scope(actor) is None,
        may_measure=measures,
        limit=words.length(policy(session, OUT_OF_STEP)),
        drift_limit=policy(session, DRIFT_PER_DAY),
    )


def _held(session: Session, actor: Actor, recorder: Recorder) -> list[views.Held]:
    mine = visible_assignments(actor).with_only_columns(Assignment.id)
    rows = session.execute(
        select(Assignment, Officer)
        .join(Officer, Officer.id == Assignment.officer_id)
        .where(Assignment.recorder_id == recorder.id, Assignment.id.in_(mine))
        .order_by(Assignment.held_from.desc(), Assignment.id.desc())
        .limit(HOLDERS_SHOWN)
    )
    return [
        views.Held(officer.name, officer.certificate_no, held.held_from, held.held_to)
        for held, officer in rows
    ]

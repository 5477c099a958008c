"""/api/v1/snapshots: months frozen once, with figures, rows and notices."""

import enum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlmodel import Session, SQLModel

from schemas.coverage import Basis, CoverageSnapshot
from service.access.actions import require
from service.access.dependencies import CurrentActor
from service.kernel.actor import Actor
from service.kernel.custody import record
from service.kernel.database import DatabaseSession
from service.kernel.paper.download import TableFormat, file_prefix, file_response, sheets_response
from service.kernel.paper.workbook import XLSX
from service.supervision.coverage.rows import Part
from service.supervision.disputes.queries import upheld_since
from service.supervision.disputes.routes import dispute_read
from service.supervision.snapshots import actions, export, kept, queries, recount
from service.supervision.snapshots.queries import FrozenRow, Preview
from service.supervision.snapshots.rules import month_of, name_of

router = APIRouter(prefix="/api/v1/snapshots", tags=["snapshots"])
PDF = "application/pdf"


class Form(enum.StrEnum):
    xlsx = "xlsx"
    csv = "csv"
    pdf = "pdf"


class FreezeWanted(SQLModel):
    """`month`: 2024-06. `confirmed`: though something is not settled yet."""

    month: str
    confirmed: bool = False


@router.get("")
def list_months(actor: CurrentActor, session: DatabaseSession) -> dict[str, Any]:
    """Newest first; those not frozen too."""
    require(actor, "see_board")
    return {
        "items": [
            {
                "month": name_of(one.month),
                "over": one.over,
                "events": one.events,
                "backdated": one.backdated,
                "frozen": one.snapshot is not None,
                "taken_at": one.snapshot.taken_at if one.snapshot else None,
                "as_of": one.snapshot.as_of if one.snapshot else None,
            }
            for one in queries.months(session, actor)
        ]
    }


@router.post("", status_code=201)
def freeze(wanted: FreezeWanted, actor: CurrentActor, session: actions.SteadySession) -> dict[str, Any]:
    snapshot = actions.freeze(session, actor, month_of(wanted.month), confirmed=wanted.confirmed)
    return head_json(snapshot)


@router.get("/{month}")
def one_month(
    month: str, actor: CurrentActor, session: DatabaseSession, basis: str = Basis.counted.value
) -> dict[str, Any]:
    """Figures of what the caller may see, the definitions of that day, and beside them the disputes upheld since."""
    snapshot = _get(session, actor, month)
    earlier = queries.before_of(session, snapshot)
    return {
        **head_json(snapshot),
        "basis": basis,
        **queries.figures_for(snapshot, actor, basis),
        "definitions": export.words_of(snapshot)["figures"],
        "policy": snapshot.definitions["policy"],
        "matters": snapshot.definitions["matters"],
        "upheld_disputes": [dispute_read(one) for one in upheld_since(session, actor, snapshot)],
        "files": [
            {
                "format": one.form,
                "locale": one.locale,
                "made_at": one.made_at,
                "size": one.size,
                "sha256": one.sha256,
            }
            for one in kept.kept_files(session, actor, snapshot)
        ],
        "counted_anew_by_board": queries.counted_anew(session, snapshot),
        "changed_since_month_before": queries.differences(snapshot, earlier) if earlier else None,
    }


@router.get("/{month}/preview")
def preview(month: str, actor: CurrentActor, session: DatabaseSession) -> dict[str, Any]:
    """What freezing it now would leave unsettled."""
    require(actor, "see_board")
    return preview_json(queries.preview(session, actor, month_of(month)))


@router.get("/{month}/check")
def check(month: str, actor: CurrentActor, session: DatabaseSession) -> dict[str, Any]:
    """Whether the rows still have the fingerprint of that day, and add up to the frozen figures."""
    snapshot = _get(session, actor, month)
    found = recount.check(session, snapshot)
    return {"good": found.good, "figures": found.figures, "rows": found.rows}


@router.get("/{month}/rows")
def rows(
    month: str,
    actor: CurrentActor,
    session: DatabaseSession,
    figure: str = "recorded",
    part: str = Part.denominator.value,
    basis: str = Basis.counted.value,
    squad: UUID | None = None,
    reason: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    found = queries.rows_behind(
        session, actor, _get(session, actor, month), figure, part,
        basis=basis, squad=squad, reason=reason, cursor=cursor, limit=limit,
    )  # fmt: skip
    return {"about": found.about, "items": [row_json(one) for one in found.items], "next": found.next}


@router.get("/{month}/export")
def export_month(
    month: str,
    actor: CurrentActor,
    session: DatabaseSession,
    form: Annotated[Form, Query(alias="format")] = Form.xlsx,
    table: export.Table = export.Table.figures,
) -> Response:
    """The notice (pdf), all figures and rows (xlsx), or one table of them (csv, by `table`). The first two are made
    once: who asks again for the same has the same bytes, whose SHA-256 stands in `Zhenglu-SHA256`."""
    snapshot = _get(session, actor, month)
    name = f"{file_prefix(session)}coverage-{name_of(snapshot.month)}"
    if form is Form.csv:
        sheet = export.one_sheet(session, actor, snapshot, table)
        answer = sheets_response(f"{name}-{table}", TableFormat.csv, [sheet])
        detail = {"table": table.value}
    else:
        held = kept.kept_file(session, actor, snapshot, kept.Form(form))
        answer = file_response(f"{name}.{form}", held.content, PDF if form is Form.pdf else XLSX)
        answer.headers["Zhenglu-SHA256"] = held.sha256
        detail = {"sha256": held.sha256}
    record(
        session, actor, "export", "snapshot", snapshot.id,
        squad_id=actor.squad_id, month=name_of(snapshot.month), format=form.value, **detail,
    )  # fmt: skip
    return answer


def _get(session: Session, actor: Actor, month: str) -> CoverageSnapshot:
    require(actor, "see_board")
    return queries.get_snapshot(session, month_of(month))


def head_json(snapshot: CoverageSnapshot) -> dict[str, Any]:
    return {
        "month": name_of(snapshot.month),
        "as_of": snapshot.as_of,
        "taken_at": snapshot.taken_at,
        "rule_version": snapshot.rule_version,
        "rows_sha256": snapshot.rows_sha256,
    }


def preview_json(found: Preview) -> dict[str, Any]:
    names = (
        "as_of",
        "over",
        "frozen",
        "recounting",
        "events",
        "not_due",
        "disputes",
        "explanations",
        "announced",
    )
    return {
        "month": name_of(found.month),
        **{name: getattr(found, name) for name in names},
        "standings": found.standings,
        "ready": found.ready,
    }


def row_json(one: FrozenRow) -> dict[str, Any]:
    return {
        "id": one.row.subject_id,
        "squad_id": one.row.squad_id,
        "basis": one.row.basis or None,
        "status": one.counted.status,
        **one.row.row,
    }

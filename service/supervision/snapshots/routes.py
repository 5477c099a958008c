"""/api/v1/snapshots: months frozen once, with figures, rows and notices."""

import enum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlmodel import Session, SQLModel

from schemas.base import KeySaid, examples
from schemas.coverage import Basis, CoverageSnapshot
from service.access.actions import require
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.kernel.actor import Actor
from service.kernel.contract import Page, gives, raises
from service.kernel.custody import record
from service.kernel.database import DatabaseSession
from service.kernel.paper.download import TableFormat, file_prefix, file_response, sheets_response
from service.kernel.paper.workbook import XLSX
from service.supervision.coverage import acts
from service.supervision.coverage.figure_types import About, Part
from service.supervision.disputes.queries import upheld_since
from service.supervision.disputes.routes import dispute_read
from service.supervision.snapshots import actions, export, kept, queries, recount
from service.supervision.snapshots.errors import (
    FrozenAlready,
    MonthNotOver,
    NotFrozen,
    NothingToFreeze,
    RecountUnderWay,
    StillOpen,
)
from service.supervision.snapshots.reads import (
    CheckRead,
    FrozenRowsRead,
    MonthRead,
    PreviewRead,
    SnapshotHead,
    SnapshotRead,
    check_read,
    file_read,
    frozen_row_read,
    head_read,
    month_read,
    preview_read,
)
from service.supervision.snapshots.rules import month_of, name_of

router = APIRouter(prefix="/api/v1/snapshots", tags=["snapshots"], route_class=Gate)
PDF = "application/pdf"


class Form(enum.StrEnum):
    xlsx = "xlsx"
    csv = "csv"
    pdf = "pdf"


class FreezeWanted(SQLModel):
    """`month`: 2024-06. `confirmed`: though something is not settled yet."""

    model_config = {"json_schema_extra": examples({"month": "2024-06"})}

    month: KeySaid
    confirmed: bool = False


@router.get("")
def list_months(actor: CurrentActor, session: DatabaseSession) -> Page[MonthRead]:
    """Newest first; those not frozen too."""
    require(actor, "see_board")
    return Page[MonthRead](items=[month_read(one) for one in queries.months(session, actor)])


@router.post("", status_code=201)
@raises(MonthNotOver, FrozenAlready, NothingToFreeze, RecountUnderWay, StillOpen)
@needs("freeze_months", bureau=True)
def freeze_month(wanted: FreezeWanted, actor: CurrentActor, session: actions.SteadySession) -> SnapshotHead:
    """Keeps figures, definitions and rows of a month that is over. A month is frozen once."""
    snapshot = actions.freeze(session, actor, month_of(wanted.month), confirmed=wanted.confirmed)
    return head_read(snapshot)


@router.get("/{month}")
@raises(NotFrozen)
def get_month(
    month: str, actor: CurrentActor, session: DatabaseSession, basis: str = Basis.counted.value
) -> SnapshotRead:
    """Figures of what the caller may see, the definitions of that day, and beside them the disputes upheld since."""
    snapshot = _get(session, actor, month)
    earlier = queries.before_of(session, snapshot)
    return SnapshotRead(
        **head_read(snapshot).model_dump(),
        **queries.figures_for(snapshot, actor, basis),
        basis=Basis(basis),
        definitions=export.words_of(snapshot)["figures"],
        policy=snapshot.definitions["policy"],
        matters=snapshot.definitions["matters"],
        upheld_disputes=[dispute_read(one) for one in upheld_since(session, actor, snapshot)],
        files=[file_read(one) for one in kept.kept_files(session, actor, snapshot)],
        counted_anew_by_board=queries.counted_anew(session, snapshot),
        changed_since_month_before=queries.differences(snapshot, earlier) if earlier else None,
    )


@router.get("/{month}/preview")
def preview_month(month: str, actor: CurrentActor, session: DatabaseSession) -> PreviewRead:
    """What freezing it now would leave unsettled."""
    require(actor, "see_board")
    return preview_read(queries.preview(session, actor, month_of(month)))


@router.get("/{month}/check")
@raises(NotFrozen)
def check_month(month: str, actor: CurrentActor, session: DatabaseSession) -> CheckRead:
    """Whether the rows still have the fingerprint of that day, and add up to the frozen figures."""
    snapshot = _get(session, actor, month)
    return check_read(recount.check(session, snapshot))


@router.get("/{month}/rows")
@raises(NotFrozen)
def list_month_rows(
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
) -> FrozenRowsRead:
    """What is behind a frozen figure. `part`: numerator, denominator, rest or excluded, the last also by `reason`."""
    found = queries.rows_behind(
        session, actor, _get(session, actor, month), figure, part,
        basis=basis, squad=squad, reason=reason, cursor=cursor, limit=limit,
    )  # fmt: skip
    items = [frozen_row_read(one) for one in found.items]
    return FrozenRowsRead(about=About(found.about), items=items, next=found.next)


@router.get("/{month}/export", response_class=Response, responses=gives(XLSX, "text/csv", PDF))
@raises(NotFrozen)
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
        session, actor, acts.EXPORT, "snapshot", snapshot.id,
        squad_id=actor.squad_id, month=name_of(snapshot.month), format=form.value, **detail,
    )  # fmt: skip
    return answer


def _get(session: Session, actor: Actor, month: str) -> CoverageSnapshot:
    require(actor, "see_board")
    return queries.get_snapshot(session, month_of(month))

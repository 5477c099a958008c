"""/api/v1/imports: what tables are understood; and the door of each kind, POST /api/v1/{kind}/import."""

import enum
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import SQLModel

from schemas.imports import ImportProblem
from service.access.dependencies import AnyActor, CurrentActor
from service.access.gate import Gate, needs
from service.desk.imports.kinds import IMPORTS, import_kind
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession
from service.kernel.errors import NotFound
from service.kernel.i18n import gettext as _
from service.kernel.paper.download import TABLE_FILE, TableFormat, table_response
from service.registry.importing.columns import columns, template_table
from service.registry.importing.errors import NoSuchImport
from service.registry.importing.importer import Importer
from service.registry.importing.report import Report, RowReport, unpacked
from service.registry.importing.routes import IN_BACKGROUND, DryRun, ImportBody, import_rows
from service.registry.importing.running import find_import, report_of

router = APIRouter(prefix="/api/v1/imports", tags=["imports"], route_class=Gate)
doors = APIRouter(prefix="/api/v1", tags=["imports"], route_class=Gate)


class ColumnRead(SQLModel):
    field: str
    header: str
    also: list[str]
    required: bool
    meaning: str


class ImportRead(SQLModel):
    """`columns`: by field name or any of the headers; order and further columns do not matter."""

    name: str
    label: str
    meaning: str
    template: str
    columns: list[ColumnRead]


@router.get("")
def list_imports(actor: CurrentActor) -> Page[ImportRead]:
    """Everything that can be imported as XLSX, XLS, CSV or JSON, in the order in which a new installation needs it."""
    return Page[ImportRead](
        items=[
            ImportRead(
                name=kind.name,
                label=str(kind.word.label),
                meaning=str(kind.word.meaning),
                template=f"/api/v1/imports/{kind.name}/template",
                columns=[ColumnRead(**asdict(column)) for column in columns(kind)],
            )
            for kind in IMPORTS.values()
        ]
    )


class ImportStanding(enum.StrEnum):
    waiting = "waiting"
    running = "running"
    done = "done"
    failed = "failed"


class ImportProgress(SQLModel):
    """An import in the background. `progress`: from 0 to 1, null while nobody knows. `problem`: why it failed, in words;
    nothing of it was imported. Once it is done the fields of its report stand beside these, as an import that is
    answered at once tells them; some belong to one kind only."""

    id: UUID
    kind: str
    state: ImportStanding
    progress: float | None
    total: int
    asked_at: datetime
    ended_at: datetime | None
    problem: ImportProblem | None
    dry_run: bool
    applied: bool | None = None
    counts: dict[str, int] | None = None
    ignored_columns: list[str] | None = None
    unread_sheets: list[str] | None = None
    rows: list[RowReport] | None = None
    in_force_from: date | None = None
    version: int | None = None
    removed: list[str] | None = None
    events: int | None = None
    gone_from_device: int | None = None


@router.get("/{import_id}", response_model_exclude_unset=True)
@raises(NotFound)
def get_import(import_id: UUID, actor: AnyActor, session: DatabaseSession) -> ImportProgress:
    """How far a large import is, for who asked it and for administrators; once it is done, its report."""
    found = find_import(session, actor, import_id)
    one = found.found
    kept = report_of(session, one)
    return ImportProgress(
        id=one.id,
        kind=one.kind,
        state=ImportStanding(found.state),
        progress=found.progress,
        total=one.total,
        asked_at=one.asked_at,
        ended_at=one.ended_at,
        problem=one.problem,
        **{"dry_run": one.asked["dry_run"], **(unpacked(kept) if kept else {})},
    )


@router.get("/{kind}/template", response_class=Response, responses=TABLE_FILE)
@raises(NoSuchImport)
def get_import_template(
    kind: str,
    actor: CurrentActor,
    form: Annotated[TableFormat, Query(alias="format")] = TableFormat.xlsx,
) -> Response:
    """An empty table with Chinese headers; the XLSX explains its columns on a second sheet."""
    title, headers, notes = template_table(import_kind(kind))
    more = {"notes": notes, "notes_title": _("Columns")} if form is TableFormat.xlsx else {}
    return table_response(f"{kind}-template", form, title, headers, [], **more)


def _open_door(kind: type[Importer]) -> None:
    @needs("import", bureau=kind.of_bureau)
    def door(
        actor: CurrentActor,
        session: DatabaseSession,
        body: ImportBody,
        request: Request,
        dry_run: DryRun = False,
    ) -> Report:
        return import_rows(session, actor, kind, body, request, dry_run)

    whose = ", by who sees the whole bureau" if kind.of_bureau else ""
    said = (
        f"A table of {kind.name}: XLSX, XLS, CSV or JSON{whose}. Idempotent by `{kind.known_by}`; answers a report for "
        "each row. A large table, or any with `Prefer: respond-async`, is imported in the background. One at a time for "
        "each account."
    )
    doors.add_api_route(
        f"/{kind.name}/import",
        door,
        methods=["POST"],
        name=f"import_{kind.name}",
        description=said,
        responses=IN_BACKGROUND,
    )


for _kind in IMPORTS.values():
    if _kind.known_by:
        _open_door(_kind)

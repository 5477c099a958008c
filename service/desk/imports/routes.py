"""/api/v1/imports: what tables are understood; and the door of each kind, POST /api/v1/{kind}/import."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import SQLModel

from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.desk.imports.kinds import IMPORTS, import_kind
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession
from service.kernel.i18n import gettext as _
from service.kernel.paper.download import TABLE_FILE, TableFormat, table_response
from service.registry.importing.actions import Report
from service.registry.importing.columns import columns, template_table
from service.registry.importing.errors import NoSuchImport
from service.registry.importing.importer import Importer
from service.registry.importing.routes import DryRun, ImportBody, import_rows

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
    @needs("import")
    def door(
        actor: CurrentActor,
        session: DatabaseSession,
        body: ImportBody,
        request: Request,
        dry_run: DryRun = False,
    ) -> Report:
        return import_rows(kind(session, actor), body, request, dry_run)

    said = f"A table of {kind.name}: XLSX, XLS, CSV or JSON. Idempotent by `{kind.known_by}`; answers a report for each row."
    doors.add_api_route(
        f"/{kind.name}/import", door, methods=["POST"], name=f"import_{kind.name}", description=said
    )


for _kind in IMPORTS.values():
    if _kind.known_by:
        _open_door(_kind)

"""/api/v1/matters: the recording matters list and its versions. All of the bureau may read what has to be recorded."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session, SQLModel

from schemas.matters import MatterBase
from service.access.dependencies import CurrentActor
from service.access.gate import Gate, needs
from service.kernel.asked_times import WrittenDay
from service.kernel.clock import local, now
from service.kernel.contract import Page, raises
from service.kernel.database import DatabaseSession
from service.kernel.i18n import gettext as _
from service.kernel.paper.download import TABLE_FILE, TableFormat, table_response
from service.registry.events.subjects import subjects
from service.registry.importing.routes import IN_BACKGROUND, DryRun, ImportBody, import_rows
from service.registry.matters import queries, table
from service.registry.matters.errors import NoSuchVersion
from service.registry.matters.importers import MatterImporter, MattersReport
from service.registry.matters.queries import Published
from service.registry.matters.rules import Rule, compare

router = APIRouter(prefix="/api/v1/matters", tags=["matters"], route_class=Gate)


class Line(MatterBase):
    @classmethod
    def of(cls, rule: Rule) -> "Line":
        return cls(
            **{name: getattr(rule, name) for name in MatterBase.model_fields if name != "steps"},
            steps=list(rule.steps),
        )


class VersionRead(SQLModel):
    """`in_force_until` is exclusive; version 0 is the built-in default."""

    version: int
    in_force_from: date | None
    in_force_until: date | None
    in_force: bool
    superseded: bool
    note: str
    published_at: datetime | None
    published_by: str | None
    lines: int


class VersionDetail(VersionRead):
    items: list[Line]


class ChangeRead(SQLModel):
    """`before` or `after` null: the line is not in that version."""

    kind: str
    subject: str
    fields: list[str]
    before: Line | None
    after: Line | None


def _read(one: Published) -> dict[str, Any]:
    return {
        "version": one.version,
        "in_force_from": one.edition.in_force_from if one.version else None,
        "in_force_until": one.in_force_until,
        "in_force": one.in_force,
        "superseded": one.superseded,
        "note": one.note,
        "published_at": one.published_at,
        "published_by": one.published_by,
        "lines": len(one.edition.rules),
    }


@router.get("")
def list_matter_versions(actor: CurrentActor, session: DatabaseSession) -> Page[VersionRead]:
    """Newest first."""
    return Page[VersionRead](items=[VersionRead(**_read(one)) for one in queries.versions(session)])


@router.post("/import", responses=IN_BACKGROUND)
@needs("publish_matters", bureau=True)
def import_matters(
    actor: CurrentActor,
    session: DatabaseSession,
    body: ImportBody,
    request: Request,
    in_force_from: WrittenDay | None = None,
    note: Annotated[str, Query(max_length=1000)] = "",
    dry_run: DryRun = False,
) -> MattersReport:
    """Publishes the table as a new version, in force from a day on (today if none is said). One wrong row publishes
    nothing. `events`: how many events that version governs, all of which are counted again."""
    day = in_force_from or local(now()).date()
    asked = {"in_force_from": day.isoformat(), "note": note}
    return import_rows(session, actor, MatterImporter, body, request, dry_run, asked)


@router.get("/{version}")
@raises(NoSuchVersion)
def get_matter_version(version: int, actor: CurrentActor, session: DatabaseSession) -> VersionDetail:
    """One version with its lines; 0 is the built-in default."""
    found = queries.get_version(session, version)
    return VersionDetail(**_read(found), items=[Line.of(rule) for rule in found.edition.rules])


@router.get("/{version}/changes")
@raises(NoSuchVersion)
def list_matter_changes(
    version: int,
    actor: CurrentActor,
    session: DatabaseSession,
    since: Annotated[int, Query(description="the version it is compared with")] = 0,
) -> Page[ChangeRead]:
    """What differs between two versions, line by line."""
    after = queries.get_version(session, version).edition
    before = queries.get_version(session, since).edition
    return Page[ChangeRead](
        items=[
            ChangeRead(
                kind=one.kind,
                subject=one.subject,
                fields=list(one.fields),
                before=Line.of(one.before) if one.before else None,
                after=Line.of(one.after) if one.after else None,
            )
            for one in compare(before.rules, after.rules)
        ]
    )


@router.get("/{version}/export", response_class=Response, responses=TABLE_FILE)
@raises(NoSuchVersion)
def export_matter_version(
    version: int,
    actor: CurrentActor,
    session: DatabaseSession,
    form: Annotated[TableFormat, Query(alias="format")] = TableFormat.xlsx,
) -> Response:
    """As a table that can be changed and imported again."""
    return exported(session, version, form)


def exported(session: Session, version: int, form: TableFormat) -> Response:
    """As a table that can be changed and imported again."""
    found = queries.get_version(session, version)
    return table_response(
        f"recording-matters-v{version}",
        form,
        _("Recording matters, version {version}").format(version=version),
        table.columns(),
        table.rows(found.edition.rules, subjects(session).word),
    )

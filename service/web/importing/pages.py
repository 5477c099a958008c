"""The import page: choose a table, see what it would do, then do it."""

from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from schemas.imports import TableImport
from service.access.actions import require
from service.access.gate import Gate, needs
from service.access.queries import squad_scope
from service.desk.imports.kinds import IMPORTS, IN_BACKGROUND, import_kind
from service.kernel import i18n
from service.kernel.actor import Actor
from service.kernel.asked_times import day_asked
from service.kernel.clock import local, now
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid, NotAllowed
from service.kernel.i18n import gettext as _
from service.kernel.written_times import UnreadableTime
from service.registry.importing.columns import Column, columns
from service.registry.importing.errors import FileChanged
from service.registry.importing.form import ImportForm, Sent
from service.registry.importing.importer import Importer, Outcome
from service.registry.importing.report import Report, RowReport, unpacked
from service.registry.importing.running import Standing, Table, find_import, report_of, take, waiting_import
from service.registry.matters.importers import MatterImporter
from service.web.frame.rendering import render, wants_fragment
from service.web.frame.shell import PageActor

router = APIRouter(route_class=Gate)
SHOWN = 300  # rows of each outcome
OF_A_LIST = ("removed", "version", "events", "in_force_from")  # what only matters tell


@dataclass(frozen=True)
class Page:
    """`kinds`: those that this person may import; `today`: the day that a list is in force from, unless said.
    `running`: an import of this person in the background."""

    kinds: list[type[Importer]]
    kind: type[Importer]
    columns: list[Column]
    today: date
    running: UUID | None = None


@dataclass(frozen=True)
class Told:
    """A report as the page shows it: of each outcome the first rows. `in_form`: it stands in the form with the file
    that was checked, which can be applied there."""

    kind: type[Importer]
    report: Report
    file_name: str
    fingerprint: str
    rows: list[RowReport]
    left_out: int
    removed: list[str] = field(default_factory=list)
    version: int | None = None
    events: int | None = None
    in_force_from: date | None = None
    in_form: bool = True

    @property
    def total(self) -> int:
        return sum(self.report.counts.values())

    @property
    def nothing_to_do(self) -> bool:
        counts = self.report.counts
        return not (counts[Outcome.created] or counts[Outcome.changed] or self.removed)

    def said(self, name: str) -> str:
        """A changed field as its column is called."""
        field_name = name.removesuffix("_id")
        if i18n.current() == "zh_CN":
            for header, known in self.kind.headers.items():
                if known in (name, field_name):
                    return header
        return field_name.replace("_", " ")

    @property
    def may_apply(self) -> bool:
        blocked = self.kind.all_or_nothing and self.report.counts[Outcome.refused]
        return self.report.dry_run and self.total > 0 and not blocked and self.in_form


def kinds_of(actor: Actor) -> list[type[Importer]]:
    """What no squad owns is for those who see the whole bureau."""
    return [kind for kind in IMPORTS.values() if not kind.of_bureau or squad_scope(actor) is None]


@router.get("/import")
def import_page(request: Request, actor: PageActor, session: DatabaseSession, kind: str = "") -> Response:
    require(actor, "import")
    kinds = kinds_of(actor)
    chosen = import_kind(kind) if kind else kinds[0]
    if chosen not in kinds:
        raise NotAllowed
    running = waiting_import(session, actor)
    page = Page(kinds, chosen, columns(chosen), local(now()).date(), running.id if running else None)
    return render(request, "importing/page.html", importing=page)


@router.post("/import/{kind}")
@needs("import")
def import_file(
    request: Request, kind: str, actor: PageActor, session: DatabaseSession, sent: ImportForm
) -> Response:
    """`do` = check: a dry run. `do` = apply, with the fingerprint of the file that was checked: for good."""
    require(actor, "import")
    chosen = import_kind(kind)
    checking = sent.fields.get("do") != "apply"
    if not checking and sent.fields.get("checked") != sent.fingerprint:
        raise FileChanged
    table = Table(sent.data, sent.content_type, sent.file_name)
    found = take(session, actor, chosen, table, _asked(chosen, sent), dry_run=checking)
    if isinstance(found, TableImport):
        return _running(request, find_import(session, actor, found.id))
    return _show(request, _told(chosen, found, sent))


@router.get("/import/{import_id}")
def background_import(
    request: Request, import_id: UUID, actor: PageActor, session: DatabaseSession
) -> Response:
    """How far an import in the background is, and then what it did."""
    standing = find_import(session, actor, import_id)
    kept = report_of(session, standing.found)
    if kept is None:
        return _running(request, standing)
    return _show(request, _kept(standing.found, unpacked(kept), in_form=wants_fragment(request)))


def _running(request: Request, standing: Standing) -> Response:
    kind = IN_BACKGROUND[standing.found.kind]
    return render(
        request,
        "importing/running_page.html",
        fragment="importing/_running.html",
        running=standing,
        kind=kind,
    )


def _show(request: Request, told: Told) -> Response:
    return render(request, "importing/report_page.html", fragment="importing/_report.html", told=told)


def _asked(kind: type[Importer], sent: Sent) -> dict[str, Any]:
    if kind is not MatterImporter:
        return {}
    day = _day(sent) or local(now()).date()
    return {"in_force_from": day.isoformat(), "note": sent.fields.get("note", "")}


def _told(kind: type[Importer], report: Report, sent: Sent) -> Told:
    rows, left_out = _first(report)
    more = {name: getattr(report, name) for name in OF_A_LIST if hasattr(report, name)}
    return Told(kind, report, sent.file_name[:200], sent.fingerprint, rows, left_out, **more)


def _kept(found: TableImport, said: dict[str, Any], *, in_form: bool) -> Told:
    report = Report(
        **{one.name: said[one.name] for one in fields(Report) if one.name != "rows"},
        rows=[RowReport(**row) for row in said["rows"]],
    )
    more = {name: said[name] for name in OF_A_LIST if name in said}
    if "in_force_from" in more:
        more["in_force_from"] = date.fromisoformat(more["in_force_from"])
    rows, left_out = _first(report)
    kind = IN_BACKGROUND[found.kind]
    return Told(kind, report, found.file_name, found.fingerprint, rows, left_out, in_form=in_form, **more)


def _day(sent: Sent) -> date | None:
    said = sent.fields.get("in_force_from", "").strip()
    if not said:
        return None
    try:
        return day_asked(said)
    except UnreadableTime as error:
        raise Invalid(field=_("In force from"), problem=error.problem) from None


def _first(report: Report) -> tuple[list[RowReport], int]:
    """What a person has to look at, first; rows that change nothing are only counted."""
    shown: list[RowReport] = []
    left_out = 0
    for outcome in (Outcome.refused, Outcome.changed, Outcome.created):
        found = [row for row in report.rows if row.outcome == outcome]
        found.sort(key=lambda row: (row.note is None, row.row))
        shown += found[:SHOWN]
        left_out += max(0, len(found) - SHOWN)
    return shown, left_out

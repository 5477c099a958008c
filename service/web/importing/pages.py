"""The import page: choose a table, see what it would do, then do it."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from service.access.actions import require
from service.access.gate import Gate, needs
from service.access.queries import squad_scope
from service.desk.imports.kinds import IMPORTS, import_kind
from service.kernel import i18n
from service.kernel.actor import Actor
from service.kernel.asked_times import day_asked
from service.kernel.clock import local, now
from service.kernel.database import DatabaseSession
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.kernel.written_times import UnreadableTime
from service.registry.importing.actions import Report, RowReport, run_import
from service.registry.importing.columns import Column, columns
from service.registry.importing.errors import FileChanged
from service.registry.importing.form import ImportForm, Sent
from service.registry.importing.importer import Importer, Outcome
from service.registry.matters.importers import MatterImporter
from service.registry.matters.queries import recounted
from service.web.frame.rendering import render
from service.web.frame.shell import PageActor

router = APIRouter(route_class=Gate)
SHOWN = 300  # rows of each outcome


@dataclass(frozen=True)
class Page:
    """`kinds`: those that this person may import; `today`: the day that a list is in force from, unless said."""

    kinds: list[type[Importer]]
    kind: type[Importer]
    columns: list[Column]
    today: date


@dataclass(frozen=True)
class Told:
    """A report as the page shows it: of each outcome the first rows. `asked`: what a person must confirm first."""

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
        return self.report.dry_run and self.total > 0 and not blocked


def kinds_of(actor: Actor) -> list[type[Importer]]:
    """The list of matters is the whole bureau's."""
    return [kind for kind in IMPORTS.values() if kind is not MatterImporter or squad_scope(actor) is None]


@router.get("/import")
def import_page(request: Request, actor: PageActor, session: DatabaseSession, kind: str = "") -> Response:
    require(actor, "import")
    chosen = import_kind(kind or "squads")
    page = Page(kinds_of(actor), chosen, columns(chosen), local(now()).date())
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
    told = _run(session, actor, chosen, sent, dry_run=checking)
    return render(request, "importing/report_page.html", fragment="importing/_report.html", told=told)


def _run(session: Session, actor: Actor, kind: type[Importer], sent: Sent, *, dry_run: bool) -> Told:
    more: dict[str, Any] = {}
    if kind is MatterImporter:
        importer = MatterImporter(session, actor, _day(sent), sent.fields.get("note", ""))
        report = run_import(importer, sent.data, sent.content_type, dry_run=dry_run)
        more = {
            "removed": importer.removed,
            "version": importer.published,
            "in_force_from": importer.in_force_from,
            "events": recounted(session, importer.in_force_from),
        }
    else:
        report = run_import(kind(session, actor), sent.data, sent.content_type, dry_run=dry_run)
    rows, left_out = _first(report)
    return Told(kind, report, sent.file_name[:200], sent.fingerprint, rows, left_out, **more)


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

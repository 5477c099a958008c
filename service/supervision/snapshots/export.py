"""A frozen month as a book of tables: figures on both bases, the words that define them, and every row."""

import enum
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from schemas.coverage import Basis, CoverageSnapshot, Dispute, DisputeAbout, SnapshotRow
from service.kernel import i18n
from service.kernel.actor import Actor
from service.kernel.i18n import gettext as _
from service.kernel.i18n import moment
from service.kernel.paper.workbook import Sheet
from service.kernel.policy import holds_samples
from service.registry.events.subjects import subjects
from service.supervision.coverage.export import BASES, definition_sheet, figure_table
from service.supervision.coverage.figure_types import About
from service.supervision.disputes.queries import upheld_since
from service.supervision.disputes.subjects import row_id
from service.supervision.disputes.words import DISPUTED
from service.supervision.snapshots.lines import ABOUT, Names, columns, event_number
from service.supervision.snapshots.queries import figures_for, squads_of, with_rows
from service.supervision.snapshots.recount import BY_BASIS, FIGURES, counted
from service.supervision.snapshots.rules import name_of
from service.supervision.snapshots.words import POLICIES


class Table(enum.StrEnum):
    """What a CSV, which holds one table, may be of."""

    figures = "figures"
    events = "events"
    recordings = "recordings"
    links = "links"
    recorders = "recorders"
    duty_days = "duty_days"


_ABOUT = {
    Table.events: About.event,
    Table.recordings: About.recording,
    Table.links: About.link,
    Table.recorders: About.recorder,
    Table.duty_days: About.duty_day,
}


def sheets(session: Session, actor: Actor, snapshot: CoverageSnapshot) -> list[Sheet]:
    return [
        _figures(snapshot, actor),
        definition_sheet(FIGURES, words_of(snapshot)["figures"]),
        _rules(snapshot, holds_samples(session)),
        *(_rows(session, actor, snapshot, about) for about in ABOUT),
        _disputes(session, actor, snapshot),
    ]


def one_sheet(session: Session, actor: Actor, snapshot: CoverageSnapshot, table: Table) -> Sheet:
    if table is Table.figures:
        return _figures(snapshot, actor)
    return _rows(session, actor, snapshot, _ABOUT[table])


def words_of(snapshot: CoverageSnapshot) -> dict:
    """The frozen words, in the reader's language."""
    words = snapshot.definitions["words"]
    return words.get(i18n.current()) or words[i18n.DEFAULT]


def _figures(snapshot: CoverageSnapshot, actor: Actor) -> Sheet:
    head: Sequence[str] = ()
    lines = []
    for basis in Basis:
        held = figures_for(snapshot, actor, basis)
        rows = held["squads"] + ([held["total"]] if held["total"] else [])
        head, found = figure_table(rows, ("squad",))
        lines += [[name_of(snapshot.month), str(BASES[basis]), *line, snapshot.as_of] for line in found]
    return Sheet(_("Figures"), [_("Month"), _("Links counted"), *head, _("As of")], lines)


def _rules(snapshot: CoverageSnapshot, sample: bool) -> Sheet:
    """What else the figures depend on, and the fingerprint of the rows."""
    matters = snapshot.definitions["matters"]
    lines: list[Sequence[object]] = [
        *(
            [
                [
                    _("Sample data"),
                    _("Demonstration with sample data: officers, cases and recordings are made up."),
                ]
            ]
            if sample
            else []
        ),
        [_("Month"), name_of(snapshot.month)],
        [_("As of"), moment(snapshot.as_of, "second")],
        [_("Counting rule"), snapshot.rule_version],
        [_("Matters list version on the first day"), matters["version"]],
        *([_("From {day} on").format(day=day), version] for day, version in matters["changes"]),
        *([str(POLICIES[name]), value] for name, value in snapshot.definitions["policy"].items()),
        [_("SHA-256 of the frozen rows"), snapshot.rows_sha256],
    ]
    return Sheet(_("Rules"), [_("Rule"), _("Value")], lines)


def _rows(session: Session, actor: Actor, snapshot: CoverageSnapshot, about: About) -> Sheet:
    names = Names.of(snapshot, subjects(session))
    shown = columns(about)
    bases = list(Basis) if about in BY_BASIS else [Basis.counted]
    lines = []
    for basis in bases:
        found = counted(session, snapshot.id, snapshot.as_of, about, basis, squads_of(actor))
        for one in with_rows(session, actor, snapshot, about.value, basis, found):
            first = [str(BASES[basis])] if len(bases) > 1 else []
            lines.append([*first, *(column.read(one, names) for column in shown)])
    head = [str(column.title) for column in shown]
    return Sheet(str(ABOUT[about]), [_("Links counted"), *head] if len(bases) > 1 else head, lines)


def _disputes(session: Session, actor: Actor, snapshot: CoverageSnapshot) -> Sheet:
    """Beside the figures, never in them."""
    found = upheld_since(session, actor, snapshot)
    named = rows_named(session, snapshot, found)
    return Sheet(
        _("Disputes upheld since"),
        [_("About"), _("Row"), _("Statement"), _("Answer"), _("Answered")],
        [[*named[one.id], one.statement, one.answer, one.decided_at] for one in found],
    )


def rows_named(
    session: Session, snapshot: CoverageSnapshot, disputes: Sequence[Dispute]
) -> dict[UUID, tuple[str, str]]:
    """By dispute the kind of row that it is about, and the row as it was frozen."""
    squads = Names.of(snapshot, subjects(session)).squads
    ids = {one.id: row_id(one) for one in disputes}
    rows = {
        (row.about, row.subject_id): row
        for row in session.scalars(
            select(SnapshotRow).where(
                SnapshotRow.snapshot_id == snapshot.id,
                SnapshotRow.basis.in_((Basis.counted, "")),
                SnapshotRow.subject_id.in_(ids.values()),
            )
        )
    }
    named = {}
    for one in disputes:
        row = rows[str(one.about), ids[one.id]]
        match one.about:
            case DisputeAbout.event:
                name = event_number(row.row, row.subject_id)
            case DisputeAbout.recording:
                name = row.row["file_name"] or str(row.subject_id)[:13]
            case DisputeAbout.recorder:
                name = row.row["serial"]
            case _:
                name = f"{row.row['day']} {squads.get(str(row.squad_id), '')}"
        named[one.id] = str(DISPUTED[one.about]), name.strip()
    return named

"""One import is one transaction: every row is created, changed, unchanged or refused with its reason."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from schemas.custody import CustodyEntry
from service.kernel.custody import record
from service.kernel.database import Work, any_number_of_values, take_time
from service.kernel.i18n import gettext as _
from service.kernel.keys import KeyRounded, fold
from service.kernel.written_times import UnreadableTime
from service.registry.importing import acts
from service.registry.importing.columns import columns, numbers, problem_of, title, unreadable
from service.registry.importing.errors import ColumnsMissing, ImportUnreadable, RowRefused
from service.registry.importing.importer import KEYS, Importer, Outcome
from service.registry.importing.reading import read_table
from service.registry.importing.report import Report, RowReport
from service.registry.importing.rules import Sheet, SourceRow, number
from service.registry.importing.said_keys import key_said, maybe_rounded, no_key

Told = Callable[[int, int], None]
_TELL_EVERY = 100  # rows


def _nobody(_done: int, _total: int) -> None: ...


def run_import(importer: Importer, data: bytes, content_type: str, *, dry_run: bool) -> Report:
    """Reads the table and applies it, whatever its size."""
    importer.require_may()
    return apply_table(importer, read_for(importer, data, content_type), dry_run=dry_run)


def read_for(importer: Importer, data: bytes, content_type: str) -> Sheet:
    """The rows, of a table that has the columns that this kind needs. Hold no connection to the database meanwhile."""
    sheet = read_table(data, content_type, _columns(importer))
    _require_columns(importer, sheet)
    return sheet


def apply_table(importer: Importer, sheet: Sheet, *, dry_run: bool, told: Told = _nobody) -> Report:
    """A dry run does everything and takes it back, so that its report is what would happen. `told`: how many of the
    rows are through."""
    importer.require_may()
    take_time(importer.session, Work.import_)
    with any_number_of_values(importer.session):
        return _run(importer, sheet, dry_run=dry_run, told=told)


def _require_columns(importer: Importer, sheet: Sheet) -> None:
    """Whatever rows it has: a text, or another table, is not applied without a word. A list of JSON may be empty."""
    if sheet.header is None and not sheet.rows:
        return
    missing = [one for one in columns(type(importer)) if one.required and one.field not in sheet.columns]
    seen = ", ".join(sheet.header if sheet.header is not None else [*sorted(sheet.columns), *sheet.ignored])
    if missing:
        raise ColumnsMissing(columns=", ".join(title(one) for one in missing), seen=seen or "–")
    if sheet.header is not None and not sheet.columns:
        raise ImportUnreadable(problem=_("none of its columns is known: {seen}").format(seen=seen or "–"))


def _run(importer: Importer, sheet: Sheet, *, dry_run: bool, told: Told) -> Report:
    session = importer.session
    inside = session.begin_nested()
    try:
        reports = _apply_all(importer, sheet.rows, told)
        counts = Counter(str(report.outcome) for report in reports)
        applied = not dry_run and not (importer.all_or_nothing and counts[Outcome.refused])
        if not applied:
            _forget_custody(session)
            session.flush()
            reports = _with_notes(importer, reports)
            inside.rollback()
        else:
            if importer.changes_anything(counts):
                session.flush()
                importer.finish()
            session.flush()
            reports = _with_notes(importer, reports)
            inside.commit()
    except BaseException:  # clears up and raises it again
        if inside.is_active:
            inside.rollback()
        raise
    reports = _with_doubts(sheet.rows, reports)
    if applied:
        record(session, importer.actor, acts.IMPORT, importer.name, None, **dict[str, Any](counts))
    return Report(
        dry_run=dry_run,
        applied=applied,
        counts={str(outcome): counts[outcome] for outcome in Outcome},
        ignored_columns=list(sheet.ignored),
        unread_sheets=list(sheet.unread),
        rows=reports,
    )


def _with_notes(importer: Importer, reports: list[RowReport]) -> list[RowReport]:
    notes = importer.notes()
    return [
        replace(one, note=notes[one.key]) if one.outcome != Outcome.refused and one.key in notes else one
        for one in reports
    ]


def _with_doubts(rows: list[SourceRow], reports: list[RowReport]) -> list[RowReport]:
    """Also of numbers that look as if a spreadsheet had lost their last digits, though they could be meant."""
    by_column = {name: maybe_rounded(row.values.get(name) for row in rows) for name in KEYS}
    doubted = {name: numbers for name, numbers in by_column.items() if numbers}
    notes = {}
    for row in rows if doubted else ():
        said = [str(row.values.get(name, "")).strip() for name in doubted]
        found = [one for one, numbers in zip(said, doubted.values(), strict=True) if one in numbers]
        if found:
            notes[row.number] = _(
                "{number} ends in zeros, as a number does whose last digits a spreadsheet lost: compare it with its source"
            ).format(number=", ".join(found))
    return [
        replace(one, note=f"{one.note} {notes[one.row]}" if one.note else notes[one.row])
        if one.row in notes and one.outcome != Outcome.refused
        else one
        for one in reports
    ]


def _forget_custody(session: Session) -> None:
    """Numbers of custody rows do not come back with a rollback, and a hole among them looks like a row removed."""
    for row in list(session.new):
        if isinstance(row, CustodyEntry):
            session.expunge(row)


def _columns(importer: Importer) -> dict[str, str]:
    return {**importer.headers, **{name: name for name in importer.model.model_fields}}


def _apply_all(importer: Importer, rows: list[SourceRow], told: Told) -> list[RowReport]:
    reports: dict[int, RowReport] = {}
    read_rows: list[tuple[int, Any]] = []
    for row in rows:
        if row.problem:
            said = importer.key_said(row.values)
            reports[row.number] = RowReport(row.number, Outcome.refused, said, row.problem)
            continue
        try:
            read_rows.append((row.number, _read(importer, row)))
        except RowRefused as refused:
            key = importer.key_said(row.values)
            reports[row.number] = RowReport(row.number, Outcome.refused, key, refused.problem)
    seen: dict[str, tuple[int, str]] = {}
    with importer.session.no_autoflush:
        importer.load([wanted for _number, wanted in read_rows])
        for done, (number, wanted) in enumerate(read_rows):
            if done % _TELL_EVERY == 0:
                told(done, len(read_rows))
            key = importer.key(wanted)
            try:
                if not key:
                    raise RowRefused(
                        _("the external id is missing, so a second import could not recognise it")
                    )
                same = fold(key) if importer.known_by else key
                written = importer.written(wanted)
                if same in seen:
                    before, first = seen[same]
                    how = "" if first == written else importer.differs(first, written)
                    raise RowRefused(_twice(before, how))
                seen[same] = number, written
                importer.note = None
                outcome, changes = importer.apply(wanted)
                reports[number] = RowReport(number, outcome, key, changes=changes, note=importer.note)
            except RowRefused as refused:
                reports[number] = RowReport(number, Outcome.refused, key, refused.problem)
    return [reports[number] for number in sorted(reports)]


def _read(importer: Importer, row: SourceRow) -> Any:
    values = {}
    for name, value in row.values.items():
        if name in KEYS and (problem := no_key(value, several=name == "officers")):
            raise RowRefused(unreadable(type(importer), name, value, problem))
        try:
            plain = str(value) if isinstance(value, str) else value
            if name in importer.cells:
                values[name] = importer.cells[name](value)
            else:
                values[name] = number(plain) if name in numbers(type(importer)) else plain
        except UnreadableTime as error:
            raise RowRefused(unreadable(type(importer), name, value, error.problem)) from error
    if "\x00" in str(values) or _holds_nul(values):
        raise RowRefused(_("it holds a character that no text may hold"))
    try:
        values |= {name: key_said(values[name]) for name in KEYS & set(values)}
    except KeyRounded as error:
        raise RowRefused(error.say()) from error
    try:
        return importer.model.model_validate(values)
    except ValidationError as error:
        raise RowRefused(problem_of(type(importer), error)) from error


def _twice(row: int, how: str) -> str:
    """`how` the second is written otherwise; "" where it is not."""
    if not how:
        return _("the same id stands in row {row} already").format(row=row)
    return _("the same id stands in row {row} already, written with {how}").format(row=row, how=how)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, dict):
        return any(_holds_nul(part) for part in (*value, *value.values()))
    return isinstance(value, list) and any(_holds_nul(part) for part in value)

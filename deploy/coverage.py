"""`zhenglu coverage`: the board's figures on the command line, with all that they stand on."""

import enum
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.kernel.i18n import gettext as _
from service.supervision.coverage import acts
from service.supervision.coverage.figures import BY_NAME

if TYPE_CHECKING:
    from deploy.console import Console
    from service.registry.events.subjects import Subjects
    from service.supervision.coverage.figure_types import Figure
    from service.supervision.coverage.queries import Board
    from service.supervision.coverage.selection import Filters


class Links(enum.StrEnum):
    counted = "counted"
    confirmed = "confirmed"


SIDE_BY_SIDE = 6
BY = "squad, officer, kind, subject, campaign, day, month, year"


def coverage(
    by: Annotated[str, typer.Option(help=f"one or two of {BY}, comma-separated")] = "squad",
    since: Annotated[
        str,
        typer.Option("--from", metavar="DAY", help="from this day on; the first of this month if left out"),
    ] = "",
    to: Annotated[
        str, typer.Option("--to", metavar="DAY", help="up to this day, itself included; today if left out")
    ] = "",
    basis: Annotated[
        Links, typer.Option(help="which links count: automatic and confirmed ones, or only confirmed ones")
    ] = Links.counted,
    as_of: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="what was due then, 2024-07-01 or 2024-07-01T08:00; now if left out"
        ),
    ] = "",
    figures: Annotated[
        str, typer.Option(help="names, comma-separated, or “all”; those about events if left out")
    ] = "",
    squad: Annotated[str, typer.Option(help="only this squad: code or id")] = "",
    officer: Annotated[str, typer.Option(help="only this officer: certificate number")] = "",
    kind: Annotated[str, typer.Option(help="only this kind of events")] = "",
    subject: Annotated[str | None, typer.Option(help="only this subject")] = None,
    campaign: Annotated[str, typer.Option(help="only this campaign")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="as the API answers it")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="a line for each group and figure")] = False,
) -> None:
    """Coverage: of the events that had to be recorded, how many were, and how completely.

    For instance: zhenglu coverage --by squad --from 2024-06-01 --to 2024-06-30
    """
    from sqlalchemy.exc import OperationalError

    from deploy.console import Console
    from service.kernel.errors import ServiceError
    from service.kernel.settings import get_settings

    problems = Console(stderr=True)
    if as_json and as_csv:
        _fail(problems, _("Either --json or --csv, not both."))
    if not get_settings().database_url:
        _fail(problems, _("ZHENGLU_DATABASE_URL is not set, and no `zhenglu up` runs on the data folder."))
    names = {
        "basis": basis.value, "squad": squad, "officer": officer, "kind": kind, "subject": subject,
        "campaign": campaign,
    }  # fmt: skip
    try:
        _show(problems, by, since, to, as_of, figures, names, as_json, as_csv)
    except ServiceError as error:
        _fail(problems, _explained(error))
    except OperationalError:
        _fail(problems, _("The database does not answer. Is it running?"))


def _show(
    problems: "Console",
    by: str,
    since: str,
    to: str,
    as_of: str,
    figures: str,
    names: dict[str, Any],
    as_json: bool,
    as_csv: bool,
) -> None:
    import sys

    from deploy.console import Console
    from service.kernel import i18n
    from service.kernel.clock import local, now
    from service.kernel.custody import record
    from service.kernel.database import transaction
    from service.kernel.settings import get_settings
    from service.registry.events.subjects import subjects
    from service.supervision.coverage.figures import BOARD, SPECS
    from service.supervision.coverage.queries import board
    from service.supervision.coverage.selection import filters_of

    i18n.set_zone(get_settings().timezone)
    moment = _time(as_of) if as_of else now()
    last = _day("--to", to) if to else local(moment).date()
    first = _day("--from", since) if since else last.replace(day=1)
    if first > last:
        raise typer.BadParameter(_("--from {day} lies after --to {last}").format(day=first, last=last))
    wanted = tuple(spec.name for spec in SPECS if spec.counted) if figures == "all" else _words(figures)
    with transaction() as session:
        actor = _reader()
        filters = filters_of(session, actor, since=first, until=last + timedelta(days=1), **names)
        found = board(session, actor, filters, _words(by), moment, names=wanted or BOARD)
        known = subjects(session)
        if as_json or as_csv:
            form = "json" if as_json else "csv"
            record(
                session, "cli", acts.EXPORT, "coverage", None, format=form, by=by, basis=filters.basis.value
            )
    if as_json:
        _print_json(found)
    elif as_csv:
        from service.kernel.paper.workbook import write_csv
        from service.supervision.coverage.export import board_sheets

        sheet = board_sheets(found, known)[0]
        sys.stdout.buffer.write(write_csv(sheet.columns, sheet.rows))
    else:
        _print_table(Console(), found, known)
        if not any(one.n or one.excluded for one in found.total.figures.values()):
            problems.print(_("Nothing to count in this range."), style="yellow")


def _reader() -> Any:
    """Whoever may run this on the machine sees the whole bureau."""
    from uuid import UUID

    from schemas.accounts import Role
    from service.kernel.actor import Actor

    return Actor(account_id=UUID(int=0), username="cli", role=Role.auditor, squad_id=None)


def _print_json(found: "Board") -> None:
    import json

    from pydantic_core import to_jsonable_python

    from service.supervision.coverage.answers import board_json

    typer.echo(json.dumps(to_jsonable_python(board_json(found)), ensure_ascii=False, indent=2))


def _print_table(console: "Console", found: "Board", known: "Subjects") -> None:
    """A column for each figure; a line for each where there are too many to stand side by side."""
    from rich import box
    from rich.table import Table

    from service.supervision.coverage.words import DIMENSIONS
    from service.web.coverage.chart_view import label_of

    table = Table(title=_heading(found.filters), box=box.SIMPLE_HEAD, title_justify="left")
    for dimension in found.by:
        table.add_column(str(DIMENSIONS[dimension]), overflow="fold")
    names = list(found.total.figures)
    tall = len(names) > SIDE_BY_SIDE
    for title in (
        [_("Figure"), _("Share"), ""] if tall else [str(BY_NAME[name].words.title) for name in names]
    ):
        table.add_column(title, justify="left" if tall and title == _("Figure") else "right", overflow="fold")
    for row in (*found.rows, found.total):
        whole = row is found.total
        labels = [label_of(key, known) for key in row.keys]
        if whole:
            labels = [_("All together"), *[""] * (len(found.by) - 1)][: len(found.by)]
        if tall:
            for name, figure in row.figures.items():
                table.add_row(*labels, str(BY_NAME[name].words.title), _share(figure), _of(figure))
                labels = [""] * len(labels)
            table.add_section()
            continue
        if whole and found.rows:
            table.add_section()
        cells = [f"{_share(one)}\n{_of(one)}" for one in row.figures.values()]
        table.add_row(*labels, *cells, style="bold" if whole else "")
    console.print(table, markup=False, highlight=False)
    _print_notes(console, found)


def _share(figure: "Figure") -> str:
    from service.kernel.i18n import percent

    return percent(figure.share, 1) + ("*" if figure.small and figure.n else "")


def _of(figure: "Figure") -> str:
    """Numerator / denominator, on one line."""
    from service.supervision.coverage.figures import BY_NAME
    from service.web.coverage.tiles import amount

    if figure.share is None:
        return ""
    unit = BY_NAME[figure.name].unit
    said = f"{amount(figure.numerator, unit)} / {amount(figure.denominator, unit)}"
    return said.replace(" ", "\N{NO-BREAK SPACE}")


def _print_notes(console: "Console", found: "Board") -> None:
    from service.kernel.i18n import moment
    from service.supervision.coverage.export import BASES, counts
    from service.supervision.coverage.words import EXCLUSIONS, EXEMPTIONS

    def say(sentence: str, style: str = "") -> None:
        console.print(sentence, style=style, markup=False, highlight=False)

    figures = found.total.figures
    left_out = {name: counts(one.excluded, EXCLUSIONS) for name, one in figures.items()}
    for text in dict.fromkeys(one for one in left_out.values() if one):
        titles = ", ".join(str(BY_NAME[name].words.title) for name, one in left_out.items() if one == text)
        say(_("Left out: {what} ({figures})").format(what=text, figures=titles))
    for name, one in figures.items():
        if reasons := counts(one.reasons, EXEMPTIONS):
            say(_("{figure} by reason: {what}").format(figure=BY_NAME[name].words.title, what=reasons))
    if any(one.small and one.n for row in (*found.rows, found.total) for one in row.figures.values()):
        say(_("* Few rows: chance moves it a lot."))
    for change in found.rule_changes:
        if change.inside:
            say(
                _(
                    "From {day} version {n} of the matters list holds: figures before and after do not compare."
                ).format(day=change.day, n=change.version),
                "yellow",
            )
        if change.backdated:
            say(
                _(
                    "Version %(version)s of the matters list holds from %(since)s, but was published only on %(day)s: "
                    "what was counted before that day was counted by another list."
                )
                % {"version": change.version, "since": change.day, "day": change.published_on},
                "yellow",
            )
    if found.absent:
        names = ", ".join(str(BY_NAME[name].words.title) for name in found.absent)
        say(_("Cannot be had by these groups or filters: {names}").format(names=names), "yellow")
    numbers = sorted({n for one in figures.values() for n in one.matter_versions})
    versions = [str(n) if n else _("the built-in default") for n in numbers]
    rule = next(iter(figures.values())).rule_version if figures else ""
    say(
        _("Links counted: {basis}. Counting rule {rule}, matters list: {versions}.").format(
            basis=BASES[found.filters.basis], rule=rule, versions=", ".join(versions) or "–"
        ),
        "dim",
    )
    say(
        _("As of {time}, counted at {counted}.").format(
            time=moment(found.as_of, "second"), counted=moment(found.counted_at, "second")
        ),
        "dim",
    )


def _heading(filters: "Filters") -> str:
    last = filters.until - timedelta(days=1) if filters.until else None
    return _("Coverage {first} – {last}").format(first=filters.since, last=last)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _day(option: str, text: str) -> date:
    from service.kernel.asked_times import day_asked
    from service.kernel.written_times import UnreadableTime

    try:
        return day_asked(text)
    except UnreadableTime:
        raise typer.BadParameter(
            _("{day} is no day: write it as 2024-06-03").format(day=text), param_hint=option
        ) from None


def _time(text: str) -> datetime:
    from service.kernel.asked_times import time_asked
    from service.kernel.written_times import UnreadableTime

    try:
        return time_asked(text)
    except UnreadableTime:
        raise typer.BadParameter(
            _("{time} is no time: write it as 2024-06-03 or 2024-06-03T08:00").format(time=text),
            param_hint="--as-of",
        ) from None


def _explained(error: Any) -> str:
    """The service's sentence, and what would have been understood."""
    from schemas.events import EventKind
    from service.supervision.coverage.figures import SPECS

    known = {
        "by": BY,
        "kind": ", ".join(EventKind),
        "figures": ", ".join(spec.name for spec in SPECS if spec.counted),
    }
    choices = known.get(error.params.get("field", ""))
    return f"{error.say()}\n{_('Possible: {choices}').format(choices=choices)}" if choices else error.say()


def _fail(console: "Console", sentence: str) -> None:
    console.print(sentence, style="red", markup=False)
    raise typer.Exit(2)


def register(app: typer.Typer) -> None:
    app.command("coverage")(coverage)

"""The months: which are frozen, what freezing one would hold, and a frozen one with its rows."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from schemas.accounts import Account
from schemas.coverage import Basis, CoverageSnapshot
from service.access.actions import require
from service.access.gate import Gate, needs
from service.access.queries import squad_scope
from service.access.rules import may
from service.kernel.actor import Actor
from service.kernel.database import DatabaseSession
from service.kernel.i18n import gettext as _
from service.kernel.i18n import moment, number, percent
from service.registry.events.subjects import subjects
from service.supervision.coverage.export import BASES
from service.supervision.coverage.figure_types import About, Part
from service.supervision.coverage.figures import BOARD
from service.supervision.coverage.standings import STANDINGS, standing_label
from service.supervision.disputes.queries import upheld_since
from service.supervision.snapshots import actions, queries
from service.supervision.snapshots.errors import FrozenAlready, MonthNotOver, NothingToFreeze, RecountUnderWay
from service.supervision.snapshots.export import Table, words_of
from service.supervision.snapshots.kept import kept_files
from service.supervision.snapshots.lines import ABOUT, Names, columns
from service.supervision.snapshots.notice import figure_lines, matters_sentence, upheld_lines
from service.supervision.snapshots.recount import check
from service.supervision.snapshots.rules import month_of, name_of
from service.supervision.snapshots.words import DIFFERENCES, POLICIES, month_name
from service.web.coverage.tiles import PARTS
from service.web.frame.rendering import redirect, render
from service.web.frame.shell import PageActor
from service.web.frame.views import Ref
from service.web.snapshots import views

router = APIRouter(route_class=Gate)
PAGE = 50


@router.get("/snapshots")
def months_page(request: Request, actor: PageActor, session: DatabaseSession) -> Response:
    require(actor, "see_board")
    lines = [_month_line(one, actor) for one in queries.months(session, actor)]
    return render(request, "snapshots/list.html", shown=views.MonthsPage(lines, _may_freeze(actor)))


@router.post("/snapshots/{month}/freeze")
@needs("freeze_months", bureau=True)
def freeze(
    request: Request,
    month: str,
    actor: PageActor,
    session: actions.SteadySession,
    confirmed: Annotated[str, Form()] = "",
) -> Response:
    snapshot = actions.freeze(session, actor, month_of(month), confirmed=bool(confirmed))
    return redirect(request, f"/snapshots/{name_of(snapshot.month)}")


@router.get("/snapshots/{month}")
def month_page(
    request: Request, month: str, actor: PageActor, session: DatabaseSession, basis: str = Basis.counted.value
) -> Response:
    require(actor, "see_board")
    first = month_of(month)
    snapshot = queries.find_snapshot(session, first)
    if snapshot is None:
        found = queries.preview(session, actor, first)
        return render(request, "snapshots/preview.html", shown=_preview(found, actor))
    page = _month(session, actor, snapshot, basis)
    return render(request, "snapshots/one.html", shown=page)


@router.get("/snapshots/{month}/rows")
def rows_page(
    request: Request,
    month: str,
    actor: PageActor,
    session: DatabaseSession,
    figure: str = "recorded",
    part: str = Part.denominator.value,
    basis: str = Basis.counted.value,
    squad: str = "",
    reason: str = "",
    cursor: str = "",
) -> Response:
    require(actor, "see_board")
    snapshot = queries.get_snapshot(session, month_of(month))
    squad_id = UUID(squad) if len(squad) == 36 else None
    found = queries.rows_behind(
        session, actor, snapshot, figure, part,
        basis=basis, squad=squad_id, reason=reason, cursor=cursor or None, limit=PAGE,
    )  # fmt: skip
    names = Names.of(snapshot, subjects(session))
    shown = [one for one in columns(About(found.about)) if one.page]
    asked = {"figure": figure, "basis": basis, "squad": squad, "reason": reason}
    title = next(one["title"] for one in words_of(snapshot)["figures"] if one["name"] == figure)
    page = views.RowsPage(
        label=month_name(snapshot.month),
        back=f"/snapshots/{month}",
        title=title,
        part=str(PARTS[Part(part)]),
        parts=[
            Ref(str(label), None if one == part else _rows_link(snapshot, **asked | {"part": one}))
            for one, label in PARTS.items()
        ],
        of=names.squads.get(squad, "") if squad else "",
        columns=[str(one.title) for one in shown],
        lines=[(_live(found.about, one), [_shown(column.read(one, names)) for column in shown]) for one in found.items],
        next=_rows_link(snapshot, **asked, part=part, cursor=found.next) if found.next else None,
        as_of=snapshot.as_of,
    )  # fmt: skip
    return render(request, "snapshots/rows.html", fragment="snapshots/_rows.html", shown=page)


@router.get("/snapshots/{month}/check")
def check_page(request: Request, month: str, actor: PageActor, session: DatabaseSession) -> Response:
    require(actor, "see_board")
    snapshot = queries.get_snapshot(session, month_of(month))
    return render(
        request, "snapshots/check.html", fragment="snapshots/_check.html",
        check=check(session, snapshot), label=month_name(snapshot.month), back=f"/snapshots/{month}",
    )  # fmt: skip


# ---- views ----------------------------------------------------------------------------------------------


def _may_freeze(actor: Actor) -> bool:
    return may(actor.role, "freeze_months") and squad_scope(actor) is None


def _month_line(one: queries.Month, actor: Actor) -> views.MonthLine:
    name = name_of(one.month)
    line = views.MonthLine(
        name=name,
        label=month_name(one.month),
        href=f"/snapshots/{name}",
        state="frozen" if one.snapshot else "ready" if one.over else "running",
        events=one.events,
        backdated=one.backdated,
    )
    if one.snapshot:
        line.as_of = one.snapshot.as_of
        if row := queries.headline(one.snapshot, actor):
            line.recorded = row["figures"]["recorded"]["share"]
            line.complete = row["figures"]["completeness"]["share"]
    return line


def _preview(found: queries.Preview, actor: Actor) -> views.PreviewPage:
    name = name_of(found.month)
    hindrance = None
    if not found.over:
        hindrance = MonthNotOver(month=name).say()
    elif not found.events:
        hindrance = NothingToFreeze(month=name).say()
    elif found.frozen:
        hindrance = FrozenAlready(month=name).say()
    elif found.recounting:
        hindrance = RecountUnderWay().say()
    return views.PreviewPage(
        name=name,
        label=month_name(found.month),
        as_of=found.as_of,
        events=found.events,
        standings=[
            (standing_label(one), found.standings[one]) for one in STANDINGS if found.standings.get(one)
        ],
        open=[
            (_("events before their upload deadline"), found.not_due, f"/coverage?month={name}"),
            (_("open disputes"), found.disputes, "/coverage/lists/disputes"),
            (_("explanations to be decided"), found.explanations, "/coverage/lists/explanations"),
            (
                _("recordings announced, bytes not received"),
                found.announced,
                "/coverage/lists/announced",
            ),
        ],
        hindrance=hindrance,
        may_freeze=_may_freeze(actor),
        board=f"/coverage?month={name}",
    )


def _month(session: Session, actor: Actor, snapshot: CoverageSnapshot, basis: str) -> views.MonthPage:
    name = name_of(snapshot.month)
    held = queries.figures_for(snapshot, actor, basis)
    whole = queries.headline(snapshot, actor, basis)
    earlier = queries.before_of(session, snapshot)
    past = queries.headline(earlier, actor, basis) if earlier else None
    lines = figure_lines(snapshot, whole, past)
    own = None if held["total"] or not whole else whole["keys"]["squad"]
    upheld = upheld_since(session, actor, snapshot)
    standings = [one for one in STANDINGS if any(row["standings"].get(one) for row in held["squads"])]
    by = session.get(Account, snapshot.taken_by) if snapshot.taken_by else None
    download = f"/api/v1/snapshots/{name}/export"

    def link(figure: str, part: str, squad: str = "") -> str:
        return _rows_link(snapshot, figure=figure, part=part, basis=basis, squad=squad)

    return views.MonthPage(
        name=name,
        label=month_name(snapshot.month),
        as_of=snapshot.as_of,
        taken_by=(by.display_name or by.username) if by else None,
        rule_version=snapshot.rule_version,
        matters=matters_sentence(snapshot),
        sha256=snapshot.rows_sha256,
        basis=basis,
        bases=[
            Ref(str(label), None if one == basis else f"/snapshots/{name}?basis={one}")
            for one, label in BASES.items()
        ],
        whole=own["label"] if own else _("All together"),
        figures=[
            views.Sides(
                line,
                link(line.name, Part.numerator),
                link(line.name, Part.denominator),
                link(line.name, Part.excluded) if line.left_out else None,
                link(line.name, Part.rest),
            )
            for line in lines
        ],
        titles=[line.title for line in lines if line.name in BOARD],
        squads=[
            views.SquadRow(
                row["keys"]["squad"]["label"],
                [_cell(row["figures"][one], link(one, Part.denominator, row["keys"]["squad"]["value"])) for one in BOARD if one in row["figures"]],
                [row["standings"].get(one, 0) for one in standings],
            )
            for row in held["squads"]
        ],
        standings=[standing_label(one) for one in standings],
        upheld=upheld_lines(session, snapshot, upheld),
        before=Ref(month_name(earlier.month), f"/snapshots/{name_of(earlier.month)}") if earlier else None,
        changed=[str(DIFFERENCES[one]) for one in queries.differences(snapshot, earlier)] if earlier else [],
        files=kept_files(session, actor, snapshot),
        counted_anew=queries.counted_anew(session, snapshot),
        rules=[(str(POLICIES[one]), value) for one, value in snapshot.definitions["policy"].items()],
        tables=[
            Ref(str(label), f"{download}?format=csv&table={table}")
            for table, label in zip(Table, (_("Figures"), *ABOUT.values()), strict=True)
        ],
    )  # fmt: skip


def _cell(figure: dict[str, Any], href: str) -> views.Cell:
    said = _("{share}, of {n}").format(share=percent(figure["share"], 1), n=number(figure["n"]))
    return views.Cell(figure["share"], figure["small"] and figure["n"] > 0, href, said)


def _rows_link(snapshot: CoverageSnapshot, **asked: Any) -> str:
    pairs = {name: str(value) for name, value in asked.items() if value}
    return f"/snapshots/{name_of(snapshot.month)}/rows?{urlencode(pairs)}"


def _live(about: str, one: queries.FrozenRow) -> str | None:
    """Where the thing itself is looked at, as it is today."""
    match about:
        case About.event:
            return f"/events/{one.row.subject_id}"
        case About.recording:
            return f"/recordings/{one.row.subject_id}"
        case About.link:
            known = one.row.row["recording_id"]
            return f"/recordings/{known}" if known else None
        case About.recorder:
            return f"/recorders/{one.row.row['serial']}"
    return None


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, float):
        return number(value, 1)
    return "–" if value in (None, "") else str(value)

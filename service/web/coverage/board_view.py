"""The board as its page shows it: tiles, a chart with its table, and a table of groups."""

from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import urlencode

from sqlalchemy import select
from sqlmodel import Session

from schemas.cases import Campaign
from schemas.people import Officer, Squad
from service.access.queries import visible_officers, visible_squads
from service.kernel.actor import Actor
from service.kernel.i18n import gettext as _
from service.kernel.months import months_on
from service.registry.events.kinds import KINDS
from service.registry.events.subjects import Subjects, subjects
from service.supervision.coverage.asking import GROUPS, NO_SUBJECT, Shown
from service.supervision.coverage.figure_types import About, Dimension
from service.supervision.coverage.figures import BOARD, BY_NAME, SPECS
from service.supervision.coverage.queries import Board, board, boards
from service.supervision.coverage.selection import Filters, subjects_seen
from service.supervision.coverage.standings import STANDINGS, standing_label
from service.supervision.coverage.status import NOT_DUE
from service.supervision.coverage.words import DIMENSIONS, STATUSES
from service.web.coverage import views
from service.web.coverage.chart_view import chart, groups_table
from service.web.coverage.tiles import standing_link, tile
from service.web.frame.views import Filter, Option, Ref

MORE = tuple(spec.name for spec in SPECS if spec.counted and spec.about is not About.event)
OPTIONS = 300


def board_page(session: Session, actor: Actor, asked: Shown) -> views.BoardPage:
    asked.this_month()
    filters = asked.filters(session, actor)
    period = _period(filters)
    words = subjects(session)
    cells, groups, times = boards(
        session, actor, filters, ((asked.by, period), (asked.by,), (period,)), asked.as_of
    )
    groups = _in_order(session, groups)
    total = groups.total
    if asked.figure not in BOARD:
        asked.figure = BOARD[0]
    return views.BoardPage(
        period=_range(asked),
        as_of=groups.as_of,
        counted_at=groups.counted_at,
        confirmed=filters.basis == "confirmed",
        tiles=[tile(asked, total.figures[name]) for name in BOARD],
        pieces=_pieces(asked, total.standings),
        chart=chart(asked, cells, groups, times, period, words),
        groups=groups_table(asked, groups, words),
        by=str(DIMENSIONS[asked.by]),
        choices=[
            Ref(
                str(DIMENSIONS[one]),
                None if one is asked.by else asked.link("/coverage", by=one, figure=asked.figure),
            )
            for one in GROUPS
        ],
        more=asked.link("/coverage/more", "as_of", as_of=asked.as_of.isoformat()),
        not_yet=[(spec.number, str(spec.words.title)) for spec in SPECS if not spec.counted],
        changes=list(groups.rule_changes),
        not_due=total.standings.get(NOT_DUE, 0),
        filters=filter_fields(session, actor, asked, words),
        hidden=[("by", asked.by.value), ("figure", asked.figure)]
        + ([("as_of", asked.said_as_of)] if asked.said_as_of else []),
        since=filters.since.isoformat() if filters.since else "",
        to=(filters.until - timedelta(days=1)).isoformat() if filters.until else "",
        officer=asked.names["officer"],
        officers=_officers(session, actor),
        steps=_steps(asked),
        lists=asked.link("/coverage/lists/missing", "basis"),
        exports=_exports(asked),
    )


def more_figures(session: Session, actor: Actor, asked: Shown) -> views.MoreFigures:
    """Those that cost a query each; the delay of uploads, which does too."""
    asked.this_month()
    filters = asked.filters(session, actor)
    found = board(session, actor, filters, (), asked.as_of, names=("on_time", *MORE), percentiles=True)
    made = [tile(asked, figure) for name, figure in found.total.figures.items() if name != "on_time"]
    delay = found.total.figures.get("on_time")
    if delay is not None and delay.p50 is not None:
        shown = tile(asked, delay)
        shown.title, shown.share, shown.wrong = _("Delay of uploads"), None, None
        made.insert(0, shown)
    return views.MoreFigures(made, [str(BY_NAME[name].words.title) for name in found.absent])


def _in_order(session: Session, found: Board) -> Board:
    """Squads as the bureau numbers them: by name 三 comes before 二."""
    if found.by != (Dimension.squad,):
        return found
    codes = {str(id_): code for id_, code in session.execute(select(Squad.id, Squad.code))}
    rows = sorted(found.rows, key=lambda row: (codes.get(row.keys[0].value, ""), row.keys[0].label))
    return replace(found, rows=tuple(rows))


# ---- range and filters -------------------------------------------------------------------------------------------


def _period(filters: Filters) -> Dimension:
    days = (filters.until - filters.since).days if filters.until and filters.since else 366
    return Dimension.day if days <= 31 else Dimension.month if days <= 800 else Dimension.year


def _range(asked: Shown) -> str:
    if not asked.since or not asked.until:
        return ""
    first, last = asked.since, asked.until - timedelta(days=1)
    if first.day == 1 and asked.until == _months(first, 1):
        return first.isoformat()[:7]
    if _one_year(asked):
        return str(first.year)
    return first.isoformat() if first == last else f"{first.isoformat()} – {last.isoformat()}"


def _one_year(asked: Shown) -> bool:
    """From a 1 January to the next one."""
    first, after = asked.since, asked.until
    if not first or not after:
        return False
    return (first.month, first.day, after.month, after.day) == (1, 1, 1, 1) and after.year == first.year + 1


def _months(first: date, by: int) -> date | None:
    """None beyond the calendar."""
    try:
        return months_on(first, by)
    except OverflowError:
        return None


def _exports(asked: Shown) -> list[Ref]:
    """The board as a table, by what it is grouped by and month."""
    subject = "" if asked.names["subject"] == NO_SUBJECT else asked.names["subject"]
    pairs = [
        *asked.pairs("subject", "as_of"),
        ("as_of", asked.as_of.isoformat()),
        ("by", f"{asked.by},month"),
    ]
    if asked.names["subject"]:
        pairs.append(("subject", subject))
    return [
        Ref(form.upper(), f"/api/v1/coverage/export?{urlencode([*pairs, ('format', form)])}")
        for form in ("xlsx", "csv")
    ]


def _steps(asked: Shown) -> list[Ref]:
    """The months beside the first one shown, or the years beside a whole year; this month, and its whole year."""
    first = (asked.since or asked.today).replace(day=1)
    this = asked.today.replace(day=1)
    unit, months, shown = ("year", 12, 4) if _one_year(asked) else ("month", 1, 7)
    before, after = (_months(first, by) for by in (-months, months))
    wanted = [(_("This month"), "month", this.isoformat()[:7])]
    if before:
        wanted.insert(0, (f"‹ {before.isoformat()[:shown]}", unit, before.isoformat()[:shown]))
    if after and after <= this:
        wanted.append((f"{after.isoformat()[:shown]} ›", unit, after.isoformat()[:shown]))
    if unit == "month":
        year = first.isoformat()[:4]
        wanted.append((_("Whole year {year}").format(year=first.year), "year", year))
    return [
        Ref(label, asked.link("/coverage", "from", "to", by=asked.by, figure=asked.figure, **{unit: said}))
        for label, unit, said in wanted
    ]


def filter_fields(session: Session, actor: Actor, asked: Shown, words: Subjects, *names: str) -> list[Filter]:
    """The selects above the board and the lists; all of them, or those named."""
    said = asked.names
    squads = [
        Option(str(row.id), row.name, said["squad"] in (str(row.id), row.code, row.name))
        for row in session.scalars(visible_squads(actor).order_by(Squad.code))
    ]
    kinds = [Option(name, str(one.word.label), said["kind"] == name) for name, one in KINDS.items()]
    made = {
        "squad": Filter("squad", _("Squad"), squads),
        "kind": Filter("kind", _("Kind"), kinds),
    }
    if not names or "subject" in names:
        made["subject"] = Filter("subject", _("Subject"), _subjects(session, actor, asked, words))
    if not names or "campaign" in names:
        made["campaign"] = Filter("campaign", _("Campaign"), _campaigns(session, asked))
    if not names or "basis" in names:
        made["basis"] = Filter(
            "basis",
            _("Links counted"),
            [Option("confirmed", _("only confirmed ones"), said["basis"] == "confirmed")],
        )
    return [one for name, one in made.items() if not names or name in names]


def _subjects(session: Session, actor: Actor, asked: Shown, words: Subjects) -> list[Option]:
    codes = sorted(subjects_seen(session, actor, OPTIONS) - {""}, key=words.word)
    said = asked.names["subject"]
    return [
        *(Option(code, words.word(code), code == said) for code in codes),
        Option(NO_SUBJECT, _("none"), said == NO_SUBJECT),
    ]


def _campaigns(session: Session, asked: Shown) -> list[Option]:
    """Those that run first, then those that ended, each the newest first. One without an end runs."""
    newest = select(Campaign).order_by(Campaign.starts_on.desc().nulls_last(), Campaign.name).limit(OPTIONS)
    said = asked.names["campaign"]
    groups: dict[bool, list[Option]] = {False: [], True: []}
    for one in session.scalars(newest):
        ended = one.ends_on is not None and one.ends_on < asked.today
        named = _("Ended") if ended else _("Running")
        groups[ended].append(Option(str(one.id), one.name, said in (str(one.id), one.external_id), named))
    return groups[False] + groups[True]


def _officers(session: Session, actor: Actor) -> list[tuple[str, str]]:
    names = visible_officers(actor).with_only_columns(Officer.certificate_no, Officer.name)
    found = session.execute(names.order_by(Officer.certificate_no).limit(OPTIONS))
    return [(number, name) for number, name in found]


def _pieces(asked: Shown, counts: dict[str, int]) -> list[views.Piece]:
    whole, x, made = sum(counts.values()), 0.0, []
    for name in STANDINGS:
        if n := counts.get(name, 0):
            width = 100 * n / whole
            tone = "info" if name == NOT_DUE else STATUSES[name].tone
            label, link = standing_label(name), standing_link(asked, name)
            made.append(views.Piece(str(name), label, tone, n, link, round(x, 3), round(width, 3)))
            x += width
    return made

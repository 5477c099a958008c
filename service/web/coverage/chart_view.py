"""The chart of the board with the table that is its twin, and the table of all figures by group."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from service.kernel.i18n import gettext as _
from service.kernel.i18n import number, percent
from service.registry.events.kinds import KINDS
from service.registry.events.subjects import Subjects
from service.supervision.coverage.asking import Shown
from service.supervision.coverage.figure_types import Dimension, Figure, Part
from service.supervision.coverage.figures import BOARD, BY_NAME
from service.supervision.coverage.queries import Board, Row
from service.supervision.coverage.selection import Filters, Key
from service.supervision.coverage.standings import STANDINGS, standing_label
from service.supervision.coverage.words import DIMENSIONS
from service.web.coverage import views
from service.web.coverage.tiles import rows_link, standing_link
from service.web.frame.drawing import broken_line, shares
from service.web.frame.views import Ref

MOST_LINES = 6
LEVELS = 5


def label_of(key: Key, words: Subjects) -> str:
    if key.dimension is Dimension.kind and key.value in KINDS:
        return str(KINDS[key.value].word.label)
    if not key.value:
        return _("names no officer") if key.dimension is Dimension.officer else _("none")
    return words.word(key.value) if key.dimension is Dimension.subject else key.label


def _periods(filters: Filters, period: Dimension, today: date, seen: Sequence[str]) -> list[str]:
    """All of the range up to today, also those in which nothing happened."""
    if not filters.since or not filters.until:
        return sorted(seen)
    length = {Dimension.day: 10, Dimension.month: 7, Dimension.year: 4}[period]
    last = min(filters.until - timedelta(days=1), max(today, filters.since))
    every = {
        (filters.since + timedelta(days=n)).isoformat()[:length]
        for n in range((last - filters.since).days + 1)
    }
    return sorted(every | set(seen))


def _cell(
    asked: Shown,
    figure: Figure | None,
    group: dict[Dimension, str],
    level: Callable[[Figure], int | None] | None,
) -> views.Cell:
    if figure is None or figure.share is None:
        return views.Cell()
    return views.Cell(
        share=figure.share,
        level=level(figure) if level else None,
        small=figure.small,
        title=_("{share}, of {n}").format(share=percent(figure.share), n=number(figure.n)),
        href=rows_link(asked, figure.name, Part.denominator, group),
    )


def chart(
    asked: Shown, cells: Board, groups: Board, times: Board, period: Dimension, words: Subjects
) -> views.Chart:
    name = asked.figure
    columns = _periods(cells.filters, period, asked.today, [row.keys[0].value for row in times.rows])
    of_time = {row.keys[0].value: row.figures[name] for row in times.rows}
    of_cell = {(row.keys[0].value, row.keys[1].value): row.figures[name] for row in cells.rows}
    # a day of a squad is mostly chance: its line would hide the others
    several = len(groups.rows) <= MOST_LINES and period is not Dimension.day
    drawn = [*of_time.values(), *(of_cell.values() if several else ())]
    scale = shares([figure.share for figure in drawn if figure.share is not None])
    known = [figure for figure in (*of_cell.values(), *of_time.values()) if figure.share is not None]
    sure = [one.share for one in known if one.share is not None and not one.small]
    sure = sure or [one.share for one in known if one.share is not None]
    lowest, highest = min(sure, default=0.0), max(sure, default=1.0)
    all_small = all(one.small for one in known)

    def level(one: Figure) -> int | None:
        """Few rows have no colour: it would mean chance."""
        if one.share is None or (one.small and not all_small):
            return None
        if highest <= lowest:
            return LEVELS
        return max(0, min(LEVELS, int((one.share - lowest) / (highest - lowest) * (LEVELS + 1))))

    def line(number_: int, label: str, found: dict[str, Figure], group: dict[Dimension, str]) -> views.Line:
        points: list[tuple[float, float] | None] = []
        marks = []
        for place, column in enumerate(columns):
            figure = found.get(column)
            if figure is None or figure.share is None:
                points.append(None)
                continue
            x, y = round(100 * (place + 0.5) / len(columns), 2), scale.at(figure.share)
            points.append((x, y))
            title = f"{label} {column}: " + _("{share}, of {n}").format(
                share=percent(figure.share), n=number(figure.n)
            )
            link = rows_link(asked, name, Part.denominator, {**group, period: column})
            marks.append(views.Mark(x, y, title, link, figure.small))
        return views.Line(label, broken_line(points), marks, number_)

    lines, rows = [], []
    for place, row in enumerate(groups.rows):
        key, label = row.keys[0], label_of(row.keys[0], words)
        mine = {column: of_cell[key.value, column] for column in columns if (key.value, column) in of_cell}
        group = {asked.by: key.value}
        if several:
            lines.append(line(place + 1, label, mine, group))
        rows.append(
            views.HeatRow(
                label,
                [_cell(asked, mine.get(column), {**group, period: column}, level) for column in columns],
                _cell(asked, row.figures[name], group, level),
            )
        )
    every = _("All together")
    total = views.HeatRow(
        every,
        [_cell(asked, of_time.get(column), {period: column}, level) for column in columns],
        _cell(asked, groups.total.figures[name], {}, level),
    )
    lines.append(line(0, every, of_time, {}))
    step = max(1, -(-len(columns) // 8))
    short = {Dimension.day: slice(8, 10), Dimension.month: slice(0, 7), Dimension.year: slice(0, 4)}[period]
    return views.Chart(
        figure=name,
        title=str(BY_NAME[name].words.title),
        better=BY_NAME[name].better,
        period=str(DIMENSIONS[period]),
        ticks=[
            (
                round(100 * (place + 0.5) / len(columns), 2),
                column if period is not Dimension.day else column[5:],
            )
            for place, column in enumerate(columns)
            if place % step == 0
        ],
        levels=scale.ticks(),
        lines=lines,
        columns=[
            Ref(
                column[short].lstrip("0") if period is Dimension.day else column,
                _narrower(asked, period, column),
            )
            for column in columns
        ],
        rows=rows,
        total=total if len(rows) > 1 else None,
        choices=[
            Ref(
                str(BY_NAME[one].words.title),
                None if one == name else asked.link("/coverage", by=asked.by, figure=one),
            )
            for one in BOARD
        ],
        low=scale.low,
        lowest=lowest,
        highest=highest,
    )


def _narrower(asked: Shown, period: Dimension, column: str) -> str | None:
    """The board of this month or year alone."""
    if period is Dimension.day:
        return None
    said = {"month": column} if period is Dimension.month else {"year": column}
    return asked.link("/coverage", "from", "to", by=asked.by, figure=asked.figure, **said)


def groups_table(asked: Shown, found: Board, words: Subjects) -> views.Groups:
    standings = [name for name in STANDINGS if found.total.standings.get(name)]
    rows = [_group_row(asked, row, label_of(row.keys[0], words), standings) for row in found.rows]
    if len(rows) > 1:
        rows.append(_group_row(asked, found.total, _("All together"), standings))
    return views.Groups(
        [str(BY_NAME[name].words.title) for name in BOARD], rows, [standing_label(name) for name in standings]
    )


def _group_row(asked: Shown, row: Row, label: str, standings: Sequence[str]) -> views.GroupRow:
    group = {key.dimension: key.value for key in row.keys}
    return views.GroupRow(
        label,
        [_cell(asked, row.figures[name], group, None) for name in BOARD],
        [
            views.Left(standing_label(name), row.standings.get(name, 0), standing_link(asked, name, group))
            for name in standings
        ],
    )

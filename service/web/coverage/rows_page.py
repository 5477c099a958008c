"""What is behind one number of the board: the figure itself, its other sides, and the rows."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlmodel import Session

from service.kernel.actor import Actor
from service.kernel.errors import Invalid
from service.kernel.i18n import gettext as _
from service.registry.events.subjects import subjects
from service.supervision.coverage.asking import Shown
from service.supervision.coverage.figure_types import Dimension, Part
from service.supervision.coverage.figures import BY_NAME
from service.supervision.coverage.queries import board
from service.supervision.coverage.rows import OFFERED, rows_behind
from service.supervision.coverage.selection import Filters, Key, labels, narrowed
from service.supervision.coverage.standings import standing_label
from service.supervision.coverage.status import Status
from service.supervision.coverage.words import DIMENSIONS, EXCLUSIONS, EXEMPTIONS
from service.web.coverage import views
from service.web.coverage.chart_view import label_of
from service.web.coverage.rows_view import table
from service.web.coverage.tiles import PARTS, rows_link, tile
from service.web.frame.views import Ref

PAGE = 50


def rows_page(
    session: Session,
    actor: Actor,
    asked: Shown,
    part: str,
    reason: str,
    group: Sequence[str],
    cursor: str | None,
) -> views.RowsPage:
    """`group`: `dimension:value`, once for each dimension."""
    name = asked.figure
    chosen = _group(group)
    base = asked.filters(session, actor)
    found = rows_behind(
        session, actor, name, base, chosen, part, reason=reason, as_of=asked.as_of, cursor=cursor, limit=PAGE
    )
    side = Part(part)
    told = board(session, actor, narrowed(base, chosen), (), asked.as_of, names=(name,)).total.figures[name]
    here = rows_link(asked, name, side, chosen, reason)
    title = str(BY_NAME[name].words.title)
    return views.RowsPage(
        title=title,
        heading=_reason_word(reason) or _part_word(name, side),
        told=tile(asked, told, chosen),
        groups=_narrowing(session, asked, base, chosen, side, reason),
        parts=[
            Ref(
                _part_word(name, one),
                None if one is side and not reason else rows_link(asked, name, one, chosen),
            )
            for one in Part
            if one is not Part.excluded or BY_NAME[name].leaves_out
        ],
        part=side.value,
        table=table(
            session, actor, found, asked.as_of, f"{here}&cursor={found.next}" if found.next else None
        ),
        as_of=asked.as_of,
        back=asked.link("/coverage", figure=name if BY_NAME[name].about == "event" else ""),
    )


def _part_word(name: str, part: Part) -> str:
    spec = BY_NAME[name]
    if part is Part.numerator:
        return str(spec.words.numerator)
    if part is Part.denominator:
        return str(spec.words.denominator)
    side, label = spec.wrong or (None, "")
    return str(label if part is side else PARTS[part])


def _reason_word(reason: str) -> str:
    if reason == OFFERED:
        return _("Recorded if offers are confirmed")
    if reason in EXEMPTIONS:
        return str(EXEMPTIONS[reason])
    if reason in (Status.complete, Status.partly, Status.not_counted):
        return standing_label(reason)
    return str(EXCLUSIONS[reason]) if reason in EXCLUSIONS else ""


def _narrowing(
    session: Session,
    asked: Shown,
    filters: Filters,
    group: Mapping[Dimension, str],
    part: Part,
    reason: str,
) -> list[Ref]:
    """What these rows are narrowed to; each leads to the same rows without it."""
    words = subjects(session)
    values = dict(group)
    for dimension in (
        Dimension.squad,
        Dimension.officer,
        Dimension.kind,
        Dimension.subject,
        Dimension.campaign,
    ):
        value = getattr(filters, dimension.value)
        if value is not None:
            values.setdefault(dimension, str(value))
    known = labels(session, {dimension: {value} for dimension, value in values.items()})
    found = []
    if filters.since and filters.until:
        last = (filters.until - timedelta(days=1)).isoformat()
        found.append(Ref(f"{filters.since.isoformat()} – {last}"))
    for dimension, value in values.items():
        label = label_of(Key(dimension, value, known.get((dimension, value), value)), words)
        rest = {one: said for one, said in group.items() if one is not dimension}
        href = rows_link(asked, asked.figure, part, rest, reason) if dimension in group else None
        found.append(Ref(f"{DIMENSIONS[dimension]}: {label}", href))
    if filters.basis == "confirmed":
        found.append(Ref(_("only confirmed links")))
    return found


def _group(said: Sequence[str]) -> dict[Dimension, str]:
    found = {}
    for one in said:
        name, _colon, value = one.partition(":")
        try:
            found[Dimension(name)] = value
        except ValueError as error:
            raise Invalid(field="group", problem=one) from error
    return found

"""A figure as a tile: what it says, what it stands on, and where each of its numbers leads."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import ceil
from urllib.parse import urlencode

from service.kernel.i18n import gettext as _
from service.kernel.i18n import lazy, number
from service.registry.clocks.words import rough_length
from service.supervision.coverage.asking import Shown
from service.supervision.coverage.figure_types import Dimension, Figure, Part
from service.supervision.coverage.figures import BY_NAME
from service.supervision.coverage.rows import OFFERED
from service.supervision.coverage.status import Status
from service.supervision.coverage.words import EXCLUSIONS, EXEMPTIONS, amount
from service.web.coverage.views import FigureTile, Left
from service.web.frame.views import Ref

PARTS = {
    Part.numerator: lazy("What the numerator holds"),
    Part.rest: lazy("The rest"),
    Part.denominator: lazy("What the denominator holds"),
    Part.excluded: lazy("Left out"),
}


def rows_link(
    asked: Shown,
    figure: str,
    part: Part,
    group: Mapping[Dimension, str] | None = None,
    reason: str = "",
) -> str:
    """The rows of this side of the figure, at the hour at which it was counted."""
    pairs = [("figure", figure), ("part", part.value)]
    pairs += [("reason", reason)] if reason else []
    pairs += [("group", f"{dimension}:{value}") for dimension, value in (group or {}).items()]
    return f"/coverage/rows?{asked.carried}&{'&'.join(_encoded(*pair) for pair in pairs)}"


@lru_cache(4096)  # a board has thousands of links, of a few dozen groups
def _encoded(name: str, value: str) -> str:
    return urlencode([(name, value)])


def standing_link(asked: Shown, name: str, group: dict[Dimension, str] | None = None) -> str:
    match name:
        case Status.complete | Status.partly:
            return rows_link(asked, "recorded", Part.numerator, group, name)
        case Status.missing:
            return rows_link(asked, "recorded", Part.rest, group)
        case Status.exempt:
            return rows_link(asked, "exempt", Part.numerator, group)
        case _:
            return rows_link(asked, "recorded", Part.excluded, group, name)


def tile(asked: Shown, figure: Figure, group: Mapping[Dimension, str] | None = None) -> FigureTile:
    spec = BY_NAME[figure.name]

    def link(part: Part, reason: str = "") -> str:
        return rows_link(asked, figure.name, part, group, reason)

    return FigureTile(
        name=figure.name,
        number=spec.number,
        title=str(spec.words.title),
        share=figure.share,
        numerator=Ref(amount(figure.numerator, spec.unit), link(Part.numerator)),
        denominator=Ref(amount(figure.denominator, spec.unit), link(Part.denominator)),
        wrong=_wrong(figure, link),
        small=figure.small and figure.n > 0,
        n=figure.n,
        rule_version=figure.rule_version,
        definition=spec.words,
        versions=figure.matter_versions,
        excluded=[
            Left(str(EXCLUSIONS[reason]), n, link(Part.excluded, reason))
            for reason, n in figure.excluded.items()
            if n
        ],
        reasons=[
            Left(str(EXEMPTIONS[reason]), n, link(Part.numerator, reason))
            for reason, n in figure.reasons.items()
            if n
        ],
        spread=_spread(figure),
        offered=_offered(figure, link),
    )


def _wrong(figure: Figure, link: Callable[[Part], str]) -> Ref | None:
    spec = BY_NAME[figure.name]
    if spec.wrong is None or not figure.denominator:
        return None
    part, label = spec.wrong
    left = figure.numerator if part is Part.numerator else figure.denominator - figure.numerator
    if left <= 0:
        return None
    return Ref(f"{number(left)} {label}" if spec.own_rows else str(label), link(part))


def _offered(figure: Figure, link: Callable[[Part, str], str]) -> Ref | None:
    if not figure.offered:
        return None
    said = _("{n} more if offers are confirmed").format(n=number(figure.offered))
    return Ref(said, link(Part.rest, OFFERED))


def _spread(figure: Figure) -> str | None:
    if figure.p50 is None or figure.p95 is None:
        return None
    return str(BY_NAME[figure.name].spread).format(half=_at_most(figure.p50), most=_at_most(figure.p95))


def _at_most(seconds: float) -> str:
    """Where only days are said, the next whole one: the sentence promises that it is not more."""
    days = ceil(seconds / 86400)
    return rough_length(days * 86400 if days > 2 else max(0, seconds))

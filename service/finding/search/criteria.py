"""From filters to SQL conditions: tokens that preselect by index, and the exact checks on the columns. Pure.

Values only ever travel as bound parameters."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from service.finding.search.errors import FilterUnreadable
from service.finding.search.refs import ref
from service.finding.search.rules import Near, Word, key_token, near_tokens, needle_grams, range_tokens, words
from service.kernel.geo import EARTH_M
from service.kernel.i18n import gettext as _

MAX_VALUES = 100
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class SearchFilters:
    """All given filters must hold. Several values of one filter: any of them; of `tag`: all of them.

    case, event, officer, recorder: ids, or the numbers that people use. since, until: the recording's start lies in
    [since, until). linked: has it a link."""

    q: str | None = None
    case: tuple[UUID | str, ...] = ()
    event: tuple[UUID | str, ...] = ()
    officer: tuple[UUID | str, ...] = ()
    squad: tuple[UUID, ...] = ()
    recorder: tuple[UUID | str, ...] = ()
    kind: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    linked: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    near: Near | None = None

    def __post_init__(self) -> None:
        for name in ("since", "until"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise FilterUnreadable(field=name, problem=_("a time needs its zone"))
        for name in ("case", "event", "officer", "squad", "recorder", "kind", "state", "media", "tag"):
            values = getattr(self, name)
            if len(values) > MAX_VALUES:
                raise FilterUnreadable(field=name, problem=f"at most {MAX_VALUES} values")
            if any(isinstance(value, str) and _UNSTORABLE.search(value) for value in values):
                raise FilterUnreadable(field=name, problem=_("it holds a character that no text may hold"))


@dataclass
class Criteria:
    """nothing: no document can match. indexed: the token index narrows the search.
    squad: the only squad that is asked for, if it is one."""

    nothing: bool = False
    indexed: bool = False
    squad: UUID | None = None
    checks: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def check(self) -> str:
        """The exact condition, without any help of an index."""
        return " AND ".join(self.checks) or "true"

    @property
    def lookup(self) -> str:
        """The same, preselected by the token index."""
        return " AND ".join([*self.tokens, *self.checks]) or "true"

    def bind(self, value: object) -> str:
        name = f"c{len(self.params)}"
        self.params[name] = value
        return f":{name}"

    def has_all(self, tokens: list[int]) -> str:
        return f"grams @> CAST({self.bind(sorted(tokens))} AS integer[])"

    def has_any(self, tokens: list[int]) -> str:
        return f"grams && CAST({self.bind(sorted(tokens))} AS integer[])"


def criteria(scope: frozenset[UUID] | None, filters: SearchFilters) -> Criteria:
    made = Criteria()
    required: set[int] = set()
    _squads(made, required, scope, filters)
    _words(made, required, words(filters.q or ""))
    for name in ("case", "event", "officer", "recorder"):
        if values := getattr(filters, name):
            refs = [ref(name, value) for value in values]
            made.checks.append(f"refs && CAST({made.bind(refs)} AS text[])")
            _one_of(made, required, name, [value.split(":", 1)[1] for value in refs])
    if filters.kind:
        made.checks.append(f"kinds && CAST({made.bind(list(filters.kind))} AS text[])")
        _one_of(made, required, "kind", filters.kind)
    if filters.state:
        made.checks.append(f"state = ANY(CAST({made.bind(list(filters.state))} AS text[]))")
        _one_of(made, required, "state", filters.state)
    if filters.media:
        made.checks.append(f"media = ANY(CAST({made.bind(list(filters.media))} AS text[]))")
        if (
            "video" not in filters.media
        ):  # nearly all are: to intersect with that long list costs more than it saves
            _one_of(made, required, "media", filters.media)
    if filters.tag:
        made.checks.append(f"tags @> CAST({made.bind(list(filters.tag))} AS text[])")
        required.update(key_token("tag", tag) for tag in filters.tag)
    if filters.linked is not None:
        made.checks.append("linked" if filters.linked else "NOT linked")
    _time(made, filters)
    if filters.near:
        _near(made, filters.near)
    # Nearly all are linked: beside rarer tokens, to intersect with that long list costs more than it saves.
    if filters.linked is False or (filters.linked and len(required) < 2 and not made.tokens):
        required.add(key_token("linked", "yes" if filters.linked else "no"))
    if required:
        made.tokens.insert(0, made.has_all(list(required)))
    made.indexed = bool(made.tokens) and not (made.squad and len(required) == 1 and len(made.checks) == 1)
    return made


def _squads(
    made: Criteria, required: set[int], scope: frozenset[UUID] | None, filters: SearchFilters
) -> None:
    if scope is None and not filters.squad:
        return
    squads = set(filters.squad) if scope is None else set(scope)
    if scope is not None and filters.squad:
        squads &= set(filters.squad)
    made.nothing = not squads
    # Not "=": the planner may not take the squad's own index where the token index was meant.
    if len(squads) == 1:
        made.squad = next(iter(squads))
        made.checks.append(f"squad_id IS NOT DISTINCT FROM CAST({made.bind(made.squad)} AS uuid)")
    elif squads:
        made.checks.append(f"squad_id = ANY(CAST({made.bind(sorted(squads))} AS uuid[]))")
    _one_of(made, required, "squad", sorted(squads))


def _words(made: Criteria, required: set[int], wanted: tuple[Word, ...]) -> None:
    for word in wanted:
        # strpos and not LIKE: no character of the query means anything but itself.
        stands = [f"strpos(body, {made.bind(spelling)}) > 0" for spelling in word.spellings]
        if len(stands) == 1:
            made.checks.append(stands[0])
            required.update(needle_grams(word.spellings[0]))
        else:
            made.checks.append(f"({' OR '.join(stands)})")
            either = [made.has_all(list(needle_grams(spelling))) for spelling in word.spellings]
            made.tokens.append(f"({' OR '.join(either)})")


def _one_of(made: Criteria, required: set[int], name: str, values: Any) -> None:
    tokens = {key_token(name, value) for value in values}
    if len(tokens) == 1:
        required.update(tokens)
    elif tokens:
        made.tokens.append(made.has_any(list(tokens)))


def _time(made: Criteria, filters: SearchFilters) -> None:
    if filters.since:
        made.checks.append(f"recorded_from >= {made.bind(filters.since)}")
    if filters.until:
        made.checks.append(f"recorded_from < {made.bind(filters.until)}")
    if tokens := range_tokens(filters.since, filters.until):
        made.tokens.append(made.has_any(tokens))
    elif filters.since and filters.until and filters.until <= filters.since:
        made.nothing = True


def _near(made: Criteria, near: Near) -> None:
    lat, lon = made.bind(near.lat), made.bind(near.lon)
    south, north, *_ = near.box()
    made.checks.append(f"lat BETWEEN {made.bind(south)} AND {made.bind(north)}")
    made.checks.append(
        f"{2 * EARTH_M} * asin(least(1, sqrt(power(sin(radians(lat - {lat}) / 2), 2)"
        f" + cos(radians({lat})) * cos(radians(lat)) * power(sin(radians(lon - {lon}) / 2), 2))))"
        f" <= {made.bind(near.radius_m)}"
    )
    if tokens := near_tokens(near):
        made.tokens.append(made.has_any(tokens))

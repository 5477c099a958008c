"""How rows of sums become figures. Pure."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import and_, func, not_

from schemas.links import COUNTED, LinkState
from service.supervision.coverage.figure_types import About, LinkTerms, Tally, Totals
from service.supervision.coverage.figures import figures_about
from service.supervision.coverage.status import EXCLUDED, EXEMPT, NOT_DUE, Status

_OF_EVENTS = figures_about(About.event)
_OF_LINKS = figures_about(About.link)
_OF_RECORDINGS = figures_about(About.recording)
_OF_RECORDERS = figures_about(About.recorder)
_OF_DUTY = figures_about(About.duty_day)
# What is added up over kept rows, for all figures about events in one statement.
EVENT_SUMS: dict[str, Any] = (
    {name: expression for counting in _OF_EVENTS.values() for name, expression in counting.sums.items()}
    | {
        f"{name}_{which}": func.count().filter(rows)
        for name, counting in _OF_EVENTS.items()
        if counting.offered is not None and counting.contested is not None
        for which, rows in (
            ("offered", and_(counting.offered, not_(counting.contested))),
            ("contested", counting.contested),
        )
    }
    | {
        reason: func.count().filter(rows)
        for counting in _OF_EVENTS.values()
        for reason, rows in counting.in_part.items()
    }
)
_OUT = EXCLUDED | {NOT_DUE}
_MISSING = Status.missing.value


class EventSums(NamedTuple):
    """Sums over the kept rows of one group that have one standing and one matters list; `sums` in the order of
    EVENT_SUMS."""

    matter_version: int | None
    standing: str
    n: int
    sums: tuple[float, ...]


def of_events(rows: Iterable[EventSums]) -> dict[str, Tally]:
    n = filmed = 0
    out: dict[str, int] = {}
    reasons: dict[str, int] = {}
    versions = set()
    due = []
    for row in rows:
        if row.standing in _OUT:
            out[row.standing] = out.get(row.standing, 0) + row.n
            continue
        if row.matter_version is not None:
            versions.add(row.matter_version)
        if row.standing in EXEMPT:
            reasons[row.standing] = reasons.get(row.standing, 0) + row.n
            continue
        n += row.n
        if row.standing != _MISSING:
            filmed += row.n
        due.append(row.sums)
    added = map(sum, zip(*due, strict=True)) if due else (0 for _name in EVENT_SUMS)
    totals = Totals(n, filmed, sum(reasons.values()), dict(zip(EVENT_SUMS, added, strict=True)))
    left_out = out | {"exempt": totals.exempt} if reasons else out
    found = {}
    for name, counting in _OF_EVENTS.items():
        numerator, denominator, stands_on = counting.share(totals)
        missed = {counting.unknown: n - stands_on} if counting.unknown and n > stands_on else {}
        missed |= {reason: some for reason in counting.in_part if (some := int(totals.sums[reason]))}
        found[name] = Tally(
            numerator,
            denominator,
            stands_on,
            out if counting.exempt else left_out | missed,
            reasons if counting.exempt else {},
            versions,
            None if counting.offered is None else int(totals.sums[f"{name}_offered"]),
            int(totals.sums.get(f"{name}_contested", 0)),
        )
    return found


def standing_counts(rows: Iterable[EventSums]) -> dict[str, int]:
    """How many events are complete, partly, missing, exempt, not due and not counted."""
    counts: Counter[str] = Counter()
    for row in rows:
        if row.standing in EXCLUDED:
            counts[Status.not_counted.value] += row.n
        elif row.standing in EXEMPT:
            counts[Status.exempt.value] += row.n
        else:
            counts[row.standing] += row.n
    return dict(counts)


class RecordingSums(NamedTuple):
    """`standing`: refused | announced | within_grace | unlinked | linked."""

    standing: str
    n: int


def of_recordings(rows: Iterable[RecordingSums]) -> dict[str, Tally]:
    tallies = {name: Tally() for name in _OF_RECORDINGS}
    for row in rows:
        for name, counting in _OF_RECORDINGS.items():
            if row.standing in counting.base:
                tallies[name].add(row.n if row.standing in counting.held else 0, row.n, row.n)
            else:
                tallies[name].leave_out(row.standing, row.n)
    return tallies


class LinkSums(NamedTuple):
    """Links to events by their state now and, where a person decided, the state before."""

    state: str
    before: str | None
    n: int


def of_links(rows: Iterable[LinkSums]) -> dict[str, Tally]:
    tallies = {name: Tally() for name in _OF_LINKS}
    for row in rows:
        terms = LinkTerms(
            counts=row.state in COUNTED,
            by_machine=LinkState.automatic in (row.state, row.before),
            rejected=row.state == LinkState.rejected,
        )
        for name, counting in _OF_LINKS.items():
            if counting.base(terms):
                tallies[name].add(row.n if counting.held(terms) else 0, row.n, row.n)
    return tallies


class DutyDay(NamedTuple):
    """A squad's day: recorders needed for its officers on duty, and how many of these were held by them."""

    needed: int
    held: int


def of_duty(rows: Iterable[DutyDay]) -> dict[str, Tally]:
    """A surplus of one day does not make up for what another lacked."""
    tally = Tally()
    for row in rows:
        tally.add(min(row.held, row.needed), row.needed, 1)
    return dict.fromkeys(_OF_DUTY, tally)


def of_recorders(rows: Iterable[tuple[str, str]]) -> dict[str, Tally]:
    """`rows`: (figure, what a recorder stands at in it)."""
    tallies = {name: Tally() for name in _OF_RECORDERS}
    for name, state in rows:
        counting = _OF_RECORDERS[name]
        if state in counting.base:
            tallies[name].add(state == counting.held, 1, 1)
        else:
            tallies[name].leave_out(state, 1)
    return tallies

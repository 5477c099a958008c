"""How many events would become recorded if what is offered were confirmed, where recordings are offered to several: one
camera is in one place at a time."""

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from schemas.links import LinkState
from service.access.queries import visible_coverage
from service.finding.linking.policy import OPEN_EVENT
from service.footage.stretches import COUNTS_IF_SPARSE
from service.kernel.actor import Actor
from service.kernel.policy import policy
from service.registry.events.recorded import only_contested
from service.supervision.coverage.counting import HERE, PLAYS, STANDS
from service.supervision.coverage.figure_types import Dimension
from service.supervision.coverage.selection import Filters, chosen_coverage, coverage_column, value_of
from service.supervision.coverage.status import Status, standing
from service.supervision.coverage.sums import TOTAL, Group, by_crew


class Offer(NamedTuple):
    """A recording of `length`, offered to an event from `start` to `end`."""

    recording: UUID
    event: UUID
    start: datetime
    end: datetime
    length: timedelta


def together(one: Offer, other: Offer) -> bool:
    """Whether one recording could show both: of two that follow each other it must reach from the first to the second;
    none shows two of which one lies inside the other."""
    first, second = sorted((one, other), key=lambda offer: (offer.start, offer.end))
    if first.start == second.start or second.end <= first.end:
        return False
    return abs(second.start - first.end) < one.length


def most_recorded(offers: Iterable[Offer]) -> int:
    """How many events at most can be given a recording each, none of them to more events than it can show.

    Event by event, an event that holds a recording giving way to another where it finds one of its own: the shortest
    chain of such moves is looked for. That is the most where each recording shows one event; where some show several,
    it is never too many."""
    of_event: dict[UUID, list[Offer]] = defaultdict(list)
    for offer in sorted(offers):
        of_event[offer.event].append(offer)
    held: dict[UUID, dict[UUID, Offer]] = defaultdict(dict)
    home: dict[UUID, UUID] = {}
    for event in of_event:
        _find_home(event, of_event, held, home)
    return len(home)


def _find_home(
    event: UUID,
    of_event: dict[UUID, list[Offer]],
    held: dict[UUID, dict[UUID, Offer]],
    home: dict[UUID, UUID],
) -> None:
    came: dict[UUID, Offer | None] = {
        event: None
    }  # of an event that gives way: the offer that would take its place
    tried: set[UUID] = set()
    waiting = deque([event])
    while waiting:
        for offer in of_event[waiting.popleft()]:
            if offer.recording in tried:
                continue
            tried.add(offer.recording)
            against = [one for one in held[offer.recording].values() if not together(offer, one)]
            if not against:
                _move(offer, came, held, home)
                return
            if len(against) == 1 and against[0].event not in came:
                came[against[0].event] = offer
                waiting.append(against[0].event)


def _move(
    offer: Offer,
    came: dict[UUID, Offer | None],
    held: dict[UUID, dict[UUID, Offer]],
    home: dict[UUID, UUID],
) -> None:
    following: Offer | None = offer
    while following is not None:
        event, recording = following.event, following.recording
        if event in home:
            held[home[event]].pop(event)
        home[event] = recording
        held[recording][event] = following
        following = came[event]


# ---- read ----------------------------------------------------------------------------------------------


def contested(
    session: Session, actor: Actor, filters: Filters, by: tuple[Dimension, ...], as_of: datetime
) -> dict[Group, int]:
    """Of the missing events whose offers are all of recordings that are offered elsewhere too, how many would be
    recorded, by group; under TOTAL of all of them."""
    keys = [coverage_column(dimension) for dimension in by]
    kept = visible_coverage(actor)
    statement = kept.with_only_columns(*keys, kept.selected_columns.event_id)
    statement = chosen_coverage(statement, filters).where(
        standing(as_of) == Status.missing.value, only_contested()
    )
    if Dimension.officer in by:
        statement = by_crew(statement)
    groups: dict[Group, set[UUID]] = defaultdict(set)
    for *raw, event_id in session.execute(statement):
        groups[tuple(map(value_of, by, raw))].add(event_id)
    every = set().union(*groups.values())
    offers: dict[UUID, list[Offer]] = defaultdict(list)
    lasting = timedelta(minutes=policy(session, OPEN_EVENT))
    for recording, event, start, end, seconds in session.execute(_OFFERS, {"ids": sorted(every)}):
        length = timedelta(seconds=seconds or 0.0)
        offers[event].append(Offer(recording, event, start, end or start + lasting, length))

    def most(events: set[UUID]) -> int:
        return most_recorded(offer for event in events for offer in offers[event])

    return {group: most(events) for group, events in groups.items()} | {TOTAL: most(every)}


_OFFERS = text(
    f"""
    SELECT l.recording_id, l.event_id, e.arrived_at, e.departed_at, r.duration_s
    FROM links l JOIN recordings r ON r.id = l.recording_id LEFT JOIN originals o ON o.id = r.original_id
    JOIN enforcement_events e ON e.id = l.event_id
    WHERE l.event_id = ANY(CAST(:ids AS uuid[])) AND l.state = '{LinkState.offered}'
      AND {STANDS} AND {HERE} AND {PLAYS} AND {COUNTS_IF_SPARSE}
    """  # fragments of the counting
)

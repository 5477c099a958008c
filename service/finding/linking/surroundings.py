"""What is known of the field around some recordings, and what of it concerns each one. Pure.

The same for a chunk of one and for a chunk of a thousand: rows that only another recording brought in make no
difference to this one.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from uuid import UUID

from service.finding.linking.evidence import (
    EventFacts,
    Holding,
    Limits,
    Person,
    Piece,
    RecordingFacts,
    Source,
)

# A recording whose time nobody knows was made at most this long before its bytes arrived.
UNKNOWN_BEFORE_ARRIVAL = timedelta(hours=24)
ONE_CARD = timedelta(hours=2)  # files that arrive this close came together
SHIFT = timedelta(hours=6)
# How far from a recording the recorder's other files can be of the same act.
RUN_REACH = timedelta(hours=2)
PIECE_REACH = timedelta(hours=8)  # before it: a file of the act may be this long
OTHERS_REACH = timedelta(hours=1)  # so far from it lies what it filmed of an event beside
CANDIDATES = 300

Span = tuple[datetime, datetime]

NEVER = (
    datetime(1900, 1, 1, tzinfo=UTC),
    datetime(1900, 1, 1, tzinfo=UTC),
)  # nothing is known to have happened then


class Spans:
    """Events by their beginning, for those that touch a window."""

    def __init__(self, events: Iterable[EventFacts]) -> None:
        self.events = sorted(events, key=lambda event: (event.start, event.id))
        self.starts = [event.start for event in self.events]
        self.longest = max(
            (event.end - event.start for event in self.events if event.end is not None), default=timedelta()
        )

    def starting(self, since: datetime, until: datetime) -> list[EventFacts]:
        return self.events[bisect_left(self.starts, since) : bisect_right(self.starts, until)]

    def touching(self, since: datetime, until: datetime, open_for: timedelta) -> list[EventFacts]:
        """An event without departure is taken to last `open_for`."""
        begun = self.starting(since - max(self.longest, open_for), until)
        return [event for event in begun if (event.end or event.start + open_for) >= since]


class Surroundings:
    """`events`: all that are not cancelled, of the squads and people concerned, a shift around; and those named.
    `holdings` and `pieces` by recorder."""

    def __init__(
        self,
        limits: Limits,
        events: Iterable[EventFacts],
        holdings: Mapping[UUID, Iterable[Holding]],
        pieces: Mapping[UUID, Iterable[Piece]],
    ) -> None:
        self.limits = limits
        self.by_id = {event.id: event for event in events}
        squads, people, cases = defaultdict(list), defaultdict(list), defaultdict(list)
        for event in self.by_id.values():
            if event.cancelled:
                continue
            squads[event.squad_id].append(event)
            if event.case_id is not None:
                cases[event.case_id].append(event)
            for person in event.officers:
                people[person.id].append(event)
        self.of_squad = {key: Spans(found) for key, found in squads.items()}
        self.of_person = {key: Spans(found) for key, found in people.items()}
        self.of_case = {key: Spans(found) for key, found in cases.items()}
        self.holdings = {
            key: sorted(found, key=lambda held: (held.start, held.officer.label))
            for key, found in holdings.items()
        }
        self.pieces = {
            key: sorted(found, key=lambda piece: (piece.file_start, piece.id, piece.start))
            for key, found in pieces.items()
        }
        self.piece_starts = {key: [piece.file_start for piece in found] for key, found in self.pieces.items()}

    def of_people(self, person: UUID, since: datetime, until: datetime) -> list[EventFacts]:
        """Events that one took part in, touching this time."""
        spans = self.of_person.get(person)
        return spans.touching(since, until, self.limits.open_event) if spans is not None else []

    def squad_out(self, squad_id: UUID, since: datetime, until: datetime) -> bool:
        spans = self.of_squad.get(squad_id)
        return spans is not None and bool(spans.touching(since, until, self.limits.open_event))

    def around(
        self, recording: RecordingFacts, named: Iterable[UUID] = ()
    ) -> tuple[RecordingFacts, tuple[EventFacts, ...]]:
        """The recording with its holders, partners and run; and its candidates. `named`: events that persons
        decided about, candidates whatever their time."""
        since, until = window(recording, self.limits)
        held = tuple(
            one
            for one in (self.holdings.get(recording.recorder_id, ()) if recording.recorder_id else ())
            if one.start < until and (one.end is None or one.end > since)
        )
        near = self._near(recording)
        run, others = self._run(recording, near), self._others(recording, near)
        holders = {one.officer.id for one in held}
        named = {recording.officer.id} if recording.officer is not None else set[UUID]()
        people = holders | named
        timed = recording.start is not None
        # whoever is only guessed says nothing of anybody else
        sure = (holders if recording.recorder_source != Source.guess else set()) | (
            named if recording.officer_source != Source.guess else set()
        )
        partners = self._partners(sure, since, until)
        found: dict[UUID, EventFacts] = {}
        open_for = self.limits.open_event
        for person in people | (set(partners) if timed else set()):
            if (spans := self.of_person.get(person)) is not None:
                found.update((event.id, event) for event in spans.touching(since, until, open_for))
        for spans in (
            self.of_squad.get(recording.squad_id) if timed else None,
            self.of_case.get(recording.declared_case) if recording.declared_case else None,
        ):
            if spans is not None:
                found.update((event.id, event) for event in spans.touching(since, until, open_for))
        chosen = sorted(
            found.values(),
            key=lambda event: (event.squad_id != recording.squad_id, abs(event.start - since), event.id),
        )[:CANDIDATES]
        known = {event.id for event in chosen}
        wanted = [*named, *([recording.declared_event] if recording.declared_event else [])]
        for event_id in wanted:
            if event_id in self.by_id and event_id not in known:
                known.add(event_id)
                chosen.append(self.by_id[event_id])
        # A partner by an event speaks for every other event, not for that one.
        beside = frozenset(
            person.id
            for event in chosen
            for person in event.officers
            if person.id in partners and partners[person.id] - {event.id}
        )
        worked = {person: frozenset(events) for person, events in partners.items()}
        facts = replace(
            recording,
            holdings=held,
            partners=beside,
            together=worked,
            run=run,
            others=others,
            named_beside=self._named_beside(recording, near),
        )
        return facts, tuple(chosen)

    def _partners(self, people: set[UUID], since: datetime, until: datetime) -> dict[UUID, set[UUID]]:
        """Who took part in an event of that shift with one of them, and in which."""
        found: dict[UUID, set[UUID]] = defaultdict(set)
        for person in people:
            if (spans := self.of_person.get(person)) is None:
                continue
            for event in spans.starting(since - SHIFT, until + SHIFT):
                for other in event.officers:
                    if other.id != person:
                        found[other.id].add(event.id)
        return found

    def _near(self, recording: RecordingFacts) -> list[Piece]:
        if recording.start is None or recording.end is None or recording.recorder_id is None:
            return []
        starts = self.piece_starts.get(recording.recorder_id)
        if not starts:
            return []
        first = bisect_left(starts, recording.start - PIECE_REACH)
        last = bisect_right(starts, recording.end + RUN_REACH)
        return [
            piece
            for piece in self.pieces[recording.recorder_id][first:last]
            if piece.id != recording.id and piece.end >= recording.start - RUN_REACH
        ]

    def _run(self, recording: RecordingFacts, near: list[Piece]) -> tuple[Piece, ...]:
        run = {
            (piece.start, piece.id): piece
            for since, until in recording.shown
            for piece in run_of(since, until, near, self.limits.pause)
        }
        return tuple(run[key] for key in sorted(run))

    def _others(self, recording: RecordingFacts, near: list[Piece]) -> tuple[tuple[datetime, datetime], ...]:
        if recording.start is None or recording.end is None:
            return ()
        since, until = recording.start - OTHERS_REACH, recording.end + OTHERS_REACH
        return tuple(
            (piece.start, piece.end) for piece in near if piece.start <= until and piece.end >= since
        )

    def _named_beside(self, recording: RecordingFacts, near: list[Piece]) -> tuple[Person, ...]:
        guessed = recording.recorder_source == Source.guess
        if guessed or recording.start is None or recording.end is None:
            return ()
        since, until = recording.start, recording.end
        named = [(one, one.officer) for one in near if one.officer is not None]
        before = [(one.end, one.id, who) for one, who in named if since - OTHERS_REACH <= one.end <= since]
        after = [(one.start, one.id, who) for one, who in named if until <= one.start <= until + OTHERS_REACH]
        nearest = [max(before, key=itemgetter(0, 1))] if before else []
        nearest += [min(after, key=itemgetter(0, 1))] if after else []
        return tuple(who for _, _, who in nearest)


def run_of(start: datetime, end: datetime, pieces: list[Piece], pause: timedelta) -> tuple[Piece, ...]:
    """Those that hang together with the span, link by link, `pause` at most between two."""
    left, found = list(pieces), list[Piece]()
    while True:
        joined = [piece for piece in left if piece.start <= end + pause and piece.end >= start - pause]
        if not joined:
            return tuple(sorted(found, key=lambda piece: (piece.start, piece.id)))
        found += joined
        left = [piece for piece in left if piece.start > end + pause or piece.end < start - pause]
        start = min(start, *(piece.start for piece in joined))
        end = max(end, *(piece.end for piece in joined))


def joined(spans: list[Span], pause: timedelta) -> list[Span]:
    """As stretches of filming: `pause` at most between two is no break."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1] + pause:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def window(recording: RecordingFacts, limits: Limits) -> tuple[datetime, datetime]:
    """Where its events may lie."""
    if recording.start is None or recording.end is None:
        return window_of(None, recording.doubt_s, recording.there_by, limits)
    return window_of((recording.start, recording.end), recording.doubt_s, recording.there_by, limits)


def window_of(
    span: tuple[datetime, datetime] | None, doubt_s: float, there_by: datetime | None, limits: Limits
) -> tuple[datetime, datetime]:
    """`span`: the recording's, None where its time is not known; `there_by`: it was filmed before."""
    if span is None:
        return (there_by - UNKNOWN_BEFORE_ARRIVAL, there_by) if there_by is not None else NEVER
    reach = limits.slack + timedelta(seconds=doubt_s)
    return span[0] - reach, span[1] + reach

"""What keeps a link from being made alone: something else that the same filming shows."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from schemas.links import LinkState
from service.finding.linking.evidence import EventFacts, Fix, Holding, Person, Piece, RecordingFacts
from service.finding.linking.rules import decide
from service.finding.linking.surroundings import Surroundings
from tests.service.finding.linking.test_terms import FILE, LIMITS, ONE, SQUAD, after

MATE, THIRD, FOURTH = (Person(UUID(int=n), f"02{n}") for n in (4, 5, 6))
MINE = replace(FILE, officer=ONE, holdings=(Holding(ONE, after(-120)),))


def event(number: int, start: float, end: float, *officers: Person) -> EventFacts:
    return EventFacts(UUID(int=500 + number), SQUAD, after(start), after(end), officers or (ONE, MATE))


def states(recording: RecordingFacts, *events: EventFacts) -> list[str | None]:
    found = {one.event_id: str(one.state) for one in decide(recording, events, LIMITS)}
    return [found.get(one.id) for one in events]


def filmed(start: float, end: float, **more: Any) -> RecordingFacts:
    return replace(MINE, start=after(start), end=after(end), **more)


def test_switched_on_for_the_next_act_while_one_that_was_filmed_still_goes_on() -> None:
    before, after_it = event(1, -20, 4.5), event(2, 6, 12)
    own = (after(-20), after(-1))
    assert states(filmed(0, 12), before, after_it)[1] == LinkState.automatic
    assert states(filmed(0, 12, others=(own,)), before, after_it) == [LinkState.offered, LinkState.automatic]


def test_the_first_file_of_such_a_filming_is_no_surer_than_the_whole() -> None:
    before, after_it = event(1, -20, 4.5), event(2, 5.5, 30)
    first = filmed(0, 5, run=(Piece(UUID(int=61), after(5), after(30)),), others=((after(-20), after(-1)),))
    assert states(first, before, after_it)[0] == LinkState.offered


def test_a_filming_that_shows_two_acts_from_their_beginnings_is_linked_to_both() -> None:
    assert states(filmed(0, 32), event(1, 0, 12), event(2, 20, 32)) == [LinkState.automatic] * 2


@pytest.mark.parametrize(("start", "inside"), [(14.4, 0.6), (15.0, 0.0), (12.0, 3.0)])
def test_a_file_cut_from_a_longer_filming_may_be_of_the_way(start: float, inside: float) -> None:
    """Its event ends at the fifteenth minute, as somebody wrote it down, and the filming began long before it."""
    head = Piece(UUID(int=61), after(-30), after(start))
    file = filmed(start, start + 5, run=(head,))
    assert states(file, event(1, 0, 15))[0] == (LinkState.automatic if inside >= 1 else LinkState.offered)


def test_the_last_file_of_one_act_is_linked_however_little_of_it_lies_inside() -> None:
    head = Piece(UUID(int=61), after(0), after(14.8))
    assert states(filmed(14.8, 15.4, run=(head,)), event(1, 0, 15)) == [LinkState.automatic]


def test_whoever_came_along_with_another_crew_was_where_the_own_crew_was() -> None:
    """Listed at both; the shift's other events say with whom the officer worked."""
    own, other = event(1, 6, 20), event(2, -2, 6, ONE, THIRD, FOURTH)
    shift = [event(n, 60 * n, 60 * n + 10) for n in (3, 4)] + [event(5, 90, 100, THIRD, FOURTH)]
    known = Surroundings(LIMITS, [own, other, *shift], {}, {})
    recording, candidates = known.around(filmed(0, 20))
    found = {one.event_id: one.state for one in decide(recording, candidates, LIMITS)}
    assert (found[own.id], found[other.id]) == (LinkState.automatic, LinkState.offered)


def test_the_usual_crew_needs_less_of_a_lead_where_both_cover_the_same() -> None:
    own, other = event(1, 0, 20), event(2, 1, 19, ONE, THIRD, FOURTH)
    shift = [event(n, 60 * n, 60 * n + 10) for n in (3, 4)]
    recording, candidates = Surroundings(LIMITS, [own, other, *shift], {}, {}).around(filmed(0, 20))
    found = {one.event_id: one.state for one in decide(recording, candidates, LIMITS)}
    assert found[own.id] == LinkState.automatic and found.get(other.id) != LinkState.automatic


def test_whom_the_file_names_and_who_held_its_recorder_cannot_both_be_right() -> None:
    file = filmed(
        0, 40, officer=THIRD, holdings=(Holding(ONE, after(-120)),), partners=frozenset({MATE.id, FOURTH.id})
    )
    held, named = event(1, 0, 20), event(2, 25, 35, THIRD, FOURTH)
    assert states(file, named) == [LinkState.automatic]
    assert states(file, held, named) == [LinkState.automatic, LinkState.offered]


def test_a_partners_event_is_only_offered_where_more_of_the_own_one_is_shown() -> None:
    theirs = event(1, -4, 5, THIRD, FOURTH)
    theirs = replace(theirs, latitude=25.83, longitude=114.93)
    own = event(2, 5, 25)
    file = filmed(
        0, 25, officer=None, partners=frozenset({THIRD.id, MATE.id}), track=(Fix(25.83, 114.93, after(1)),)
    )
    assert states(file, theirs, own) == [LinkState.offered, LinkState.automatic]


def test_an_act_whose_end_nobody_wrote_down_is_linked_where_its_beginning_was_filmed() -> None:
    first, second = event(1, 8, 18), replace(event(2, 22, 40), end=None)
    assert states(filmed(0, 45), first, second) == [LinkState.automatic] * 2
    late = filmed(30, 45)
    assert states(late, second, event(3, 41, 60)) != [LinkState.automatic] * 2

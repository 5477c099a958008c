"""Between two readings of a clock that disagree by hours the change lies where holdings, events and positions fit."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.finding.linking.evidence import EventFacts, Holding, Limits, Person
from service.finding.linking.stories import Answer, Shot, choose
from service.finding.linking.surroundings import Surroundings
from tests.service.finding.linking.field import at

SQUAD, RECORDER = UUID(int=1), UUID(int=2)
ONE = Person(UUID(int=11), "011")
HERE = (25.83, 114.93)
EIGHT = -28800.0


def event(number: int, start: datetime, minutes: float = 20) -> EventFacts:
    end = start + timedelta(minutes=minutes)
    return EventFacts(UUID(int=100 + number), SQUAD, start, end, (ONE,), *HERE)


def shot(number: int, shown: datetime, minutes: float = 15, **more: object) -> Shot:
    """Shown by a clock that was right or eight hours slow."""
    answers = (Answer(0.0, shown), Answer(EIGHT, shown + timedelta(hours=8)))
    said = {"officer": ONE} | more
    length = timedelta(minutes=minutes)
    return Shot(UUID(int=200 + number), RECORDER, SQUAD, shown + length, length, answers, **said)  # type: ignore[arg-type]


def known(*events: EventFacts, held: tuple[Holding, ...] = ()) -> Surroundings:
    return Surroundings(Limits(), events, {RECORDER: held}, {})


def offsets(shots: list[Shot], field: Surroundings) -> dict[int, float | None]:
    """None: it is not clear."""
    found = choose(shots, field)
    return {one.id.int - 200: found[one.id].answer.offset_s if found[one.id].clear else None for one in shots}


def test_a_morning_that_was_filmed_by_a_right_clock_is_not_moved() -> None:
    """The holding ended at noon, and the camera stood where its holder was at work."""
    field = known(
        event(1, at("09:00")), event(2, at("10:00")), held=(Holding(ONE, at("08:00"), at("12:00")),)
    )
    shots = [shot(n, at(clock), track=((*HERE, 0.0),)) for n, clock in enumerate(("09:02", "10:01"))]
    assert offsets(shots, field) == {0: 0.0, 1: 0.0}


def test_the_change_lies_where_the_files_fit_and_takes_with_it_those_that_nothing_tells_of() -> None:
    shots = [shot(0, at("09:00")), shot(1, at("10:00")), shot(2, at("02:30", 2)), shot(3, at("03:30", 2))]
    field = known(event(1, at("09:00")), event(2, at("10:00")), event(3, at("10:30", 2)))
    assert offsets(shots, field)[2] == EIGHT and offsets(shots, field)[0] == 0.0
    silent = replace(shots[3], id=UUID(int=209))
    assert offsets([*shots[:3], silent], known(event(1, at("09:00")), event(3, at("10:30", 2))))[2] == EIGHT


def test_nothing_known_leaves_it_unclear() -> None:
    assert offsets([shot(0, at("09:00"))], known()) == {0: None}


@pytest.mark.parametrize(("said", "wanted"), [("09:00", 0.0), ("17:00", EIGHT)])
def test_what_a_person_said_of_a_file_is_evidence_of_its_clock(said: str, wanted: float) -> None:
    both = known(event(1, at("09:00")), event(2, at("17:00")))
    assert offsets([shot(0, at("09:00"))], both) == {0: None}
    assert offsets([shot(0, at("09:00"), said=(event(3, at(said)),))], both) == {0: wanted}


def test_it_had_come_with_the_docking_before() -> None:
    file = shot(0, at("09:00"))
    late = replace(file, answers=(replace(file.answers[0], came_late=True), file.answers[1]))
    both = known(event(1, at("09:00")), event(2, at("17:00")))
    assert offsets([late], both) == {0: EIGHT}


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 7)), min_size=1, max_size=8), st.integers(0, 3))
def test_a_clock_that_jumped_once_is_followed_wherever_it_jumped(
    filmed: list[tuple[int, int]], jumped: int
) -> None:
    """Of a holder at work by day, whoever filmed what; none of it is set to a time at which nobody was out."""
    times = sorted({at("09:00", day) + timedelta(hours=hour) for day, hour in filmed})
    field = known(
        *(event(n, time) for n, time in enumerate(times)),
        held=tuple(Holding(ONE, at("08:30", n), at("16:45", n)) for n in range(4)),
    )
    wrong = {n for n, time in enumerate(times) if time >= at("00:00", jumped)}
    shots = [shot(n, time - timedelta(hours=8 * (n in wrong))) for n, time in enumerate(times)]
    for n, offset in offsets(shots, field).items():
        assert offset in (None, EIGHT if n in wrong else 0.0)

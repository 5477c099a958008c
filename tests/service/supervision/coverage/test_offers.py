"""Offers of one recording to several events are not counted twice where it could show only one of them."""

from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.accounts import Role
from schemas.events import EnforcementEvent
from schemas.links import Link, LinkState
from schemas.recordings import Recording
from service.supervision.coverage.counting import recount_all
from service.supervision.coverage.offers import Offer, most_recorded, together
from service.supervision.coverage.queries import board
from service.supervision.coverage.rows import rows_behind
from tests.service.finding.linking.field import Field, at
from tests.service.supervision.coverage.random_bureau import AS_OF


def offer(recording: int, event: int, start: str, end: str, minutes: float = 20) -> Offer:
    return Offer(UUID(int=recording), UUID(int=event), at(start), at(end), timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("first", "second", "minutes", "possible"),
    [
        (("09:00", "09:30"), ("09:30", "10:00"), 20, True),
        (("09:00", "09:30"), ("09:40", "10:00"), 20, True),
        (("09:00", "09:30"), ("09:50", "10:00"), 20, False),  # it does not reach so far
        (("09:00", "09:30"), ("09:25", "10:00"), 20, True),
        (("09:00", "09:30"), ("09:05", "10:00"), 20, False),  # nor from what is the first alone to what is the other
        (("09:00", "09:30"), ("09:00", "09:30"), 600, False),
        (("09:00", "09:30"), ("09:10", "09:20"), 600, False),  # a camera is in one place at a time
        (("09:00", "09:30"), ("14:00", "14:30"), 20, False),
        (("09:00", "09:30"), ("14:00", "14:30"), 300, True),
    ],
)  # fmt: skip
def test_what_one_recording_can_show(
    first: tuple[str, str], second: tuple[str, str], minutes: float, possible: bool
) -> None:
    one, other = offer(1, 1, *first, minutes), offer(1, 2, *second, minutes)
    assert together(one, other) is together(other, one) is possible


APART = (("09:00", "09:30"), ("12:00", "12:30"), ("15:00", "15:30"), ("18:00", "18:30"))


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=10))
def test_of_recordings_that_show_one_event_each_it_is_the_most(pairs: set[tuple[int, int]]) -> None:
    offers = [offer(recording, event, *APART[event]) for recording, event in sorted(pairs)]
    options = [[None, *(one for one in offers if one.recording == UUID(int=n))] for n in range(4)]
    most = max(len({one.event for one in chosen if one}) for chosen in product(*options))
    assert most_recorded(offers) == most_recorded(reversed(offers)) == most


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=8),
    st.lists(st.integers(0, 90), min_size=4, max_size=4),
    st.sampled_from([10, 40, 90]),
)
def test_it_is_never_more_than_recordings_can_show_nor_less_than_one_each(
    pairs: list[tuple[int, int]], starts: list[int], minutes: int
) -> None:
    spans = [(at("09:00") + timedelta(minutes=one), at("09:20") + timedelta(minutes=one)) for one in starts]
    offers = [
        Offer(UUID(int=n), UUID(int=event), *spans[event], timedelta(minutes=minutes))
        for n, event in sorted(set(pairs))
    ]
    possible = 0
    sets = []
    for n in range(3):
        mine = [one for one in offers if one.recording == UUID(int=n)]
        subsets = [
            [one for place, one in enumerate(mine) if mask >> place & 1] for mask in range(2 ** len(mine))
        ]
        sets.append(
            [
                chosen
                for chosen in subsets
                if all(together(a, b) for k, a in enumerate(chosen) for b in chosen[:k])
            ]
        )
    for chosen in product(*sets):
        possible = max(possible, len({one.event for mine in chosen for one in mine}))
    singly = most_recorded([one._replace(length=timedelta()) for one in offers])
    assert singly <= most_recorded(offers) <= possible


def test_a_long_chain_of_recordings_that_give_way_is_followed() -> None:
    n = 3000
    offers = [offer(k, k, "09:00", "09:30") for k in range(n)]
    offers += [offer(k, k + 1, "09:00", "09:30") for k in range(n)]
    assert most_recorded(offers) == n


# ---- on the board ----------------------------------------------------------------------------------------


def offered(field: Field, recording: Recording, *events: EnforcementEvent) -> None:
    for event in events:
        row = Link(
            recording_id=recording.id, event_id=event.id, state=LinkState.offered, score=0.5, rule_version="1"
        )
        field.session.add(row)
    field.session.flush()
    recount_all(field.session)


def figure(field: Field, squad: str = "one") -> tuple[int | None, int | None, int]:
    """Of the total, of the squad, and how many rows wait behind it."""
    actor = field.actor(Role.auditor)
    found = board(field.session, actor, by=("squad",), as_of=AS_OF)
    [mine] = [row for row in found.rows if row.keys[0].value == str(field.squad(squad).id)]
    rows = rows_behind(field.session, actor, "recorded", part="rest", reason="offered", as_of=AS_OF)
    return found.total.figures["recorded"].offered, mine.figures["recorded"].offered, len(rows.items)


def test_one_recording_offered_to_three_events_makes_one_of_them_recorded(bureau: Field) -> None:
    events = [bureau.event(at(start), at(end)) for start, end in APART[:3]]
    offered(bureau, bureau.recording(at("09:00"), at("09:20")), *events)
    assert figure(bureau) == (1, 1, 3)
    offered(bureau, bureau.recording(at("12:00"), at("12:20")), events[0], events[1])
    assert figure(bureau) == (2, 2, 3)
    offered(bureau, bureau.recording(at("15:00"), at("15:20")), events[2])
    assert figure(bureau) == (3, 3, 3)


def test_one_that_reaches_from_one_event_to_the_next_makes_both_recorded(bureau: Field) -> None:
    events = [bureau.event(at("09:00"), at("09:30")), bureau.event(at("09:35"), at("10:00"))]
    offered(bureau, bureau.recording(at("09:10"), at("09:50")), *events)
    assert figure(bureau) == (2, 2, 2)


def test_an_event_of_another_squad_takes_the_recording_only_once_in_all(bureau: Field) -> None:
    one, two = bureau.event(at("09:00"), at("09:30")), bureau.event(at("09:00"), at("09:30"), squad="two")
    offered(bureau, bureau.recording(at("09:10"), at("09:20")), one, two)
    assert figure(bureau)[:2] == (1, 1) and figure(bureau, "two")[:2] == (1, 1)

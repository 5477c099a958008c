"""What is linked though one of the usual grounds is missing: no crew written down, no holder, no film inside. And what is
not, each of them beside what is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.links import LinkState
from service.finding.linking.evidence import EventFacts, Fix, Holding, Person, Piece, RecordingFacts, Source
from service.finding.linking.rules import decide
from service.finding.linking.surroundings import Surroundings
from service.finding.linking.terms import consider
from service.finding.linking.words import words
from service.kernel.i18n import speaking
from tests.service.finding.linking.test_doubts import MATE, MINE, event, filmed, states
from tests.service.finding.linking.test_terms import FILE, LIMITS, ONE, SQUAD, TWO, after

SITE = {"latitude": 25.83, "longitude": 114.93}
AUTOMATIC, OFFERED = LinkState.automatic, LinkState.offered


def unlisted(number: int, start: float, end: float, **more: Any) -> EventFacts:
    return EventFacts(UUID(int=500 + number), SQUAD, after(start), after(end), **more)


# ---- an event that names nobody ----------------------------------------------------------------------


def test_an_event_that_names_nobody_is_linked_where_the_filming_begins_and_ends_with_it() -> None:
    assert states(filmed(0.5, 19), unlisted(1, 0, 20)) == [AUTOMATIC]


@pytest.mark.parametrize(
    ("start", "end"), [(5, 12), (-6, 8), (0, 6)], ids=["meets neither end", "ends inside", "shows too little"]
)
def test_an_event_that_names_nobody_is_offered_where_it_might_as_well_be_another(
    start: float, end: float
) -> None:
    assert states(filmed(start, end), unlisted(1, 0, 20)) == [OFFERED]


def test_files_cut_from_one_filming_meet_the_event_together() -> None:
    whole = [Piece(UUID(int=61), after(0), after(10)), Piece(UUID(int=62), after(20), after(30))]
    assert states(filmed(10, 20, run=tuple(whole)), unlisted(1, 0, 30)) == [AUTOMATIC]
    assert states(filmed(10, 20), unlisted(1, 0, 30)) == [OFFERED]


def test_an_event_that_names_nobody_is_linked_where_the_camera_stood_at_its_place() -> None:
    here = (Fix(25.83, 114.93, after(4)),)
    assert states(filmed(4, 15, track=here), unlisted(1, 0, 20, **SITE)) == [AUTOMATIC]
    assert states(filmed(4, 15, track=(Fix(25.85, 114.93, after(4)),)), unlisted(1, 0, 20, **SITE)) == [
        OFFERED
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"officer": None, "holdings": ()},
        {"officer_source": Source.guess, "holdings": ()},
        {"officer": None, "recorder_source": Source.guess},
    ],
    ids=["nobody", "a guessed name", "a guessed recorder"],
)
def test_a_film_of_nobody_known_links_no_event_that_names_nobody(more: dict[str, Any]) -> None:
    """Two that say nothing do not make one that is sure."""
    assert states(filmed(0, 20, **more), unlisted(1, 0, 20)) == [OFFERED]


def test_an_event_that_names_nobody_gives_way_to_one_of_who_filmed() -> None:
    assert states(filmed(0, 20), unlisted(1, 0, 20), event(2, 1, 21)) == [OFFERED, AUTOMATIC]


def test_of_two_events_that_name_nobody_neither_is_linked_where_both_fit() -> None:
    assert states(filmed(0, 20), unlisted(1, 0, 20), unlisted(2, 1, 20)) == [OFFERED, OFFERED]


def test_a_filming_over_two_acts_shows_the_one_that_names_nobody_too() -> None:
    assert states(filmed(0, 45), unlisted(1, 0, 20), event(2, 27, 45)) == [AUTOMATIC, AUTOMATIC]


def test_an_event_of_another_squad_that_names_nobody_is_neither_linked_nor_offered() -> None:
    assert states(filmed(0, 20), replace(unlisted(1, 0, 20), squad_id=UUID(int=10))) == [None]


# ---- whom the other files of a recorder name ---------------------------------------------------------

NAMELESS = replace(FILE, start=after(0), end=after(20))


def around(recording: RecordingFacts, *pieces: Piece, **more: Any) -> RecordingFacts:
    return Surroundings(LIMITS, [], more.get("holdings", {}), {UUID(int=80): pieces}).around(recording)[0]


def test_who_is_named_before_and_after_filmed_what_lies_between() -> None:
    before = Piece(UUID(int=61), after(-50), after(-40), ONE)
    later = Piece(UUID(int=62), after(50), after(60), ONE)
    both = around(NAMELESS, before, later)
    assert both.named_beside == (ONE, ONE)
    assert decide(both, [event(1, 0, 20)], LIMITS)[0].state == AUTOMATIC
    handed_over = around(NAMELESS, before, replace(later, officer=TWO))
    assert handed_over.named_beside == (ONE, TWO)
    scores = [consider(one, event(1, 0, 20), LIMITS).score for one in (both, handed_over, NAMELESS)]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == 3


@given(
    st.lists(
        st.tuples(st.integers(-200, 200), st.integers(1, 30), st.sampled_from([None, ONE, TWO])), max_size=8
    )
)
def test_only_the_nearest_file_that_names_somebody_counts_on_each_side_and_only_within_the_hour(
    rows: list[tuple[int, int, Person | None]],
) -> None:
    pieces = [
        Piece(UUID(int=900 + n), after(start), after(start + length), who)
        for n, (start, length, who) in enumerate(rows)
    ]
    named = around(NAMELESS, *pieces).named_beside
    hour = timedelta(hours=1)
    before = [one for one in pieces if one.officer and after(0) - hour <= one.end <= after(0)]
    later = [one for one in pieces if one.officer and after(20) <= one.start <= after(20) + hour]
    assert len(named) == bool(before) + bool(later)
    assert set(named) <= {one.officer for one in before + later}
    if before:
        assert named[0] in {one.officer for one in before if one.end == max(each.end for each in before)}
    # what lies further off changes nothing
    far = Piece(UUID(int=999), after(-500), after(-400), TWO)
    assert around(NAMELESS, *pieces, far).named_beside == named


def test_who_held_the_recorder_by_the_book_beats_whom_its_other_files_name() -> None:
    beside = (ONE, ONE)
    held = replace(NAMELESS, named_beside=beside, holdings=(Holding(TWO, after(-60)),))
    assert states(held, event(1, 0, 20, ONE)) != [AUTOMATIC]
    assert states(replace(held, holdings=()), event(1, 0, 20, ONE)) == [AUTOMATIC]


def test_files_of_a_recorder_that_is_only_guessed_name_nobody() -> None:
    pieces = Piece(UUID(int=61), after(-10), after(-5), ONE), Piece(UUID(int=62), after(25), after(30), ONE)
    assert around(replace(NAMELESS, recorder_source=Source.guess), *pieces).named_beside == ()


# ---- a partner who alone was written down ------------------------------------------------------------


def shift(*with_mate: int) -> frozenset[UUID]:
    return frozenset(UUID(int=700 + n) for n in with_mate)


def with_partner(**together: Any) -> RecordingFacts:
    return filmed(0.5, 20, partners=frozenset({MATE.id}), together={MATE.id: shift(1, 2, 3), **together})


def test_the_usual_partners_event_is_linked_where_the_filming_begins_or_ends_with_it() -> None:
    theirs = event(1, 0, 20, MATE)
    assert states(with_partner(), theirs) == [AUTOMATIC]
    nearby = event(2, 28, 40)  # of who filmed, and only beside
    assert states(with_partner(), theirs, nearby)[0] == AUTOMATIC
    shown = event(3, 2, 20)
    assert states(with_partner(), theirs, shown)[0] != AUTOMATIC


def test_whoever_came_along_once_is_no_usual_partner() -> None:
    once = replace(
        with_partner(),
        together={MATE.id: shift(1), TWO.id: shift(2, 3, 4)},
        partners=frozenset({MATE.id, TWO.id}),
    )
    assert "meets" not in {reason.code for reason in consider(once, event(1, 0, 20, MATE), LIMITS).reasons}


# ---- beside the event --------------------------------------------------------------------------------

HEAD = Piece(UUID(int=61), after(0), after(14))


def test_a_moment_filmed_once_more_when_the_act_was_over_belongs_to_it() -> None:
    assert states(filmed(15.5, 16, run=(HEAD,)), event(1, 0, 15)) == [AUTOMATIC]


@pytest.mark.parametrize(
    ("start", "end", "run"),
    [
        (15.5, 19, (HEAD,)),
        (15.5, 16, ()),
        (15.5, 16, (HEAD, Piece(UUID(int=62), after(17), after(30)))),
        (17.5, 18, (replace(HEAD, end=after(16)),)),
    ],
    ids=["long", "nothing inside", "goes on", "too late"],
)
def test_what_follows_an_act_may_be_of_the_way(start: float, end: float, run: tuple[Piece, ...]) -> None:
    others = tuple((piece.start, piece.end) for piece in run) or ((after(0), after(14)),)
    assert states(filmed(start, end, run=run, others=others), event(1, 0, 15)) == [OFFERED]


def test_an_event_with_a_film_of_its_own_is_offered_behind_what_the_file_shows() -> None:
    own = event(1, 26, 40)
    file = filmed(3, 20, others=((after(26), after(40)),))
    assert consider(file, own, LIMITS).score < consider(replace(file, others=()), own, LIMITS).score
    assert decide(file, [own, unlisted(2, 0, 24)], LIMITS)[0].event_id == UUID(int=502)


def test_there_is_room_for_what_it_shows_among_many_that_it_lies_beside() -> None:
    beside = [event(n, 21 + n, 60) for n in range(1, 5)]
    shown = unlisted(9, -8, 30)
    found = decide(filmed(0, 20), [*beside, shown], LIMITS)
    assert len(found) == LIMITS.offers and shown.id in {one.event_id for one in found}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


# ---- two names ---------------------------------------------------------------------------------------


def test_whom_the_file_names_is_believed_where_the_holders_act_is_only_brushed() -> None:
    """Who held the recorder by the book was at an act of which three minutes are shown."""
    file = filmed(0, 40, officer=MATE, holdings=(Holding(ONE, after(-120)),), partners=frozenset({TWO.id}))
    named, brushed = event(1, 0, 33, MATE, TWO), event(2, 37, 60, ONE)
    assert states(file, named, brushed)[0] == AUTOMATIC
    assert states(file, named, event(3, 0, 39, ONE))[0] == OFFERED


def test_what_was_tried_stands_on_files_that_name_their_officer() -> None:
    assert MINE.officer == ONE and MINE.holdings


# ---- words -------------------------------------------------------------------------------------------


def test_each_of_these_grounds_is_said_in_words_of_its_own() -> None:
    event_of_one, far_own = event(1, 0, 20, ONE), event(2, 26, 40)
    nameless = replace(NAMELESS, named_beside=(ONE, ONE))
    pairs = [
        (filmed(0, 20), unlisted(1, 0, 20)),
        (filmed(0, 15), unlisted(1, 0, 20)),
        (filmed(5, 20), unlisted(1, 0, 20)),
        (nameless, event_of_one),
        (filmed(3, 20, others=((after(26), after(40)),)), far_own),
    ]
    with speaking("en"):
        said = {
            words(reason)
            for one, other in pairs
            for reason in consider(one, other, LIMITS).reasons
            if reason.code in ("meets", "beside_officer", "filmed")
        }
    assert len(said) == len(pairs) and not any("{" in sentence for sentence in said)

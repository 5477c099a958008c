"""Each term alone: what it needs, and that it is said in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from schemas.links import LinkState
from service.finding.linking.evidence import (
    EventFacts,
    Fix,
    Holding,
    Limits,
    Person,
    Piece,
    RecordingFacts,
    Source,
)
from service.finding.linking.rules import decide
from service.finding.linking.surroundings import Surroundings
from service.finding.linking.terms import consider
from service.finding.linking.words import SENTENCES, words
from service.kernel.i18n import speaking

START = datetime(2024, 6, 3, 1, 0, tzinfo=UTC)
LIMITS = Limits()
ONE, TWO = (Person(UUID(int=n), f"01{n}") for n in (2, 3))
SQUAD = UUID(int=9)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


EVENT = EventFacts(UUID(int=50), SQUAD, after(0), after(30), (ONE,), 25.83, 114.93, UUID(int=70))
FILE = RecordingFacts(
    UUID(int=60), SQUAD, after(300), after(0), after(30), recorder_id=UUID(int=80), recorder="R-07"
)


def codes(recording: RecordingFacts, event: EventFacts = EVENT) -> dict[str, float]:
    return {reason.code: reason.weight for reason in consider(recording, event, LIMITS).reasons}


def test_identities_stand_in_their_order() -> None:
    case = replace(FILE, declared_case=EVENT.case_id)
    officer = replace(FILE, officer=ONE)
    holder = replace(FILE, holdings=(Holding(ONE, after(-60)),))
    partner = replace(FILE, partners=frozenset({ONE.id}))
    scores = [consider(one, EVENT, LIMITS).score for one in (case, officer, holder, partner, FILE)]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == 5


def test_an_officer_named_by_the_file_name_counts_a_little_less_than_one_who_was_declared() -> None:
    declared = replace(FILE, officer=ONE)
    by_name = replace(declared, officer_source=Source.file_name)
    assert codes(by_name)["officer"] < codes(declared)["officer"]


def test_somebody_elsewhere_speaks_against() -> None:
    wrong_id = replace(FILE, officer=TWO, holdings=(Holding(ONE, after(-60)),))
    assert codes(wrong_id)["officer_elsewhere"] < 0
    lent = replace(FILE, officer=ONE, holdings=(Holding(TWO, after(-60)),))
    assert "holder_elsewhere" not in codes(replace(FILE, officer=ONE, holdings=(Holding(ONE, after(-60)),)))
    assert codes(lent)["holder_elsewhere"] < 0


def test_the_edge_of_another_act_is_no_link_by_itself() -> None:
    """Twenty minutes filmed next door, forty seconds of which lie in this event as it was written down."""
    beside = replace(FILE, officer=ONE, start=after(29.3), end=after(50))
    assert codes(beside)["sliver"] < 0
    (only,) = decide(beside, [EVENT], LIMITS)
    assert only.state == LinkState.offered


def test_the_last_file_of_a_split_act_is_no_sliver() -> None:
    head = Piece(UUID(int=61), after(0), after(29))
    tail = replace(FILE, officer=ONE, start=after(29), end=after(31), run=(head,))
    assert "sliver" not in codes(tail)
    (only,) = decide(tail, [EVENT], LIMITS)
    assert only.state == LinkState.automatic


def test_a_file_just_after_the_departure_goes_on_with_the_one_before() -> None:
    head = Piece(UUID(int=61), after(0), after(30.2))
    tail = replace(FILE, officer=ONE, holdings=(Holding(ONE, after(-60)),), start=after(30.3), end=after(31))
    assert decide(tail, [EVENT], LIMITS)[0].state == LinkState.offered
    (only,) = decide(replace(tail, run=(head,)), [EVENT], LIMITS)
    assert (only.state, only.part) == (LinkState.automatic, None)


def test_what_lies_in_a_hole_of_a_recording_is_not_shown_by_it() -> None:
    """Five seconds, ten hours without a sample, five seconds: the event lies between."""
    jump = replace(FILE, officer=ONE, start=after(-1), end=after(600), stretches=((0, 5), (36055, 36060)))
    considered = consider(jump, EVENT, LIMITS)
    said = {reason.code: reason for reason in considered.reasons}
    assert considered.part is None and "overlap" not in said
    assert (said["gap"].params["gap_s"], said["gap"].params["before"]) == (55, True)
    assert decide(jump, [EVENT], LIMITS)[0].state == LinkState.offered


def test_the_overlap_is_what_the_recording_has_of_the_event() -> None:
    holed = replace(FILE, officer=ONE, stretches=((0, 60), (1200, 1500)))
    considered = consider(holed, EVENT, LIMITS)
    said = {reason.code: reason for reason in considered.reasons}
    assert said["overlap"].params == {"overlap_s": 360, "recording_s": 360, "event_s": 1800}
    assert said["both"].params["share"] == 0.2
    assert considered.part == (after(0), after(25))
    assert considered.score < consider(replace(holed, stretches=None), EVENT, LIMITS).score


def test_a_file_of_another_hour_is_no_neighbour_though_a_hole_of_this_one_lasts_until_then() -> None:
    jump = replace(FILE, start=after(0), end=after(300), stretches=((0, 60), (17940, 18000)))
    pieces = [
        Piece(UUID(int=61), after(1), after(30)),
        Piece(UUID(int=62), after(150), after(160)),
        Piece(UUID(int=63), after(270), after(299), begun=after(-20)),
    ]
    known = Surroundings(LIMITS, [], {}, {UUID(int=80): pieces})
    found, _ = known.around(jump)
    assert [piece.id for piece in found.run] == [UUID(int=61), UUID(int=63)]


def test_a_neighbour_s_position_stands_in_where_the_file_has_none() -> None:
    placed = Piece(UUID(int=61), after(-10), after(0), track=(Fix(25.83, 114.93),))
    assert codes(replace(FILE, run=(placed,)))["place_beside"] > 0
    far = replace(FILE, run=(placed,), track=(Fix(25.9, 114.93),))
    assert codes(far)["place"] < 0 and "place_beside" not in codes(far)


@pytest.mark.parametrize("hours", [-8, 8])
def test_a_clock_hours_off_offers_the_event_that_would_fit_first_and_links_nothing_alone(hours: int) -> None:
    shifted = replace(
        FILE,
        officer=ONE,
        start=after(hours * 60),
        end=after(hours * 60 + 30),
        doubt_s=8 * 3600.0,
    )
    other = replace(EVENT, id=UUID(int=51), start=after(hours * 60 + 70), end=after(hours * 60 + 100))
    found = decide(shifted, [other, EVENT], LIMITS)
    assert found[0].event_id == EVENT.id
    assert {one.state for one in found} == {LinkState.offered}


def test_every_term_is_said_in_words() -> None:
    facts = [
        replace(
            FILE, officer=ONE, officer_source=source, holdings=(Holding(TWO, after(-60)),), doubt_s=7200.0
        )
        for source in Source
    ]
    piece = Piece(UUID(int=61), after(-10), after(0), ONE, EVENT.case_id, (Fix(25.83, 114.93),))
    facts += [
        replace(FILE, declared_case=EVENT.case_id, officer=TWO, track=(Fix(25.9, 114.9),)),
        replace(FILE, run=(piece,), start=after(30.5), end=after(31)),
        replace(FILE, run=(piece,), start=after(29.7), end=after(80), partners=frozenset({ONE.id})),
        replace(FILE, partners=frozenset({ONE.id})),
        replace(FILE, start=None, end=None),
        replace(FILE, declared_event=EVENT.id, squad_id=UUID(int=8), start=after(600), end=after(601)),
    ]
    with speaking("en"):
        for one in facts:
            for reason in consider(one, EVENT, LIMITS).reasons:
                said = words(reason)
                assert said != reason.code and "{" not in said


def test_no_sentence_is_without_a_term() -> None:
    assert all(isinstance(sentence, str) and sentence for sentence in SENTENCES.values())

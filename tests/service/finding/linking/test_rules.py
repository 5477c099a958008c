"""Properties of the rules, for facts of any kind."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from schemas.links import LinkState
from service.finding.linking.evidence import EventFacts, Fix, Holding, Limits, Person, RecordingFacts, Source
from service.finding.linking.rules import consider, decide
from service.finding.linking.who import was_there
from service.kernel.geo import distance_m

BASE = datetime(2024, 6, 3, 1, 0, tzinfo=UTC)
LIMITS = Limits()
SQUADS = [UUID(int=n) for n in (1, 2)]
PEOPLE = [Person(UUID(int=100 + n), f"{n:03}") for n in range(4)]
CASES = [UUID(int=200 + n) for n in range(2)]
EVENTS = [UUID(int=300 + n) for n in range(6)]

minutes = st.integers(-90, 90).map(lambda n: BASE + timedelta(minutes=n))
lengths = st.integers(0, 120).map(lambda n: timedelta(minutes=n))
points = st.tuples(st.floats(25.80, 25.86), st.floats(114.90, 114.96))
crews = st.lists(st.sampled_from(PEOPLE), max_size=3, unique=True).map(tuple)


@st.composite
def events(draw: DrawFn) -> EventFacts:
    start = draw(minutes)
    where = draw(st.none() | points)
    return EventFacts(
        id=draw(st.sampled_from(EVENTS)),
        squad_id=draw(st.sampled_from(SQUADS)),
        start=start,
        end=draw(st.none() | lengths.map(lambda length: start + length)),
        officers=draw(crews),
        latitude=where[0] if where else None,
        longitude=where[1] if where else None,
        case_id=draw(st.none() | st.sampled_from(CASES)),
        cancelled=draw(st.booleans()),
    )


@st.composite
def recordings(draw: DrawFn) -> RecordingFacts:
    start = draw(st.none() | minutes)
    holders = draw(st.lists(st.tuples(st.sampled_from(PEOPLE), minutes, lengths), max_size=2))
    return RecordingFacts(
        id=UUID(int=1),
        squad_id=draw(st.sampled_from(SQUADS)),
        start=start,
        end=start + draw(lengths) if start else None,
        doubt_s=draw(st.sampled_from([0.0, 5.0, 600.0, 28800.0])),
        declared_event=draw(st.none() | st.sampled_from(EVENTS)),
        declared_case=draw(st.none() | st.sampled_from(CASES)),
        case_source=draw(st.sampled_from(list(Source))),
        case_foreign=draw(st.booleans()),
        officer=draw(st.none() | st.sampled_from(PEOPLE)),
        recorder="R-07",
        holdings=tuple(Holding(who, since, since + length) for who, since, length in holders),
        partners=frozenset(person.id for person in draw(crews)),
        track=tuple(Fix(*point) for point in draw(st.lists(points, max_size=3))),
        officer_ours=draw(st.booleans()),
        recorder_ours=draw(st.booleans()),
        named_beside=tuple(draw(st.lists(st.sampled_from(PEOPLE), max_size=2))),
    )


known = st.lists(events(), max_size=6, unique_by=lambda event: event.id)
subsets = st.frozensets(st.sampled_from(EVENTS), max_size=3)


@given(recordings(), events())
def test_a_score_lies_between_0_and_1_and_is_the_sum_of_its_visible_terms(
    recording: RecordingFacts, event: EventFacts
) -> None:
    found = consider(recording, event, LIMITS)
    assert 0 <= found.score <= 1
    total = sum(reason.weight for reason in found.reasons)
    assert abs(found.score - min(1.0, max(0.0, total))) < 1e-3
    assert found.reasons


@given(recordings(), known, subsets, subsets, st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_makes_no_difference(
    recording: RecordingFacts,
    found: list[EventFacts],
    confirmed: frozenset[UUID],
    rejected: frozenset[UUID],
    chance: random.Random,
) -> None:
    shuffled = list(found)
    random.Random(chance.random()).shuffle(shuffled)
    first = decide(recording, found, LIMITS, confirmed=confirmed, rejected=rejected)
    assert first == decide(recording, shuffled, LIMITS, confirmed=confirmed, rejected=rejected)


@given(recordings(), known, subsets, subsets)
def test_never_automatic_without_identity_and_time(
    recording: RecordingFacts, found: list[EventFacts], confirmed: frozenset[UUID], rejected: frozenset[UUID]
) -> None:
    by_id = {event.id: event for event in found}
    for one in decide(recording, found, LIMITS, confirmed=confirmed, rejected=rejected):
        if one.event_id is None or one.state != LinkState.automatic:
            continue
        codes = {reason.code for reason in one.reasons}
        if "event" in codes:
            assert one.event_id == recording.declared_event
            continue
        assert one.score >= LIMITS.automatic_from
        event = by_id[one.event_id]
        if not event.officers and not codes & {"case"}:
            assert _fits_though_it_names_nobody(recording, event, codes)
        else:
            assert codes & {"case", "officer", "holder", "partner", "beside_officer"}
        assert one.part and recording.start <= one.part[0] <= one.part[1] <= recording.end
        assert event.start <= one.part[0]


def _fits_though_it_names_nobody(recording: RecordingFacts, event: EventFacts, codes: set[str]) -> bool:
    """Of its squad, filmed by somebody who is known, at its place or from one of its ends on, half of it at least."""
    somebody = recording.officer or recording.holdings or recording.named_beside
    place = event.latitude is not None and any(
        distance_m(fix.latitude, fix.longitude, event.latitude, event.longitude) <= LIMITS.near_m
        for fix in recording.track
    )
    return bool(somebody) and event.squad_id == recording.squad_id and (place or "meets" in codes)


@given(recordings(), known)
def test_whom_the_files_beside_it_name_says_nothing_where_the_file_names_somebody_itself(
    recording: RecordingFacts, found: list[EventFacts]
) -> None:
    if recording.officer is None or recording.officer_source == Source.guess:
        recording = replace(recording, officer=PEOPLE[0], officer_source=Source.declared)
    alone = replace(recording, named_beside=())
    assert decide(recording, found, LIMITS) == decide(alone, found, LIMITS)


@given(recordings().filter(lambda recording: recording.start is not None), known)
def test_an_event_that_it_shows_is_never_crowded_out_by_one_that_it_lies_beside(
    recording: RecordingFacts, found: list[EventFacts]
) -> None:
    few = [one for one in decide(recording, found, LIMITS) if one.event_id and one.state == LinkState.offered]
    rest = decide(recording, found, replace(LIMITS, offers=100))
    ours = {event.id for event in found if was_there(recording, event)}
    left_out = [
        one for one in rest if one.event_id in ours and one not in few and one.state == LinkState.offered
    ]
    if any(one.part is not None for one in left_out):
        assert all(one.part is not None or one.event_id == recording.declared_event for one in few)


@given(recordings(), events(), st.sampled_from([1, 2]))
def test_an_event_meets_a_filming_only_if_half_of_it_is_shown(
    recording: RecordingFacts, event: EventFacts, crew: int
) -> None:
    """Whatever holes the recording has."""
    if recording.start is None or recording.end is None:
        return
    length = (recording.end - recording.start).total_seconds()
    holed = replace(recording, stretches=((0.0, length / 10), (length * 0.9, length)))
    event = replace(
        event, officers=event.officers[: crew - 1], end=event.end or event.start + LIMITS.open_event
    )
    assert event.end is not None
    if "meets" in {reason.code for reason in consider(holed, event, LIMITS).reasons}:
        # what pauses of two minutes at most interrupt is one filming
        lasting = event.end - event.start
        assert holed.within(event.start, event.end) + LIMITS.pause >= lasting / 2


@given(recordings(), known, subsets, subsets)
def test_a_cancelled_a_rejected_and_a_confirmed_event_are_left_alone(
    recording: RecordingFacts, found: list[EventFacts], confirmed: frozenset[UUID], rejected: frozenset[UUID]
) -> None:
    untouchable = {event.id for event in found if event.cancelled} | confirmed | rejected
    decisions = decide(recording, found, LIMITS, confirmed=confirmed, rejected=rejected)
    assert not untouchable & {one.event_id for one in decisions}


@given(recordings(), known)
def test_offers_come_best_first_and_never_too_many(
    recording: RecordingFacts, found: list[EventFacts]
) -> None:
    offers = [
        one
        for one in decide(recording, found, LIMITS)
        if one.state == LinkState.offered and one.event_id is not None
    ]
    assert len(offers) <= LIMITS.offers
    assert [one.score for one in offers] == sorted((one.score for one in offers), reverse=True)


@given(recordings(), known)
def test_no_two_automatic_links_show_the_same_stretch_unless_they_are_of_one_case(
    recording: RecordingFacts, found: list[EventFacts]
) -> None:
    by_id = {event.id: event for event in found}
    automatic = [
        one
        for one in decide(recording, found, LIMITS)
        if one.state == LinkState.automatic and one.event_id and one.event_id != recording.declared_event
    ]
    for one in automatic:
        for other in automatic:
            cases = by_id[one.event_id].case_id, by_id[other.event_id].case_id
            if one is other or (cases[0] == cases[1] and cases[0] is not None):
                continue
            common = min(one.part[1], other.part[1]) - max(one.part[0], other.part[0])
            shorter = min(one.part[1] - one.part[0], other.part[1] - other.part[0])
            assert common < shorter / 2 if shorter else common <= timedelta()


@given(
    recordings().filter(lambda recording: recording.start is not None),
    events(),
    st.integers(1, 60),
    st.sampled_from(["later end", "earlier start"]),
)
def test_more_overlap_never_scores_less(
    recording: RecordingFacts, event: EventFacts, more: int, way: str
) -> None:
    """Only the recorded span grows, into the event; who and where stay as they are."""
    event = replace(event, end=event.end or event.start + LIMITS.open_event, latitude=None)
    recording = replace(recording, holdings=(), declared_event=None)
    step = timedelta(minutes=more)
    if way == "later end":
        grown = replace(recording, end=max(recording.end, min(recording.end + step, event.end)))
    else:
        grown = replace(recording, start=min(recording.start, max(recording.start - step, event.start)))
    if _overlap(grown, event) > _overlap(recording, event):
        assert consider(grown, event, LIMITS).score >= consider(recording, event, LIMITS).score - 1e-9


def _overlap(recording: RecordingFacts, event: EventFacts) -> timedelta:
    return max(timedelta(), min(recording.end, event.end) - max(recording.start, event.start))


@given(recordings(), known)
def test_a_declared_event_is_linked_or_offered_unless_it_was_cancelled(
    recording: RecordingFacts, found: list[EventFacts]
) -> None:
    declared = next((event for event in found if event.id == recording.declared_event), None)
    states = {one.event_id: one.state for one in decide(recording, found, LIMITS) if one.event_id}
    if declared is None or declared.cancelled:
        assert recording.declared_event not in states
    else:
        # only offers that are all better than a doubtful declaration may push it out
        offers = [state for state in states.values() if state == LinkState.offered]
        assert declared.id in states or len(offers) == LIMITS.offers


@given(recordings(), st.lists(events(), max_size=6, unique_by=lambda event: event.id))
def test_a_recording_without_a_hole_is_linked_as_before_it_was_measured(
    recording: RecordingFacts, field: list[EventFacts]
) -> None:
    if recording.start is None or recording.end is None:
        return
    measured = replace(recording, stretches=((0.0, (recording.end - recording.start).total_seconds()),))
    assert decide(measured, field, LIMITS) == decide(recording, field, LIMITS)


@given(recordings(), events(), st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_a_part_begins_and_ends_where_something_was_recorded(
    recording: RecordingFacts, event: EventFacts, steps: list[int]
) -> None:
    if recording.start is None:
        return
    ends = [sum(steps[: n + 1]) * 60.0 for n in range(len(steps))]
    shown = tuple(zip([0.0, *ends[1::2]], ends[::2], strict=False))
    holed = replace(recording, end=recording.start + timedelta(seconds=ends[-1]), stretches=shown)
    considered = consider(holed, event, LIMITS)
    if considered.part is None:
        return
    since, until = considered.part
    assert any(start <= since <= end for start, end in holed.shown)
    assert any(start <= until <= end for start, end in holed.shown)
    overlap = next(reason for reason in considered.reasons if reason.code == "overlap")
    assert overlap.params["overlap_s"] <= overlap.params["recording_s"] <= sum(steps) * 60


@given(recordings(), known)
def test_an_event_of_another_squad_that_only_words_tie_to_it_is_never_automatic_and_changes_nothing_else(
    recording: RecordingFacts, found: list[EventFacts]
) -> None:
    """What the own squad sees of its own events would tell of those of others."""
    ended = [replace(event, end=event.end or event.start + timedelta(hours=1)) for event in found]
    own = [event for event in ended if was_there(recording, event)]
    theirs = {event.id for event in ended} - {event.id for event in own}
    all_of_them = decide(recording, ended, LIMITS)
    assert {one.state for one in all_of_them if one.event_id in theirs} <= {LinkState.offered}
    assert [one for one in all_of_them if one.event_id not in theirs] == decide(recording, own, LIMITS)


@given(recordings(), events())
def test_only_what_the_bureau_wrote_down_proves_that_a_squad_was_at_anothers_event(
    recording: RecordingFacts, event: EventFacts
) -> None:
    apart = replace(event, squad_id=UUID(int=77))
    said = replace(recording, officer_ours=False, recorder_ours=False, declared_event=event.id)
    assert not was_there(said, apart), "whoever is named, and whoever held what is named"
    if event.officers:
        who = event.officers[0]
        assert was_there(replace(said, officer=who, officer_ours=True), apart)
        spans = ((apart.start - timedelta(hours=1), apart.start + timedelta(hours=1)),)
        assert was_there(replace(said, officer=who, lent=spans), apart)
        late = tuple((since + timedelta(days=2), until + timedelta(days=2)) for since, until in spans)
        assert not was_there(replace(said, officer=who, lent=late), apart)
        held = (Holding(who, apart.start - timedelta(hours=1)),)
        assert was_there(replace(said, holdings=held, recorder_ours=True), apart)
        assert was_there(replace(said, holdings=(replace(held[0], squad_id=said.squad_id),)), apart)
        assert not was_there(replace(said, holdings=held), apart)

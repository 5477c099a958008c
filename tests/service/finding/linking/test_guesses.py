"""What a file's name may say, where no model of its recorder reads it, names nobody and links nothing alone."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.links import LinkState
from schemas.recorders import Recorder, RecorderModel
from service.finding.linking.actions import link_recording
from service.finding.linking.evidence import Person, Source
from service.finding.linking.recognise import recognise
from service.finding.linking.rules import decide
from service.registry.conventions.examples import EXAMPLES
from service.registry.conventions.queries import facts_in_name
from service.registry.conventions.rules import Conventions, guess_file_name
from tests.service.finding.linking.field import ZONE, Field, at
from tests.service.finding.linking.test_rules import LIMITS, EventFacts, RecordingFacts, known, recordings

KNOWN = [Conventions.of(example["conventions"]) for example in EXAMPLES]
MODEL = r"(?P<recorder>R-\d+)_(?P<officer>\d{6})_(?P<at>\d{14})"
AT = datetime(2026, 11, 27, 2, 5, tzinfo=UTC)

digits = st.from_regex(r"[0-9]{4,14}", fullmatch=True)
stamps = st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1)).map(lambda m: f"{m:%Y%m%d%H%M%S}")  # noqa: DTZ001
parts = st.one_of(
    digits, stamps, st.sampled_from(["DSC000123", "R-0007", "DSJ001", "城管罚〔2024〕12号", "A", "front"])
)


@given(st.lists(parts, min_size=1, max_size=4), st.sampled_from("_-@ "))
def test_no_example_names_anybody_or_takes_a_time_for_the_end(said: list[str], between: str) -> None:
    for example in KNOWN:
        facts = guess_file_name(between.join(said) + ".MP4", example, ZONE)
        assert (facts.officer, facts.officer_name, facts.card, facts.end) == ("", "", "", None)


@pytest.mark.parametrize(
    "name",
    [
        "20261127100500_000002.MP4",  # a dashcam counts its clips
        "20261127100500_0002.mp4",
        "20261127100500_000002_城管罚〔2024〕12号.ts",
        "DSC000123_000002_20261127100500.mp4",
        "DSC000123@000002@20261127-100500.mp4",
        "dir\\20261127100500_000002.MP4",
    ],
)
@pytest.mark.parametrize("recorder", [None, "R-88", "R-02"])
def test_a_strangers_name_tells_its_time_and_nobody(bureau: Field, name: str, recorder: str | None) -> None:
    """R-88 is unknown, R-02 has no model."""
    bureau.officer("000002")
    bureau.recorder("R-02")
    facts = facts_in_name(bureau.session, name, recorder)
    assert (facts.officer, facts.start, facts.end, facts.guessed) == ("", AT, None, True)


def test_the_bureaus_pattern_names_an_officer_only_with_a_recorder_of_that_model(bureau: Field) -> None:
    model = RecorderModel(code="M", conventions={"filename_patterns": [MODEL]})
    bureau.session.add(model)
    bureau.session.flush()
    bureau.session.add(Recorder(serial="R-01", squad_id=bureau.squad().id, model_id=model.id))
    ours = facts_in_name(bureau.session, "R-01_000002_20261127100500.mp4", None)
    assert (ours.recorder, ours.officer, ours.start, ours.guessed) == ("R-01", "000002", AT, False)
    foreign = facts_in_name(bureau.session, "R-77_000002_20261127100500.mp4", None)
    assert (foreign.officer, foreign.guessed) == ("000002", True)
    assert foreign.as_json()["guessed"] is True


def test_a_guessed_officer_is_offered_and_not_written_down(bureau: Field) -> None:
    bureau.hold("R-07", "012", at("08:00"))
    event = bureau.event(at("09:00"), at("09:12"), ("012",), external_id="E-1")
    said = [
        bureau.recording(at("09:00"), at("09:12"), claims={"file_name": {**facts, "guessed": True}})
        for facts in ({"officer": "012"}, {"event": "E-1"}, {"recorder": "R-07"})
    ]
    for recording in said:
        recognise(bureau.session, [recording.id])
        (link,) = link_recording(bureau.session, recording.id)
        assert (link.event_id, link.state) == (event.id, LinkState.offered)
        bureau.session.refresh(recording)
        assert recording.officer_id is None


def test_a_guessed_case_is_offered_itself_and_says_nothing_of_the_neighbouring_file(bureau: Field) -> None:
    case = bureau.case("蓉城管罚〔2024〕5号")
    guess = {"file_name": {"case": case.number, "guessed": True}}
    first = bureau.recording(at("09:00"), at("09:10"), recorder="R-07", claims=guess)
    (link,) = link_recording(bureau.session, first.id)
    assert (link.case_id, link.state) == (case.id, LinkState.offered)
    bureau.event(at("09:10"), at("09:20"), ("012",), case=case.number)
    second = bureau.recording(at("09:10"), at("09:20"), recorder="R-07")
    assert LinkState.automatic not in {one.state for one in link_recording(bureau.session, second.id)}


@given(recordings(), known)
def test_guesses_alone_never_link(recording: RecordingFacts, found: list[EventFacts]) -> None:
    guess = Source.guess
    only = replace(
        recording,
        case_source=guess,
        officer_source=guess,
        event_source=guess,
        recorder_source=guess,
        partners=frozenset(),
    )
    assert LinkState.automatic not in {one.state for one in decide(only, found, LIMITS)}


@given(recordings(), known)
def test_a_guess_at_somebody_elsewhere_changes_nothing(
    recording: RecordingFacts, found: list[EventFacts]
) -> None:
    """Who held the recorder, said by somebody, links as it did: a number in a name is not heard against it."""
    elsewhere = Person(UUID(int=999), "999")
    guessed = replace(recording, officer=elsewhere, officer_source=Source.guess)
    assert decide(guessed, found, LIMITS) == decide(replace(recording, officer=None), found, LIMITS)

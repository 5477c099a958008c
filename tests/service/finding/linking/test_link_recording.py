"""The machine's links, on the real database."""

from datetime import timedelta

from sqlmodel import select

from schemas.custody import CustodyEntry
from schemas.links import LinkState
from service.finding.linking.actions import link_recording
from service.finding.linking.recognise import recognise
from service.finding.linking.words import sentence
from tests.service.finding.linking.field import Field, at


def test_a_recorder_held_by_an_officer_of_the_event_links_alone_and_says_why(bureau: Field) -> None:
    bureau.hold("R-07", "012", at("08:10"), at("12:05"))
    event = bureau.event(at("09:00"), at("09:12"), ("012",), latitude=25.83, longitude=114.93)
    recording = bureau.recording(
        at("09:00:40"), at("09:15"), recorder="R-07", latitude=25.8303, longitude=114.9302
    )
    link_recording(bureau.session, recording.id)
    (link,) = bureau.links(recording.id)
    assert (link.event_id, link.state) == (event.id, LinkState.automatic)
    assert (link.part_from, link.part_to) == (at("09:00:40"), at("09:12"))
    from service.kernel.i18n import speaking

    with speaking("en"):
        assert sentence(link.reasons) == (
            "officer 012 held recorder R-07 (08:10–12:05); 11 min 20 s of 12 min overlap; 39 m from the site"
        )


def test_the_same_twice_changes_nothing_and_leaves_one_custody_row(bureau: Field) -> None:
    bureau.event(at("09:00"), at("09:12"), ("012",))
    recording = bureau.recording(at("09:00"), at("09:10"), officer="012")
    first = [one.id for one in link_recording(bureau.session, recording.id)]
    second = [one.id for one in link_recording(bureau.session, recording.id)]
    assert first == second and len(first) == 1
    rows = bureau.session.scalars(
        select(CustodyEntry).where(CustodyEntry.subject_id == recording.id, CustodyEntry.action == "link")
    ).all()
    assert len(rows) == 1 and rows[0].actor == "linking"


def test_one_long_recording_serves_each_event_of_its_officer_with_its_part(bureau: Field) -> None:
    first = bureau.event(at("09:00"), at("09:20"), ("012",))
    second = bureau.event(at("09:25"), at("09:50"), ("012",))
    bureau.event(at("09:20"), at("09:40"), ("031",))
    recording = bureau.recording(at("08:58"), at("09:52"), officer="012")
    links = link_recording(bureau.session, recording.id)
    assert {(one.event_id, one.state, one.part_from, one.part_to) for one in links} == {
        (first.id, LinkState.automatic, at("09:00"), at("09:20")),
        (second.id, LinkState.automatic, at("09:25"), at("09:50")),
    }


def test_same_squad_alone_is_only_offered_best_first_and_at_most_three(bureau: Field) -> None:
    for minute in range(5):
        bureau.event(at("09:00") + timedelta(minutes=minute), at("09:30"), (f"02{minute}",))
    recording = bureau.recording(at("09:00"), at("09:30"), officer="012")
    links = link_recording(bureau.session, recording.id)
    assert [one.state for one in links] == [LinkState.offered] * 3
    assert links[0].score >= links[1].score >= links[2].score


def test_a_declared_event_holds_and_one_hours_away_is_offered_with_its_doubt(bureau: Field) -> None:
    near = bureau.event(at("09:00"), at("09:12"), ("031",), external_id="E-1")
    far = bureau.event(at("15:00"), at("15:12"), ("031",), external_id="E-2")
    right = bureau.recording(at("09:00"), at("09:10"), claims={"event": "E-1"})
    wrong = bureau.recording(at("09:00"), at("09:10"), claims={"event": str(far.id)}, squad="one")
    (link,) = link_recording(bureau.session, right.id)
    assert (link.event_id, link.state, link.score) == (near.id, LinkState.automatic, 1.0)
    links = {one.event_id: one for one in link_recording(bureau.session, wrong.id)}
    assert links[far.id].state == LinkState.offered
    assert "event_time_apart" in [reason["code"] for reason in links[far.id].reasons]


def test_a_declared_case_without_a_matching_event_is_linked_itself(bureau: Field) -> None:
    case = bureau.case("蓉城管罚〔2024〕5号")
    recording = bureau.recording(at("09:00"), at("09:10"), claims={"case": "蓉城管罚[2024]第005"})
    (link,) = link_recording(bureau.session, recording.id)
    assert (link.case_id, link.event_id, link.state) == (case.id, None, LinkState.automatic)
    event = bureau.event(at("09:00"), at("09:10"), ("012",), case="蓉城管罚〔2024〕5号")
    (link,) = link_recording(bureau.session, recording.id)
    assert (link.case_id, link.event_id) == (None, event.id)


def test_the_machine_withdraws_its_own_link_on_record_when_the_event_is_cancelled(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:12"), ("012",))
    recording = bureau.recording(at("09:00"), at("09:10"), officer="012")
    assert len(link_recording(bureau.session, recording.id)) == 1
    event.cancelled_at = at("10:00")
    assert link_recording(bureau.session, recording.id) == []
    actions = bureau.session.scalars(
        select(CustodyEntry.action)
        .where(CustodyEntry.subject_id == recording.id, CustodyEntry.actor == "linking")
        .order_by(CustodyEntry.id)
    ).all()
    assert actions == ["link", "unlink"]


def test_a_reset_clock_never_links_alone(bureau: Field) -> None:
    bureau.event(at("09:00"), at("09:12"), ("012",))
    recording = bureau.recording(
        None, None, officer="012", received_at=at("10:00"), clock={"doubts": ["reset"]}
    )
    (link,) = link_recording(bureau.session, recording.id)
    assert link.state == LinkState.offered
    assert "time_unknown" in [reason["code"] for reason in link.reasons]


def test_a_refused_recording_has_no_links(bureau: Field) -> None:
    bureau.event(at("09:00"), at("09:12"), ("012",))
    recording = bureau.recording(at("09:00"), at("09:10"), officer="012", state="refused")
    assert link_recording(bureau.session, recording.id) == []


def test_an_officer_imported_later_is_recognised_in_the_claims(bureau: Field) -> None:
    recording = bureau.recording(at("09:00"), at("09:10"), claims={"file_name": {"officer": "012"}})
    bureau.event(at("09:00"), at("09:12"), ("012",))
    recognise(bureau.session, [recording.id])
    (link,) = link_recording(bureau.session, recording.id)
    assert link.state == LinkState.automatic
    bureau.session.refresh(recording)
    assert recording.officer_id == bureau.officer("012").id

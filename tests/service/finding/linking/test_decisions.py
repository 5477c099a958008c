"""What persons decide stands; what they undo returns; what they may not see is not found."""

import pytest
from sqlmodel import select

from schemas.accounts import Role
from schemas.custody import CustodyEntry
from schemas.events import EventCreate
from schemas.jobs import Job
from schemas.links import Link, LinkState
from schemas.originals import Original
from service.finding.linking import actions
from service.finding.linking.errors import EventCancelled, NothingToUndo, NoTime
from service.kernel.errors import NotAllowed, NotFound
from service.kernel.jobs import request_job
from tests.service.finding.linking.field import Field, at


@pytest.fixture
def offered(bureau: Field) -> Link:
    bureau.event(at("09:00"), at("09:30"), ("031",))
    recording = bureau.recording(at("09:00"), at("09:30"), officer="012")
    (link,) = actions.link_recording(bureau.session, recording.id)
    assert link.state == LinkState.offered
    return link


def test_another_squad_and_a_wrong_role_cannot_decide(bureau: Field, offered: Link) -> None:
    for decide in (actions.confirm, actions.reject, actions.undo):
        with pytest.raises(NotAllowed):
            decide(bureau.session, bureau.actor(Role.auditor), offered.id)
        with pytest.raises(NotFound):
            decide(bureau.session, bureau.actor(Role.member, "two"), offered.id)
    with pytest.raises(NotFound):
        actions.declare_event(
            bureau.session, bureau.actor(Role.member, "two"), offered.recording_id, offered.event_id
        )


def test_a_rejected_link_is_never_offered_again_and_a_confirmed_one_never_withdrawn(
    bureau: Field, offered: Link
) -> None:
    member = bureau.actor(Role.member, "one")
    actions.reject(bureau.session, member, offered.id)
    assert [one.state for one in actions.link_recording(bureau.session, offered.recording_id)] == ["rejected"]
    actions.confirm(bureau.session, member, offered.id)
    event = bureau.known["event", str(offered.event_id)]
    event.cancelled_at = at("12:00")
    (link,) = actions.link_recording(bureau.session, offered.recording_id)
    assert (link.state, link.decided_by) == (LinkState.confirmed, member.account_id)


def test_undo_returns_to_what_the_machine_had_said_even_after_two_decisions(
    bureau: Field, offered: Link
) -> None:
    member = bureau.actor(Role.member, "one")
    actions.confirm(bureau.session, member, offered.id)
    actions.reject(bureau.session, member, offered.id)
    link = actions.undo(bureau.session, member, offered.id)
    assert (link.state, link.decided_by, link.previous_state) == (LinkState.offered, None, None)
    with pytest.raises(NothingToUndo):
        actions.undo(bureau.session, member, offered.id)
    told = bureau.session.scalars(
        select(CustodyEntry.action)
        .where(CustodyEntry.subject_id == offered.recording_id, CustodyEntry.actor == member.username)
        .order_by(CustodyEntry.id)
    ).all()
    assert told == ["confirm", "reject", "undo"]


def test_a_confirmed_event_takes_its_stretch_and_undo_gives_it_back(bureau: Field) -> None:
    first = bureau.event(at("09:00"), at("09:30"), ("031",))
    second = bureau.event(at("09:00"), at("09:30"), ("032",))
    recording = bureau.recording(at("09:00"), at("09:30"), officer="012")
    links = {one.event_id: one for one in actions.link_recording(bureau.session, recording.id)}
    member = bureau.actor(Role.member, "one")
    confirmed = links[first.id].id
    actions.confirm(bureau.session, member, confirmed)
    assert [one.event_id for one in bureau.links(recording.id)] == [first.id]
    actions.undo(bureau.session, member, confirmed)
    assert {one.event_id for one in bureau.links(recording.id)} == {first.id, second.id}


def test_a_wrong_event_put_right_replaces_the_claim_and_undo_brings_it_back(bureau: Field) -> None:
    wrong = bureau.event(at("09:00"), at("09:30"), ("031",), external_id="E-1")
    right = bureau.event(at("09:05"), at("09:35"), ("032",), external_id="E-2")
    recording = bureau.recording(at("09:00"), at("09:30"), claims={"event": "E-1"})
    (link,) = actions.link_recording(bureau.session, recording.id)
    assert (link.event_id, link.state) == (wrong.id, LinkState.automatic)
    member = bureau.actor(Role.member, "one")
    actions.declare_event(bureau.session, member, recording.id, right.id)
    states = {one.event_id: one.state for one in bureau.links(recording.id)}
    assert states == {wrong.id: LinkState.rejected, right.id: LinkState.confirmed}
    mine = next(one for one in bureau.links(recording.id) if one.event_id == right.id)
    actions.undo(bureau.session, member, mine.id)
    bureau.session.refresh(recording)
    assert recording.claims == {"event": "E-1"}
    (link,) = bureau.links(recording.id)
    assert (link.event_id, link.state, link.decided_by) == (wrong.id, LinkState.automatic, None)


def test_declaring_twice_keeps_only_the_last_and_none_rejects_all(bureau: Field) -> None:
    events = [bureau.event(at("09:00"), at("09:30"), (f"03{n}",)) for n in range(2)]
    recording = bureau.recording(at("09:00"), at("09:30"))
    member = bureau.actor(Role.member, "one")
    for event in events:
        actions.declare_event(bureau.session, member, recording.id, event.id)
    confirmed = [one.event_id for one in bureau.links(recording.id) if one.state == LinkState.confirmed]
    assert confirmed == [events[1].id]
    actions.declare_event(bureau.session, member, recording.id, None)
    assert not [one for one in bureau.links(recording.id) if one.state != LinkState.rejected]
    bureau.session.refresh(recording)
    assert "event" not in recording.claims


def test_a_cancelled_event_cannot_be_declared(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"), cancelled_at=at("10:00"))
    recording = bureau.recording(at("09:00"), at("09:30"))
    with pytest.raises(EventCancelled):
        actions.declare_event(bureau.session, bureau.actor(Role.member, "one"), recording.id, event.id)


def test_an_event_made_from_a_recording_is_confirmed_and_takes_its_facts(bureau: Field) -> None:
    bureau.hold("R-07", "012", at("08:00"), at("12:00"))
    recording = bureau.recording(
        at("09:00"), at("09:30"), recorder="R-07", latitude=25.8, longitude=114.9, note="占道经营"
    )
    member = bureau.actor(Role.member, "one")
    wanted = actions.event_from_recording(bureau.session, member, recording.id, kind="evidence_collection")
    event, links = actions.create_event_from_recording(bureau.session, member, recording.id, wanted)
    assert (event.title, event.arrived_at, event.departed_at) == ("占道经营", at("09:00"), at("09:30"))
    assert (event.kind, event.latitude) == ("evidence_collection", 25.8)
    (link,) = links
    assert (link.event_id, link.state, link.decided_by) == (event.id, LinkState.confirmed, member.account_id)
    assert link.reasons[0]["code"] == "made_from"


def test_an_event_from_a_recording_without_time_needs_an_arrival(bureau: Field) -> None:
    recording = bureau.recording(None, None)
    member = bureau.actor(Role.member, "one")
    with pytest.raises(NoTime):
        actions.event_from_recording(bureau.session, member, recording.id)
    known = actions.event_from_recording(bureau.session, member, recording.id, arrived_at=at("09:00"))
    assert isinstance(known, EventCreate)


def test_footage_of_a_case_is_looked_at_and_encoded_first(bureau: Field) -> None:
    original = Original(sha256="0" * 64, size=1, store_key="a")
    bureau.session.add(original)
    bureau.session.flush()
    bureau.event(at("09:00"), at("09:30"), ("031",), case="蓉城管罚〔2024〕5号")
    recording = bureau.recording(at("09:00"), at("09:30"), officer="012", original_id=original.id)
    for kind in actions.HURRIED:
        request_job(bureau.session, kind, original.id, priority=5)
    (link,) = actions.link_recording(bureau.session, recording.id)
    actions.confirm(bureau.session, bureau.actor(Role.member, "one"), link.id)
    waiting = select(Job.priority).where(Job.kind.in_(actions.HURRIED), Job.subject_id == original.id)
    assert bureau.session.scalars(waiting).all() == [1, 1, 1]

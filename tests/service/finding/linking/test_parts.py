"""Which part of a recording belongs to an event: chosen by a person, kept in seconds, taken back in one action."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.accounts import Role
from schemas.coverage import Basis, EventCoverage
from schemas.links import Link, LinkState
from service.finding.linking import actions
from service.finding.linking.errors import PartUnclear
from service.kernel.changes import settle
from service.kernel.errors import NotAllowed, NotFound
from tests.service.finding.linking.field import Field, at


@pytest.fixture
def linked(bureau: Field) -> Link:
    bureau.event(at("09:00"), at("09:30"), ("012",))
    recording = bureau.recording(at("09:05"), at("09:45"), officer="012")
    (link,) = actions.link_recording(bureau.session, recording.id)
    assert (link.state, link.part_from, link.part_to) == (LinkState.automatic, at("09:05"), at("09:30"))
    return link


def test_another_squad_and_a_wrong_role_cannot_choose_a_part(bureau: Field, linked: Link) -> None:
    with pytest.raises(NotAllowed):
        actions.set_part(bureau.session, bureau.actor(Role.auditor), linked.id, 0, 60)
    with pytest.raises(NotFound):
        actions.set_part(bureau.session, bureau.actor(Role.member, "two"), linked.id, 0, 60)


@pytest.mark.parametrize("part", [(60, 60), (60, 30), (-1, 30), (0, 2500), (None, 60), (60, None)])
def test_a_part_that_is_none_is_refused(bureau: Field, linked: Link, part: tuple[Any, ...]) -> None:
    with pytest.raises(PartUnclear):
        actions.set_part(bureau.session, bureau.actor(Role.member, "one"), linked.id, *part)


def test_a_chosen_part_confirms_the_link_is_counted_and_undone_in_one_action(
    bureau: Field, linked: Link
) -> None:
    member = bureau.actor(Role.member, "one")
    link = actions.set_part(bureau.session, member, linked.id, 0, 600)
    assert (link.state, link.part_from, link.part_to) == (LinkState.confirmed, at("09:05"), at("09:15"))
    assert _recorded_s(bureau, link) == 600
    link = actions.undo(bureau.session, member, linked.id)
    assert (link.state, link.part_start_s, link.part_to) == (LinkState.automatic, None, at("09:30"))
    assert _recorded_s(bureau, link) == 1500


def test_a_chosen_part_moves_with_the_corrected_clock(bureau: Field, linked: Link) -> None:
    member = bureau.actor(Role.member, "one")
    actions.set_part(bureau.session, member, linked.id, 60, 120)
    recording = bureau.known["recording", str(linked.recording_id)]
    recording.recorded_from, recording.recorded_to = at("09:03"), at("09:43")
    (link,) = actions.link_recording(bureau.session, recording.id)
    assert (link.part_from, link.part_to, link.part_start_s) == (at("09:04"), at("09:05"), 60)


def test_without_a_chosen_part_a_confirmed_link_follows_the_overlap(bureau: Field, linked: Link) -> None:
    actions.confirm(bureau.session, bureau.actor(Role.member, "one"), linked.id)
    event = bureau.known["event", str(linked.event_id)]
    event.departed_at = at("09:20")
    (link,) = actions.link_recording(bureau.session, linked.recording_id)
    assert (link.state, link.part_to) == (LinkState.confirmed, at("09:20"))


@pytest.mark.parametrize("off", [-8, -3, 3, 30])
def test_a_confirmed_link_never_shows_an_empty_part(bureau: Field, off: int) -> None:
    """A person says which event it shows; the clock, hours off, may not say that it shows nothing of it."""
    event = bureau.event(at("09:00"), at("09:30"), ("012",))
    start, end = at("09:05") + timedelta(hours=off), at("09:25") + timedelta(hours=off)
    recording = bureau.recording(start, end, officer="012")
    actions.declare_event(bureau.session, bureau.actor(Role.reviewer), recording.id, event.id)
    (link,) = [one for one in bureau.links(recording.id) if one.event_id == event.id]
    assert link.part_from and link.part_to and link.taken_from
    assert (link.part_to - link.part_from).total_seconds() == 1200
    assert at("09:00") <= link.part_from <= link.part_to <= at("09:30")
    assert _recorded_s(bureau, link) == 1200
    link = actions.set_part(bureau.session, bureau.actor(Role.reviewer), link.id, 60, 660)
    assert link.taken_from is not None and link.part_from == link.taken_from + timedelta(seconds=60)
    assert _recorded_s(bureau, link) == 600
    recording.recorded_from, recording.recorded_to = at("09:05"), at("09:25")
    bureau.session.flush()
    (link,) = [
        one for one in actions.link_recording(bureau.session, recording.id) if one.event_id == event.id
    ]
    assert (link.taken_from, link.part_from) == (None, at("09:06"))


def test_a_confirmed_recording_without_time_counts_by_its_length(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"), ("012",))
    recording = bureau.recording(None, None, officer="012", received_at=at("12:00"))
    recording.duration_s = 600.0
    bureau.session.flush()
    actions.declare_event(bureau.session, bureau.actor(Role.reviewer), recording.id, event.id)
    (link,) = [one for one in bureau.links(recording.id) if one.event_id == event.id]
    assert (link.part_from, link.part_to) == (at("09:00"), at("09:10"))
    assert _recorded_s(bureau, link) == 600


def _recorded_s(bureau: Field, link: Link) -> float:
    settle(bureau.session)
    bureau.session.expire_all()
    return bureau.session.get_one(EventCoverage, (link.event_id, Basis.counted)).recorded_s

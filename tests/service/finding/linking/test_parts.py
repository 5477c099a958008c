"""Which part of a recording belongs to an event: chosen by a person, kept in seconds, taken back in one action."""

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


def _recorded_s(bureau: Field, link: Link) -> float:
    settle(bureau.session)
    bureau.session.expire_all()
    return bureau.session.get_one(EventCoverage, (link.event_id, Basis.counted)).recorded_s

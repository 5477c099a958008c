"""Why something was not recorded: asked by one person, decided by another, counted only then."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlmodel import select

from schemas.accounts import Account, Role
from schemas.coverage import Basis, EventCoverage, ExplanationReason, ExplanationState
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent
from schemas.links import Link, LinkState
from service.kernel.actor import Actor
from service.kernel.changes import settle
from service.kernel.errors import Invalid, NotAllowed, NotFound
from service.kernel.two_persons.errors import DecidedAlready, SecondPerson
from service.supervision.coverage.counting import recount
from service.supervision.explanations import actions
from service.supervision.explanations.approval import EXPLANATION
from service.supervision.explanations.errors import NoGapThere, NothingToExplain
from tests.service.finding.linking.field import Field, at

URGENT = ExplanationReason.urgent
FAULT = ExplanationReason.device_fault


def kept(bureau: Field, event_id: UUID) -> EventCoverage:
    settle(bureau.session)
    return bureau.session.get_one(EventCoverage, (event_id, Basis.counted), populate_existing=True)


def filmed_in_part(bureau: Field) -> EnforcementEvent:
    """An event of half an hour whose middle third nobody filmed."""
    event = bureau.event(at("09:00"), at("09:30"))
    for start, end in (("09:00", "09:10"), ("09:20", "09:30")):
        recording = bureau.recording(at(start), at(end))
        bureau.session.add(
            Link(
                recording_id=recording.id,
                event_id=event.id,
                state=LinkState.automatic,
                score=0.9,
                rule_version="1",
            )
        )
    bureau.session.flush()
    return event


def test_an_exemption_counts_only_once_another_person_approved_it(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    member, supervisor = bureau.actor(Role.member, "one"), bureau.actor(Role.supervisor, "one")
    wish = actions.ask_exemption(bureau.session, member, event.id, URGENT, "抢险，先处置")
    assert kept(bureau, event.id).exempt is None
    EXPLANATION.approve(bureau.session, supervisor, wish.id)
    assert kept(bureau, event.id).exempt == "urgent"
    EXPLANATION.reopen(bureau.session, supervisor, wish.id)
    assert kept(bureau, event.id).exempt is None


def test_a_gap_reason_explains_its_gap_and_no_other(bureau: Field) -> None:
    event = filmed_in_part(bureau)
    member, supervisor = bureau.actor(Role.member, "one"), bureau.actor(Role.supervisor, "one")
    wish = actions.ask_gap_reason(
        bureau.session, member, event.id, FAULT, "电池没电", at("09:10"), at("09:20")
    )
    assert (kept(bureau, event.id).gap_count, kept(bureau, event.id).gap_explained) == (1, 0)
    EXPLANATION.approve(bureau.session, supervisor, wish.id)
    assert kept(bureau, event.id).gap_explained == 1
    with pytest.raises(NoGapThere):
        actions.ask_gap_reason(bureau.session, member, event.id, FAULT, "n", at("09:00"), at("09:05"))
    with pytest.raises(Invalid):
        actions.ask_gap_reason(bureau.session, member, event.id, FAULT, "n", at("09:20"), at("09:10"))


def test_nobody_approves_what_they_asked_for_themselves(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    supervisor = bureau.actor(Role.supervisor, "one")
    wish = actions.ask_exemption(bureau.session, supervisor, event.id, URGENT, "n")
    for decide in (EXPLANATION.approve, EXPLANATION.decline):
        with pytest.raises(SecondPerson):
            decide(bureau.session, supervisor, wish.id, "a")


def test_a_second_account_of_the_same_officer_is_the_same_person(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    officer = bureau.officer("012")

    def of_officer(actor: Actor) -> Actor:
        bureau.session.get_one(Account, actor.account_id).officer_id = officer.id
        return replace(actor, officer_id=officer.id)

    asks = of_officer(bureau.actor(Role.member, "one"))
    decides = of_officer(bureau.actor(Role.supervisor, "one"))
    wish = actions.ask_exemption(bureau.session, asks, event.id, URGENT, "n")
    with pytest.raises(SecondPerson):
        EXPLANATION.approve(bureau.session, decides, wish.id)


def test_asking_twice_asks_once_and_a_decision_is_made_once(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    member, supervisor = bureau.actor(Role.member, "one"), bureau.actor(Role.supervisor, "one")
    wish = actions.ask_exemption(bureau.session, member, event.id, URGENT, "n")
    assert actions.ask_exemption(bureau.session, member, event.id, URGENT, "again").id == wish.id
    EXPLANATION.decline(bureau.session, supervisor, wish.id, "请补充说明")
    with pytest.raises(DecidedAlready):
        EXPLANATION.approve(bureau.session, supervisor, wish.id)
    with pytest.raises(DecidedAlready):
        EXPLANATION.withdraw(bureau.session, member, wish.id)


def test_only_the_one_who_asked_withdraws_it(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    member = bureau.actor(Role.member, "one")
    wish = actions.ask_exemption(bureau.session, member, event.id, URGENT, "n")
    with pytest.raises(NotAllowed):
        EXPLANATION.withdraw(bureau.session, bureau.actor(Role.member, "one", "another"), wish.id)
    assert EXPLANATION.withdraw(bureau.session, member, wish.id).state == ExplanationState.withdrawn


def test_roles_and_squads_that_may_not_are_refused(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    member = bureau.actor(Role.member, "one")
    with pytest.raises(NotFound):
        actions.ask_exemption(bureau.session, bureau.actor(Role.member, "two"), event.id, URGENT, "n")
    with pytest.raises(NotAllowed):
        actions.ask_exemption(bureau.session, bureau.actor(Role.auditor), event.id, URGENT, "n")
    wish = actions.ask_exemption(bureau.session, member, event.id, URGENT, "n")
    with pytest.raises(NotAllowed):
        EXPLANATION.approve(bureau.session, bureau.actor(Role.reviewer, "one"), wish.id)
    with pytest.raises(NotFound):
        EXPLANATION.approve(bureau.session, bureau.actor(Role.supervisor, "two"), wish.id)


def test_an_empty_note_or_a_cancelled_event_is_refused(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    member = bureau.actor(Role.member, "one")
    with pytest.raises(Invalid):
        actions.ask_exemption(bureau.session, member, event.id, URGENT, "  ")
    event.cancelled_at = at("10:00")
    bureau.session.flush()
    with pytest.raises(NothingToExplain):
        actions.ask_exemption(bureau.session, member, event.id, URGENT, "n")


def test_every_step_stands_in_custody(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    member, supervisor = bureau.actor(Role.member, "one"), bureau.actor(Role.supervisor, "one")
    wish = actions.ask_exemption(bureau.session, member, event.id, URGENT, "n")
    EXPLANATION.decline(bureau.session, supervisor, wish.id, "a")
    EXPLANATION.reopen(bureau.session, supervisor, wish.id)
    EXPLANATION.withdraw(bureau.session, member, wish.id)
    bureau.session.flush()
    rows = bureau.session.scalars(
        select(CustodyEntry.action)
        .where(CustodyEntry.subject_id == event.id, CustodyEntry.action.like("%explanation"))
        .order_by(CustodyEntry.id)
    )
    assert list(rows) == [
        "ask_explanation",
        "decide_explanation",
        "reopen_explanation",
        "withdraw_explanation",
    ]


def test_an_approved_gap_reason_does_not_explain_a_gap_that_comes_later(bureau: Field) -> None:
    """Asked for a whole day, it is kept for the gap that is there."""
    event = filmed_in_part(bureau)
    member, supervisor = bureau.actor(Role.member, "one"), bureau.actor(Role.supervisor, "one")
    wish = actions.ask_gap_reason(bureau.session, member, event.id, FAULT, "n", at("00:00"), at("23:00"))
    assert (wish.gap_from, wish.gap_to) == (at("09:10"), at("09:20"))
    EXPLANATION.approve(bureau.session, supervisor, wish.id)
    assert kept(bureau, event.id).gap_explained == 1
    last = bureau.session.exec(select(Link).where(Link.event_id == event.id).order_by(Link.id.desc())).first()
    last.state = LinkState.rejected
    recount(bureau.session, [event.id])
    later = kept(bureau, event.id)
    assert (later.gap_count, later.gap_explained) == (1, 0)


def test_what_another_person_asks_is_not_lost_in_the_wish_that_is_open(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    one, other = bureau.actor(Role.member, "one"), bureau.actor(Role.supervisor, "one")
    first = actions.ask_exemption(bureau.session, one, event.id, URGENT, "抢险")
    second = actions.ask_exemption(bureau.session, other, event.id, FAULT, "电池没电")
    assert second.id != first.id and (second.reason, second.asked_by) == (FAULT, other.account_id)
    with pytest.raises(SecondPerson):
        EXPLANATION.approve(bureau.session, other, second.id)


def test_whoever_asked_does_not_take_another_persons_refusal_back(bureau: Field) -> None:
    event = bureau.event(at("09:00"), at("09:30"))
    asks, decides = bureau.actor(Role.supervisor, "one"), bureau.actor(Role.admin)
    wish = actions.ask_exemption(bureau.session, asks, event.id, URGENT, "n")
    EXPLANATION.decline(bureau.session, decides, wish.id, "不属于紧急情况")
    with pytest.raises(SecondPerson):
        EXPLANATION.reopen(bureau.session, asks, wish.id)

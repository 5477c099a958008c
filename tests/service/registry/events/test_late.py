"""Events changed after their upload deadline are listed with who, when and what, also if the change moved it."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from schemas.accounts import Role
from schemas.coverage import Explanation, ExplanationReason
from schemas.events import EnforcementEvent, EventUpdate
from service.kernel.clock import now
from service.kernel.i18n import speaking
from service.registry.events.actions import cancel_event, update_event
from service.registry.events.history import history
from service.supervision.coverage.counting import recount
from service.supervision.coverage.lists import list_counts, list_rows
from service.supervision.explanations.actions import ask_exemption
from service.supervision.explanations.approval import EXPLANATION
from tests.service.finding.linking.field import Field, at


@pytest.fixture
def field(session: Session) -> Field:
    return Field(session)


def made(field: Field, start: datetime, end: datetime) -> EnforcementEvent:
    event = field.event(start, end)
    recount(field.session, [event.id])
    field.session.commit()
    return event


def test_a_change_after_the_deadline_is_listed_though_it_moves_the_deadline(field: Field) -> None:
    admin = field.actor(Role.admin)
    late, fresh = made(field, at("09:00"), at("09:30")), made(field, now() - timedelta(hours=2), now())
    deadline = late.departed_at + timedelta(hours=24)
    moved = now() - timedelta(hours=1)
    update_event(
        field.session, admin, late.id, EventUpdate(arrived_at=moved - timedelta(hours=1), departed_at=moved)
    )
    update_event(field.session, admin, fresh.id, EventUpdate(title="复查"))
    field.session.commit()
    update_event(field.session, admin, late.id, EventUpdate(title="又改"))  # the new deadline is ahead
    field.session.commit()
    (row,) = list_rows(field.session, admin, "changed_late").items
    assert (row.event.id, row.entry.who, row.deadline) == (late.id, admin.name, deadline)
    assert {one.field for one in row.entry.changes} == {"arrived_at", "departed_at"}
    assert list_counts(field.session, admin, names=["changed_late"])["changed_late"].n == 1
    assert not list_rows(field.session, field.actor(Role.supervisor, "two"), "changed_late").items


def test_a_late_cancellation_is_listed_with_its_reason(field: Field) -> None:
    admin = field.actor(Role.admin)
    event = made(field, at("09:00"), at("09:30"))
    cancel_event(field.session, admin, event.id, "重复登记")
    field.session.commit()
    (row,) = list_rows(field.session, admin, "changed_late").items
    assert (row.entry.action, row.entry.reason) == ("cancel", "重复登记")


def test_the_history_says_reasons_of_explanations_in_words(field: Field) -> None:
    event = made(field, at("09:00"), at("09:30"))
    wish: Explanation = ask_exemption(
        field.session, field.actor(Role.member, "one"), event.id, ExplanationReason.device_fault, "屏幕损坏"
    )
    EXPLANATION.approve(field.session, field.actor(Role.supervisor), wish.id, "属实")
    field.session.commit()
    with speaking("en"):
        told = [one.reason for one in history(field.session, field.actor(Role.admin), event.id).items]
    assert told == [
        "Exemption: device fault · Approved · 属实",
        "Exemption: device fault · 屏幕损坏",
    ]

"""The year's months, frozen as a supervisor freezes them; and what came later: a dispute that was upheld after its month
was frozen, and events put right long after their upload deadline."""

import time
from datetime import date

from sqlalchemy import Engine, select
from sqlmodel import Session

import service.reactions  # noqa: F401  what follows from each change
from deploy.demo.simulator.rates import YEAR
from schemas.accounts import Account, Role
from schemas.coverage import Basis, Dispute, EventCoverage
from schemas.events import EnforcementEvent, EventOfficer, EventUpdate
from service.kernel.actor import Actor
from service.kernel.database import get_engine, transaction
from service.registry.events.actions import update_event
from service.supervision.disputes.actions import raise_dispute
from service.supervision.disputes.approval import DISPUTE
from service.supervision.snapshots.actions import STEADY, freeze
from service.supervision.snapshots.queries import months, wants_recount

FROZEN = tuple(date(YEAR, month, 1) for month in range(1, 12))
DISPUTED = date(YEAR, 10, 1)
STATEMENT = "十月的录像存于备用采集站，现已找到并上传，请核对。"
ANSWER = "经核对，录像属实；已冻结的月报不变，更正记录附后。"
PUT_RIGHT = date(YEAR, 12, 1)  # a month that is open
CORRECTIONS = 6
PATIENCE_S = 120


def freeze_months(engine: Engine | None = None) -> int:
    """Those of January to November that are not frozen yet; answers how many."""
    engine = engine or get_engine()
    with transaction(engine) as session:
        supervisor = the_supervisor(session)
        frozen = {one.month for one in months(session, supervisor) if one.snapshot is not None}
    _wait_for_recount(engine)
    left = [month for month in FROZEN if month not in frozen]
    for month in left:
        with transaction(engine.execution_options(isolation_level=STEADY)) as steady:
            freeze(steady, supervisor, month, confirmed=True)
    if DISPUTED in left:
        _dispute(engine, supervisor)
        _put_right(engine, supervisor)
    return len(left)


def _wait_for_recount(engine: Engine) -> None:
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_S:
        with transaction(engine) as session:
            if not wants_recount(session):
                return
        time.sleep(1)


def the_supervisor(session: Session) -> Actor:
    """Who freezes months and answers: one that sees the whole bureau."""
    return _actor(
        session.scalars(
            select(Account).where(Account.role == Role.supervisor, Account.squad_id.is_(None)).limit(1)
        ).one()
    )


def _actor(account: Account) -> Actor:
    return Actor(account.id, account.username, Role(account.role), account.squad_id, account.officer_id)


def _dispute(engine: Engine, supervisor: Actor) -> None:
    with transaction(engine) as session:
        found = session.execute(
            select(EventCoverage.event_id, Account)
            .join(EventOfficer, EventOfficer.event_id == EventCoverage.event_id)
            .join(Account, Account.officer_id == EventOfficer.officer_id)
            .where(
                EventCoverage.basis == Basis.counted,
                EventCoverage.shown == 0,
                EventCoverage.excluded.is_(None),
                EventCoverage.day >= DISPUTED,
                EventCoverage.day < date(YEAR, DISPUTED.month + 1, 1),
                EventCoverage.event_id.not_in(select(Dispute.event_id).where(Dispute.event_id.is_not(None))),
            )
            .order_by(EventCoverage.day, EventCoverage.event_id)
        ).first()
        if found is None:
            return
        event_id, account = found
        dispute = raise_dispute(session, _actor(account), event_id, STATEMENT)
        session.flush()
        DISPUTE.approve(session, supervisor, dispute.id, ANSWER)


def _put_right(engine: Engine, supervisor: Actor) -> None:
    with transaction(engine) as session:
        events = session.execute(
            select(EnforcementEvent.id, EnforcementEvent.place)
            .join(EventCoverage, EventCoverage.event_id == EnforcementEvent.id)
            .where(
                EventCoverage.basis == Basis.counted,
                EventCoverage.excluded.is_(None),
                EventCoverage.day >= PUT_RIGHT,
                EnforcementEvent.place != "",
            )
            .order_by(EventCoverage.day, EnforcementEvent.id)
            .limit(CORRECTIONS)
        ).all()
        for event_id, place in events:
            update_event(session, supervisor, event_id, EventUpdate(place=f"{place}（门牌已更正）"))

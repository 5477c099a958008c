"""Signing in and opening a page while strangers and one account do all they can to hold the service, beside the same
with nobody else there."""

import time
from itertools import chain

from sqlmodel import Session

from schemas.accounts import AccountCreate, Role, TokenScope
from service.access.actions import create_account, create_token
from service.kernel.actor import Actor
from tests.bench.installation import PASSWORD, SQUAD, Running, installed
from tests.bench.report import Row, against, quantile
from tests.bench.scale import Scale
from tests.fixtures.attack import Attack, visit

PAUSE_S = 0.1
SETTLES_S = 3.0


def run(scale: Scale) -> list[Row]:
    with installed("web") as running:
        attack = Attack(running.address, _person(running), running.dock)
        quiet = [_visited(running) for _ in range(scale.visits)]
        with attack.going_on():
            time.sleep(SETTLES_S)
            crowded = [_visited(running) for _ in range(scale.visits)]
    return [
        against(
            "sign-in and a page under attack, p95",
            "ms",
            quantile(crowded),
            quantile(quiet),
            "the same with nobody else there",
            aim="answered within 10 s",
            met=max(chain(crowded)) < 10_000,
            most=round(max(crowded), 1),
            attack=attack.made,
        )
    ]


def _person(running: Running) -> str:
    with Session(running.engine, expire_on_commit=False) as session:
        account = create_account(
            session,
            "bench",
            AccountCreate(username="visitor", password=PASSWORD, role=Role.member, squad=SQUAD),
        )
        other = create_account(
            session, "bench", AccountCreate(username="attacker", password=PASSWORD, role=Role.supervisor)
        )
        assert account
        token, _row = create_token(
            session, Actor(other.id, other.username, Role.supervisor, None), "attacker", TokenScope.full
        )
        session.commit()
        return token


def _visited(running: Running) -> float:
    took = visit(running.address, "visitor", PASSWORD) * 1000
    time.sleep(PAUSE_S)
    return took

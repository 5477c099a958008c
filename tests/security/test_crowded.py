"""Strangers and one account do all they can at once: everybody else goes on working."""

import socket
import time

import httpx
import pytest

from schemas.accounts import TokenScope
from tests.fixtures.attack import IDLE, SLOW, Attack, visit
from tests.fixtures.stack import PASSWORD, Stack

QUEUES = ()
LASTS_S = 12.0
ANSWERED_WITHIN_S = 10.0


@pytest.fixture(scope="module")
def attack(stack: Stack) -> Attack:
    dock = stack.api("member").post("/api/v1/tokens", json={"name": "dock 1", "scope": TokenScope.dock})
    token = stack.api("supervisor").headers["Authorization"].removeprefix("Bearer ")
    return Attack(stack.address, token, dock.json()["token"])


def test_whoever_signs_in_meanwhile_is_answered(stack: Stack, attack: Attack) -> None:
    began = [visit(stack.address, "other", PASSWORD)]
    with attack.going_on():
        until = time.monotonic() + LASTS_S
        took = []
        while time.monotonic() < until:
            took.append(visit(stack.address, "other", PASSWORD))
            health = httpx.get(f"{stack.address}/readyz", timeout=ANSWERED_WITHIN_S, trust_env=False)
            assert health.status_code == 200
            time.sleep(0.2)
        made = dict(attack.made)
    assert max(began + took) < ANSWERED_WITHIN_S, took
    assert made["idle"] == IDLE and made["slow"] == SLOW, made
    assert made["forms"] and made["uploads"] and made["words"] and made["officers"], made
    refused = {name.split()[1] for name in made if name.startswith(("words ", "officers "))}
    assert refused <= {"400", "413", "414", "422", "429", "431"}, made
    assert visit(stack.address, "member", PASSWORD) < ANSWERED_WITHIN_S


def test_a_connection_that_only_waits_makes_room_and_none_of_who_has_signed_in(stack: Stack) -> None:
    """All of one address, as of a bureau behind one: 400 more than strangers may hold, and the door stays open."""
    held = [
        socket.create_connection(("127.0.0.1", int(stack.address.rpartition(":")[2]))) for _ in range(600)
    ]
    try:
        known = stack.api("admin")
        assert known.get("/api/v1/events").status_code == 200
        assert visit(stack.address, "other", PASSWORD) < ANSWERED_WITHIN_S
        held[0].settimeout(5)
        with pytest.raises(ConnectionError):
            while held[0].recv(1):
                pass
            raise ConnectionResetError
        assert known.get("/api/v1/events").status_code == 200
    finally:
        for one in held:
            one.close()

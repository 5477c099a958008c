"""A stranger's sidecar is read where it harms nobody."""

import json

import pytest
from sqlmodel import Session

from schemas.people import Squad
from service.kernel.bounded import Bounds
from service.registry.conventions import actions

SAID = [{"文件名": f"{n:04}.MP4", "执法证号": "000001"} for n in range(3)]


@pytest.fixture
def squad(session: Session) -> Squad:
    found = Squad(code="ZD1", name="一中队")
    session.add(found)
    session.flush()
    return found


def test_one_that_asks_for_more_memory_than_it_may_have_is_none(
    session: Session, squad: Squad, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = json.dumps(SAID * 20_000).encode()
    monkeypatch.setattr(actions, "BOUNDS", Bounds(cpu_s=10, wall_s=30, memory_bytes=2**22))
    assert actions.keep_sidecar(session, squad.id, "list.json", data) == {}
    sound = actions.keep_sidecar(session, squad.id, "list.json", json.dumps(SAID).encode())
    assert {name: facts.officer for name, facts in sound.items()} == {
        f"{n:04}.mp4": "000001" for n in range(3)
    }


def test_the_largest_one_stays_within_its_bounds(session: Session, squad: Squad) -> None:
    row = json.dumps(SAID[0])
    data = f"[{','.join([row] * (4 * 2**20 // (len(row) + 1) - 1))}]".encode()
    assert set(actions.keep_sidecar(session, squad.id, "list.json", data)) == {"0000.mp4"}

"""A stranger's sidecar is read while no connection of the database waits for it."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from schemas.accounts import Account, Role
from schemas.base import new_id
from schemas.custody import CustodyEntry
from schemas.recordings import Sidecar
from service.access.actions import open_session
from service.app import create_app
from service.footage.uploads import routes
from service.kernel.database import get_engine, transaction
from service.registry.conventions.actions import sidecar_read
from tests.fixtures.jobs import Bureau


def test_a_sidecar_is_read_before_the_transaction_that_keeps_it(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    def watched(*what: Any) -> dict[str, Any]:
        held.append(get_engine().pool.checkedout())  # type: ignore[attr-defined]  # of the pool that is in use
        return sidecar_read(*what)

    monkeypatch.setattr(routes, "sidecar_read", watched)
    with transaction() as session:
        account = Account(
            username=f"m-{new_id()}", password_hash="-", role=Role.member, squad_id=bureau.squad("1")
        )
        session.add(account)
        session.flush()
        secret, _ = open_session(session, account)
    said = {"FileName": "a.mp4", "UserID": "000001", "StartTime": "2026-11-20 09:00:00"}
    with TestClient(create_app()) as client:
        client.headers["Authorization"] = f"Bearer {secret}"
        asked = {"params": {"filename": "list.json"}}
        assert client.post("/api/v1/sidecars", content=b"{not json", **asked).status_code == 400
        answer = client.post("/api/v1/sidecars", content=json.dumps(said).encode(), **asked)
        assert answer.status_code == 201 and answer.json()["files"] == ["a.mp4"]
    assert held == [0, 0]
    with transaction() as session:
        assert session.scalars(select(Sidecar.squad_id)).all() == [bureau.squad("1")]
        acts = session.scalars(
            select(CustodyEntry.action).where(CustodyEntry.subject_kind == "sidecar")
        ).all()
        assert len(acts) == 1

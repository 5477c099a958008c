"""The service in this process, two squads, and people to ask as."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from schemas.accounts import Account, AccountCreate, Role
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventKind
from schemas.links import Link, LinkState
from service import database
from service.access.actions import create_account, open_session
from service.app import create_app
from service.clock import now
from tests.fixtures.jobs import Bureau

PASSWORD = "correct-horse-9"


@dataclass
class House:
    bureau: Bureau
    client: TestClient
    secrets: dict[tuple[Role, str | None], str] = field(default_factory=dict)

    def secret(self, role: Role = Role.member, squad: str | None = "1") -> str:
        key = (role, squad)
        if key not in self.secrets:
            if squad:
                self.bureau.squad(squad)
            with database.transaction() as session:
                wanted = AccountCreate(
                    username=f"{role.value}-{squad}", password=PASSWORD, role=role, squad=squad
                )
                self.secrets[key] = open_session(session, create_account(session, "cli", wanted))[0]
        return self.secrets[key]

    def ask(self, method: str, path: str, role: Role, squad: str | None = "1", **more) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret(role, squad)}"} | more.pop("headers", {})
        return self.client.request(method, path, headers=headers, follow_redirects=False, **more)

    def account(self, role: Role, squad: str | None) -> UUID:
        self.secret(role, squad)
        with database.transaction() as session:
            name = f"{role.value}-{squad}"
            return session.scalars(select(Account.id).where(Account.username == name)).one()

    def event(self, squad: str, **more) -> UUID:
        with database.transaction() as session:
            made = EnforcementEvent(
                **{"title": "一次检查", "kind": EventKind.inspection, "arrived_at": now()} | more,
                squad_id=self.bureau.squad(squad),
            )
            session.add(made)
        return made.id

    def link(self, recording: UUID, event: UUID) -> UUID:
        with database.transaction() as session:
            made = Link(
                recording_id=recording, event_id=event, state=LinkState.offered, score=0.5, rule_version="1"
            )
            session.add(made)
        return made.id

    def custody(self, action: str) -> list[CustodyEntry]:
        with self.bureau.session() as session:
            rows = select(CustodyEntry).where(CustodyEntry.action == action).order_by(CustodyEntry.id)
            return list(session.scalars(rows))


@pytest.fixture
def house(bureau: Bureau) -> Iterator[House]:
    client = TestClient(create_app(), base_url="http://localhost", raise_server_exceptions=False)
    yield House(bureau, client)

"""The service in this process, two squads, and people to ask as."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from deploy.embedded.postgres import Postgres
from deploy.embedded.redis import Redis
from schemas.accounts import Account, AccountCreate, Role
from schemas.base import new_id
from schemas.custody import CustodyEntry
from schemas.events import EnforcementEvent, EventKind
from schemas.links import Link, LinkState
from service.access.actions import create_account, open_session
from service.app import create_app
from service.kernel import database
from service.kernel.clock import now
from tests.fixtures.jobs import Bureau, environment, settled_in
from tests.fixtures.postgres import own_database

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

    def ask(self, method: str, path: str, role: Role, squad: str | None = "1", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secret(role, squad)}"} | more.pop("headers", {})
        return self.client.request(method, path, headers=headers, follow_redirects=False, **more)

    def account(self, role: Role, squad: str | None) -> UUID:
        self.secret(role, squad)
        with database.transaction() as session:
            name = f"{role.value}-{squad}"
            return session.scalars(select(Account.id).where(Account.username == name)).one()

    def event(self, squad: str, **more: Any) -> UUID:
        with database.transaction() as session:
            values: dict[str, Any] = {
                "title": "一次检查", "kind": EventKind.inspection, "arrived_at": now(), **more
            }  # fmt: skip
            made = EnforcementEvent(squad_id=self.bureau.squad(squad), **values)
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


def _house(bureau: Bureau) -> House:
    client = TestClient(create_app(), base_url="http://localhost", raise_server_exceptions=False)
    return House(bureau, client)


@pytest.fixture
def house(bureau: Bureau) -> House:
    return _house(bureau)


@pytest.fixture(scope="module")
def lasting_house(
    postgres: Postgres, redis_server: Redis, run_folder: Path, worker_id: str
) -> Iterator[House]:
    name = f"house_{worker_id}_{new_id().hex[:8]}"
    folder = run_folder / name
    folder.mkdir(mode=0o755)
    with own_database(postgres, name) as url:
        env = environment(url, redis_server.url(), folder)
        with settled_in(env):
            made = _house(Bureau(folder, env))
        yield made
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def same_house(lasting_house: House) -> Iterator[House]:
    """One for all tests of a file that do not mind what the others left in it."""
    with settled_in(lasting_house.bureau.env):
        yield lasting_house

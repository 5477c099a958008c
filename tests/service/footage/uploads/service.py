"""A bureau of two squads in a database of its own, and services over it: real processes, as the tests need them."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy
from sqlmodel import Session

from deploy.process import Child, free_port
from deploy.serve import web_server
from schemas.accounts import AccountCreate, Role, TokenScope
from schemas.jobs import JobKind
from schemas.people import Squad
from service.access.actions import create_account, create_token
from service.kernel.actor import Actor
from tests.fixtures.jobs import run_all_jobs, settled_in
from tests.fixtures.processes import Processes

PASSWORD = "correct-horse-9"
TUS = {"Tus-Resumable": "1.0.0"}
BODY = {"Content-Type": "application/offset+octet-stream"}


@dataclass
class Bureau:
    """Tokens by name: `dock`, `member`, `other` (a member of the second squad), `auditor`, `admin`."""

    engine: sqlalchemy.Engine
    tokens: dict[str, str] = field(default_factory=dict)

    def fill(self) -> "Bureau":
        with Session(self.engine, expire_on_commit=False) as session:
            session.add_all([Squad(code="ZD1", name="一中队"), Squad(code="ZD2", name="二中队")])
            session.flush()
            for name, role, squad, scope in (
                ("dock", Role.member, "ZD1", TokenScope.dock),
                ("member", Role.member, "ZD1", TokenScope.full),
                ("other", Role.member, "ZD2", TokenScope.full),
                ("auditor", Role.auditor, None, TokenScope.full),
                ("admin", Role.admin, None, TokenScope.full),
            ):
                account = create_account(
                    session, "test", AccountCreate(username=name, password=PASSWORD, role=role, squad=squad)
                )
                actor = Actor(account.id, name, role, account.squad_id)
                self.tokens[name], _ = create_token(session, actor, name, scope)
            session.commit()
        return self

    def sql(self, statement: str, **values: Any) -> list[Any]:
        with self.engine.begin() as connection:
            result = connection.execute(sqlalchemy.text(statement), values)
            return list(result) if result.returns_rows else []

    @contextmanager
    def ruled(self, **rules: int) -> Iterator[None]:
        """By these rules inside."""
        for name, value in rules.items():
            self.sql(
                "INSERT INTO policy_values (name, value, changed_at) VALUES (:name, to_jsonb(CAST(:value AS bigint)), now())",
                name=name, value=value,
            )  # fmt: skip
        try:
            yield
        finally:
            self.sql("DELETE FROM policy_values WHERE name = ANY(:names)", names=list(rules))


@dataclass
class Service:
    """One process of the web server, serving the application. `kill` is kill -9; `start` again keeps the port. `start` is
    `launch` and then `ready`."""

    processes: Processes
    bureau: Bureau
    store: str
    redis: str
    extra: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    child: Child | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "ZHENGLU_DATABASE_URL": self.bureau.engine.url.render_as_string(hide_password=False),
            "ZHENGLU_REDIS_URL": self.redis,
            "ZHENGLU_OBJECT_STORE": self.store,
            "ZHENGLU_S3_ACCESS_KEY": "testkey123",
            "ZHENGLU_S3_SECRET_KEY": "testsecret123",
            "ZHENGLU_SECRET_KEY": "only-for-tests-0123456789abcdef",
            **self.extra,
        }

    def start(self) -> "Service":
        self.launch()
        return self.ready()

    def launch(self) -> None:
        self.child = self.processes.python(
            "-m", *web_server("127.0.0.1", self.port), env=self.environment, name="service"
        )

    def ready(self) -> "Service":
        assert self.child is not None
        self.processes.wait_for_http(f"{self.url}/healthz", self.child)
        return self

    def kill(self) -> None:
        assert self.child is not None
        self.processes.kill(self.child)

    def client(self, who: str = "dock", **options: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.bureau.tokens[who]}", **TUS}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False, **options)

    def work(self, *kinds: JobKind) -> None:
        """As a worker does, in this process."""
        with settled_in(self.environment):
            run_all_jobs(kinds)

    def stored(self, recording_id: str) -> bytes:
        """The bytes that the receipt of this recording points at."""
        [(key, version)] = self.bureau.sql(
            "SELECT store_key, store_version FROM receipts WHERE recording_id = :id", id=recording_id
        )
        return self.read(key, version)

    def read(self, key: str, version: str | None = None) -> bytes:
        from service.kernel.storage import open_store

        store = open_store(self.store, "testkey123", "testsecret123")
        with store.objects.read(key, version) as stream:
            return b"".join(stream)


def metadata(**values: str) -> dict[str, str]:
    pairs = (f"{key} {base64.b64encode(value.encode()).decode()}".strip() for key, value in values.items())
    return {"Upload-Metadata": ",".join(pairs)}


def checksum(data: bytes, algorithm: str = "sha1") -> dict[str, str]:
    digest = hashlib.new(algorithm, data).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


def at(offset: int) -> dict[str, str]:
    return {**BODY, "Upload-Offset": str(offset)}


def folder_store(path: Path) -> str:
    return f"file://{path}?reserve=0"

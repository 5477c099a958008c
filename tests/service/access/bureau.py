"""The service in this process over a database of its own, with an account and a token for every role."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any
from uuid import uuid4

import httpx
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, select

from schemas.accounts import Account, ApiToken, Role, TokenScope
from schemas.cases import Campaign
from schemas.jobs import Job, JobKind
from schemas.links import Link, LinkState
from schemas.people import Roster, Squad
from schemas.recorders import RecorderModel
from service.access import rules
from service.access.actions import open_session
from service.app import create_app
from service.kernel.database import get_session, transaction
from tests.service.finding.linking.field import Field, at


@dataclass
class Bureau:
    """Two squads, "one" with a row of everything; `ids` are the values of the paths' parameters."""

    engine: Engine
    client: TestClient
    ids: dict[str, str]

    secrets: dict[tuple, str] = dataclass_field(default_factory=dict)

    def secret(self, role: Role, squad: str | None, *, dock: bool = False) -> str:
        """The bearer secret of an account with this role, made on first need."""
        known = (role, squad, dock)
        if known not in self.secrets:
            self.secrets[known] = self._new_secret(role, squad, dock)
        return self.secrets[known]

    def _new_secret(self, role: Role, squad: str | None, dock: bool) -> str:
        with transaction(self.engine) as session:
            field = Field(session)
            field.known |= {("squad", code): _squad(session, code) for code in ("one", "two")}
            account = session.get_one(
                Account, field.actor(role, squad, name=f"{role}-{uuid4().hex[:12]}").account_id
            )
            if not dock:
                return open_session(session, account)[0]
            secret = rules.new_secret()
            session.add(
                ApiToken(
                    account_id=account.id,
                    name="dock 1",
                    scope=TokenScope.dock,
                    secret_sha256=rules.fingerprint(secret),
                )
            )
            return secret

    def ask(
        self,
        secret: str | None,
        method: str,
        path: str,
        body: Any = None,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        said: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """`form`: sent in place of a body; `said`: for parameters of the path, before the ids of rows."""
        bearer = {"Authorization": f"Bearer {secret}"} if secret else {}
        address = path.format(**{**self.ids, **(said or {})})
        sent = {"data": form} if form is not None else {"json": body}
        return self.client.request(
            method, address, headers={**bearer, **(headers or {})}, follow_redirects=False, **sent
        )


def words_in(answer: httpx.Response) -> str:
    """Of a workbook what stands in its sheets; a PDF of this service holds its text compressed, so nothing of it."""
    if answer.content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
            return "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    return answer.text


def _squad(session: Session, code: str) -> Squad:
    return session.exec(select(Squad).where(Squad.code == code)).one()


def open_bureau(engine: Engine, *, keep: bool = True) -> Bureau:
    """`keep` False: every request's session is rolled back once it was answered."""
    app = create_app()

    def session_of_test() -> Iterator[Session]:
        with transaction(engine) as session:
            yield session
            if not keep:
                session.rollback()

    app.dependency_overrides[get_session] = session_of_test
    with transaction(engine) as session:
        ids = _fill(Field(session))
    return Bureau(engine, TestClient(app, base_url="http://localhost", raise_server_exceptions=False), ids)


def _fill(field: Field) -> dict[str, str]:
    field.squad("two")
    field.officer("012")
    assignment = field.hold("R-07", "012", at("08:00"), at("12:00"))
    case = field.case("蓉城管罚〔2024〕5号")
    event = field.event(at("09:00"), at("09:30"), ("012",), case=case.number, external_id="E-1")
    recording = field.recording(at("09:00"), at("09:30"), recorder="R-07")
    model = RecorderModel(code="M-1")
    link = Link(
        recording_id=recording.id, event_id=event.id, state=LinkState.offered, score=0.5, rule_version="1"
    )
    job = Job(kind=JobKind.link, subject_id=recording.id, queue="light")
    field.session.add_all([model, link, job])
    campaign = Campaign(external_id="C-1", name="油烟整治")
    field.session.add(campaign)
    roster = Roster(
        officer_id=field.officer("012").id,
        squad_id=field.squad("one").id,
        starts_at=at("08:00"),
        ends_at=at("18:00"),
    )
    field.session.add(roster)
    field.session.flush()
    rows: dict[str, Any] = {
        "squad_id": field.squad("one"),
        "officer_id": field.officer("012"),
        "recorder_id": field.recorder("R-07"),
        "model_id": model,
        "assignment_id": assignment,
        "roster_id": roster,
        "event_id": event,
        "case_id": case,
        "campaign_id": campaign,
        "recording_id": recording,
        "link_id": link,
        "job_id": job,
    }
    return {name: str(row.id) for name, row in rows.items()} | {
        name: str(uuid4())
        for name in (
            "account_id",
            "token_id",
            "upload_id",
            "offset_id",
            "explanation_id",
            "dispute_id",
            "import_id",
        )
    }

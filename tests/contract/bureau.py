"""A running service over a bureau that has a row of everything, and whoever asks it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from schemas.accounts import Account, AccountCreate, Role
from schemas.clocks import ClockOffset, OffsetSource
from schemas.people import Squad
from schemas.recordings import Recording, RecordingState
from service.access.actions import create_account, open_session
from service.kernel.clock import now
from tests.fixtures.stack import PASSWORD, Stack
from tests.service.access.bureau import _fill
from tests.service.finding.linking.field import Field, at


@dataclass
class House:
    """`known`: values that mean something here, by the name of a parameter or of a body's field."""

    stack: Stack
    known: dict[str, list[Any]]

    def token(self, role: Role) -> str:
        """Of a new session of a new account: whoever ends it, changes its password or spends it harms nobody."""
        with Session(self.stack.engine, expire_on_commit=False) as session:
            name = f"{role}-{uuid4().hex[:12]}"
            squad, officer = ("one", None) if role == Role.member else (None, None)
            wanted = AccountCreate(username=name, password=PASSWORD, role=role, squad=squad, officer=officer)
            made = create_account(session, "tests", wanted)
            secret, _held = open_session(session, session.get_one(Account, made.id))
            session.commit()
            return secret


@pytest.fixture(scope="module")
def house(stack: Stack) -> Iterator[House]:
    with Session(stack.engine, expire_on_commit=False) as session:
        field = Field(session)
        ids = _fill(field)
        _more(field, ids)
        session.commit()
    known: dict[str, list[Any]] = {name: [value] for name, value in ids.items()}
    known |= {
        "squad": ["one", "two"],
        "officer": ["012"],
        "officers": [["012"]],
        "recorder": ["R-07"],
        "serial": ["R-07"],
        "model": ["M-1"],
        "case": ["蓉城管罚〔2024〕5号"],
        "event": [ids["event_id"], "E-1"],
        "into": [ids["event_id"]],
        "recording": [ids["recording_id"]],
        "campaign": ["C-1"],
        "row": [ids["recording_id"], ids["recorder_id"], ids["squad_id"]],
        "month": ["2024-06", "2024-05", "2031-01"],
        "version": [0, 1],
        "since": [0, 1],
        "kind": ["officers", "events", "inspection"],
        "name": ["missing", "unlinked", "not_docked", "duty_days", "changed_late"],
        "figure": ["recorded", "linked", "ratio", "clocks", "on_time"],
        "by": ["squad", "officer,month", "kind"],
        "number": [1],
        "attempt": [1],
        "limit": [1, 50, 200],
        "cursor": [None],
        "Tus-Resumable": ["1.0.0"],
        "Upload-Length": ["0", "5"],
        "Upload-Offset": ["0"],
    }
    yield House(stack, known)


def _more(field: Field, ids: dict[str, str]) -> None:
    """What only comes of what people do: a measurement, an announcement, an account, an upload's address."""
    session = field.session
    recorder = field.recorder("R-07")
    offset = ClockOffset(
        recorder_id=recorder.id, source=OffsetSource.hand, measured_at=at("08:30"), offset_s=2
    )
    announced = Recording(
        squad_id=session.exec(select(Squad).where(Squad.code == "one")).one().id,
        state=RecordingState.announced,
        file_name="R-07_0001.MP4",
        recorder_id=recorder.id,
        recorded_from=at("10:00"),
        announced_at=now(),
        due_at=now() + timedelta(hours=1),
        claims={"announced": {"facts": {"recorder": "R-07"}}},
    )
    session.add_all([offset, announced])
    spare = create_account(
        session, "tests", AccountCreate(username="spare", password=PASSWORD, role=Role.auditor)
    )
    session.flush()
    ids |= {"offset_id": str(offset.id), "account_id": str(spare.id), "announced_id": str(announced.id)}

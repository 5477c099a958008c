"""Two squads with a row of everything, and what one of them learns or changes when it names what is the other's.

Each request is put twice: with the first squad's ids and numbers, and with some that nobody has. Both must be answered
alike, and nothing may be different afterwards.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import httpx
from sqlalchemy import Engine, select, text
from sqlmodel import Session

from schemas.accounts import ApiToken, Role, TokenScope
from schemas.clocks import ClockOffset, OffsetSource
from schemas.coverage import Dispute, DisputeAbout, Explanation, ExplanationKind, ExplanationReason
from schemas.imports import TableImport
from schemas.jobs import Job, JobKind, JobState
from schemas.links import Link, LinkState
from schemas.originals import MediaState, Original, Rendition, RenditionKind
from schemas.people import Roster, Squad
from schemas.recordings import Receipt, ReceiptOutcome, RecordingState, RemovalRequest
from schemas.sweeps import SetAside
from schemas.uploads import Upload
from service.kernel.clock import now
from service.kernel.storage import get_store
from tests.service.access.bureau import Bureau, open_bureau, words_in
from tests.service.finding.linking.field import Field, at

ASKERS = [(role, False) for role in Role] + [(Role.member, True)]
CHANGES_BY_ASKING = ("sign_ins", "login_failures")
OF_THE_ASKER = " WHERE action NOT IN ('deny', 'import')"
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:\d\d)?|\d\d:\d\d(?::\d\d)?")
FIRST = {
    "squad": "one", "officer": "0121", "recorder": "R-0701", "external_id": "E-1701",
    "case": "蓉城管罚〔2024〕501号", "assignment": "A-1701", "roster": "D-1701", "offset": "O-1701",
}  # fmt: skip
SECOND = {
    "squad": "two", "officer": "0222", "recorder": "R-0802", "external_id": "E-2802",
    "case": "蓉城管罚〔2024〕802号", "assignment": "A-2802", "roster": "D-2802", "offset": "O-2802",
}  # fmt: skip
NOBODYS = {
    "squad": "ono", "officer": "0969", "recorder": "R-9906", "external_id": "E-9906",
    "case": "蓉城管罚〔2024〕906号", "assignment": "A-9906", "roster": "D-9906", "offset": "O-9906",
}  # fmt: skip


@dataclass
class Crawl:
    """`first`, `second`: ids and numbers by what they are of; `nobodys`: as `first`, of what is not there. The askers
    belong to the second squad."""

    bureau: Bureau
    first: dict[str, str]
    second: dict[str, str]
    nobodys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.nobodys = {name: str(uuid4()) for name in self.first} | NOBODYS
        self.nobodys["serial"] = NOBODYS["recorder"]

    def ask(
        self, asker: tuple[Role, bool], method: str, path: str, names: Mapping[str, str], **more: Any
    ) -> httpx.Response:
        """`names`: fill the address, and what in `more` has the form of `{name}`."""
        role, dock = asker
        secret = self.bureau.secret(role, "two", dock=dock)
        body = more.pop("body", None)
        return self.bureau.ask(
            secret,
            method,
            path,
            filled(body, names),
            said=names,
            **{k: filled(v, names) for k, v in more.items()},
        )

    def differences(
        self, asker: tuple[Role, bool], method: str, path: str, more: Mapping[str, Any], **own: str
    ) -> str:
        """In what the answer for the first squad's ids and the one for nobody's differ; "" where they do not. `own`:
        names that stay what they are."""
        theirs, none = (
            self.ask(asker, method, path, {**names, **own}, **more) for names in (self.first, self.nobodys)
        )
        one, two = (self.plain(answer) for answer in (theirs, none))
        if one == two:
            return ""
        return f"{asker[0]}{' dock' if asker[1] else ''}: {one} for theirs, {two} for nobody's"[:1500]

    def plain(self, answer: httpx.Response) -> tuple[int, list[str], str]:
        told = unquote(words_in(answer))
        for name, value in self.first.items():
            told = told.replace(value, f"<{name}>").replace(self.nobodys[name], f"<{name}>")
        return answer.status_code, sorted(answer.headers), MOMENT.sub("<time>", told)

    def state(self) -> dict[str, str]:
        """A fingerprint of each table. Denials and tables that were brought stand in custody, and who asks is seen
        asking: these change by asking."""
        with self.bureau.engine.connect() as connection:
            tables = connection.execute(
                text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
            ).scalars()
            parts = [
                f"SELECT '{name}' AS name, md5(coalesce(string_agg(row, '' ORDER BY row), '')) AS all FROM ("
                f"SELECT CAST(to_jsonb(t) - 'last_used_at' AS text) AS row FROM {name} t"
                f"{OF_THE_ASKER if name == 'custody' else ''}) AS rows"
                for name in tables
                if name not in CHANGES_BY_ASKING
            ]
            return {name: told for name, told in connection.execute(text(" UNION ALL ".join(parts)))}


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """`{name}` as a whole word stands for what has that name."""
    if isinstance(value, str) and re.fullmatch(r"{\w+}", value):
        return names[value[1:-1]]
    if isinstance(value, Mapping):
        return {key: filled(one, names) for key, one in value.items()}
    return [filled(one, names) for one in value] if isinstance(value, list) else value


def open_crawl(engine: Engine, folder: Path) -> Crawl:
    """In a bureau where what requests write stays."""
    bureau = open_bureau(engine)
    with Session(engine, expire_on_commit=False) as session:
        made = Field(session)
        made.known |= {("squad", row.code): row for row in session.scalars(select(Squad))}
        first, second = (everything(made, names, folder) for names in (FIRST, SECOND))
        session.commit()
    bureau.ids.clear()
    for role, dock in ASKERS:
        bureau.secret(role, "two", dock=dock)  # or it would be made between two looks
    return Crawl(bureau, first, second)


def everything(made: Field, said: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Rows of all kinds for one squad; their ids by the names of the paths' parameters, and their numbers."""
    squad, number, serial = said["squad"], said["officer"], said["recorder"]
    session, whose = (
        made.session,
        made.actor(Role.member, said["squad"], name=f"owner-{said['squad']}").account_id,
    )
    officer, recorder = made.officer(number, squad), made.recorder(serial, squad)
    assignment = made.hold(serial, number, at("08:00"), at("12:00"))
    assignment.external_id = said["assignment"]
    case = made.case(said["case"], squad)
    event = made.event(
        at("09:00"), at("09:30"), (number,), squad=squad, case=case.number, external_id=said["external_id"]
    )
    recording = made.recording(
        at("09:00"), at("09:30"), squad=squad, recorder=serial, officer=number, uploaded_by=whose
    )
    original = made.measured(recording, [[0.0, 1800.0]])
    _bytes(session, original, folder)
    announced = made.recording(
        at("10:00"), None, squad=squad, recorder=serial, state=RecordingState.announced,
        announced_at=now(), due_at=now() + timedelta(hours=1), claims={"announced": {"facts": {"recorder": serial}}},
    )  # fmt: skip
    refused = made.recording(
        at("11:00"), None, squad=squad, state=RecordingState.refused, reason="no_media", uploaded_by=whose
    )
    rows: dict[str, Any] = {
        "link_id": Link(
            recording_id=recording.id, event_id=event.id, state=LinkState.offered, score=0.5, rule_version="1"
        ),
        "job_id": Job(
            kind=JobKind.link, subject_id=recording.id, queue="light", state=JobState.failed, finished_at=now()
        ),
        "roster_id": Roster(
            officer_id=officer.id, squad_id=officer.squad_id, external_id=said["roster"],
            starts_at=at("08:00"), ends_at=at("18:00"),
        ),
        "offset_id": ClockOffset(
            recorder_id=recorder.id, source=OffsetSource.hand, measured_at=at("08:30"), offset_s=2,
            external_id=said["offset"],
        ),
        "explanation_id": Explanation(
            event_id=event.id, kind=ExplanationKind.exemption, reason=ExplanationReason.urgent, note="n", asked_by=whose
        ),
        "dispute_id": Dispute(about=DisputeAbout.event, event_id=event.id, statement="s", asked_by=whose),
        "removal_id": RemovalRequest(recording_id=recording.id, reason="r", asked_by=whose),
        "token_id": ApiToken(
            account_id=whose, name="d", scope=TokenScope.dock, secret_sha256=uuid4().hex * 2
        ),
        "import_id": TableImport(account_id=whose, kind="officers", fingerprint="0" * 64, total=1),
        "upload_id": Upload(
            account_id=whose, squad_id=officer.squad_id, length=5, store_key=f"uploads/{squad}", file_name=f"{squad}.mp4",
            expires_at=now() + timedelta(days=1),
        ),
        "receipt_id": Receipt(
            recording_id=recording.id, account_id=whose, file_name=f"{squad}.mp4", store_key=f"r/{squad}", size=5,
            outcome=ReceiptOutcome.verified,
        ),
    }  # fmt: skip
    session.add_all(rows.values())
    session.flush()
    session.add(SetAside(duty="complete-uploads", subject_id=rows["upload_id"].id, held_at=now()))
    session.flush()
    rows |= {
        "squad_id": made.squad(squad), "officer_id": officer, "recorder_id": recorder, "assignment_id": assignment,
        "event_id": event, "case_id": case, "recording_id": recording, "announced_id": announced, "refused_id": refused,
    }  # fmt: skip
    ids = {name: str(row.id) for name, row in rows.items()}
    ids["account_id"] = str(whose)
    return {**said, **ids, "serial": serial, "subject_id": ids["upload_id"], "wish_id": ids["explanation_id"]}


def _bytes(session: Session, original: Original, folder: Path) -> None:
    """Something under every address of bytes."""
    file = folder / "bytes"
    file.write_bytes(b"bytes")
    original.store_key = get_store().objects.put_file(f"originals/{original.id}", file).key
    original.size, original.media_state = 5, MediaState.ready
    session.add(original)
    session.flush()
    for kind in RenditionKind:
        key = get_store().objects.put_file(f"renditions/{original.id}/{kind}", file).key
        session.add(
            Rendition(
                original_id=original.id,
                kind=kind,
                store_key=key,
                content_type="image/jpeg",
                size=5,
                attempt=1,
            )
        )

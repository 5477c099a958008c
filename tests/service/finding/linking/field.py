"""A small bureau, built row by row: what tests of the field stand on."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from schemas.accounts import Account, Role
from schemas.cases import Case
from schemas.events import EnforcementEvent, EventKind, EventOfficer
from schemas.links import Link
from schemas.originals import MediaState, Original
from schemas.people import Officer, Squad
from schemas.recorders import Assignment, Recorder, RecorderModel
from schemas.recordings import Recording, RecordingState
from service.kernel.actor import Actor
from service.registry.cases.rules import case_number_fold

ZONE = ZoneInfo("Asia/Shanghai")
DAY = datetime(2024, 6, 3, tzinfo=ZONE)


def at(clock: str, day: int = 0) -> datetime:
    """`at("08:10")` on the bureau's test day; `day` later ones."""
    hours, minutes, *seconds = (int(part) for part in clock.split(":"))
    return DAY + timedelta(days=day, hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)


@dataclass
class Field:
    session: Session
    known: dict[tuple[str, str], Any] = field(default_factory=dict)

    def _keep(self, kind: str, name: str, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        self.known[kind, name] = row
        return row

    def squad(self, code: str = "one") -> Squad:
        return self.known.get(("squad", code)) or self._keep(
            "squad", code, Squad(code=code, name=f"中队 {code}")
        )

    def officer(self, number: str = "012", squad: str = "one") -> Officer:
        row = Officer(certificate_no=number, name=f"队员 {number}", squad_id=self.squad(squad).id)
        return self.known.get(("officer", number)) or self._keep("officer", number, row)

    def recorder(self, serial: str = "R-07", squad: str = "one") -> Recorder:
        row = Recorder(serial=serial, squad_id=self.squad(squad).id)
        return self.known.get(("recorder", serial)) or self._keep("recorder", serial, row)

    def hold(self, serial: str, number: str, start: datetime, end: datetime | None = None) -> Assignment:
        row = Assignment(
            recorder_id=self.recorder(serial).id,
            officer_id=self.officer(number).id,
            held_from=start,
            held_to=end,
        )
        return self._keep("assignment", str(row.id), row)

    def case(self, number: str = "蓉城管罚〔2024〕5号", squad: str = "one") -> Case:
        row = Case(number=number, number_folded=case_number_fold(number), squad_id=self.squad(squad).id)
        return self.known.get(("case", number)) or self._keep("case", number, row)

    def event(
        self,
        start: datetime,
        end: datetime | None,
        officers: tuple[str, ...] = (),
        *,
        squad: str = "one",
        case: str | None = None,
        **more: Any,
    ) -> EnforcementEvent:
        row = EnforcementEvent(
            title=more.pop("title", "检查餐馆油烟"),
            kind=more.pop("kind", EventKind.inspection),
            arrived_at=start,
            departed_at=end,
            squad_id=self.squad(squad).id,
            case_id=self.case(case, squad).id if case else None,
            **more,
        )
        self._keep("event", str(row.id), row)
        for number in officers:
            self.session.add(EventOfficer(event_id=row.id, officer_id=self.officer(number, squad).id))
        self.session.flush()
        return row

    def recording(
        self,
        start: datetime | None,
        end: datetime | None,
        *,
        squad: str = "one",
        officer: str | None = None,
        recorder: str | None = None,
        **more: Any,
    ) -> Recording:
        row = Recording(
            squad_id=self.squad(squad).id,
            state=more.pop("state", RecordingState.ready),
            officer_id=self.officer(officer, squad).id if officer else None,
            recorder_id=self.recorder(recorder, squad).id if recorder else None,
            recorded_from=start,
            recorded_to=end,
            duration_s=(end - start).total_seconds() if start and end else None,
            received_at=more.pop("received_at", (end or DAY) + timedelta(hours=2)),
            file_name=more.pop("file_name", "clip.mp4"),
            **more,
        )
        return self._keep("recording", str(row.id), row)

    def measured(self, recording: Recording, stretches: list[list[float]] | None, **more: Any) -> Original:
        """Its original, with samples where `stretches` say; None: nobody has looked yet."""
        row = Original(
            sha256=uuid4().hex * 2,
            size=1,
            store_key=str(uuid4()),
            media_state=MediaState.ready,
            measured_duration_s=recording.duration_s,
            stretches=stretches,
            recorded_s=None if stretches is None else sum(end - start for start, end in stretches),
            **more,
        )
        self._keep("original", str(row.id), row)
        recording.original_id = row.id
        self.session.add(recording)
        self.session.flush()
        return row

    def model(self, code: str = "M-1", serial: str = "R-07", **conventions: Any) -> RecorderModel:
        """Of this recorder."""
        row = self.known.get(("model", code)) or self._keep(
            "model", code, RecorderModel(code=code, conventions=conventions)
        )
        recorder = self.recorder(serial)
        recorder.model_id = row.id
        self.session.add(recorder)
        self.session.flush()
        return row

    def actor(self, role: Role = Role.reviewer, squad: str | None = None, name: str | None = None) -> Actor:
        username = name or f"{role}-{squad or 'bureau'}"
        account = self.known.get(("account", username)) or self._keep(
            "account",
            username,
            Account(
                username=username,
                password_hash="unusable",
                role=role,
                squad_id=self.squad(squad).id if squad else None,
            ),
        )
        return Actor(account_id=account.id, username=username, role=role, squad_id=account.squad_id)

    def links(self, recording_id: UUID) -> list[Link]:
        self.session.expire_all()
        return list(
            self.session.scalars(
                select(Link).where(Link.recording_id == recording_id).order_by(Link.score.desc(), Link.id)
            )
        )

"""Why something was not filmed, as members said and a supervisor answered; and rows that officers disputed. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from deploy.demo.simulator.rates import YEAR
from schemas.base import new_id
from schemas.coverage import DisputeAbout, DisputeState, ExplanationKind, ExplanationReason, ExplanationState
from schemas.events import EventKind

OPEN_FROM = date(YEAR, 11, 25)  # what was asked since then may still wait
ASKED_OF_MISSING = 0.3  # times the squad's own share
NOTES = {
    ExplanationReason.secret_or_privacy: ("当事人家中有病人，依申请停止录像", "涉及举报人身份，不宜录音录像"),
    ExplanationReason.urgent: ("现场突发纠纷，先行处置", "突遇险情，紧急疏散群众"),
    ExplanationReason.objective_cause: ("暴雨，设备无法使用", "停电，现场无照明"),
    ExplanationReason.device_fault: ("记录仪电量耗尽", "记录仪送修，无备用设备", "存储卡故障"),
}
USUAL = (
    (ExplanationReason.secret_or_privacy, 0.15),
    (ExplanationReason.urgent, 0.2),
    (ExplanationReason.objective_cause, 0.25),
    (ExplanationReason.device_fault, 0.4),
)
DECLINED = ("当日该中队有备用记录仪", "理由与现场照片不符", "未附证明材料")
STATEMENTS = (
    (
        "当日录像已上传，文件名有误未能关联，请核对。",
        DisputeState.upheld,
        "经核对采集站记录，录像确已采集，予以更正。",
    ),
    ("录像因设备时间错误被归到其他活动。", DisputeState.dismissed, "经比对画面时间，录像与本次活动无关。"),
    ("该活动由另一组完成，不应计入本人。", DisputeState.dismissed, "值班表与活动登记一致，维持原记录。"),
    ("当天记录仪送修，已口头报告。", DisputeState.open, ""),
)


class Staff(NamedTuple):
    """Of a squad: the account of one of its officers, and which share it `explains` of what is lacking."""

    member: UUID | None
    officer: UUID | None
    explains: float


class Lacking(NamedTuple):
    """A counted event that is missing, or has gaps: as `event_coverage` keeps it."""

    event_id: UUID
    squad_id: UUID
    kind: str
    day: date
    shown: int
    gaps: list[Any]


def explanations(
    events: Iterable[Lacking],
    staff: Mapping[UUID, Staff],
    without_recorder: set[UUID],
    supervisor: UUID,
    rng: Random,
) -> list[dict[str, Any]]:
    """Asked by the squad's member; decided, if at all, by the supervisor."""
    found = []
    for event in events:
        squad = staff[event.squad_id]
        if squad.member is None:
            continue
        if not event.shown:
            device = event.event_id in without_recorder
            asks = squad.explains * (1.1 if device else ASKED_OF_MISSING)
            if rng.random() < asks:
                reason = ExplanationReason.device_fault if device else _reason(event, rng)
                found.append(_row(event, squad.member, supervisor, ExplanationKind.exemption, reason, rng))
            continue
        for gap in event.gaps:
            if rng.random() < squad.explains * 0.8:
                row = _row(
                    event, squad.member, supervisor, ExplanationKind.gap_reason, _reason(event, rng), rng
                )
                found.append(row | {"gap_from": _time(gap[0]), "gap_to": _time(gap[1])})
    return found


def _reason(event: Lacking, rng: Random) -> ExplanationReason:
    """Nobody calls the delivery of a document urgent."""
    reasons = [
        (one, share) for one, share in USUAL if event.kind != EventKind.document_delivery or one != "urgent"
    ]
    return rng.choices([one for one, _ in reasons], [share for _, share in reasons])[0]


def _time(said: str) -> datetime:
    return datetime.fromisoformat(said)


def _row(
    event: Lacking,
    member: UUID,
    supervisor: UUID,
    kind: ExplanationKind,
    reason: ExplanationReason,
    rng: Random,
) -> dict[str, Any]:
    asked = datetime.fromisoformat(f"{event.day}T10:30:00+00:00") + timedelta(hours=rng.uniform(0, 60))
    state, answer = ExplanationState.approved, ""
    chance = rng.random()
    if event.day >= OPEN_FROM and chance < 0.5:
        state = ExplanationState.asked
    elif chance > 0.86:
        state, answer = ExplanationState.declined, rng.choice(DECLINED)
    decided = state != ExplanationState.asked
    return {
        "id": new_id(),
        "event_id": event.event_id,
        "kind": kind,
        "reason": reason,
        "gap_from": None,
        "gap_to": None,
        "note": rng.choice(NOTES[reason]),
        "state": state,
        "asked_by": member,
        "asked_at": asked,
        "decided_by": supervisor if decided else None,
        "decided_at": asked + timedelta(hours=rng.uniform(3, 90)) if decided else None,
        "answer": answer,
    }


def disputes(
    events: Sequence[Lacking], members: Mapping[UUID, UUID], supervisor: UUID, rng: Random
) -> list[dict[str, Any]]:
    """`events`: those that concern a member with an account; `members`: that account, by event."""
    found = []
    for event, (statement, state, answer) in zip(
        rng.sample(list(events), min(len(events), len(STATEMENTS))), STATEMENTS, strict=False
    ):
        raised = datetime.fromisoformat(f"{event.day}T11:00:00+00:00") + timedelta(days=rng.randint(2, 6))
        answered = state != DisputeState.open
        found.append(
            {
                "id": new_id(),
                "about": DisputeAbout.event,
                "event_id": event.event_id,
                "statement": statement,
                "state": state,
                "asked_by": members[event.event_id],
                "asked_at": raised,
                "decided_by": supervisor if answered else None,
                "decided_at": raised + timedelta(days=2) if answered else None,
                "answer": answer,
            }
        )
    return found

"""What the board must say of each event of the sample week, from what was planned. Pure.

Worked out from the plans alone, not with the service's own rules: it is what they are held to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from deploy.demo.bureau import ZONE, Bureau, Event
from deploy.demo.truth import Plan, holder_recorder

LATE_START_S, EARLY_STOP_S, GAP_S = 60, 60, 30  # of the list in force (deploy.demo.matters)
HOURS = {"document_delivery": 72}
USUAL_HOURS = 24
STATUSES = ("complete", "partly", "missing", "exempt", "pending")
SLACK_S = 2.0  # a file is a frame or two longer or shorter than planned


@dataclass(frozen=True)
class Announced:
    """A file that a station's list names and whose bytes never come."""

    name: str
    squad: str
    recorder: str
    officer: str
    start: datetime
    end: datetime
    listed_at: datetime


@dataclass(frozen=True)
class ApprovalRequest:
    """An exemption that the squad's member asks for."""

    event: str
    squad: str
    reason: str
    note: str
    approved: bool


def unfilmed(bureau: Bureau, plans: Iterable[Plan]) -> list[Event]:
    """Events that no plan shows, in order of time."""
    shown = {plan.wanted_event for plan in plans}
    return sorted(
        (
            event
            for event in bureau.events
            if event.external_id not in shown and event.external_id[-1] in "1234"
        ),
        key=lambda event: (event.arrived_at, event.external_id),
    )


def make_announced(bureau: Bureau, plans: list[Plan]) -> list[Announced]:
    event = next(event for event in unfilmed(bureau, plans) if event.squad == bureau.squads[1]["code"])
    recorder, officer = holder_recorder(bureau, event)
    return [
        Announced(
            name=f"{recorder}_{officer}_{event.arrived_at.astimezone(ZONE):%Y%m%d%H%M%S}.mp4",
            squad=event.squad,
            recorder=recorder,
            officer=officer,
            start=event.arrived_at,
            end=event.departed_at,
            listed_at=event.arrived_at.astimezone(ZONE).replace(hour=18, minute=30, second=0),
        )
    ]


def make_wishes(bureau: Bureau, plans: list[Plan]) -> list[ApprovalRequest]:
    """One that was approved and one that still waits."""
    free = [event for event in unfilmed(bureau, plans) if event.squad == bureau.squads[0]["code"]]
    return [
        ApprovalRequest(
            free[0].external_id, free[0].squad, "device_fault", "记录仪电量耗尽，当日送修", approved=True
        ),
        ApprovalRequest(
            free[1].external_id, free[1].squad, "objective_cause", "暴雨，设备无法使用", approved=False
        ),
    ]


def due_at(event: Event) -> datetime:
    return event.departed_at + timedelta(hours=HOURS.get(event.kind, USUAL_HOURS))


def expected(
    bureau: Bureau, plans: list[Plan], wishes: Iterable[ApprovalRequest], as_of: datetime
) -> dict[str, tuple[str, ...]]:
    """Event → what its status may be: one word, save where a broken file leaves it open."""
    filmed: dict[str, list[tuple[float, float]]] = {}
    linked: set[str] = set()
    for plan in plans:
        if plan.wanted_event is None or plan.wanted_link != "automatic":
            continue
        linked.add(plan.wanted_event)
        if plan.timed:
            start = (plan.start - bureau.event(plan.wanted_event).arrived_at).total_seconds()
            filmed.setdefault(plan.wanted_event, []).append((start, start + plan.seconds))
    exempt = {wish.event for wish in wishes if wish.approved}
    broken = {plan.touches for plan in plans if plan.touches}
    return {
        event.external_id: _status(event, filmed, linked, exempt, broken, as_of) for event in bureau.events
    }


def _status(
    event: Event,
    filmed: Mapping[str, list[tuple[float, float]]],
    linked: set[str],
    exempt: set[str],
    broken: set[str],
    as_of: datetime,
) -> tuple[str, ...]:
    name = event.external_id
    if name in exempt:
        return ("exempt",)
    if name in filmed and _whole(filmed[name], (event.departed_at - event.arrived_at).total_seconds()):
        return ("complete",)
    if due_at(event) > as_of:
        return ("pending",)
    if name in broken:
        return ("partly", "missing")
    return ("partly",) if name in linked else ("missing",)


def _whole(stretches: list[tuple[float, float]], length: float) -> bool:
    """Seconds after the arrival; what the list forgives is no gap."""
    here, forgiven = 0.0, LATE_START_S
    for start, end in sorted(stretches):
        if start - here > forgiven + SLACK_S:
            return False
        here, forgiven = max(here, end), GAP_S
    return length - here <= EARLY_STOP_S + SLACK_S


def differences(wanted: Mapping[str, tuple[str, ...]], found: Mapping[str, str]) -> list[str]:
    """In words; empty when the board says what was planned."""
    return [
        f"{event}: {found.get(event, 'not there')}, wanted {' or '.join(allowed)}"
        for event, allowed in sorted(wanted.items())
        if found.get(event) not in allowed
    ]

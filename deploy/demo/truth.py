"""What the sample recordings are and what must become of them. Written before anything is uploaded. Pure.

`wanted_*` are the expectations that `make demo ONCE=1` holds the service to.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from deploy.demo.bureau import ZONE, Bureau, Event


@dataclass(frozen=True)
class Plan:
    """One file to make. `shows` None: no event at all. Times are the true ones; `clock` is what the camera wrote."""

    name: str
    story: str
    container: str  # mp4 | hevc | ts | avi | m4a | text | broken | copy
    squad: str
    officer: str
    start: datetime
    seconds: int
    faults: tuple[str, ...] = ()  # black, covered, silent: parts of the footage
    clock: datetime | None = None  # written into the container; None: none
    metadata: tuple[tuple[str, str], ...] = ()  # Upload-Metadata beyond the file name
    copy_of: str | None = None
    wanted_state: str = "ready"
    wanted_event: str | None = None
    wanted_case: str | None = None
    wanted_link: str | None = "automatic"  # automatic | offered | None
    wanted_tags: tuple[str, ...] = ()
    timed: bool = True  # its time can be known
    touches: str | None = None  # an event that it may be linked to, though it shows nothing

    def row(self) -> dict[str, Any]:
        return {
            key: value.isoformat() if isinstance(value, datetime) else value
            for key, value in asdict(self).items()
        }


def holder_recorder(bureau: Bureau, event: Event) -> tuple[str, str]:
    """(recorder, officer) of the pair that was at the event, at that hour."""
    for assignment in bureau.assignments:
        if (
            assignment.officer in event.officers
            and assignment.held_from <= event.arrived_at
            and event.departed_at <= assignment.held_to
        ):
            return assignment.recorder, assignment.officer
    raise LookupError(event.external_id)


def _name_a(recorder: str, officer: str, start: datetime, ending: str) -> str:
    return f"{recorder}_{officer}_{start.astimezone(ZONE):%Y%m%d%H%M%S}.{ending}"


def _model_of(bureau: Bureau, serial: str) -> str:
    return next(recorder.model for recorder in bureau.recorders if recorder.serial == serial)


ENDINGS = {"mp4": "mp4", "hevc": "mp4", "ts": "ts", "avi": "avi"}


def make_plan(bureau: Bureau) -> list[Plan]:
    """About thirty recordings: the usual day, and each kind of trouble once."""
    plans: list[Plan] = []
    usual = [event for event in bureau.events if event.external_id[2:6] == f"{bureau.first_day:%m%d}"]
    later = [event for event in bureau.events if event not in usual]
    containers = ("mp4", "hevc", "ts", "avi")
    for n, event in enumerate(usual[:8]):
        plans.append(_of_event(bureau, event, containers[n % 4]))
    mornings = [event for event in later if event.arrived_at.astimezone(ZONE).hour < 11]
    cased = [event for event in later if event.case]
    plans += [
        _late_and_short(bureau, mornings[0]),
        *_split(bureau, mornings[1]),
        *_interrupted(bureau, later),
        _local_as_utc(bureau, later),
        _declared_event(bureau, cased[0]),
        _declared_case(bureau, cased[1]),
        _reset_clock(bureau, mornings[2]),
        _covered(bureau, mornings[3]),
        _silent(bureau, mornings[4]),
        _sound_only(bureau, mornings[5]),
        _nobody_knows(bureau, _twin(bureau)),
        _private(bureau),
        _power_loss(bureau, mornings[7]),
        _not_a_recording(bureau),
    ]
    first = plans[0]
    plans.append(
        Plan(
            name=f"again_{first.name}",
            story="the same bytes once more, from another dock",
            container="copy",
            squad=first.squad,
            officer=first.officer,
            start=first.start,
            seconds=first.seconds,
            copy_of=first.name,
            wanted_event=first.wanted_event,
            wanted_case=first.wanted_case,
        )
    )
    return plans


def _of_event(bureau: Bureau, event: Event, container: str) -> Plan:
    recorder, officer = holder_recorder(bureau, event)
    start = event.arrived_at - timedelta(seconds=4)
    ending = ENDINGS[container]
    model_b = _model_of(bureau, recorder) == "M-B"
    name = (
        f"{recorder}@{start.astimezone(ZONE):%Y%m%d-%H%M%S}.{ending}"
        if model_b
        else _name_a(recorder, officer, start, ending)
    )
    return Plan(
        name=name,
        story="the holder of the recorder films the whole event"
        if model_b
        else "the file name says recorder, officer and time",
        container=container,
        squad=event.squad,
        officer=officer,
        start=start,
        seconds=int((event.departed_at - event.arrived_at).total_seconds()) + 8,
        clock=_written(start, model_b) if ending == "mp4" else None,
        wanted_event=event.external_id,
        wanted_case=event.case,
    )


def _written(start: datetime, local_as_utc: bool) -> datetime:
    return start.astimezone(ZONE).replace(tzinfo=None) if local_as_utc else start


def _filmed(
    bureau: Bureau,
    event: Event,
    story: str,
    seconds: int,
    *,
    after: int = 0,
    ending: str = "mp4",
    **more: Any,
) -> Plan:
    """By the holder of the recorder, from so many seconds after the arrival on; what is usual may differ."""
    recorder, officer = holder_recorder(bureau, event)
    start = event.arrived_at + timedelta(seconds=after)
    usual: dict[str, Any] = {
        "name": _name_a(recorder, officer, start, ending),
        "container": ending,
        "squad": event.squad,
        "officer": officer,
        "start": start,
        "clock": start,
        "wanted_event": event.external_id,
        "wanted_case": event.case,
    }
    return Plan(story=story, seconds=seconds, **usual | more)


def _late_and_short(bureau: Bureau, event: Event) -> Plan:
    return _filmed(bureau, event, "switched on 40 s late, switched off early", 45, after=40)


def _split(bureau: Bureau, event: Event) -> list[Plan]:
    story = "the camera cut one act into files, part "
    return [_filmed(bureau, event, f"{story}{n + 1}", 50, after=50 * n) for n in range(2)]


def _interrupted(bureau: Bureau, events: list[Event]) -> list[Plan]:
    """Switched off and on again: a gap that somebody has to explain."""
    event = next(
        event
        for event in events
        if event.arrived_at.astimezone(ZONE).hour >= 14
        and _model_of(bureau, holder_recorder(bureau, event)[0]) == "M-A"
        and (event.departed_at - event.arrived_at).seconds >= 95
    )
    length = int((event.departed_at - event.arrived_at).total_seconds())
    story = "switched off in the middle, part "
    return [
        _filmed(bureau, event, f"{story}{n + 1}", until - since, after=since)
        for n, (since, until) in enumerate(((0, 24), (68, length)))
    ]


def _twin(bureau: Bureau) -> Event:
    return next(event for event in bureau.events if event.external_id.endswith("-5"))


def _local_as_utc(bureau: Bureau, events: list[Event]) -> Plan:
    event = next(e for e in events if _model_of(bureau, holder_recorder(bureau, e)[0]) == "M-B")
    recorder, officer = holder_recorder(bureau, event)
    start = event.arrived_at - timedelta(seconds=2)
    return Plan(
        name=f"VIDEO_{recorder}.mp4",
        story="the camera writes local time as UTC, eight hours off; its model's convention says so",
        container="mp4",
        squad=event.squad,
        officer=officer,
        start=start,
        seconds=int((event.departed_at - event.arrived_at).total_seconds()) + 4,
        clock=_written(start, True),
        metadata=(("recorder", recorder),),
        wanted_event=event.external_id,
        wanted_case=event.case,
    )


def _declared_event(bureau: Bureau, event: Event) -> Plan:
    return Plan(
        name="现场取证(一).mp4",
        story="the uploader says which event it is; nothing else is known",
        container="mp4",
        squad=event.squad,
        officer=event.officers[0],
        start=event.arrived_at,
        seconds=60,
        metadata=(("event", event.external_id),),
        wanted_event=event.external_id,
        wanted_case=event.case,
        timed=False,
    )


def _declared_case(bureau: Bureau, event: Event) -> Plan:
    number = (event.case or "").replace("〔", "[").replace("〕", "]").replace("号", "")
    return Plan(
        name="补充材料.mp4",
        story="the uploader gives the case number, spelt carelessly; no time, no officer",
        container="mp4",
        squad=event.squad,
        officer=event.officers[1],
        start=event.arrived_at,
        seconds=30,
        metadata=(("case", number),),
        wanted_event=None,
        wanted_case=event.case,
    )


def _reset_clock(bureau: Bureau, event: Event) -> Plan:
    story = "the container says 1970 after a flat battery; the file name knows better"
    lost = datetime(1970, 1, 1, 0, 3, tzinfo=ZONE)
    return _filmed(bureau, event, story, 60, clock=lost, wanted_tags=("clock_doubt",))


def _covered(bureau: Bureau, event: Event) -> Plan:
    story = "the lens is covered for a while"
    return _filmed(bureau, event, story, 60, faults=("covered",), wanted_tags=("covered",))


def _silent(bureau: Bureau, event: Event) -> Plan:
    story = "muted for a while, and a black picture at the end"
    both = ("silent", "black")
    return _filmed(bureau, event, story, 60, faults=both, wanted_tags=both)


def _sound_only(bureau: Bureau, event: Event) -> Plan:
    return _filmed(bureau, event, "only sound was recorded", 60, ending="m4a")


def _nobody_knows(bureau: Bureau, event: Event) -> Plan:
    """Only the time speaks for it, and for two events: never decided alone."""
    return Plan(
        name=f"DSC_{event.arrived_at.astimezone(ZONE):%Y%m%d_%H%M%S}.mp4",
        story="neither recorder nor officer is known: offered, not decided",
        container="mp4",
        squad=event.squad,
        officer=event.officers[0],
        start=event.arrived_at,
        seconds=60,
        clock=event.arrived_at,
        wanted_event=event.external_id,
        wanted_case=event.case,
        wanted_link="offered",
    )


def _private(bureau: Bureau) -> Plan:
    start = datetime.combine(bureau.first_day + timedelta(days=2), datetime.min.time(), ZONE) + timedelta(
        hours=7
    )
    officer = bureau.officers[0]
    return Plan(
        name=_name_a("R-01", officer.certificate_no, start, "mp4"),
        story="a test of the camera before the shift: shows no event",
        container="mp4",
        squad=officer.squad,
        officer=officer.certificate_no,
        start=start,
        seconds=12,
        clock=start,
        wanted_link=None,
    )


def _power_loss(bureau: Bureau, event: Event) -> Plan:
    return _filmed(
        bureau,
        event,
        "power loss: the index of the file was never written",
        20,
        after=1,
        container="broken",
        clock=event.arrived_at,
        wanted_state="unplayable",
        wanted_event=None,
        wanted_case=None,
        wanted_link="any",
        touches=event.external_id,
    )


def _not_a_recording(bureau: Bureau) -> Plan:
    officer = bureau.officers[0]
    return Plan(
        name="notes.mp4",
        story="a text with the ending of a video",
        container="text",
        squad=officer.squad,
        officer=officer.certificate_no,
        start=datetime.combine(bureau.first_day, datetime.min.time(), ZONE) + timedelta(hours=9),
        seconds=0,
        wanted_state="refused",
        wanted_link=None,
    )

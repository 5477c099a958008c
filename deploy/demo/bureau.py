"""The sample bureau: squads, numbered officers, one recorder for two officers, cases, a week of events. Pure.

The same first day gives the same bureau. Everything is named by number: nobody here exists.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
OFFICERS_PER_SQUAD = 6
TWINS_ON = 3  # the day of the week with two events at once
FORGOTTEN = "R-10"  # a recorder that no dock has seen for days
SITE = (25.8290, 114.9330)  # around here the sample places lie
SQUADS = (("ZD1", "滨江中队"), ("ZD2", "高铁中队"), ("ZD3", "大学城中队"))
ROADS = ("滨江大道", "和谐路", "学院路", "站前路", "公园路", "建设路")
MODELS: tuple[dict[str, Any], ...] = (
    {
        "code": "M-A",
        "vendor": "样机",
        "name": "A 型",
        "conventions": {
            "clock_zone": "Asia/Shanghai",
            "container_clock": "utc",
            "stamp": "start",
            "filename_patterns": [r"(?P<recorder>R-\d+)_(?P<officer>\d{6})_(?P<at>\d{14})"],
        },
    },
    {
        # Writes local time into a field that means UTC: eight hours off unless read by its convention.
        "code": "M-B",
        "vendor": "样机",
        "name": "B 型",
        "conventions": {
            "clock_zone": "Asia/Shanghai",
            "container_clock": "local_as_utc",
            "stamp": "start",
            "filename_patterns": [r"(?P<recorder>R-\d+)@(?P<at>\d{8}-\d{6})"],
        },
    },
)


@dataclass(frozen=True)
class Officer:
    certificate_no: str
    name: str
    squad: str


@dataclass(frozen=True)
class Recorder:
    serial: str
    squad: str
    model: str
    last_dock_at: datetime
    battery_percent: int


@dataclass(frozen=True)
class Duty:
    """A row of the roster 值班表."""

    external_id: str
    officer: str
    squad: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Clock:
    """What a dock read: how far the recorder's clock was off."""

    external_id: str
    recorder: str
    measured_at: datetime
    offset_s: float
    doubt_s: float = 2.0
    note: str = "采集站校时"


@dataclass(frozen=True)
class Assignment:
    external_id: str
    recorder: str
    officer: str
    held_from: datetime
    held_to: datetime


@dataclass(frozen=True)
class Case:
    number: str
    title: str
    party: str
    place: str
    squad: str
    opened_on: date


@dataclass(frozen=True)
class Event:
    external_id: str
    kind: str
    subject: str
    title: str
    party: str
    place: str
    latitude: float
    longitude: float
    arrived_at: datetime
    departed_at: datetime
    squad: str
    officers: tuple[str, ...]
    case: str | None
    campaign: str | None


@dataclass(frozen=True)
class Bureau:
    first_day: date
    squads: tuple[dict[str, str], ...]
    models: tuple[dict[str, Any], ...]
    officers: tuple[Officer, ...]
    recorders: tuple[Recorder, ...]
    assignments: tuple[Assignment, ...]
    rosters: tuple[Duty, ...]
    clocks: tuple[Clock, ...]
    campaigns: tuple[dict[str, Any], ...]
    cases: tuple[Case, ...]
    events: tuple[Event, ...]

    def event(self, external_id: str) -> Event:
        return next(event for event in self.events if event.external_id == external_id)

    def rows(self, what: str) -> list[dict[str, Any]]:
        return [_json(row if isinstance(row, dict) else asdict(row)) for row in getattr(self, what)]


def _json(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in row.items()}


# (kind, subject, what is done, who it is done to); sizes as in the bureau's year: vendors and signs most often
ACTS = (
    ("inspection", "restaurant_fumes", "餐饮油烟检查", "餐饮店"),
    ("inspection", "vendor", "占道经营劝离", "流动摊贩"),
    ("inspection", "site", "工地巡查", "工地"),
    ("inspection", "outdoor_sign", "户外招牌检查", "商户"),
    ("evidence_collection", "dust", "扬尘污染取证", "工地"),
    ("evidence_collection", "noise", "施工噪声取证", "工地"),
    ("document_delivery", "dust", "行政处罚告知书送达", "工地"),
    ("document_delivery", "restaurant_fumes", "责令改正通知书送达", "餐饮店"),
    ("coercion", "outdoor_sign", "违规招牌拆除", "商户"),
    ("coercion", "vendor", "经营工具先行登记保存", "流动摊贩"),
)


def make_bureau(first_day: date, seed: int = 20240101) -> Bureau:
    """A week from `first_day` on: four events a squad and day, two officers each, most of them in a case."""
    rng = random.Random(seed)
    squads = tuple({"code": code, "name": name} for code, name in SQUADS)
    officers: list[Officer] = []
    recorders: list[Recorder] = []
    for index, (code, _name) in enumerate(SQUADS):
        for position in range(OFFICERS_PER_SQUAD):
            number = index * OFFICERS_PER_SQUAD + position + 1
            officers.append(Officer(f"{number:06d}", f"队员 {number:03d}", code))
        for position in range(OFFICERS_PER_SQUAD // 2):
            number = index * (OFFICERS_PER_SQUAD // 2) + position + 1
            model, docked = "M-B" if position == 2 else "M-A", _evening(first_day + timedelta(days=6), number)
            recorders.append(Recorder(f"R-{number:02d}", code, model, docked, 100 - 4 * number))
    campaigns = (
        {
            "external_id": "CAMP-1",
            "name": "餐饮油烟专项行动",
            "starts_on": first_day.isoformat(),
            "ends_on": (first_day + timedelta(days=6)).isoformat(),
        },
    )
    cases = _cases(first_day, rng)
    events: list[Event] = []
    assignments: list[Assignment] = []
    for day in range(7):
        for index, (code, _name) in enumerate(SQUADS):
            crew = officers[index * OFFICERS_PER_SQUAD : (index + 1) * OFFICERS_PER_SQUAD]
            own = [recorder for recorder in recorders if recorder.squad == code]
            pairs = [(crew[2 * n], crew[2 * n + 1]) for n in range(3)]
            assignments += _shifts(first_day + timedelta(days=day), pairs, own)
            events += _day(first_day + timedelta(days=day), day, code, pairs, cases, rng)
    events += _twins(first_day + timedelta(days=TWINS_ON), officers[:OFFICERS_PER_SQUAD])
    in_use = tuple(recorders)
    recorders.append(
        Recorder(FORGOTTEN, SQUADS[-1][0], "M-A", _evening(first_day - timedelta(days=9), 0), 12)
    )
    return Bureau(
        first_day=first_day,
        squads=squads,
        models=MODELS,
        officers=tuple(officers),
        recorders=tuple(recorders),
        assignments=tuple(assignments),
        rosters=_rosters(first_day, officers),
        clocks=_clocks(first_day, in_use),
        campaigns=campaigns,
        cases=tuple(cases),
        events=tuple(events),
    )


def _evening(day: date, minutes: int) -> datetime:
    """When the docks read the recorders."""
    return datetime.combine(day, time(18, 10), ZONE) + timedelta(minutes=minutes)


def _rosters(first_day: date, officers: list[Officer]) -> tuple[Duty, ...]:
    """Everybody is on duty on every day of the week."""
    days = [first_day + timedelta(days=n) for n in range(7)]
    return tuple(
        Duty(
            external_id=f"D-{day:%m%d}-{officer.certificate_no}",
            officer=officer.certificate_no,
            squad=officer.squad,
            starts_at=datetime.combine(day, time(8, 0), ZONE),
            ends_at=datetime.combine(day, time(18, 0), ZONE),
        )
        for day in days
        for officer in officers
    )


def _clocks(first_day: date, recorders: tuple[Recorder, ...]) -> tuple[Clock, ...]:
    """Right within a second on every evening; on the last one, the last recorder is found out of step."""
    return tuple(
        Clock(
            external_id=f"C-{day:%m%d}-{recorder.serial}",
            recorder=recorder.serial,
            measured_at=_evening(day, place),
            offset_s=47.0 if n == 6 and recorder is recorders[-1] else round(0.2 * (place % 5) - 0.4, 1),
        )
        for n, day in enumerate(first_day + timedelta(days=n) for n in range(7))
        for place, recorder in enumerate(recorders)
    )


def _twins(day: date, crew: list[Officer]) -> list[Event]:
    """Two pairs of one squad at work at the same hour in the same street: who filmed which is for a person to say."""
    events = []
    for n in range(2):
        arrived = datetime.combine(day, time(11, 40, 5 * n), ZONE)
        place = f"{ROADS[0]} {60 + 2 * n} 号"
        events.append(
            Event(
                external_id=f"E-{day:%m%d}-{crew[0].squad}-{5 + n}",
                kind="inspection",
                subject="vendor",
                title=f"{place}占道经营劝离",
                party=f"流动摊贩 {91 + n:03d}",
                place=place,
                latitude=round(SITE[0] + 0.0004 * n, 5),
                longitude=SITE[1],
                arrived_at=arrived,
                departed_at=arrived + timedelta(seconds=90),
                squad=crew[0].squad,
                officers=(crew[2 * n].certificate_no, crew[2 * n + 1].certificate_no),
                case=None,
                campaign=None,
            )
        )
    return events


def _cases(first_day: date, rng: random.Random) -> list[Case]:
    kinds = (
        ("扬尘污染案", "工地"),
        ("油烟超标排放案", "餐饮店"),
        ("擅自设置户外招牌案", "商户"),
        ("占道经营案", "流动摊贩"),
    )
    cases = []
    for index, (code, _name) in enumerate(SQUADS):
        for n, (title, party) in enumerate(kinds):
            number = index * len(kinds) + n + 1
            road = rng.choice(ROADS)
            cases.append(
                Case(
                    number=f"示城管罚〔{first_day.year}〕{number}号",
                    title=f"{road}{title}",
                    party=f"{party} {number:03d}",
                    place=f"{road} {rng.randint(1, 180)} 号",
                    squad=code,
                    opened_on=first_day,
                )
            )
    return cases


def _shifts(
    day: date, pairs: Sequence[tuple[Officer, Officer]], recorders: list[Recorder]
) -> list[Assignment]:
    """Each pair shares one recorder; it changes hands at noon, in the middle of the shift."""
    found = []
    for (first, second), recorder in zip(pairs, recorders, strict=True):
        for holder, start, end in ((first, time(8, 0), time(12, 0)), (second, time(12, 0), time(18, 0))):
            found.append(
                Assignment(
                    external_id=f"A-{day:%m%d}-{recorder.serial}-{start:%H}",
                    recorder=recorder.serial,
                    officer=holder.certificate_no,
                    held_from=datetime.combine(day, start, ZONE),
                    held_to=datetime.combine(day, end, ZONE),
                )
            )
    return found


def _day(
    day: date,
    index: int,
    squad: str,
    pairs: Sequence[tuple[Officer, Officer]],
    cases: list[Case],
    rng: random.Random,
) -> list[Event]:
    own_cases = [case for case in cases if case.squad == squad]
    events = []
    for n, start in enumerate((time(9, 10), time(10, 40), time(14, 20), time(16, 0))):
        kind, subject, act, party = ACTS[(index * 4 + n + len(squad) + SQUAD_SHIFT[squad]) % len(ACTS)]
        case = rng.choice(own_cases) if kind != "inspection" else None
        arrived = datetime.combine(day, start, ZONE) + timedelta(minutes=rng.randint(0, 12))
        pair = pairs[n % 3]
        place = case.place if case else f"{rng.choice(ROADS)} {rng.randint(1, 180)} 号"
        who = case.party if case else f"{party} {rng.randint(1, 90):03d}"
        events.append(
            Event(
                external_id=f"E-{day:%m%d}-{squad}-{n + 1}",
                kind=kind,
                subject=subject,
                title=f"{place}{act}",
                party=who,
                place=place,
                latitude=round(SITE[0] + rng.uniform(-0.02, 0.02), 5),
                longitude=round(SITE[1] + rng.uniform(-0.02, 0.02), 5),
                arrived_at=arrived,
                departed_at=arrived + timedelta(seconds=rng.randint(60, 110)),
                squad=squad,
                officers=(pair[0].certificate_no, pair[1].certificate_no),
                case=case.number if case else None,
                campaign="CAMP-1" if subject == "restaurant_fumes" else None,
            )
        )
    return events


SQUAD_SHIFT = {code: 3 * position for position, (code, _name) in enumerate(SQUADS)}

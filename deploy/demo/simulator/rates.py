"""What a bureau does in a year and how often what goes wrong. Data alone: nothing else states a rate."""

from dataclasses import dataclass, replace
from datetime import date

from schemas.events import EventKind

YEAR = 2024
HOLIDAYS = (
    (date(YEAR, 1, 1), date(YEAR, 1, 1)),
    (date(YEAR, 2, 10), date(YEAR, 2, 17)),  # Spring Festival
    (date(YEAR, 5, 1), date(YEAR, 5, 5)),
    (date(YEAR, 10, 1), date(YEAR, 10, 7)),
)
BUSY = (1.0, 1.0, 1.0, 1.0, 1.0, 0.65, 0.5)  # how much of a usual day's work is done on each day of the week
BUSY_ON_HOLIDAYS = 0.3

EVEN = (1.0,) * 12
SUMMER = (0.7, 0.5, 0.9, 1.0, 1.2, 1.4, 1.5, 1.4, 1.2, 1.0, 0.8, 0.7)  # vendors stand where it is warm
DRY = (1.1, 0.6, 1.2, 1.1, 0.9, 0.7, 0.7, 0.8, 1.1, 1.5, 1.4, 1.2)  # dust
EXAMS = (0.6, 0.5, 0.8, 0.9, 1.2, 2.2, 1.5, 1.2, 1.0, 0.9, 0.7, 0.6)  # noise complaints
DRILLED = (1.1, 1.5, 1.1, 1.0, 1.0, 1.1, 1.0, 0.95, 0.8, 0.75, 0.65, 0.6)  # since the second list


@dataclass(frozen=True)
class Work:
    """One line of what is done. `count`: of the year, or beside the other lines. `minutes`: how long one takes, as the
    median. `cased`: chance of a case. `unfilmed`: times as often as other work filmed by nobody."""

    count: float
    kind: EventKind
    minutes: float
    cased: float = 0.0
    subject: str = ""
    act: str = "检查"
    party: str = ""
    months: tuple[float, ...] = EVEN
    campaigns: int = 0
    unfilmed: float = 1.0


INSPECTION, EVIDENCE = EventKind.inspection, EventKind.evidence_collection
DELIVERY, COERCION = EventKind.document_delivery, EventKind.coercion
REPORT = (
    Work(704, INSPECTION, 19, 0.0, "restaurant_fumes", "餐饮油烟检查", "餐饮店", campaigns=77),
    Work(962, INSPECTION, 26, 0.0, "site", "工地巡查", "工地"),
    Work(492, EVIDENCE, 28, 0.7, "dust", "扬尘整改取证", "工地", DRY, unfilmed=0.55),
    Work(223, EVIDENCE, 26, 0.7, "noise", "噪声投诉处置", "工地", EXAMS, unfilmed=0.55),
    Work(12, DELIVERY, 13, 0.7, "air_pollution", "大气污染整改通知送达", "企业", unfilmed=1.7),
    Work(4210, INSPECTION, 10, 0.0, "vendor", "流动摊贩劝离", "流动摊贩", SUMMER, unfilmed=1.25),
    Work(1604, INSPECTION, 12, 0.0, "outdoor_sign", "户外招牌检查", "商户"),
    Work(602, INSPECTION, 7, 0.0, "hazard", "隐患上报", "路段"),
    Work(188, COERCION, 52, 0.7, "outdoor_sign", "违规招牌拆除", "商户", unfilmed=0.25),
    Work(164, DELIVERY, 10, 0.7, "penalty", "行政处罚决定书送达", "当事人", unfilmed=1.7),
)
ROUNDS = (
    Work(0.62, INSPECTION, 13, 0.03),
    Work(0.20, EVIDENCE, 28, 0.35),
    Work(0.12, DELIVERY, 8, 0.50),
    Work(0.06, COERCION, 50, 0.40),
)


@dataclass(frozen=True)
class Rates:
    """The faults that linking is judged by, then the roughness of a field without any, then what only a bureau with a
    calendar has. As they stand they are those of the rounds."""

    shared: float = 0.50  # of recorders: taken from the squad's pool, another holder each shift
    late_start: float = 0.20  # of filmings: 1 to 10 min after arrival
    early_stop: float = 0.15
    drift_s: float = 3.0  # of a clock, at most, a day
    hours_off: float = 0.02  # of recorders: a wrong zone, or resets
    missing_assignment: float = 0.05
    split: float = 0.40  # of filmings: several files
    wrong_officer: float = 0.03  # of filmings that name one
    neighbours: float = 0.10  # of events: another of the squad within 100 m and 10 min
    no_gps: float = 0.60  # of files
    stray: float = 0.05  # of files: tests, private footage; they show no event

    handed_over: float = 0.25  # of pool shifts: from one of the crew to the other
    lent: float = 0.01  # of personal recorders, a shift: carried by somebody else, unrecorded
    missed: float = 0.08  # of cameras at an event: not switched on
    left_on: float = 0.04  # of filmings: runs on through the way to the next event and that event
    by_finger: float = (
        0.25  # of split filmings long enough for the recorder to cut: stopped and started by hand
    )
    short_by_finger: float = 1.0  # of split filmings that are not
    no_officer: float = 0.15  # of filmings: nothing names the officer
    no_recorder: float = 0.03  # of shifts of a camera: uploaded by hand, nothing names the recorder
    not_docked: float = 0.05  # of shifts of a camera: its clock was not measured
    one_listed: float = 0.04  # of events: only one of the two officers was written down
    joined: float = 0.05  # of events: somebody of another crew came along
    open_end: float = 0.02  # of events: no departure
    event_place: float = 0.70  # of events: with coordinates
    stations_with_papers: float = 0.30  # of recorders: a sidecar may carry the case
    case_in_papers: float = 0.40  # of their files of an event with a case
    wrong_case: float = 0.02  # of these
    new_case: float = 0.35  # of events with a case: its first
    open_cases: int = 40  # of a squad: an event is of one of its newest
    to_the_minute: float = 0.70  # of times that are written down
    noted_s: float = 45.0  # how far these are off, as a standard deviation
    spread: float = 0.55  # of how long acts take, about their median
    set_every_days: tuple[float, float] = (10, 60)  # a clock, to the true time within 3 s

    share: float = 1.0  # of the bureau's work, beside the other squads'
    months: tuple[float, ...] = EVEN  # times `missed`
    in_pocket: float = 0.0  # of filmings: the recorder runs, and nothing of the act can be seen
    late_docked: float = 0.0  # of shifts of a camera: a day or more too late
    announced: float = 0.0  # of files from `announced_from` on: listed by the station, not yet here
    announced_from: date = date.max
    called_off: float = 0.0  # of events: so many more that were cancelled
    written_twice: float = 0.0  # of events: so many more that are another, written down by somebody else
    explains: float = 0.0  # of its gaps and missing recordings
    repairs: tuple[tuple[date, date], ...] = ()  # spans in which one recorder is away and not replaced

    # what only months with bad clocks and bad days have, at 0 elsewhere
    eight_off: float = 0.0  # of shifts of a camera: its clock is eight hours off for some, as the dock finds
    reset: float = 0.0  # likewise: its battery was flat, and its clock began anew in the year 2000
    unread: float = 0.0  # likewise either of these, and nobody reads the clock until it is right again
    typed: float = 0.0  # of recorders: whoever reads their clocks types what they showed
    no_crew: float = 0.0  # of events: nobody who took part was written down
    outside: float = 0.0  # of filmings: mostly or wholly before the arrival or after the departure
    early_start: float = (
        0.0  # of filmings: 1 to 8 min before arrival; twice as often next door to another event
    )


REPORTED = Rates(
    shared=1.0, drift_s=0.15, hours_off=0.0, split=0.35, neighbours=0.0, no_gps=0.55, stray=0.03,
    handed_over=1.0, lent=0.0, left_on=0.03, by_finger=0.08, short_by_finger=0.03, no_officer=0.12,
    no_recorder=0.012, not_docked=0.1, one_listed=0.0, joined=0.0, open_end=0.0, event_place=0.8,
    stations_with_papers=0.0, open_cases=12, to_the_minute=0.5, noted_s=20.0, spread=0.3, set_every_days=(80, 80),
    months=DRILLED, in_pocket=0.008, announced=0.15, announced_from=date(YEAR, 12, 24), called_off=0.015,
    written_twice=0.007,
)  # fmt: skip
# A file that names no recorder has no clock that could be read: that is another fault than a clock gone wrong.
BAD_CLOCKS = Rates(
    hours_off=0.0, not_docked=0.2, no_recorder=0.0, eight_off=0.035, reset=0.045, unread=0.035, typed=0.5
)  # fmt: skip
BAD_DAYS = Rates(split=0.2, neighbours=1.2, left_on=0.35, no_crew=0.05, outside=0.11, early_start=0.7)
# Each fault about as often as a month had it that somebody else generated: so many of 2,450 pairs were of clocks eight
# hours off (30), begun anew (18) or unread (21), of two acts (344), without crew (76), outside (51), ended early (295),
# begun late (397).
OUTSIDERS = Rates(
    hours_off=0.0, no_recorder=0.01, split=0.2, neighbours=0.4, left_on=0.28, no_crew=0.025, outside=0.015,
    late_start=0.16, early_stop=0.12, early_start=0.1, eight_off=0.0045, reset=0.003, unread=0.003, typed=0.5,
)  # fmt: skip
HABITS = (  # what makes squads differ
    replace(
        REPORTED, share=0.38, missed=0.033, late_start=0.05, early_stop=0.035, late_docked=0.02, explains=0.75,
        repairs=((date(YEAR, 9, 9), date(YEAR, 9, 13)),),
    ),
    replace(
        REPORTED, share=0.34, missed=0.070, late_start=0.075, early_stop=0.055, late_docked=0.05, explains=0.50,
        repairs=((date(YEAR, 3, 18), date(YEAR, 3, 27)),),
    ),
    replace(
        REPORTED, share=0.28, missed=0.150, late_start=0.105, early_stop=0.08, late_docked=0.11, explains=0.25,
        repairs=((date(YEAR, 1, 22), date(YEAR, 2, 6)), (date(YEAR, 8, 5), date(YEAR, 8, 16))),
    ),
)  # fmt: skip
FAST = {2: 2.1, 7: 1.7}  # places of recorders of the report, and the seconds that each gains a day
SUMMER_TIME = {4: (date(YEAR, 4, 8), date(YEAR, 4, 21))}  # somebody had set one to it

"""The rows of a simulated year, and the truth about them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from deploy.demo.simulator.rates import YEAR, Work
from schemas.clocks import OffsetSource

BEGIN = datetime(YEAR, 1, 1, tzinfo=UTC)
DAY, HOUR, MINUTE = 86400.0, 3600.0, 60.0
BUREAU_H = 8  # the bureau's day begins eight hours before that of UTC
SEEN_S = 5.0
CENTRE = (25.83, 114.93)
METRE = 1 / 111_195  # degrees of latitude


FAULTS = (
    "shared", "late_start", "early_stop", "hours_off", "missing_assignment", "split", "wrong_officer",
    "neighbours", "no_gps", "over_two", "eight_off", "reset", "unread", "no_crew", "outside", "before_neighbour",
)  # fmt: skip
STRAY = "stray"


class Unfilmed(StrEnum):
    """Why no file shows an event."""

    no_recorder = "no_recorder"  # the crew had none
    forgotten = "forgotten"  # nobody switched it on
    out_of_sight = "out_of_sight"  # it ran, and nothing of the event can be seen


@dataclass(frozen=True)
class Officer:
    id: UUID
    number: str
    squad: UUID


@dataclass(frozen=True)
class Camera:
    id: UUID
    serial: str
    squad: UUID
    shared: bool


@dataclass(frozen=True)
class Duty:
    """Of a roster."""

    officer: Officer
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Held:
    """An assignment as it was written down."""

    id: UUID
    recorder: UUID
    officer: UUID
    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class Happening:
    """An event as it was written down; `true_start`, `true_end` as it was. `nth`: of its line of work."""

    id: UUID
    squad: UUID
    kind: str
    start: datetime
    end: datetime | None
    officers: tuple[UUID, ...]
    latitude: float | None
    longitude: float | None
    case: UUID | None
    true_start: float
    true_end: float
    true_place: tuple[float, float]
    work: Work
    nth: int = 0
    cancelled: datetime | None = None
    merged_into: UUID | None = None


@dataclass(frozen=True)
class Measured:
    """A clock read at the dock: `offset_s` = device − true, within ± `doubt_s`. `typed`: by a person."""

    recorder: UUID
    at: datetime
    offset_s: float
    doubt_s: float
    typed: bool = False

    @property
    def source(self) -> OffsetSource:
        return OffsetSource.hand if self.typed else OffsetSource.dock


@dataclass(frozen=True)
class File:
    """A recording as it arrived. `claimed`: its start by the camera's own clock. `shows`: the truth. `number`: as the
    camera counts its files."""

    id: UUID
    squad: UUID
    claimed: datetime
    length_s: float
    received: datetime
    recorder: UUID | None
    officer: UUID | None
    case: UUID | None
    track: tuple[tuple[float, float, float], ...]
    shows: frozenset[UUID]
    faults: frozenset[str]
    true_start: datetime
    announced: bool = False  # only listed by the station
    number: int = 0

    @property
    def name(self) -> str:
        return f"FILE{self.number:04}.MP4"


@dataclass(frozen=True)
class Year:
    squads: dict[UUID, str]
    officers: tuple[Officer, ...]
    cameras: tuple[Camera, ...]
    held: tuple[Held, ...]
    cases: dict[UUID, UUID]  # case → squad
    events: tuple[Happening, ...]
    measured: tuple[Measured, ...]
    files: tuple[File, ...]
    duties: tuple[Duty, ...] = ()
    unfilmed: dict[UUID, Unfilmed] = field(default_factory=dict)


def time(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=round(seconds, 3))


def seconds(moment: datetime) -> float:
    return (moment - BEGIN).total_seconds()


def day_of(seconds: float) -> date:
    """The bureau's."""
    return (BEGIN + timedelta(seconds=seconds, hours=BUREAU_H)).date()


def morning(day: date) -> float:
    """Midnight of a bureau's day, in seconds."""
    return (day - BEGIN.date()).days * DAY - BUREAU_H * HOUR

"""The rows of a generated year, and the faults that it is made with."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
DAY, HOUR, MINUTE = 86400.0, 3600.0, 60.0
BUREAU_H = 8  # the bureau's day begins eight hours before that of UTC
SEEN_S = 5.0
CENTRE = (25.83, 114.93)
METRE = 1 / 111_195  # degrees of latitude


@dataclass(frozen=True)
class Rates:
    """The stated faults, then the roughness of a field without any."""

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
    filmed: float = 0.92  # of cameras at an event
    left_on: float = 0.04  # of filmings: runs on through the way to the next event and that event
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


FAULTS = (
    "shared", "late_start", "early_stop", "hours_off", "missing_assignment", "split", "wrong_officer",
    "neighbours", "no_gps",
)  # fmt: skip
STRAY = "stray"


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
class Held:
    """An assignment as it was written down."""

    id: UUID
    recorder: UUID
    officer: UUID
    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class Happening:
    """An event as it was written down; `true_start`, `true_end` as it was."""

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


@dataclass(frozen=True)
class Measured:
    """A clock read at the dock: `offset_s` = device − true, within ± `doubt_s`."""

    recorder: UUID
    at: datetime
    offset_s: float
    doubt_s: float


@dataclass(frozen=True)
class File:
    """A recording as it arrived. `claimed`: its start by the camera's own clock. `shows`: the truth."""

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

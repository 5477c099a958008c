"""What the rules are given and what they answer: facts of a recording and of events, reasons, decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from schemas.links import LinkState
from service.footage.stretches import in_real_time
from service.kernel.intervals import clip


class Source(StrEnum):
    declared = "declared"
    sidecar = "sidecar"
    file_name = "file_name"
    guess = "guess"  # the file's name, which no model of its recorder reads


@dataclass(frozen=True)
class Person:
    id: UUID
    label: str  # certificate number


@dataclass(frozen=True)
class Holding:
    """`officer`, of the squad, held the recorder from `start` to `end` (None: still holds it)."""

    officer: Person
    start: datetime
    end: datetime | None = None
    squad_id: UUID | None = None


@dataclass(frozen=True)
class Fix:
    """A point of the track; `at` None: somewhere in the recording."""

    latitude: float
    longitude: float
    at: datetime | None = None


@dataclass(frozen=True)
class Piece:
    """A file of the same recorder, or one stretch of it: the camera splits one act into many. What it says itself,
    never its links. `begun`: when its file began, where that is not its own start."""

    id: UUID
    start: datetime
    end: datetime
    officer: Person | None = None
    case_id: UUID | None = None
    track: tuple[Fix, ...] = ()
    begun: datetime | None = None

    @property
    def file_start(self) -> datetime:
        return self.begun or self.start


@dataclass(frozen=True)
class RecordingFacts:
    """`start`/`end` None: the time is not known. `doubt_s`: how far the camera's clock may be off, either way.
    `stretches`: where it really has samples, in seconds after its start; None: all the while.

    `there_by`: it was filmed before; None where nothing tells. `declared_event` and `declared_case` are resolved ids; `foreign` declarations lie outside the squad's
    own scope. `partners`: who worked with the officer or a holder that shift, from other events; `together`: at which.
    `run`: the recorder's files that follow each other without a break, this one left out. `others`: when
    its other files about that time begin and end; `named_beside`: whom the nearest of them that name somebody name,
    before it and after it. `supposed`: where the time is not known, how well it fits each event, beside the other files
    of its card. `presumed_s`: how far off the clock is taken to be, against what it showed, because nothing fits as it
    was. `officer_ours`: who is named belongs to the squad; `lent`: else when the roster has him on duty for it.
    `recorder_ours`: the recorder belongs to the squad.
    """

    id: UUID
    squad_id: UUID
    there_by: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None
    doubt_s: float = 0.0
    length_s: float | None = None
    declared_event: UUID | None = None
    event_source: Source = Source.declared
    declared_case: UUID | None = None
    case_source: Source = Source.declared
    case_number: str = ""
    case_foreign: bool = False
    officer: Person | None = None
    officer_source: Source = Source.declared
    recorder_id: UUID | None = None
    recorder: str = ""
    recorder_source: Source = Source.declared
    holdings: tuple[Holding, ...] = ()
    partners: frozenset[UUID] = frozenset()
    together: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    track: tuple[Fix, ...] = ()
    run: tuple[Piece, ...] = ()
    stretches: tuple[tuple[float, float], ...] | None = None
    others: tuple[tuple[datetime, datetime], ...] = ()
    named_beside: tuple[Person, ...] = ()
    supposed: Mapping[UUID, float] = field(default_factory=dict)
    presumed_s: float = 0.0
    officer_ours: bool = False
    lent: tuple[tuple[datetime, datetime], ...] = ()
    recorder_ours: bool = False

    @cached_property
    def shown(self) -> tuple[tuple[datetime, datetime], ...]:
        """When it shows something; nothing where its time is not known."""
        if self.start is None or self.end is None:
            return ()
        found = in_real_time(self.stretches, self.start, self.start, self.end)
        return found or ((self.start, self.end),)

    @cached_property
    def recorded(self) -> timedelta:
        return sum((until - since for since, until in self.shown), timedelta())

    def within(self, start: datetime, end: datetime) -> timedelta:
        """How long it shows something between these."""
        return sum((until - since for since, until in clip(self.shown, start, end)), timedelta())

    @property
    def length(self) -> timedelta | None:
        if self.start is not None and self.end is not None:
            return self.end - self.start
        return timedelta(seconds=self.length_s) if self.length_s is not None else None


@dataclass(frozen=True)
class EventFacts:
    """`end` None: the departure is not known yet. `open`: nor was it; `end` is a guess."""

    id: UUID
    squad_id: UUID
    start: datetime
    end: datetime | None = None
    officers: tuple[Person, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    case_id: UUID | None = None
    cancelled: bool = False
    open: bool = False


@dataclass(frozen=True)
class Limits:
    """The bureau's settings (service.kernel.policy)."""

    automatic_from: float = 0.75
    clear_by: float = 0.15
    offer_from: float = 0.25
    offers: int = 3
    slack: timedelta = timedelta(minutes=10)
    open_event: timedelta = timedelta(hours=2)  # how long an event without departure is taken to last
    near_m: float = 150.0
    far_m: float = 1000.0
    pause: timedelta = timedelta(seconds=120)  # files of one recorder this close to each other are one act


@dataclass(frozen=True)
class Reason:
    """One visible term. `params` hold plain JSON values; `weight` is what it added to the score."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 0.0

    def stored(self) -> dict[str, Any]:
        return {"code": self.code, "params": dict(self.params), "weight": round(self.weight, 4)}


PERSONAL = frozenset({"case", "officer", "holder", "run_case", "run_officer", "beside_officer", "partner"})
"""Identities that a link may be made by alone; a squad has many hands. A guess makes an offer at most. An event that
names nobody has none: there it takes that nothing but the event fits (`Candidate.fits`)."""

SURE_SHARE = 0.6  # a sliver of less than this of what is enough is the edge of another act
HOURS_OFF_S = 1800.0  # a clock that may be so far off links nothing alone
SURELY_OPEN = timedelta(minutes=30)  # an event whose departure nobody wrote down may be over by then
OWN = frozenset({"event", "officer", "holder", "run_officer", "beside_officer"})


@dataclass(frozen=True)
class Candidate:
    """`part`: what of the recording lies in the event. `identity`: the strongest code, "" for none; `guessed`: it
    rests on a guess. `strength`: the score where it is not held in 0…1, to tell two sure ones apart. `foreign`: of
    another squad, and nothing but words ties the recording to it."""

    event: EventFacts
    score: float
    reasons: tuple[Reason, ...]
    identity: str
    part: tuple[datetime, datetime] | None = None
    impossible: bool = False
    guessed: bool = False
    strength: float = 0.0
    foreign: bool = False

    def weight(self, code: str) -> float:
        """What these reasons added."""
        return sum(reason.weight for reason in self.reasons if reason.code == code)

    @property
    def may_be_automatic(self) -> bool:
        if self.guessed or self.foreign:
            return False
        if self.identity == "event":
            return not self.impossible
        said = {reason.code: reason for reason in self.reasons}
        edge = (
            "sliver" in said
            and said["sliver"].params["enough"] < SURE_SHARE
            and not {"only", "continues"} & set(said)
        )
        over = self.event.open and self.part is not None and self.part[0] - self.event.start > SURELY_OPEN
        hours = "clock_doubt" in said and said["clock_doubt"].params["doubt_s"] >= HOURS_OFF_S
        known = self.identity in PERSONAL or (self.identity == "unlisted" and self.fits)
        return known and self.there and not edge and not over and not hours

    @property
    def there(self) -> bool:
        """Filmed during the event, or about it, as far as the recorder's files tell."""
        return self.part is not None or any(one.code in ("continues", "only") for one in self.reasons)

    @property
    def fits(self) -> bool:
        """It was filmed at the event's place, or begins or ends with it and shows half of it."""
        return self.part is not None and (self.at_site or any(one.code == "meets" for one in self.reasons))

    @property
    def at_site(self) -> bool:
        """By its own position."""
        return any(
            one.code == "place" and one.params["distance_m"] <= one.params["radius_m"] for one in self.reasons
        )

    @property
    def own(self) -> bool:
        """Filmed by one of its own officers."""
        return any(reason.code in OWN for reason in self.reasons)


@dataclass(frozen=True)
class Decision:
    state: LinkState
    score: float
    reasons: tuple[Reason, ...]
    event_id: UUID | None = None
    case_id: UUID | None = None
    part: tuple[datetime, datetime] | None = None

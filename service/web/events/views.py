"""What the pages show of enforcement events."""

from dataclasses import dataclass, field
from datetime import datetime

from service.finding.search.cards import RecordingCard
from service.registry.events.history import Entry
from service.web.events.coverage_block import EventCoverageView
from service.web.frame.views import Option, Ref
from service.web.recordings.views import Link


@dataclass(slots=True)
class Event:
    """One enforcement event; `object` "": a patrol without one. `recordings` counts confirmed and automatic links that the caller sees, `recorded` is
    what figure 1 says of it."""

    id: str
    title: str
    kind: str
    arrived: datetime
    departed: datetime | None = None
    number: str | None = None
    squad: str | None = None
    officers: list[str] = field(default_factory=list)
    place: str | None = None
    party: str | None = None
    case: Ref | None = None
    recordings: int = 0
    offered: int = 0
    recorded: bool = False
    must_record: bool = True
    gap_reason: str | None = None
    sample: bool = False
    object: str | None = None

    @property
    def href(self) -> str:
        return f"/events/{self.id}"


@dataclass(slots=True)
class EventDetail:
    event: Event
    recordings: list[RecordingCard] = field(default_factory=list)
    offered: list[Link] = field(default_factory=list)
    note: str | None = None
    may_decide: bool = False


@dataclass(slots=True)
class Settled:
    """When, by whom and why it was cancelled or merged."""

    at: datetime
    who: str
    reason: str = ""


@dataclass(slots=True)
class EventPage:
    """One event with all that its page shows. `coverage`: the time line of required interval, recordings and gaps,
    filled by service.supervision.coverage; None draws nothing. Buttons post to /events/{id}/{cancel,restore,merge,unmerge,unmake}."""

    detail: EventDetail
    subject: str | None = None
    campaign: str | None = None
    point: str | None = None
    cancelled: Settled | None = None
    merged: Settled | None = None
    merged_into: Ref | None = None
    absorbed: list[Ref] = field(default_factory=list)
    history: list[Entry] = field(default_factory=list)
    older: str | None = None
    may_edit: bool = False
    may_unmake: bool = False
    merge_options: list[Option] = field(default_factory=list)
    coverage: EventCoverageView | None = None

"""What the pages show of cases."""

from dataclasses import dataclass, field
from datetime import datetime

from service.finding.search.cards import RecordingCard
from service.web.events.views import EventDetail
from service.web.recordings.views import Link


@dataclass(slots=True)
class Case:
    id: str
    number: str
    title: str
    opened: datetime | None = None
    party: str | None = None
    place: str | None = None
    squad: str | None = None
    state: str | None = None  # words
    major: bool = False
    events: int = 0
    recordings: int = 0
    without_recording: int = 0
    offered: int = 0
    sample: bool = False

    @property
    def href(self) -> str:
        return f"/cases/{self.id}"


@dataclass(slots=True)
class CaseDetail:
    case: Case
    events: list[EventDetail] = field(default_factory=list)
    offered: list[Link] = field(default_factory=list)
    loose: list[RecordingCard] = field(default_factory=list)  # linked to the case, to none of its events
    note: str | None = None
    may_decide: bool = False

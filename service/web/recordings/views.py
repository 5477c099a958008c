"""What the pages show of recordings: its links and jobs, and the whole of one."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.finding.search.cards import RecordingCard
from service.footage.stretches import played_at
from service.kernel.i18n import gettext as _
from service.web.custody.views import CustodyEntry
from service.web.frame.drawing import Axis, Point
from service.web.frame.views import Ref

_BEFORE_LINKS = ("intake", "tags", "link")


@dataclass(slots=True)
class Tag:
    label: str
    kind: str  # quality | place | time | device | step | word
    source: str  # a sentence's subject: "camera metadata", "file name", "picture measurement", …
    confidence: float | None = None
    from_s: float | None = None  # both None: about the whole recording
    to_s: float | None = None


@dataclass(slots=True)
class Link:
    """recording ↔ event. Its buttons post to /recordings/{recording}/links/{id}/{confirm,reject,undo,part}."""

    id: str
    status: str  # confirmed | automatic | offered | rejected
    score: float
    reasons: list[str]
    event: Ref
    kind: str | None = None
    place: str | None = None
    arrived: datetime | None = None
    departed: datetime | None = None
    case: Ref | None = None
    recording: RecordingCard | None = None  # filled where the list is not about one recording
    decided_by: str | None = None
    decided_at: datetime | None = None
    part_from: str = ""  # which part of the recording belongs, as 1:30 into it
    part_to: str = ""
    part_chosen: bool = False  # by a person
    made: bool = False  # the event was made from the recording: /events/{id}/unmake takes it back


@dataclass(slots=True)
class Job:
    """A background job, in words. Retry posts to /jobs/{id}/retry."""

    id: str
    kind: str  # intake | playable | tags | link | renditions
    state: str  # waiting | running | done | failed
    attempt: int = 0
    attempts: int = 3
    progress: float | None = None
    reason: str | None = None
    since: datetime | None = None  # waiting or running since; finished at
    took_s: float | None = None
    may_retry: bool = False
    recording: Ref | None = None
    squad: str | None = None


@dataclass(slots=True)
class Receipt:
    at: datetime
    by: str
    source: str  # "dock 03", "browser", "command line"
    filename: str
    outcome: str  # accepted | same_bytes | hash_mismatch | refused
    declared_sha256: str | None = None
    matches: bool | None = None  # None: nothing was declared
    added: list[str] = field(default_factory=list)  # what it said that nobody had said before
    otherwise: list[str] = field(default_factory=list)  # what it said against an earlier word; not applied
    archive: bool = False
    first_received_at: datetime | None = None


@dataclass(slots=True)
class Corrected:
    """What a person said of its time."""

    by: str
    at: datetime
    reason: str


@dataclass(slots=True)
class Clock:
    """What the camera's clock claimed, how far that clock was off, and the true time that follows."""

    claimed_from: datetime | None = None
    claimed_by: str | None = None  # where the claim was read
    off: str | None = None  # "12 s fast"
    doubt: str | None = None  # "± 2 s"
    basis: str | None = None  # a sentence: the measurements behind it
    exact: bool = False  # the time is that of satellites
    read_from: datetime | None = None
    read_to: datetime | None = None
    href: str | None = None  # the recorder's page, for those who may open it
    corrected: Corrected | None = None
    may_correct: bool = False
    doubts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Location:
    label: str | None
    lat: float | None = None
    lon: float | None = None
    source: str | None = None
    track: list[Point] = field(default_factory=list)  # (lat, lon, seconds into the recording)


@dataclass(slots=True)
class Original:
    size: int
    sha256: str | None = None
    lock: str = "pending"  # locked | not_locked | pending
    lock_detail: str | None = None  # "governance, until 2029-06-03"
    container: str | None = None
    streams: list[str] = field(default_factory=list)
    claimed_duration_s: float | None = None
    download_url: str | None = None  # None: the viewer may not take a copy


@dataclass(slots=True)
class File:
    """One that the player can show. `src` None: it is not made yet. `begins_s`: where the recording's first sample lies in
    it, None where it is the stretches end to end. `bits`: what a second of it weighs."""

    src: str | None = None
    begins_s: float | None = None
    bits: float | None = None


@dataclass(slots=True)
class Player:
    """What the player island shows; where nothing can be shown, `note` says why."""

    file: File | None = None  # what every browser plays
    original: File | None = None  # for a browser that plays its `codec`: hevc | av1
    codec: str | None = None
    type: str | None = None  # of the original, or of a copy of its streams: MIME with codecs
    video: File = field(default_factory=File)  # the smaller one
    making: str | None = None  # of what is asked for: waiting | running | failed
    plain: bool = False  # that is a copy of picture and sound alone
    ask: str | None = None  # where what is missing is asked for
    format: str | None = None  # of the original
    size: tuple[int, int] | None = None  # of its picture
    note: str | None = None
    poster: str | None = None
    sprite_vtt: str | None = None
    peaks: str | None = None  # JSON: {"peaks": [0…1, …]} at even steps over the duration
    audio_only: bool = False
    fps: float | None = None
    picture: str | None = None  # of a photo, in place of all this

    @property
    def watchable(self) -> bool:
        """Now, or once it is asked for."""
        return self.file is not None or self.video.src is not None or self.ask is not None

    @property
    def sources(self) -> dict[str, Any]:
        """As the island reads it (islands/source.ts)."""
        files = {"file": self.file, "original": self.original, "video": self.video}
        return {
            "there": {name: file.src if file else None for name, file in files.items()},
            "begins": {name: file.begins_s if file else None for name, file in files.items()},
            "bits": {name: file.bits if file else None for name, file in files.items()},
            "type": self.type,
            "codec": self.codec,
            "ask": self.ask,
            "picture": {"width": self.size[0], "height": self.size[1], "fps": self.fps or 30}
            if self.size
            else None,
        }


@dataclass(slots=True)
class ShownLine:
    """A stretch, or the hole between two: its times where they are known. `from_s`, `to_s`: seconds into the
    recording."""

    from_s: float
    to_s: float
    length: str
    start: datetime | None = None
    end: datetime | None = None
    hole: bool = False


@dataclass(slots=True)
class Footage:
    """Where the recording really has samples. `lines`: stretches and holes in order, where there is a hole; only the
    first `SHOWN_LINES` of them, `more` the others. `notes`: what has to be said of it, one sentence each."""

    lines: list[ShownLine] = field(default_factory=list)
    more: int = 0
    recorded: str = ""
    stretches: list[tuple[float, float]] = field(default_factory=list)
    axis: Axis | None = None
    notes: list[str] = field(default_factory=list)

    def played(self, into_s: float) -> float:
        """As the player counts."""
        return played_at(self.stretches, into_s)


@dataclass(slots=True)
class Recording:
    card: RecordingCard
    original: Original
    player: Player
    clock: Clock
    footage: Footage = field(default_factory=Footage)
    location: Location | None = None
    missing: list[str] = field(default_factory=list)  # of a partial one
    tags: list[Tag] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)  # confirmed and automatic, then rejected
    offered: list[Link] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    custody: list[CustodyEntry] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)  # unknown officer, recorder … as declared
    may_decide: bool = False  # confirm, reject, undo links
    may_make_event: bool = False  # no event is linked: /recordings/{id}/new-event makes one
    announced: object | None = (
        None  # service.web.announcements.views.AnnouncedView, while its bytes are not here
    )

    @property
    def working(self) -> bool:
        return any(job.state in ("waiting", "running") for job in self.jobs)

    @property
    def why_unlinked(self) -> str:
        """Of one without any link."""
        card = self.card
        if card.state == "refused":
            return _("It is no recording, so it is linked to nothing.")
        if any(job.kind in _BEFORE_LINKS and job.state in ("waiting", "running") for job in self.jobs):
            return _("It is still being looked at: no event has been found for it so far.")
        if card.recorded_from is None:
            return _(
                "Nobody named an event, and when this was recorded is not known, so no event can be found by its time. "
                "Once its time is known, it is linked by itself."
            )
        if not card.officers and card.recorder is None:
            return _(
                "Nobody named an event, and neither its officer nor its recorder is known. "
                "Once one of them is, its event is looked for again."
            )
        return _(
            "Nobody named an event, and no event of its officers or its recorder overlaps its time. "
            "When such an event is entered, it is linked by itself."
        )

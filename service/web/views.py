"""What the templates are given: one dataclass a thing shown, filled by the capabilities' pages.py.

Times are aware datetimes (the templates put them into the bureau's zone), durations seconds, sizes
bytes, scores 0…1. Sentences (`reason`, `reasons`, `doubts`) arrive in the caller's language. Lists
and permissions are already those of the viewer: a template never decides what may be seen.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from service.web.drawing import Point

ROLES = ("member", "reviewer", "supervisor", "legal", "auditor", "admin")


@dataclass(slots=True)
class Viewer:
    """Who looks. `squad` is None for roles that see the whole bureau."""

    name: str
    username: str
    role: str
    squad: str | None = None


@dataclass(slots=True)
class Shell:
    """What the frame around every page needs; `rendering.render` reads it from request.state.shell."""

    viewer: Viewer | None = None
    csrf_token: str = ""
    demo: bool = False
    waiting: int = 0  # the number beside "Waiting for attention"
    stalled: str | None = None  # a sentence when no worker serves a queue
    notices: list["Notice"] = field(default_factory=list)


@dataclass(slots=True)
class Notice:
    text: str
    tone: str = "info"  # info | good | warn | bad


@dataclass(slots=True)
class Ref:
    """A name that may be a link."""

    label: str
    href: str | None = None


@dataclass(slots=True)
class Option:
    """One entry of a <select> or datalist."""

    value: str
    label: str
    selected: bool = False


# ---- recordings ------------------------------------------------------------------------------------


@dataclass(slots=True)
class LinkChip:
    """A link in a list row: where to and how sure."""

    label: str
    href: str
    status: str  # confirmed | automatic | offered


@dataclass(slots=True)
class RecordingCard:
    """One row of any list of recordings."""

    id: str
    filename: str
    state: str  # receiving | processing | ready | partial | unplayable | refused
    received_at: datetime
    reason: str | None = None
    poster_url: str | None = None
    duration_s: float | None = None
    size: int | None = None
    recorded_from: datetime | None = None
    recorded_to: datetime | None = None
    squad: str | None = None
    officers: list[str] = field(default_factory=list)
    recorder: str | None = None
    kind: str | None = None  # inspection | evidence_collection | document_delivery | coercion
    place: str | None = None
    tags: list[str] = field(default_factory=list)
    links: list[LinkChip] = field(default_factory=list)
    clock_doubt: str | None = None
    sample: bool = False
    progress: float | None = None  # of its jobs, while processing
    removal_asked: bool = False
    due: datetime | None = None  # of an announced one: when its bytes turn late
    late: bool = False

    @property
    def href(self) -> str:
        return f"/recordings/{self.id}"


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


@dataclass(slots=True)
class CustodyEntry:
    at: datetime
    who: str
    what: str
    detail: str | None = None


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
class Player:
    """URLs for the player island; `src` None says why in `note`."""

    src: str | None = None
    note: str | None = None
    poster: str | None = None
    sprite_vtt: str | None = None
    peaks: str | None = None  # JSON: {"peaks": [0…1, …]} at even steps over the duration
    audio_only: bool = False
    preliminary: bool = False  # the original plays as it is; the 720p rendition is still to come
    fps: float | None = None


@dataclass(slots=True)
class Recording:
    card: RecordingCard
    original: Original
    player: Player
    clock: Clock
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
    announced: object | None = None  # service.announcements.views.AnnouncedView, while its bytes are not here

    @property
    def working(self) -> bool:
        return any(job.state in ("waiting", "running") for job in self.jobs)


# ---- search ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class FacetOption:
    value: str
    label: str
    count: int
    capped: bool = False  # shown as "1000+"
    selected: bool = False
    href: str = ""  # the same search with this option toggled


@dataclass(slots=True)
class Facet:
    name: str
    title: str
    options: list[FacetOption]


@dataclass(slots=True)
class Chip:
    """A filter in force; `href` is the same search without it."""

    label: str
    href: str


@dataclass(slots=True)
class Search:
    """`query` is the encoded query string without cursor: the facets and "more" requests carry it on."""

    q: str = ""
    query: str = ""
    hidden: list[tuple[str, str]] = field(default_factory=list)  # other parameters kept by the search box
    chips: list[Chip] = field(default_factory=list)
    items: list[RecordingCard] = field(default_factory=list)
    next: str | None = None  # URL of the next page's fragment
    from_date: str = ""
    to_date: str = ""


# ---- uploads ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class UploadPage:
    endpoint: str = "/api/v1/uploads"
    events: list[Option] = field(default_factory=list)  # the member's own recent events
    max_size: int | None = None
    unfinished: list["UnfinishedUpload"] = field(default_factory=list)  # of this person, any device


@dataclass(slots=True)
class UnfinishedUpload:
    """Bytes that have begun to arrive and have not all come. Forget posts to /my-uploads/unfinished/{id}/forget."""

    id: str
    filename: str
    size: int | None
    offset: int
    device: str
    since: datetime
    expires: datetime | None = None


@dataclass(slots=True)
class MyUploads:
    unfinished: list[UnfinishedUpload]
    items: list[RecordingCard]
    events: list[Option]
    next: str | None = None


# ---- events and cases ------------------------------------------------------------------------------


@dataclass(slots=True)
class Event:
    """One enforcement event; `recordings` counts confirmed and automatic links."""

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
    must_record: bool = True
    gap_reason: str | None = None
    sample: bool = False

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


@dataclass(slots=True)
class Listing:
    """Cases or events: a search box, simple selects, rows, more."""

    items: list
    q: str = ""
    query: str = ""
    filters: list["Filter"] = field(default_factory=list)
    next: str | None = None


@dataclass(slots=True)
class Filter:
    name: str
    label: str
    options: list[Option]


# ---- boards ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class SquadRow:
    """Counts of one squad; each figure links to its rows by `/attention?squad=…&what=…`."""

    id: str
    squad: str
    failed: int = 0
    waiting: int = 0
    unlinked: int = 0
    refused: int = 0
    without_recording: int = 0
    oldest: datetime | None = None


@dataclass(slots=True)
class Attention:
    squads: list[SquadRow]
    what: str = "failed"  # failed | waiting | unlinked | refused | removal
    squad: str | None = None  # id of the one selected
    items: list[RecordingCard] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)  # for failed and waiting
    counts: dict[str, int] = field(default_factory=dict)
    next: str | None = None


@dataclass(slots=True)
class Queue:
    name: str  # light | encode
    depth: int
    running: int
    workers: int
    oldest_s: float | None = None
    backlog_h: float | None = None
    failed: int = 0


@dataclass(slots=True)
class Worker:
    name: str
    queues: list[str]
    seen: datetime
    alive: bool
    doing: str | None = None


@dataclass(slots=True)
class Health:
    queues: list[Queue]
    workers: list[Worker]
    failed: list[Job]
    counted_at: datetime
    stalled: list[str] = field(default_factory=list)  # a sentence for each queue that nobody serves


@dataclass(slots=True)
class Tile:
    label: str
    count: int
    href: str
    tone: str = "plain"  # plain | good | warn | bad
    hint: str | None = None
    capped: bool = False


@dataclass(slots=True)
class Home:
    """Only the parts for the viewer's role are filled."""

    tiles: list[Tile] = field(default_factory=list)
    unlinked: list[RecordingCard] = field(default_factory=list)
    processing: list[RecordingCard] = field(default_factory=list)
    refused: list[RecordingCard] = field(default_factory=list)
    unfinished: list[UnfinishedUpload] = field(default_factory=list)
    squads: list[SquadRow] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    recent: list[RecordingCard] = field(default_factory=list)


# ---- the API's description --------------------------------------------------------------------------


@dataclass(slots=True)
class ApiParameter:
    name: str
    place: str  # path | query | header, or the content type of the body
    kind: str
    required: bool = False


@dataclass(slots=True)
class ApiOperation:
    method: str
    path: str
    summary: str
    description: str = ""
    parameters: list[ApiParameter] = field(default_factory=list)


@dataclass(slots=True)
class ApiGroup:
    tag: str
    operations: list[ApiOperation] = field(default_factory=list)


# ---- people and account ----------------------------------------------------------------------------


@dataclass(slots=True)
class Person:
    number: str
    name: str
    squad: str | None
    role: str | None = None  # of the account, None without one
    username: str | None = None
    active: bool = True
    last_seen: datetime | None = None
    left_on: date | None = None
    on_duty_until: datetime | None = None  # of the duty at this moment


@dataclass(slots=True)
class Recorder:
    number: str
    model: str
    squad: str | None
    holders: list[str] = field(default_factory=list)
    last_recording: datetime | None = None
    clock_offset_s: float | None = None
    active: bool = True
    state: str = "in_use"
    battery_percent: int | None = None
    low_battery: bool = False
    last_dock: datetime | None = None
    not_docked: bool = False
    left_holders: list[str] = field(default_factory=list)  # of the holders, those who have left


@dataclass(slots=True)
class Token:
    id: str
    name: str
    created: datetime
    last_used: datetime | None = None
    expires: datetime | None = None
    squad: str | None = None


@dataclass(slots=True)
class Account:
    languages: list[Option]
    tokens: list[Token]
    may_make_tokens: bool = True
    fresh_token: str | None = None  # shown once, right after it was made
    errors: dict[str, str] = field(default_factory=dict)  # by field name

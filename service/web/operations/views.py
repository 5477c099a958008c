"""What the home page, the boards of the day and the API's description show."""

from dataclasses import dataclass, field
from datetime import datetime

from service.desk.operations.queries import SquadRow
from service.finding.search.cards import RecordingCard
from service.web.cases.views import Case
from service.web.frame.views import Ref, Tile
from service.web.recordings.views import Job
from service.web.uploads.views import UnfinishedUpload


@dataclass(slots=True)
class Quarantined:
    """Of a card in quarantine. `choice`: a code; `decide_by` None: its disposal was asked for."""

    decide_by: datetime | None
    over: bool = False
    choice: str = ""
    may_decide: bool = False


@dataclass(slots=True)
class Attention:
    squads: list[SquadRow]
    what: str = "failed"  # failed | waiting | unlinked | refused | removal
    squad: str | None = None  # id of the one selected
    items: list[RecordingCard] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)  # for failed and waiting
    counts: dict[str, int] = field(default_factory=dict)
    next: str | None = None
    backup_alarm: str | None = None
    quarantine: dict[str, Quarantined] = field(default_factory=dict)  # by the id of a card


@dataclass(slots=True)
class Queue:
    name: str
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
class Backup:
    """`tone`: how its state is shown. `problem`: why it failed."""

    at: datetime
    label: str
    tone: str
    icon: str
    size: int
    copied: int
    tried: datetime | None
    problem: str | None = None
    progress: float | None = None


@dataclass(slots=True)
class SetAside:
    """Of the schedule: what it could not clear up. Retry posts to /set-aside/{duty}/{subject}/retry."""

    duty: str
    subject: str
    problem: str
    since: datetime
    tries: int
    held: bool
    about: Ref | None = None
    may_retry: bool = False


@dataclass(slots=True)
class Duty:
    name: str
    done: datetime | None
    failing: datetime | None = None
    problem: str = ""


@dataclass(slots=True)
class Failures:
    """To sign in, of a day, from one address. `account` None: names that nobody has. `got_in`: then it went."""

    account: str | None
    address: str
    count: int
    first: datetime
    last: datetime
    got_in: bool


@dataclass(slots=True)
class Disk:
    label: str
    free: int
    total: int
    full: bool
    low: bool


@dataclass(slots=True)
class Wait:
    """`what`: a key of words.WAITS; `oldest`: the recording that has waited for it longest, for `age_s`."""

    what: str
    count: int = 0
    age_s: float | None = None
    oldest: Ref | None = None


@dataclass(slots=True)
class Cost:
    """Of one kind of work, or (`kind` None) of all, in each period: seconds of the processor for an hour of film, and the
    hours of film that it was done on."""

    kind: str | None
    periods: list[tuple[float | None, float]]


@dataclass(slots=True)
class Period:
    """`per_machine`: hours of film in an hour in which a machine had work."""

    days: int
    film_h: float
    machine_h: float
    per_machine: float | None


@dataclass(slots=True)
class Pace:
    periods: list[Period]
    costs: list[Cost]
    waits: list[Wait]
    counted_at: datetime


@dataclass(slots=True)
class Health:
    queues: list[Queue]
    workers: list[Worker]
    failed: list[Job]
    counted_at: datetime
    stalled: list[str] = field(default_factory=list)  # a sentence for each queue that nobody serves
    backups: list[Backup] = field(default_factory=list)
    backup_alarm: str | None = None
    jumps: list[str] = field(default_factory=list)  # of the server's clock, a sentence each
    damage_alarm: str | None = None
    damaged: list[Ref] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    failures: list[Failures] = field(default_factory=list)
    disks: list[Disk] = field(default_factory=list)
    full_disks: list[str] = field(default_factory=list)  # a sentence for each
    pace: Pace | None = None  # on the whole page; refreshed by itself


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


@dataclass(slots=True)
class ApiField:
    name: str
    place: str  # path | query | header, the content type of the body, or "" in a shape
    kind: str
    required: bool = False
    meaning: str = ""


@dataclass(slots=True)
class ApiAnswer:
    """`errors`: names of problem types; `kind`: the shape of what is no error."""

    status: str
    kind: str = ""
    meaning: str = ""
    headers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ApiOperation:
    method: str
    path: str
    name: str
    description: str
    fields: list[ApiField]
    answers: list[ApiAnswer]
    example: str = ""  # of the body, as JSON


@dataclass(slots=True)
class ApiShape:
    name: str
    description: str
    fields: list[ApiField]


@dataclass(slots=True)
class ApiError:
    name: str
    status: int
    sentence: str


@dataclass(slots=True)
class ApiGroup:
    tag: str
    operations: list[ApiOperation] = field(default_factory=list)

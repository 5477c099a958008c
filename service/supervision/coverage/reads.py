"""Figures, the rows behind them and the day's lists, as the API answers them. What a frozen month keeps, too, is made
in answers.py."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlmodel import Session

from schemas.coverage import Basis, EventCoverageRead
from schemas.links import LinkState
from schemas.matters import MatterBase
from schemas.recorders import RecorderRead
from schemas.recordings import Recording, RecordingBrief
from service.finding.linking.reads import LinkShown, link_read
from service.kernel.contract import Page
from service.registry.clocks.reads import ClockRead, clock_read
from service.registry.events.reads import EventRead, event_reads
from service.registry.recorders.queries import RatioRow
from service.supervision.coverage import answers
from service.supervision.coverage.figure_types import About, Dimension
from service.supervision.coverage.late import LateChange
from service.supervision.coverage.lists import Count
from service.supervision.coverage.queries import Board
from service.supervision.coverage.recorders import RecorderRow
from service.supervision.coverage.rows import EventRow, LinkRow, Rows
from service.supervision.coverage.status import Status
from service.supervision.coverage.timeline import Strip, Timeline

Number = int | float  # a count stays whole


class KeyRead(BaseModel):
    value: str
    label: str


class FigureRead(BaseModel):
    """`share`: null where there is nothing to count. `n`: rows that the denominator stands on; `small`: too few to
    judge by. `excluded`: rows left out, by reason; `reasons`: the numerator by reason. `p50_s`, `p95_s`: seconds, where
    they were asked for."""

    numerator: Number
    denominator: Number
    share: Number | None
    unit: str
    n: int
    small: bool
    excluded: dict[str, int]
    reasons: dict[str, int]
    matter_versions: list[int]
    rule_version: str
    p50_s: Number | None
    p95_s: Number | None


class FigureRowRead(BaseModel):
    """`keys`: by dimension; `figures`: by name; `standings`: events by how they stand."""

    keys: dict[str, KeyRead]
    figures: dict[str, FigureRead]
    standings: dict[str, int]


class BoardFigureRead(FigureRead):
    """`offered`: how many more the numerator would hold if what is offered were confirmed; null where it does not rest
    on that."""

    offered: int | None


class BoardRowRead(BaseModel):
    """As of a frozen month, and what is offered."""

    keys: dict[str, KeyRead]
    figures: dict[str, BoardFigureRead]
    standings: dict[str, int]


class RuleChangeRead(BaseModel):
    """From this day on another version of the matters list holds. `inside`: figures before and after do not compare."""

    day: date
    version: int
    published_on: date | None
    inside: bool
    backdated: bool


class DefinitionRead(BaseModel):
    """What a figure counts, in the caller's language."""

    name: str
    number: int
    title: str
    counted: bool
    about: About | None
    unit: str
    better: str
    by: list[Dimension]
    numerator: str
    denominator: str
    note: str


class BoardRead(BaseModel):
    """`total` is over everything, not the sum of the rows. `absent`: figures that cannot be had by these dimensions or
    filters. `to`: the last day looked at."""

    as_of: datetime
    counted_at: datetime
    by: list[Dimension]
    basis: Basis
    from_: Annotated[date | None, Field(alias="from")]
    to: date | None
    rows: list[BoardRowRead]
    total: BoardRowRead
    absent: list[str]
    not_yet_counted: list[str]
    rule_changes: list[RuleChangeRead]
    definitions: list[DefinitionRead]


class KeptRead(BaseModel):
    """`status`: what the event is called at this hour; `standing`: how figures count it."""

    status: Status
    standing: str
    late: bool
    due_in_s: float
    coverage: EventCoverageRead


class EventRowRead(KeptRead):
    event: EventRead


class LinkRowRead(BaseModel):
    link: LinkShown
    recording: RecordingBrief
    event: EventRead


class RecorderRowRead(BaseModel):
    """`clock`: for the figure of clocks. `held_by`: certificate numbers, for the lists that ask who has it."""

    recorder: RecorderRead
    clock: ClockRead | None
    held_by: list[str]


class DutyDayRead(BaseModel):
    """A squad's day: `recorders` of `needed`, for `officers` on duty."""

    day: date
    squad_id: UUID
    squad: str
    officers: int
    recorders: int
    needed: int
    officer_ids: list[UUID]
    recorder_ids: list[UUID]


class ChangedField(BaseModel):
    field: str
    before: str
    after: str


class LateChangeRead(BaseModel):
    """An event that was changed after its `deadline`."""

    event_id: UUID
    external_id: str | None
    title: str
    squad_id: UUID
    deadline: datetime
    at: datetime
    who: str
    action: str
    sentence: str
    reason: str
    changes: list[ChangedField]


RowRead = EventRowRead | RecordingBrief | LinkRowRead | RecorderRowRead | DutyDayRead | LateChangeRead


class RowsRead(Page[RowRead]):
    """`about`: what the items are."""

    about: About


class CountRead(BaseModel):
    """`capped`: so many at least."""

    count: int
    capped: bool


class ListsRead(BaseModel):
    as_of: datetime
    lists: dict[str, CountRead]


class ListRead(RowsRead):
    as_of: datetime
    name: str


class RuleRead(MatterBase):
    version: int


class ShownRead(BaseModel):
    """In real time."""

    start: datetime
    end: datetime


class StripRead(RecordingBrief):
    """`part_from`, `part_to`: what of it belongs to the event; `stretches`: where of that it really has samples.
    `here`: its bytes were received. `measured` false: nobody has looked yet where it has samples, so its whole part
    stands for them. `sparse`: its pictures lie far apart. `counts`: what it shows counts as recorded; sparse pictures
    do only where the recorder's model declares `time_lapse`."""

    link_id: UUID
    link_state: LinkState
    part_from: datetime | None
    part_to: datetime | None
    here: bool
    stretches: list[ShownRead]
    measured: bool
    sparse: bool
    counts: bool


class TimelineRead(BaseModel):
    """`rule`: the line of the matters list that holds. `counted`, `confirmed`: by which links; absent for the moment
    until a new event was counted. `recordings_elsewhere`: of squads that the caller may not see. `beside`: seconds of
    what is recorded in which a picture was black, frozen or covered, or the sound silent: recorded all the same."""

    event_id: UUID
    as_of: datetime
    arrived_at: datetime
    departed_at: datetime | None
    rule: RuleRead
    counted: KeptRead | None = None
    confirmed: KeptRead | None = None
    recordings: list[StripRead]
    recordings_elsewhere: int
    beside: dict[str, float]


def board_read(board: Board) -> BoardRead:
    return BoardRead.model_validate(answers.board_json(board))


def rows_read(session: Session, rows: Rows) -> RowsRead:
    return RowsRead(about=rows.about, items=row_reads(session, rows), next=rows.next)


def lists_read(as_of: datetime, counts: dict[str, Count]) -> ListsRead:
    return ListsRead(
        as_of=as_of,
        lists={name: CountRead(count=one.n, capped=one.capped) for name, one in counts.items()},
    )


def list_read(session: Session, name: str, as_of: datetime, rows: Rows) -> ListRead:
    return ListRead(about=rows.about, items=row_reads(session, rows), next=rows.next, name=name, as_of=as_of)


def row_reads(session: Session, rows: Rows) -> list[Any]:
    match rows.about:
        case About.event:
            return event_rows(session, rows.items)
        case About.recording:
            return [recording_read(one) for one in rows.items]
        case About.link:
            return link_rows(session, rows.items)
        case About.change:
            return [change_read(one) for one in rows.items]
        case About.duty_day:
            return [duty_read(one) for one in rows.items]
        case _:
            return [recorder_row(one) for one in rows.items]


def event_rows(session: Session, rows: Sequence[EventRow]) -> list[EventRowRead]:
    reads = event_reads(session, [row.event for row in rows])
    return [EventRowRead(event=read, **_kept(row)) for read, row in zip(reads, rows, strict=True)]


def kept_read(row: EventRow) -> KeptRead:
    return KeptRead(**_kept(row))


def _kept(row: EventRow) -> dict[str, Any]:
    return {
        "status": row.status,
        "standing": row.standing,
        "late": row.late,
        "due_in_s": row.due_in_s,
        "coverage": EventCoverageRead.model_validate(row.coverage, from_attributes=True),
    }


def recording_read(recording: Recording) -> RecordingBrief:
    return RecordingBrief.model_validate(recording, from_attributes=True)


def link_rows(session: Session, rows: Sequence[LinkRow]) -> list[LinkRowRead]:
    reads = event_reads(session, [row.event for row in rows])
    return [
        LinkRowRead(link=link_read(row.link), recording=recording_read(row.recording), event=read)
        for row, read in zip(rows, reads, strict=True)
    ]


def duty_read(day: RatioRow) -> DutyDayRead:
    return DutyDayRead.model_validate(day, from_attributes=True)


def recorder_row(row: RecorderRow) -> RecorderRowRead:
    return RecorderRowRead(
        recorder=RecorderRead.model_validate(row.recorder, from_attributes=True),
        clock=clock_read(row.clock) if row.clock else None,
        held_by=[officer.certificate_no for officer in row.holders],
    )


def change_read(row: LateChange) -> LateChangeRead:
    return LateChangeRead(
        event_id=row.event.id,
        external_id=row.event.external_id,
        title=row.event.title,
        squad_id=row.event.squad_id,
        deadline=row.deadline,
        at=row.entry.at,
        who=row.entry.who,
        action=row.entry.action,
        sentence=row.entry.sentence,
        reason=row.entry.reason,
        changes=[
            ChangedField(field=one.field, before=one.before, after=one.after) for one in row.entry.changes
        ],
    )


def timeline_read(line: Timeline) -> TimelineRead:
    kept = {basis.value: kept_read(row) for basis, row in line.kept.items()}
    return TimelineRead(
        event_id=line.event.id,
        as_of=line.as_of,
        arrived_at=line.event.arrived_at,
        departed_at=line.event.departed_at,
        rule=RuleRead.model_validate(line.rule, from_attributes=True),
        recordings=[strip_read(strip) for strip in line.strips],
        recordings_elsewhere=line.elsewhere,
        beside=dict(line.beside),
        **kept,
    )


def strip_read(strip: Strip) -> StripRead:
    return StripRead(
        **recording_read(strip.recording).model_dump(),
        link_id=strip.link_id,
        link_state=strip.state,
        part_from=strip.start,
        part_to=strip.end,
        here=strip.here,
        stretches=[ShownRead(start=start, end=end) for start, end in strip.stretches],
        measured=strip.measured,
        sparse=strip.sparse,
        counts=strip.counts,
    )

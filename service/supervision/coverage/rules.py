"""What a recording covers of an event: interval arithmetic, exact to the microsecond, and what is kept of it.

Stretches are half-open (start, end) pairs of aware datetimes. Nothing here depends on the hour at which it runs.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from schemas.coverage import Exclusion
from schemas.matters import Duty
from service.kernel.intervals import clip, gaps, union
from service.registry.matters.rules import Rule

VERSION = "3"  # of these rules; stands in every kept row and in every figure
Stretch = tuple[datetime, datetime]
NOTHING = timedelta()

LATE_START, MIDDLE, EARLY_STOP = "late_start", "middle", "early_stop"


class Act(NamedTuple):
    """An event, as far as its coverage depends on it."""

    squad_id: UUID
    kind: str
    subject: str
    campaign_id: UUID | None
    arrived_at: datetime
    departed_at: datetime | None
    cancelled: bool = False
    merged: bool = False


class Filmed(NamedTuple):
    """What of one linked recording belongs to the event: the `stretches` in which it really shows something. Without
    any it cannot show a time, because nobody knows when it was made, because it cannot be played, or because its
    pictures lie too far apart. `received_at` None: its bytes are not here, it is only announced."""

    stretches: tuple[Stretch, ...]
    received_at: datetime | None
    confirmed: bool
    archived: bool = False  # as part of an old archive, which no upload deadline judges


class Explained(NamedTuple):
    """Approved explanations: of the whole event, and of stretches."""

    exempt: str | None = None
    stretches: tuple[Stretch, ...] = ()


class Kept(NamedTuple):
    """The values of an `event_coverage` row, in the order of its columns, without event and basis."""

    squad_id: UUID
    kind: str
    subject: str
    campaign_id: UUID | None
    day: date
    excluded: str | None
    exempt: str | None
    matter_version: int
    rule_version: str
    required_from: datetime
    required_to: datetime | None
    required_s: float
    due_at: datetime
    links: int
    announced: int
    shown: int
    offered: int
    offered_alone: int
    in_time: int
    archived: int
    recorded_s: float
    late_start_s: float
    early_stop_s: float
    gap_count: int
    gap_explained: int
    gaps: str  # JSON
    first_received_at: datetime | None
    last_received_at: datetime | None


# ---- stretches ------------------------------------------------------------------------------------------


def shows(stretch: Stretch, start: datetime, end: datetime | None) -> bool:
    """Whether some of (start, end) lies in it; of an interval of no length, its one moment. `end` None: no end."""
    if start == end:
        return stretch[0] <= start <= stretch[1]
    return bool(clip([stretch], start, end))


def length(stretches: Iterable[Stretch]) -> timedelta:
    """Of stretches that lie apart."""
    return sum((end - start for start, end in stretches), NOTHING)


# ---- one event ------------------------------------------------------------------------------------------


class Gap(NamedTuple):
    start: datetime
    end: datetime
    place: str
    explained: bool

    def stored(self) -> str:
        """As JSON, to the letter as PostgreSQL writes it: so kept rows are compared without reading it."""
        explained = "true" if self.explained else "false"
        return f'["{self.start.isoformat()}", "{self.end.isoformat()}", "{self.place}", {explained}]'


class Reach(NamedTuple):
    """How far the recordings reach over the required interval. Both measures of delay are as measured, forgiven or
    not; `gaps` are only those beyond what the matter forgives."""

    recorded: list[Stretch]
    late_start: timedelta
    early_stop: timedelta
    gaps: list[Gap]


def reach(
    matter: Rule,
    start: datetime,
    end: datetime | None,
    filmed: Iterable[Stretch],
    explained: Iterable[Stretch] = (),
) -> Reach:
    """Where nothing lies inside, the whole interval is one gap that starts late, however short it is. Without an
    end the interval is judged up to the last recording."""
    recorded = union(clip(filmed, start, end))
    until = end if end is not None else recorded[-1][1] if recorded else start
    missing = gaps(recorded, start, until) if start < until else []
    late = early = NOTHING
    found = []
    for since, upto in missing:
        if since == start:
            place, forgiven = LATE_START, timedelta(seconds=matter.late_start_s)
            late = upto - since
        elif upto == end:
            place, forgiven = EARLY_STOP, timedelta(seconds=matter.early_stop_s)
            early = upto - since
        else:
            place, forgiven = MIDDLE, timedelta(seconds=matter.gap_s)
        if upto - since > forgiven or not recorded:
            left = gaps(union(clip(explained, since, upto)), since, upto)
            # a stretch that was explained stays so when a better clock moves its ends by what is forgiven anyway
            covered = length(left) <= forgiven and length(left) < upto - since
            found.append(Gap(since, upto, place, covered))
    return Reach(recorded, late, early, found)


def exclusion(act: Act, matter: Rule) -> Exclusion | None:
    if act.merged:
        return Exclusion.merged
    if act.cancelled:
        return Exclusion.cancelled
    return Exclusion.not_required if matter.duty != Duty.must else None


def cover(
    act: Act,
    matter: Rule,
    filmed: Sequence[Filmed],
    explained: Explained = Explained(),
    *,
    day: date,
    open_for: timedelta,
    offered: tuple[int, int] = (0, 0),
) -> Kept:
    """What is kept of one event, of the links given. `offered`: how many more wait for a person, and how many of these
    are of recordings that are offered to no other event.

    `matter`: the line in force on `day`, the event's day in the bureau's zone. `open_for`: how long an event is
    taken to last whose departure is not known, for its deadline only.
    """
    start, end = matter.required(act.arrived_at, act.departed_at)
    here = [one for one in filmed if one.received_at is not None]
    showing = [one for one in here if any(shows(stretch, start, end) for stretch in one.stretches)]
    shown = [stretch for one in showing for stretch in one.stretches]
    found = (
        reach(matter, start, end, shown, explained.stretches)
        if showing
        else Reach([], NOTHING, NOTHING, [])  # none of it was filmed: that is missing, not interrupted
    )
    received = [moment for one in here if (moment := one.received_at) is not None and not one.archived]
    due_at = matter.due_at(act.departed_at or act.arrived_at + open_for)
    excluded = exclusion(act, matter)
    return Kept(
        squad_id=act.squad_id,
        kind=act.kind,
        subject=act.subject,
        campaign_id=act.campaign_id,
        day=day,
        excluded=str(excluded) if excluded else None,
        exempt=explained.exempt,
        matter_version=matter.version,
        rule_version=VERSION,
        required_from=start,
        required_to=end,
        required_s=(end - start).total_seconds() if end is not None else 0.0,
        due_at=due_at,
        links=len(here),
        announced=len(filmed) - len(here),
        shown=len(showing),
        offered=offered[0],
        offered_alone=offered[1],
        in_time=sum(moment <= due_at for moment in received),
        archived=sum(one.archived for one in here),
        recorded_s=length(found.recorded).total_seconds(),
        late_start_s=found.late_start.total_seconds(),
        early_stop_s=found.early_stop.total_seconds(),
        gap_count=len(found.gaps),
        gap_explained=sum(one.explained for one in found.gaps),
        gaps=f"[{', '.join(one.stored() for one in found.gaps)}]",
        first_received_at=min(received, default=None),
        last_received_at=max(received, default=None),
    )


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()

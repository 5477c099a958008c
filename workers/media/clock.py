"""When was this recorded? Weighs what the file, its name and its papers claim against what can be. Pure.

A camera clock is a claim. It is kept as claimed, read by the recorder model's convention, corrected by the
measured offset, and doubted where it cannot be right.

What the picture shows is that same clock, read while it filmed: no header that some tool wrote later, no zone that
a convention has to guess, no question whether it is the start or the end. It proves nothing about true time. So it
is the best witness of what the camera claimed, it settles what the other claims contradict each other about, and
it shows which convention is wrong (`zone_off`, `names_end`); the offset of that clock still has to be measured.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from service.kernel.written_times import UnreadableTime, read_time
from service.registry.clocks.resets import EPOCHS, is_reset

Zone = Literal["utc", "local_as_utc"]
Stamp = Literal["start", "end"]
Finding = Literal["ok", "unreadable", "epoch", "too_early", "future", "far_from_arrival", "exported"]

EARLIEST = datetime(2005, 1, 1, tzinfo=UTC)
CLOCKS_APART = timedelta(minutes=10)
FAR = timedelta(days=30)
AGREE = timedelta(minutes=2)
DURATION_MAX = 366 * 86400

# Earlier is trusted more: satellites, then the clock in the picture, then what people or docks wrote down beside the
# file, then the file itself.
HEADERS = ("container", "stream")
CAMERAS_OWN = "creationdate"
TRUST = (
    *("gps", "burned_in", "declared", "sidecar", "filename", "zoned", "filename:guessed"),
    *HEADERS,
)


class Convention(BaseModel):
    """How a recorder model writes its clock: `local_as_utc` puts the wall clock of `timezone` where UTC belongs;
    `stamp` says whether the time is that of the start or of the end."""

    zone: Zone = "utc"
    stamp: Stamp = "start"
    timezone: str = "Asia/Shanghai"


class Claim(BaseModel):
    """One claimed time. `source` begins with a word of TRUST ("container:creation_time"). `at` as found.
    `stamp` when the source itself says start or end, else the convention's holds for container and stream.
    `lead_s`: so long after a start the first picture came, with which a recording begins; not kept.
    `untrusted`: the camera marked it so itself."""

    source: str
    at: str
    stamp: Stamp | None = None
    untrusted: bool = False
    lead_s: float = Field(default=0.0, exclude=True)


class Judged(BaseModel):
    """A claim and what came of it: the start that it names (`shown`), the same corrected by the clock's offset
    (`start`), and whether that can be true; "exported" where it is of a later day than the camera's own. `hint` says what would make it right: "eight_hours" that the camera wrote
    its wall clock as UTC; "zone_off" and "names_end" that it is hours off the picture, or the end of what it shows."""

    claim: Claim
    shown: datetime | None = None
    start: datetime | None = None
    finding: Finding
    hint: str | None = None


class Clock(BaseModel):
    """`chosen` is the index of the claim that was believed, None where none can be; `camera` of the one that says
    best what the camera's clock showed (the same, but for satellites), `claimed_from`. `apart_s`: how far good claims
    lie apart that nothing settles. `doubts` are codes: `no_claim`, `no_true_claim`, `claims_disagree`,
    `untrusted_clock`, the hints, and the findings of the claims passed over."""

    recorded_from: datetime | None = None
    recorded_to: datetime | None = None
    claimed_from: datetime | None = None
    chosen: int | None = None
    camera: int | None = None
    apart_s: float = 0.0
    judged: list[Judged] = []
    doubts: list[str] = []


def judge(
    claims: list[Claim],
    duration_s: float | None,
    arrived_at: datetime,
    convention: Convention | None = None,
    offset_of: Callable[[datetime], float] | None = None,
) -> Clock:
    """Choose the most trusted claim that can be true. Nothing is sorted in as of 1970 or 2033: then the times
    stay None and the reader falls back to the arrival, openly. `offset_of`: camera minus true time in seconds, when
    the camera showed this; it corrects all claims but the satellites'."""
    convention = convention or Convention()
    duration_s = duration_s if duration_s is not None and 0 <= duration_s < DURATION_MAX else None

    def read(claim: Claim, by: Convention) -> Judged:
        return _judge(claim, duration_s, arrived_at, by, offset_of)

    judged = [read(claim, convention) for claim in claims]
    if not any(one.claim.source == "burned_in" and one.finding == "ok" for one in judged):
        other_zone: Zone = "utc" if convention.zone == "local_as_utc" else "local_as_utc"
        otherwise = convention.model_copy(update={"zone": other_zone})
        judged = _agreed(judged, duration_s, lambda claim: read(claim, otherwise))
    order = sorted(range(len(judged)), key=lambda i: (_trust(judged[i].claim), i))
    good = [i for i in order if judged[i].finding == "ok"]
    # Old footage does come late: a far claim is doubted, yet better than none.
    usable = good or [i for i in order if judged[i].finding == "far_from_arrival"]
    clock = Clock(judged=judged)
    doubts: set[str] = {j.finding for j in judged if j.finding not in ("ok", "exported")}
    if not claims:
        doubts = {"no_claim"}
    elif not usable:
        doubts.add("no_true_claim")
    clock.camera = next((i for i in [*usable, *order] if _of_camera(judged[i])), None)
    if usable:
        clock.chosen = usable[0]
        start = judged[usable[0]].start
        assert start is not None
        clock.recorded_from = start
        clock.recorded_to = start + timedelta(seconds=duration_s) if duration_s is not None else None
        if clock.camera is not None:
            clock.claimed_from = judged[clock.camera].shown
        picture = next((judged[i] for i in good if judged[i].claim.source == "burned_in"), None)
        starts = [at for i in good if (at := judged[i].start) is not None]
        slack = AGREE + timedelta(seconds=duration_s or 0)
        if picture is not None and picture.shown is not None:
            for other in judged:
                other.hint = _against_picture(other, picture.shown, duration_s) or other.hint
        elif any(abs(other - start) > slack for other in starts):
            doubts.add("claims_disagree")
            clock.apart_s = (max(starts) - min(starts)).total_seconds()
        if clock.camera is not None and judged[clock.camera].claim.untrusted:
            doubts.add("untrusted_clock")
    clock.doubts = sorted(doubts | {j.hint for j in judged if j.hint})
    return clock


def _of_camera(judged: Judged) -> bool:
    return judged.claim.source != "gps" and judged.shown is not None


def _against_picture(other: Judged, picture: datetime, duration_s: float | None) -> str | None:
    """What is wrong with a claim that names another time than the picture, where that can be told."""
    if not _of_camera(other) or other.shown is None or other.claim.source == "burned_in":
        return None
    apart = (other.shown - picture).total_seconds()
    slack = AGREE.total_seconds()
    if abs(apart) <= slack:
        return None
    if duration_s is not None and duration_s > 2 * slack and abs(apart - duration_s) <= slack:
        return "names_end"
    hours = round(apart / 1800) * 1800
    return "zone_off" if 0 < abs(hours) <= 14 * 3600 and abs(apart - hours) <= slack else None


def _agreed(
    judged: list[Judged], duration_s: float | None, otherwise: Callable[[Claim], Judged]
) -> list[Judged]:
    """Wall clocks that agree tell which convention is meant: a header whose zone is in doubt is read the other way
    where only so it names what a better witness names. Where it names a later time than the camera's own with a zone,
    it is of an export."""
    slack = AGREE + timedelta(seconds=duration_s or 0)
    sure = [one for one in judged if one.finding == "ok" and _knows_its_zone(one.claim)]
    own = [one.shown for one in sure if _is_header(one.claim) and one.shown is not None]

    def fits(one: Judged) -> bool:
        return any(abs(other.shown - one.shown) <= slack for other in sure if other.shown and one.shown)

    found = []
    for one in judged:
        if sure and _is_header(one.claim) and not _knows_its_zone(one.claim) and not fits(one):
            again = otherwise(one.claim)
            if again.finding == "ok" and fits(again):
                one = again
            elif one.finding == "ok" and own and one.shown is not None and one.shown > max(own):
                one = one.model_copy(update={"finding": "exported"})
        found.append(one)
    return found


def _is_header(claim: Claim) -> bool:
    return claim.source.partition(":")[0] in HEADERS


def _knows_its_zone(claim: Claim) -> bool:
    """Whether nothing has to be guessed. `Z` in a header may stand behind wall clock time; satellites are no clock of
    the camera's."""
    if not _is_header(claim):
        return claim.source.partition(":")[0] in ("declared", "sidecar", "filename")
    try:
        return bool(read_time(claim.at).at.utcoffset())
    except UnreadableTime:
        return False


def _trust(claim: Claim) -> int:
    """Of the header's times one with a zone comes first: it is the camera's own, what stands beside it may be of an
    export. So is that of a photo: without a zone it is the wall clock's. They come before a name that nobody's
    convention reads, too."""
    word, _colon, tag = claim.source.partition(":")
    if _is_header(claim) and (tag.endswith(CAMERAS_OWN) or tag.startswith("exif_") or _knows_its_zone(claim)):
        word = "zoned"
    elif claim.source in TRUST:
        word = claim.source
    return TRUST.index(word) if word in TRUST else len(TRUST)


def _judge(
    claim: Claim,
    duration_s: float | None,
    arrived_at: datetime,
    convention: Convention,
    offset_of: Callable[[datetime], float] | None,
) -> Judged:
    read = parse(claim.at, ZoneInfo(convention.timezone))
    if read is None:
        return Judged(claim=claim, finding="unreadable")
    at, explicit = read
    camera = _is_header(claim)
    zone = ZoneInfo(convention.timezone)
    if camera and convention.zone == "local_as_utc" and not explicit:
        at = at.replace(tzinfo=zone).astimezone(UTC)
    named = at
    if (claim.stamp or (convention.stamp if camera else "start")) == "end":
        at -= timedelta(seconds=duration_s or 0)
    else:
        at += timedelta(seconds=claim.lead_s)
    shown = at
    if offset_of is not None and claim.source != "gps":
        at -= timedelta(seconds=offset_of(shown))
    finding = find(at, duration_s, arrived_at)
    if finding in ("far_from_arrival", "too_early") and is_reset(at + (named - shown), arrived_at, zone):
        finding = "epoch"
    hint = None
    if camera and finding == "future":
        other = at - (zone.utcoffset(at.replace(tzinfo=None)) or timedelta())
        if convention.zone == "utc" and find(other, duration_s, arrived_at) == "ok":
            hint = "eight_hours"
    return Judged(claim=claim, shown=shown, start=at, finding=finding, hint=hint)


def find(start: datetime, duration_s: float | None, arrived_at: datetime) -> Finding:
    """Whether a recording that arrived then can have begun at `start`."""
    if start.year in EPOCHS:
        return "epoch"
    if start < EARLIEST:
        return "too_early"
    if start + timedelta(seconds=duration_s or 0) > arrived_at + CLOCKS_APART:
        return "future"
    return "far_from_arrival" if arrived_at - start > FAR else "ok"


def parse(text: str, local: ZoneInfo) -> tuple[datetime, bool] | None:
    """(UTC time, whether its zone is beyond doubt). `Z` is in doubt: recorders write it after wall clock time.
    A time without a zone is local; a date alone is no time."""
    try:
        written = read_time(text)
    except UnreadableTime:
        return None
    if written.day_only or not 1900 <= written.at.year <= 2200:
        return None
    return written.in_utc(local), written.at.utcoffset() != timedelta(0)

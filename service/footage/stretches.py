"""What of a recording is recorded: not first to last, but where its stream really has samples. Pure.

Stretches are (start, end) pairs in seconds from the recording's first sample, in order and apart; what lies between
two of them is a hole (`Original.stretches`). Three axes: seconds into the recording, holes and all, which is how parts,
tags and tracks are kept; real time, which begins at `Recording.recorded_from`; and played seconds, for a rendition lays
the stretches end to end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from schemas.originals import Original
from schemas.recordings import Recording
from service.kernel.intervals import clip, common, gaps, union

Stretch = tuple[float, float]
Moments = tuple[datetime, datetime]
LAID_WITHIN_S = 0.5  # a rendition's joints lie this near to where the packets say

# Of a recording `r` and its original `o`, as SQL: its stretches, null where the whole span stands for them: it was not
# measured yet, or it is a sample, whose original only stands in.
STRETCHES = "CASE WHEN NOT r.sample THEN o.stretches END"
# Pictures far apart count as recorded only where the recorder's model declares that it takes them so.
COUNTS_IF_SPARSE = """
    (r.sample OR NOT coalesce(o.sparse, false) OR EXISTS (
        SELECT 1 FROM recorders d JOIN recorder_models m ON m.id = d.model_id
        WHERE d.id = r.recorder_id AND m.conventions -> 'time_lapse' = 'true'::jsonb))
"""
COUNTED_STRETCHES = f"CASE WHEN {COUNTS_IF_SPARSE} THEN {STRETCHES} ELSE '[]'::jsonb END"


@dataclass(frozen=True)
class Footage:
    """What is known of a recording's stretches. `measured` False: nobody has looked yet, and its one span stands for
    them. `sparse`: its pictures lie far apart. `clock_restarted`: the clock inside the file began anew."""

    stretches: tuple[Stretch, ...] = ()
    measured: bool = False
    sparse: bool = False
    clock_restarted: bool = False

    @classmethod
    def of(cls, recording: Recording, original: Original | None) -> Self:
        whole = ((0.0, recording.duration_s),) if recording.duration_s else ()
        if original is None:
            return cls(whole)
        if recording.sample:
            return cls(whole, measured=True)
        if original.stretches is None:
            return cls(whole)
        return cls(
            seconds(original.stretches),
            measured=True,
            sparse=original.sparse,
            clock_restarted=original.clock_restarted,
        )

    def shown(self, begun: datetime | None, ended: datetime | None) -> list[Moments]:
        """In real time; nothing where that is not known."""
        if begun is None or ended is None:
            return []
        return list(in_real_time(self.stretches if self.measured else None, begun, begun, ended))

    @property
    def recorded_s(self) -> float:
        return length(self.stretches)

    @property
    def holes(self) -> list[Stretch]:
        """Between the stretches."""
        return list(
            gaps(self.stretches, self.stretches[0][0], self.stretches[-1][1]) if self.stretches else ()
        )


def seconds(stored: Iterable[Sequence[float]]) -> tuple[Stretch, ...]:
    """As `Original.stretches` keeps them."""
    return tuple((float(start), float(end)) for start, end in stored)


def length(stretches: Iterable[Stretch]) -> float:
    return sum(end - start for start, end in stretches)


def in_real_time(
    stretches: Iterable[Sequence[float]] | None, begun: datetime, since: datetime, until: datetime
) -> tuple[Moments, ...]:
    """What of (since, until) a recording that began at `begun` shows. `stretches` None: all of it, though it be a
    moment only."""
    if stretches is None:
        return ((since, until),)
    found = ((begun + timedelta(seconds=start), begun + timedelta(seconds=end)) for start, end in stretches)
    return tuple(clip(found, since, until))


def within(ranges: Iterable[Sequence[float]], stretches: Sequence[Stretch]) -> list[Stretch]:
    """What of these seconds lies in the stretches: of black picture, for instance."""
    return common(union(seconds(ranges)), union(stretches))


# ---- played seconds --------------------------------------------------------------------------------------


def played_at(stretches: Sequence[Stretch], into_s: float) -> float:
    """Where a rendition shows this second of the recording; of a hole, where it goes on."""
    if not stretches:
        return into_s
    before = 0.0
    for start, end in stretches:
        if into_s < end:
            return before + max(0.0, into_s - start)
        before += end - start
    return before + into_s - stretches[-1][1]


def recorded_at(stretches: Sequence[Stretch], played_s: float, *, ending: bool = False) -> float:
    """The second of the recording that a rendition shows there. At a joint two are meant: the one after the hole, and,
    of what is `ending` there, the one before."""
    left = played_s
    for start, end in stretches:
        if left < end - start or (ending and left <= end - start):
            return start + left
        left -= end - start
    return stretches[-1][1] + left if stretches else played_s

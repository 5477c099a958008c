"""What is known of a recording's time and why: the shape of `Recording.clock`. Times as ISO 8601 in UTC.

An old row may lack a key; one that is only announced, or was never weighed, has few.
"""

from typing_extensions import TypedDict  # pydantic reads no other before Python 3.12


class TimeClaim(TypedDict, total=False):
    """`at` as found; `source` says where ("container:creation_time"). `stamp`: "start" or "end", where the source
    itself says which. `untrusted`: the camera marked it so itself."""

    source: str
    at: str
    stamp: str | None
    untrusted: bool


class JudgedClaim(TypedDict, total=False):
    """`shown`: the start that the claim names; `start`: the same corrected by the clock's offset; `finding`: "ok", or
    why it cannot be true; `hint`: what would make it right."""

    claim: TimeClaim
    shown: str | None
    start: str | None
    finding: str
    hint: str | None


class NearMeasurement(TypedDict, total=False):
    source: str
    at: str


class OffsetBasis(TypedDict, total=False):
    """Where a correction comes from. `near`: the measurements next to the moment, the earlier one first."""

    kind: str
    near: list[NearMeasurement]


class ClockAnswer(TypedDict, total=False):
    """One of several ways in which the clock may have been off; see `Offset.answers` of its rules."""

    offset_s: float
    doubt_s: float
    basis: OffsetBasis
    came_late: bool


class Settled(TypedDict):
    """Which of the answers fits what else is known: holdings, events, positions, what persons said."""

    offset_s: float


class CorrectedTime(TypedDict):
    """What a person said in place of all that clocks say. `by`: their user name."""

    recorded_from: str
    by: str
    at: str
    reason: str


class UncorrectedTime(TypedDict):
    """What stood there before a person corrected it, to be taken back to."""

    claimed_from: str | None
    recorded_from: str | None
    recorded_to: str | None
    offset_s: float | None
    doubt_s: float | None


class RecordingClock(TypedDict, total=False):
    """`judged`: every claim of time with its verdict; `chosen`, `camera`: the places there of the claim that was
    believed and of the one that says best what the camera's clock showed; `source`, `camera_source`: where these two
    stood. `apart_s`: how far good claims lie apart; `doubt_s`: how far the time may be off, where its source tells.
    `recorded_from`, `recorded_to`, `claimed_from`: as the claims were weighed. `basis`: of the clock's correction,
    null where none was measured. `answers`: where measurements disagree by hours and nobody knows which holds; `settled`
    which of them does, once that is clear. `corrected`: by a person, it beats all the rest; `uncorrected` what that
    stands for."""

    recorded_from: str | None
    recorded_to: str | None
    claimed_from: str | None
    chosen: int | None
    camera: int | None
    apart_s: float
    judged: list[JudgedClaim]
    doubts: list[str]
    source: str
    camera_source: str
    doubt_s: float
    basis: OffsetBasis | None
    answers: list[ClockAnswer]
    settled: Settled
    corrected: CorrectedTime
    uncorrected: UncorrectedTime

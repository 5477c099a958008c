"""Pictures, waveform and measurements of a recording without decoding all of it.

One pass over the key frames and the sound, which lists every packet beside; what packets and key frames make suspicious
is decoded from key frame to key frame and measured like a whole decode, and the results are pieced together. Where that
would not be simple or would save little, everything is decoded.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from schemas.reasons import Reason
from workers.media import graphs, quality, suspects
from workers.media.laying import Laid
from workers.media.probe import Probe
from workers.media.quality import Frame, Range
from workers.media.renditions import ended_badly, limits_for
from workers.media.sandbox import Limits, Outcome, Sandbox
from workers.media.seen import Looks, MeasureLog, as_recorded, collect, laid_out
from workers.media.verdict import Verdict
from workers.media.verify import expected, short

SHORT_S = 12.0
WORTH_IT = 0.75  # of a recording; where more is suspicious, all of it is decoded
STRETCHES_MAX = 60
KEYS_LEAST = graphs.STILLS  # so that no two stills are the same picture
DECODED_SHARE = 0.95  # of the pictures that were to come out
KEYS_SHARE = 0.5  # of the progress
TOUCHES_S = 0.5  # a freeze that begins or ends so near the edge of what was decoded may go on beyond it
GROWN_TIMES = 4


@dataclass(kw_only=True)
class Looked(Looks):
    """`decoded_s`: so much was decoded in full beside the key frames; `whole`: all of it was."""

    decoded_s: float = 0.0
    whole: bool = False


class _NotSo(Exception):
    """This recording has to be decoded whole."""


def look(
    path: Path,
    probe: Probe,
    verdict: Verdict,
    sandbox: Sandbox,
    private_dir: Path,
    on_progress: Callable[[float], None] | None = None,
    cancel: Event | None = None,
    threads: int = 0,
    stretches: Sequence[Sequence[float]] | None = None,
) -> Looked:
    """For a whole or partial verdict. `on_progress` gets 0…1. Never raises for the file's sake: what went wrong stands in
    `faults`. `stretches`: what of the recording is to be shown, end to end."""
    laid = laid_out(probe, verdict, stretches)
    plan = graphs.plan(probe, verdict, threads, laid)
    limits = limits_for(probe, plan.duration_s, picture=plan.video is not None)
    run = _Run(path, probe, plan, laid, sandbox, private_dir, limits, cancel, on_progress)
    recorded_s = sum(end - start for start, end in stretches) if stretches else None
    if not _simple(probe, plan):
        return run.whole(recorded_s)
    try:
        return run.by_keys()
    except _NotSo:
        return run.whole(recorded_s)


def _simple(probe: Probe, plan: graphs.Plan) -> bool:
    video = plan.video
    return (
        video is not None
        and plan.laid is None
        and plan.duration_s > SHORT_S
        and len(probe.parts) == 1
        and not (probe.joined or video.clock_restarted or video.rate_assumed or video.sparse)
    )


@dataclass
class _Run:
    path: Path
    probe: Probe
    plan: graphs.Plan
    laid: Laid | None
    sandbox: Sandbox
    private: Path
    limits: Limits
    cancel: Event | None
    on_progress: Callable[[float], None] | None
    made: Looked = field(default_factory=Looked)
    told: float = 0.0  # of the progress

    def whole(self, recorded_s: float | None) -> Looked:
        """What the key frames gave before is made anew, the sound too: in a transport stream the times of the picture
        depend on what else is read."""
        keys = self.made
        self.made = Looked(whole=True, decoded_s=self.plan.duration_s, wall_s=keys.wall_s, cpu_s=keys.cpu_s)
        outcome, records = self._decode(graphs.compose_looks(self.plan), 1.0)
        self.made.faults = ended_badly(outcome)
        if self._stopped():
            return self.made
        collect(self.made, self.plan, records, self.private)
        self.made.faults = self.made.faults or self._too_short(records, recorded_s)
        if self.laid:
            self.made.quality = as_recorded(self.made.quality, self.laid)
        return self.made

    def by_keys(self) -> Looked:
        assert self.plan.video, "sound alone is always heard whole"
        outcome, keys = self._decode(graphs.compose_looks(self.plan, keys_only=True), KEYS_SHARE)
        if self._stopped():
            return self.made
        if not outcome.ok:
            raise _NotSo
        collect(self.made, self.plan, keys, self.private)
        with (self.private / graphs.PACKETS).open(encoding="ascii", errors="replace") as lines:
            stream = suspects.packets(lines)
        groups = suspects.groups(stream)
        if self.made.faults or stream.timeless or not groups:
            raise _NotSo
        every = [1 / (self.plan.fps_cap + 1)] if self.plan.fps_cap else []
        due = suspects.due(stream.times, groups[0].start_s, *every, self.plan.measure_every_s)
        if len(keys) >= DECODED_SHARE * len(due):
            self.made.whole, self.made.decoded_s = True, self.plan.duration_s
            return self.made
        wanted = suspects.due([group.start_s for group in groups], 0.0, self.plan.measure_every_s)
        if len(keys) < DECODED_SHARE * len(wanted) or len(keys) < KEYS_LEAST:
            raise _NotSo
        video = self.plan.video
        named = suspects.suspects(stream, groups, keys, (video.width or 0) * (video.height or 0), video.codec)
        parts = _Parts(self, groups, due)
        parts.decode(suspects.stretches(named))
        if self._stopped():
            return self.made
        records = suspects.stitched(due, keys, parts.decoded)
        silent = self.made.quality.silent
        self.made.quality = quality.of_picture(
            records, self.plan.measure_every_s, self.plan.duration_s, parts.frozen
        )
        self.made.quality.silent = silent
        self.made.decoded_s = round(parts.seconds, 3)
        return self.made

    def _decode(self, argv: list[str], upto: float) -> tuple[Outcome, list[Frame]]:
        """`upto`: where the progress stands when this is done."""
        since = self.told

        def tell(share: float) -> None:
            if self.on_progress:
                self.on_progress(since + share * (upto - since))

        log = MeasureLog(self.plan.duration_s, tell)
        outcome = self.sandbox.run(
            argv,
            private_dir=self.private,
            readonly=[self.path],
            limits=self.limits,
            on_stdout=log.write,
            cancel=self.cancel,
        )
        self.told = upto
        self.made.wall_s += outcome.wall_s
        self.made.cpu_s += outcome.cpu_s
        self.made.cancelled = outcome.ended == "cancelled"
        return outcome, log.frames()

    def _stopped(self) -> bool:
        return self.made.cancelled

    def _too_short(self, records: Sequence[Frame], recorded_s: float | None) -> list[Reason]:
        """As an encode would find it."""
        video = self.plan.video
        if not video or not records:
            return []
        wanted = expected(self.probe, video, None, self.laid, recorded_s=recorded_s)
        seen_s = records[-1].t - records[0].t + self.plan.measure_every_s + wanted.step_s
        fault = short("video", seen_s, wanted.video_s or 0.0, wanted.step_s)
        return [fault] if fault else []


@dataclass
class _Parts:
    """Stretches decoded in full. One that a freeze reaches beyond grows until the freeze ends within it."""

    run: _Run
    groups: Sequence[suspects.Group]
    due: Sequence[float]
    decoded: list[tuple[Range, list[Frame]]] = field(default_factory=list)
    frozen: list[Range] = field(default_factory=list)
    seconds: float = 0.0

    def decode(self, named: Sequence[Range]) -> None:
        if len(named) > STRETCHES_MAX or self._length(named) > WORTH_IT * self.run.plan.duration_s:
            raise _NotSo
        for number, stretch in enumerate(named):
            upto = KEYS_SHARE + (1 - KEYS_SHARE) * (number + 1) / len(named)
            within, times = stretch, GROWN_TIMES
            while True:
                open_at = self._measure(within, upto)
                if self.run.made.cancelled:
                    return
                grown = self._grown(within, open_at)
                if grown == within:
                    break
                if not times or self.seconds > WORTH_IT * self.run.plan.duration_s:
                    raise _NotSo
                within, times = grown, times - 1

    @staticmethod
    def _length(ranges: Sequence[Range]) -> float:
        return sum(end - start for start, end in ranges)

    def _measure(self, within: Range, upto: float) -> tuple[bool, bool]:
        """Whether a freeze stands at its beginning, and at its end."""
        start, end = within
        plan = self.run.plan
        # One more than lie within: it tells whether a freeze ends there.
        times = [at for at in self.due if start - 0.001 <= at < end + 2 * plan.measure_every_s]
        beyond = next((i + 1 for i, at in enumerate(times) if at >= end - 0.001), len(times))
        times = times[:beyond]
        if not times:
            raise _NotSo
        half = (
            min((b - a for a, b in itertools.pairwise(times)), default=0.01) / 8
        )  # of a frame, at the least
        argv = graphs.compose_stretch(plan, start, times[0] - half, times[-1] + half)
        outcome, records = self.run._decode(argv, upto)
        if outcome.ended == "cancelled":
            return False, False
        if not outcome.ok or len(records) < DECODED_SHARE * len(times) - 1:
            raise _NotSo
        if abs(records[0].t + start - times[0]) > plan.measure_every_s:
            raise _NotSo
        records = [_moved(frame, times[0] - records[0].t) for frame in records]
        last = end >= self.groups[-1].end_s - 0.001
        until = plan.duration_s if last else end
        freezes = list(quality.freezes(records, until))
        unended = bool(freezes) and freezes[-1][1] == until
        self.seconds += end - start
        self.frozen += freezes
        self.decoded = [one for one in self.decoded if not (start <= one[0][0] and one[0][1] <= end)]
        self.decoded.append((within, [frame for frame in records if frame.t < end - 0.001 or last]))
        return (
            bool(freezes) and freezes[0][0] - times[0] < TOUCHES_S and start > self.groups[0].start_s + 0.001,
            unended and not last,
        )

    def _grown(self, within: Range, open_at: tuple[bool, bool]) -> Range:
        """By as much as it is long, at least by a group."""
        start, end = within
        more = max(end - start, 2.0)
        if open_at[0]:
            earlier = [group.start_s for group in self.groups if group.start_s < start - 0.001]
            start = max((at for at in earlier if at <= start - more), default=earlier[0])
        if open_at[1]:
            later = [group.end_s for group in self.groups if group.end_s > end + 0.001]
            end = min((at for at in later if at >= end + more), default=later[-1])
        return start, end


def _moved(frame: Frame, by_s: float) -> Frame:
    """A record of a stretch on the recording's axis."""
    times = ("freezedetect.freeze_start", "freezedetect.freeze_end")
    return Frame(
        frame.t + by_s, {key: value + by_s if key in times else value for key, value in frame.values.items()}
    )

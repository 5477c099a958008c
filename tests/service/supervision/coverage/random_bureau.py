"""A small bureau drawn by a seed, and its figures counted a second time by plain Python, second by second."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from sqlmodel import Session, select

from schemas.accounts import Role
from schemas.cases import Campaign
from schemas.coverage import Explanation, ExplanationKind, ExplanationReason, ExplanationState
from schemas.events import EnforcementEvent, EventKind, EventOfficer
from schemas.links import Link, LinkState
from schemas.matters import Duty, MatterList, RecordingMatter
from schemas.originals import Original
from schemas.recorders import Recorder, RecorderModel
from schemas.recordings import Recording, RecordingState
from service.registry.matters.queries import book
from tests.service.finding.linking.field import ZONE, Field, at

AS_OF = at("12:00", day=12)
SUBJECTS = ("", "dust", "noise")


def draw(bureau: Field, seed: int, events: int = 60) -> None:
    """Two squads, twelve days up to AS_OF, two matters lists, every state that links and recordings may have."""
    chance = Random(seed)
    session = bureau.session
    crews = {code: [bureau.officer(f"{code}-{n}", code).id for n in range(3)] for code in ("one", "two")}
    campaigns = [Campaign(name=f"专项 {n}") for n in range(2)]
    bureau.model("M-1", "R-1")
    bureau.model("M-2", "R-2", time_lapse=True)
    asker = bureau.actor(Role.member, "one")
    session.add_all(campaigns)
    _publish(session, chance)
    session.flush()
    made: list[EnforcementEvent] = []
    for _ in range(events):
        squad = chance.choice(list(crews))
        start = at("00:00") + timedelta(seconds=chance.randrange(12 * 86400))
        lasting = chance.choice([0, 40, 600, 1800, 3600])
        event = bureau.event(
            start,
            None if chance.random() < 0.1 else start + timedelta(seconds=lasting),
            squad=squad,
            kind=chance.choice(list(EventKind)),
            subject=chance.choice(SUBJECTS),
            campaign_id=chance.choice([None, *(one.id for one in campaigns)]),
            cancelled_at=start if chance.random() < 0.07 else None,
            merged_into=chance.choice(made).id if made and chance.random() < 0.07 else None,
        )
        made.append(event)
        for officer in chance.sample(crews[squad], chance.randint(0, 2)):
            session.add(EventOfficer(event_id=event.id, officer_id=officer))
        if chance.random() < 0.15:
            _explain(session, chance, event, asker.account_id, ExplanationKind.exemption)
        for _ in range(chance.randint(0, 2)):
            _explain(session, chance, event, asker.account_id, ExplanationKind.gap_reason)
    for _ in range(events * 2):
        _film(bureau, chance, chance.choice(made))
    session.flush()


def _publish(session: Session, chance: Random) -> None:
    for version, day in ((1, date(2024, 6, 5)), (2, date(2024, 6, 9))):
        listed = MatterList(version=version, in_force_from=day)
        session.add(listed)
        session.flush()
        for kind in EventKind:
            for subject in ("", "dust"):
                session.add(
                    RecordingMatter(
                        list_id=listed.id,
                        kind=kind,
                        subject=subject,
                        duty=chance.choice([Duty.must, Duty.must, Duty.text_suffices]),
                        from_offset_s=chance.choice([0, -60]),
                        to_offset_s=chance.choice([0, 30]),
                        late_start_s=chance.choice([0, 60]),
                        gap_s=chance.choice([0, 30]),
                        upload_hours=chance.choice([0, 24, 72]),
                    )
                )


def _explain(
    session: Session, chance: Random, event: EnforcementEvent, asker: Any, kind: ExplanationKind
) -> None:
    stretch: dict[str, Any] = {}
    if kind == ExplanationKind.gap_reason:
        start = event.arrived_at + timedelta(seconds=chance.randrange(-60, 1800))
        stretch = {"gap_from": start, "gap_to": start + timedelta(seconds=chance.choice([30, 600, 3600]))}
    session.add(
        Explanation(
            event_id=event.id,
            kind=kind,
            reason=chance.choice(list(ExplanationReason)),
            state=ExplanationState(chance.choice(["asked", "approved", "approved", "declined", "withdrawn"])),
            asked_by=asker,
            asked_at=event.arrived_at + timedelta(seconds=chance.randrange(1000)),
            **stretch,
        )
    )


def _film(bureau: Field, chance: Random, event: EnforcementEvent) -> None:
    start = event.arrived_at + timedelta(seconds=chance.choice([-300, 0, 0, 20, 200, 900, 7200]))
    end = start + timedelta(seconds=chance.choice([0, 30, 300, 900, 1800, 4000]))
    known = chance.random() > 0.07
    recording = bureau.recording(
        start if known else None,
        end if known else None,
        squad="one" if chance.random() < 0.5 else "two",
        state=chance.choice(
            [RecordingState.ready] * 6
            + [RecordingState.announced, RecordingState.refused, RecordingState.unplayable]
        ),
        received_at=end + timedelta(hours=chance.choice([0, 1, 24, 25, 80])),
        recorder=chance.choice([None, "R-1", "R-2"]),
        archived=chance.random() < 0.15,
    )
    if chance.random() < 0.6:
        _measure(bureau, chance, recording)
    state = chance.choice(
        [LinkState.automatic, LinkState.automatic, LinkState.confirmed, LinkState.offered, LinkState.rejected]
    )
    decided = state in (LinkState.confirmed, LinkState.rejected)
    part = chance.random() < 0.2 and state == LinkState.confirmed
    bureau.session.add(
        Link(
            recording_id=recording.id,
            event_id=event.id,
            state=state,
            previous_state=chance.choice([LinkState.automatic, LinkState.offered]) if decided else None,
            score=0.9,
            rule_version="1",
            part_start_s=15.0 if part else None,
            part_end_s=200.0 if part else None,
        )
    )


def _measure(bureau: Field, chance: Random, recording: Recording) -> None:
    """Mostly without a hole, some with a few, some with pictures far apart, some not looked at yet."""
    length = int(recording.duration_s or 0)
    cuts = sorted(chance.sample(range(length), min(length, chance.choice([0, 0, 2, 6])))) if length else []
    pairs = zip([0, *cuts[1::2]], [*cuts[::2], length], strict=True)
    stretches = [[float(start), float(end)] for start, end in pairs]
    if chance.random() < 0.1:
        bureau.measured(recording, None)
    else:
        bureau.measured(
            recording, [one for one in stretches if one[0] < one[1]], sparse=chance.random() < 0.2
        )


# ---- counted again -------------------------------------------------------------------------------------


@dataclass
class Judged:
    """One event as plain Python sees it; times in whole seconds since 1970."""

    event: EnforcementEvent
    day: date
    version: int
    out: str | None
    exempt: str | None
    due: int
    needed: range | None
    links: int
    expected: int
    in_time: int
    archived: int
    shown: int = 0
    offered: int = 0
    recorded: set[int] = field(default_factory=set)
    gaps: list[set[int]] = field(default_factory=list)
    explained: int = 0
    officers: frozenset = frozenset()

    @property
    def whole(self) -> bool:
        return self.shown > 0 and self.needed is not None and self.explained == len(self.gaps)


def judge(session: Session, *, confirmed: bool = False) -> list[Judged]:
    rules = book(session)
    originals = {one.id: one for one in session.scalars(select(Original))}
    time_lapse = set(
        session.scalars(select(Recorder.id).join(RecorderModel).where(RecorderModel.code == "M-2"))
    )
    states = {"confirmed"} if confirmed else {"confirmed", "automatic"}
    links, explanations, crews = defaultdict(list), defaultdict(list), defaultdict(set)
    offers: Counter[Any] = Counter()
    for link, recording in session.execute(
        select(Link, Recording).join(Recording, Recording.id == Link.recording_id)
    ):
        if link.state in states and recording.state != "refused" and recording.merged_into is None:
            links[link.event_id].append((link, recording))
        original = originals.get(recording.original_id)
        counts = original is None or not original.sparse or recording.recorder_id in time_lapse
        if link.state == "offered" and recording.state == "ready" and recording.merged_into is None:
            offers[link.event_id] += counts
    for one in session.scalars(select(Explanation)):
        if one.state == "approved":
            explanations[one.event_id].append(one)
    for member in session.scalars(select(EventOfficer)):
        crews[member.event_id].add(member.officer_id)
    found = []
    for event in session.scalars(select(EnforcementEvent)):
        day = event.arrived_at.astimezone(ZONE).date()
        rule = rules.find(day, EventKind(event.kind), event.subject)
        tied, approved = links[event.id], explanations[event.id]
        whole = sorted(
            (one for one in approved if one.kind == "exemption"), key=lambda one: (one.asked_at, one.id)
        )
        start = _s(event.arrived_at) + rule.from_offset_s
        end = None if event.departed_at is None else max(start, _s(event.departed_at) + rule.to_offset_s)
        ended = event.departed_at or event.arrived_at + timedelta(minutes=120)
        due = _s(ended) + rule.upload_hours * 3600
        here = [(link, recording) for link, recording in tied if recording.state != "announced"]
        archived = sum(recording.archived for _, recording in here)
        recorded: set[int] = set()
        shown = 0  # how many show a second of it; of an event of no length its one moment, an end included
        for link, recording in here:
            if recording.recorded_from is not None and recording.state != "unplayable":
                since, until = _s(recording.recorded_from), _s(recording.recorded_to)
                begun, original = since, originals.get(recording.original_id)
                if link.part_end_s is not None:
                    since, until = since + int(link.part_start_s), min(until, since + int(link.part_end_s))
                spans = [(since, until)]
                if original is not None and original.stretches is not None:
                    cut = [
                        (max(begun + int(a), since), min(begun + int(b), until))
                        for a, b in original.stretches
                    ]
                    counts = not original.sparse or recording.recorder_id in time_lapse
                    spans = [(a, b) for a, b in cut if a < b and counts]
                mine = {s for a, b in spans for s in range(a, b) if s >= start and (end is None or s < end)}
                recorded |= mine
                shown += any(a <= start <= b for a, b in spans) if start == end else bool(mine)
        judged = Judged(
            event=event,
            day=day,
            version=rule.version,
            out=(
                "merged" if event.merged_into
                else "cancelled" if event.cancelled_at
                else "not_required" if rule.duty != "must"
                else None
            ),
            exempt=str(whole[0].reason) if whole else None,
            due=due,
            needed=None if end is None else range(start, end),
            links=len(here),
            expected=len(tied) - archived,
            in_time=sum(_s(one.received_at) <= due for _, one in here if not one.archived),
            archived=archived,
            shown=shown,
            offered=offers[event.id],
            recorded=recorded,
            officers=frozenset(crews[event.id]),
        )  # fmt: skip
        if shown and start != end:
            reasons = [
                set(range(_s(one.gap_from), _s(one.gap_to))) for one in approved if one.kind == "gap_reason"
            ]
            _find_gaps(judged, start, end, rule, set().union(*reasons))
        found.append(judged)
    return found


def _find_gaps(judged: Judged, start: int, end: int | None, rule: Any, explained: set[int]) -> None:
    until = end if end is not None else max(judged.recorded, default=start - 1) + 1
    run: list[int] = []
    for second in [*range(start, until), None]:
        if second is not None and second not in judged.recorded:
            run.append(second)
            continue
        if run:
            forgiven = (
                rule.late_start_s if run[0] == start
                else rule.early_stop_s if run[-1] + 1 == end
                else rule.gap_s
            )  # fmt: skip
            if len(run) > forgiven:
                judged.gaps.append(set(run))
                left = len(set(run) - explained)
                judged.explained += left <= forgiven and left < len(run)
        run = []


def _s(moment: datetime) -> int:
    return int(moment.timestamp())


def figures_of(events: list[Judged], as_of: datetime) -> dict[str, dict[str, Any]]:
    """Numerator, denominator and exclusions of the figures about events."""
    now = _s(as_of)
    found: dict[str, dict[str, Any]] = {
        name: {"numerator": 0, "denominator": 0, "excluded": Counter()}
        for name in ("recorded", "completeness", "on_time", "exempt", "explained")
    }
    found["recorded"]["offered"] = 0

    def add(name: str, numerator: float, denominator: float) -> None:
        found[name]["numerator"] += numerator
        found[name]["denominator"] += denominator

    for one in events:
        if one.out or one.due > now:
            for figure in found.values():
                figure["excluded"][one.out or "not_due"] += 1
            continue
        add("exempt", 1 if one.exempt else 0, 1)
        if one.exempt:
            for name in ("recorded", "completeness", "on_time", "explained"):
                found[name]["excluded"]["exempt"] += 1
            continue
        add("recorded", 1 if one.shown else 0, 1)
        found["recorded"]["offered"] += not one.shown and one.offered > 0
        if one.needed is None:
            found["completeness"]["excluded"]["departure_unknown"] += 1
        else:
            add("completeness", len(one.recorded), len(one.needed))
        add("on_time", one.in_time, one.expected)
        if one.archived:
            found["on_time"]["excluded"]["archive"] += 1
        add("explained", one.explained, len(one.gaps))
    return found


def status_of(one: Judged, as_of: datetime) -> str:
    if one.out:
        return "not_counted"
    if one.exempt:
        return "exempt"
    if one.whole:
        return "complete"
    if one.due > _s(as_of):
        return "pending"
    return "partly" if one.shown else "missing"

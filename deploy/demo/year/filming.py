"""What was filmed of the acts, and what else: rows of recordings, and what each of them truly shows. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from deploy.demo.bureau import ZONE
from deploy.demo.year.acts import Act
from deploy.demo.year.clocks import Clock
from deploy.demo.year.report import YEAR
from deploy.demo.year.squads import Pair, at
from schemas.base import new_id
from schemas.events import EventKind
from schemas.recordings import RecordingState

# times the squad's own share of what nobody films
HARDER = {
    EventKind.document_delivery: 1.7,
    EventKind.coercion: 0.25,
    EventKind.evidence_collection: 0.55,
    EventKind.inspection: 1.0,
}
MONTHS = (1.1, 1.5, 1.1, 1.0, 1.0, 1.1, 1.0, 0.95, 0.8, 0.75, 0.65, 0.6)  # drilled since the second list
NO_POSITION = 0.55
NO_OFFICER, WRONG_OFFICER = 0.12, 0.03  # of the files' names
BY_HAND = 0.012  # of a pair's days: brought in under a bare name
LEFT_ON = 0.03  # filmed on to the next act
SPLIT, INTERRUPTED = 0.35, 0.03
IN_POCKET = 0.008  # of filmings: running, but nothing of the act can be seen
STRAY = 0.05
STILL_OUT = date(YEAR, 12, 24)  # from here on some files are only announced
ANNOUNCED = 0.09


@dataclass
class Footage:
    """`shows`: event ids by recording, the truth that persons know when they put links right."""

    recordings: list[dict[str, Any]] = field(default_factory=list)
    shows: dict[UUID, frozenset[UUID]] = field(default_factory=dict)
    without_recorder: set[UUID] = field(default_factory=set)


@dataclass(frozen=True)
class Shift:
    """Of a pair: when its recorder's files were here, and whether they came under bare names."""

    pair: Pair
    docked: datetime
    by_hand: bool


def film(
    acts: Sequence[Act], clocks: Mapping[UUID, Clock], originals: Sequence[UUID], rng: Random
) -> Footage:
    footage = Footage()
    by_pair: dict[tuple[date, UUID, UUID], list[Act]] = {}
    for act in acts:
        by_pair.setdefault((act.pair.day, act.pair.squad.id, act.pair.officers[0][0]), []).append(act)
    for mine in by_pair.values():
        pair = mine[0].pair
        if pair.recorder is None:
            footage.without_recorder.update(act.event["id"] for act in mine)
            continue
        shift = Shift(pair, _docked(pair, rng), rng.random() < BY_HAND)
        clock = clocks[pair.recorder[0]]
        for start, end, shown in _filmings(mine, rng):
            for since, until in _files(start, end, rng):
                seen = [act for act in shown if min(act.end, until) > max(act.start, since)] or shown[:1]
                _add(footage, shift, clock, since, until, seen, originals, rng)
        if rng.random() < STRAY * len(mine) * 1.2:
            since, until = _stray(mine, rng)
            _add(footage, shift, clock, since, until, [], originals, rng)
    footage.recordings.sort(key=lambda row: row["received_at"])
    return footage


def _docked(pair: Pair, rng: Random) -> datetime:
    moment = at(pair.day, time(18, 5)) + timedelta(minutes=rng.randint(0, 55))
    if rng.random() < pair.squad.habits.undocked:
        moment += timedelta(days=rng.choice((1, 1, 1, 2, 3, 4)), hours=rng.uniform(-9, 2))
    return moment


def _filmings(acts: Sequence[Act], rng: Random) -> Iterator[tuple[datetime, datetime, list[Act]]]:
    """From when to when the recorder ran, and which acts it saw."""
    habits = acts[0].pair.squad.habits
    skip = False
    for place, act in enumerate(acts):
        if skip:
            skip = False
            continue
        harder = HARDER[act.work.kind] * MONTHS[act.pair.day.month - 1]
        if act.work.subject == "vendor":
            harder *= 1.25
        if rng.random() < habits.missed * harder:
            continue
        length = (act.end - act.start).total_seconds()
        start, end = (
            act.start - timedelta(seconds=rng.uniform(2, 50)),
            act.end + timedelta(seconds=rng.uniform(2, 50)),
        )
        if rng.random() < habits.late_start:
            start = act.start + timedelta(seconds=min(rng.uniform(70, 420), length * 0.6))
        if rng.random() < habits.early_stop:
            end = act.end - timedelta(seconds=length * rng.uniform(0.12, 0.4))
        shown = [act] if rng.random() >= IN_POCKET else []
        following = acts[place + 1] if place + 1 < len(acts) else None
        if (
            shown
            and following
            and following.start - act.end < timedelta(minutes=20)
            and rng.random() < LEFT_ON
        ):
            end, skip = following.end + timedelta(seconds=rng.uniform(2, 50)), True
            shown.append(following)
        yield start, max(end, start + timedelta(seconds=20)), shown


def _files(start: datetime, end: datetime, rng: Random) -> list[tuple[datetime, datetime]]:
    """A recorder cuts long acts into files; now and then a finger stops it in between."""
    length = (end - start).total_seconds()
    if length > 300 and rng.random() < INTERRUPTED:
        stop = start + timedelta(seconds=length * rng.uniform(0.3, 0.6))
        return [(start, stop), (stop + timedelta(seconds=rng.uniform(45, min(180, length * 0.3))), end)]
    if length > 600 and rng.random() < SPLIT:
        pieces, since = [], start
        while (end - since).total_seconds() > 630:
            pieces.append((since, since + timedelta(seconds=600)))
            since += timedelta(seconds=600 + rng.uniform(0, 0.8))
        return [*pieces, (since, end)]
    return [(start, end)]


def _stray(acts: Sequence[Act], rng: Random) -> tuple[datetime, datetime]:
    """Does it work? Or switched on by mistake, after work."""
    day = acts[0].pair.day
    if rng.random() < 0.6:
        start = at(day, time(7, 52)) + timedelta(seconds=rng.randrange(900))
        return start, start + timedelta(seconds=rng.randint(5, 40))
    start = at(day, time(17, 52)) + timedelta(seconds=rng.randrange(600))
    return start, start + timedelta(seconds=rng.randint(20, 500))


def _add(
    footage: Footage,
    shift: Shift,
    clock: Clock,
    since: datetime,
    until: datetime,
    seen: list[Act],
    originals: Sequence[UUID],
    rng: Random,
) -> None:
    pair = shift.pair
    recorder, serial = pair.recorder  # type: ignore[misc]  # `film` leaves out pairs without
    officer: tuple[UUID, str] | None = pair.holder(since)
    if rng.random() < NO_OFFICER:
        officer = None
    elif rng.random() < WRONG_OFFICER:
        officer = rng.choice(pair.squad.officers)
    shown = clock.shown(since).replace(microsecond=0)
    length = round((until - since).total_seconds(), 1)
    received = max(shift.docked, until + timedelta(minutes=3)) + timedelta(seconds=rng.randint(20, 900))
    offset = clock.correct(shown, received)
    start = shown - timedelta(seconds=offset.offset_s) if offset else shown
    announced = pair.day >= STILL_OUT and bool(seen) and rng.random() < ANNOUNCED
    stamp = f"{shown.astimezone(ZONE):%Y%m%d%H%M%S}"
    name = f"{serial}_{officer[1]}_{stamp}.mp4" if officer else f"{serial}@{stamp[:8]}-{stamp[8:]}.mp4"
    if shift.by_hand:
        name, officer = f"DSC_{stamp}.mp4", None
    place = (seen[0].place if seen else None) if rng.random() >= NO_POSITION else None
    recording_id = new_id()
    footage.shows[recording_id] = frozenset(act.event["id"] for act in seen)
    footage.recordings.append(
        {
            "id": recording_id,
            "original_id": None if announced else rng.choice(originals),
            "squad_id": pair.squad.id,
            "state": RecordingState.announced if announced else RecordingState.ready,
            "reason_params": {},
            "file_name": name,
            "note": "",
            "claims": _announcement(name, serial, shown, length, received) if announced else {},
            "recorder_id": None if shift.by_hand else recorder,
            "officer_id": officer[0] if officer else None,
            "claimed_from": shown,
            "clock_offset_s": offset.offset_s if offset and not shift.by_hand else None,
            "clock_doubt_s": offset.doubt_s if offset and not shift.by_hand else None,
            "recorded_from": shown if shift.by_hand else start,
            "recorded_to": (shown if shift.by_hand else start) + timedelta(seconds=length),
            "duration_s": length,
            "clock": {"basis": offset.basis.as_json()} if offset and not shift.by_hand else {},
            "latitude": round(place[0] + rng.gauss(0, 0.00012), 6) if place else None,
            "longitude": round(place[1] + rng.gauss(0, 0.00012), 6) if place else None,
            "track": [],
            "received_at": received,
            "playable_at": None if announced else received + timedelta(seconds=3),
            "announced_at": received if announced else None,
            "due_at": received + timedelta(hours=24) if announced else None,
            "device_file_id": f"{serial}-{stamp}" if announced else None,
            "sample": True,
        }
    )  # fmt: skip


def _announcement(
    name: str, serial: str, start: datetime, length_s: float, listed: datetime
) -> dict[str, Any]:
    facts = {
        "recorder": serial,
        "file_id": f"{serial}-{start.astimezone(ZONE):%Y%m%d%H%M%S}",
        "start": start.isoformat(),
        "end": (start + timedelta(seconds=length_s)).isoformat(),
        "size": round(length_s * 700_000),
    }
    return {"announced": {"at": listed.isoformat(), "by": "system", "facts": facts}, "sidecar": facts}

"""A bureau's year for the measures of coverage: events, recordings, links and lists, made by a seed."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from schemas.base import new_id
from schemas.cases import Campaign
from schemas.events import EventKind
from schemas.matters import MatterList, RecordingMatter
from schemas.people import Officer, Squad
from service.registry.matters.defaults import DEFAULT_LINES

YEAR = 2024
EVENTS = {"full": 100_000, "quick": 2_000}  # and three recordings for each
START = datetime(YEAR, 1, 1, tzinfo=UTC)
AS_OF = datetime(YEAR + 1, 1, 1, tzinfo=UTC)
SUBJECTS = (
    "餐饮油烟",
    "建筑工地",
    "扬尘",
    "噪声",
    "流动摊贩",
    "户外招牌",
    "占道挖掘",
    "市政设施",
    "燃气",
    "",
)
SECOND = timedelta(seconds=1)


def build(engine: Engine, events: int, *, squads: int = 12, seed: int = 7) -> None:
    """`events` events, three recordings for each one that was filmed at all, and what has neither."""
    chance = Random(seed)
    with Session(engine) as session:
        people = _people(session, squads)
        campaigns = [Campaign(name=f"专项 {n}") for n in range(20)]
        session.add_all(campaigns)
        _lists(session)
        session.commit()
        rows = _rows(chance, events, people, [row.id for row in campaigns])
        for table, columns, lines in rows:
            _copy(session, table, columns, lines)
        session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))


def _people(session: Session, squads: int) -> list[tuple[UUID, list[UUID]]]:
    found = []
    for n in range(squads):
        squad = Squad(code=f"S{n:02}", name=f"{n} 中队")
        session.add(squad)
        session.flush()
        officers = [
            Officer(certificate_no=f"{n:02}-{m:03}", name=f"队员 {n:02}{m:03}", squad_id=squad.id)
            for m in range(20)
        ]
        session.add_all(officers)
        session.flush()
        found.append((squad.id, [officer.id for officer in officers]))
    return found


def _lists(session: Session) -> None:
    """Two versions: from the middle of the year on more is asked for."""
    for version, day, more in ((1, date(YEAR, 1, 1), {}), (2, date(YEAR, 7, 1), {"late_start_s": 30})):
        listed = MatterList(version=version, in_force_from=day)
        session.add(listed)
        session.flush()
        for line in DEFAULT_LINES:
            session.add(RecordingMatter(list_id=listed.id, **(line.model_dump() | more)))


def _rows(
    chance: Random, count: int, people: Sequence[tuple[UUID, list[UUID]]], campaigns: list[UUID]
) -> list[tuple[str, str, list[Sequence[Any]]]]:
    kinds = list(EventKind)
    events, crews, recordings, links = [], [], [], []
    for _ in range(count):
        squad, officers = chance.choice(people)
        arrived = START + timedelta(seconds=chance.randrange(365 * 86400))
        departed = (
            arrived + timedelta(seconds=chance.randrange(300, 7200)) if chance.random() > 0.01 else None
        )
        event, crew = new_id(), chance.sample(officers, 2)
        cancelled = arrived if chance.random() < 0.02 else None
        events.append((
            event, chance.choice(kinds).value, "检查", chance.choice(SUBJECTS), "", "", arrived, departed, squad,
            chance.choice(campaigns) if chance.random() < 0.3 else None, cancelled, False, arrived,
        ))  # fmt: skip
        crews += [(event, officer) for officer in crew]
        if chance.random() < 0.08:
            continue
        for recording, start, end in _filmed(chance, arrived, departed or arrived + 1800 * SECOND):
            came = end + timedelta(hours=chance.expovariate(1 / 9))
            recordings.append(_recording(recording, squad, crew[0], start, end, came))
            drawn = chance.random()
            if drawn < 0.97:
                state = "confirmed" if drawn < 0.3 else "automatic" if drawn < 0.92 else "offered"
                links.append((new_id(), recording, event, state, 0.9, "[]", "1", came))
    for _ in range(count * 3 - len(recordings)):
        squad, officers = chance.choice(people)
        start = START + timedelta(seconds=chance.randrange(365 * 86400))
        end = start + timedelta(seconds=chance.randrange(60, 1800))
        recordings.append(
            _recording(new_id(), squad, chance.choice(officers), start, end, end + 3600 * SECOND)
        )
    return [
        (
            "enforcement_events",
            "id, kind, title, subject, party, place, arrived_at, departed_at, squad_id, campaign_id, cancelled_at,"
            " sample, created_at",
            events,
        ),
        ("event_officers", "event_id, officer_id", crews),
        (
            "recordings",
            "id, squad_id, officer_id, state, recorded_from, recorded_to, received_at, file_name, note, reason_params,"
            " claims, clock, track, sample",
            recordings,
        ),
        ("links", "id, recording_id, event_id, state, score, reasons, rule_version, created_at", links),
    ]


def _filmed(chance: Random, arrived: datetime, left: datetime) -> Iterable[tuple[UUID, datetime, datetime]]:
    """Three files of one act: late by some minutes sometimes, with a hole sometimes, ended early sometimes."""
    start = arrived + (chance.randrange(60, 600) if chance.random() < 0.2 else chance.randrange(50)) * SECOND
    end = left - (chance.randrange(60, 600) if chance.random() < 0.15 else chance.randrange(50)) * SECOND
    if end <= start:
        end = start + 60 * SECOND
    third = (end - start) / 3
    for n in range(3):
        hole = chance.randrange(40, 300) * SECOND if chance.random() < 0.05 else timedelta()
        yield new_id(), start + n * third + min(hole, third / 2), start + (n + 1) * third


def _recording(
    recording: UUID, squad: UUID, officer: UUID, start: datetime, end: datetime, came: datetime
) -> Sequence[Any]:
    return (
        recording,
        squad,
        officer,
        "ready",
        start,
        end,
        came,
        "clip.mp4",
        "",
        "{}",
        "{}",
        "{}",
        "[]",
        False,
    )


def _copy(session: Session, table: str, columns: str, lines: list[Sequence[Any]]) -> None:
    cursor = session.connection().connection.cursor()
    with cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for line in lines:
            copy.write_row(line)

"""The year 2024 in the counts of the bureau's report, for boards and search.

Its recordings share a few real stand-in originals and are marked `sample`; the database refuses such rows
unless it was made as a demo database.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlmodel import Session

from deploy.demo.bureau import ROADS, SITE, ZONE
from schemas.base import new_id
from schemas.cases import Campaign, Case
from schemas.events import EnforcementEvent, EventKind, EventOfficer
from schemas.links import Link, LinkState
from schemas.originals import MediaState, Original
from schemas.people import Officer, Squad
from schemas.recorders import Recorder
from schemas.recordings import Recording, RecordingState
from service.linking.rules import VERSION
from service.policy import policy
from service.search.project import index_recordings
from service.search.rules import case_number_fold

YEAR = 2024
RECORDED_SHARE = 0.86  # of events; the rest shows on the board as missing
STAND_INS = 4
BATCH = 1000


@dataclass(frozen=True)
class Work:
    """One line of the report: how many acts of one kind."""

    count: int
    kind: EventKind
    subject: str
    act: str
    party: str
    campaigns: int = 0


REPORT = (
    Work(704, EventKind.inspection, "restaurant_fumes", "餐饮油烟检查", "餐饮店", campaigns=77),
    Work(962, EventKind.inspection, "site", "工地巡查", "工地"),
    Work(492, EventKind.evidence_collection, "dust", "扬尘整改取证", "工地"),
    Work(223, EventKind.evidence_collection, "noise", "噪声投诉处置", "工地"),
    Work(12, EventKind.document_delivery, "air_pollution", "大气污染整改通知送达", "企业"),
    Work(4210, EventKind.inspection, "vendor", "流动摊贩劝离", "流动摊贩"),
    Work(1604, EventKind.inspection, "outdoor_sign", "户外招牌检查", "商户"),
    Work(602, EventKind.inspection, "hazard", "隐患上报", "路段"),
    Work(188, EventKind.coercion, "outdoor_sign", "违规招牌拆除", "商户"),
    Work(164, EventKind.document_delivery, "penalty", "行政处罚决定书送达", "当事人"),
)


class NotADemoDatabase(Exception):
    """The year is only for a database that `zhenglu demo` made."""


def load_year(session: Session, seed: int = YEAR) -> dict[str, int]:
    """Adds the year once; answers how many events and recordings there are of it. A second call changes nothing."""
    if policy(session, "demo_database") is not True:
        raise NotADemoDatabase
    known = session.scalars(select(Campaign.id).where(Campaign.external_id == f"Y{YEAR}-1")).first()
    if known is not None:
        return {"events": 0, "recordings": 0}
    rng = random.Random(seed)
    crews = _crews(session)
    stand_ins = list(
        session.scalars(
            select(Original)
            .where(Original.media_state == MediaState.ready)
            .order_by(Original.created_at)
            .limit(STAND_INS)
        )
    )
    if not stand_ins:
        raise NotADemoDatabase
    campaigns = _campaigns(session)
    cases = _cases(session, crews, rng)
    events, officers, recordings, links = [], [], [], []
    for work, n in _acts():
        squad, people, recorders = crews[rng.randrange(len(crews))]
        event = _event(work, n, squad, campaigns, cases.get(squad, []), rng)
        events.append(event)
        pair = rng.sample(people, 2)
        officers += [{"event_id": event["id"], "officer_id": officer} for officer in pair]
        if rng.random() < RECORDED_SHARE:
            recording, link = _recording(event, pair[0], rng.choice(recorders), rng.choice(stand_ins), rng)
            recordings.append(recording)
            links.append(link)
    for table, rows in (
        (EnforcementEvent, events),
        (EventOfficer, officers),
        (Recording, recordings),
        (Link, links),
    ):
        for start in range(0, len(rows), BATCH):
            session.execute(insert(table), rows[start : start + BATCH])
    index_recordings(session, [row["id"] for row in recordings])
    return {"events": len(events), "recordings": len(recordings)}


def _acts() -> Iterator[tuple[Work, int]]:
    for work in REPORT:
        for n in range(work.count):
            yield work, n


def _crews(session: Session) -> list[tuple[UUID, list[UUID], list[UUID]]]:
    found = []
    for squad in session.scalars(select(Squad.id).order_by(Squad.code)):
        people = list(
            session.scalars(select(Officer.id).where(Officer.squad_id == squad).order_by(Officer.id))
        )
        recorders = list(session.scalars(select(Recorder.id).where(Recorder.squad_id == squad)))
        if len(people) >= 2 and recorders:
            found.append((squad, people, recorders))
    return found


def _campaigns(session: Session) -> list[UUID]:
    ids = []
    for n in range(REPORT[0].campaigns):
        start = date(YEAR, 1, 2) + timedelta(days=int(n * 364 / REPORT[0].campaigns))
        campaign = Campaign(
            external_id=f"Y{YEAR}-{n + 1}",
            name=f"{YEAR} 年餐饮油烟专项行动第 {n + 1} 次",
            starts_on=start,
            ends_on=start + timedelta(days=2),
        )
        session.add(campaign)
        ids.append(campaign.id)
    session.flush()
    return ids


def _cases(session: Session, crews, rng: random.Random) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    for n in range(240):
        squad = crews[n % len(crews)][0]
        number = f"示城管罚〔{YEAR}〕{n + 1}号"
        place = f"{rng.choice(ROADS)} {rng.randint(1, 180)} 号"
        case = Case(
            number=number,
            number_folded=case_number_fold(number),
            title=f"{place}{rng.choice(('扬尘污染案', '油烟超标排放案', '占道经营案', '擅自设置招牌案'))}",
            party=f"当事人 {n + 1:03d}",
            place=place,
            opened_on=date(YEAR, 1 + n * 12 // 240, 1 + n % 27),
            squad_id=squad,
            sample=True,
        )
        session.add(case)
        found.setdefault(squad, []).append(case.id)
    session.flush()
    return found


def _event(
    work: Work, n: int, squad: UUID, campaigns: list[UUID], cases: list[UUID], rng: random.Random
) -> dict[str, Any]:
    day = date(YEAR, 1, 1) + timedelta(days=rng.randrange(366))
    arrived = datetime.combine(day, time(8, 30), ZONE) + timedelta(minutes=rng.randrange(9 * 60))
    place = f"{rng.choice(ROADS)} {rng.randint(1, 400)} 号"
    in_case = cases and work.kind != EventKind.inspection and rng.random() < 0.7
    return {
        "id": new_id(),
        "external_id": f"Y{YEAR}-{work.subject}-{work.kind}-{n + 1}",
        "kind": work.kind,
        "subject": work.subject,
        "title": f"{place}{work.act}",
        "party": f"{work.party} {rng.randint(1, 900):03d}",
        "place": place,
        "latitude": round(SITE[0] + rng.uniform(-0.05, 0.05), 5),
        "longitude": round(SITE[1] + rng.uniform(-0.05, 0.05), 5),
        "arrived_at": arrived,
        "departed_at": arrived + timedelta(minutes=rng.randint(4, 45)),
        "squad_id": squad,
        "case_id": rng.choice(cases) if in_case else None,
        "campaign_id": campaigns[n * len(campaigns) // work.count] if work.campaigns else None,
        "cancelled_at": None,
        "sample": True,
        "created_at": arrived,
    }


def _recording(
    event: dict[str, Any], officer: UUID, recorder: UUID, original: Original, rng: random.Random
) -> tuple[dict[str, Any], dict[str, Any]]:
    late = rng.random() < 0.2
    start = event["arrived_at"] + timedelta(seconds=rng.randint(60, 400) if late else -rng.randint(2, 60))
    end = max(event["departed_at"] + timedelta(seconds=rng.randint(-90, 60)), start + timedelta(seconds=30))
    received = end + timedelta(hours=rng.choice((1, 3, 6, 9, 20, 30)))
    recording_id = new_id()
    recording = {
        "id": recording_id,
        "original_id": original.id,
        "squad_id": event["squad_id"],
        "uploaded_by": None,
        "state": RecordingState.ready,
        "reason": None,
        "reason_params": {},
        "file_name": f"{event['external_id']}.mp4",
        "note": "",
        "claims": {},
        "recorder_id": recorder,
        "officer_id": officer,
        "recorded_from": start,
        "recorded_to": end,
        "duration_s": (end - start).total_seconds(),
        "clock": {},
        "latitude": None,
        "longitude": None,
        "track": [],
        "received_at": received,
        "playable_at": received + timedelta(seconds=3),
        "merged_into": None,
        "sample": True,
    }
    overlap = (max(start, event["arrived_at"]), min(end, event["departed_at"]))
    link = {
        "id": new_id(),
        "recording_id": recording_id,
        "event_id": event["id"],
        "case_id": None,
        "state": LinkState.automatic,
        "previous_state": None,
        "score": 0.9,
        "reasons": [],
        "part_from": overlap[0] if overlap[0] < overlap[1] else None,
        "part_to": overlap[1] if overlap[0] < overlap[1] else None,
        "rule_version": VERSION,
        "decided_by": None,
        "decided_at": None,
        "created_at": received,
    }
    return recording, link

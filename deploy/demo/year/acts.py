"""The acts of the year: which pair did what, where, from when to when, and what was written down of it. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from deploy.demo.bureau import ROADS, SITE
from deploy.demo.year.report import CANCELLED, DAYS, MERGED, REPORT, YEAR, Work, busy, campaign_days
from deploy.demo.year.squads import Pair, Squad, at
from schemas.base import new_id

DAY_FROM, DAY_TO = time(8, 25), time(17, 40)
BETWEEN_MIN = 4.0


@dataclass
class Act:
    """`start`, `end` and `place` as they truly were; `event`: the row, as it was written down."""

    pair: Pair
    work: Work
    start: datetime
    end: datetime
    place: tuple[float, float]
    event: dict[str, Any]


@dataclass(frozen=True)
class Papers:
    """Ids of campaigns in their order, and of cases by squad with the day on which each was opened."""

    campaigns: Sequence[UUID]
    cases: Mapping[UUID, Sequence[tuple[UUID, date]]]


def acts_of(
    duty: Mapping[UUID, Mapping[date, list[Pair]]], squads: Sequence[Squad], papers: Papers, rng: Random
) -> tuple[list[Act], list[dict[str, Any]]]:
    """All acts in order of time, a pair's own never at once; and the rows of events that were cancelled, or merged
    into another because two people wrote them down."""
    waiting: dict[tuple[date, UUID], list[tuple[Work, int]]] = defaultdict(list)
    shares = [squad.habits.share for squad in squads]
    for work in REPORT:
        weights = [busy(day) * work.months[day.month - 1] for day in DAYS]
        days = rng.choices(DAYS, weights, k=work.count)
        for n in range(work.count):
            day = days[n]
            if work.campaigns:
                first, last = campaign_days(n * work.campaigns // work.count, work.campaigns)
                day = first + timedelta(days=rng.randint(0, (last - first).days))
            squad = rng.choices(squads, shares)[0]
            waiting[day, squad.id].append((work, n))
    found: list[Act] = []
    for (day, squad_id), works in sorted(waiting.items(), key=lambda one: (one[0][0], str(one[0][1]))):
        rng.shuffle(works)
        pairs = duty[squad_id][day]
        for place, pair in enumerate(pairs):
            found += _laid_out(pair, works[place :: len(pairs)], papers, rng)
    found.sort(key=lambda act: act.start)
    return found, _not_counted(found, rng)


def _laid_out(pair: Pair, works: list[tuple[Work, int]], papers: Papers, rng: Random) -> list[Act]:
    if not works:
        return []
    window = (at(pair.day, DAY_TO) - at(pair.day, DAY_FROM)).total_seconds() / 60
    lengths = [rng.uniform(*work.minutes) for work, _ in works]
    room = window - BETWEEN_MIN * len(works)
    if sum(lengths) > room:
        lengths = [length * room / sum(lengths) for length in lengths]
    pauses = [rng.expovariate(1) for _ in range(len(works) + 1)]
    spare = max(0.0, room - sum(lengths))
    moment = at(pair.day, DAY_FROM)
    found = []
    for (work, n), length, pause in zip(works, lengths, pauses, strict=False):
        moment += timedelta(minutes=BETWEEN_MIN / 2 + spare * pause / sum(pauses))
        start = moment.replace(microsecond=0)
        end = start + timedelta(seconds=round(length * 60))
        moment = end + timedelta(minutes=BETWEEN_MIN / 2)
        place = (SITE[0] + rng.uniform(-0.05, 0.05), SITE[1] + rng.uniform(-0.05, 0.05))
        found.append(
            Act(pair, work, start, end, place, _event(pair, work, n, start, end, place, papers, rng))
        )
    return found


def _event(
    pair: Pair,
    work: Work,
    n: int,
    start: datetime,
    end: datetime,
    place: tuple[float, float],
    papers: Papers,
    rng: Random,
) -> dict[str, Any]:
    arrived, departed = _noted(start, rng), _noted(end, rng)
    address = f"{rng.choice(ROADS)} {rng.randint(1, 400)} 号"
    placed = rng.random() < 0.8
    return {
        "id": new_id(),
        "external_id": f"Y{YEAR}-{work.subject}-{work.kind}-{n + 1}",
        "kind": work.kind,
        "subject": work.subject,
        "title": f"{address}{work.act}",
        "party": f"{work.party} {rng.randint(1, 900):03d}",
        "place": address,
        "latitude": round(place[0] + rng.gauss(0, 0.00012), 5) if placed else None,
        "longitude": round(place[1] + rng.gauss(0, 0.00012), 5) if placed else None,
        "arrived_at": arrived,
        "departed_at": max(departed, arrived + timedelta(minutes=1)),
        "squad_id": pair.squad.id,
        "case_id": _case(pair, work, papers, rng),
        "campaign_id": papers.campaigns[n * work.campaigns // work.count] if work.campaigns else None,
        "cancelled_at": None,
        "merged_into": None,
        "sample": True,
        "created_at": departed,
    }


def _noted(moment: datetime, rng: Random) -> datetime:
    """An officer writes down the minute, more or less; a terminal the second."""
    if rng.random() < 0.5:
        return moment
    return (moment + timedelta(seconds=rng.gauss(0, 20) + 30)).replace(second=0, microsecond=0)


def _case(pair: Pair, work: Work, papers: Papers, rng: Random) -> UUID | None:
    """A case has acts of the weeks after it was opened."""
    if work.kind == "inspection" or rng.random() >= 0.7:
        return None
    open_ones = [
        case
        for case, opened in papers.cases.get(pair.squad.id, ())
        if timedelta() <= pair.day - opened <= timedelta(days=75)
    ]
    return rng.choice(open_ones) if open_ones else None


def _not_counted(acts: Sequence[Act], rng: Random) -> list[dict[str, Any]]:
    """Beside the acts of the report: visits called off before anybody went, and acts that stood in the list twice."""
    rows = []
    for n, act in enumerate(rng.sample(list(acts), round(len(acts) * (CANCELLED + MERGED)))):
        merged = n < len(acts) * MERGED
        moved = timedelta(minutes=rng.randint(1, 3) if merged else rng.randint(200, 400))
        kept = act.event
        rows.append(
            kept
            | {
                "id": new_id(),
                "external_id": f"{kept['external_id']}-{'twice' if merged else 'off'}",
                "arrived_at": kept["arrived_at"] + moved,
                "departed_at": kept["departed_at"] + moved,
                "merged_into": kept["id"] if merged else None,
                "cancelled_at": None if merged else kept["departed_at"] + timedelta(hours=2),
                "officers": act.pair.officers,
            }
        )
    return rows

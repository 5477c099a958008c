"""A day of a bureau, rehearsed: a hundred officers' film comes in by docks in two waves while events are imported and people
browse, on one worker and on two. Scaled down by a stated part; its pictures are made before and not counted."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from deploy.parts import Size
from schemas.accounts import AccountCreate, Role, TokenScope
from schemas.base import new_id
from service.access.actions import create_account, create_token
from service.desk.operations.pace import PERIODS, Pace, pace, waits
from service.kernel.actor import Actor
from service.kernel.database import transaction
from service.kernel.queues import QUEUES
from tests.bench import day_traffic as traffic
from tests.bench.day_traffic import Film, Seen
from tests.bench.footage import clip, hevc_clip
from tests.bench.installation import PASSWORD, SQUAD, Running, installed
from tests.bench.report import Row, against, quantile
from tests.bench.scale import Scale

FILM_H, OFFICERS, RECORDERS, SQUADS, WAVES = 200, 100, 50, 5, 2
BYTES_A_S = 10**6  # 8 Mbit/s
HEVC_EVERY, ASKED_EVERY = 10, 3  # of the HEVC recordings, every third is asked for
WITHIN_S = 600.0
WAVE_WITHIN_S = 120.0  # the second wave docks when the first is done, and then at the latest
LOOK_EVERY_S = 2.0
EVENTS_OVER_S = 20.0
ROOM_BESIDE = 4 * 10**9  # the database, the pictures' sources, what is made of films
AIM_FILM_H = 20.0
OPERATOR = Actor(new_id(), "bench", Role.admin, None)


class TooLittleRoom(RuntimeError):
    """Said before anything is begun."""


@dataclass
class Worst:
    """The highest seen while it went on: seconds that the oldest recording waited for each thing, MiB of each part."""

    waited_s: dict[str, float] = field(default_factory=dict)
    memory_mib: dict[str, float] = field(default_factory=dict)


@dataclass
class Day:
    """One run. `done_s`: seconds of film that were looked at in the end; `finished`: all of it, and nothing was left to
    do."""

    workers: int
    pace: Pace
    worst: Worst
    seen: Seen
    link_ms: list[float]
    linked_after_s: list[float]
    done_s: float
    wall_s: float
    finished: bool
    states: dict[str, int]
    failed: dict[str, int]
    links: dict[str, int]
    disk_mib: dict[str, float]

    @property
    def film_hours_per_machine_hour(self) -> float:
        return self.done_s / self.pace.machine_s if self.pace.machine_s else 0.0

    @property
    def cpu_s_per_film_hour(self) -> float:
        return self.pace.cpu_s / self.done_s * 3600 if self.done_s else 0.0


def run(scale: Scale) -> list[Row]:
    _room(scale, Path(tempfile.gettempdir()))
    seconds = film_s(scale)
    films = films_of(scale, {False: clip(seconds), True: hevc_clip(seconds)})
    days = {workers: _rehearsed(films, workers) for workers in (1, 2)}
    return [row for day in days.values() for row in _rows(day, scale)] + _for_more(days, scale)


def needed_bytes(scale: Scale) -> int:
    return int(FILM_H * 3600 * BYTES_A_S / scale.day_part * 1.15) + ROOM_BESIDE


def _room(scale: Scale, folder: Path) -> None:
    needed, free = needed_bytes(scale), shutil.disk_usage(folder).free
    said = f"the rehearsed day (1/{scale.day_part}) needs {needed / 1e9:.1f} GB free in {folder}"
    if free < needed:
        raise TooLittleRoom(f"{said}; there are {free / 1e9:.1f} GB: set TMPDIR to a larger disk")
    print(f"  {said}; there are {free / 1e9:.1f} GB")


def film_s(scale: Scale) -> int:
    """How long each recording is."""
    return max(1, round(FILM_H * 3600 / scale.day_part / scale.day_films))


def films_of(scale: Scale, sources: dict[bool, Path]) -> list[Film]:
    """In the order in which they dock; `sources` by whether they are HEVC. Each recorder is two officers', one for each shift
    of the day before."""
    seconds = film_s(scale)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    a_wave = -(-scale.day_films // WAVES)
    films = []
    for number in range(scale.day_films):
        wave, place = divmod(number, a_wave)
        recorder = place * max(1, RECORDERS // a_wave) % RECORDERS
        officer = recorder * WAVES + wave
        hevc = number % HEVC_EVERY == HEVC_EVERY // 2
        films.append(
            Film(
                source=sources[hevc],
                wave=wave,
                squad=str(officer * SQUADS // OFFICERS + 1),
                officer=f"{officer:06}",
                recorder=f"R-{recorder:02}",
                began=midnight + timedelta(hours=2 + 4 * wave, seconds=place * 2 * seconds + place),
                seconds=seconds,
                hevc=hevc,
                asked=hevc and number // HEVC_EVERY % ASKED_EVERY == 0,
            )
        )
    return films


def _rehearsed(films: list[Film], workers: int) -> Day:
    size = Size(queues=dict.fromkeys(QUEUES, workers))
    with installed("web", *QUEUES, "schedule", size=size) as running:
        docks, people, viewer = _bureau(running)
        seen, worst, stop = Seen(), Worst(), threading.Event()
        began = time.monotonic()
        with ThreadPoolExecutor(SQUADS + 64) as crowd, _looked_at(running, worst):
            officers = sorted({film.officer for film in films})
            importing = crowd.submit(traffic.events, running.address, viewer, films, EVENTS_OVER_S)
            browsing = crowd.submit(traffic.browse, running.address, people, officers, seen, stop)
            watching: list[Future[None]] = []

            def watch(recording: str) -> None:
                watching.append(crowd.submit(traffic.watch, running.address, viewer, recording, seen, stop))

            for wave in range(WAVES):
                sending = [
                    crowd.submit(
                        traffic.dock,
                        running.address,
                        token,
                        [film for film in films if (film.wave, film.squad) == (wave, squad)],
                        seen,
                        watch,
                    )
                    for squad, token in docks.items()
                ]
                for one in sending:
                    one.result(WITHIN_S)
                left_s = WITHIN_S - (time.monotonic() - began)
                finished = _at_rest(running, left_s if wave == WAVES - 1 else min(left_s, WAVE_WITHIN_S))
            finished = finished and importing.done() and all(one.done() for one in watching)
            wall_s = time.monotonic() - began
            stop.set()
            importing.result(WITHIN_S)
            for one in (browsing, *watching):
                one.result(60)
        return _told(running, workers, worst, seen, wall_s, finished)


def _bureau(running: Running) -> tuple[dict[str, str], dict[Role, str], str]:
    """Docks' tokens by squad, who browses, and the token of one who may do all of it."""
    with Session(running.engine, expire_on_commit=False) as session:
        chief = create_account(
            session, "bench", AccountCreate(username="chief", password=PASSWORD, role=Role.supervisor)
        )
        token, _ = create_token(
            session, Actor(chief.id, chief.username, Role.supervisor, None), "bench", TokenScope.full
        )
        session.commit()
    squads = [str(number + 1) for number in range(SQUADS)]
    tables = {
        "squads": [{"code": one, "name": f"第{one}中队"} for one in squads],
        "officers": [
            {"certificate_no": f"{n:06}", "name": f"队员 {n:03}", "squad": str(n * SQUADS // OFFICERS + 1)}
            for n in range(OFFICERS)
        ],
        "recorders": [
            {"serial": f"R-{n:02}", "squad": str(n * SQUADS // RECORDERS + 1)} for n in range(RECORDERS)
        ],
    }
    for kind, rows in tables.items():
        traffic.table(running.address, token, kind, rows)
    docks, people = {}, {}
    with Session(running.engine, expire_on_commit=False) as session:
        for squad in squads:
            wanted = AccountCreate(username=f"dock{squad}", password=PASSWORD, role=Role.member, squad=squad)
            account = create_account(session, "bench", wanted)
            actor = Actor(account.id, account.username, Role.member, account.squad_id)
            docks[squad], _ = create_token(session, actor, "dock", TokenScope.dock)
        for role, squad in ((Role.member, SQUAD), (Role.reviewer, None), (Role.supervisor, None)):
            name = f"the-{role}"
            create_account(
                session, "bench", AccountCreate(username=name, password=PASSWORD, role=role, squad=squad)
            )
            people[role] = name
        session.commit()
    return docks, people, token


@contextmanager
def _looked_at(running: Running, worst: Worst) -> Iterator[None]:
    """Writes down the worst of what is seen every other second."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(LOOK_EVERY_S):
            try:
                with transaction() as session:
                    ages = {one.what: one.age_s or 0.0 for one in waits(session, OPERATOR)}
            except DBAPIError:
                continue
            for what, age_s in ages.items():
                worst.waited_s[what] = max(worst.waited_s.get(what, 0.0), age_s)
            for part, mib in _memory(running).items():
                worst.memory_mib[part] = max(worst.memory_mib.get(part, 0.0), mib)

    looking = threading.Thread(target=look, name="look")
    looking.start()
    try:
        yield
    finally:
        stop.set()
        looking.join()


def _memory(running: Running) -> dict[str, float]:
    """Of each part with all below it, what is not shared counted once (PSS)."""
    found = {}
    for name, child in running.children.items():
        total = 0
        try:
            main = psutil.Process(child.pid)
            for process in (main, *main.children(recursive=True)):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
        except psutil.Error:
            continue
        found[name] = round(total / 2**20, 1)
    return found


def _at_rest(running: Running, within_s: float) -> bool:
    """Nothing is left to do, now or in the next seconds."""
    question = text(
        "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running') AND not_before < now() + interval '20 s'"
    )
    until = time.monotonic() + within_s
    quiet = 0
    while time.monotonic() < until:
        with running.engine.connect() as connection:
            quiet = quiet + 1 if connection.execute(question).scalar_one() == 0 else 0
        if quiet == 3:
            return True
        time.sleep(0.5)
    return False


def _told(running: Running, workers: int, worst: Worst, seen: Seen, wall_s: float, finished: bool) -> Day:
    with transaction() as session:
        of = lambda sql: session.execute(text(sql)).all()  # noqa: E731
        links = of(
            "SELECT extract(epoch FROM a.ended_at - a.started_at) * 1000, extract(epoch FROM a.ended_at - r.received_at)"
            " FROM job_attempts a JOIN jobs j ON j.id = a.job_id JOIN recordings r ON r.id = j.subject_id"
            " WHERE j.kind = 'link' AND a.outcome = 'done' AND a.attempt = 1"
        )
        done_s = of(
            "SELECT coalesce(sum(o.recorded_s), 0) FROM recordings r JOIN originals o ON o.id = r.original_id"
            " WHERE r.state IN ('ready', 'partial')"
        )[0][0]
        states = {state: count for state, count in of("SELECT state, count(*) FROM recordings GROUP BY 1")}
        failed = {
            kind: count
            for kind, count in of("SELECT kind, count(*) FROM jobs WHERE state = 'failed' GROUP BY 1")
        }
        links_of = {
            state: count
            for state, count in of("SELECT state, count(DISTINCT recording_id) FROM links GROUP BY 1")
        }
        return Day(
            workers=workers,
            pace=pace(session, PERIODS[0]),
            worst=worst,
            seen=seen,
            link_ms=[float(took) for took, _ in links],
            linked_after_s=[float(after) for _, after in links],
            done_s=float(done_s),
            wall_s=wall_s,
            finished=finished,
            states=states,
            failed=failed,
            links=links_of,
            disk_mib={
                folder.name: round(_size(folder) / 2**20, 1)
                for folder in sorted((running.folder / "data").iterdir())
                if folder.is_dir()
            },
        )


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_blocks * 512
        except OSError:  # a database makes and removes files all the time
            continue
    return total


def _rows(day: Day, scale: Scale) -> list[Row]:
    who = "one worker" if day.workers == 1 else f"{day.workers} workers"
    facts: dict[str, Any] = {
        "part_of_a_day": f"1/{scale.day_part}",
        "film_h": round(day.done_s / 3600, 4),
        "machine_h": round(day.pace.machine_s / 3600, 4),
        "wall_s": round(day.wall_s, 1),
        "finished": day.finished,
        "states": day.states,
        "failed": day.failed,
        "links": day.links,
        "troubles": day.seen.troubles[:20],
    }
    stages = {
        str(stage.kind): {
            "attempts": stage.attempts,
            "film_h": round(stage.film_s / 3600, 4),
            "cpu_s": round(stage.cpu_s, 2),
            "cpu_s_per_film_hour": stage.cpu_s_per_film_hour and round(stage.cpu_s_per_film_hour, 1),
        }
        for stage in day.pace.stages
    }
    rate = day.film_hours_per_machine_hour
    rows = [
        against(
            f"the day on {who}: film hours per machine-hour",
            "h",
            rate,
            None,
            None,
            aim=f"≥ {AIM_FILM_H:.0f} h" if day.workers == 2 else "",
            met=day.finished and rate >= AIM_FILM_H if day.workers == 2 else None,
            **facts,
        ),
        against(
            f"the day on {who}: CPU-seconds per film hour, all jobs",
            "s",
            day.cpu_s_per_film_hour,
            None,
            None,
            digits=1,
            by_stage=stages,
        ),
    ]
    words = {"looks": "pictures", "playable": "being playable", "link": "link"}
    for what, word in words.items():
        rows.append(
            against(
                f"the day on {who}: longest age of a recording without {word}",
                "s",
                day.worst.waited_s.get(what, 0.0),
                None,
                None,
                digits=1,
            )
        )
    for name, values, unit in (
        ("pages meanwhile", day.seen.pages_ms, "ms"),
        ("link jobs meanwhile", day.link_ms, "ms"),
        ("last byte → linked", day.linked_after_s, "s"),
        ("first part to watch after the click", day.seen.first_part_s, "s"),
        ("all of it to watch after the click", day.seen.watched_s, "s"),
    ):
        if values:
            p50 = round(quantile(values, 0.5), 2)
            rows.append(
                against(
                    f"the day on {who}: {name}, p95", unit, quantile(values), None, None,
                    p50=p50, count=len(values),
                )
            )  # fmt: skip
    rows.append(
        against(
            f"the day on {who}: memory of all parts",
            "MiB",
            sum(day.worst.memory_mib.values()),
            None,
            None,
            digits=0,
            by_part=day.worst.memory_mib,
        )
    )
    rows.append(
        against(
            f"the day on {who}: disk",
            "MiB",
            sum(day.disk_mib.values()),
            None,
            None,
            digits=0,
            by_part=day.disk_mib,
        )
    )
    return rows


def _for_more(days: dict[int, Day], scale: Scale) -> list[Row]:
    """What the whole day keeps a machine at work for: as measured, and for more workers from what the stages cost where each
    has a core of its own."""
    rows = []
    cpu_s = days[2].cpu_s_per_film_hour
    for workers in (1, 2, 4):
        from_sums = FILM_H * cpu_s / 3600 / workers
        measured = days.get(workers)
        rate = measured.film_hours_per_machine_hour if measured else 0.0
        hours = FILM_H / rate if rate else from_sums
        rows.append(
            against(
                f"{FILM_H} hours of film on {workers} {'worker' if workers == 1 else 'workers'}",
                "h",
                hours,
                None,
                None,
                how="measured" if rate else "from the stages' sums, a core for each worker",
                from_sums_h=round(from_sums, 2),
                part_of_a_day=f"1/{scale.day_part}",
            )
        )
    return rows

"""Workers killed, Redis stopped, PostgreSQL restarted, scratch full: every recording ends in its right state.

Real worker processes over short clips. The moments come from a seed. Ends with what a person would look at:
states, one set of renditions, no ffmpeg left behind, and job attempts that tell what happened.
"""

import contextlib
import hashlib
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from deploy.account import named
from deploy.database import upgrade
from deploy.embedded.postgres import Postgres
from deploy.embedded.redis import Redis
from deploy.process import Child
from schemas.jobs import AttemptOutcome, Job, JobAttempt, JobState
from schemas.originals import MediaState, Original, Rendition, RenditionKind
from schemas.recordings import Receipt, ReceiptOutcome, Recording
from service.kernel import database
from service.kernel.storage import get_store
from tests.fixtures.jobs import Bureau, forget_settings
from tests.fixtures.media import footage
from tests.fixtures.processes import Processes
from workers.scratch import Scratch
from workers.stages.publishing import sweep_orphans

SEED = 20240506
RECORDINGS = 44
REDIS_AWAY_S = 60.0
SCRATCH_FULL_S = 15.0
SCRATCH_BYTES = 400 * 2**20
SETTLED_WITHIN_S = 300.0
KINDS = ("h264_mp4", "hevc_mp4", "ts", "avi")
WORKERS = {
    "light": ("-Q", "light", "-c", "2"),
    "looks": ("-Q", "looks", "-c", "1"),
    "encode": ("-Q", "encode", "-c", "2"),
}


@pytest.fixture
def own_postgres(run_folder: Path, bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """A cluster that this test may restart."""
    cluster = Postgres(run_folder / "pg-faults", account=named("postgres", "nobody"), durable=True)
    cluster.start()
    upgrade(cluster.url("postgres"))
    monkeypatch.setenv("ZHENGLU_DATABASE_URL", cluster.url("postgres"))
    monkeypatch.setenv("ZHENGLU_SCRATCH_BYTES", str(SCRATCH_BYTES))
    bureau.env["ZHENGLU_DATABASE_URL"] = cluster.url("postgres")
    bureau.env["ZHENGLU_SCRATCH_BYTES"] = str(SCRATCH_BYTES)
    bureau.env["ZHENGLU_ENCODE_THREADS"] = "1"
    forget_settings()
    yield cluster
    database.get_engine().dispose()
    cluster.stop()


@pytest.fixture
def own_redis(bureau: Bureau, redis_server: Redis) -> Iterator[Redis]:
    """A Redis that this test may stop; whatever happened, it runs again afterwards."""
    yield redis_server
    if not redis_server.ready():
        redis_server.start()


class Yard:
    """The processes of the installation: a worker a queue and the schedule, started again when they were killed."""

    def __init__(self, processes: Processes, bureau: Bureau) -> None:
        self.processes, self.env = processes, bureau.env
        self.workers = {name: self._worker(name) for name in WORKERS}
        self.schedule = processes.python("-m", "workers.schedule", env=self.env, name="schedule")

    def _worker(self, name: str) -> Child:
        arguments = ("-m", "celery", "-A", "workers.app", "worker", *WORKERS[name], "-n", f"{name}@%h")
        return self.processes.python(
            *arguments,
            "--loglevel",
            "INFO",
            "--without-gossip",
            "--without-mingle",
            env=self.env,
            name=f"worker-{name}",
        )

    def kill_main(self, name: str) -> None:
        """Only the main process, as the kernel's out-of-memory killer would: its children must follow."""
        main = psutil.Process(self.workers[name].pid)
        below = main.children(recursive=True)
        main.kill()
        _, alive = psutil.wait_procs(below, timeout=30)
        assert not alive, f"survived their worker: {[process.cmdline()[:3] for process in alive]}"
        self.workers[name].stop()
        self.workers[name] = self._worker(name)

    def kill_child(self, name: str, chance: random.Random) -> None:
        """One process that runs jobs; what it had started must follow."""
        children = [child for child in psutil.Process(self.workers[name].pid).children() if _is_python(child)]
        child = chance.choice(children)
        below = child.children(recursive=True)
        child.kill()
        _, alive = psutil.wait_procs(below, timeout=30)
        assert not alive, f"survived their worker: {[process.cmdline()[:3] for process in alive]}"

    def ffmpeg_below(self, name: str) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            below = psutil.Process(self.workers[name].pid).children(recursive=True)
            return [process for process in below if process.name() == "ffmpeg"]
        return []


def _is_python(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "python" in process.name() or "celery" in process.name()
    return False


def _ffmpegs_of(bureau: Bureau) -> list[int]:
    """Any process anywhere that still works in this installation's scratch."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(bureau.folder) in line and ("bwrap" in line or "ffmpeg" in line):
            found.append(process.info["pid"])
    return found


def _clips(folder: Path) -> list[Path]:
    folder.mkdir()
    suffixes = {"h264_mp4": ".mp4", "hevc_mp4": ".mp4", "ts": ".ts", "avi": ".avi"}
    clips = []
    for number in range(RECORDINGS - 2):
        kind = KINDS[number % len(KINDS)]
        clips.append(
            footage(
                folder / f"clip-{number:02d}{suffixes[kind]}",
                kind,
                seconds=1.0 + number % 3 / 2,
                size="320x240",
                rate=10,
                officer=f"{number:03d}",
            )
        )
    broken = folder / "broken.mp4"
    broken.write_bytes(clips[0].read_bytes()[:200])
    text_file = folder / "letter.mp4"
    text_file.write_bytes("关于音像记录的说明\n".encode() * 40)
    return [*clips, broken, text_file]


def _unsettled(bureau: Bureau) -> Counter:
    try:
        with bureau.session() as session:
            rows = session.execute(
                select(Job.kind, Job.state, Job.reason, func.count())
                .where(Job.state.in_([JobState.queued, JobState.running]))
                .group_by(Job.kind, Job.state, Job.reason)
            )
            return Counter({(row[0], row[1], row[2]): row[3] for row in rows})
    except DBAPIError:
        return Counter({"database": 1})


def _wait_for_work(yard: Yard, bureau: Bureau, name: str, timeout_s: float = 40.0) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and not yard.ffmpeg_below(name) and _unsettled(bureau):
        time.sleep(0.05)


@pytest.mark.timeout(900)
def test_every_recording_ends_right_after_faults_at_random_moments(
    bureau: Bureau, own_postgres: Postgres, own_redis: Redis, processes: Processes, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    clips = _clips(tmp_path / "clips")
    yard = Yard(processes, bureau)
    first, rest = clips[:12], clips[12:]
    ids = {bureau.receive(clip): clip for clip in first}

    # a worker child killed while it looks, one in mid-encode, then whole workers
    for kill in (partial(yard.kill_child, chance=chance), yard.kill_main):
        for name in ("looks", "encode"):
            _wait_for_work(yard, bureau, name)
            kill(name)
        time.sleep(chance.uniform(0.5, 2.0))

    # Redis goes while recordings arrive and jobs run; receiving must not wait for it
    own_redis.stop()
    redis_went = time.monotonic()
    for clip in rest[: len(rest) // 2]:
        began = time.monotonic()
        ids[bureau.receive(clip)] = clip
        assert time.monotonic() - began < 30, "receiving waits for the broker"  # which stays away
        time.sleep(chance.uniform(0.0, 0.5))
    # PostgreSQL restarts meanwhile
    time.sleep(chance.uniform(1.0, 5.0))
    own_postgres.stop()
    time.sleep(chance.uniform(1.0, 4.0))
    own_postgres.start()
    yard.kill_main("light")
    time.sleep(max(0.0, REDIS_AWAY_S - (time.monotonic() - redis_went)))
    own_redis.start()

    # scratch is full while the rest arrives
    scratch = Scratch(bureau.folder / "scratch", SCRATCH_BYTES)
    with contextlib.ExitStack() as hog:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):  # not all of it is free at once
                hog.enter_context(scratch.room(SCRATCH_BYTES - scratch.used_bytes() - 2**20))
                break
            time.sleep(0.05)
        for clip in rest[len(rest) // 2 :]:
            ids[bureau.receive(clip)] = clip
            time.sleep(chance.uniform(0.0, 0.3))
        time.sleep(SCRATCH_FULL_S)
    _wait_for_work(yard, bureau, "encode")
    yard.kill_child(chance.choice(list(WORKERS)), chance)

    last_fault = time.monotonic()
    while (left := _unsettled(bureau)) and time.monotonic() - last_fault < SETTLED_WITHIN_S:
        time.sleep(0.5)
    logs = "\n".join(worker.output()[-3000:] for worker in yard.workers.values())
    assert not left, f"{left}\n{logs}"
    _check_states(bureau, ids)
    _check_renditions(bureau)
    _check_story(bureau)
    assert _ffmpegs_of(bureau) == []
    scratch.sweep(keep_unused_s=0)
    assert scratch.used_bytes() == 0


def _check_states(bureau: Bureau, ids: dict) -> None:
    with bureau.session() as session:
        for recording_id, clip in ids.items():
            recording = session.get_one(Recording, recording_id)
            receipt = session.scalars(select(Receipt).where(Receipt.recording_id == recording_id)).one()
            digest = hashlib.sha256(clip.read_bytes()).hexdigest()
            assert receipt.stored_sha256 == digest
            expected = {"broken.mp4": "unplayable", "letter.mp4": "refused"}.get(clip.name, "ready")
            assert recording.state == expected, (clip.name, recording.state, recording.reason)
            outcome = ReceiptOutcome.quarantined if expected == "refused" else ReceiptOutcome.verified
            assert receipt.outcome == outcome
        assert session.scalar(select(func.count()).select_from(Original)) == len(ids)


def _check_renditions(bureau: Bureau) -> None:
    """One set each, every object there, and nothing in the store that no row points to but what a sweep removes."""
    while sweep_orphans(timedelta()):
        pass
    objects = get_store().objects
    with bureau.session() as session:
        rows = session.scalars(select(Rendition)).all()
        ready = session.scalars(select(Original.id).where(Original.media_state == MediaState.ready)).all()
    per_kind = Counter((row.original_id, row.kind) for row in rows if row.kind != RenditionKind.still)
    assert set(per_kind.values()) == {1}
    for each in (RenditionKind.video, RenditionKind.poster):
        assert {original for original, kind in per_kind if kind == each} == set(ready)
    wanted = {row.store_key for row in rows if row.store_key}
    assert {info.key for info in objects.list("renditions/")} == wanted
    for row in rows:
        if row.store_key:
            info = objects.stat(row.store_key)
            assert info is not None and info.size == row.size
    assert len({(row.original_id, row.attempt) for row in rows if row.kind == RenditionKind.video}) == len(
        ready
    )


def _check_story(bureau: Bureau) -> None:
    with bureau.session() as session:
        jobs = session.scalars(select(Job)).all()
        attempts = session.scalars(select(JobAttempt)).all()
    assert {job.state for job in jobs} == {JobState.done}, [
        (job.kind, job.reason, job.reason_params) for job in jobs if job.state != JobState.done
    ]
    by_job: dict = {}
    for attempt in attempts:
        by_job.setdefault(attempt.job_id, []).append(attempt)
    for job in jobs:
        mine = sorted(by_job[job.id], key=lambda attempt: attempt.attempt)
        assert [attempt.attempt for attempt in mine] == list(range(1, job.attempt + 1))
        assert mine[-1].outcome == AttemptOutcome.done
        assert all(attempt.ended_at is not None for attempt in mine)
    outcomes = Counter((attempt.outcome, attempt.reason) for attempt in attempts)
    assert outcomes[(AttemptOutcome.lost, "worker_lost")] >= 1
    assert outcomes[(AttemptOutcome.retry, "scratch_full")] >= 1
    lost = [attempt for attempt in attempts if attempt.outcome == AttemptOutcome.lost]
    for attempt in lost:
        after = next(a for a in by_job[attempt.job_id] if a.attempt == attempt.attempt + 1)
        assert after.started_at >= attempt.started_at

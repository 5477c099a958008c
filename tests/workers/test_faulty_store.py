"""Uploads, work and players over a store that is slow, fails one request in ten, lies, or bends what passes: nothing is
lost, altered or there twice, every sound recording ends ready, and no wrong byte is ever given out.

In small here; `make soak` runs it in full, and prints a line for docs/withstand.md.
"""

import base64
import hashlib
import random
import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from schemas.accounts import Account, Role
from schemas.base import new_id
from schemas.jobs import Job, JobState
from schemas.kept_bytes import Damage
from schemas.originals import Original
from schemas.recordings import Receipt, Recording, RecordingState
from service.access.actions import open_session
from service.app import create_app
from service.footage.recordings.damage import look_at_damage
from service.footage.uploads import reaper
from service.kernel.database import transaction
from tests.fixtures.ceph import CephNode
from tests.fixtures.faulty_store import ALL, BENT, FAILING, LYING, FaultyStore, faulty_store
from tests.fixtures.jobs import Bureau, forget_settings, run_all_jobs
from tests.fixtures.media import footage

MIB = 2**20
ENOUGH = 60  # rounds until everything has come to rest


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return footage(
        tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=1.0, size="320x240", rate=10
    ).read_bytes()


@pytest.fixture
def line(
    bureau: Bureau, ceph: CephNode, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FaultyStore]:
    with faulty_store(ceph.port) as line:
        monkeypatch.setenv("ZHENGLU_OBJECT_STORE", s3_url.replace(str(ceph.port), str(line.port)))
        monkeypatch.setenv("ZHENGLU_S3_ACCESS_KEY", ceph.access_key)
        monkeypatch.setenv("ZHENGLU_S3_SECRET_KEY", ceph.secret_key)
        monkeypatch.setenv("ZHENGLU_LOCK_MODE", "NONE")
        forget_settings()
        yield line


def padded(clip: bytes, size: int, draw: random.Random) -> bytes:
    return clip + struct.pack(">I4s", size + 8, b"free") + draw.randbytes(size)


def sent(client: TestClient, data: bytes, draw: random.Random, *, declared: bool) -> str:
    """By tus, as a client does that goes on where the service says."""
    said = {"filename": b"clip.mp4"}
    if declared:
        said["sha256"] = hashlib.sha256(data).hexdigest().encode()
    metadata = ",".join(f"{name} {base64.b64encode(value).decode()}" for name, value in said.items())
    tus = {"Tus-Resumable": "1.0.0"}
    created = client.post(
        "/api/v1/uploads", headers={**tus, "Upload-Length": str(len(data)), "Upload-Metadata": metadata}
    )
    assert created.status_code == 201, created.text
    url = created.headers["Location"]
    for _ in range(ENOUGH):
        told = client.head(url, headers=tus)
        if recording := told.headers.get("Zhenglu-Recording"):
            return recording
        at = int(told.headers.get("Upload-Offset", len(data)))
        step = draw.randint(1, 3 * MIB)
        client.patch(
            url,
            content=data[at : at + step],
            headers={**tus, "Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"},
        )
        with transaction() as session:
            session.execute(reaper_sees_them_now())
        reaper.complete_left_over()
    raise AssertionError("the upload never ended")


def reaper_sees_them_now() -> Any:
    from schemas.uploads import Upload

    return (
        update(Upload)
        .values(touched_at=func.now() - reaper.LEFT_ALONE * 2)
        .execution_options(synchronize_session=False)
    )


def at_rest() -> None:
    """Runs what is due; pauses between tries are not waited for."""
    for _ in range(ENOUGH):
        run_all_jobs(limit=10_000)
        with transaction() as session:
            session.execute(update(Damage).values(looked_at=func.now() - reaper.ORPHAN_AFTER))
            waiting = session.scalar(select(func.count()).where(Job.state == JobState.queued))
            session.execute(update(Job).where(Job.state == JobState.queued).values(not_before=func.now()))
        look_at_damage()
        if not waiting:
            with transaction() as session:
                waiting = session.scalar(select(func.count()).where(Job.state == JobState.queued))
            if not waiting:
                return
    raise AssertionError("the work does not come to rest")


def watch(
    client: TestClient, recording: str, data: bytes, draw: random.Random, ranges: int, seen: Counter[str]
) -> None:
    for number in range(ranges):
        start = draw.randrange(len(data))
        last = min(len(data) - 1, start + draw.choice([0, 1000, MIB, 5 * MIB]))
        path = ("original", "playback")[number % 2]
        given = client.get(
            f"/api/v1/recordings/{recording}/{path}", headers={"Range": f"bytes={start}-{last}"}
        )
        if given.status_code == 206 and path == "original":
            right = data[start : last + 1]
            assert right.startswith(given.content), "a wrong byte went out"
            seen["whole" if given.content == right else "cut"] += 1
        else:
            assert given.status_code in (200, 206, 416, 404, 503), given.text
            seen[str(given.status_code)] += 1


def run(
    bureau: Bureau,
    line: FaultyStore,
    clip: bytes,
    *,
    shares: dict[str, float],
    uploads: int,
    most: int,
    ranges: int,
) -> str:
    draw, seen = random.Random(5), Counter[str]()
    line.shares = shares
    with TestClient(create_app(), raise_server_exceptions=False) as client:
        with transaction() as session:
            member = session.get_one(Account, bureau.actor().account_id)
            secret, _ = open_session(session, member)
            reviewer = Account(username=f"r-{new_id()}", password_hash="-", role=Role.supervisor)
            session.add(reviewer)
            session.flush()
            watching, _ = open_session(session, reviewer)
        client.headers["Authorization"] = f"Bearer {secret}"
        files = [padded(clip, draw.randint(1, most), draw) for _ in range(uploads)]
        recordings = [sent(client, data, draw, declared=n % 2 == 0) for n, data in enumerate(files)]
        at_rest()
        client.headers["Authorization"] = f"Bearer {watching}"
        for recording, data in zip(recordings, files, strict=True):
            watch(client, recording, data, draw, ranges, seen)
        line.shares, line.delay_s = {}, 0.0
        at_rest()
        for recording, data in zip(recordings, files, strict=True):
            given = client.get(f"/api/v1/recordings/{recording}/original")
            assert given.content == data, "altered"
            assert client.get(f"/api/v1/recordings/{recording}/poster").status_code == 200
    with transaction() as session:
        states = Counter(session.scalars(select(Recording.state)))
        assert states == {RecordingState.ready: uploads}, states
        hashes = set(session.scalars(select(Original.sha256)))
        assert hashes == {hashlib.sha256(data).hexdigest() for data in files}, "0 lost, 0 altered, 0 double"
        assert session.scalar(select(func.count()).select_from(Receipt)) == uploads
        assert session.scalar(select(func.count()).where(Damage.mended_at.is_(None))) == 0
        failed = session.scalars(select(Job).where(Job.state == JobState.failed)).all()
        assert failed == [], [(job.kind, job.reason) for job in failed]
    faults = sum(line.done.values())
    return f"{uploads} uploads, {line.requests.total()} requests, {faults} faults {dict(line.done)}, ranges {dict(seen)}"


SMALL = {"uploads": 3, "most": 6 * MIB, "ranges": 6}
FULL = {"uploads": 12, "most": 20 * MIB, "ranges": 20}


def test_in_small(bureau: Bureau, line: FaultyStore, clip: bytes) -> None:
    run(bureau, line, clip, shares=dict.fromkeys(ALL, 0.02), **SMALL)
    assert line.done


@pytest.mark.soak
@pytest.mark.parametrize(
    ("faults", "share", "delay_s"),
    [(FAILING, 0.025, 0.0), (BENT, 0.05, 0.0), (LYING, 0.05, 0.0), ((), 0.0, 0.2), (ALL, 0.01, 0.02)],
    ids=["failing", "bent", "lying", "slow", "all"],
)
def test_in_full(
    bureau: Bureau, line: FaultyStore, clip: bytes, faults: tuple[str, ...], share: float, delay_s: float,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    line.delay_s = delay_s
    told = run(bureau, line, clip, shares=dict.fromkeys(faults, share), **FULL)
    with capsys.disabled():
        print(f"\nstore {', '.join(faults) or 'slow'}: {told}")
